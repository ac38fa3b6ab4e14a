"""Who is called what: the namespaces of a project.

In: the project's schemas and the parsed files. Out: `Names`, every declaration by kind and name, and a finding for each
name that stands twice or is taken. Looks at no expression; knows no type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import is_pattern, nfc
from leadrules.project.model import EventType, Field, Project
from leadrules.syntax import nodes as n

ALWAYS = (
    "now",
    "today",
    "owner",
    "assigned_at",
    "due_at",
    "owner_changes",
    "sequence",
    "step",
    "enrolled_at",
    "duplicate_of",
)

KINDS: dict[type[n.Statement], str] = {
    n.ListDefinition: "list",
    n.TableDefinition: "table",
    n.Define: "define",
    n.Segment: "segment",
    n.Score: "score",
    n.Band: "band",
    n.Matrix: "matrix",
    n.Classify: "classify",
    n.Stages: "stages",
    n.EventGroup: "events",
    n.Sequence: "sequence",
    n.Trigger: "trigger",
    n.Route: "route",
    n.Funnel: "funnel",
    n.Goal: "goal",
    n.Assert: "assert",
}
VALUE_KINDS = ("list", "table", "define", "segment", "score", "band", "matrix", "classify", "stages")
LABELLED = ("band", "matrix", "classify", "stages")
MAY_SHADOW_A_FIELD = ("band", "stages")
IN_DECISIONS = ("score", *LABELLED)  # each is a column of decisions.csv
OTHER_COLUMNS = ("segments", "reasons")  # that every run writes there
WORDS = {"events": "event group", "define": "definition"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """One named block: its kind as the file writes it, its name in NFC, where the name stands, its declaration order."""

    kind: str
    name: str
    span: Span
    statement: n.Statement
    position: int

    @property
    def word(self) -> str:
        """The kind as messages say it."""
        return WORDS.get(self.kind, self.kind)


@dataclass(slots=True)
class Names:
    """All namespaces. A name that is declared twice is in `disputed`: its uses report nothing more."""

    fields: dict[str, Field]
    events: dict[str, EventType]
    values: dict[str, Declaration] = field(default_factory=dict)
    others: dict[str, dict[str, Declaration]] = field(default_factory=dict)
    disputed: set[tuple[str, str]] = field(default_factory=set)
    statements: list[n.Statement] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)  # by the identity of the statement

    def of(self, kind: str) -> dict[str, Declaration]:
        """The namespace that a kind of block lives in."""
        return self.values if kind in VALUE_KINDS else self.others.setdefault(kind, {})

    def declarations(self) -> Iterator[Declaration]:
        """Every declaration that won its name."""
        yield from self.values.values()
        for space in self.others.values():
            yield from space.values()

    def lead_names(self, place: Span) -> list[str]:
        """What may stand as a value of the lead in a place, for suggestions: no definition needs itself."""
        values = [d for d in self.values.values() if d.kind not in ("list", "table")]
        around = {d.name for d in values if _is_inside(place, d.statement.span)}
        return [name for name in (*(d.name for d in values), *self.fields, *ALWAYS) if name not in around]


def _is_inside(place: Span, whole: Span) -> bool:
    return place.file is whole.file and whole.start <= place.start < whole.end


def gather(project: Project, modules: Sequence[n.Module]) -> tuple[Names, list[Diagnostic]]:
    """Every declaration of the files, in the order of file path and line, which the order of `modules` never changes."""
    names = Names({nfc(f.name): f for f in project.lead_schema.fields}, {nfc(e.name): e for e in project.event_schema})
    found: list[Diagnostic] = []
    statements = (s for m in sorted(modules, key=lambda m: m.file.path) for s in m.statements)
    for position, statement in enumerate(statements):
        names.statements.append(statement)
        names.positions[id(statement)] = position
        kind = KINDS.get(type(statement))
        if kind and statement.name:
            found += _declare(names, Declaration(kind, statement.name.key, statement.name.span, statement, position))
    found += _columns_twice(names, nfc(project.lead_schema.key or "row_number"))
    found += _rules_twice(names)
    return names, found


def _declare(names: Names, new: Declaration) -> Iterable[Diagnostic]:
    space = names.of(new.kind)
    first = space.get(new.name)
    if first:
        names.disputed.add((new.kind, new.name))
        names.disputed.add((first.kind, new.name))
        yield _twice(first, new)
        return
    space[new.name] = new
    yield from _taken(names, new)


def _twice(first: Declaration, new: Declaration) -> Diagnostic:
    same = "" if first.kind == new.kind else f", first as {_article(first.word)}"
    return finding(
        "LR100",
        new.span,
        f"`{new.name}` is defined twice{same}",
        label="defined again here",
        help=f"give one of them another name; `{new.name}` is already {_article(first.word)}",
        related=(Related(first.span, "first defined here"),),
    )


def _taken(names: Names, new: Declaration) -> Iterator[Diagnostic]:
    """A value may not bear the name of a field (but a band or stages may) or of what is always there."""
    if new.kind == "events" and new.name in names.events:
        yield _clash(new, f"`{new.name}` is already an event type", names.events[new.name].span)
    if new.kind not in VALUE_KINDS:
        return
    if is_pattern(new.name):
        message = f"`{new.name}` cannot be the name of {_article(new.word)}: it stands for any name"
        yield finding("LR101", new.span, message, label="no name", help="choose another name")
    elif new.name in ALWAYS or new.name == "lead":
        yield _clash(new, f"`{new.name}` is always there and means something else", None)
    elif new.name in names.fields and new.kind not in MAY_SHADOW_A_FIELD:
        yield _clash(new, f"`{new.name}` is already a field of the lead", names.fields[new.name].span)
    else:
        return
    names.disputed.add((new.kind, new.name))


def _columns_twice(names: Names, key: str) -> Iterator[Diagnostic]:
    """What decisions.csv has a column of may not be called like another column of it."""
    taken = dict.fromkeys((key, *OTHER_COLUMNS), None)
    for route in names.others.get("route", {}).values():
        assert isinstance(route.statement, n.Route)
        filled = () if route.statement.sets is None else (route.statement.sets.key,)
        taken |= dict.fromkeys((f"route.{route.name}", *filled), route.span)
    for new in names.values.values():
        if new.kind in IN_DECISIONS and new.name in taken and (new.kind, new.name) not in names.disputed:
            yield _clash(new, f"`{new.name}` is already a column of decisions.csv", taken[new.name], may_shadow=False)
            names.disputed.add((new.kind, new.name))


def _rules_twice(names: Names) -> Iterator[Diagnostic]:
    """What the files call `route.a.b.c` is one rule: `b.c` of the route `a`, or `c` of the route `a.b`."""
    known: dict[str, tuple[str, Span]] = {}
    for route in names.others.get("route", {}).values():
        assert isinstance(route.statement, n.Route)
        for rule in route.statement.items:
            if not isinstance(rule, n.RouteRule):
                continue
            called = f"route.{route.name}.{rule.name.key}"
            owner, place = known.setdefault(called, (route.name, rule.name.span))
            if owner != route.name:
                message = f"the files would call two rules `{called}`: this one and one of the route `{owner}`"
                related = (Related(place, "the other rule"),)
                yield finding(
                    "LR101",
                    rule.name.span,
                    message,
                    label="this name is taken",
                    help="choose another name",
                    related=related,
                )


def _clash(new: Declaration, message: str, place: Span | None, *, may_shadow: bool = True) -> Diagnostic:
    related = (Related(place, "declared here"),) if place else ()
    hint = "choose another name"
    if new.kind in VALUE_KINDS and place and may_shadow:
        hint += "; only a band or stages may bear the name of a field"
    return finding("LR101", new.span, message, label="this name is taken", help=hint, related=related)


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
