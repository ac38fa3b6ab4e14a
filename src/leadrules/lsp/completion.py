"""What could be typed at a place.

In: an analysis, a file and an offset. Out: `Item`s: the keywords that the grammar takes there, and the names that what is
written before asks for: a field's options after `=`, events after `did`, an event's fields inside its `where`, labels after
`is`, reps in quotes after `rep`. Proposes nothing that could not stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from leadrules.compile.names import ALWAYS, LABELLED
from leadrules.compile.references import ALWAYS_TYPES
from leadrules.compile.roster import attribute_types
from leadrules.compile.routes import STRATEGIES
from leadrules.compile.scope import Scope
from leadrules.compile.tests import ACTION_KINDS
from leadrules.core.functions import CALLABLE, OPERATIONS
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import nfc
from leadrules.core.types import Type
from leadrules.lsp.analysis import Analysis
from leadrules.lsp.context import Context, context_at
from leadrules.lsp.hover import shown_type
from leadrules.lsp.names import written
from leadrules.project.model import Project
from leadrules.syntax import nodes as n
from leadrules.syntax.grammar import language
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import BLOCKS, LIMIT_UNITS, UNITS

OF_EVENTS = ("count", "first", "last", "sum", "min", "max")
SEQUENCE_ROLES = {"on_finish_of", "enroll", "move_to"}
CLASSIFY_ROLES = {"enroll_by", "move_by", "template"}
ROUTE_ROLES = {"on_overdue", "assign_with", "reassign"}
LABEL_ROLES = {"is_label", "is_at"}


@dataclass(frozen=True, slots=True)
class Item:
    """One proposal: what is shown, what kind of thing it is, what is written in the place of `span`."""

    label: str
    kind: str
    text: str
    span: Span
    detail: str = ""
    documentation: str = ""


Proposal = tuple[str, str, str]  # the name, its kind, its detail


def complete(analysis: Analysis, path: str, offset: int) -> list[Item]:
    """The proposals, those that go on with what is typed first; an editor filters further."""
    if path not in analysis.cuts or analysis.project is None or analysis.checked is None:
        return []
    piece, start = analysis.piece(path, offset)
    context = context_at(piece.file.text, offset - start)
    if context.in_comment:
        return []
    span = Span(analysis.cuts[path].file, context.start + start, context.end + start)
    asked = Asked(analysis.project, analysis.checked.scope, context)
    found = asked.texts() if context.in_text else [*asked.all_names(), *asked.quoted(), *asked.keywords()]
    unique = {(label, kind): (label, kind, detail) for label, kind, detail in found}
    return [Item(label, kind, _text(label, kind, context), span, detail) for label, kind, detail in unique.values()]


def _text(label: str, kind: str, context: Context) -> str:
    if context.in_text or kind in ("keyword", "function"):
        return label
    if label == "at" and "name" in context.names:  # the one reserved word that may stand bare as a name
        return label
    return f'"{label}"' if kind in ("value", "rep", "template text") else written(label)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the project, what is known of its names, the place."""

    project: Project
    scope: Scope
    context: Context

    # -- keywords ---------------------------------------------------------------------------------------------------

    def keywords(self) -> Iterator[Proposal]:
        """The words that the grammar takes."""
        accepts, rules = self.context.accepts, language()
        fixed = ((terminal, rules.fixed[terminal]) for terminal in accepts - self._told() if terminal in rules.fixed)
        yield from ((word, "keyword", "") for _, word in sorted(fixed) if word[0].isalpha() and word not in BLOCKS)
        inner = (rules.fixed[t] for t in accepts if t in rules.fixed and rules.fixed[t] in BLOCKS)
        if self.context.before:
            yield from ((word, "keyword", "") for word in sorted(inner))
        if "UNIT" in accepts:
            yield from ((word, "keyword", "") for word in sorted(set(UNITS.values())))
        if "LIMIT_UNIT" in accepts:
            units = set(LIMIT_UNITS.values()) if self._block == "score" else {"times"}
            yield from ((word, "keyword", "") for word in sorted(units))
        if self.context.new_block and (not self.context.before or "$END" in accepts):
            yield from ((word, "keyword", "a block") for word in BLOCKS)

    def _told(self) -> set[str]:
        """What the grammar takes so that a mistake is told well, or where it is a name, which is proposed as one."""
        if self.context.names & LABEL_ROLES:
            return {"TRUE", "FALSE"}
        return {"AT"} if "name" in self.context.names else set()

    @property
    def _block(self) -> str:
        """The word that the block begins with."""
        return self.context.back(len(self.context.before))

    # -- names ------------------------------------------------------------------------------------------------------

    def all_names(self) -> Iterator[Proposal]:
        """The names that may stand."""
        if "NAME" not in self.context.accepts:
            return
        if self.context.back(1) == ".":
            yield from self._members(self.context.back(2))
            return
        if self._opened_after("of") is not None:
            yield from self._labels()
            return
        roles = self.context.names
        for asked, propose in self._by_role():
            if asked & roles:
                yield from propose()
                return
        yield from self._after_word()

    def _by_role(self) -> list[tuple[set[str], Callable[[], Iterable[Proposal]]]]:
        return [
            ({"event_ref"}, self._events),
            (LABEL_ROLES, self._labels),
            ({"named_collection"}, lambda: self._declared("list", "table")),
            ({"team_collection", "team_target"}, lambda: ((t, "team", "") for t, _ in self.project.team.teams)),
            ({"queue_target", "assign_queue"}, lambda: ((q, "queue", "") for q in self.project.team.queues)),
            ({"strategy"}, lambda: ((s, "strategy", "") for s in STRATEGIES)),
            (SEQUENCE_ROLES, lambda: self._declared("sequence")),
            (CLASSIFY_ROLES, lambda: self._declared("classify", "band", "matrix", "stages")),
            (ROUTE_ROLES, lambda: self._declared("route")),
            ({"step"}, self._channels),
            ({"expect_action"}, self._action_kinds),
            ({"on_change"}, self._changes),
            ({"distinct"}, self._distinct),
            ({"sets"}, self._fields),
            ({"match_target"}, self._named_values),
            ({"path"}, self._fired),
            ({"name"}, self._expression),
        ]

    def _after_word(self) -> Iterable[Proposal]:
        """Where the grammar alone does not say what a name is."""
        block, last = self._block, self.context.back(1)
        if last == "set":
            kept = (self.project.key, self.project.owner, self.project.sequence)
            return (field for field in self._fields() if field[0] not in kept)
        if last == "task":
            return self._channels()
        if block == "suppress" and last == "suppress":
            return [*self._channels(), ("all", "channel", "every channel")]
        if block == "matrix" and last in ("of", "by"):
            return self._declared(*LABELLED)
        if block == "test" and last == "event":
            return [(e.name, "event", e.description) for e in self.project.event_schema]
        if block == "test" and (last in ("given", "with") or (last == "," and self._assigns())):
            return self._assigned()
        if block == "events":
            return [(e.name, "event", e.description) for e in self.project.event_schema]
        return ()

    def _expression(self) -> Iterator[Proposal]:
        if self._gives():
            return
        event = self._where()
        if event is not None and event != ():
            yield from self._event_fields(event)
            yield from (("now", "always", ""), ("today", "always", ""), ("lead", "keyword", "a field of the lead"))
            yield from self._functions()
            return
        if self.context.back(1) == "(" and self.context.back(2) in OF_EVENTS:
            yield from self._events()
        yield from self._named_values()
        yield ("lead", "keyword", "a field of the lead")
        yield from self._functions()
        yield from ((name, "function", f"{name}(EVENT)") for name in OF_EVENTS if name not in CALLABLE)
        if event == ():
            yield ("rep", "keyword", "an attribute of the rep")

    def _words_back(self, count: int) -> list[str]:
        return [token.text for token in self.context.before[-count:]]

    def _named_values(self) -> Iterator[Proposal]:
        for name, one in self.scope.names.values.items():
            if one.kind not in ("list", "table"):
                yield name, one.kind, self._detail(name)
        yield from self._fields()
        yield from ((name, "always", str(ALWAYS_TYPES.get(name, ""))) for name in ALWAYS)

    def _detail(self, name: str) -> str:
        known = self.scope.types.get(name)
        return shown_type(known) if known is not None and known.kind != "error" else ""

    def _fields(self) -> Iterator[Proposal]:
        yield from ((f.name, "field", shown_type(f.type)) for f in self.project.lead_schema.fields)

    def _functions(self) -> Iterator[Proposal]:
        for name in CALLABLE:
            call = f"{name}({', '.join(p.name for p in OPERATIONS[name].parameters)})"
            yield name, "function", call

    def _events(self) -> Iterator[Proposal]:
        yield from ((e.name, "event", e.description) for e in self.project.event_schema)
        yield from self._declared("events")

    def _declared(self, *kinds: str) -> Iterator[Proposal]:
        for kind in kinds:
            for name, one in self.scope.names.of(kind).items():
                if one.kind == kind:
                    yield name, kind, one.statement.title or self._detail(name)

    def _channels(self) -> Iterator[Proposal]:
        yield from ((channel, "channel", "") for channel in self.project.channels)

    def _action_kinds(self) -> Iterator[Proposal]:
        yield from self._channels()
        yield from ((kind, "keyword", "") for kind in ACTION_KINDS)

    def _changes(self) -> Iterator[Proposal]:
        """After `enter`: what has labels, and segments; after that its labels."""
        if self.context.back(1) in ("enter", "leave"):
            yield from self._declared(*LABELLED, "segment")
        elif self.context.back(2) in ("enter", "leave"):
            yield from self._labels_of(self.context.back(1))

    def _fired(self) -> Iterator[Proposal]:
        yield from self._declared("score")
        yield from (("trigger", "keyword", ""), ("route", "keyword", ""))

    def _members(self, owner: str) -> Iterator[Proposal]:
        """What may follow `owner.`."""
        names = self.scope.names
        one = names.values.get(nfc(owner))
        if self.context.back(4) == "route":
            yield from self._rules_of(names.of("route").get(owner))
        elif owner == "lead":
            yield from self._fields()
            yield from ((d.name, d.kind, "") for d in names.values.values() if d.name in self.scope.pure)
        elif owner == "rep":
            found = attribute_types(self.project.team.reps)
            yield from ((name, "attribute", str(type_)) for name, type_ in found.items())
        elif owner in ("trigger", "route") and "fired" in self._words_back(4):
            yield from self._declared(owner)
        elif self.scope.is_event(nfc(owner)):
            yield from self._event_fields(self._types(owner))
        elif one is not None and one.kind == "stages":
            yield "since", "keyword", "when the lead entered its stage"
        elif one is not None and one.kind == "table":
            columns = self.scope.tables.get(one.name) or {}
            yield from ((name, "column", str(type_)) for name, type_ in columns.items())
        elif one is not None:
            yield from self._rules_of(one)

    def _rules_of(self, one: object) -> Iterator[Proposal]:
        statement = getattr(one, "statement", None)
        if isinstance(statement, n.Score | n.Route):
            for node in n.walk(statement):
                if isinstance(node, n.ScoreRule | n.RouteRule):
                    yield node.name.key, "rule", node.title or ""

    # -- events -----------------------------------------------------------------------------------------------------

    def _types(self, event: str) -> tuple[str, ...]:
        group = self.scope.names.of("events").get(nfc(event))
        if group is not None:
            return self.scope.group_members(group)
        known = self.scope.names.events.get(nfc(event))
        return (known.name,) if known else ()

    def _where(self) -> tuple[str, ...] | None:
        """Inside a `where`: the event types it is about, () for a team's; None outside of any."""
        at = self._opened_after("where")
        if at is None:
            return None
        names = (token.text for token in reversed(self.context.before[:at]) if token.kind in ("WORD", "NAME"))
        return next((self._types(name) for name in names if self.scope.is_event(nfc(name))), ())

    def _opened_after(self, word: str) -> int | None:
        """Where the word stands that the innermost open bracket after such a word follows."""
        before = self.context.before
        opened: list[int] = []
        for at, token in enumerate(before):
            if token.kind == "LPAR":
                opened.append(at)
            elif token.kind == "RPAR" and opened:
                opened.pop()
        return next((at - 1 for at in reversed(opened) if at and before[at - 1].text == word), None)

    def _event_fields(self, types: tuple[str, ...]) -> Iterator[Proposal]:
        for name in self.scope.event_field_names(types):
            known = self.scope.shared_field(types, nfc(name))
            yield name, "event field", shown_type(known) if known else ""

    def _distinct(self) -> Iterator[Proposal]:
        names = (token.text for token in reversed(self.context.before) if token.kind in ("WORD", "NAME"))
        event = next((name for name in names if self.scope.is_event(nfc(name))), None)
        if event is not None:
            yield from self._event_fields(self._types(event))
        yield "day", "keyword", "one per calendar day"

    # -- labels and texts -------------------------------------------------------------------------------------------

    def _labels(self) -> Iterator[Proposal]:
        """The labels of what stands before the last `is`."""
        before = self.context.before
        at = next((i for i in range(len(before) - 1, 0, -1) if before[i].text == "is"), 0)
        if at:
            yield from self._labels_of(before[at - 1].text)

    def _labels_of(self, name: str) -> Iterator[Proposal]:
        yield from ((label, "label", f"label of {name}") for label in self.scope.labels_of(nfc(name)) or ())

    def _assigns(self) -> bool:
        """Whether the line gives fields their values: no later keyword stands between."""
        words = [token.text for token in self.context.before if token.first or token.text in ("given", "with")]
        return bool(words) and words[-1] in ("given", "with")

    def _gives(self) -> bool:
        """Whether the value that a test gives a field is to stand here: one that is written out."""
        return (
            self._block == "test"
            and self.context.back(1) == "="
            and self.context.back(3) in ("given", "with", ",")
            and self._assigns()
        )

    def _assigned(self) -> Iterator[Proposal]:
        """The fields that a test may fill: the lead's, or the event's after `with`."""
        line = [token for token in self.context.before if token.first or token.text in ("with", "given")]
        events = [t.text for t in self.context.before if self.scope.is_event(nfc(t.text))]
        if line and line[-1].text == "with" and events:
            yield from (item for item in self._event_fields(self._types(events[-1])) if item[0] not in ("at", "type"))
            return
        yield from self._fields()
        yield from self._declared("band", "stages")
        yield from ((name, "always", "") for name in ("owner", "sequence", "step", "enrolled_at"))

    def quoted(self) -> Iterator[Proposal]:
        """Texts that may stand, where none is begun yet."""
        if "STRING" in self.context.accepts:
            yield from self.texts()

    def texts(self) -> Iterator[Proposal]:
        """What may stand between quotes."""
        last = self.context.back(1)
        if last == "template":
            yield from ((name, "template text", path) for name, path in self.project.templates)
        elif last == "rep":
            yield from ((rep.key, "rep", rep.name or "") for rep in self.project.team.reps)
        else:
            yield from self._compared_with()

    def _compared_with(self) -> Iterator[Proposal]:
        """What the value may be that is compared with, or given, the text that is to stand here."""
        before = self.context.before
        at = len(before) - 1
        while at >= 0 and _is_between(before[at]):
            at -= 1
        if at < 0 or at == len(before) - 1 or before[at].kind not in ("WORD", "NAME"):
            return
        if before[at].text == "owner":
            yield from ((rep.key, "rep", rep.name or "") for rep in self.project.team.reps)
            yield from ((f"queue:{queue}", "value", "") for queue in self.project.team.queues)
        if before[at].text == "sequence" and self._gives():
            yield from ((name, "value", title) for name, _, title in self._declared("sequence"))
        type_ = self._type_of(before, at)
        if type_ is not None and (type_.kind != "label" or self._gives()):
            yield from ((option, "value", "") for option in type_.options)

    def _type_of(self, before: tuple[Token, ...], at: int) -> Type | None:
        key = nfc(before[at].text)
        inside = self._where()
        event = nfc(before[at - 2].text) if at >= 2 and before[at - 1].kind == "DOT" else ""
        if event and self.scope.is_event(event):
            return self.scope.shared_field(self._types(event), key)
        if inside and event != "lead":
            return self.scope.shared_field(inside, key)
        if self._block == "test" and "with" in [t.text for t in before[-8:] if t.text != key]:
            events = [t.text for t in before if self.scope.is_event(nfc(t.text))]
            found = self.scope.shared_field(self._types(events[-1]), key) if events else None
            if found is not None:
                return found
        field = self.scope.names.fields.get(key)
        return field.type if field else self.scope.types.get(key)


def _is_between(token: Token) -> bool:
    """Whether a token stands between a value and the texts it is compared with."""
    words = ("in", "not", "any", "contains", "has", "with", "starts", "ends", "matches")
    return token.kind in ("STRING", "COMMA", "LPAR", "LSQB", "EQUAL", "CMP") or token.text in words
