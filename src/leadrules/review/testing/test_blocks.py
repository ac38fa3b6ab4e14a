"""A lead as a `test` block.

In: what is given, what happened, what is expected. Out: text in the language. Works nothing out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, timedelta
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.core.text import number_text
from leadrules.core.types import Type
from leadrules.ruleset.model import Duration, TestItem
from leadrules.syntax.words import is_name


@dataclass(frozen=True, slots=True)
class Later:
    """What a test goes on with: after how long the rules run again, what the lead then says too, what happened in between."""

    after: Duration
    given: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A lead: the instant of its run, its fields and what the state has of it, its events (`type`, `at`, fields); further runs."""

    as_of: datetime
    given: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...] = ()
    later: tuple[Later, ...] = ()

    @property
    def items(self) -> list[TestItem]:
        """The lead of the first run as the items of a compiled test."""
        given = tuple((name, _json(value)) for name, value in self.given.items() if value is not None)
        items = [TestItem("as_of", time=self.as_of.isoformat())]
        items += [TestItem("given", values=given)] if given else []
        for event in self.events:
            values = tuple((name, _json(value)) for name, value in _own(event).items())
            items.append(TestItem("event", name=event["type"], time=event["at"].isoformat(), values=values))
        return items


def moved(events: Iterable[Mapping[str, Any]], by: timedelta) -> tuple[Mapping[str, Any], ...] | None:
    """The events so much later, or earlier; None where one of them would leave the calendar."""
    try:
        return tuple({**event, "at": event["at"] + by} for event in events)
    except OverflowError:
        return None


def _own(event: Mapping[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in event.items() if n not in ("type", "at", "lead_id") and v is not None}


def _json(value: Any) -> Any:
    if isinstance(value, date):  # and an instant, with its offset
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def block(
    title: str, example: Example, expects: Sequence[Iterable[str]], calendar: Calendar, types: Mapping[str, Type]
) -> str:
    """The block, with what is expected after each run. Labels and sequences are written bare, `types` says which names are labels."""
    lines = [f"as of {_moment(example.as_of, calendar)}", *_told(example, calendar, types)]
    lines += [f"expect {text}" for text in expects[0]]
    for later, texts in zip(example.later, expects[1:], strict=True):
        lines += [f"then after {later.after.count} {_unit(later.after)}", *_told(later, calendar, types)]
        lines += [f"expect {text}" for text in texts]
    return f"test {text_literal(title)} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _told(one: Example | Later, calendar: Calendar, types: Mapping[str, Type]) -> Iterator[str]:
    given = [
        f"{name(field)} = {literal(value, calendar, types.get(field))}"
        for field, value in one.given.items()
        if value is not None
    ]
    if given:
        yield "given " + ", ".join(given)
    for event in one.events:
        own = [f"{name(field)} = {literal(value, calendar)}" for field, value in _own(event).items()]
        more = f" with {', '.join(own)}" if own else ""
        yield f"event {name(event['type'])} at {_moment(event['at'], calendar)}{more}"


def _unit(length: Duration) -> str:
    return length.unit.removesuffix("s") if length.count == 1 else length.unit


def name(text: str) -> str:
    """A name, in backquotes where it needs them."""
    return text if is_name(text) else f"`{text}`"


def text_literal(text: str) -> str:
    """A text between quotes."""
    return json.dumps(text, ensure_ascii=False)


def literal(value: Any, calendar: Calendar, type_: Type | None = None) -> str:
    """A value as rules write it."""
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(float(value))
    if isinstance(value, datetime):
        return _moment(value, calendar)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "[" + ", ".join(text_literal(one) for one in value) + "]"
    return name(value) if type_ is not None and type_.kind == "label" else text_literal(value)


def _moment(value: datetime, calendar: Calendar) -> str:
    return calendar.local(value).replace(tzinfo=None).isoformat(timespec="seconds" if value.second else "minutes")
