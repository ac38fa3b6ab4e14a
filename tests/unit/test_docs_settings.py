"""docs/settings.md says every key of the YAML files and every keyword of the schemas; its examples are files without a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.resources import grammar_text
from leadrules.core.source import SourceFile
from leadrules.core.types import Type
from leadrules.data.cells import Bad, CellReader
from leadrules.project.check import check_document
from leadrules.project.json_file import read_json
from leadrules.project.keywords import SUPPORTED
from leadrules.project.model import Field, LeadSchema
from leadrules.project.schema import read_lead_schema
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


def schema_of_the_page() -> LeadSchema:
    (text,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    document, found = read_json(SourceFile("lead.schema.json", text))
    assert document is not None
    schema, more = read_lead_schema(document, None, None, needs_key=True)
    assert found + more == []
    return schema


def test_the_schema_of_the_page_is_right() -> None:
    kinds = {field.name: field.type.kind for field in schema_of_the_page().fields}
    assert kinds == {
        "id": "text", "email": "text", "industry": "choice", "employees": "number", "created_at": "datetime",
        "opted_out": "yesno", "interests": "set",
    }  # fmt: skip


@pytest.mark.parametrize("keyword", sorted({*SUPPORTED, "x-key", "x-columns", "x-blanks", "x-separator", "x-api-name"}))
def test_every_keyword_of_a_schema_is_on_the_page(keyword: str) -> None:
    assert re.search(rf"[`\"]{re.escape(keyword)}[`\"]", PAGE)


@pytest.mark.parametrize("kind", ["number", "yesno"])
def test_cells_of_the_page_are_read_or_not_as_it_says(kind: str) -> None:
    name = {"number": "number", "yesno": "yes/no"}[kind]
    (row,) = re.findall(rf"^\| {name}.*$", PAGE, re.MULTILINE)
    read, unread = (
        [cell for quoted in re.findall("`([^`]+)`", part) for cell in quoted.split()] for part in row.split("|")[2:4]
    )
    reader = CellReader(Field("x", Type(kind)), Calendar())  # type: ignore[arg-type]
    assert [cell for cell in read if isinstance(reader.read(cell), Bad)] == []
    assert [cell for cell in unread if not isinstance(reader.read(cell), Bad)] == []
