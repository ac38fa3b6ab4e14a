"""Reading a project's own text files, and keeping paths inside the project.

In: the root, and texts an editor holds that are not saved yet. Out: `SourceFile`s and resolved paths, or findings.
Knows nothing of what the files mean.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.places import shown, spelled, spellings
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Files:
    """The files under one root. `unsaved` has the texts that stand in for what is on disk."""

    root: Path
    unsaved: Mapping[Path, str] = field(default_factory=dict)

    def name(self, path: Path) -> str:
        """The path as findings show it: relative to the root where it lies under it."""
        try:
            return shown(path.relative_to(self.root))
        except ValueError:
            return shown(path)

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        return path in self.unsaved or _is(path, lambda one: spelled(one).is_file())

    def read(self, path: Path) -> SourceFile | Diagnostic:
        """The text of a file, without a byte order mark; a finding where it cannot be read as UTF-8."""
        if path in self.unsaved:
            return SourceFile(self.name(path), self.unsaved[path].removeprefix("\ufeff"))
        try:
            raw = spelled(path).read_bytes()
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            there = isinstance(error, PermissionError)
            way_out = "Allow reading it." if there else "Add the file, or correct the path that names it."
            return self._unreadable(path, f"{self.name(path)} cannot be read: {reason}", way_out)
        try:
            return SourceFile(self.name(path), raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            return self._unreadable(path, f"{self.name(path)} is not UTF-8 (line {line})", "Save it as UTF-8 text.")

    def _unreadable(self, path: Path, message: str, help: str) -> Diagnostic:
        span = Span(SourceFile(self.name(path), ""), 0, 0)
        return finding("LR057", span, message, help=help)

    def inside(self, text: str) -> Path | None:
        """The absolute path of a file or pattern written in the project, None if it leads out of it."""
        fixed = _fixed_part(Path(text))
        climbs = ".." in Path(text).parts[len(fixed.parts) :]
        return self.root / text if self._contains(self.root / fixed) and not climbs else None

    def _contains(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):  # links in a circle
            return False

    def matches(self, pattern: str) -> tuple[list[Path], list[Path]]:
        """The files that a folder, path or pattern of rule files means, and those among them that lie outside."""
        is_folder = _is(self.root / pattern, lambda one: spelled(one).is_dir())
        wanted = spellings(f"{pattern.rstrip('/')}/**/*.lead" if is_folder else pattern)
        names = {name for one in wanted for name in glob.glob(one, root_dir=self.root, recursive=True)}  # noqa: PTH207 - Path.glob enters hidden folders
        found = sorted(self.root / name for name in names if _is(self.root / name, Path.is_file))
        return [p for p in found if self._contains(p)], [p for p in found if not self._contains(p)]

    def named(self, name: str) -> list[Path]:
        """The files of that name in rules/, at any depth; else the one beside the project file."""
        found = sorted(p for p in (self.root / "rules").rglob(name) if p.is_file() and self._contains(p))
        unsaved = [p for p in self.unsaved if p.name == name and p.is_relative_to(self.root / "rules")]
        found = sorted({*found, *unsaved})
        return found or [p for p in (self.root / name,) if self.exists(p)]


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    """Whether there is a file or folder; a name that the system cannot even look up is none."""
    try:
        return kind(path)
    except OSError:
        return False


def _fixed_part(path: Path) -> Path:
    parts = []
    for part in path.parts:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)
