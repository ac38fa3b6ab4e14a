"""Folding, rounding, numbers as text, did-you-mean: against values worked out by hand."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadrules.core.functions.columnar import fold_series
from leadrules.core.functions.patterns import has_match, pattern_error
from leadrules.core.text import fold, folded, in_units, nearest, nfc, number_text, plain, rounded, trimmed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＳａａＳ ", "saas"),
        ("\u3000ﾌﾞﾁｮｳ", "ブチョウ"),
        ("㍿ＡＢＣ", "株式会社abc"),
        ("É", "é"),
        ("İstanbul", "i̇stanbul"),
        ("ΟΔΟΣ", "οδοσ"),
        ("\ufeffLead\u200b", "lead"),
        ("ﬁne", "fine"),
        ("plain", "plain"),
        # As a web form or macOS writes it, and as Excel's cp932 has it.
        ("1〜9名", "1~9名"),
        (b"1\x81\x609\x96\xbc".decode("cp932"), "1~9名"),
        ("−5", "-5"),
        (b"\x81\x7c5".decode("cp932"), "-5"),
        ("A—B", b"a\x81\x5cb".decode("cp932")),
        ("A‖B", b"a\x81\x61b".decode("cp932")),
    ],
)
def test_values_fold_as_people_read_them(text: str, expected: str) -> None:
    assert fold(text) == expected
    assert fold_series(pl.Series([text, "ascii", None])).to_list() == [expected, "ascii", None]


def test_a_literal_keeps_its_spaces() -> None:
    assert folded(" ＶＰ") == " vp"


@given(st.text(), st.text())
def test_a_folded_part_is_a_part_of_the_folded_ascii_whole(before: str, part: str) -> None:
    before, part = before.encode("ascii", "ignore").decode(), part.encode("ascii", "ignore").decode()
    assert folded(part) in folded(before + part)


def test_final_sigma_does_not_hide_a_part() -> None:
    assert folded("ΟΔΟΣ") in folded("ΟΔΟΣΑ")


def test_matches_sees_normal_text_in_its_own_case() -> None:
    assert plain("\u3000ＶＰ ") == "VP"
    assert trimmed("\x85a\u200b") == "a"
    assert nfc("e\u0301") == "é"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"\bVP\b", "The VP, Sales", True),
        (r"\bVP\b", "SVP", False),
        (r"^\d+$", "１２", True),
        (r"(?i)vp", "VP", True),
        (r"\w部", "営部", True),
        (r"\bé\b", "un é là", True),
    ],
)
def test_patterns_are_unicode_and_unanchored(pattern: str, text: str, expected: bool) -> None:
    assert has_match(pattern, text) is expected


def test_a_bad_pattern_says_why() -> None:
    assert pattern_error(r"ok.*") is None
    assert "look-around" in (pattern_error(r"(?=x)") or "")
    assert "unclosed" in (pattern_error("(") or "")


def test_of_two_equally_close_names_the_earlier_one_was_meant_and_sets_have_an_order_too() -> None:
    assert nearest("cat", ["car", "bat"]) == "car"
    assert nearest("cat", ["bat", "car"]) == "bat"
    assert nearest("cat", {"car", "bat"}) == nearest("cat", frozenset({"car", "bat"})) == "bat"


PIECES = [
    "a",
    "部",
    " ",
    "#",
    "-",
    "&",
    "~",
    "^",
    "$",
    ".",
    "|",
    "(",
    ")",
    "()",
    "*",
    "+",
    "?",
    r"\b",
    r"\W",
    r"\.",
    r"\-",
]


@given(st.sampled_from(["", "(?i)"]), st.lists(st.sampled_from(PIECES), max_size=12))
@settings(max_examples=1_000)
def test_what_is_taken_for_an_everyday_pattern_is_read_by_polars(flag: str, pieces: list[str]) -> None:
    pattern = flag + "".join(pieces)
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError:
        assert pattern_error(pattern) is not None
    else:
        assert pattern_error(pattern) is None


def test_the_longest_everyday_pattern_is_not_too_large_for_polars() -> None:
    for piece in (r"\w", r"\W", ".", "部", "((a*)*)*"):
        pattern = "(?i)" + piece * (196 // len(piece))
        assert not pl.Series([""]).str.contains(pattern).is_null().any()
        assert pattern_error(pattern) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (12.0, "12"),
        (-12.5, "-12.5"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (1e-7, "0.0000001"),
        (9e14, "900000000000000"),
        (1e22, "10000000000000000000000"),
        (1200.0, "1200"),
    ],
)
def test_numbers_print_without_trailing_zeros(number: float, text: str) -> None:
    assert number_text(number) == text


def test_numbers_print_rounded_on_request() -> None:
    assert number_text(2 / 3, 4) == "0.6667"
    assert number_text(-0.00001, 4) == "0"


@pytest.mark.parametrize(
    ("number", "decimals", "expected"),
    [
        (2.5, 0, 3.0),
        (-2.5, 0, -3.0),
        (0.5, 0, 1.0),
        (1.005, 2, 1.01),
        (2.675, 2, 2.68),
        (-1.005, 2, -1.01),
        (1.00499, 2, 1.0),
        (1250.0, -2, 1300.0),
        (0.1 + 0.2, 4, 0.3),
        (1e300, 15, 1e300),
    ],
)
def test_halves_go_away_from_zero(number: float, decimals: int, expected: float) -> None:
    assert rounded(number, decimals) == expected


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_rounding_is_that_of_decimal_arithmetic(thousandths: int, decimals: int) -> None:
    exact = Decimal(thousandths) / 1000
    expected = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    assert rounded(thousandths / 1000, decimals) == float(expected)
    assert in_units(thousandths / 1000, decimals) == int(expected.scaleb(decimals))


def test_nearest_finds_what_was_meant() -> None:
    names = ["annual_revenue", "employees", "industry", "country"]
    assert nearest("employes", names) == "employees"
    assert nearest("Annual Revenue", names) == "annual_revenue"
    assert nearest("AnnualRevenue", names) == "annual_revenue"
    assert nearest("xyzzy", names) is None
    assert nearest("anything", []) is None
