"""Small edits of a ruleset: an operator turned, a weight or threshold by one, a line dropped, two lines swapped.

In: a compiled ruleset. Out: its mutants in declaration order, each with its line, its change in words and how to make it;
what can be proved to mean the same is left out and counted. Runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeVar, cast

from leadrules.analyse.formulas import Formula, boxes, negated
from leadrules.analyse.study import Study
from leadrules.core.records import dataclass
from leadrules.core.text import number_text
from leadrules.project.model import Project
from leadrules.review.testing.mutant_limits import ACTED, ANYHOW, Change, cells_of, limits, times_of
from leadrules.review.testing.points import clauses
from leadrules.ruleset.model import (
    Band,
    BandLabel,
    Classify,
    Definition,
    Expr,
    Group,
    Matrix,
    Place,
    Placed,
    Route,
    Ruleset,
    Score,
    ScoreRule,
    Sequence,
    Stages,
    Trigger,
)
from leadrules.ruleset.walk import below

T = TypeVar("T")
HOLDERS = ("definitions", "routes", "sequences", "triggers", "exits", "suppressions")
TURNED = {"ge": "gt", "gt": "ge", "le": "lt", "lt": "le", "and": "or", "or": "and"}
SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "and": "and", "or": "or"}
NEGATED = {
    "in": ("in", "not in"),
    "in_table": ("in", "not in"),
    "in_team": ("in team", "not in team"),
    "eq": ("=", "!="),
    "is_label": ("is", "is not"),
    "contains": ("contains", "not contains"),
    "starts": ("starts with", "not starts with"),
    "ends": ("ends with", "not ends with"),
    "matches": ("matches", "not matches"),
    "has": ("has", "not has"),
    "is_blank": ("is blank", "is not blank"),
    "did": ("did", "never"),
}
ARITHMETIC = {
    "add": ("+", "-", "sub"),
    "sub": ("-", "+", "add"),
    "mul": ("*", "/", "div"),
    "div": ("/", "*", "mul"),
    "min": ("min", "max", "max"),
    "max": ("max", "min", "min"),
}
COMPARED = ("ge", "gt", "le", "lt", "eq", "between")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A ruleset with one edit. `rules` are the lines it is in.

    `is_defined` says that definitions use what is edited, `is_decided` that decisions use it directly.
    """

    rules: tuple[str, ...]
    change: Change
    is_defined: bool
    is_decided: bool
    make: Callable[[], Ruleset]

    @property
    def words(self) -> str:
        """The change in words."""
        return self.change.words

    @property
    def span(self) -> Place | None:
        """Where it is made."""
        return self.change.span


@dataclass(frozen=True, slots=True)
class Mutants:
    """The mutants of a ruleset, and how many edits were left out because they prove to mean the same."""

    mutants: tuple[Mutant, ...]
    equivalent: int


def swapped(part: T, old: Any, new: Any) -> T:
    """A part of a ruleset with one of its parts, known by identity, replaced; itself where that is not in it."""
    if part is old:
        return cast("T", new)
    if isinstance(part, tuple):
        items = tuple(swapped(item, old, new) for item in part)
        return part if all(a is b for a, b in zip(items, part, strict=True)) else cast("T", items)
    if not is_dataclass(part) or isinstance(part, type):
        return part
    found = {item.name: swapped(getattr(part, item.name), old, new) for item in fields(part)}
    changed = {name: value for name, value in found.items() if value is not getattr(part, name)}
    return cast("T", replace(cast("Any", part), **changed)) if changed else part


def mutants_of(ruleset: Ruleset, project: Project) -> Mutants:
    """Every mutant, those of one line together."""
    study = Study(project, ruleset, ())
    users = _users(ruleset)
    found: list[Mutant] = []
    equivalent = 0
    for holder in (*HOLDERS, "aggregates"):
        for part in getattr(ruleset, holder):
            for change, rules, uses in _changes(holder, part, ruleset, study, users):
                if change.same is not None and change.same():
                    equivalent += 1
                else:
                    found.append(Mutant(rules, change, *uses, _Making(ruleset, holder, part, change)))
    found.sort(key=lambda one: ((one.span or {}).get("path", ""), (one.span or {}).get("line", 0)))
    return Mutants(tuple(found), equivalent)


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes the ruleset of a mutant when it is asked for."""

    ruleset: Ruleset
    holder: str
    part: Any
    change: Change

    def __call__(self) -> Ruleset:
        """The ruleset with the change."""
        new = swapped(self.part, self.change.old, self.change.new)
        parts = tuple(new if one is self.part else one for one in getattr(self.ruleset, self.holder))
        return replace(self.ruleset, **cast("dict[str, Any]", {self.holder: parts}))


# -- which line a part is in ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Users:
    """The lines that look at each aggregate, whether definitions do, and the expressions of decisions that do."""

    rules: dict[int, list[str]]
    defined: set[int]
    decided: dict[int, list[Expr]]


def _users(ruleset: Ruleset) -> _Users:
    users = _Users({}, set(), {})
    for holder in HOLDERS:
        for part in getattr(ruleset, holder):
            for rule, line in lines_of(holder, part):
                for top in _tops(line):
                    for number in _aggregates(top, ruleset):
                        users.rules.setdefault(number, []).append(rule)
                        if holder == "definitions":
                            users.defined.add(number)
                        else:
                            users.decided.setdefault(number, []).append(top)
    return users


def _aggregates(top: Expr, ruleset: Ruleset) -> Iterator[int]:
    for one in below(top, ruleset):
        if isinstance(one, Expr) and one.op in ("aggregate", "did"):
            yield one.value


def lines_of(holder: str, part: Any) -> Iterator[tuple[str, Placed]]:
    """The lines of a statement, each with the name that coverage gives it."""
    match part:
        case Score():
            yield from ((f"{part.name}.{rule.name}", rule) for rule in part.rules)
        case Classify() | Stages():
            yield from ((f"{part.name}.{label.name}", label) for label in part.labels)
            if isinstance(part, Stages) and part.unless is not None:
                yield f"{part.name}.unless", part.unless
        case Route():
            yield from _of_route(part)
        case Sequence():
            yield from ((f"sequence.{part.name}.{step.number}", step) for step in part.steps)
            yield from ((f"sequence.{part.name}.exit", one) for one in part.exits)
            yield from ((f"sequence.{part.name}.pause", one) for one in part.pauses)
            yield from ((f"sequence.{part.name}.finish", one) for one in part.on_finish)
        case Trigger():
            yield f"trigger.{part.name}", part
        case Definition():
            yield part.name, part
        case _ if holder == "exits":
            yield "exit all", part
        case _ if holder == "suppressions":
            yield f"suppress {part.channel}", part


def _of_route(route: Route) -> Iterator[tuple[str, Placed]]:
    yield from ((f"route.{route.name}.{rule.name}", rule) for rule in route.rules)
    yield from ((f"route.{route.name}.reroute", one) for one in route.reroute)
    yield from ((f"route.{route.name}.answered", one) for one in route.answered)


# -- what can be changed ----------------------------------------------------------------------------------------------


def _changes(
    holder: str, part: Any, ruleset: Ruleset, study: Study, users: _Users
) -> Iterator[tuple[Change, tuple[str, ...], tuple[bool, bool]]]:
    """The edits of a statement, the lines they are in, and whether definitions and decisions use what is edited."""
    if holder == "aggregates":
        number = next(n for n, one in enumerate(ruleset.aggregates) if one is part)
        if number in users.rules:  # those that tests alone look at are no rules
            rules, decided = tuple(dict.fromkeys(users.rules[number])), users.decided.get(number, [])
            tops = () if any(map(_is_inner, decided)) else tuple((top, top) for top in decided)
            for change in _inside(part, None):
                yield replace(change, tops=tops), rules, (number in users.defined, bool(decided))
        return
    uses = (holder == "definitions", holder != "definitions")
    for rule, line in lines_of(holder, part):
        yield from ((change, (rule,), uses) for change in _inside(line, study if uses[0] else None))
    for rules, change in _of_lines(part, study):
        yield change, rules, uses


def _inside(line: Any, study: Study | None) -> Iterator[Change]:
    """The edits inside a line: its expressions, durations, limits and weight."""
    if isinstance(line, ScoreRule) and line.points.op == "const":
        yield _number(line.points, line.points.value, "weight")
    for expr in _tops(line):
        yield from _in_expression(expr, study)
    for part in _parts(line):
        yield from limits(part, getattr(line, "span", None))


def _tops(part: Any) -> Iterator[Expr]:
    """The outermost expressions of a part."""
    if isinstance(part, Expr):
        yield part
        return
    for child in _children(part):
        yield from _tops(child)


def _children(part: Any) -> Iterator[Any]:
    for item in fields(part):
        value = getattr(part, item.name)
        for child in value if isinstance(value, tuple) else (value,):
            if is_dataclass(child) and not isinstance(child, type):
                yield child


def _parts(part: Any) -> Iterator[Any]:
    """A part and all below it, expressions left out."""
    if isinstance(part, Expr):
        return
    yield part
    for child in _children(part):
        yield from _parts(child)


def _in_expression(top: Expr, study: Study | None) -> Iterator[Change]:
    for expr, parent in _with_parents(top, None):
        for change in _of_expression(expr, parent):
            same = None if study is None or top.type.kind != "yesno" else _Same(study, top, change)
            tops = () if _is_inner(top) else ((top, swapped(top, change.old, change.new)),)
            yield replace(change, same=same, tops=tops)


def _is_inner(top: Expr) -> bool:
    """Whether an expression is about an event or a rep: by the lead alone it has no value."""
    return any(part.op in ("event_field", "rep_field") for part, _ in _with_parents(top, None))


def _with_parents(expr: Expr, parent: Expr | None) -> Iterator[tuple[Expr, Expr | None]]:
    yield expr, parent
    for part in expr.args:
        yield from _with_parents(part, expr)


def _of_expression(expr: Expr, parent: Expr | None) -> Iterator[Change]:
    if expr.op in TURNED:
        other = TURNED[expr.op]
        yield Change(f"`{SIGNS[expr.op]}` becomes `{SIGNS[other]}`", expr.span, expr, replace(expr, op=other))
    if expr.op in NEGATED:
        positive, negative = NEGATED[expr.op]
        if parent is not None and parent.op == "not":
            yield Change(f"`{negative}` becomes `{positive}`", parent.span, parent, expr)
        else:
            turned = Expr("not", expr.type, (expr,), span=expr.span)
            yield Change(f"`{positive}` becomes `{negative}`", expr.span, expr, turned)
    elif expr.op == "not" and expr.args[0].op not in NEGATED:
        yield Change("`not` is dropped", expr.span, expr, expr.args[0])
    if expr.op in COMPARED:
        yield from (change for part in expr.args if (change := _threshold(part)) is not None)
    if expr.op in ARITHMETIC:
        yield from _of_arithmetic(expr)


def _of_arithmetic(expr: Expr) -> Iterator[Change]:
    """The numbers of a formula, and its operator where it joins two of them."""
    sign, other, op = ARITHMETIC[expr.op]
    if len(expr.args) == 2 and all(part.type.kind == "number" for part in expr.args):
        yield Change(f"`{sign}` becomes `{other}`", expr.span, expr, replace(expr, op=op))
    for part in expr.args:
        if part.op == "const" and part.type.kind == "number" and part.value is not None:
            yield _number(part, part.value, "number")


def _threshold(part: Expr) -> Change | None:
    if part.op == "const" and part.type.kind == "number" and part.value is not None:
        return _number(part, part.value, "threshold")
    if part.op == "const" and part.type.kind == "date" and part.value not in (None, date.max.isoformat()):
        later = (date.fromisoformat(part.value) + timedelta(days=1)).isoformat()
        return Change(f"{part.value} becomes {later}", part.span, part, replace(part, value=later))
    if part.op == "duration":
        count, unit = part.value
        words = f"{count} {unit} becomes {count + 1} {unit}"
        return Change(words, part.span, part, replace(part, value=[count + 1, unit]))
    return None


def _number(part: Expr, value: float, what: str) -> Change:
    """One more; of a share, a hundredth more."""
    more = _more(value)
    words = f"{what} {number_text(float(value))} becomes {number_text(more)}"
    return Change(words, part.span, part, replace(part, value=more))


def _more(value: float) -> float:
    return round(value + (1 if float(value).is_integer() or abs(value) > 1 else 0.01), 6)


# -- lines dropped and swapped ----------------------------------------------------------------------------------------


def _of_lines(part: Any, study: Study) -> Iterator[tuple[tuple[str, ...], Change]]:
    match part:
        case Score():
            yield from _of_score(part, study)
        case Band():
            yield from _of_band(part)
        case Matrix():
            yield from (((part.name,), change) for change in cells_of(part))
        case Classify() | Stages():
            forms = [study.conditions.line(label) for label in part.labels]
            yield from _of_list(part.name, part, "labels", forms)
        case Route():
            yield from _of_list(f"route.{part.name}", part, "rules", [study.conditions.line(r) for r in part.rules])
        case Sequence():
            for step in part.steps:
                dropped = _dropped(part, "steps", step, reach=ACTED)
                yield (f"sequence.{part.name}.{step.number}",), replace(dropped, moves_steps=True)
            yield from (((f"sequence.{part.name}.finish",), change) for change in times_of(part))
            for action in part.on_finish:
                yield (f"sequence.{part.name}.finish",), _dropped(part, "on_finish", action, reach=ACTED)
            for name, word in (("exits", "exit"), ("pauses", "pause")):
                for one in getattr(part, name):
                    yield (f"sequence.{part.name}.{word}",), _condition_dropped(part, name, one, worth=False)
        case Trigger():
            for one in part.conditions:
                yield (f"trigger.{part.name}",), _condition_dropped(part, "conditions", one, worth=True)
            for action in part.actions:
                yield (f"trigger.{part.name}",), _dropped(part, "actions", action, reach=ACTED)


def _dropped(
    part: Any, name: str, one: Any, same: Callable[[], bool] | None = None, reach: tuple[str, ...] = ANYHOW
) -> Change:
    rest = tuple(other for other in getattr(part, name) if other is not one)
    return Change("the line is dropped", one.span, part, replace(part, **{name: rest}), same, reach=reach)


def _condition_dropped(part: Any, name: str, one: Expr, *, worth: bool) -> Change:
    """Without it, it is as if the condition always (`worth`), or never, held."""
    return replace(_dropped(part, name, one), tops=((one, Expr("const", one.type, (), worth)),))


def _of_score(score: Score, study: Study) -> Iterator[tuple[tuple[str, ...], Change]]:
    groups = {group.name: group for group in score.groups}
    for place, rule in enumerate(score.rules):
        form = study.conditions.rule(rule)
        yield (f"{score.name}.{rule.name}",), _dropped(score, "rules", rule, _Never(form))
        after = score.rules[place + 1] if place + 1 < len(score.rules) else None
        group = groups.get(rule.group or "")
        if after is not None and group is not None and group.first_match and after.group == rule.group:
            same = _Apart(form, study.conditions.rule(after))
            yield (f"{score.name}.{rule.name}",), _swapped_lines(score, "rules", rule, after, same)
    for name in ("floor", "cap"):
        value = getattr(score, name)
        if value is not None:
            words = f"{name} {number_text(float(value))} becomes {number_text(float(value + 1))}"
            more, key = replace(score, **{name: value + 1}), ("bounds", score.name, name)
            yield (f"{score.name} {name}",), Change(words, score.span, score, more, reach=(), key=key)
    yield from (((f"{score.name}.{g.name}",), _limit(score, g)) for g in score.groups if g.most_points is not None)


def _limit(score: Score, group: Group) -> Change:
    assert group.most_points is not None
    more = group.most_points + 1
    words = f"at most {number_text(float(group.most_points))} points becomes {number_text(float(more))}"
    key = ("bounds", score.name, f"{group.name} limit")
    return Change(words, group.span, group, replace(group, most_points=more), reach=(), key=key)


def _of_band(band: Band) -> Iterator[tuple[tuple[str, ...], Change]]:
    for label in band.labels:
        rule = f"{band.name}.{label.name}"
        yield (rule,), _dropped(band, "labels", label)
        yield from (((rule,), change) for change in _of_label(label))


def _of_label(label: BandLabel) -> Iterator[Change]:
    for name, word in (("start", "from"), ("hold", "hold until below")):
        value = getattr(label, name)
        if value is not None:
            words = f"{word} {number_text(float(value))} becomes {number_text(_more(value))}"
            yield Change(words, label.span, label, replace(label, **cast("dict[str, Any]", {name: _more(value)})))


def _of_list(name: str, part: Any, lines: str, forms: list[Formula]) -> Iterator[tuple[tuple[str, ...], Change]]:
    rows = getattr(part, lines)
    for place, one in enumerate(rows):
        yield (f"{name}.{one.name}",), _dropped(part, lines, one, _Never(forms[place]), ACTED)
        # With `otherwise` a swap is the same as dropping the line before it.
        if place + 1 < len(rows) and rows[place + 1].condition is not None:
            same = _Apart(forms[place], forms[place + 1])
            both = (f"{name}.{one.name}", f"{name}.{rows[place + 1].name}")
            yield both, replace(_swapped_lines(part, lines, one, rows[place + 1], same), reach=ACTED)


def _swapped_lines(part: Any, name: str, one: Any, after: Any, same: Callable[[], bool]) -> Change:
    places = {id(one): after, id(after): one}
    rows = tuple(places.get(id(row), row) for row in getattr(part, name))
    return Change("the line is swapped with the next", one.span, part, replace(part, **{name: rows}), same)


# -- what is proved to mean the same ----------------------------------------------------------------------------------


def _is_empty(*parts: Formula) -> bool:
    """Whether it is proved that nothing meets all of these."""
    found = boxes(parts[0])
    for part in parts[1:]:
        found = None if found is None else boxes(part, found)
    return found == []


@dataclass(frozen=True, slots=True)
class _Never:
    """A line that holds for nobody is no loss."""

    form: Formula

    def __call__(self) -> bool:
        """Whether that is proved."""
        return _is_empty(self.form)


@dataclass(frozen=True, slots=True)
class _Apart:
    """Two lines that never hold together may stand either way."""

    one: Formula
    other: Formula

    def __call__(self) -> bool:
        """Whether that is proved."""
        return _is_empty(self.one, self.other)


@dataclass(frozen=True, slots=True)
class _Same:
    """A condition that holds for the same leads before and after its change."""

    study: Study
    top: Expr
    change: Change

    def __call__(self) -> bool:
        """Whether that is proved."""
        before = self.study.conditions.holds(self.top)
        after = self.study.conditions.holds(swapped(self.top, self.change.old, self.change.new))
        return _is_empty(before, negated(after)) and _is_empty(after, negated(before))


def clause_keys(mutant: Mutant) -> Iterable[tuple[str, int]]:
    """The coverage keys of the clauses in what a mutant changes."""
    for top in _tops(mutant.change.old):
        for leaf in clauses(top):
            yield from (("true", id(leaf)), ("false", id(leaf)))
