"""Drawing from a seed and writing CSV.

In: a seeded random.Random, words with weights, rows. Out: picks, times, and files whose bytes depend on the seed alone.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from random import Random

JST = timezone(timedelta(hours=9))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def pick(rng: Random, weighted: Sequence[tuple[str, int]]) -> str:
    """One word by its weight."""
    return rng.choices([w for w, _ in weighted], [n for _, n in weighted])[0]


def chance(rng: Random, share: float) -> bool:
    """True for that share of the calls."""
    return rng.random() < share


def record_id(prefix: str, number: int) -> str:
    """An 18-character record id as Salesforce makes them: 15 characters and their checksum."""
    digits = ""
    for _ in range(15 - len(prefix)):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    short = prefix + digits
    groups = (short[i : i + 5] for i in (0, 5, 10))
    return short + "".join(CHECKSUM[sum(1 << i for i, c in enumerate(g) if c.isupper())] for g in groups)


def moment(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """That time of that day in Japan."""
    return datetime.combine(day, time(hour, minute, second), JST)


def office_time(rng: Random, day: date) -> datetime:
    """A moment of that day, most often in office hours; seldom on a weekend, which then moves to the Monday."""
    if day.weekday() >= 5 and chance(rng, 0.8):
        day += timedelta(days=7 - day.weekday())
    hour = rng.choices(range(24), [1, 1, 1, 1, 1, 1, 2, 4, 8, 14, 14, 12, 8, 12, 13, 12, 10, 8, 5, 4, 4, 4, 3, 2])[0]
    return moment(day, hour, rng.randrange(60), rng.randrange(60))


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> bytes:
    """The rows as CSV in that encoding."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def write(path: Path, content: bytes) -> None:
    """The file, gzip'd without a time stamp where its name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0) if path.suffix == ".gz" else content)
