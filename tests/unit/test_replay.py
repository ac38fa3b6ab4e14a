"""Ticks, what each of them sees, the work counted and its chart."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.stateful import outcome_of, write_leads, write_project

from leadrules.core.calendar import Calendar
from leadrules.data.errors import InputError
from leadrules.lifecycle.model import empty_state
from leadrules.lifecycle.replay import MOST_TICKS, inputs_at, replay, ticks_between
from leadrules.lifecycle.run import Inputs, calendar_of
from leadrules.lifecycle.workload import COLUMNS, together
from leadrules.review.plan.workload_page import NOBODY, workload_page
from leadrules.show.chart import Bars, stacked

UTC_DAYS = Calendar("UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_ticks_have_both_ends() -> None:
    found = ticks_between(at("2026-01-01"), at("2026-01-03"), (1, "days"), UTC_DAYS)
    assert found == (at("2026-01-01"), at("2026-01-02"), at("2026-01-03"))
    assert len(ticks_between(at("2026-01-01"), at("2026-01-02T23:59"), (6, "hours"), UTC_DAYS)) == 8


def test_months_count_from_the_first_tick() -> None:
    found = ticks_between(at("2026-01-31"), at("2026-05-01"), (1, "months"), UTC_DAYS)
    assert [moment.date().isoformat() for moment in found] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_days_keep_their_local_hour_over_a_change_of_clocks() -> None:
    berlin = Calendar("Europe/Berlin")
    first, last = berlin.instant(datetime(2026, 10, 24, 9)), berlin.instant(datetime(2026, 10, 26, 9))  # noqa: DTZ001
    found = ticks_between(first, last, (1, "days"), berlin)
    assert [berlin.local(moment).hour for moment in found] == [9, 9, 9]
    assert (found[1] - found[0]).total_seconds() == 25 * 3600


def test_no_end_of_ticks_is_refused() -> None:
    with pytest.raises(InputError, match=f"{MOST_TICKS:,} ticks"):
        ticks_between(at("2020-01-01"), at("2026-01-01"), (1, "minutes"), UTC_DAYS)


LEADS = [
    {"id": "a", "created_at": "2026-11-01T00:00"},
    {"id": "b", "created_at": "2026-11-05T00:00"},
    {"id": "c", "created_at": ""},
    {"id": "d", "created_at": "2026-11-02T00:00"},
]
EVENTS = [
    {"lead_id": key, "type": "form", "at": f"2026-11-0{day}T00:00", "name": f"{key}{day}"}
    for key in ("d", "b", "a", "c", "zzz")
    for day in (1, 2, 3, 6)
]
RULES = """
score s { form: +1 each form }
trigger form { on form  do set status = "Working" }
"""


@pytest.mark.parametrize("day", [1, 2, 4, 6])
def test_a_tick_sees_what_was_there(tmp_path: Path, day: int) -> None:
    write_project(tmp_path, RULES)
    write_leads(tmp_path, [{"points": 0, "status": "New", "owner": "", **lead} for lead in LEADS], EVENTS)
    whole = outcome_of(tmp_path, "2026-11-09T00:00")
    now = f"2026-11-0{day}T00:00"
    found = inputs_at(Inputs(whole.leads, whole.events), at(now), "created_at", calendar_of(whole.request.ruleset))
    here = [lead["id"] for lead in LEADS if lead["created_at"] <= now]
    assert found.leads.frame["@key"].to_list() == here
    assert found.leads.rows_in == len(here)
    assert len(found.leads.records) == len(here)
    keys = found.leads.frame["@key"].gather(found.events.frame["lead_row"]).to_list()
    expected = [event["lead_id"] for event in EVENTS if event["lead_id"] in here and event["at"] <= now]
    assert sorted(keys) == sorted(expected)
    counts = found.events.counts
    rest = sum(counts[f"events_{name}"] for name in ("unread", "used", "rejected", "orphaned", "repeated"))
    assert counts["events_used"] == len(expected)
    assert counts["events_in"] == rest


def test_each_tick_goes_on_from_the_one_before(tmp_path: Path) -> None:
    write_project(tmp_path, 'trigger form { on form  do set status = "Working"  once }\n')
    write_leads(tmp_path, [{"points": 0, "status": "New", "owner": "", **lead} for lead in LEADS], EVENTS)
    request = outcome_of(tmp_path, "2026-11-09T00:00").request
    ticks = [at(f"2026-11-0{day}") for day in range(1, 8)]
    fired = [
        0 if outcome.decided is None else outcome.decided.done.height
        for outcome in replay(replace(request, state=empty_state()), ticks)
    ]
    # a and c on the 1st, d on the 2nd, b with the event of the 6th or the late ones as it comes on the 5th.
    assert fired == [2, 1, 0, 0, 1, 0, 0]


def work(*rows: tuple[date, str | None, str, int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(COLUMNS), orient="row")


def test_the_work_of_ticks_adds_up() -> None:
    monday, tuesday = date(2026, 11, 2), date(2026, 11, 3)
    one = work((monday, "lee", "call", 2, 0), (tuesday, None, "email", 1, 1))
    two = work((monday, "lee", "call", 3, 1))
    assert together([one, two]).rows() == [(monday, "lee", "call", 5, 1), (tuesday, None, "email", 1, 1)]
    assert together([]).schema == dict(COLUMNS)


def test_bars_are_as_high_as_their_share() -> None:
    days = [date(2026, 11, 2), date(2026, 11, 3)]
    drawn = stacked([Bars("a < b", {"call": {days[0]: 4, days[1]: 1}, "email": {days[1]: 1}})], days, ["call", "email"])
    heights = [float(found) for found in re.findall(r"v-([0-9.]+)h", drawn)]
    assert heights == [44.0, 11.0, 11.0]
    feet = [float(found) for found in re.findall(r"M[0-9.]+ ([0-9.]+)v", drawn)]
    # The second series of the second day stands on the first.
    assert feet[2] == feet[1] - 11
    assert "a &lt; b" in drawn


def test_a_day_far_above_all_others_is_a_broken_bar() -> None:
    days = [date(2026, 11, 1 + at) for at in range(30)]
    values = {day: 200 if at == 3 else 5 for at, day in enumerate(days)}
    drawn = stacked([Bars("a", {"call": values})], days, ["call"])
    heights = [float(found) for found in re.findall(r"v-([0-9.]+)h", drawn)]
    assert heights == [44.0 if at == 3 else 22.0 for at in range(30)]
    assert "full height: 10 a day; a broken bar is higher" in drawn
    assert len(re.findall(r"v3h-", drawn)) == 1
    assert "broken" not in stacked([Bars("a", {"call": dict.fromkeys(days, 5)})], days, ["call"])


def test_reps_stand_in_the_order_of_the_roster() -> None:
    day = date(2026, 11, 2)
    some = [(day, rep, "call", 1, 0) for rep in ("rep10", "rep2", "zoe")]
    page = workload_page("Replay", work(*some), ["call"], [], ["zoe", "rep2", "rep10"])
    places = [page.index(f">{rep}<") for rep in ("zoe", "rep2", "rep10")]
    assert places == sorted(places)


def test_the_page_names_who_and_when() -> None:
    day = date(2026, 11, 2)
    page = workload_page(
        "Replay", work((day, "lee", "call", 2, 0), (day, None, "email", 7, 7)), ["email", "call"], ["So."]
    )
    assert NOBODY in page
    assert "2026-11-02" in page
    assert "<svg" in page
    assert "So." in page
    assert "No rule asked" in workload_page("Replay", work(), ["email"], [])
