"""How the dates of a column are written, found by looking at all of them, never cell by cell.

In: the dates of a whole column, counted. Out: the one layout of the column; ISO 8601 where as many cells are in it as in
any other. A column that cannot tell day from month stops the run. Knows no file but by name.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from leadrules.core.dates import DAY_FIRST, FOUND, ISO, MONTH_FIRST, Layout
from leadrules.core.text import TRIM, fold
from leadrules.data.errors import InputError

# A date without the time of day behind it: times are many, dates few.
_DATE_PART = r"^(.*?)(?:[ T,]+(?:午前|午後)?\s*[0-9]{1,2}:.*)?$"


def date_parts(cells: pl.Series, blanks: frozenset[str]) -> Counter[str]:
    """The dates of a column of text without their times, counted; `blanks` (folded) are none."""
    texts = cells.drop_nulls().str.strip_chars(TRIM)
    parts = texts.filter(texts != "").str.extract(_DATE_PART, 1).alias("part").value_counts()
    return Counter({part: count for part, count in parts.iter_rows() if part is not None and fold(part) not in blanks})


def layout_of(parts: Counter[str], column: str, path: str) -> Layout:
    """The layout of a column of these dates. Raises InputError where month and day could be either."""
    read = {layout: {part: moment.clock for part in parts if (moment := layout.read(part))} for layout in FOUND}
    cells = {layout: sum(parts[part] for part in found) for layout, found in read.items()}
    best = max(FOUND, key=lambda layout: cells[layout])
    if cells[ISO] >= cells[best] or best not in (*MONTH_FIRST, *DAY_FIRST):
        return ISO if cells[ISO] >= cells[best] else best
    pair = (MONTH_FIRST + DAY_FIRST).index(best) % len(MONTH_FIRST)
    month, day = MONTH_FIRST[pair], DAY_FIRST[pair]
    only_month = read[month].keys() - read[day].keys()
    only_day = read[day].keys() - read[month].keys()
    if only_month and only_day:
        raise _mixed(column, path, (min(only_month), min(only_day)), (month, day))
    if not only_month and not only_day and read[month] != read[day]:
        either = min(part for part in read[month] if read[month][part] != read[day][part])
        raise _either(column, path, either, (month, day))
    return month if only_month else day


def _either(column: str, path: str, part: str, layouts: tuple[Layout, Layout]) -> InputError:
    month, day = layouts
    return InputError(
        f"{path}: the column `{column}` cannot tell day from month: {part} could be either, as could every date in it",
        f'State it in its source: `date_format: "{month.format}"` (month first) or `date_format: "{day.format}"` (day first).',
    )


def _mixed(column: str, path: str, parts: tuple[str, str], layouts: tuple[Layout, Layout]) -> InputError:
    month, day = layouts
    return InputError(
        f"{path}: the column `{column}` cannot tell day from month: {parts[0]} has the month first, {parts[1]} the day",
        f'Export it in one way, or state the one that counts: `date_format: "{month.format}"` or `date_format: "{day.format}"`.',
    )
