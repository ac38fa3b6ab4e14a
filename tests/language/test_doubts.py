"""The analysis by example: good programs draw nothing, bad ones exactly what they list.

The cases have the form of test_cases.py; a line of an expectation has the code, the underlined text and the message.
Those whose name begins with `overlap_` are run with `--overlaps`. `pytest --update-cases` rewrites the expectations.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.analysed import doubts_of
from tests.language.test_cases import read_case

from leadrules.core.diagnostics import Diagnostic

HERE = Path(__file__).parent / "analysis"
GOOD = sorted(HERE.glob("good/*.lead"))
BAD = sorted(HERE.glob("bad/*.case"))
WITH_A_LEAD = {"LR202", "LR203", "LR204", "LR223"}


def line_of(found: Diagnostic) -> str:
    return f"{found.code} {json.dumps(found.span.text, ensure_ascii=False)} {found.message}"


def found_in(path: Path) -> list[Diagnostic]:
    (text,) = read_case(path).files.values()
    return doubts_of(text, overlaps=path.name.startswith("overlap_"))


def test_there_are_enough_programs() -> None:
    assert len(BAD) + len(GOOD) >= 120


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_programs_draw_nothing(path: Path) -> None:
    assert [line_of(d) for d in doubts_of(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_programs_draw_exactly_this(path: Path, request: pytest.FixtureRequest) -> None:
    found = found_in(path)
    if request.config.getoption("--update-cases"):
        head = path.read_text(encoding="utf-8").split("--- expect\n")[0]
        path.write_text(f"{head}--- expect\n" + "".join(f"{line_of(d)}\n" for d in found), encoding="utf-8")
        return
    assert [line_of(d) for d in found] == read_case(path).expect


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_a_lead_can_show_a_lead_shows(path: Path) -> None:
    for one in found_in(path):
        assert one.help
        if one.code in WITH_A_LEAD:
            assert any(note.startswith("for example ") for note in one.notes), line_of(one)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_fixes_take_the_finding_away(path: Path) -> None:
    (text,) = read_case(path).files.values()
    found = found_in(path)
    fixed = [d for d in found if d.fixes]
    edits = [edit for d in fixed for edit in d.fixes[0].edits]
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert len(doubts_of(text, overlaps=path.name.startswith("overlap_"))) == len(found) - len(fixed)
