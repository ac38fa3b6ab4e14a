"""What a ruleset needs, and in which order it can be worked out.

In: a ruleset. Out: the lead and event fields that the readers must deliver, and levels: definitions, aggregates and
`each` rules such that each level looks only at earlier ones, so that a level is worked out in one go.
Reads no data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain

from leadrules.core.records import dataclass
from leadrules.ruleset.model import (
    Aggregate,
    Band,
    Classify,
    Define,
    Definition,
    Duration,
    Each,
    EventFilter,
    Expr,
    Matrix,
    Ruleset,
    Score,
    ScoreRule,
    Segment,
    Stages,
)

_DAY = timedelta(days=1)
# The longest that each unit can be; business days can be any number of days.
_LONGEST = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": _DAY, "weeks": 7 * _DAY,
            "months": 31 * _DAY, "quarters": 92 * _DAY, "years": 366 * _DAY}  # fmt: skip
_CLOCK_CHANGES = 2 * _DAY
Node = tuple[str, str]  # ("define", name), ("aggregate", index), ("each", score.rule)


@dataclass(frozen=True, slots=True)
class Needed:
    """What the readers must deliver. In `ordered_types` the order of two events at one instant can change an answer."""

    lead_fields: tuple[str, ...]
    event_fields: dict[str, tuple[str, ...]]
    ordered_types: frozenset[str]


def needed(ruleset: Ruleset) -> Needed:
    """The lead fields, the event types with their fields, and the types whose ties matter."""
    events = {event: tuple(name for name, _ in fields) for event, fields in ruleset.event_fields}
    for selection in filters(ruleset):
        for type_ in selection.types:
            events.setdefault(type_, ())
    ordered = {one for aggregate in ruleset.aggregates if ties_matter(aggregate) for one in aggregate.filter.types}
    listened = [trigger.on.filter for trigger in ruleset.triggers if trigger.on.filter is not None]
    ordered |= {one for selection in listened if selection.distinct is not None for one in selection.types}
    return Needed(tuple(name for name, _ in ruleset.fields), events, frozenset(ordered))


def reach(ruleset: Ruleset, heard: timedelta | None = None, *earlier: Ruleset) -> dict[str, timedelta]:
    """How far back from `as of` the rules, or `earlier` ones, see events of each type, at the most.

    A type that is not named here is seen from its first event on. Triggers hear events no older than `heard`, but those
    that say `backfill`; None: as far back as their filters let.
    """
    found: dict[str, timedelta | None] = {}
    for selection, length in chain.from_iterable(_seen(one, heard) for one in (ruleset, *earlier)):
        for type_ in selection.types:
            before = found.get(type_, timedelta())
            found[type_] = None if before is None or length is None else max(before, length)
    return {type_: length for type_, length in found.items() if length is not None}


def _seen(ruleset: Ruleset, heard: timedelta | None) -> Iterator[tuple[EventFilter, timedelta | None]]:
    """Every filter, and how far back it looks; None: to the first event."""
    for selection in _filters_of_facts(ruleset):
        yield selection, at_most(selection.within)
    for trigger in ruleset.triggers:
        if trigger.on.filter is not None:
            is_near = heard is not None and not trigger.backfill
            yield trigger.on.filter, heard if is_near else at_most(trigger.on.filter.within)


def at_most(length: Duration | None) -> timedelta | None:
    """The longest that a length of time can be, and a bit; None: nobody knows."""
    if length is None or length.unit not in _LONGEST:
        return None
    try:
        return length.count * _LONGEST[length.unit] + _CLOCK_CHANGES
    except OverflowError:
        return None


def ties_matter(aggregate: Aggregate) -> bool:
    """Whether the order of two events at one instant can change the answer.

    It can where a field of one chosen event is read: of the first or last, or of the one that stands for its
    `distinct` value.
    """
    if aggregate.field in (None, "at"):
        return False
    return aggregate.function in ("first", "last") or aggregate.filter.distinct is not None


def filters(ruleset: Ruleset) -> Iterator[EventFilter]:
    """Every event filter of the ruleset."""
    yield from _filters_of_facts(ruleset)
    yield from (trigger.on.filter for trigger in ruleset.triggers if trigger.on.filter is not None)


def _filters_of_facts(ruleset: Ruleset) -> Iterator[EventFilter]:
    yield from (aggregate.filter for aggregate in ruleset.aggregates)
    for definition in ruleset.definitions:
        if isinstance(definition, Score):
            yield from (rule.each.filter for rule in definition.rules if rule.each is not None)


# -- what an expression looks at ------------------------------------------------------------------------------------


def leaves(expression: Expr | None) -> Iterator[Expr]:
    """The parts of an expression that have no parts."""
    pending = [] if expression is None else [expression]
    while pending:
        part = pending.pop()
        if part.args:
            pending.extend(part.args)
        else:
            yield part


def filter_expressions(selection: EventFilter) -> tuple[Expr, ...]:
    """The expressions inside an event filter."""
    return tuple(part for part in (selection.where, selection.since) if part is not None)


def own_expressions(definition: Definition) -> Iterator[Expr]:
    """The expressions of a definition that look at the lead; those of its `each` filters are theirs."""
    match definition:
        case Define():
            yield definition.value
        case Segment():
            yield definition.condition
        case Score():
            for rule in definition.rules:
                yield rule.points
                if rule.when is not None:
                    yield rule.when
        case Band():
            yield definition.value
        case Classify() | Stages():
            yield from (label.condition for label in definition.labels if label.condition is not None)
            if isinstance(definition, Stages) and definition.unless is not None:
                yield definition.unless


def each_node(score: str, rule: ScoreRule) -> Node:
    """The node of an `each` rule's events."""
    return ("each", f"{score}.{rule.name}")


def is_weighted(each: Each | None) -> bool:
    """Whether the events of a rule have weights."""
    return each is not None and (each.halving is not None or each.fading is not None)


# -- levels -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Level:
    """What can be worked out together: the aggregates and `each` rules first, then the definitions."""

    aggregates: tuple[int, ...]
    each: tuple[tuple[str, ScoreRule], ...]
    definitions: tuple[Definition, ...]


def levels(ruleset: Ruleset, wanted: Iterable[str] | None = None) -> tuple[Level, ...]:
    """Everything (or what the named definitions need), level by level."""
    nodes = _Nodes(ruleset)
    if wanted is None:
        roots: list[Node] = [("aggregate", str(number)) for number in range(len(ruleset.aggregates))]
        roots += [("define", definition.name) for definition in ruleset.definitions]
    else:
        roots = [("define", name) for name in wanted]
    depths = nodes.depths(roots)
    by_depth: dict[int, list[Node]] = {}
    for node, depth in depths.items():
        by_depth.setdefault(depth, []).append(node)
    return tuple(nodes.level(by_depth[depth]) for depth in sorted(by_depth))


class _Nodes:
    """The graph of what looks at what."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.definitions = {definition.name: definition for definition in ruleset.definitions}
        self.each = {
            each_node(score.name, rule): (score.name, rule)
            for score in ruleset.definitions
            if isinstance(score, Score)
            for rule in score.rules
            if rule.each is not None
        }

    def needs(self, node: Node) -> tuple[Node, ...]:
        """The nodes that a node looks at."""
        kind, name = node
        if kind == "aggregate":
            found = self._of_filter(self.ruleset.aggregates[int(name)].filter)
        elif kind == "each":
            rule = self.each[node][1]
            assert rule.each is not None
            found = self._of_filter(rule.each.filter)
            if is_weighted(rule.each):
                found += self._of(rule.points)
        else:
            found = self._of_definition(self.definitions[name])
        return tuple(dict.fromkeys(found))

    def _of_definition(self, definition: Definition) -> list[Node]:
        found = [node for expression in own_expressions(definition) for node in self._of(expression)]
        if isinstance(definition, Matrix):
            found += [("define", definition.rows_of), ("define", definition.columns_of)]
        if isinstance(definition, Score):
            found += [each_node(definition.name, rule) for rule in definition.rules if rule.each is not None]
        return found

    def _of_filter(self, selection: EventFilter) -> list[Node]:
        return [node for expression in filter_expressions(selection) for node in self._of(expression)]

    def _of(self, expression: Expr) -> list[Node]:
        found: list[Node] = []
        for leaf in leaves(expression):
            if leaf.op in ("aggregate", "did"):
                found.append(("aggregate", str(leaf.value)))
            elif leaf.op in ("name", "since_of"):
                found.append(("define", str(leaf.value)))
        return found

    def depths(self, roots: Iterable[Node]) -> dict[Node, int]:
        """How deep each node stands that the roots reach; a definition counts after its level's events."""
        depths: dict[Node, int] = {}
        needs: dict[Node, tuple[Node, ...]] = {}
        pending = list(roots)[::-1]
        while pending:
            node = pending[-1]
            if node in depths:
                pending.pop()
                continue
            if node not in needs:
                needs[node] = self.needs(node)
            missing = [need for need in needs[node] if need not in depths]
            if missing:
                pending.extend(missing)
                continue
            pending.pop()
            depths[node] = max((self._after(node, need, depths[need]) for need in needs[node]), default=0)
        return depths

    @staticmethod
    def _after(node: Node, need: Node, depth: int) -> int:
        """A definition may stand on the level of the events it looks at; everything else comes a level later."""
        return depth if node[0] == "define" and need[0] != "define" else depth + 1

    def level(self, nodes: Iterable[Node]) -> Level:
        """Nodes as a level."""
        together = list(nodes)
        return Level(
            tuple(sorted(int(name) for kind, name in together if kind == "aggregate")),
            tuple(self.each[node] for node in together if node[0] == "each"),
            tuple(self.definitions[name] for kind, name in together if kind == "define"),
        )


def aggregates_reading(ruleset: Ruleset, inputs: Iterable[str]) -> list[int]:
    """The aggregates that look at these inputs (`@owner`, `@sequence`), directly or through other aggregates, each
    after those that it looks at."""
    nodes = _Nodes(ruleset)
    names = set(inputs)
    touched: set[Node] = set()
    roots: list[Node] = [("aggregate", str(number)) for number in range(len(ruleset.aggregates))]
    for node, _ in sorted(nodes.depths(roots).items(), key=lambda item: item[1]):
        if node[0] == "aggregate":
            expressions = filter_expressions(ruleset.aggregates[int(node[1])].filter)
            read = {_input(leaf) for expression in expressions for leaf in leaves(expression)}
            if names & read or touched.intersection(nodes.needs(node)):
                touched.add(node)
    ordered = [node for node in nodes.depths(roots) if node in touched]
    return [int(number) for _, number in ordered]


def _input(leaf: Expr) -> str:
    prefixes = {"always": "@", "previous": "@previous:"}
    return f"{prefixes[leaf.op]}{leaf.value}" if leaf.op in prefixes else ""
