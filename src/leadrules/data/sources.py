"""The files behind a source.

In: a `Source` of the project (a path, a glob, or `-` for standard input). Out: `Input`s that can be opened as often as
needed and know their format, and their SHA-256, worked out in a thread meanwhile; a file that changes while it is read is
refused. Knows nothing of rows and cells.
"""

from __future__ import annotations

import glob
import gzip
import io
import os
import stat
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import field
from hashlib import sha256
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, cast

from leadrules.core.places import shown, spelled, spellings
from leadrules.core.records import dataclass
from leadrules.core.text import nearest
from leadrules.data.errors import InputError

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Format = Literal["csv", "tsv", "parquet", "jsonl"]

_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind",
    b"%PDF": "a PDF file",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-zip archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
_SAVE_AS = "Save it as CSV (UTF-8), TSV, Parquet or JSON lines first."
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml")
_GZIP = b"\x1f\x8b"
_PATIENCE = 5.0  # seconds for somebody to come who writes into a pipe
_PAUSE = 0.02
_hashing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sha256")
_piped: dict[Path, bytes] = {}  # a pipe gives its bytes once
# A thread that waits for others after each piece, as one in Python does, needs large ones.
_PIECE = 4 << 20


class _Digest(NamedTuple):
    """The SHA-256 of a file, and what the file was when the reading for it began: inode, size, time of change. On the way
    it was known what the beginnings of the file come to, by their sizes."""

    sha256: str
    state: tuple[int, ...]
    beginnings: tuple[tuple[int, Hash], ...] = ()


_hashed_ahead: dict[Path, Future[_Digest]] = {}


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input as the manifest names it. `source` is the place of its source among those of events."""

    path: str
    sha256: str
    source: int = 0


@dataclass(frozen=True, slots=True)
class Input:
    """One file, or standard input held in memory. `path` is how findings name it."""

    path: str
    format: Format
    gzipped: bool
    file: Path | None
    content: bytes = field(repr=False, default=b"")
    digest: Future[_Digest] = field(repr=False, compare=False, default_factory=Future)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The bytes, unpacked. Raises InputError where they cannot be read."""
        try:
            with self._raw() as raw:
                yield cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if self.gzipped else raw
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise InputError(
                f"{self.path} is not a whole gzip file: {error}", "Export or copy the file again."
            ) from error
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror or error}") from error

    def hashed(self, source: int = 0) -> InputFile:
        """The file with its SHA-256, waiting for it where it is not known yet; to be asked once it has been read."""
        try:
            digest = self.digest.result()
            if self.file is not None and _state(self.file) != digest.state:
                raise InputError(f"{self.path} changed while it was read", "Run again once the export is complete.")
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror or error}") from error
        return InputFile(self.path, digest.sha256, source)

    def size(self) -> int:
        """The bytes of a file that is not packed. Raises InputError."""
        with self.opened() as stream:
            return stream.seek(0, io.SEEK_END)

    def beginning(self, size: int) -> str:
        """The SHA-256 of the first bytes, of a file that is not packed; of many, waiting for that of the whole. Raises InputError."""
        with self.opened() as stream:
            beginnings = self.digest.result().beginnings if size > _PIECE else ()
            known, found = max((one for one in beginnings if one[0] <= size), default=(0, sha256()))
            found = found.copy()
            stream.seek(known)
            while known < size and (piece := stream.read(min(size - known, _PIECE))):
                found.update(piece)
                known += len(piece)
        return found.hexdigest()

    def _raw(self) -> BinaryIO:
        return io.BytesIO(self.content) if self.file is None else cast("BinaryIO", self.file.open("rb", buffering=0))


def open_inputs(root: Path, path: str, stdin: BinaryIO | None = None) -> tuple[Input, ...]:
    """The files that a path names, in the order of their names. Raises InputError where there is none."""
    if path == "-":
        return (_from_stdin(stdin),)
    return tuple(_from_file(root, file) for file in _files(root, path))


def is_named(file: Path, root: Path, path: str) -> bool:
    """Whether a path of leadrules.yaml or of the command line means this file, which is there."""
    try:
        return any(file.samefile(found) for found in _files(root, path))
    except InputError:
        return False


def hash_ahead(root: Path, paths: Iterable[str]) -> None:
    """Begin with the SHA-256 of files that will be opened soon. What cannot be found is left to `open_inputs` to tell."""
    for path in paths:
        try:
            files = [] if path == "-" else [file for file in _files(root, path) if file.is_file()]
        except (InputError, OSError):
            continue
        for file in files:
            _hashed_ahead[file] = _hashing.submit(_sha256, file)


def _from_stdin(stdin: BinaryIO | None) -> Input:
    content = stdin.read() if stdin is not None else b""
    if not content:
        raise InputError(
            "nothing came on standard input", "Give a path instead of `-`, or pipe a file into the command."
        )
    return _held("-", content)


def _held(path: str, content: bytes) -> Input:
    """An input whose bytes are in memory."""
    gzipped = content.startswith(_GZIP)
    head = _start_of(io.BytesIO(content), gzipped, path)
    digest = _hashing.submit(lambda: _Digest(sha256(content).hexdigest(), ()))
    return Input(path, _format(path, "", head), gzipped, None, content, digest)


def _first_bytes(handle: int) -> bytes | None:
    """What a pipe holds already; None where a writer is there who takes its time, nothing where no writer comes."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            found = os.read(handle, 1 << 16)
        except BlockingIOError:
            return None
        if found or time.monotonic() > until:
            return found
        time.sleep(_PAUSE)


def _from_pipe(path: str, file: Path) -> Input:
    """What a pipe gives, such as the `<(zcat ...)` of a shell."""
    if file not in _piped:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # without it, opening waits for a writer, for ever
        with os.fdopen(handle, "rb") as stream:
            start = _first_bytes(handle)
            if start == b"":
                raise InputError(f"{path} is a pipe, and nobody writes into it", "Name a file, or `-` to read stdin.")
            os.set_blocking(handle, True)
            _piped[file] = (start or b"") + stream.read()
    if not _piped[file]:
        raise InputError(f"nothing came out of the pipe {path}")
    return _held(path, _piped[file])


def _from_file(root: Path, file: Path) -> Input:
    path = _shown(root, file)
    if file.is_dir():
        raise InputError(f"{path} is a folder", f'Name a file, or the files in it: "{path.rstrip("/")}/*.csv".')
    try:
        if stat.S_ISFIFO(file.stat().st_mode):
            return _from_pipe(path, file)
        with file.open("rb") as stream:
            gzipped = stream.read(2) == _GZIP
            stream.seek(0)
            head = _start_of(cast("BinaryIO", stream), gzipped, path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    suffixes = [s.lower() for s in file.suffixes]
    if suffixes[-1:] == [".gz"] and not gzipped:
        raise InputError(f"{path} is not a gzip file, though its name says so", "Rename it, or export it again.")
    suffix = next((s for s in reversed(suffixes) if s != ".gz"), "")
    return Input(path, _format(path, suffix, head), gzipped, file, digest=_digest(file))


def _digest(file: Path) -> Future[_Digest]:
    """The SHA-256 to come; one that was begun ahead is good for one reading."""
    return _hashed_ahead.pop(file, None) or _hashing.submit(_sha256, file)


def _sha256(file: Path) -> _Digest:
    state = _state(file)
    # Not a bytearray: it would be filled with zeros first, while every other thread waits.
    found, piece = sha256(), memoryview(mmap(-1, min(_PIECE, max(file.stat().st_size, 1))))
    beginnings, read = [], 0
    with file.open("rb", buffering=0) as stream:
        while size := stream.readinto(piece):
            found.update(piece[:size])
            read += size
            beginnings.append((read, found.copy()))
    return _Digest(found.hexdigest(), state, tuple(beginnings))


def _state(file: Path) -> tuple[int, ...]:
    """What is another once somebody writes to the file, or puts another into its place."""
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _start_of(stream: BinaryIO, gzipped: bool, path: str) -> bytes:
    if not gzipped:
        return stream.read(4096)
    try:
        return gzip.GzipFile(fileobj=stream).read(4096)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(f"{path} is not a whole gzip file: {error}", "Export or copy the file again.") from error


def _format(path: str, suffix: str, head: bytes) -> Format:
    """The format by the name, and by the first bytes where these leave no doubt."""
    if head.startswith(b"PAR1"):
        return "parquet"
    what = next((words for magic, words in _FOREIGN.items() if head.startswith(magic)), None)
    if what:
        raise InputError(f"{path} is {what}", _SAVE_AS)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:9].lower().startswith(_MARKUP):
        raise InputError(f"{path} is a web page or XML, not a table", f"Was it a sign-in page? {_SAVE_AS}")
    found = _FORMATS.get(suffix, "csv")
    if found == "parquet":
        raise InputError(f"{path} is not a Parquet file, though its name says so", "Export it again, or rename it.")
    if found == "csv" and head.lstrip().startswith((b'{"', b'[{"')):
        if suffix:
            raise InputError(f"{path} is JSON, though its name says {suffix}", "Name it .jsonl, one object per line.")
        return "jsonl"
    return found


def _files(root: Path, path: str) -> list[Path]:
    literal = spelled(root / path)
    if literal.exists():
        return [literal]
    if glob.has_magic(path):
        # The project's own folder is no pattern, whatever it is called.
        found = {name for one in spellings(path) for name in glob.glob(one, root_dir=root, recursive=True)}  # noqa: PTH207 - absolute ones
        matches = sorted(root / name for name in found)
        files = [match for match in matches if not match.is_dir()]
        if files:
            return files
        raise InputError(f"no file matches {path}", f"The pattern is looked for in {root}.")
    if literal.is_symlink():
        raise InputError(f"{path} is a link that leads to no file", "Name the file itself.")
    raise InputError(f"there is no file {path}", _meant(literal))


# What an export may be called: another file is not what was meant.
_TABLES = {".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".gz"}


def _meant(missing: Path) -> str:
    folder = missing.parent
    if not folder.is_dir():
        return f"There is no folder {folder.name} either." if folder.name else ""
    tables = [entry.name for entry in sorted(folder.iterdir()) if entry.suffix.lower() in _TABLES and entry.is_file()]
    names = {name.split(".")[0]: name for name in tables}
    meant = nearest(missing.name.split(".")[0], names)
    if meant is not None:
        return f"Did you mean {names[meant]}?"
    return "Put it there, name another with --leads or --events, or take it out of `sources:` in leadrules.yaml."


def _shown(root: Path, file: Path) -> str:
    """The path relative to the project where it lies inside, with `/`."""
    return shown(file.relative_to(root) if file.is_relative_to(root) else file)
