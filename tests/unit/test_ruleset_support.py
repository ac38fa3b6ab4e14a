"""What a run needs of a ruleset: measures and tests make it read nothing more."""

from __future__ import annotations

from tests.example_project import compiled

from leadrules.ruleset.support import for_run

RULES = """
score engagement {
  opened: +5 each email_opened where (campaign = "spring") within 30 days
  again:  +5 each page_viewed distinct path since last(recycled)
  shop:   +1 when industry = "Retail" and did touches where (at > lead.created_at)
}
events touches = [call_made, email_sent]
band temperature of engagement { warm: from 10 hold until below 5  cold: otherwise }
route sdr sets sdr_owner { a: team sdr when temperature is warm }
"""
MEASURES = """
funnel revenue { won: first(deal_won) worth sum(deal_won.amount where (amount > 5)) }
goal outbound { target 1 call per week }
test "t" { event email_clicked 1 day ago  expect count(email_clicked) = 1 and title is blank and employees is blank }
"""


def test_measures_and_tests_make_a_run_read_nothing_more() -> None:
    rules, all_of_it = compiled(RULES), compiled(RULES + MEASURES)
    assert len(all_of_it.aggregates) > len(rules.aggregates)
    assert dict(all_of_it.fields).keys() > dict(rules.fields).keys()
    assert for_run(all_of_it) == rules


def test_a_ruleset_without_them_is_needed_whole() -> None:
    rules = compiled(RULES)
    assert for_run(rules) == rules
    assert set(dict(rules.fields)) == {"industry", "created_at", "sdr_owner"}
    assert dict(rules.event_fields).keys() == {"email_opened", "page_viewed", "recycled", "call_made", "email_sent"}


def test_only_measures_leave_nothing_to_read() -> None:
    kept = for_run(compiled(MEASURES))
    assert (kept.fields, kept.event_fields, kept.aggregates) == ((), (), ())


def test_a_field_that_is_set_is_read() -> None:
    rules = compiled('trigger t { on form_submitted  do set status = "Working" }')
    assert for_run(rules) == rules
    assert set(dict(rules.fields)) == {"status"}
