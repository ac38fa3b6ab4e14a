"""Which line of a ruleset asks what time it is.

In: a ruleset. Out: the first rule that reads `now` or `today`, looks back `within` a time, lets points decay, or exists
only between dates. A run over inputs without any time needs `--as-of` for just these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from leadrules.ruleset.model import Active, Each, EventFilter, Expr, Placed, Ruleset

CLOCK_NAMES = ("now", "today")


@dataclass(frozen=True, slots=True)
class ClockUse:
    """A place that asks for the time: the definition (and rule) it stands in, and what asks."""

    rule: str
    what: str
    span: dict[str, Any] | None


def clock_uses(ruleset: Ruleset) -> Iterator[ClockUse]:
    """Every place of the definitions that asks for the time, in declaration order."""
    for definition in ruleset.declared:
        yield from _uses(definition, definition.name, ruleset)


def _uses(part: Any, rule: str, ruleset: Ruleset) -> Iterator[ClockUse]:
    what = _asks(part)
    if what:
        yield ClockUse(rule, what, part.span if isinstance(part, Placed) else None)
    if isinstance(part, Expr) and part.op in ("aggregate", "did"):
        yield from _uses(ruleset.aggregates[part.value], rule, ruleset)
    for child in _children(part):
        name = getattr(child, "name", None)
        inner = f"{rule}.{name}" if isinstance(name, str) and isinstance(child, Placed) else rule
        yield from _uses(child, inner, ruleset)


def _asks(part: Any) -> str:
    if isinstance(part, Expr):
        return part.value if part.op == "always" and part.value in CLOCK_NAMES else ""
    if isinstance(part, EventFilter):
        return "within" if part.within else ""
    if isinstance(part, Each):
        return "halving" if part.halving else "fading" if part.fading else ""
    if isinstance(part, Active):
        return "from" if part.start else "until"
    return ""


def _children(part: Any) -> Iterator[Any]:
    for item in fields(part):
        value = getattr(part, item.name)
        for child in value if isinstance(value, tuple) else (value,):
            if is_dataclass(child) and not isinstance(child, type):
                yield child
