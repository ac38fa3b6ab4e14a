"""What real leads can say of the rules: the questions, and the findings that their answers make.

In: a study; then, from whoever read the leads, how many meet each condition and which values each column has. Out:
findings about rules that fire on none or on all, and literals that a column never has; and how many real leads the
overlaps, gaps and shadows touch, as notes on those. Reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from leadrules.analyse.study import Row, Study
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import fold, nearest
from leadrules.core.types import YESNO, Type
from leadrules.ruleset.model import Band, Classify, Expr, Placed, Score, Segment, Stages
from leadrules.ruleset.walk import expression_parts

SHOWN = 3
Touched = tuple[str, str, int, int]  # code, file, place, the place of the other line or -1
# Names of one country that no spelling brings together.
_ALSO = (("uk", "gb", "united kingdom", "great britain"), ("usa", "us", "united states"), ("jp", "japan", "日本"))


@dataclass(frozen=True, slots=True)
class Column:
    """A text field of leads, or of events of these types."""

    field: str
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What the leads said: their number, how many meet each condition or fire each rule of a score, and per column its
    values with their counts."""

    leads: int
    met: Mapping[str, int]
    columns: Mapping[Column, Mapping[str, int]]
    source: str
    fired: Mapping[str, int] = field(default_factory=dict)


def conditions_asked(study: Study) -> dict[str, Expr]:
    """The conditions to count, by name: every line of every list, and where the lines of one overlap or leave a gap."""
    asked = {_key("takes", part): condition for _, _, part, condition in _takers(study)}
    for one in study.lists:
        given = [row for row in one.rows if row.condition is not None and _is_plain(row)]
        asked |= {_key("meets", row.part): row.condition for row in given if row.condition is not None}
        if one.kind != "group" and not one.has_otherwise and len(given) == len(one.rows) and given:
            asked[f"gap {one.kind} {one.name}"] = _none(given)
        if study.overlaps:
            asked |= {_pair(a, b): _all(a, b) for n, b in enumerate(given) for a in given[:n]}
    return asked | {_key(code, part): condition for code, part, condition in _affected(study)}


def _key(what: str, part: Placed) -> str:
    return f"{what} {id(part)}"


def _affected(study: Study) -> Iterator[tuple[str, Placed, Expr]]:
    """What a finding about one part is about: its code, the part, the condition that the leads concerned meet."""
    for band in study.ruleset.declared:
        if isinstance(band, Band) and all(label.start is not None for label in band.labels):
            yield "LR204", band, Expr("is_blank", YESNO, (_named(band.name),))
    for one in study.ruleset.asserts:
        yield "LR223", one, Expr("and", YESNO, (one.condition, Expr("not", YESNO, (one.implies,))))
    for part in study.expressions:
        if part.op == "eq" and part.type == YESNO:
            for flag in part.args:
                if flag.op == "field" and flag.type == YESNO:
                    yield "LR217", part, Expr("is_blank", YESNO, (flag,))


def _named(name: str) -> Expr:
    return Expr("name", Type("label", (), name), (), name)


def columns_asked(study: Study) -> list[Column]:
    """The text fields that rules compare with literals."""
    return list(dict.fromkeys(column for _, column, _ in _literals(study)))


def _takers(study: Study) -> Iterator[tuple[str, str, Placed, Expr]]:
    """Every label and segment that a lead can get, and every line of a route: name, what it does, part, condition."""
    for one in study.ruleset.declared:
        if isinstance(one, Segment):
            yield one.name, "fires on", one, Expr("name", YESNO, (), one.name)
        elif isinstance(one, Classify | Stages):
            for label in one.labels:
                if label.condition is not None:
                    given = Expr("is_label", YESNO, (_named(one.name),), [label.name])
                    yield f"{one.name}.{label.name}", "fires on", label, given
    for route in study.ruleset.routes:
        for rule in route.rules:
            if rule.condition is not None and rule.active is None:
                yield f"{route.name}.{rule.name}", "holds for", rule, rule.condition


def _is_plain(row: Row) -> bool:
    return row.active is None and getattr(row.part, "each", None) is None


def _none(rows: Sequence[Row]) -> Expr:
    parts_ = tuple(Expr("not", YESNO, (row.condition,)) for row in rows if row.condition is not None)
    return parts_[0] if len(parts_) == 1 else Expr("and", YESNO, parts_)


def _all(*rows: Row) -> Expr:
    return Expr("and", YESNO, tuple(row.condition for row in rows if row.condition is not None))


def _pair(a: Row, b: Row) -> str:
    return f"both {id(a.part)} {id(b.part)}"


# -- findings -------------------------------------------------------------------------------------------------------


def shown_by(study: Study, answers: Answers) -> list[Diagnostic]:
    """What the leads show: rules that fire on none or on all, and literals that never occur."""
    if not answers.leads:
        return []
    return [*_fires(study, answers), *_never_occur(study, answers)]


def _fires(study: Study, answers: Answers) -> Iterator[Diagnostic]:
    for name, does, part, _ in _takers(study):
        yield from _none_or_all(study, answers, part, f"`{name}` {does}", answers.met.get(_key("takes", part)))
    for score in study.ruleset.declared:
        if isinstance(score, Score):
            for rule in score.rules:
                name = f"{score.name}.{rule.name}"
                yield from _none_or_all(study, answers, rule, f"`{name}` fires on", answers.fired.get(name))


def _none_or_all(study: Study, answers: Answers, part: Placed, what: str, count: int | None) -> Iterator[Diagnostic]:
    if count == 0:
        words = f"{what} none of the {_leads(answers)}"
        yield finding("LR230", study.head(part), words, help="see whether the data writes it in another way")
    elif count == answers.leads:
        words = f"{what} all {_leads(answers)}"
        yield finding("LR231", study.head(part), words, help="see whether the condition is too wide")


def _leads(answers: Answers) -> str:
    return f"{answers.leads:,} {'lead' if answers.leads == 1 else 'leads'} of {answers.source}"


def _literals(study: Study) -> Iterator[tuple[Expr, Column, str]]:
    """Every text that a field is compared with: where it stands, the field, the text."""
    for part in study.expressions:
        yield from _compared(study, part, "field", ())
    for events in study.filters:
        if events.where is not None:
            for part in expression_parts(events.where, study.ruleset):
                if isinstance(part, Expr):
                    yield from _compared(study, part, "event_field", events.types)


def _compared(study: Study, part: Expr, op: str, types: tuple[str, ...]) -> Iterator[tuple[Expr, Column, str]]:
    if part.op not in ("eq", "in", "has"):
        return
    first, *items = (study.terms.plain(one) for one in part.args)
    if part.op == "eq" and first.op == "const":
        first, items = items[0], [first]
    if first.op != op or first.type.kind not in ("text", "choice", "set"):
        return
    for item in items:
        if item.op == "const" and isinstance(item.value, str):
            yield (item if item.span is not None else part), Column(first.value, types), item.value


def _never_occur(study: Study, answers: Answers) -> Iterator[Diagnostic]:
    told: set[tuple[Column, str]] = set()
    for part, asked, text in _literals(study):
        column = answers.columns.get(asked)
        if not column or (asked, fold(text)) in told or part.span is None:
            continue
        folded = {fold(value) for value in column}
        if fold(text) not in folded:
            told.add((asked, fold(text)))
            who = " or ".join(asked.types) or "lead"
            words = f'no {who} has `{asked.field}` "{text}": the column has {_nearest(text, column)}'
            yield finding("LR232", study.span(part), words, help="write the value as the data does")


def _nearest(text: str, column: Mapping[str, int]) -> str:
    """The value that was most likely meant with its count; else those that are most common."""
    also = next((names for names in _ALSO if fold(text) in names), ())
    near = next((value for value in column if fold(value) in also), None) or nearest(text, column)
    shown = [near] if near is not None else sorted(column, key=lambda value: (-column[value], value))[:SHOWN]
    return ", ".join(f'"{value}", {column[value]:,} {"time" if column[value] == 1 else "times"}' for value in shown)


def with_counts(study: Study, found: Iterable[Diagnostic], answers: Answers) -> list[Diagnostic]:
    """The findings about lists with how many real leads they are about."""
    counts = dict(_touched(study, answers))
    return [replace(one, notes=(*one.notes, *_counted(one, counts, answers))) for one in found]


def _counted(one: Diagnostic, counts: Mapping[Touched, int], answers: Answers) -> Iterator[str]:
    """How many leads a finding is about: an overlap is between two lines, so each of the others counts by itself."""
    place = one.code, one.span.file.path, one.span.start
    if one.code != "LR203":
        places = {"": -1}
    elif len(one.related) == 1:
        places = {"": one.related[0].span.start}
    else:
        places = {f"line {o.span.file.position(o.span.start)[0]}: ": o.span.start for o in one.related}
    for words, other in places.items():
        if (count := counts.get((*place, other))) is not None:
            yield f"{words}{count:,} of the {_leads(answers)}"


def _touched(study: Study, answers: Answers) -> Iterator[tuple[Touched, int]]:
    """Finding by code and place -> how many leads it is about."""
    for one in study.lists:
        gap = answers.met.get(f"gap {one.kind} {one.name}")
        if gap is not None:
            yield _place("LR204", study.name_span(one.kind, one.name, one.part)), gap
        for number, row in enumerate(one.rows):
            met = answers.met.get(_key("meets", row.part))
            if met is not None:
                yield _place("LR202", study.head(row.part)), met
            for before in one.rows[:number]:
                both = answers.met.get(_pair(before, row))
                if both is not None:
                    yield _place("LR203", study.head(row.part), study.head(before.part).start), both
    for code, part, _ in _affected(study):
        span = study.name_span("band", part.name, part) if isinstance(part, Band) else study.head(part)
        met = answers.met.get(_key(code, part))  # a file without leads meets nothing
        if met is not None:
            yield _place(code, span), met
    for score in study.ruleset.declared:
        for rule in score.rules if isinstance(score, Score) else ():
            yield _place("LR220", study.head(rule)), answers.fired.get(f"{score.name}.{rule.name}", 0)


def _place(code: str, span: Span, other: int = -1) -> Touched:
    return code, span.file.path, span.start, other
