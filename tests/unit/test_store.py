"""The compiled ruleset as JSON: there and back, valid against its schema, and named by a digest."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.example_project import compile_text, compiled

from leadrules.core.codes import CODES
from leadrules.core.functions import CALLABLE, OPERATIONS
from leadrules.core.types import WORDS
from leadrules.ruleset import model
from leadrules.ruleset.store import KINDS, digest, from_json, to_json, without_spans

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "grammar" / "ruleset.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
GOOD = {f"{path.parts[-3]}/{path.stem}": path for path in sorted((ROOT / "tests" / "language").glob("*/good/*.lead"))}
PAGES = {code.id: code.good for code in CODES.values() if code.file.endswith(".lead")}
LEAVES = {
    "const",
    "duration",
    "field",
    "event_field",
    "rep_field",
    "name",
    "previous",
    "always",
    "since_of",
    "aggregate",
    "did",
}


def checked(ruleset: model.Ruleset) -> Any:
    """The JSON of a ruleset as a file holds it, after it went there and back, and the schema agreed."""
    data = json.loads(json.dumps(to_json(ruleset)))
    assert [(e.json_path, e.message[:200]) for e in VALIDATOR.iter_errors(data)] == []
    assert from_json(data) == ruleset
    assert from_json(without_spans(data)) == ruleset
    return data


@pytest.mark.parametrize("name", GOOD)
def test_good_files_go_there_and_back(name: str) -> None:
    checked(compiled(GOOD[name].read_text("utf-8-sig")))


@pytest.mark.parametrize("code", PAGES)
def test_good_examples_of_the_pages_go_there_and_back(code: str) -> None:
    ruleset = compile_text(PAGES[code])[0].ruleset
    assert ruleset is not None
    checked(ruleset)


def test_the_schema_is_a_schema_and_closed() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    open_objects = [
        name for name, part in SCHEMA["$defs"].items() if "properties" in part and "additionalProperties" not in part
    ]
    assert open_objects == ["expr", "definition"], "these two only choose among closed ones"


def test_the_schema_names_every_operation() -> None:
    assert set(SCHEMA["$defs"]["expr"]["properties"]["op"]["enum"]) == {*OPERATIONS, *CALLABLE, *LEAVES}


def test_the_schema_names_every_kind_of_definition_and_type() -> None:
    assert SCHEMA["$defs"]["definition"]["properties"]["kind"]["enum"] == list(KINDS)
    assert set(SCHEMA["$defs"]["type"]["oneOf"][0]["enum"]) == set(WORDS) - {"error"}


def test_the_schema_names_every_part_of_the_model() -> None:
    shapes: dict[str, type] = {
        "filter": model.EventFilter,
        "aggregate": model.Aggregate,
        "each": model.Each,
        "score_rule": model.ScoreRule,
        "group": model.Group,
        "route_rule": model.RouteRule,
        "route": model.Route,
        "step": model.Step,
        "sequence": model.Sequence,
        "on": model.On,
        "trigger": model.Trigger,
        "action": model.Action,
        "goal": model.Goal,
        "test_item": model.TestItem,
        "table": model.TableValues,
        "settings": model.Settings,
        **KINDS,
    }
    for name, shape in shapes.items():
        written = set(SCHEMA["$defs"][name]["properties"]) - ({"kind"} if name in KINDS else set())
        assert written == {f.name for f in fields(shape)}, name
    assert set(SCHEMA["properties"]) == {f.name for f in fields(model.Ruleset)}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("definitions", 0, "condition", "op"), "xor"),
        (("definitions", 0, "condition", "args"), []),
        (("definitions", 0, "kind"), "formula"),
        (("definitions", 0, "speed"), 3),
        (("definitions", 0, "condition", "args", 0, "value"), 3),
        (("settings", "week"), [0]),
        (("version",), 2),
    ],
)
def test_the_schema_refuses_what_is_none(path: tuple[Any, ...], value: Any) -> None:
    data = json.loads(json.dumps(to_json(compiled("segment s when employees > 5\n"))))
    part = data
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    assert not VALIDATOR.is_valid(data)


def test_the_digest_is_of_the_meaning() -> None:
    base = digest(compiled('segment s when employees > 5\ndefine d = "a"\n'))
    assert digest(compiled('# a comment\nsegment s\n  when   employees > 5.0\ndefine d = "a"\n')) == base
    assert digest(compiled('segment s when employees > 6\ndefine d = "a"\n')) != base
    assert digest(compiled('segment s when employees > 5\ndefine d = "A"\n')) != base
    assert len(base) == 64


def test_numbers_stay_numbers_and_yes_stays_yes() -> None:
    data = json.loads(json.dumps(to_json(compiled("define single = 1\ndefine sure = true\n"))))
    data["definitions"][0]["value"]["value"] = 1  # as other tools may write 1.0
    values = [d.value.value for d in from_json(data).definitions if isinstance(d, model.Define)]
    assert [(type(v), v) for v in values] == [(float, 1.0), (bool, True)]
