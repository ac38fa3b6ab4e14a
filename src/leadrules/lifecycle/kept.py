"""Bytes and frames packed small, as the state keeps them: the last run's files, and what there was before it.

In: bytes, or a frame. Out: bytes, and back. Knows not what they mean.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

_PIECE = 4 << 20  # a piece is packed by itself, so that several can be at once
_GZIP = b"\x1f\x8b"
_QUICK = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes that are small already."""

    content: bytes


class Packing:
    """Files that are being packed aside, while a run works out the rest of its commit. They must not change meanwhile."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._pool = ThreadPoolExecutor(2, "packing")
        self._pieces = {file.name: self._begin(file) for file in files}

    def _begin(self, file: Path) -> list[Future[bytes]]:
        starts = range(0, file.stat().st_size, _PIECE)
        return [self._pool.submit(_pack_piece, file, start) for start in starts]

    def packed(self) -> dict[str, Packed]:
        """What they came to, by name."""
        with self._pool:
            return {name: Packed(b"".join(one.result() for one in pieces)) for name, pieces in self._pieces.items()}


def _pack_piece(file: Path, start: int) -> bytes:
    with file.open("rb") as opened:
        opened.seek(start)
        return pack(opened.read(_PIECE))


def pack(content: bytes) -> bytes:
    """Bytes made small; what several come to, one after the other, is what they come to together."""
    return gzip.compress(content, _QUICK, mtime=0) if content else b""


def unpack(packed: bytes) -> bytes:
    """What `pack` was given; also what the first states were packed as."""
    if not packed or packed.startswith(_GZIP):
        return gzip.decompress(packed) if packed else b""
    return b"".join(unpack_frame(packed)["piece"].to_list())


def pack_frame(frame: pl.DataFrame) -> bytes:
    """A frame made small."""
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def unpack_frame(packed: bytes) -> pl.DataFrame:
    """What `pack_frame` was given."""
    return pl.read_ipc(BytesIO(packed))
