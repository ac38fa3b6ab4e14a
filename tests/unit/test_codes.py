"""The registry of findings: every page's bad example gives exactly its code, every good one no error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.example_project import ROOT, compile_text

from leadrules.analyse import lints
from leadrules.core.codes import CODES, definitions, lifecycle, names, project, syntax
from leadrules.core.codes.entry import Code
from leadrules.core.diagnostics import Diagnostic

# Those of the analysis are run by test_lints.py.
RULES = [code for code in CODES.values() if code.file.endswith(".lead") and not code.id.startswith("LR2")]
ONLY_DATA_SHOWS = {"LR200", "LR230", "LR231", "LR232"}
AREAS = {
    syntax: range(1, 50),
    project: range(50, 100),
    names: range(100, 130),
    definitions: range(130, 150),
    lifecycle: range(150, 200),
    lints: range(200, 300),
}


def found(text: str, path: str) -> list[Diagnostic]:
    return [d for d in compile_text(text, path)[1] if d.severity != "info"]


@pytest.mark.parametrize("code", RULES, ids=lambda code: code.id)
def test_bad_example_gives_exactly_its_code(code: Code) -> None:
    assert [d.code for d in found(code.mistake, code.file)] == [code.id]


@pytest.mark.parametrize("code", RULES, ids=lambda code: code.id)
def test_good_example_gives_nothing_as_severe(code: Code) -> None:
    assert [d.code for d in found(code.good, code.file) if d.severity == "error" or d.code == code.id] == []


@pytest.mark.parametrize("code", RULES, ids=lambda code: code.id)
def test_finding_underlines_something_and_shows_the_way_out(code: Code) -> None:
    (finding,) = found(code.mistake, code.file)
    assert finding.help
    assert finding.span.end > finding.span.start
    assert not finding.message.endswith((".", "!"))
    assert finding.message[0].islower() or not finding.message[0].isalpha()
    assert not any(name in finding.message for name in ("NAME", "LPAR", "$END", "STRING", "UNIT"))


def fixed(code: Code, finding: Diagnostic) -> str:
    """The bad example after the first fix that its finding proposes."""
    text = code.mistake
    for edit in sorted(finding.fixes[0].edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def test_a_fix_removes_its_finding() -> None:
    mended: dict[str, list[Diagnostic]] = {}
    for code in RULES:
        (finding,) = found(code.mistake, code.file)
        if finding.fixes:
            mended[code.id] = found(fixed(code, finding), code.file)
    assert {name: left for name, left in mended.items() if left} == {}
    assert len(mended) > len(RULES) / 3  # the others have no safe fix


def test_every_entry_is_in_the_registry_once() -> None:
    entries = [code for area in AREAS for code in area.ENTRIES]
    assert len(entries) == len(CODES)
    assert len({code.slug for code in entries}) == len(entries)


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.__name__.rsplit(".", 1)[-1])
def test_codes_stay_in_the_range_of_their_area(area: object) -> None:
    numbers = [int(code.id.removeprefix("LR")) for code in area.ENTRIES]  # type: ignore[attr-defined]
    assert area is lints or numbers == sorted(numbers)  # lints stand in the file of their subject
    assert set(numbers) <= set(AREAS[area])  # type: ignore[index]


def test_every_code_of_the_compiler_is_raised_somewhere_and_has_a_page() -> None:
    source = Path(__file__).parents[2] / "src" / "leadrules"
    used = {
        c
        for file in source.rglob("*.py")
        if "codes" not in file.parts
        for c in re.findall(r'"(LR\d{3})"', file.read_text("utf-8"))
    }
    own = {code.id for area in (names, definitions) for code in area.ENTRIES}
    assert own <= used
    assert used <= set(CODES)


def test_pages_speak_to_people() -> None:
    for code in CODES.values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code.slug), code.id
        assert not code.title.endswith("."), code.id
        assert len(code.why) > 40, code.id
        assert code.bad != code.good or code.id in ONLY_DATA_SHOWS, code.id


def test_the_files_that_examples_name_are_in_the_example_project() -> None:
    assert {f.name for f in ROOT.glob("*.csv")} >= {"abm.csv", "abm_twice.csv", "rivals.csv"}
