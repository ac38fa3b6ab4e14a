"""Copies of large files of events beside the state: when one is made, used and taken away, and that it changes no answer."""

from __future__ import annotations

import json
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.stateful import write_leads, write_project
from tests.suites.running import leadrules

from leadrules.data import event_copies
from leadrules.data.csv_file import CsvFile

RULES = """
score warm { opened: +1 each opened within 10 days at most 20 points  forms: +5 when did form where (name starts with "pr") }
band heat of warm { hot: from 12  warm: from 5  cold: otherwise }
trigger form { on form  do set status = "Working"  do assign with sales }
route sales { inside: team inside by round_robin otherwise }
"""
LEADS = [{"id": str(number), "points": number, "status": "New", "owner": ""} for number in range(20)]
FIRST = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, with every file taken for a large one."""
    monkeypatch.setattr(event_copies, "SMALL", 0)
    return write_project(tmp_path / "project", RULES)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From which byte on each file was parsed."""
    found: list[int] = []
    plain = CsvFile.batches

    def batches(self: CsvFile, *how: Any) -> Any:
        if self.path == "events.csv":
            found.append(0 if self.begin is None else self.begin.byte)
        return plain(self, *how)

    monkeypatch.setattr(CsvFile, "batches", batches)
    return found


def events(days: int) -> list[dict[str, str]]:
    """Twenty rows a day, some of leads that are not there (yet)."""
    kinds = [("opened", ""), ("form", "pricing"), ("form", "other"), ("opened", "")]
    return [
        {
            "lead_id": str(number * 7 % 25),
            "type": kinds[number % 4][0],
            "at": f"{FIRST + timedelta(hours=number):%Y-%m-%d %H:%M:%S}",
            "name": kinds[number % 4][1],
        }
        for number in range(20 * days)
    ]


def run(folder: Path, day: int, *options: str) -> dict[str, bytes]:
    """The files of a run."""
    out = folder / "out"
    done = leadrules("run", "--project", folder, "--out", out, "--as-of", f"2026-03-{day:02d}", "-q", *options)
    assert done.exit_code == 0, done.output
    return {file.name: file.read_bytes() for file in sorted(out.iterdir())}


def copy(folder: Path) -> Path:
    return folder / ".leadrules" / "state" / "event-copies" / "0-0.zip"


def about(folder: Path) -> dict[str, Any]:
    with zipfile.ZipFile(copy(folder)) as packed:
        found: dict[str, Any] = json.loads(packed.read("about.json"))
    return found


def test_what_has_come_to_a_file_is_parsed_and_the_rest_is_not(folder: Path, begun: list[int]) -> None:
    write_leads(folder, LEADS, events(40))
    run(folder, 20)
    size = (folder / "events.csv").stat().st_size
    write_leads(folder, LEADS[3:], events(41))
    assert about(folder)["size"] == size
    known = run(folder, 21)
    assert begun == [0, size]
    assert b"Working" in known["actions.csv"]


def test_the_files_and_the_state_are_those_of_runs_that_read_all(folder: Path, tmp_path: Path) -> None:
    other = write_project(tmp_path / "other", RULES)
    for day in range(20, 26):
        for one in (folder, other):
            write_leads(one, LEADS[day % 4 :], events(day + 20))
        if copy(other).exists():
            copy(other).unlink()
        assert run(folder, day) == run(other, day)
        exported = [
            leadrules("state", "export", "--project", one, "--out", one / "export").exit_code for one in (folder, other)
        ]
        assert exported == [0, 0]
        for file in (folder / "export").iterdir():
            of_other = (other / "export" / file.name).read_bytes().replace(b"/other/", b"/project/")
            assert file.read_bytes() == of_other, file.name


def test_a_dry_run_uses_a_copy_and_makes_none(folder: Path, begun: list[int]) -> None:
    write_leads(folder, LEADS, events(40))
    plan = ("plan", "--project", folder, "--as-of", "2026-03-20", "--format", "json")
    cold = leadrules(*plan)
    assert not copy(folder).exists()
    run(folder, 20)
    written = copy(folder).read_bytes()
    write_leads(folder, LEADS, events(44))
    begun.clear()
    later = leadrules(*plan[:-3], "2026-03-21", "--format", "json")
    assert cold.exit_code == later.exit_code == 0
    assert begun == [about(folder)["size"]]
    assert copy(folder).read_bytes() == written


def test_of_a_file_that_begins_otherwise_there_is_a_copy_once_it_is_seen_to_grow(
    folder: Path, begun: list[int]
) -> None:
    newest_first = list(reversed(events(40)))
    write_leads(folder, LEADS, newest_first)
    run(folder, 20)
    assert about(folder)["parts"] == [0]
    write_leads(folder, LEADS, [*reversed(events(41)[-20:]), *newest_first])
    run(folder, 21)
    assert about(folder)["parts"] == []
    with zipfile.ZipFile(copy(folder)) as packed:
        assert packed.namelist() == ["about.json"]
    write_leads(folder, LEADS, [*reversed(events(42)[-40:]), *newest_first])
    run(folder, 22)
    assert about(folder)["parts"] == []
    write_leads(folder, LEADS, [*reversed(events(42)[-40:]), *newest_first, *events(43)[-20:]])
    run(folder, 23)
    assert about(folder)["parts"] == [0]
    assert set(begun) == {0}


def test_a_copy_is_made_anew_once_a_sixteenth_has_come(folder: Path, begun: list[int]) -> None:
    for day, days in ((20, 40), (21, 41), (22, 44), (23, 45)):
        write_leads(folder, LEADS, events(days))
        run(folder, day)
    assert [bool(byte) for byte in begun] == [False, True, False, True]


def test_no_copy_without_a_state_or_of_a_small_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_leads(folder, LEADS, events(40))
    run(folder, 20, "--no-state")
    assert not (folder / ".leadrules").exists()
    monkeypatch.setattr(event_copies, "SMALL", 1 << 20)
    run(folder, 20)
    assert not copy(folder).parent.exists()


def test_a_government_that_changes_the_clocks_has_all_events_read_again(
    folder: Path, begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_leads(folder, LEADS, events(40))
    run(folder, 20)
    monkeypatch.setattr("leadrules.data.events.zone_rules", lambda zone: b"TZif of tomorrow")
    run(folder, 21)
    run(folder, 22)
    assert [bool(byte) for byte in begun] == [False, False, True]


def test_git_does_not_see_copies(folder: Path) -> None:
    write_leads(folder, LEADS, events(40))
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    run(folder, 20)
    status = ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=all"]
    seen = subprocess.run(status, check=True, capture_output=True, text=True).stdout
    assert "state.sqlite" in seen
    assert "event-copies" not in seen


def test_who_is_forgotten_stands_in_no_copy(folder: Path) -> None:
    write_leads(folder, LEADS, events(40))
    run(folder, 20)
    assert copy(folder).exists()
    done = leadrules("state", "forget", "3", "--project", folder)
    assert done.exit_code == 0, done.output
    assert list(copy(folder).parent.glob("*.zip*")) == []


def test_a_first_run_that_was_stopped_leaves_a_state_that_can_begin(folder: Path) -> None:
    write_leads(folder, LEADS, events(40))
    (folder / "rules" / "more.lead").write_text("assert nobody: points >= 0 implies points > 99\n")
    stopped = leadrules("run", "--project", folder, "--out", folder / "out", "--as-of", "2026-03-20")
    assert stopped.exit_code == 1, stopped.output
    assert copy(folder).exists()
    (folder / "rules" / "more.lead").unlink()
    assert b"Working" in run(folder, 20)["actions.csv"]


def test_where_no_copy_can_be_written_the_run_goes_on(folder: Path) -> None:
    write_leads(folder, LEADS, events(40))
    copy(folder).parent.parent.mkdir(parents=True)
    copy(folder).parent.write_text("a file stands here")
    assert b"Working" in run(folder, 20)["actions.csv"]


def test_a_folder_of_exports_is_no_place_for_a_state(folder: Path) -> None:
    write_leads(folder, LEADS, events(40))
    exports = folder / "data" / "events"
    exports.mkdir(parents=True)
    (exports / "2026-01.zip").write_text("months of it")
    done = leadrules("run", "--project", folder, "--out", folder / "out", "--state", folder / "data", "-q")
    assert done.exit_code == 2
    assert "holds no state but other things (events)" in done.output
    assert (exports / "2026-01.zip").exists()
