"""The project's `open_leads`: a condition of the language that stands in leadrules.yaml.

In: the text that the project gives and where it stands. Out: the compiled condition, with findings left in the scope that
point into leadrules.yaml. What the condition is for is not known here.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from leadrules.compile.scope import Scope
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.source import SourceFile, Span
from leadrules.ruleset.model import Aggregate, Expr
from leadrules.syntax import nodes as n
from leadrules.syntax.parse import parse

HEAD = "define x="
_ESCAPED = re.compile(r"\\.")


def lower_open_leads(scope: Scope) -> Expr | None:
    """The condition; None where the project gives none, it is damaged, or no route looks at loads."""
    text, span = scope.project.open_leads, scope.project.open_leads_span
    if not text or span is None:
        return None
    aligned = _aligned(span, text)
    module, found = parse(SourceFile(span.file.path, aligned if aligned is not None else f"{HEAD}\n  {text}"))
    if aligned is not None:
        module = _moved(module, span.file)
    before, reads = len(scope.diagnostics), _reads(scope)
    condition = _condition(scope, module)
    if aligned is None:
        _place_uses(scope, module, span)
    found += scope.diagnostics[before:]
    scope.diagnostics[before:] = [_at_home(diagnostic, span, aligned is not None) for diagnostic in found]
    if any(isinstance(statement, n.Route) for statement in scope.names.statements):
        return condition
    # What nothing is dealt by need not be read from the export.
    scope.fields_read, scope.events_read, scope.aggregates = reads
    return None


def _condition(scope: Scope, module: n.Module) -> Expr | None:
    node = next((statement for statement in module.statements if isinstance(statement, n.Define)), None)
    return None if node is None or node.damaged else scope.condition(node.value)


def _place_uses(scope: Scope, module: n.Module, home: Span) -> None:
    """What the condition uses is used in the whole of it, where its characters do not stand as in the YAML file."""
    for statement in module.statements:
        for key, spans in scope.uses.items():
            scope.uses[key] = [home if one.file is statement.span.file else one for one in spans]


def _reads(scope: Scope) -> tuple[set[str], dict[str, set[str]], dict[Aggregate, int]]:
    events = {name: set(read) for name, read in scope.events_read.items()}
    return set(scope.fields_read), events, dict(scope.aggregates)


def _at_home(diagnostic: Diagnostic, span: Span, aligned: bool) -> Diagnostic:
    """A finding in the YAML file, without the fixes that would break its quotes."""
    fixes = tuple(fix for fix in diagnostic.fixes if aligned and not any(_quoted(e.text) for e in fix.edits))
    return cast("Diagnostic", _moved(replace(diagnostic, fixes=fixes), span.file if aligned else span))


def _quoted(text: str) -> bool:
    return '"' in text or "'" in text


def _aligned(span: Span, text: str) -> str | None:
    """A rule file in which each character of the condition stands where it does in the YAML file.

    None where that cannot be.
    """
    raw = _unquoted(span)
    if raw is None or " ".join(raw.replace('\\"', '"').split()) != " ".join(text.split()):
        return None
    blank = re.sub(r"[^\n]", " ", span.file.text)
    start = span.start + span.text.index(raw)
    head = _place_of_head(span.file, start)
    if head is None:
        return None
    blank = blank[:head] + HEAD + blank[head + len(HEAD) :]
    return blank[:start] + _padded(raw) + blank[start + len(raw) :]


def _unquoted(span: Span) -> str | None:
    """The text of a YAML scalar as written between its quotes; None where escapes other than of the double quote stand."""
    raw = span.text.strip()
    if raw[:1] in ("|", ">"):
        return raw.partition("\n")[2]
    if raw[:1] == '"':
        inner = raw[1:-1]
        return None if set(_ESCAPED.findall(inner)) - {'\\"'} else inner
    if raw[:1] == "'":
        return None if "''" in raw[1:-1] else raw[1:-1]
    return raw


def _padded(raw: str) -> str:
    """Escaped quotes as plain ones, a space standing outside the text for each backslash."""
    parts = raw.split('\\"')
    opening = (' "' if number % 2 == 0 else '" ' for number in range(len(parts) - 1))
    return "".join(part + quote for part, quote in zip(parts, (*opening, ""), strict=True))


def _place_of_head(file: SourceFile, start: int) -> int | None:
    """Where a line begins that has room for the keyword before the condition."""
    line, column = file.position(start)
    for number, room in ((line, column - 1), (line - 1, len(file.line(line - 1)) if line > 1 else 0)):
        if room >= len(HEAD):
            return file.offset(number, 1)
    return None


def _moved(part: Any, home: SourceFile | Span) -> Any:
    """The same with every place in the file that the user knows: at the same offset, or the whole of a span."""
    if isinstance(part, Span):
        return home if isinstance(home, Span) else Span(home, part.start, part.end)
    if isinstance(part, tuple):
        return tuple(_moved(item, home) for item in part)
    if not is_dataclass(part) or isinstance(part, type):
        return part
    return replace(part, **{f.name: _moved(getattr(part, f.name), home) for f in fields(part) if f.init})
