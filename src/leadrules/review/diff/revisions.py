"""The rules as they are, or were, somewhere: in a folder, or at a revision of the git repository that the project lies in.

In: the working project and a name (`main`, `HEAD~3`, `main...`, `../other`). Out: `Side`: those rules, compiled by their own
schemas, to be run on the working project's data, team and state. Of a revision only the files of the project are read, into a
folder of their own; the repository, its index and the working tree stay as they are. Raises InputError for what is neither.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from leadrules.compile.compile import compile_project
from leadrules.core.diagnostics import Diagnostic, has_errors
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.data.errors import InputError
from leadrules.project.model import EventType, Field, LeadSchema, Project, Rep, Source, Team
from leadrules.project.project import PROJECT_FILE, load_project
from leadrules.review.workspace import read_modules
from leadrules.ruleset.model import Place, Ruleset

WORKING = "the working tree"
_LINK, _SUBMODULE = "120000", "160000"


@dataclass(frozen=True, slots=True)
class Side:
    """One version of the rules. `ruleset` is None where `errors` are."""

    name: str
    commit: str | None
    project: Project | None
    ruleset: Ruleset | None
    errors: tuple[Diagnostic, ...]
    files: dict[str, SourceFile]
    places: dict[str, Place] = field(default_factory=dict)  # of lists and tables, which the compiled rules do not say
    own: Project | None = None  # as its own files say, with its own team and data

    def text(self, place: Place | None) -> str:
        """What is written at a place, on one line."""
        file = self.files.get(place["path"]) if place else None
        if file is None or place is None:
            return ""
        start = file.offset(place["line"], place["column"])
        end = file.offset(place["end_line"], place["end_column"])
        return " ".join(file.text[start:end].split())


def open_side(working: Project, wanted: str | None, here: Path) -> Side:
    """The rules of a folder or revision; None is the working tree. `here` is the folder that a path is relative to."""
    if wanted is None:
        return _side(working, WORKING, None, working.root)
    folder = here / wanted
    if (folder / PROJECT_FILE).is_file():
        return _side(working, wanted, None, folder.resolve())
    with checked_out(working.root, wanted) as (root, commit):
        return _side(working, wanted, commit, root)


def _side(working: Project, name: str, commit: str | None, root: Path) -> Side:
    loaded = load_project(root)
    if loaded.project is None:
        return Side(name, commit, None, None, _errors(loaded.diagnostics), {})
    project = replace(loaded.project, team=joined_team(working.team, loaded.project.team))
    modules, unread = read_modules(project)
    if len(modules) < len(project.rule_files):  # what such a file defines would be unknown wherever it is used
        return Side(name, commit, None, None, _errors([*loaded.diagnostics, *unread]), {})
    compiled = compile_project(project, modules)
    errors = _errors([*loaded.diagnostics, *unread, *compiled.diagnostics])
    files = {module.file.path: module.file for module in modules}
    named = (one for one in compiled.symbols if one.kind in ("list", "table"))
    places = {one.name: one.span.as_json() for one in named if one.span is not None}
    ruleset = None if errors else compiled.ruleset
    return Side(name, commit, on_data_of(working, project), ruleset, errors, files, places, loaded.project)


def _errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(one for one in diagnostics if has_errors([one]))


# -- rules of then, data of now -------------------------------------------------------------------------------------


def joined_team(working: Team, own: Team) -> Team:
    """The working team. What rules name that it no longer has is there, and takes nobody: inactive reps, empty teams."""
    known = {rep.key for rep in working.reps}
    gone = tuple(Rep(rep.key, active=False) for rep in own.reps if rep.key not in known)
    named = {name for name, _ in working.teams}
    emptied = tuple((name, tuple(m for m in members if m in known)) for name, members in own.teams if name not in named)
    queues = tuple(dict.fromkeys([*working.queues, *own.queues]))
    return Team((*working.reps, *gone), (*working.teams, *emptied), queues)


def on_data_of(working: Project, project: Project) -> Project:
    """The project of other rules, on the data, the team and the state of the working one.

    A field is read as the working schema says, unless it was of another type when the rules were written. The name is the
    working one's, too: without `name:` it is the folder's, and a revision lies in a folder without a name.
    """
    own, now = project.lead_schema, working.lead_schema
    return replace(
        project,
        root=working.root,
        name=working.name,
        leads=working.leads,
        events=working.events,
        state=working.state,
        guards=working.guards,
        key=now.key,
        lead_schema=LeadSchema(_fields_of(now.fields, own.fields), now.key),
        event_schema=_events_of(working.event_schema, project.event_schema),
    )


def _fields_of(now: tuple[Field, ...], own: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields of both; of the same name and kind, as they are now."""
    mine = {field.name: field for field in own}
    kept = tuple(mine[field.name] if _is_other(field, mine.get(field.name)) else field for field in now)
    names = {field.name for field in now}
    return (*kept, *(field for field in own if field.name not in names))


def _is_other(now: Field, own: Field | None) -> bool:
    if own is None:
        return False
    return own.type.kind != now.type.kind and not (own.type.is_textual and now.type.is_textual)


def _events_of(now: tuple[EventType, ...], own: tuple[EventType, ...]) -> tuple[EventType, ...]:
    mine = {event.name: event for event in own}
    kept = tuple(replace(e, fields=_fields_of(e.fields, mine[e.name].fields)) if e.name in mine else e for e in now)
    names = {event.name for event in now}
    return (*kept, *(event for event in own if event.name not in names))


# -- git ------------------------------------------------------------------------------------------------------------


@contextmanager
def checked_out(root: Path, revision: str) -> Iterator[tuple[Path, str]]:
    """The project's files at a revision, in a folder that is gone afterwards, and the commit."""
    commit = _commit(root, revision)
    prefix = _git(root, "rev-parse", "--show-prefix").strip()
    with TemporaryDirectory(prefix="leadrules-") as place:
        _extract(root, commit, prefix, Path(place))
        if not (Path(place) / PROJECT_FILE).is_file():
            raise InputError(
                f"there is no {prefix}{PROJECT_FILE} at `{revision}`", "name a revision that has the project already"
            )
        yield Path(place).resolve(), commit


def _commit(root: Path, revision: str) -> str:
    """The commit that a name means; `A...B` is where B left A (without B: what is checked out)."""
    help_ = "name a branch, a tag, a commit, or a folder with a leadrules.yaml; in CI fetch the whole history first"
    try:
        base, dots, head = revision.partition("...")
        if dots:
            return _git(root, "merge-base", _commit(root, base), _commit(root, head or "HEAD")).strip()
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        why = f": {said}" if said else ""
        raise InputError(f"`{revision}` is neither a folder with a project nor a revision{why}", help_) from None


def _git(root: Path, *arguments: str) -> str:
    return _git_bytes(root, *arguments).decode("utf-8", "surrogateescape")


def _git_bytes(root: Path, *arguments: str, said: bytes | None = None) -> bytes:
    """What git prints. It runs with nothing but these arguments: no pager, no prompt."""
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            ["git", "--no-pager", "-C", str(root), *arguments],  # noqa: S607 - the git of the user's path
            input=b"" if said is None else said,
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        raise InputError("git is not installed, and a revision is read with it", "name a folder instead") from None
    return done.stdout


@dataclass(frozen=True, slots=True)
class _Blob:
    """One file of a commit."""

    path: str
    digest: str
    is_link: bool


def _extract(root: Path, commit: str, prefix: str, place: Path) -> None:
    """leadrules.yaml, the rules, and every file that one of these names; never the leads and events themselves."""
    blobs = {blob.path: blob for blob in _listed(root, commit, prefix)}
    first = [blob for path, blob in blobs.items() if _is_rules(path)]
    _write(root, first, place)
    sources = _sources(place)
    texts = "\n".join(_text(place / blob.path) for blob in first)
    named = [
        blob
        for path, blob in blobs.items()
        if path in texts and blob not in first and not any(fnmatch(path, one) for one in sources)
    ]
    _write(root, named, place)


def _is_rules(path: str) -> bool:
    return path == PROJECT_FILE or path.startswith("rules/") or path.endswith(".lead")


def _listed(root: Path, commit: str, prefix: str) -> Iterator[_Blob]:
    for entry in _git(root, "ls-tree", "-r", "-z", "--full-tree", f"{commit}:{prefix}").split("\0"):
        if entry:
            about, path = entry.split("\t", 1)
            mode, _, digest = about.split(" ")
            if mode != _SUBMODULE:
                yield _Blob(path, digest, mode == _LINK)


def _write(root: Path, blobs: list[_Blob], place: Path) -> None:
    asked = "".join(f"{blob.digest}\n" for blob in blobs).encode("ascii")
    answer = _git_bytes(root, "cat-file", "--batch", said=asked)
    at = 0
    for blob in blobs:
        line_end = answer.index(b"\n", at)
        size = int(answer[at:line_end].rsplit(b" ", 1)[1])
        content = answer[line_end + 1 : line_end + 1 + size]
        at = line_end + size + 2
        target = place / blob.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if blob.is_link:
            target.symlink_to(content.decode("utf-8", "surrogateescape"))
        else:
            target.write_bytes(content)


def _text(path: Path) -> str:
    return "" if path.is_symlink() else path.read_bytes().decode("utf-8", "replace")


def _sources(place: Path) -> list[str]:
    """The files of leads and events, which are none of the rules."""
    loaded = load_project(place)
    if loaded.project is None:
        return []
    sources: list[Source] = [*loaded.project.events, *([loaded.project.leads] if loaded.project.leads else [])]
    return [source.path for source in sources]
