"""The parts of a report that look into a state, against SQL over what the runs wrote and the exports (tests/report_sql.py)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from itertools import groupby, pairwise
from statistics import median
from typing import Any

import pytest
from tests.measured import by
from tests.report_sql import OUTCOMES, Company, acme, small_company
from tests.sql_values import near, pick, quartiles

COMPANIES = {"small": small_company, "acme": acme}


@pytest.fixture(scope="module", params=COMPANIES)
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Each company in turn."""
    return COMPANIES[request.param](tmp_path_factory.mktemp(request.param))


# -- sequences ------------------------------------------------------------------------------------------------------


def known_outcomes(company: Company) -> list[str]:
    return [one for one in OUTCOMES if company.one(f"select count(*) from m_{one}")[0]]


def test_rates_of_sequences(company: Company) -> None:
    shown = by(company.found["sequences"], "sequence")
    counted = company.rows(
        "select sequence, count(*), count(distinct id), count(*) filter (ended is null) from enrolments group by 1"
    )
    assert {s: pick(row, "enrolled leads still_in") for s, row in shown.items()} == {s: tuple(r) for s, *r in counted}
    assert shown[company.sequence]["enrolled"] > 30
    assert len(known_outcomes(company)) > 4
    for name in known_outcomes(company):
        hits = company.rows(
            f"""select sequence, count(*), count(*) filter (exists (select 1 from m_{name} m where m.id = n.id and m.t between began and until))
                from enrolments n group by 1"""
        )
        for sequence, enrolled, hit in hits:
            assert shown[sequence][name] == hit, (name, sequence)
            assert shown[sequence][f"{name}_rate"] == near(hit / enrolled)
    inside = "join work w on w.id = n.id and t between began and coalesce(ended, until)"
    touches = dict(company.rows(f"select sequence, count(*) from enrolments n {inside} group by 1"))
    assert {s: row["touches"] for s, row in shown.items()} == touches
    assert all(row["touches_per_enrolment"] == near(touches[s] / row["enrolled"]) for s, row in shown.items())


def test_channels_used(company: Company) -> None:
    counted = company.rows(
        """select sequence, channel, count(*), count(distinct n) from enrolments n join work w on w.id = n.id
           and t between began and coalesce(ended, until) group by 1, 2"""
    )
    sizes = dict(company.rows("select sequence, count(*) from enrolments group by 1"))
    shown = {(r["sequence"], r["channel"]): r for r in company.found["sequence_channels"]}
    assert {k: pick(r, "touches enrolments n") for k, r in shown.items()} == {
        (s, c): (touches, enrolments, sizes[s]) for s, c, touches, enrolments in counted
    }
    assert all(r["share"] == near(r["enrolments"] / r["n"]) for r in shown.values())


def test_benchmarks(company: Company) -> None:
    own = by(company.found["sequences"], "sequence")[company.sequence]
    actual = {"coverage": own["done"] / own["due"], "touches": own["touches"] / own["enrolled"]}
    actual |= {name: own[name] / own["enrolled"] for name in known_outcomes(company)}
    marks = {
        "small": {"contact": 0.5, "touches": 3},
        "acme": {"contact": 0.12, "meeting": 0.04, "coverage": 0.9, "touches": 5},
    }
    shown = [*company.found["benchmarks"], *company.found["benchmark_touches"]]
    assert {row["figure"]: row["benchmark"] for row in shown} == marks[company.name]
    for row in shown:
        assert row["difference"] == near(actual[row["figure"]] - row["benchmark"])
        assert row["is_below"] == (actual[row["figure"]] < row["benchmark"])


STEPS = """select regexp_extract(rule, '^sequence\\.(.+)\\.(\\d+)$', 1) as sequence, regexp_extract(rule, '^sequence\\.(.+)\\.(\\d+)$', 2)::int as step,
           key as id, run, {} from {} where regexp_matches(rule, '^sequence\\..+\\.\\d+$')"""


@pytest.fixture(scope="module")
def steps(company: Company) -> Company:
    """With the tables due (the steps that went out, numbered by channel) and touches (the activities, numbered likewise)."""
    company.sql.execute(f"""
        create or replace temp table due as
            select s.*, n.n, row_number() over (partition by n.n, s.channel order by step) as place
            from ({STEPS.format("kind as channel", "acts")}) s join enrolments n on n.id = s.id and n.sequence = s.sequence
                and s.run >= n.began and s.run <= coalesce(n.ended, n.until);
        create or replace temp table touches as
            select n.n, channel, t, row_number() over (partition by n.n, channel order by t) as place
            from enrolments n join work w on w.id = n.id and t between began and coalesce(ended, until)""")
    return company


def test_coverage_is_of_the_steps_that_runs_sent_out(steps: Company) -> None:
    counted = steps.rows(
        "select sequence, step, count(*), count(t.n) from due d left join touches t using (n, channel, place) group by 1, 2"
    )
    shown = {(row["sequence"], row["step"]): row for row in steps.found["sequence_steps"]}
    assert {key: pick(row, "due done") for key, row in shown.items() if row["due"]} == {
        (s, n): (d, k) for s, n, d, k in counted
    }
    assert all(row["coverage"] == near(row["done"] / row["due"]) for row in shown.values() if row["due"])
    withheld = steps.rows(
        f"""select sequence, step, count(*) filter (reason = 'skipped'), count(*) filter (reason = 'suppressed'),
               count(*) filter (reason not in ('skipped', 'suppressed')) from ({STEPS.format("reason", "held")})
            where reason <> 'held for tomorrow' group by 1, 2"""
    )
    names = "skipped suppressed withheld"
    assert {k: pick(r, names) for k, r in shown.items() if any(pick(r, names))} == {
        (s, n): tuple(rest) for s, n, *rest in withheld
    }
    assert sum(row["skipped"] for row in shown.values()) > 3
    assert sum(row["suppressed"] for row in shown.values()) > 3
    total = by(steps.found["sequences"], "sequence")[steps.sequence]
    assert pick(total, "due done") == tuple(sum(r[i] for r in counted if r[0] == steps.sequence) for i in (2, 3))


def test_what_came_after_each_step(steps: Company) -> None:
    shown = {(row["sequence"], row["step"]): row for row in steps.found["sequence_steps"]}
    for outcome in known_outcomes(steps):
        # The last touch before the first outcome of an enrolment; it is a step's if it is the one taken for it.
        found = steps.rows(
            f"""with hits as (select n.n, min(m.t) as hit from enrolments n join m_{outcome} m on m.id = n.id and m.t between began and until group by 1),
                   last as (select t.n, arg_max(channel, (t, place)) as channel, arg_max(place, (t, place)) as place from touches t join hits using (n) where t <= hit group by 1)
                select sequence, step, count(*) from due join last using (n, channel, place) group by 1, 2"""
        )
        assert {k: row[outcome] for k, row in shown.items() if row[outcome]} == {(s, n): c for s, n, c in found}
    assert all(row["contact_rate"] == near(row["contact"] / row["done"]) for row in shown.values() if row["done"])


def test_conversions_by_touch(company: Company) -> None:
    late = {(r["outcome"], r["sequence"]): (r["late"], r["n"]) for r in company.found["after_fifth_touch"]}
    shown: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in company.found["touches"]:
        shown[row["outcome"], row["sequence"]].append(row)
    # How many touches each lead, and each enrolment, had at all.
    had = company.rows("select '(all leads)', (select count(*) from work w where w.id = l.id) from leads l")
    had += company.rows(
        "select sequence, (select count(*) from work w where w.id = n.id and t between began and until) from enrolments n"
    )
    outcomes = known_outcomes(company)
    for outcome in outcomes:
        queries = {
            "(all leads)": f"""select '(all leads)', (select count(*) from work w where w.id = m.id and w.t <= m.first)
                               from (select id, min(t) as first from m_{outcome} group by 1) m""",
            "": f"""select sequence, (select count(*) from work w where w.id = h.id and w.t between began and hit)
                    from (select n.n, n.id, sequence, began, min(m.t) as hit from enrolments n join m_{outcome} m on m.id = n.id
                          and m.t between began and until group by all) h""",
        }
        counts = [(s, min(n, 15)) for query in queries.values() for s, n in company.rows(query)]
        for sequence in {s for s, _ in counts}:
            own = Counter(n for s, n in counts if s == sequence)
            rows = shown[outcome, sequence]
            assert {r["touch"]: r["conversions"] for r in rows} == own, (outcome, sequence)
            assert late[outcome, sequence] == (sum(c for n, c in own.items() if n > 5), own.total())
            for row in rows:
                touched = sum(one == sequence and n >= row["touch"] for one, n in had)
                assert (row["touched"], row["rate"]) == (touched, near(own[row["touch"]] / touched))
                assert row["share"] == near(own[row["touch"]] / own.total())
                assert row["so_far"] == near(sum(c for n, c in own.items() if n <= row["touch"]) / own.total())
    for row in company.found["touches_all"]:
        touch = int(row["touch"].rstrip("+"))
        for outcome in outcomes:
            known = {r["touch"]: r["conversions"] for r in shown[outcome, "(all leads)"]}
            assert row[outcome] == known.get(touch, 0)


def test_the_funnel_by_sequence(company: Company) -> None:
    name, moments = company.funnel
    reached = " union all ".join(f"select {i} as step, id from ({query})" for i, query in enumerate(moments))
    counted = company.rows(
        f"""select sequence, step, count(distinct id) from ({reached}) join (select distinct id, sequence from enrolments) using (id)
            group by 1, 2"""
    )
    shown = by(company.found[f"funnel_{name}_by_sequences"], "sequences")
    assert {
        (s, i): row[f"reached_{i}"] for s, row in shown.items() for i in range(len(moments)) if row[f"reached_{i}"]
    } == {(s, i): n for s, i, n in counted}


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


@pytest.fixture(scope="module")
def spells(company: Company) -> list[tuple[str, str | None, float, bool]]:
    """Each stay of each lead in a stage: stage, the next one, days, whether it is over."""
    return company.rows(
        f"""with changes as (select id, life, run from (select *, lag(life) over (partition by id order by run) as was from runs) where life is distinct from was),
           ends as (select *, lead(run) over (partition by id order by run) as ended, lead(life) over (partition by id order by run) as next from changes)
           select life, next, epoch(coalesce(ended, timestamp '{company.as_of}') - run) / 86400, ended is not null from ends"""
    )


def test_time_in_stages(company: Company, spells: list[tuple[str, str | None, float, bool]]) -> None:
    table = by(company.found[f"stages_{company.stages}"], "stage")
    assert set(table) == set(company.labels)
    for stage, row in table.items():
        own = [(days, left) for life, _, days, left in spells if life == stage]
        left = sum(gone for _, gone in own)
        assert pick(row, "entered left still_in") == (len(own), left, len(own) - left)
        assert row["left_share"] == near(left / len(own))
        still = [days for days, gone in own if not gone]
        assert row["open_median"] == (near(median(still)) if still else None)
        curve = kaplan_meier(own)
        for column, share in (("q1", 0.75), ("median", 0.5), ("q3", 0.25)):
            expected = min((days for days, s in curve.items() if s <= share + 1e-12), default=None)
            assert row[column] == (None if expected is None else near(expected)), (stage, column)
        for drawn in (r for r in company.found[f"survival_{company.stages}"] if r["stage"] == stage):
            assert drawn["at_risk"] == sum(days >= drawn["day"] for days, _ in own)
            assert drawn["share"] == near(min((s for d, s in curve.items() if d <= drawn["day"]), default=1.0))


def test_transitions(company: Company, spells: list[tuple[str, str | None, float, bool]]) -> None:
    entered = Counter(life for life, *_ in spells)
    lengths: dict[tuple[str, str | None], list[float]] = defaultdict(list)
    for life, following, days, left in spells:
        if left:
            lengths[life, following].append(days)
    shown = {(r["stage"], r["next"]): r for r in company.found[f"transitions_{company.stages}"]}
    assert set(shown) == set(lengths)
    for (life, following), row in shown.items():
        own = lengths[life, following]
        assert pick(row, "moves entered") == (len(own), entered[life])
        assert row["share"] == near(len(own) / entered[life])
        assert row["median"] == near(median(own))


def test_ways(company: Company) -> None:
    changes = [
        (key, [(life, run) for _, life, run in rows])
        for key, rows in groupby(company.rows("select id, life, run from runs order by id, run"), lambda row: row[0])
    ]
    ways = {key: [next(rows) for _, rows in groupby(lives, lambda row: row[0])] for key, lives in changes}
    said = Counter(" > ".join(life for life, _ in way) for way in ways.values())
    assert {row["way"]: row["leads"] for row in company.found["ways"]} == said
    assert all(row["share"] == near(said[row["way"]] / said.total()) for row in company.found["ways"])
    each = {row["lead"][:15]: row for row in company.found["lead_history"]}
    for key, way in ways.items():
        lives, since = [life for life, _ in way], way[-1][1]
        assert pick(each[key], "first between latest statuses") == (
            lives[0],
            " > ".join(lives[1:-1]),
            lives[-1],
            len(lives),
        )
        assert datetime.fromisoformat(each[key]["since"]).replace(tzinfo=None) == since
    worked = dict(company.rows("select id, count(distinct strftime(t, '%Y-%m')) from work group by 1"))
    assert all(row["months_worked"] == worked.get(key, 0) for key, row in each.items())
    met = dict(company.rows("select id, min(t) from m_meeting group by 1"))
    for key, row in each.items():
        first = row["first_appointment"]
        assert (None if first is None else datetime.fromisoformat(first).replace(tzinfo=None)) == met.get(key)


def test_types_by_when_leads_became_them(company: Company) -> None:
    became: dict[tuple[str, str], str] = {}
    (first,) = company.one("select min(run) from runs")
    before: dict[str, str] = {}
    for key, life, run in company.rows("select id, life, run from runs order by run"):
        if run > first and before.get(key) != life:
            became.setdefault((key, life), f"{run:%Y-%m}")
        before[key] = life
    # What the first run found was so before it: by the events, unless the lead was further by then.
    further: dict[str, datetime] = {}
    for label, query in company.labels.items():
        for key, at in company.rows(f"select id, t from ({query}) where t <= timestamp '{first}'"):
            if key not in further or at < further[key]:
                became[key, label] = f"{at:%Y-%m}"
                further[key] = at
    shown = by(company.found["became_month"], "period")
    for label in company.labels:
        months = Counter(month for (_, one), month in became.items() if one == label)
        assert {m: row[f"became_{label}"] for m, row in shown.items() if row[f"became_{label}"]} == months, label


# -- routing --------------------------------------------------------------------------------------------------------

# A lead has the owner that it came with since it was created; what differs from it in a run was decided there.
OWNERS = "select r.id, r.owner, run, coalesce(lag(r.owner) over (partition by id order by run), if(run = first, l.owner, null)) as was from (select *, min(run) over (partition by id) as first from runs) r join leads l using (id)"


def test_response_of_reps(company: Company) -> None:
    given = company.rows(
        f"""with owners as ({OWNERS}),
           every as (select id, owner, run from owners where owner is distinct from was
                     union all select id, owner, created from leads where owner is not null),
           changed as (select *, coalesce(lead(run) over (partition by id order by run), timestamp '{company.as_of}') as until from every),
           mine as (select c.*, (select min(w.t) from work w where w.id = c.id and w.t >= c.run and w.t <= c.until) as answered,
                    (select max(left(a.due, 19)::timestamp) from acts a where a.key = c.id and a.run = c.run and a.kind = 'assign') as due from changed c)
           select owner, epoch(answered - run) / 3600, due, answered from mine where owner is not null and owner not like 'queue:%'"""
    )
    shown = by(company.found["response"], "owner")
    assert set(shown) == {owner for owner, *_ in given}
    assert len(shown) >= 2
    for owner, row in shown.items():
        own = [(hours, due, answered) for one, hours, due, answered in given if one == owner]
        hours = [h for h, _, _ in own if h is not None]
        assert pick(row, "assigned answered n hours_n") == (len(own), len(hours), len(given), len(hours))
        assert (row["share"], row["answered_share"]) == (near(len(own) / len(given)), near(len(hours) / len(own)))
        assert pick(row, "hours_q1 hours_median hours_q3") == quartiles(hours)
        as_of = datetime.fromisoformat(company.as_of)
        judged = [(d, a) for _, d, a in own if d is not None and (a is not None or d < as_of)]
        assert row["judged"] == len(judged)
        assert row["in_time"] == sum(a is not None and a <= d for d, a in judged)
    assert sum(row["judged"] for row in shown.values()) > 10


def test_queues(company: Company) -> None:
    # Who changed hands waits since then, who never did since it came in; who came after the last run too.
    waiting = company.rows(
        f"""with owners as ({OWNERS}),
           last as (select id, arg_max(owner, run) as owner, max(run) filter (owner is distinct from was) as since from owners group by 1)
           select coalesce(if(o.id is null, l.owner, o.owner), '(no owner)'), epoch(timestamp '{company.as_of}' - coalesce(since, created)) / 86400
           from leads l left join last o using (id)"""
    )
    shown = by(company.found["queues"], "queue")
    queues = {
        owner.removeprefix("queue:") for owner, _ in waiting if owner == "(no owner)" or owner.startswith("queue:")
    }
    assert set(shown) == queues
    for queue, row in shown.items():
        days = [d for owner, d in waiting if owner.removeprefix("queue:") == queue]
        assert pick(row, "leads days_n") == (len(days), len(days))
        assert pick(row, "days_q1 days_median days_q3") == quartiles(days)
        assert row["days_most"] == near(max(days))


# -- money ----------------------------------------------------------------------------------------------------------

RATES = {"small": 60, "acme": 45}


def test_return_by_sequence_and_fields(company: Company) -> None:
    groups = {**company.groups, "sequence": "select distinct id, sequence as name from enrolments"}
    for name, members in groups.items():
        shown = by(company.found[f"returns_by_{name}"], name)
        sums = company.rows(
            f"""select name, count(*), sum(activities), sum(deals), sum(won), sum(uncosted), sum(cost), sum(hours)
                from ({members}) join per_lead using (id) group by 1"""
        )
        assert set(shown) == {group for group, *_ in sums}
        for group, *counts, cost, hours in sums:
            row, invested = shown[group], cost + hours * RATES[company.name]
            leads, activities, deals, won, _ = counts
            assert pick(row, "leads activities deals won uncosted") == tuple(counts), (name, group)
            assert (row["cost"], row["hours"], row["invested"]) == (near(cost), near(hours), near(invested))
            assert row["roi"] == near((won - invested) / invested if invested else None)
            assert row["per_hour"] == near(won / hours if hours else None)
            assert row["per_activity"] == near(won / activities if activities else None)
            assert row["cost_per_lead"] == near(cost / leads)
            assert row["cost_per_sale"] == near(invested / deals if deals else None)
            assert row["deal_size"] == near(won / deals if deals else None)


def test_sales_cycle(company: Company) -> None:
    groups = {
        **company.groups,
        "sequence": "select distinct id, sequence as name from enrolments",
        "segment": "select id, segment as name from segments",
        "all": "select id, '(all leads)' as name from leads",
    }
    spans = (
        "select id, epoch(min(d.t) - any_value(created)) / 86400 as days from leads join m_won d using (id) group by 1"
    )
    for group, members in groups.items():
        found: dict[str, list[float]] = defaultdict(list)
        for name, days in company.rows(
            f"select name, days from ({members}) join ({spans}) using (id) where name is not null"
        ):
            found[name].append(days)
        shown = {r["group"]: r for r in company.found["sales_cycle"] if r["by"] == group}
        assert set(shown) >= set(found) or group == "segment"
        # Who is in these depends on the band that the last run left.
        for name in (set(found) & set(shown)) - {"cooling", "sales_ready"}:
            timed = [d for d in found[name] if d >= 0]
            assert pick(shown[name], "won_leads days_n") == (len(found[name]), len(timed)), (group, name)
            assert pick(shown[name], "days_q1 days_median days_q3") == quartiles(timed)


def test_losses(company: Company) -> None:
    title, moments = company.funnel
    reached = " union all ".join(f"select {i} as step, id, t from ({query})" for i, query in enumerate(moments))
    lost = company.rows(
        f"""with first as (select id, min(t) as t from events where type = 'deal_lost' group by 1),
           said as (select f.id, f.t, max(e.reason) as reason from first f join events e on e.id = f.id and e.t = f.t and e.type = 'deal_lost' group by all),
           signs as (select id, t from m_contact union all select * from m_meeting union all select * from m_opportunity union all select * from m_won),
           steps as (select step, id, min(t) as t from ({reached}) group by 1, 2),
           came as (select id, max(t) as last from signs group by 1), deals as (select id, max(t) as last from m_won group by 1)
           select coalesce(reason, '(no reason given)'), coalesce(c.last > l.t, false), coalesce(d.last > l.t, false), strftime(l.t, '%Y-%m'),
                  (select max(step) from steps s where s.id = l.id and s.t <= l.t)
           from said l left join came c using (id) left join deals d using (id)"""
    )
    assert len(lost) > 10
    for column, table, name in ((0, "loss_reasons", "reason"), (3, "losses_month", "month")):
        expected = {
            one: tuple(sum(r[i] for r in lost if r[column] == one) for i in (1, 2)) for one in {r[column] for r in lost}
        }
        counts = Counter(r[column] for r in lost)
        shown = {row[name]: row for row in company.found[table] if row["lost"]}
        assert {one: row["lost"] for one, row in shown.items()} == counts
        assert {one: pick(row, "came_back won_back") for one, row in shown.items()} == expected
        assert all(row["came_back_share"] == near(row["came_back"] / row["lost"]) for row in shown.values())
    deals = dict(company.rows("select strftime(t, '%Y-%m'), count(*) from m_won group by 1"))
    for row in company.found["losses_month"]:
        won, gone = deals.get(row["month"], 0), sum(r[3] == row["month"] for r in lost)
        assert pick(row, "deals decided") == (won, won + gone)
        assert row["win_rate"] == near(won / (won + gone))
    ever = dict(company.rows(f"select step, count(distinct id) from ({reached}) group by 1"))
    places = Counter(r[4] for r in lost)
    steps = [(row["reached"], row["lost"]) for row in company.found["losses_by_step"]]
    assert steps == [(ever.get(step, 0), places[step]) for step in sorted(places)], title


# -- goals and drift ------------------------------------------------------------------------------------------------


def test_a_goal_beside_the_data(company: Company) -> None:
    name, stage, channels, deals, below = {
        "small": ("deals", "meeting", ("call", "email"), "won", "meeting"),
        "acme": ("appointments", "contact", ("call", "linkedin"), "meeting", "contact"),
    }[company.name]
    rates = {(r["stage"], r["of"]): (r["hits"], r["n"]) for r in company.found[f"goal_{name}_rates"]}
    window = f"t > timestamp '{company.as_of}' - interval 3 months"
    # In the small company `meeting` and `won` are steps of the funnel: the first of each lead.
    once = "select id, min(t) as t from m_{} group by 1" if company.name == "small" else "select id, t from m_{}"
    hits, base = (company.one(f"select count(*) from ({once.format(one)}) where {window}")[0] for one in (deals, below))
    assert rates[deals, below] == (hits, base)
    last = Counter(
        channel
        for (channel,) in company.rows(
            f"select (select arg_max(channel, t) from work w where w.id = e.id and w.t <= e.t and {window} and channel in {channels}) from ({once.format(stage)}) e where {window}"
        )
    )
    made = dict(company.rows(f"select channel, count(*) from work where {window} group by 1"))
    for channel in channels:
        assert rates[stage, channel] == (last[channel], made[channel])


def test_drift_since_an_earlier_run(company: Company) -> None:
    then, now = (
        company.rows("select distinct run from runs order by 1")[5 if company.name == "small" else 2][0],
        company.rows("select max(run) from runs")[0][0],
    )
    shown = {r["name"]: r for r in company.found["drift_labels"] if r["of"] == company.stages}
    before = dict(company.rows(f"select life, count(*) from runs where run = timestamp '{then}' group by 1"))
    assert {life: row["before"] for life, row in shown.items()} == {life: before.get(life, 0) for life in shown}
    assert {row["before_of"] for row in shown.values()} == {sum(before.values())}
    (total,) = company.one("select count(*) from leads")
    assert {row["now_of"] for row in shown.values()} == {total}
    assert sum(row["now"] for row in shown.values()) == total
    for row in company.found["drift_labels"]:
        assert row["before_share"] == near(row["before"] / row["before_of"])
        assert row["now_share"] == near(row["now"] / row["now_of"])
    # A report decides nothing: what only runs decide has no share now, and is not said to have gone.
    wanted = {
        "small": {"life", "segments"},
        "acme": {"lifecycle", "segments", "disqualification", "fit_grade", "temperature", "priority"},
    }
    assert {r["of"] for r in company.found["drift_labels"]} == wanted[company.name]
    assert now > then


def test_drift_of_rules_since_an_earlier_run(company: Company) -> None:
    if company.name == "small":
        assert "drift_rules" not in company.found  # it has no score
        return
    (then,) = company.rows("select distinct run from runs order by 1")[2]
    fired = "select split_part(unnest(string_split(reasons, '; ')), ' ', 1) as rule from {}"
    before = dict(
        company.rows(f"select rule, count(*) from ({fired.format('runs')} where run = timestamp '{then}') group by 1")
    )
    now = dict(company.rows(f"select rule, count(*) from ({fired.format('kept')}) group by 1"))
    # A reason of no points is not written: so only lines with constant points.
    for row in company.found["drift_rules"]:
        if not row["name"].startswith(("intent.", "fit.size")):
            assert pick(row, "before now") == (before.get(row["name"], 0), now.get(row["name"], 0)), row["name"]
    assert len(company.found["drift_rules"]) == 25


def test_the_runs_are_more_than_one(company: Company) -> None:
    times = [run for (run,) in company.rows("select distinct run from runs order by 1")]
    assert {(b - a).days for a, b in pairwise(times)} == {3 if company.name == "small" else 7}
    assert len(times) > 5
