"""What is read as the contract says, and was probably meant otherwise: letters of another encoding, points for thousands.

In: text and cells as they stand in a file. Out: what of them gives rise to a doubt. Reads nothing otherwise for it.
"""

from __future__ import annotations

import re

import polars as pl

from leadrules.core.text import TRIM

# What two bytes of western letters become in cp932: characters of nobody, half-width kana, a kanji in the middle of a word.
_OTHERS = (
    "[A-Za-z][\ue000-\uf8ff]",
    "[\ue000-\uf8ff][A-Za-z]",
    "[a-z][\uff61-\uff9f]",
    "[\uff61-\uff9f][a-z]",
    "[A-Za-z][\u4e00-\u9fff][a-z]",
)
_NOT_JAPANESE = re.compile(rf"[A-Za-z]{{0,20}}(?:{'|'.join(_OTHERS)})[^\W\d_]{{0,20}}")
_NOBODYS = re.compile("[\ue000-\uf8ff]")
_JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_POINTED = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$"
_GROUPED = r"^[+-]?\d{1,3}(?:\.\d{3})*$"
_LOOKED_AT = 1000


def wrong_letters(text: str) -> str | None:
    """A word of a text read as cp932 that is no Japanese, such as `Straﾟe`; None where there is none, or the text has kana."""
    found = None if _JAPANESE.search(text) else _NOT_JAPANESE.search(text)
    return None if found is None else _NOBODYS.sub("\N{REPLACEMENT CHARACTER}", found[0])


def pointed_thousands(cells: pl.Series) -> str | None:
    """A cell such as `3.500` of a column in which every number can be one with points before groups of three digits."""
    if cells.dtype != pl.String:
        return None
    texts = cells.head(_LOOKED_AT).drop_nulls().str.strip_chars(TRIM)
    texts = texts.filter(texts != "")
    pointed = texts.filter(texts.str.contains(_POINTED))
    are_all = pointed.n_unique() > 1 and texts.str.contains(_GROUPED).all()
    return pointed[0] if are_all else None


def thousands_note(column: str, cell: str) -> str:
    """What to do about such a column."""
    plain, read = cell.replace(".", ""), f"{float(cell):g}" if cell.count(".") == 1 else "no number"
    return (
        f"{column}: numbers such as {cell} look like thousands with points, and {cell} is read as {read}: "
        f"export them without points ({plain}), or with commas"
    )


def letters_note(path: str, word: str) -> str:
    """What to do about such a file."""
    return (
        f"{path} is read as cp932, and letters in it look wrong ({word}): if it is not Japanese, state its encoding in "
        "leadrules.yaml, such as `encoding: cp1252`, or save it as UTF-8"
    )
