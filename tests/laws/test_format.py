"""The law of fmt: respace a rule file at random, with comments and blank lines anywhere, and lay it out: no comment is lost,
nothing means anything else, and a second pass changes nothing.

The rule files are the shipped ones and the examples of the language's pages, cut by a scanner of the test's own.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from tests.suites.running import EXAMPLES as SHIPPED

from leadrules.core.source import SourceFile
from leadrules.review.workspace import open_workspace
from leadrules.ruleset.store import digest
from leadrules.syntax.format import format_file
from leadrules.syntax.nodes import Module
from leadrules.syntax.parse import parse

ROOT = Path(__file__).resolve().parents[2]
RESPACINGS = 10_000 if "LAW_EXAMPLES" in os.environ else 500
CHUNKS = 10
PIECE = re.compile(
    r'(?P<space>\s+)|(?P<comment>#[^\n]*)|"(?:\\.|[^"\\\n])*"|`[^`\n]+`|[0-9][\w.:/-]*%?|\w+|!=|<=|>=|[^\w\s]',
    re.DOTALL,
)
LABEL = re.compile(r'[ \t]*("(\\.|[^"\\\n])*"[ \t]*)?:')
REMARKS = (
    "#",
    "# a remark",
    '# 注 : { } [ ] ( ) "',
    "#: +5 when x",
    "# score fit {",
    "# leadrules: ignore LR203 because x  ",
)
JOINS = re.compile(r"\w[\w.%]|[<>=!-][<>=-]|\w[.]|[.%]\w")


def sources() -> list[Path]:
    """The rule files that are shipped."""
    return sorted([*ROOT.glob("rules/*.lead"), *ROOT.glob("examples/**/*.lead")])


@cache
def blocks() -> tuple[str, ...]:
    """Blocks, one by one, of the rule files and of the language's pages, that read without a finding."""
    texts = [path.read_text(encoding="utf-8") for path in sources()]
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    texts += re.findall(r"```lead\n(.*?)```", page, re.DOTALL)
    found = []
    for text in texts:
        module, findings = parse(SourceFile("a.lead", text))
        if not findings:
            found += [statement.span.text for statement in module.statements]
    assert len(found) > 100
    return tuple(found)


def respaced(text: str, rng: random.Random) -> str:
    """A block with other spaces, blank lines and comments between its pieces: any that leave it the same to a reader."""
    out: list[str] = []
    held = False  # an id, its title and its colon stand on one line
    before = ""
    for match in PIECE.finditer(text):
        if match["space"] or match["comment"]:
            continue
        piece = match[0]
        out.append(between(before, piece, rng, inline=held or piece == ":") if before else "")
        out.append(piece)
        label = re.fullmatch(r"\w+|`.*`", piece) and LABEL.match(text, match.end())
        held = bool(label) or (held and piece.startswith('"'))
        before = piece
    return "".join(out)


def between(before: str, after: str, rng: random.Random, *, inline: bool) -> str:
    """What may stand between two pieces."""
    tight = not JOINS.search(before[-1] + after[0]) and not (before[-1] == "/" and after[0] in "/*")
    if inline:
        return rng.choice(("", " ", "\t ")) if tight else rng.choice((" ", "  \t"))
    choice = rng.random()
    if choice < 0.3:
        return "" if tight else " "
    if choice < 0.7 or (before == "business" and after.startswith("day")):
        return rng.choice((" ", "   ", "\t", "\u3000"))
    margin = rng.choice(("  ", "      ", " \t"))
    if choice < 0.85:
        return rng.choice(("\n", "\n\n", "\r\n", "\n \n\n")) + margin
    remarks = [f"{rng.choice(('', ' ', chr(10) + margin))}{rng.choice(REMARKS)}\n" for _ in range(rng.randint(1, 2))]
    return " " + margin.join(remarks) + rng.choice(("", "\n")) + margin


def remarks_of(module: Module) -> Counter[str]:
    return Counter(comment.text for comment in module.comments)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_respacing_loses_a_comment_a_meaning_or_the_peace(chunk: int) -> None:
    rng = random.Random(chunk)
    for _ in range(RESPACINGS // CHUNKS):
        chosen = [rng.choice(blocks()) for _ in range(rng.randint(1, 3))]
        plain = parse(SourceFile("a.lead", "\n".join(chosen)))[0]
        joints = (rng.choice(("\n", "\n\n\n", " # end\n", "\n  # own\n\n", "\r\n")) for _ in chosen)
        text = "".join(respaced(block, rng) + joint for block, joint in zip(chosen, joints, strict=True))
        wild, findings = parse(SourceFile("a.lead", text))
        assert not findings, (text, [f.message for f in findings])
        assert wild.statements == plain.statements, text
        done = format_file(SourceFile("a.lead", text))
        assert not done.refused, (done.refused, text)
        laid, wrong = parse(SourceFile("a.lead", done.text))
        assert not wrong, done.text
        assert laid.statements == plain.statements, done.text
        assert remarks_of(laid) == remarks_of(wild), done.text
        assert format_file(SourceFile("a.lead", done.text)).text == done.text
        assert_canonical(done.text)


def assert_canonical(text: str) -> None:
    """What any reader can see: blocks in column 1, one kind of line end, no blank lines in a row or at an end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    assert "\r" not in text.replace("\r\n", "")
    lines = text.split(newline)
    assert lines[0], text
    assert lines[-1] == "", text
    assert lines[-2], text
    for above, line in pairwise(lines):
        assert above or line or line is lines[-1], text
        assert "#" in line or line == line.rstrip(), text
        assert "\t" not in line.partition("#")[0] or '"' in line, text


def test_the_layout_of_the_examples_is_not_in_their_compiled_ruleset(tmp_path: Path) -> None:
    rng = random.Random(4)
    for name in ("acme", "sakura"):
        shutil.copytree(SHIPPED / name / "rules", tmp_path / name / "rules")
        shutil.copy(SHIPPED / name / "leadrules.yaml", tmp_path / name)
        before = open_workspace(tmp_path / name).ruleset
        assert before is not None
        for path in (tmp_path / name / "rules").rglob("*.lead"):
            module, _ = parse(SourceFile(path.name, path.read_text(encoding="utf-8")))
            text = "\n".join(respaced(statement.span.text, rng) for statement in module.statements)
            path.write_text(format_file(SourceFile(path.name, text)).text, encoding="utf-8")
        after = open_workspace(tmp_path / name).ruleset
        assert after is not None
        assert digest(after) == digest(before)
