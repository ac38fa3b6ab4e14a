"""Compile a project again after an edit, statement by statement.

In: a project, and its modules time after time; a statement that did not change is the same object. Out: `Checked`, the
findings and symbols that a compilation from scratch would give, without its ruleset. What a statement leaves in the scope
is kept, and laid in again as long as nothing that its names stand for has changed. Knows no rule of the language: the
passes are those of compile.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, TypeVar

from leadrules.compile.compile import Symbol, check_patterns, lower_all, room_for_depth, symbols
from leadrules.compile.expressions import Expressions
from leadrules.compile.files import Read
from leadrules.compile.names import Declaration, Names, gather
from leadrules.compile.order import references
from leadrules.compile.scope import MOST_SEARCHES, Scope
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.project.model import Project
from leadrules.syntax import nodes as n

T = TypeVar("T")
Facts = dict[tuple[str, str], Any]
OWN = ("types", "lists", "list_values", "tables", "misfits")
SEQUENCES = "sequence"  # the name whose labels are all sequences


@dataclass(slots=True)
class Outcome:
    """What the work on one statement left behind."""

    statement: n.Statement
    mentions: frozenset[str]
    result: Any = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    uses: dict[tuple[str, str], list[Span]] = field(default_factory=dict)
    strange: dict[tuple[str | None, str], list[Diagnostic]] = field(default_factory=dict)
    searches: int = 0
    reads_more: bool = False
    doubtful: bool = False  # something was reported, or looked for among all names
    own: tuple[tuple[str, Any], ...] = ()  # what it says of its name


@dataclass(slots=True)
class Memory:
    """What the last compilation left to the next."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    settled: dict[tuple[str, str], Any] = field(default_factory=dict)
    needs: dict[int, tuple[n.Statement, tuple[str, ...]]] = field(default_factory=dict)
    events: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    circular: frozenset[str] = frozenset()
    about: dict[int, tuple[n.Statement, frozenset[str], Any]] = field(default_factory=dict)


class Checked:
    """The findings of a project, in no order, and its symbols, worked out when they are asked for."""

    def __init__(self, scope: Remembering) -> None:
        """The scope is read, never changed again but for the uses that its outcomes hold."""
        self._scope = scope
        self.diagnostics = tuple(scope.diagnostics)

    @property
    def names(self) -> Names:
        """Every declaration."""
        return self._scope.names

    @property
    def scope(self) -> Scope:
        """The types of names, for who asks what may stand somewhere."""
        return self._scope

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """Every name with its uses."""
        uses = self._scope.uses
        for outcome in self._scope.laid:
            for key, spans in outcome.uses.items():
                uses.setdefault(key, []).extend(spans)
        return symbols(self._scope)


class Incremental:
    """The compilations of one project. Another project, or other files of lists and tables, need another one of these."""

    def __init__(self, project: Project, read: Read | None = None) -> None:
        """Nothing is compiled yet."""
        self.project = project
        self._read = read
        self._memory = Memory()

    def check(self, modules: Sequence[n.Module]) -> Checked:
        """The findings and symbols of these modules."""
        with room_for_depth():
            scope = self._lowered(modules)
            if scope.searches > MOST_SEARCHES:
                # Who is still searched for then depends on the order of the whole project.
                self._memory = Memory()
                scope = self._lowered(modules)
            return Checked(scope)

    def _lowered(self, modules: Sequence[n.Module]) -> Remembering:
        names, found = gather(self.project, modules)
        scope = Remembering(self.project, names, found)
        lost = frozenset(name for module in modules for name in module.lost if name is not None)
        scope.remember(self._memory, {id(module.file) for module in modules}, lost)
        lower_all(scope, modules, self._read)
        self._memory = scope.now
        return scope


class Remembering(Expressions):
    """A scope that takes from the last compilation what still holds."""

    def remember(self, before: Memory, alive: set[int], lost: frozenset[str]) -> None:
        """Begin: what has changed among the names, before any type is known."""
        self.before, self.now, self.alive = before, Memory(), alive
        self.laid: list[Outcome] = []
        self.doubt = self.reordered = False
        self.twice = {name for _, name in self.names.disputed}
        self.now.events = frozenset([*self.names.events, *self.names.of("events")])
        self.now.facts = self._facts()
        self.now.lost = lost
        self.changed = {name for _, name in _differences(before.facts, self.now.facts)} | (before.lost ^ lost)

    def _facts(self) -> Facts:
        """What others may know of each name without its type."""
        facts: Facts = {("", SEQUENCES): tuple(self.names.of("sequence"))}
        for one in self.names.declarations():
            mentions, about = self._about(one.statement)
            self.now.about[id(one.statement)] = (one.statement, mentions, about)
            facts[one.kind, one.name] = (about[0], (one.kind, one.name) in self.names.disputed)
            facts["rules", f"{one.name}.*"] = about[1]
        return facts

    def _about(self, statement: n.Statement) -> tuple[frozenset[str], Any]:
        kept = self.before.about.get(id(statement)) or self.now.about.get(id(statement))
        return (kept[1], kept[2]) if kept else (_mentions(statement), (_outline(statement), _rules(statement)))

    def references(self, statement: n.Statement) -> Iterable[str]:
        """Which names a definition needs changes only with its text and the events there are."""
        kept = self.before.needs.get(id(statement)) if self.before.events == self.now.events else None
        needs = kept[1] if kept else tuple(references(self.names, statement))
        self.now.needs[id(statement)] = (statement, needs)
        return needs

    def statement(self, statement: n.Statement, work: Callable[[], T]) -> T:
        """The outcome of the last compilation where it holds, else of the work."""
        kept = self.before.outcomes.get(id(statement))
        if kept is None or not self._holds(kept):
            kept = self._work(statement, work)
        self.now.outcomes[id(statement)] = kept
        self._lay(kept)
        result: T = kept.result
        return result

    def ordered(self, order: Iterable[Declaration], circular: set[str]) -> None:
        """Who comes after whom decides what a finding can propose."""
        super().ordered(order, circular)
        self.now.order, self.now.circular = tuple(one.name for one in order), frozenset(circular)
        self.reordered = self.now.order != self.before.order
        self.changed |= self.now.circular ^ self.before.circular

    def _holds(self, kept: Outcome) -> bool:
        if not kept.mentions.isdisjoint(self.changed):
            return False
        statement = kept.statement
        name = statement.name.key if statement.name else ""
        if name in self.twice:
            return False
        if not kept.doubtful:
            return True
        return not self.changed and not self.reordered and all(map(self._in_place, kept.diagnostics))

    def _in_place(self, diagnostic: Diagnostic) -> bool:
        """Whether every place that a finding shows is still one of the project's."""
        places = [related.span for related in diagnostic.related]
        places += [edit.span for fix in diagnostic.fixes for edit in fix.edits]
        return all(id(place.file) in self.alive or not _is_rule_file(place.file) for place in places)

    def _work(self, statement: n.Statement, work: Callable[[], T]) -> Outcome:
        mentions, _ = self._about(statement)
        outcome = Outcome(statement, mentions)
        outer = self.diagnostics, self.uses, self.strange, self.searches, self.reads_more
        self.diagnostics, self.uses, self.strange, self.searches = outcome.diagnostics, outcome.uses, outcome.strange, 0
        self.reads_more, self.doubt = False, False
        outcome.result = work()
        check_patterns(self)
        self.patterns = []
        outcome.diagnostics, outcome.searches = self.diagnostics, self.searches
        outcome.reads_more, outcome.doubtful = self.reads_more, self.doubt
        outcome.own = self._own(statement)
        self.diagnostics, self.uses, self.strange, self.searches, self.reads_more = outer
        return outcome

    def _own(self, statement: n.Statement) -> tuple[tuple[str, Any], ...]:
        """What is known of the statement's own name, by the part of the scope that knows it."""
        key = statement.name.key if statement.name else ""
        return tuple((space, getattr(self, space)[key]) for space in OWN if key in getattr(self, space))

    def _lay(self, outcome: Outcome) -> None:
        """Leave in the scope what the work left there."""
        self.laid.append(outcome)
        if outcome.own and outcome.statement.name:
            key = outcome.statement.name.key
            for space, known in outcome.own:
                getattr(self, space)[key] = known
        self.reads_more |= outcome.reads_more
        if outcome.doubtful:
            self.diagnostics += outcome.diagnostics
            self.searches += outcome.searches
            for strange, found in outcome.strange.items():
                self.strange.setdefault(strange, []).extend(found)

    def is_used(self, kind: str, name: str) -> bool:
        """Who uses a name is known to each outcome."""
        return super().is_used(kind, name) or any((kind, name) in outcome.uses for outcome in self.laid)

    def settled(self, kind: str, name: str) -> None:
        """A name whose type is another than before has changed for those who come after it."""
        known = (
            self.types.get(name),
            name in self.pure,
            self.lists.get(name),
            self.list_values.get(name),
            self.tables.get(name),
        )
        self.now.settled[kind, name] = known
        if self.before.settled.get((kind, name)) != known:
            self.changed.add(name)

    def report(self, diagnostic: Diagnostic) -> None:
        """A finding may speak of any name."""
        self.doubt = True
        super().report(diagnostic)

    def meant(self, name: str, known: Iterable[str]) -> str | None:
        """So does what was probably meant."""
        self.doubt = True
        return super().meant(name, known)


def _differences(before: Facts, now: Facts) -> set[tuple[str, str]]:
    """The keys that stand for something else."""
    gone = before.keys() - now.keys()
    return gone | {key for key, value in now.items() if key not in before or before[key] != value}


def _is_rule_file(file: SourceFile) -> bool:
    return file.path.endswith(".lead")


def _mentions(statement: n.Statement) -> frozenset[str]:
    """Every name that the work on a statement may look up."""
    found: set[str] = set()
    for node in n.walk(statement):
        if isinstance(node, n.Ident):
            found.add(node.key)
        elif isinstance(node, n.EnrollBy | n.MoveBy | n.OnChange):
            found.add(SEQUENCES)
        elif isinstance(node, n.ExpectFired):
            found |= {f"{part.key}.*" for part in node.path}
        elif isinstance(node, n.ExpectAction) and node.content is not None:
            found.add(node.content.value)  # which may be that of a sequence
    return frozenset(found)


def _outline(statement: n.Statement) -> Any:
    """What others read of a statement itself."""
    if isinstance(statement, n.Route):
        return statement.damaged, statement.sets.key if statement.sets else None
    if isinstance(statement, n.EventGroup):
        return statement.damaged, tuple(member.key for member in statement.members)
    return statement.damaged


def _rules(statement: n.Statement) -> Any:
    """The rules that a test may name."""
    if isinstance(statement, n.Route):
        return tuple(item.name.key for item in statement.items if isinstance(item, n.RouteRule))
    if isinstance(statement, n.Score):
        return tuple(
            rule.name.key
            for item in statement.items
            if isinstance(item, n.Group | n.ScoreRule)
            for rule in (item.rules if isinstance(item, n.Group) else (item,))
        )
    return None
