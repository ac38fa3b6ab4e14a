"""Who gets another owner, field, sequence or action under the newer rules, and because of which edited line.

In: two outcomes over the same leads, the edits, and who is to blame for changed facts. Out: `Slot`s. A decision is traced to
the rules that made it on either side: an edit of one of these lines, or one that moved what they look at. A lead whose own
rules and facts are as they were was dealt in another turn: it moves because others do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.lifecycle.run import Outcome
from leadrules.review.diff.attribution import Attribution
from leadrules.review.diff.edits import WITHOUT_EFFECT, Edit, name_of
from leadrules.review.diff.runs import Compared
from leadrules.ruleset.model import Action, Ruleset, Template
from leadrules.ruleset.walk import below

SlotKind = Literal["owner", "field", "sequence", "action"]
MOVES = ("enroll", "move", "stop")
COVERED = ("assign", "set", *MOVES)  # actions that show as a change of owner, field or sequence
BLANK = "(blank)"  # what a field is set to when it is set to nothing
_SAID = ("kind", "what", "value", "due", "template", "auto")


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that a run decides of each lead: the compared rows where it is decided otherwise, and why.

    `blame` has the rows that each edit (by number) moves, `turn` those that only moved because others did.
    """

    kind: SlotKind
    name: str
    rows: pl.Series
    before: pl.Series
    after: pl.Series
    blame: Mapping[int, pl.Series]
    turn: pl.Series


def decisions(compared: Compared, edits: Sequence[Edit], attribution: Attribution) -> list[Slot]:
    """Owner, the fields that rules fill, sequence and actions, as far as either version decides them."""
    if compared.base.decided is None and compared.head.decided is None:
        return []
    trace = _Trace(compared, edits, attribution)
    return [trace.slot(raw) for raw in _raw_slots(compared)]


@dataclass(frozen=True, slots=True)
class _Raw:
    """A slot before it is traced: every compared lead on both sides, and the rules that decided."""

    kind: SlotKind
    name: str
    before: pl.Series
    after: pl.Series
    rules: tuple[pl.Series, pl.Series]


def _raw_slots(compared: Compared) -> Iterator[_Raw]:
    base, head = compared.base, compared.head
    for kind, name, actions in (("owner", "owner", ("assign", "reassign")), ("sequence", "sequence", MOVES)):
        before, after = now(base, name, compared), now(head, name, compared)
        rules = (
            compared.before(_rules(base, actions, "owner" if kind == "owner" else None)),
            compared.after(_rules(head, actions, "owner" if kind == "owner" else None)),
        )
        yield _Raw(
            "owner" if kind == "owner" else "sequence", name, compared.before(before), compared.after(after), rules
        )
    for name in _fields(compared):
        before, after = _given(base, name), _given(head, name)
        rules = (
            compared.before(_rules(base, ("assign", "set"), name)),
            compared.after(_rules(head, ("assign", "set"), name)),
        )
        yield _Raw("field", name, compared.before(before), compared.after(after), rules)
    before, after = _said(base), _said(head)
    rules = (compared.before(_rules(base, None, None)), compared.after(_rules(head, None, None)))
    yield _Raw("action", "actions", compared.before(before), compared.after(after), rules)


def now(outcome: Outcome, name: str, compared: Compared) -> pl.Series:
    """Owner or sequence after a run; of rules that decide nothing, as they were."""
    if outcome.decided is not None:
        return outcome.decided.table[name]
    other = compared.head if outcome is compared.base else compared.base
    assert other.decided is not None
    keys = other.leads.frame["@key"].alias("key").to_frame().with_columns(other.decided.tick.leads[name].alias("value"))
    own = outcome.leads.frame["@key"].alias("key").to_frame()
    return own.join(keys, on="key", how="left", maintain_order="left")["value"]


def _fields(compared: Compared) -> list[str]:
    given = (one.decided.fields["field"].unique() for one in (compared.base, compared.head) if one.decided is not None)
    return sorted({str(name) for names in given for name in names})


def _given(outcome: Outcome, name: str) -> pl.Series:
    """What a run gave a field, per lead; blank where it gave none."""
    empty = pl.Series([None], dtype=pl.String).new_from_index(0, outcome.leads.frame.height)
    if outcome.decided is None:
        return empty
    rows = outcome.decided.fields.filter(pl.col("field") == name)
    return empty.scatter(rows["lead_row"], rows["value"].fill_null(BLANK)) if rows.height else empty


def _rules(outcome: Outcome, kinds: tuple[str, ...] | None, what: str | None) -> pl.Series:
    """The rule that did it, per lead: of an owner also the route's, where it changed nothing."""
    found = pl.Series([None], dtype=pl.String).new_from_index(0, outcome.leads.frame.height)
    decided = outcome.decided
    if decided is None:
        return found
    if what == "owner":
        for route in decided.tick.ruleset.routes:
            if route.sets is None:
                taken = decided.routes[route.name].cast(pl.String)
                path = pl.select(pl.lit(f"route.{route.name}.") + pl.lit(taken)).to_series()
                found = path.zip_with(path.is_not_null(), found)
    rows = decided.done if kinds is None else decided.done.filter(pl.col("kind").is_in(kinds))
    rows = rows.filter(~pl.col("kind").is_in(COVERED)) if kinds is None else rows
    rows = rows.filter(pl.col("what") == what) if what is not None else rows
    rows = rows.unique("lead_row", keep="last", maintain_order=True)
    return found.scatter(rows["lead_row"], rows["rule"]) if rows.height else found


def _said(outcome: Outcome) -> pl.Series:
    """What goes out for each lead, as one text; blank where nothing does."""
    empty = pl.Series([None], dtype=pl.String).new_from_index(0, outcome.leads.frame.height)
    if outcome.decided is None:
        return empty
    rows = outcome.decided.done.filter(~pl.col("kind").is_in(COVERED))
    text = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in _SAID], separator=" ")
    lines = rows.select("lead_row", text.alias("said")).group_by("lead_row").agg(pl.col("said").sort().str.join("\n"))
    return empty.scatter(lines["lead_row"], lines["said"]) if lines.height else empty


# -- tracing --------------------------------------------------------------------------------------------------------

_Statement = tuple[str, str]  # section, name


class _Trace:
    """From a decision back to the edits."""

    def __init__(self, compared: Compared, edits: Sequence[Edit], attribution: Attribution) -> None:
        self._compared, self._attribution = compared, attribution
        self._edits = {n: e for n, e in enumerate(edits) if e.has_effect and e.section not in WITHOUT_EFFECT}
        self._rulesets = (compared.base.request.ruleset, compared.head.request.ruleset)
        routes = [route for ruleset in self._rulesets for route in ruleset.routes]
        self._routes = {f"{one.name}.{rule.name}": one.name for one in routes for rule in one.rules}
        self._moved: dict[str, dict[int, pl.Series]] = {}

    def slot(self, raw: _Raw) -> Slot:
        """The changed leads of a slot, each with the edits that moved it."""
        rows = rows_where(raw.before.ne_missing(raw.after))
        before, after = raw.before.gather(rows), raw.after.gather(rows)
        nobody = pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True)
        if len(self._edits) == 1:
            return Slot(raw.kind, raw.name, rows, before, after, dict.fromkeys(self._edits, ~nobody), nobody)
        by = [rule.gather(rows) for rule in raw.rules]
        held = [before, after] if raw.kind == "sequence" else [before.clear(len(rows)), after.clear(len(rows))]
        groups = pl.DataFrame({"b": by[0], "h": by[1], "x": held[0], "y": held[1]}).with_row_index("at")
        blame: dict[int, pl.Series] = {}
        for (old, new, left, entered), group in groups.group_by("b", "h", "x", "y", maintain_order=True):
            inside = nobody.clone().scatter(group["at"], True)
            paths = {str(path) for path in (old, new) if path is not None}
            names = {str(name) for name in (left, entered) if name is not None}
            for number, mask in self._causes(raw.kind, paths, names, rows):
                found = inside if mask is None else inside & mask
                if found.any():
                    blame[number] = blame[number] | found if number in blame else found
        explained = nobody
        for mask in blame.values():
            explained = explained | mask
        return Slot(raw.kind, raw.name, rows, before, after, blame, ~explained)

    def _causes(
        self, kind: SlotKind, paths: set[str], sequences: set[str], rows: pl.Series
    ) -> Iterator[tuple[int, pl.Series | None]]:
        """Edits behind a decision that these rules made: of a line itself (None: of every lead), or of what it looks at."""
        statements = set(self._statements(kind, paths, sequences))
        for number, edit in self._edits.items():
            if (edit.section, edit.name) in statements and _is_on(edit, paths):
                yield number, None
        for name in self._looked_at(statements):
            for number, moved in self._movers(name).items():
                yield number, moved.gather(rows)

    def _statements(self, kind: SlotKind, paths: set[str], sequences: set[str]) -> Iterator[_Statement]:
        """The statements that have a say: those of the rules, those that call them, and what ends a sequence."""
        found = [one for path in paths if (one := self._statement(path)) is not None]
        yield from found
        routes = {name for section, name in found if section == "routes"}
        wanted = sequences | {name for section, name in found if section == "sequences"}
        for ruleset in self._rulesets:
            for trigger in ruleset.triggers:
                if any(_calls(action, routes, wanted) for action in trigger.actions):
                    yield "triggers", trigger.name
        if kind in ("sequence", "action"):
            yield "exits", "exit all"
            yield from (("sequences", name) for name in wanted)
        if kind == "action":
            yield from (("suppressions", f"suppress {one.channel}") for r in self._rulesets for one in r.suppressions)

    def _statement(self, path: str) -> _Statement | None:
        """The statement of a rule's path: `route.sales.retail` is of the route `sales`. Names may hold dots."""
        kind, _, rest = path.partition(".")
        if kind == "route" and rest in self._routes:
            return "routes", self._routes[rest]
        if kind == "sequence":
            return "sequences", rest.rpartition(".")[0]
        return ("triggers", rest) if kind == "trigger" else None

    def _looked_at(self, statements: Iterable[_Statement]) -> set[str]:
        """The definitions that statements look at, in either version."""
        wanted = set(statements)
        found: set[str] = set()
        for ruleset in self._rulesets:
            for section in ("routes", "triggers", "sequences", "exits", "suppressions"):
                for one in getattr(ruleset, section):
                    if (section, name_of(one)) in wanted:
                        found |= self._attribution.reach.mentioned(one, ruleset) | _heard(one, ruleset)
        return found

    def _movers(self, name: str) -> dict[int, pl.Series]:
        """Per edit, which compared leads it moves in a definition."""
        if name not in self._moved:
            change = self._attribution.changes.get(name)
            nobody = pl.repeat(False, self._compared.height, dtype=pl.Boolean, eager=True)
            self._moved[name] = {
                number: nobody.clone().scatter(change.rows.filter(mask), True)
                for change in ([] if change is None else [change])
                for number, mask in change.blame.items()
                if mask.any()
            }
        return self._moved[name]


def _is_on(edit: Edit, paths: set[str]) -> bool:
    """Whether an edit is of these very lines, or of a whole statement."""
    if edit.line is None:
        return True
    return edit.path in paths


def _calls(action: Action, routes: set[str], sequences: set[str]) -> bool:
    return action.route in routes or (action.sequence in sequences if action.sequence is not None else False)


def _heard(statement: Any, ruleset: Ruleset) -> set[str]:
    """The definitions that a statement names by other means than expressions: labels it enters, classifies it goes by."""
    found: set[str] = set()
    for one in below(statement, ruleset):
        if isinstance(one, Action | Template) and one.by is not None:
            found.add(one.by)
        kind, name = getattr(one, "kind", None), getattr(one, "name", None)
        if kind in ("enter", "leave") and name is not None:
            found.add(str(name))
    return found
