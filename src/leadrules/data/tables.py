"""A file as a header and batches of text cells: what every format comes down to.

In: nothing. Out: `Batch`, `Ragged` and the `Table` that the readers of the formats give. Knows nothing of fields.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, TypeVar

from leadrules.core.records import dataclass

if TYPE_CHECKING:
    import polars as pl

S = TypeVar("S")
T = TypeVar("T")

# Told how many rows are read so far.
Told = Callable[[int], None]

# Ends each item of a list that came as a list (JSON, Parquet), so that no separator inside an item cuts it.
ITEM_END = "\x1f"
# By position of a column, the texts that its cells are likely to be.
Options = Mapping[int, Sequence[str]]
NO_OPTIONS: Options = MappingProxyType({})
_AT_ONCE = os.cpu_count() or 1
_side_by_side = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="columns")


@dataclass(frozen=True, slots=True)
class Ragged:
    """A record that is no row of the table: too few or too many cells, bad quoting. `number` counts records from 1."""

    line: int
    number: int
    cells: tuple[str, ...]
    reason: str


class Place(NamedTuple):
    """Where a record of a file begins: its byte, from 0; its line and its number among the records, from 1."""

    byte: int
    line: int
    number: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records: the wanted columns as text under their positions (`"0"`, `"3"`), and where each record stands.

    `lines` are the first physical lines, `numbers` the places among the records of the file, both from 1. `then` is where
    the file goes on, if every line up to there is a record and reading can begin there.
    """

    cells: pl.DataFrame
    lines: Sequence[int]
    numbers: Sequence[int]
    ragged: tuple[Ragged, ...] = ()
    then: Place | None = None

    def column(self, position: int) -> pl.Series:
        """A column by its position in the header."""
        return self.cells.get_column(str(position))


def together(calls: Iterable[Callable[[], T]]) -> list[T]:
    """What the calls give, in their order; they run side by side, so that each may look at a column of its own."""
    return list(_side_by_side.map(lambda call: call(), calls))


def ahead(batches: Generator[T], by: int = 1) -> Generator[T]:
    """The same, made in a thread while those before are worked on, up to `by` of them ahead."""
    with closing(batches), ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as thread:
        coming = deque(thread.submit(next, batches, None) for _ in range(by))
        try:
            while (batch := coming.popleft().result()) is not None:
                coming.append(thread.submit(next, batches, None))
                yield batch
        finally:
            for one in coming:
                one.cancel()


def in_turn(items: Generator[S], work: Callable[[S], T]) -> Iterator[T]:
    """What the work makes of each item, in their order, some of them at once.

    What fails does so in its turn too: the work on an item before the items that come after it.
    """
    under_way: deque[Future[T]] = deque()
    failed: Exception | None = None
    with closing(items), ThreadPoolExecutor(_AT_ONCE, "in turn") as threads:
        try:
            while failed is None:
                try:
                    under_way.append(threads.submit(work, next(items)))
                except Exception as error:  # noqa: BLE001 - StopIteration among them
                    failed = error
                while len(under_way) > (_AT_ONCE if failed is None else 0):
                    yield under_way.popleft().result()
        finally:
            for one in under_way:
                one.cancel()
    if not isinstance(failed, StopIteration):
        raise failed


class Table(Protocol):
    """A file opened as a table."""

    @property
    def path(self) -> str:
        """How findings name the file."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""

    has_lists: ClassVar[bool]  # whether a cell may be a list, whatever its field is

    @property
    def notes(self) -> Sequence[str]:
        """What is worth telling of the file once it is read."""

    def batches(self, wanted: Sequence[int], options: Options = NO_OPTIONS) -> Generator[Batch]:
        """The records, in order, with the columns at these positions (at least one).

        A column for which options are given may come as an Enum of these where every cell is one of them.
        """
