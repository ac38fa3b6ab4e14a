"""The sequence that the CRM says a lead is in, through whole runs: §8 "Record and state", §10."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.laws.oracle.memory import Lead, Row
from tests.laws.product import Product, rows_of
from tests.laws.small_company import SETTINGS, company, lead, moment

FIELDS = SETTINGS["fields"] | {"sequence": "current_sequence"}
RULES = """
sequence short { 1: day 1 call "Ring" }
sequence long {
  1: day 1 call "Ring"
  2: day 9 call "Ring again"
  exit when status = "Customer"
  enroll at most 1 per day
}
exit all when status = "Closed"
"""


class Runs:
    """A company whose CRM says the sequence, run after run."""

    def __init__(self, folder: Path, rules: str = RULES) -> None:
        self.folder = folder
        self.product = Product(company(folder, rules, fields=FIELDS))

    def edit(self, rules: str) -> None:
        """Other rules from the next run on."""
        self.product = replace(self.product, company=company(self.folder, rules, fields=FIELDS))

    def run(self, day: int, *leads: Lead, **options: Any) -> list[tuple[str, str, str]]:
        """Key, rule and what of each line of a run at ten on a day of March."""
        outcome = self.product.run(moment(f"2026-03-{day:02d}T10:00"), list(leads), [], **options)
        return [_brief(row) for row in rows_of(outcome)]

    def of(self, key: str) -> dict[str, Any]:
        """What the state has of a lead."""
        return self.product.state.leads.frame.filter(key=key).row(0, named=True)


def _brief(row: Row) -> tuple[str, str, str]:
    return row.key, row.rule, row.reason or row.value or row.what


def said(key: str, sequence: str | None, **values: Any) -> Lead:
    """A lead with what the CRM says."""
    return lead(key, current_sequence=sequence, **values)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_a_lead_moved_by_hand_finishes_in_the_next_run_at_the_earliest(runs: Runs) -> None:
    runs.run(2, said("a", None))
    assert runs.run(3, said("a", "Short")) == [("a", "sequence.short.1", "Ring")]
    assert runs.of("a")["sequence"] == "short"
    assert runs.run(4, said("a", "Short")) == [("a", "sequence.short.finish", "short")]
    assert runs.run(5, said("a", "Short")) == []


def test_a_lead_first_seen_in_a_sequence_keeps_the_exit_of_that_day(runs: Runs) -> None:
    """Though no step of it is due, and nobody else is in it."""
    runs.run(2, said("a", "long"))
    runs.edit(RULES.replace('"Customer"', '"Working"'))
    assert runs.run(3, said("a", "long", status="Working")) == []
    assert runs.run(4, said("a", "long", status="Customer")) == [("a", "sequence.long.exit", "long")]


def test_so_does_one_that_a_baseline_saw(runs: Runs) -> None:
    runs.run(2, said("a", "long"), baseline=True)
    runs.edit(RULES.replace('"Customer"', '"Working"'))
    assert runs.run(3, said("a", "long", status="Working")) == []
    assert runs.run(4, said("a", "long", status="Customer")) == [("a", "sequence.long.exit", "long")]


def test_and_one_that_was_paused_when_the_record_moved_it(tmp_path: Path) -> None:
    rules = RULES.replace("exit when", "pause when opted_out\n  exit when")
    runs = Runs(tmp_path, rules)
    runs.run(2, said("a", None))
    assert runs.run(3, said("a", "long", opted_out=True)) == []
    runs.edit(rules.replace('"Ring"', '"New"'))
    assert runs.run(4, said("a", "long")) == [("a", "sequence.long.1", "Ring")]


def test_who_waits_to_move_out_of_what_only_the_record_knows_waits_on(tmp_path: Path) -> None:
    """Nobody knows when it was enrolled there; it did not go elsewhere since."""
    runs = Runs(tmp_path, RULES + 'trigger go { when status = "Working"  do move to long }')
    first = [said("a", "Other tool", status="Working"), said("b", "Other tool", status="Working")]
    assert ("b", "trigger.go", "over a limit") in runs.run(2, *first)
    assert ("b", "trigger.go", "long") in runs.run(3, *first)


def test_who_was_moved_by_hand_while_it_waited_went_elsewhere(tmp_path: Path) -> None:
    runs = Runs(tmp_path, RULES + 'trigger go { when status = "Working"  do enroll long }')
    first = [said("a", None, status="Working"), said("b", None, status="Working")]
    runs.run(2, *first)
    assert runs.of("b")["seq_wait"] == "long"
    runs.run(3, first[0], said("b", "short", status="Working"))
    assert (runs.of("b")["sequence"], runs.of("b")["seq_wait"]) == ("short", None)


def test_a_trigger_moves_on_who_was_moved_by_hand_while_it_waited(tmp_path: Path) -> None:
    """The wait is over with the hand's move, so asking for the same once more is something new."""
    rules = """
trigger go { when status = "Working"  do enroll long }
trigger again { when status = "Nurturing"  do move to long }
"""
    runs = Runs(tmp_path, RULES + rules)
    first = [said("a", None, status="Working"), said("b", None, status="Working")]
    runs.run(2, *first)
    assert ("b", "trigger.again", "long") in runs.run(3, first[0], said("b", "short", status="Nurturing"))
    assert runs.of("b")["sequence"] == "long"


def test_an_unknown_sequence_is_left_by_exit_all_and_by_a_move(tmp_path: Path) -> None:
    runs = Runs(tmp_path, RULES + 'trigger go { when status = "Working"  do move to short }')
    runs.run(2, said("a", "Other tool"), said("b", "other tool"))
    assert runs.run(3, said("a", "OTHER TOOL", status="Closed"), said("b", "Other tool", status="Working")) == [
        ("a", "exit all", "Other tool"),
        ("b", "trigger.go", "short"),
        ("b", "sequence.short.1", "Ring"),
    ]


def test_a_sequence_that_the_rules_come_to_know_sends_nothing_that_would_have_been_due(runs: Runs) -> None:
    """Who was moved there by hand before is in it, and leaves by its exits; whoever moves now begins now."""
    runs.run(2, said("a", None), said("b", None))
    assert runs.run(3, said("a", "late"), said("b", None)) == []
    runs.edit(RULES + '\nsequence late { 1: day 1 call "Ring"  2: day 2 call "Again"  exit when status = "Customer" }')
    assert runs.run(6, said("a", "late"), said("b", "late")) == [("b", "sequence.late.1", "Ring")]
    assert runs.run(7, said("a", "late", status="Customer"), said("b", "late")) == [
        ("a", "sequence.late.exit", "late"),
        ("b", "sequence.late.finish", "late"),
        ("b", "sequence.late.2", "Again"),
    ]


LATE = RULES + 'sequence late { 1: day 1 call "Ring"  exit when status = "Customer" }'


@pytest.mark.parametrize("spelt", ["Late", "ＬＡＴＥ"])
def test_a_sequence_that_the_rules_come_to_know_is_read_as_people_read_it(runs: Runs, spelt: str) -> None:
    runs.run(2, said("a", spelt))
    runs.edit(LATE)
    assert runs.run(3, said("a", spelt)) == []
    assert runs.of("a")["sequence"] == "late"
    assert runs.run(4, said("a", spelt, status="Customer")) == [("a", "sequence.late.exit", "late")]


def test_also_where_the_export_has_no_column_of_it(runs: Runs) -> None:
    runs.run(2, said("a", "Late"))
    runs.edit(LATE)
    outcome = runs.product.decided(moment("2026-03-03T10:00"), [said("a", "Late")], [], ["current_sequence"])
    runs.product.commit(outcome)
    assert runs.of("a")["sequence"] == "late"


def test_two_sequences_whose_names_differ_by_case_are_two(tmp_path: Path) -> None:
    runs = Runs(tmp_path, RULES + '\nsequence Long { 1: day 1 call "Ring" }')
    runs.run(2, said("a", "Long"), said("b", "long"))
    assert [runs.of(key)["sequence"] for key in ("a", "b")] == ["Long", "long"]


@pytest.mark.parametrize("limit", ["enroll once", "enroll again after 30 days"])
def test_who_is_seen_in_a_sequence_first_is_not_let_in_again(tmp_path: Path, limit: str) -> None:
    """To be sent the same steps again is what the limit is there for, whoever enrolled the lead."""
    rules = f"""
sequence short {{ 1: day 1 call "Ring"  exit when status = "Customer"  {limit} }}
trigger go {{ when status = "Working"  do enroll short }}
"""
    runs = Runs(tmp_path, rules)
    runs.run(2, said("a", "short"), said("b", "Other tool"))
    assert runs.run(3, said("a", "short", status="Customer")) == [("a", "sequence.short.exit", "short")]
    assert runs.run(4, said("a", None, status="Working")) == [("a", "trigger.go", "over a limit")]
