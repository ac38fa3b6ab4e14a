"""Numbers with a Japanese unit behind them: `100人`, `30日`, `3 ヶ月`, `2026年10月1日`, `10時`, `2日目`.

In: a text, where a number begins. Out: the tokens that were meant, with the finding that says so; of `令和8年10月1日` and
`午後3時`, which are words and may be names, what they say. Knows no grammar.
"""

from __future__ import annotations

import re
from datetime import date, time
from functools import cache

from leadrules.syntax.literals import LARGEST_NUMBER, is_label, read_date, read_time
from leadrules.syntax.tokens import Cutter
from leadrules.syntax.words import BLOCKS

_UNITS = {
    "分": "minute",
    "時間": "hour",
    "日": "day",
    "営業日": "business day",
    "週": "week",
    **{f"{mark}月": "month" for mark in "ヶケヵカｹｶか箇"},
    "年": "year",
}
_COUNTERS = ["人", "名", "件", "社", "円", "個", "台", "歳", "通", "本", "倍", "点", "ポイント", "回"]
_LIMITS = {"点": "points", "ポイント": "points", "回": "times"}  # after `at most` they are said
_SCALES = {"千": 1e3, "万": 1e4, "億": 1e8}
_COUNTED = rf"""(?P<number>\d{{1,3}}(?:[,，]\d{{3}})+|\d[\d_]*(?:[.．]\d+)?)(?P<scale>[{"".join(_SCALES)}])?[ \t\u3000]?
    (?:(?P<unit>{"|".join(_UNITS)})間?(?:以内)?|(?P<nth>日目)|(?P<counter>{"|".join(_COUNTERS)}))(?!\w)"""
_DAY = r"(\d{4})年(\d{1,2})月(\d{1,2})日(?!\w)"
_PART = r"(?:(?P<year>[12]\d{3})年(?:(?P<month>\d{1,2})月)?|(?P<of>\d{1,2})月(?P<day>\d{1,2})日)(?!\w)"
_CLOCK = r"(\d{1,2})時(?:(\d{1,2})分)?(?!\w)"
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}  # the year before the first
_ERA = rf"({'|'.join(_ERAS)})(元|\d{{1,2}})年(\d{{1,2}})月(\d{{1,2}})日"
_HALF = r"(午前|午後)(\d{1,2})時(?:(\d{1,2})分|(半))?"
# Behind these and a number a name may stand: a stage of a goal, a channel.
_BEFORE_NAMES = ("target", "day")


def read_counted(reader: Cutter, start: int) -> bool:
    """Whether a number with such a unit stands here; then it is read and told."""
    day, part, clock, counted = (pattern.match(reader.text, start) for pattern in _patterns())
    match = day or part or clock or counted
    if match is None or _is_name(reader, match):
        return False
    reader.pos = match.end()
    if day is not None:
        read_date(reader, day[0], start)
    elif part is not None:
        _read_part(reader, part, start)
    elif clock is not None:
        read_time(reader, f"{int(clock[1]):02d}:{int(clock[2] or 0):02d}", start)
    else:
        _read_amount(reader, match, start)
    return True


def said_date(word: str) -> str | None:
    """The date that a word with an era says: `2026-10-01`; nothing for what is none."""
    match = re.fullmatch(_ERA, word)
    if match is None:
        return None
    year = _ERAS[match[1]] + (1 if match[2] == "元" else int(match[2]))
    try:
        return date(year, int(match[3]), int(match[4])).isoformat()
    except ValueError:
        return None


def said_time(word: str) -> time | None:
    """The time of day that a word says by its half: `午後3時` is 15:00."""
    match = re.fullmatch(_HALF, word)
    if match is None or int(match[2]) > 12 or int(match[3] or 0) > 59:
        return None
    return time(int(match[2]) % 12 + 12 * (match[1] == "午後"), 30 if match[4] else int(match[3] or 0))


@cache
def _patterns() -> list[re.Pattern[str]]:
    """Made when the first number with letters behind it is met: no correct file has one."""
    return [re.compile(pattern, re.VERBOSE) for pattern in (_DAY, _PART, _CLOCK, _COUNTED)]


def _is_name(reader: Cutter, match: re.Match[str]) -> bool:
    """Whether a block or a line is to be called so, or the word behind the number is a name of its own."""
    before = reader.out.tokens[-1].text if reader.out.tokens else ""
    parted = len(match[0].split()) > 1
    return before in BLOCKS or (parted and before in _BEFORE_NAMES) or is_label(reader, match.end())


def _read_part(reader: Cutter, match: re.Match[str], start: int) -> None:
    """`2026年10月`, `2026年`, `10月1日`: no day is guessed for them."""
    year, month, day = match["year"] or 2026, match["month"] or match["of"] or 1, match["day"] or 1
    example = f"{int(year)}-{int(month):02d}-{int(day):02d}"
    what = "a date without its year" if match["day"] else "not one day"
    help_text = f"write year, month and day: `{example}`"
    reader.report("LR011", start, reader.pos, f"`{match[0]}` is {what}", help=help_text)
    reader.add("DATE", match[0], start, reader.pos, date(2000, 1, 1)).spoils = True


def _read_amount(reader: Cutter, match: re.Match[str], start: int) -> None:
    """`100人`, `1,500万円`, `30日`, `2日目`."""
    amount = float(re.sub("[_,，]", "", match["number"]).replace("．", ".")) * _SCALES.get(match["scale"], 1)
    digits = f"{amount:_.0f}" if amount == int(amount) else f"{amount}"
    number = ("INT" if amount == int(amount) else "NUMBER", digits, min(amount, LARGEST_NUMBER))
    is_limit = bool(reader.out.tokens) and reader.out.tokens[-1].text == "most"
    unit = _LIMITS.get(match["counter"], "") if is_limit else ""
    if match["unit"]:
        unit = _UNITS[match["unit"]] + ("" if amount == 1 else "s")
    parts = [("WORD", "day", None)] * bool(match["nth"]) + [number] + [("WORD", unit, None)] * bool(unit)
    fix = " ".join(text for _, text, _ in parts)
    reader.report("LR009", start, reader.pos, f"`{match[0]}` is written `{fix}`", fix, help=f"write `{fix}`")
    for kind, text, value in parts:
        reader.add(kind, text, start, reader.pos, value)
