"""`fmt`: the rule files in their one layout."""

from __future__ import annotations

import difflib
import shutil
import sys
import tempfile
from pathlib import Path

import click

from leadrules.cli.options import FAILED, FILE, OBJECTED, fail, project_option, project_root, show_findings
from leadrules.core.codes import finding
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.format import Formatted, format_file

STDIN = "-"


@dataclass(frozen=True, slots=True)
class _Done:
    """A rule file and what its layout is. `path`: where it is written; None for standard input."""

    path: Path | None
    file: SourceFile
    formatted: Formatted

    @property
    def changed(self) -> bool:
        return self.formatted.text != self.file.text

    @property
    def troubled(self) -> bool:
        return bool(self.formatted.findings or self.formatted.refused)


@click.command()
@project_option
@click.option("--check", is_flag=True, help="Write nothing; name the files that are not formatted (exit 1).")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change (exit 1 if anything would).")
@click.argument("paths", nargs=-1, type=FILE, metavar="[- | FILE...]")
def fmt(*, folder: Path | None, quiet: bool, check: bool, diff: bool, paths: tuple[str, ...]) -> None:
    """The rule files in one canonical layout: all of the project, those that are named, or standard input (-)."""
    if STDIN in paths and len(paths) > 1:
        fail("`-` reads standard input, and stands alone", "name files, or pipe one into `leadrules fmt -`")
    done = [_standard_input()] if STDIN in paths else [_read(path, name) for path, name in _files(folder, paths)]
    for one in done:
        _tell(one)
        if diff:
            click.echo(_difference(one), nl=False)
        elif check and one.changed:
            click.echo(one.file.path)
        elif not check:
            _write(one)
    if not quiet and STDIN not in paths:
        click.echo(_summary(done, written=not (check or diff)), err=True)
    objected = any(one.troubled or (one.changed and (check or diff)) for one in done)
    raise SystemExit(OBJECTED if objected else 0)


def _files(folder: Path | None, paths: tuple[str, ...]) -> list[tuple[Path, str]]:
    """The files to format, with the names to call them by."""
    if paths:
        return [(Path(path), Path(path).as_posix()) for path in paths]
    from leadrules.project.project import load_project

    root = project_root(folder)
    loaded = load_project(root)
    if loaded.broken:
        show_findings(loaded.diagnostics)
        raise SystemExit(FAILED)
    return [(p, p.relative_to(root).as_posix() if p.is_relative_to(root) else p.as_posix()) for p in loaded.rule_files]


def _read(path: Path, name: str) -> _Done:
    try:
        return _Done(path, *_formatted(name, path.read_bytes()))
    except OSError as error:
        fail(f"{name} cannot be read: {error.strerror}")


def _standard_input() -> _Done:
    return _Done(None, *_formatted("standard input", sys.stdin.buffer.read()))


def _formatted(name: str, raw: bytes) -> tuple[SourceFile, Formatted]:
    """A file's text and its layout; what is no UTF-8 is never touched."""
    try:
        file = SourceFile(name, raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        if name == "standard input":
            fail(f"standard input is not UTF-8 text: byte {error.start + 1}")
        file = SourceFile(name, "")
        line = raw.count(b"\n", 0, error.start) + 1
        wrong = f"{name} is not UTF-8 text: byte {error.start + 1}, line {line}"
        return file, Formatted("", (finding("LR041", Span(file, 0, 0), wrong, help="save it as UTF-8 text"),))
    return file, format_file(file)


def _tell(one: _Done) -> None:
    """What stays as it is, and why."""
    if one.formatted.findings:
        show_findings(one.formatted.findings)
        click.echo(f"{one.file.path}: what does not read is left as it is.", err=True)
    if one.formatted.refused:
        fault = f"error: {one.file.path} is left as it is: {one.formatted.refused}."
        click.echo(f"{fault}\n  = help: this is a fault of leadrules; please report it with the file", err=True)


def _difference(one: _Done) -> str:
    """A unified diff; a line at the end of the file without its line end is told as diff tells it."""
    old, new = (text.splitlines(keepends=True) for text in (one.file.text, one.formatted.text))
    lines = difflib.unified_diff(old, new, one.file.path, one.file.path)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _write(one: _Done) -> None:
    content = one.formatted.text.encode("utf-8")
    if one.path is None:
        click.echo(content, nl=False)
    elif one.changed:
        _replace(one.path.resolve(), content, one.file.path)


def _replace(path: Path, content: bytes, name: str) -> None:
    """The whole file or nothing: a text half written would be lost."""
    aside = ""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            aside = file.name
            file.write(content)
        shutil.copymode(path, aside)
        Path(aside).replace(path)
    except OSError as error:
        if aside:
            Path(aside).unlink(missing_ok=True)
        fail(f"{name} cannot be written: {error.strerror}", "see that its folder may be written, and has room")


def _summary(done: list[_Done], *, written: bool) -> str:
    changed = sum(one.changed for one in done)
    rest = len(done) - changed
    if not changed:
        return f"{_files_of(rest)} formatted already" if rest else "there is no rule file"
    verb = "formatted" if written else "not formatted"
    return f"{_files_of(changed)} {verb}" + (
        f", {rest:,} left as {'it was' if rest == 1 else 'they were'}" if rest else ""
    )


def _files_of(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"
