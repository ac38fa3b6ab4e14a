"""Duplicates against hand-worked cases and a plain loop."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import polars as pl
import pytest

from leadrules.core.text import fold
from leadrules.engine.duplicates import duplicate_of


def leads(*rows: tuple[str, str | None, date | None]) -> pl.DataFrame:
    schema = {"@key": pl.String, "email": pl.String, "created_at": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_the_oldest_is_kept_and_the_others_get_its_key() -> None:
    frame = leads(
        ("L3", "Jane@ACME.com", date(2026, 1, 3)),
        ("L1", "ｊａｎｅ@acme.com", date(2026, 1, 2)),
        ("L2", "bob@acme.com", date(2026, 1, 1)),
        ("L4", "jane@acme.com", None),
    )
    found = duplicate_of(frame, ["email"], "oldest", "created_at", "@key")
    assert found.to_list() == ["L1", None, None, "L1"]
    assert duplicate_of(frame, ["email"], "newest", "created_at", "@key").to_list() == [None, "L3", None, "L3"]


def test_a_blank_is_like_nothing() -> None:
    frame = leads(("a", None, None), ("b", None, None), ("c", "x@y.z", None), ("d", "x@y.z", None))
    assert duplicate_of(frame, ["email"], "oldest", "created_at", "@key").to_list() == [None, None, None, "c"]


def test_ties_and_blank_dates_go_by_key() -> None:
    day = date(2026, 1, 1)
    frame = leads(("z", "a@b.c", day), ("y", "a@b.c", day), ("x", "a@b.c", None))
    assert duplicate_of(frame, ["email"], "oldest", "created_at", "@key").to_list() == ["y", None, "y"]
    assert duplicate_of(frame, ["email"], "oldest", None, "@key").to_list() == ["x", "x", None]


def test_nothing_in_nothing_out() -> None:
    assert duplicate_of(leads(), ["email"], "oldest", "created_at", "@key").to_list() == []


@pytest.mark.parametrize("keep", ["oldest", "newest"])
def test_against_a_plain_loop(keep: str) -> None:
    rng = random.Random(7)
    rows: list[dict[str, Any]] = [
        {
            "@key": f"K{number:03}",
            "email": rng.choice([None, "A@b.c", "a@B.C ", "x@y.z", "ａ@b.c"]),
            "phone": rng.choice([None, 1.0, 2.0]),
            "created_at": rng.choice([None, date(2026, 1, 1), date(2026, 1, 2)]),
        }
        for number in range(200)
    ]
    rng.shuffle(rows)

    def rank(row: dict[str, Any]) -> tuple[bool, int, str]:
        created = row["created_at"]
        return (
            created is None,
            0 if created is None else created.toordinal() * (-1 if keep == "newest" else 1),
            row["@key"],
        )

    groups: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for row in rows:
        if row["email"] is not None and row["phone"] is not None:
            groups.setdefault((fold(row["email"]), row["phone"]), []).append(row)
    kept = {row["@key"]: min(group, key=rank)["@key"] for group in groups.values() for row in group}
    expected = [other if (other := kept.get(row["@key"])) != row["@key"] else None for row in rows]
    frame = pl.DataFrame(
        rows, schema={"@key": pl.String, "email": pl.String, "phone": pl.Float64, "created_at": pl.Date}
    )
    assert duplicate_of(frame, ["email", "phone"], keep, "created_at", "@key").to_list() == expected
