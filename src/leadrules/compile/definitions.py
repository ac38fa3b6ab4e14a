"""Definitions other than scores, thresholds and files: define, segment, event groups, lists; and checks that blocks share.

In: a statement and the scope in which what it uses is already lowered. Out: the definition of the compiled ruleset, its
name and type entered in the scope. A definition with an error stays defined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from leadrules.compile.mismatch import fixed_length, said
from leadrules.compile.scope import Scope
from leadrules.core.diagnostics import Edit, Fix, Related
from leadrules.core.source import Span
from leadrules.core.types import YESNO
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

T = TypeVar("T", bound=n.Node)


class Line(Protocol):
    """A rule line: something with an id."""

    @property
    def name(self) -> n.Ident: ...


def lower_define(scope: Scope, node: n.Define, position: int) -> model.Define:
    """`define NAME = VALUE`."""
    assert node.name is not None
    with scope.reading(node, node):
        value = fixed_length(scope, node.value, scope.expression(node.value))
    scope.types[node.name.key] = value.type
    return model.Define(node.name.key, node.title, position, value, span=node.span.as_json())


def lower_segment(scope: Scope, node: n.Segment, position: int) -> model.Segment:
    """`segment NAME when CONDITION`."""
    assert node.name is not None
    scope.types[node.name.key] = YESNO
    with scope.reading(node, node):
        condition = scope.condition(node.condition)
    return model.Segment(node.name.key, node.title, position, condition, span=node.span.as_json())


def check_group(scope: Scope, node: n.EventGroup) -> None:
    """The members of an event group are event types, each once."""
    seen: dict[str, n.Ident] = {}
    for member in node.members:
        first = seen.setdefault(member.key, member)
        if first is not member:
            related = (Related(first.span, "first named here"),)
            message = f"`{member.key}` is in the group twice"
            scope.complain("LR144", member.span, message, label="again", help="take one of them out", related=related)
        elif member.key in scope.names.of("events"):
            message = f"`{member.key}` is an event group, and a group holds event types"
            scope.complain("LR144", member.span, message, label="a group", help="name its event types")
        elif member.key in scope.names.events:
            scope.use("event", member.key, member.span)
        else:
            scope.unknown("LR105", member.span, "event", member.key, scope.names.events)


def written_list(scope: Scope, node: n.ListDefinition) -> model.ListValues:
    """`list NAME = [..]`: all text or all numbers."""
    assert node.name is not None
    values: list[str | float] = []
    bad = False
    for item in node.values:
        value = _list_value(scope, item)
        if value is None:
            bad = True
        elif values and isinstance(value, str) != isinstance(values[0], str):
            bad = True
            _mixed(scope, node.values[0], item, isinstance(value, str))
        else:
            values.append(value)
    holds = "error" if bad or node.damaged or not values else "text" if isinstance(values[0], str) else "number"
    scope.lists[node.name.key] = holds
    scope.list_values[node.name.key] = tuple(values)
    return model.ListValues(node.name.key, tuple(values))


def _list_value(scope: Scope, node: n.Expression) -> str | float | None:
    if isinstance(node, n.TextLiteral):
        return node.value
    if isinstance(node, n.NumberLiteral):
        return float(node.value)
    if isinstance(node, n.Negate) and isinstance(node.value, n.NumberLiteral):
        return -float(node.value.value)
    if isinstance(node, n.Broken):
        return None
    bare = isinstance(node, n.Name)
    hint = f'put it in quotes: `"{node.span.text}"`' if bare else "a list is written out: texts in quotes, or numbers"
    message = f"{said(node)} is not a text or a number"
    scope.complain("LR143", node.span, message, label="not a written value", help=hint)
    return None


def _mixed(scope: Scope, first: n.Expression, item: n.Expression, is_text: bool) -> None:
    message = f"a list holds texts or numbers, not both: {said(item)} is {'text' if is_text else 'a number'}"
    related = (Related(first.span, f"the first value is {'a number' if is_text else 'text'}"),)
    hint = f"remove the quotes, or put all values in quotes, as {said(first)} shows"
    scope.complain("LR143", item.span, message, label="of another type", help=hint, related=related)


def only(scope: Scope, items: Iterable[n.Node], kind: type[T], words: str) -> T | None:
    """The one setting of its kind; each further one is reported."""
    first: T | None = None
    for item in items:
        if not isinstance(item, kind):
            continue
        if first is None:
            first = item
            continue
        related = (Related(first.span, "said here first"),)
        scope.complain("LR165", item.span, f"{words} is said twice", help="keep the one that is meant", related=related)
    return first


def check_unique_ids(scope: Scope, lines: Iterable[Line], what: str = "rule id", code: str = "LR130") -> None:
    """Each id stands once; the second shows the first."""
    seen: dict[str, n.Ident] = {}
    for line in lines:
        first = seen.setdefault(line.name.key, line.name)
        if first is not line.name:
            message = f"the {what} `{line.name.key}` stands twice in this block"
            related = (Related(first.span, "first here"),)
            scope.complain(
                code,
                line.name.span,
                message,
                label="again",
                help=f"give one of them another {what.rpartition(' ')[2]}",
                related=related,
            )


def check_otherwise_last(scope: Scope, lines: Sequence[n.BandLabel | n.ClassLabel | n.RouteRule]) -> None:
    """`otherwise` takes all that is left, so nothing can stand behind it."""
    rests = [line for line in lines if is_otherwise(line)]
    if len(rests) > 1:
        _rest_twice(scope, *rests[:2])
        return
    for at, line in enumerate(lines[:-1]):
        if is_otherwise(line):
            after = lines[at + 1]
            message = f"`{line.name.key}: otherwise` takes every lead, so `{after.name.key}` below it is never reached"
            related = (Related(after.span, "never reached"),)
            hint = "move the `otherwise` line to the end of the block"
            fixes = (_move_behind(line, lines[-1]),)
            scope.complain(
                "LR139", line.span, message, label="not the last line", help=hint, related=related, fixes=fixes
            )
            return


def _rest_twice(
    scope: Scope, first: n.BandLabel | n.ClassLabel | n.RouteRule, again: n.BandLabel | n.ClassLabel | n.RouteRule
) -> None:
    message = f"`{first.name.key}: otherwise` takes every lead that is left, so `{again.name.key}` takes none"
    related = (Related(first.span, "the first `otherwise`"),)
    hint = "a block has one `otherwise`: take one of them out, or give it a condition"
    scope.complain("LR139", again.span, message, label="`otherwise` again", help=hint, related=related)


def _move_behind(line: n.Node, last: n.Node) -> Fix:
    """Cut a line with the white space before it, and put both behind the last line."""
    text = line.span.file.text
    start = len(text[: line.span.start].rstrip())
    cut = Span(line.span.file, start, line.span.end)
    end = Span(line.span.file, last.span.end, last.span.end)
    return Fix("move it to the end", (Edit(cut, ""), Edit(end, cut.text)))


def is_otherwise(line: n.BandLabel | n.ClassLabel | n.RouteRule) -> bool:
    """Whether the line has no condition of its own."""
    return line.start is None if isinstance(line, n.BandLabel) else line.condition is None


def active_days(scope: Scope, node: n.Active | None) -> model.Active | None:
    """`from D until D`, both inclusive."""
    if node is None:
        return None
    start, end = node.start, node.end
    if start and end and start.value > end.value:
        message = f"the line ends on {end.value} before it begins on {start.value}, so it never exists"
        hint = "swap the dates: `from` is the first day, `until` the last"
        scope.complain("LR135", _dates(node), message, label="never", help=hint)
    return model.Active(start.value.isoformat() if start else None, end.value.isoformat() if end else None)


def _dates(node: n.Active) -> Span:
    assert node.start is not None
    assert node.end is not None
    return node.start.span | node.end.span
