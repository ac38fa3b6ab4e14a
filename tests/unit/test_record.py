"""Record against state, by hand: §8 "Record and state", "Partial exports", "First sight"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.types import NUMBER, TEXT, YESNO
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, State, empty_state
from leadrules.lifecycle.record import Overlay, carried_over, from_text, overlay
from leadrules.ruleset.model import Band, BandLabel, Expr, Ruleset, Segment, Sequence, Settings, Stages

NOW, BEFORE = datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)
SETTINGS = Settings("t", "Asia/Tokyo", (1, 2, 3, 4, 5), None, (), 1, "id", "owner", "created_at", None, "cadence")
POINTS = Expr("field", NUMBER, value="points")
HEAT = Band("heat", None, 0, value=POINTS, labels=(BandLabel("hot", None, 70.0),), previous_field="heat")
LIFE = Stages("life", None, 1, labels=())


def rules(*definitions: Any) -> Ruleset:
    return Ruleset(1, SETTINGS, (), (), (), (), (), definitions)


def state(
    *leads: dict[str, Any], ruleset: Ruleset | None = None, columns: Mapping[str, pl.DataType] | None = None
) -> State:
    rows = [{"owner_changes": 0, **lead} for lead in leads]
    schema = {**LEAD_COLUMNS, **(columns or {})}
    return replace(
        empty_state(), leads=LeadColumns.of(pl.DataFrame(rows, schema=schema)), as_of=BEFORE, ruleset=ruleset
    )


def seen(leads: dict[str, list[Any]], known: State, ruleset: Ruleset | None = None, **options: Any) -> Overlay:
    frame = pl.DataFrame(leads, schema_overrides={"size": pl.Float64()} if "size" in leads else None)
    frame = frame.with_columns(pl.col("@key").alias("@join"))
    return overlay(frame, known, ruleset or rules(), Calendar("Asia/Tokyo"), NOW, **options)


def decided(**more: Any) -> dict[str, Any]:
    return {
        "key": "a",
        "owner": "sato",
        "owner_said": None,
        "assigned_at": BEFORE,
        "due_at": NOW,
        "due_route": "r",
    } | more


def test_the_decision_holds_while_the_record_says_what_it_said() -> None:
    ownerless = Segment("ownerless", None, 0, condition=Expr("is_blank", YESNO, (Expr("always", TEXT, value="owner"),)))
    found = seen({"@key": ["a"], "owner": [None]}, state(decided()), rules(ownerless))
    assert found.leads["@owner"].to_list() == ["sato"]
    assert found.table.select("owner", "assigned_at", "due_at").row(0) == ("sato", BEFORE, NOW)
    assert found.not_yet_in_crm == 1


def test_the_record_that_took_the_decision_over_is_in_the_crm() -> None:
    found = seen({"@key": ["a"], "owner": ["Ｓato"]}, state(decided()))
    assert found.table.select("owner", "owner_said", "assigned_at", "owner_changes").row(0) == (
        "sato",
        "Ｓato",
        BEFORE,
        0,
    )
    assert found.not_yet_in_crm == 0


def test_the_record_wins_once_it_says_something_else() -> None:
    found = seen({"@key": ["a"], "owner": ["lee"]}, state(decided(past_owners=["kim"])))
    table = found.table.select(
        "owner", "owner_said", "assigned_at", "due_at", "due_route", "owner_changes", "past_owners"
    )
    assert table.row(0) == ("lee", "lee", NOW, None, None, 1, ["kim", "sato"])
    assert found.not_yet_in_crm == 0
    later = seen({"@key": ["a"], "owner": [None]}, state(decided(owner_said="kim")))
    assert later.table.select("owner", "assigned_at", "owner_changes").row(0) == (None, None, 0)


def test_a_missing_column_says_nothing() -> None:
    known = state(decided(owner_said="kim", sequence="nurture", sequence_said="x", step=3, enrolled_at=BEFORE))
    found = seen({"@key": ["a"], "owner": [None]}, known, missing=["owner"])
    assert found.table.select("owner", "sequence", "step").row(0) == ("sato", "nurture", 3)
    assert found.not_yet_in_crm == 0


def test_first_sight() -> None:
    found = seen({"@key": ["n"], "owner": ["lee"], "cadence": ["nurture"]}, state(decided()))
    columns = (
        "is_new",
        "owner",
        "owner_said",
        "assigned_at",
        "owner_changes",
        "sequence",
        "sequence_said",
        "enrolled_at",
    )
    assert found.table.select(*columns).row(0) == (True, "lee", "lee", None, 0, "nurture", "nurture", None)
    assert (found.absent, found.not_yet_in_crm) == (1, 0)


def test_a_lead_that_the_record_moved_to_another_sequence_starts_anew() -> None:
    known = state({"key": "a", "sequence": "nurture", "sequence_said": "nurture", "step": 4, "version": 2,
                   "enrolled_at": BEFORE, "seq_shift": timedelta(1), "seq_wait": "outbound"})  # fmt: skip
    plans = replace(rules(), sequences=(Sequence("outbound", None, 0, steps=()),))
    found = seen({"@key": ["a"], "cadence": ["outbound"]}, known, plans).table
    assert found.select("sequence", "step", "version", "enrolled_at", "seq_shift").row(0) == (
        "outbound",
        None,
        None,
        NOW,
        None,
    )
    assert found["seq_wait"].to_list() == [None]
    assert seen({"@key": ["a"], "cadence": ["nurture"]}, known).table.select("step", "enrolled_at").row(0) == (
        4,
        BEFORE,
    )
    stopped = seen({"@key": ["a"], "cadence": [None]}, known).table
    assert stopped.select("sequence", "step", "enrolled_at").row(0) == (None, None, None)


def test_a_person_who_puts_a_lead_into_a_sequence_enrols_it() -> None:
    """It counts for `enroll once` and `enroll again after`; a lead first seen in one entered it now at the latest."""
    plans = tuple(Sequence(name, None, 0, steps=()) for name in ("nurture", "outbound"))
    known = state(
        {"key": "a"}, {"key": "b"}, {"key": "c", "enrolled:outbound": BEFORE}, columns={"enrolled:outbound": INSTANT}
    )
    record: dict[str, list[Any]] = {
        "@key": ["a", "b", "c", "n"],
        "cadence": ["Ｏutbound", "Other tool", None, "nurture"],
    }
    found = seen(record, known, replace(rules(), sequences=plans)).table
    assert found["sequence"].to_list() == ["outbound", "Other tool", None, "nurture"]
    assert found["enrolled:outbound"].to_list() == [NOW, None, BEFORE, None]
    assert found["enrolled:nurture"].to_list() == [None, None, None, NOW]
    assert found["enrolled_at"].to_list() == [NOW, None, None, None]


def test_a_set_field_shows_the_decision_until_the_record_says_something_else() -> None:
    leads = [{"key": key, "set:status": "Working", "said:status": "New"} for key in ("holds", "taken", "wins")]
    known = state(*leads, {"key": "none"}, columns={"set:status": pl.String(), "said:status": pl.String()})
    found = seen({"@key": ["holds", "taken", "wins", "none"], "status": ["new ", "WORKING", "Lost", "New"]}, known)
    assert found.leads["status"].to_list() == ["Working", "WORKING", "Lost", "New"]
    assert found.table["set:status"].to_list() == ["Working", None, None, None]
    assert found.table["said:status"].to_list() == ["New", None, None, None]
    assert found.not_yet_in_crm == 1


def test_a_set_field_has_the_type_of_the_field() -> None:
    schema = {f"{what}:{name}": pl.String() for what in ("set", "said") for name in ("size", "day", "ok", "tags")}
    lead = {"key": "a", "set:size": "10.5", "said:size": "", "set:day": "2026-04-01", "said:day": "2026-01-01",
            "set:ok": "true", "said:ok": "false", "set:tags": "", "said:tags": "x;y"}  # fmt: skip
    record: dict[str, list[Any]] = {
        "@key": ["a"],
        "size": [None],
        "day": [date(2026, 1, 1)],
        "ok": [False],
        "tags": [["x", "y"]],
    }
    found = seen(record, state(lead, columns=schema))
    assert found.leads.select("size", "day", "ok", "tags").row(0) == (10.5, date(2026, 4, 1), True, None)
    assert found.not_yet_in_crm == 4
    assert from_text(pl.Series(["2026-11-01T09:00:00+09:00"]), INSTANT).to_list() == [datetime(2026, 11, 1, tzinfo=UTC)]


def test_labels_come_from_the_state_else_from_the_field_of_their_name() -> None:
    known = state({"key": "a", "label:heat": "warm", "since:heat": BEFORE}, {"key": "b", "since:heat": BEFORE},
                  ruleset=rules(HEAT, LIFE), columns={"label:heat": pl.String(), "since:heat": INSTANT})  # fmt: skip
    record = {"@key": ["a", "b", "n"], "heat": ["hot", "hot", "hot"]}
    found = seen(record, known, rules(HEAT, LIFE)).leads
    assert found["@previous:heat"].to_list() == ["warm", None, "hot"]
    assert found["@since:life"].to_list() == [None] * 3
    assert "@since:life" not in seen(record, empty_state(), rules(LIFE), with_memory=False).leads.columns
    other = seen(record, replace(known, ruleset=rules(LIFE)), rules(HEAT)).leads
    assert other["@previous:heat"].to_list() == ["hot"] * 3


def test_leads_that_a_run_did_not_have_stay_as_they_are() -> None:
    known = state(
        decided(), {"key": "b", "owner": "lee"}, {"key": "c", "owner": "kim", "absent_since": BEFORE - timedelta(5)}
    )
    found = seen({"@key": ["n", "b"], "owner": ["x", "lee"]}, known)
    after = carried_over(known, found.table.with_columns([pl.Series("fired:t", [NOW, None], dtype=INSTANT)]))
    assert after["key"].to_list() == ["a", "b", "c", "n"]
    assert after["owner"].to_list() == ["sato", "lee", "kim", "x"]
    assert after["absent_since"].to_list() == [BEFORE, None, BEFORE - timedelta(5), None]
    assert after["fired:t"].to_list() == [None, None, None, NOW]
    assert found.absent == 2


def test_created_is_its_local_midnight() -> None:
    found = seen({"@key": ["a"], "created_at": [date(2026, 11, 1)]}, state(decided())).table
    assert found["created"].to_list() == [datetime(2026, 10, 31, 15, tzinfo=UTC)]
