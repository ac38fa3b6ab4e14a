"""Sentences of commands.md, each as a user meets it: what is printed, what is written, with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.suites.contract import HEADER, Company
from tests.suites.running import leadrules


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A company with one of everything that decides."""
    rules = (
        "score fit { big: +20 when employees >= 100 }\n"
        "band heat of fit { hot: from 20 cold: otherwise }\n"
        "route r { all: team t otherwise }\n"
    )
    return Company(tmp_path).write(rules).read("id,employees,created_at\n1,500,2026-02-01\n2,5,2026-02-02\n", HEADER)


def test_the_program_is_a_module(company: Company) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "leadrules", "check", "--project", str(company.folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_dry_run_is_shown_as_plan_shows_it(company: Company) -> None:
    plan = leadrules("plan", "--project", company.folder, "--format", "json")
    dry = leadrules("run", "--dry-run", "--project", company.folder, "--format", "json")
    assert (dry.exit_code, json.loads(dry.stdout)) == (0, json.loads(plan.stdout))
    assert leadrules("run", "--project", company.folder, "--format", "json").exit_code == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--state", "s", "--no-state"), "exclude each other"),
        (("--no-state", "--state", "s"), "exclude each other"),
        (("--dry-run", "--undo", "out"), "say one of them"),
        (("--as-of", "2026-03-01", "--since", "2026-03-02"), "is after the `as of`"),
        (("--team", "nobody.yaml"), "there is no file nobody.yaml"),
    ],
)
def test_what_cannot_be_done_is_exit_2(company: Company, options: tuple[str, ...], words: str) -> None:
    assert words in company.run(*options, code=2)
    assert not (company.folder / "out").exists()
