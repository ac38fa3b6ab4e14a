"""A run that is killed at any moment: afterwards old or new, never between, and running again gives what it would have given."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.stateful import RULES as BASE_RULES
from tests.stateful import write_leads, write_project

from leadrules.cli.main import cli
from leadrules.lifecycle.state import store

KILLS = int(os.environ.get("LAW_KILLS", "15"))
LEADS = 3000
RULES = (
    BASE_RULES.replace("is at least warm }", "is at least warm respond within 1 hour }")
    + """
sequence outbound {
  1: day 1 email auto "Hello"
  2: day 1 after 2 hours call "Ring"
  3: day 1 after 20 hours call "Again" when keen
  exit when did opened since enrolled_at
  enroll at most 400 per day
  on finish do assign queue nurture
}
sequence nurture { 1: day 1 email auto "Letter"  2: day 30 email auto "Letter"  finish after 1 day }
trigger warmed { on enter heat warm  do enroll outbound }
trigger cooled { on leave heat hot  do move to nurture  once per 30 days }
trigger late { on overdue sales  do reassign with sales at most 2 times  do notify "managers" "late" }
suppress email when status = "Customer"
"""
)
FIRST, SECOND = "2026-11-02T00:00", "2026-11-03T00:00"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX systems")


def start(project: Path, as_of: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "leadrules.cli.main", "run", "--quiet", "--as-of", as_of]
    return subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def leadrules(project: Path, *args: str) -> None:
    """A command in this process, which is left alone: no new interpreter to wait for."""
    with contextlib.chdir(project):
        done = CliRunner().invoke(cli, list(args), prog_name="leadrules")
    assert done.exit_code == 0, done.output


def run(project: Path, as_of: str) -> None:
    leadrules(project, "run", "--quiet", "--as-of", as_of)


def day(project: Path, number: int) -> None:
    """The exports of a day: points and events move."""
    leads = [
        {
            "id": f"L{i}",
            "points": (i * 37 + number * 41) % 100,
            "status": "New",
            "owner": "",
            "created_at": "2026-10-01T00:00",
        }
        for i in range(LEADS)
    ]
    events = [
        {"lead_id": f"L{i}", "type": "form", "at": f"2026-11-0{number}T0{i % 9}:00", "name": "x"}
        for i in range(0, LEADS, 7)
    ]
    write_leads(project, leads, events)


def contents(project: Path) -> dict[str, Any]:
    """All that a run leaves: its files and its state."""
    state = store.load(project / ".leadrules" / "state")
    history = store.history(project / ".leadrules" / "state")
    return {
        "files": {file.name: file.read_bytes() for file in (project / "out").iterdir()},
        "leads": state.leads.select(*sorted(state.leads.columns)).sort("key").rows(),
        "credits": state.credits.rows(),
        "assignments": state.assignments.rows(),
        "events": state.events.sort("identity").rows(),
        "versions": state.versions.rows(),
        "history": history.sort(history.columns).rows(),
        "as_of": state.as_of,
    }


def test_killed_at_any_moment(tmp_path: Path) -> None:
    base = write_project(tmp_path / "base", RULES)
    day(base, 1)
    run(base, FIRST)
    day(base, 2)
    old = contents(base)
    whole = tmp_path / "whole"
    shutil.copytree(base, whole)
    began = time.perf_counter()
    assert start(whole, SECOND).wait() == 0
    length = time.perf_counter() - began
    new = contents(whole)
    assert new != old
    acted = new["files"]["actions.csv"].decode() + new["files"]["withheld.csv"].decode()
    for rule in ("sequence.outbound.2", "sequence.outbound.finish", "trigger.warmed", "trigger.cooled", "trigger.late"):
        assert f",{rule}" in acted, f"{rule} has no part in the run that is killed"
    rng, seen = random.Random(7), set()
    for number in range(KILLS):
        project = tmp_path / f"killed{number}"
        shutil.copytree(base, project)
        process = start(project, SECOND)
        # The last part is where files and state change; the whole of it is where a run can die.
        time.sleep(length * (rng.uniform(0.5, 1.05) if number % 3 else rng.uniform(0, 0.5)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        leadrules(project, "state", "show", "L0")  # whatever touches the state first completes or discards
        found = contents(project)
        assert found in (old, new), f"kill {number}: neither old nor new"
        seen.add("new" if found == new else "old")
        assert not [path for path in project.iterdir() if "prepared" in path.name]
        run(project, SECOND)
        assert contents(project) == new, f"kill {number}: running again gives something else"
        shutil.rmtree(project)
    assert "old" in seen
