"""A first score, band and segments, drawn from the columns of a file of leads, with tests that hold.

In: the fields and columns of a profile. Out: the texts of starter.lead and starter_test.lead. The most telling choice
and number columns are taken: those that go with the outcome, where a column holds one, else those that divide the leads
best. Whatever the file holds, the rules pass `check`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

from leadrules.core.records import dataclass
from leadrules.core.text import fold, number_text
from leadrules.data.profile import Column
from leadrules.data.tally import Answers, answers, by_value, top_quarter
from leadrules.syntax.words import is_name

_OUTCOMES = (
    "converted",
    "is_converted",
    "won",
    "is_won",
    "y",
    "outcome",
    "deal_won",
    "customer",
    "is_customer",
    "成約",
    "受注",
)
_HEAD = """\
# Starter rules, drawn from your file. Change anything, then run `leadrules check` and `leadrules test`.
# A line of a score is: a name, the points, and when they are given.
"""
# What says something of the record, of the person's wishes or of who they are by birth, and nothing of a lead's worth.
_OF_NO_USE = re.compile(
    r"salutation|敬称|gender|性別|^sex$|delet|created|modified|updated|last_(viewed|referenced)|stamp$|sync|(^|_)ids?$"
    r"|opt_?(in|out)|unsubscri|bounce|do_not|配信停止"
)
_FEW = 0.02
_LEAST_LEADS = 20
_LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Drawn:
    """One column of the file with the name of its field."""

    name: str
    column: Column

    @property
    def written(self) -> str:
        """The name as a rule writes it."""
        return self.name if is_name(self.name) else f"`{self.name}`"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the score, and a lead that meets it: `given` as a test sets it. `segment` begins a segment's name."""

    id: str
    points: int
    condition: str
    given: str
    remark: str
    title: str
    segment: str = ""


def starter_rules(drawn: Sequence[Drawn], key: str) -> dict[str, str]:
    """starter.lead and starter_test.lead. `key` is the field that identifies a lead. A band may bear a field's name, and
    then the field is not read but as the label before."""
    drawn = _readable(drawn)
    taken = {field.name for field in drawn} | {key}
    names = {word: _free(word, taken) for word in ("fit", "temperature")}
    lines = _lines(drawn, key)
    segments = {_free(f"{line.segment}_{line.id}", taken): line for line in lines if line.segment}
    return {
        "rules/starter.lead": _rules(lines, names, segments),
        "rules/starter_test.lead": _tests(lines, names, segments),
    }


def asks_for_key(drawn: Sequence[Drawn], key: str) -> bool:
    """Whether the columns tell so little that the rules can only ask whether there is a key."""
    return _lines(_readable(drawn), key) == [_present_key(key)]


def _readable(drawn: Sequence[Drawn]) -> list[Drawn]:
    return [field for field in drawn if field.name != "temperature"]


def _free(word: str, taken: set[str]) -> str:
    name, number = word, 1
    while name in taken:
        number += 1
        name = f"{word}_{number}"
    taken.add(name)
    return name


def _lines(drawn: Sequence[Drawn], key: str) -> list[Line]:
    outcome = _outcome(drawn)
    usable = [
        f for f in drawn if f.column is not (outcome.column if outcome else None) and not _OF_NO_USE.search(f.name)
    ]
    known = answers(outcome.column) if outcome else None
    drawn_choices = (_choice_line(f, known) for f in usable if f.column.options)
    choices = sorted((pair for pair in drawn_choices if pair[0] > 0), key=lambda pair: -pair[0])
    numbers = sorted(
        (pair for f in usable if f.column.kind in ("number", "integer") for pair in _number_line(f, known)),
        key=lambda pair: -pair[0],
    )
    lines = [line for _, line in choices[:2]] + [line for _, line in numbers[:2]]
    flags = [
        f for f in usable if f.column.kind == "yesno" and (_goes_with(f, known) if known is not None else not lines)
    ]
    lines += [_flag_line(field) for field in flags[:1]]
    return lines + _presence(usable, key, lines)


def _presence(usable: Sequence[Drawn], key: str, others: Sequence[Line]) -> list[Line]:
    """Whether a lead can be reached, or where nothing else can be said, whether anything is known of it."""
    addresses = [field for field in usable if field.column.kind == "email" or _is_mail(field)]
    addresses.sort(key=lambda field: not field.column.filled)
    mail = [_present(field, 5) for field in addresses[:1]]
    if others:
        return mail
    rest = [field for field in usable if field.column.kind in ("text", "email", "set") and field not in addresses[:1]]
    more = [_present(field, 10) for field in sorted(rest, key=_is_nearly_always_or_never)[:3]]
    return [*mail, *more] or [_present_key(key)]


def _is_nearly_always_or_never(field: Drawn) -> bool:
    """Whether a column is filled in for so many or so few leads that it divides none."""
    rows = 0 if field.column.values is None else len(field.column.values)
    return not _FEW * rows <= field.column.filled <= (1 - _FEW) * rows


def _is_mail(field: Drawn) -> bool:
    return field.column.kind == "text" and ("mail" in field.name or "メール" in field.name)


def _present(field: Drawn, points: int) -> Line:
    value = {
        "email": '"someone@example.com"',
        "date": "2026-01-01",
        "datetime": "2026-01-01T09:00",
        "set": '["a"]',
    }.get(field.column.kind, '"known"')
    remark = f"{_plain(field.column.header)} is filled in"
    return Line(field.name, points, f"{field.written} is not blank", f"{field.written} = {value}", remark, remark)


def _present_key(key: str) -> Line:
    written = key if is_name(key) else f"`{key}`"
    return Line(
        "known", 10, f"{written} is not blank", f'{written} = "1"', "every lead, until you add rules", "Any lead"
    )


def _outcome(drawn: Sequence[Drawn]) -> Drawn | None:
    return next((f for word in _OUTCOMES for f in drawn if f.name == word and f.column.kind == "yesno"), None)


def _goes_with(field: Drawn, known: Answers) -> bool:
    """Whether leads where the answer is yes convert more often than the others."""
    flags = answers(field.column)
    if flags is None:
        return False
    yes, no = flags.rates(known)
    return yes > no


def _choice_line(field: Drawn, known: Answers | None) -> tuple[float, Line]:
    column = field.column
    counts = by_value(column, known)
    options = [option for option in column.options if fold(option) in counts]
    weight = _spread([counts[fold(option)] for option in options], known is not None)
    best = _best(options, counts, column.filled, by_outcome=known is not None)
    values = ", ".join(_text(option) for option in best)
    condition = f"{field.written} in ({values})" if len(best) > 1 else f"{field.written} = {values}"
    remark = "converts best in your file" if known is not None else "most frequent in your file"
    given = f"{field.written} = {_text(best[0])}"
    return weight, Line(
        field.name, 20, condition, given, f"{remark}; name your ideal ones", _title(column, best), "ideal"
    )


def _title(column: Column, best: Sequence[str]) -> str:
    return f"{_plain(column.header)}: {', '.join(best)}"


def _spread(groups: list[tuple[int, float | None]], by_outcome: bool) -> float:
    """How much a column tells: of the outcome (variance of its rate), else how evenly it divides (entropy)."""
    total = sum(count for count, _ in groups) or 1
    if by_outcome:
        rate = sum(count * (won or 0) for count, won in groups) / total
        return sum(count * ((won or 0) - rate) ** 2 for count, won in groups) / total
    if len(groups) < 2:
        return 0.0
    entropy = -sum(count / total * math.log(count / total) for count, _ in groups)
    return entropy / math.log(len(groups)) - abs(len(groups) - 5) / 50


def _best(
    options: list[str], counts: dict[str, tuple[int, float | None]], filled: int, *, by_outcome: bool
) -> list[str]:
    enough = [o for o in options if counts[fold(o)][0] >= max(_LEAST_LEADS, _FEW * filled)] or options
    if by_outcome:
        enough = sorted(enough, key=lambda option: -(counts[fold(option)][1] or 0))
    most = 2 if len(options) > 3 else 1
    return enough[:most]


def _number_line(field: Drawn, known: Answers | None) -> list[tuple[float, Line]]:
    column = field.column
    found = top_quarter(column)
    if found is None or abs(found[0]) >= _LARGEST:
        return []
    limit, high, distinct = found
    weight, below = min(distinct, 100) / 100, False
    if known is not None:
        above, under = high.rates(known)
        weight, below = high.share * (1 - high.share) * (above - under) ** 2, under > above
    sign, text = ("<" if below else ">="), _number(limit)
    given = _number(limit - (1 if column.kind == "integer" else max(abs(limit), 1) / 10)) if below else text
    remark = f"{'the lower part' if below else 'the top quarter'} of your file; set your own limit"
    line = Line(
        field.name,
        15,
        f"{field.written} {sign} {text}",
        f"{field.written} = {given}",
        remark,
        f"{_plain(column.header)} {sign} {text}",
        "low" if below else "high",
    )
    return [(weight, line)]


def _number(value: float) -> str:
    """A number literal, its thousands set apart where it is long."""
    text = number_text(value, 4)
    return f"{int(text):_}" if abs(value) >= 10_000 and "." not in text else text


def _flag_line(field: Drawn) -> Line:
    title = f"{_plain(field.column.header)} is yes"
    return Line(field.name, 10, field.written, f"{field.written} = true", "change the points as you see fit", title)


def _plain(header: str) -> str:
    """A header on one line, for a comment or a title."""
    return "".join(character for character in " ".join(header.split()) if character.isprintable())[:60]


def _text(value: str) -> str:
    """A text literal. The language knows fewer escapes than JSON."""
    short = {"\t": "\\u0009", "\r": "\\u000d", "\b": "\\u0008", "\f": "\\u000c"}
    return "".join(short.get(character, json.dumps(character, ensure_ascii=False)[1:-1]) for character in value).join(
        '""'
    )


def _rules(lines: list[Line], names: dict[str, str], segments: dict[str, Line]) -> str:
    hot, warm = _thresholds(lines)
    body = "\n".join(f"  {line.id}: +{line.points} when {line.condition}  # {line.remark}" for line in lines)
    score = f'score {names["fit"]} "How well a lead fits" {{\n{body}\n  cap 100\n}}'
    limits = f"  hot: from {hot}\n  warm: from {warm}\n  cold: otherwise"
    band = f"band {names['temperature']} of {names['fit']} {{\n{limits}\n}}"
    groups = [f"segment {name} {_text(line.title)} when {line.condition}" for name, line in segments.items()]
    parts = [_HEAD + score, "# From how many points on a lead is hot or warm.\n" + band]
    if groups:
        parts.append("# Groups of leads. A lead may be in several of them.\n" + "\n".join(groups))
    return "\n\n".join(parts) + "\n"


def _thresholds(lines: list[Line]) -> tuple[int, int]:
    most = min(sum(line.points for line in lines), 100)
    hot = max(2, math.floor(most * 0.7))
    return hot, max(1, min(hot - 1, math.floor(most * 0.35)))


def _tests(lines: list[Line], names: dict[str, str], segments: dict[str, Line]) -> str:
    fit, temperature = names["fit"], names["temperature"]
    most = min(sum(line.points for line in lines), 100)
    given = ", ".join(line.given for line in lines)
    also = "".join(f" and {name}" for name in segments)
    hot = f"  given {given}\n  expect {fit} = {most} and {temperature} is hot{also}\n"
    hot += "".join(f"  expect fired {fit}.{line.id}\n" for line in lines)
    cold = f"  expect {fit} = 0 and {temperature} is cold\n"
    return (
        "# Tests say what the rules promise; `leadrules test` runs them.\n"
        f'test "A lead that meets every rule is hot" {{\n{hot}}}\n\n'
        f'test "A lead of which nothing is known is cold" {{\n{cold}}}\n'
    )
