"""Text as people read it.

In: text of cells, literals and names. Out: its folded, trimmed, normalised forms, numbers as text, and the name that was
meant. Knows nothing of rules. The column forms of folding stand in core/functions/columnar.py and agree with these.
"""

from __future__ import annotations

import codecs
import math
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from difflib import SequenceMatcher

# White space of Unicode, and the two invisible marks that exports leave around cells: a zero-width space and a BOM.
TRIM = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u200b\ufeff"
)
# What Windows and Excel call Shift JIS is cp932, with the characters that the standard lacks.
_SHIFT_JIS = ("shift_jis", "shiftjis", "sjis", "s_jis", "ms932", "windows-31j", "x-sjis")
# Python's own, for names of hosts and its source: no file is written in these.
_NO_FILES = ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape")
# The dashes and bars that cp932 and other systems have as different characters: Excel's `1～9` is the `1〜9` of a web form.
WRITTEN_OTHERWISE = {"〜": "~", "−": "-", "—": "―", "‖": "∥"}
_OTHERWISE = str.maketrans(WRITTEN_OTHERWISE)
_MOST_CANDIDATES = 5_000
_CLOSE = 0.6


def trimmed(text: str) -> str:
    """The text without white space around it."""
    return text.strip(TRIM)


def is_printable(text: str) -> bool:
    """Whether a terminal shows every character. To Python the full-width space of `田中　一郎` is not printable, nor is any space but one."""
    return text.isprintable() or all(ch.isprintable() or unicodedata.category(ch) == "Zs" for ch in text)


def folded(text: str) -> str:
    """The form in which text is searched: NFKC, lower case, one small sigma, one wave dash. White space around it stays.

    Lower-casing goes character by character, so a folded part is a part of the folded whole: `ΟΔΟΣ` starts `ΟΔΟΣΑ`.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).lower().replace("ς", "σ").translate(_OTHERWISE)


def fold(text: str) -> str:
    """The form in which values are compared: folded, then trimmed."""
    return folded(text).strip(TRIM)


def plain(text: str) -> str:
    """The form that `matches` sees: NFKC, trimmed, in its own case."""
    return unicodedata.normalize("NFKC", text).strip(TRIM)


def half_width(text: str) -> str:
    """The form in which numbers and dates are read: NFKC. The mark of a note (`120①`, `120²`) is no digit of them, and stays a mark."""
    if text.isascii() or any(ch.isnumeric() and not ch.isdecimal() for ch in text):
        return text
    return unicodedata.normalize("NFKC", text)


def full_width(text: str) -> str:
    """ASCII signs, digits and letters as they come when they are typed in Japanese."""
    return "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in text)


def nfc(name: str) -> str:
    """The form in which names are compared."""
    return unicodedata.normalize("NFC", name)


def number_text(number: float, decimals: int | None = None) -> str:
    """A number without trailing zeros or exponent, `decimals` at most: 12.0 is `12`, 1e-7 is `0.0000001`, -0.0 is `0`."""
    if decimals is not None:
        number = rounded(number, decimals)
    if not number:
        return "0"
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_pattern(name: str) -> bool:
    """Whether the library of tables takes a name for a pattern of names, wherever a column is asked for by it."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def many(count: int, word: str) -> str:
    """`1 lead`, `5,047 leads`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def rounded(number: float, decimals: int = 0) -> float:
    """The one rounding of the language: sign(x) floor(|x| 10^d + 0.5 + 1e-7) / 10^d; what is too large to count in 10^-d stays."""
    scale = 10.0**decimals
    scaled = abs(number) * scale
    if not math.isfinite(scaled):
        return number
    return math.copysign(math.floor(scaled + 0.5 + 1e-7) / scale, number) if number else 0.0


def in_units(number: float, decimals: int) -> int:
    """The same rounding, as a count of 10^-decimals: 1.25 in units of 4 decimals is 12500."""
    count = math.floor(abs(number) * 10.0**decimals + 0.5 + 1e-7)
    return -count if number < 0 else count


def codec_of(encoding: str) -> str | None:
    """The codec of an encoding that files are written in, by any of its names; nothing for what is none."""
    name = encoding.strip().lower().replace(" ", "-")
    try:
        info = codecs.lookup("cp932" if name in _SHIFT_JIS else name)
    except (LookupError, ValueError):  # the latter of a name with a NUL
        return None
    if not info._is_text_encoding or info.name.replace("-", "_") in _NO_FILES:
        return None
    return "utf-8" if info.name == "utf-8-sig" else info.name


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was most likely meant by a mistyped word, or none that is close enough.

    A candidate that differs only in case, width, spaces, `_` or `-` wins; the earlier of two equally close ones does, be
    it by the alphabet where they are a set.
    """
    wanted = skeleton(word)
    best, best_ratio = None, _CLOSE
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    # The order of a set is another in every process.
    ranked = sorted(candidates) if isinstance(candidates, set | frozenset) else candidates
    for number, candidate in enumerate(ranked):
        if number == _MOST_CANDIDATES:
            break
        other = skeleton(candidate)
        if other == wanted:
            return candidate
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() > best_ratio and matcher.quick_ratio() > best_ratio:
            ratio = matcher.ratio()
            if ratio > best_ratio:
                best, best_ratio = candidate, ratio
    return best


def skeleton(name: str) -> str:
    """A name without what people vary in writing it: case, width, spaces, `_` and `-`."""
    return "".join(fold(name).replace("_", "").replace("-", "").split())
