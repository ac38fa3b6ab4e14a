"""Mutants: which there are, and that each verdict is what running every test with the edited rules gives."""

from __future__ import annotations

import pytest
from tests.example_project import compiled, example_project
from tests.unit.test_coverage import RULES

from leadrules.review.testing.mutants import mutants_of, swapped
from leadrules.review.testing.mutate import Mutation, Recorder, mutation
from leadrules.review.testing.testing import run_tests
from leadrules.ruleset.model import Ruleset

# Steps at clock times and after one another, a pause, an exit, and what a state remembers from run to run.
LONG = """
sequence nurture {
  1: day 1 09:00 email auto "One" template "intro"
  2: wait 2 days call "Two"
  3: day 6 after 1 hour linkedin "Three" when employees > 10
  send between 08:00 and 18:00
  exit when did email_replied since enrolled_at
  finish after 1 day
  on finish do set status = "Nurturing"
}
define per_head = 2 * employees + 1
score paced { heads: +(min(per_head, 30)) when employees > 10  seen: +8 each email_opened halving every 2 days }
trigger begin { on form_submitted where (form = "trial")  when employees > 10  do enroll nurture  once per 30 days }
trigger over { on finish nurture  when country = "JP"  do notify "managers" "Through" }
trigger calm { when country = "DE"  do task call "Ask" }
test "runs through" {
  as of 2026-11-02T07:00
  given employees = 12, country = "JP"
  event form_submitted 1 minute ago with form = "trial"
  expect sequence is nurture and not (step >= 1) and paced = 25
  then after 5 hours
  expect action email "One"
  then after 2 days
  expect action call "Two"
  then after 3 days
  expect action linkedin "Three"
  then after 2 days
  expect sequence is blank
  expect action set status = "Nurturing"
  expect fired trigger.over
}
test "answers" {
  as of 2026-11-02T07:00
  given employees = 12, country = "DE"
  event form_submitted 1 minute ago with form = "trial"
  event email_opened 2 days ago
  expect sequence is nurture and paced = 29
  expect action call "Ask"
  then after 1 day
  event email_replied 1 hour ago
  expect sequence is blank
  expect not fired trigger.calm
}
"""

TESTS = """
test "big" { given employees = 100, country = "JP"  expect fit = 80 and temperature is hot }
test "not so big" { given employees = 99, country = "JP"  expect fit = 0 }
test "elsewhere" { given employees = 100, country = "DE"  expect not fired fit.size }
test "head" { given title = "CEO"  expect fit = 20 }
test "asks" {
  as of 2026-11-02T10:00
  given employees = 11, country = "JP"
  event form_submitted 5 minutes ago with form = "contact"
  expect fired trigger.inbound
  expect sequence is instant and owner = "sato@example.com"
  expect action call "Call"
  then after 4 days
  expect sequence is blank
  expect action set status = "Nurturing"
}
test "asks from elsewhere" {
  as of 2026-11-02T10:00
  given employees = 11, country = "DE"
  event form_submitted 5 minutes ago with form = "contact"
  expect not fired trigger.inbound
}
"""


def tried(ruleset: Ruleset) -> Mutation:
    """All mutants of a ruleset tried."""
    recorder = Recorder(ruleset, ruleset.tests)
    assert all(result.passed for result in run_tests(ruleset, ruleset.tests, example_project(), recorder))
    return mutation(ruleset, example_project(), ruleset.tests, {}, recorder)


@pytest.mark.parametrize("rules", [RULES + TESTS, LONG], ids=["wide", "long"])
def test_every_verdict_is_that_of_running_all_tests(rules: str) -> None:
    """The law behind the short cuts: no test, and no run of one, is left out that would have noticed."""
    ruleset = compiled(rules)
    for trial in tried(ruleset).trials:
        edited = trial.mutant.make()
        failing = [r.title for r in run_tests(edited, ruleset.tests, example_project()) if not r.passed]
        where = (trial.mutant.rules, trial.mutant.words)
        assert (trial.noticed_by in failing) if failing else trial.noticed_by is None, (where, failing, trial)


def test_the_edits_of_a_line() -> None:
    ruleset = compiled(
        'score fit { size: +20 when employees >= 100 and country in ("JP", "DE") }\n' + 'test "t" { expect fit = 0 }'
    )
    words = {one.words for one in mutants_of(ruleset, example_project()).mutants}
    assert words == {
        "weight 20 becomes 21", "`and` becomes `or`", "`>=` becomes `>`", "threshold 100 becomes 101",
        "`in` becomes `not in`", "the line is dropped",
    }  # fmt: skip


def test_a_length_of_one_is_told_as_it_is_written() -> None:
    rules = "score fit { page: +5 each page_viewed within {length} halving every {length} }"
    for length, more in (("1 day", 2), ("2 weeks", 3)):
        ruleset = compiled(rules.replace("{length}", length) + '\ntest "t" { expect fit = 0 }')
        words = {one.words for one in mutants_of(ruleset, example_project()).mutants}
        assert {f"within {length} becomes {more}", f"halving every {length} becomes {more}"} <= words


def test_first_match_lines_are_swapped_unless_they_never_hold_together() -> None:
    lists = 'classify persona {{ {a} {b} c: otherwise }}\ntest "t" {{ expect persona is c }}'
    apart = compiled(lists.format(a="small: when employees < 10", b="big: when employees >= 10"))
    meets = compiled(lists.format(a="small: when employees < 20", b="big: when employees >= 10"))
    assert "the line is swapped with the next" not in {m.words for m in mutants_of(apart, example_project()).mutants}
    assert mutants_of(apart, example_project()).equivalent >= 1
    assert "the line is swapped with the next" in {m.words for m in mutants_of(meets, example_project()).mutants}


def test_an_edit_that_means_the_same_is_left_out() -> None:
    # `employees` are whole and not below 0: more than -1 and at least 0 hold for the same leads.
    ruleset = compiled('segment some when employees >= 0\ntest "t" { given employees = 1  expect some }')
    found = mutants_of(ruleset, example_project())
    assert "`>=` becomes `>`" in {one.words for one in found.mutants}
    ruleset = compiled('segment some when employees > -1\ntest "t" { given employees = 1  expect some }')
    found = mutants_of(ruleset, example_project())
    assert found.equivalent == 1
    assert {one.words for one in found.mutants} == {"threshold -1 becomes 0"}


def test_only_what_changes_is_made_anew() -> None:
    ruleset = compiled(RULES + TESTS)
    old = ruleset.definitions[0]
    assert swapped(ruleset.definitions, object(), None) is ruleset.definitions
    assert swapped(ruleset, old, old) is ruleset


def test_the_report_names_the_survivors() -> None:
    ruleset = compiled(
        'score fit { size: +20 when employees >= 100 }\ntest "t" { given employees = 200  expect fit = 20 }'
    )
    found = tried(ruleset)
    assert {one.mutant.words for one in found.survivors} == {"`>=` becomes `>`", "threshold 100 becomes 101"}
    assert f"{len(found.trials) - 2} of {len(found.trials)} noticed" in found.text
    assert "`>=` becomes `>`" in found.text
    document = found.as_json
    assert (document["noticed"], document["total"]) == (len(found.trials) - 2, len(found.trials))
