"""Caches that know an object by itself, not by what it says.

In: any object. Out: a key for `lru_cache`. To hash or to compare a ruleset or a calendar takes as long as what is worked
out of it; the key holds the object, so its place in memory is not another's meanwhile.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Same(Generic[T]):
    """An object as itself."""

    __slots__ = ("it",)

    def __init__(self, it: T) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.it is other.it

    def __hash__(self) -> int:
        return id(self.it)
