"""A company over two months: leads come, are dealt and worked, and every third day a run with a state decides.

What the runs wrote (decisions.csv, actions.csv) and the events are all that the tests count with; the report counts from the
state. The random numbers have a fixed seed.
"""

from __future__ import annotations

import csv
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from tests.measured import write_company
from tests.suites.running import leadrules

RULES = """
funnel revenue {
  lead: created_at
  contact: earliest(first(email_replied), first(call_connected))
  meeting: first(meeting_scheduled)
  won: first(deal_won) worth sum(deal_won.amount)
}
stages life {
  customer: when did deal_won
  met: when did meeting_scheduled
  asked: when did form
  lead: otherwise
}
segment web when source = "Web"
sequence outbound {
  1: day 1 email auto "Hello"
  2: day 2 call "Ring"
  3: day 3 email auto "Again" when source = "Web"
  4: day 5 call "Ring again"
  5: wait 3 business days email auto "Last"
  send between 09:00 and 18:00 in "UTC"
  exit when did email_replied since enrolled_at
  pause when did out_of_office within 4 days
  finish after 2 days
}
sequence nurture { 1: day 1 email auto "News"  2: day 20 email auto "More news"  finish after 1 day }
exit all when life is customer
suppress email when list = "L2" and source = "Ads"
trigger asked { on form  do enroll outbound  do assign with sales }
trigger silent { on finish outbound  when never meeting_scheduled  do enroll nurture }
route sales {
  ads: queue nurture when source = "Ads" and life is lead
  web: team inside by round_robin when life is at least asked respond within 4 hours
  rest: queue nurture otherwise
  reroute when owner = "queue:nurture" and life is met
}
goal deals {
  target 4 won per month
  workdays 20 per month
  won: 50% of meeting
  meeting: 10% of call, 5% of email
  mix: 50% by call, 50% by email
}
"""
SETTINGS = """
report:
  cost_per_hour: 60
  minutes: {email: 3, call: 6}
  list: list
  group_by: [source]
  cost_per_lead: 2
  cost_per_lead_by_source: {ads: 30}
  benchmarks: {outbound: {contact: 50%, touches: 3}}
"""
FIRST, LAST, STEP = (
    datetime.fromisoformat("2026-02-02T18:00"),
    datetime.fromisoformat("2026-03-30T18:00"),
    timedelta(days=3),
)
WORK = (
    ("email_sent", 5),
    ("call_made", 4),
    ("email_replied", 1),
    ("out_of_office", 1),
    ("call_connected", 1),
    ("meeting_scheduled", 1),
)


def write_weeks(folder: Path) -> tuple[Path, list[tuple[datetime, Path]]]:
    """The project after its last run, and the folder of each run by its `as of`."""
    project = write_company(folder / "p", RULES, SETTINGS)
    schema = json.loads((project / "rules/events.schema.json").read_text())
    schema["properties"]["deal_lost"] = {"type": "object", "properties": {"reason": {"type": "string"}}}
    (project / "rules/events.schema.json").write_text(json.dumps(schema))
    leads, events = _company(random.Random(7))
    outs: list[tuple[datetime, Path]] = []
    at = FIRST
    while at <= LAST:
        _write(
            project,
            [lead for lead in leads if lead[1] <= at.isoformat()],
            [e for e in events if e[2] <= at.isoformat()],
        )
        out = folder / f"out{len(outs):02}"
        done = leadrules("run", "--project", project, "--as-of", at.isoformat(), "--out", out, "-q", "--force")
        assert done.exit_code == 0, done.output
        outs.append((at, out))
        at += STEP
    _write(project, leads, events)
    return project, outs


def _company(chance: random.Random) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    leads: list[tuple[str, ...]] = []
    events: list[tuple[str, str, datetime, *tuple[str, ...]]] = []
    for n in range(90):
        created = datetime.fromisoformat("2026-01-20") + timedelta(days=chance.randrange(65))
        key, source, of_list = f"k{n:02}", chance.choice(["Web", "Ads", "Fair"]), chance.choice(["L1", "L2"])
        leads.append((key, created.date().isoformat(), "", source, of_list, chance.choice(["", "spring", "fair"])))
        moment = created + timedelta(minutes=chance.randrange(6_000))
        if chance.random() < 0.6:
            events.append((key, "form", moment))
        for _ in range(chance.randrange(14)):
            moment += timedelta(minutes=chance.randrange(30, 6_000))
            kind = chance.choices([name for name, _ in WORK], [weight for _, weight in WORK])[0]
            events.append((key, kind, moment))
            if kind == "email_replied" and chance.random() < 0.4:
                events.append((key, "out_of_office", moment))
        if chance.random() < 0.25:
            events.append((key, "deal_lost", moment + timedelta(days=2), "", chance.choice(["price", "time", ""])))
            if chance.random() < 0.5:
                events.append((key, "call_connected", moment + timedelta(days=5, minutes=7)))
        if chance.random() < 0.25:
            events.append((key, "deal_won", moment + timedelta(days=9), str(chance.randrange(1, 20) * 100)))
    filled: list[tuple[str, ...]] = [
        (key, kind, at.isoformat(), *more, *[""] * (2 - len(more))) for key, kind, at, *more in events
    ]
    return leads, [event for event in filled if event[2] < LAST.isoformat()]


def _write(project: Path, leads: list[tuple[str, ...]], events: list[tuple[str, ...]]) -> None:
    heads = {
        "leads": ("id", "created_at", "owner", "source", "list", "campaign"),
        "events": ("lead_id", "type", "at", "amount", "reason"),
    }
    for name, rows in (("leads", leads), ("events", events)):
        with (project / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([heads[name], *rows])


def read_tables(con: duckdb.DuckDBPyConnection, project: Path, outs: list[tuple[datetime, Path]]) -> None:
    """The tables runs, acts, held, leads, events, work, segments."""
    for name, file in (("runs", "decisions"), ("acts", "actions"), ("held", "withheld")):
        parts = [
            f"select timestamp '{at}' as run, * from read_csv('{out}/{file}.csv', all_varchar = true, nullstr = '')"
            for at, out in outs
        ]
        con.execute(f"create table {name} as {' union all by name '.join(parts)}")
    con.execute(f"""
        create table leads as select *, created_at::timestamp as created from read_csv('{project}/leads.csv', all_varchar = true, nullstr = '');
        create table events as select lead_id as id, type, "at"::timestamp as t, amount::double as amount, reason, null::varchar as campaign
            from read_csv('{project}/events.csv', all_varchar = true, nullstr = '');
        create table work as select id, t, if(type = 'email_sent', 'email', 'call') as channel from events where type in ('email_sent', 'call_made');
        create table segments as select id, 'web' as segment from leads where source = 'Web';
    """)
