"""Values that generated tests give: what the schema lets through and rules can write, and elsewhere no test, with the reason."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.workspaces import opened

from leadrules.cli.main import cli
from leadrules.review.testing import generate
from leadrules.review.testing.generate import NOT_WRITTEN, Generated, generated
from leadrules.review.testing.test_blocks import block
from leadrules.review.testing.testing import run_tests

TEXT, NUMBER, YESNO = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
DAY, MOMENT = {"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}
SOFTWARE = {"type": "string", "enum": ["Software"]}
LEAD: dict[str, Any] = {
    "id": TEXT,
    "employees": NUMBER,
    "industry": SOFTWARE,
    "renewal": DAY,
    "seen": MOMENT,
    "code": {"type": "string", "maxLength": 3},
    "phrase": {"type": "string", "minLength": 12},
}
OPENED: dict[str, Any] = {
    "amount": NUMBER,
    "paid": YESNO,
    "due": DAY,
    "until": MOMENT,
    "kind": {"type": "string", "enum": ["a", "b"]},
    "only": {"type": "string", "enum": ["a"]},
    "seats": {"type": "integer", "minimum": 100},
    "path": TEXT,
}
DOTTED = (
    "route `r.s` { `a.b`: queue nurture when employees > 5  c: queue nurture otherwise }\n"
    'sequence `s.t` { 1: day 1 call "x" when employees > 3  finish after 3 days }\n'
    "trigger `t.u` { on enter big  do enroll `s.t` }\n"
    "segment big when employees > 7\n"
)
NONE = "no lead was found"
NOT_GIVEN = "no lead was found of what a test can give"


def project(place: Path, rules: str, files: Mapping[str, str] | None = None) -> Path:
    """A project of these rules and of a lead of whom nothing is known."""
    (place / "rules").mkdir()
    texts = {
        "leadrules.yaml": "version: 1\nsources: {leads: {path: leads.csv}}\n",
        "leads.csv": "id\na1\n",
        "rules/lead.schema.json": json.dumps({"type": "object", "properties": LEAD}),
        "rules/events.schema.json": json.dumps({"properties": {"opened": {"type": "object", "properties": OPENED}}}),
        "rules/rules.lead": rules,
        **(files or {}),
    }
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    return place


def made_of(folder: Path) -> Generated:
    """The tests of a project; they are read and pass beside its rules."""
    found = generated(opened(folder))
    (folder / "rules" / "generated_test.lead").write_text(found.text, encoding="utf-8")
    workspace = opened(folder)
    assert workspace.ruleset is not None
    assert workspace.project is not None
    results = run_tests(workspace.ruleset, workspace.ruleset.tests, workspace.project)
    assert len(results) == found.count > 0
    assert [result.title for result in results if not result.passed] == []
    return found


# Rules, what the tests say, and why something is not reached.
CASES: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    # An end of the calendar.
    ("segment g when renewal < date(1, 1, 1)\n", ("given renewal = 0001-01-01",), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when renewal > date(9999, 12, 31)\n", ("given renewal = 9999-12-31",), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when renewal < 0001-01-01\n", ("given renewal = 0001-01-01",), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when seen < 0001-01-01\n", ("given seen = 0001-01-01T00:00",), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when seen <= 9999-12-31\n", ("given seen = 9999-12-31T23:59",), ()),
    ("segment g when seen > 9999-12-31\n", ("given seen = 9999-12-31T23:59",), (NOT_GIVEN,)),
    ("segment g when last(opened) < 0001-01-01\n", ("event opened at 0001-01-01T00:00",), (NONE, NONE)),
    (
        "segment g when count(opened where (due < date(1, 1, 1))) > 0\n",
        ("with due = 0001-01-01",),
        (NONE, NONE, NONE, NOT_GIVEN),
    ),
    (
        "segment g when renewal + 900 years > date(9999, 12, 31)\n",
        ("given renewal = 9099-12-31",),
        (NOT_GIVEN, NONE),
    ),
    ("segment g when today < 0001-01-03\n", ("expect not g",), (NONE,)),
    (
        "segment g when renewal != date(9999, 12, 31) and renewal is not blank\n",
        ("given renewal = 9999-12-31",),
        (),
    ),
    # What a literal cannot say, and a sequence that is not there.
    ("segment g when employees > 900_000_000_000_000\n", ("employees = 900000000000000",), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when employees < -900_000_000_000_000\n", ("employees = -900000000000000",), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when sequence is blank\n", ("expect g",), (NOT_GIVEN,)),
    ("segment g when sequence is not blank\n", ("expect not g",), (NOT_GIVEN,)),
    # Values that differ, of every type.
    ("segment g when count(opened distinct amount) > 1\n", ("amount = 1", "amount = 2"), ()),
    ("segment g when count(opened distinct paid) > 1\n", ("paid = true", "paid = false"), ()),
    ("segment g when count(opened distinct paid) > 2\n", ("expect not g",), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when count(opened distinct due) > 1\n", ("due = 2026-01-15", "due = 2026-01-16"), ()),
    ("segment g when count(opened distinct until) > 1\n", ("2026-01-15T00:00", "2026-01-16T00:00"), ()),
    ("segment g when count(opened distinct kind) > 1\n", ('kind = "a"', 'kind = "b"'), ()),
    ("segment g when count(opened distinct only) > 1\n", ('only = "a"',), (NOT_GIVEN, NOT_GIVEN)),
    ("segment g when count(opened distinct seats) > 1\n", ("seats = 100", "seats = 101"), ()),
    ("segment g when count(opened distinct path) > 1\n", ('path = "path 1"', 'path = "path 2"'), ()),
    ("segment g when sum(opened.amount distinct due) > 5\n", ("due = 2026-01-15, amount = 6",), ()),
    # What the schema lets through.
    ('segment g when domain_of(industry) = "x"\n', ("expect not g",), (NOT_GIVEN,)),
    ('segment g when code is not blank and code != "x"\n', ('code = "som"',), ()),
    ("segment g when phrase is not blank\n", ('phrase = "somethingxxx"',), ()),
    # An event that no definition tells of.
    (
        "define d = first(opened.due within 2 business days)\nsegment g when d > today\n",
        ("event opened at 2026-02-12T12:01\n  expect 1 = 1",),
        (),
    ),
    # What does not happen, in a run in which nothing does.
    (
        'trigger t { when employees >= 80  do notify "a" "b" }\n',
        ("given employees = 79\n  expect not fired trigger.t\n",),
        (),
    ),
    (
        'sequence s { 1: day 3 call "c"  pause when employees > 5 }\ntrigger t { on opened  do enroll s }\n',
        ("given employees = 6, sequence = s, step = 0, enrolled_at = 2026-02-15T12:00\n  expect sequence is s\n",),
        (),
    ),
    # Dots in names.
    ("score `a.b` { c: +1 when employees > 5 }\n", ("expect fired `a.b`.c",), ()),
    ("score a { `b.c`: +1 when employees > 5 }\n", ("expect fired a.`b.c`",), ()),
    (
        DOTTED,
        ("expect fired route.`r.s`.`a.b`", "expect fired trigger.`t.u`", "sequence = `s.t`"),
        (),
    ),
]


@pytest.mark.parametrize(("rules", "said", "why"), CASES)
def test_values_can_be_written(tmp_path: Path, rules: str, said: tuple[str, ...], why: tuple[str, ...]) -> None:
    found = made_of(project(tmp_path, rules, {"rules/team.yaml": "queues: [nurture]\n"}))
    for text in said:
        assert text in found.text
    assert tuple(reason for _, reason in found.missing) == why, found.summary


@pytest.mark.parametrize(("rows", "said"), [("", "expect not g"), ("Software,7\n", 'given industry = "software"')])
def test_a_key_of_a_table_that_the_field_may_have(tmp_path: Path, rows: str, said: str) -> None:
    rules = 'table acc from "acc.csv" key domain\nsegment g when lookup(industry, acc.size) > 1\n'
    found = made_of(project(tmp_path, rules, {"acc.csv": f"domain,size\nrival.com,5\n{rows}"}))
    assert said in found.text


def test_a_table_and_a_column_with_dots(tmp_path: Path) -> None:
    rules = 'table `a.b` from "acc.csv" key domain\nsegment g when lookup(industry, `a.b`.`the.size`) > 1\n'
    found = made_of(project(tmp_path, rules, {"acc.csv": "domain,the.size\nSoftware,7\n"}))
    assert 'given industry = "software"' in found.text


def test_a_test_that_cannot_be_written_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> str:
        """A block that does not compile where the lead has six employees, one that is no text where it has three."""
        text = block(*args)
        return text.replace("employees = 6", "employees = someone").replace("employees = 3", "employees = 007")

    monkeypatch.setattr(generate, "block", broken)
    rules = "segment g when employees > 5\nsegment h when employees < 4\n"
    found = made_of(project(tmp_path, rules))
    assert found.count > 0
    assert {why for _, why in found.missing} == {NOT_WRITTEN}
    assert any(place.endswith("g, just above 5") for place, _ in found.missing), found.summary


@pytest.mark.parametrize("condition", ["renewal < date(1, 1, 1)", "seen < 0001-01-01", "seen <= 9999-12-31"])
def test_an_end_of_the_calendar_is_explained(tmp_path: Path, condition: str) -> None:
    folder = project(tmp_path, f"segment g when {condition}\n")
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, ["explain", "a1", "g", "--as-of", "2026-03-31"], prog_name="leadrules")
    assert done.exit_code == 0, done.output
    assert "Segment g: not in" in done.output


def test_after_the_last_day_there_is_no_later_one(tmp_path: Path) -> None:
    rules = 'segment g when renewal > 9999-12-31\ntest "t" { given renewal = 2026-01-01  expect not g }\n'
    with contextlib.chdir(project(tmp_path, rules)):
        done = CliRunner().invoke(cli, ["test", "--mutate"], prog_name="leadrules")
    assert done.exit_code == 0, done.output
    assert "`>` becomes `>=`" in done.output
