"""What tests reach: every outcome against what was counted by hand on a small ruleset."""

from __future__ import annotations

from typing import Any

from lxml import etree
from tests.example_project import compiled, example_project
from tests.unit.test_junit import AT, SCHEMAS

from leadrules.review.testing.coverage import Coverage, Observer
from leadrules.review.testing.coverage_report import coverage_json, coverage_text
from leadrules.review.testing.test_report import results_junit
from leadrules.review.testing.testing import run_tests

RULES = """
score fit {
  size: +80 when employees >= 100 and country = "JP" or opted_out
  mail: +5 each email_opened
  group title first match {
    ceo: +20 when title contains "CEO"
    vp: +10 when title contains "VP" and employees > 5
  }
}
segment big when employees >= 100
band temperature of fit { hot: from 70  cold: otherwise }
classify persona { buyer: when title contains "VP"  user: otherwise }
matrix priority of temperature by persona {
  columns: buyer | user
  hot: p1 | p2
  cold: p2 | p3
}
route sales { vip: rep "sato@example.com" when country = "JP"  any: team inside by round_robin otherwise }
sequence instant {
  1: day 1 after 2 minutes email auto "Thanks" template "thanks"
  2: day 1 after 3 minutes call "Call" when employees > 10
  exit when opted_out
  finish after 3 days
  on finish do set status = "Nurturing"
}
suppress email when opted_out
trigger inbound { on form_submitted where (form = "contact")  when employees > 10 and country = "JP"  do enroll instant }
trigger shows { on enter temperature hot  do notify "managers" "A hot one" }
"""


def reached(*tests: str) -> Coverage:
    """What tests reach together."""
    blocks = "\n".join(f'test "t{number}" {{\n{test}\n}}' for number, test in enumerate(tests))
    ruleset = compiled(RULES + blocks)
    observer = Observer(ruleset, ruleset.tests)
    results = run_tests(ruleset, ruleset.tests, example_project(), observer)
    assert all(result.passed for result in results), results
    return observer.coverage


def missing(coverage: Coverage, rule: str) -> list[tuple[Any, ...]]:
    """What is not reached of a rule: the kind, and the clause's place among those of its line, or its label."""
    found: list[tuple[Any, ...]] = []
    for point in coverage.missing:
        if point.rule != rule:
            continue
        if point.clause is None:
            found.append((point.kind, *point.key[2:]))
        elif point.clause.span is not None:
            found.append((point.kind, point.clause.span["column"]))
    return found


def test_a_clause_that_was_not_come_to_is_not_reached() -> None:
    # employees >= 100 is false, so `and` ends before the country; `or` goes on to opted_out, which is false.
    found = reached("given employees = 5\nexpect fit = 0")
    start = RULES.split("\n")[2].index("employees") + 1
    country = RULES.split("\n")[2].index("country") + 1
    out = RULES.split("\n")[2].index("opted_out") + 1
    assert missing(found, "fit.size") == [
        ("fires",), ("true", start), ("true", country), ("false", country), ("true", out),
    ]  # fmt: skip


def test_together_tests_reach_both_sides() -> None:
    found = reached(
        'given employees = 100, country = "JP"\nexpect fit = 80',
        'given employees = 100, country = "DE"\nexpect fit = 0',
        "given employees = 5, opted_out = true\nexpect fit = 80",
    )
    assert missing(found, "fit.size") == []
    assert missing(found, "big") == []
    assert missing(found, "temperature") == []
    assert missing(found, "priority") == [("cell", "hot", "buyer"), ("cell", "cold", "buyer")]
    assert missing(found, "persona") == [("label", "buyer")]
    assert missing(found, "fit.mail") == [("fires",)]


def test_a_first_match_group_is_looked_at_until_one_matches() -> None:
    column = RULES.split("\n")[6].index("title") + 1
    found = reached('given title = "CEO and VP", employees = 10\nexpect fit = 20')
    assert ("true", column) in missing(found, "fit.vp")
    assert ("false", column) in missing(found, "fit.vp")
    found = reached('given title = "VP", employees = 10\nexpect fit = 10')
    assert missing(found, "fit.vp") == [
        ("rests",), ("false", column), ("false", RULES.split("\n")[6].index("employees") + 1),
    ]  # fmt: skip


def test_what_is_decided_counts_where_a_test_asks_for_it() -> None:
    event = 'as of 2026-11-02T10:00\ngiven employees = 20, country = "JP"\nevent form_submitted 5 minutes ago with form = "contact"\n'
    facts = reached(event + "expect fit = 0")
    assert ("fires",) in missing(facts, "trigger.inbound")
    assert ("fires",) in missing(facts, "route.sales.vip")
    decided = reached(event + "expect sequence is instant\nthen after 4 days\nexpect sequence is blank")
    assert ("fires",) not in missing(decided, "trigger.inbound")
    assert missing(decided, "route.sales.vip") == []
    assert missing(decided, "route.sales.any") == [("fires",)]
    assert missing(decided, "sequence.instant.1") == []
    assert [kind for kind, *_ in missing(decided, "sequence.instant.2")] == ["false"]
    assert missing(decided, "sequence.instant.finish") == []
    assert [kind for kind, *_ in missing(decided, "sequence.instant.exit")] == ["true"]
    assert [kind for kind, *_ in missing(decided, "suppress email")] == ["true"]
    assert missing(decided, "trigger.shows") == [("fires",)]


def test_a_trigger_called_like_the_end_of_a_sequence_is_none() -> None:
    test = 'test "t" {\n  event email_sent 1 hour ago\n  expect fired trigger.`x.finish`\n}\n'
    ruleset = compiled('trigger `x.finish` { on email_sent  do notify "managers" "Sent" }\n' + test)
    observer = Observer(ruleset, ruleset.tests)
    run_tests(ruleset, ruleset.tests, example_project(), observer)
    assert {key for key in observer.coverage.reached if key[0] == "done"} == {("done", "trigger.x.finish")}


def test_what_events_must_meet_is_looked_at_for_each() -> None:
    one = reached('event form_submitted 1 day ago with form = "newsletter"\nexpect fit = 0')
    assert [kind for kind, *_ in missing(one, "trigger.inbound")][:2] == ["fires", "true"]


def test_the_report_adds_up() -> None:
    found = reached("given employees = 5\nexpect fit = 0")
    document = coverage_json(found, {}, compiled(RULES + 'test "t" { expect fit = 0 }').tests)
    assert document["total"] == len(document["outcomes"]) == len(found.points)
    assert document["reached"] == sum(bool(one["tests"]) for one in document["outcomes"])
    assert document["reached"] + len(found.missing) == document["total"]
    text = coverage_text(found, {})
    assert text.startswith(f"coverage: {document['reached']} of {document['total']} outcomes reached")
    assert "`hot` is never given" in text


def test_results_as_junit_are_valid_and_say_what_failed() -> None:
    ruleset = compiled(RULES + 'test "good" { expect fit = 0 }\ntest "bad <1>" { expect fit = 7 and opted_out }')
    text = results_junit(run_tests(ruleset, ruleset.tests, example_project()), {}, ruleset, AT).encode()
    for schema in ("junit-ant.xsd", "junit-jenkins.xsd"):
        etree.XMLSchema(etree.parse(SCHEMAS / schema)).assertValid(etree.fromstring(text))
    (suite,) = etree.fromstring(text)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite.iter("testcase")] == ["good", "bad <1>"]
    (failure,) = suite.iter("failure")
    assert "expected" in failure.text


def test_a_floor_a_cap_and_a_limit_are_reached_where_they_change_a_score() -> None:
    rules = """
score heat {
  group email at most 10 points { opened: +6 each email_opened }
  big: +90 when employees >= 100
  poor: -30 when country = "XX"
  floor -20
  cap 95
}
"""

    def reaches(test: str) -> set[str]:
        ruleset = compiled(f'{rules}\ntest "t" {{ {test} }}')
        observer = Observer(ruleset, ruleset.tests)
        assert all(result.passed for result in run_tests(ruleset, ruleset.tests, example_project(), observer))
        found = observer.coverage
        return {str(point.key[2]) for point in found.points if point.kind == "bounds" and found.tests(point)}

    opened = "event email_opened 1 hour ago  event email_opened 2 hours ago"
    assert reaches("given employees = 100  expect heat = 90") == set()
    assert reaches(f"{opened}  expect heat = 10") == {"email limit"}
    assert reaches(f"given employees = 100  {opened}  expect heat = 95") == {"email limit", "cap"}
    assert reaches('given country = "XX"  expect heat = -20') == {"floor"}
