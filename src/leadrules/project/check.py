"""leadrules.yaml and team.yaml against their JSON Schemas, in the reader's words.

In: a document and the name of a schema of grammar/. Out: at most one finding per value; `bad_paths` are the values a
reader must pass over. What belongs in a place is said by `x-expected` in the schema, so the words live beside the rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache, reduce
from operator import getitem
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.resources import grammar_text
from leadrules.core.text import nearest
from leadrules.project.document import Document, KeyPath, did_you_mean, listed, shown

_SAME_PLACE = ("$ref", "then", "else")  # keywords of a schema that lead to no other value
_MARK = "\0"
_NUMERIC = (_MARK, "+", *"0123456789")  # how the keys that are marked begin


def check_document(document: Document, schema: str) -> tuple[list[Diagnostic], set[KeyPath]]:
    """The findings of the file against the schema, and the paths of the values that are wrong or unknown."""
    found: list[Diagnostic] = []
    bad: set[KeyPath] = set()
    for error in sorted(_errors(document, schema), key=_outermost_first):
        for path, diagnostic in _findings(document, error):
            if path not in bad:
                bad.add(path)
                found.append(diagnostic)
    return found, bad


@dataclass(frozen=True, slots=True)
class _Error:
    """One violation: where in the document, of which keyword of which part of the schema, and the value there."""

    path: KeyPath
    keyword: str
    schema: Any
    instance: Any
    message: str
    beside: tuple[str, ...]  # the names of what may stand in this place, where other names may stand there too

    @property
    def wanted(self) -> Any:
        """What the keyword asks for."""
        return self.schema[self.keyword]


def _errors(document: Document, name: str) -> Iterator[_Error]:
    schema, validator = _validator(name)
    for error in validator.iter_errors(_marked(document.data)):
        *outer, keyword = error.evaluation_path
        path = tuple(step.removeprefix(_MARK) if isinstance(step, str) else step for step in error.instance_path)
        value = reduce(getitem, path, document.data)
        while outer and outer[-1] in _SAME_PLACE:
            outer.pop()
        around = _part(schema, outer[:-1]) if outer[-1:] == ["additionalProperties"] else {}
        beside = tuple(around.get("properties", {}))
        yield _Error(path, keyword, _part(schema, error.evaluation_path[:-1]), value, error.message, beside)


def _marked(value: Any) -> Any:
    """The same with a mark before each key that is a number: the validator would tell its place as one in a list."""
    if isinstance(value, dict):
        return {_MARK + key if key.startswith(_NUMERIC) else key: _marked(part) for key, part in value.items()}
    return [_marked(part) for part in value] if isinstance(value, list) else value


def _part(schema: Any, path: Iterable[str | int]) -> Any:
    """The part of a schema that a path leads to, through its `$ref`s."""
    part = schema
    for step in path:
        part = reduce(getitem, part["$ref"].removeprefix("#/").split("/"), schema) if step == "$ref" else part[step]
    return part


@cache
def _validator(name: str) -> tuple[Any, Any]:
    from jsonschema_rs import Draft202012Validator

    schema = json.loads(grammar_text(name))
    return schema, Draft202012Validator(schema)


def _outermost_first(error: _Error) -> tuple[int, int]:
    return len(error.path), 0 if error.keyword == "type" else 1


def _findings(document: Document, error: _Error) -> Iterator[tuple[KeyPath, Diagnostic]]:
    path = error.path
    if error.keyword in ("additionalProperties", "unevaluatedProperties"):
        for key in _unknown_keys(error):
            yield (*path, key), unknown_key(document, path, key, _known_keys(error), _holder(key, error))
    elif error.keyword == "required":
        for key in error.wanted:
            if key not in error.instance and not _is_misspelt(key, error):
                yield (*path, key), _missing_key(document, path, key, error)
    elif error.keyword == "uniqueItems":
        yield path, _repeated(document, path, error.instance)
    else:
        expected = str(error.schema.get("x-expected", error.message))
        way_out = _unquoted(error, expected) or did_you_mean(str(path[-1]) if path else "", error.beside)
        yield path, wrong_value(document, path, error.instance, expected, way_out)


def _is_misspelt(key: str, error: _Error) -> bool:
    """Whether a key that is missing stands there under another name, which is told of already."""
    return error.schema.get("additionalProperties") is False and nearest(key, _unknown_keys(error)) is not None


def _known_keys(error: _Error) -> list[str]:
    known = list(error.schema.get("properties", {}))
    if error.keyword == "unevaluatedProperties":
        known += _shared_source_keys()
    return known


@cache
def _shared_source_keys() -> tuple[str, ...]:
    schema = json.loads(grammar_text("project.schema.json"))
    return tuple(schema["$defs"]["source"]["properties"])


def _unknown_keys(error: _Error) -> list[str]:
    known = _known_keys(error)
    return [key for key in error.instance if key not in known]


def _holder(key: str, error: _Error) -> str | None:
    """The key under which this one would mean something: `leads` stands under `sources`."""
    beside = error.schema.get("properties", {}).items()
    return next((name for name, one in beside if key in one.get("properties", {})), None)


def unknown_key(document: Document, path: KeyPath, key: str, known: list[str], holder: str | None = None) -> Diagnostic:
    """The finding for a key that means nothing here; `holder` is the key that it belongs under."""
    where = f" in `{_dotted(path)}`" if path else ""
    way_out = did_you_mean(key, known, f"The keys here are {listed(known, 'and')}.")
    way_out = way_out if holder is None else f"It stands under `{holder}`, indented."
    name, colon, value = key.partition(":")
    if colon and name in known:
        way_out = f"Put a space after the `:`, as in `{name}: {value}`."
    return finding("LR054", document.key(*path, key), f"unknown key `{key}`{where}", help=way_out)


def _missing_key(document: Document, path: KeyPath, key: str, error: _Error) -> Diagnostic:
    where = f"`{_dotted(path)}`" if path else "the file"
    expected = error.schema.get("properties", {}).get(key, {}).get("x-expected")
    way_out = f"Add `{key}: {expected.split('`')[1]}`." if expected and "`" in expected else f"Add `{key}: ...`."
    return finding("LR056", document.head(*path), f"{where} lacks the key `{key}`", help=way_out)


def _repeated(document: Document, path: KeyPath, items: list[Any]) -> Diagnostic:
    at = next(at for at, item in enumerate(items) if item in items[:at])
    message = f"{shown(items[at])} stands twice in `{_dotted(path)}`"
    return finding("LR055", document.at(*path, at), message, help="Keep one of the two.")


def _unquoted(error: _Error, expected: str) -> str:
    """The way out where a text was meant and YAML reads a number or true/false."""
    scalar = isinstance(error.instance, (bool, int, float))
    free = error.schema.get("pattern", "\\S") == "\\S" and '"' not in expected
    if error.keyword != "type" or error.wanted != "string" or not scalar or not free:
        return ""
    return f"It should be {expected}; a text that reads as a number or true/false stands in quotes."


def wrong_value(document: Document, path: KeyPath, value: Any, expected: str, help: str = "") -> Diagnostic:
    """The finding for a value that does not belong where it stands."""
    name = _dotted(path)
    span = document.at(*path) if value is not None else document.key(*path)
    if value is None and name:
        way_out = f"Give it {expected}, or take the line out."
        return finding("LR055", span, f"`{name}` has no value", help=help or way_out)
    subject = f"`{name}` cannot be {shown(value)}" if name else f"the file holds {shown(value)}"
    return finding("LR055", span, subject, help=help or f"It should be {expected}.")


def _dotted(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text
