"""Generated tests: they read, they pass, they are laid out, and they reach what is promised."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.test_coverage import RULES

from leadrules.analyse.samples import sample
from leadrules.core.source import SourceFile
from leadrules.review.tests.coverage import Observer
from leadrules.review.tests.generate import Generated, generated
from leadrules.review.tests.testing import run_tests
from leadrules.review.workspace import Workspace, open_workspace
from leadrules.syntax.format import format_file

PROJECT = Path(__file__).parents[1] / "language" / "project"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import shutil

    folder = tmp_path_factory.mktemp("generated") / "project"
    shutil.copytree(PROJECT, folder)
    for old in (folder / "rules").rglob("*.lead"):
        old.unlink()
    (folder / "rules" / "rules.lead").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(folder: Path) -> Generated:
    found = generated(opened(folder))
    (folder / "rules" / "made_test.lead").write_text(found.text, encoding="utf-8")
    return found


def opened(folder: Path) -> Workspace:
    workspace = open_workspace(folder)
    assert workspace.ruleset is not None, workspace.diagnostics
    assert workspace.project is not None
    return workspace


def test_they_pass_and_reach_what_is_promised(folder: Path, made: Generated) -> None:
    workspace = opened(folder)
    assert workspace.ruleset is not None
    assert workspace.project is not None
    observer = Observer(workspace.ruleset, workspace.ruleset.tests)
    results = run_tests(workspace.ruleset, workspace.ruleset.tests, workspace.project, observer)
    assert len(results) == made.count > 0
    assert all(result.passed for result in results), [r.title for r in results if not r.passed]
    promised = {place.split(",")[0].split(" ", 1)[1] for place, _ in made.missing}
    assert {point.rule for point in observer.coverage.missing} <= promised


def test_they_reach_nearly_everything(made: Generated) -> None:
    assert made.reached >= made.total * 0.9, made.summary
    for why in (reason for _, reason in made.missing):
        assert why.startswith("no lead "), why


def test_both_sides_of_a_boundary_are_there(made: Generated) -> None:
    given = {int(number) for number in re.findall(r"employees = (\d+)", made.text)}
    assert {99, 100} <= given
    assert {10, 11} <= given


def test_they_are_laid_out_and_name_nobody(made: Generated) -> None:
    assert format_file(SourceFile("made_test.lead", made.text)).text == made.text
    assert "sato@example.com" not in made.text


def test_they_are_few(made: Generated) -> None:
    assert made.count < made.total / 2


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(?i)\b(student|intern)\b", "student"),
        (r"^a+b?c{2}\.x$", "acc.x"),
        (r"[xyz]\d", "x1"),
        ("部長|室長", "部長"),
        (r"(?:VP|Vice) of", "VP of"),
        (r"[^a]", None),
        (r"(open", None),
        (r"\p{Han}", None),
    ],
)
def test_a_text_in_which_a_pattern_finds_something(pattern: str, text: str | None) -> None:
    assert sample(pattern) == text
    assert text is None or re.search(pattern, text)


def test_the_end_of_a_sequence_and_the_bounds_of_a_score_are_reached(folder: Path, tmp_path: Path) -> None:
    import shutil

    project = tmp_path / "project"
    shutil.copytree(folder, project)
    for old in (project / "rules").rglob("*.lead"):
        old.unlink()
    rules = """
score heat {
  group mail at most 10 points { vp: +8 when title contains "VP"  big: +8 when employees >= 100 }
  poor: -30 when country = "XX"
  floor -20
}
sequence short { 1: day 1 call "Call"  exit when opted_out  finish after 1 day }
trigger over { on finish short  when employees > 10 and country = "JP"  do notify "managers" "Through" }
"""
    (project / "rules" / "rules.lead").write_text(rules, encoding="utf-8")
    found = generated(opened(project))
    assert "expect fired trigger.over" in found.text
    assert "heat = 10" in found.text
    assert "heat = -20" in found.text
    assert found.missing == (), found.summary
