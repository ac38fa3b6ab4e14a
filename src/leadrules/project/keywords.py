"""One property of a JSON Schema as a `Field`.

In: a document and the path of a property. Out: the field, and a finding for every keyword that is unknown, stands where
it means nothing, or holds what it should not. A field with a mistake in its type stays, with the type that agrees with
everything, so its uses report nothing more. Knows nothing of leads, events or keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from leadrules.core import types
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.core.text import fold, nearest
from leadrules.core.types import Type
from leadrules.project.document import Document, KeyPath, did_you_mean, listed, shown
from leadrules.project.model import Field

ANNOTATIONS = frozenset({"$schema", "$id", "title", "description", "examples", "default"})
_ON_STRINGS = frozenset({"enum", "format", "minLength", "maxLength", "pattern"})
_ON_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_ON_OBJECTS = frozenset({"properties", "additionalProperties", "required"})
_ON_ARRAYS = frozenset({"items"})
SUPPORTED = ANNOTATIONS | _ON_STRINGS | _ON_NUMBERS | _ON_OBJECTS | _ON_ARRAYS | {"type", "const"}
_OWN = ("x-columns", "x-key", "x-blanks", "x-separator", "x-api-name")
_FORMATS = {"date": types.DATE, "date-time": types.DATETIME, "email": types.TEXT, "uri": types.TEXT}
_TYPES = ("string", "number", "integer", "boolean", "array")
_WHERE = (
    (_ON_STRINGS, ("string",), "text"),
    (_ON_NUMBERS, ("number", "integer"), "numbers"),
    (_ON_ARRAYS, ("array",), "arrays"),
    (_ON_OBJECTS, (), "objects"),
)


class Property:
    """One property while it is read: its keywords, and the findings about them."""

    def __init__(self, document: Document, path: KeyPath, data: dict[str, Any], found: list[Diagnostic]) -> None:
        self.document, self.path, self.data, self.found = document, path, data, found
        self.name = str(path[-1])

    def report(self, code: str, keyword: str, message: str, help: str, *related: Related, key: bool = False) -> None:
        """Reports a keyword: its value, or with `key` its name."""
        span = (self.document.key if key else self.document.at)(*self.path, keyword)
        self.found.append(finding(code, span, message, help=help, related=related))

    def value(self, keyword: str, wanted: Callable[[Any], bool], expected: str) -> Any:
        """A keyword's value; None where absent, or reported where it is of the wrong kind."""
        if keyword not in self.data:
            return None
        if wanted(self.data[keyword]):
            return self.data[keyword]
        given = shown(self.data[keyword])
        self.report("LR072", keyword, f"`{keyword}` of `{self.name}` cannot be {given}", f"It should be {expected}.")
        return None


def read_field(document: Document, path: KeyPath, data: Any, required: bool, found: list[Diagnostic]) -> Field:
    """The field that a property declares."""
    name = str(path[-1])
    if not isinstance(data, dict):
        span = document.at(*path)
        message = f"`{name}` is {shown(data)}, not a schema"
        found.append(finding("LR072", span, message, help='Write an object such as `{"type": "string"}`.'))
        return Field(name, types.ERROR, required, span=document.key(*path))
    prop = Property(document, path, data, found)
    word, is_known = _type_word(prop)
    check_keywords(prop, SUPPORTED - _ON_OBJECTS if is_known else SUPPORTED, word if is_known else None)
    type_ = _type(prop, word) if is_known else types.ERROR
    return _field(prop, type_, word, required)


def _field(prop: Property, type_: Type, word: str, required: bool) -> Field:
    field = Field(
        name=prop.name,
        type=type_,
        required=required,
        description=_description(prop),
        columns=_headers(prop, "x-columns"),
        blanks=_headers(prop, "x-blanks"),
        separator=prop.value("x-separator", _is_separator, "a text such as `;`") or ";",
        api_name=prop.value("x-api-name", _is_header, "a name such as `Lead_Score__c`"),
        format=prop.data.get("format") if type_.kind != "error" else None,
        integer=word == "integer",
        minimum=prop.value("minimum", is_number, "a number"),
        maximum=prop.value("maximum", is_number, "a number"),
        exclusive_minimum=prop.value("exclusiveMinimum", is_number, "a number"),
        exclusive_maximum=prop.value("exclusiveMaximum", is_number, "a number"),
        min_length=prop.value("minLength", _is_length, "a whole number from 0"),
        max_length=prop.value("maxLength", _is_length, "a whole number from 0"),
        pattern=_pattern(prop),
        const=_const(prop, type_),
        span=prop.document.key(*prop.path),
    )
    _check_limits(prop, field)
    if word != "array" and "x-separator" in prop.data:
        prop.report("LR072", "x-separator", "`x-separator` belongs to arrays", "Take it out.", key=True)
    return field


def check_keywords(prop: Property, here: frozenset[str], word: str | None) -> None:
    """Reports every keyword that is not supported, or means nothing for the type."""
    for keyword in prop.data:
        if keyword.startswith("x-"):
            _check_extension(prop, keyword)
        elif keyword not in SUPPORTED:
            way_out = did_you_mean(keyword, SUPPORTED, f"Supported are {listed(sorted(SUPPORTED), 'and')}.")
            prop.report("LR070", keyword, f"the keyword `{keyword}` is not supported", way_out, key=True)
        elif keyword in ANNOTATIONS:
            _check_annotation(prop, keyword)
        elif keyword not in here or (word is not None and not _applies(keyword, word)):
            message = f"`{keyword}` says nothing about `{prop.name}`: it belongs to {_belongs(keyword)}"
            prop.report("LR070", keyword, message, "Take it out, or change the `type`.", key=True)


def _applies(keyword: str, word: str) -> bool:
    if word == "object":
        return keyword in _ON_OBJECTS or keyword == "type"
    return all(keyword not in keywords or word in words for keywords, words, _ in _WHERE)


def _belongs(keyword: str) -> str:
    return next((what for keywords, _, what in _WHERE if keyword in keywords), "fields")


def _check_extension(prop: Property, keyword: str) -> None:
    # What all of them begin with makes none of them alike.
    word = nearest(keyword[2:], [own[2:] for own in _OWN]) if keyword not in _OWN else None
    near = f"x-{word}"
    if word is not None:
        message = f"`{keyword}` is not read; `{near}` would be"
        prop.report("LR077", keyword, message, f"Did you mean `{near}`?", key=True)


def _check_annotation(prop: Property, keyword: str) -> None:
    if keyword in ("title", "description", "$id"):
        prop.value(keyword, is_text, "a text")
    elif keyword == "examples":
        prop.value(keyword, lambda value: isinstance(value, list), "a list")
    elif keyword == "$schema":
        expected = "`https://json-schema.org/draft/2020-12/schema`"
        prop.value(keyword, lambda value: is_text(value) and value.rstrip("#") == expected.strip("`"), expected)


def _type_word(prop: Property) -> tuple[str, bool]:
    """The one JSON type of the property, `null` apart, and whether it is one that a field can have."""
    given = prop.data.get("type", _implied_type(prop))
    words = given if isinstance(given, list) else [given]
    real = [word for word in words if word != "null"]
    if len(real) == 1 and isinstance(real[0], str) and real[0] in _TYPES:
        return real[0], True
    if "type" not in prop.data:
        if any(keyword not in SUPPORTED and not keyword.startswith("x-") for keyword in prop.data):
            return "", False  # `oneOf` or a misspelt `type` is reported, and says why there is none
        span = prop.document.key(*prop.path)
        way_out = f'Add `"type"`: {listed(_TYPES)}.'
        prop.found.append(finding("LR071", span, f"`{prop.name}` has no `type`", help=way_out))
    else:
        prop.report("LR071", "type", *_type_words(prop.name, real))
    return "", False


def _implied_type(prop: Property) -> str | None:
    enum = prop.data.get("enum")
    examples = enum if isinstance(enum, list) else [prop.data.get("const")]
    return (
        "string"
        if examples
        and all(isinstance(value, str) or value is None for value in examples)
        and any(isinstance(value, str) for value in examples)
        else None
    )


def _type_words(name: str, real: list[Any]) -> tuple[str, str]:
    choices = f"A field is {listed(_TYPES)}"
    if len(real) > 1:
        return f"`{name}` has {len(real)} types; a field has one", f'{choices}; `"null"` may stand beside it.'
    if real == ["object"]:
        return f"`{name}` is an object; a field is one value", f"{choices}. Give each part a field of its own."
    given = real[0] if real else "null"
    near = did_you_mean(given, _TYPES, f"{choices}.") if isinstance(given, str) else f"{choices}."
    return f"`{name}` has the type {shown(given)}", near


def _type(prop: Property, word: str) -> Type:
    if word == "string":
        return _text_type(prop)
    if word == "array":
        return _set_type(prop)
    return types.YESNO if word == "boolean" else types.NUMBER


def _text_type(prop: Property) -> Type:
    name = prop.data.get("format")
    if "format" in prop.data and not (is_text(name) and name in _FORMATS):
        near = did_you_mean(str(name), _FORMATS, f"Formats are {listed(_FORMATS)}.")
        prop.report("LR072", "format", f"`format` of `{prop.name}` cannot be {shown(name)}", near)
        return types.ERROR
    if "enum" in prop.data:
        if name in ("date", "date-time"):
            prop.report("LR070", "enum", "a date has no `enum`", "Keep `enum` or `format`.", key=True)
        return _choice(prop)
    return _FORMATS[name] if name is not None else types.TEXT


def _choice(prop: Property) -> Type:
    values = prop.value("enum", _has_options, "a list of texts")
    if values is None:
        return types.ERROR
    options: dict[str, int] = {}
    for at, option in enumerate(values):
        if option is not None:
            _take_option(prop, at, option, options, values)
    return Type("choice", tuple(values[at] for at in options.values())) if options else types.ERROR


def _take_option(prop: Property, at: int, option: Any, options: dict[str, int], values: list[Any]) -> None:
    span = prop.document.at(*prop.path, "enum", at)
    if not isinstance(option, str) or not option.strip():
        message = f"{shown(option) if option != '' else 'an empty text'} is not a choice of `{prop.name}`"
        way_out = "A choice is a text that is not blank; every field may be blank unless it is `required`."
        prop.found.append(finding("LR072", span, message, help=way_out))
        return
    first = options.setdefault(fold(option), at)
    if first != at:
        earlier = Related(prop.document.at(*prop.path, "enum", first), f"`{values[first]}` stands here")
        message = f"`{option}` and `{values[first]}` are the same choice: case, width and outer spaces do not count"
        prop.found.append(finding("LR073", span, message, help="Keep one of them.", related=(earlier,)))


def _set_type(prop: Property) -> Type:
    items = prop.data.get("items")
    if not isinstance(items, dict) or items.get("type") != "string":
        key = "items" in prop.data
        span = prop.document.at(*prop.path, "items") if key else prop.document.key(*prop.path)
        message = f"the items of `{prop.name}` are not declared as text"
        prop.found.append(finding("LR071", span, message, help='Write `"items": {"type": "string"}`.'))
        return types.ERROR
    inner = Property(prop.document, (*prop.path, "items"), items, prop.found)
    inner.name = prop.name
    check_keywords(inner, ANNOTATIONS | {"type", "enum"}, None)
    if "enum" not in items:
        return types.SET
    choice = _choice(inner)
    return Type("set", choice.options) if choice.kind == "choice" else types.ERROR


def _description(prop: Property) -> str:
    text = prop.data.get("description")
    return text if isinstance(text, str) else ""


def _headers(prop: Property, keyword: str) -> tuple[str, ...]:
    expected = f'a list of texts such as `["{"Lead ID" if keyword == "x-columns" else "-1"}"]`'
    texts = prop.value(keyword, lambda v: isinstance(v, list) and all(isinstance(t, str) for t in v), expected)
    if keyword == "x-columns" and texts and not all(text.strip() for text in texts):
        prop.report("LR072", keyword, f"`x-columns` of `{prop.name}` has a blank header", "Name each header.")
        return ()
    return tuple(texts or ())


def _pattern(prop: Property) -> str | None:
    text = prop.value("pattern", is_text, "a regular expression in quotes")
    if text is None:
        return None
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        prop.report(
            "LR072", "pattern", f"`pattern` of `{prop.name}` is not a regular expression", f"{error}.".capitalize()
        )
        return None
    if re.search(r"(?<!\\)(\\\\)*(\(\?<?[=!]|\\[1-9])", text):
        way_out = "Patterns are searched in linear time: no look-around and no back-references."
        prop.report("LR072", "pattern", f"`pattern` of `{prop.name}` looks around or back", way_out)
        return None
    return str(text)


def _const(prop: Property, type_: Type) -> Any:
    if "const" not in prop.data or type_.kind == "error":
        return None
    if type_.is_temporal:
        prop.report("LR070", "const", "a date has no `const`", "Take it out.", key=True)
        return None
    value = prop.data["const"]
    fits = {
        "number": is_number(value),
        "yesno": isinstance(value, bool),
        "set": False,
        "choice": isinstance(value, str) and fold(value) in {fold(option) for option in type_.options},
    }
    if fits.get(type_.kind, is_text(value)):
        return value
    way_out = f"It should be {'one of its `enum`' if type_.kind == 'choice' else str(type_)}."
    prop.report("LR072", "const", f"`const` of `{prop.name}` cannot be {shown(value)}", way_out)
    return None


def _check_limits(prop: Property, field: Field) -> None:
    low = _tightest(max, field.minimum, field.exclusive_minimum)
    high = _tightest(min, field.maximum, field.exclusive_maximum)
    open_end = field.exclusive_minimum == low or field.exclusive_maximum == high
    if low is not None and high is not None and (low > high or (low == high and open_end)):
        keyword = "maximum" if field.maximum == high else "exclusiveMaximum"
        prop.report("LR072", keyword, f"no number is allowed in `{prop.name}`", "Let the limits leave room.")
    if field.min_length is not None and field.max_length is not None and field.min_length > field.max_length:
        prop.report("LR072", "maxLength", f"no text is allowed in `{prop.name}`", "Let the lengths leave room.")


def _tightest(pick: Callable[..., float], *limits: float | None) -> float | None:
    given = [value for value in limits if value is not None]
    return pick(given) if given else None


def is_text(value: Any) -> bool:
    """Whether a JSON value is a text."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number, which true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_length(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _has_options(value: Any) -> bool:
    return isinstance(value, list) and any(option is not None for option in value)


def _is_header(value: Any) -> bool:
    return is_text(value) and value != "" and value == value.strip()


def _is_separator(value: Any) -> bool:
    return is_text(value) and value != ""
