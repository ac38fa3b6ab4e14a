"""The language by example: every construct's good files compile, and its bad files have exactly the findings they list.

A case is one text: sections that begin with `--- PATH` (rule files, or files of the project in place of those in
tests/language/project), and `--- expect` with one line for each error: its code, the underlined text as JSON, and words
of its message or help. `pytest --update-cases` rewrites the expectations.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.example_project import ROOT, example_project

from leadrules.compile.compile import compile_project
from leadrules.core.diagnostics import Diagnostic, ordered, told_once
from leadrules.core.source import SourceFile
from leadrules.project.project import load_project
from leadrules.syntax.parse import parse

HERE = Path(__file__).parent
GOOD = sorted(path for path in HERE.glob("*/good/*.lead") if path.parts[-3] != "analysis")  # doubts: test_doubts.py
BAD = sorted(path for path in HERE.glob("*/bad/*.case") if path.parts[-3] != "analysis")
_SECTION = re.compile(r"^--- (\S+)\n", re.MULTILINE)
_EXPECTED = re.compile(r'(LR\d{3}) ("(?:[^"\\]|\\.)*") ?(.*)')


@dataclass(frozen=True)
class Case:
    """The files of a case by their path, and the lines of its expectation."""

    files: dict[str, str]
    expect: list[str]


def read_case(path: Path) -> Case:
    """A case file."""
    pieces = _SECTION.split(path.read_text(encoding="utf-8"))
    files = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    expect = files.pop("expect", "")
    return Case(files, [line for line in expect.splitlines() if line.strip()])


def findings(files: dict[str, str], folder: Path) -> list[Diagnostic]:
    """The errors of rule files in the example project, some of whose files may be others."""
    rules = {path: text for path, text in files.items() if path.endswith(".lead")}
    others = {path: text for path, text in files.items() if path not in rules}
    project, found = example_project(), []
    if others:
        shutil.copytree(ROOT, folder, dirs_exist_ok=True)
        for path, text in others.items():
            (folder / path).write_text(text, encoding="utf-8")
        loaded = load_project(folder)
        found += loaded.diagnostics
        if loaded.project is None:
            return ordered(found)
        project = loaded.project
    modules = []
    for path, text in rules.items():
        module, wrong = parse(SourceFile(path, text))
        modules.append(module)
        found += wrong
    found = told_once(found, compile_project(project, modules).diagnostics)
    return [d for d in ordered(found) if d.severity == "error"]


def line_of(found: Diagnostic) -> str:
    """A finding as a case lists it."""
    return f"{found.code} {json.dumps(found.span.text, ensure_ascii=False)} {found.help or found.message}"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_good_files_have_no_error(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [(line_of(d), d.span.as_json()["line"]) for d in findings({"rules/example.lead": text}, tmp_path)] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_bad_files_have_exactly_these_errors(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    case = read_case(path)
    found = findings(case.files, tmp_path)
    if request.config.getoption("--update-cases"):
        head = path.read_text(encoding="utf-8").split("--- expect\n")[0]
        path.write_text(f"{head}--- expect\n" + "".join(f"{line_of(d)}\n" for d in found), encoding="utf-8")
        return
    wanted = [match.groups() for line in case.expect if (match := _EXPECTED.fullmatch(line))]
    assert len(wanted) == len(case.expect), "a line of the expectation cannot be read"
    assert [(d.code, json.dumps(d.span.text, ensure_ascii=False)) for d in found] == [(c, t) for c, t, _ in wanted]
    for one, (_, _, words) in zip(found, wanted, strict=True):
        assert words in f"{one.message} {one.help}"


@pytest.mark.parametrize("path", BAD, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_fixes_remove_what_they_fix(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    found = findings(case.files, tmp_path)
    files = dict(case.files)
    edits = [edit for d in found for fix in d.fixes[:1] for edit in fix.edits]
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end), reverse=True):
        name, text = edit.span.file.path, files.get(edit.span.file.path)
        if text is not None:
            files[name] = text[: edit.span.start] + edit.text + text[edit.span.end :]
    left = [d.code for d in findings(files, tmp_path)]
    assert len(left) <= len([d for d in found if not d.fixes]), left
