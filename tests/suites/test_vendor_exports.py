"""Exports with the headers, ids and time formats of CRMs: each is read as leads, and their activities as events.

The oracle is Python's csv module and dateutil.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dateutil import parser
from tests.data_project import event, field, project

from leadrules.core.text import skeleton
from leadrules.data.read import read_events, read_leads
from leadrules.project.model import Field, Source

EXPORTS = Path(__file__).parents[3] / "shared/data/vendor_exports"
pytestmark = pytest.mark.skipif(not EXPORTS.exists(), reason="the vendors' exports are not there")

FILES = [path.relative_to(EXPORTS).as_posix() for path in sorted(EXPORTS.rglob("*.csv"))]
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def python_rows(path: str) -> tuple[list[str], list[list[str]]]:
    with (EXPORTS / path).open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = [row for row in csv.reader(stream) if row]
    return header, rows


@pytest.mark.parametrize("path", FILES)
def test_each_export_is_read_as_leads(path: str) -> None:
    header, rows = python_rows(path)
    whole = [row for row in rows if len(row) == len(header)]
    fields = [field("row")]
    positions: dict[str, int] = {}
    for at, name in enumerate(header):
        if name.strip() and skeleton(name) not in {skeleton(n) for n in positions} and skeleton(name) != "row":
            cells = [row[at].strip() for row in whole if row[at].strip()]
            positions[name] = at
            fields.append(field(name, "datetime" if cells and all(map(TIME.match, cells)) else "text"))
    repeated = {skeleton(n) for n in header if [skeleton(h) for h in header].count(skeleton(n)) > 1}
    fields = [f for f in fields if skeleton(f.name) not in repeated]
    table = read_leads(
        project(fields, root=EXPORTS), Source(path, key="row_number"), [f.name for f in fields], zone="UTC"
    )
    assert table.rows_in == len(rows)
    assert table.rejected == len(rows) - len(whole)
    for one in fields[1:]:
        expected = [as_expected(one, row[positions[one.name]].strip()) for row in whole]
        assert table.frame[one.name].to_list() == expected, one.name


def as_expected(one: Field, cell: str) -> str | datetime | None:
    if not cell or one.type.kind == "text":
        return cell or None
    moment: datetime = parser.parse(cell)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def test_salesforce_campaign_members_as_events_of_their_leads() -> None:
    events = (event("Sent"), event("Responded", field("Status")), event("Opened"), event("Clicked"))
    root = EXPORTS / "salesforce_workshop"
    schema = project([field("Id"), field("LastName")], events, root=root)
    leads = read_leads(schema, Source("Lead.csv"), ["LastName"], zone="UTC")
    assert leads.rejected == 0
    _, rows = python_rows("salesforce_workshop/CampaignMember.csv")
    header, lead_rows = python_rows("salesforce_workshop/Lead.csv")
    known = {row[header.index("Id")] for row in lead_rows}
    members = python_rows("salesforce_workshop/CampaignMember.csv")[0]
    lead_at, at = members.index("LeadId"), members.index("CreatedDate")
    source = Source(
        "CampaignMember.csv", type="Sent", columns=(("lead_id", "LeadId"), ("at", "CreatedDate"), ("id", "Id"))
    )
    table = read_events(schema, [source], {"Sent": []}, lambda: leads, zone="UTC")
    tied = [row for row in rows if row[lead_at] in known]
    assert table.counts["events_in"] == len(rows)
    assert table.counts["events_used"] == len(tied)
    assert table.counts["events_rejected"] == sum(not row[lead_at] for row in rows)
    assert sorted(table.frame["at"].to_list()) == sorted(parser.parse(row[at]) for row in tied)


def test_marketo_opens_with_their_ids() -> None:
    path = "marketo/marketo_activity_open_email_data.csv"
    header, rows = python_rows(path)
    schema = project([field("id")], (event("email_opened", field("device")),), root=EXPORTS)
    leads = read_leads(schema, Source("marketo/marketo_lead_data.csv"), [], zone="UTC")
    source = Source(path, type="email_opened", columns=(("at", "activity_date"),))
    table = read_events(schema, [source, source], {"email_opened": ["device"]}, lambda: leads, zone="UTC")
    keys = set(leads.frame["@key"])
    unique = {row[header.index("id")] for row in rows if row[header.index("lead_id")] in keys}
    assert table.counts["events_in"] == 2 * len(rows)
    assert table.counts["events_used"] == len(unique)
    assert table.counts["events_repeated"] == table.counts["events_in"] - table.counts["events_orphaned"] - len(unique)
