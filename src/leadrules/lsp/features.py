"""What an editor asks about a place: what it is, where it comes from, who uses it, another name for it, the outline.

In: an analysis, a file and an offset. Out: places and words in our own types. Pure: nothing is read, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from leadrules.compile.incremental import Incremental
from leadrules.compile.names import KINDS
from leadrules.core.diagnostics import Diagnostic, Fix, told_once
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import nfc
from leadrules.lsp.analysis import Analysis
from leadrules.lsp.names import DECLARED_ELSEWHERE, Found, declaration, found_at, namesakes, places, written
from leadrules.syntax import nodes as n
from leadrules.syntax.pieces import Pieces
from leadrules.syntax.words import is_name

LINES = (n.ScoreRule, n.Group, n.BandLabel, n.ClassLabel, n.RouteRule, n.FunnelStep, n.GoalRate)  # with a name


@dataclass(frozen=True, slots=True)
class Renamed:
    """The edits of a renaming by file, or why there are none."""

    edits: tuple[tuple[Span, str], ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """A block or a line of one, for the editor's outline."""

    kind: str
    name: str
    detail: str
    span: Span
    name_span: Span
    inner: tuple[Outline, ...] = ()


def definition(analysis: Analysis, path: str, offset: int) -> Span | None:
    """Where the name under the cursor is declared."""
    found = found_at(analysis, path, offset)
    return declaration(analysis, found.symbol) if found else None


def references(analysis: Analysis, path: str, offset: int, *, declared: bool = True) -> list[Span]:
    """Everywhere the name under the cursor stands."""
    found = found_at(analysis, path, offset)
    return places(analysis, found, declared=declared) if found else []


def can_rename(analysis: Analysis, path: str, offset: int) -> Span | str:
    """The text that a renaming replaces, or why it cannot be renamed."""
    found = found_at(analysis, path, offset)
    if found is None:
        return "there is no name here that could be changed"
    home = DECLARED_ELSEWHERE.get(found.symbol.kind)
    if home is not None:
        return f"`{found.own}` is declared in {home}: its name is that of the data"
    return found.span


def rename(analysis: Analysis, path: str, offset: int, name: str) -> Renamed:
    """The edits that give the name under the cursor another. Refused if the rules then meant less or something else."""
    allowed = can_rename(analysis, path, offset)
    if isinstance(allowed, str):
        return Renamed(refused=allowed)
    found = found_at(analysis, path, offset)
    assert found is not None
    name = nfc(name.strip().strip("`"))
    if not name or "`" in name or "\n" in name or "\r" in name:
        return Renamed(refused="a name has at least one character, no line end and no backquote")
    if name == found.own:
        return Renamed()
    same = [replace(found, symbol=symbol) for symbol in namesakes(analysis, found.symbol)]
    spans = {(s.file.path, s.start, s.end): s for one in same for s in places(analysis, one)}
    edits = tuple((span, _as_there(span, name)) for _, span in sorted(spans.items()))
    harm = _harm_to_settings(analysis, edits, found, name) or _harm(analysis, edits, same, name)
    return Renamed(refused=harm) if harm else Renamed(edits)


def _as_there(span: Span, name: str) -> str:
    """The name as it is written in its place: in quotes where the old one was."""
    quote = span.text[:1]
    return f"{quote}{name}{quote}" if quote in ('"', "'") else written(name)


def _harm_to_settings(analysis: Analysis, edits: tuple[tuple[Span, str], ...], found: Found, name: str) -> str:
    """Why leadrules.yaml, which names it too, cannot be changed with the rules."""
    spans = [span for span, _ in edits if span.file.path not in analysis.cuts]
    if spans and not is_name(name):
        return f"`{name}` cannot be its name: {spans[0].file.path} says it too, where it has to be one word"
    unread = next((span for span in spans if nfc(span.text.strip("`\"'")) != found.own), None)
    return f"{unread.file.path} says it in a text with escapes: write that without them first" if unread else ""


def _harm(analysis: Analysis, edits: tuple[tuple[Span, str], ...], same: list[Found], name: str) -> str:
    """What would be wrong with the rules that was not before; each name must be used in them as often as before."""
    assert analysis.project is not None
    texts = {path: cut.file.text for path, cut in analysis.cuts.items()}
    for span, text in reversed(edits):
        path = span.file.path
        if path in texts:
            texts[path] = texts[path][: span.start] + text + texts[path][span.end :]
    cuts = {path: Pieces(path).read(text) for path, text in sorted(texts.items())}
    pieces = [piece for cut in cuts.values() for piece in cut.pieces]
    after = Incremental(replace(analysis.project, open_leads=None)).check([piece.module for piece in pieces])
    new = told_once((f for piece in pieces for f in piece.findings), after.diagnostics)
    errors = sum(d.severity == "error" for d in analysis.findings if d.span.file.path in analysis.cuts)
    if sum(d.severity == "error" for d in new) > errors:
        known = {(d.code, d.message) for d in analysis.findings}
        first = next((d for d in new if d.severity == "error" and (d.code, d.message) not in known), new[0])
        return f"`{name}` cannot be its name: {first.message}"
    renamed = {(symbol.kind, symbol.name): len(symbol.uses) for symbol in after.symbols}
    for symbol, own in ((one.symbol, one.own) for one in same):
        whole = symbol.name[: len(symbol.name) - len(own)] + name
        uses = sum(analysis.whole(span) is not None and span.file.path in texts for span in symbol.uses)
        if renamed.get((symbol.kind, whole)) != uses:
            return f"`{name}` cannot be its name: it means something else already"
    return ""


def fixes(analysis: Analysis, path: str, start: int, end: int) -> list[tuple[Diagnostic, Fix]]:
    """The fixes of the findings that touch a stretch of a file."""
    touched = (d for d in analysis.findings if d.span.file.path == path and d.span.start <= end and start <= d.span.end)
    return [(d, fix) for d in touched for fix in d.fixes]


def outline(analysis: Analysis, path: str) -> list[Outline]:
    """The blocks of a file, with their lines."""
    cut = analysis.cuts.get(path)
    if cut is None:
        return []
    blocks = [_block(analysis, statement) for piece in cut.pieces for statement in piece.module.statements]
    return [block for block in blocks if block is not None]


def _block(analysis: Analysis, statement: n.Statement) -> Outline | None:
    span = analysis.whole(statement.span)
    if span is None:
        return None
    kind = KINDS.get(type(statement)) or span.text.split(None, 1)[0]
    name_span = analysis.whole(statement.name.span) if statement.name else None
    name = statement.name.key if statement.name and statement.name.key else statement.title or kind
    inner = tuple(_lines(analysis, statement))
    return Outline(kind, name, statement.title or "", span, name_span or Span(span.file, span.start, span.start), inner)


def _lines(analysis: Analysis, node: n.Node) -> Iterator[Outline]:
    items = [item for part in ("items", "labels", "steps") for item in getattr(node, part, ())]
    for item in items:
        if isinstance(item, n.Step):
            named, detail = (str(item.number), item.number_span), item.content
        elif isinstance(item, LINES):
            named, detail = (item.name.key, item.name.span), getattr(item, "title", None)
        else:
            continue
        span, name_span = analysis.whole(item.span), analysis.whole(named[1])
        if span is not None and name_span is not None:
            inner = tuple(_rules(analysis, item)) if isinstance(item, n.Group) else ()
            yield Outline("rule", named[0], detail or "", span, name_span, inner)


def _rules(analysis: Analysis, group: n.Group) -> Iterator[Outline]:
    for rule in group.rules:
        span, name_span = analysis.whole(rule.span), analysis.whole(rule.name.span)
        if span is not None and name_span is not None:
            yield Outline("rule", rule.name.key, rule.title or "", span, name_span)
