"""The tutorial: what it says happens, happens, in its words."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest
from tests.suites.running import EXAMPLES, ROOT, leadrules

PAGE = ROOT / "docs" / "tutorial.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The copy of acme that the tutorial works on."""
    return Path(shutil.copytree(EXAMPLES / "acme", tmp_path / "my-acme"))


def change(project: Path, file: str, old: str, new: str) -> None:
    """One edit of the tutorial."""
    path = project / "rules" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def on_the_page(output: str) -> bool:
    """Whether the page shows this output, as a code block."""
    return textwrap.indent(output.strip(), "    ", lambda line: bool(line.strip())) in PAGE.read_text(encoding="utf-8")


def test_the_rules_it_shows_are_the_rules_of_acme() -> None:
    rules = (EXAMPLES / "acme" / "rules" / "scoring.lead").read_text(encoding="utf-8")
    blocks = PAGE.read_text(encoding="utf-8").split("```lead\n")[1:]
    shown = [line for block in blocks for line in block.split("```")[0].splitlines()]
    assert len(shown) == 10
    for line in shown:
        assert line in rules.splitlines(), line


def test_changing_a_rule_fails_one_test(project: Path) -> None:
    change(project, "scoring.lead", 'replied "Answered an e-mail": +15', 'replied "Answered an e-mail": +20')
    assert leadrules("check", "--project", project).exit_code == 0
    failed = leadrules("test", "--project", project)
    assert failed.exit_code == 1
    start = failed.output.index("FAIL")
    end = failed.output.index("\n", failed.output.index("from engagement.clicked"))
    assert on_the_page(failed.output[start:end])
    assert failed.output.count("FAIL") == 1
    covered = leadrules("test", "--coverage", "--project", project).output.splitlines()
    shown = textwrap.dedent(PAGE.read_text(encoding="utf-8").split("no test reaches:\n\n")[1].split("\n\n")[0])
    assert shown.count("\n") == 3
    assert set(shown.splitlines()) <= set(covered)
    change(project, "acme_test.lead", "fit = 40 and engagement = 35", "fit = 40 and engagement = 40")
    assert leadrules("test", "--project", project).exit_code == 0


def test_breaking_it_says_what_the_page_says(project: Path) -> None:
    original = (project / "rules" / "scoring.lead").read_text(encoding="utf-8")
    unknown = ('when lead_source = "Partner Portal"', 'when lead_sorce = "Partner Portal"')
    equals = ('(topic = "AI in operations")', '(topic == "AI in operations")')
    words = (
        'title matches "(?i)\\b(ceo|cto|cfo|founder)\\b" or title contains any ("社長", "取締役", "会長")',
        'title contains "社長" or "取締役"',
    )
    for edits in (
        [unknown],
        [equals, words],
        [('hot "Call today": from 70 hold until below 60', 'hot "Call today": from 35')],
    ):
        (project / "rules" / "scoring.lead").write_text(original, encoding="utf-8")
        for old, new in edits:
            change(project, "scoring.lead", old, new)
        checked = leadrules("check", "--project", project)
        assert checked.exit_code == 1
        findings = [part for part in checked.output.split("\n\n") if part.startswith("error[")]
        assert len(findings) == len(edits)
        for found in findings:
            assert on_the_page(found), found


def test_the_dry_run_reads_what_the_page_says(project: Path) -> None:
    shown = leadrules("plan", "--project", project)
    assert shown.exit_code == 0
    page = PAGE.read_text(encoding="utf-8")
    for number, where in (
        ("5,097", "leads   5,097 rows"),
        ("45,982", "events  45,982 rows"),
        ("50 of them", "50 rejected"),
    ):
        assert number in page
        assert where in shown.output
    assert "fit.partner_portal" in shown.output.split("never fired")[1]
    assert not (project / ".leadrules").exists()


def test_running_twice_writes_the_same_bytes(project: Path, tmp_path: Path) -> None:
    first, second, earlier = tmp_path / "first", tmp_path / "second", tmp_path / "earlier"
    for out in (first, second):
        assert leadrules("run", "--project", project, "--out", out).exit_code == 0
    assert {p.name for p in first.iterdir()} >= {"decisions.csv", "rejects.csv", "manifest.json"}
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    assert (
        "fit.industry +10; fit.manager +5; fit.size +0.22; engagement.silent -10"
        in (first / "decisions.csv").read_text()
    )
    at = ("--as-of", "2026-09-30", "--no-state", "--out", earlier)
    assert leadrules("plan", "--project", project, *at).exit_code == 0
    assert (earlier / "decisions.csv").read_bytes() != (first / "decisions.csv").read_bytes()


def test_asking_why_says_what_the_page_says(project: Path) -> None:
    done = leadrules("explain", "00Q5g00000C4HiNEAV", "temperature", "--project", project)
    assert done.exit_code == 0
    assert on_the_page(done.output[done.output.index("Band") :])
