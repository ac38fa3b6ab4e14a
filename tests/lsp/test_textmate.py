"""The TextMate grammar knows the words that the parser knows, and colours them (its own tests run in Node, where it is)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from leadrules.syntax.grammar import language
from leadrules.syntax.words import BLOCKS, LIMIT_UNITS, UNITS

ROOT = Path(__file__).parents[2]
GRAMMAR: dict[str, Any] = json.loads((ROOT / "grammar/leadrules.tmLanguage.json").read_text(encoding="utf-8"))
EXTENSION = ROOT / "editors/vscode"


def words(name: str) -> set[str]:
    """The words of one part of the grammar."""
    found = re.search(r"\(\?:([a-z_|]+)\)", GRAMMAR["repository"][name]["match"])
    assert found is not None
    return set(found[1].split("|"))


def test_it_has_the_keywords_of_the_parser_and_no_others() -> None:
    units = {word for word in UNITS if " " not in word} | set(LIMIT_UNITS)
    assert words("unit") == units
    assert words("keyword") | words("operator") | words("constant") | units == set(language().keywords) | units
    block = re.match(r"\^\(([a-z|]+)\)", GRAMMAR["repository"]["block"]["match"])
    assert block is not None
    assert block[1].split("|") == list(BLOCKS)


def test_every_part_is_used_and_every_pattern_is_one() -> None:
    assert {part["include"][1:] for part in GRAMMAR["patterns"]} == set(GRAMMAR["repository"])
    for part in GRAMMAR["repository"].values():
        re.compile(part.get("match") or part["begin"])


def test_the_extension_names_what_is_there() -> None:
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    language_, grammar = package["contributes"]["languages"][0], package["contributes"]["grammars"][0]
    assert grammar["scopeName"] == GRAMMAR["scopeName"]
    assert language_["extensions"] == [".lead"]
    json.loads((EXTENSION / language_["configuration"]).read_text(encoding="utf-8"))
    assert (EXTENSION / package["main"]).is_file()


def test_the_colours_of_a_file(tmp_path: Path) -> None:
    program = EXTENSION / "node_modules/.bin/vscode-tmgrammar-test"
    if shutil.which("node") is None or not program.exists():
        pytest.skip("`make vscode` installs vscode-tmgrammar-test")
    command = [
        str(program),
        "-g",
        str(ROOT / "grammar/leadrules.tmLanguage.json"),
        str(EXTENSION / "test/scoring.lead"),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=EXTENSION, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
