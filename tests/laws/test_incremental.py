"""The law of editing: what is known after any edits is what a look from scratch finds, every finding and every symbol."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leadrules.compile.compile import Symbol, compile_project
from leadrules.core.diagnostics import Diagnostic, told_once
from leadrules.core.source import SourceFile, Span
from leadrules.lsp.analysis import Analysis
from leadrules.lsp.project import Opened
from leadrules.project.model import Project
from leadrules.show.machine import as_json
from leadrules.syntax.parse import parse
from leadrules.syntax.pieces import Pieces

ROOT = Path(__file__).parents[2]
EDITS = int(os.environ.get("LAW_EXAMPLES", "25"))
TYPED = (
    "{", "}", '"', "/*", "*/", "#", "\n", "score", "\nscore", "list", "\nlist: +5 when x\n", "segment", " when", "(", ")",
    "define x = ", "\ndefine fit = 3\n", "\nsegment late when employees > \n", "total", "fit", "temperature", "hot", "warm",
    "foo {\n", 'foo "a"\n', "foo =\n", "x of y\n", "５", "＞", "'", "`", "and", "not", "do\n", "stop\n", "\r\n", "lead.", ",", "+", ":",
    "\nband level of total { hot: from 7 cold: otherwise }\n", "\nevents e = [email_sent]\n", "\nsequence quick { 1: day 1 call }\n",
    "\nexit all when employees = 7\n", '\ntest "t" { expect fired fit.vp }\n', "\u200b", 'title matches "(a"', "団", " business\ndays",
    "\nroute again on demand { a: keep owner otherwise }\n", "\nstages total { a: otherwise }\n", "email_sent", "is", "=",
)  # fmt: skip


def place(span: Span) -> tuple[Any, ...]:
    return span.file.path, span.start, span.end


def told(findings: list[Diagnostic]) -> Counter[str]:
    return Counter(repr(as_json(one)) for one in findings)


def called(symbols: tuple[Symbol, ...], whole: Any = lambda span: span) -> dict[Any, Any]:
    return {
        (one.kind, one.name): (
            place(whole(one.span)) if one.span else None,
            Counter(place(whole(use)) for use in one.uses),
        )
        for one in symbols
    }


def from_scratch(project: Project, texts: dict[str, str]) -> tuple[list[Diagnostic], tuple[Symbol, ...]]:
    modules, findings = [], []
    for name, text in texts.items():
        module, found = parse(SourceFile(name, text))
        modules.append(module)
        findings += found
    compiled = compile_project(project, modules)
    return told_once(findings, compiled.diagnostics), compiled.symbols


def edited(rng: random.Random, text: str, before: list[str]) -> str:
    """The text after one edit: typed, deleted, a line moved or doubled, or an earlier text again."""
    kind = rng.random()
    at = rng.randrange(len(text) + 1)
    if kind < 0.45:
        return text[:at] + rng.choice(TYPED) + text[at:]
    if kind < 0.65:
        return text[:at] + text[at + rng.choice((1, 1, 2, 8, 60)) :]
    if kind < 0.75:
        lines = text.split("\n")
        lines.insert(rng.randrange(len(lines) + 1), lines.pop(rng.randrange(len(lines))))
        return "\n".join(lines)
    if kind < 0.85:
        other = rng.randrange(len(text) + 1)
        return text[:at] + text[other : other + rng.choice((5, 30, 200))] + text[at:]
    return rng.choice(before)


def check(analysis: Analysis, project: Project) -> None:
    texts = {name: cut.file.text for name, cut in analysis.cuts.items()}
    findings, symbols = from_scratch(project, texts)
    assert told(list(analysis.findings)) == told(findings)
    assert called(analysis.symbols, analysis.whole) == called(symbols)


@pytest.mark.parametrize(("source", "seed"), [("rules", 1), ("examples/acme", 2), ("examples/sakura", 3)])
def test_after_any_edit_it_is_as_from_scratch(tmp_path: Path, source: str, seed: int) -> None:
    shutil.copytree(ROOT / source, tmp_path / ("rules" if source == "rules" else "."), dirs_exist_ok=True)
    if source == "rules":
        (tmp_path / "rules" / "leadrules.yaml").rename(tmp_path / "leadrules.yaml")
    opened = Opened(tmp_path)
    first = opened.check()
    assert first.project is not None
    assert not [one for one in first.findings if one.severity == "error"]
    check(first, first.project)
    rng = random.Random(seed)
    before = {name: [cut.file.text] for name, cut in first.cuts.items()}
    for _ in range(EDITS):
        name = rng.choice(sorted(before))
        text = edited(rng, before[name][-1], before[name])
        if rng.random() < 0.3:
            text = before[name][0]
        before[name].append(text)
        opened.change(opened.path(name), text)
        check(opened.check(), first.project)


def test_a_block_that_begins_after_an_unfinished_first_line_is_a_block_of_its_own() -> None:
    text = 'route again on\ntest "t" { expect fired fit.vp }\n demand { a: keep owner otherwise }\n}\n'
    pieces = Pieces("rules/a.lead").read(text).pieces
    _, findings = parse(SourceFile("rules/a.lead", text))
    assert [one.message for piece in pieces for one in piece.findings] == [one.message for one in findings]
    assert findings[0].message == "expected `demand` after `on`"
