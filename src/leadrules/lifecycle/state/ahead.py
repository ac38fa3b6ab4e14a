"""The state of a run, read while its rules compile: the database keeps the processor busy that compiling leaves alone.

In: the folder of a state, before anybody has the right to write. Out: its `State`, once somebody has: what was read ahead if
nothing has written meanwhile, else what is there now. Holds no lock, and lets no failure out: whoever asks meets it again.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from leadrules.lifecycle.model import State
from leadrules.lifecycle.state.database import FILE
from leadrules.lifecycle.state.store import load

_Stamp = tuple[tuple[int, int, int] | None, ...]
_ahead: dict[Path, tuple[_Stamp, Future[State]]] = {}


def load_ahead(path: Path) -> None:
    """Begin to read a state that will be asked for soon."""
    if not (path / FILE).is_file():
        return
    stamp = _stamp(path)
    pool = ThreadPoolExecutor(1, "state")
    _ahead[path] = stamp, pool.submit(load, path)
    pool.shutdown(wait=False)


def forget_ahead() -> None:
    """Nobody will ask: wait until the files are let go, which another could not open to write."""
    while _ahead:
        _, (_, reading) = _ahead.popitem()
        reading.exception()


def load_now(path: Path) -> State:
    """The state as the last commit left it, which is what was read ahead where the files are those of then."""
    stamp, reading = _ahead.pop(path, (None, None))
    if reading is not None and reading.exception() is None and stamp == _stamp(path):
        return reading.result()
    return load(path)


def _stamp(path: Path) -> _Stamp:
    """What changes with every commit: which files they are, their sizes and the instants they were written at."""
    return tuple(_written(path / name) for name in (FILE, f"{FILE}-journal"))


def _written(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
