"""Two companies with a state, as SQL finds them: what the runs wrote and the exports, for the reports to be held against.

In: the small company of weeks.py and the example company of acme_weeks.py, after their last runs. Out: `Company`: the report's
tables, and tables of DuckDB that were made of the files alone. Times are local, without an offset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from tests import acme_weeks, weeks
from tests.measured import Tables, tables
from tests.suites.running import leadrules

Sql = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Company:
    """`found` are the report's tables. `sequence`: the one that most leads were in; `stages`: what its stages are called;
    `labels`: per stage, furthest first, a query of when each lead's events asked for it; `funnel` likewise, in order.
    """

    name: str
    found: Tables
    sql: Sql
    as_of: str
    sequence: str
    stages: str
    labels: Mapping[str, str]
    funnel: tuple[str, tuple[str, ...]]
    groups: Mapping[str, str]  # of the tables `returns_by_..`: id, name

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What SQL says."""
        return self.sql.execute(query).fetchall()

    def one(self, query: str) -> tuple[Any, ...]:
        """Its only row."""
        (row,) = self.rows(query)
        return row


OUTCOMES = ("contact", "reply", "connect", "meeting", "opportunity", "won")


def common(con: Sql, as_of: str, parts: Mapping[str, str]) -> None:
    """m_contact, m_reply, ..: the moments of each outcome. enrolments: one that is over begins in the run that first shows
    it, one that lasts when the lead was enrolled; what comes until the next one, or the report, is held to be of it."""
    automatic = (
        "select 1 from events o where o.id = e.id and o.t = e.t and o.type in ('out_of_office', 'email_bounced')"
    )
    con.execute(
        f"create table m_reply as select id, t from events e where type in ({parts['reply']}) and not exists ({automatic})"
    )
    for name in ("connect", "meeting", "opportunity", "won"):
        con.execute(f"create table m_{name} as select id, t from events where type = '{parts[name]}'")
    con.execute(f"""
        create table m_contact as select * from m_reply union all select * from m_connect;
        create table enrolments as
            with moved as (select *, lag(sequence) over (partition by id order by run) as before from runs),
            begun as (select id, sequence, run as began, left(enrolled_at, 19)::timestamp as enrolled from moved
                      where sequence is not null and sequence is distinct from before),
            left_ as (select id, run from moved where before is not null and sequence is distinct from before),
            ended as (select b.*, (select min(l.run) from left_ l where l.id = b.id and l.run > b.began) as ended from begun b),
            timed as (select id, sequence, if(ended is null, enrolled, began) as began, ended from ended)
            select row_number() over () as n, *, coalesce(lead(began) over (partition by id order by began), timestamp '{as_of}') as until
            from timed;
    """)


def _document(project: Path, *options: str | Path) -> Tables:
    done = leadrules("report", "--project", project, "--format", "json", "-q", *options)
    assert done.exit_code == 0, done.output
    return tables(json.loads(done.stdout))


def small_company(folder: Path) -> Company:
    """Ninety leads, a run every third day."""
    project, outs = weeks.write_weeks(folder)
    con, as_of = duckdb.connect(), "2026-03-31"
    weeks.read_tables(con, project, outs)
    parts = {
        "reply": "'email_replied'",
        "connect": "call_connected",
        "meeting": "meeting_scheduled",
        "opportunity": "",
        "won": "deal_won",
    }
    common(con, as_of, parts)
    con.execute(
        """create table per_lead as
        select id, if(source = 'Ads', 30, 2)::double as cost, 0 as uncosted, {} from leads l""".format(
            _work({"email": 3, "call": 6})
        )
    )
    heard = "select id, t from events where type in ('email_replied', 'call_connected')"
    labels = {
        "customer": "from m_won group by 1", "met": "from m_meeting group by 1", "asked": "from events where type = 'form' group by 1",
    }  # fmt: skip
    return Company(
        "small", _document(project, "--as-of", as_of, "--against", outs[5][1]), con, as_of, "outbound", "life",
        {label: f"select id, min(t) as t {query}" for label, query in labels.items()} | {"lead": "select id, created as t from leads"},
        ("revenue", ("select id, created as t from leads", heard, "select id, t from m_meeting", "select id, t from m_won")),
        {"source": "select id, source as name from leads", "list": "select id, list as name from leads"},
    )  # fmt: skip


def _work(minutes: Mapping[str, float]) -> str:
    """activities, hours, deals and won of a lead `l`."""
    each = " ".join(f"when '{channel}' then {spent}" for channel, spent in minutes.items())
    return f"""(select count(*) from work w where w.id = l.id) as activities,
        (select coalesce(sum(case channel {each} end), 0) / 60 from work w where w.id = l.id) as hours,
        (select count(*) from events e where e.id = l.id and type = 'deal_won') as deals,
        (select coalesce(sum(amount), 0) from events e where e.id = l.id and type = 'deal_won') as won"""


ACME_MINUTES = {"email": 2, "call": 6, "linkedin": 4}  # an email by the goal's effort, the others by the settings
ACME_COSTS = {"Paid Ads": 60, "Trade Show": 85, "List Purchase": 3}
TALK = "form in ('contact', 'demo', 'お問い合わせ')"
TOP = f"lower(magnet) in (select lower(magnet) from read_csv('{acme_weeks.ACME}/rules/lists/magnets.csv') where funnel = 'top')"
PRICED = "select id, min(t) as t from events where type = 'page_viewed' and starts_with(path, '/pricing') group by 1"
SOLUTION = (
    "select id, min(t) as t from events where type = 'form_submitted' and form in ('solution', '製品資料') group by 1"
)
ACME_LABELS = {
    "customer": "select id, min(t) as t from m_won group by 1",
    "trial": "select id, min(t) as t from events where type = 'trial_started' group by 1",
    "sql": f"select id, min(t) as t from events where type = 'booking_made' or (type = 'form_submitted' and {TALK}) group by 1",
    "mql": f"select a.id, greatest(a.t, b.t) as t from ({SOLUTION}) a join ({PRICED}) b using (id)",
    "iql": f"select id, min(t) as t from events where type = 'form_submitted' and {TOP} group by 1",
    "lead": "select id, created as t from leads",
}
ACME_FUNNEL = (
    "select id, created as t from leads",
    "select id, t from events where type = 'form_submitted'",
    "select id, t from m_meeting",
    "select id, t from events where type = 'trial_started'",
    "select id, t from m_won",
)
ACME_PARTS = {
    "reply": "'email_replied', 'linkedin_replied'", "connect": "call_connected", "meeting": "booking_made",
    "opportunity": "opportunity_created", "won": "deal_won",
}  # fmt: skip


def acme_exports() -> Sql:
    """The example company's exports with what it costs and gets: no runs."""
    con = duckdb.connect()
    acme_weeks.read_exports(con)
    listed = " ".join(f"when '{source}' then {cost}" for source, cost in ACME_COSTS.items())
    con.execute(f"""
        create table members as select id, campaign, min(t) as joined from events where campaign is not null group by all;
        create table spent as select campaign, name, type, date, replace(cost, ',', '')::double as cost
            from read_csv('{acme_weeks.ACME}/campaigns.csv', all_varchar = true);
        create table shares as select campaign, cost / count(*) as each from members join spent using (campaign) group by campaign, cost;
        create table per_lead as
            with known as (select l.*, coalesce((select sum(each) from members join shares using (campaign) where members.id = l.id),
                                                case source {listed} end) as known from leads l)
            select id, coalesce(known, 0)::double as cost, (known is null)::int as uncosted, {_work(ACME_MINUTES)} from known l;
    """)
    return con


def acme(folder: Path) -> Company:
    """The example company, a run every Monday."""
    project, outs = acme_weeks.write_weeks(folder)
    con = acme_exports()
    acme_weeks.read_runs(con, outs)
    common(con, acme_weeks.AS_OF, ACME_PARTS)
    groups = {"lead_source": "select id, source as name from leads", "country": "select id, country as name from leads"}
    return Company(
        "acme", _document(project, "--against", outs[2][1]), con, acme_weeks.AS_OF, "outbound", "lifecycle", ACME_LABELS,
        ("revenue", ACME_FUNNEL), groups,
    )  # fmt: skip
