"""Which name stands at a place, and everywhere it stands.

In: an analysis and a place. Out: `Found`, a symbol of the project with its declaration and its uses, all in whole files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from leadrules.compile.compile import Symbol
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.core.text import nfc
from leadrules.lsp.analysis import Analysis
from leadrules.project.model import Project
from leadrules.syntax import nodes as n
from leadrules.syntax.words import is_name

DECLARED_ELSEWHERE = {
    "field": "the lead schema",
    "event": "the event schema",
    "event field": "the event schema",
    "rep": "the team file",
    "team": "the team file",
    "queue": "the team file",
    "template": "leadrules.yaml",
    "channel": "leadrules.yaml",
}
VALUES = ("list", "table", "define", "segment", "score", "band", "matrix", "classify", "stages")
REPORTED = {"benchmarks": ("sequence",), "goals": ("goal",), "group_by": VALUES, "type": VALUES}


@dataclass(frozen=True, slots=True)
class Found:
    """A name where it was asked for."""

    symbol: Symbol
    span: Span

    @property
    def own(self) -> str:
        """The name by itself: `hot` of `temperature.hot`."""
        dotted = self.symbol.kind in ("label", "rule", "route rule", "event field")
        return self.symbol.name.partition(".")[2] if dotted else self.symbol.name


Index = dict[int, list[tuple[int, int, Symbol]]]
_INDEXES: WeakKeyDictionary[Analysis, Index] = WeakKeyDictionary()


def found_at(analysis: Analysis, path: str, offset: int) -> Found | None:
    """The name under an offset, or just before it."""
    if path not in analysis.cuts:
        return _declared_at(analysis, path, offset)
    piece, start = analysis.piece(path, offset)
    places, local = _index(analysis).get(id(piece.file), []), offset - start
    last = bisect_right(places, local, key=lambda place: place[0])
    hits = [place for place in places[:last] if local <= place[1]]
    if not hits:
        return None
    left, right, symbol = min(hits, key=lambda place: (place[1] - place[0], -place[0], _rank(place[2])))
    whole = analysis.whole(Span(piece.file, left, right))
    return Found(symbol, whole) if whole else None


def _rank(symbol: Symbol) -> int:
    """Where a label of a classify stands for a template, the definition is meant."""
    return int(symbol.kind in DECLARED_ELSEWHERE)


def _index(analysis: Analysis) -> Index:
    """Every place of a name, by piece."""
    index = _INDEXES.get(analysis)
    if index is None:
        index = {}
        for symbol in analysis.symbols:
            for span in {(s.file, s.start, s.end): s for s in _spans(analysis, symbol)}.values():
                index.setdefault(id(span.file), []).append((span.start, span.end, symbol))
        for places in index.values():
            places.sort(key=lambda place: place[:2])
        _INDEXES[analysis] = index
    return index


def _declared_at(analysis: Analysis, path: str, offset: int) -> Found | None:
    """The name whose declaration in a schema holds the offset, the innermost."""
    held = [
        Found(one, one.span)
        for one in analysis.symbols
        if one.span is not None and one.span.file.path == path and one.span.start <= offset <= one.span.end
    ]
    return min(held, key=lambda found: found.span.end - found.span.start, default=None)


def _spans(analysis: Analysis, symbol: Symbol) -> Iterator[Span]:
    if symbol.span is not None:
        yield symbol.span
    yield from symbol.uses
    if symbol.kind == "label" and analysis.checked is not None:
        owner, _, label = symbol.name.partition(".")
        found = analysis.checked.names.values.get(owner)
        if found is not None and isinstance(found.statement, n.Matrix):
            yield from (cell.span for row in found.statement.rows for cell in row.cells if cell.key == label)
    if analysis.project is not None:
        yield from _in_settings(analysis.project, symbol)


def _in_settings(project: Project, symbol: Symbol) -> Iterator[Span]:
    """Where `report:` and `budgets:` of leadrules.yaml say the name."""
    for path, span in project.report_places:
        if path[-1] != symbol.name and span.text.strip("\"'") != symbol.name:
            continue
        if len(path) < 4 and symbol.kind in REPORTED[str(path[1])]:
            yield span
    yield from (span for name, span in project.budget_places if name == symbol.name and symbol.kind in VALUES)


def namesakes(analysis: Analysis, symbol: Symbol) -> list[Symbol]:
    """The symbol and those that have to bear its name: a sequence, the goal that measures it, the labels that lead to it."""
    known = analysis.by_name
    name = symbol.name.partition(".")[2] if symbol.kind == "label" else symbol.name
    sequence, goal = known.get(("sequence", name)), known.get(("goal", name))
    if sequence is None or symbol.kind not in ("sequence", "goal", "label"):
        return [symbol]
    # `move by C` is a use of C, and of each sequence that is a label of it.
    asked = {(span.file, span.start) for span in sequence.uses}
    labels = [
        one
        for (kind, full), one in known.items()
        if kind == "label" and full.partition(".")[2] == name and asked & _asked(analysis, full.partition(".")[0])
    ]
    found = [sequence, *([goal] if goal else []), *labels]
    return found if symbol in found else [symbol]


def _asked(analysis: Analysis, owner: str) -> set[tuple[SourceFile, int]]:
    """Where a definition with labels is used."""
    symbols = (analysis.by_name.get((kind, owner)) for kind in VALUES)
    return {(span.file, span.start) for one in symbols if one is not None for span in one.uses}


def declaration(analysis: Analysis, symbol: Symbol) -> Span | None:
    """Where a name is declared."""
    return analysis.whole(symbol.span) if symbol.span is not None else None


def places(analysis: Analysis, found: Found, *, declared: bool = True) -> list[Span]:
    """Where the name is written, in order; a `by` that stands for its labels does not write them."""
    spans = (analysis.whole(span) for span in _spans(analysis, found.symbol))
    unique = {(s.file.path, s.start, s.end): s for s in spans if s is not None and _writes(s, found.own)}
    first = declaration(analysis, found.symbol)
    return [
        span
        for key, span in sorted(unique.items())
        if declared or first is None or key != (first.file.path, first.start, first.end)
    ]


def _writes(span: Span, name: str) -> bool:
    return nfc(span.text.strip("`\"'")) == name or span.file.path.endswith((".json", ".yaml"))


def written(name: str) -> str:
    """A name as a rule file writes it."""
    return name if is_name(name) else f"`{name}`"
