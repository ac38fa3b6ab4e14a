"""docs/settings.md says every key of the two YAML files, and its examples are files without a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadrules.core.resources import grammar_text
from leadrules.core.source import SourceFile
from leadrules.project.check import check_document
from leadrules.project.yaml import read_yaml

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
SCHEMAS = ("project.schema.json", "team.schema.json")


def keys() -> Iterator[str]:
    project, team = (json.loads(grammar_text(name)) for name in SCHEMAS)
    yield from project["properties"]
    yield from project["properties"]["fields"]["properties"]
    yield from project["properties"]["guards"]["properties"]
    for source in ("source", "lead_source", "event_source"):
        yield from project["$defs"][source]["properties"]
    yield from team["properties"]
    yield from team["$defs"]["rep"]["properties"]
    for part in ("capacity", "hours"):
        yield from team["$defs"]["rep"]["properties"][part]["properties"]


@pytest.mark.parametrize("key", sorted(set(keys())))
def test_every_key_is_on_the_page(key: str) -> None:
    assert re.search(rf"`{key}[`:]", PAGE)


EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("text", "schema"), list(zip(EXAMPLES, SCHEMAS, strict=True)), ids=SCHEMAS)
def test_the_examples_are_right(text: str, schema: str) -> None:
    document, found = read_yaml(SourceFile("file", text))
    assert document is not None
    assert found + check_document(document, schema)[0] == []
