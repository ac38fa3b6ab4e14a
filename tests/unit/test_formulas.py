"""The formulas of docs/measure.md that the other tests leave out, each on an example worked out by hand; and that the page's
list of formulas names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.example_project import compiled
from tests.measured import EVENTS, RULES, SETTINGS, Tables, by, document, tables, write_company, write_events
from tests.sql_values import near, pick
from tests.suites.running import ROOT, leadrules

from leadrules.calibrate import leakage
from leadrules.calibrate.sample import Sample
from leadrules.measure.goal_section import goal_section
from leadrules.measure.stages import bottleneck, dwell_table, survival, transition_table
from leadrules.review.calibration.reweigh import Points, rewritten
from leadrules.syntax.parse import parse

# -- Kaplan-Meier ---------------------------------------------------------------------------------------------------

STAYS = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


def spells(stays: list[tuple[str, float, str | None]]) -> pl.DataFrame:
    """stage, days, where they went (None: still there)."""
    return pl.DataFrame(
        {
            "stage": [stage for stage, _, _ in stays],
            "next": [following for *_, following in stays],
            "days": [float(days) for _, days, _ in stays],
            "left": [following is not None for *_, following in stays],
        },
        schema_overrides={"next": pl.String},
    )


@given(STAYS)
def test_survival_is_that_of_scipy(stays: list[tuple[int, bool]]) -> None:
    stats = pytest.importorskip("scipy.stats", reason="scipy comes with the extra `calibrate`")
    curve = survival(spells([("s", days, "t" if left else None) for days, left in stays]))
    # SciPy's `right_censored` takes who was still there as censored.
    known = stats.ecdf(stats.CensoredData.right_censored([d for d, _ in stays], [not left for _, left in stays])).sf
    for days, share in curve.select("days", "share").iter_rows():
        at = list(known.quantiles).index(days)
        assert share == pytest.approx(known.probabilities[at], abs=1e-12)
    # Where nobody left, SciPy's curve stays flat, and ours has no step.
    assert set(curve["days"]) == {float(days) for days, left in stays if left}


def test_the_bottleneck_and_where_leads_went() -> None:
    # asked: 2 left for met after 1 and 3 days, one for lost after 2, one is still there after 4. met: nobody of two left.
    stays = [("asked", 1.0, "met"), ("asked", 3.0, "met"), ("asked", 2.0, "lost"), ("asked", 4.0, None)]
    found = spells([*stays, ("met", 1.0, None), ("met", 5.0, None), ("won", 9.0, None)])
    order = ["asked", "met", "won"]
    rows = by(dwell_table("x", "X", found, survival(found), order).frame.to_dicts(), "stage")
    # Still there: 3/4 after 1 day, 2/4 after 2, 1/4 after 3.
    assert pick(rows["asked"], "entered left left_share still_in q1 median q3 open_median") == (
        4,
        3,
        0.75,
        1,
        1,
        2,
        3,
        4,
    )
    assert pick(rows["met"], "entered left still_in median open_median") == (2, 0, 2, None, 3)
    said = bottleneck(dwell_table("x", "X", found, survival(found), order).frame, order)
    # Half of those who asked have left, of those who met nobody; won is the last, which is no bottleneck.
    assert said == "the bottleneck is met: of 2 that entered, fewer than half have ever left; 2 are in it now."
    moves = [
        pick(row, "stage next moves entered share median")
        for row in transition_table("x", "X", found, order).frame.to_dicts()
    ]
    assert moves == [("asked", "met", 2, 4, 0.5, 2), ("asked", "lost", 1, 4, 0.25, 2)]


# -- losses, types, cycles, costs -----------------------------------------------------------------------------------

LIFE = "stages life { customer: when did deal_won  met: when did meeting_scheduled and did call_connected  heard: when did call_connected or did email_replied  lead: otherwise }\n"
LOST = (
    ("a", "deal_lost", "2026-01-25T00:00", "", "price"),
    ("b", "deal_lost", "2026-02-10T00:00", "", ""),
    ("d", "deal_lost", "2026-02-20T00:00", "", "price"),
    ("d", "deal_lost", "2026-03-20T00:00", "", "time"),
    ("d", "call_connected", "2026-03-01T00:00", "", ""),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The company of measured.py with stages, with losses, and with costs by source."""
    settings = SETTINGS + "  cost_per_lead: 4\n  cost_per_lead_by_source: {web: 10}\n  lost: deal_lost\n"
    project = write_company(tmp_path_factory.mktemp("formulas") / "p", RULES + LIFE, settings)
    schema = project / "rules/events.schema.json"
    lost = '"deal_lost": {"type": "object", "properties": {"reason": {"type": "string"}}}'
    schema.write_text(schema.read_text().replace('"properties": {', f'"properties": {{{lost}, ', 1))
    lines = ["lead_id,type,at,amount,reason"]
    lines += [",".join((*event, *[""] * (5 - len(event)))) for event in (*EVENTS, *LOST)]
    (project / "events.csv").write_text("\n".join(lines) + "\n")
    return tables(document(project))


def test_losses_by_month_reason_and_step(found: Tables) -> None:
    months = by(found["losses_month"], "month")
    # a was lost in January and won a week later; b in February; d in February for the first time. Deals: a in February, c in March.
    assert pick(months["2026-01"], "lost deals decided win_rate won_back_share") == (1, 0, 1, 0, 1)
    assert pick(months["2026-02"], "lost deals decided") == (2, 1, 3)
    assert months["2026-02"]["win_rate"] == near(1 / 3)
    assert pick(months["2026-03"], "lost deals win_rate came_back_share") == (0, 1, 1, None)
    reasons = by(found["loss_reasons"], "reason")
    # a and d for the price; d was reached again after it, a was won: both came back.
    assert pick(reasons["price"], "lost n came_back came_back_share won_back won_back_share") == (2, 3, 2, 1, 1, 0.5)
    assert reasons["price"]["share"] == near(2 / 3)
    assert pick(reasons["(no reason given)"], "lost came_back") == (1, 0)
    steps = by(found["losses_by_step"], "step")
    # By then a and d had met (a 20 January, d 16 February), b had replied. contact: a, b, c and d; meeting: a, c and d.
    assert pick(steps["meeting"], "reached lost") == (3, 2)
    assert steps["meeting"]["lost_share"] == near(2 / 3)
    assert pick(steps["contact"], "reached lost lost_share") == (4, 1, 0.25)


def test_when_leads_became_each_type(found: Tables) -> None:
    months = by(found["became_month"], "period")
    # heard: a 13 January, b 22 January (a reply is a reply here), c 11 February, d 1 March. met, with both: a 20 January,
    # c 12 February, d 1 March, at the moment that it was heard: it was met at once. customer: a 1 February, c 4 March.
    names = "became_lead became_heard became_met became_customer"
    assert pick(months["2026-01"], names) == (2, 2, 1, 0)
    assert pick(months["2026-02"], names) == (2, 1, 1, 1)
    assert pick(months["2026-03"], names) == (1, 0, 1, 1)
    now = by(found["lead_types_month"], "period")
    # Of January's leads a is a customer and b was heard; of February's c is a customer and d met; March's e is a lead.
    assert pick(now["2026-01"], "leads type_customer type_heard share_customer") == (2, 1, 1, 0.5)
    assert pick(now["2026-02"], "type_customer type_met type_lead") == (1, 1, 0)
    assert pick(now["2026-03"], "leads type_lead share_lead") == (1, 1, 1)


def test_the_sales_cycle_by_group(found: Tables) -> None:
    cycles = {(row["by"], row["group"]): pick(row, "won_leads days_n days_median") for row in found["sales_cycle"]}
    # a, of the web and list L1, took 22 days; c, of ads and L2, 27.
    assert cycles["all", "(all leads)"] == (2, 2, 24.5)
    assert (cycles["source", "Web"], cycles["source", "Ads"]) == ((1, 1, 22), (1, 1, 27))
    assert (cycles["list", "L1"], cycles["segment", "web"]) == ((1, 1, 22), (1, 1, 22))
    assert (cycles["campaign", "summer"], cycles["owner", "lee"]) == ((1, 1, 27), (1, 1, 27))


def test_what_leads_cost(found: Tables) -> None:
    # Spring's 300 are shared by a and b, summer's 100 are c's. No campaign brought d and e: ads cost 4 like any lead, the web 10.
    sources = by(found["returns_by_source"], "source")
    assert (sources["Web"]["cost"], sources["Ads"]["cost"]) == (310, 104)
    assert found["returns"][0]["cost"] == 300 + 100 + 4 + 10 + 50
    assert found["returns"][0]["uncosted"] == 0


def test_costs_that_nobody_stated_are_said(tmp_path: Path) -> None:
    settings = SETTINGS + "  cost_per_lead_by_source: {Web: 10, Addds: 3}\n"
    made = document(write_company(tmp_path / "p", RULES, settings))
    row = tables(made)["returns"][0]
    # d came by ads, of which nothing is said: its cost is not known, and it counts as 0.
    assert pick(row, "cost uncosted") == (300 + 100 + 10 + 50, 1)
    (section,) = [one for one in made["sections"] if one["name"] == "returns"]
    gaps = {one["figure"]: one for one in section["missing"]}
    assert gaps["Cost of 1 of 5 leads"]["reason"].endswith("does not name their source: Ads (1)")
    assert gaps["Cost of the source `Addds`"]["help"] == "did you mean `Ads`?"


def test_a_campaign_against_its_type(found: Tables) -> None:
    campaigns = by(found["campaigns"], "campaign")
    # Of the type mail: spring 1 of 2, summer 1 of 1; pooled 2/3. Both leads of spring were followed up, by 4 activities.
    assert (campaigns["spring"]["deviation_from_type"], campaigns["summer"]["deviation_from_type"]) == (
        near(-1 / 6),
        near(1 / 3),
    )
    assert pick(campaigns["spring"], "followed followed_share activities_per_lead") == (2, 1, 2)


def test_touches_up_to_a_number(found: Tables) -> None:
    rows = [
        pick(r, "touch conversions touched rate n share so_far")
        for r in found["touches"]
        if (r["outcome"], r["sequence"]) == ("meeting", "(all leads)")
    ]
    # Touches before the first meeting: a 3, c 6, d 0. All five leads had none or more, a and c three, c six.
    third = near(1 / 3)
    assert rows == [(0, 1, 5, 0.2, 3, third, third), (3, 1, 2, 0.5, 3, third, near(2 / 3)), (6, 1, 1, 1, 3, third, 1)]


# -- coverage over edited sequences ---------------------------------------------------------------------------------

BEFORE = 'sequence outbound { 1: day 1 email auto "Hello"  2: day 2 call "Ring"  3: day 4 call "Again" }\n'
AFTER = 'sequence outbound { 1: day 1 call "Ring first"  2: day 3 linkedin "Connect" }\n'
REST = 'suppress email when owner = "nobody"\ntrigger asked { on form  do enroll outbound }\n'


def test_coverage_over_a_sequence_that_was_edited(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p", RULES + BEFORE + REST)
    write_events(
        project,
        [
            ("d", "form", "2026-02-16T09:00", ""),
            ("d", "call_made", "2026-02-17T10:00", ""),
            ("e", "form", "2026-03-02T09:00", ""),
            ("e", "call_made", "2026-03-02T11:00", ""),
        ],
    )

    def run(at: str) -> None:
        done = leadrules("run", "--project", project, "--as-of", at, "--out", project / "out", "-q", "--force")
        assert done.exit_code == 0, done.output

    for at in ("2026-02-16T09:30", "2026-02-17T12:00"):
        run(at)
    (project / "rules" / "rules.lead").write_text(RULES + AFTER + REST)
    for at in ("2026-02-25", "2026-03-02T09:30", "2026-03-10"):
        run(at)
    shown = {
        (r["step"], r["channel"]): pick(r, "due done coverage") for r in tables(document(project))["sequence_steps"]
    }
    # d finishes the three steps that it was enrolled with, the last after the edit; e has the two of today.
    assert shown == {
        (1, "email"): (1, 0, 0), (2, "call"): (1, 1, 1), (3, "call"): (1, 0, 0), (1, "call"): (1, 1, 1), (2, "linkedin"): (1, 0, 0),
    }  # fmt: skip
    total = tables(document(project))["sequences"][0]
    assert pick(total, "due done coverage") == (5, 2, 0.4)


def test_channels_that_a_sequence_used(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p", RULES + BEFORE + REST)
    write_events(
        project,
        [
            ("d", "form", "2026-02-16T09:00", ""),
            ("e", "form", "2026-02-16T09:00", ""),
            ("d", "email_sent", "2026-02-16T10:00", ""),
            ("d", "call_made", "2026-02-17T10:00", ""),
            ("e", "email_sent", "2026-02-17T10:00", ""),
            ("e", "email_sent", "2026-02-18T10:00", ""),
        ],
    )
    done = leadrules(
        "run", "--project", project, "--as-of", "2026-02-16T09:30", "--out", project / "out", "-q", "--force"
    )
    assert done.exit_code == 0, done.output
    shown = by(tables(document(project))["sequence_channels"], "channel")
    # Two enrolments: both were written to, three times, one was called once.
    assert {name: pick(row, "touches enrolments n share") for name, row in shown.items()} == {
        "email": (3, 2, 2, 1),
        "call": (1, 1, 2, 0.5),
    }


# -- goals in words ---------------------------------------------------------------------------------------------------


def test_a_goal_in_words() -> None:
    text = "goal g { target 2 won per month  workdays 20 per month  won: 25% of meeting  meeting: 10% of call, 1% of email  mix: 60% by call, 40% by email  effort 6 minutes per call, 3 minutes per email }"
    (one,) = compiled(text).goals
    section = goal_section(one, (1, 2, 3, 4, 5), [], None, 3)
    # 8 meetings; an activity is worth 0.6 x 10 % + 0.4 x 1 % = 6.4 % of one: 125 activities, 75 calls and 50 emails.
    assert section.findings[0] == (
        "2 deals won per month take 75 calls a month (19 a week, 3.8 a day) and 50 emails a month (13 a week, 2.5 a day)."
    )
    # (75 x 6 + 50 x 3) minutes are 10 hours: over 20 days half an hour a day.
    assert section.findings[1] == "That is 10.0 hours a month (2.5 a week, 0.5 a day)."


# -- calibrate ------------------------------------------------------------------------------------------------------


def test_a_text_field_is_told_by_its_rates_in_the_earlier_half() -> None:
    # Earlier half: x 2 of 2, y 0 of 1, so z, which is new later, gets the rate of all, 2/3. Later half: reached x and z, not y.
    reached = pl.Series([True, True, False, True, True, False])
    values = pl.Series(["x", "x", "y", "x", "z", "y"])
    sample = Sample(reached, "file", pl.int_range(6, eager=True), None, (), {}, {"text": values})
    (one,) = leakage.field_aucs(sample)
    assert (one.known, one.auc) == (6, 1.0)
    swapped = Sample(
        reached, "file", pl.int_range(6, eager=True), None, (), {}, {"text": pl.Series(["x", "x", "y", "y", "z", "x"])}
    )
    # y 0 stands below, x 1 above: of the pairs (y, x) and (z, x) none is right.
    assert leakage.field_aucs(swapped)[0].auc == 0.0


def test_suggested_points_and_thresholds_replace_only_numbers() -> None:
    from leadrules.core.source import SourceFile

    text = 'score s { # why\n  a "A": +10 when x = 1\n  b: -5 each e within 30 days\n  c: +(n / 2) when n > 3\n}\nband t of s { hot: from 10 hold until below 8  cold: otherwise }\n'
    module, _ = parse(SourceFile("rules/s.lead", text))
    points = {"s.a": Points(7), "s.b": Points(2), "s.c": Points(factor=1.5)}
    made = rewritten([module], points, {"t": {"hot": 14}})["rules/s.lead"]
    expected = (
        text.replace("+10", "+7")
        .replace("-5", "+2")
        .replace("+(n / 2)", "+((n / 2) * 1.5)")
        .replace("from 10 hold until below 8", "from 14 hold until below 12")
    )
    assert made == expected


# -- the list -------------------------------------------------------------------------------------------------------


def listed(page: str) -> list[tuple[str, list[str]]]:
    """The rows of a page's last table: a formula, and the tests that work it out."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").partition("## Worked out by hand")[2]
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [(formula.strip(), re.findall(r"`(\w+)::(\w+)`", tests)) for formula, tests in rows[2:]]


@pytest.mark.parametrize(("page", "least"), [("measure.md", 35), ("calibrate.md", 8)])
def test_every_formula_of_the_page_names_a_test_that_there_is(page: str, least: int) -> None:
    rows: list[tuple[str, Any]] = listed(page)
    assert len(rows) >= least
    for formula, tests in rows:
        assert tests, formula
        for file, name in tests:
            path = ROOT / "tests" / "unit" / f"{file}.py"
            assert f"def {name}(" in path.read_text(encoding="utf-8"), (formula, file, name)
