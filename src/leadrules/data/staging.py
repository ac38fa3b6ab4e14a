"""The files of a run, together or not at all.

In: the folder that a run writes to. Out: a folder in or beside it to prepare the files in, and one step that puts them in
their places. Between the two a killed run leaves everything as it was; a `publish` that was cut short can be done again
by whoever knows that the run is committed. Knows nothing of what the files hold.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from leadrules.core.records import dataclass

_OURS = ".leadrules-prepared"
_LIST = ".files"


@dataclass(frozen=True, slots=True)
class Staging:
    """Files prepared for the folder `out`. Not `durable`: a loss of power may cost them, since they can be made again."""

    out: Path
    durable: bool = True

    @property
    def folder(self) -> Path:
        """Where the files are prepared: on the same disk as their places, so that a rename moves them.

        Inside `out` where that is there already: it may be a disk of its own, or the only folder that may be written. What
        was prepared beside it, before there was one, is taken from there.
        """
        beside = self.out.parent / f".{self.out.name}{_OURS}"
        return self.out / _OURS if self.out.is_dir() and not beside.is_dir() else beside

    @property
    def exists(self) -> bool:
        """Whether a run has prepared something here that is neither published nor discarded."""
        return self.folder.is_dir()

    @property
    def is_sealed(self) -> bool:
        """Whether everything was prepared: only the moving is left."""
        return (self.folder / _LIST).is_file()

    def begin(self) -> Path:
        """An empty folder to prepare files in; what a killed run left there is gone."""
        self.discard()
        if (
            self.out.is_symlink() and not self.out.exists()
        ):  # to a disk that is not there: no file could come to its place
            raise OSError(errno.ENOENT, "it is a link that leads to no folder", str(self.out))
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:  # a user knows `out`, and no folder of ours
            raise OSError(error.errno, error.strerror, str(self.out)) from error
        return self.folder

    def seal(self) -> None:
        """Have the disk hold every prepared file, so that they survive a loss of power once the run is committed."""
        names = sorted(file.name for file in self.folder.iterdir() if file.name != _LIST)
        # What is committed must come to its place: a folder that stands there stops the run while it still can be.
        for place in (self.out / name for name in names):
            if place.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
        # The list is what says that all is there, so it appears whole.
        part = self.folder / f"{_LIST}.part"
        part.write_text("\n".join(names), encoding="utf-8")
        part.replace(self.folder / _LIST)
        for name in (*names, _LIST, ".") if self.durable else ():
            sync(self.folder / name)

    def publish(self, replaces: Collection[str] = ()) -> tuple[Path, ...]:
        """Move the files to their places, and take away those of `replaces` that this run has not written.

        May be called again after a crash in the middle: what is moved already stays.
        """
        if not self.exists:
            return ()
        if not (self.folder / _LIST).exists():
            self.seal()
        names = (self.folder / _LIST).read_text(encoding="utf-8").split("\n")
        self.out.mkdir(parents=True, exist_ok=True)
        for name in set(replaces) - set(names):
            if not (self.out / name).is_dir():  # a folder is none of an earlier run's files
                (self.out / name).unlink(missing_ok=True)
        for name in names:
            if (self.folder / name).exists():
                self._place(name)
        if self.durable:
            sync(self.out)
        self.discard()
        return tuple(self.out / name for name in names)

    def _place(self, name: str) -> None:
        try:
            (self.folder / name).replace(self.out / name)
        except OSError as error:  # a user knows the place, and no folder of ours
            raise OSError(error.errno, error.strerror, str(self.out / name)) from error

    def discard(self) -> None:
        """Forget what is prepared."""
        if self.exists:
            shutil.rmtree(self.folder)


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder."""
    if os.name == "nt" and path.is_dir():  # Windows has no handle on a folder, and needs none
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
