"""What an expression may refer to, and what compiling it leaves behind.

In: a project and its names. Out: `Scope`, which answers look-ups, keeps one index per distinct aggregate, and collects
findings, uses of names, fields that are read and patterns to check. Says that expressions can be
compiled, not how (`expressions.py`).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from leadrules.compile.names import ALWAYS, Declaration, Names
from leadrules.compile.order import references
from leadrules.core.calendar import Calendar
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix, Related
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import nearest, nfc
from leadrules.core.types import DATETIME, ERROR, TEXT, Kind, Type
from leadrules.project.model import EventType, Project
from leadrules.ruleset.model import Aggregate, Duration, EventFilter, Expr, Function
from leadrules.syntax import nodes as n
from leadrules.syntax.words import is_name


@dataclass(frozen=True, slots=True)
class Place:
    """Which names may stand: those of the lead, of an event of `types` (inside `where`), or also a rep's `attributes`."""

    kind: Literal["lead", "event", "team"] = "lead"
    types: tuple[str, ...] = ()
    attributes: Mapping[str, Type] = field(default_factory=dict)


T = TypeVar("T")
LEAD = Place()
MOST_SEARCHES = 500
NEXT_LINE = re.compile(r'(\w+|`[^`]+`)[ \t]*("[^"]*"[ \t]*)?:|(cap|floor|count|group|forward)\b')


def inside_event(types: tuple[str, ...]) -> Place:
    """Inside the `where` of an event reference."""
    return Place("event", types)


def inside_team(attributes: Mapping[str, Type]) -> Place:
    """Inside the `where` of a team: the lead's names, and `rep.NAME` for these attributes."""
    return Place("team", attributes=attributes)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of `matches` and where it stands: they are checked together, once."""

    text: str
    span: Span


@dataclass(eq=False)
class Scope(ABC):
    """Look-ups and findings of one compilation."""

    project: Project
    names: Names
    diagnostics: list[Diagnostic] = field(default_factory=list)
    types: dict[str, Type] = field(default_factory=dict)  # of the definitions lowered so far
    lists: dict[str, str] = field(default_factory=dict)  # list -> "text", "number" or "error"
    list_values: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    tables: dict[str, dict[str, Type] | None] = field(default_factory=dict)  # columns; None: could not be read
    # Of a table: why a column is text whose cells are nearly all something else, the way out and the first that is not.
    misfits: dict[str, Callable[[str], tuple[str, Related] | None]] = field(default_factory=dict)
    circular: set[str] = field(default_factory=set)  # definitions that need themselves
    pure: set[str] = field(default_factory=set)  # definitions made only of fields
    aggregates: dict[Aggregate, int] = field(default_factory=dict)
    patterns: list[Pattern] = field(default_factory=list)
    uses: dict[tuple[str, str], list[Span]] = field(default_factory=dict)
    fields_read: set[str] = field(default_factory=set)
    events_read: dict[str, set[str]] = field(default_factory=dict)
    counting_since: Expr | None = None
    searches: int = 0  # for what was meant
    lost: frozenset[str] = frozenset()  # names of blocks that could not be read
    nameless: int = 0  # blocks that were left without their name
    strange: dict[tuple[str | None, str], list[Diagnostic]] = field(
        default_factory=dict
    )  # unknown names, with the one that each is like
    reads_more: bool = False  # the definition that is being lowered reads events or the state

    def statement(self, statement: n.Statement, work: Callable[[], T]) -> T:
        """What the work on one statement gives. All that a statement leaves in the scope, it leaves within; what of the
        scope it reads depends on the names that stand in it (an editor keeps the outcome: compile/incremental)."""
        return work()

    def settled(self, kind: str, name: str) -> None:  # noqa: B027 - a hook that the editor uses
        """What others see of a name is worked out."""

    def ordered(self, order: Iterable[Declaration], circular: set[str]) -> None:
        """In which order the definitions are lowered, and which of them need themselves, is known."""
        self.circular = circular

    def references(self, statement: n.Statement) -> Iterable[str]:
        """The other definitions that a statement needs."""
        return references(self.names, statement)

    def report(self, diagnostic: Diagnostic) -> None:
        """Keep a finding."""
        self.diagnostics.append(diagnostic)

    def complain(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        label: str = "",
        help: str = "",
        related: tuple[Related, ...] = (),
        fixes: tuple[Fix, ...] = (),
    ) -> None:
        """Make a finding and keep it."""
        self.report(finding(code, span, message, label=label, help=help, related=related, fixes=fixes))

    def broken(self, code: str, span: Span, message: str, **more: Any) -> Expr:
        """Report, and stand in for the expression: its uses report nothing more."""
        self.complain(code, span, message, **more)
        return nothing(span)

    def use(self, kind: str, name: str, span: Span) -> None:
        """Remember where a declared name is used."""
        self.uses.setdefault((kind, name), []).append(span)

    def is_used(self, kind: str, name: str) -> bool:
        """Whether anything uses a declared name."""
        return bool(self.uses.get((kind, name)))

    def use_event_field(self, types: Iterable[str], key: str, span: Span) -> None:
        """A field that events of a group share is used of each."""
        for event in types:
            self.use("event field", f"{event}.{key}", span)

    def declared(self, kind: str, ident: n.Ident, *, code: str = "LR104", what: str = "") -> Declaration | None:
        """The block of `kind` that `ident` names, noting the use; an unknown one is reported under `code`."""
        found = self.names.of(kind).get(ident.key)
        if found and found.kind == kind:
            self.use(kind, ident.key, ident.span)
            return found
        known = [name for name, d in self.names.of(kind).items() if d.kind == kind]
        self.unknown(code, ident.span, what or kind, ident.key, known)
        return None

    def unknown(  # noqa: PLR0917 - a sentence of parts, the same everywhere
        self, code: str, span: Span, what: str, name: str, known: Iterable[str], note: str = ""
    ) -> None:
        """`there is no WHAT NAME`, with what was probably meant."""
        if nfc(name) in self.lost:
            return
        known = list(known)
        near = self.meant(name, known)
        hint = f"did you mean `{near}`?" if near else note or _choices(what, known)
        fixes = (replace(f"change to `{near}`", span, as_name(near, span)),) if near else ()
        message = f"there is no {what}{' called' if ' of ' in what else ''} `{name}`"
        self.complain(code, span, message, label=f"unknown {what.partition(' of ')[0]}", help=hint, fixes=fixes)
        self.strange.setdefault((near, nfc(name)), []).append(self.diagnostics[-1])

    def meant(self, name: str, known: Iterable[str]) -> str | None:
        """The name that was probably meant. A file that is wrong throughout is not searched for hours."""
        self.searches += 1
        return nearest(name, known) if self.searches <= MOST_SEARCHES else None

    def labels_of(self, name: str) -> tuple[str, ...] | None:
        """The labels, highest first, of a band, matrix, classify or stages, or of `sequence`; None for anything else."""
        if name == "sequence":
            return tuple(self.names.of("sequence"))
        known = self.types.get(name)
        return known.options if known and known.kind == "label" else None

    def event_types(self, ident: n.Ident) -> tuple[str, ...] | None:
        """The types that an event reference names, a group written out; unknown ones are reported."""
        if ident.key in self.names.events:
            self.use("event", ident.key, ident.span)
            return (self.names.events[ident.key].name,)
        group = self.names.of("events").get(ident.key)
        if group:
            self.use("events", ident.key, ident.span)
            return self.group_members(group)
        self._unknown_event(ident)
        return None

    def group_members(self, group: Declaration) -> tuple[str, ...]:
        """The known event types of a group, each once."""
        assert isinstance(group.statement, n.EventGroup)
        known = (self.names.events.get(m.key) for m in group.statement.members)
        return tuple(dict.fromkeys(e.name for e in known if e))

    def is_event(self, key: str) -> bool:
        """Whether a name is an event type or an event group."""
        return key in self.names.events or key in self.names.of("events")

    def _unknown_event(self, ident: n.Ident) -> None:
        known = [*self.names.events, *self.names.of("events")]
        note = "" if known else "rules/events.schema.json names the event types: there are none"
        self.unknown("LR105", ident.span, "event", ident.key, known, note)

    def event_field(self, types: tuple[str, ...], ident: n.Ident) -> Type | None:
        """The type of a field that all these event types share; an unknown or unshared one is reported."""
        found = self.shared_field(types, ident.key)
        if found is not None:
            self.read_event_field(types, ident.key)
            self.use_event_field(types, ident.key, ident.span)
            return found
        self._unshared(types, ident)
        return None

    def shared_field(self, types: tuple[str, ...], key: str) -> Type | None:
        """The type of a field if all these event types have it in the same kind; `at`, `type`, `lead_id` always."""
        always = {"at": DATETIME, "lead_id": TEXT, "type": Type("choice", options=types)}
        if key in always:
            return always[key]
        found = [self._own_field(t, key) for t in types]
        if not found or None in found or len({f.kind for f in found if f}) > 1:
            return None
        options = tuple(dict.fromkeys(o for f in found if f for o in f.options))
        return found[0] if len(found) == 1 else Type(found[0].kind, options) if found[0] else None

    def read_event_field(self, types: tuple[str, ...], key: str) -> None:
        """Note that a rule reads this field of these event types."""
        for name in types:
            event = self._event(name)
            own = next((f.name for f in event.fields if nfc(f.name) == key), None) if event else None
            self.events_read.setdefault(name, set()).update([own] if own else [])

    def _event(self, name: str) -> EventType | None:
        return self.names.events.get(nfc(name))

    def _own_field(self, event: str, key: str) -> Type | None:
        found = self._event(event)
        return next((f.type for f in found.fields if nfc(f.name) == key), None) if found else None

    def event_field_names(self, types: tuple[str, ...]) -> list[str]:
        """What may stand inside `where` for these types: their fields in schema order, then what every event has."""
        first = self._event(types[0]) if types else None
        own = [f.name for f in first.fields if self.shared_field(types, nfc(f.name))] if first else []
        return [*own, "at", "type"]

    def own_field_names(self, types: tuple[str, ...]) -> list[str]:
        """Every field that one of these event types has, and `at`, `type`."""
        events = (self._event(name) for name in types)
        return [*dict.fromkeys(f.name for event in events if event for f in event.fields), "at", "type"]

    def is_lead_name(self, key: str) -> bool:
        """Whether a name stands for a value of the lead."""
        return key in self.names.values or key in self.names.fields or key in ALWAYS

    def _unshared(self, types: tuple[str, ...], ident: n.Ident) -> None:
        kinds = {t: self._own_field(t, ident.key) for t in types}
        if any(kinds.values()):
            said = ", ".join(f"{t}: {k or 'none'}" for t, k in kinds.items())
            message = f"the events {_list(types)} do not share a field `{ident.key}` of one type"
            hint = f"{said}; name one event type, or give the field the same type in the event schema"
            self.complain("LR106", ident.span, message, label="not shared", help=hint)
            return
        what = f"field of `{types[0]}`" if len(types) == 1 else "field that these events share"
        names = self.event_field_names(types)
        note = f"there are: {_list(names)}"
        self.unknown("LR106", ident.span, what, ident.key, names[:-2], note)

    @abstractmethod
    def expression(
        self, node: n.Expression, expected: Iterable[Kind] | None = None, place: Place = LEAD, what: str = ""
    ) -> Expr:
        """The compiled expression; of another kind than `expected` is a finding (`what` says what it is for)."""

    @abstractmethod
    def condition(self, node: n.Expression, place: Place = LEAD) -> Expr:
        """The compiled condition: yes or no, or a finding."""

    @abstractmethod
    def value_of(self, node: n.Expression, wanted: Type, what: str, place: Place = LEAD) -> Expr:
        """The compiled value for something of type `wanted` (a field that is set, a test's `given`): text takes the
        spelling of a choice's options."""

    @abstractmethod
    def event_filter(self, ref: n.EventRef, place: Place = LEAD) -> EventFilter | None:
        """The compiled event reference; None where its event is unknown."""

    def aggregate(self, function: Function, events: EventFilter, field: str | None, type: Type, span: Any) -> int:
        """The index of an aggregate: equal ones share it, and what one depends on has a lower one."""
        return self.aggregates.setdefault(Aggregate(function, events, field, type, span=span), len(self.aggregates))

    @contextmanager
    def counting(self, since: Expr | None) -> Iterator[None]:
        """Within, every event filter sees only events after `since` (a score's `count events since`)."""
        before, self.counting_since = self.counting_since, since
        try:
            yield
        finally:
            self.counting_since = before

    @contextmanager
    def reading(self, statement: n.Statement, line: n.Node) -> Iterator[None]:
        """Within, a line of a damaged block that was cut short reports nothing: what is left of it says little."""
        before = len(self.diagnostics)
        yield
        if statement.damaged and (line is statement or _is_cut(line.span)):
            del self.diagnostics[before:]

    @cached_property
    def calendar(self) -> Calendar:
        """The project's calendar."""
        project = self.project
        return Calendar(project.timezone, project.week, project.holiday_country, project.holiday_dates)

    def position(self, statement: n.Statement) -> int:
        """Declaration order of a statement among all of the project."""
        return self.names.positions[id(statement)]


def _is_cut(span: Span) -> bool:
    """Whether more stands behind a line than a bracket, a comment, or the id of the next line."""
    end = span.file.text.find("\n", span.end)
    rest = span.file.text[span.end : end if end >= 0 else None].strip()
    return bool(rest) and rest[0] not in "}#" and not NEXT_LINE.match(rest)


def nothing(span: Span) -> Expr:
    """The expression in place of one that is already reported."""
    return Expr("const", ERROR, value=None, span=span.as_json())


def instant(scope: Scope, local: datetime) -> str:
    """ISO text with offset of a local time of the project: one that does not exist moves forward, of two the first."""
    moment = local.astimezone(UTC) if local.tzinfo else scope.calendar.instant(local)
    return moment.astimezone(ZoneInfo(scope.project.timezone)).isoformat()


def duration(node: n.DurationLiteral) -> Duration:
    """A duration literal as the compiled ruleset holds it."""
    return Duration(node.count, node.unit)


def as_name(text: str, span: Span) -> str:
    """A name as it is written in this place: other than words in backquotes, but for those that stand in quotes."""
    in_quotes = span.file.text[max(span.start - 1, 0) : span.start] == '"' and not span.text.startswith('"')
    return text if is_name(text) or in_quotes else f"`{text}`"


def replace(title: str, span: Span, text: str) -> Fix:
    """A fix that puts `text` in the place of `span`."""
    return Fix(title, (Edit(span, text),))


# Where a project declares what its rule files only name.
_DECLARED = {
    "template": "leadrules.yaml, such as `templates: {intro: templates/intro.md}`",
    "team": "team.yaml, such as `teams: {sales: [ann@example.com]}`",
    "rep": "team.yaml, such as `reps: {ann@example.com: {}}`",
    "queue": "team.yaml, such as `queues: [nurture]`",
}


def _choices(what: str, known: list[str]) -> str:
    if not known:
        where = f"; declare it in {_DECLARED[what]}" if what in _DECLARED else ""
        return f"none is declared: there is no {what} in this project{where}"
    shown = ", ".join(f"`{k}`" for k in known[:8])
    return f"there are: {shown}" + (f" and {len(known) - 8} more" if len(known) > 8 else "")


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
