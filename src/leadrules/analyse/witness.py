"""A concrete lead for what a lint says: fields and events that meet a box, seen by the row engine to do what is claimed.

In: boxes, and what must hold or not. Out: a `Witness`, or None where no lead that was tried does it; a finding that needs
one is then not made. Values are the plainest that the schema lets through. Refuses to know lints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any

from leadrules.analyse.conditions import Conditions
from leadrules.analyse.domains import Numbers, Region, Words
from leadrules.analyse.formulas import Box, Search, Term, boxes, holds_in, negated
from leadrules.analyse.reach import gives
from leadrules.analyse.samples import sample
from leadrules.core.calendar import nominal
from leadrules.core.functions import Context
from leadrules.core.text import fold, number_text
from leadrules.core.types import Type
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.project.model import Field
from leadrules.ruleset.model import Active, EventFilter, Expr, Score, ScoreRule
from leadrules.ruleset.walk import parts

NOON = timedelta(hours=12)
DEFAULT_DAY = date(2026, 1, 15)
MOST_EVENTS = 60
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
        counted: dict[str, int] = {}
        for event in self.events:
            own = [
                f"{n} = {_shown(v)}" for n, v in event.items() if n not in ("type", "at", "lead_id") and v is not None
            ]
            name = f"{event['type']}{' with ' + ' and '.join(own) if own else ''}"
            counted[name] = counted.get(name, 0) + 1
        parts += [name if count == 1 else f"{count} x {name}" for name, count in counted.items()]
        return ", ".join(parts) if parts else "a lead of whom nothing is known"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return f'"{value}"' if isinstance(value, str) else "blank" if value is None else value.isoformat()


Claim = Callable[[LeadFacts, Program], bool]


class Witnesses:
    """Finds leads. The engine is made ready when the first is asked for."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions, self.terms = conditions, conditions.terms
        self._program: Program | None = None

    @cached_property
    def day(self) -> date:
        """The day on which leads are looked at: a month after the latest date that rules count events since."""
        filters = (one for _, one in parts(self.terms.ruleset) if isinstance(one, EventFilter))
        dates = [
            date.fromisoformat(str(one.since.value)[:10]) for one in filters if one.since and one.since.op == "const"
        ]
        latest = max(dates, default=DEFAULT_DAY)
        return DEFAULT_DAY if latest.year == date.max.year else max(DEFAULT_DAY, latest + timedelta(days=31))

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
        """The box with more rules firing, where a score is not what the box asks for."""
        for term, region in [*box.regions.items()]:
            score = self.terms.definitions.get(term.expr.value) if term.expr.op == "name" else None
            if isinstance(score, Score) and isinstance(region, Numbers):
                box = self._pushed(box, score, region, facts.values[score.name])
        return box

    def _pushed(self, box: Box, score: Score, wanted: Numbers, total: float) -> Box:
        """The box with rules firing until the score is what is wanted, as far as they bring it there."""
        floor, is_up = wanted.low, total < wanted.low or (not wanted.has(total) and total <= wanted.low)
        rules = sorted(score.rules, key=lambda rule: gives(rule, self.conditions)[1 if is_up else 0], reverse=is_up)
        for rule in rules:
            low, high = gives(rule, self.conditions)
            enough = wanted.has(total) or (total > floor if is_up else total < wanted.high)
            if enough or (high if is_up else -low) <= 0:
                break
            further = boxes(self.conditions.rule(rule), [box])
            if not further:
                continue
            box, gain = further[0], high if is_up else low
            if rule.each is not None:
                box, gain = self._several(
                    box, rule.each.filter, rule.points, (floor if is_up else wanted.high) - total, gain
                )
            total += gain
        return box if wanted.has(total) else self._without_others(box, rules, is_up=is_up)

    def _without_others(self, box: Box, rules: list[ScoreRule], *, is_up: bool) -> Box:
        """The box where rules that pull the other way rest, as far as that can be."""
        for rule in rules:
            low, high = gives(rule, self.conditions)
            if (low if is_up else -high) < 0:
                resting = boxes(negated(self.conditions.rule(rule)), [box])
                box = resting[0] if resting else box
        return box

    def _several(self, box: Box, events: EventFilter, points: Expr, missing: float, most: float) -> tuple[Box, float]:
        one = (
            abs(points.value)
            if points.op == "const" and isinstance(points.value, float | int) and points.value
            else 1.0
        )
        times = min(math.ceil(abs(missing) / one), MOST_EVENTS)
        gain = math.copysign(min(times * one, abs(most)), missing)
        term = self.terms.count(events)
        more = box.take(_at_least(term, times))
        return (more, gain) if more is not None else (box, math.copysign(one, missing))

    def values_of(self, box: Box) -> tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]] | None:
        """Fields and events that meet a box, without running them; None where the box asks for more than these."""
        building = _Building(self, box, is_filled=True)
        if not building.fill() or building.inputs:
            return None
        return building.asked, tuple(building.events)

    # -- building ---------------------------------------------------------------------------------------------------

    def _lead(self, box: Box) -> Witness | None:
        building = _Building(self, box)
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


def _at_least(term: Term, times: int) -> Any:
    from leadrules.analyse.domains import numbers
    from leadrules.analyse.formulas import Atom

    return Atom(term, numbers(times))


class _Building:
    """One lead while it is made from a box. `is_filled`: with a value also where the box lets a field be blank."""

    def __init__(self, owner: Witnesses, box: Box, *, is_filled: bool = False) -> None:
        self.owner, self.terms, self.box, self.is_filled = owner, owner.terms, box, is_filled
        self.lead: dict[str, Any] = {}
        self.asked: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.as_of = self._instant()

    def _instant(self) -> datetime:
        region = self.box.regions.get(self.terms.today())
        day = self.owner.day
        if isinstance(region, Numbers) and not region.has(float(day.toordinal())) and region.spans:
            picked = pick_number(region, float(day.toordinal()), whole=True)
            day = date.fromordinal(int(picked)) if 1 <= picked < date.max.toordinal() else day
        return self.terms.calendar.midnight(day).astimezone(UTC) + NOON

    def fill(self) -> bool:
        """Give every term of the box a value, as far as terms can be given one, and required fields theirs."""
        for term, region in sorted(self.box.regions.items(), key=lambda item: item[0].expr.op == "round"):
            if not self._give(term, region):
                return False
        self.asked = self.lead
        self.lead = {name: value for name, value in self.lead.items() if value is not None}
        return True

    def required(self) -> dict[str, Any]:
        """The fields that no lead is without, where the box says nothing of them."""
        fields = self.terms.project.lead_schema.fields
        wanted = (
            f for f in fields if f.required and f.name not in self.lead and f.name != self.terms.ruleset.settings.key
        )
        return {field.name: plainest(field) for field in wanted}

    def _give(self, term: Term, region: Region) -> bool:
        expr = term.expr
        if self.is_filled and not region.present().is_empty:
            region = region.present()
        if expr.op == "field":
            field = self.terms.project.lead_schema.get(expr.value)
            self.lead[expr.value] = value_in(region, expr.type, self.box.facts.get(term, {}), field)
        elif expr.op == "count of":
            return self._send(expr.value, region)
        elif expr.op == "always" and expr.value not in ("today", "now"):
            self.inputs[expr.value] = value_in(region, expr.type, self.box.facts.get(term, {}), None)
        elif expr.op == "previous":
            self.inputs[expr.value] = value_in(region, expr.type, {}, None)
        elif expr.op == "round" and expr.args[0].op == "field" and isinstance(region, Numbers):
            self.lead[expr.args[0].value] = value_in(region, expr.type, {}, None)
        elif expr.op == "domain_of" and isinstance(region, Words):
            self._give_domain(expr, region, term)
        elif expr.op == "lookup" and isinstance(region, Words | Numbers):
            self._give_key(expr, region)
        return True

    def _give_domain(self, expr: Expr, region: Words, term: Term) -> None:
        part = self.terms.plain(expr.args[0])
        value = value_in(region, Type("text"), self.box.facts.get(term, {}), None)
        if part.op == "field" and value is not None:
            self.lead[part.value] = f"ann@{value}"

    def _key_with(self, expr: Expr, region: Region) -> str | None:
        """The first key of a table whose column has a value of the region."""
        name, _, column = str(expr.value).partition(".")
        table = self.terms.tables[name]
        at = [one for one, _ in table.columns].index(column)
        return next((key for key, row in table.rows if row[at] is not None and _belongs(region, row[at])), None)

    def _give_key(self, expr: Expr, region: Region) -> None:
        found, part = self._key_with(expr, region), self.terms.plain(expr.args[0])
        if found is not None and part.op == "field":
            self.lead.setdefault(part.value, found)
        elif found is not None and part.op == "domain_of" and part.args[0].op == "field":
            self.lead[part.args[0].value] = f"ann@{found}"

    def _send(self, events: EventFilter, region: Region) -> bool:
        """As many events as the region asks for at least, in excess of those that are there for other terms."""
        wanted = int(region.low) if isinstance(region, Numbers) and region.spans else 0
        if wanted > MOST_EVENTS:
            return False
        there = 0 if not events.types else sum(e["type"] in events.types for e in self.events if events.where is None)
        found = boxes(self.owner.conditions.where(events))
        if wanted and not found:
            return False
        for number in range(wanted - min(there, wanted)):
            self.events.append(self._event(events, found[0] if found else self.box, number, wanted))
        return True

    def _event(self, events: EventFilter, box: Box, number: int, wanted: int) -> dict[str, Any]:
        at = self.as_of - self._step(events, wanted) * (number + 0.5)
        event: dict[str, Any] = {"type": events.types[0], "at": at, "lead_id": "example"}
        schema = next(e for e in self.terms.project.event_schema if e.name == events.types[0])
        own = {f.name: f for f in schema.fields}
        for term, region in box.regions.items():
            name = term.expr.value if term.expr.op == "event_field" else None
            if name in own:
                event[name] = value_in(region, term.expr.type, box.facts.get(term, {}), own[name])
            elif term.expr.op == "lookup" and (part := self.terms.plain(term.expr.args[0])).op == "event_field":
                event.setdefault(part.value, self._key_with(term.expr, region))
        if events.distinct in own and events.distinct not in event:
            event[str(events.distinct)] = f"{events.distinct} {number + 1}"
        return event

    def _step(self, events: EventFilter, wanted: int) -> timedelta:
        """A day between events, or less where they must all lie within a shorter time."""
        within = None if events.within is None else nominal(events.within.count, events.within.unit)
        day = timedelta(days=1)
        return day if within is None else min(day, within / (wanted + 1))


def _belongs(region: Region, value: Any) -> bool:
    if isinstance(region, Numbers):
        return isinstance(value, int | float) and region.has(float(value))
    return region.has(fold(str(value)))


# -- values ---------------------------------------------------------------------------------------------------------


def pick_number(region: Numbers, near: float = 0.0, *, whole: bool) -> float:
    """A plain number of a region: `near` if it belongs, else the end of an interval, else one inside."""
    if region.has(near):
        return near
    (low, low_side), (high, high_side) = region.spans[0] if region.high > 0 else region.spans[-1]
    if math.isinf(low) and math.isinf(high):
        return 1.0
    if math.isinf(low):
        return high if high_side else math.floor(high - 1 if high == math.floor(high) else high)
    if not low_side:
        return low
    inside = math.floor(low) + 1.0
    return inside if whole or math.isinf(high) or inside < high else (low + high) / 2


def value_in(region: Region, type_: Type, facts: Mapping[Search, bool], field: Field | None) -> Any:
    """A value of the region as the engine has it; a blank where the region holds it and nothing asks for more."""
    if region.blank and not any(facts.values()):
        return None
    if isinstance(region, Numbers):
        near = _NEAR.get(type_.kind, 0.0)
        return _moment(pick_number(region, near, whole=type_.kind == "date" or bool(field and field.integer)), type_)
    if type_.kind == "set":
        return tuple(needle for (_, needle), holds in facts.items() if holds) or ("other",)
    if type_.kind == "yesno":
        return "true" in region.values
    text = text_in(region, facts)
    options = () if type_.kind == "label" else type_.options
    return next((option for option in options if fold(option) == text), text)


def _moment(number: float, type_: Type) -> Any:
    if type_.kind == "date":
        return date.fromordinal(max(1, min(int(number), date.max.toordinal())))
    if type_.kind == "datetime":
        return datetime.fromtimestamp(number, UTC)
    return number


_NEAR = {"date": float(DEFAULT_DAY.toordinal()), "datetime": datetime(2026, 1, 15, tzinfo=UTC).timestamp()}


def text_in(region: Words, facts: Mapping[Search, bool]) -> str:
    """A text of the region that has what it must and nothing that it must not, where that can be pieced together."""
    if not region.all_but:
        return min(region.values)
    wanted = [search for search, holds in facts.items() if holds and search[0] in ("contains", "starts", "ends")]
    wanted.sort(key=lambda search: ("starts", "contains", "ends").index(search[0]))
    patterns = (sample(needle) for (operation, needle), holds in facts.items() if holds and operation == "matches")
    pieces = [text for text in patterns if text]
    for operation, needle in wanted:
        if operation != "contains" or not any(needle in piece for piece in pieces):
            pieces.append(needle)
    unwanted = [search for search, holds in facts.items() if not holds]
    for tried in (" ".join(p.strip() for p in pieces), " ".join(pieces), "".join(pieces), "".join(reversed(pieces))):
        for text in (tried or "something", f"{tried} x", f"x {tried}", f"a {tried} b"):
            good = region.has(fold(text)) and all(holds_in(*search, fold(text)) for search in wanted)
            if good and not any(holds_in(*search, fold(text)) for search in unwanted):
                return text.strip()
    return " ".join(pieces) or "something"


def plainest(field: Field) -> Any:
    """A value that a required field may have."""
    from leadrules.analyse.ranges import of_field

    return value_in(of_field(field), field.type, {}, field)
