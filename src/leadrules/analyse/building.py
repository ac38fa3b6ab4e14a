"""One lead while it is made from a box: fields, inputs and events that meet it, the plainest that the schema lets through.

In: a box of terms with the values each may have. Out: the lead, or that a term cannot be given what it asks for. What a value
is worked out from is aimed at backwards. Whether the lead does what was wanted is for the engine to say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from leadrules.analyse.conditions import Conditions
from leadrules.analyse.domains import Numbers, Region, Words
from leadrules.analyse.formulas import Box, Search, Term, boxes, holds_in
from leadrules.analyse.inverse import LEAVES, Inverse
from leadrules.analyse.ranges import as_value, of_field
from leadrules.analyse.samples import sample
from leadrules.analyse.terms import Terms
from leadrules.core.calendar import FIRST_YEAR, LAST_YEAR, nominal
from leadrules.core.functions import Context
from leadrules.core.text import fold
from leadrules.core.types import TEXT, Type
from leadrules.engine.row import Program
from leadrules.project.model import Field
from leadrules.ruleset.model import Aggregate, EventFilter, Expr
from leadrules.ruleset.walk import looked_up

NOON, DAY = timedelta(hours=12), timedelta(days=1)
DEFAULT_DAY = date(2026, 1, 15)
MOST_EVENTS = 60


class Owner(Protocol):
    """What a lead is made for: the terms and conditions of a ruleset, the day of the run, the engine."""

    terms: Terms
    conditions: Conditions

    @property
    def day(self) -> date:
        """The day on which leads are looked at."""

    @property
    def spelling(self) -> Mapping[str, str]:
        """The texts of the rules by their folded forms."""

    @property
    def program(self) -> Program:
        """The ruleset made ready to run."""


class Building:
    """One lead while it is made from a box. `is_filled`: with a value also where the box lets a field be blank."""

    def __init__(self, owner: Owner, box: Box, *, is_filled: bool = False) -> None:
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
            found = as_value(picked, Type("date"))
            day = found if found is not None and has_room(found) else day
        return self.terms.calendar.midnight(day).astimezone(UTC) + NOON

    def fill(self) -> bool:
        """Give every term of the box a value, as far as terms can be given one. False where the schema lets no such lead through."""
        for term, region in sorted(self.box.regions.items(), key=lambda item: _RANK.get(item[0].expr.op, 1)):
            if not self._give(term, region):
                return False
        self.asked = self.lead
        self.lead = {name: self._spelled(value) for name, value in self.lead.items() if value is not None}
        said = [(self.terms.fields, self.lead), *((self.terms.events[one["type"]], one) for one in self.events)]
        return all(_lets_through(fields.get(name), value) for fields, one in said for name, value in one.items())

    def _spelled(self, value: Any) -> Any:
        """A text as the rules write it."""
        return self.owner.spelling.get(value, value) if isinstance(value, str) else value

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
            value = value_in(region, expr.type, self.box.facts.get(term, {}), self.terms.fields.get(expr.value))
            self.lead[expr.value] = value
            return value is not None or region.blank
        if expr.op == "count of":
            return self._send(expr.value, region)
        if expr.op == "always" and expr.value not in ("today", "now"):
            self.inputs[expr.value] = value_in(region, expr.type, self.box.facts.get(term, {}), None)
        elif expr.op == "previous":
            self.inputs[expr.value] = value_in(region, expr.type, {}, None)
        elif expr.op == "round" and expr.args[0].op == "field" and isinstance(region, Numbers):
            self.lead[expr.args[0].value] = value_in(region, expr.type, {}, None)
        elif expr.op == "domain_of" and isinstance(region, Words):
            self._give_domain(expr, region, term)
        elif expr.op == "lookup" and isinstance(region, Words | Numbers):
            self._give_key(expr, region)
        elif expr.op == "compare" and isinstance(region, Words):
            return self._compare(expr.args[0], expr.args[1], region)
        elif isinstance(region, Words) and expr.op == "aggregate" and region.values and not region.all_but:
            self._tell(self.terms.ruleset.aggregates[expr.value], value_in(region, expr.type, {}, None))
        elif isinstance(region, Numbers) and region.spans and expr.op not in LEAVES - {"aggregate"}:
            self._aim(expr, self._wanted(expr, region))
        return True

    # -- what is worked out from a field or an event ------------------------------------------------------------------

    @cached_property
    def _inverse(self) -> Inverse:
        return Inverse(self.terms.calendar, self.terms.plain, self._value)

    def _value(self, expr: Expr) -> Any:
        """What an expression is worth for the lead as far as it is made."""
        context = Context(self.terms.calendar, self.as_of)
        events = sorted(self.events, key=lambda event: event["at"])
        facts = self.owner.program.facts(self.lead, events, context, {"key": "example", **self.inputs})
        return self.owner.program.value(expr, facts)

    def _wanted(self, expr: Expr, region: Numbers) -> Any:
        near = self.as_of.timestamp() if expr.type.kind == "datetime" else _NEAR.get(expr.type.kind, 0.0)
        return as_value(pick_number(region, near, whole=expr.type.kind == "date"), expr.type)

    def _compare(self, left: Expr, right: Expr, region: Words) -> bool:
        """Two expressions of which one is more, less, or the same: what hangs on no lead stays as it is."""
        steps = [step for relation, step in _STEPS.items() if relation in region.values]
        if self._inverse.is_known(left):
            left, right, steps = right, left, [-step for step in steps]
        beside = self._value(right)
        if not steps or beside is None or isinstance(beside, bool | str | tuple):
            return True
        wanted = next((found for step in steps if (found := _stepped(beside, step)) is not None), None)
        self._aim(left, wanted)
        return wanted is not None

    def _aim(self, expr: Expr, wanted: Any) -> None:
        """The field or event on which an expression hangs, with what makes it worth what is wanted."""
        found = self._inverse.leaf(expr, wanted)
        if found is None:
            return
        leaf, value = found
        value = self._as(leaf.type, value)
        if leaf.op == "field" and _may_be(self.box.region(self.terms.term(leaf)), value):
            self.lead.setdefault(leaf.value, value)
        elif leaf.op == "aggregate" and _may_be(self.terms.range(leaf), value):
            self._tell(self.terms.ruleset.aggregates[leaf.value], value)

    def _as(self, type_: Type, value: Any) -> Any:
        """A day as its midnight, an instant as its day, as the type asks for."""
        if type_.kind == "date" and isinstance(value, datetime):
            return self.terms.calendar.day_of(value)
        if type_.kind == "datetime" and isinstance(value, date) and not isinstance(value, datetime):
            return self.terms.calendar.midnight(value).astimezone(UTC)
        return value

    def _tell(self, one: Aggregate, value: Any) -> None:
        """An event that says so, of those that the aggregate looks at."""
        if value is None:
            return
        event = next((event for event in self.events if event["type"] in one.filter.types), None)
        if event is None:
            found = boxes(self.owner.conditions.where(one.filter))
            if not found or one.function == "count":
                return
            event = self._event(one.filter, found[0], 0, 1)
            if event is None:
                return
            self.events.append(event)
        event["at" if one.field is None else one.field] = value

    def _give_domain(self, expr: Expr, region: Words, term: Term) -> None:
        part = self.terms.plain(expr.args[0])
        value = value_in(region, Type("text"), self.box.facts.get(term, {}), None)
        if part.op == "field" and value is not None:
            self.lead[part.value] = f"ann@{value}"

    def _key_with(self, expr: Expr, region: Region, field: Field | None) -> str | None:
        """The first key of a table whose column has a value of the region, of those that a field may have."""
        table, column = looked_up(str(expr.value), self.terms.tables.values())
        at = [one for one, _ in table.columns].index(column)
        keys = (key for key, row in table.rows if row[at] is not None and _belongs(region, row[at]))
        return next((key for key in keys if _lets_through(field, key)), None)

    def _give_key(self, expr: Expr, region: Region) -> None:
        part = self.terms.plain(expr.args[0])
        found = self._key_with(expr, region, self.terms.fields.get(part.value) if part.op == "field" else None)
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
            event = self._event(events, found[0] if found else self.box, number, wanted)
            if event is None:
                return False
            self.events.append(event)
        return True

    def _event(self, events: EventFilter, box: Box, number: int, wanted: int) -> dict[str, Any] | None:
        """One of as many events as are wanted; None where there is none, or no further one, that counts."""
        past, own = self._past(events), self.terms.events[events.types[0]]
        at = self.terms.calendar.add(self.as_of, -past - self._step(events, wanted, past) * (number + 0.5))
        if at is None:
            return None
        event: dict[str, Any] = {"type": events.types[0], "at": at, "lead_id": "example"}
        for term, region in box.regions.items():
            name = term.expr.value if term.expr.op == "event_field" else None
            if name in own:
                event[name] = value_in(region, term.expr.type, box.facts.get(term, {}), own[name])
            elif term.expr.op == "lookup" and (part := self.terms.plain(term.expr.args[0])).op == "event_field":
                event.setdefault(part.value, self._key_with(term.expr, region, own.get(part.value)))
        field = own.get(events.distinct or "")
        if field is not None and field.name not in event:
            event[field.name] = _another(field, number)
            return event if event[field.name] is not None else None
        return event

    def _past(self, events: EventFilter) -> timedelta:
        """How long ago such events must have happened for a box that has none within a shorter time."""
        none = (
            term.expr.value
            for term, region in self.box.regions.items()
            if term.expr.op == "count of" and isinstance(region, Numbers) and not region.has(1.0)
        )
        spans = (one.within for one in none if one.within is not None and set(one.types) & set(events.types))
        lengths = [nominal(one.count, one.unit) for one in spans]
        own = None if events.within is None else nominal(events.within.count, events.within.unit)
        # A month is nominally 30 days and at most 31: a thirtieth more is past it.
        past = (length * 31 / 30 for length in lengths if length is not None)
        return max((length for length in past if own is None or length < own), default=timedelta())

    def _step(self, events: EventFilter, wanted: int, past: timedelta) -> timedelta:
        """A day between events, or less where they must all lie within a shorter time."""
        within = None if events.within is None else nominal(events.within.count, events.within.unit)
        return DAY if within is None else min(DAY, (within - past) / (wanted + 1))


def has_room(day: date) -> bool:
    """Whether a run may be on this day, and on some before and after it."""
    return FIRST_YEAR < day.year < LAST_YEAR


def _stepped(value: Any, steps: int) -> Any:
    """A value so many days, or ones, further; None where the calendar ends before."""
    try:
        return value + steps * (DAY if isinstance(value, date | timedelta) else 1.0)
    except OverflowError:
        return None


def _lets_through(field: Field | None, value: Any) -> bool:
    """Whether the schema lets a field have this value."""
    if field is None or value is None or field.type.kind == "set":
        return True
    region = of_field(field)
    if isinstance(region, Numbers):
        return _may_be(region, value) and not (field.integer and value != int(value))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return region.has(fold(text)) and (field.type != TEXT or _of_length(text, field) == text)


def _of_length(text: str, field: Field | None) -> str:
    """A text cut, or filled up, to the length that a field asks for."""
    if field is None:
        return text
    return text[: field.max_length].ljust(field.min_length or 0, "x")


def _another(field: Field, number: int) -> Any:
    """A value of a field that differs from those of lower numbers; None where it has no further one."""
    region = of_field(field)
    if isinstance(region, Numbers):
        first = pick_number(region.present(), _NEAR.get(field.type.kind, 1.0), whole=True)
        value = as_value(first + number * (DAY.total_seconds() if field.type.kind == "datetime" else 1.0), field.type)
    elif field.type.kind == "text":
        value = f"{field.name} {number + 1}"
    else:
        values = (True, False) if field.type.kind == "yesno" else field.type.options
        value = values[number] if number < len(values) else None
    return value if _lets_through(field, value) else None


def _may_be(region: Region, value: Any) -> bool:
    """Whether a region has a number, a day or an instant."""
    if isinstance(value, datetime):
        return isinstance(region, Numbers) and region.has(value.timestamp())
    number = float(value.toordinal()) if isinstance(value, date) else value
    return isinstance(region, Numbers) and isinstance(number, float | int) and region.has(float(number))


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
        return high if high_side else float(math.floor(high - 1 if high == math.floor(high) else high))
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
        return as_value(pick_number(region, near, whole=type_.kind == "date" or bool(field and field.integer)), type_)
    if type_.kind == "set":
        return tuple(needle for (_, needle), holds in facts.items() if holds) or ("other",)
    if type_.kind == "yesno":
        return "true" in region.values
    text = text_in(region, facts, field)
    options = () if type_.kind == "label" else type_.options
    return next((option for option in options if fold(option) == text), text)


# Counts of events come first, what hangs on other things last.
_RANK = {
    "count of": 0,
    "round": 2,
    "add": 2,
    "sub": 2,
    "mul": 2,
    "div": 2,
    "days_between": 2,
    "aggregate": 3,
    "compare": 4,
}
_STEPS = {"equal": 0, "more": 1, "less": -1}
_NEAR = {"date": float(DEFAULT_DAY.toordinal()), "datetime": datetime(2026, 1, 15, tzinfo=UTC).timestamp()}


def text_in(region: Words, facts: Mapping[Search, bool], field: Field | None) -> str:
    """A text of the region that has what it must and nothing that it must not, where that can be pieced together.

    It is as long as the field asks for.
    """
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
        for shown in (tried or "something", f"{tried} x", f"x {tried}", f"a {tried} b"):
            text = _of_length(shown.strip(), field)
            good = region.has(fold(text)) and all(holds_in(*search, fold(text)) for search in wanted)
            if good and not any(holds_in(*search, fold(text)) for search in unwanted):
                return text
    return _of_length(" ".join(pieces) or "something", field)


def plainest(field: Field) -> Any:
    """A value that a required field may have."""
    return value_in(of_field(field), field.type, {}, field)
