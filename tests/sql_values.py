"""What the suites of reports compare with: numbers of SQL beside the six decimals of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest


def near(value: float | None, digits: float = 2e-6) -> Any:
    """That number to the digits that a report keeps; None is None."""
    return None if value is None else pytest.approx(value, abs=digits, rel=1e-9)


def pick(row: Mapping[str, Any], names: str) -> tuple[Any, ...]:
    """Some columns of a row."""
    return tuple(row[name] for name in names.split())


def quartiles(values: Sequence[float]) -> tuple[Any, Any, Any]:
    """The lower quartile, the median and the upper one, interpolated between neighbours."""
    if not values:
        return None, None, None
    ordered = sorted(values)
    found = []
    for share in (0.25, 0.5, 0.75):
        at = share * (len(ordered) - 1)
        low = int(at)
        high = min(low + 1, len(ordered) - 1)
        found.append(near(ordered[low] + (ordered[high] - ordered[low]) * (at - low)))
    return found[0], found[1], found[2]
