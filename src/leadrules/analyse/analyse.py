"""From a compiled project to every doubt about its rules.

In: a project, its ruleset and its modules, and what was asked for. Out: findings in order, suppressions applied. Every
lint is a function of a `Study`; what none of them could tell is said once. Reads no lead and no clock.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from leadrules.analyse.lints import ENTRIES, LINTS
from leadrules.analyse.study import Study
from leadrules.analyse.suppress import Silenced, silence
from leadrules.compile.compile import Symbol
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, ordered
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.project.model import Project
from leadrules.ruleset.model import Ruleset
from leadrules.syntax.nodes import Module

MOST_NAMED = 3
DEEP = 20_000
OVERLAP, DATA = "LR203", frozenset(["LR230", "LR231", "LR232"])
_REASONS = {"LR230": ("LR201", "LR202", "LR206"), "LR231": ("LR207",)}


@dataclass(frozen=True, slots=True)
class Request:
    """What to look for: overlaps too, and by which day suppressions have expired (None: none has)."""

    overlaps: bool = False
    today: date | None = None


def study(
    project: Project, ruleset: Ruleset, modules: Sequence[Module], symbols: Sequence[Symbol], request: Request
) -> Study:
    """The study that all lints share."""
    return Study(project, ruleset, modules, symbols, request.overlaps)


def analyse(one: Study, request: Request, further: Iterable[Diagnostic] | None = None) -> list[Diagnostic]:
    """Every finding that no comment silences. `further` are those that data showed (None: no data was looked at)."""
    return judge(one, request, further)[0]


def judge(
    one: Study, request: Request, further: Iterable[Diagnostic] | None = None
) -> tuple[list[Diagnostic], list[Silenced]]:
    """Every finding, those that comments silence apart."""
    with _room_for_depth():
        found = [d for lint in LINTS.values() for d in lint(one)]
    found += _not_told(found, further or ())
    found += _cannot_tell(one)
    asked = {code.id for code in ENTRIES}
    asked -= set() if one.overlaps else {OVERLAP}
    asked -= DATA if further is None else set()
    left, silenced = silence(found, one.modules, today=request.today, asked=frozenset(asked))
    return ordered(left), silenced


def _not_told(found: Iterable[Diagnostic], further: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What data showed, without rules that fire on none or all for a reason that is already told at them."""
    told = {code: [d.span for d in found if d.code in reasons] for code, reasons in _REASONS.items()}
    return [one for one in further if not any(_is_inside(span, one.span) for span in told.get(one.code, ()))]


def _is_inside(span: Span, whole: Span) -> bool:
    return span.file.path == whole.file.path and whole.start <= span.start < whole.end


@contextmanager
def _room_for_depth() -> Iterator[None]:
    """Definitions may stand on each other hundreds deep, and each level takes a few calls."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _cannot_tell(one: Study) -> list[Diagnostic]:
    """What could not be told, in one finding."""
    whats = list(dict.fromkeys(what for _, what in one.unsure))
    if not whats:
        return []
    more = f" and {len(whats) - MOST_NAMED} more" if len(whats) > MOST_NAMED else ""
    words = f"it cannot be told without data: {'; '.join(whats[:MOST_NAMED])}{more}"
    return [finding("LR200", one.head(one.unsure[0][0]), words, help="`check --leads` looks at real leads")]
