"""`fmt` as a user types it: what is written, what is only told, and the exit codes."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.suites.running import leadrules

WILD = 'define  a=1\nsegment b "B"   when x=a # why\n'
TAME = 'define a = 1\nsegment b "B" when x = a  # why\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rules" / "deep").mkdir(parents=True)
    (tmp_path / "leadrules.yaml").write_text("version: 1\n", encoding="utf-8")
    (tmp_path / "rules" / "tame.lead").write_bytes(TAME.encode())
    (tmp_path / "rules" / "deep" / "wild.lead").write_bytes(WILD.encode())
    return tmp_path


def texts(project: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in project.rglob("*.lead")}


def piped(text: bytes, *options: str) -> Result:
    from leadrules.cli.main import cli

    return CliRunner().invoke(cli, ["fmt", *options, "-"], input=text, catch_exceptions=False)


def test_every_rule_file_of_the_project(project: Path) -> None:
    wild = project / "rules" / "deep" / "wild.lead"
    wild.chmod(0o640)
    done = leadrules("fmt", "--project", project)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "1 file formatted, 1 left as it was\n"
    assert texts(project) == {"tame.lead": TAME, "wild.lead": TAME}
    assert stat.S_IMODE(wild.stat().st_mode) == 0o640
    again = leadrules("fmt", "--project", project)
    assert (again.exit_code, again.stderr) == (0, "2 files formatted already\n")
    assert sorted(p.name for p in wild.parent.iterdir()) == ["wild.lead"]


def test_a_tame_file_is_not_written(project: Path) -> None:
    tame = project / "rules" / "tame.lead"
    os.utime(tame, (1, 1))
    leadrules("fmt", "--project", project)
    assert tame.stat().st_mtime == 1


def test_check_names_the_files_and_writes_nothing(project: Path) -> None:
    before = texts(project)
    done = leadrules("fmt", "--check", "--project", project)
    assert (done.exit_code, done.stdout) == (1, "rules/deep/wild.lead\n")
    assert done.stderr == "1 file not formatted, 1 left as it was\n"
    assert texts(project) == before
    assert leadrules("fmt", "--check", "--quiet", project / "rules" / "tame.lead").output == ""


def test_diff_is_one_that_patch_takes(project: Path) -> None:
    wild = project / "rules" / "deep" / "wild.lead"
    wild.write_bytes(WILD.rstrip("\n").encode())
    done = leadrules("fmt", "--diff", "--project", project)
    assert done.exit_code == 1
    assert wild.read_bytes().decode() == WILD.rstrip("\n")
    subprocess.run(["git", "apply", "-p0"], cwd=project, input=done.stdout.encode(), check=True)
    assert wild.read_bytes().decode() == TAME


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = piped(WILD.encode())
    assert (done.exit_code, done.stdout, done.stderr) == (0, TAME, "")
    assert piped(WILD.encode(), "--check").exit_code == 1
    assert piped(TAME.encode(), "--check").exit_code == 0
    assert "+define a = 1" in piped(WILD.encode(), "--diff").stdout
    assert piped(b"define a = 1\r\ndefine  b = 2").stdout_bytes == b"define a = 1\r\ndefine b = 2\r\n"
    assert piped("define é = 1".encode("latin-1")).exit_code == 2


def test_what_does_not_read_is_told_and_left(project: Path) -> None:
    broken = project / "rules" / "broken.lead"
    broken.write_text("define  a = = 2\ndefine  c = 3\n", encoding="utf-8")
    done = leadrules("fmt", "--project", project)
    assert done.exit_code == 1
    assert "LR026" in done.stderr
    assert "rules/broken.lead: what does not read is left as it is." in done.stderr
    assert texts(project) == {
        "tame.lead": TAME,
        "wild.lead": TAME,
        "broken.lead": "define  a = = 2\ndefine c = 3\n",
    }


def test_bytes_that_are_no_text_are_left(project: Path) -> None:
    latin = project / "rules" / "latin.lead"
    latin.write_bytes(b"define  \xe9 = 1\n")
    done = leadrules("fmt", "--project", project)
    assert (done.exit_code, "LR041" in done.stderr) == (1, True)
    assert latin.read_bytes() == b"define  \xe9 = 1\n"


def test_a_link_stays_a_link(project: Path) -> None:
    link = project / "rules" / "link.lead"
    real = project / "real.txt"
    real.write_text(WILD, encoding="utf-8")
    link.symlink_to(real)
    assert leadrules("fmt", link).exit_code == 0
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == TAME


def test_what_could_not_be_done(project: Path, tmp_path: Path) -> None:
    assert leadrules("fmt", project / "none.lead").exit_code == 2
    assert leadrules("fmt", "-", project / "rules" / "tame.lead").exit_code == 2
    (project / "leadrules.yaml").write_text("version: 1\nversion: 2\n", encoding="utf-8")
    assert leadrules("fmt", "--project", project).exit_code == 2


def test_standard_input_is_named_where_it_is_not_formatted() -> None:
    assert piped(b"segment big when size>1\n", "--check").output == "standard input\n"
    assert piped(b"segment big when size > 1\n", "--check").output == ""
