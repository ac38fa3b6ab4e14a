"""The compiled ruleset as JSON and back, and the digest that names it.

In: a `Ruleset`, or the JSON that grammar/ruleset.schema.json describes. Out: the other. What has its default value is left
out; a definition says its `kind`; a plain type is its kind alone. Positions sit under `span` and take no part in the digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, lru_cache
from hashlib import sha256
from types import UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from leadrules.core.identity import Same
from leadrules.core.types import Type
from leadrules.ruleset import model

Json = Any
T = TypeVar("T")

KINDS: dict[str, type[model.Definition]] = {
    "define": model.Define,
    "segment": model.Segment,
    "score": model.Score,
    "band": model.Band,
    "matrix": model.Matrix,
    "classify": model.Classify,
    "stages": model.Stages,
}
KIND_OF: dict[type, str] = {kind: word for word, kind in KINDS.items()}


def to_json(ruleset: model.Ruleset) -> dict[str, Json]:
    """The ruleset as JSON data: dictionaries, lists, texts, numbers."""
    return cast("dict[str, Json]", _encode(ruleset))


def from_json(data: Mapping[str, Json]) -> model.Ruleset:
    """The ruleset that `to_json` wrote. Raises KeyError or TypeError for data that breaks the schema."""
    return cast("model.Ruleset", _decode(model.Ruleset, data))


def to_text(ruleset: model.Ruleset) -> str:
    """The JSON as a text without white space, in which a state keeps rules."""
    return json.dumps(to_json(ruleset), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=32)
def from_text(text: str) -> model.Ruleset:
    """The ruleset of such a text."""
    return from_json(json.loads(text))


def without_spans(data: Json) -> Json:
    """The JSON of a ruleset, or a part of it, without positions."""
    if isinstance(data, dict):
        return {key: without_spans(value) for key, value in data.items() if key != "span"}
    return [without_spans(item) for item in data] if isinstance(data, list) else data


def digest(ruleset: model.Ruleset) -> str:
    """SHA-256 of what the rules mean: layout, comments and the order of files change nothing in it.

    A run with a state asks eight times for that of two or three rulesets, and each takes 10 ms.
    """
    return _digest(Same(ruleset))


@lru_cache(maxsize=4)
def _digest(ruleset: Same[model.Ruleset]) -> str:
    text = json.dumps(without_spans(to_json(ruleset.it)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _encode(value: Any) -> Json:
    if isinstance(value, Type):
        return _encode_type(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _encode_parts(value)
    if isinstance(value, tuple | list):
        return [_encode(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _encode_type(value: Type) -> Json:
    if not value.options and not value.owner:
        return value.kind
    return {
        "kind": value.kind,
        "options": list(value.options),
        **({"owner": value.owner} if value.owner else {}),
    }


def _encode_parts(value: Any) -> dict[str, Json]:
    found: dict[str, Json] = {"kind": KIND_OF[type(value)]} if type(value) in KIND_OF else {}
    for name, default in _defaults(cast("Any", type(value))):
        part = getattr(value, name)
        if default is MISSING or part != default or type(part) is not type(default):
            found[name] = _encode(part)
    if isinstance(value, model.Expr) and value.op == "const":
        found.setdefault("value", None)
    return found


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The fields in the order of their declaration, the place last, with their defaults."""
    found = [(f.name, f.default) for f in fields(kind)]
    return tuple(sorted(found, key=lambda item: item[0] == "span"))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, data: Json) -> Any:
    """The value of a type from its JSON."""
    if kind is Type:
        return _decode_type(data)
    if is_dataclass(kind):
        return _decode_parts(cast("type[Any]", kind), data)
    origin = get_origin(kind)
    if origin is tuple:
        return _decode_tuple(get_args(kind), data)
    if origin in (Union, UnionType):
        return _decode_union(get_args(kind), data)
    return float(data) if kind is float else data


def _decode_type(data: Json) -> Type:
    if isinstance(data, str):
        return Type(cast("Any", data))
    return Type(data["kind"], tuple(data["options"]), data.get("owner", ""))


def _decode_parts(kind: type[T], data: Mapping[str, Json]) -> T:
    actual = KINDS[data["kind"]] if issubclass(kind, model.Definition) else kind
    hints = _hints(cast("Any", actual))
    parts = {name: _decode(hints[name], value) for name, value in data.items() if name in hints}
    if actual is model.Expr:
        parts["value"] = _static(data["op"], data.get("value"))
    return cast("T", actual(**parts))


def _static(op: str, value: Json) -> Any:
    """The static part of an expression: a number is a float, a list a tuple."""
    if isinstance(value, list):
        return tuple(value)
    is_number = op == "const" and isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_number else value


def _decode_tuple(items: tuple[Any, ...], data: Json) -> tuple[Any, ...]:
    if items[-1] is Ellipsis:
        return tuple(_decode(items[0], item) for item in data)
    return tuple(_decode(kind, item) for kind, item in zip(items, data, strict=True))


def _decode_union(kinds: tuple[Any, ...], data: Json) -> Any:
    if data is None:
        return None
    some = [kind for kind in kinds if kind is not type(None)]
    if len(some) == 1 and get_origin(some[0]) is not Literal:
        return _decode(some[0], data)
    return float(data) if float in some and isinstance(data, int) else data
