"""Patterns of `matches`: whether one can be read, whether one is found.

In: patterns of Rust's regex syntax, and text. Out: answers, and what is wrong in the library's own words. The library is
that of Polars, so rules that are checked and rules that are run agree; it is loaded where its answer is needed.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Words, groups and choices, repeats without a count, the escapes that every library knows: what Python reads of these,
# Rust does. Asking Python saves loading Polars, a tenth of the second that an editor or a hook waits for `check`.
_EVERYDAY = re.compile(r"(\(\?i\))?((?!\(\?)(\\[bBdDsSwW.+*?()|^$\\-]|[^\\\[\]{}\ud800-\udfff]))*")
_LONGEST_EVERYDAY = 200


@lru_cache(maxsize=4096)
def has_match(pattern: str, text: str) -> bool:
    """Whether a pattern of Rust's regex syntax is found in a text: the row form of what Polars does."""
    import polars as pl

    return bool(pl.Series([text]).str.contains(pattern)[0])


def pattern_error(pattern: str) -> str | None:
    """What is wrong with a pattern, in the regex library's words; None for a good one."""
    if _is_everyday(pattern):
        return None
    import polars as pl

    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        return str(error).removeprefix("regex error: ").strip()
    return None


def _is_everyday(pattern: str) -> bool:
    """Whether a pattern is surely a good one; of any other the library that searches with it is asked."""
    if len(pattern) > _LONGEST_EVERYDAY or not _EVERYDAY.fullmatch(pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
