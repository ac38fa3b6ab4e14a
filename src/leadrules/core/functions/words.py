"""Text: contains, starts with, ends with, matches, lower, upper, trim, length, concat, domain_of, lookup, bucket.

In: text; folded for the searches and for the key of a lookup. Out: operations. No operation gives an empty text: that
is a blank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import Any

from leadrules.core.functions import columnar
from leadrules.core.functions.operation import Context, Example, Operation, parameter, plainly, strict, text
from leadrules.core.functions.patterns import has_match
from leadrules.core.records import dataclass
from leadrules.core.text import TRIM, plain, trimmed
from leadrules.core.types import NUMBER, SET, TEXT, YESNO, Type

_BUCKETS = 100


@dataclass(frozen=True, slots=True)
class Lookup:
    """One column of a table: its cells by folded key, and their type. The static value of `lookup`."""

    cells: Mapping[str, Any]
    type: Type


def _search(test: Any) -> Any:
    """A search for any of the static texts and of the texts worked out per lead; an empty one is not found."""

    def row(context: Context, value: Sequence[str], x: Any, *others: Any) -> bool:
        if x is None:
            return False
        return any(test(x, part) for part in value if part) or any(test(x, part) for part in others if part)

    return row


def _contains_column(context: Context, value: Sequence[str], types: Sequence[Type], x: Any, *others: Any) -> Any:
    parts = [part for part in value if part]
    tests = [x.str.contains_any(parts) if len(parts) > 1 else x.str.contains(parts[0], literal=True)] if parts else []
    return _searched(x, tests + [x.str.contains(_some(other), literal=True) for other in others])


def _starts_column(context: Context, value: Sequence[str], types: Sequence[Type], x: Any, *others: Any) -> Any:
    parts = [part for part in value if part]
    tests = [columnar.begins(x, parts)] if parts else []
    return _searched(x, tests + [x.str.starts_with(_some(other)) for other in others])


def _ends_column(context: Context, value: Sequence[str], types: Sequence[Type], x: Any, *others: Any) -> Any:
    parts = [part for part in value if part]
    tests = [columnar.begins(x, parts, at_end=True)] if parts else []
    return _searched(x, tests + [x.str.ends_with(_some(other)) for other in others])


def _some(other: Any) -> Any:
    return columnar.blank_if_empty(other)


def _searched(x: Any, tests: Sequence[Any]) -> Any:
    return columnar.any_of(tests) if tests else columnar.is_member(x, ())


def _matches(context: Context, value: Sequence[str], x: Any) -> bool:
    if x is None:
        return False
    seen = plain(x)
    return any(has_match(pattern, seen) for pattern in value)


def _matches_column(context: Context, value: Sequence[str], types: Sequence[Type], x: Any) -> Any:
    import polars as pl

    def found(series: pl.Series) -> pl.Series:
        seen = columnar.plain_series(series)
        result = seen.str.contains(value[0])
        for pattern in value[1:]:
            result = result | seen.str.contains(pattern)
        return result.fill_null(value=False)

    return columnar.each(found, pl.Boolean(), x)


def _each_text(function: Any) -> Any:
    import polars as pl

    return lambda x: columnar.each(function, pl.String(), x)


def _lower_column(x: Any) -> Any:
    return _each_text(columnar.lower_series)(x)


def _upper_column(x: Any) -> Any:
    return _each_text(columnar.upper_series)(x)


def _length_column(context: Context, value: Any, types: Sequence[Type], x: Any) -> Any:
    import polars as pl

    return (x.list.len() if types[0].kind == "set" else x.str.len_chars()).cast(pl.Float64)


def _concat_column(*args: Any) -> Any:
    import polars as pl

    return columnar.blank_if_empty(pl.concat_str(args))


def _domain_of(address: str) -> str | None:
    _, at, domain = address.rpartition("@")
    return trimmed(domain.lower()) or None if at else None


def _domain_of_column(x: Any) -> Any:
    import polars as pl

    return columnar.each(_domain_series, pl.String(), x)


def _domain_series(series: Any) -> Any:
    # Splitting costs a third of what a regular expression does.
    parts = series.str.split("@")
    domain = columnar.by_few(parts.list.last(), lambda ends: columnar.lower_series(ends).str.strip_chars(TRIM))
    has_one = (parts.list.len() > 1) & (domain != "")
    return columnar.only(domain, has_one)


def _lookup(context: Context, value: Lookup, key: Any) -> Any:
    return None if key is None else value.cells.get(key)


def _lookup_column(context: Context, value: Lookup, types: Sequence[Type], key: Any) -> Any:
    import polars as pl

    result = columnar.dtype(value.type)
    if not value.cells:
        return pl.when(key.is_null() & key.is_not_null()).then(pl.lit(None, dtype=result))
    keys = pl.Series(list(value.cells), dtype=pl.String)
    return key.replace_strict(
        keys, pl.Series(list(value.cells.values()), dtype=result), default=None, return_dtype=result
    )


def _bucket(context: Context, value: str, key: Any) -> float | None:
    if key is None:
        return None
    digest = md5(f"{value}:{key}".encode(), usedforsecurity=False).digest()
    return float(int.from_bytes(digest, "big") % _BUCKETS)


def _bucket_column(context: Context, value: str, types: Sequence[Type], key: Any) -> Any:
    import polars as pl

    start = md5(f"{value}:".encode(), usedforsecurity=False)

    def digest(text: str) -> bytes:
        hash_ = start.copy()
        hash_.update(text.encode())
        return hash_.digest()

    def buckets(series: pl.Series) -> pl.Series:
        texts = series.cast(pl.String).to_list()
        digests = pl.Series([None if text is None else digest(text) for text in texts], dtype=pl.Binary)
        # 2^64 is 16 modulo 100, so the two halves of the number give its rest without big integers.
        high = digests.bin.slice(0, 8).bin.reinterpret(dtype=pl.UInt64, endianness="big") % _BUCKETS
        low = digests.bin.slice(8, 8).bin.reinterpret(dtype=pl.UInt64, endianness="big") % _BUCKETS
        return ((high * (2**64 % _BUCKETS) + low) % _BUCKETS).cast(pl.Float64)

    return columnar.each(buckets, pl.Float64(), key)


def _needle() -> Any:
    return parameter("part", "text", "choice", "label", words="text", optional=True, many=True)


OPERATIONS = (
    Operation(
        "contains",
        "Yes when any of the parts is found in x, as people read it: folded.",
        (text("x"), _needle()),
        YESNO,
        _search(lambda x, part: part in x),
        _contains_column,
        (
            Example(("vp of sales",), True, value=("director", "vp")),
            Example(("svp",), False, value=(" vp",)),
            Example((None,), False, value=("vp",)),
            Example(("acme inc", "acme"), True, value=()),
        ),
        folded=True,
    ),
    Operation(
        "starts",
        "Yes when x starts with any of the parts, folded.",
        (text("x"), _needle()),
        YESNO,
        _search(str.startswith),
        _starts_column,
        (
            Example(("/pricing/eu",), True, value=("/pricing",)),
            Example(("x/pricing",), False, value=("/pricing",)),
            Example((None,), False, value=("/pricing",)),
        ),
        folded=True,
    ),
    Operation(
        "ends",
        "Yes when x ends with any of the parts, folded.",
        (text("x"), _needle()),
        YESNO,
        _search(str.endswith),
        _ends_column,
        (Example(("a.ac.jp",), True, value=(".ac.jp", ".edu")), Example((None,), False, value=(".edu",))),
        folded=True,
    ),
    Operation(
        "matches",
        "Yes when any of the patterns is found in x (NFKC, trimmed, in its own case); Rust's regex syntax, unanchored.",
        (text("x"),),
        YESNO,
        _matches,
        _matches_column,
        (
            Example(("VP Sales",), True, value=(r"\bVP\b",)),
            Example(("ＶＰ",), True, value=("^VP$",)),
            Example(("vp",), False, value=("VP",)),
            Example((None,), False, value=(".",)),
        ),
    ),
    Operation(
        "lower",
        "x in lower case.",
        (text("x"),),
        TEXT,
        strict(str.lower),
        plainly(_lower_column),
        (Example(("ACME",), "acme"), Example(("ΟΔΟΣ",), "οδος"), Example((None,), None)),
        by_name=True,
    ),
    Operation(
        "upper",
        "x in upper case.",
        (text("x"),),
        TEXT,
        strict(str.upper),
        plainly(_upper_column),
        (Example(("acme",), "ACME"), Example(("straße",), "STRASSE"), Example((None,), None)),
        by_name=True,
    ),
    Operation(
        "trim",
        "x without white space around it; blank when nothing is left.",
        (text("x"),),
        TEXT,
        strict(lambda x: trimmed(x) or None),
        plainly(lambda x: columnar.blank_if_empty(x.str.strip_chars(TRIM))),
        (Example((" a b\u3000",), "a b"), Example(("  ",), None), Example((None,), None)),
        by_name=True,
    ),
    Operation(
        "length",
        "The number of characters (code points) of a text, or of items of a set.",
        (parameter("x", "text", "choice", "label", "set", words="text and sets"),),
        NUMBER,
        strict(lambda x: float(len(x))),
        _length_column,
        (
            Example(("MÜLLER@x",), 8.0),
            Example(("部長",), 2.0),
            Example((None,), None),
            Example((("a", "b"),), 2.0, types=(SET,)),
        ),
        by_name=True,
    ),
    Operation(
        "concat",
        "The texts one after the other; blank if any of them is.",
        (text("a"), text("b", many=True)),
        TEXT,
        strict(lambda *args: "".join(args) or None),
        plainly(_concat_column),
        (Example(("a", "-", "b"), "a-b"), Example(("a", None), None)),
        by_name=True,
    ),
    Operation(
        "domain_of",
        "The part of an email address after its last @, in lower case; blank when there is none.",
        (text("email"),),
        TEXT,
        strict(_domain_of),
        plainly(_domain_of_column),
        (
            Example(("Jane@ACME.com",), "acme.com"),
            Example(('"a@b"@x.io ',), "x.io"),
            Example(("jane",), None),
            Example((None,), None),
            Example(("jane@",), None),
        ),
        by_name=True,
    ),
    Operation(
        "lookup",
        "The cell of a table's column in the row of this key; blank when no row has it.",
        (text("key"),),
        TEXT,
        _lookup,
        _lookup_column,
        (
            Example(("acme.com",), "gold", value=Lookup({"acme.com": "gold"}, TEXT)),
            Example(("other.io",), None, value=Lookup({"acme.com": 3.0}, NUMBER)),
            Example((None,), None, value=Lookup({}, NUMBER)),
        ),
        by_name=True,
        folded=True,
    ),
    Operation(
        "bucket",
        "0 to 99, a stable hash of a name and the lead's key: the same lead is always in the same bucket.",
        (text("key"),),
        NUMBER,
        _bucket,
        _bucket_column,
        (Example(("L1",), 89.0, value="pilot"), Example((None,), None, value="pilot")),
        by_name=True,
    ),
)
