"""Read numbers, dates, times and the escapes of texts.

In: the text of a literal. Out: its token with its value. What is almost a literal is reported and read as what it is
nearest to. Knows no grammar.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from leadrules.syntax.tokens import Cutter
from leadrules.syntax.words import UNITS

LARGEST_NUMBER = 9e14
SHORT_UNITS = {
    letters: unit
    for unit, all_letters in {
        "minute": "min mins",
        "hour": "h hr hrs",
        "day": "d",
        "week": "w wk wks",
        "month": "mo mos mth",
        "year": "y yr yrs",
    }.items()
    for letters in all_letters.split()
}
BEFORE_DURATION = ("within", "after", "every", "over", "per", "wait", "+", "-")
POINTS = ("point", "points", "pt", "pts")
_LABEL = re.compile(r'[ \t]*(?:"[^"\r\n]*"[ \t]*)?:')


# Groups of digits as people abroad write them; `1.000` alone is a decimal, and `3 100` may be two numbers.
_GROUPS = re.compile(r"[0-9]{1,3}(?:(?:\.[0-9]{3}){2,}|(?:[ \u00a0\u202f][0-9]{3})*[ \u00a0\u202f]0[0-9]{2})(?![0-9.])")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.])([0-9]{1,2})\2((?:19|20)[0-9]{2})(?![0-9/])")


def read_number(reader: Cutter, match: re.Match[str], start: int) -> None:
    """`10`, `0.5`, `1_000`, `5%`, and what is almost one."""
    text = match[0]
    if (groups := _GROUPS.match(reader.text, start)) is not None:
        _grouped(reader, groups[0], start)
        return
    if (day := _DAY_FIRST.match(reader.text, start)) is not None:
        _slashed_date(reader, day, start)
        return
    if match["tail"]:
        _number_with_tail(reader, text, match["tail"], start)
        return
    digits = text.rstrip("% \t")
    previous = reader.out.tokens[-1] if reader.out.tokens else None
    thousands = re.fullmatch(r"[0-9]{3}", digits) and digits[0] == "0" and _is_after_thousands(reader, start)
    if thousands and previous is not None:
        _join_thousands(reader, digits, start)
        return
    whole = digits.split(".")[0]
    findings = len(reader.out.findings)
    _check_digits(reader, text, whole, start)
    kind = "PERCENT" if "%" in text else "NUMBER" if "." in digits else "INT"
    number = float(digits.replace("_", "").rstrip("_"))
    if number > LARGEST_NUMBER:
        reader.report(
            "LR009", start, reader.pos, "this number is too large", help="numbers go up to 900,000,000,000,000"
        )
        number = LARGEST_NUMBER
    token = reader.add(kind, text, start, reader.pos, _percent(digits) if kind == "PERCENT" else number)
    token.spoils = len(reader.out.findings) > findings


def _grouped(reader: Cutter, text: str, start: int) -> None:
    """`1.000.000`, `10 000`."""
    number = re.sub("[^0-9]", "_", text)
    reader.pos = start + len(text)
    reader.report("LR007", start, reader.pos, f"`{text}` is in groups", number, help=f"write `{number}`")
    reader.add("INT", number, start, reader.pos, float(number.replace("_", "")))


def _slashed_date(reader: Cutter, match: re.Match[str], start: int) -> None:
    """`31/12/2026`, `12/31/2026`, `31.12.2026`; `01/02/2026` may be either, and is not guessed."""
    one, two, year = (int(match[part]) for part in (1, 3, 4))
    ways = (_day(year, two, one), *((_day(year, one, two),) if match[2] == "/" else ()))  # with points the day is first
    readings = sorted({day for day in ways if day is not None})
    shown = [f"`{day.isoformat()}`" for day in readings]
    reader.pos = start + len(match[0])
    help_text = f"write {' or '.join(shown)}" if shown else "write year, month and day: `2026-12-31`"
    fix = readings[0].isoformat() if len(readings) == 1 else None
    message = f"a date is written year, month, day, not `{match[0]}`"
    reader.report("LR011", start, reader.pos, message, fix, help=help_text)
    reader.add("DATE", match[0], start, reader.pos, readings[0] if readings else date(year, 1, 1)).spoils = True


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _check_digits(reader: Cutter, text: str, whole: str, start: int) -> None:
    """Zeros in front, and `_` where no digits are."""
    if len(whole) > 1 and whole[0] == "0":
        plain = whole.lstrip("0_") or "0"
        fix = plain + text[len(whole) :]
        reader.report("LR009", start, reader.pos, "a number has no leading zeros", fix, help=f"write `{fix}`")
    elif whole.endswith("_") or "__" in whole:
        fix = re.sub("_+", "_", whole).rstrip("_") + text[len(whole) :]
        reader.report(
            "LR009", start, reader.pos, "`_` stands between the digits of a number", fix, help=f"write `{fix}`"
        )


def _percent(digits: str) -> float:
    """`5` as 0.05, without the error that dividing 5.0 by 100 could bring to longer numbers."""
    return float(f"{digits.replace('_', '')}e-2")


def _is_after_thousands(reader: Cutter, start: int) -> bool:
    tokens = reader.out.tokens
    if len(tokens) < 2 or tokens[-1].type != "COMMA" or tokens[-2].type != "INT":
        return False
    return tokens[-1].end == start and tokens[-2].end == tokens[-1].start


def _join_thousands(reader: Cutter, digits: str, start: int) -> None:
    """`1,000` cannot be two numbers: `000` is none. All groups before it belong to it."""
    tokens = reader.out.tokens
    tokens.pop()
    head = tokens.pop()
    if any(f.code == "LR007" and f.span.start == head.start for f in reader.out.findings[-1:]):
        reader.out.findings.pop()
    number = f"{head.text}_{digits}"
    while len(head.text) == 3 and _is_after_thousands(reader, head.start):
        tokens.pop()
        head = tokens.pop()
        number = f"{head.text}_{number}"
    reader.report(
        "LR007",
        head.start,
        reader.pos,
        f"`{number.replace('_', ',')}` has commas in it",
        number,
        help=f"write `{number}`: a comma separates values",
    )
    token = reader.add("INT", number, head.start, reader.pos, float(number.replace("_", "")))
    token.first = head.first


def _number_with_tail(reader: Cutter, text: str, tail: str, start: int) -> None:
    """`30days`, `2nd_touch`, `1e5`."""
    digits = text[: len(text) - len(tail)]
    if tail in UNITS and "." not in digits:
        fix = f"{digits} {tail}"
        reader.report("LR009", start, reader.pos, f"`{text}` needs a space", fix, help=f"write `{fix}`")
        reader.add("INT", digits, start, start + len(digits), float(digits.replace("_", "")))
        reader.add("WORD", tail, start + len(digits), reader.pos)
        return
    if tail.lower() in SHORT_UNITS and digits.isdecimal() and not is_label(reader, reader.pos):
        _short_unit(reader, digits, tail, start)
        return
    before = reader.out.tokens[-1] if reader.out.tokens else None
    if tail == "m" and digits.isdecimal() and before is not None and before.text in BEFORE_DURATION:
        help_text = f"write `{digits} minutes` or `{digits} months`"
        reader.report("LR009", start, reader.pos, f"`{text}` is minutes or months", help=help_text)
        _add_duration(reader, digits, "months", start)
        return
    if tail in POINTS and before is not None and before.kind == "SIGN":  # told by the parser: points have no unit
        reader.add("INT", digits, start, start + len(digits), float(digits.replace("_", "")))
        reader.add("WORD", tail, start + len(digits), reader.pos)
        return
    if re.fullmatch(r"[eE][0-9]+|[kKmM千万億]", tail) is not None:
        factor = {"k": 1e3, "m": 1e6, "千": 1e3, "万": 1e4, "億": 1e8}.get(tail.lower()) or float(f"1e{tail[1:][:3]}")
        number = min(float(digits.replace("_", "")) * factor, LARGEST_NUMBER)
        whole = f"{number:_.0f}" if number == int(number) else None
        help_text = f"write all digits: `{whole or '10_000'}`"
        reader.report("LR009", start, reader.pos, f"`{text}` is not a number", whole, help=help_text)
        reader.add("INT", text, start, reader.pos, number)
        return
    clock = re.fullmatch(r"([1-9]|1[0-2])([aApP])[mM]", text)
    if clock is not None:
        hour = int(clock[1]) % 12 + (12 if clock[2] in "pP" else 0)
        fix = f"{hour:02d}:00"
        reader.report("LR011", start, reader.pos, f"`{text}` is written `{fix}`", fix, help=f"write `{fix}`")
        reader.add("TIME", fix, start, reader.pos, time(hour))
        return
    help_text = f"start it with a letter, or put it in backquotes: `` `{text}` ``"
    reader.report("LR010", start, reader.pos, f"the name `{text}` starts with a digit", f"`{text}`", help=help_text)
    reader.add("NAME", text, start, reader.pos)


def is_label(reader: Cutter, end: int) -> bool:
    """Whether what ends there stands before its `:`."""
    return _LABEL.match(reader.text, end) is not None


def _short_unit(reader: Cutter, digits: str, tail: str, start: int) -> None:
    """`30d`, `12h`, `2w`."""
    unit = SHORT_UNITS[tail.lower()] + ("" if int(digits) == 1 else "s")
    fix = f"{digits} {unit}"
    reader.report("LR009", start, reader.pos, f"`{digits}{tail}` is written `{fix}`", fix, help=f"write `{fix}`")
    _add_duration(reader, digits, unit, start)


def _add_duration(reader: Cutter, digits: str, unit: str, start: int) -> None:
    reader.add("INT", digits, start, start + len(digits), float(digits))
    reader.add("WORD", unit, start + len(digits), reader.pos)


def read_point(reader: Cutter, text: str, start: int) -> None:
    """`.5`, `.5%`."""
    fix = f"0{text}"
    digits = fix.rstrip("% \t")
    reader.report("LR009", start, reader.pos, f"`{text}` has no digit before its point", fix, help=f"write `{fix}`")
    if "%" in text:
        reader.add("PERCENT", fix, start, reader.pos, _percent(digits))
    else:
        reader.add("NUMBER", fix, start, reader.pos, float(digits.replace("_", "")))


def read_date(reader: Cutter, text: str, start: int) -> None:
    """`2026-04-01`, `2026-04-01T09:00`, and what is almost one, also `2026年4月1日`."""
    day, _, clock = text.partition("T")
    parts = [int(part) for part in re.split("[-/年月]", day.rstrip("日"))]
    shown = "{:04d}-{:02d}-{:02d}".format(*parts)
    zone = re.search(r"(Z|[+-][0-9][0-9]:?[0-9][0-9])$", clock)
    clock = clock[: zone.start()] if zone else clock
    try:
        value: date | datetime = date(*parts)
        if "T" in text:
            value = datetime.combine(value, _time(clock))
    except ValueError:
        reader.report(
            "LR011",
            start,
            reader.pos,
            f"`{text}` does not exist",
            help="check the year, the month, the day and the time",
        )
        value = date(2000, 1, 1) if "T" not in text else datetime.combine(date(2000, 1, 1), time(0))
    else:
        fix = shown + (f"T{clock}" if "T" in text else "")
        if zone:
            message = f"`{zone[0]}` cannot stand in a time: it is in the project's time zone"
            reader.report("LR011", start, reader.pos, message, help=f"convert it, and write it as `{fix}`")
        elif fix != text:
            reader.report(
                "LR011", start, reader.pos, f"`{text}` is not how a date is written", fix, help=f"write `{fix}`"
            )
    reader.add("DATETIME" if "T" in text else "DATE", text, start, reader.pos, value)


def _time(text: str) -> time:
    """A time of day; raises ValueError for anything else."""
    if re.fullmatch(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", text) is None:
        raise ValueError(text)
    return time.fromisoformat(text)


def read_time(reader: Cutter, text: str, start: int) -> None:
    """`09:00`, and what is almost one, also `9時` as `09:00`; the token of a time that is none, such as `24:00`, has no
    value."""
    written = reader.text[start : reader.pos]
    shown = text if len(text.partition(":")[0]) == 2 else f"0{text}"
    value: time | None = None
    try:
        value = _time(shown)
    except ValueError:
        reader.report(
            "LR011", start, reader.pos, f"`{written}` is not a time of day", help="times go from `00:00` to `23:59`"
        )
    else:
        if shown != written:
            what = "needs two digits for the hour" if shown != text else f"is written `{shown}`"
            reader.report("LR011", start, reader.pos, f"`{written}` {what}", shown, help=f"write `{shown}`")
    reader.add("TIME", text, start, reader.pos, value)


_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.|$)")
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n"}


def unescape(raw: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text that is meant, and the escapes that do not exist: where they stand in `raw`, and their text."""
    if "\\" not in raw:
        return raw, []
    wrong: list[tuple[int, int, str]] = []

    def replace(match: re.Match[str]) -> str:
        escape = match[1]
        if escape in _ESCAPES:
            return _ESCAPES[escape]
        if len(escape) == 5:
            code = int(escape[1:], 16)
            if not 0xD800 <= code <= 0xDFFF:
                return chr(code)
        wrong.append((match.start(), match.end(), match[0]))
        return escape

    return _ESCAPE.sub(replace, raw), wrong


def unescape_pattern(raw: str) -> str:
    r"""The pattern after `matches`: only `\"` is an escape."""
    return raw.replace('\\"', '"')
