"""Bytes and frames packed small, as the state keeps them: the last run's files, and what there was before it.

In: bytes, or a frame. Out: bytes, and back. Knows not what they mean.
"""

from __future__ import annotations

from io import BytesIO

import polars as pl

_PIECE = 4 << 20  # the compressor takes one piece at a time


def pack(content: bytes) -> bytes:
    """Bytes made small."""
    pieces = [content[start : start + _PIECE] for start in range(0, len(content), _PIECE)]
    return pack_frame(pl.DataFrame({"piece": pieces}, schema={"piece": pl.Binary()}))


def unpack(packed: bytes) -> bytes:
    """What `pack` was given."""
    return b"".join(unpack_frame(packed)["piece"].to_list())


def pack_frame(frame: pl.DataFrame) -> bytes:
    """A frame made small."""
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def unpack_frame(packed: bytes) -> pl.DataFrame:
    """What `pack_frame` was given."""
    return pl.read_ipc(BytesIO(packed))
