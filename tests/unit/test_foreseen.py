"""What is made of decisions.csv before anything is decided is what would be made afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.stateful import outcome_of, run, write_leads, write_project

from leadrules.data.write import Encoding
from leadrules.lifecycle.files import WriteOptions, write_run
from leadrules.lifecycle.foreseen import Foreseen
from leadrules.lifecycle.run import execute

RULES = """
score fit { few: -1.5 when points < 30  some: +0.25 when points >= 30  formula: +2 when status starts with "=" }
band heat of points { hot: from 70  warm: from 40  cold: otherwise }
segment keen when points >= 50
define said = status
define seen = created_at
trigger hot { on enter heat hot  do notify "desk" "hot" }
route sales { inside: team inside by round_robin when heat is at least warm }
"""
STATUSES = ("=1+1", "-5", "@x", "plain", "", "部長〜", "+81")


def project(folder: Path, leads: int) -> Path:
    write_project(folder, RULES)
    rows = [
        {
            "id": f"={number}",
            "points": number * 9 % 100,
            "status": STATUSES[number % 7],
            "owner": "",
            "created_at": "2026-10-01T00:00",
        }
        for number in range(leads)
    ]
    write_leads(folder, rows)
    return folder


def written(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("rows", [1, 4, 100])
@pytest.mark.parametrize("leads", [0, 1, 11])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_the_same_bytes(tmp_path: Path, rows: int, leads: int, encoding: Encoding) -> None:
    foreseen = Foreseen(rows)
    outcome = outcome_of(project(tmp_path, leads), "2026-11-02T00:00", found=foreseen.begin)
    plain = WriteOptions(encoding=encoding)
    lost = write_run(outcome, tmp_path / "plain", plain)
    assert write_run(outcome, tmp_path / "ahead", replace(plain, foreseen=foreseen)) == lost
    assert written(tmp_path / "ahead") == written(tmp_path / "plain")
    lines = (tmp_path / "ahead" / "decisions.csv").read_text(encoding=encoding).splitlines()
    assert (len(lines), lines[0].split(",")[0]) == (leads + 1, "id")


def test_of_another_outcome_nothing_is_taken(tmp_path: Path) -> None:
    foreseen = Foreseen(4)
    first = outcome_of(project(tmp_path, 11), "2026-11-02T00:00", found=foreseen.begin)
    other = execute(replace(first.request, found=None))
    assert foreseen.parts_of(other) is None
    write_run(other, tmp_path / "other", WriteOptions(foreseen=foreseen))
    write_run(first, tmp_path / "first", WriteOptions(foreseen=foreseen))
    assert written(tmp_path / "other") == written(tmp_path / "first")


def test_the_last_run_again(tmp_path: Path) -> None:
    folder = project(tmp_path, 11)
    run(folder, "2026-11-02T00:00")
    files = written(folder / "out")
    assert run(folder, "2026-11-02T00:00").is_again
    assert written(folder / "out") == files
