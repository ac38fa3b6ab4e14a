"""The update file of a CRM: what a run changed, as its import takes it.

In: the changes of a run (key, field, old, new), the lead schema, which CRM. Out: a table of texts with the identifier and a
column per field that changed, and in words what the file cannot say. A cell without a change is empty: imports leave the
value alone. Knows nothing of rules, and of CRMs only how their imports name an identifier and write a blank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

from leadrules.core.records import dataclass
from leadrules.core.text import many
from leadrules.data.errors import InputError
from leadrules.project.model import QUEUE_PREFIX, Field, Project, Source

Crm = Literal["salesforce", "hubspot"]
CRMS: tuple[Crm, ...] = ("salesforce", "hubspot")
_NAMES: Mapping[Crm, str] = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
_BLANK: Mapping[Crm, str] = {"salesforce": "#N/A", "hubspot": ""}
# What exports of HubSpot call the identifier that its import calls Record ID.
_RECORD_IDS = frozenset({"id", "vid", "hs_object_id", "lead id", "contact id"})
# Reports of Salesforce head the standard fields of a lead by these labels; Data Loader knows the names beside them.
_STANDARD: Mapping[str, str] = {
    "Lead Owner": "OwnerId",
    "Lead Status": "Status",
    "Lead Source": "LeadSource",
    "Company Name": "Company",
    "Job Title": "Title",
    "Email Opt Out": "HasOptedOutOfEmail",
    "Do Not Call": "DoNotCall",
    "Annual Revenue": "AnnualRevenue",
    "No. of Employees": "NumberOfEmployees",
    "First Name": "FirstName",
    "Last Name": "LastName",
    "State/Province": "State",
    "Zip/Postal Code": "PostalCode",
}
# Warehouses put this before every property of HubSpot.
_PREFIX = "property_"


def back_file(crm: Crm) -> str:
    """The update file that takes a run back in the CRM."""
    return f"{crm}_undo.csv"


@dataclass(frozen=True, slots=True)
class Updates:
    """A row per lead with a change, in the order of the changes; `notes` say what is not in it."""

    table: pl.DataFrame
    notes: tuple[str, ...]


def refuse_numbered(source: Source, crm: Crm) -> None:
    """Raises InputError where leads have no identifier that a CRM knows."""
    if source.key == "row_number":
        raise InputError(
            f"the leads of {source.path} are numbered by row, and {_NAMES[crm]} does not know them by that",
            "export the record's id and make it the key of the lead schema: `x-key: true`",
        )


def updates_of(changes: pl.DataFrame, project: Project, crm: Crm) -> Updates:
    """The update file for the changes of a run. Raises InputError where two changed fields bear one name in the CRM."""
    now = changes.with_columns(pl.col("old", "new").fill_null("")).filter(pl.col("old") != pl.col("new"))
    known = {field.name: field for field in project.lead_schema.fields}
    rows = {str(name): part for (name,), part in now.partition_by("field", as_dict=True, maintain_order=True).items()}
    changed = [field for name, field in known.items() if name in rows]
    headers = _headers(changed, project, crm)
    table = (
        now.filter(pl.col("field").is_in([field.name for field in changed])).select("key").unique(maintain_order=True)
    )
    for field in changed:
        value = pl.col("new").replace("", _BLANK[crm]).alias(f"field:{field.name}")
        table = table.join(rows[field.name].select("key", value), on="key", how="left", maintain_order="left")
    unknown = {name: part.height for name, part in rows.items() if name not in known}
    notes = [
        *_without_field(unknown, crm),
        *_to_queues(rows.get(project.owner or ""), crm),
        *_by_label(changed, crm),
        *_uncleared(changed, rows, crm),
    ]
    return Updates(table.rename(dict(zip(table.columns, headers, strict=True))), tuple(notes))


def api_name(field: Field, crm: Crm) -> str:
    """What the CRM calls a field: its `x-api-name`, else the first header that the schema lists, else its own name."""
    if field.api_name:
        return field.api_name
    name = field.columns[0] if field.columns else field.name
    return name.removeprefix(_PREFIX) if crm == "hubspot" else _STANDARD.get(name, name)


def _headers(changed: Sequence[Field], project: Project, crm: Crm) -> list[str]:
    named = {_identifier(project, crm): project.lead_schema.key}
    for field in changed:
        name = api_name(field, crm)
        first = named.setdefault(name, field.name)
        if first != field.name:
            raise InputError(
                f"`{first}` and `{field.name}` both changed, and both would be `{name}` in {_NAMES[crm]}",
                f'say in the lead schema what {_NAMES[crm]} calls each of them: `"x-api-name": "..."`',
            )
    return list(named)


def _identifier(project: Project, crm: Crm) -> str:
    key = project.lead_schema.get(project.lead_schema.key)
    if key is not None and key.api_name:
        return key.api_name
    if crm == "salesforce":
        return "Id"
    name = project.lead_schema.key if key is None else api_name(key, crm)
    return "Record ID" if name.lower() in _RECORD_IDS else name


def _without_field(unknown: Mapping[str, int], crm: Crm) -> list[str]:
    return [
        f"{crm}.csv leaves out {many(count, 'change')} of the {name}: no lead field holds it; name one in leadrules.yaml: "
        f"`fields: {{{name}: ...}}`"
        for name, count in unknown.items()
    ]


def _to_queues(owners: pl.DataFrame | None, crm: Crm) -> list[str]:
    """A queue of the rules is no owner that a CRM knows by this name."""
    given = [] if owners is None else owners.get_column("new").to_list()
    queues = [owner for owner in given if owner.startswith(QUEUE_PREFIX)]
    if not queues:
        return []
    named = ", ".join(f"`{queue}`" for queue in dict.fromkeys(queues))
    what = f"{crm}.csv has a queue as the owner of {many(len(queues), 'lead')} ({named})"
    return [f"{what}: {_NAMES[crm]} does not know it by that name; put its owner id there before the import"]


def _by_label(changed: Sequence[Field], crm: Crm) -> list[str]:
    """The names of Salesforce have no spaces: what has one is the label that people see."""
    labels = {field.name: api_name(field, crm) for field in changed} if crm == "salesforce" else {}
    return [
        f"{crm}.csv calls `{name}` `{label}`, which is a label: say in the lead schema what Data Loader calls it, "
        'as in `"x-api-name": "Next_Action__c"`'
        for name, label in labels.items()
        if not (label.isascii() and label.isidentifier())
    ]


def uncleared_on_the_way_back(crm: Crm, blank: int) -> str | None:
    """What an import of the way back leaves as it is, of so many values that were `blank` before the run; None: nothing."""
    if _BLANK[crm] or not blank:
        return None
    return (
        f"{back_file(crm)} cannot clear {many(blank, 'value')} that {'was' if blank == 1 else 'were'} blank before: "
        f"{_NAMES[crm]}'s import leaves a value alone where the cell is blank; undo.csv lists them with a blank `old`"
    )


def _uncleared(changed: Sequence[Field], rows: Mapping[str, pl.DataFrame], crm: Crm) -> list[str]:
    """HubSpot's import has no way to write a blank: its users are told which values to clear by hand."""
    if _BLANK[crm]:
        return []
    counts = {field.name: rows[field.name].filter(pl.col("new") == "").height for field in changed}
    return [
        f"{crm}.csv cannot clear `{name}` of {many(count, 'lead')}: {_NAMES[crm]}'s import leaves a value alone where "
        "the cell is blank; undo.csv lists them with a blank `new`"
        for name, count in counts.items()
        if count
    ]
