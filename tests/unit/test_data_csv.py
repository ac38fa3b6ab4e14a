"""CSV files: line ends, quotes, encodings, delimiters, ragged rows, footers; the fast reading against the exact one."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadrules.data import csv_file
from leadrules.data.csv_file import CsvFile, open_csv
from leadrules.data.encoding import UndecodableError
from leadrules.data.errors import InputError
from leadrules.data.sources import open_inputs

Write = Callable[..., CsvFile]
Rows = tuple[list[tuple[str, ...]], list[int], list[tuple[int, str]]]


@pytest.fixture
def file(tmp_path: Path) -> Write:
    def write(content: bytes, encoding: str | None = None, delimiter: str | None = None) -> CsvFile:
        (tmp_path / "x.csv").write_bytes(content)
        return open_csv(open_inputs(tmp_path, "x.csv")[0], encoding, delimiter, "utf-8")

    return write


def read(table: CsvFile) -> Rows:
    """Rows, their lines, and the ragged ones."""
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    ragged: list[tuple[int, str]] = []
    for batch in table.batches(range(len(table.header))):
        rows.extend(tuple(cell or "" for cell in row) for row in batch.cells.iter_rows())
        lines.extend(batch.lines)
        ragged.extend((one.line, one.reason) for one in batch.ragged)
        assert len(batch.numbers) == len(batch.lines) == len(batch.cells)
    return rows, lines, ragged


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(file: Write, end: bytes, last: bool) -> None:
    table = file(end.join([b"a,b", b"1,2", b'"x, ""y""",', b"3,"]) + (end if last else b""))
    assert table.header == ("a", "b")
    assert read(table) == ([("1", "2"), ('x, "y"', ""), ("3", "")], [2, 3, 4], [])


def test_lines_are_physical_lines(file: Write) -> None:
    table = file(b'a,b\n1,"x\ny\n"\n\n2,z\n3\n4,5,6\n')
    assert read(table) == (
        [("1", "x\ny\n"), ("2", "z")],
        [2, 6],
        [(7, "too few cells: expected 2, found 1"), (8, "too many cells: expected 2, found 3")],
    )


def test_a_header_may_span_lines_and_stand_below_blank_ones(file: Write) -> None:
    table = file(b'\n\r\n"first\nname",b\n1,2\n')
    assert table.header == ("first\nname", "b")
    assert read(table) == ([("1", "2")], [5], [])


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"a,b;c\n", ("a", "b;c")),
        (b"a;b;c,d\n", ("a", "b", "c,d")),
        (b"a\tb\n", ("a", "b")),
        (b'"a,b,c";d\n', ("a,b,c", "d")),
        (b"sep=;\na;b\n", ("a", "b")),
        (b"only\n", ("only",)),
    ],
)
def test_the_delimiter_is_found_from_the_header(file: Write, content: bytes, header: tuple[str, ...]) -> None:
    assert file(content).header == header


def test_a_stated_delimiter_wins(file: Write) -> None:
    assert file(b"a,b;c\n", delimiter=";").header == ("a,b", "c")
    assert file(b"a|b,c\n1|2,3\n", delimiter="|").header == ("a", "b,c")


TEXT = "名,b\n佐藤,x\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), None),
        (TEXT.encode("utf-8-sig"), None),
        (TEXT.encode("utf-16"), None),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), None),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("cp932"), "Shift_JIS"),
        (TEXT.encode("euc-jp"), "euc-jp"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
    ],
)
def test_encodings(file: Write, content: bytes, encoding: str | None) -> None:
    table = file(content, encoding)
    assert table.header == ("名", "b")
    assert read(table)[0] == [("佐藤", "x")]


def test_a_bad_byte_is_named_by_its_place(file: Write) -> None:
    with pytest.raises(UndecodableError) as wrong:
        read(file(b"a,b\n1,2\n3,\xe9\n"))
    assert (wrong.value.position, wrong.value.byte, wrong.value.line) == (10, 0xE9, 3)


@pytest.mark.parametrize("content", [b'a,b\n"~!#%","[]{}^`|@"\n+2AA-,1\n', b"+2AA-"])
def test_half_a_character_is_a_bad_byte(file: Write, content: bytes) -> None:
    with pytest.raises(UndecodableError) as wrong:
        read(file(content, "utf-7"))
    assert wrong.value.line <= 1 + content.count(b"\n")


def test_a_character_may_lie_across_two_blocks(file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "名,b\n" + "".join(f"佐藤{i},é😀\n" for i in range(50))
    rows = [(f"佐藤{i}", "é😀") for i in range(50)]
    for encoding in ("utf-8", "utf-16", "cp932"):
        text = content if encoding != "cp932" else content.replace("é😀", "髙")
        monkeypatch.setattr("leadrules.data.encoding.BLOCK", 7)
        got = read(file(text.encode(encoding), encoding))[0]
        assert got == (rows if encoding != "cp932" else [(name, "髙") for name, _ in rows])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.csv is empty: it has no header line"),
        (b"\n\n", "x.csv is empty: it has no header line"),
        (b" ,\n1,2\n", "x.csv has no header: its first line is blank"),
        (b"a\0\0\0\0\0b\0\0\0\0", "x.csv is not a text file"),
        (b'a,b\n1,2\n3,"x\n4,5\n', "x.csv: the record of line 3 opens a quote that is never closed"),
    ],
)
def test_what_stops_a_run(file: Write, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(file(content))


def test_bad_quoting_rejects_its_row_only(file: Write) -> None:
    rows, lines, ragged = read(file(b'a,b\n1,"x"y\n2,z\n3,5" pipe\n'))
    assert rows == [("2", "z"), ("3", '5" pipe')]
    assert lines == [3, 4]
    assert ragged[0][0] == 2
    assert "closing quote" in ragged[0][1]


FOOTER = b'"Leads"\r\n"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."\r\n"Confidential Information - Do Not Distribute"\r\n"Generated By:  A. Sato  1/2/2026 3:04 AM"\r\n"Acme"\r\n'


@pytest.mark.parametrize("pad", [b"", b",,"])
def test_the_footer_of_a_salesforce_report_is_no_row(file: Write, pad: bytes) -> None:
    footer = FOOTER.replace(b"\r\n", pad + b"\r\n")
    table = file(b'"a","b","c"\r\n"1","2","3"\r\n"4"\r\n\r\n\r\n' + footer)
    rows, _, ragged = read(table)
    assert rows == [("1", "2", "3")]
    assert [line for line, _ in ragged] == [3]
    assert table.notes == ["x.csv: left out the footer of a Salesforce report (5 lines)"]


@pytest.mark.parametrize("pad", [b"", b",,"])
def test_rows_with_little_in_them_before_a_footer_are_rows(file: Write, pad: bytes) -> None:
    footer = b"\r\n\r\n" + FOOTER
    table = file(
        b'"a","b","c"\r\n"1","2","3"\r\n"","",""\r\n"4","",""\r\n"5","",""\r\n' + footer.replace(b"\r\n", pad + b"\r\n")
    )
    rows, lines, ragged = read(table)
    assert [row[0] for row in rows] == ["1", "", "4", "5"]
    assert (lines, ragged) == ([2, 3, 4, 5], [])
    assert table.notes == [f"x.csv: left out the footer of a Salesforce report ({7 if pad else 5} lines)"]


def test_words_of_a_footer_in_a_row_take_nothing_away(file: Write) -> None:
    table = file(b"a,b\n1,Confidential Information - Do Not Distribute\n2,x\n")
    assert len(read(table)[0]) == 2
    assert table.notes == []


def test_gzip(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read(open_csv(open_inputs(tmp_path, "x.csv.gz")[0], None, None, "utf-8"))[0] == [("1", "2")]


CELL = st.text(st.sampled_from('ab,;" \t\n\r1é'), max_size=5)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8)),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([12, 40, 1 << 20]),
)
def test_what_python_writes_is_read_back(rows: list[list[str]], end: str, quoting: Literal[0, 1], block: int) -> None:
    width = len(rows[0]) if rows else 2
    text = io.StringIO()
    if any("\r" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # Python leaves a bare CR unquoted, and it ends a line
    csv.writer(text, lineterminator=end, quoting=quoting).writerows([[f"h{i}" for i in range(width)], *rows])
    got = in_memory(text.getvalue().encode(), block)
    assert got[0] == [tuple(row) for row in rows]
    assert got[2] == []


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r'), max_size=60), st.sampled_from([9, 23, 1 << 20]))
def test_the_fast_reading_agrees_with_the_exact_one(body: str, block: int) -> None:
    content = ("h1,h2\n" + body).encode()
    assert outcome(content, block) == outcome(content, 1 << 20, fast=False)


def in_memory(content: bytes, block: int, *, fast: bool = True) -> Rows:
    source = open_inputs(Path(), "-", io.BytesIO(content))[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadrules.data.encoding.BLOCK", block)
        if not fast:
            patch.setattr(csv_file, "_fast", lambda *_: None)
        return read(open_csv(source, None, ",", "utf-8"))


def outcome(content: bytes, block: int, *, fast: bool = True) -> Rows | str:
    try:
        return in_memory(content, block, fast=fast)
    except InputError as error:
        return error.message


def test_a_stated_encoding_that_makes_other_letters_of_utf_8_is_told(file: Write) -> None:
    text = "id,country\n1,日本\n"
    for content, encoding, is_told in (
        (text.encode(), "cp932", True),
        ("id,name\n1,Schäfer\n".encode(), "cp1252", True),
        (text.encode("cp932"), "cp932", False),
        (text.encode("utf-8-sig"), "cp932", False),
        (b"id,country\n1,JP\n", "cp932", False),
        (text.encode(), "utf-8", False),
        (text.encode(), None, False),
    ):
        table = file(content, encoding)
        read(table)
        assert bool(table.notes) is is_told, (content, encoding)
    told = file(text.encode(), "cp932")
    read(told)
    assert told.notes[0].startswith("x.csv is read as cp932, as its source says, and is UTF-8 as well")
