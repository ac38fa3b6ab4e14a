"""What an operation is: its name, its types, what it says, and how a row and a column work it out.

In: nothing. Out: `Operation` and the parts to declare one. Knows no single operation.

Both implementations are called alike. `row(context, value, *args)` works on Python values, `column(context, value, types,
*args)` on Polars expressions; `value` is the operation's static part with its names resolved (the members of a list, the
patterns), else None, and `types` are the types of the arguments. A blank is None, or null. Where `folded` is set, the
engine hands textual arguments (and static texts) in folded, so that it can fold a field once for many rules. A duration literal comes
as (count, unit) to `shift`, and may do so to columns of comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.core.types import Kind, Type

Row = Callable[..., Any]
Column = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a run gives every operation: its calendar, and its one instant (aware, UTC), where it has one."""

    calendar: Calendar
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Arguments that do not agree: the position of the one to underline, what is wrong, and the way out."""

    position: int
    message: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument: its name in the documentation, the kinds it takes, how often it may stand (the last one may repeat)."""

    name: str
    kinds: frozenset[Kind]
    words: str
    optional: bool = False
    many: bool = False

    def takes(self, type_: Type) -> bool:
        """Whether an argument of this type is welcome; what is already reported always is."""
        return type_.kind in self.kinds or type_.kind == "error"


@dataclass(frozen=True, slots=True)
class Example:
    """Arguments (as written in `args`, after the static value) and what they give. It is documentation and test at once."""

    args: tuple[Any, ...]
    result: Any
    value: Any = None
    types: tuple[Type, ...] | None = None


Result = Callable[[Sequence[Type]], Type | Mismatch]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or function, declared once. `by_name` says whether rule files may call it like `round(x, 2)`."""

    name: str
    says: str
    parameters: tuple[Parameter, ...]
    result: Type | Result
    row: Row
    column: Column
    examples: tuple[Example, ...]
    by_name: bool = False
    folded: bool = False

    @property
    def least(self) -> int:
        """The fewest arguments it takes."""
        return sum(not p.optional for p in self.parameters)

    @property
    def most(self) -> int | None:
        """The most arguments it takes; None is any number."""
        return None if self.parameters and self.parameters[-1].many else len(self.parameters)

    @property
    def usage(self) -> str:
        """How it is called: `round(x, digits)`."""
        names = [f"[{p.name}]" if p.optional else f"{p.name}, .." if p.many else p.name for p in self.parameters]
        return f"{self.name}({', '.join(names)})"

    def parameter(self, position: int) -> Parameter:
        """The parameter that an argument at this position belongs to."""
        return self.parameters[min(position, len(self.parameters) - 1)]

    def result_type(self, types: Sequence[Type]) -> Type | Mismatch:
        """The type of the result for arguments of these types, or the first thing that is wrong with them."""
        wrong = self._arity(len(types)) or self._kinds(types)
        if wrong:
            return wrong
        return self.result if isinstance(self.result, Type) else self.result(types)

    def _arity(self, count: int) -> Mismatch | None:
        most = self.most
        if count >= self.least and (most is None or count <= most):
            return None
        wanted = (
            f"{self.least}"
            if most == self.least
            else f"{self.least} or more"
            if most is None
            else f"{self.least} to {most}"
        )
        plural = "" if wanted == "1" else "s"
        position = min(count, most or count) if count else 0
        return Mismatch(
            position, f"`{self.name}` takes {wanted} argument{plural}, and this gives it {count}", self.usage
        )

    def _kinds(self, types: Sequence[Type]) -> Mismatch | None:
        for position, type_ in enumerate(types):
            wanted = self.parameter(position)
            if not wanted.takes(type_):
                return Mismatch(position, f"`{self.name}` works on {wanted.words}, and this is {type_}")
        return None


def parameter(name: str, *kinds: Kind, words: str, optional: bool = False, many: bool = False) -> Parameter:
    """A parameter of these kinds; `words` says them in a message (`a number`)."""
    return Parameter(name, frozenset(kinds), words, optional, many)


def number(name: str, *, optional: bool = False, many: bool = False) -> Parameter:
    """A number."""
    return parameter(name, "number", words="numbers", optional=optional, many=many)


def text(name: str, *, many: bool = False) -> Parameter:
    """Text, a choice, or a label as text."""
    return parameter(name, "text", "choice", "label", words="text", many=many)


def moment(name: str, *, many: bool = False) -> Parameter:
    """A date or a datetime."""
    return parameter(name, "date", "datetime", words="dates and datetimes", many=many)


def condition(name: str, *, many: bool = False) -> Parameter:
    """A yes/no."""
    return parameter(name, "yesno", words="conditions", many=many)


def anything(name: str, *, many: bool = False) -> Parameter:
    """A value of any type, or the word `blank`."""
    kinds: tuple[Kind, ...] = ("text", "choice", "number", "yesno", "date", "datetime", "duration", "set", "label")
    return parameter(name, *kinds, "blank", words="values", many=many)


def strict(function: Callable[..., Any]) -> Row:
    """A row implementation that is blank when any argument is."""

    def row(context: Context, value: Any, *args: Any) -> Any:
        for arg in args:
            if arg is None:
                return None
        return function(*args)

    return row


def sure(function: Callable[..., Any]) -> Row:
    """A row implementation of a test: no when any argument is blank."""

    def row(context: Context, value: Any, *args: Any) -> Any:
        for arg in args:
            if arg is None:
                return False
        return function(*args)

    return row


def plainly(function: Callable[..., Any]) -> Column:
    """A column implementation that needs neither context nor types."""

    def column(context: Context, value: Any, types: Sequence[Type], *args: Any) -> Any:
        return function(*args)

    return column
