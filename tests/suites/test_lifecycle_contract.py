"""Sentences of the contract on runs with a state, each as a user meets it: a small project, the program run some times, its files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.suites.running import leadrules, rows

TEXT, NUMBER, DAY, TIME = (
    {"type": "string"},
    {"type": "number"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
)
FIELDS = {
    "id": {"type": "string", "x-key": True},
    "owner": TEXT,
    "status": TEXT,
    "x": TEXT,
    "n": NUMBER,
    "d": DAY,
    "created_at": TIME,
}
EVENTS = {"form": {"type": "object", "properties": {"name": TEXT}}, "opened": {"type": "object", "properties": {}}}
TEAM = "reps:\n  a: {active: true}\n  b: {active: true}\nteams:\n  t: [a, b]\nqueues: [q]\n"
SMALL = "reps:\n  a: {active: true, capacity: {open: 2}}\n  b: {active: true}\nteams:\n  t: [a, b]\n"
CREATED = "2026-01-01T00:00:00Z"


@dataclass
class Company:
    """A project in a folder, run again and again."""

    folder: Path

    def write(self, rules: str, settings: str = "", team: str = TEAM) -> Company:
        """The project's own files."""
        (self.folder / "rules").mkdir(exist_ok=True)
        sources = "sources:\n  leads: {path: leads.csv}\n  events: [{path: events.csv}]\n"
        (self.folder / "leadrules.yaml").write_text(
            f"version: 1\nname: small\ntemplates: {{i: i.md}}\n{sources}{settings}"
        )
        (self.folder / "i.md").write_text("hello")
        (self.folder / "rules/lead.schema.json").write_text(json.dumps({"type": "object", "properties": FIELDS}))
        (self.folder / "rules/events.schema.json").write_text(json.dumps({"type": "object", "properties": EVENTS}))
        (self.folder / "rules/team.yaml").write_text(team)
        (self.folder / "rules/rules.lead").write_text(rules)
        return self

    def read(self, leads: Iterable[Mapping[str, object]], events: Iterable[Sequence[str]] = ()) -> Company:
        """The exports of a day: events as (lead, type, instant)."""
        given = [{"created_at": CREATED, **lead} for lead in leads]
        with (self.folder / "leads.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(dict.fromkeys(["id", *(name for lead in given for name in lead)])))
            table.writeheader()
            table.writerows(given)
        with (self.folder / "events.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["lead_id", "type", "at"], *events])
        return self

    def run(self, as_of: str | None, *options: str, code: int = 0) -> str:
        """One run; its words."""
        at = [] if as_of is None else ["--as-of", as_of]
        done = leadrules("run", "--project", self.folder, "--out", self.folder / "out", *at, *options)
        assert done.exit_code == code, done.output
        return done.output

    def decided(self, column: str) -> dict[str, str]:
        """A column of decisions.csv by lead."""
        return {row["id"]: row[column] for row in rows(self.folder / "out/decisions.csv")}

    def actions(self, name: str = "actions") -> list[str]:
        """The actions, or what was withheld, in a few words each."""
        shown = ("key", "kind", "what", "value", "reason")
        found = rows(self.folder / "out" / f"{name}.csv")
        return [" ".join(row[part] for part in shown if row.get(part)) for row in found]


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """An empty folder to write a project into."""
    return Company(tmp_path)


def test_rules_that_define_nothing_run(company: Company) -> None:
    company.write('trigger t { on form do notify "d" "f" }').read([{"id": "1"}], [("1", "form", "2026-03-09T12:00Z")])
    company.run("2026-03-10")
    assert company.actions() == ["1 notify d f"]


def test_a_field_that_open_leads_alone_looks_at_is_read(company: Company) -> None:
    company.write("route s { t: team t otherwise }", "open_leads: \"status != 'Closed'\"\n".replace("'", '\\"'), SMALL)
    held = [{"id": "1", "owner": "a", "status": "Open"}, {"id": "2", "owner": "a", "status": "Closed"}]
    company.read([*held, *({"id": str(n), "status": "New"} for n in (3, 4, 5))]).run("2026-03-10")
    assert company.decided("owner") == {"1": "a", "2": "a", "3": "a", "4": "b", "5": "b"}


def test_backfill_fires_a_new_condition_for_who_meets_it_already(company: Company) -> None:
    first = 'trigger t { on form do notify "d" "f" }\n'
    company.write(first).read([{"id": "1", "x": "k"}, {"id": "2", "x": "z"}]).run("2026-03-10")
    more = (
        'trigger a { when x = "k" do notify "d" "quiet" }\ntrigger b { when x = "k" do notify "d" "loud" backfill }\n'
    )
    company.write(first + more).run("2026-03-11")
    assert company.actions() == ["1 notify d loud"]
    company.run("2026-03-12")
    assert company.actions() == []


def test_a_leap_of_as_of_stops_also_where_it_was_given(company: Company) -> None:
    company.write('trigger t { on form do notify "d" "f" }', "guards: {jump: 45 days}\n").read([{"id": "1"}])
    company.run("2026-03-01")
    company.run("2026-04-15")
    assert "jump: 45 days" in company.run("2026-05-31", code=1)
    company.run("2026-05-31", "--force")


def test_a_leap_of_as_of_names_the_row(company: Company) -> None:
    company.write('trigger t { on form do notify "d" "f" }', "guards: {jump: 45 days}\n").read([{"id": "1"}])
    company.run("2026-03-01")
    company.read([{"id": "1"}, {"id": "2"}], [("2", "form", "2062-03-01T00:00Z")])
    assert "the newest event in events.csv:2, of lead 2" in company.run(None, code=1)


def test_a_plan_of_rules_without_numbers(company: Company) -> None:
    company.write('stages st { b: when x = "b"  a: otherwise }').read([{"id": "1", "x": "b"}, {"id": "2", "x": ""}])
    done = leadrules("plan", "--project", company.folder, "--as-of", "2026-03-10")
    assert (done.exit_code, "st" in done.output) == (0, True)
