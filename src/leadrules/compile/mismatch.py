"""What to say when two types do not agree: the mistakes people make first, each with its way out.

In: nodes with their compiled forms. Out: one finding, and the ERROR expression that stands in. Decides nothing about
which types agree.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from leadrules.compile.scope import Place, Scope, as_name, nothing, replace
from leadrules.core.diagnostics import Fix, Related
from leadrules.core.source import Span
from leadrules.core.text import fold, nearest
from leadrules.core.types import TEXT, WORDS, Kind, Type
from leadrules.project.values import day_number
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n
from leadrules.syntax.words import NOTHING, UNITS, time_ago

SHOWN = 40
NUMERIC = re.compile(r"[+-]?\d[\d_,]*(\.\d+)?%?")
DIGITS = re.compile(r"[1-9][0-9]*")
# Units as long as the days that they move over: months have 28 to 31 days, and weekends lie between business days.
BY_CALENDAR = ("business days", "months", "quarters", "years")
_DAYS = "月火水木金土日"
YES = {"yes", "true", "y", "はい", *"○◯〇"}
NO = {"no", "false", "n", "いいえ", *"×✕✖╳"}


def said(node: n.Node) -> str:
    """An expression as messages quote it: on one line, shortened, in backquotes."""
    text = " ".join(node.span.text.split())
    return f"`{text}`" if len(text) <= SHOWN else f"`{text[: SHOWN - 3]}...`"


def operator(op: str) -> str:
    """An operator as rules write it."""
    return {"starts": "starts with", "ends": "ends with"}.get(op, op)


def is_a(node: n.Node, type: Type) -> str:
    """`X is text`."""
    return f"{said(node)} {what_it_is(node, type)}"


def what_it_is(node: n.Node, type: Type) -> str:
    """`is text`; the definition that labels belong to is none of them."""
    return "has labels" if type.kind == "label" and node.span.text.strip("`") == type.owner else f"is {type}"


def between(left: n.Node, right: n.Node) -> Span:
    """What stands between two nodes: the operator, without the brackets of its sides."""
    text = left.span.file.text[left.span.end : right.span.start]
    start = len(text) - len(text.lstrip(" \t\r\n)"))
    end = len(text.rstrip(" \t\r\n("))
    return Span(left.span.file, left.span.end + start, left.span.end + max(start, end))


def wrong_kind(scope: Scope, node: n.Expression, lowered: Expr, expected: tuple[Kind, ...], what: str) -> Expr:
    """A value of another kind than its place asks for."""
    wanted = " or ".join(WORDS[kind] for kind in expected)
    message = f"{what or 'this'} must be {wanted}, but {is_a(node, lowered.type)}"
    hint, fixes = _unquoted(node, lowered, expected)
    of_table, related = why_text(scope, lowered)
    way_out = hint or of_table or f"give {wanted}"
    return scope.broken(
        "LR108", node.span, message, label=str(lowered.type), help=way_out, fixes=fixes, related=related
    )


def why_text(scope: Scope, *sides: Expr) -> tuple[str, tuple[Related, ...]]:
    """Why a column of a table is text though nearly all its cells are something else: the way out, and the cell."""
    for side in sides:
        for table, misfit in scope.misfits.items() if side.op == "lookup" and side.type == TEXT else ():
            found = misfit(side.value.removeprefix(f"{table}.")) if side.value.startswith(f"{table}.") else None
            if found is not None:
                return found[0], (found[1],)
    return "", ()


def _unquoted(node: n.Expression, lowered: Expr, expected: tuple[Kind, ...]) -> tuple[str, tuple[Fix, ...]]:
    if not isinstance(node, n.TextLiteral):
        return "", ()
    if "yesno" in expected and fold(node.value) in YES | NO:
        meant = "true" if fold(node.value) in YES else "false"
        return f"write `{meant}`", (replace(f"change to `{meant}`", node.span, meant),)
    temporal = {"date", "datetime"} & set(expected)
    bare = iso_time(node.value) if temporal else as_number(node.value) if "number" in expected else None
    return (f"without quotes: `{bare}`", (replace("remove the quotes", node.span, bare),)) if bare else ("", ())


def not_yes_no(scope: Scope, node: n.Expression, lowered: Expr) -> Expr:
    """A value where a condition is asked for."""
    text = node.span.text
    kind = lowered.type.kind
    helps = {
        "number": f"compare it: `{text} > 0`",
        "text": f'compare it: `{text} = "..."`, or `{text} is not blank`',
        "choice": f'compare it: `{text} = "{lowered.type.options[0] if lowered.type.options else "..."}"`',
        "label": f"ask for a label: `{text} is {lowered.type.options[0] if lowered.type.options else 'LABEL'}`",
        "set": f'ask for a member: `{text} has "..."`, or `{text} is not blank`',
        "date": f"compare it: `{text} >= today`, or `{text} is not blank`",
        "datetime": f"compare it: `{text} >= now - 30 days`, or `{text} is not blank`",
        "duration": f"compare it: `{text} > 30 days`",
    }
    message = f"a condition is yes or no, but {is_a(node, lowered.type)}"
    hint = "compare something with it" if lowered.op == "const" else helps.get(kind, "compare it")
    return scope.broken("LR109", node.span, message, label=str(lowered.type), help=hint)


def iso_time(text: str) -> str | None:
    """The text as a date or datetime literal of the language, if it is one."""
    stripped = text.strip().replace("/", "-")
    try:
        return date.fromisoformat(stripped).isoformat() if len(stripped) == 10 else _iso_datetime(stripped)
    except ValueError:
        return None


def _iso_datetime(text: str) -> str | None:
    if len(text) < 16 or text[10] not in "T ":
        return None
    return datetime.fromisoformat(text[:16].replace(" ", "T")).strftime("%Y-%m-%dT%H:%M")


def as_duration(text: str) -> str | None:
    """The text as a length of time of the language, if it is one."""
    count, _, unit = text.strip().partition(" ")
    return text.strip() if DIGITS.fullmatch(count) and unit in UNITS else None


def as_number(text: str) -> str | None:
    """The text as a number literal of the language, if it is one."""
    return text.strip().replace(",", "_") if NUMERIC.fullmatch(text.strip()) else None


def quoted(text: str) -> str:
    """A text literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def disagree(scope: Scope, left: tuple[n.Expression, Expr], right: tuple[n.Expression, Expr], span: Span) -> Expr:
    """Two sides whose types do not agree."""
    for one, other in ((left, right), (right, left)):
        if _explained(scope, one, other, between(left[0], right[0])):
            return nothing(span)
    message = f"{is_a(left[0], left[1].type)}, but {is_a(right[0], right[1].type)}"
    of_table, related = why_text(scope, left[1], right[1])
    hint = of_table or "compare values of one type"
    return scope.broken("LR108", span, message, label="different types", help=hint, related=related)


def _explained(scope: Scope, one: tuple[n.Expression, Expr], other: tuple[n.Expression, Expr], gap: Span) -> bool:
    """Whether `one`, beside `other`, is a mistake with its own message."""
    node, lowered = one
    kind = other[1].type.kind
    if isinstance(node, n.TextLiteral):
        return _text_beside(scope, node, other, gap)
    if isinstance(node, n.NumberLiteral):
        return _number_beside(scope, node, other)
    if lowered.type.kind == "set" and other[1].type.is_textual:
        return _set_beside_text(scope, one, other, gap)
    if lowered.type.kind == "label" and not isinstance(other[0], n.TextLiteral):
        return _label_beside(scope, one, other)
    if lowered.type.kind == "duration" and kind in ("date", "datetime"):
        ago = time_ago(node.span.text)
        hint = f"count back from {ago.split()[0]}: `{said(other[0])[1:-1]} >= {ago}`"
        message = f"{is_a(other[0], other[1].type)}, but {said(node)} is a length of time"
        scope.complain("LR108", node.span, message, label="a duration", help=hint)
        return True
    return False


def _text_beside(scope: Scope, node: n.TextLiteral, other: tuple[n.Expression, Expr], gap: Span) -> bool:
    beside, found = other[0], other[1].type
    if found.kind == "label":
        quoted_label(scope, node, other, gap)
        return True
    if found.kind == "set":
        return _set_beside_text(scope, other, (node, other[1]), gap)
    bare = iso_time(node.value) if found.is_temporal else as_number(node.value) if found.kind == "number" else None
    if bare:
        message = f"{is_a(beside, found)}, but {said(node)} is text"
        fixes = (replace("remove the quotes", node.span, bare),)
        scope.complain("LR114", node.span, message, label="in quotes", help=f"without quotes: `{bare}`", fixes=fixes)
        return True
    if found.kind == "yesno" and fold(node.value) in YES | NO:
        hint = f"write {said(beside)} on its own, or `not {beside.span.text}`"
        message = f"{is_a(beside, found)}: it is not compared with text"
        scope.complain("LR108", node.span, message, label="text", help=hint)
        return True
    number = number_called(node.value, other[1])
    if number is not None:
        called_by_name(scope, node, beside, node.value, number)
        return True
    examples = {"date": "2026-04-01", "datetime": "2026-04-01T09:00", "number": "10", "duration": "30 days"}
    if found.kind in examples:
        message = f"{is_a(beside, found)}, but {said(node)} is text"
        scope.complain("LR108", node.span, message, label="text", help=f"write {found} as `{examples[found.kind]}`")
        return True
    return False


def number_called(text: str, beside: Expr) -> int | None:
    """The number that `weekday` or `month` gives for what people call by name: `Monday`, `Mon`, `月曜日`, `April`, `4月`."""
    word = fold(text)
    if beside.op == "weekday":
        is_day = word.removesuffix("日").removesuffix("曜") or word
        return day_number(word) or (_DAYS.index(is_day) + 1 if len(is_day) == 1 and is_day in _DAYS else None)
    if beside.op != "month" or len(word) < 2:
        return None
    from leadrules.core.dates import MONTHS  # nearly nobody writes one

    return next((at for at, name in enumerate(MONTHS, 1) if word in (name, name[:3], f"{at}月")), None)


def called_by_name(scope: Scope, node: n.Expression, beside: n.Expression, text: str, number: int) -> None:
    """`weekday(today) = Monday`."""
    message = f"{said(beside)} is a number: {text} is {number}"
    fixes = (replace(f"change to `{number}`", node.span, str(number)),)
    scope.complain("LR108", node.span, message, label="a number", help=f"write `{number}`", fixes=fixes)


def quoted_label(scope: Scope, node: n.TextLiteral, other: tuple[n.Expression, Expr], gap: Span) -> None:
    """`temperature = "hot"`."""
    found = other[1].type
    wanted = fold(node.value)
    label = next((o for o in found.options if fold(o) == wanted), None)
    verb = "is not" if "!" in gap.text or "not" in gap.text else "is"
    message = f"{is_a(other[0], found)}: a label stands without quotes, after `{verb}`"
    if label is None:
        not_a_label(scope, node.span, node.value, found, instead=(gap | node.span, f"{verb} "))
        return
    new = f"{verb} {as_name(label, node.span)}"
    fixes = (replace(f"change to `{new}`", gap | node.span, new),)
    hint = f"write `{other[0].span.text} {new}`"
    scope.complain("LR112", node.span, message, label="in quotes", help=hint, fixes=fixes)


def is_with_text(scope: Scope, node: n.Compare, left: Expr) -> Expr:
    """`country is "JP"`, `temperature is "hot"`: the type says which of the two was meant to be written."""
    gap = between(node.left, node.right)
    if left.type.kind == "error":
        return nothing(node.span)
    if left.type.kind in ("label", "set"):
        assert isinstance(node.right, n.TextLiteral)
        _text_beside(scope, node.right, (node.left, left), gap)
        return nothing(node.span)
    message = f"`{gap.text}` is for labels; a value is compared with `{node.op}`"
    new = f"{node.op} {node.right.span.text}"
    fixes = (replace(f"change to `{new}`", gap, node.op),)
    return scope.broken("LR013", gap | node.right.span, message, help=f"write `{new}`", fixes=fixes)


def did_of_field(scope: Scope, node: n.Did, place: Place) -> Expr:
    """`did opted_out`, `has lead_source`, `created_at since 2026-04-01`: a field is asked what it says."""
    ref = node.event
    name = n.Name(span=ref.event.span, name=ref.event)
    found, text = scope.expression(name, place=place).type, ref.event.span.text
    if found.kind == "error":
        return nothing(node.span)
    new = ""
    if ref.within is None and ref.since is None:
        new = f"{text} is {'' if node.negated else 'not '}blank"
        if found.kind in ("yesno", "label"):
            new = f"{'not ' if node.negated else ''}{text}" if found.kind == "yesno" else ""
    elif found.is_temporal and (ref.within is None or ref.since is None) and not node.negated:
        since = f"> {ref.since.span.text}" if ref.since is not None else ""
        new = f"{text} {since or '>= ' + time_ago(ref.within.span.text if ref.within is not None else '')}"
    if ref.where is not None or ref.distinct is not None or ref.field is not None:
        new = ""
    message = f"{is_a(name, found)}, not an event"
    fixes = (replace(f"change to `{new}`", node.span, new),) if new else ()
    hint = f"write `{new}`" if new else "ask what it says: compare it, or write `is not blank`"
    return scope.broken("LR105", node.span, message, label="no event", help=hint, fixes=fixes)


def within_of_value(scope: Scope, node: n.Compare, left: Expr) -> Expr:
    """`created_at within 30 days`, `enterprise within 30 days`: how long ago is asked of events, and of dates by comparing."""
    if left.type.kind == "error":
        return nothing(node.span)
    within = f"within {' '.join(node.right.span.text.split()[-2:])}"  # `in the last 30 days` too
    message = f"{said(node.right)} is for events"
    if not left.type.is_temporal:
        hint = f"write `did EVENT {within}`; a time to respond is written `respond {within}`"
        return scope.broken("LR018", node.right.span, f"{message}, but {is_a(node.left, left.type)}", help=hint)
    new = f">= {time_ago(within.removeprefix('within '))}"
    fixes = (replace(f"write `{new}`", node.right.span, new),)
    return scope.broken("LR018", node.right.span, message, help=f"for a date write `{new}`", fixes=fixes)


def not_a_label(scope: Scope, span: Span, name: str, type: Type, instead: tuple[Span, str] | None = None) -> None:
    """A label that the definition does not have. `instead` is what a fix replaces, and what it puts before the label."""
    near = nearest(name, type.options)
    known = ", ".join(f"`{o}`" for o in type.options[:12])
    what = "a sequence" if type.owner == "sequence" else f"a label of `{type.owner}`"
    hint = f"did you mean `{near}`?" if near else f"there are: {known}" if known else "there are none"
    where, before = instead or (span, "")
    fixes = (replace(f"change to `{near}`", where, f"{before}{as_name(near, span)}"),) if near else ()
    if type.owner == "sequence" and name in scope.lost:
        return
    scope.complain("LR111", span, f"`{name}` is not {what}", label="unknown label", help=hint, fixes=fixes)
    key = name if type.owner == "sequence" else f"{type.owner}.{name}"
    scope.strange.setdefault((near, key), []).append(scope.diagnostics[-1])


def in_days(node: n.NumberLiteral) -> str:
    """A bare number with the unit that people mean most often."""
    return f"{node.span.text} {'day' if node.value == 1 else 'days'}"


def _number_beside(scope: Scope, node: n.NumberLiteral, other: tuple[n.Expression, Expr]) -> bool:
    beside, found = other[0], other[1].type
    text = node.span.text
    wanted: dict[str, tuple[str, str]] = {
        "text": (f'"{text}"', "as text"),
        "choice": (f'"{text}"', "as text"),
        "duration": (in_days(node), "with its unit"),
    }
    if found.kind in wanted:
        new, how = wanted[found.kind]
        message = f"{is_a(beside, found)}, but `{text}` is a number"
        fixes = (replace(f"change to `{new}`", node.span, new),)
        scope.complain("LR108", node.span, message, label="a number", help=f"write it {how}: `{new}`", fixes=fixes)
        return True
    if found.is_temporal:
        message = f"{is_a(beside, found)}, but `{text}` is a number"
        hint = "write a date as `2026-04-01`, or count from today: `today - 30 days`"
        scope.complain("LR108", node.span, message, label="a number", help=hint)
        return True
    return False


def _set_beside_text(
    scope: Scope, a_set: tuple[n.Expression, Expr], text: tuple[n.Expression, Expr], gap: Span
) -> bool:
    of, what = a_set[0].span.text, text[0].span.text
    message = f"{said(a_set[0])} is a set: it can hold many values at once"
    op = {"=": "has", "is": "has", "!=": "not has", "is not": "not has"}.get(" ".join(gap.text.split()))
    fixes: tuple[Fix, ...] = ()
    if a_set[0].span.end <= text[0].span.start and op:
        fixes = (replace(f"change to `{op}`", gap, op),)
    scope.complain("LR115", gap, message, label="not for sets", help=f"write `{of} has {what}`", fixes=fixes)
    return True


def _label_beside(scope: Scope, one: tuple[n.Expression, Expr], other: tuple[n.Expression, Expr]) -> bool:
    message = f"{is_a(one[0], one[1].type)}: labels are compared with `is`, and only with labels by name"
    first = one[1].type.options[0] if one[1].type.options else "LABEL"
    hint = f"write `{one[0].span.text} is {first}`"
    if other[1].type.kind == "number":
        hint = f"write `{one[0].span.text} is at least {first}`, or compare the number that `{one[1].type.owner}` is made of"
    scope.complain("LR112", one[0].span | other[0].span, message, label="a label", help=hint)
    return True


def text_order(scope: Scope, node: n.Compare | n.Between, beside: n.Expression, type: Type) -> Expr:
    """`<` and its like on something that has no order."""
    if type.kind == "label":
        hint = f"write `{beside.span.text} is at least LABEL` or `is at most LABEL`"
        return scope.broken("LR112", node.span, f"{is_a(beside, type)}: labels are compared with `is`", help=hint)
    helps: dict[str, str] = {
        "text": "text has only `=` and `!=`; if it holds numbers, make the field a number in the lead schema",
        "choice": 'a choice has only `=` and `!=`; list the options: `in ("..", "..")`',
        "yesno": f"write {said(beside)} on its own, or `not {beside.span.text}`",
        "set": f'write `{beside.span.text} has "..."`',
    }
    message = f"{is_a(beside, type)}, which has no order"
    return scope.broken(
        "LR116", node.span, message, label="no order", help=helps.get(type.kind, "compare numbers or dates")
    )


def needs_quotes(scope: Scope, node: n.Name, beside: n.Expression, type: Type) -> Expr:
    """`country = JP`: a text without its quotes."""
    wanted = fold(node.name.key)
    is_option = any(fold(option) == wanted for option in type.options)
    if node.span.text in NOTHING or (wanted == "blank" and not is_option):
        message = f"`{node.span.text}` is not a value: what is not there is blank"
        hint = "a field that is not there `is blank`; among values, leave it out"
        return scope.broken("LR016", node.span, message, label="no value", help=hint)
    text = next((o for o in type.options if fold(o) == wanted), node.name.text)
    subject = f"`{beside.name.key}`" if isinstance(beside, n.Name) else said(beside)
    message = f"`{node.name.key}` is not a name here; {subject} is {type}, and text stands in quotes"
    fixes = (replace(f"change to `{quoted(text)}`", node.span, quoted(text)),)
    return scope.broken("LR113", node.span, message, label="needs quotes", help=f"write `{quoted(text)}`", fixes=fixes)


def not_an_option(scope: Scope, span: Span, value: str, beside: str, options: tuple[str, ...]) -> Expr:
    """A text that a choice cannot have."""
    near = nearest(value, options)
    known = ", ".join(quoted(o) for o in options[:12]) + (f" and {len(options) - 12} more" if len(options) > 12 else "")
    hint = f"did you mean {quoted(near)}?" if near else f"it can be: {known}"
    fixes = (replace(f"change to {quoted(near)}", span, quoted(near)),) if near else ()
    message = f"{quoted(value)} is not among the values of {beside}"
    return scope.broken("LR110", span, message, label="not a value of this field", help=hint, fixes=fixes)


def fixed_length(
    scope: Scope, node: n.Expression, lowered: Expr, units: tuple[str, ...] = BY_CALENDAR, way_out: str = ""
) -> Expr:
    """A value that may be a length of time: in these units it has one only where it moves a date."""
    if lowered.op != "duration" or lowered.value[1] not in units:
        return lowered
    message = f"{said(node)} is no fixed length: it depends on the day it begins"
    hint = way_out or f"write it where it moves a date: `DATE + {node.span.text}`"
    return scope.broken("LR108", node.span, message, label="by the calendar", help=hint)
