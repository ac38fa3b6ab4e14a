"""A state as files that anyone can read.

In: the folder of a state, a folder to write to. Out: a file per table, and what its encoding cannot hold. Knows not what the
tables mean.
"""

from __future__ import annotations

from pathlib import Path

from leadrules.data.errors import InputError
from leadrules.data.write import Encoding, FileFormat, Lost, write_table
from leadrules.lifecycle.state.store import SHOWN_TABLES, tables_in_parts


def files_of(out: Path, form: FileFormat) -> list[Path]:
    """The files that an export writes."""
    return [out / f"{name}.{form}" for name in SHOWN_TABLES]


def export(
    path: Path, out: Path, form: FileFormat, zone: str, encoding: Encoding = "utf-8"
) -> tuple[list[str], tuple[Lost, ...]]:
    """Write every table, its rows in a fixed order; returns the names of the files, and what the encoding could not hold."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: an export is a folder", "name another folder with --out DIR")
    out.mkdir(parents=True, exist_ok=True)
    lost: list[Lost] = []
    written = []
    for name, table in tables_in_parts(path):
        lost += write_table(table, out / name, form, zone=zone, plain=("key",), encoding=encoding)
        written.append(f"{name}.{form}")
    return written, tuple(lost)
