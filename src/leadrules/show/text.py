"""Findings as text for a terminal or a pipe.

In: diagnostics. Out: lines as rustc and ruff print them: what is wrong, where, the line with the place underlined, the
way out. Knows widths of East Asian characters; knows nothing of where the text is printed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from leadrules.core.diagnostics import Diagnostic, Severity, ordered
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import is_printable

SHOWN_PER_FILE = 50
LONGEST_LINE = 160
COLOURS: dict[Severity | str, str] = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "info": "\x1b[1;36m"}
DIM, BOLD, RESET = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def width(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters two, combining marks none, a tab four."""
    return sum(_columns(ch) for ch in text)


def _columns(ch: str) -> int:
    if ch == "\t":
        return 4
    if unicodedata.combining(ch) or unicodedata.category(ch) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(ch) in "WF" else 1


def _printable(text: str) -> str:
    """The text without what would upset a terminal; tabs as four columns, as `width` counts them."""
    return "".join("    " if ch == "\t" else ch if is_printable(ch) else "\ufffd" for ch in text)


def render(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """All findings in full, by file and place, at most 50 a file."""
    return "".join(block + "\n" for block in _blocks(diagnostics, lambda d: full(d, colour=colour) + "\n"))


def concise(diagnostics: Iterable[Diagnostic]) -> str:
    """One line a finding: `path:line:column: CODE message`."""
    return "".join(line + "\n" for line in _blocks(diagnostics, _concise_line))


def _concise_line(diagnostic: Diagnostic) -> str:
    line, column = diagnostic.span.file.position(diagnostic.span.start)
    return f"{diagnostic.span.file.path}:{line}:{column}: {diagnostic.code} {diagnostic.message}"


def _blocks(diagnostics: Iterable[Diagnostic], show: Callable[[Diagnostic], str]) -> Iterator[str]:
    for path, of_file in groupby(ordered(list(diagnostics)), key=lambda d: d.span.file.path):
        findings = list(of_file)
        yield from (show(d) for d in findings[:SHOWN_PER_FILE])
        if len(findings) > SHOWN_PER_FILE:
            yield f"{path}: and {len(findings) - SHOWN_PER_FILE} more"


def full(diagnostic: Diagnostic, *, colour: bool = False) -> str:
    """One finding with its line, the place underlined, second places, help and notes."""
    first = _Look("-->", "^", COLOURS[diagnostic.severity], DIM, RESET) if colour else _Look("-->", "^")
    second = _Look(":::", "-", DIM, DIM, RESET) if colour else _Look(":::", "-")
    bold, dim, reset = (BOLD, DIM, RESET) if colour else ("", "", "")
    gutter = len(str(_last_line(diagnostic)))
    lines = [f"{first.paint}{diagnostic.severity}[{diagnostic.code}]{reset}{bold}: {diagnostic.message}{reset}"]
    lines += _place(diagnostic.span, diagnostic.label, gutter, first)
    for related in diagnostic.related:
        lines += _place(related.span, related.message, gutter, second)
    pad = " " * gutter
    if diagnostic.help:
        way_out, *rest = diagnostic.help.split("\n")
        lines.append(f"{pad} {dim}={reset} help: {way_out}")
        lines += [f"{pad}         {line}" for line in rest]
    lines += [f"{pad} {dim}={reset} note: {note}" for note in diagnostic.notes]
    return "\n".join(lines)


def _last_line(diagnostic: Diagnostic) -> int:
    spans = [diagnostic.span, *(r.span for r in diagnostic.related)]
    return max(span.file.position(span.start)[0] for span in spans)


@dataclass(frozen=True, slots=True)
class _Look:
    """How a place is drawn: the arrow before it, the mark under it, and colours."""

    arrow: str
    mark: str
    paint: str = ""
    dim: str = ""
    reset: str = ""


def _place(span: Span, label: str, gutter: int, look: _Look) -> list[str]:
    line, column = span.file.position(span.start)
    pad, bar = " " * gutter, f"{look.dim}|{look.reset}"
    head = f"{pad}{look.dim}{look.arrow}{look.reset} {span.file.path}:{line}:{column}"
    if not span.file.text:
        return [head]
    text, before, under = _excerpt(span, line, column)
    marks = look.mark * max(width(under), 1)
    return [
        head,
        f"{pad} {bar}",
        f"{line:>{gutter}} {bar} {_printable(text)}".rstrip(),
        f"{pad} {bar} {' ' * width(before)}{look.paint}{marks}{' ' + label if label else ''}{look.reset}",
    ]


def _excerpt(span: Span, line: int, column: int) -> tuple[str, str, str]:
    """The line (cut around the place when long), what stands before the place on it, and what is underlined."""
    text = span.file.line(line)
    start = min(column - 1, len(text))
    end = min(start + max(span.end - span.start, 1), max(len(text), start + 1))
    cut = max(0, start - LONGEST_LINE // 2) if len(text) > LONGEST_LINE else 0
    shown = text[cut : cut + LONGEST_LINE]
    if cut:
        shown = "…" + shown[1:]
    return shown, shown[: start - cut], shown[start - cut : end - cut]


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or nothing where there is none."""
    findings = list(diagnostics)
    parts = []
    for severity in ("error", "warning", "info"):
        count = sum(d.severity == severity for d in findings)
        if count:
            parts.append(f"{count} {severity}{'s' if count > 1 and severity != 'info' else ''}")
    return ", ".join(parts)
