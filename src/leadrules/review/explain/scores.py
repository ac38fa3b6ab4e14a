"""What is so of a lead: scores line by line, bands, matrices, classify, stages, segments and definitions, each with why.

In: a lead and the words for it. Out: documents (docs/schemas/explain.schema.json). Points are the row engine's own lines,
so they add up to the score; what would have to change stands in explain_changes.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

from leadrules.core.text import in_units, rounded
from leadrules.engine.row import Contribution
from leadrules.engine.row_scores import DECIMALS
from leadrules.review.explain.lead import OneLead
from leadrules.review.explain.words import Words
from leadrules.ruleset.model import (
    Band,
    Classify,
    ClassLabel,
    Define,
    Definition,
    Each,
    Expr,
    Matrix,
    Score,
    ScoreRule,
    Segment,
    Stages,
)
from leadrules.ruleset.walk import below_definition

Document = dict[str, Any]
KINDS: dict[type, str] = {
    Score: "score",
    Band: "band",
    Matrix: "matrix",
    Classify: "classify",
    Stages: "stages",
    Segment: "segment",
    Define: "define",
}


def definition(lead: OneLead, words: Words, one: Definition) -> Document:
    """Why one definition is what it is for this lead."""
    make: dict[type, Callable[[OneLead, Words, Any], Document]] = {
        Score: _score,
        Band: _band,
        Matrix: _matrix,
        Classify: _labels,
        Stages: _labels,
        Segment: _segment,
        Define: _define,
    }
    head = {"kind": KINDS[type(one)], "name": one.name, "title": one.title, **words.place(one)}
    return head | make[type(one)](lead, words, one)


# -- scores ---------------------------------------------------------------------------------------------------------


def _score(lead: OneLead, words: Words, score: Score) -> Document:
    lines = [line for line in lead.facts.contributions if line.score == score.name]
    rules = {rule.name: rule for rule in score.rules}
    given = [_line(lead, words, score, line, rules.get(line.rule)) for line in lines]
    gave = {line.rule for line in lines}
    return {
        "value": lead.facts.values[score.name],
        "lines": sorted(given, key=lambda line: -abs(line["points"])),
        "silent": [_silent(lead, words, score, rule) for rule in score.rules if rule.name not in gave],
    }


def _line(lead: OneLead, words: Words, score: Score, line: Contribution, rule: ScoreRule | None) -> Document:
    """A line of the reasons: a rule, or what a group's limit, the floor or the cap changed."""
    points = line.points / 10**DECIMALS
    if rule is None or line.is_bound:
        kind = line.rule if line.is_bound else "limit"
        return {
            "rule": line.label,
            "kind": kind,
            "title": _limited(score, line),
            "points": points,
            **words.place(score),
        }
    found = {"rule": line.label, "kind": "rule", "title": rule.title, "points": points, **words.place(rule)}
    found |= {"text": words.text(rule), "values": _values(lead, words, rule)}
    return found | (_events(lead, words, rule, rule.each, points) if rule.each is not None else {})


def _limited(score: Score, line: Contribution) -> str:
    """What the limit is."""
    if line.is_bound:
        return f"{line.rule} {_number(score.floor if line.rule == 'floor' else score.cap)}"
    group = next(one for one in score.groups if line.rule == f"{one.name} limit")
    return f"{group.title or group.name}: at most {_number(group.most_points)} points"


def _values(lead: OneLead, words: Words, rule: ScoreRule) -> list[Document]:
    """What the condition, and an amount that is worked out, saw."""
    parts = [rule.when, None if rule.points.op == "const" else rule.points]
    found = [row for part in parts if part is not None for row in words.seen(part, lead.facts)]
    for expr in _asked(rule):
        found += [
            {"text": text["text"], "value": text["value"], "depth": 1} for text in words.counted(expr, lead.facts)
        ]
    return found


def _asked(rule: ScoreRule) -> Iterator[Expr]:
    """The places in a rule that ask for events."""
    pending = [part for part in (rule.when, rule.points) if part is not None]
    while pending:
        part = pending.pop(0)
        if part.op in ("did", "aggregate"):
            yield part
        pending.extend(part.args)


def _events(lead: OneLead, words: Words, rule: ScoreRule, each: Each, points: float) -> Document:
    """The events that counted, newest first, with what each gave, and what limits left out."""
    weighed = lead.program.weighed(rule, lead.facts)
    total = sum(given for _, given in weighed)
    matching = len(lead.program.matching(each.filter, lead.facts))
    notes = []
    if each.halving is not None:
        notes.append(f"each halves every {each.halving.text}")
    if each.fading is not None:
        notes.append(f"each fades over {each.fading.text}")
    if matching > len(weighed):
        notes.append(f"{len(weighed)} of {matching} events count: at most {each.most_times} times")
    if each.most_points is not None and in_units(total, DECIMALS) != in_units(points, DECIMALS):
        notes.append(f"they come to {_number(rounded(total, 4))}: at most {_number(each.most_points)} points")
    return {"events": [words.event(event, rounded(given, 4)) for event, given in reversed(weighed)], "notes": notes}


def _silent(lead: OneLead, words: Words, score: Score, rule: ScoreRule) -> Document:
    """A rule that gave nothing, and why: its dates, its condition, no events, another of its group, or an amount of 0."""
    found = {"rule": f"{score.name}.{rule.name}", "title": rule.title, **words.place(rule), "text": words.text(rule)}
    clauses = words.why(rule.when, lead.facts) if rule.when is not None else []
    return found | {"reason": _reason(lead, words, score, rule, has_clauses=bool(clauses)), "clauses": clauses}


def _reason(lead: OneLead, words: Words, score: Score, rule: ScoreRule, *, has_clauses: bool) -> str:
    outside = words.not_now(rule.active, lead.facts)
    if outside is not None:
        return outside
    if has_clauses:
        return "its condition does not hold"
    taken = _taken_by(lead, score, rule)
    if taken is not None:
        return f"{taken} comes first in {rule.group}, and the first that matches counts"
    if rule.each is not None and not lead.program.matching(rule.each.filter, lead.facts):
        stages = words.counted_of(rule.each.filter, lead.facts)
        return "no event counts: " + ", ".join(f"{one['text']} {one['value']}" for one in stages)
    return "it holds and comes to 0 points"


def _taken_by(lead: OneLead, score: Score, rule: ScoreRule) -> str | None:
    """The rule that fired before this one in a first-match group; one that fired after it took nothing away."""
    group = next((one for one in score.groups if one.name == rule.group and one.first_match), None)
    if group is None:
        return None
    members = (one.name for one in score.rules if one.group == group.name)
    before = (f"{score.name}.{name}" for name in takewhile(lambda name: name != rule.name, members))
    return next((name for name in before if name in lead.facts.fired), None)


# -- labels ---------------------------------------------------------------------------------------------------------


def _band(lead: OneLead, words: Words, band: Band) -> Document:
    number = lead.value(band.value)
    number = None if number is None else rounded(number, DECIMALS)
    label = lead.facts.values[band.name]
    before = lead.facts.case.previous(band.name, band.previous_field)
    steps = [
        {"label": one.name, "title": one.title, "from": one.start, "until_below": one.hold, "is": one.name == label}
        for one in band.labels
    ]
    return {
        "value": label,
        "of": {"text": words.text(band.value), "value": number},
        "before": before,
        "steps": steps,
        "note": _held(band, label, number, before),
        "parts": [{"name": name, "value": lead.facts.values[name]} for name in _scores_below(lead, band)],
        "values": words.seen(band.value, lead.facts),
    }


def _scores_below(lead: OneLead, one: Definition) -> list[str]:
    """The scores that a definition is made of, through defines; not those behind labels and segments."""
    known = {d.name: d for d in lead.ruleset.definitions}
    found: list[str] = []
    pending = [one]
    while pending:
        part = pending.pop(0)
        below = below_definition(part, lead.ruleset)
        named = [known[p.value] for p in below if isinstance(p, Expr) and p.op == "name"]
        found += [d.name for d in named if isinstance(d, Score) and d.name not in found]
        pending += [d for d in named if isinstance(d, Define)]
    return found


def _held(band: Band, label: str | None, number: float | None, before: str | None) -> str | None:
    """What holds a label that the number alone would not give."""
    plain = next((b.name for b in band.labels if b.start is None or (number is not None and number >= b.start)), None)
    if plain == label:
        return None
    held = next((one for one in band.labels if one.name == label), None)
    if held is None or held.hold is None:
        return None
    return f"it was {before}, and {label} holds until the number is below {_number(held.hold)}"


def _matrix(lead: OneLead, words: Words, matrix: Matrix) -> Document:
    values = lead.facts.values
    sides = [{"name": name, "value": values[name]} for name in (matrix.rows_of, matrix.columns_of)]
    return {"value": values[matrix.name], "sides": sides}


def _labels(lead: OneLead, words: Words, one: Classify | Stages) -> Document:
    """The lines of a first-match list, each with why it does not take the lead."""
    facts, label = lead.facts, lead.facts.values[one.name]
    first = next((line.name for line in one.labels if _takes(lead, words, line)), None)
    names = [line.name for line in one.labels]
    before_first = one.labels[: names.index(first)] if first is not None else one.labels
    passed = [_passed(lead, words, line) for line in before_first]
    taking = next((line for line in one.labels if line.name == first), None)
    found: Document = {"value": label, "passed": passed}
    if taking is not None:
        values = [] if taking.condition is None else words.seen(taking.condition, facts)
        found["taken"] = {"label": taking.name, "text": words.text(taking), **words.place(taking), "values": values}
    return found | (_staged(lead, words, one, first) if isinstance(one, Stages) else {})


def _takes(lead: OneLead, words: Words, line: ClassLabel) -> bool:
    if words.not_now(line.active, lead.facts) is not None:
        return False
    return line.condition is None or lead.value(line.condition) is True


def _passed(lead: OneLead, words: Words, line: ClassLabel) -> Document:
    clauses = [] if line.condition is None else words.why(line.condition, lead.facts)
    return {
        "label": line.name,
        "title": line.title,
        "text": words.text(line),
        **words.place(line),
        "reason": words.not_now(line.active, lead.facts) or "its condition does not hold",
        "clauses": clauses,
    }


def _staged(lead: OneLead, words: Words, stages: Stages, first: str | None) -> Document:
    """Where the lead was, since when it is here, and what keeps it from sliding back."""
    case = lead.facts.case
    before = case.previous(stages.name, stages.previous_field)
    since = case.entered(stages.name, stages.previous_field)
    label = lead.facts.values[stages.name]
    note = f"forward only: its data say {first or 'no stage'}, and it was {before}" if first != label else None
    if stages.unless is not None and _slid(stages, before, label):
        note = f"it was {before}, and slides back: forward only unless {words.text(stages.unless)}"
    return {"before": before, "since": words.instant(since), "note": note}


def _slid(stages: Stages, before: str | None, label: str | None) -> bool:
    """Whether a lead is farther back than it was; out of all stages is the farthest."""
    names = [*(line.name for line in stages.labels), None]
    return before in names and names.index(label) > names.index(before)


# -- segments and definitions ---------------------------------------------------------------------------------------


def _segment(lead: OneLead, words: Words, segment: Segment) -> Document:
    value = lead.facts.values[segment.name]
    return {
        "value": value,
        "text": words.text(segment.condition),
        "clauses": words.why(segment.condition, lead.facts, holds=value),
        "values": words.seen(segment.condition, lead.facts),
    }


def _define(lead: OneLead, words: Words, one: Define) -> Document:
    value = lead.facts.values[one.name]
    return {
        "value": words.value(value, one.value.type),
        "text": words.text(one.value),
        "values": words.seen(one.value, lead.facts),
    }


def _number(value: float | None) -> str:
    from leadrules.core.text import number_text

    return "blank" if value is None else number_text(float(value), DECIMALS)
