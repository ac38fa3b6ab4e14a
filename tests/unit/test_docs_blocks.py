"""Every `lead` block of the documentation can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadrules.core.source import SourceFile
from leadrules.syntax.parse import parse

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```lead\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[tuple[str, str]]:
    for path in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))):
        for number, match in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8")), start=1):
            yield f"{path.name}:{number}", match[1]


@pytest.mark.parametrize(("name", "text"), list(blocks()), ids=lambda value: value if value.count("\n") == 0 else "")
def test_each_block_parses(name: str, text: str) -> None:
    module, found = parse(SourceFile(name, text))
    assert not found, [f"{d.code} {d.message}" for d in found]
    assert module.statements
