"""The law of copies: a file of events that was read before, and has grown, gives what it gives to who reads it whole."""

from __future__ import annotations

import gc
import os
import random
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import polars as pl
import pytest
from tests.data_project import event, field, project

from leadrules.data import encoding, event_copies
from leadrules.data.event_plan import EVERYTHING
from leadrules.data.read import Copies, EventTable, Sight, read_events, read_leads
from leadrules.project.model import EventType, Source

EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "25"))
START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = [f"L{number}" for number in range(12)] + ["00Q5g00000C384b", "00Q5g00000CwlKK", "n/a", "名前"]
LONG = {"00Q5g00000C384b": "00Q5g00000C384bEAB", "00Q5g00000CwlKK": "00Q5g00000CwlKKEAZ"}
EVENTS: tuple[EventType, ...] = (
    event("visited", field("path"), field("seconds", "number", minimum=0)),
    event("opened", field("subject", required=True)),
    event("bought", field("amount", "number"), field("on", "date"), field("tags", "set"), field("kind", "choice", options=("A", "B"))),
    event("sent"),
)  # fmt: skip
WANTED: dict[str, list[str]] = {"visited": ["path", "seconds"], "opened": ["subject"], "bought": ["amount", "on", "tags", "kind"]}  # fmt: skip


class World:
    """A folder with leads and a file of events that grows from day to day, some of it wrong, some of it strange."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder, self.rng = folder, rng
        self.header = ["lead_id", "type", "at", "path", "seconds", "subject", "amount", "on", "tags", "kind"]
        self.header += ["id"] if rng.random() < 0.3 else []
        self.lines = [",".join(self.header)]
        self.bad = rng.choice([0.0, 0.0, 0.02])
        self.strange = rng.choice([0.0, 0.0, 0.01])
        self.source = Source(
            "events.csv",
            blanks=("n/a",) if rng.random() < 0.3 else (),
            repeats="drop" if "id" not in self.header and rng.random() < 0.2 else None,
        )
        self.second: list[str] | None = [self.lines[0]] if rng.random() < 0.3 else None  # another file of the source
        if self.second is not None:
            self.source = replace(self.source, path="events*.csv")
        self.before: list[str] | None = [self.lines[0]] if rng.random() < 0.4 else None  # a source of its own
        self.leads = rng.sample(KEYS, 8)
        self.wanted, self.sight, self.zone = WANTED, EVERYTHING, "UTC"
        self.grow(300)

    def row(self) -> str:
        rng = self.rng
        key = rng.choice(KEYS)
        cells = {
            "lead_id": rng.choice([key, key, LONG.get(key, key), f" {key}"]),
            "type": rng.choice(["visited"] * 6 + ["opened", "bought", "sent", "Visited"]),
            "at": f"{START + timedelta(seconds=rng.randrange(40 * 86_400)):%Y-%m-%d %H:%M:%S}",
            "path": rng.choice(["/", "/p", "", "/" + "x" * rng.randrange(30), "/名"]),
            "seconds": rng.choice(["1", "2.5", "", "1_"]) if rng.random() < self.bad else "3",
            "subject": "s" if rng.random() >= self.bad else "",
            "amount": rng.choice(["", "1,5" if rng.random() < self.bad else "15"]),
            "on": rng.choice(["", "2026-02-03", "2026-02-31" if rng.random() < self.bad else ""]),
            "tags": rng.choice(["", "a;b"]),
            "kind": rng.choice(["", "A", "b", "C" if rng.random() < self.bad else ""]),
            "id": str(rng.randrange(900)),
        }
        if rng.random() < self.bad:
            cells[rng.choice(["lead_id", "type", "at"])] = rng.choice(["", "n/a", "x"])
        if rng.random() < self.strange:
            return rng.choice(
                ['"a"b",c', "too,few", "", '"L1",visited,2026-03-02 10:00:00,"two\nlines",3,,,,,,', "x" * 90]
            )
        return ",".join(f'"{one}"' if "," in one else one for name in self.header for one in [cells[name]])

    def grow(self, rows: int) -> None:
        self.lines += [self.row() for _ in range(rows)]

    def day(self) -> None:
        """What a day brings: rows mostly, sometimes something that makes another file or another reading of it."""
        rng = self.rng
        self.grow(rng.choice([0, 1, 5, 20, 200]))
        if self.second is not None:
            self.second += [self.row() for _ in range(rng.choice([0, 1, 30]))]
            (self.folder / "events2.csv").write_text("\n".join([*self.second, ""]), encoding="utf-8")
        if self.before is not None:
            self.before += [self.row() for _ in range(rng.choice([0, 1, 30]))]
            (self.folder / "before.csv").write_text("\n".join([*self.before, ""]), encoding="utf-8")
        if rng.random() < 0.5:
            self.leads = rng.sample(KEYS, rng.randrange(1, len(KEYS)))
        match rng.randrange(12):
            case 0:
                self.lines[rng.randrange(1, len(self.lines))] = self.row()
            case 1:
                del self.lines[rng.randrange(2, len(self.lines)) :]
            case 2:
                self.wanted = rng.choice([WANTED, WANTED | {"sent": []}, {"visited": ["path"]}])
            case 3:
                self.source = replace(self.source, blanks=rng.choice([(), ("n/a",), ("/",)]))
            case 4:
                self.sight = rng.choice(
                    [EVERYTHING, Sight({"visited": timedelta(days=rng.randrange(40))}, START + timedelta(days=38))]
                )
            case 5:
                self.zone = rng.choice(["UTC", "Asia/Tokyo"])
        self.write(rng.choice(["\n", "\n", ""]))

    def write(self, end: str) -> None:
        (self.folder / "events.csv").write_text("\n".join(self.lines) + end, encoding="utf-8")
        (self.folder / "leads.csv").write_text("\n".join(["id", *self.leads, ""]), encoding="utf-8")

    def read(self, copies: Copies | None, events: tuple[EventType, ...] = EVENTS) -> EventTable | str:
        made = project([field("id")], events, root=self.folder)
        sources = [self.source] if self.before is None else [Source("before.csv"), self.source]
        leads = read_leads(made, Source("leads.csv"), ["id"], zone=self.zone)
        try:
            return read_events(
                made, sources, self.wanted, lambda: leads, sight=self.sight, zone=self.zone, copies=copies,
                ordered_types=frozenset({"bought"}), identified_types=frozenset({"opened"}),
            )  # fmt: skip
        except event_copies.DamagedCopyError:
            raise
        except Exception as error:  # noqa: BLE001 - the same one is expected of both
            return f"{type(error).__name__} {error}"


def said(table: EventTable | str) -> Any:
    """All that a table says; the frame as it is, types and order of columns too."""
    if isinstance(table, str):
        return table
    frame = table.frame.with_columns(pl.col(pl.Enum).cast(pl.String))
    return (
        table.frame.schema, frame.to_dicts(), table.rejects.to_dicts(), table.counts, table.inputs, table.notes,
        table.newest_at, table.newest_place,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_copies_say_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(event_copies, "SMALL", 0)
    monkeypatch.setattr(event_copies, "_HEAD", 100)
    rng = random.Random(seed)
    monkeypatch.setattr(encoding, "BLOCK", rng.choice([1_000, 4_000, 20_000]))
    world = World(tmp_path, rng)
    for _ in range(8):
        world.day()
        whole = said(world.read(None))
        assert said(world.read(Copies(tmp_path / "copies"))) == whole  # a dry run
        assert said(world.read(Copies(tmp_path / "copies", to_write=True))) == whole


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_a_damaged_copy_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(event_copies, "SMALL", 0)
    monkeypatch.setattr(encoding, "BLOCK", 4_000)
    rng = random.Random(seed)
    world, copies = World(tmp_path, rng), Copies(tmp_path / "copies", to_write=True)
    world.day()
    whole = said(world.read(copies))
    place = tmp_path / "copies" / "0-0.zip"
    content = place.read_bytes()
    for _ in range(8):
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 1, 50])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        place.write_bytes(damaged[: rng.choice([len(damaged), rng.randrange(len(damaged))])])
        assert said(world.read(replace(copies, to_write=False))) == whole


def small(folder: Path, monkeypatch: pytest.MonkeyPatch, rows: int = 300) -> tuple[World, Copies]:
    """A world in which nothing is strange, and a copy of its file."""
    monkeypatch.setattr(event_copies, "SMALL", 0)
    world, copies = World(folder, random.Random(1)), Copies(folder / "copies", to_write=True)
    world.bad = world.strange = 0
    world.source, world.lines = Source("events.csv"), world.lines[:1]
    world.grow(rows)
    world.write("\n")
    world.read(copies)
    return world, copies


def test_a_damaged_copy_that_cannot_be_deleted_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, copies = small(tmp_path, monkeypatch)
    place = tmp_path / "copies" / "0-0.zip"
    content = bytearray(place.read_bytes())
    content[60] ^= 1
    place.write_bytes(content)
    tried: list[Path] = []

    def refused(path: Path, *, missing_ok: bool = False) -> NoReturn:
        tried.append(path)
        assert len(tried) < 5, (missing_ok, "it is tried again and again")
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Path, "unlink", refused)
    assert said(world.read(replace(copies, to_write=False))) == said(world.read(None))
    assert tried == [place]


def test_a_copy_that_a_run_replaces_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, copies = small(tmp_path, monkeypatch)
    plain = event_copies._begins
    leads = tmp_path / "leads.csv"
    done: list[str] = []

    def meanwhile(*what: Any) -> bool:
        if not done:
            done.append("it is replaced by that of other leads and other types")
            there, world.wanted = leads.read_text(encoding="utf-8"), {"visited": ["path"]}
            leads.write_text("\n".join(["id", *sorted(KEYS), ""]), encoding="utf-8")
            world.read(copies)
            leads.write_text(there, encoding="utf-8")
            world.wanted = WANTED
        return plain(*what)

    monkeypatch.setattr(event_copies, "_begins", meanwhile)
    assert said(world.read(replace(copies, to_write=False))) == said(world.read(None))
    assert done


def test_a_file_that_is_gone_once_it_is_read_has_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, copies = small(tmp_path, monkeypatch)
    whole, copies = said(world.read(None)), replace(copies, folder=tmp_path / "others")
    plain = event_copies.Recorder.finish

    def finish(self: event_copies.Recorder, *what: Any) -> None:
        (tmp_path / "events.csv").unlink()
        plain(self, *what)

    monkeypatch.setattr(event_copies.Recorder, "finish", finish)
    assert said(world.read(copies)) == whole
    assert list(copies.folder.glob("*.zip*")) == []


class Full:
    """A file on a disk that is full after some bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def write(self, content: bytes) -> int:
        self.room -= len(content)
        if self.room < 0:
            raise OSError(28, "No space left on device")
        written: int = self.file.write(content)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@pytest.mark.parametrize("room", [0, 100, 3_000, 10_000])
def test_a_full_disk_leaves_no_copy_and_no_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    world, copies = small(tmp_path, monkeypatch)
    whole, copies = said(world.read(None)), replace(copies, folder=tmp_path / "others")
    plain = zipfile.ZipFile.__init__

    def init(self: zipfile.ZipFile, *what: Any) -> None:
        plain(self, *what)
        self.fp = Full(self.fp, room)  # type: ignore[assignment]

    monkeypatch.setattr(zipfile.ZipFile, "__init__", init)
    assert said(world.read(copies)) == whole
    gc.collect()  # an archive that is not closed would be now, and fail
    assert list(copies.folder.glob("*.zip*")) == []


@pytest.mark.parametrize("last", ["\udcff\n", '"\n'], ids=["a byte", "a quote"])
def test_a_reading_that_is_given_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    monkeypatch.setattr(encoding, "BLOCK", 4_000)
    world, copies = small(tmp_path, monkeypatch, rows=3_000)
    copies = replace(copies, folder=tmp_path / "others")
    begun: list[Path] = []
    plain = event_copies.Recorder.__init__

    def init(self: event_copies.Recorder, *what: Any) -> None:
        begun.append(what[0])
        plain(self, *what)

    monkeypatch.setattr(event_copies.Recorder, "__init__", init)
    with (tmp_path / "events.csv").open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(last)
    world.read(copies)
    assert begun
    assert [file.name for file in copies.folder.glob("*.zip*") if file.name != "0-0.zip"] == []


def test_a_column_that_feeds_another_field_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, copies = small(tmp_path, monkeypatch)
    columns = [("path", "subject"), ("subject", "path")]
    day, other = (
        (event("visited", field("a"), field("b")), event("opened", *(replace(field(name), columns=(its,)) for name, its in zip("ab", found, strict=True))))
        for found in columns
    )  # fmt: skip
    world.wanted = {"visited": ["a", "b"], "opened": []}
    assert said(world.read(copies, day)) != said(world.read(None, other))
    assert said(world.read(copies, other)) == said(world.read(None, other))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("", "\ufeffvisit,L1,2026-03-02 10:00:00,/\n"),
        ("", "\nvisited,L1,2026-03-02 10:00:00,/\n"),
        ("", "\r\nvisited,L1,2026-03-02 10:00:00,/\r\n"),
        ("", " \n"),
        ("", "\n\n\nReport\nCopyright (c) 2000-2026 salesforce.com, inc.\n"),
        (",,,\n,,,\n", "Report,,,\nCopyright (c) 2000-2026 salesforce.com,,,\n"),
        ("", '"visited",L1,2026-03-02 10:00:00,"two\nlines"\n'),
        ("", '"visited'),
    ],
    ids=["a mark", "a blank line", "another line end", "a blank", "a footer", "a padded footer", "quotes", "a quote"],
)
def test_what_comes_first_after_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, then: str) -> None:
    world, copies = small(tmp_path, monkeypatch)
    file, copies = tmp_path / "events.csv", replace(copies, folder=tmp_path / "others")
    rows = "".join(f"visited,L1,2026-03-01 10:00:{second:02},/\n" for second in range(60))
    file.write_text(f"type,lead_id,at,path\n{rows}{first}")
    world.wanted = {"visited": ["path"]}
    world.read(copies)
    with file.open("a", encoding="utf-8", newline="") as grown:
        grown.write(then)
    assert said(world.read(replace(copies, to_write=False))) == said(world.read(None))


def test_who_is_called_as_a_blank_is_nobody_after_a_copy_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, copies = small(tmp_path, monkeypatch)
    key = "00Q5g00000C384b"
    world.leads, world.source = [key], replace(world.source, blanks=(LONG[key],))
    world.write("\n")
    whole = world.read(None)
    assert not isinstance(whole, str)
    assert whole.counts["events_rejected"]
    assert whole.counts["events_orphaned"]
    assert [said(world.read(copies)) for _ in range(3)] == [said(whole)] * 3


@pytest.mark.parametrize(("free", "kept"), [(0, []), (1 << 30, ["0-0.zip"])])
def test_a_copy_leaves_room_for_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, kept: list[str]
) -> None:
    world, copies = small(tmp_path, monkeypatch)
    copies = replace(copies, folder=tmp_path / "others")
    monkeypatch.setattr(event_copies, "disk_usage", lambda folder: SimpleNamespace(of=folder, free=free))
    world.read(copies)
    assert [file.name for file in copies.folder.glob("*.zip*")] == kept
