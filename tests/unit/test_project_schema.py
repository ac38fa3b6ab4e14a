"""Lead and event schemas: each keyword where it counts, every other refused; limits agree with a JSON Schema validator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.source import SourceFile
from leadrules.project.document import Document
from leadrules.project.json_file import read_json
from leadrules.project.keywords import SUPPORTED
from leadrules.project.model import EventType, Field, LeadSchema
from leadrules.project.schema import read_event_schema, read_lead_schema

# Every keyword of JSON Schema 2020-12, from its vocabularies.
_ALL = """
$schema $id $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $defs prefixItems items contains
additionalProperties properties patternProperties dependentSchemas propertyNames if then else allOf anyOf oneOf not
unevaluatedItems unevaluatedProperties type const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum
maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required
dependentRequired title description default deprecated readOnly writeOnly examples format contentEncoding
contentMediaType contentSchema
"""
_CONTRACT = """
$schema $id title description examples default type properties additionalProperties items required enum const format
minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern
"""
ALL_KEYWORDS, CONTRACT = _ALL.split(), _CONTRACT.split()


def document(data: Any) -> Document:
    read, found = read_json(SourceFile("rules/s.json", json.dumps(data, ensure_ascii=False)))
    assert read is not None
    assert not found
    return read


def leads(properties: dict[str, Any], key: str | None = None, **more: Any) -> tuple[LeadSchema, list[Diagnostic]]:
    data = {"type": "object", "properties": {"id": {"type": "string"}, **properties}, **more}
    return read_lead_schema(document(data), key, None, needs_key=True)


def events(properties: dict[str, Any]) -> tuple[tuple[EventType, ...], list[Diagnostic]]:
    return read_event_schema(document({"type": "object", "properties": properties}))


def field(schema: dict[str, Any]) -> Field:
    read, found = leads({"x": schema})
    assert not found, found
    return read.fields[1]


def codes(schema: dict[str, Any]) -> list[str]:
    return [d.code for d in leads({"x": schema})[1]]


def test_the_supported_keywords_are_those_of_the_contract() -> None:
    assert set(CONTRACT) == SUPPORTED


@pytest.mark.parametrize("keyword", [k for k in ALL_KEYWORDS if k not in CONTRACT] + ["min", "foo"])
def test_every_other_keyword_is_refused_at_its_name(keyword: str) -> None:
    found = leads({"x": {"type": "string", keyword: {}}})[1]
    assert [(d.code, d.span.text) for d in found] == [("LR070", f'"{keyword}"')]
    top = leads({}, None, **{keyword: {}})[1]
    assert [d.code for d in top] == ["LR070"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": ["string", "null"]}, "text"),
        ({"type": ["null", "integer"]}, "number"),
        ({"type": "string", "enum": ["a", "b"]}, "choice"),
        ({"enum": ["a", "b", None]}, "choice"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "date-time"}, "datetime"),
        ({"type": "string", "format": "email"}, "text"),
        ({"type": "string", "format": "uri"}, "text"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "yesno"),
        ({"type": "array", "items": {"type": "string"}}, "set"),
        ({"const": "a"}, "text"),
        ({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}, "set"),
    ],
)
def test_types(schema: dict[str, Any], kind: str) -> None:
    assert field(schema).type.kind == kind


def test_the_details_of_a_field() -> None:
    found = field(
        {
            "type": "integer",
            "minimum": 1,
            "maximum": 9,
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 10,
            "title": "X",
            "description": "d",
            "examples": [1],
            "default": 2,
            "x-columns": ["X!", "エックス"],
            "x-blanks": ["-1"],
            "x-mine": 1,
        }
    )
    assert (found.integer, found.minimum, found.maximum) == (True, 1, 9)
    assert (found.exclusive_minimum, found.exclusive_maximum) == (0, 10)
    assert (found.columns, found.blanks, found.description) == (("X!", "エックス"), ("-1",), "d")
    text = field({"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^a", "format": "email"})
    assert (text.min_length, text.max_length, text.pattern, text.format) == (1, 3, "^a", "email")
    assert field({"type": "array", "items": {"type": "string"}, "x-separator": "|"}).separator == "|"


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"type": "text"}, "LR071"),
        ({"type": "object", "properties": {"y": {"type": "string"}}}, "LR071"),
        ({"type": ["string", "number"]}, "LR071"),
        ({"type": "null"}, "LR071"),
        ({"type": 3}, "LR071"),
        ({}, "LR071"),
        ({"enum": [1, 2]}, "LR071"),
        ({"type": "array"}, "LR071"),
        ({"type": "array", "items": {"type": "number"}}, "LR071"),
        ({"type": "array", "items": {"type": "string", "minLength": 1}}, "LR070"),
        ({"type": "array", "items": {"type": "string", "enum": ["a", "A"]}}, "LR073"),
        ({"type": "string", "minimum": 1}, "LR070"),
        ({"type": "number", "minLength": 1}, "LR070"),
        ({"type": "boolean", "enum": ["a"]}, "LR070"),
        ({"type": "number", "format": "date"}, "LR070"),
        ({"type": "string", "items": {"type": "string"}}, "LR070"),
        ({"type": "string", "required": ["a"]}, "LR070"),
        ({"type": "string", "properties": {}}, "LR070"),
        ({"type": "string", "format": "time"}, "LR072"),
        ({"type": "string", "enum": []}, "LR072"),
        ({"type": "string", "enum": "a"}, "LR072"),
        ({"type": "string", "enum": ["a", 1]}, "LR072"),
        ({"type": "string", "enum": ["a", " "]}, "LR072"),
        ({"type": "string", "enum": [None]}, "LR072"),
        ({"type": "array", "items": {"type": "string", "enum": [None]}}, "LR072"),
        ({"type": "string", "enum": ["a", "A"]}, "LR073"),
        ({"type": "string", "enum": ["ＳａａＳ", "saas "]}, "LR073"),
        ({"type": "string", "format": ["date"]}, "LR072"),
        ({"type": "string", "format": {}}, "LR072"),
        ({"type": "number", "minimum": "1"}, "LR072"),
        ({"type": "number", "minimum": True}, "LR072"),
        ({"type": "number", "minimum": 3, "maximum": 2}, "LR072"),
        ({"type": "number", "minimum": 3, "exclusiveMaximum": 3}, "LR072"),
        ({"type": "string", "minLength": -1}, "LR072"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "LR072"),
        ({"type": "string", "pattern": "("}, "LR072"),
        ({"type": "string", "pattern": "a(?=b)"}, "LR072"),
        ({"type": "string", "pattern": r"(a)\1"}, "LR072"),
        ({"type": "string", "const": 1}, "LR072"),
        ({"type": "string", "format": "date", "const": "red"}, "LR070"),
        ({"type": "string", "format": "date-time", "const": "2026-11-01T09:00"}, "LR070"),
        ({"type": "string", "enum": ["a"], "const": "b"}, "LR072"),
        ({"type": "string", "description": 1}, "LR072"),
        ({"type": "string", "examples": "a"}, "LR072"),
        ({"type": "string", "x-columns": "A"}, "LR072"),
        ({"type": "string", "x-columns": [""]}, "LR072"),
        ({"type": "string", "x-blanks": [-1]}, "LR072"),
        ({"type": "string", "x-key": "yes"}, "LR072"),
        ({"type": "string", "x-separator": ";"}, "LR072"),
        ({"type": "array", "items": {"type": "string"}, "x-separator": ""}, "LR072"),
        ({"type": "string", "x-colums": ["A"]}, "LR077"),
    ],
)
def test_one_mistake_is_one_finding(schema: dict[str, Any], code: str) -> None:
    found = leads({"x": schema})[1]
    assert [d.code for d in found] == [code]
    assert found[0].help
    assert found[0].severity == ("warning" if code == "LR077" else "error")


@pytest.mark.parametrize("pattern", [r"^\d{3}-\d{4}$", r"a\(?=b", r"[(?]=", r"\\1"])
def test_patterns_that_only_look_like_look_arounds_are_fine(pattern: str) -> None:
    assert field({"type": "string", "pattern": pattern}).pattern == pattern


def test_a_did_you_mean_for_a_misspelled_keyword_and_type() -> None:
    found = leads({"x": {"type": "string", "minLenght": 1}, "y": {"type": "interger"}})[1]
    assert [d.help for d in found] == ["Did you mean `minLength`?", "Did you mean `integer`?"]


def test_the_key() -> None:
    assert leads({})[0].key == "id"
    assert leads({"crm": {"type": "string", "x-key": True}})[0].key == "crm"
    assert leads({"crm": {"type": "string"}}, key="crm")[0].key == "crm"
    assert leads({"crm": {"type": "string", "x-key": False}})[0].key == "id"
    assert [d.code for d in leads({"crm": {"type": "string", "x-key": True}}, key="id")[1]] == ["LR063"]
    twice = {"a": {"type": "string", "x-key": True}, "b": {"type": "string", "x-key": True}}
    assert [d.code for d in leads(twice)[1]] == ["LR063"]
    assert [d.code for d in leads({"b": {"type": "boolean", "x-key": True}})[1]] == ["LR065"]
    none = read_lead_schema(document({"properties": {"a": {"type": "string"}}}), None, None, needs_key=True)
    assert [d.code for d in none[1]] == ["LR064"]


def test_required() -> None:
    schema, found = leads({"x": {"type": "string"}}, required=["id", "x"])
    assert not found
    assert [f.required for f in schema.fields] == [True, True]
    assert [d.code for d in leads({}, required=["nme"])[1]] == ["LR074"]
    assert [d.code for d in leads({}, required="id")[1]] == ["LR072"]
    assert [d.code for d in events({"e": {"type": "object", "properties": 0, "required": ["a"]}})[1]] == ["LR072"]


@pytest.mark.parametrize("name", ["", " ", " a", "a`b", "a\nb", "@a", "@key", "@"])
def test_names_that_rules_cannot_write(name: str) -> None:
    assert [d.code for d in leads({name: {"type": "string"}})[1]] == ["LR076"]


def test_names_in_two_forms_of_unicode_are_one_name() -> None:
    composed, combining = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"
    assert [d.code for d in leads({composed: {"type": "string"}, combining: {"type": "string"}})[1]] == ["LR076"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([], "LR072"),
        ({"type": "array", "properties": {"id": {"type": "string"}}}, "LR071"),
        ({"properties": []}, "LR072"),
        ({"properties": {"id": {"type": "string"}}, "minimum": 1}, "LR070"),
        ({"properties": {"id": {"type": "string"}}, "additionalProperties": {}}, "LR072"),
        ({"properties": {"id": {"type": "string"}}, "$schema": "http://json-schema.org/draft-04/schema#"}, "LR072"),
        ({"properties": {"id": True}}, "LR072"),
    ],
)
def test_the_whole_schema(data: Any, code: str) -> None:
    assert [d.code for d in read_lead_schema(document(data), None, None, needs_key=False)[1]] == [code]


def test_event_types_and_their_fields() -> None:
    found, findings = events(
        {
            "page_viewed": {
                "type": "object",
                "description": "A page",
                "required": ["path", "at"],
                "properties": {
                    "id": {"type": "string"},
                    "lead_id": {"type": "string"},
                    "type": {"const": "page_viewed"},
                    "at": {"type": "string", "format": "date-time"},
                    "path": {"type": "string", "x-columns": ["URL"]},
                },
            },
            "call_made": {},
        }
    )
    assert not findings
    assert [event.name for event in found] == ["page_viewed", "call_made"]
    assert [(f.name, f.required, f.columns) for f in found[0].fields] == [("path", True, ("URL",))]
    assert found[0].description == "A page"


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"lead_id": {"type": "string"}}, "LR075"),
        ({"e": {"type": "object", "properties": {"at": {"type": "number"}}}}, "LR075"),
        ({"e": {"type": "object", "properties": {"type": {"enum": ["a", "b"]}}}}, "LR075"),
        ({"e": {"type": "object", "properties": {"type": {"const": "f"}}}}, "LR075"),
        ({"e": {"type": "object", "properties": {"lead_id": {"type": "string", "x-columns": ["L"]}}}}, "LR075"),
        ({"e": {"type": "object", "properties": {"x": {"type": "string", "x-key": True}}}}, "LR070"),
        ({"e": {"type": "string"}}, "LR071"),
        ({"e": "x"}, "LR072"),
        ({"e": {"type": "object", "properties": {"x": {"type": "strng"}}}}, "LR071"),
        ({"e": {"type": "object", "required": ["y"]}}, "LR074"),
    ],
)
def test_what_an_event_schema_cannot_say(properties: dict[str, Any], code: str) -> None:
    assert [d.code for d in events(properties)[1]] == [code]
