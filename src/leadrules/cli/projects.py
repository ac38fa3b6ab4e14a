"""`init`: a new project."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from leadrules.cli.inputs import inputs_read
from leadrules.cli.options import (
    FILE,
    fail,
    path_option,
)

PROJECT_FILE = "leadrules.yaml"
# The files of a new project, what to say of them, and the file of leads to copy into it.
_Made = tuple[dict[str, bytes], tuple[str, ...], Path | None]


@click.command()
@click.argument("leads", required=False, type=FILE, metavar="[LEADS.csv]")
@click.option("--starter", is_flag=True, help="Copy the shipped lead-management ruleset.")
@path_option("--project", "folder", metavar="DIR", help="The folder to make it in (default: here).")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing.")
def init(leads: str | None, starter: bool, folder: Path | None, quiet: bool) -> None:
    """A new project here: from a CSV of leads, or from the starter rules (--starter)."""
    root = (folder or Path.cwd()).resolve()
    if leads and starter:
        fail("a project starts from a file or from --starter, not from both", "leave one of them out")
    _refuse_existing(root)
    files, notes, copied = _starter() if starter else _inferred(root, leads)
    _write(root, files, copied)
    if quiet:
        return
    for name in sorted([*files, *([copied.name] if copied else [])]):
        click.echo(f"wrote {name}", err=True)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    click.echo("next: leadrules check, leadrules test, leadrules plan", err=True)


def _refuse_existing(root: Path) -> None:
    """Nothing that is there is ever touched."""
    for name in (PROJECT_FILE, "rules"):
        if (root / name).exists():
            fail(f"{root / name} is there already; nothing was written", "start in another folder: --project DIR")


def _inferred(root: Path, leads: str | None) -> _Made:
    from leadrules.review.init import init_plan

    if leads == "-":
        fail("a project keeps its leads in a file, so they cannot come from standard input", "name the file")
    if leads is not None and not (Path.cwd() / leads).exists():
        fail(f"there is no file {leads}", "name your export; without a file, `leadrules init` makes a small example")
    found = root / "leads.csv"
    path = (Path.cwd() / leads).resolve() if leads is not None else found if found.is_file() else None
    with inputs_read():
        plan = init_plan(root, path)
    if plan.copied is not None and (root / plan.copied.name).exists():
        fail(f"{root / plan.copied.name} is there already; nothing was written", "rename one of the two files of leads")
    own = ("drawn from the leads.csv that is here",) if leads is None and path is not None else ()
    return {name: text.encode("utf-8") for name, text in plan.files.items()}, (*own, *plan.notes), plan.copied


def _starter() -> _Made:
    """The shipped rules/, its leadrules.yaml one folder up."""
    from leadrules.core.resources import shipped

    source = shipped("rules")
    files = {}
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        name = path.relative_to(source).as_posix()
        files[name if name == PROJECT_FILE else f"rules/{name}"] = path.read_bytes()
    note = (
        "put your exports beside leadrules.yaml as leads.csv and events.csv, or name them with --leads and --events; "
        "without events, delete `events:` there"
    )
    return files, (note,), None


def _write(root: Path, files: dict[str, bytes], copied: Path | None) -> None:
    """All files or none: they are made aside, then moved."""
    aside = root / ".leadrules-init"
    try:
        for name, content in files.items():
            target = aside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if copied is not None:
            shutil.copyfile(copied, aside / copied.name)
        for entry in sorted(aside.iterdir()):
            _move(entry, root / entry.name)
    except OSError as error:
        fail(f"{error.filename or root}: {error.strerror}", "choose a folder that can be written: --project DIR")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(entry: Path, target: Path) -> None:
    """A file that is there is kept: it is the user's."""
    if not target.exists():
        entry.rename(target)
