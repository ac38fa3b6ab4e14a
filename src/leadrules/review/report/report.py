"""From a project to its report: what is read, and what the measures are handed.

In: a project with its rules, the sources, the state's folder. Out: `Material` and `Provenance`. Decides nothing: leads are evaluated, no run is made.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from leadrules.core.places import shown
from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.lifecycle.asof import newest_created
from leadrules.lifecycle.manifest import EVENT_COUNTS
from leadrules.lifecycle.model import INSTANT
from leadrules.lifecycle.run import Inputs, Outcome, RunRequest, calendar_of, evaluated_leads, execute, read_inputs
from leadrules.lifecycle.state.store import history, standing
from leadrules.measure.inputs import SideFile, read_campaigns, read_traffic, reading_ruleset
from leadrules.measure.material import CREATED, KEY, OWNER, ROW, Material, as_spelled
from leadrules.measure.model import Provenance
from leadrules.measure.settings import Settings, settings_of
from leadrules.project.model import QUEUE_PREFIX
from leadrules.review.plan.plan import reject_kinds, reject_words
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.store import digest

if TYPE_CHECKING:
    from leadrules.core.calendar import Calendar
    from leadrules.lifecycle.model import State
    from leadrules.project.model import Project


class NoTimeError(InputError):
    """Nothing in the inputs says when they were made."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a report is made of."""

    material: Material
    provenance: Provenance


def gather(request: RunRequest, ruleset: Ruleset, place: Path | None) -> Gathered:
    """Read, evaluate, lay out. `ruleset` is the whole one; `place` the folder of the state that the request brings along."""
    project = request.project
    settings = settings_of(project, ruleset)
    asked = replace(request, ruleset=reading_ruleset(project, ruleset, settings), only_facts=True)
    inputs = read_inputs(asked)
    outcome = execute(replace(asked, as_of=_as_of(asked, inputs)), inputs)
    if outcome.as_of.at is None:
        raise NoTimeError("the leads and events have no time to report at", "say one with --as-of 2026-11-01")
    campaigns = None if settings.campaigns is None else read_campaigns(project, settings.campaigns)
    traffic = None if settings.traffic is None else read_traffic(project, settings.traffic)
    material = _material(outcome, settings, place, campaigns, traffic)
    return Gathered(
        material, _provenance(outcome, ruleset, material, [f for f in (campaigns, traffic) if f is not None])
    )


def _as_of(request: RunRequest, inputs: Inputs) -> datetime | None:
    """As asked; else the newest time of the inputs, as a run takes it, but never before what the state knows already."""
    remembered = None if request.state is None else request.state.as_of
    if request.as_of is not None or remembered is None:
        return request.as_of
    created = newest_created(inputs.leads.frame, request.project.created, calendar_of(request.ruleset))
    newest = max((at for at in (inputs.events.newest_at, created) if at is not None), default=remembered)
    return remembered if newest < remembered else None


def _material(
    outcome: Outcome, settings: Settings, place: Path | None, campaigns: SideFile | None, traffic: SideFile | None
) -> Material:
    as_of = outcome.as_of.at
    assert as_of is not None
    leads = _leads(outcome)
    events = outcome.events.frame.filter(pl.col("at") <= pl.lit(as_of).cast(INSTANT))
    known = outcome.request.state is not None and outcome.request.state.run > 0
    keys = _join_keys(outcome)
    return Material(
        project=outcome.request.project,
        ruleset=outcome.request.ruleset,
        settings=settings if outcome.request.events else settings.without_events(leads.columns),
        calendar=calendar_of(outcome.request.ruleset),
        as_of=as_of,
        facts=outcome.facts,
        leads=leads,
        events=events.with_columns(pl.col(ROW).cast(pl.UInt32)),
        history=_history(place, keys, outcome) if known and place is not None else None,
        remembered=_remembered(outcome) if known else None,
        campaigns=None if campaigns is None else campaigns.frame,
        traffic=None if traffic is None else traffic.frame,
        has_events=bool(outcome.request.events),
    )


def _leads(outcome: Outcome) -> pl.DataFrame:
    """The leads with what the state knows better; KEY, CREATED and OWNER beside the fields."""
    frame = evaluated_leads(outcome)
    project = outcome.request.project
    created = _created(outcome, frame)
    own = frame.select(name for name in frame.columns if name[:1] != "@")
    owners = pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    if outcome.overlay is not None:
        owners = outcome.overlay.table["owner"]
    elif project.owner in frame.columns:
        owners = frame[project.owner]
    owners = as_spelled(owners.cast(pl.String), _owners_of(project))
    columns = [frame["@key"].alias(KEY), created, owners.alias(OWNER)]
    return own.with_columns(columns)


def _owners_of(project: Project) -> list[str]:
    """The owners whom the team file knows, as it spells them."""
    return [*(rep.key for rep in project.team.reps), *(QUEUE_PREFIX + queue for queue in project.team.queues)]


def _created(outcome: Outcome, frame: pl.DataFrame) -> pl.Series:
    """When each lead was created, as an instant; blank where no field says so."""
    from leadrules.core.functions.columnar import instants_of

    name = outcome.request.project.created
    if outcome.overlay is not None:
        return outcome.overlay.table["created"].alias(CREATED)
    if name is None or name not in frame.columns or not frame[name].dtype.is_temporal():
        return pl.Series(CREATED, [None], dtype=INSTANT).new_from_index(0, frame.height)
    return instants_of(calendar_of(outcome.request.ruleset), frame[name]).alias(CREATED)


def _join_keys(outcome: Outcome) -> pl.DataFrame:
    frame = outcome.leads.frame
    keys = frame["@join" if "@join" in frame.columns else "@key"].alias("key")
    return keys.to_frame().with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.UInt32))


def _history(place: Path, keys: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    """The changes of the leads of this export up to `as of`, without runs that were taken back."""
    at = pl.lit(outcome.as_of.at).cast(INSTANT)
    found = standing(place, history(place)).filter(pl.col("as_of") <= at)
    found = found.join(keys, on="key", how="inner", maintain_order="left")
    is_owner = pl.col("kind") == "owner"
    known = _owners_of(outcome.request.project)
    for side in ("old", "new"):
        owners = pl.when(is_owner).then(as_spelled(found.select(pl.when(is_owner).then(side)).to_series(), known))
        found = found.with_columns(owners.otherwise(side).alias(side))
    return found.select(ROW, "run", "as_of", "kind", "what", "old", "new", "rule")


def _remembered(outcome: Outcome) -> pl.DataFrame:
    assert outcome.overlay is not None
    return outcome.overlay.table.select("sequence", "enrolled_at", "assigned_at", "due_at")


# -- where it came from ---------------------------------------------------------------------------------------------


def _provenance(outcome: Outcome, ruleset: Ruleset, material: Material, side: list[SideFile]) -> Provenance:
    project = material.project
    files = [(file.path, file.sha256) for file in (*outcome.leads.inputs, *outcome.events.inputs)]
    files += [one for file in side for one in file.inputs]
    rejects = reject_words(reject_kinds(outcome.rejects))
    not_read = (*(f"rejected: {words}" for words in rejects), *(note for file in side for note in file.notes))
    counts = [
        ("leads read", outcome.leads.rows_in),
        ("leads reported", material.height),
        ("leads rejected", outcome.leads.rejected),
    ]
    counts += [(name.replace("events_", "events "), outcome.events.counts[name]) for name in EVENT_COUNTS]
    return Provenance(
        project=project.name,
        as_of=material.as_of,
        timezone=project.timezone,
        rules=digest(ruleset),
        rule_files=tuple(_inside(project, path) for path in project.rule_files),
        inputs=tuple((_inside(project, Path(path)), sha256) for path, sha256 in files),
        counts=tuple(counts),
        state=_state_words(outcome.request.state, material.calendar),
        meanings=(*_meanings(material.settings), *(("not read", note) for note in not_read)),
    )


def _inside(project: Project, path: Path) -> str:
    """A path as the project says it; of a file outside only its name."""
    if not path.is_absolute():
        return shown(path)
    return shown(path.relative_to(project.root) if path.is_relative_to(project.root) else Path(path.name))


def _state_words(state: State | None, calendar: Calendar) -> str:
    if state is None or not state.run:
        return "none"
    runs_ = f"{state.run} run{'' if state.run == 1 else 's'}"
    return f"{runs_}, the last as of {calendar.local(state.as_of):%Y-%m-%d %H:%M}" if state.as_of is not None else runs_


def _meanings(settings: Settings) -> list[tuple[str, str]]:
    """What counts as what."""
    found = [(role.replace("_", " "), ", ".join(names)) for role, names in settings.roles_of_events.items() if names]
    found += [(f"activity, {channel}", ", ".join(types)) for channel, types in settings.activities.items()]
    named = (
        ("campaign", settings.campaign),
        ("source", settings.source),
        ("list", settings.list),
        ("type of lead", settings.type),
    )
    return found + [(what, name) for what, name in named if name]
