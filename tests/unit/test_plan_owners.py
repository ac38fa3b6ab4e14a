"""The owners of a dry run: a row for each, however the cells of an export spell them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.explained import outcome, write

from leadrules.lifecycle.model import empty_state
from leadrules.review.plan.decisions import decision_sections, decisions_document

LEADS = """L1,2026-10-01,SATO,,,,,,,,
L2,2026-10-02,sato,,,,,,,,
L3,2026-10-03,Queue:Nurture,,,,,,,,
L4,2026-10-04,queue:nurture,,,,,,,,
L5,2026-10-05,Gone,,,,,,,,
L6,2026-10-06,gone,,,,,,,,
L7,2026-10-07,,,,,,,,,
"""


def test_an_owner_in_other_letters_is_the_same_owner(tmp_path: Path) -> None:
    folder = write(tmp_path, 'route late on demand { only: rep "lee" otherwise }\n', LEADS)
    decisions = decisions_document(outcome(folder, state=empty_state()))
    assert decisions is not None
    # As the team file spells reps and queues; who is in no team file, as the first of the spellings.
    owned = {one["owner"]: (one["before"], one["after"]) for one in decisions["owners"] if one["before"]}
    assert owned == {"sato": (2, 2), "queue:nurture": (2, 2), "Gone": (2, 2), None: (1, 1)}


def test_what_is_withheld_is_counted_to_the_last() -> None:
    """Four reasons stand on the screen; of the others it says how many actions they held back."""
    empty: dict[str, Any] = {"owners": [], "moves": [], "actions": [], "fairness": []}
    held = [{"reason": f"lost to another rule: trigger.t{n}", "actions": 9 - n} for n in range(6)]
    (section,) = decision_sections({**empty, "withheld": held})
    assert section.notes[0].endswith("6 lost to another rule: trigger.t3, and 9 for 2 other reasons")
    (section,) = decision_sections({**empty, "withheld": held[:4]})
    assert section.notes[0].endswith("6 lost to another rule: trigger.t3")
