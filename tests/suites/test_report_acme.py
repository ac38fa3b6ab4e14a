"""The report of the example company against SQL over the same files: DuckDB reads the exports by itself.

Which leads there are is taken from the kept decisions, which have an oracle of their own (acme_oracle.py); everything that
is counted of them is counted here a second time.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import duckdb
import pytest
from tests.measured import Tables, by, tables
from tests.suites.running import EXAMPLES, leadrules

ACME = EXAMPLES / "acme"
AS_OF = "2026-10-30 17:12:03"  # the newest event


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("acme") / "acme"
    shutil.copytree(ACME, folder)
    done = leadrules("report", "--project", folder, "--format", "json", "-q")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["as_of"].startswith("2026-10-30T17:12:03")
    return tables(document)


@pytest.fixture(scope="module")
def sql() -> duckdb.DuckDBPyConnection:
    """Leads, events and deals as SQL finds them, times in Tokyo, leads by the first 15 characters of their id."""
    con = duckdb.connect()
    con.execute(f"""
        create table kept as select substr("id", 1, 15) as lead from read_csv('{ACME}/expected/decisions.csv.gz', all_varchar = true);
        create table leads as
            select substr("Lead ID", 1, 15) as lead, any_value(coalesce(nullif(trim("Lead Source"), ''), '(none)')) as source,
                   any_value(strptime(replace("Created Date", '.000+0900', ''), '%Y-%m-%dT%H:%M:%S')) as created
            from read_csv('{ACME}/leads.csv', all_varchar = true) semi join kept on substr("Lead ID", 1, 15) = kept.lead
            group by 1;
        create table raw as select distinct on ("Activity ID") * from read_csv('{ACME}/events/*.csv.gz', all_varchar = true)
            order by "Activity ID", length("Lead ID");
        create table events as
            select substr("Lead ID", 1, 15) as lead, "Activity" as type, nullif("Campaign", '') as campaign,
                   try_strptime(replace("Occurred At", '+09:00', ''), '%Y-%m-%dT%H:%M:%S') as t
            from raw semi join leads on substr(raw."Lead ID", 1, 15) = leads.lead;
        delete from events where type is null or type in ('sms_delivered', 'yesterday'); -- broken rows of the export
        delete from events where t is null or t > timestamp '{AS_OF}';
        create table deals as
            select substr("Lead ID", 1, 15) as lead, strptime("Closed", '%Y-%m-%d') as t, "Amount"::double as amount
            from read_csv('{ACME}/deals.csv', all_varchar = true) semi join leads on substr("Lead ID", 1, 15) = leads.lead;
        create table moments as
            select l.lead, l.source, l.created as s0,
                   (select min(t) from events e where e.lead = l.lead and type = 'form_submitted') as s1,
                   (select min(t) from events e where e.lead = l.lead and type = 'booking_made') as s2,
                   (select min(t) from events e where e.lead = l.lead and type = 'trial_started') as s3,
                   (select min(t) from deals d where d.lead = l.lead) as s4,
                   (select sum(amount) from deals d where d.lead = l.lead) as worth
            from leads l;
    """)
    return con


def one(sql: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = sql.execute(query).fetchone()
    assert row is not None
    return row


def test_the_funnel(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    counts = one(sql, "select count(s0), count(s1), count(s2), count(s3), count(s4) from moments")
    assert tuple(row["reached"] for row in found["funnel_revenue"]) == counts
    assert counts[4] > 50
    for i, row in enumerate(found["funnel_revenue"][1:], 1):
        both, above, without, before, median, low = one(
            sql,
            f"""select count(*) filter (s{i} is not null and s{i - 1} is not null), count(s{i - 1}),
                count(*) filter (s{i} is not null and s{i - 1} is null), count(*) filter (s{i} < s{i - 1}),
                quantile_cont(epoch(s{i} - s{i - 1}) / 86400, 0.5) filter (s{i} >= s{i - 1}),
                quantile_cont(epoch(s{i} - s{i - 1}) / 86400, 0.25) filter (s{i} >= s{i - 1}) from moments""",
        )
        assert (row["both"], row["above"], row["without_above"], row["before_above"]) == (both, above, without, before)
        assert row["step_conversion"] == pytest.approx(both / above, abs=1e-6)
        assert (row["days_median"], row["days_q1"]) == (pytest.approx(median, abs=1e-5), pytest.approx(low, abs=1e-5))
    assert found["funnel_revenue"][4]["worth"] == one(sql, "select sum(worth) from moments where s4 is not null")[0]


def test_the_funnel_by_source(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    expected = sql.execute(
        "select source, count(s0), count(s1), count(s2), count(s3), count(s4) from moments group by 1"
    ).fetchall()
    shown = {
        (row["lead_source"], *(row[f"reached_{i}"] for i in range(5))) for row in found["funnel_revenue_by_lead_source"]
    }
    assert shown == set(expected)


def test_months_by_event_and_by_cohort(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    months = by(found["periods_revenue_month"], "period")
    for i in range(5):
        happened = dict(
            sql.execute(
                f"select strftime(s{i}, '%Y-%m'), count(*) from moments where s{i} is not null group by 1"
            ).fetchall()
        )
        became = dict(sql.execute(f"select strftime(s0, '%Y-%m'), count(s{i}) from moments group by 1").fetchall())
        assert {m: row[f"event_{i}"] for m, row in months.items() if row[f"event_{i}"]} == happened
        assert {m: row[f"cohort_{i}"] for m, row in months.items()} == became


def test_cohorts_by_age(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    for row in found["cohorts_revenue"]:
        if row["cohort"] == "all":
            continue
        n, reached = one(
            sql,
            f"""select count(*), count(*) filter (datediff('month', s0, s4) <= {row["age"]}) from moments
                where strftime(s0, '%Y-%m') = '{row["cohort"]}'""",
        )
        assert (row["n"], row["reached"]) == (n, reached), row


def test_opt_in_and_sales(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    months = by(found["inflow_month"], "period")
    visits = dict(
        sql.execute(
            f"select period, sum(visitors)::bigint from read_csv('{ACME}/traffic.csv', types = {{'period': 'varchar'}}) group by 1"
        ).fetchall()
    )
    created = dict(sql.execute("select strftime(created, '%Y-%m'), count(*) from leads group by 1").fetchall())
    sales = {
        m: (n, won)
        for m, n, won in sql.execute(
            "select strftime(t, '%Y-%m'), count(*), sum(amount) from deals group by 1"
        ).fetchall()
    }
    for month, leads in created.items():
        row = months[month]
        assert (row["leads"], row["visitors"]) == (leads, visits[month])
        assert row["opt_in"] == pytest.approx(leads / visits[month], abs=1e-6)
        deals, won = sales.get(month, (0, 0))
        assert (row["deals"], row["won"]) == (deals, won)
        assert row["sales_conversion"] == pytest.approx(deals / leads, abs=1e-6)
    shown = by(found["sales"], "month")
    assert {m: (row["deals"], row["won"]) for m, row in shown.items() if row["deals"]} == sales


def test_campaigns(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    sql.execute(
        "create or replace temp table members as select lead, campaign, min(t) as joined from events where campaign is not null group by all"
    )
    rows = sql.execute("""
        select campaign, count(*),
               count(*) filter (exists (select 1 from events e where e.lead = m.lead and e.type = 'booking_made' and e.t >= joined)),
               (select count(*) from members i join events e using (lead) where i.campaign = m.campaign and e.type in ('email_sent', 'call_made')
                    and e.t > joined and e.t <= joined + interval 30 days),
               (select coalesce(sum(amount), 0) from members i join deals d using (lead) where i.campaign = m.campaign and d.t >= joined)
        from members m group by campaign
    """).fetchall()
    shown = by(found["campaigns"], "campaign")
    assert len(rows) == 8
    for campaign, leads, met, work, won in rows:
        row = shown[campaign]
        assert (row["leads"], row["meeting_leads"], row["activities"], row["won_value"]) == (leads, met, work, won)
    pooled = sum(row[2] for row in rows) / sum(row[1] for row in rows)
    assert by(found["campaign_types"], "type")["all"]["pooled"] == pytest.approx(pooled, abs=1e-6)
    assert shown["2026-09"]["leads"] == 0


def test_return(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    (cost,) = one(
        sql, f"select sum(replace(cost, ',', '')::double) from read_csv('{ACME}/campaigns.csv', all_varchar = true)"
    )
    (emails,) = one(sql, "select count(*) from events where type = 'email_sent'")
    won, deals = one(sql, "select sum(amount), count(*) from deals")
    row = found["returns"][0]
    invested = cost + emails * 2 / 60 * 45  # a goal says that an email takes 2 minutes; an hour costs 45
    assert (row["activities"], row["cost"], row["deals"], row["won"]) == (emails, cost, deals, won)
    assert row["invested"] == pytest.approx(invested)
    assert row["roi"] == pytest.approx((won - invested) / invested, abs=1e-6)
    assert row["cost_per_sale"] == pytest.approx(invested / deals, abs=1e-5)


def test_appointments_touches_and_months_worked(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    expected = sql.execute("""
        select strftime(s0, '%Y-%m'), count(*), count(s2), quantile_cont(epoch(s2 - s0) / 86400, 0.5) filter (s2 >= s0) from moments group by 1
    """).fetchall()
    shown = by(found["first_appointment"], "month")
    for month, leads, met, median in expected:
        assert (shown[month]["leads"], shown[month]["with_appointment"]) == (leads, met)
        assert shown[month]["days_median"] == (None if median is None else pytest.approx(median, abs=1e-5))
    n, late = one(
        sql,
        """select count(*), count(*) filter (touches > 5) from (
            select m.lead, (select count(*) from events e where e.lead = m.lead and e.type in ('email_sent', 'call_made') and e.t <= s2) as touches
            from moments m where s2 is not null)""",
    )
    assert {r["outcome"]: (r["late"], r["n"]) for r in found["after_fifth_touch"]}["meeting"] == (late, n)
    worked = dict(
        sql.execute("""select months, count(*) from (select l.lead, count(distinct strftime(e.t, '%Y-%m')) as months from leads l
            left join events e on e.lead = l.lead and e.type in ('email_sent', 'call_made') group by 1) group by 1""").fetchall()
    )
    assert {row["months_worked"]: row["leads"] for row in found["months_worked"]} == worked


def test_the_goal_beside_the_data(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    since = f"t > timestamp '{AS_OF}' - interval 3 months"
    trials, emails = one(
        sql,
        f"select count(*) filter (s3 > timestamp '{AS_OF}' - interval 3 months), (select count(*) from events where type = 'email_sent' and {since}) from moments",
    )
    (won,) = one(sql, f"select count(*) from moments where s4 > timestamp '{AS_OF}' - interval 3 months")
    rates = {(r["stage"], r["of"]): (r["hits"], r["n"]) for r in found["goal_deals_rates"]}
    assert rates == {("won", "trial"): (won, trials), ("trial", "email"): (trials, emails)}


def test_time_at_a_step_by_kaplan_meier(found: Tables, sql: duckdb.DuckDBPyConnection) -> None:
    spells = sql.execute(f"""
        select epoch(coalesce(least(s4, timestamp '{AS_OF}'), timestamp '{AS_OF}') - s3) / 86400, s4 is not null
        from moments where s3 is not null and (s4 is null or s4 >= s3) order by 1
    """).fetchall()
    (early,) = one(sql, "select count(*) from moments where s4 < s3")
    spells += sql.execute(
        f"select epoch(timestamp '{AS_OF}' - s3) / 86400, false from moments where s4 < s3"
    ).fetchall()
    spells.sort()
    share, median = 1.0, None
    for at in sorted({days for days, left in spells if left}):
        share *= 1 - sum(left and days == at for days, left in spells) / sum(days >= at for days, _ in spells)
        median = at if share <= 0.5 + 1e-12 and median is None else median
    row = by(found["stages_funnel_revenue"], "stage")["trial"]
    assert (row["entered"], row["left"]) == (len(spells), sum(left for _, left in spells))
    assert row["median"] == (None if median is None else pytest.approx(median, abs=1e-5))
    assert early >= 0
