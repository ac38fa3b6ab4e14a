"""The update file of a CRM from the changes of a run, against what a person writes down."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.stateful import write_project

from leadrules.core import types
from leadrules.data.errors import InputError
from leadrules.data.updates import Crm, refuse_numbered, updates_of
from leadrules.project.model import Field, LeadSchema, Project, Source
from leadrules.review.workspace import open_workspace

CHANGES = [
    ("b", "status", "New", "Working"),
    ("a", "owner", None, "sato"),
    ("a", "phone", "+81 3", None),
    ("c", "status", "Working", ""),
    ("c", "phone", None, "+81 90"),
    ("d", "status", None, ""),
]


def text(name: str, *columns: str, api_name: str | None = None) -> Field:
    return Field(name, types.TEXT, columns=columns, api_name=api_name)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = open_workspace(write_project(tmp_path)).project
    assert found is not None
    return found


def made(project: Project, crm: Crm, *fields: Field, key: str = "id") -> tuple[list[str], list[tuple[object, ...]]]:
    changes = pl.DataFrame(CHANGES, schema=["key", "field", "old", "new"], orient="row")
    found = updates_of(changes, replace(project, lead_schema=LeadSchema(fields, key)), crm)
    return found.table.columns, found.table.rows()


FIELDS = (
    text("id", "Lead ID"),
    text("status", "Status", "Lead Status"),
    text("phone"),
    text("owner", "Lead Owner", api_name="OwnerId"),
    text("city", "City"),
)


def test_salesforce_has_id_changed_fields_by_api_name_and_na_for_blank(project: Project) -> None:
    columns, rows = made(project, "salesforce", *FIELDS)
    assert columns == ["Id", "Status", "phone", "OwnerId"]
    # A lead whose blank stays blank (d) has no change; a cell without a change is empty, and left alone.
    assert rows == [
        ("b", "Working", None, None),
        ("a", None, "#N/A", "sato"),
        ("c", "#N/A", "+81 90", None),
    ]


def test_labels_of_standard_fields_become_the_names_that_data_loader_knows(project: Project) -> None:
    fields = (
        text("id", "Lead ID"),
        text("status", "Lead Status"),
        text("phone", "Mobile Phone"),
        text("owner", "Lead Owner"),
    )
    changes = pl.DataFrame(CHANGES, schema=["key", "field", "old", "new"], orient="row")
    found = updates_of(changes, replace(project, lead_schema=LeadSchema(fields, "id")), "salesforce")
    assert found.table.columns == ["Id", "Status", "Mobile Phone", "OwnerId"]
    (note,) = (note for note in found.notes if "label" in note)
    assert "calls `phone` `Mobile Phone`, which is a label" in note
    assert "Lead Owner" in made(project, "hubspot", *fields)[0]


def test_an_external_id_has_its_own_name(project: Project) -> None:
    columns, _ = made(project, "salesforce", text("id", "No.", api_name="Customer_No__c"), *FIELDS[1:])
    assert columns[0] == "Customer_No__c"


@pytest.mark.parametrize(
    ("key", "expected"),
    [(text("id"), "Record ID"), (text("id", "property_email", "Email"), "email"), (text("id", "Email"), "Email")],
)
def test_hubspot_names_the_record_and_its_properties(project: Project, key: Field, expected: str) -> None:
    fields = (key, text("status", "property_hs_lead_status"), *FIELDS[2:])
    columns, rows = made(project, "hubspot", *fields)
    assert columns == [expected, "hs_lead_status", "phone", "OwnerId"]
    assert ("c", "", "+81 90", None) in rows


def test_what_hubspot_cannot_clear_is_told(project: Project) -> None:
    changes = pl.DataFrame(CHANGES, schema=["key", "field", "old", "new"], orient="row")
    found = updates_of(changes, replace(project, lead_schema=LeadSchema(FIELDS, "id")), "hubspot")
    assert len(found.notes) == 2
    assert "cannot clear `status` of 1 lead:" in found.notes[0]
    assert "cannot clear `phone` of 1 lead:" in found.notes[1]


def test_a_change_that_no_field_holds_is_told(project: Project) -> None:
    changes = pl.DataFrame([("a", "sequence", None, "outbound")], schema=["key", "field", "old", "new"], orient="row")
    found = updates_of(changes, project, "salesforce")
    assert found.table.columns == ["Id"]
    assert found.table.is_empty()
    assert "1 change of the sequence: no lead field holds it" in found.notes[0]


def test_a_queue_as_owner_is_told(project: Project) -> None:
    rows = [
        ("a", "owner", "sato", "queue:nurture"),
        ("b", "owner", None, "queue:nurture"),
        ("c", "owner", None, "sato"),
    ]
    changes = pl.DataFrame(rows, schema=["key", "field", "old", "new"], orient="row")
    fielded = replace(project, lead_schema=LeadSchema(FIELDS, "id"), owner="owner")
    found = updates_of(changes, fielded, "salesforce")
    assert found.table.rows() == [("a", "queue:nurture"), ("b", "queue:nurture"), ("c", "sato")]
    (note,) = found.notes
    assert "a queue as the owner of 2 leads (`queue:nurture`): Salesforce does not know it" in note


def test_two_changed_fields_of_one_name_are_refused(project: Project) -> None:
    with pytest.raises(InputError, match="`status` and `phone` both changed, and both would be `Status`"):
        made(project, "salesforce", *FIELDS[:2], text("phone", "Status"), *FIELDS[3:])


def test_numbered_rows_are_refused() -> None:
    with pytest.raises(InputError, match=r"leads\.csv are numbered by row"):
        refuse_numbered(Source("leads.csv", key="row_number"), "hubspot")


@pytest.mark.parametrize("name", ["", " Status", 3])
def test_an_api_name_is_a_name(tmp_path: Path, name: object) -> None:
    write_project(tmp_path)
    place = tmp_path / "rules" / "lead.schema.json"
    schema = json.loads(place.read_text())
    schema["properties"]["status"]["x-api-name"] = name
    place.write_text(json.dumps(schema))
    assert [found.code for found in open_workspace(tmp_path).diagnostics] == ["LR072"]
