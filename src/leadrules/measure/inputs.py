"""What a report reads besides the leads and events of the rules: further fields, campaigns.csv and traffic.csv.

In: the project, its rules, the settings. Out: a ruleset that asks the readers for everything the reports look at, and the
two side files as frames. They are read as exports are: encodings, blanks, numbers and dates, bad rows told of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from leadrules.core.records import dataclass
from leadrules.core.types import DATE, NUMBER, TEXT, Type
from leadrules.measure.settings import Settings, names_of_goal
from leadrules.project.model import Field, LeadSchema, Project, Source
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.support import for_measures

if TYPE_CHECKING:
    from leadrules.data.leads import LeadTable

Fields = tuple[tuple[str, Type], ...]
CAMPAIGNS = (
    Field("campaign", TEXT, required=True),
    Field("name", TEXT),
    Field("type", TEXT),
    Field("date", DATE),
    Field("cost", NUMBER, minimum=0),
)
TRAFFIC = (
    Field("period", TEXT, required=True, pattern=r"^\d{4}-(0[1-9]|1[0-2])(-\d{2})?$"),
    Field("source", TEXT),
    Field("visitors", NUMBER, required=True, minimum=0),
)
PERIOD_WANTED = "expected a month such as 2026-04, or a day such as 2026-04-15"


@dataclass(frozen=True, slots=True)
class SideFile:
    """One of the two files: its rows, what it is called, its hash, and the rows that could not be read, in words."""

    frame: pl.DataFrame
    inputs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def reading_ruleset(project: Project, ruleset: Ruleset, settings: Settings) -> Ruleset:
    """The rules without tests, with the lead fields and the events that the reports look at."""
    rules = for_measures(ruleset)
    return replace(
        rules,
        fields=_together(rules.fields, _lead_fields(project, settings)),
        event_fields=_events(project, rules, settings),
    )


def _lead_fields(project: Project, settings: Settings) -> Iterable[tuple[str, Type]]:
    roles = [name for names in settings.roles_of_events.values() for name in names]
    wanted = [
        *settings.group_by,
        settings.campaign,
        settings.source,
        settings.list,
        project.owner,
        settings.value,
        settings.loss_reason,
        *roles,
    ]
    for name in wanted:
        field = project.lead_schema.get(name) if name is not None else None
        if field is not None:
            yield field.name, field.type


def _events(project: Project, rules: Ruleset, settings: Settings) -> tuple[tuple[str, Fields], ...]:
    """The events that rules or reports read, with the fields that either reads."""
    roles = {name for names in settings.roles_of_events.values() for name in names}
    roles |= {name for stages in settings.goals.values() for names in stages.values() for name in names}
    roles |= set(settings.activity_types)
    # A name that nothing explains is an event's: without this a goal would count events that nobody read.
    roles |= {name for goal in rules.goals for name in names_of_goal(goal)}
    won, lost, known = set(settings.names("won")), set(settings.names("lost")), dict(rules.event_fields)
    found: list[tuple[str, Fields]] = []
    for event in project.event_schema:
        own = [(f.name, f.type) for f in event.fields if f.name == settings.campaign]
        own += [(f.name, f.type) for f in event.fields if f.name == settings.value and event.name in won]
        own += [(f.name, f.type) for f in event.fields if f.name == settings.loss_reason and event.name in lost]
        if event.name in known or event.name in roles or own:
            found.append((event.name, _together(known.get(event.name, ()), own)))
    return tuple(found)


def _together(first: Fields, more: Iterable[tuple[str, Type]]) -> Fields:
    return tuple(dict([*more, *first]).items())


def read_campaigns(project: Project, path: str) -> SideFile:
    """campaigns.csv: campaign, name, type, date, cost; of a campaign that stands twice the first row. Raises InputError."""
    return _read(project, path, CAMPAIGNS, key="campaign")


def read_traffic(project: Project, path: str) -> SideFile:
    """traffic.csv: period (2026-04, or a day), source, visitors. Raises InputError."""
    found = _read(project, path, TRAFFIC, key=None)
    is_there = found.frame.select(first_of_period(pl.col("period")).is_not_null()).to_series()
    gone = found.frame.filter(~is_there)["period"].unique().sort()
    notes = [f"{path}: period `{period}` is not read: there is no such day" for period in gone]
    return replace(found, frame=found.frame.filter(is_there), notes=(*found.notes, *notes))


def first_of_period(period: pl.Expr) -> pl.Expr:
    """The first day of `2026-04`, or the day of `2026-04-15`; null where there is no such day."""
    text = pl.when(period.str.len_chars() == 7).then(period + "-01").otherwise(period)
    return text.str.to_date("%F", strict=False)


def _read(project: Project, path: str, fields: tuple[Field, ...], key: str | None) -> SideFile:
    from leadrules.data.leads import read_leads

    schema = LeadSchema(fields, key or "row_number")
    reader = replace(project, lead_schema=schema, key=schema.key, created=None, owner=None, email=None, sequence=None)
    source = Source(str(project.root / path), key=None if key else "row_number")
    table = read_leads(reader, source, [field.name for field in fields], zone=project.timezone)
    inputs = tuple((path, file.sha256) for file in table.inputs)
    return SideFile(table.frame.select(field.name for field in fields), inputs, tuple(_rejected(path, table)))


def _rejected(path: str, table: LeadTable) -> Iterable[str]:
    for row in table.rejects.head(5).iter_rows(named=True):
        value = f" `{row['value']}`" if row["value"] else ""
        wanted = PERIOD_WANTED if row["column"] == "period" and row["value"] else row["reason"]
        yield f"{path}:{row['line']} {row['column']}{value} is not read: {wanted}"
    if table.rejects.height > 5:
        yield f"{path}: {table.rejects.height - 5:,} more cells are not read"
