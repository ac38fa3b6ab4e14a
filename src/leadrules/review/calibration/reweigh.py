"""New points and thresholds as edits of the rule files, and as a patch.

In: the parsed modules, points per line, thresholds per band. Out: the files with their new texts, and a unified diff of
them. Only numbers are replaced: names, conditions, comments and layout stay as they are. Writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff

from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.core.text import number_text
from leadrules.syntax import nodes as n

_FROM = re.compile(r"\bfrom\s+(-?[\d_.]+%?)")
_BELOW = re.compile(r"\bbelow\s+(-?[\d_.]+%?)")


@dataclass(frozen=True, slots=True)
class Points:
    """What a line should give: whole `points`, or a `factor` on what it computes."""

    points: float | None = None
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class _Edit:
    file: SourceFile
    start: int
    end: int
    text: str


def rewritten(
    modules: Sequence[n.Module],
    points: Mapping[str, Points],
    thresholds: Mapping[str, Mapping[str, float]],
) -> dict[str, str]:
    """The new text of each file that changes, by path. `points` by `score.rule`, `thresholds` by band, then label."""
    edits: dict[str, list[_Edit]] = {}
    for module in modules:
        for statement in module.statements:
            found: Iterable[_Edit] = ()
            if isinstance(statement, n.Score):
                found = _of_score(statement, points)
            elif isinstance(statement, n.Band):
                found = _of_band(statement, thresholds.get(_key(statement), {}))
            for edit in found:
                edits.setdefault(module.file.path, []).append(edit)
    texts = {path: _applied(found) for path, found in edits.items()}
    before = {module.file.path: module.file.text for module in modules}
    return {path: text for path, text in texts.items() if text != before[path]}


def patch(modules: Sequence[n.Module], texts: Mapping[str, str]) -> str:
    """A unified diff, to be applied in the project's folder with `git apply` or `patch -p1`."""
    parts: list[str] = []
    for module in modules:
        path = module.file.path
        if path in texts:
            before, after = (text.splitlines(keepends=True) for text in (module.file.text, texts[path]))
            parts += _with_ends(unified_diff(before, after, f"a/{path}", f"b/{path}"))
    return "".join(parts)


def _with_ends(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _key(statement: n.Statement) -> str:
    return "" if statement.name is None else statement.name.key


def _applied(edits: list[_Edit]) -> str:
    text = edits[0].file.text
    for edit in sorted(edits, key=lambda one: -one.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _of_score(score: n.Score, points: Mapping[str, Points]) -> Iterator[_Edit]:
    for item in score.items:
        for rule in item.rules if isinstance(item, n.Group) else (item,):
            if isinstance(rule, n.ScoreRule) and (wanted := points.get(f"{_key(score)}.{rule.name.key}")):
                yield from _of_rule(rule, wanted)


def _of_rule(rule: n.ScoreRule, wanted: Points) -> Iterator[_Edit]:
    span = rule.points.span
    file = span.file
    if wanted.points is not None:
        start = max(file.text.rfind(sign, rule.span.start, span.start) for sign in "+-")
        yield _Edit(file, start, span.end, f"{'-' if wanted.points < 0 else '+'}{number_text(abs(wanted.points))}")
    elif wanted.factor is not None and wanted.factor != 1:
        yield _Edit(file, span.start, span.end, f"({span.text}) * {number_text(wanted.factor)}")


def _of_band(band: n.Band, starts: Mapping[str, float]) -> Iterator[_Edit]:
    for label in band.labels:
        if label.start is None or label.name.key not in starts:
            continue
        new = starts[label.name.key]
        if label.hold is not None:
            yield from _number(label, _BELOW, new - (label.start - label.hold))
        yield from _number(label, _FROM, new)


def _number(label: n.BandLabel, form: re.Pattern[str], value: float) -> Iterator[_Edit]:
    found = form.search(label.span.text)
    if found is not None:
        start = label.span.start + found.start(1)
        yield _Edit(label.span.file, start, label.span.start + found.end(1), number_text(value))
