"""Expressions of a compiled ruleset in plain English, as Markdown.

In: an expression, and what the rule files call their lists, tables and event groups. Out: a clause (`industry is one of
“Software” or “Fintech”`) or a noun (`the domain of email`). One phrase per operation: `NOUNS` and `CLAUSES`; a clause is
told positively or negated. Works nothing out, and knows no rule around an expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.ruleset.model import Aggregate, Duration, EventFilter, Expr, Ruleset
from leadrules.ruleset.walk import looked_up

_MARKUP = re.compile(r"([\\`*_\[\]<>|#~]|&(?=#?\w+;))")
# `(?i)\b(vp|vice president)\b` and `\bceo\b`: words to look for, which need no reader of patterns.
_WORDS = re.compile(r"(?P<any_case>\(\?i\))?\\b(?:\((?P<many>[\w '&-]+(?:\|[\w '&-]+)*)\)|(?P<one>[\w '&-]+))\\b")
JUNCTIONS, ARITHMETIC = ("and", "or"), ("add", "sub", "mul", "div", "neg")
ALWAYS = {
    "now": "now",
    "today": "today",
    "owner": "the owner",
    "assigned_at": "the time the owner got the lead",
    "due_at": "the time an answer is due",
    "owner_changes": "the number of changes of owner",
    "sequence": "the sequence",
    "step": "the step of the sequence",
    "enrolled_at": "the start of the sequence",
    "duplicate_of": "the lead that this one repeats",
}


def plain(text: str) -> str:
    """Text as Markdown shows it, on one line, whatever signs it holds."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def remark(text: str) -> str:
    """A comment: plain, but what it puts in backquotes stays code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(f"`{part}`" if at % 2 else _MARKUP.sub(r"\\\1", part) for at, part in enumerate(parts))


def called(name: str) -> str:
    """A name as people read it: in italics, without underscores."""
    return f"*{plain(name.replace('_', ' ')).strip()}*"


def code(name: str) -> str:
    """A name as traces, tests and diffs write it."""
    return f"`{' '.join(name.split())}`"


def quoted(text: str) -> str:
    """A literal."""
    if not text:
        return "an empty text"
    return f"“{plain(text)}”" if text.strip() == text else f"“{plain(text)}” (with its blanks)"


def listed(items: Sequence[str], word: str) -> str:
    """`a, b or c`."""
    return f"{', '.join(items[:-1])} {word} {items[-1]}" if len(items) > 1 else "".join(items)


def number(value: float) -> str:
    """`1,000`, `0.5`."""
    return f"{value:,.15g}" if value != int(value) else f"{int(value):,}"


@dataclass(frozen=True, slots=True)
class Words:
    """What rule files call things that the compiled ruleset knows by name alone, and what its literals need to be read."""

    ruleset: Ruleset
    calendar: Calendar
    lists: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[frozenset[str], str] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()

    def clause(self, expr: Expr, *, negated: bool = False) -> str:
        """A condition as a clause."""
        if expr.op in CLAUSES:
            return CLAUSES[expr.op](self, expr, negated)
        if expr.op == "name" and expr.value in self.segments:
            return f"the lead is {'not ' if negated else ''}in the segment {called(expr.value)}"
        if expr.op == "name":
            return f"{called(expr.value)} {'does not hold' if negated else 'holds'}"
        return f"{self.noun(expr)} is {'not ' if negated else ''}yes"

    def noun(self, expr: Expr) -> str:
        """A value as a noun."""
        if expr.op in NOUNS:
            return NOUNS[expr.op](self, expr)
        return f"whether {self.clause(expr)}"

    def nouns(self, exprs: Iterable[Expr]) -> list[str]:
        """Several values."""
        return [self.noun(expr) for expr in exprs]

    def events(self, chosen: EventFilter, verb: str = "") -> str:
        """Which events: `*page viewed* happened (where its *path* starts with “/pricing”) in the last 90 days`."""
        group = self.groups.get(frozenset(chosen.types)) if len(chosen.types) > 1 else None
        parts = [group or listed([called(name) for name in chosen.types], "or")]
        if verb and group:
            never = verb.startswith("never ")
            parts = [f"{'none' if never else 'any'} of {group}", verb.removeprefix("never ")]
        elif verb:
            parts.append(verb)
        if chosen.where is not None:
            parts.append(f"(where {self.clause(chosen.where)})")
        if chosen.within is not None:
            parts.append(f"in the last {chosen.within.text.removeprefix('1 ')}")
        if chosen.since is not None:
            parts.append(f"since {self.noun(chosen.since)}")
        if chosen.distinct is not None:
            per = "day" if chosen.distinct == "day" else called(chosen.distinct)
            parts.append(f"(counted once per {per})")
        return " ".join(parts)

    def list_name(self, name: str) -> str:
        """A list as its file calls it."""
        return f"the list {self.lists.get(name) or called(name)}"

    def table_name(self, name: str) -> str:
        """A table as its file calls it."""
        return f"the table {self.tables.get(name) or called(name)}"


Noun = Callable[[Words, Expr], str]
Clause = Callable[[Words, Expr, bool], str]


# -- nouns --------------------------------------------------------------------------------------------------------------


def _const(words: Words, expr: Expr) -> str:
    value = expr.value
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if expr.type.kind == "datetime":
        return f"{words.calendar.local(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}"
    return str(value) if expr.type.kind == "date" else quoted(str(value))


def _duration(words: Words, expr: Expr) -> str:
    count, unit = expr.value
    return Duration(count, unit).text


def _aggregate(words: Words, expr: Expr) -> str:
    one: Aggregate = words.ruleset.aggregates[expr.value]
    if one.function == "count":
        return f"the number of times that {words.events(one.filter, 'happened')}"
    events = words.events(one.filter)
    if one.field is None:
        return f"the {one.function} time of {events}"
    which = {"first": "of the first", "last": "of the last", "sum": "of all", "min": "of any", "max": "of any"}
    says = {"first": "the", "last": "the", "sum": "the sum of the", "min": "the lowest", "max": "the highest"}
    return f"{says[one.function]} {called('time' if one.field == 'at' else one.field)} {which[one.function]} {events}"


def _inside(words: Words, expr: Expr) -> str:
    """A part of a formula, in parentheses where it is one itself."""
    text = words.noun(expr)
    return f"({text})" if expr.op in (*ARITHMETIC, "if") else text


def _joined(sign: str) -> Noun:
    return lambda words, expr: f" {sign} ".join(_inside(words, arg) for arg in expr.args)


def _of(before: str, after: str = "") -> Noun:
    """`the domain of email`; with several arguments `the lowest of a and b`."""
    return lambda words, expr: f"{before} {listed(words.nouns(expr.args), 'and')}{after}".strip()


def _after(after: str) -> Noun:
    return lambda words, expr: f"{_inside(words, expr.args[0])} {after}"


def _round(words: Words, expr: Expr) -> str:
    if len(expr.args) == 1:
        return f"{_inside(words, expr.args[0])} rounded"
    digits = words.noun(expr.args[1])
    return f"{_inside(words, expr.args[0])} rounded to {digits} decimal{'' if digits == '1' else 's'}"


def _shift(words: Words, expr: Expr) -> str:
    moment, span = expr.args
    if moment.op == "always" and moment.value == "now" and expr.value < 0:
        return f"{words.noun(span)} ago"
    return f"{words.noun(span)} {'before' if expr.value < 0 else 'after'} {words.noun(moment)}"


def _date(words: Words, expr: Expr) -> str:
    year, month, day = words.nouns(expr.args)
    year = year.replace(",", "") if expr.args[0].op == "const" else year
    return f"the date of day {day}, month {month}, year {year}"


def _lookup(words: Words, expr: Expr) -> str:
    table, column = looked_up(expr.value, words.ruleset.tables)
    return f"the {called(column)} of {words.noun(expr.args[0])} in {words.table_name(table.name)}"


def _if(words: Words, expr: Expr) -> str:
    condition, yes, no = expr.args
    return f"{words.noun(yes)} if {words.clause(condition)}, else {words.noun(no)}"


NOUNS: dict[str, Noun] = {
    "const": _const,
    "duration": _duration,
    "field": lambda words, expr: called(expr.value),
    "event_field": lambda words, expr: f"its {called('time' if expr.value == 'at' else expr.value)}",
    "rep_field": lambda words, expr: f"the rep’s {called(expr.value)}",
    "name": lambda words, expr: called(expr.value),
    "previous": lambda words, expr: f"{called(expr.value)} before this run",
    "always": lambda words, expr: ALWAYS[expr.value],
    "since_of": lambda words, expr: f"the time the lead entered its {called(expr.value)}",
    "aggregate": _aggregate,
    "add": _joined("+"),
    "sub": _joined("−"),
    "mul": _joined("×"),
    "div": _joined("÷"),
    "neg": lambda words, expr: f"minus {_inside(words, expr.args[0])}",
    "shift": _shift,
    "difference": lambda words, expr: f"the time from {words.noun(expr.args[1])} to {words.noun(expr.args[0])}",
    "days_between": lambda words, expr: f"the days from {words.noun(expr.args[0])} to {words.noun(expr.args[1])}",
    "date": _date,
    "lookup": _lookup,
    "bucket": lambda words, expr: f"the lead’s number from 0 to 99 for {quoted(str(expr.value))}",
    "if": _if,
    "coalesce": lambda words, expr: f"the first of {listed(words.nouns(expr.args), 'and')} that is not blank",
    "lower": _after("in small letters"),
    "upper": _after("in capitals"),
    "trim": _after("without the blanks around it"),
    "length": _of("the length of"),
    "concat": lambda words, expr: " followed by ".join(words.nouns(expr.args)),
    "domain_of": _of("the domain of"),
    "min": _of("the lowest of"),
    "max": _of("the highest of"),
    "abs": _of("the size of"),
    "round": _round,
    "floor": _after("rounded down"),
    "ceil": _after("rounded up"),
    "year": _of("the year of"),
    "month": _of("the month of"),
    "day": _of("the day of the month of"),
    "weekday": _of("the weekday (1 is Monday) of"),
    "end_of_month": _of("the end of the month of"),
    "earliest": _of("the earliest of"),
    "latest": _of("the latest of"),
}


# -- clauses ------------------------------------------------------------------------------------------------------------


def _junction(word: str, other: str) -> Clause:
    def say(words: Words, expr: Expr, negated: bool) -> str:
        parts = [_bracketed(words, arg, negated, expr.op) for arg in expr.args]
        joint = other if negated else word
        comma = "," if any(f" {joint} " in part for part in parts) else ""
        return f"{comma} {joint} ".join(parts)

    return say


def _bracketed(words: Words, part: Expr, negated: bool, around: str) -> str:
    """A part of a chain; the other kind of chain inside it stands in parentheses."""
    inner = part.args[0] if part.op == "not" else part
    text = words.clause(part, negated=negated)
    return f"({text})" if inner.op in JUNCTIONS and (inner.op != around or part.op == "not") else text


def _verb(positive: str, negative: str) -> Clause:
    """Two values with a verb between them."""

    def say(words: Words, expr: Expr, negated: bool) -> str:
        first, second = expr.args
        return f"{words.noun(first)} {negative if negated else positive} {words.noun(second)}"

    return say


def _compared(plainly: str, in_time: str) -> Clause:
    """A comparison, which reads otherwise of moments; negated it is also true of a blank."""

    def say(words: Words, expr: Expr, negated: bool) -> str:
        first, second = expr.args
        said = in_time if first.type.is_temporal or second.type.is_temporal else plainly
        return f"{words.noun(first)} is {'not ' if negated else ''}{said.format(words.noun(second))}"

    return say


def _between(words: Words, expr: Expr, negated: bool) -> str:
    value, low, high = words.nouns(expr.args)
    return f"{value} is {'not ' if negated else ''}between {low} and {high}"


def _text_test(positive: str, negative: str) -> Clause:
    """A text or set, and what is looked for: a list, or any of some values."""

    def say(words: Words, expr: Expr, negated: bool) -> str:
        first, *rest = expr.args
        sought = words.nouns(rest) if expr.value is None else [f"anything in {words.list_name(expr.value)}"]
        return f"{words.noun(first)} {negative if negated else positive} {listed(sought, 'or')}"

    return say


def _in(words: Words, expr: Expr, negated: bool) -> str:
    first, *rest = expr.args
    verb = "is not" if negated else "is"
    if expr.value is not None:
        return f"{words.noun(first)} {verb} in {words.list_name(expr.value)}"
    return f"{words.noun(first)} {verb} {listed(words.nouns(rest), 'or')}"


def _matches(words: Words, expr: Expr, negated: bool) -> str:
    first = words.noun(expr.args[0])
    simple = _words_of(expr.value)
    if simple:
        return f"{first} {'does not have' if negated else 'has'} the word {listed([quoted(w) for w in simple], 'or')}"
    patterns = [f"`` {pattern} ``".replace("|", "\\|") for pattern in expr.value]
    return f"{first} {'does not match' if negated else 'matches'} the pattern {listed(patterns, 'or')}"


def _words_of(patterns: Sequence[str]) -> list[str]:
    """The words that patterns look for in any case, where that is all they do."""
    found: list[str] = []
    for pattern in patterns:
        match = _WORDS.fullmatch(pattern)
        if match is None or not match["any_case"]:
            return []
        found += (match["many"] or match["one"]).split("|")
    return found


def _label(words: Words, expr: Expr, negated: bool) -> str:
    labels = [called(label) for label in expr.value]
    return f"{words.noun(expr.args[0])} is {'not ' if negated else ''}{listed(labels, 'or')}"


def _did(words: Words, expr: Expr, negated: bool) -> str:
    return words.events(words.ruleset.aggregates[expr.value].filter, "never happened" if negated else "happened")


CLAUSES: dict[str, Clause] = {
    "and": _junction("and", "or"),
    "or": _junction("or", "and"),
    "not": lambda words, expr, negated: words.clause(expr.args[0], negated=not negated),
    "eq": _verb("is", "is not"),
    "lt": _compared("below {}", "before {}"),
    "le": _compared("at most {}", "{} or earlier"),
    "gt": _compared("above {}", "after {}"),
    "ge": _compared("at least {}", "{} or later"),
    "between": _between,
    "in": _in,
    "in_table": lambda words, expr, negated: (
        f"{words.noun(expr.args[0])} is {'not ' if negated else ''}in {words.table_name(expr.value)}"
    ),
    "in_team": lambda words, expr, negated: (
        f"{words.noun(expr.args[0])} is {'not ' if negated else ''}in the team {called(expr.value)}"
    ),
    "contains": _text_test("contains", "does not contain"),
    "starts": _text_test("starts with", "does not start with"),
    "ends": _text_test("ends with", "does not end with"),
    "has": _text_test("has", "does not have"),
    "matches": _matches,
    "is_blank": lambda words, expr, negated: f"{words.noun(expr.args[0])} is {'not ' if negated else ''}blank",
    "is_label": _label,
    "did": _did,
    "exact": _verb("is, letter by letter,", "is not, letter by letter,"),
}
