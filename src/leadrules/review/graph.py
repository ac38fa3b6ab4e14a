"""What of a ruleset reads what.

In: a compiled ruleset. Out: a `Diagram`: fields, events and lists, then terms, scores, labels, segments, triggers, and what
they set going. An arrow goes from what is read to what reads it; a dashed one from what acts to what it acts on. Tests
are left out: they read everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leadrules.ruleset.model import (
    Action,
    Define,
    Definition,
    EventFilter,
    Expr,
    Matrix,
    On,
    Placed,
    Route,
    Ruleset,
    Score,
    Segment,
    Template,
)
from leadrules.ruleset.walk import below, looked_up
from leadrules.show.diagram import Arrow, Box, Diagram

COLUMNS = (
    "Fields, events, lists",
    "Terms",
    "Scores",
    "Sums",
    "Bands, classes, stages",
    "Segments",
    "Triggers",
    "Routes, sequences, promises",
    "Measures",
)
INPUT, TERM, SCORE, SUM, LABEL, SEGMENT, TRIGGER, ACTING, MEASURE = range(len(COLUMNS))
_LISTED = ("in", "contains", "starts", "ends", "has")


def graph(ruleset: Ruleset) -> Diagram:
    """The whole ruleset."""
    boxes = [*_rules(ruleset)]
    known = {box.key for box, _ in boxes}
    arrows = [arrow for box, part in boxes for arrow in _arrows(box.key, part, ruleset)]
    inputs = {key for arrow in arrows for key in (arrow.start, arrow.end) if key not in known}
    read = [box for box in _inputs(ruleset) if box.key in inputs]
    drawn = known | {box.key for box in read}
    kept = (a for a in dict.fromkeys(arrows) if a.start in drawn and a.end in drawn and a.start != a.end)
    return Diagram(COLUMNS, (*read, *(box for box, _ in boxes)), tuple(kept))


def named(diagram: Diagram, word: str) -> frozenset[str]:
    """The boxes that a word means: `fit`, or with its kind `trigger.inquiry`; a field only where nothing else has the name."""
    exact = frozenset(box.key for box in diagram.boxes if box.key == word)
    found = [box for box in diagram.boxes if box.name == word]
    rules = [box for box in found if box.kind != "field"]
    return exact or frozenset(box.key for box in rules or found)


def _inputs(ruleset: Ruleset) -> Iterator[Box]:
    for name in dict.fromkeys([name for name, _ in ruleset.fields] + _set_fields(ruleset)):
        yield Box(f"field.{name}", "field", name, INPUT, f"field {name}")
    for name, _ in ruleset.event_fields:
        yield Box(f"event.{name}", "event", name, INPUT, f"event {name}")
    for one in ruleset.lists:
        yield Box(f"list.{one.name}", "list", one.name, INPUT, f"list {one.name}")
    for table in ruleset.tables:
        yield Box(f"table.{table.name}", "table", table.name, INPUT, f"table {table.name}")


def _set_fields(ruleset: Ruleset) -> list[str]:
    """Fields that rules fill, read or not."""
    acting = (*ruleset.triggers, *ruleset.sequences)
    sets = [part.field for one in acting for part in below(one, ruleset) if isinstance(part, Action)]
    return [name for name in (*sets, *(route.sets for route in ruleset.routes)) if name is not None]


def _rules(ruleset: Ruleset) -> Iterator[tuple[Box, Placed]]:
    """Every rule with its box, in declaration order by kind."""
    late = _late_terms(ruleset)
    for one in ruleset.declared:
        kind = type(one).__name__.lower()
        yield _rule(_key(one.name), kind, one.name, _column(one, late), one.title), one
    for trigger in ruleset.triggers:
        yield _rule(f"trigger.{trigger.name}", "trigger", trigger.name, TRIGGER, trigger.title), trigger
    for route in ruleset.routes:
        yield _rule(f"route.{route.name}", "route", route.name, ACTING, route.title), route
    for sequence in ruleset.sequences:
        yield _rule(f"sequence.{sequence.name}", "sequence", sequence.name, ACTING, sequence.title), sequence
    for at, condition in enumerate((*ruleset.exits, *ruleset.suppressions), start=1):
        kind = "suppress" if condition.channel else "exit"
        name = f"suppress {condition.channel}" if condition.channel else "exit all"
        yield Box(f"{kind}.{at}", kind, name, ACTING, name), condition
    for promise in ruleset.asserts:
        yield _rule(f"assert.{promise.name}", "assert", promise.name, ACTING, promise.title), promise
    for funnel in ruleset.funnels:
        yield _rule(f"funnel.{funnel.name}", "funnel", funnel.name, MEASURE, funnel.title), funnel
    for goal in ruleset.goals:
        yield _rule(f"goal.{goal.name}", "goal", goal.name, MEASURE, goal.title), goal


def _key(definition: str) -> str:
    """The key of a definition: its name. One with a dot could be the key of another box: those begin with their kind."""
    return f"definition.{definition}" if "." in definition else definition


def _rule(key: str, kind: str, name: str, column: int, title: str | None) -> Box:
    return Box(key, kind, name, column, f"{kind} {name}{f': {title}' if title else ''}")


def _column(one: Definition, late: frozenset[str]) -> int:
    if isinstance(one, Define):
        return SUM if one.name in late else TERM
    return SCORE if isinstance(one, Score) else SEGMENT if isinstance(one, Segment) else LABEL


def _late_terms(ruleset: Ruleset) -> frozenset[str]:
    """The terms that stand on a score or a label, directly or through others: they come after those."""
    late: set[str] = set()
    for one in ruleset.definitions:  # in dependency order
        if isinstance(one, Define):
            read = {part.value for part in below(one, ruleset) if isinstance(part, Expr) and part.op == "name"}
            if read & late:
                late.add(one.name)
        elif not isinstance(one, Segment):
            late.add(one.name)
    return frozenset(late)


def _arrows(key: str, part: Placed, ruleset: Ruleset) -> Iterator[Arrow]:
    """What a rule reads, and what it sets going."""
    if isinstance(part, Route) and part.sets is not None:
        yield Arrow(key, f"field.{part.sets}", dashed=True)
    for child in below(part, ruleset):
        yield from (Arrow(read, key) for read in _read(child, ruleset))
        if isinstance(child, Action):
            yield from (Arrow(key, acted, dashed=True) for acted in _acted(child))


def _read(part: Any, ruleset: Ruleset) -> Iterator[str]:
    """The boxes that one part of a rule reads itself."""
    if isinstance(part, Expr):
        yield from _named_in(part, ruleset)
    elif isinstance(part, EventFilter):
        yield from (f"event.{name}" for name in part.types)
    elif isinstance(part, Matrix):
        yield from (_key(part.rows_of), _key(part.columns_of))
    elif isinstance(part, Template | Action) and part.by is not None:
        yield _key(part.by)
    elif isinstance(part, On) and part.name is not None:
        kinds = {"finish": f"sequence.{part.name}", "overdue": f"route.{part.name}"}
        yield kinds.get(part.kind, _key(part.name))


def _named_in(expr: Expr, ruleset: Ruleset) -> Iterator[str]:
    if expr.op == "field":
        yield f"field.{expr.value}"
    elif expr.op in ("name", "previous", "since_of"):
        yield _key(expr.value)
    elif expr.op in _LISTED and expr.value is not None:
        yield f"list.{expr.value}"
    elif expr.op == "in_table":
        yield f"table.{expr.value}"
    elif expr.op == "lookup":
        yield f"table.{looked_up(expr.value, ruleset.tables)[0].name}"


def _acted(action: Action) -> Iterator[str]:
    """What an action sets going."""
    if action.sequence is not None:
        yield f"sequence.{action.sequence}"
    if action.route is not None:
        yield f"route.{action.route}"
    if action.field is not None:
        yield f"field.{action.field}"
