"""Writing: hand-written forms of values, files read back by Python, encodings, and files that appear together."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadrules.core.calendar import Calendar
from leadrules.core.text import number_text
from leadrules.data.staging import Staging
from leadrules.data.texts import joined_names, number_texts, safe, time_texts
from leadrules.data.write import Lost, write_csv, write_jsonl, write_parquet, write_table

FRAME = pl.DataFrame(
    {
        "id": ["+1", "=2"],
        "score": [12.0, -0.5],
        "note": ['=1+1, "x"\ny', "+81-3-1234"],
        "value": ["-5", ""],
        "ok": [True, None],
        "at": [datetime(2026, 3, 8, 7, 30, tzinfo=UTC), None],
        "on": [date(2026, 4, 1), None],
        "tags": [["a", "=b"], []],
    }
)


def test_csv(tmp_path: Path) -> None:
    assert write_csv(FRAME, tmp_path / "x.csv", zone="America/New_York", plain=("id",)) == ()
    assert (tmp_path / "x.csv").read_bytes().decode() == (
        "id,score,note,value,ok,at,on,tags\n"
        '+1,12,"\'=1+1, ""x""\ny",-5,true,2026-03-08T03:30:00-04:00,2026-04-01,a;=b\n'
        "=2,-0.5,'+81-3-1234,,,,,\n"
    )


def test_files_of_other_programs_are_not_made_safe(tmp_path: Path) -> None:
    write_csv(FRAME, tmp_path / "x.csv", zone="UTC", make_safe=False)
    with (tmp_path / "x.csv").open(newline="") as stream:
        assert [row["note"] for row in csv.DictReader(stream)] == ['=1+1, "x"\ny', "+81-3-1234"]


@pytest.mark.parametrize(("text", "written"), [
    ("=A1", "'=A1"), ("+81", "'+81"), ("-x", "'-x"), ("@a", "'@a"), ("-5", "-5"), ("-0.5", "-0.5"), ("a=b", "a=b"),
    ("--5", "'--5"), ("-5%", "'-5%"), ("", ""), (None, None),
])  # fmt: skip
def test_cells_that_a_spreadsheet_would_run(text: str | None, written: str | None) -> None:
    assert safe(pl.Series([text], dtype=pl.String)).to_list() == [written]


@given(
    st.lists(
        st.one_of(st.none(), st.floats(-1e18, 1e18), st.integers(-(10**6), 10**6).map(float)), min_size=1, max_size=9
    )
)
def test_numbers_are_written_as_everywhere(numbers: list[float | None]) -> None:
    expected = [None if number is None else number_text(number) for number in numbers]
    assert number_texts(pl.Series(numbers, dtype=pl.Float64)).to_list() == expected


@given(st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=5))  # noqa: DTZ001
def test_times_bear_the_offset_of_the_zone(times: list[datetime]) -> None:
    instants = [time.replace(tzinfo=UTC) for time in times]
    zone = Calendar("Europe/Berlin")
    written = time_texts(pl.Series(instants, dtype=pl.Datetime("us", "UTC")), zone)
    assert [datetime.fromisoformat(text).astimezone(UTC) for text in written] == instants
    assert time_texts(pl.Series([datetime(2026, 7, 1, tzinfo=UTC)]), zone).to_list() == ["2026-07-01T02:00:00+02:00"]


@pytest.mark.parametrize("share", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("most", [1, 40, 10_000_000])
def test_few_and_many_instants_are_written_alike(share: float, most: int) -> None:
    random = Random(most)
    moments = [
        None
        if random.random() < share
        else datetime(2026, 10, 20, tzinfo=UTC) + timedelta(seconds=random.randrange(most))
        for _ in range(5_000)
    ]
    zone = ZoneInfo("Europe/Berlin")
    expected = [None if moment is None else moment.astimezone(zone).isoformat() for moment in moments]
    assert (
        time_texts(pl.Series(moments, dtype=pl.Datetime("us", "UTC")), Calendar("Europe/Berlin")).to_list() == expected
    )


@given(st.integers(1, 20), st.integers(0, 30), st.randoms(use_true_random=False))
def test_names_that_hold_are_joined(columns: int, rows: int, random: Random) -> None:
    names = [f"{number};" + "segment;"[: random.randint(0, 8)] for number in range(columns)]
    flags = [[random.random() < 0.5 for _ in names] for _ in range(rows)]
    frame = pl.DataFrame(flags, schema=dict.fromkeys(names, pl.Boolean), orient="row")
    expected = [";".join(name for name, holds in zip(names, row, strict=True) if holds) for row in flags]
    assert joined_names(frame).to_list() == expected


def test_encodings_for_excel(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a", "b", "c"], "名": ["髙橋〜", "Zoë 😀", "ascii"]})
    lost = write_csv(frame, tmp_path / "x.csv", zone="UTC", encoding="cp932")
    assert lost == (Lost("x.csv", "b", "名", "Zoë 😀", "ë😀"),)
    assert (tmp_path / "x.csv").read_text(encoding="cp932") == "id,名\na,髙橋～\nb,Zo? ?\nc,ascii\n"
    assert write_csv(frame, tmp_path / "y.csv", zone="UTC", encoding="utf-8-sig") == ()
    assert (tmp_path / "y.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")


def test_a_header_that_cp932_cannot_hold_is_told_as_a_cell_is(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a"], "café": ["b"], "売上〜": ["c"]})
    lost = write_csv(frame, tmp_path / "x.csv", zone="UTC", encoding="cp932")
    assert lost == (Lost("x.csv", "id", "café", "café", "é"),)
    assert (tmp_path / "x.csv").read_text(encoding="cp932") == "id,caf?,売上～\na,b,c\n"


def test_json_lines_and_parquet(tmp_path: Path) -> None:
    write_jsonl(FRAME, tmp_path / "x.jsonl", zone="Asia/Tokyo")
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert rows[0]["score"] == 12
    assert '"score": 12,' in (tmp_path / "x.jsonl").read_text()
    assert rows[0]["at"] == "2026-03-08T16:30:00+09:00"
    assert rows[1] == {
        "id": "=2",
        "score": -0.5,
        "note": "+81-3-1234",
        "value": "",
        "ok": None,
        "at": None,
        "on": None,
        "tags": [],
    }
    write_parquet(FRAME, tmp_path / "x.parquet")
    assert pl.read_parquet(tmp_path / "x.parquet").equals(FRAME)
    write_table(FRAME, tmp_path / "z.csv", "jsonl", zone="Asia/Tokyo")
    assert (tmp_path / "z.jsonl").read_bytes() == (tmp_path / "x.jsonl").read_bytes()


def test_json_lines_are_what_json_says_of_each_row(tmp_path: Path) -> None:
    texts = [
        "a",
        "",
        None,
        'x"y',
        "back\\slash",
        "line\nend",
        "\t",
        "\x00",
        "\x1f",
        "\x7f",
        "\u2028",
        "佐藤 🔥",
        "{}",
        "', ",
    ]
    frame = pl.DataFrame(
        {
            'na"me': texts,
            "set": pl.Series([["a", 'b"'], [], None] + [["c"]] * (len(texts) - 3), dtype=pl.List(pl.String)),
            "whole": pl.Series([1.0, None, -3.0] * 4 + [0.0] * (len(texts) - 12), dtype=pl.Float64),
            "part": [0.5, None] * (len(texts) // 2) + [2.0] * (len(texts) % 2),
            "flag": [True, False, None] + [True] * (len(texts) - 3),
        },
        strict=False,
    )
    write_jsonl(frame, tmp_path / "x.jsonl", zone="UTC")
    lines = (tmp_path / "x.jsonl").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == frame.to_dicts()
    assert all(json.dumps(text, ensure_ascii=False) in line for text, line in zip(texts, lines, strict=True))
    assert lines[0] == '{"na\\"me": "a", "set": ["a", "b\\""], "whole": 1, "part": 0.5, "flag": true}'
    write_table((frame[at : at + 5] for at in range(0, len(texts), 5)), tmp_path / "y", "jsonl", zone="UTC")
    assert (tmp_path / "y.jsonl").read_bytes() == (tmp_path / "x.jsonl").read_bytes()
    write_jsonl(frame.clear(), tmp_path / "none.jsonl", zone="UTC")
    assert (tmp_path / "none.jsonl").read_bytes() == b""


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.csv").write_text("old")

    def fails(*_: object) -> pl.Series:
        raise OSError("disk full")

    monkeypatch.setattr("leadrules.data.write.as_text", fails)
    with pytest.raises(OSError, match="disk full"):
        write_csv(FRAME, tmp_path / "x.csv", zone="UTC")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.csv", "old")]


def test_a_file_that_cannot_come_to_its_place_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.csv").write_text("old")

    def fails(*_: object) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        write_csv(FRAME, tmp_path / "x.csv", zone="UTC")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.csv", "old")]


def test_what_is_written_is_read_back_by_python(tmp_path: Path) -> None:
    nasty = ["a,b", 'x"y', "line\nend", "cr\rlf\r\n", " pad ", "é", "", "'", ";", "\t"]
    write_csv(pl.DataFrame({"n": range(10), "x": nasty}), tmp_path / "x.csv", zone="UTC")
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as stream:
        assert [row[1] for row in csv.reader(stream)][1:] == nasty


def test_files_of_a_run_appear_together(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "withheld.csv").write_text("of the last run")
    (out / "notes.txt").write_text("of the user")
    staging = Staging(out)
    folder = staging.begin()
    (folder / "a.csv").write_text("a")
    (folder / "b.csv").write_text("b")
    assert not (out / "a.csv").exists()
    staging.seal()
    placed = staging.publish(replaces=("a.csv", "withheld.csv"))
    assert [path.name for path in placed] == ["a.csv", "b.csv"]
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "b.csv", "notes.txt"]
    assert not staging.exists
    assert staging.publish(replaces=("a.csv",)) == ()
    assert (out / "a.csv").read_text() == "a"


def test_a_cut_publish_can_be_done_again(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "out")
    folder = staging.begin()
    (folder / "a.csv").write_text("a")
    (folder / "b.csv").write_text("b")
    staging.seal()
    staging.out.mkdir()
    (folder / "a.csv").rename(staging.out / "a.csv")  # here the power went
    staging.publish(replaces=("a.csv", "b.csv"))
    assert sorted(path.name for path in staging.out.iterdir()) == ["a.csv", "b.csv"]
    staging.begin()
    staging.discard()
    assert not staging.exists


def test_only_cells_that_need_quotes_have_them(tmp_path: Path) -> None:
    texts = ["a,b", 'say "x"', "two\nlines", "re\rturn", "'", "a;b", " a ", None]
    frame = pl.DataFrame({"text": texts, "bare": [f"n{row}" for row in range(8)], "number": [1.0, None, *[-2.0] * 6]})
    write_csv(frame, tmp_path / "x.csv", zone="UTC", bare=("bare",), make_safe=False)
    written = (tmp_path / "x.csv").read_bytes().decode()
    assert written == (
        'text,bare,number\n"a,b",n0,1\n"say ""x""",n1,\n"two\nlines",n2,-2\n"re\rturn",n3,-2\n\',n4,-2\na;b,n5,-2\n'
        " a ,n6,-2\n,n7,-2\n"
    )
    with (tmp_path / "x.csv").open(newline="") as stream:
        assert [row["text"] for row in csv.DictReader(stream)] == [text or "" for text in texts]
