"""Frozen records: `dataclass` as the standard library has it, made at a quarter of the cost.

In: a class with annotations. Out: the same dataclass to everybody who uses it: its fields, `replace`, patterns, equality,
hash and looks. The library writes and compiles six functions for each class; there are hundreds of classes, and each command
waits for them. Here only `__init__` is written, the others are one function each for all classes. That nobody assigns to a
frozen record is for the type checker alone to see.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, *, frozen=False, eq=True, **how):
        """What `dataclasses.dataclass` makes of a class."""

        def made(bare):
            record = dataclasses.dataclass(eq=False, repr=False, **how)(bare)
            own = vars(record)
            shared = {"__repr__": _shown} | ({"__eq__": _is_equal, "__hash__": _hash if frozen else None} if eq else {})
            for name, function in shared.items():
                if name not in own or (name == "__hash__" and own[name] is None):
                    setattr(record, name, function)
            return record

        return made if cls is None else made(cls)


@cache
def _compared(kind: Any) -> Any:
    """What takes the values of a record that it is compared by."""
    names = [field.name for field in dataclasses.fields(kind) if field.compare]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


def _is_equal(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _compared(cast("Any", type(self)))
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(_compared(cast("Any", type(self)))(self))


def _shown(self: Any) -> str:
    names = (field.name for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"
