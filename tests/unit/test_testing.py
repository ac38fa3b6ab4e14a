"""`test` blocks through the whole lifecycle: what may be given, what may be expected, and what a failure says (§12)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.example_project import compiled, example_project

from leadrules.core.calendar import Calendar
from leadrules.core.types import DURATION
from leadrules.review.testing import testing

RULES = """
score fit { size: +80 when employees >= 100 }
band temperature of fit { hot: from 70 hold until below 60  cold: otherwise }
route sales { any: team inside by round_robin otherwise  answered when did call_made since assigned_at }
sequence instant {
  1: day 1 after 2 minutes email auto "Thanks" template "thanks"
  finish after 3 days
  on finish do set status = "Nurturing"
}
suppress email when opted_out
trigger inbound {
  on form_submitted where (form = "contact")
  do enroll instant
  do set status = "Working"
  do assign with sales
  respond within 5 minutes
}
trigger shows { on enter temperature hot  do notify "managers" "A hot one" }
trigger cools { on leave temperature hot  do notify "managers" "It cooled" }
"""


def results(test: str) -> testing.TestResult:
    """The result of one test block."""
    ruleset = compiled(f'{RULES}\ntest "t" {{\n{test}\n}}\n')
    (found,) = testing.run_tests(ruleset, ruleset.tests, example_project())
    return found


PASSING = [
    # The contract's own example.
    """as of 2026-11-02T10:00
  given employees = 500, country = "JP"
  event form_submitted 5 minutes ago with form = "contact"
  expect fired trigger.inbound
  expect action email template "thanks"
  expect sequence is instant and owner in team inside
  then after 4 days
  expect sequence is blank
  expect not action email""",
    # Owner and sequence are as they are after the run; what was set shows from the next run on.
    """as of 2026-11-02T10:00
  event form_submitted 5 minutes ago with form = "contact"
  expect owner = "sato@example.com" and step = 1 and enrolled_at = 2026-11-02T09:55 and status is blank
  expect fired route.sales.any
  expect action set status = "Working"
  expect action assign "sato@example.com"
  expect action enroll "instant"
  then after 1 hour
  expect status = "Working"
  expect not fired trigger.inbound
  expect not action set status = "Working\"""",
    # A sequence that is given is gone on with.
    """as of 2026-11-06T10:00
  given sequence = instant, step = 1, enrolled_at = 2026-11-02T09:00, owner = "lee@example.com"
  expect action stop "instant"
  expect action set status = "Nurturing"
  expect owner = "lee@example.com" and sequence is blank""",
    # A label before that is given holds, and is not entered again.
    """given employees = 10, temperature = hot
  expect temperature is cold
  given employees = 100
  expect temperature is hot
  then after 1 day
  given employees = 10
  expect temperature is cold""",
    """given employees = 500, temperature = hot
  expect not fired trigger.shows
  given employees = 10
  expect fired trigger.cools
  given temperature = cold
  expect not fired trigger.cools
  given employees = 500
  expect fired trigger.shows""",
    """given employees = 500
  expect fired trigger.shows
  expect fired fit.size
  expect action notify "managers"
  expect action notify "A hot one"
  then after 1 day
  expect not fired trigger.shows""",
    # A text is given as a cell would be read: trimmed, and an empty one is a blank.
    """given title = " VP ", country = " "
  expect exact(title, "VP") and country is blank""",
    # What is suppressed is no action.
    """given opted_out = true
  event form_submitted 5 minutes ago with form = "contact"
  expect fired trigger.inbound and_is_owned
  expect not action email""".replace(" and_is_owned", ""),
]


@pytest.mark.parametrize("test", PASSING)
def test_what_a_test_may_expect(test: str) -> None:
    found = results(test)
    assert found.failures == ()


@pytest.mark.parametrize(
    ("expect", "remark"),
    [
        ("expect fired trigger.shows", "trigger.shows did not fire; what fired: route.sales.any, trigger.inbound"),
        ("expect not fired trigger.inbound", "trigger.inbound fired"),
        (
            'expect action email template "intro"',
            "no such action; what there is: set status = Working; assign owner = sato@example.com; enroll sequence = instant",
        ),
        ('expect not action set status = "Working"', "there is such an action: set status = Working"),
        ("expect action call", "no such action"),
    ],
)
def test_what_a_failure_says(expect: str, remark: str) -> None:
    found = results(f'as of 2026-11-02T10:00\nevent form_submitted 5 minutes ago with form = "contact"\n{expect}')
    (failure,) = found.failures
    assert failure.remark.startswith(remark)


def test_a_failure_keeps_the_values_of_its_parts() -> None:
    found = results(
        'as of 2026-11-02T10:00\nevent form_submitted 5 minutes ago with form = "contact"\n'
        "expect sequence is blank or owner in team junior"
    )
    (failure,) = found.failures
    seen = {(part.expr.op, part.value) for part in failure.seen if part.expr.op == "always"}
    assert seen == {("always", "instant"), ("always", "sato@example.com")}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(days=79), "79 days"),
        (timedelta(days=-4), "-4 days"),
        (-timedelta(minutes=1), "-1 minute"),
        (timedelta(days=1, minutes=30), "1 day 30 minutes"),
        (-timedelta(hours=26), "-1 day 2 hours"),
        (timedelta(seconds=45), "45 seconds"),
        (timedelta(0), "0 days"),
    ],
)
def test_a_length_of_time_is_told_in_the_units_of_rules(value: timedelta, text: str) -> None:
    assert testing.value_text(value, DURATION, Calendar("UTC")) == text


@pytest.mark.parametrize("limit", ["enroll once", "enroll again after 30 days"])
def test_a_sequence_that_is_given_was_entered(limit: str) -> None:
    """As with a lead that a run enrolled: it is not let in again."""
    sequence = f'sequence short {{ 1: day 1 call "Ring"  exit when opted_out  {limit} }}'
    trigger = "trigger again { when employees >= 100  do enroll short }"
    test = """test "t" {
  as of 2026-11-02T10:00
  given sequence = short, enrolled_at = 2026-11-01T09:00, opted_out = true
  expect sequence is blank
  then after 1 day
  given employees = 500
  expect not fired trigger.again
  expect not action enroll
}"""
    ruleset = compiled(f"{sequence}\n{trigger}\n{test}")
    (found,) = testing.run_tests(ruleset, ruleset.tests, example_project())
    assert found.failures == ()


WITH_TIME = """
score fit { size: +80 when employees >= 100 }
score warm { recent: +5 when did form_submitted within 30 days }
score `hot.now` { lately: +5 when did form_submitted within 30 days }
route sales on demand { any: team inside by round_robin when country = "JP" on shift }
route plain on demand { any: queue nurture otherwise }
sequence instant { 1: day 1 after 2 minutes call "Ring"  finish after 3 days }
trigger inbound { on form_submitted where (form = "contact")  do enroll instant }
trigger recent { on page_viewed  when warm > 0  do notify "x" "y" }
trigger sizes { on page_viewed  when employees > 5  do notify "x" "big" }
"""
AT_A_TIME = [
    # It reads nothing that hangs on the time.
    ("given employees = 100\n expect fit = 80", False),
    ("given employees = 100\n expect fired fit.size", False),
    ("event page_viewed 1 day ago\n expect not fired trigger.sizes", False),
    ("given employees = 100\n expect not fired route.plain.any", False),
    # By a score, as before; by a trigger that asks for that score; by a route that looks at who is on shift.
    ("expect warm = 0", True),
    ("expect not fired `hot.now`.lately", True),
    ("event page_viewed 1 day ago\n expect not fired trigger.recent", True),
    ('given country = "JP"\n expect not fired route.sales.any', True),
    # An event that lies ahead is not seen; one before it is.
    ("event form_submitted at 2026-03-01\n expect count(form_submitted) = 0", True),
    ("event form_submitted at 2025-12-01\n expect count(form_submitted) = 1", False),
    # A later run; a step that is due; the times of a lead.
    ("given employees = 100\n expect fit = 80\n then after 4 days\n expect fit = 80", True),
    ('event form_submitted 5 minutes ago with form = "contact"\n expect action call', True),
    ("given sequence = instant, step = 1, enrolled_at = 2026-01-01\n expect sequence is instant", True),
    ("expect due_at is blank", True),
]


@pytest.mark.parametrize(("test", "reads"), AT_A_TIME)
def test_a_test_says_that_it_read_a_time_it_does_not_state(test: str, reads: bool) -> None:
    for stated in (False, True):
        text = f"as of 2026-01-01T00:00\n{test}" if stated else test
        ruleset = compiled(f'{WITH_TIME}\ntest "t" {{\n{text}\n}}\n')
        (found,) = testing.run_tests(ruleset, ruleset.tests, example_project())
        assert found.failures == ()
        assert found.at_default == (reads and not stated)
