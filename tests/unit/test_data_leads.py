"""Reading leads: headers, keys, rejects, encodings, dates of whole columns, other formats."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.data_project import field, leads_of, project

from leadrules.data.read import InputError, read_leads
from leadrules.data.sources import is_named
from leadrules.project.model import Source

FIELDS = [
    field("id", columns=("Lead ID", "リードID")),
    field("industry", "choice", options=("Software", "E-commerce")),
    field("employees", "number", integer=True),
    field("created_at", "datetime"),
    field("tags", "set"),
    field("opted_out", "yesno"),
    field("since", "date"),
]
HEADER = "Lead ID,Industry,EMPLOYEES,Created At,tags,opted-out,since,ignored\n"


def test_typed_columns() -> None:
    table = leads_of(
        HEADER + '7, software ,"1,200",2026-04-01 09:00,a; b,はい,2026-04-01,x\n8,,,,,,,\n', FIELDS, zone="Asia/Tokyo"
    )
    assert table.frame.columns == ["@key", "@join", *(f.name for f in FIELDS)]
    assert table.frame.row(0) == (
        "7", "7", "7", "Software", 1200.0, datetime(2026, 4, 1, 0, 0, tzinfo=UTC), ["a", "b"], True, date(2026, 4, 1),
    )  # fmt: skip
    assert table.frame.row(1)[2:] == ("8", *[None] * 6)
    assert table.frame.schema["created_at"] == pl.Datetime("us", "UTC")
    assert (table.rows_in, table.rejected, table.rejects.is_empty()) == (2, 0, True)


def test_each_bad_cell_is_one_reject_and_its_row_is_gone() -> None:
    table = leads_of(
        HEADER
        + '1,Hardware,"1,5",2026-04-01,,,,\n'
        + '2,,,,,"no\n",,\n'
        + "3,,10.5,,,maybe,2026-02-30,\n"
        + "4,,\n"
        + "2,,,,,,,\n"
        + " ,,,,,,,\n"
        + "4,,,,,,,\n"
        + "5,,,,,,,\n",
        FIELDS,
    )
    assert table.frame["@key"].to_list() == ["2", "5"]
    assert table.rejects.columns == ["source", "line", "key", "column", "value", "reason"]
    assert [row[:5] for row in table.rejects.rows()] == [
        ("-", 2, "1", "Industry", "Hardware"),
        ("-", 2, "1", "EMPLOYEES", "1,5"),
        ("-", 5, "3", "EMPLOYEES", "10.5"),
        ("-", 5, "3", "opted-out", "maybe"),
        ("-", 5, "3", "since", "2026-02-30"),
        ("-", 6, "4", "", ""),
        ("-", 7, "2", "Lead ID", "2"),
        ("-", 8, "", "Lead ID", ""),
        ("-", 9, "4", "Lead ID", "4"),
    ]
    assert (table.rows_in, table.rejected) == (8, 6)
    assert table.rows_in == len(table.frame) + table.rejected
    assert table.place(1) == ("-", 10)


def test_keys_are_compared_in_their_canonical_form_and_kept_as_written() -> None:
    table = leads_of("id\n00QEc00000BBaeXMAT\n00QEc00000BBaeX\n007\n7\n", [field("id")])
    assert table.frame["@key"].to_list() == ["00QEc00000BBaeXMAT", "007", "7"]
    assert table.frame["@join"].to_list() == ["00QEc00000BBaeX", "007", "7"]
    assert table.rejects["line"].to_list() == [3]


def test_rows_may_be_their_own_keys() -> None:
    table = leads_of("n\n5\n6,7\n8\n", [field("id"), field("n", "number")], key="row_number")
    assert table.frame.rows() == [("1", "1", "1", 5.0), ("3", "3", "3", 8.0)]
    assert table.rejects.row(0)[:3] == ("-", 3, "2")


def test_x_columns_in_their_order_then_the_name() -> None:
    ids = field("id", columns=("Lead ID", "リードID"))
    assert leads_of("id,ﾘｰﾄﾞ-ID,lead_id\na,b,c\n", [ids]).frame["id"].to_list() == ["c"]
    assert leads_of("ID,ﾘｰﾄﾞ-ID\na,b\n", [ids]).frame["id"].to_list() == ["b"]
    assert leads_of("x,I_D\na,b\n", [ids]).frame["id"].to_list() == ["b"]
    assert leads_of("id,x\na,b\n", [ids], columns=(("id", "x"),)).frame["id"].to_list() == ["b"]


@pytest.mark.parametrize(
    ("text", "source", "message"),
    [
        ("id,n,N\n", {}, "two columns could be the field n: `n` .column 2. and `N` .column 3."),
        ("id,x\n", {"columns": (("n", "nn"),)}, "no column `nn`, which `columns` of its source names for n"),
        ("n,x\n", {}, "no column for the key id"),
        ("id,x\n", {}, "no column for n, which is required"),
        ("", {}, "nothing came on standard input"),
        ("id,n\n", {"encoding": "utf-9"}, "the encoding utf-9 of - is not known"),
        (
            "id,n\n",
            {"date_formats": ("yyyy",)},
            "the date_format yyyy of -: it does not say the year and the month and the day",
        ),
    ],
)
def test_what_stops_a_run(text: str, source: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        leads_of(text, [field("id"), field("n", required=True), field("d", "date")], **source)


@pytest.mark.parametrize(
    ("text", "source", "way_out"),
    [
        ("id,n,N\n", {}, "Say which under `columns` of the source, or rename one."),
        ("id,n,n\n", {}, "Rename one of them in the file."),  # a name alone cannot say which
        ("id,n\n", {"delimiter": ";"}, 'Say `delimiter: ","` in its source'),
        ("id;n\n", {"delimiter": ","}, 'Say `delimiter: ";"` in its source'),
        ("id|n\n", {}, "export it with `,`, `;` or tabs between them"),
    ],
)
def test_the_way_out_is_one(text: str, source: dict[str, Any], way_out: str) -> None:
    with pytest.raises(InputError) as stopped:
        leads_of(text, [field("id"), field("n")], **source)
    assert way_out in stopped.value.help


def test_equal_headers_matter_only_for_fields_that_are_read() -> None:
    assert leads_of("id,x,x\n1,2,3\n", [field("id")]).frame["id"].to_list() == ["1"]


def test_no_rows_and_absent_columns() -> None:
    table = leads_of("id\n", FIELDS)
    assert table.frame.is_empty()
    assert table.frame.schema["tags"] == pl.List(pl.String)
    assert leads_of("id\n1\n", FIELDS).frame.row(0) == ("1", "1", "1", *[None] * 6)


def test_the_encoding_is_found() -> None:
    text = "id,title\n1,営業部長\n2,ソ表\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp932"):
        assert leads_of(text.encode(encoding), [field("id"), field("title")]).frame["title"].to_list() == [
            "営業部長",
            "ソ表",
        ]
    assert (
        leads_of("id,title\n1,é\n".encode("latin-1"), [field("id"), field("title")], encoding="latin-1").frame.row(0)[3]
        == "é"
    )
    with pytest.raises(InputError, match=r"byte 0xE9 at position 11 \(line 2\) is neither UTF-8 nor cp932"):
        leads_of("id,title\n1,\xe9\n".encode("latin-1"), [field("id"), field("title")])
    with pytest.raises(InputError, match="- is not cp932: byte 0x") as stopped:
        leads_of(b"id,title\n1,\xfd\xff\n", [field("id"), field("title")], encoding="cp932")
    assert "cp932" not in stopped.value.help  # what was refused is no way out
    assert "Leave out `encoding:`" in stopped.value.help


DATES = [field("id"), field("d", "date"), field("t", "datetime")]


def test_dates_are_found_by_the_whole_column() -> None:
    table = leads_of("id,d,t\n1,2026/04/01,1/4/2026 10:00\n2,2026/4/2,13/4/2026 9:30 PM\n", DATES)
    assert table.frame["d"].to_list() == [date(2026, 4, 1), date(2026, 4, 2)]
    assert table.frame["t"].to_list() == [
        datetime(2026, 4, 1, 10, tzinfo=UTC),
        datetime(2026, 4, 13, 21, 30, tzinfo=UTC),
    ]


def test_a_stray_date_rejects_its_row() -> None:
    table = leads_of("id,d\n1,2026-04-01\n2,2026-04-02\n3,04/03/2026\n", DATES)
    assert table.frame["@key"].to_list() == ["1", "2"]
    assert table.rejects.row(0)[5] == (
        "expected a date, such as 2026-04-01; where a column has several ways, `date_format` lists them"
    )
    table = leads_of("id,d\n1,2026/04/01\n2,2026/04/02\n3,soon\n", DATES)
    assert table.rejects.row(0)[5] == "expected a date, such as 2026/04/01"


def test_day_or_month() -> None:
    with pytest.raises(InputError, match="the column `d` cannot tell day from month: 04/05/2026"):
        leads_of("id,d\n1,04/05/2026\n", DATES)
    read = leads_of("id,d\n1,04/05/2026\n2,2026-01-02\n", DATES, date_formats=("%d/%m/%Y",))
    assert read.frame["d"].to_list() == [date(2026, 5, 4), date(2026, 1, 2)]
    read = leads_of("id,d\n1,20260405\n2,04/05/2026\n", DATES, date_formats=("%Y%m%d", "%m/%d/%Y"))
    assert read.frame["d"].to_list() == [date(2026, 4, 5), date(2026, 4, 5)]


def test_listed_blanks() -> None:
    fields = [field("id"), field("n", "number", blanks=("-1",)), field("x")]
    table = leads_of("id,n,x\n1,-1,NULL\n2,#N/A,不明\n3,1,-1\n#n/a,1,1\n", fields, blanks=("null", "#N/A", "不明"))
    assert table.frame.select("n", "x").rows() == [(None, None), (None, None), (1.0, "-1")]
    assert table.rejects.row(0)[:4] == ("-", 5, "", "id")


def test_files_and_their_hashes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/b.csv").write_text("n,id\n1,b\n")
    (tmp_path / "in/a.csv.gz").write_bytes(gzip.compress(b"id;n\na;2\na;3\n"))
    (tmp_path / "in/c.jsonl").write_text('{"id": "c", "n": 1.50}\n\n[]\n{"id": 7}\n')
    pl.DataFrame({"id": ["d"], "n": [4]}).write_parquet(tmp_path / "in/d.parquet")
    fields = [field("id"), field("n", "number")]
    table = read_leads(project(fields, root=tmp_path), Source("in/*"), ["n"], zone="UTC")
    assert table.frame.select("@key", "n").rows() == [("a", 2.0), ("b", 1.0), ("c", 1.5), ("7", None), ("d", 4.0)]
    assert [row[:3] for row in table.rejects.rows()] == [("in/a.csv.gz", 3, "a"), ("in/c.jsonl", 3, "")]
    assert [file.path for file in table.inputs] == ["in/a.csv.gz", "in/b.csv", "in/c.jsonl", "in/d.parquet"]
    assert table.inputs[1].sha256 == hashlib.sha256(b"n,id\n1,b\n").hexdigest()
    assert table.place(2) == ("in/c.jsonl", 1)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.csv", "there is no file none.csv"),
        ("*.tsv", r"no file matches \*.tsv"),
        ("folder", "folder is a folder"),
        ("book.csv", "book.csv is an Excel workbook or a zip archive"),
        ("fake.csv.gz", "fake.csv.gz is not a gzip file"),
        ("cut.csv.gz", "cut.csv.gz is not a whole gzip file"),
        ("fake.parquet", "fake.parquet is not a Parquet file"),
        ("cut.parquet", "cut.parquet is not a whole Parquet file"),
        ("array.jsonl", "array.jsonl is not JSON lines: it is one JSON array"),
        ("lines.jsonl", "lines.jsonl is not JSON lines: it is one JSON array"),
        ("empty.csv", "empty.csv is empty"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04rest")
    (tmp_path / "fake.csv.gz").write_bytes(b"id\n1\n")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"id\n" + bytes(range(33, 126)) * 99)[:60])
    (tmp_path / "fake.parquet").write_bytes(b"id\n1\n")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1xxxx")
    (tmp_path / "array.jsonl").write_text('[{"id": 1},\n{"id": 2}]\n')
    (tmp_path / "lines.jsonl").write_text('[\n  {"id": 1},\n  {"id": 2}\n]\n')
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match=message):
        read_leads(project([field("id")], root=tmp_path), Source(path), [], zone="UTC")


def test_a_missing_file_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id\n")
    with pytest.raises(InputError) as stopped:
        read_leads(project([field("id")], root=tmp_path), Source("lead.csv"), [], zone="UTC")
    assert stopped.value.help == "Did you mean leads.csv?"


def test_a_missing_file_without_a_like_says_what_to_do(tmp_path: Path) -> None:
    """Events that there are not yet are no leads misspelt, and leadrules.yaml is no export."""
    for name in ("leads.csv", "leadrules.yaml", "lead.schema.json"):
        (tmp_path / name).write_text("id\n")
    with pytest.raises(InputError) as stopped:
        read_leads(project([field("id")], root=tmp_path), Source("events.csv"), [], zone="UTC")
    assert stopped.value.help == (
        "Put it there, name another with --leads or --events, or take it out of `sources:` in leadrules.yaml."
    )


def test_every_format_gives_the_same_leads(tmp_path: Path) -> None:
    table = leads_of(HEADER + '7,software,"1,200",2026-04-01 09:00,a; b,はい,2026-04-01,x\n8,,,,,,,\n', FIELDS)
    typed = table.frame.select(f.name for f in FIELDS)
    typed.write_parquet(tmp_path / "x.parquet")
    rows = [{name: str(v) if isinstance(v, date) else v for name, v in row.items()} for row in typed.to_dicts()]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    for path in ("x.parquet", "x.jsonl"):
        read = read_leads(project(FIELDS, root=tmp_path), Source(path), [f.name for f in FIELDS], zone="UTC")
        assert read.rejects.is_empty()
        assert read.frame.equals(table.frame)


def test_items_of_a_list_are_not_cut(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"id": "1", "tags": ["a;b", "c"]}\n{"id": "2", "tags": []}\n{"id": ["3", "4"]}\n'
    )
    table = read_leads(project(FIELDS, root=tmp_path), Source("x.jsonl"), ["tags"], zone="UTC")
    assert table.frame["tags"].to_list() == [["a;b", "c"], None]
    assert table.rejects.row(0)[2:] == ("3;4", "id", "3;4", "expected one value, found a list")


def test_row_order_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEADER + "".join(f'{i},Software,{i},2026-04-{i % 28 + 1:02d},"a{i}\n",1,,\n' for i in range(300))
    whole = leads_of(text, FIELDS)
    monkeypatch.setattr("leadrules.data.encoding.BLOCK", 500)
    monkeypatch.setattr("leadrules.data.csv_records._BATCH", 7)
    assert leads_of(text, FIELDS).frame.equals(whole.frame)
    assert leads_of(io.StringIO(text).read().replace("\n", "\r\n"), FIELDS).frame.height == 300


def test_a_file_called_like_a_pattern_is_named_by_its_own_name(tmp_path: Path) -> None:
    for name in ("leads[1].csv", "other.csv"):
        (tmp_path / name).write_text("id\n")
    assert is_named(tmp_path / "leads[1].csv", tmp_path, "leads[1].csv")
    assert is_named(tmp_path / "other.csv", tmp_path, "o*.csv")
    assert not is_named(tmp_path / "other.csv", tmp_path, "leads[1].csv")
    assert not is_named(tmp_path / "other.csv", tmp_path, "none.csv")
