"""The pages of the findings: one per code, up to date, and a program in tests/language that draws each code."""

from __future__ import annotations

import re
from pathlib import Path

from leadrules.core.codes import CODES
from leadrules.review.pages import find, index, nearest_codes, page, write_pages

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_are_those_of_the_registry(tmp_path: Path) -> None:
    made = {path.name: path.read_text(encoding="utf-8") for path in write_pages(tmp_path)}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "findings").glob("*.md")}
    assert kept == made, "run `make docs`"


def test_stale_pages_are_taken_away(tmp_path: Path) -> None:
    (tmp_path / "findings").mkdir()
    (tmp_path / "findings" / "LR000.md").write_text("gone")
    write_pages(tmp_path)
    assert not (tmp_path / "findings" / "LR000.md").exists()
    assert len(list((tmp_path / "findings").iterdir())) == len(CODES) + 1


def test_a_page_holds_both_examples_and_stands_in_the_index() -> None:
    for code in CODES.values():
        text = page(code)
        assert (
            max(map(len, code.mistake.splitlines()), default=0) > 300 or "\x00" in code.bad or code.bad.strip() in text
        )
        assert code.good.strip() in text
        assert len(text) < 5_000
        assert f"| [{code.id}]({code.id}.md) | {code.slug} |" in index()


def test_every_error_has_a_program_that_draws_it() -> None:
    cases = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests" / "language").rglob("*.case"))
    drawn = set(re.findall(r"\bLR\d{3}\b", cases))
    # A rule file of more than 5 MB is made in test_syntax_robust.py, not kept.
    errors = {code.id for code in CODES.values() if code.severity == "error"}
    assert errors - drawn <= {"LR040"}


def test_a_code_is_found_by_number_or_name_and_guessed() -> None:
    assert find("lr104") is CODES["LR104"]
    assert find(CODES["LR104"].slug) is CODES["LR104"]
    assert find("LR1O4") is None
    assert "LR104" in nearest_codes("LR1O4")
