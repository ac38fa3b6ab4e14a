"""A bad input of every kind ends in a clear message and the exit code of commands.md, or in rejects; soon, without a traceback."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leadrules.cli.main import cli

LONGEST = 20.0  # seconds; the machines of CI are slow and shared
HEADER = "id,industry,employees,created_at\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "leadrules.yaml").write_text("version: 1\nsources: {leads: {path: leads.csv}}\n")
    properties = {
        "id": {"type": "string"},
        "industry": {"type": "string"},
        "employees": {"type": "integer"},
        "created_at": {"type": "string", "format": "date"},
    }
    (tmp_path / "rules" / "lead.schema.json").write_text(json.dumps({"type": "object", "properties": properties}))
    (tmp_path / "rules" / "rules.lead").write_text(
        'score fit {\n  a: +20 when industry = "Software"\n  b: +1 when employees > 5\n}\n'
    )
    (tmp_path / "leads.csv").write_text(HEADER + "a,Software,5,2026-01-01\n")
    return tmp_path


def leadrules(*args: str, cwd: Path, longest: float = LONGEST) -> Result:
    started = time.monotonic()
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(cli, list(args), prog_name="leadrules")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert time.monotonic() - started < longest
    return done


Breaks = Callable[[Path], None]


def leads(content: bytes) -> Breaks:
    return lambda project: (project / "leads.csv").write_bytes(content) and None


def rules(text: str | bytes) -> Breaks:
    raw = text if isinstance(text, bytes) else text.encode()
    return lambda project: (project / "rules" / "rules.lead").write_bytes(raw) and None


def no_leads(project: Path) -> None:
    (project / "leads.csv").unlink()


def folder_of_leads(project: Path) -> None:
    no_leads(project)
    (project / "leads.csv").mkdir()


UNREADABLE: dict[str, tuple[Breaks, str]] = {
    "missing": (no_leads, "leads.csv"),
    "a folder": (folder_of_leads, "folder"),
    "empty": (leads(b""), "empty"),
    "binary": (leads(bytes(range(256)) * 40), "leads.csv"),
    "a zip": (leads(b"PK\x03\x04" + bytes(200)), "leads.csv"),
    "no gzip": (leads(b"\x1f\x8b" + b"not gzip at all" * 9), "leads.csv"),
    "cut gzip": (leads(gzip.compress((HEADER + "a,b,1,2026-01-01\n" * 500).encode())[:60]), "leads.csv"),
    "no encoding": (leads(HEADER.encode() + b"a,caf\xe9\xff\xfe\x81,1,2026-01-01\n"), "leads.csv"),
    "a header twice": (leads(b"id,industry,Industry,employees,created_at\na,b,c,1,2026-01-01\n"), "industry"),
    "day or month": (leads(HEADER.encode() + b"a,b,1,01/02/2026\nb,b,1,03/04/2026\n"), "date_format"),
    "no key column": (leads(b"name,industry,employees,created_at\na,b,1,2026-01-01\n"), "id"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_leads_that_cannot_be_read_exit_2(project: Path, kind: str) -> None:
    breaks, named = UNREADABLE[kind]
    breaks(project)
    for command in ("run", "plan"):
        done = leadrules(command, cwd=project)
        assert done.exit_code == 2, done.output
        assert done.stderr.startswith("error: "), done.stderr
        assert named in done.stderr
    assert not (project / "out").exists()


REJECTED: dict[str, tuple[bytes, int, int]] = {
    "header only": (HEADER.encode(), 0, 0),
    "ragged": (HEADER.encode() + b"a,b,1,2026-01-01\nb,c,1\nc,d,1,2026-01-01,more\n", 1, 2),
    "bad cells": (HEADER.encode() + b"a,b,many,2026-01-01\nb,b,1,soon\nc,b,1,2026-02-30\nd,b,1.5,2026-01-01\n", 0, 4),
    "a key twice": (HEADER.encode() + b"a,b,1,2026-01-01\na,b,1,2026-01-01\n,b,1,2026-01-01\n", 1, 2),
    "utf-16": ((HEADER + "あ,b,1,2026-01-01\n").encode("utf-16"), 1, 0),
    "a long cell": (HEADER.encode() + b"a," + b"x" * 1_000_000 + b",1,2026-01-01\n", 1, 0),
}


@pytest.mark.parametrize("kind", REJECTED)
def test_rows_that_cannot_be_read_are_rejected(project: Path, kind: str) -> None:
    content, decided, rejected = REJECTED[kind]
    (project / "leads.csv").write_bytes(content)
    done = leadrules("run", cwd=project)
    assert done.exit_code == 0, done.output
    counts = json.loads((project / "out" / "manifest.json").read_text())["counts"]
    assert (counts["decided"], counts["rejected"]) == (decided, rejected)
    rows = (project / "out" / "rejects.csv").read_text().splitlines()
    assert len(rows) == 1 + rejected


def nested(project: Path) -> None:
    rules(f"define x = {'(' * 5000}1{')' * 5000}\n")(project)


BAD_RULES: dict[str, Breaks] = {
    "5,000 parentheses": nested,
    "a line of 1 MB": rules("define x = " + "employees + " * 90_000 + "nothing_known\n"),
    "over 5 MB": rules("# " + "x" * 5_100_000 + "\n"),
    "binary": rules(bytes(range(256)) * 20),
    "cp932": rules('segment a when industry = "製造"\n'.encode("cp932")),
    "utf-16": rules('segment a when industry = "x"\n'.encode("utf-16")),
    "an open brace": rules("score fit {\n"),
    "a page of prose": rules("Dear all,\nplease give hot leads to Sato.\n" * 30),
}


@pytest.mark.parametrize("kind", BAD_RULES)
def test_rules_that_cannot_be_read_exit_1(project: Path, kind: str) -> None:
    BAD_RULES[kind](project)
    done = leadrules("check", cwd=project)
    assert done.exit_code == 1, done.output
    assert "error[LR" in done.stdout
    assert "rules/rules.lead" in done.stdout
    document = json.loads(leadrules("check", "--format", "json", cwd=project).stdout)
    assert document["diagnostics"]


BOMB = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\nversion: 1\n"
BROKEN_PROJECTS = {
    "a YAML bomb": BOMB,
    "no mapping": "- 1\n- 2\n",
    "no version": "name: acme\n",
    "a key twice": "version: 1\nname: a\nname: b\n",
    "an unknown key": "version: 1\ntimezon: Asia/Tokyo\n",
    "deep": "version: 1\nreport: " + "[" * 3000 + "]" * 3000 + "\n",
    "empty": "",
    "binary": "\x00\x01\x02",
    "a path outside": "version: 1\nsources: {leads: {path: ../../secret.csv}}\n",
}


@pytest.mark.parametrize("kind", BROKEN_PROJECTS)
def test_a_broken_project_file_exits_2(project: Path, kind: str) -> None:
    (project / "leadrules.yaml").write_text(BROKEN_PROJECTS[kind])
    done = leadrules("check", cwd=project)
    assert done.exit_code == 2, done.output
    assert "leadrules.yaml" in done.stderr


BROKEN_SCHEMAS = {
    "not JSON": "{ properties: }",
    "cut": '{"type": "object", "properties": {"id"',
    "an unknown keyword": '{"type": "object", "properties": {"id": {"type": "string", "oneOf": []}}}',
    "an unknown type": '{"type": "object", "properties": {"id": {"type": "strin"}}}',
    "a list": "[]",
    "empty": "",
    "deep": "[" * 5000,
}


@pytest.mark.parametrize("kind", BROKEN_SCHEMAS)
def test_a_broken_schema_is_a_finding(project: Path, kind: str) -> None:
    (project / "rules" / "lead.schema.json").write_text(BROKEN_SCHEMAS[kind])
    done = leadrules("check", cwd=project)
    assert done.exit_code == 1, done.output
    assert "rules/lead.schema.json" in done.stdout


def test_a_missing_list_file_is_a_finding(project: Path) -> None:
    (project / "rules" / "more.lead").write_text('list rivals from "rivals.csv"\nsegment r when industry in rivals\n')
    done = leadrules("check", cwd=project)
    assert done.exit_code == 1
    assert "rivals.csv" in done.stdout
    assert done.stdout.count("error[") == 1


def test_a_folder_that_cannot_be_written(project: Path) -> None:
    (project / "out").write_text("a file, where a folder should be")
    done = leadrules("run", cwd=project)
    assert done.exit_code == 2, done.output
    assert "out" in done.stderr


READERS = {
    "check": ["check", "--leads"],
    "explain": ["explain", "a"],
    "report": ["report", "-o", "report.html"],
    "calibrate": ["calibrate", "--outcome", 'industry = "Software"'],
    "replay": ["replay", "--from", "2026-01-01", "--to", "2026-01-02", "--every", "1 day", "--out", "ticks"],
    "diff": ["diff", "."],
}


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("kind", ["missing", "a folder", "binary", "cut gzip", "a header twice"])
def test_every_command_that_reads_leads_says_why_it_cannot(project: Path, kind: str, command: str) -> None:
    breaks, named = UNREADABLE[kind]
    breaks(project)
    done = leadrules(*READERS[command], cwd=project)
    assert done.exit_code == 2, done.output
    assert named in done.stderr
    assert not (project / "report.html").exists()
    assert not (project / "ticks").exists()


def test_a_cell_that_holds_a_whole_file_is_shown_in_part(project: Path) -> None:
    (project / "leads.csv").write_text(f"{HEADER}a,{'x' * 2_000_000},5,2026-01-01\n")
    done = leadrules("explain", "a", cwd=project)
    assert done.exit_code == 0, done.output
    assert "(2,000,002 characters)" in done.stdout
    assert len(done.stdout) < 100_000


def test_no_project_at_all(tmp_path: Path) -> None:
    for command in ("check", "compile", "test", "plan", "run"):
        done = leadrules(command, cwd=tmp_path)
        assert done.exit_code == 2
        assert "leadrules.yaml" in done.stderr


def test_init_touches_no_existing_project(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    done = leadrules("init", "leads.csv", cwd=project)
    assert done.exit_code == 2
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_init_of_a_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "photo.csv").write_bytes(bytes(range(256)) * 40)
    done = leadrules("init", "photo.csv", cwd=tmp_path)
    assert done.exit_code == 2
    assert not (tmp_path / "leadrules.yaml").exists()


def test_init_starter_passes_check_and_test(tmp_path: Path) -> None:
    assert leadrules("init", "--starter", cwd=tmp_path).exit_code == 0
    assert leadrules("check", "--strict", cwd=tmp_path).exit_code == 0
    assert leadrules("test", cwd=tmp_path, longest=200).exit_code == 0
    shutil.rmtree(tmp_path / "rules")
