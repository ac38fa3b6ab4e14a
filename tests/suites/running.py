"""What the suites share: running the program in this process, reading what it wrote, and the real data beside the project."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
RECIPES = EXAMPLES / "recipes"
SHARED = ROOT.parent / "shared" / "data"


def leadrules(*arguments: str | Path) -> Result:
    """The program with these arguments on a screen of 110 columns; a crash of ours fails the test with its traceback."""
    from leadrules.cli.main import cli

    return CliRunner(env={"COLUMNS": "110"}).invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def run(
    project: Path, out: Path, *options: str | Path
) -> tuple[list[dict[str, str]], dict[str, Any], list[dict[str, str]]]:
    """The decisions, the manifest and the rejects of a run without state."""
    done = leadrules("run", "--project", project, "--no-state", "--out", out, *options)
    assert done.exit_code == 0, done.output
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return rows(out / "decisions.csv"), manifest, rows(out / "rejects.csv")


def rows(path: Path, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a CSV file by header."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def shared(*names: str) -> Path:
    """A file of the real data beside the project; the test is skipped where there is none."""
    path = SHARED.joinpath(*names)
    if not path.exists():
        pytest.skip(f"{'/'.join(names)} is not beside the project (../shared/data)")
    return path


def starter(folder: Path) -> Path:
    """The starter ruleset laid out as a project, as `leadrules init --starter` does."""
    shutil.copytree(ROOT / "rules", folder / "rules")
    (folder / "rules" / "leadrules.yaml").rename(folder / "leadrules.yaml")
    return folder
