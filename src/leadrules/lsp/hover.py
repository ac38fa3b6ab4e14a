"""What a name is, in a few lines of Markdown: its type, its description, who uses it, how many leads it is about.

In: an analysis, a file and an offset. Out: `Hover`. What only the sample file can tell is there once the study has run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from leadrules.compile.compile import Symbol
from leadrules.compile.names import WORDS
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import nfc
from leadrules.core.types import Type
from leadrules.lsp.analysis import Analysis
from leadrules.lsp.names import Found, declaration, found_at, places
from leadrules.project.model import Field, Rep
from leadrules.syntax import nodes as n

MOST_USERS = 8
MOST_OPTIONS = 12


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown, and the text it speaks of."""

    markdown: str
    span: Span


def hover(analysis: Analysis, path: str, offset: int) -> Hover | None:
    """What stands under the cursor."""
    found = found_at(analysis, path, offset)
    if found is None:
        return _function_at(analysis, path, offset)
    lines = [
        _heading(analysis, found),
        *_about(analysis, found),
        _fires(analysis, found.symbol),
        _users(analysis, found),
    ]
    return Hover("\n\n".join(line for line in lines if line), found.span)


def _heading(analysis: Analysis, found: Found) -> str:
    symbol = found.symbol
    owner = symbol.name.partition(".")[0]
    kinds = {"label": f"label of `{owner}`", "rule": f"rule of `{owner}`", "route rule": f"rule of the route `{owner}`"}
    kinds["event field"] = f"field of the event `{owner}`"
    kinds["field"] = "field of the lead"
    kind = kinds.get(symbol.kind) or WORDS.get(symbol.kind, symbol.kind)
    type_ = _type(analysis, symbol)
    return f"**{found.own}**: {kind}" + (f", {shown_type(type_)}" if type_ is not None else "")


def _type(analysis: Analysis, symbol: Symbol) -> Type | None:
    known = _field(analysis, symbol)
    if known is not None:
        return known.type
    if symbol.kind in ("define", "segment", "score", "band", "matrix", "classify", "stages") and analysis.checked:
        return analysis.checked.scope.types.get(symbol.name)
    return None


def shown_type(type_: Type) -> str:
    """A type with its options or labels."""
    if not type_.options:
        return str(type_)
    quote = "" if type_.kind == "label" else '"'
    options = ", ".join(f"{quote}{option}{quote}" for option in type_.options[:MOST_OPTIONS])
    more = f" and {len(type_.options) - MOST_OPTIONS} more" if len(type_.options) > MOST_OPTIONS else ""
    return f"{'one of' if type_.kind == 'label' else str(type_) + ':'} {options}{more}"


def _field(analysis: Analysis, symbol: Symbol) -> Field | None:
    project = analysis.project
    if project is None:
        return None
    if symbol.kind == "field":
        return project.lead_schema.get(symbol.name)
    if symbol.kind != "event field":
        return None
    event, _, name = symbol.name.partition(".")
    fields = (f for e in project.event_schema if nfc(e.name) == nfc(event) for f in e.fields)
    return next((f for f in fields if nfc(f.name) == name), None)


def _about(analysis: Analysis, found: Found) -> Iterator[str]:
    symbol = found.symbol
    field = _field(analysis, symbol)
    if field is not None:
        yield field.description
        yield "always filled" if field.required else ""
        yield f"column: {', '.join(f'`{c}`' for c in field.columns)}" if field.columns else ""
        return
    further = _ABOUT.get(symbol.kind)
    if further is not None and analysis.project is not None:
        yield from further(analysis, symbol)
    elif symbol.span is not None and symbol.span.file.path.endswith(".lead"):
        yield _source(analysis, symbol)


def _event(analysis: Analysis, symbol: Symbol) -> Iterator[str]:
    assert analysis.project is not None
    event = next((e for e in analysis.project.event_schema if nfc(e.name) == nfc(symbol.name)), None)
    if event is not None:
        yield event.description
        yield "fields: " + ", ".join(f"`{f.name}` ({f.type})" for f in event.fields) if event.fields else ""


def _rep(analysis: Analysis, symbol: Symbol) -> Iterator[str]:
    assert analysis.project is not None
    rep = next((r for r in analysis.project.team.reps if r.key == symbol.name), None)
    if rep is not None:
        yield " · ".join(_of_rep(rep))


def _of_rep(rep: Rep) -> Iterator[str]:
    yield rep.name or rep.key
    yield "active" if rep.active else "**not active**"
    limits = rep.capacity
    shown = ((limits.per_day, "per day"), (limits.per_week, "per week"), (limits.open, "open"))
    yield from (f"{amount} {what}" for amount, what in shown if amount is not None)
    yield from (f"{name}: {value}" for name, value in rep.attributes)


def _team(analysis: Analysis, symbol: Symbol) -> Iterator[str]:
    assert analysis.project is not None
    members = dict(analysis.project.team.teams).get(symbol.name, ())
    yield ", ".join(members)


def _template(analysis: Analysis, symbol: Symbol) -> Iterator[str]:
    assert analysis.project is not None
    yield dict(analysis.project.templates).get(symbol.name, "")


_ABOUT: dict[str, Callable[[Analysis, Symbol], Iterator[str]]] = {
    "event": _event,
    "rep": _rep,
    "team": _team,
    "template": _template,
}


def _source(analysis: Analysis, symbol: Symbol) -> str:
    """The line that declares it, as it is written; of a block its first lines."""
    span = symbol.span
    whole = declaration(analysis, symbol)
    if span is None or whole is None:
        return ""
    line, _ = whole.file.position(whole.start)
    return f"```leadrules\n{whole.file.line(line).strip()}\n```"


def _fires(analysis: Analysis, symbol: Symbol) -> str:
    studied = analysis.studied
    name = {"route rule": f"route.{symbol.name}", "trigger": f"trigger.{symbol.name}"}.get(symbol.kind, symbol.name)
    if symbol.kind not in ("rule", "route rule", "trigger") or name not in studied.fired:
        return ""
    return f"fires on {studied.fired[name]:,} of the {studied.leads:,} leads of {studied.source}"


def _users(analysis: Analysis, found: Found) -> str:
    uses = places(analysis, found, declared=False)
    names = list(dict.fromkeys(_block_of(analysis, span) for span in uses))
    if not names:
        return "used by nothing" if found.symbol.kind not in ("rule", "route rule", "trigger", "assert") else ""
    more = f" and {len(names) - MOST_USERS} more" if len(names) > MOST_USERS else ""
    return f"used by {', '.join(names[:MOST_USERS])}{more}"


def _block_of(analysis: Analysis, span: Span) -> str:
    """The block that a place stands in, and its rule."""
    if span.file.path not in analysis.cuts:
        return span.file.path
    piece, start = analysis.piece(span.file.path, span.start)
    at = span.start - start
    for statement in piece.module.statements:
        if statement.span.start <= at < statement.span.end:
            line = next((item for item in _named(statement) if item.span.start <= at < item.span.end), None)
            name = statement.name.key if statement.name else statement.title or ""
            word = statement.span.text.split(None, 1)[0]
            inner = f".{line.name.key}" if line is not None and name else ""
            return f"{word} `{name}{inner}`" if name else f"`{word}`"
    return span.file.path


def _named(statement: n.Statement) -> Iterator[n.ScoreRule | n.RouteRule | n.ClassLabel]:
    yield from (node for node in n.walk(statement) if isinstance(node, n.ScoreRule | n.RouteRule | n.ClassLabel))


def _function_at(analysis: Analysis, path: str, offset: int) -> Hover | None:
    """A function of the language."""
    if path not in analysis.cuts:
        return None
    from leadrules.core.functions import CALLABLE, OPERATIONS

    tokens, start = analysis.tokens(path, offset)
    for token, after in pairwise(tokens):
        under = token.start <= offset - start <= token.end
        if under and after.kind == "LPAR" and token.text in CALLABLE:
            span = analysis.whole(Span(analysis.piece(path, offset)[0].file, token.start, token.end))
            one = OPERATIONS[token.text]
            call = f"{one.name}({', '.join(p.name for p in one.parameters)})"
            return Hover(f"**{call}**\n\n{one.says}", span) if span else None
    return None
