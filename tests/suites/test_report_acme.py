"""Every table of the example company's report without a state, against SQL over the same files: DuckDB reads the exports by
itself. What needs a state is held against SQL in test_report_runs.py; the last test knows where each table is compared.

Which leads there are is taken from the kept decisions, which have an oracle of their own (acme_oracle.py); everything that
is counted of them is counted here a second time.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from tests.acme_weeks import ACME, AS_OF
from tests.measured import Tables, by, tables
from tests.report_sql import ACME_FUNNEL, ACME_LABELS, ACME_PARTS, Company, acme_exports, common
from tests.sql_values import near, pick, quartiles
from tests.suites.running import leadrules, rows

STEPS = ("lead", "asked", "talk", "trial", "won")
PERIODS = {
    "month": "strftime({}, '%Y-%m')",
    "quarter": "strftime({0}, '%Y') || '-Q' || quarter({0})",
    "fiscal_year": "'FY' || year({} - interval 3 months)",
}
OVER = {"2026-10", "2026-Q4", "FY2026"}  # the periods that are still under way


@pytest.fixture(scope="module")
def then(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An older export: the leads created before August."""
    path = tmp_path_factory.mktemp("then") / "july.csv"
    with (
        (ACME / "leads.csv").open(encoding="utf-8", newline="") as source,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        head, *leads = list(csv.reader(source))
        csv.writer(file).writerows([head, *(row for row in leads if row[1] < "2026-08-01")])
    return path


@pytest.fixture(scope="module")
def found(then: Path) -> Tables:
    done = leadrules("report", "--project", ACME, "--no-state", "--format", "json", "-q", "--against", then)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["as_of"].startswith("2026-10-30T17:12:03")
    return tables(document)


@pytest.fixture(scope="module")
def company(found: Tables) -> Company:
    """The exports; `moments` has the time of each step of the funnel per lead, `groups` every way in which leads are told apart."""
    sql = acme_exports()
    sql.execute("create table runs (id varchar, run timestamp, sequence varchar, enrolled_at varchar)")
    common(sql, AS_OF, ACME_PARTS)
    firsts = ", ".join(f"(select min(t) from ({q}) m where m.id = l.id) as s{i}" for i, q in enumerate(ACME_FUNNEL))
    sql.execute(f"""
        create table moments as select l.id, {firsts}, (select sum(amount) from events e where e.id = l.id and type = 'deal_won') as worth from leads l;
        create table groups as
            select 'lead_source' as told, source as name, id from leads union all select 'country', country, id from leads
            union all select 'owner', coalesce(owner, '(none)'), id from leads union all select 'temperature', temperature, id from kept
            union all select 'segments', segment, id from segments union all select 'campaigns', campaign, id from members;
    """)
    return Company("acme", found, sql, AS_OF, "", "", ACME_LABELS, ("revenue", ACME_FUNNEL), {})


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The two shares from which `part` of `whole` is just 1.96 standard errors away, by solving for them."""
    z = NormalDist().inv_cdf(0.975)
    low, high = sorted(np.roots([whole + z * z, -(2 * part + z * z), part * part / whole]).real)
    return max(float(low), 0), min(float(high), 1)


def test_the_funnel(company: Company) -> None:
    shown = company.found["funnel_revenue"]
    counts = company.one("select count(s0), count(s1), count(s2), count(s3), count(s4) from moments")
    assert tuple(row["reached"] for row in shown) == counts
    assert counts[4] > 50
    for i, row in enumerate(shown[1:], 1):
        both, above, without, before, first, from_first = company.one(
            f"""select count(*) filter (s{i} is not null and s{i - 1} is not null), count(s{i - 1}),
                count(*) filter (s{i} is not null and s{i - 1} is null), count(*) filter (s{i} < s{i - 1}),
                count(s0), count(*) filter (s{i} is not null and s0 is not null) from moments"""
        )
        assert pick(row, "both above without_above before_above first from_first") == (
            both,
            above,
            without,
            before,
            first,
            from_first,
        )
        assert (row["step_conversion"], row["overall"]) == (near(both / above), near(from_first / first))
        days = [
            d for (d,) in company.rows(f"select epoch(s{i} - s{i - 1}) / 86400 from moments where s{i} >= s{i - 1}")
        ]
        assert row["days_n"] == len(days)
        assert pick(row, "days_q1 days_median days_q3") == quartiles(days)
    assert pick(shown[4], "worth worth_n") == company.one(
        "select sum(worth), count(worth) from moments where s4 is not null"
    )


@pytest.mark.parametrize("group", ["lead_source", "country", "temperature", "owner", "segments", "campaigns"])
def test_the_funnel_by_group(company: Company, group: str) -> None:
    counted = company.rows(
        f"""select name, count(s0), count(s1), count(s2), count(s3), count(s4), count(*) filter (s0 is not null and s4 is not null),
            coalesce(sum(worth) filter (s4 is not null), 0) from groups join moments using (id) where told = '{group}' group by 1"""
    )
    shown = {row[group]: row for row in company.found[f"funnel_revenue_by_{group}"]}
    expected = {name: tuple(counts) for name, *counts in counted}
    assert {
        name: pick(row, "reached_0 reached_1 reached_2 reached_3 reached_4 from_first worth_4")
        for name, row in shown.items()
        if row["reached_0"]
    } == expected
    for row in shown.values():
        if row["reached_0"]:
            low, high = wilson(row["from_first"], row["reached_0"])
            assert (row["overall"], row["low"], row["high"]) == (
                near(row["from_first"] / row["reached_0"]),
                near(low),
                near(high),
            )


@pytest.mark.parametrize("period", PERIODS)
def test_periods_by_event_and_by_cohort(company: Company, period: str) -> None:
    shown = by(company.found[f"periods_revenue_{period}"], "period")
    label = PERIODS[period]
    for i in range(5):
        happened = dict(
            company.rows(f"select {label.format(f's{i}')}, count(*) from moments where s{i} is not null group by 1")
        )
        became = dict(company.rows(f"select {label.format('s0')}, count(s{i}) from moments group by 1"))
        assert {m: row[f"event_{i}"] for m, row in shown.items() if row[f"event_{i}"]} == happened
        assert {m: row[f"cohort_{i}"] for m, row in shown.items()} == became
    for name, row in shown.items():
        assert row["event_conversion"] == near(row["event_4"] / row["event_0"])
        assert row["cohort_conversion"] == near(row["cohort_4"] / row["cohort_0"])
        assert row["is_over"] is (name not in OVER)
    # Three months after its end a cohort is judged: July's on 31 October, which is to come.
    ripe = {"month": "2026-06", "quarter": "2026-Q2", "fiscal_year": "FY2025"}[period]
    assert max(name for name, row in shown.items() if row["is_ripe"]) == ripe


def test_cohorts_by_age(company: Company) -> None:
    pooled: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in company.found["cohorts_revenue"]:
        if row["cohort"] != "all":
            n, reached = company.one(
                f"""select count(*), count(*) filter (datediff('month', s0, s4) <= {row["age"]}) from moments
                    where strftime(s0, '%Y-%m') = '{row["cohort"]}'"""
            )
            assert pick(row, "n reached") == (n, reached), row
            pooled[row["age"]] = (pooled[row["age"]][0] + n, pooled[row["age"]][1] + reached)
    assert {r["age"]: pick(r, "n reached") for r in company.found["cohorts_revenue"] if r["cohort"] == "all"} == pooled
    assert all(r["share"] == near(r["reached"] / r["n"]) for r in company.found["cohorts_revenue"])


@pytest.mark.parametrize("period", PERIODS)
def test_opt_in_and_sales_conversion(company: Company, period: str) -> None:
    shown, label = by(company.found[f"inflow_{period}"], "period"), PERIODS[period]
    day = label.format("strptime(period || '-01', '%Y-%m-%d')")
    traffic = f"read_csv('{ACME}/traffic.csv', types = {{'period': 'varchar'}})"
    visits = dict(company.rows(f"select {day}, sum(visitors)::bigint from {traffic} group by 1"))
    created = dict(company.rows(f"select {label.format('created')}, count(*) from leads group by 1"))
    sales = {
        m: (n, won)
        for m, n, won in company.rows(
            f"select {label.format('t')}, count(*), sum(amount) from events where type = 'deal_won' group by 1"
        )
    }
    assert set(shown) == set(created) | set(visits)
    for name, row in shown.items():
        deals, won = sales.get(name, (0, 0))
        assert pick(row, "leads visitors deals won") == (created[name], visits[name], deals, won)
        assert row["opt_in"] == near(created[name] / visits[name])
        assert row["sales_conversion"] == near(deals / created[name])


def test_opt_in_by_source(company: Company) -> None:
    visits = dict(
        company.rows(
            f"select source, sum(visitors)::bigint from read_csv('{ACME}/traffic.csv', types = {{'period': 'varchar'}}) group by 1"
        )
    )
    for row in company.found["opt_in_by_source"]:
        (leads,) = company.one(f"select count(*) from leads where source = '{row['source']}'")
        assert pick(row, "visitors leads") == (visits.pop(row["source"]), leads)
        assert row["opt_in"] == near(leads / row["visitors"])
    assert visits == {}


@pytest.mark.parametrize("period", PERIODS)
def test_leads_by_type(company: Company, period: str) -> None:
    label = PERIODS[period]
    became: dict[str, Counter[str]] = {}
    further: dict[str, Any] = {}
    for name, query in company.labels.items():
        became[name] = Counter()
        for key, at, when in company.rows(
            f"select id, t, {label.format('t')} from ({query}) where t <= timestamp '{AS_OF}'"
        ):
            if key not in further or at < further[key]:
                became[name][when] += 1
                further[key] = at
    shown = by(company.found[f"became_{period}"], "period")
    for name, counts in became.items():
        assert {p: row[f"became_{name}"] for p, row in shown.items() if row[f"became_{name}"]} == counts, name
    now = company.rows(
        f"select {label.format('created')}, lifecycle, count(*) from kept join leads using (id) group by 1, 2"
    )
    types = by(company.found[f"lead_types_{period}"], "period")
    for when, row in types.items():
        own = {name: n for p, name, n in now if p == when}
        assert pick(row, " ".join(f"type_{name}" for name in company.labels)) == tuple(
            own.get(name, 0) for name in company.labels
        )
        assert (row["leads"], row["type_none"]) == (sum(own.values()), 0)
        assert all(row[f"share_{name}"] == near(own.get(name, 0) / row["leads"]) for name in company.labels)


def test_campaigns(company: Company) -> None:
    after = {
        name: f"count(*) filter (exists (select 1 from m_{name} e where e.id = m.id and e.t >= joined))"
        for name in ("contact", "meeting", "opportunity", "won")
    }
    counted = company.rows(
        f"""select campaign, count(*), {", ".join(after.values())},
               (select count(*) from members i join work e using (id) where i.campaign = m.campaign and e.t > joined and e.t <= joined + interval 30 days),
               (select count(distinct id) from members i join work e using (id) where i.campaign = m.campaign and e.t > joined and e.t <= joined + interval 30 days),
               (select count(*) from members i join m_won d using (id) where i.campaign = m.campaign and d.t >= joined),
               (select coalesce(sum(amount), 0) from members i join events d using (id) where type = 'deal_won' and i.campaign = m.campaign and d.t >= joined)
        from members m group by campaign"""
    )
    shown = by(company.found["campaigns"], "campaign")
    assert len(counted) == 8
    names = "leads contact_leads meeting_leads opportunity_leads won_leads activities followed deals won_value"
    assert {c: pick(row, names) for c, row in shown.items() if row["leads"]} == {c: tuple(rest) for c, *rest in counted}
    spent = {c: rest for c, *rest in company.rows("select campaign, name, type, date, cost from spent")}
    assert {c: pick(row, "name type date cost") for c, row in shown.items()} == {
        c: tuple(rest) for c, rest in spent.items()
    }
    # Against all, and against its type; both pooled.
    met: dict[str, tuple[int, int]] = {c: (row["meeting_leads"], row["leads"]) for c, row in shown.items()}

    def pooled(ones: Iterable[str]) -> float:
        return sum(met[c][0] for c in ones) / sum(met[c][1] for c in ones)

    for row in shown.values():
        if not row["leads"]:
            assert row["rate"] is None
            continue
        rate = row["meeting_leads"] / row["leads"]
        alike = [c for c in spent if spent[c][1] == row["type"]]
        assert (row["rate"], row["deviation"]) == (near(rate), near(rate - pooled(met)))
        assert row["deviation_from_type"] == near(rate - pooled(alike))
        assert (row["low"], row["high"]) == tuple(near(end) for end in wilson(row["meeting_leads"], row["leads"]))
        assert (row["followed_share"], row["activities_per_lead"]) == (
            near(row["followed"] / row["leads"]),
            near(row["activities"] / row["leads"]),
        )
    types = by(company.found["campaign_types"], "type")
    for kind, row in types.items():
        alike = [c for c in spent if kind in ("all", spent[c][1])]
        rated = [c for c in alike if met[c][1]]
        assert pick(row, "campaigns leads hits rated") == (
            len(alike),
            sum(met[c][1] for c in alike),
            sum(met[c][0] for c in alike),
            len(rated),
        )
        assert row["cost"] == near(sum(float(spent[c][3]) for c in alike))
        if rated:
            assert row["pooled"] == near(pooled(rated))
            assert row["mean"] == near(sum(met[c][0] / met[c][1] for c in rated) / len(rated))
            assert (row["low"], row["high"]) == tuple(near(end) for end in wilson(row["hits"], row["leads"]))


# -- money ----------------------------------------------------------------------------------------------------------

COLUMNS = "leads activities deals won uncosted"


def check_money(row: dict[str, Any], counts: Sequence[Any], cost: float, hours: float) -> None:
    leads, activities, deals, won, _ = counts
    invested = cost + hours * 45
    assert pick(row, COLUMNS) == tuple(counts)
    assert (row["cost"], row["hours"], row["work"], row["invested"]) == (
        near(cost),
        near(hours),
        near(hours * 45),
        near(invested),
    )
    assert row["roi"] == near((won - invested) / invested if invested else None)
    assert (row["per_activity"], row["per_hour"]) == (
        near(won / activities if activities else None),
        near(won / hours if hours else None),
    )
    assert (row["cost_per_lead"], row["deal_size"]) == (
        near(cost / leads if leads else None),
        near(won / deals if deals else None),
    )
    each = invested / deals if deals else None
    assert row["cost_per_sale"] == near(each)
    average = 5_277_600 / 102
    if each is None:
        verdict = "n/a"
    elif each <= average:
        verdict = "within the average deal"
    else:
        verdict = f"above the average deal{', break-even over' if each <= 120_000 else ' and'} the lifetime value"
    assert row["verdict"] == verdict


SUMS = "count(*), sum(activities)::bigint, sum(deals)::bigint, sum(won), sum(uncosted)::bigint, sum(cost), sum(hours)"


@pytest.mark.parametrize("group", ["lead_source", "country", "temperature", "owner", "segment"])
def test_return_by_group(company: Company, group: str) -> None:
    shown = by(company.found[f"returns_by_{group}"], group)
    name = "segments" if group == "segment" else group
    sums = company.rows(f"select name, {SUMS} from groups join per_lead using (id) where told = '{name}' group by 1")
    assert set(shown) == {one for one, *_ in sums}
    for one, *counts, cost, hours in sums:
        check_money(shown[one], counts, cost, hours)


def test_return_of_all_leads(company: Company) -> None:
    *counts, cost, hours = company.one(f"select {SUMS} from per_lead")
    (fair,) = company.one("select sum(cost) from spent where campaign not in (select campaign from members)")
    check_money(company.found["returns"][0], counts, cost + fair, hours)
    assert fair == 32_000


def test_return_by_campaign(company: Company) -> None:
    inside = "from members i join {} e using (id) where i.campaign = s.campaign"
    minutes = "case channel when 'email' then 2 when 'call' then 6 else 4 end"
    work = f"{inside.format('work')} and e.t > joined and e.t <= joined + interval 30 days"
    deal = f"{inside.format('events')} and type = 'deal_won' and e.t >= joined"
    sums = company.rows(
        f"""select campaign, (select count(*) from members m where m.campaign = s.campaign), (select count(*) {work}), (select count(*) {deal}),
                   (select coalesce(sum(amount), 0) {deal}), 0, cost, (select coalesce(sum({minutes}), 0) / 60 {work}) from spent s"""
    )
    shown = by(company.found["returns_by_campaign"], "campaign")
    assert set(shown) == {campaign for campaign, *_ in sums}
    for campaign, *counts, cost, hours in sums:
        check_money(shown[campaign], counts, cost, hours)


def test_sales_month_over_month(company: Company) -> None:
    sums = company.rows(
        "select strftime(t, '%Y-%m') as m, count(*), sum(amount) from events where type = 'deal_won' group by 1 order by 1"
    )
    assert [pick(row, "month deals won") for row in company.found["sales"]] == sums
    for row, (_, deals, won), before in zip(
        company.found["sales"], sums, [None, *(won for *_, won in sums)], strict=False
    ):
        assert (row["before"], row["deal_size"]) == (near(before), near(won / deals))
        assert row["change"] == near(None if before is None else (won - before) / before)


@pytest.mark.parametrize("by_", ["lead_source", "country", "temperature", "owner", "segment", "campaign"])
def test_sales_cycle(company: Company, by_: str) -> None:
    name = {"segment": "segments", "campaign": "campaigns"}.get(by_, by_)
    spans: dict[str, list[float]] = defaultdict(list)
    query = f"select name, epoch(s4 - s0) / 86400 from groups join moments using (id) where told = '{name}' and s4 is not null"
    for group, days in company.rows(query):
        spans[group].append(days)
    shown = {row["group"]: row for row in company.found["sales_cycle"] if row["by"] == by_}
    assert set(shown) == set(spans)
    for group, days in spans.items():
        timed = [d for d in days if d >= 0]
        assert pick(shown[group], "won_leads days_n") == (len(days), len(timed))
        assert pick(shown[group], "days_q1 days_median days_q3") == quartiles(timed)


# -- ways, work, time -----------------------------------------------------------------------------------------------


def test_ways_by_the_funnel(company: Company) -> None:
    moments = company.rows("select id, s0, s1, s2, s3, s4 from moments")
    ways = {
        key: " > ".join(STEPS[i] for _, i in sorted((at, i) for i, at in enumerate(times) if at is not None))
        for key, *times in moments
    }
    said = Counter(ways.values())
    assert {row["way"]: row["leads"] for row in company.found["ways"]} == said
    assert all(row["share"] == near(row["leads"] / said.total()) for row in company.found["ways"])
    assert {
        row["lead"][:15]: " > ".join(
            filter(None, dict.fromkeys([row["first"], *row["between"].split(" > "), row["latest"]]))
        )
        for row in company.found["lead_history"]
    } == ways


def test_appointments_and_months_worked(company: Company) -> None:
    shown = by(company.found["first_appointment"], "month")
    for month, leads, met in company.rows("select strftime(s0, '%Y-%m'), count(*), count(s2) from moments group by 1"):
        days = [
            d
            for (d,) in company.rows(
                f"select epoch(s2 - s0) / 86400 from moments where s2 >= s0 and strftime(s0, '%Y-%m') = '{month}'"
            )
        ]
        assert pick(shown[month], "leads with_appointment days_n") == (leads, met, len(days))
        assert shown[month]["share"] == near(met / leads)
        assert pick(shown[month], "days_q1 days_median days_q3") == quartiles(days)
    worked = Counter(
        n
        for (n,) in company.rows(
            "select (select count(distinct strftime(t, '%Y-%m')) from work w where w.id = l.id) from leads l"
        )
    )
    assert {row["months_worked"]: row["leads"] for row in company.found["months_worked"]} == worked
    assert all(row["share"] == near(row["leads"] / worked.total()) for row in company.found["months_worked"])


def stays(company: Company) -> dict[str, list[tuple[float, str | None]]]:
    """Per step of the funnel, how long each lead stood there and what it reached next."""
    found: dict[str, list[tuple[float, str | None]]] = {step: [] for step in STEPS}
    (as_of,) = company.one(f"select timestamp '{AS_OF}'")
    for times in company.rows("select s0, s1, s2, s3, s4 from moments"):
        for i, at in enumerate(times):
            if at is not None:
                later = min(((t, -j) for j, t in enumerate(times) if j > i and t is not None and t >= at), default=None)
                # Of two steps reached at once, the one that comes first in the funnel is the next.
                following = None if later is None else min(j for j, t in enumerate(times) if j > i and t == later[0])
                end = as_of if later is None else later[0]
                found[STEPS[i]].append(
                    ((end - at).total_seconds() / 86_400, None if following is None else STEPS[following])
                )
    return found


def test_time_at_each_step_by_kaplan_meier(company: Company) -> None:
    shown = by(company.found["stages_funnel_revenue"], "stage")
    moves: dict[tuple[str, str], list[float]] = defaultdict(list)
    for step, spells in stays(company).items():
        days, left = np.array([d for d, _ in spells]), np.array([n is not None for _, n in spells])
        row = shown[step]
        assert pick(row, "entered left still_in") == (len(days), left.sum(), (~left).sum())
        lengths, gone = np.unique(days[left], return_counts=True)
        at_risk = len(days) - np.searchsorted(np.sort(days), lengths)
        curve = np.cumprod(1 - gone / at_risk)
        for column, share in (("q1", 0.75), ("median", 0.5), ("q3", 0.25)):
            passed = lengths[curve <= share + 1e-12]
            assert row[column] == near(float(passed[0]) if len(passed) else None), (step, column)
        for drawn in (r for r in company.found["survival_funnel_revenue"] if r["stage"] == step):
            at = np.searchsorted(lengths, drawn["day"], "right")
            assert drawn["share"] == near(1.0 if at == 0 else float(curve[at - 1]))
            assert drawn["at_risk"] == (days >= drawn["day"]).sum()
        for length, following in spells:
            if following is not None:
                moves[step, following].append(length)
    shown_moves = {(r["stage"], r["next"]): r for r in company.found["transitions_funnel_revenue"]}
    assert {key: row["moves"] for key, row in shown_moves.items()} == {
        key: len(lengths) for key, lengths in moves.items()
    }
    for key, row in shown_moves.items():
        assert row["share"] == near(row["moves"] / shown[key[0]]["entered"])
        assert row["median"] == quartiles(moves[key])[1]


def test_losses(company: Company) -> None:
    """The details are compared in test_report_runs.py, on the same events."""
    (lost,) = company.one("select count(distinct id) from events where type = 'deal_lost'")
    for name in ("losses_month", "loss_reasons", "losses_by_step"):
        assert sum(row["lost"] for row in company.found[name]) == lost


def test_touches(company: Company) -> None:
    counts = company.rows(
        "select (select count(*) from work w where w.id = m.id and w.t <= m.first) from (select id, min(t) as first from m_won group by 1) m"
    )
    own = Counter(min(n, 15) for (n,) in counts)
    assert {r["touch"]: r["conversions"] for r in company.found["touches"] if r["outcome"] == "won"} == own
    assert {int(r["touch"].rstrip("+")): r["won"] for r in company.found["touches_all"] if r["won"]} == own
    late = by(company.found["after_fifth_touch"], "outcome")["won"]
    assert pick(late, "late n") == (sum(c for n, c in own.items() if n > 5), own.total())


def test_response_since_creation(company: Company) -> None:
    spans = company.rows(
        f"select owner, epoch((select min(t) from work w where w.id = l.id and w.t >= created and w.t <= timestamp '{AS_OF}') - created) / 3600 from leads l"
    )
    shown = by(company.found["response"], "owner")
    owned = [(owner, hours) for owner, hours in spans if owner is not None]
    assert set(shown) == {owner for owner, _ in owned}
    for owner, row in shown.items():
        own = [hours for one, hours in owned if one == owner]
        known = [hours for hours in own if hours is not None]
        assert pick(row, "assigned n answered hours_n") == (len(own), len(owned), len(known), len(known))
        assert pick(row, "hours_q1 hours_median hours_q3") == quartiles(known)
    days = [
        d
        for (d,) in company.rows(f"select epoch(timestamp '{AS_OF}' - created) / 86400 from leads where owner is null")
    ]
    (queue,) = company.found["queues"]
    assert pick(queue, "queue leads days_n") == ("(no owner)", len(days), len(days))
    assert (*pick(queue, "days_q1 days_median days_q3"), queue["days_most"]) == (*quartiles(days), near(max(days)))


def test_the_goals_beside_the_data(company: Company) -> None:
    since = f"t > timestamp '{AS_OF}' - interval 3 months"
    (emails, calls, messages) = company.one(
        f"select {', '.join(f'count(*) filter (channel = {c!r})' for c in ('email', 'call', 'linkedin'))} from work where {since}"
    )
    trials, won = company.one(
        f"select {', '.join(f'count(*) filter ({since.replace(chr(116), s, 1)})' for s in ('s3', 's4'))} from moments"
    )
    counted = {(r["stage"], r["of"]): (r["hits"], r["n"]) for r in company.found["goal_deals_rates"]}
    assert counted == {("won", "trial"): (won, trials), ("trial", "email"): (trials, emails)}
    needs = by(company.found["goal_deals"], "name")
    # 15 deals at 40 % take 37.5 trials, at 1 % of emails 3,750: 187.5 on each of 20 workdays, 6.25 hours at 2 minutes.
    assert pick(needs["email"], "per_month per_week per_day") == (3750, 937.5, 187.5)
    hours = by(company.found["goal_deals_hours"], "activity")
    assert pick(hours["email"], "hours_per_month hours_per_week hours_per_day") == (125, 31.25, 6.25)
    now = 15 / (won / trials) / (trials / emails)
    assert (needs["email"]["now_per_month"], needs["email"]["now_per_day"]) == (near(now), near(now / 20))
    assert (needs["trial"]["actual_per_month"], needs["email"]["actual_per_month"]) == (
        near(trials / 3),
        near(emails / 3),
    )
    budget = {r["rates"]: r for r in company.found["goal_deals_time"]}
    assert (budget["as assumed"]["share"], budget["at actual rates"]["share"]) == (
        near(6.25 / 12),
        near(now / 20 * 2 / 60 / 12),
    )
    # Sixty appointments at 60 % take 100 contacts; an activity is worth 0.8 x 15 % + 0.2 x 5 % = 13 % of one.
    needs, rates = (
        by(company.found["goal_appointments"], "name"),
        {(r["stage"], r["of"]): r for r in company.found["goal_appointments_rates"]},
    )
    assert (needs["call"]["per_month"], needs["linkedin"]["per_month"]) == (
        near(100 / 0.13 * 0.8),
        near(100 / 0.13 * 0.2),
    )
    met, heard = (company.one(f"select count(*) from m_{one} where {since}")[0] for one in ("meeting", "contact"))
    assert pick(rates["meeting", "contact"], "hits n") == (met, heard)
    assert (rates["contact", "call"]["n"], rates["contact", "linkedin"]["n"]) == (calls, messages)
    actual = {of: rates["contact", of]["hits"] / rates["contact", of]["n"] for of in ("call", "linkedin")}
    total = 60 / (met / heard) / (0.8 * actual["call"] + 0.2 * actual["linkedin"])
    assert needs["call"]["now_per_month"] == near(total * 0.8, 1e-4)
    hours = (total * 0.8 * 6 + total * 0.2 * 4) / 20 / 60
    lasting = by(company.found["goal_appointments_hours"], "activity")
    assert lasting["call"]["now_hours_per_month"] == near(total * 0.8 * 6 / 60, 1e-4)
    assert lasting["all together"]["now_hours_per_day"] == near(hours, 1e-4)
    assert {r["rates"]: r for r in company.found["goal_appointments_time"]}["at actual rates"]["share"] == near(
        hours / 12
    )


# -- drift ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sides(company: Company, then: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """With the table sides: every lead of then and of now with its raw cells; and ruled: what a run of then decided."""
    out = tmp_path_factory.mktemp("ruled")
    (as_of,) = company.one("select max(created) from leads where created < timestamp '2026-08-01'")
    done = leadrules(
        "run",
        "--project",
        ACME,
        "--no-state",
        "--leads",
        then,
        "--as-of",
        as_of.isoformat(),
        "--out",
        out,
        "-q",
        "--force",
    )
    assert done.exit_code == 0, done.output
    blank = "case when trim(x) in ('', 'null', '#N/A', '不明') then null else trim(x) end"
    named = {
        "industry": "Industry",
        "lead_source": "Lead Source",
        "title": "Title",
        "employees": "No. of Employees",
        "challenge": "Main Challenge",
    }
    cells = ", ".join(f"{blank.replace('x', chr(34) + header + chr(34))} as {name}" for name, header in named.items())
    company.sql.execute(f"""
        create table cells as select distinct on (substr("Lead ID", 1, 15)) substr("Lead ID", 1, 15) as id, {cells}
            from read_csv('{ACME}/leads.csv', all_varchar = true) semi join leads on substr("Lead ID", 1, 15) = leads.id;
        create table sides as select 'then' as side, * from cells where id in (select id from leads where created < timestamp '2026-08-01')
            union all select 'now', * from cells;
        create table seen as select 'then' as side, e.* from events e where t <= timestamp '{as_of}' and id in (select id from sides where side = 'then')
            union all select 'now', e.* from events e;
        create table ruled as select 'then' as side, substr(id, 1, 15) as id, lifecycle, temperature, segments, reasons
            from read_csv('{out}/decisions.csv', all_varchar = true, nullstr = '') union all select 'now', id, lifecycle, temperature, segments, reasons from kept;
    """)
    return company


def two_sides(company: Company, query: str) -> dict[str, tuple[int, int]]:
    """name -> (then, now), of a query of side, name, count."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for side, name, count in company.rows(query):
        counts[name][side] = count
    return {name: (own.get("then", 0), own.get("now", 0)) for name, own in counts.items()}


def psi(before: Sequence[float], now: Sequence[float]) -> float:
    a, b = (np.maximum(np.array(side, dtype=float) / sum(side), 1e-4) for side in (before, now))
    return float(((b - a) * np.log(b / a)).sum())


def test_drift_of_fields(sides: Company) -> None:
    shown = by(sides.found["drift_fields"], "field")
    sizes = dict(sides.rows("select side, count(*) from sides group by 1"))
    for name in ("industry", "lead_source", "title", "employees", "challenge"):
        row = shown[name]
        blanks = dict(sides.rows(f"select side, count(*) filter ({name} is null) from sides group by 1"))
        assert pick(row, "blank_before before_of blank_now now_of") == (
            blanks["then"],
            sizes["then"],
            blanks["now"],
            sizes["now"],
        )
        assert (row["blank_before_share"], row["blank_now_share"]) == (
            near(blanks["then"] / sizes["then"]),
            near(blanks["now"] / sizes["now"]),
        )
    for name in ("industry", "lead_source"):
        counts = two_sides(sides, f"select side, {name}, count(*) from sides where {name} is not null group by 1, 2")
        assert shown[name]["stability"] == near(psi([a for a, _ in counts.values()], [b for _, b in counts.values()]))
    known = sides.rows("select side, replace(employees, ',', '')::double from sides where employees is not null")
    then, now = (np.array([n for side, n in known if side == one]) for one in ("then", "now"))
    edges = np.unique(np.quantile(then, np.arange(1, 10) / 10, method="higher"))
    tenths = [np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1) for values in (then, now)]
    assert shown["employees"]["stability"] == near(psi(list(tenths[0]), list(tenths[1])))


def test_drift_of_events_and_values(sides: Company) -> None:
    counts = two_sides(sides, "select side, type, count(distinct id) from seen group by 1, 2")
    assert {row["name"]: pick(row, "before now") for row in sides.found["drift_events"]} == counts
    values = two_sides(
        sides,
        "select side, form, count(distinct id) from seen where type = 'form_submitted' and form is not null group by 1, 2",
    )
    totals = [sum(pair[i] for pair in values.values()) for i in (0, 1)]
    fields = {"form_submitted.form": (values, totals)}
    topics = two_sides(
        sides,
        "select side, magnet, count(distinct id) from seen where type = 'form_submitted' and magnet is not null group by 1, 2",
    )
    fields["form_submitted.magnet"] = (topics, [sum(pair[i] for pair in topics.values()) for i in (0, 1)])
    checked = 0
    for row in sides.found["drift_values"]:
        if row["of"] in fields:
            own, of = fields[row["of"]]
            assert pick(row, "before before_of now now_of") == (own[row["name"]][0], of[0], own[row["name"]][1], of[1])
            checked += 1
        # Only what came, went, doubled or halved beyond chance stands there.
        was, is_ = row["before"] / row["before_of"], row["now"] / row["now_of"]
        assert row["verdict"] == (
            "gone"
            if not row["now"]
            else "new"
            if not row["before"]
            else "doubled or more"
            if is_ >= 2 * was
            else "halved or less"
        )
    assert sides.found["drift_values"]
    assert checked or not {row["of"] for row in sides.found["drift_values"]} & set(fields)


def test_drift_of_rules_and_labels(sides: Company) -> None:
    fired = two_sides(
        sides,
        "select side, split_part(unnest(string_split(reasons, '; ')), ' ', 1) as rule, count(*) from ruled group by 1, 2",
    )
    sizes = dict(sides.rows("select side, count(*) from ruled group by 1"))
    for row in sides.found["drift_rules"]:
        if not row["name"].startswith(("intent.", "fit.size")):  # computed points may be none, and none is no reason
            assert pick(row, "before now") == fired.get(row["name"], (0, 0)), row["name"]
        assert pick(row, "before_of now_of") == (sizes["then"], sizes["now"])
        assert (row["before_share"], row["now_share"]) == (
            near(row["before"] / sizes["then"]),
            near(row["now"] / sizes["now"]),
        )
        if row["verdict"]:
            ends = [wilson(row[part], row[of]) for part, of in (("before", "before_of"), ("now", "now_of"))]
            assert ends[0][0] > ends[1][1] or ends[1][0] > ends[0][1]
    labels = {(row["of"], row["name"]): pick(row, "before now") for row in sides.found["drift_labels"]}
    for name in ("lifecycle", "temperature"):
        counts = two_sides(sides, f"select side, {name}, count(*) from ruled group by 1, 2")
        assert {label: pair for (of, label), pair in labels.items() if of == name} == counts
    segments = two_sides(sides, "select side, unnest(string_split(segments, ';')), count(*) from ruled group by 1, 2")
    assert {label: pair for (of, label), pair in labels.items() if of == "segments" and any(pair)} == segments


# -- nothing left out -----------------------------------------------------------------------------------------------

RUNS = ("sequences", "sequence_channels", "benchmarks", "benchmark_touches", "sequence_steps", "stages_lifecycle",
        "survival_lifecycle", "transitions_lifecycle", "returns_by_sequence", "funnel_revenue_by_sequences")  # fmt: skip


def test_every_table_is_compared(found: Tables) -> None:
    """Each table is read by some test here, or, where it needs a state, by one of test_report_runs.py."""
    here = Path(__file__).read_text(encoding="utf-8").partition("# -- nothing left out")[0]
    texts = here + (Path(__file__).parent / "test_report_runs.py").read_text(encoding="utf-8")
    groups = (
        "lead_source",
        "country",
        "temperature",
        "owner",
        "segments",
        "segment",
        "campaigns",
        "sequence",
        *PERIODS,
    )
    for name in [*found, *RUNS]:
        written = [name, *(name.removesuffix(group) + "{" for group in groups if name.endswith(group))]
        written += [name.replace("lifecycle", "{company.stages}"), name.replace("revenue", "{name}")]
        assert any(f'"{one}' in texts for one in written), name


def test_csv_holds_the_same_rows(found: Tables, then: Path, tmp_path: Path) -> None:
    done = leadrules(
        "report", "--project", ACME, "--no-state", "--format", "csv", "-q", "--against", then, "-o", tmp_path
    )
    assert done.exit_code == 0, done.output
    assert {path.stem: len(rows(path)) for path in tmp_path.glob("*.csv") if path.stem != "tables"} == {
        n: len(r) for n, r in found.items()
    }
