"""What was edited between two compiled rulesets, line by line.

In: two rulesets. Out: `Edit`s: each line of a rule file that is new, gone, renamed, moved or another, with both sides of it.
Positions, layout and comments are no edit. Knows no lead and says nothing in words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal

from leadrules.core.records import dataclass
from leadrules.core.types import Type
from leadrules.ruleset.model import (
    Band,
    BandLabel,
    Classify,
    ClassLabel,
    Condition,
    Definition,
    Expr,
    Funnel,
    Group,
    ListValues,
    Matrix,
    Place,
    Placed,
    Route,
    Ruleset,
    Score,
    Stages,
    Step,
    TableValues,
)
from leadrules.ruleset.model import (
    Sequence as Steps,
)

Kind = Literal["added", "removed", "renamed", "moved", "changed"]
# Statements by the part of the ruleset that holds them, in the order in which edits are told.
SECTIONS = (
    "lists",
    "tables",
    "definitions",
    "routes",
    "sequences",
    "triggers",
    "exits",
    "suppressions",
    "asserts",
    "funnels",
    "goals",
    "tests",
)
LINES: Mapping[type, tuple[str, ...]] = {
    Score: ("groups", "rules"),
    Band: ("labels",),
    Classify: ("labels",),
    Stages: ("labels",),
    Route: ("rules",),
    Steps: ("steps",),
    Funnel: ("steps",),
}
ORDERED = (Classify, Stages, Route)  # where the first line that matches wins
MATRIX = ("rows_of", "columns_of", "rows", "columns", "cells")
WITHOUT_EFFECT = ("funnels", "goals", "tests")
AROUND = ("project", "lead_schema", "event_schema", "team")  # both versions are run with the working project's
_NAMING = ("name", "previous", "since_of")  # operations whose value is the name of a definition
_SKIPPED = frozenset(["span", "position"])
_TITLE = frozenset(["title"])


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit. `attribute` None: the whole statement; `line` None: all of the attribute.

    `before` and `after` are the statement, line or value on either side; `owners` are the statements that hold them.
    `is_title_alone`: the line says the same under another title.
    """

    kind: Kind
    section: str
    name: str
    attribute: str | None
    line: str | int | None
    before: Any
    after: Any
    owners: tuple[Any, Any]
    is_title_alone: bool = False

    @property
    def path(self) -> str:
        """The edited line as findings and reasons name it: `fit.senior`, `route.sales.retail`, `list rivals`."""
        return f"{_PREFIX.get(self.section, '')}{self.name}{self._within()}"

    def _within(self) -> str:
        if self.line is not None:
            return f".{self.line}"
        return (
            ""
            if self.attribute in (None, "title", "value", "condition")
            else f" {ATTRIBUTES.get(str(self.attribute), self.attribute)}"
        )

    @property
    def place(self) -> Place | None:
        """Where it stands: in the newer rules, or where it stood."""
        return next(
            (span for one in (self.after, self.owners[1], self.before, self.owners[0]) if (span := _span(one))), None
        )

    @property
    def is_of_head(self) -> bool:
        """Whether `place` is one of the newer rules."""
        return any(_span(one) for one in (self.after, self.owners[1]))

    @property
    def is_compared(self) -> bool:
        """Whether both versions are run each with its own side of it."""
        return self.section not in AROUND

    @property
    def has_effect(self) -> bool:
        """Whether the two runs can tell it from none: titles, tests and measures decide nothing."""
        if not self.is_compared or self.section in WITHOUT_EFFECT or self.attribute == "title":
            return False
        if self.kind == "renamed":
            # Whose turn it is, is kept by the name of a route's rule; a label is what a lead has.
            return self.section == "routes" or isinstance(self.after, BandLabel | ClassLabel)
        return not self.is_title_alone


_PREFIX = {
    "settings": "leadrules.yaml ",
    "project": "leadrules.yaml ",
    "lead_schema": "lead.schema.json ",
    "event_schema": "events.schema.json ",
    "team": "team.yaml ",
    "lists": "list ",
    "tables": "table ",
    "routes": "route.",
    "sequences": "sequence.",
    "triggers": "trigger.",
    "asserts": "assert ",
    "funnels": "funnel ",
    "goals": "goal ",
    "tests": "test ",
}
ATTRIBUTES = {
    "order_by": "order",
    "on_demand": "on demand",
    "per_day": "at most per day",
    "window": "send window",
    "again_after": "enroll again",
    "business_days": "count business days",
    "finish_after": "finish",
    "on_finish": "on finish",
    "respond_within": "respond within",
    "once_per": "once per",
    "forward_only": "forward only",
}


def _span(part: Any) -> Place | None:
    return part.span if isinstance(part, Placed) else None


# -- what a part says, wherever it stands ---------------------------------------------------------------------------


class Shapes:
    """The shapes of one ruleset's parts: equal where two parts say the same. `renamed` gives definitions their newer names."""

    def __init__(self, ruleset: Ruleset, renamed: Mapping[str, str] | None = None) -> None:
        self._ruleset = ruleset
        self.renamed = renamed or {}

    def of(self, part: Any, skip: frozenset[str] = frozenset()) -> Any:
        """The shape of a part, without these fields of it."""
        if isinstance(part, Expr):
            return (part.op, _kind(part.type), self._value(part), tuple(self.of(one) for one in part.args))
        if isinstance(part, Type):
            return _kind(part)
        if is_dataclass(part) and not isinstance(part, type):
            left_out = skip | _SKIPPED
            inner = (self._part(part, item.name) for item in fields(part) if item.name not in left_out)
            return (type(part).__name__, *inner)
        if isinstance(part, tuple | list):
            return tuple(self.of(one) for one in part)
        return tuple(sorted((k, self.of(v)) for k, v in part.items())) if isinstance(part, dict) else part

    def _part(self, part: Any, name: str) -> Any:
        value = getattr(part, name)
        if isinstance(part, Matrix) and name in ("rows_of", "columns_of"):
            return self.renamed.get(value, value)
        return self.of(value)

    def _value(self, part: Expr) -> Any:
        if part.op in ("aggregate", "did"):
            return self.of(self._ruleset.aggregates[int(part.value)])
        if part.op in _NAMING:
            return self.renamed.get(str(part.value), part.value)
        return self.of(part.value)


def _kind(type_: Type) -> str:
    return "text" if type_.is_textual else type_.kind


# -- statements -----------------------------------------------------------------------------------------------------


def edits_between(base: Ruleset, head: Ruleset) -> tuple[Edit, ...]:
    """Every edit, by section, then in the order of the newer rules; what is gone comes last in its section."""
    compared = _Comparison(Shapes(base, renamed_definitions(base, head)), Shapes(head))
    found: list[Edit] = list(compared.settings(base, head))
    for section in SECTIONS:
        before, after = _statements(base, section), _statements(head, section)
        found += compared.statements(section, before, after)
    return tuple(found)


def renamed_definitions(base: Ruleset, head: Ruleset) -> dict[str, str]:
    """Definitions that say the same under another name: the older name to the newer."""
    return dict(_renamed_statements(base.declared, head.declared, Shapes(base), Shapes(head)))


def _statements(ruleset: Ruleset, section: str) -> tuple[Any, ...]:
    return ruleset.declared if section == "definitions" else getattr(ruleset, section)


def name_of(statement: Any) -> str:
    """What a statement is called."""
    if isinstance(statement, Condition):
        return f"suppress {statement.channel}" if statement.channel else "exit all"
    return str(getattr(statement, "name", None) or statement.title)


def _keyed(statements: Iterable[Any], renamed: Mapping[str, str]) -> dict[tuple[str, int], Any]:
    """Statements by their (newer) name and how many of that name came before."""
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], Any] = {}
    for one in statements:
        name = name_of(one)
        name = renamed.get(name, name) if isinstance(one, Definition) else name
        found[name, seen[name]] = one
        seen[name] += 1
    return found


def _renamed_statements(
    before: Sequence[Any], after: Sequence[Any], old: Shapes, new: Shapes
) -> Iterator[tuple[str, str]]:
    """Definitions that are gone and have come again, all but their name."""
    names_before, names_after = {one.name for one in before}, {one.name for one in after}
    bare = frozenset(["name", "title"])
    come: dict[Hashable, list[str]] = defaultdict(list)
    for one in after:
        if one.name not in names_before:
            come[new.of(one, bare)].append(one.name)
    for one in before:
        if one.name not in names_after and come.get(same := old.of(one, bare)):
            yield one.name, come[same].pop(0)


class _Comparison:
    """Two rulesets, part by part."""

    def __init__(self, old: Shapes, new: Shapes) -> None:
        self._old, self._new = old, new

    def settings(self, base: Ruleset, head: Ruleset) -> Iterator[Edit]:
        """What leadrules.yaml says of the rules' meaning."""
        for item in fields(base.settings):
            before, after = getattr(base.settings, item.name), getattr(head.settings, item.name)
            if before != after and item.name != "name":
                yield Edit("changed", "settings", item.name, None, None, before, after, (None, None))
        if self._old.of(base.open_leads) != self._new.of(head.open_leads):
            yield Edit("changed", "settings", "open_leads", None, None, base.open_leads, head.open_leads, (None, None))

    def statements(self, section: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Edit]:
        """The edits of one section."""
        if section in ("exits", "suppressions"):
            before, after = self._without_common(before, after)
        old, new = _keyed(before, self._old.renamed), _keyed(after, {})
        for key, one in new.items():
            if key not in old:
                yield Edit("added", section, key[0], None, None, None, one, (None, one))
            else:
                yield from self._statement(section, key[0], old[key], one)
        for key, one in old.items():
            if key not in new:
                yield Edit("removed", section, key[0], None, None, one, None, (one, None))

    def _without_common(self, before: Sequence[Any], after: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Conditions have no names: those that both have are no edit, wherever they stand."""
        old, new = Counter(map(self._old.of, before)), Counter(map(self._new.of, after))
        both = old & new
        return _left(before, self._old, both), _left(after, self._new, both)

    def _statement(self, section: str, name: str, before: Any, after: Any) -> Iterator[Edit]:
        owners = (before, after)
        if type(before) is not type(after):
            yield Edit("changed", section, name, None, None, before, after, owners)
            return
        if isinstance(after, Condition | ListValues | TableValues):
            if self._old.of(before) == self._new.of(after):
                return
            yield Edit("changed", section, name, None, None, before, after, owners)
            return
        if name_of(before) != name_of(after):
            yield Edit("renamed", section, name, None, None, before, after, owners)
        lines = LINES.get(type(before), ())
        for item in fields(after):
            if item.name in _SKIPPED or item.name == "name" or (section == "tests" and item.name == "title"):
                continue
            old, new = getattr(before, item.name), getattr(after, item.name)
            if item.name in MATRIX or self._old.of(old) == self._new.of(new):
                continue
            if item.name in lines:
                yield from self._lines(section, name, item.name, owners)
            else:
                yield Edit("changed", section, name, item.name, None, old, new, owners)
        if isinstance(before, Matrix) and isinstance(after, Matrix):
            yield from self._cells(section, name, before, after)

    def _cells(self, section: str, name: str, before: Matrix, after: Matrix) -> Iterator[Edit]:
        """Line by line of a matrix of the same sides; else the matrix is another as a whole."""
        owners = (before, after)
        rest = frozenset(["name", "title", "cells"])
        if self._old.of(before, rest) != self._new.of(after, rest):
            yield Edit("changed", section, name, "cells", None, before, after, owners)
            return
        for row, old, new in zip(after.rows, before.cells, after.cells, strict=True):
            if old != new:
                yield Edit("changed", section, name, "cells", row, old, new, owners)

    # -- lines ------------------------------------------------------------------------------------------------------

    def _lines(self, section: str, name: str, attribute: str, owners: tuple[Any, Any]) -> Iterator[Edit]:
        before = {line_name(one): one for one in getattr(owners[0], attribute)}
        after = {line_name(one): one for one in getattr(owners[1], attribute)}
        renamed = dict(self._renamed_lines(before, after))
        back = {new: old for old, new in renamed.items()}
        for key, one in after.items():
            old = before.get(back.get(key, key))
            if old is None:
                yield Edit("added", section, name, attribute, key, None, one, owners)
            elif key in back:
                yield Edit("renamed", section, name, attribute, key, old, one, owners)
            elif self._old.of(old) != self._new.of(one):
                same = self._old.of(old, _TITLE) == self._new.of(one, _TITLE)
                yield Edit("changed", section, name, attribute, key, old, one, owners, is_title_alone=same)
        for key, one in before.items():
            if key not in after and key not in renamed:
                yield Edit("removed", section, name, attribute, key, one, None, owners)
        if self._is_reordered(before, after, owners[1]):
            yield Edit("moved", section, name, attribute, None, tuple(before), tuple(after), owners)

    def _renamed_lines(self, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
        come: dict[Hashable, list[Any]] = defaultdict(list)
        bare = frozenset(["name", "title"])
        for key, one in after.items():
            if key not in before and not isinstance(one, Step):
                come[self._new.of(one, bare)].append(key)
        for key, one in before.items():
            if key not in after and come.get(same := self._old.of(one, bare)):
                yield key, come[same].pop(0)

    def _is_reordered(self, before: Mapping[Any, Any], after: Mapping[Any, Any], owner: Any) -> bool:
        common = [key for key in before if key in after]
        if isinstance(owner, Score):
            first = {group.name for group in owner.groups if group.first_match}
            return any(
                _in_group(common, before, group) != _in_group([k for k in after if k in before], after, group)
                for group in first
            )
        return isinstance(owner, ORDERED) and common != [key for key in after if key in before]


def _in_group(keys: Iterable[Any], lines: Mapping[Any, Any], group: str) -> list[Any]:
    return [key for key in keys if not isinstance(lines[key], Group) and lines[key].group == group]


def line_name(line: Any) -> str | int:
    """What a line is called within its statement: its id, or the number of a step."""
    return line.number if isinstance(line, Step) else str(line.name)


def _left(statements: Sequence[Any], shapes: Shapes, common: Counter[Hashable]) -> list[Any]:
    left, taken = [], Counter(common)
    for one in statements:
        shape = shapes.of(one)
        if taken[shape] > 0:
            taken[shape] -= 1
        else:
            left.append(one)
    return left
