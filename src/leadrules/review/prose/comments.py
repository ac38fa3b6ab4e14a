"""The comments of rule files, by the line they speak of.

In: parsed rule files. Out: for a place, the comment that stands above it or behind it. What speaks to the program
(`# leadrules: ignore ...`) is left out. Knows no rule.
"""

from __future__ import annotations

from collections.abc import Iterable

from leadrules.core.source import Span
from leadrules.ruleset.model import Place
from leadrules.syntax.nodes import Module


class Comments:
    """Every comment of some files."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._alone: dict[tuple[str, int], str] = {}
        self._behind: dict[tuple[str, int], str] = {}
        for module in modules:
            for comment in module.comments:
                self._take(comment)

    def _take(self, comment: Span) -> None:
        text = comment.text.lstrip("#＃").strip()
        if text.lower().startswith("leadrules:"):
            return
        line, column = comment.file.position(comment.start)
        before = comment.file.line(line)[: column - 1].strip()
        (self._behind if before else self._alone)[comment.file.path, line] = text

    def of(self, place: Place | None) -> str:
        """The comment above a place, without a blank line between, then that behind its first line."""
        if place is None:
            return ""
        path, line = place["path"], place["line"]
        above: list[str] = []
        while (path, line - 1 - len(above)) in self._alone:
            above.insert(0, self._alone[path, line - 1 - len(above)])
        behind = self._behind.get((path, line), "")
        return " ".join(part for part in (*above, behind) if part)
