"""What is known of a project at one moment, and places in it.

In: the files in pieces, what compiling found. Out: `Analysis`, which every feature reads: findings, symbols and tokens with
their places in whole files, whatever piece they stand in. Computes nothing about rules itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property

from leadrules.compile.compile import Symbol
from leadrules.compile.incremental import Checked
from leadrules.core.diagnostics import Diagnostic, Edit, Related, told_once
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.project.model import Project
from leadrules.syntax.pieces import Cut, Piece
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.tokens import Token


@dataclass(frozen=True, slots=True)
class Studied:
    """What the slower look found: doubts, at places in pieces, and how many leads each rule fires on."""

    doubts: tuple[Diagnostic, ...] = ()
    fired: Mapping[str, int] = field(default_factory=dict)
    leads: int = 0
    source: str = ""


@dataclass(frozen=True, eq=False)
class Analysis:
    """One moment. `project` is None where leadrules.yaml or a schema cannot be used; then only syntax is known. `partial`:
    a rule file cannot be read, and what it defines would be unknown wherever it is used."""

    project: Project | None
    cuts: Mapping[str, Cut]
    checked: Checked | None
    loaded: tuple[Diagnostic, ...] = ()
    studied: Studied = Studied()
    partial: bool = False

    @cached_property
    def _homes(self) -> dict[int, tuple[SourceFile, int]]:
        """The file of each piece and the offset at which it begins."""
        return {
            id(piece.file): (cut.file, start)
            for cut in self.cuts.values()
            for piece, start in zip(cut.pieces, cut.starts, strict=True)
        }

    @property
    def settings(self) -> SourceFile | None:
        """leadrules.yaml as it was read, where it names what rules define."""
        places = (*self.project.report_places, *self.project.budget_places) if self.project is not None else ()
        return next((place.file for _, place in places), None)

    def whole(self, span: Span) -> Span | None:
        """The place in the whole file; None for one in a piece that is gone."""
        home = self._homes.get(id(span.file))
        if home is not None:
            return Span(home[0], span.start + home[1], span.end + home[1])
        return None if span.file.path in self.cuts else span

    def part(self, path: str, start: int, end: int) -> Span:
        """The place in the piece that holds its beginning."""
        piece, at = self.piece(path, start)
        return Span(piece.file, start - at, min(end - at, len(piece.file.text)))

    def piece(self, path: str, offset: int) -> tuple[Piece, int]:
        """The piece that holds an offset, and where it begins."""
        cut = self.cuts[path]
        at = bisect_right(cut.starts, offset) - 1
        return cut.pieces[at], cut.starts[at]

    @cached_property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong or doubtful, each at its place in a whole file."""
        read = [f for cut in self.cuts.values() for piece in cut.pieces for f in piece.findings]
        found = told_once(read, self.checked.diagnostics if self.checked and not self.partial else ())
        settings = self.settings  # what was found in another text of it is gone
        found += [one for one in self.studied.doubts if one.span.file.path in self.cuts or one.span.file is settings]
        return (*self.loaded, *self._placed(found))

    def _placed(self, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        for one in found:
            span = self.whole(one.span)
            if span is not None:
                yield self._moved(one, span)

    def _moved(self, one: Diagnostic, span: Span) -> Diagnostic:
        places = ((r, self.whole(r.span)) for r in one.related)
        related = tuple(Related(place, r.message) for r, place in places if place is not None)
        fixes = []
        for fix in one.fixes:
            edits = [Edit(place, e.text) for e in fix.edits if (place := self.whole(e.span)) is not None]
            if len(edits) == len(fix.edits):
                fixes.append(replace(fix, edits=tuple(edits)))
        return replace(one, span=span, related=related, fixes=tuple(fixes))

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Every name, with places in pieces."""
        return self.checked.symbols if self.checked else ()

    @cached_property
    def by_name(self) -> dict[tuple[str, str], Symbol]:
        """The symbols by kind and name."""
        return {(one.kind, one.name): one for one in self.symbols}

    def tokens(self, path: str, offset: int) -> tuple[list[Token], int]:
        """The tokens of the piece that holds an offset, and where it begins."""
        piece, at = self.piece(path, offset)
        return tokenize(piece.file).tokens, at
