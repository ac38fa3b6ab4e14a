"""A bad input of every kind ends in a clear message and the exit code of commands.md, or in rejects; soon, without a traceback."""

from __future__ import annotations

import bz2
import codecs
import contextlib
import ctypes
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import polars as pl
import pytest
from click.testing import CliRunner, Result

from leadrules.cli.main import cli
from leadrules.data import sources
from leadrules.data.errors import InputError

LONGEST = 20.0  # seconds; the machines of CI are slow and shared
HEADER = "id,industry,employees,created_at\n"
ROW = "a,Software,5,2026-01-01\n"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="pipes, permissions and limits are of POSIX systems")


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


Breaks = Callable[[Path], object]


def leads(content: bytes) -> Breaks:
    return lambda project: (project / "leads.csv").write_bytes(content)


def rules(text: str | bytes) -> Breaks:
    raw = text if isinstance(text, bytes) else text.encode()
    return lambda project: (project / "rules" / "rules.lead").write_bytes(raw)


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, HEADER + ROW)
    return content.getvalue()


def parquet(share: float) -> bytes:
    """The first part of a Parquet file."""
    content = io.BytesIO()
    columns = {"id": [f"k{i}" for i in range(500)], "industry": "x", "employees": 1, "created_at": "2026-01-01"}
    pl.DataFrame(columns).write_parquet(content)
    return content.getvalue()[: int(len(content.getvalue()) * share)]


def damaged(whole: bytes) -> bytes:
    """The same with its middle overwritten."""
    return whole[: len(whole) // 8] + b"\xff" * (len(whole) // 4) + whole[len(whole) // 8 + len(whole) // 4 :]


MANY_ROWS = (HEADER + "".join(f"k{i},Software,{i % 97},2026-01-01\n" for i in range(20_000))).encode()
UTF_16 = "utf-16-"


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
    "the same header twice": (leads(b"id,industry,industry,employees,created_at\na,b,c,1,2026-01-01\n"), "industry"),
    "cut Parquet": (leads(parquet(0.6)), "not a whole Parquet file"),
    "damaged Parquet": (leads(damaged(parquet(1))), "not a whole Parquet file"),
    "cut gzip of many rows": (leads(gzip.compress(MANY_ROWS)[:-2000]), "not a whole gzip file"),
    "gzip without its end": (leads(gzip.compress(MANY_ROWS)[:-4]), "not a whole gzip file"),
    "gzip with another checksum": (leads(gzip.compress(MANY_ROWS)[:-8] + bytes(8)), "not a whole gzip file"),
    "UTF-16 LE without a mark": (leads((HEADER + ROW).encode(UTF_16 + "le")), "encoding: utf-16-le"),
    "UTF-16 BE without a mark": (leads((HEADER + ROW).encode(UTF_16 + "be")), "encoding: utf-16-be"),
    "UTF-16 cut in a character": (leads((HEADER + ROW).encode("utf-16") + b"a"), "begins with the mark of utf-16"),
    "a quote that is never closed": (leads((HEADER + 'a,"Software,1,2026-01-01\n' + ROW * 99).encode()), "line 2"),
    "another delimiter": (leads((HEADER + ROW).replace(",", "|").encode()), "stand between `|`"),
    "a title above the header": (leads(("Leads, 2026\n\n".replace(", ", " ") + HEADER + ROW).encode()), "Leads 2026"),
    "a zip of a CSV": (leads(zipped("leads.csv")), "a zip archive"),
    "an Excel workbook": (leads(zipped("[Content_Types].xml", "xl/workbook.xml")), "an Excel workbook"),
    "an old Excel workbook": (leads(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)), "an Excel workbook"),
    "bzip2": (leads(bz2.compress(MANY_ROWS)), "a bzip2 archive"),
    "xz": (leads(lzma.compress(MANY_ROWS)), "an xz archive"),
    "a web page": (leads(b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"), "a web page"),
    "a JSON array": (leads(b'[{"id": "a", "industry": "x"}]'), "is JSON"),
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
    "utf-16 be": (codecs.BOM_UTF16_BE + (HEADER + "あ,b,1,2026-01-01\n").encode("utf-16-be"), 1, 0),
    "utf-32": ((HEADER + "あ,b,1,2026-01-01\n").encode("utf-32"), 1, 0),
    "cr only": ((HEADER + ROW + "b,x,6,2026-01-02\n").replace("\n", "\r").encode(), 2, 0),
    "every line end": (
        HEADER.encode() + b"a,x,1,2026-01-01\r\nb,x,1,2026-01-01\nc,x,1,2026-01-01\rd,x,1,2026-01-01",
        4,
        0,
    ),
    "a mark in the middle": ((HEADER + ROW + "\ufeffa,\ufeffx,\ufeff6,2026-01-02\n").encode(), 1, 1),
    "NUL bytes": (HEADER.encode() + b"a,Soft\x00ware,5,2026-01-01\nb,x,6\x00,2026-01-01\n\x00\n", 1, 2),
    "10,000 columns": (
        f"{HEADER.strip()},{','.join(f'c{i}' for i in range(10_000))}\n{ROW.strip()}{',v' * 10_000}\n".encode(),
        1,
        0,
    ),
    "a number of 1 MB": (f"{HEADER}a,x,{'9' * 1_000_000},2026-01-01\n".encode(), 0, 1),
    "a cell of many lines": (f'{HEADER}a,"{"x" * 9}{chr(10) * 200_000}",1,2026-01-01\n'.encode(), 1, 0),
    "text after a closing quote": (HEADER.encode() + b'a,"x"y,5,2026-01-01\nb,"x""y",5,2026-01-01\n', 1, 1),
    "other delimiters in rows": (HEADER.encode() + b"a;b;5;2026-01-01\nb\tx\t6\t2026-01-01\n" + ROW.encode(), 1, 2),
    "the line of Excel": (b"sep=;\r\n" + (HEADER + ROW).replace(",", ";").encode(), 1, 0),
    "days that are not": (f"{HEADER}a,b,1,2026-02-29\nb,b,1,2026-13-01\nc,b,1,2024-02-29\n".encode(), 1, 2),
    "numbers as people write them": (
        f'{HEADER}a,x,５０,2026-01-01\nb,x,"1,000",2026-01-01\nc,x,"１，０００",2026-01-01\n'
        'd,x,"1,00",2026-01-01\ne,x,1 000,2026-01-01\nf,x,0x10,2026-01-01\ng,x,NaN,2026-01-01\nh,x,1e400,2026-01-01\n'.encode(),
        3,
        5,
    ),
    "ids that are alike": (
        HEADER.encode() + b"a,x,1,2026-01-01\nA,x,1,2026-01-01\na ,x,1,2026-01-01\n ,x,1,2026-01-01\n",
        2,
        2,
    ),
    "blank rows": (f"\n\n{HEADER}\n{ROW}\n\n,,,\n".encode(), 1, 1),
    "control characters": (HEADER.encode() + b"a\x01,So\x1bft,5,2026-01-01\n\x1a", 1, 1),
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


def test_what_a_file_that_cannot_be_read_defines_is_not_reported_as_unknown(project: Path) -> None:
    rules('segment made when industry = "製造"\n'.encode("cp932"))(project)
    (project / "rules" / "more.lead").write_text("segment other when not made\n")
    done = leadrules("check", "--format", "concise", cwd=project)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "rules/rules.lead:1:1: LR041 rules/rules.lead is not UTF-8 text: byte 31, line 1"
    ]


@pytest.mark.parametrize("kind", ["binary", "an open brace", "a page of prose"])
def test_rules_that_cannot_be_read_as_json(project: Path, kind: str) -> None:
    BAD_RULES[kind](project)
    done = leadrules("check", "--format", "json", cwd=project)
    assert done.exit_code == 1
    assert {one["path"] for one in json.loads(done.stdout)["diagnostics"]} == {"rules/rules.lead"}


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


def test_init_starter_is_the_shipped_ruleset_and_passes_check(tmp_path: Path) -> None:
    assert leadrules("init", "--starter", cwd=tmp_path).exit_code == 0
    assert leadrules("check", "--strict", cwd=tmp_path).exit_code == 0
    shipped = Path(__file__).resolve().parents[2] / "rules"  # whose tests tests/suites/test_starter.py runs
    files = [
        path.relative_to(shipped) for path in shipped.rglob("*") if path.is_file() and path.name != "leadrules.yaml"
    ]
    assert len(files) > 30
    for file in files:
        assert (tmp_path / "rules" / file).read_bytes() == (shipped / file).read_bytes()


def test_init_says_which_file_it_needs(tmp_path: Path) -> None:
    for args, words in ((("-",), "standard input"), (("nothing.csv",), "there is no file nothing.csv")):
        done = leadrules("init", *args, cwd=tmp_path)
        assert done.exit_code == 2
        assert words in done.stderr
        assert "sources" not in done.stderr


@POSIX
def test_a_pipe_is_read_and_one_without_a_writer_ends(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_leads(project)
    os.mkfifo(project / "leads.csv")
    monkeypatch.setattr(sources, "_PATIENCE", 0.5)  # for the writer to come, not for it to write

    def write_slowly() -> None:
        with (project / "leads.csv").open("w") as pipe:
            time.sleep(1.5)
            pipe.write(HEADER + ROW)

    writing = threading.Thread(target=write_slowly)
    writing.start()
    done = leadrules("run", cwd=project)
    writing.join()
    assert done.exit_code == 0, done.output
    assert "1 lead decided" in done.stderr
    monkeypatch.setattr(sources, "_PATIENCE", 0.1)
    monkeypatch.setattr(sources, "_piped", {})
    done = leadrules("run", cwd=project)
    assert done.exit_code == 2
    assert "nobody writes into it" in done.stderr


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(HEADER + ROW)
    (same,) = sources.open_inputs(tmp_path, "leads.csv")
    assert same.hashed().path == "leads.csv"
    (grown,) = sources.open_inputs(tmp_path, "leads.csv")
    grown.digest.result()
    with (tmp_path / "leads.csv").open("a") as file:
        file.write("b,Software,5,2026-01-01\n")
    with pytest.raises(InputError, match="changed while it was read"):
        grown.hashed()


def test_links_in_a_circle_and_patterns_without_files(project: Path) -> None:
    (project / "a.csv").symlink_to("b.csv")
    (project / "b.csv").symlink_to("a.csv")
    done = leadrules("run", "--leads", "a.csv", cwd=project)
    assert done.exit_code == 2
    assert "a link that leads to no file" in done.stderr
    done = leadrules("run", "--leads", "none/*.csv", cwd=project)
    assert done.exit_code == 2
    assert "no file matches" in done.stderr


@pytest.mark.parametrize(("folder", "file"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_folder_may_be_spelled_otherwise_than_the_files_in_it(
    project: Path, folder: Literal["NFC", "NFD"], file: Literal["NFC", "NFD"]
) -> None:
    """Made here, and filled with what a Mac has packed."""
    (place := project / normalize(folder, "Aktivitäten")).mkdir()
    (project / "leads.csv").rename(place / normalize(file, "März 2026.csv"))
    done = leadrules("run", "--no-state", "--leads", normalize("NFC", "Aktivitäten/März*.csv"), cwd=project)
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("named", ["Regeln für uns", "Regeln für uns/*.lead", "Regeln für uns/März.lead"])
def test_rule_files_are_found_however_the_disk_spells_them(project: Path, named: str) -> None:
    (place := project / normalize("NFD", "Regeln für uns")).mkdir()
    (project / "rules" / "rules.lead").rename(place / normalize("NFD", "März.lead"))
    with (project / "leadrules.yaml").open("a", encoding="utf-8") as settings:
        settings.write(f'rules: "{normalize("NFC", named)}"\n')
    assert "no rule file matches" not in leadrules("check", cwd=project).output
    assert "They hold 1 score" in leadrules("docs", cwd=project).output


def test_the_folder_of_a_project_is_no_pattern(project: Path) -> None:
    """`Leads [2026]`: the signs of patterns are those of what was typed, not of where it was typed."""
    folder = project / "Leads [2026]"
    folder.mkdir()
    for part in ("rules", "leadrules.yaml", "leads.csv"):
        (project / part).rename(folder / part)
    (folder / "leads[1].csv").write_text(HEADER + ROW)
    (folder / "leadrules.yaml").write_text('version: 1\nsources: {leads: {path: "l*s.csv"}}\n')
    for options, read in (
        ((), "leads.csv"),
        (("--leads", "*ds.csv"), "leads.csv"),
        (("--leads", "leads[1].csv"), "leads[1].csv"),
    ):
        done = leadrules("run", "--no-state", *options, cwd=folder)
        assert done.exit_code == 0, done.stderr
        manifest = json.loads((folder / "out" / "manifest.json").read_text())
        assert [file["path"] for file in manifest["inputs"]] == [read]


JSON_LINES = {
    "half a character": b'{"id": "\\ud800"}\n',
    "a name twice": b'{"id": "b", "id": "c"}\n',
    "a list": b"[1]\n",
    "cut": b'{"id": "b"\n',
    "nested": b'{"id": ' + b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("kind", JSON_LINES)
def test_lines_that_are_no_objects_are_rejected(project: Path, kind: str) -> None:
    good = b'{"id": "a", "industry": "x", "employees": 1, "created_at": "2026-01-01"}\n'
    (project / "leads.jsonl").write_bytes(good + JSON_LINES[kind])
    done = leadrules("run", "--leads", "leads.jsonl", cwd=project)
    assert done.exit_code == 0, done.output
    assert "1 lead decided, 1 row rejected (rejects.csv says why)" in done.stderr


# -- events ---------------------------------------------------------------------------------------------------------

EVENTS = "lead_id,type,at\na,opened,2026-01-01T10:00\n"


@pytest.fixture
def with_events(project: Path) -> Path:
    (project / "leadrules.yaml").write_text(
        "version: 1\nsources: {leads: {path: leads.csv}, events: [{path: events.csv}]}\n"
    )
    (project / "rules" / "events.schema.json").write_text('{"properties": {"opened": {"type": "object"}}}')
    rules("score fit { a: +3 each opened }\n")(project)
    (project / "events.csv").write_text(EVENTS)
    return project


@pytest.mark.parametrize("cut", [40, -4, -1])
def test_a_cut_file_of_events_exits_2(with_events: Path, cut: int) -> None:
    whole = gzip.compress((EVENTS * 1 + "a,opened,2026-01-02T10:00\n" * 5000).encode(), mtime=0)
    (with_events / "events.csv").write_bytes(whole[:cut])
    done = leadrules("run", cwd=with_events)
    assert done.exit_code == 2, done.output
    assert "events.csv is not a whole gzip file" in done.stderr
    assert not (with_events / "out").exists()


def test_events_that_would_be_read_twice_are_refused(with_events: Path) -> None:
    (with_events / "more.csv").symlink_to("events.csv")
    (with_events / "leadrules.yaml").write_text(
        "version: 1\nsources: {leads: {path: leads.csv}, events: [{path: events.csv}, {path: more.csv}]}\n"
    )
    done = leadrules("run", cwd=with_events)
    assert done.exit_code == 2
    assert "the events of more.csv are read twice" in done.stderr
    (with_events / "leadrules.yaml").write_text(
        "version: 1\nsources: {leads: {path: leads.csv}, events: [{path: events.csv}, {path: more.csv, type: opened}]}\n"
    )
    assert leadrules("run", cwd=with_events).exit_code == 0


def test_standard_input_is_one_input(with_events: Path) -> None:
    done = leadrules("run", "--leads", "-", "--events", "-", cwd=with_events)
    assert done.exit_code == 2
    assert "standard input" in done.stderr


# -- the team -------------------------------------------------------------------------------------------------------

TEAMS: dict[str, bytes] = {
    "a YAML bomb": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (i, i, b"*%c, " % (i - 1) * 9) for i in range(98, 110)),
    "binary": bytes(range(256)),
    "deep": b"reps: " + b"[" * 5000,
    "a list": b"- a\n",
}


@pytest.mark.parametrize("kind", TEAMS)
def test_a_broken_team_is_a_finding(project: Path, kind: str) -> None:
    (project / "rules" / "team.yaml").write_bytes(TEAMS[kind])
    done = leadrules("check", cwd=project)
    assert done.exit_code == 1, done.output
    assert "rules/team.yaml" in done.stdout
    assert leadrules("run", cwd=project).exit_code == 1


# -- what the system refuses ----------------------------------------------------------------------------------------

DROP_FROM_BOUNDS, OVERRIDES = 24, (1, 2)  # PR_CAPBSET_DROP; what lets root read and write all


def without_privileges() -> None:
    """For root alone: its files may then be forbidden to it, as they are to everybody else."""
    if sys.platform == "linux" and os.geteuid() == 0:
        for capability in OVERRIDES:
            ctypes.CDLL(None).prctl(DROP_FROM_BOUNDS, capability, 0, 0, 0)


def little_room() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def in_a_process(cwd: Path, *args: str, begin: Callable[[], None]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leadrules", *args]
    done = subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True, timeout=60, preexec_fn=begin)
    assert "Traceback" not in done.stderr
    assert "mistake of its own" not in done.stderr, done.stderr
    return done


FORBIDDEN: dict[str, tuple[str, int, tuple[str, ...], int, str]] = {
    "leads": ("leads.csv", 0o000, (), 2, "leads.csv cannot be read: Permission denied"),
    "rules": ("rules/rules.lead", 0o000, (), 1, "rules/rules.lead cannot be read: Permission denied"),
    "the schema": ("rules/lead.schema.json", 0o000, (), 1, "rules/lead.schema.json cannot be read"),
    "the project file": ("leadrules.yaml", 0o000, (), 2, "leadrules.yaml cannot be read"),
    "the output": ("out", 0o555, (), 2, "out cannot be written: Permission denied"),
    "above the output": ("deep", 0o555, ("--out", "deep/out"), 2, "deep/out cannot be written: Permission denied"),
    "the state": ("deep", 0o555, ("--state", "deep/state", "--baseline"), 2, "deep/state cannot be written"),
}


@POSIX
@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_is_forbidden_is_told(project: Path, what: str) -> None:
    place, mode, args, code, words = FORBIDDEN[what]
    for folder in ("out", "deep"):
        (project / folder).mkdir()
    (project / place).chmod(mode)
    done = in_a_process(project, "run", *args, begin=without_privileges)
    (project / place).chmod(0o755)
    assert done.returncode == code, done.stderr
    assert words in done.stderr + done.stdout
    assert [*(project / "out").iterdir(), *(project / "deep").iterdir()] == []


@POSIX
def test_only_the_output_need_be_writable(project: Path) -> None:
    (project / "out").mkdir()
    project.chmod(0o555)
    done = in_a_process(project, "run", begin=without_privileges)
    project.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (project / "out").iterdir()} == {"decisions.csv", "rejects.csv", "manifest.json"}


@POSIX
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_full_disk_leaves_nothing(project: Path, form: str) -> None:
    noise = "".join(f"{i * 7919 % 999983:06d}{i * 104729 % 999979:06d},Software,5,2026-01-01\n" for i in range(40_000))
    (project / "leads.csv").write_text(HEADER + noise)
    done = in_a_process(project, "run", "--output", form, begin=little_room)
    assert done.returncode == 2, done.stderr
    assert "out cannot be written: " in done.stderr
    assert not list(project.glob("*out*"))
    assert in_a_process(project, "run", "--output", form, begin=without_privileges).returncode == 0


@POSIX
def test_a_full_disk_leaves_no_half_a_state(project: Path) -> None:
    (project / "leads.csv").write_bytes(MANY_ROWS)
    state = ("run", "--state", "state", "--baseline")
    done = in_a_process(project, *state, begin=little_room)
    assert done.returncode == 2, done.stderr
    for _ in range(2):
        assert in_a_process(project, *state, begin=without_privileges).returncode == 0
    assert len((project / "out" / "decisions.csv").read_bytes().splitlines()) == 20_001


@pytest.mark.parametrize("place", ["file", "file/out"])
def test_a_file_in_the_way_of_the_output(project: Path, place: str) -> None:
    (project / "file").write_text("here first")
    done = leadrules("run", "--out", place, cwd=project)
    assert done.exit_code == 2, done.output
    assert place in done.stderr
    assert "prepared" not in done.stderr


@pytest.mark.parametrize("options", [(), ("--no-state",)])
def test_a_folder_in_the_way_of_a_file_leaves_nothing(project: Path, options: tuple[str, ...]) -> None:
    folder = project / "out" / "decisions.csv"
    folder.mkdir(parents=True)
    done = leadrules("run", "--as-of", "2026-01-05", *options, cwd=project)
    assert done.exit_code == 2, done.output
    assert "out/decisions.csv cannot be written" in done.stderr
    assert "prepared" not in done.stderr
    assert list((project / "out").iterdir()) == [folder]
    folder.rmdir()
    (project / "out" / "reasons.csv").mkdir()  # what another run would have written
    done = leadrules("run", "--as-of", "2026-01-04", *options, cwd=project)  # the state knows no later run
    assert done.exit_code == 0, done.output
    assert folder.is_file()


# -- every command ----------------------------------------------------------------------------------------------------

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", "--leads"),
    ("plan",),
    ("explain", "a"),
    ("diff", "."),
    ("report", "-o", "report.html"),
    ("replay", "--from", "2026-01-01", "--to", "2026-01-02", "--every", "1 day"),
    ("calibrate", "--outcome", 'industry = "Software"'),
    ("state", "show", "a"),
    ("state", "export"),
)


def damaged_state(project: Path, file: str, content: bytes) -> None:
    (project / ".leadrules" / "state").mkdir(parents=True)
    (project / ".leadrules" / "state" / file).write_bytes(content)


WRONG: dict[str, Breaks] = {
    "no leads": no_leads,
    "a header only": leads(HEADER.encode()),
    "binary leads": leads(bytes(range(256)) * 40),
    "a broken schema": lambda project: (project / "rules" / "lead.schema.json").write_text("{"),
    "a broken rule": rules("score {\n"),
    "a broken project": lambda project: (project / "leadrules.yaml").write_text("version: [1\n"),
    "no rules": lambda project: (project / "rules" / "rules.lead").unlink(),
    "a state of rubbish": lambda project: damaged_state(project, "state.sqlite", b"rubbish" * 999),
    "a killed run's note of rubbish": lambda project: damaged_state(project, "pending.json", b"{rubbish"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_no_command_ends_in_a_mistake_of_ours(project: Path, kind: str) -> None:
    WRONG[kind](project)
    for command in COMMANDS:
        done = leadrules(*command, cwd=project)
        assert done.exit_code in (0, 1, 2), command
        assert done.exit_code == 0 or done.stderr.startswith("error") or done.stdout.startswith("error"), command


def test_output_that_the_system_could_not_write(project: Path) -> None:
    rules('segment 製造 "製造業" when industry = "製造"\n')(project)
    command = [sys.executable, "-m", "leadrules", "plan"]
    for encoding in ("cp1252", "ascii", "cp932"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, check=False, cwd=project, env=environment, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert "製造業" in done.stdout.decode("cp932")


@pytest.mark.parametrize(("written", "on_disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_that_look_the_same_are_the_same_file(
    project: Path, written: Literal["NFC", "NFD"], on_disk: Literal["NFC", "NFD"]
) -> None:
    """macOS, and what is packed there, writes `が` as two characters; `there is no file x: did you mean x?` helps nobody."""
    (folder := project / normalize(on_disk, "書き出し・が")).mkdir()
    (project / "leads.csv").rename(folder / normalize(on_disk, "リードがぎ.csv"))
    (folder / normalize(on_disk, "業種が.csv")).write_text("value\nSoftware\n", encoding="utf-8")
    (folder / normalize(on_disk, "挨拶が.md")).write_text("x", encoding="utf-8")
    named = normalize(written, "書き出し・が")
    rules(f'list ours from "{named}/{normalize(written, "業種が.csv")}"\nsegment s when industry in ours\n')(project)
    settings = (project / "leadrules.yaml").read_text(encoding="utf-8")
    template = f"templates: {{hello: {named}/{normalize(written, '挨拶が.md')}}}\n"
    for leads in ("リードがぎ.csv", "リードが*.csv"):
        path = f"{named}/{normalize(written, leads)}"
        (project / "leadrules.yaml").write_text(settings.replace("leads.csv", path) + template, encoding="utf-8")
        assert leadrules("check", cwd=project).exit_code == 0
        assert "no file" not in leadrules("check", cwd=project).stdout
        assert leadrules("run", "--as-of", "2026-11-02", cwd=project).exit_code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have names in Unicode alone")
def test_names_that_are_no_utf8_are_shown_as_far_as_they_are(project: Path) -> None:
    """What was packed on a Japanese Windows has names in cp932: リード.csv, and a folder."""
    name = "リード".encode("cp932")
    folder = Path(os.fsdecode(os.fsencode(project.parent) + b"/" + name))
    project.rename(folder)
    (folder / "leads.csv").rename(csv := folder / os.fsdecode(name + b".csv"))
    (folder / "rules" / "rules.lead").rename(folder / "rules" / os.fsdecode(name + b".lead"))
    rule = 'segment s when employees > 1\ntrigger t { on enter s do notify "desk" "x" }\n'
    (folder / "rules" / "more.lead").write_text(rule)
    for command in (
        ("check",),
        ("run", "--leads", csv.name, "--as-of", "2026-11-02", "--out", os.fsdecode(name)),
        ("state", "export"),
        ("explain", "a", "--leads", csv.name),
        ("report", "--leads", csv.name, "-o", "report.html"),
    ):
        assert (done := leadrules(*command, cwd=folder)).exit_code == 0, done.output
    manifest = (folder / os.fsdecode(name) / "manifest.json").read_text(encoding="utf-8")
    assert '"path": "���[�h.csv"' in manifest
    (other := folder / "other").mkdir()
    done = leadrules("init", str(csv), cwd=other)
    assert done.exit_code == 2
    assert "rename the file" in done.stderr


@POSIX
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_service_may_start_the_program_without_streams(project: Path, closed: tuple[int, ...]) -> None:
    """`leadrules run >&-`, or what starts jobs where no terminal is."""

    def close() -> None:
        for stream in closed:
            os.close(stream)

    command = [sys.executable, "-m", "leadrules", "run", "--as-of", "2026-11-02"]
    done = subprocess.run(command, check=False, cwd=project, preexec_fn=close, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (project / "out" / "manifest.json").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is of Linux")
def test_a_stream_on_a_full_disk_is_no_traceback(project: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "leadrules"]
        done = subprocess.run([*command, "compile"], check=False, cwd=project, stdout=full, stderr=-1, timeout=60)
        assert done.returncode == 2
        assert done.stderr.startswith(
            b"error: the output cannot be written: No space left on device\n  = help: make room"
        )
        options = ["run", "--as-of", "2026-11-02"]
        assert subprocess.run([*command, *options], check=False, cwd=project, stderr=full, timeout=60).returncode == 2


def test_a_project_without_rules_is_told_where_they_go(project: Path) -> None:
    (project / "rules" / "rules.lead").unlink()
    done = leadrules("check", cwd=project)
    assert done.exit_code == 0
    assert "no rules: rule files end in .lead" in done.stdout + done.stderr


@POSIX
def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    script = f"rmdir {tmp_path / 'gone'}; {sys.executable} -m leadrules check"
    done = subprocess.run(["sh", "-c", script], check=False, cwd=tmp_path / "gone", capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the folder you stand in is gone"), done.stderr


@pytest.mark.parametrize(("text", "rows"), [("", 0), ("\n", 0), ("{}\n", 1), ("{}\n{}\n", 2)])
def test_objects_without_any_key_are_leads_of_whom_nothing_is_known(project: Path, text: str, rows: int) -> None:
    (project / "leadrules.yaml").write_text("version: 1\nsources: {leads: {path: leads.jsonl, key: row_number}}\n")
    (project / "leads.jsonl").write_text(text)
    for engine in ("columns", "row"):
        assert leadrules("run", "--no-state", "--engine", engine, cwd=project).exit_code == 0
        written = pl.read_csv(project / "out" / "decisions.csv")
        assert written["row_number"].to_list() == list(range(1, rows + 1))


@pytest.mark.parametrize("day", ["0001-01-01", "0999-12-31", "9999-12-31"])
def test_an_end_of_the_calendar_is_no_time_to_look_from(project: Path, day: str) -> None:
    for command in ("run", "plan", "report"):
        done = leadrules(command, "--as-of", day, cwd=project)
        assert done.exit_code == 2
        assert f"--as-of {day} is in the year {int(day[:4])}: a run knows the years from 1000 to 9000" in done.stderr


@pytest.mark.parametrize("option", ["--as-of", "--since"])
@pytest.mark.parametrize("time", ["0001-01-01", "9999-12-31T23:59:59-12:00"])
def test_times_at_the_ends_of_the_calendar_are_refused(project: Path, option: str, time: str) -> None:
    done = leadrules("run", option, time, cwd=project)
    assert done.exit_code == 2
    assert f"{option} {time} is in the year {int(time[:4])}: a run knows the years from 1000 to 9000" in done.stderr


def test_late_events_may_be_later_than_the_calendar_is_long(project: Path) -> None:
    settings = project / "leadrules.yaml"
    settings.write_text(f"{settings.read_text()}late_events: 10000 years\n")
    for options in ([], ["--as-of", "2026-01-02"], ["--since", "2025-01-01", "--no-state"]):
        assert leadrules("run", *options, cwd=project).exit_code == 0
