"""What is done at the same time: leads and events are read at once, files are hashed ahead, batches are made ahead."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Generator
from pathlib import Path

import polars as pl
import pytest
from tests.data_project import event, events_of, field, leads_of

from leadrules.data.csv_file import open_csv
from leadrules.data.errors import InputError
from leadrules.data.read import LeadTable, reading_meanwhile
from leadrules.data.sources import hash_ahead, open_inputs
from leadrules.data.tables import ahead, in_turn

KINDS = ["opened", "clicked"]
LEADS = leads_of("id\n1\n", [field("id")])
EVENTS = (event("deal", field("amount", "number")), event("visited"))


def numbers(made: list[int]) -> Generator[int]:
    for number in range(1, 6):
        made.append(number)
        yield number


@pytest.mark.parametrize("by", [1, 3, 10])
def test_batches_made_ahead_come_in_order(by: int) -> None:
    assert list(ahead(numbers([]), by)) == [1, 2, 3, 4, 5]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="nothing is done at once on one processor")
def test_work_is_done_at_once_and_told_in_turn() -> None:
    second_began = threading.Event()

    def work(number: int) -> int:
        if number == 2:
            second_began.set()
        assert number != 1 or second_began.wait(5), "the second is not begun while the first is under way"
        return number * 10

    assert list(in_turn(numbers([]), work)) == [10, 20, 30, 40, 50]


def test_what_fails_first_in_the_input_is_told_first() -> None:
    def broken() -> Generator[int]:
        yield 1
        yield 2
        raise KeyError("items")

    def work(number: int) -> int:
        if number == 2:
            raise ValueError("work")
        return number

    told = in_turn(broken(), work)
    assert next(told) == 1
    with pytest.raises(ValueError, match="work"):
        next(told)
    with pytest.raises(KeyError, match="items"):
        list(in_turn(broken(), lambda number: number))


def test_no_more_batches_are_made_ahead_than_asked() -> None:
    made: list[int] = []
    coming = ahead(numbers(made), by=2)
    assert next(coming) == 1
    coming.close()
    assert len(made) <= 3


def test_leads_are_read_while_events_are() -> None:
    both = threading.Barrier(2, timeout=10)

    def read() -> LeadTable:
        both.wait()
        return LEADS

    with reading_meanwhile(read, at_once=False) as leads:
        both.wait()  # the other side waits here too, so neither waits for the other to be done
    assert leads() is LEADS


def test_one_pipe_is_read_leads_first() -> None:
    order: list[str] = []

    def read() -> LeadTable:
        order.append("leads")
        return LEADS

    with reading_meanwhile(read, at_once=True) as leads:
        order.append("events")
    assert leads() is LEADS
    assert order == ["leads", "events"]


def test_what_is_wrong_with_the_leads_is_told_first() -> None:
    def read() -> LeadTable:
        raise InputError("the leads")

    with pytest.raises(InputError, match="the leads"), reading_meanwhile(read, at_once=False):
        raise InputError("the events")


def test_what_is_wrong_with_the_events_is_told_where_the_leads_are_well() -> None:
    with pytest.raises(InputError, match="the events"), reading_meanwhile(lambda: LEADS, at_once=False):
        raise InputError("the events")


def test_a_hash_begun_ahead_is_that_of_the_file_and_good_for_one_reading(tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_bytes(b"id\n1\n" * 100_000)
    hash_ahead(tmp_path, ["leads.csv", "missing.csv", "-"])
    first = open_inputs(tmp_path, "leads.csv")[0].hashed().sha256
    assert first == hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_bytes(b"id\n2\n")
    assert open_inputs(tmp_path, "leads.csv")[0].hashed().sha256 == hashlib.sha256(b"id\n2\n").hexdigest()


def test_a_file_knows_the_hash_of_every_beginning(tmp_path: Path) -> None:
    content = os.urandom(9 << 20)
    (tmp_path / "a.csv").write_bytes(content)
    file = open_inputs(tmp_path, "a.csv")[0]
    for size in (0, 1, 65_536, 4 << 20, (4 << 20) + 1, (8 << 20) - 1, len(content)):
        assert file.beginning(size) == hashlib.sha256(content[:size]).hexdigest()


def test_an_empty_file_has_the_hash_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert open_inputs(tmp_path, "a.csv")[0].hashed().sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("content", "dtype"),
    [
        ("id,type\n1,opened\n2,clicked\n", pl.Enum(KINDS)),
        ('id,type\n1,"opened"\n2,clicked\n', pl.Enum(KINDS)),
        ("id,type\n1,opened\n2,Clicked\n", pl.String()),
        ("id,type\n1,opened\n2,\n", pl.String()),
        ('id,type\n1,opened\n2,""\n', pl.String()),
    ],
)
def test_a_column_is_an_enum_only_where_every_cell_is_an_option(
    tmp_path: Path, content: str, dtype: pl.DataType
) -> None:
    (tmp_path / "e.csv").write_text(content)
    table = open_csv(open_inputs(tmp_path, "e.csv")[0], None, ",", "utf-8")
    (batch,) = table.batches([0, 1], {1: KINDS})
    assert batch.column(1).dtype == dtype
    (plain,) = table.batches([0, 1])
    texts = batch.column(1).cast(pl.String)
    assert texts.fill_null("").to_list() == plain.column(1).fill_null("").to_list()


def test_short_rows_are_found_beside_an_enum(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("id,type,x\n1,opened,a\n2,clicked\n3,opened,b\n")
    table = open_csv(open_inputs(tmp_path, "e.csv")[0], None, ",", "utf-8")
    batches = list(table.batches([0, 1, 2], {1: KINDS}))
    assert [ragged.line for batch in batches for ragged in batch.ragged] == [3]
    assert sum(len(batch.numbers) for batch in batches) == 2


def test_types_in_other_spellings_mean_the_same_as_in_their_own() -> None:
    rows = [("1", "deal", "2026-11-01", "5"), ("1", "visited", "2026-11-02", "")]
    header = "lead_id,type,at,amount\n"
    wanted: dict[str, list[str]] = {"deal": ["amount"], "visited": []}
    own = events_of(header + "".join(",".join(row) + "\n" for row in rows), EVENTS, LEADS, wanted)
    other = events_of(header + "".join(",".join(row).upper() + "\n" for row in rows), EVENTS, LEADS, wanted)
    assert own.frame.height == 2
    assert own.frame.equals(other.frame)
    assert own.counts == other.counts
