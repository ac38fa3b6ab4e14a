"""A small company whose figures can be worked out by hand, and a way to read a report's tables.

Five leads (a to e), their events, campaigns and visitors of early 2026; the tests of the measures say the numbers.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.suites.running import leadrules

LEADS = """id,created_at,owner,source,list,campaign
a,2026-01-10,sato,Web,L1,spring
b,2026-01-20,sato,Web,L1,Spring
c,2026-02-05,lee,Ads,L2,summer
d,2026-02-15,lee,Ads,L2,
e,2026-03-01,,Web,L2,
"""
EVENTS: Sequence[tuple[str, str, str, str]] = (
    ("a", "email_sent", "2026-01-11T00:00", ""),
    ("a", "email_sent", "2026-01-12T00:00", ""),
    ("a", "call_made", "2026-01-12T23:50", ""),
    ("a", "call_connected", "2026-01-13T00:00", ""),
    ("a", "meeting_scheduled", "2026-01-20T00:00", ""),
    ("a", "deal_won", "2026-02-01T00:00", "1000"),
    ("b", "email_sent", "2026-01-21T00:00", ""),
    ("b", "email_replied", "2026-01-22T00:00", ""),
    ("b", "out_of_office", "2026-01-22T00:00", ""),
    *(("c", "call_made", f"2026-02-{day:02}T01:00", "") for day in range(5, 11)),
    ("c", "call_connected", "2026-02-11T00:00", ""),
    ("c", "meeting_scheduled", "2026-02-12T00:00", ""),
    ("c", "deal_won", "2026-03-04T00:00", "500"),
    ("d", "meeting_scheduled", "2026-02-16T00:00", ""),
)
TYPES = ("email_sent", "email_replied", "out_of_office", "call_made", "call_connected", "meeting_scheduled", "form")
RULES = """
funnel revenue {
  lead: created_at
  contact: earliest(first(email_replied), first(call_connected))
  meeting: first(meeting_scheduled)
  won: first(deal_won) worth sum(deal_won.amount)
}
segment web when source = "Web"
"""
SETTINGS = """
fiscal_year_starts: 2
report:
  cost_per_hour: 60
  minutes: {email: 3, call: 6}
  average_deal_size: 300
  lifetime_value: 400
  cohort_matures: 1 month
  list: list
  group_by: [source]
  campaigns: campaigns.csv
  traffic: traffic.csv
"""
CAMPAIGNS = "campaign,name,type,date,cost\nspring,Spring mail,mail,2026-01-01,300\nsummer,Summer mail,mail,2026-02-01,100\nautumn,Fair,fair,2026-03-01,50\n"
TRAFFIC = "period,source,visitors\n2026-01,Web,100\n2026-02,Ads,50\n"
AS_OF = "2026-03-31"


def write_company(folder: Path, rules: str = RULES, settings: str = SETTINGS) -> Path:
    """The company's project in a folder."""
    text, moment = {"type": "string"}, {"type": "string", "format": "date-time"}
    fields = {"id": {**text, "x-key": True}, "created_at": {"type": "string", "format": "date"}, "lost_at": moment}
    fields |= dict.fromkeys(("owner", "source", "list", "campaign"), text)
    events: dict[str, Any] = {name: {"type": "object", "properties": {}} for name in TYPES}
    events["deal_won"] = {"type": "object", "properties": {"amount": {"type": "number"}}}
    (folder / "rules").mkdir(parents=True)
    schema = {"type": "object", "properties": fields}
    (folder / "rules" / "lead.schema.json").write_text(json.dumps(schema))
    (folder / "rules" / "events.schema.json").write_text(json.dumps({"type": "object", "properties": events}))
    (folder / "rules" / "team.yaml").write_text(
        "reps:\n  sato: {active: true}\n  lee: {active: true}\nteams:\n  inside: [sato, lee]\nqueues: [nurture]\n"
    )
    (folder / "rules" / "rules.lead").write_text(rules)
    head = "version: 1\nname: small\nsources:\n  leads: {path: leads.csv}\n  events: [{path: events.csv}]\n"
    (folder / "leadrules.yaml").write_text(head + settings)
    (folder / "leads.csv").write_text(LEADS)
    write_events(folder, EVENTS)
    (folder / "campaigns.csv").write_text(CAMPAIGNS)
    (folder / "traffic.csv").write_text(TRAFFIC)
    return folder


def write_events(folder: Path, events: Sequence[tuple[str, str, str, str]]) -> None:
    """events.csv."""
    with (folder / "events.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("lead_id", "type", "at", "amount"), *events])


Tables = Mapping[str, list[dict[str, Any]]]


def document(project: Path, *options: str) -> dict[str, Any]:
    """The report as JSON."""
    done = leadrules("report", "--project", project, "--format", "json", "--as-of", AS_OF, "--quiet", *options)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tables(report: dict[str, Any]) -> Tables:
    """The rows of every table by name, each row by column."""
    return {
        table["name"]: [dict(zip([c["name"] for c in table["columns"]], row, strict=True)) for row in table["rows"]]
        for section in report["sections"]
        for table in section["tables"]
    }


def by(rows: list[dict[str, Any]], key: str) -> dict[Any, dict[str, Any]]:
    """Rows by one of their columns."""
    return {row[key]: row for row in rows}
