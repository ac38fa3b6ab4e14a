"""What a user is told where the system refuses to write, or a state is not as it was written; and what is left then."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from tests.cli.test_state import DAY, leadrules
from tests.stateful import write_leads, write_project

from leadrules.data.errors import InputError
from leadrules.data.staging import Staging
from leadrules.lifecycle.state import tend


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    write_leads(tmp_path, [{"id": "secretive-lead", "points": 80, **DAY}, {"id": "b", "points": 10, **DAY}])
    leadrules(tmp_path, "run", "--as-of", "2026-11-02")
    return tmp_path


def state_of(project: Path) -> Path:
    return project / ".leadrules" / "state"


@pytest.mark.parametrize("name", ["pending.json.part", "writer.json"])
def test_what_the_state_cannot_hold_is_told_of_the_state_and_not_of_out(project: Path, name: str) -> None:
    (state_of(project) / name).mkdir()
    said = leadrules(project, "run", "--as-of", "2026-11-03", code=2).stderr
    assert f"the state {state_of(project)} cannot be written" in said
    assert "--out" not in said


def test_files_that_cannot_come_to_their_place_are_there_once_they_can(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that a program holds open, as Excel does on Windows: another `--out` would meet it again."""

    def held(staging: Staging, name: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(staging.out / name))

    before = (project / "out" / "manifest.json").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Staging, "_place", held)
        for out in ("out", "elsewhere"):
            said = leadrules(project, "run", "--as-of", "2026-11-03", "--out", out, code=2).stderr
            assert f"{project / 'out' / 'actions.csv'} cannot be written" in said
            assert "that no program holds it" in said
            assert "--out" not in said
    leadrules(project, "state", "show", "b")
    assert (project / "out" / "manifest.json").read_bytes() != before
    assert not (project / "out" / ".leadrules-prepared").exists()


def test_an_out_that_leads_nowhere_stops_a_run_before_its_commit(project: Path) -> None:
    """A link to a disk that is not mounted: the state went on, and the files were nowhere."""
    (project / "disk").symlink_to(project / "mnt" / "gone")
    said = leadrules(project, "run", "--as-of", "2026-11-03", "--out", "disk", code=2).stderr
    assert f"{project / 'disk'} cannot be written: it is a link that leads to no folder" in said
    assert "name another folder with --out DIR" in said
    assert "as_of                      2026-11-02" in leadrules(project, "state", "show", "b").stdout
    leadrules(project, "run", "--as-of", "2026-11-03")
    assert not list(project.glob(".*.leadrules-prepared"))


def test_a_commit_that_fails_leaves_nothing_prepared(project: Path) -> None:
    with sqlite3.connect(state_of(project) / "state.sqlite") as connection:
        connection.execute("create trigger full before insert on runs begin select raise(abort, 'disk is full'); end")
    assert "disk is full" in leadrules(project, "run", "--as-of", "2026-11-03", code=2).stderr
    assert not (project / "out" / ".leadrules-prepared").exists()
    assert not (state_of(project) / "pending.json").exists()


@pytest.mark.parametrize(
    "damage",
    [
        "update ruleset set text = substr(text, 1, 99)",
        "update ruleset set text = '{}'",
        "update ruleset set text = cast(x'ff' as text)",
        "update runs set as_of = '2026-1'",
        "update runs set options = '{'",
    ],
)
def test_a_state_whose_texts_are_damaged_is_told_as_one(project: Path, damage: str) -> None:
    with sqlite3.connect(state_of(project) / "state.sqlite") as connection:
        connection.execute(damage)
    for command in (("run", "--as-of", "2026-11-03"), ("state", "export")):
        assert "put back a copy" in leadrules(project, *command, code=2).stderr, command


def test_a_state_file_that_lost_its_content_is_damaged(project: Path) -> None:
    (state_of(project) / "state.sqlite").write_bytes(b"")
    assert "it is empty\n  = help: put back a copy" in leadrules(project, "state", "show", "b", code=2).stderr


def test_a_lead_is_forgotten_whole_or_known_as_before(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where writing the file anew has no room, a second try must find the lead."""

    def full(path: Path) -> None:
        raise InputError("the disk is full")

    leadrules(project, "run", "--as-of", "2026-11-03")
    with monkeypatch.context() as patched:
        patched.setattr(tend, "compacted", full)
        leadrules(project, "state", "forget", "secretive-lead", code=2)
    leadrules(project, "state", "forget", "secretive-lead")
    assert all(b"secretive-lead" not in file.read_bytes() for file in state_of(project).iterdir())
