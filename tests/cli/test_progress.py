"""The progress bar: one line on a terminal that is gone at the end, nothing on a pipe, with --quiet or without colours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")

LEADS = "id,title\n1,VP\n2,CEO\n"
RULES = 'score fit {\n  vp: +10 when title contains "VP"\n}\n'
SCHEMA = '{"type": "object", "properties": {"id": {"type": "string", "x-key": true}, "title": {"type": "string"}}}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "leadrules.yaml").write_text("version: 1\nsources: {leads: {path: leads.csv}}\n")
    (tmp_path / "leads.csv").write_text(LEADS)
    (tmp_path / "rules" / "fit.lead").write_text(RULES)
    (tmp_path / "rules" / "lead.schema.json").write_text(SCHEMA)
    (tmp_path / "rules" / "events.schema.json").write_text('{"type": "object", "properties": {}}')
    return tmp_path


def on_a_terminal(project: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code, and what a terminal on standard error gets to see."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "leadrules.cli.main", *arguments]
    surroundings = {**os.environ, "TERM": "xterm", **environment}
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=theirs, env=surroundings)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return process.wait(), seen.decode()


@pytest.mark.parametrize("command", [["run"], ["plan"]])
def test_a_terminal_sees_the_steps_and_then_the_line_is_gone(project: Path, command: list[str]) -> None:
    code, seen = on_a_terminal(project, *command)
    assert code == 0
    assert "evaluating" in seen
    assert "━" in seen
    # The last bar is erased before anything else is said.
    assert "━" not in seen.rpartition("\x1b[2K")[2]


def test_a_replay_counts_its_ticks(project: Path) -> None:
    code, seen = on_a_terminal(project, "replay", "--from", "2026-11-01", "--to", "2026-11-03", "--every", "1 day")
    assert code == 0
    assert "3 of 3" in seen


TEST = 'test "A VP" {\n  given title = "VP"\n  expect fit = 10\n}\n'


@pytest.mark.parametrize(("option", "words"), [("--mutate", "trying mutants"), ("--generate", "looking for leads")])
def test_tests_count_what_they_try(project: Path, option: str, words: str) -> None:
    (project / "rules" / "fit_test.lead").write_text(TEST)
    code, seen = on_a_terminal(project, "test", option)
    assert code == 0
    assert words in seen
    assert "━" not in seen.rpartition("\x1b[2K")[2]
    assert on_a_terminal(project, "test", option, "--quiet") == (0, "")


def test_quiet_and_dumb_terminals_see_no_bar(project: Path) -> None:
    assert on_a_terminal(project, "run", "--quiet") == (0, "")
    assert "━" not in on_a_terminal(project, "run", TERM="dumb")[1]


def test_no_color_is_honoured(project: Path) -> None:
    _, seen = on_a_terminal(project, "run", NO_COLOR="1")
    assert "━" in seen
    assert "\x1b[3" not in seen
    assert "\x1b[9" not in seen


def test_a_pipe_sees_only_what_was_found(project: Path) -> None:
    command = [sys.executable, "-m", "leadrules.cli.main", "run"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "━" not in done.stderr
    assert "\x1b" not in done.stderr
    assert "2 leads decided" in done.stderr
