"""What is wrong in a leadrules.yaml or team.yaml, held against another library that reads the same JSON Schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from leadrules.core.resources import grammar_text
from leadrules.core.source import SourceFile
from leadrules.project.check import _errors
from leadrules.project.document import Document

WORDS = (
    "",
    " ",
    "\u3000",
    "x",
    "leads.csv",
    "09:00-18:00",
    "Mon-Fri",
    "UTC",
    "2026-01-01",
    "2026-01-01..2026-01-05",
    "JP",
)


def names_of(schema: Any) -> list[str]:
    """Every key that a schema speaks of."""
    if isinstance(schema, list):
        return [name for part in schema for name in names_of(part)]
    if not isinstance(schema, dict):
        return []
    own = list(schema["properties"]) if isinstance(schema.get("properties"), dict) else []
    return own + [name for part in schema.values() for name in names_of(part)]


@pytest.mark.parametrize("name", ["project.schema.json", "team.schema.json"])
def test_another_library_finds_the_same(name: str) -> None:
    schema = json.loads(grammar_text(name))
    other = Draft202012Validator(schema)
    keys = st.sampled_from([*sorted(set(names_of(schema))), "other"])
    leaves = st.none() | st.booleans() | st.integers(-2, 10**20) | st.floats(0, 1) | st.sampled_from(WORDS)
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )

    @given(st.dictionaries(keys, values, max_size=5))
    def found(data: dict[str, Any]) -> None:
        document = Document(SourceFile("file", ""), data, {})
        ours = {(error.path, error.keyword) for error in _errors(document, name)}
        theirs = {(tuple(error.absolute_path), str(error.validator)) for error in other.iter_errors(data)}
        assert ours == theirs

    found()
