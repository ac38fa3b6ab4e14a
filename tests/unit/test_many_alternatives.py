"""A condition that a script wrote, of thousands of alternatives: `check` grows with their number, not with its square."""

from __future__ import annotations

import pytest
from tests.analysed import doubts_of

from leadrules.analyse import domains
from leadrules.analyse.terms import Terms
from leadrules.ruleset.model import EventFilter


def alternatives(form: str, count: int) -> str:
    """A segment of so many."""
    return "segment a when " + " or ".join(form.format(number) for number in range(0, 2 * count, 2)) + "\n"


def test_numbers_that_a_term_may_be_are_joined_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    merged: list[int] = []

    def counted(spans: list[tuple[domains.Cut, domains.Cut]]) -> tuple[tuple[domains.Cut, domains.Cut], ...]:
        spans = list(spans)
        merged.append(len(spans))
        return genuine(spans)

    genuine = domains._merged
    monkeypatch.setattr(domains, "_merged", counted)
    sums = []
    for count in (100, 200):
        merged.clear()
        doubts_of(alternatives("employees = {}", count))
        sums.append(sum(merged))
    assert sums[1] < 2.5 * sums[0]


def test_events_that_ask_for_another_value_are_not_held_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[EventFilter] = []
    genuine = Terms._is_part

    def counted(terms: Terms, part: EventFilter, whole: EventFilter) -> bool:
        asked.append(part)
        return genuine(terms, part, whole)

    monkeypatch.setattr(Terms, "_is_part", counted)
    doubts_of(alternatives('did page_viewed where (path = "/{}")', 100))
    assert len(asked) < 300
    text = 'segment a when did page_viewed where (path = "/a") and never page_viewed\n'
    assert [one.code for one in doubts_of(text)] == ["LR201"]  # who saw one page saw a page


def test_the_union_is_what_belongs_to_any() -> None:
    some = [domains.points([3]), domains.numbers(5, 7), domains.points([4, 6]), domains.Numbers((), True)]
    assert domains.union(some) == domains.Numbers((((3, 0), (3, 1)), ((4, 0), (4, 1)), ((5, 0), (7, 1))), True)
    assert domains.union([domains.words("a"), domains.words("b", "a")]) == domains.words("a", "b")
