"""A lead finishes the steps it was enrolled with, whatever is edited meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.example_project import compiled
from tests.laws.product import Product, rows_of
from tests.laws.small_company import company, event, lead, moment
from tests.sequence_world import World, applied, tokyo

from leadrules.lifecycle.cadence.riders import migrated
from leadrules.lifecycle.cadence.versions import version_text
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.state.next_state import undo_of
from leadrules.project.model import EventType, Project

OLD = 'sequence s { 1: day 1 call "Old one"  2: day 3 call "Old two" finish after 2 days on finish do set status = "New" }'
NEW = 'sequence s { 1: day 1 call "New one"  2: day 2 call "New two" }'


def entered(rules: str, **fields: object) -> World:
    """One lead in `s` since Monday 2 November, 10:00."""
    world = World(rules, {"a": fields})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    return world


def test_the_text_of_a_version_is_what_leads_go_by() -> None:
    """Layout, titles, limits of entry and other rules change nothing in it; a step does."""
    texts = [
        version_text(ruleset, ruleset.sequences[-1])
        for ruleset in map(
            compiled,
            (
                "sequence s { 1: day 1 call exit when did email_replied since enrolled_at }",
                """define n = count(page_viewed)
sequence s "T" {
  1: day 1 call
  enroll at most 5 per day
  enroll once
  exit when did email_replied since enrolled_at
}""",
                "sequence s { 1: day 2 call exit when did email_replied since enrolled_at }",
            ),
        )
    ]
    assert texts[0] == texts[1] != texts[2]
    assert json.loads(texts[0])["sequences"][0]["name"] == "s"


def test_an_edit_does_not_disturb_who_is_in_it() -> None:
    """Old steps and finish for the old lead, new ones for a new lead; the old version's number stays."""
    world = entered(OLD)
    world.rules = NEW
    world.fields["b"] = {}
    ran = world.run(tokyo("2026-11-03T10:00"), [("b", "enroll", "s")])
    assert [row[:3] for row in ran.rows()] == [("b", "enroll", "s"), ("b", "call", "New one")]
    assert (world.of("a", "version"), world.of("b", "version")) == (1, 2)
    ran = world.run(tokyo("2026-11-04T10:00"))
    assert [row[:3] for row in ran.rows()] == [("a", "call", "Old two"), ("b", "stop", "s"), ("b", "call", "New two")]
    ran = world.run(tokyo("2026-11-06T10:00"))
    assert ran.rows() == [("a", "stop", "s", "sequence.s.finish")]
    assert [one.kind for one in ran.progress.plans["s", 1].on_finish] == ["set"]


def test_an_edit_that_is_taken_back_is_the_version_it_was() -> None:
    """No new version for what the state has."""
    world = entered(OLD)
    world.rules = NEW
    world.fields |= {"b": {}, "c": {}}
    world.run(tokyo("2026-11-03T10:00"), [("b", "enroll", "s")])
    world.rules = OLD
    world.run(tokyo("2026-11-03T11:00"), [("c", "enroll", "s")])
    assert [world.of(key, "version") for key in "abc"] == [1, 2, 1]
    assert world.state.versions.select("sequence", "version").rows() == [("s", 1), ("s", 2)]


def test_a_deleted_sequence_is_finished_by_its_kept_text() -> None:
    """Its steps, its exit, its end; nobody can enter it."""
    world = entered(OLD)
    world.rules = "sequence other { 1: day 1 call }"
    world.fields["b"] = {}
    ran = world.run(tokyo("2026-11-04T10:00"), [("b", "enroll", "s")])
    assert ran.refused == ["no such sequence"]
    assert [row[:3] for row in ran.rows()] == [("a", "call", "Old two")]
    assert world.run(tokyo("2026-11-06T10:00")).rows() == [("a", "stop", "s", "sequence.s.finish")]


def test_a_kept_exit_reads_events_that_no_rule_reads_today() -> None:
    """The run delivers what the version needs; today's rules have other aggregates."""
    world = entered("sequence s { 1: day 9 call exit when did email_replied since enrolled_at and opted_out }")
    world.rules = "define a = count(call_made)\ndefine b = count(page_viewed)\n" + NEW
    world.fields["a"] = {"opted_out": True}
    assert world.run(tokyo("2026-11-03T10:00")).rows() == []
    world.events.append(("a", "email_replied", tokyo("2026-11-03T11:00"), {}))
    assert world.run(tokyo("2026-11-04T10:00")).rows() == [("a", "stop", "s", "sequence.s.exit")]


def test_a_kept_finish_knows_what_the_record_says_of_the_field_it_sets(tmp_path: Path) -> None:
    """No rule of today looks at the status: the way back is what the record says, and a `set` of what is there no action."""
    rules = "sequence s {{ 1: day 1 call  {} }}\ntrigger go {{ on form_submitted  do enroll s }}"
    own = company(tmp_path, rules.format('on finish do set status = "Nurturing"'))
    product = Product(own)
    leads = [lead("a", status="Working"), lead("b", status="Nurturing")]
    events = [event(key, "form_submitted", "2026-06-05T08:00") for key in "ab"]
    product.run(moment("2026-06-05T09:00"), leads, events)
    product.company = company(tmp_path, rules.format("finish after 1 day"))
    outcome = product.run(moment("2026-06-06T09:00"), leads, events)
    done = [(row.key, row.kind, row.value) for row in rows_of(outcome) if row.kind == "set"]
    assert done == [("a", "set", "Nurturing")]
    back = undo_of(outcome).filter(pl.col("field") == "status")
    assert back.select("key", "old", "new").rows() == [("a", "Working", "Nurturing")]


def test_definitions_are_todays() -> None:
    """The exit of the version names a segment: its condition is what it is now."""
    rules = 'segment out when status = "Customer"\nsequence s { 1: day 9 call exit when out }'
    world = entered(rules, status="Recycled")
    world.rules = 'segment out when status = "Recycled"\n' + NEW
    assert world.run(tokyo("2026-11-03T10:00")).rows() == [("a", "stop", "s", "sequence.s.exit")]


@pytest.mark.parametrize(
    "condition",
    [
        "out",
        "total > 0",
        "title in rivals",
        "title contains any rivals",
        "did page_viewed",
        'did page_viewed where (path starts with "/") or first(page_viewed.path) is not blank',
        "count(page_viewed) > 0",
        "lead_source is not blank and bought",
    ],
)
def test_what_is_gone_is_blank(condition: str) -> None:
    """A condition on a definition, list, event or field that is no longer there does not hold, and stops no run."""
    rules = f"""list rivals = ["x"]
segment out when title = "x"
segment bought when title = "x"
define total = employees
sequence s {{ 1: day 9 call exit when {condition} }}"""
    world = entered(rules, title="x", employees=1)
    world.rules = 'define bought = "yes"\n' + NEW
    world.project = _without(world.project, "page_viewed", "lead_source")
    assert world.run(tokyo("2026-11-03T10:00")).rows() == []
    assert world.of("a", "sequence") == "s"


@pytest.mark.parametrize(
    ("before", "after", "condition"),
    [
        ('["x"]', "[1]", "title in known"),
        ('["x"]', "[1]", "title contains any known"),
        ('["x"]', "[1]", "did page_viewed where (path in known)"),
        ("[1]", '["1"]', "employees in known"),
    ],
)
def test_a_list_of_other_values_holds_none_of_those_that_a_version_looks_for(
    before: str, after: str, condition: str
) -> None:
    """As a list that is gone: the condition does not hold, and stops no run."""
    world = entered(
        f"list known = {before}\nsequence s {{ 1: day 9 call exit when {condition} }}", title="x", employees=1
    )
    world.rules = f"list known = {after}\n{NEW}"
    assert world.run(tokyo("2026-11-03T10:00")).rows() == []
    assert world.of("a", "sequence") == "s"


@pytest.mark.parametrize("left", ["", "define letter = 5", "segment letter when employees > 1"])
def test_a_template_by_what_is_gone_is_blank(left: str) -> None:
    """The step goes out, by no template: not by the enrolment's, for it named one of its own."""
    rules = """classify letter { intro: when employees > 1  thanks: otherwise }
sequence s { 1: day 2 email "Hello" template by letter }"""
    world = World(rules, {"a": {"employees": 5}})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s", None, "thanks")])
    world.rules = f"{left}\n{NEW}"
    [sent] = world.run(tokyo("2026-11-03T10:00")).due.actions.filter(kind="email").iter_rows(named=True)
    assert (sent["what"], sent["template"]) == ("Hello", None)


def _without(project: Project, event: str, field: str) -> Project:
    """The project without one event type and one field."""
    kept: tuple[EventType, ...] = tuple(one for one in project.event_schema if one.name != event)
    fields = tuple(one for one in project.lead_schema.fields if one.name != field)
    return replace(project, event_schema=kept, lead_schema=replace(project.lead_schema, fields=fields))


def test_migrate_takes_leads_to_the_form_of_today() -> None:
    """They go on with the step after the last that passed."""
    world = entered(OLD)
    world.rules = NEW
    tick = world.tick(tokyo("2026-11-02T11:00"))
    changes, versions = migrated(tick, "s")
    assert changes.select("lead_row", "version").rows() == [(0, 2)]
    after = applied(tick.leads, [changes]).drop("lead_row")
    world.state = replace(world.state, leads=after, versions=world.state.versions.vstack(versions))
    ran = world.run(tokyo("2026-11-03T10:00"))
    assert [row[:3] for row in ran.rows()] == [("a", "stop", "s"), ("a", "call", "New two")]


def test_migrate_keeps_the_pauses() -> None:
    """A week of pause still counts after the change."""
    world = entered("sequence s { 1: day 1 call  2: day 9 call pause when opted_out }")
    for day, paused in ((3, True), (10, False)):
        world.fields["a"]["opted_out"] = paused
        world.run(tokyo(f"2026-11-{day:02}T10:00"))
    world.rules = NEW
    tick = world.tick(tokyo("2026-11-10T11:00"))
    changes, versions = migrated(tick, "s")
    world.state = replace(
        world.state,
        leads=applied(tick.leads, [changes]).drop("lead_row"),
        versions=world.state.versions.vstack(versions),
    )
    assert world.run(tokyo("2026-11-10T12:00")).due_at("sequence.s.2") == ["2026-11-10 10:00"]


def test_migrate_to_fewer_steps_finishes_at_the_times_of_today() -> None:
    """The last step has passed; when it was due counts, not when steps were that a pause moved and that are no more."""
    steps = "1: day 1 call  2: day 9 call  3: day 20 call"
    world = entered(f"sequence s {{ {steps} pause when opted_out finish after 1 day }}")
    for day, paused in ((3, True), (10, False)):
        world.fields["a"]["opted_out"] = paused
        world.run(tokyo(f"2026-11-{day:02}T10:00"))
    world.rules = "sequence s { 1: day 1 call finish after 2 days }"
    tick = world.tick(tokyo("2026-11-10T11:00"))
    changes, versions = migrated(tick, "s")
    after = applied(tick.leads, [changes]).drop("lead_row")
    world.state = replace(world.state, leads=after, versions=world.state.versions.vstack(versions))
    assert world.run(tokyo("2026-11-11T09:00")).rows() == []
    assert [row[:3] for row in world.run(tokyo("2026-11-11T10:00")).rows()] == [("a", "stop", "s")]


def test_migrate_leaves_alone_who_is_in_it_by_the_record() -> None:
    """Such a lead goes by today's form from the next run on, which then knows since when."""
    world = entered(OLD)
    leads = LeadColumns.of(world.state.leads.frame.with_columns(version=None, enrolled_at=None))
    world.state = replace(world.state, leads=leads)
    changes, _ = migrated(world.tick(tokyo("2026-11-02T11:00")), "s")
    assert changes.is_empty()
