"""Paths as the disk spells them, and as texts show them.

In: a path as somebody wrote it. Out: the same place, or its text. The file systems of macOS and what is packed there write `が` as `か` and a
sign of its own, keyboards write one character: two names that look the same, and that Linux and Windows tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from unicodedata import normalize

from leadrules.core.text import nfc


def spelled(path: Path) -> Path:
    """The path, or the one that looks the same where only that is there."""
    if path.exists() or str(path).isascii():
        return path
    found = Path(path.anchor)
    for part in path.relative_to(path.anchor).parts:
        found /= next(_alike(found, part), part)
    return found


def spellings(pattern: str) -> list[str]:
    """A pattern, and how else it may be spelled: a folder made here may hold a file from elsewhere."""
    parts = (dict.fromkeys((part, normalize("NFC", part), normalize("NFD", part))) for part in pattern.split("/"))
    return ["/".join(chosen) for chosen in product(*parts)]


def slashed(path: str) -> str:
    """A path of a rule file with `/`: what somebody wrote on Windows is the same place elsewhere."""
    return path.replace("\\", "/")


def shown(path: Path) -> str:
    """The path as a text that every file can hold, with `/`: a name that is no UTF-8 (unzipped from cp932) has `�` in it."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _alike(folder: Path, name: str) -> Iterator[str]:
    """The entries of a folder with that name, the same characters first."""
    if (folder / name).exists():
        yield name
    elif folder.is_dir():
        yield from sorted(entry.name for entry in folder.iterdir() if nfc(entry.name) == nfc(name))
