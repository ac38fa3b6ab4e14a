"""No text makes the parser raise, or takes it long."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from leadrules.core.source import SourceFile
from leadrules.syntax.nodes import walk
from leadrules.syntax.parse import parse

CASES = Path(__file__).parents[1] / "language"
TEXT = "\n".join(path.read_text(encoding="utf-8-sig") for path in sorted(CASES.glob("*/good/*.lead")))
PIECES = [
    '"',
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "when",
    "=",
    "\n",
    "and",
    "`",
    " ",
    "5",
    "%",
    "score",
    "|",
    ":",
    "\u200b",
    "#",
]
PIECES += [
    "not",
    "\n}\n",
    "is",
    ",",
    "-",
    "+",
    ".",
    "“",
    "＞",
    "each",
    "\nsegment x ",
    "2026-13-01",
    "if",
    "within",
    "1,000",
]


def read(text: str) -> int:
    """The number of findings; every node has its place in the text."""
    module, found = parse(SourceFile("x.lead", text))
    for statement in module.statements:
        for node in walk(statement):
            assert 0 <= node.span.start <= node.span.end <= len(text)
    assert all(0 <= d.span.start <= d.span.end <= len(text) for d in found)
    assert [d.span.start for d in found] == sorted(d.span.start for d in found)
    return len(found)


@pytest.mark.parametrize("seed", range(6))
def test_mutated_files(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(50):
        text = TEXT
        for _ in range(rng.randint(1, 5)):
            start = rng.randrange(len(text))
            end = start + rng.choice([0, 0, 1, 3, 30])
            text = text[:start] + rng.choice([*PIECES, ""]) + text[end:]
        assert read(text) < 40


def test_a_block_that_ends_with_the_name_before_its_keyword() -> None:
    assert read("hot segment {") > 0


def test_shuffled_tokens() -> None:
    rng = random.Random(7)
    words = TEXT.split()
    for _ in range(60):
        rng.shuffle(words)
        read(" ".join(words[:120]))
        read("\n".join(words[:60]))


def test_one_deletion_rarely_makes_two_errors() -> None:
    """A token that is taken out is one mistake. More than one finding for it is allowed now and then, never many."""
    rng = random.Random(3)
    tokens = [match.span() for match in re.finditer(r"\w+|\S", re.sub("#.*", "", TEXT))]
    text = re.sub("#.*", "", TEXT)
    counts = []
    for _ in range(150):
        start, end = rng.choice(tokens)
        counts.append(read(text[:start] + text[end:]))
    assert max(counts) <= 6, counts
    assert sum(counts) / len(counts) < 1.15


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("define x = " + "(" * 5000 + "1" + ")" * 5000, "LR042"),
        ("define x = " + "(" * 50_000, "LR042"),
        ("define x = " + "not " * 5000 + "y", "LR042"),
        ("define x = " + "-" * 5000 + "1", "LR042"),
        ('define x = "' + "a" * 1_000_000, "LR003"),
        ("foo " * 250_000, "LR020"),
        ("\u200b" * 100_000, "LR001"),
        ("\n".join("foo bar baz" for _ in range(20_000)), "LR020"),
        ("score x {\n" + "\n".join("foo bar baz" for _ in range(5000)) + "\n}", "LR024"),
        ("x" * 5_000_001, "LR040"),
        ("PK\x03\x04\0\0" * 1000, "LR041"),
        (bytes(range(1, 256)).decode("latin-1") * 100, "LR001"),
    ],
    ids=range(12),
)
def test_hostile_texts_end_in_a_clear_error(text: str, code: str) -> None:
    start = time.process_time()
    found = parse(SourceFile("x.lead", text))[1]
    assert found[0].code == code
    assert time.process_time() - start < 4


def test_long_chains_are_not_nested() -> None:
    module, found = parse(SourceFile("x.lead", "define x = " + " or ".join(["a"] * 20_000) + "\n"))
    assert found == []
    assert len(list(module.walk())) > 20_000


def test_ten_times_the_lines_take_no_more_than_about_ten_times_as_long() -> None:
    lines = "score s {\n" + '  a: +5 when b = "c" and d >= 10 or e in ("x", "y")\n' * 8 + "}\n"
    parse(SourceFile("x.lead", lines))
    few, many = _seconds(lines * 100), _seconds(lines * 1000)
    assert many < 25 * few


def _seconds(text: str) -> float:
    start = time.process_time()
    assert parse(SourceFile("x.lead", text))[1] == []
    return time.process_time() - start
