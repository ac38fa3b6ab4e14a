"""Frames packed small, as the state keeps what there was before the last run.

In: a frame. Out: bytes, and back. Knows not what they mean.
"""

from __future__ import annotations

from io import BytesIO

import polars as pl


def pack_frame(frame: pl.DataFrame) -> bytes:
    """A frame made small."""
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def unpack_frame(packed: bytes) -> pl.DataFrame:
    """What `pack_frame` was given."""
    return pl.read_ipc(BytesIO(packed))
