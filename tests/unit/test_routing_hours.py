"""Working hours by hand: ends of days, days off, time away, zones and the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from leadrules.core.calendar import Calendar
from leadrules.lifecycle.routes.hours import project_hours, rep_hours
from leadrules.project.model import Hours, Rep
from leadrules.ruleset.model import Duration

TOKYO = Calendar("Asia/Tokyo", (1, 2, 3, 4, 5), None, ("2026-03-20",))
WEEK = (1, 2, 3, 4, 5)


def local(text: str, zone: str = "Asia/Tokyo") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "length", "due"),
    [
        ("2026-03-11T10:00", Duration(5, "minutes"), "2026-03-11T10:05"),
        ("2026-03-11T17:30", Duration(30, "minutes"), "2026-03-11T18:00"),  # the end belongs to its day
        ("2026-03-11T17:30", Duration(31, "minutes"), "2026-03-12T09:01"),
        ("2026-03-11T18:00", Duration(5, "minutes"), "2026-03-12T09:05"),
        ("2026-03-11T03:00", Duration(5, "minutes"), "2026-03-11T09:05"),
        ("2026-03-13T17:00", Duration(2, "hours"), "2026-03-16T10:00"),  # over a weekend
        ("2026-03-19T17:00", Duration(2, "hours"), "2026-03-23T10:00"),  # over a holiday and a weekend
        ("2026-03-11T09:00", Duration(9, "hours"), "2026-03-11T18:00"),
        ("2026-03-11T09:00", Duration(20, "hours"), "2026-03-13T11:00"),
        ("2026-03-12T10:00", Duration(1, "days"), "2026-03-13T10:00"),
        ("2026-03-13T10:00", Duration(1, "business days"), "2026-03-16T10:00"),
        ("2026-03-14T10:00", Duration(2, "days"), "2026-03-18T09:00"),  # from Saturday: Monday 09:00 and two days
        ("2026-03-13T10:00", Duration(1, "weeks"), "2026-03-23T09:00"),  # the 20th is off
        ("2026-03-11T10:00", Duration(1, "months"), "2026-04-13T09:00"),  # 11 April is a Saturday
    ],
)
def test_the_project_works_from_nine_to_six(at: str, length: Duration, due: str) -> None:
    assert project_hours(TOKYO).due(local(at), length) == local(due)


def test_a_rep_works_in_their_own_zone_and_hours() -> None:
    rep = Rep("a", hours=Hours((1, 2, 3, 4), "08:00", "12:00", "America/New_York"))
    hours = rep_hours(TOKYO, rep)
    thursday = local("2026-03-12T11:30", "America/New_York")
    assert hours.is_open(thursday)
    assert hours.due(thursday, Duration(1, "hours")) == local("2026-03-16T08:30", "America/New_York")
    assert not hours.is_open(local("2026-03-13T11:30", "America/New_York"))
    assert not hours.is_open(local("2026-03-12T12:00", "America/New_York"))
    assert hours.is_open(local("2026-03-12T08:00", "America/New_York"))


def test_nobody_works_while_away_or_on_their_own_holidays() -> None:
    rep = Rep("a", away=(("2026-03-11", "2026-03-12"),), holiday_dates=("2026-03-13",))
    hours = rep_hours(TOKYO, rep)
    assert [hours.is_away(date(2026, 3, day)) for day in (10, 11, 12, 13, 14, 20)] == [
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    assert hours.due(local("2026-03-10T17:59"), Duration(2, "minutes")) == local("2026-03-16T09:01")


def test_holidays_of_a_country_are_the_reps_own() -> None:
    hours = rep_hours(Calendar("UTC", WEEK), Rep("a", holidays="US"))
    assert hours.is_away(date(2026, 7, 3))  # Independence Day, observed
    assert not project_hours(Calendar("UTC", WEEK)).is_away(date(2026, 7, 3))


def test_hours_that_a_change_of_clocks_takes_away_are_not_worked() -> None:
    """On 29 March 2026 Berlin has no 02:00 to 03:00: a day of 24 hours has 23."""
    berlin = Calendar("Europe/Berlin", (1, 2, 3, 4, 5, 6, 7))
    hours = rep_hours(berlin, Rep("a", hours=Hours((1, 2, 3, 4, 5, 6, 7), "00:00", "24:00")))
    midnight = local("2026-03-29T00:00", "Europe/Berlin")
    assert hours.due(midnight, Duration(23, "hours")) == local("2026-03-30T00:00", "Europe/Berlin")
    assert hours.due(midnight, Duration(2, "hours")) == local("2026-03-29T03:00", "Europe/Berlin")


def test_hours_that_a_change_of_clocks_repeats_are_worked_twice() -> None:
    berlin = Calendar("Europe/Berlin", (1, 2, 3, 4, 5, 6, 7))
    hours = rep_hours(berlin, Rep("a", hours=Hours((7,), "01:00", "04:00")))
    begins = local("2026-10-25T01:00", "Europe/Berlin")
    assert hours.due(begins, Duration(4, "hours")) == local("2026-10-25T04:00", "Europe/Berlin")


def test_who_never_works_is_never_due() -> None:
    assert rep_hours(TOKYO, Rep("a", away=(("2000-01-01", "9999-12-31"),))).due(
        local("2026-03-11T10:00"), Duration(1, "minutes")
    ) is None  # fmt: skip
