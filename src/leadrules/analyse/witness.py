"""A concrete lead for what a lint says: fields and events that meet a box, seen by the row engine to do what is claimed.

In: boxes, and what must hold or not. Out: a `Witness`, or None where no lead that was tried does it; a finding that needs
one is then not made. `analyse/building.py` makes the lead of a box. Refuses to know lints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any

from leadrules.analyse.building import DEFAULT_DAY, MOST_EVENTS, NOON, Building
from leadrules.analyse.conditions import Conditions
from leadrules.analyse.domains import Numbers, numbers
from leadrules.analyse.formulas import EMPTY, Atom, Box, Formula, both, boxes, negated
from leadrules.analyse.reach import gives
from leadrules.core.functions import Context
from leadrules.core.records import dataclass
from leadrules.core.text import fold, number_text
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.ruleset.model import Active, EventFilter, Expr, Score, ScoreRule
from leadrules.ruleset.walk import parts

MOST_TRIED = 24


@dataclass(frozen=True, slots=True)
class Witness:
    """A lead in words, and what the engine found of it."""

    lead: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    inputs: Mapping[str, Any]
    as_of: datetime
    facts: LeadFacts

    @property
    def text(self) -> str:
        """`industry = "Retail", employees = 200, 3 email_opened`."""
        parts = [f"{name} = {_shown(value)}" for name, value in self.lead.items()]
        parts += [f"{name} = {_shown(value)}" for name, value in self.inputs.items() if name != "key"]
        happened: dict[str, list[datetime]] = {}
        for event in self.events:
            own = [
                f"{n} = {_shown(v)}" for n, v in event.items() if n not in ("type", "at", "lead_id") and v is not None
            ]
            name = f"{event['type']}{' with ' + ' and '.join(own) if own else ''}"
            happened.setdefault(name, []).append(event["at"])
        parts += [self._happened(name, moments) for name, moments in happened.items()]
        return ", ".join(parts) if parts else "a lead of whom nothing is known"

    def _happened(self, name: str, moments: list[datetime]) -> str:
        """How often, and how long ago where that is more than the day or so that stands for lately."""
        days = (self.as_of - max(moments)).days
        times = name if len(moments) == 1 else f"{len(moments)} x {name}"
        return f"{times} {days} days ago" if days > 1 else times


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return f'"{value}"' if isinstance(value, str) else "blank" if value is None else value.isoformat()


Claim = Callable[[LeadFacts, Program], bool]


@dataclass(frozen=True, slots=True)
class _Line:
    """A score rule; of a group that takes the first, the rules before it, and the name of the choice that it belongs to."""

    rule: ScoreRule
    choice: str | None
    before: tuple[ScoreRule, ...]


def _points(expr: Expr) -> float:
    """What one event gives, where that is said; else 1."""
    is_number = expr.op == "const" and isinstance(expr.value, float | int) and expr.value
    return float(abs(expr.value)) if is_number else 1.0


def _lines(score: Score) -> list[_Line]:
    chosen = {group.name for group in score.groups if group.first_match}
    return [
        _Line(
            rule,
            f"{score.name}.{rule.group}" if rule.group in chosen else None,
            tuple(one for one in score.rules[:place] if one.group == rule.group) if rule.group in chosen else (),
        )
        for place, rule in enumerate(score.rules)
    ]


class Witnesses:
    """Finds leads. The engine is made ready when the first is asked for."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions, self.terms = conditions, conditions.terms
        self._program: Program | None = None

    @cached_property
    def day(self) -> date:
        """The day on which leads are looked at: a month after the latest date that rules count events since; no weekend."""
        filters = (one for _, one in parts(self.terms.ruleset) if isinstance(one, EventFilter))
        dates = [
            date.fromisoformat(str(one.since.value)[:10]) for one in filters if one.since and one.since.op == "const"
        ]
        latest = max(dates, default=DEFAULT_DAY)
        day = DEFAULT_DAY if latest.year == date.max.year else max(DEFAULT_DAY, latest + timedelta(days=31))
        return day + timedelta(days=8 - day.isoweekday() if day.isoweekday() > 5 else 0)

    @cached_property
    def spelling(self) -> dict[str, str]:
        """Every text of the rules by its folded form, as it stands where it stands first."""
        found = (part.value for _, part in parts(self.terms.ruleset) if isinstance(part, Expr) and part.op == "const")
        return {fold(text): text.strip() for text in reversed([text for text in found if isinstance(text, str)])}

    @property
    def program(self) -> Program:
        """The ruleset made ready to run."""
        if self._program is None:
            teams = dict(self.terms.project.team.teams)
            self._program = prepare(self.terms.ruleset, teams)
        return self._program

    def find(self, found: Iterable[Box], claim: Claim) -> Witness | None:
        """The first lead of these boxes for which the claim is so."""
        for number, box in enumerate(found):
            if number == MOST_TRIED:
                return None
            witness = self._lead(box)
            if witness is not None and not claim(witness.facts, self.program):
                witness = self._lead(self._with_scores(box, witness.facts))
            if witness is not None and claim(witness.facts, self.program):
                return witness
        return None

    def leads(self, found: Iterable[Box], most: int = MOST_TRIED) -> Iterator[Witness]:
        """Leads of these boxes, the plainest first; whether they do what was wanted is for the caller to see."""
        for box in islice(found, most):
            witness = self._lead(box)
            if witness is not None:
                yield witness
                further = self._lead(self._with_scores(box, witness.facts))
                if further is not None:
                    yield further

    @property
    def noon(self) -> datetime:
        """The instant at which leads are looked at where nothing asks for another."""
        return self.terms.calendar.midnight(self.day).astimezone(UTC) + NOON

    def _with_scores(self, box: Box, facts: LeadFacts) -> Box:
        """The box with more rules firing, where a score, or a sum of scores, is not what the box asks for."""
        for term, region in [*box.regions.items()]:
            lines = self._lines_of(term.expr)
            if lines and isinstance(region, Numbers):
                total = self.program.value(term.expr, facts)
                box = self._pushed(box, lines, region, 0.0 if total is None else total)
        return box

    def _lines_of(self, expr: Expr) -> list[_Line]:
        """The rules that an expression adds up: those of a score, or of several with a `+` between."""
        expr = self.terms.plain(expr)
        if expr.op == "add":
            return [line for part in expr.args for line in self._lines_of(part)]
        score = self.terms.definitions.get(expr.value) if expr.op == "name" else None
        return _lines(score) if isinstance(score, Score) else []

    def towards(self, score: Score, group: str | None, wanted: Numbers) -> Witness | None:
        """A lead to whom a score (or one group of it) gives as much as is wanted, as far as rules can fire together."""
        lines = [line for line in _lines(score) if group is None or line.rule.group == group]
        return self._lead(self._pushed(EMPTY, lines, wanted, 0.0))

    def _pushed(self, box: Box, lines: list[_Line], wanted: Numbers, total: float) -> Box:
        """The box with rules firing until their sum is what is wanted, as far as they bring it there."""
        floor, is_up = wanted.low, total < wanted.low or (not wanted.has(total) and total <= wanted.low)
        ends = {id(line): gives(line.rule, self.conditions) for line in lines}
        ranked = sorted(lines, key=lambda line: ends[id(line)][1 if is_up else 0], reverse=is_up)
        taken = set[str]()
        for line in ranked:
            low, high = ends[id(line)]
            enough = wanted.has(total) or (total > floor if is_up else total < wanted.high)
            if enough or (high if is_up else -low) <= 0:
                break
            goes_over = total + high > wanted.high if is_up else total + low < wanted.low
            least = _points(line.rule.points) if line.rule.each is not None else math.inf
            if line.choice in taken or (goes_over and total + (least if is_up else -least) > wanted.high):
                continue
            further = self._firing(box, line)
            if further is None:
                continue
            box, gain = further, high if is_up else low
            if line.rule.each is not None:
                missing = (floor if is_up else wanted.high) - total
                box, gain = self._several(box, line.rule.each.filter, line.rule.points, missing, gain)
            taken |= {line.choice} if line.choice is not None else set()
            total += gain
        return box if wanted.has(total) else self._without_others(box, ranked, is_up=is_up)

    def _firing(self, box: Box, line: _Line) -> Box | None:
        """The box where a rule fires, and those that would be taken before it do not."""
        found = boxes(both([self.conditions.rule(line.rule), *self._resting(line.before)]), [box])
        found = found if found is not None else boxes(self.conditions.rule(line.rule), [box])
        return found[0] if found else None

    def _resting(self, rules: Iterable[ScoreRule]) -> list[Formula]:
        return [negated(self.conditions.rule(rule)) for rule in rules]

    def _without_others(self, box: Box, lines: list[_Line], *, is_up: bool) -> Box:
        """The box where rules that pull the other way rest, as far as that can be."""
        for line in lines:
            low, high = gives(line.rule, self.conditions)
            if (low if is_up else -high) < 0:
                resting = boxes(negated(self.conditions.rule(line.rule)), [box])
                box = resting[0] if resting else box
        return box

    def _several(self, box: Box, events: EventFilter, points: Expr, missing: float, most: float) -> tuple[Box, float]:
        """The box with as many events as bring what is missing, or, where these are no more, the most."""
        one = _points(points)
        times = min(math.ceil(abs(missing) / one), MOST_EVENTS)
        if times > 1 and times * one > abs(missing) and abs(most) > abs(missing):
            times -= 1
        gain = math.copysign(min(times * one, abs(most)), missing)
        term = self.terms.count(events)
        more = box.take(Atom(term, numbers(times)))
        return (more, gain) if more is not None else (box, math.copysign(one, missing))

    def values_of(self, box: Box) -> tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]] | None:
        """Fields and events that meet a box, without running them; None where the box asks for more than these."""
        building = Building(self, box, is_filled=True)
        if not building.fill() or building.inputs:
            return None
        return building.asked, tuple(building.events)

    # -- building ---------------------------------------------------------------------------------------------------

    def _lead(self, box: Box) -> Witness | None:
        building = Building(self, box)
        if not building.fill():
            return None
        calendar = self.terms.calendar
        context = Context(calendar, building.as_of)
        inputs = {"key": "example", **building.inputs}
        lead = {**building.required(), **building.lead}
        facts = self.program.facts(lead, sorted(building.events, key=lambda e: e["at"]), context, inputs)
        return Witness(building.lead, tuple(building.events), building.inputs, building.as_of, facts)

    def exists(self, active: Active | None, as_of: datetime) -> bool:
        """Whether a line exists on the day of the lead's run."""
        if active is None:
            return True
        day = self.terms.calendar.day_of(as_of).isoformat()
        return (active.start is None or active.start <= day) and (active.end is None or day <= active.end)
