"""`run --undo` of a run that is not the last: its values go back, with what goes with them, and the next runs agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.laws.oracle.memory import Lead
from tests.laws.product import write_events, write_leads
from tests.laws.small_company import SETTINGS, company, lead
from tests.suites.running import leadrules, rows

from leadrules.lifecycle.state import store
from leadrules.lifecycle.state.undo import Undone, take_back

RULES = """
sequence slow { 1: day 1 call "Ring"  2: day 9 call "Ring again" }
sequence quick { 1: day 1 call "Ring"  2: day 2 call "Ring again"  finish after 30 days }
route sales {
  a: rep "ann" when status = "Working" respond within 30 minutes
  b: rep "bob" when status = "Customer" respond within 30 minutes
  reroute when status = "Working" or status = "Customer"
}
trigger begin { when status = "Working"  do enroll slow }
trigger go { when status = "Customer"  do move to quick  do set industry = "Retail" }
"""


class Runs:
    """A company on disk, whose CRM says owner and sequence."""

    def __init__(self, folder: Path, rules: str = RULES) -> None:
        self.folder = folder
        fields = SETTINGS["fields"] | {"sequence": "current_sequence"}
        self.state = company(folder, rules, fields=fields).project.state
        write_events(folder / "events.csv", [])

    def run(self, day: int, status: str, *options: str, **values: Any) -> dict[str, str]:
        """A run over the one lead at ten on a day of March: what is decided on it."""
        one: Lead = lead("a", status=status, **values)
        write_leads(self.folder / "leads.csv", [one])
        out = self.folder / f"out{day}"
        as_of = f"--as-of=2026-03-{day:02d}T10:00"
        done = leadrules("run", "--project", self.folder, "--out", out, as_of, *options)
        assert done.exit_code == 0, done.output
        return rows(out / "decisions.csv")[0]

    def undo(self, day: int) -> Undone:
        """Take the run of a day back."""
        return take_back(self.state, self.folder / f"out{day}")

    def rename(self, old: str, new: str) -> None:
        """A sequence has another name in the state and in the rules; the CRM hears nothing of it."""
        leadrules("state", "rename", f"sequence.{old}", new, "--project", self.folder)
        (rules,) = (self.folder / "rules").glob("*.lead")
        rules.write_text(rules.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def lead(self) -> dict[str, Any]:
        """What the state has of the lead."""
        return store.load(self.state).leads.row(0)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """After the second of three runs: from `slow` and ann to `quick` and bob."""
    found = Runs(tmp_path)
    found.run(2, "Working", owner="eve")
    assert found.run(3, "Customer", owner="eve")["sequence"] == "quick"
    return found


def test_a_sequence_is_as_the_record_says_it(runs: Runs) -> None:
    """How far the lead was in it is not kept, and is not how far it was in the other."""
    runs.run(4, "New", owner="eve")
    runs.undo(3)
    found = runs.lead()
    names = ("sequence", "version", "step", "enrolled_at", "seq_last_due", "seq_pending")
    assert [found[name] for name in names] == ["slow", None, None, None, None, None]
    assert runs.run(12, "New", owner="eve")["sequence"] == "slow"
    assert rows(runs.folder / "out12" / "actions.csv") == []


def test_of_an_owner_nobody_waits_for_an_answer(runs: Runs) -> None:
    runs.run(4, "New", owner="eve")
    runs.undo(3)
    found = runs.lead()
    names = ("owner", "owner_by", "assigned_at", "due_at", "due_route", "owner_changes")
    assert [found[name] for name in names] == ["ann", None, None, None, None, 1]


def test_a_record_that_knew_neither_of_two_decisions_does_not_win(runs: Runs) -> None:
    """It says what it said when the first was made, which holds again."""
    runs.run(4, "New", owner="eve")
    runs.undo(3)
    assert runs.run(5, "New", owner="eve")["owner"] == "ann"


def test_what_the_record_shows_by_now_is_taken_back_too(runs: Runs) -> None:
    runs.run(4, "New", owner="bob", current_sequence="quick", industry="Retail")
    assert runs.undo(3) == Undone("values", 2, values=3, kept=0, blank=1)
    done = runs.run(5, "New", owner="bob", current_sequence="quick", industry="Retail")
    assert (done["owner"], done["sequence"]) == ("ann", "slow")
    assert (runs.lead()["set:industry"], runs.lead()["said:industry"]) == ("", "Retail")


def test_the_history_names_an_owner_and_a_sequence_as_runs_do(runs: Runs) -> None:
    runs.run(4, "New", owner="eve")
    runs.undo(3)
    changes = store.history(runs.state, ["a"])
    undone = changes.filter(rule="undo").select("kind", "what", "old", "new").rows()
    assert sorted(undone) == [
        ("owner", "owner", "bob", "ann"),
        ("sequence", "sequence", "quick", "slow"),
        ("set", "industry", "Retail", None),
    ]


def test_a_sequence_that_was_renamed_since_is_taken_back(runs: Runs) -> None:
    """The file has its old name, and nothing has changed but that."""
    runs.run(4, "New", owner="eve")
    leadrules("state", "rename", "sequence.quick", "fast", "--project", runs.folder)
    assert runs.lead()["sequence"] == "fast"
    assert runs.undo(3) == Undone("values", 2, values=3, kept=0, blank=1)
    assert runs.lead()["sequence"] == "slow"


@pytest.mark.parametrize("told", ["quick", "slow"])
def test_a_record_that_has_a_sequence_by_its_former_name_does_not_win(tmp_path: Path, told: str) -> None:
    """It said so when the second run decided; the import of that comes after it was taken back, or never."""
    runs = Runs(tmp_path)
    runs.run(2, "Working")
    runs.run(3, "Customer", current_sequence="slow")
    runs.rename("slow", "calm")
    runs.undo(3)
    assert runs.run(4, "New", current_sequence=told)["sequence"] == "calm"


def test_after_the_last_run_an_earlier_one_is_taken_back_for_reports_too(runs: Runs) -> None:
    """Reports and explanations pass over a run that was taken back, not over what was taken back after it."""
    runs.run(4, "Working", owner="eve")
    assert runs.undo(4).kind == "whole"
    assert runs.undo(3).kind == "values"
    changes = store.standing(runs.state, store.history(runs.state, ["a"]))
    owners = changes.filter(kind="owner").select("old", "new", "rule").rows()
    assert owners[-1] == ("bob", "ann", "undo")
    assert len(owners) == 4
    why = leadrules("explain", "a", "owner", "--format=json", "--as-of=2026-03-03T11:00", "--project", runs.folder)
    assert json.loads(why.stdout)["owner"]["given"] == {"as_of": "2026-03-03T10:00", "by": "undo"}


@pytest.mark.parametrize("by_hand", ["ann", ""])
def test_what_somebody_changed_since_in_a_field_of_a_route_stays(tmp_path: Path, by_hand: str) -> None:
    """The state knows what the field held last, which an export without its column goes by."""
    runs = Runs(tmp_path, 'route desk sets sdr { a: rep "bob" when status = "Working" }')
    assert runs.run(3, "Working")["sdr"] == "bob"
    runs.run(4, "New", sdr="bob")
    runs.run(5, "New", sdr=by_hand)
    assert runs.undo(3) == Undone("values", 1, values=0, kept=1, blank=0)
    assert runs.lead()["held:sdr"] == by_hand


def test_an_earlier_run_needs_no_file_but_its_manifest(runs: Runs) -> None:
    """Excel has saved undo.csv with `;`; no run could write it anew, for the state has gone on."""
    runs.run(4, "New", owner="eve")
    file = runs.folder / "out3" / "undo.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    assert runs.undo(3).values == 3


def test_letters_that_a_file_for_excel_could_not_hold_are_not_lost(tmp_path: Path) -> None:
    """cp932 has no `é`: undo.csv says that the lead was of `Ren?`, who never had it."""
    runs = Runs(tmp_path)
    runs.run(3, "Customer", "--encoding=cp932", owner="René")
    runs.run(4, "New", owner="René")
    assert rows(tmp_path / "out3" / "undo.csv", "cp932")[0]["old"] == "Ren?"
    runs.undo(3)
    assert runs.lead()["owner"] == "René"
