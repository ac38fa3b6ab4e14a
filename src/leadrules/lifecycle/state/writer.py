"""One writer at a time, and files and commit together or not at all.

In: the folder of a state, who writes, where a run's files go. Out: a place to prepare them in, and the files in their places.
The order is: note where files are being prepared; prepare and seal them; commit; move them into place; drop the note.
Whoever comes next after a kill completes what was committed and discards what was not. Knows not what files hold.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal
from uuid import uuid4

from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.data.staging import Staging, sync
from leadrules.lifecycle.state.database import changing, exists
from leadrules.lifecycle.state.store import last_token

LOCK, WRITER, PENDING = "lock", "writer.json", "pending.json"


@contextmanager
def writer(path: Path, who: str) -> Iterator[None]:
    """The right to write; `who` is what another writer is told meanwhile. Raises InputError at once where it is taken."""
    from filelock import FileLock, Timeout

    exists(path)
    lock = FileLock(path / LOCK)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(
            f"the state {path} is being written by another run: {_who(path)}",
            "wait until it has ended, or name another state with --state",
        ) from None
    except OSError as error:
        raise InputError(
            f"the state {path} cannot be written: {error.strerror or error}", "name another place with --state"
        ) from None
    try:
        with changing(path):
            (path / WRITER).write_text(json.dumps({"who": who}), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):  # the lock is what counts; a name that stays is written over
            (path / WRITER).unlink(missing_ok=True)
        lock.release()


def _who(path: Path) -> str:
    # The other may be writing its name this instant, or have just ended.
    with suppress(OSError, ValueError):
        return str(json.loads((path / WRITER).read_text(encoding="utf-8"))["who"])
    return "it does not say which"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Files that a run prepares: `staging` holds them, `token` is how the commit names them."""

    staging: Staging
    token: str


def prepare(path: Path, out: Path, token: str | None = None) -> Prepared:
    """An empty folder for the files of a run, noted in the state so that a killed run is cleaned up. A writer's to call."""
    prepared = Prepared(Staging(out), token or uuid4().hex)
    with changing(path):
        path.mkdir(parents=True, exist_ok=True)
        part = path / f"{PENDING}.part"
        part.write_text(json.dumps({"out": str(out.resolve()), "token": prepared.token}), encoding="utf-8")
        part.replace(path / PENDING)
        sync(path)
    prepared.staging.begin()
    return prepared


def publish(path: Path, prepared: Prepared, replaces: Collection[str] = ()) -> None:
    """Put the sealed files of a committed run into place; `replaces` names files of earlier runs."""
    with _settling(prepared.staging):
        prepared.staging.publish(replaces)
    with changing(path):
        (path / PENDING).unlink(missing_ok=True)


@contextmanager
def _settling(staging: Staging) -> Iterator[None]:
    """Within, another `--out` is no way out of what the system refuses: these files have their place."""
    try:
        yield
    except OSError as error:
        place = Path(error.filename or "")
        raise InputError(
            f"{place if place.is_absolute() else staging.folder} cannot be written: {error.strerror or error}",
            "see that no program holds it and that its folder may be written, then try again: what is committed is not done"
            " twice",
        ) from error


def discard(path: Path, prepared: Prepared) -> None:
    """Forget the files of a run that will not be committed."""
    prepared.staging.discard()
    (path / PENDING).unlink(missing_ok=True)


def finish_interrupted(path: Path, replaces: Collection[str] = ()) -> Literal["completed", "discarded"] | None:
    """Complete what a killed run had committed, discard what it had only begun. A writer's to call."""
    if not (path / PENDING).is_file():
        return None
    try:
        note = json.loads((path / PENDING).read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(
            f"{path / PENDING} is damaged: it says where a killed run prepared its files",
            "remove it, and the folder `.leadrules-prepared` in that run's --out",
        ) from None
    staging = Staging(Path(note["out"]))
    is_committed = last_token(path) == note["token"] and staging.is_sealed
    with _settling(staging):
        if is_committed:
            staging.publish(replaces)
        else:
            staging.discard()
    with changing(path):
        (path / PENDING).unlink()
    return "completed" if is_committed else "discarded"


def is_interrupted(path: Path) -> bool:
    """Whether a run was killed, or is under way: whoever only reads need not wait for the right to write otherwise."""
    return (path / PENDING).is_file()
