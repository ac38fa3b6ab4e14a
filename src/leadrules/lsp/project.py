"""A project while it is being edited.

In: the folder, and texts that an editor holds. Out: an `Analysis` whenever one is asked for, at the cost of what changed
since the last. Reads the project's own files through project/, and never what only a run reads.
"""

from __future__ import annotations

import gc
from pathlib import Path

from leadrules.compile.incremental import Incremental
from leadrules.core.diagnostics import Diagnostic
from leadrules.lsp.analysis import Analysis, Studied
from leadrules.project.files import Files
from leadrules.project.project import LoadResult, load_project
from leadrules.review.workspace import read_rules
from leadrules.syntax.pieces import Cut, Pieces

RULES = ".lead"


class Opened:
    """One project: the texts on disk and in the editor, and what is kept of the last look."""

    def __init__(self, root: Path) -> None:
        """Reads the project and its rule files."""
        self.root = root.resolve()
        self.unsaved: dict[Path, str] = {}
        self.studied = Studied()
        self._pieces: dict[str, Pieces] = {}
        self._cuts: dict[str, Cut] = {}
        self._dirty: set[Path] = set()
        self._loaded: LoadResult | None = None
        self._incremental: Incremental | None = None
        self._unread: dict[str, Diagnostic] = {}

    def change(self, path: Path, text: str | None) -> None:
        """The editor holds this text; None: what is on disk counts again."""
        if text is None:
            self.unsaved.pop(path, None)
        else:
            self.unsaved[path] = text
        known = self._loaded is not None and self.name(path) in self._cuts
        if path.suffix == RULES and known and Files(self.root, self.unsaved).exists(path):
            self._dirty.add(path)
        else:
            self.reload()

    def reload(self) -> None:
        """A file other than a rule file has changed: the project is read again."""
        self._loaded = None

    def name(self, path: Path) -> str:
        """The path as findings say it."""
        return Files(self.root).name(path)

    def path(self, name: str) -> Path:
        """The other way round."""
        return self.root / name

    def check(self) -> Analysis:
        """All that is known now."""
        fresh = self._loaded is None
        if fresh:
            self._load()
        for path in self._dirty:
            self._read(path)
        self._dirty.clear()
        assert self._loaded is not None
        modules = [piece.module for name in sorted(self._cuts) for piece in self._cuts[name].pieces]
        checked = self._incremental.check(modules) if self._incremental else None
        if fresh:
            # What is read once stays: going through it for rubbish at a keystroke would cost more than the keystroke.
            gc.freeze()
        loaded = (*self._loaded.diagnostics, *self._unread.values())
        return Analysis(self._loaded.project, dict(self._cuts), checked, loaded, self.studied, bool(self._unread))

    def _load(self) -> None:
        self._loaded = load_project(self.root, unsaved=self.unsaved)
        project = self._loaded.project
        self._incremental = Incremental(project) if project is not None else None
        paths = dict.fromkeys([*self._loaded.rule_files, *self._new_files()])
        self._cuts, self._unread = {}, {}
        self._dirty = set(paths)

    def _new_files(self) -> list[Path]:
        """Rule files of the editor that are not on disk yet."""
        rules = self.root / "rules"
        return sorted(path for path in self.unsaved if path.suffix == RULES and path.is_relative_to(rules))

    def _read(self, path: Path) -> None:
        name = self.name(path)
        text = self.unsaved.get(path)
        if text is None:
            source = read_rules(path, name)
            if isinstance(source, Diagnostic):
                self._unread[name] = source
                self._cuts.pop(name, None)
                return
            text = source.text.removeprefix("\ufeff")
        self._unread.pop(name, None)
        self._cuts[name] = self._pieces.setdefault(name, Pieces(name)).read(text)
