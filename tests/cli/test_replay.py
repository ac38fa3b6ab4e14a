"""`leadrules replay`: the same as runs one after the other on what each day knew, and the work it makes."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.stateful import rows_of, write_leads, write_project
from tests.suites.running import leadrules

RULES = """
band heat of points { hot: from 70  cold: otherwise }
sequence outbound { 1: day 1 email auto "Hello"  2: day 2 call "Ring"  3: day 4 call "Ring again" }
trigger form { on form  do set status = "Working"  once }
trigger hot { on enter heat hot  do enroll outbound }
route sales { inside: team inside by round_robin when heat is hot }
"""
LEADS = [
    {"id": "a", "points": 80, "status": "New", "owner": "", "created_at": "2026-10-31T00:00"},
    {"id": "b", "points": 90, "status": "New", "owner": "", "created_at": "2026-11-02T12:00"},
    {"id": "c", "points": 10, "status": "New", "owner": "", "created_at": "2026-11-20T00:00"},
]
EVENTS = [
    {"lead_id": "a", "type": "form", "at": "2026-11-02T15:00", "name": "x"},
    {"lead_id": "b", "type": "form", "at": "2026-11-02T08:00", "name": "x"},
    {"lead_id": "c", "type": "form", "at": "2026-11-03T08:00", "name": "x"},
    {"lead_id": "a", "type": "form", "at": "2026-11-09T08:00", "name": "x"},
]
DAYS = [f"2026-11-0{day}" for day in range(1, 6)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    here = write_project(tmp_path / "small", RULES)
    write_leads(here, LEADS, EVENTS)
    return here


def command(name: str, project: Path, out: Path, *options: Any, code: int = 0) -> str:
    done = leadrules(name, "--project", project, "--out", out, *options)
    assert done.exit_code == code, done.output
    return done.output


def replay(project: Path, out: Path, *options: Any, code: int = 0) -> str:
    return command("replay", project, out, "--from", DAYS[0], "--to", DAYS[-1], *options, code=code)


def test_a_replay_is_a_run_after_the_other_on_what_each_day_knew(project: Path, tmp_path: Path) -> None:
    said = replay(project, tmp_path / "replayed")
    assert "5 ticks" in said
    assert "Fields are as they are in the input today" in said
    assert not (project / ".leadrules" / "state").exists()
    other = tmp_path / "other"
    shutil.copytree(project, other)
    for day in DAYS:
        here = [lead for lead in LEADS if str(lead["created_at"]) <= f"{day}T00:00"]
        write_leads(other, here, [event for event in EVENTS if event["at"] <= f"{day}T00:00"])
        command("run", other, tmp_path / "ran" / day, "--as-of", day)
        for name in ("decisions", "actions", "withheld", "undo"):
            found = (tmp_path / "replayed" / f"{day}T0000" / f"{name}.csv").read_text()
            assert found == (tmp_path / "ran" / day / f"{name}.csv").read_text(), (day, name)


def test_the_workload_is_what_the_actions_of_all_ticks_say(project: Path, tmp_path: Path) -> None:
    replay(project, tmp_path / "out")
    expected: Counter[tuple[str, str, str]] = Counter()
    for day in DAYS:
        folder = tmp_path / "out" / f"{day}T0000"
        owners = {row["id"]: row["owner"] for row in rows_of(folder / "decisions.csv")}
        for row in rows_of(folder / "actions.csv"):
            if row["kind"] in ("email", "call"):
                expected[(row["due"][:10], owners[row["key"]], row["kind"])] += 1
    work = rows_of(tmp_path / "out" / "workload.csv")
    assert {(row["day"], row["rep"], row["channel"]): int(row["actions"]) for row in work} == dict(expected)
    assert sum(expected.values()) >= 4
    assert {(row["channel"], row["auto"] != "0") for row in work} == {("email", True), ("call", False)}
    page = (tmp_path / "out" / "workload.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "sato" in page


def test_what_the_workload_cannot_hold_is_told(project: Path, tmp_path: Path) -> None:
    team = project / "rules" / "team.yaml"
    team.write_text(team.read_text(encoding="utf-8").replace("sato", "Zoë"), encoding="utf-8")
    assert ", rep: `Zoë` (ë)" in replay(project, tmp_path / "out", "--encoding", "cp932")
    assert "Zo?" in (tmp_path / "out" / "workload.csv").read_text(encoding="cp932")


def test_ticks_of_an_earlier_replay_are_taken_away_and_other_files_stay(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    replay(project, out)
    (out / f"{DAYS[1]}T0000" / "mine.txt").write_text("mine")
    (out / "notes.txt").write_text("mine")
    replay(project, out, "--every", "2 days")
    assert sorted(place.name for place in out.iterdir()) == [
        "2026-11-01T0000", "2026-11-02T0000", "2026-11-03T0000", "2026-11-05T0000",
        "notes.txt", "workload.csv", "workload.html",
    ]  # fmt: skip
    assert [place.name for place in (out / f"{DAYS[1]}T0000").iterdir()] == ["mine.txt"]


def test_a_state_to_begin_with_is_read_and_left_alone(project: Path, tmp_path: Path) -> None:
    command("run", project, tmp_path / "ran", "--as-of", "2026-10-31T12:00")
    state = project / ".leadrules" / "state"
    before = {file.name: file.read_bytes() for file in state.iterdir() if file.is_file()}
    replay(project, tmp_path / "out", "--state", state)
    assert {file.name: file.read_bytes() for file in state.iterdir() if file.is_file()} == before
    # The lead was enrolled by the run already: the replay does not enrol it again.
    assert "enroll" not in {row["kind"] for row in rows_of(tmp_path / "out" / "2026-11-01T0000" / "actions.csv")}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--every", "often"], "--every often is not a length"),
        (["--every", "0 days"], "goes nowhere"),
        (["--to", "2026-01-01"], "--to is before --from"),
        (["--from", "soon"], "--from soon is not a time"),
        (["--state", "nowhere"], "there is no state nowhere"),
    ],
)
def test_what_cannot_be_replayed(project: Path, tmp_path: Path, options: list[str], said: str) -> None:
    assert said in replay(project, tmp_path / "out", *options, code=2)
    assert not (tmp_path / "out").exists()


def test_a_long_replay_says_first_how_many_ticks_it_makes(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--from 1900-01-01 --to 2100-01-01` are 73,050 runs; who meant something else should not wait for their end."""
    monkeypatch.setattr("leadrules.cli.replay.MANY_TICKS", 4)
    told = "note: 5 ticks, a folder for each; a longer --every makes fewer"
    said = replay(project, tmp_path / "replayed")
    assert said.index(told) < said.index("5 ticks; wrote")
    assert told not in replay(project, tmp_path / "replayed", "--every", "2 days")
    assert replay(project, tmp_path / "replayed", "--quiet") == ""
