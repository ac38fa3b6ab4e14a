"""Generated tests: they read, they pass, they are laid out, and they reach what is promised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_coverage import RULES
from tests.workspaces import opened

from leadrules.analyse.samples import sample
from leadrules.core.source import SourceFile
from leadrules.lifecycle.single import Look, OneRun, Workbench
from leadrules.review.testing.boundaries import met
from leadrules.review.testing.coverage import Observer
from leadrules.review.testing.generate import Generated, generated
from leadrules.review.testing.points import is_decided
from leadrules.review.testing.search import Search
from leadrules.review.testing.testing import run_tests
from leadrules.ruleset import model
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


def made_of(folder: Path, place: Path, rules: str) -> Generated:
    """The tests of some rules, which read, are laid out and pass beside them."""
    import shutil

    project = place / "project"
    shutil.copytree(folder, project)
    for old in (project / "rules").rglob("*.lead"):
        old.unlink()
    (project / "rules" / "rules.lead").write_text(rules, encoding="utf-8")
    found = generated(opened(project))
    (project / "rules" / "generated_test.lead").write_text(found.text, encoding="utf-8")
    workspace = opened(project)
    assert workspace.ruleset is not None
    assert workspace.project is not None
    results = run_tests(workspace.ruleset, workspace.ruleset.tests, workspace.project)
    assert [result.title for result in results if not result.passed] == []
    assert format_file(SourceFile("generated_test.lead", found.text)).text == found.text
    return found


def test_what_takes_a_run_before_it_is_reached(folder: Path, tmp_path: Path) -> None:
    rules = """
route sales {
  any: team inside by round_robin otherwise respond within 4 hours
  answered when did call_made since assigned_at
}
stages phase { warm: when did email_opened within 30 days  cold: otherwise }
segment big when employees >= 100
trigger cooled { on leave phase warm  do notify "managers" "Cold again" }
trigger shrank { on leave big  when country = "JP"  do notify "managers" "Smaller" }
trigger late { on overdue sales  do notify "managers" "Late" }
trigger stuck { when phase is warm and phase.since <= now - 20 days  do notify "managers" "Stuck" }
"""
    found = made_of(folder, tmp_path, rules)
    for trigger in ("cooled", "shrank", "late", "stuck"):
        assert f"expect fired trigger.{trigger}" in found.text
    assert "then after" in found.text
    assert found.missing == (), found.summary


def test_dates_fall_and_return(folder: Path, tmp_path: Path) -> None:
    rules = """
trigger renewal { on date contract_renewal_date - 3 months  when country = "JP"  do notify "managers" "Renews" }
trigger fiscal { on date end_of_month(date(2000, fiscal_month, 1)) every year  do notify "managers" "Budget" }
"""
    found = made_of(folder, tmp_path, rules)
    assert "expect fired trigger.renewal" in found.text
    assert "expect fired trigger.fiscal" in found.text
    assert found.missing == (), found.summary


def test_both_sides_of_instants_lengths_and_windows_of_decisions(folder: Path, tmp_path: Path) -> None:
    rules = """
segment fresh when created_at >= now - 7 days
segment early when created_at < 2026-01-10T09:00
segment aged when now - created_at > 30 days
trigger opened { when did email_opened within 14 days  do notify "managers" "Opened" }
route sales { hot: team inside by round_robin when did call_made within 2 days  rest: queue nurture otherwise }
sequence short { 1: day 1 call "Call"  exit when did email_replied within 5 days  finish after 1 day }
trigger begin { on form_submitted  do enroll short }
"""
    found = made_of(folder, tmp_path, rules)
    assert found.missing == (), found.summary
    # An instant on the literal itself, and one a minute before it.
    assert "created_at = 2026-01-10T09:00" in found.text
    assert "created_at = 2026-01-10T08:59" in found.text
    # The noon of the run less seven days, and a minute before that.
    assert "created_at = 2026-02-09T12:00" in found.text
    assert "created_at = 2026-02-09T11:59" in found.text
    # Just outside 14 days before the run, and a minute later.
    assert "event email_opened at 2026-02-02T12:00" in found.text
    assert "event email_opened at 2026-02-02T12:01" in found.text


def test_a_label_is_held_to_where_it_is_let_go(folder: Path, tmp_path: Path) -> None:
    rules = """
score heat { a: +40 when country = "JP"  b: +19 when employees > 5  c: +1 when title contains "VP"  d: +10 when opted_out }
band temperature of heat { hot: from 70 hold until below 60  cold: otherwise }
"""
    found = made_of(folder, tmp_path, rules)
    held = [block for block in found.text.split("test ") if "temperature = hot" in block]
    # 40 + 19 + 1 is just enough to stay hot, 40 + 19 is not.
    assert any("heat = 60\n" in block and "temperature is hot" in block for block in held)
    assert any("heat = 59\n" in block and "temperature is cold" in block for block in held)
    said = [place for place, _ in found.missing]
    assert not any("with the label hot before" in place for place in said), found.summary


def test_none_of_them_can_be_left_out(folder: Path, made: Generated, tmp_path: Path) -> None:
    """The law of the fewest, on the tests as they are written: without any one something is reached no more."""
    workspace = opened(folder)
    assert workspace.ruleset is not None
    assert workspace.project is not None
    tests = workspace.ruleset.tests
    bench = Workbench(workspace.project, workspace.ruleset)
    search = Search(bench)
    reached = [frozenset(_reached(search, test)) for test in tests]
    assert len(reached) == made.count
    for place in range(len(reached)):
        others = frozenset[Any]().union(*(keys for at, keys in enumerate(reached) if at != place))
        assert reached[place] - others, tests[place].title


def _reached(search: Search, test: model.Test) -> Iterator[Any]:
    """What one test reaches, taken down while it runs as any other does."""
    observer = Observer(search.ruleset, [test])
    looks: list[Any] = []

    class Both(Observer):
        def looked(self, test: model.Test, look: Look) -> None:
            looks.append(look)
            observer.looked(test, look)

        def ran(self, test: model.Test, run: OneRun) -> None:
            observer.ran(test, run)

    run_tests(search.ruleset, [test], search.trials.bench.project, Both(search.ruleset, [test]))
    told = observer.coverage.reached
    yield from (key for key in told if key in search.points)
    come_to = {key[1] for key in told if key[0] in ("seen", "fires", "done")}
    for look in looks:
        for key in met(search.boundaries.values(), look.found.program, look.facts):
            rule = search.boundaries[key].rule
            if not is_decided(rule) or rule in come_to:
                yield key
