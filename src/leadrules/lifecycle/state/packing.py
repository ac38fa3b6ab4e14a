"""Frames and columns as bytes, made small, and back.

In: a frame, or a column of many leads. Out: an Arrow stream. Most of what a state says is said of few leads, or in few
words: of a column that is mostly blank the filled rows are kept, and text of few distinct values as numbers, which is
read five times as fast. Knows not what a column means.
"""

from __future__ import annotations

from io import BytesIO

import polars as pl

from leadrules.core.functions.columnar import looked_up
from leadrules.lifecycle.lead_columns import FEW, Column, Sparse, whole

_AT = "\0at of "  # beside the values of a column that is mostly blank: where they stand in it, of how many rows
_SAMPLE, _FEW = 10_000, 0.1  # of a sample of a column: text with more distinct values is kept as it is


def pack(frame: pl.DataFrame) -> bytes:
    """A frame made small, each column in one piece."""
    buffer = BytesIO()
    frame.rechunk().write_ipc_stream(buffer, compression="zstd")
    return buffer.getvalue()


def unpack(packed: bytes, columns: list[str] | None = None) -> pl.DataFrame:
    """What `pack` was given, or some columns of it."""
    return pl.read_ipc_stream(BytesIO(packed), columns=columns)


def pack_column(column: Column) -> bytes:
    """A column made small."""
    if isinstance(column, Sparse):
        height, filled = column.height, len(column.rows)
    else:
        height, filled = len(column), len(column) - column.null_count()
    if filled >= FEW * height:
        return pack(_in_numbers(whole(column)).to_frame())
    few = column if isinstance(column, Sparse) else Sparse.of(column)
    return pack(pl.DataFrame([_in_numbers(few.values), few.rows.alias(f"{_AT}{height}")]))


def unpack_columns(packed: bytes) -> list[Column]:
    """The column that `pack_column` was given, or those of the frame that `pack` was."""
    frame = unpack(packed).rechunk()  # a stream comes in pieces; numbers are put together sooner than their words
    values, *others = frame.get_columns()
    if not others or not others[0].name.startswith(_AT):
        return [_in_words(column) for column in frame]
    return [Sparse(others[0].alias(""), _in_words(values), int(others[0].name.removeprefix(_AT)))]


def _in_numbers(column: pl.Series) -> pl.Series:
    """Text of few distinct values as their numbers."""
    if column.dtype != pl.String or column.is_empty():
        return column
    sample = column.gather_every(len(column) // _SAMPLE + 1)
    values = sample.unique()
    if len(values) > max(len(sample) * _FEW, 1):
        return column
    coded = column.cast(_choice(values), strict=False)
    return coded if coded.null_count() == column.null_count() else column.cast(_choice(column.unique()))


def _choice(values: pl.Series) -> pl.Enum:
    return pl.Enum(values.drop_nulls().sort())


def _in_words(column: pl.Series) -> pl.Series:
    if not isinstance(column.dtype, pl.Enum):
        return column
    return looked_up(column.dtype.categories, column.to_physical()).alias(column.name)
