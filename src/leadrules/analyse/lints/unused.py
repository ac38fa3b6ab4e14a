"""Lists, tables, defines, event groups and sequences that nothing uses.

In: a study with the names of the project and their uses. Out: findings at the name. What a run writes out (scores, bands,
segments, classify, stages) is used by that alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadrules.analyse.lints.registry import lint
from leadrules.analyse.study import Study
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic

_KINDS = {"list": "list", "table": "table", "define": "definition", "events": "event group"}


@lint("LR208", "unused")
def unused(study: Study) -> Iterator[Diagnostic]:
    """A list, table, definition or event group that nothing uses

    No rule names it. It may be left over from an edit, or the rule that should use it has another name in its place.
    Delete it, or use it. (Scores, bands, segments and the like are columns of decisions.csv and are never unused; a
    sequence that nothing enters is told as such.)

    Bad:

        list rivals = ["rival.com"]
        segment retail when industry = "Retail"

    Good:

        list rivals = ["rival.com"]
        segment rival when domain_of(email) in rivals
    """
    for symbol in study.symbols:
        if symbol.kind in _KINDS and symbol.span is not None and not symbol.uses:
            words = f"{_KINDS[symbol.kind]} `{symbol.name}` is not used"
            yield finding("LR208", symbol.span, words, label="not used", help="use it, or delete it")
