"""Reading events: what becomes of each row, repeats, ties; a brute-force loop as the oracle."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.data_project import event, events_of, field, leads_of, project

from leadrules.data.read import EventTable, InputError, Sight, read_events
from leadrules.project.model import Source

EVENTS = (
    event("opened", field("campaign"), field("path")),
    event("deal", field("amount", "number", required=True), field("path", "choice", options=("Web", "Fair"))),
    event("visited", field("path")),
    event("unread", field("amount", "number")),
)
LEADS = leads_of("id\na\nb\n00QEc00000BBaeXMAT\n00QEc00000BBafD\n", [field("id")])
WANTED = {"opened": ["path"], "deal": ["amount", "path"], "visited": []}


def test_what_becomes_of_each_row() -> None:
    table = events_of(
        "Lead ID,TYPE,at,path,amount\n"
        "a,opened,2026-04-01 10:00,/x,rubbish\n"
        'b, Deal ,2026-04-01T10:00:00+09:00,web,"1,000"\n'
        "b,deal,2026-04-01,web,\n"
        "b,deal,2026-04-01,Shop,5\n"
        ",opened,2026-04-01,,\n"
        "zz,opened,2026-05-01,,\n"
        "a,unread,rubbish,,rubbish\n"
        "a,opend,2026-04-01,,\n"
        "a,,2026-04-01,,\n"
        "a,opened,,,\n"
        "a,opened\n"
        " 00QEc00000BBaeX ,visited,2026-04-02,,\n"
        "00QEc00000BBafDMAT,visited,2026-04-03,,\n"
        "00QEc00000BBafDMAU,visited,2026-04-03,,\n",
        EVENTS,
        LEADS,
        WANTED,
    )  # fmt: skip
    at = datetime(2026, 4, 1, 10, tzinfo=UTC)
    assert table.frame.columns == ["lead_row", "type", "at", "path:text", "amount:number", "path:choice", "@rank"]
    assert table.frame.drop("@rank").rows() == [
        (0, "opened", at, "/x", None, None),
        (1, "deal", at - timedelta(hours=9), None, 1000.0, "Web"),
        (2, "visited", datetime(2026, 4, 2, tzinfo=UTC), None, None, None),
        (3, "visited", datetime(2026, 4, 3, tzinfo=UTC), None, None, None),
    ]
    assert [row[1:5] for row in table.rejects.rows()] == [
        (4, "b", "amount", ""),
        (5, "b", "path", "Shop"),
        (6, "", "Lead ID", ""),
        (9, "a", "TYPE", "opend"),
        (10, "a", "TYPE", ""),
        (11, "a", "at", ""),
        (12, "a", "", ""),
    ]
    assert table.rejects["reason"][3] == "expected a type of the event schema; did you mean opened?"
    assert table.counts == {
        "events_in": 14,
        "events_unread": 1,
        "events_used": 4,
        "events_rejected": 7,
        "events_orphaned": 2,
        "events_repeated": 0,
    }
    assert table.newest_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert table.newest_place == ("-", 7)


REPEATS = (
    "id,lead_id,type,at,path\n"
    "1,a,visited,2026-04-01,/z\n"
    "2,a,visited,2026-04-01,/b\n"
    "1,a,visited,2026-04-01,/z\n"
    "2,a,visited,2026-04-01,/a\n"
    ",a,visited,2026-04-01,/z\n"
    ",a,visited,2026-04-01,/z\n"
)


def test_one_id_is_one_event_and_the_first_in_order_counts() -> None:
    table = events_of(REPEATS, EVENTS, LEADS, {"visited": ["path"]}, ordered=frozenset({"visited"}))
    assert sorted(table.frame["path:text"].to_list()) == ["/a", "/z", "/z", "/z"]
    assert table.counts["events_repeated"] == 2
    assert table.counts["events_used"] == 4
    ranks = {row["path:text"]: row["@rank"] for row in table.frame.to_dicts()}
    assert ranks["/a"] < ranks["/z"]


def test_without_ids_each_row_is_an_event_unless_repeats_are_dropped() -> None:
    rows = "lead_id,type,at,note\na,opened,2026-04-01,x\na,opened,2026-04-01,x\na,opened,2026-04-01,y\n"
    assert events_of(rows, EVENTS, LEADS, {"opened": []}).counts["events_used"] == 3
    dropped = events_of(rows, EVENTS, LEADS, {"opened": []}, repeats="drop")
    assert (dropped.counts["events_used"], dropped.counts["events_repeated"]) == (2, 1)


def test_an_unread_field_that_comes_first_decides_the_order() -> None:
    rows = "lead_id,type,at,path,campaign\na,opened,2026-04-01,/a,2\na,opened,2026-04-01,/b,1\n"
    table = events_of(rows, EVENTS, LEADS, {"opened": ["path"]}, ordered=frozenset({"opened"}))
    assert table.frame.select("path:text", "@rank").rows() == [("/a", 1), ("/b", 0)]
    none = events_of(rows, EVENTS, LEADS, {"opened": ["path"]})
    assert none.frame["@rank"].to_list() == [0, 0]


def test_ids_are_kept_for_the_types_that_need_them() -> None:
    table = events_of(
        REPEATS + "3,a,opened,2026-04-01,\n",
        EVENTS,
        LEADS,
        {"visited": [], "opened": []},
        identified=frozenset({"visited"}),
    )
    assert sorted(table.frame["@id"].to_list(), key=str) == ["1", "2", None, None, None]


def test_a_source_may_say_the_type_and_the_columns(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text("mql_id;won_date;amount\na;01.04.2026;5\nzz;02.04.2026;x\n")
    (tmp_path / "log.csv").write_text("lead_id,type,at\nb,visited,2026-04-03\n")
    sources = [
        Source("deals.csv", type="deal", columns=(("lead_id", "mql_id"), ("at", "won_date"))),
        Source("log.csv"),
    ]
    table = read_events(
        project([field("id")], EVENTS, root=tmp_path),
        sources,
        {"deal": ["amount"], "visited": []},
        lambda: LEADS,
        zone="UTC",
    )
    assert table.frame.select("lead_row", "type", "amount:number").rows() == [(0, "deal", 5.0), (1, "visited", None)]
    assert table.rejects.row(0)[:5] == ("deals.csv", 3, "zz", "amount", "x")
    assert table.counts["events_in"] == 3
    assert table.newest_place == ("log.csv", 2)
    assert [file.path for file in table.inputs] == ["deals.csv", "log.csv"]


def test_the_column_that_says_whose_an_event_is_is_not_its_id_besides() -> None:
    rows = "ID,type,at\na,opened,2026-04-01\na,opened,2026-04-02\nb,opened,2026-04-02\n"
    table = events_of(rows, EVENTS, LEADS, {"opened": []}, columns=(("lead_id", "ID"),))
    assert (table.counts["events_used"], table.counts["events_repeated"]) == (3, 0)
    stated = events_of(rows, EVENTS, LEADS, {"opened": []}, columns=(("lead_id", "ID"), ("id", "ID")))
    assert (stated.counts["events_used"], stated.counts["events_repeated"]) == (2, 1)


@pytest.mark.parametrize(
    ("text", "source", "message"),
    [
        ("type,at\n", {}, "has no column lead_id"),
        ("lead_id,at\n", {}, "has no column type"),
        ("lead_id,type\n", {}, "has no column at"),
        ("lead_id,at\n", {"type": "deel"}, "says `type: deel`, and the event schema has no such type"),
        ("lead_id,type,at\na,deal,2026-04-01\n", {}, "has no column for amount, which deal requires"),
        ("lead_id,type,at\na,opened,01/04/2026\n", {}, "the column `at` cannot tell day from month"),
    ],
)
def test_what_stops_a_run(text: str, source: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        events_of(text, EVENTS, LEADS, WANTED, **source)


def test_types_that_nobody_reads_need_neither_order_nor_ids() -> None:
    both = frozenset({"deal", "nowhere"})
    table = events_of(REPEATS, EVENTS, LEADS, {"visited": ["path"]}, ordered=both, identified=both)
    assert "@id" not in table.frame.columns
    assert table.frame["@rank"].to_list() == [0, 0, 0, 0]


def test_the_order_of_rows_changes_nothing() -> None:
    header, *rows = REPEATS.splitlines(keepends=True)
    ordered = frozenset({"visited"})
    columns = ["lead_row", "type", "at", "path:text", "@rank"]
    forth = events_of(header + "".join(rows), EVENTS, LEADS, {"visited": ["path"]}, ordered=ordered)
    back = events_of(header + "".join(reversed(rows)), EVENTS, LEADS, {"visited": ["path"]}, ordered=ordered)
    content = ["path:text", "at"]
    assert forth.frame.sort(content).select(content).equals(back.frame.sort(content).select(content))
    assert forth.frame.sort("@rank").select(columns[:4]).equals(back.frame.sort("@rank").select(columns[:4]))


def test_equal_headers_matter_only_for_fields_that_are_read() -> None:
    rows = "lead_id,type,at,path,campaign,Campaign\na,opened,2026-04-01,/a,1,2\na,opened,2026-04-01,/b,1,2\n"
    assert (
        events_of(rows, EVENTS, LEADS, {"opened": ["path"]}, ordered=frozenset({"opened"})).counts["events_used"] == 2
    )
    with pytest.raises(InputError, match="two columns could be the field campaign"):
        events_of(rows, EVENTS, LEADS, {"opened": ["campaign"]})


def test_nothing_to_read() -> None:
    table = read_events(project([field("id")], EVENTS), [], {"deal": ["amount"]}, lambda: LEADS, zone="UTC")
    assert table.frame.is_empty()
    assert table.frame.schema["amount:number"] == pl.Float64
    assert (table.newest_at, table.counts["events_in"], len(table.rejects)) == (None, 0, 0)
    assert events_of("lead_id,type,at\na,deal,x\n", EVENTS, LEADS, {}).counts["events_unread"] == 1


def test_against_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    leads = leads_of("id\n" + "".join(f"L{i}\n" for i in range(20)), [field("id")])
    rows = [
        [
            chance.choice(["", *map(str, range(150))]),
            f"L{chance.randrange(25)}",
            chance.choice(["opened", "deal", "visited", "unread", "strange"]),
            f"2026-04-0{chance.randrange(1, 4)}",
            chance.choice(["", "/a", "/b"]),
            chance.choice(["1", "2.5", "x"]),
        ]
        for _ in range(600)
    ]
    text = io.StringIO()
    csv.writer(text).writerows([["id", "lead_id", "type", "at", "campaign", "amount"], *rows])
    monkeypatch.setattr("leadrules.data.encoding.BLOCK", 2000)
    wanted = {"opened": ["campaign"], "deal": ["amount"]}
    table = events_of(text.getvalue(), EVENTS, leads, wanted, ordered=frozenset({"opened", "deal"}))
    expected, counts = loop(rows, {f"L{i}": i for i in range(20)})
    assert table.counts == counts
    got = table.frame.sort("lead_row", "at", "@rank").select("lead_row", "type", "at", "campaign:text", "amount:number")
    assert [(*row[:2], row[2].strftime("%F"), *row[3:]) for row in got.rows()] == expected


def loop(rows: list[list[str]], leads: dict[str, int]) -> tuple[list[tuple[object, ...]], dict[str, int]]:
    counts = dict.fromkeys(("events_unread", "events_rejected", "events_orphaned", "events_repeated", "events_used"), 0)
    counts = {"events_in": len(rows)} | counts
    kept: list[tuple[str, tuple[str, ...]]] = []
    for number, (id_, lead, kind, at, campaign, amount) in enumerate(rows):
        if kind in ("unread", "visited"):
            counts["events_unread"] += 1
        elif kind == "strange" or (kind == "deal" and amount == "x"):
            counts["events_rejected"] += 1
        elif lead not in leads:
            counts["events_orphaned"] += 1
        else:
            own = (campaign,) if kind == "opened" else (amount,)
            kept.append((id_ or f"row {number}", (lead, kind, at, *own)))
    first: dict[str, tuple[str, ...]] = {}
    for id_, content in kept:
        counts["events_repeated"] += id_ in first
        first[id_] = min(content, first.get(id_, content))
    counts["events_used"] = len(first)
    ordered = sorted(first.values(), key=lambda row: (leads[row[0]], row[2], row[1], row[3]))
    return [
        (leads[lead], kind, at, (own or None) if kind == "opened" else None, float(own) if kind == "deal" else None)
        for lead, kind, at, own in ordered
    ], counts


# -- events that no rule sees any more --------------------------------------------------------------------------------

SEEN = Sight({"visited": timedelta(days=30)})


def test_of_what_no_rule_sees_only_the_cells_that_may_be_wrong_are_read(tmp_path: Path) -> None:
    rows = "lead_id,type,at,path\na,visited,2026-04-02,/new\na,visited,2020-01-01,/old\nzz,visited,2020-01-01,/x\n"
    (tmp_path / "e.csv").write_text(rows + "a,visited,2020-02-30,/y\n")
    table = _from_file(tmp_path, "e.csv")
    assert table.frame["path:text"].to_list() == ["/new"]
    assert (table.counts["events_used"], table.counts["events_orphaned"], table.counts["events_rejected"]) == (2, 1, 1)


def test_two_fields_may_be_read_from_one_column_also_of_seen_events_alone(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("lead_id,type,at,url\na,visited,2026-04-02,/new\na,visited,2020-01-01,/old\n")
    both = event("visited", field("path", columns=("url",)), field("page", columns=("url",)))
    made = project([field("id")], (both,), root=tmp_path)
    wanted = {"visited": ["path", "page"]}
    table = read_events(made, [Source("e.csv")], wanted, lambda: LEADS, sight=SEEN, zone="UTC")
    assert table.frame.select("path:text", "page:text").rows() == [("/new", "/new")]


def test_a_list_is_no_text_also_where_no_rule_sees_it(tmp_path: Path) -> None:
    old = '{"lead_id": "a", "type": "visited", "at": "2020-01-01", "path": ["/old"]}\n'
    (tmp_path / "e.jsonl").write_text('{"lead_id": "a", "type": "visited", "at": "2026-04-02", "path": "/new"}\n' + old)
    table = _from_file(tmp_path, "e.jsonl")
    assert table.frame["path:text"].to_list() == ["/new"]
    assert table.rejects["reason"].to_list() == ["expected one value, found a list"]


def _from_file(folder: Path, name: str) -> EventTable:
    made = project([field("id")], EVENTS, root=folder)
    return read_events(made, [Source(name)], {"visited": ["path"]}, lambda: LEADS, sight=SEEN, zone="UTC")
