"""The parts of a report that look into a state, against SQL over what two months of runs wrote (tests/weeks.py)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import median
from typing import Any

import duckdb
import pytest
from tests.measured import Tables, by, document, tables
from tests.weeks import write_weeks

Sql = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Sql]:
    folder = tmp_path_factory.mktemp("weeks")
    project, con = write_weeks(folder)
    return tables(document(project, "--against", str(folder / "out05"))), con


@pytest.fixture
def found(weeks: tuple[Tables, Sql]) -> Tables:
    return weeks[0]


@pytest.fixture
def sql(weeks: tuple[Tables, Sql]) -> Sql:
    return weeks[1]


def rows(sql: Sql, query: str) -> list[tuple[Any, ...]]:
    return sql.execute(query).fetchall()


MOMENTS = {
    "reply": """select e.id, e.t from events e where type = 'email_replied'
                and not exists (select 1 from events o where o.id = e.id and o.t = e.t and o.type = 'out_of_office')""",
    "connect": "select id, t from events where type = 'call_connected'",
    "meeting": "select id, t from events where type = 'meeting_scheduled'",
    "won": "select id, t from events where type = 'deal_won'",
}
MOMENTS["contact"] = f"{MOMENTS['reply']} union all {MOMENTS['connect']}"


def test_rates_of_sequences(found: Tables, sql: Sql) -> None:
    shown = by(found["sequences"], "sequence")
    counted = rows(
        sql, "select sequence, count(*), count(distinct id), count(*) filter (ended is null) from enrolments group by 1"
    )
    assert {s: (row["enrolled"], row["leads"], row["still_in"]) for s, row in shown.items()} == {
        s: tuple(r) for s, *r in counted
    }
    assert shown["outbound"]["enrolled"] > 30
    for name, moments in MOMENTS.items():
        hits = rows(
            sql,
            f"""select sequence, count(*), count(*) filter (exists (select 1 from ({moments}) m where m.id = n.id and m.t between began and until))
                from enrolments n group by 1""",
        )
        for sequence, enrolled, hit in hits:
            assert shown[sequence][name] == hit, (name, sequence)
            assert shown[sequence][f"{name}_rate"] == pytest.approx(hit / enrolled, abs=1e-6)
    touches = dict(
        rows(
            sql,
            "select sequence, count(*) from enrolments n join work w on w.id = n.id and t between began and coalesce(ended, until) group by 1",
        )
    )
    assert {s: row["touches"] for s, row in shown.items()} == touches
    mark = by(found["benchmarks"], "figure")["touches"]
    assert mark["difference"] == pytest.approx(touches["outbound"] / shown["outbound"]["enrolled"] - 3, abs=1e-6)


STEPS = """select regexp_extract(rule, '^sequence\\.(.+)\\.(\\d+)$', 1) as sequence, regexp_extract(rule, '^sequence\\.(.+)\\.(\\d+)$', 2)::int as step,
           key as id, run, kind as channel from {} where regexp_matches(rule, '^sequence\\..+\\.\\d+$')"""


def test_coverage_is_of_the_steps_that_runs_sent_out(found: Tables, sql: Sql) -> None:
    sql.execute(f"""create or replace temp table due as
        select s.*, n.n, row_number() over (partition by n.n, s.channel order by step) as place
        from ({STEPS.format("acts")}) s join enrolments n on n.id = s.id and n.sequence = s.sequence and s.run >= n.began and s.run <= coalesce(n.ended, n.until)""")
    sql.execute("""create or replace temp table touches as
        select n.n, channel, row_number() over (partition by n.n, channel order by t) as place
        from enrolments n join work w on w.id = n.id and t between began and coalesce(ended, until)""")
    counted = rows(
        sql,
        "select sequence, step, count(*), count(t.n) from due d left join touches t using (n, channel, place) group by 1, 2",
    )
    shown = {(row["sequence"], row["step"]): row for row in found["sequence_steps"]}
    assert {key: (row["due"], row["done"]) for key, row in shown.items() if row["due"]} == {
        (s, n): (d, k) for s, n, d, k in counted
    }
    withheld = rows(
        sql,
        f"""select sequence, step, count(*) filter (reason = 'skipped'), count(*) filter (reason = 'suppressed'),
               count(*) filter (reason not in ('skipped', 'suppressed')) from ({STEPS.format("held").replace("kind as channel", "reason")})
               where reason <> 'held for tomorrow' group by 1, 2""",
    )
    assert {
        k: (r["skipped"], r["suppressed"], r["withheld"])
        for k, r in shown.items()
        if r["skipped"] + r["suppressed"] + r["withheld"]
    } == {(s, n): (a, b, c) for s, n, a, b, c in withheld}
    assert shown["outbound", 3]["skipped"] > 3
    assert sum(row["suppressed"] for row in shown.values()) > 3
    total = by(found["sequences"], "sequence")["outbound"]
    assert (total["due"], total["done"]) == tuple(sum(r[i] for r in counted if r[0] == "outbound") for i in (2, 3))


def test_conversions_by_touch(found: Tables, sql: Sql) -> None:
    for outcome in ("contact", "meeting", "won"):
        counts = rows(
            sql,
            f"select least((select count(*) from work w where w.id = m.id and w.t <= m.first), 15) from (select id, min(t) as first from ({MOMENTS[outcome]}) group by 1) m",
        )
        before = [n for (n,) in counts]
        late = next(r for r in found["after_fifth_touch"] if (r["outcome"], r["sequence"]) == (outcome, "(all leads)"))
        assert (late["n"], late["late"]) == (len(before), sum(n > 5 for n in before))
        shown = {
            r["touch"]: r["conversions"]
            for r in found["touches"]
            if (r["outcome"], r["sequence"]) == (outcome, "(all leads)")
        }
        assert shown == {n: before.count(n) for n in set(before)}


# -- stages ---------------------------------------------------------------------------------------------------------


def kaplan_meier(stays: list[tuple[float, bool]]) -> dict[float, float]:
    """The share that stays longer than each length at which somebody left, by the definition."""
    share, curve = 1.0, {}
    for length in sorted({days for days, left in stays if left}):
        at_risk = sum(days >= length for days, _ in stays)
        left = sum(days == length and gone for days, gone in stays)
        share *= 1 - left / at_risk
        curve[length] = share
    return curve


def spells(sql: Sql) -> list[tuple[str, str | None, float, bool]]:
    return rows(
        sql,
        """with changes as (select id, life, run from (select *, lag(life) over (partition by id order by run) as was from runs) where life is distinct from was),
           ends as (select *, lead(run) over (partition by id order by run) as ended, lead(life) over (partition by id order by run) as next from changes)
           select life, next, epoch(coalesce(ended, timestamp '2026-03-31') - run) / 86400, ended is not null from ends""",
    )


def test_time_in_stages(found: Tables, sql: Sql) -> None:
    stays = spells(sql)
    for stage in ("lead", "asked", "met", "customer"):
        own = [(days, left) for life, _, days, left in stays if life == stage]
        row = by(found["stages_life"], "stage")[stage]
        assert (row["entered"], row["left"], row["still_in"]) == (
            len(own),
            sum(g for _, g in own),
            sum(not g for _, g in own),
        )
        curve = kaplan_meier(own)
        for column, share in (("q1", 0.75), ("median", 0.5), ("q3", 0.25)):
            expected = min((days for days, s in curve.items() if s <= share + 1e-12), default=None)
            assert row[column] == (None if expected is None else pytest.approx(expected, abs=1e-6)), (stage, column)
        drawn = {r["day"]: r["share"] for r in found["survival_life"] if r["stage"] == stage}
        for day, shown in drawn.items():
            assert shown == pytest.approx(min((s for d, s in curve.items() if d <= day), default=1.0), abs=1e-6)
    moves = {(r["stage"], r["next"]): (r["moves"], r["median"]) for r in found["transitions_life"]}
    expected_moves = {(life, following) for life, following, _, left in stays if left}
    assert set(moves) == expected_moves
    for (life, following), (count, days) in moves.items():
        lengths = [d for a, b, d, left in stays if (a, b, left) == (life, following, True)]
        assert (count, days) == (len(lengths), pytest.approx(median(lengths), abs=1e-6))


def test_ways(found: Tables, sql: Sql) -> None:
    labels: dict[str, list[str]] = {}
    for key, life in rows(sql, "select id, life from runs order by run"):
        way = labels.setdefault(key, [])
        if not way or way[-1] != life:
            way.append(life)
    said = [" > ".join(way) for way in labels.values()]
    assert {row["way"]: row["leads"] for row in found["ways"]} == {way: said.count(way) for way in set(said)}
    each = by(found["lead_history"], "lead")
    for key, way in labels.items():
        assert (each[key]["first"], each[key]["between"], each[key]["latest"]) == (
            way[0],
            " > ".join(way[1:-1]),
            way[-1],
        )
    worked = dict(rows(sql, "select id, count(distinct strftime(t, '%Y-%m')) from work group by 1"))
    assert all(row["months_worked"] == worked.get(key, 0) for key, row in each.items())


def test_types_by_when_leads_became_them(found: Tables, sql: Sql) -> None:
    became: dict[tuple[str, str], str] = {}
    (first,) = rows(sql, "select min(run) from runs")[0]
    for key, life, run in rows(sql, "select id, life, run from runs order by run"):
        if run > first:
            before = rows(
                sql, f"select life from runs where id = '{key}' and run < timestamp '{run}' order by run desc limit 1"
            )
            if not before or before[0][0] != life:
                became.setdefault((key, life), run.strftime("%Y-%m"))
    # What the first run found was so before it: by the events, unless the lead was further by then.
    moments = rows(
        sql,
        f"""select l.id, min(t) filter (type = 'deal_won'), min(t) filter (type = 'meeting_scheduled'), min(t) filter (type = 'form'), l.created_at::timestamp
            from leads l left join events e on e.id = l.id and t <= timestamp '{first}' group by l.id, l.created_at having l.created_at::timestamp <= timestamp '{first}'""",
    )
    for key, *times in moments:
        for place, (label, at) in enumerate(zip(("customer", "met", "asked", "lead"), times, strict=True)):
            if at is not None and all(further is None or at < further for further in times[:place]):
                became[key, label] = at.strftime("%Y-%m")
    shown = by(found["became_month"], "period")
    for label in ("customer", "met", "asked", "lead"):
        months = [month for (_, one), month in became.items() if one == label]
        assert {m: row[f"became_{label}"] for m, row in shown.items() if row[f"became_{label}"]} == {
            m: months.count(m) for m in set(months)
        }, label


# -- routing --------------------------------------------------------------------------------------------------------


def test_response_of_reps(found: Tables, sql: Sql) -> None:
    given = rows(
        sql,
        """with owners as (select id, owner, run, lag(owner) over (partition by id order by run) as was from runs),
           changed as (select *, coalesce(lead(run) over (partition by id order by run), timestamp '2026-03-31') as until
                       from owners where owner is distinct from was),
           mine as (select c.*, (select min(w.t) from work w where w.id = c.id and w.t >= c.run and w.t <= c.until) as answered,
                    (select max(a.due::timestamptz::timestamp) from acts a where a.key = c.id and a.run = c.run and a.kind = 'assign') as due from changed c)
           select owner, epoch(answered - run) / 3600, due, answered from mine where owner is not null and owner not like 'queue:%'""",
    )
    shown = by(found["response"], "owner")
    assert set(shown) == {owner for owner, *_ in given} == {"sato", "lee"}
    for owner, row in shown.items():
        own = [(hours, due, answered) for one, hours, due, answered in given if one == owner]
        hours = [h for h, _, _ in own if h is not None]
        assert (row["assigned"], row["answered"], row["n"]) == (len(own), len(hours), len(given))
        assert row["hours_median"] == pytest.approx(median(hours), abs=1e-6)
        judged = [(d, a) for _, d, a in own if d is not None]
        assert row["judged"] == len(judged) > 5
        assert row["in_time"] == sum(a is not None and a <= d for d, a in judged)


def test_queues(found: Tables, sql: Sql) -> None:
    waiting = rows(
        sql,
        """with owners as (select id, owner, run, lag(owner) over (partition by id order by run) as was from runs),
           last as (select id, arg_max(owner, run) as owner, max(run) filter (owner is distinct from was) as since from owners group by 1)
           select epoch(timestamp '2026-03-31' - since) / 86400 from last where owner = 'queue:nurture'""",
    )
    days = [d for (d,) in waiting]
    row = by(found["queues"], "queue")["nurture"]
    assert (row["leads"], row["days_n"]) == (len(days), len(days))
    assert (row["days_median"], row["days_most"]) == (
        pytest.approx(median(days), abs=1e-5),
        pytest.approx(max(days), abs=1e-5),
    )


# -- money ----------------------------------------------------------------------------------------------------------


def test_return_by_sequence_and_source(found: Tables, sql: Sql) -> None:
    sql.execute("""create or replace temp table per_lead as select id, source, if(source = 'Ads', 30, 2) as cost,
        (select count(*) from work w where w.id = l.id) as activities,
        (select coalesce(sum(if(channel = 'email', 3, 6)), 0) / 60 from work w where w.id = l.id) as hours,
        (select count(*) from events e where e.id = l.id and type = 'deal_won') as deals,
        (select coalesce(sum(amount), 0) from events e where e.id = l.id and type = 'deal_won') as won from leads l""")
    groups = {
        "source": "select source as name, * from per_lead",
        "sequence": "select distinct sequence as name, p.* from per_lead p join enrolments using (id)",
    }
    for name, members in groups.items():
        shown = by(found[f"returns_by_{name}"], name)
        sums = rows(
            sql,
            f"select name, count(*), sum(cost), sum(activities), sum(hours), sum(deals), sum(won) from ({members}) group by 1",
        )
        assert set(shown) == {group for group, *_ in sums}
        for group, leads, cost, activities, hours, deals, won in sums:
            row, invested = shown[group], cost + hours * 60
            assert (row["leads"], row["activities"], row["deals"], row["won"], row["cost"]) == (
                leads,
                activities,
                deals,
                won,
                cost,
            )
            assert row["roi"] == pytest.approx((won - invested) / invested, abs=1e-5)
            assert row["per_hour"] == pytest.approx(won / hours, abs=1e-5)
            assert row["cost_per_lead"] == pytest.approx(cost / leads, abs=1e-5)


def test_sales_cycle(found: Tables, sql: Sql) -> None:
    for group, column in (("source", "source"), ("list", "list"), ("campaign", "campaign")):
        spans = rows(
            sql,
            f"select {column}, epoch(min(t) - created_at::timestamp) / 86400 from leads join events using (id) where type = 'deal_won' and {column} is not null group by id, created_at, {column}",
        )
        shown = {r["group"]: r for r in found["sales_cycle"] if r["by"] == group}
        assert set(shown) == {name for name, _ in spans}
        for name, row in shown.items():
            days = [d for one, d in spans if one == name]
            assert (row["won_leads"], row["days_median"]) == (len(days), pytest.approx(median(days), abs=1e-5))


def test_losses(found: Tables, sql: Sql) -> None:
    lost = rows(
        sql,
        f"""select coalesce(reason, '(no reason given)'),
                exists (select 1 from ({MOMENTS["contact"]} union all {MOMENTS["meeting"]} union all {MOMENTS["won"]}) m where m.id = l.id and m.t > l.t),
                exists (select 1 from ({MOMENTS["won"]}) m where m.id = l.id and m.t > l.t), strftime(t, '%Y-%m'),
                (select max(step) from (select 0 as step union all select 1 from ({MOMENTS["connect"]} union all select id, t from events where type = 'email_replied') c where c.id = l.id and c.t <= l.t
                     union all select 2 from ({MOMENTS["meeting"]}) c where c.id = l.id and c.t <= l.t union all select 3 from ({MOMENTS["won"]}) c where c.id = l.id and c.t <= l.t))
            from (select id, min(t) as t, arg_min(coalesce(reason, ''), t) as said, any_value(reason) as reason from events where type = 'deal_lost' group by 1) l""",
    )
    assert len(lost) > 10
    for column, name in ((0, "loss_reasons"), (3, "losses_month")):
        shown = {
            row["reason" if column == 0 else "month"]: (row["lost"], row["came_back"], row["won_back"])
            for row in found[name]
        }
        expected = {
            one: (
                sum(r[column] == one for r in lost),
                sum(r[1] for r in lost if r[column] == one),
                sum(r[2] for r in lost if r[column] == one),
            )
            for one in {r[column] for r in lost}
        }
        assert {one: counts for one, counts in shown.items() if counts[0]} == expected
    steps = [row["lost"] for row in found["losses_by_step"]]
    assert steps == [sum(r[4] == step for r in lost) for step in sorted({r[4] for r in lost})]


def test_the_goal_beside_the_data(found: Tables, sql: Sql) -> None:
    rates = {(r["stage"], r["of"]): (r["hits"], r["n"]) for r in found["goal_deals_rates"]}
    window = "t > timestamp '2025-12-31' and t <= timestamp '2026-03-31'"
    counts = dict(rows(sql, f"select channel, count(*) from work where {window} group by 1"))
    # `meeting` and `won` are steps of the funnel: the first of each lead.
    first = "(select id, min(t) as t from events where type = '{}' group by 1)"
    (meetings,), (won,) = (
        rows(sql, f"select count(*) from {first.format(kind)} where {window}")[0]
        for kind in ("meeting_scheduled", "deal_won")
    )
    assert rates["won", "meeting"] == (won, meetings)
    last = rows(
        sql,
        f"select (select arg_max(channel, t) from work w where w.id = e.id and w.t <= e.t) from {first.format('meeting_scheduled')} e where {window}",
    )
    for channel in ("call", "email"):
        assert rates["meeting", channel] == (sum(one == channel for (one,) in last), counts[channel])


def test_drift_since_an_earlier_run(found: Tables, sql: Sql) -> None:
    runs = [run for (run,) in rows(sql, "select distinct run from runs order by 1")]
    shown = {
        r["name"]: (r["before"], r["before_of"], r["now"], r["now_of"])
        for r in found["drift_labels"]
        if r["of"] == "life"
    }
    then = dict(rows(sql, f"select life, count(*) from runs where run = timestamp '{runs[5]}' group by 1"))
    now = dict(
        rows(
            sql,
            """select case when t like '%deal_won%' then 'customer' when t like '%meeting%' then 'met' when t like '%form%' then 'asked' else 'lead' end, count(*)
               from (select l.id, coalesce(string_agg(type), '') as t from leads l left join events using (id) group by 1) group by 1""",
        )
    )
    assert shown == {life: (then.get(life, 0), sum(then.values()), n, sum(now.values())) for life, n in now.items()}
    for row in found["drift_labels"]:
        assert row["before_share"] == pytest.approx(row["before"] / row["before_of"], abs=1e-6)
    # A report decides nothing: what only runs decide has no share now, and is not said to have gone.
    assert {r["of"] for r in found["drift_labels"]} == {"life", "segments"}


def test_the_runs_are_more_than_one(sql: Sql) -> None:
    times: Iterable[Any] = [run for (run,) in rows(sql, "select distinct run from runs order by 1")]
    assert all((b - a).days == 3 for a, b in pairwise(times))
