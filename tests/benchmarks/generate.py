"""Leads and events for the benchmark, from a fixed seed.

In: how many leads and events, a folder. Out: leads.csv (16 columns) and events.csv (4 columns), the same bytes each time.
Every cell is a splitmix64 of its row number and column, worked out over whole columns; events lean towards some leads.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

TITLES = (
    "VP Sales", "Director of Marketing", "Software Engineer", "Account Executive", "部長", "Marketing Manager",
    "CEO", "Head of Operations", "Student", "Chief Revenue Officer", "Sales Manager", "Consultant",
    "代表取締役社長", "IT Specialist", "Customer Success Manager", "Product Manager", "Senior Analyst", "Intern",
    "Engineering Manager", "Data Scientist",
)  # fmt: skip
INDUSTRIES = ("Software", "Fintech", "Retail", "E-commerce", "Manufacturing", "Healthcare", "Education", "Logistics")
COUNTRIES = ("JP", "US", "GB", "DE", "FR", "SG", "AU", "BR", "IN", "CA")
SOURCES = ("Website", "Partner", "Referral", "Event", "Outbound", "Advertisement")
STATUSES = ("New", "Working", "Nurturing", "Qualified", "Customer", "Disqualified")
CITIES = ("Tokyo", "Osaka", "New York", "London", "Berlin", "Paris", "Singapore", "Sydney", "São Paulo", "Toronto")
DOMAINS = ("gmail.com", "yahoo.co.jp", "acme.com", "rival.com", "globex.com", "initech.com", "umbrella.co.jp",
           "hooli.com", "outlook.com", "stark.io", "wayne.org", "other.io")  # fmt: skip
EVENT_TYPES = ("email_sent", "email_opened", "email_clicked", "page_viewed", "form_submitted", "webinar_attended",
               "asset_downloaded", "call_made", "call_connected", "email_replied", "meeting_scheduled",
               "demo_requested")  # fmt: skip
EVENT_WEIGHTS = (22, 24, 10, 24, 3, 2, 4, 5, 2, 2, 1, 1)
PATHS = ("/", "/pricing", "/blog/lead-scoring", "/docs/start", "/pricing/enterprise", "/about", "/customers", "/demo")

_STEP = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
_SECONDS_OF_EVENTS = 400 * 86_400
_SECONDS_OF_LEADS = 1_500 * 86_400


def write(folder: Path, leads: int, events: int) -> tuple[Path, Path]:
    """The two files in `folder`; files that are there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    lead_path, event_path = folder / "leads.csv", folder / "events.csv"
    if not lead_path.exists():
        _settle(lead_frame(leads), lead_path)
    if not event_path.exists():
        _settle(event_frame(leads, events), event_path)
    return lead_path, event_path


def _settle(frame: pl.DataFrame, path: Path) -> None:
    """Write aside, then rename: a killed generator leaves no half file behind."""
    aside = path.with_suffix(".part")
    frame.write_csv(aside)
    aside.rename(path)


def lead_frame(leads: int) -> pl.DataFrame:
    """Sixteen columns of leads as text, keys shuffled."""
    rows = pl.int_range(leads, dtype=pl.UInt64, eager=True).alias("row")
    key = _key(rows)
    number = _random(rows, 1)
    return pl.DataFrame(
        {
            "id": key,
            "created_at": _moment(_random(rows, 2), _SECONDS_OF_LEADS),
            "email": "user" + (number % 900_000).cast(pl.String) + "@" + _pick(DOMAINS, _random(rows, 3)),
            "title": _blanked(_pick(TITLES, _random(rows, 4)), _random(rows, 20), 10),
            "company": "Company " + (_random(rows, 5) % 50_000).cast(pl.String),
            "industry": _blanked(_pick(INDUSTRIES, _random(rows, 6)), _random(rows, 21), 12),
            "country": _pick(COUNTRIES, _random(rows, 7)),
            "employees": _blanked((_random(rows, 8) % 5_000).cast(pl.String), _random(rows, 22), 8),
            "annual_revenue": _blanked((_random(rows, 9) % 100_000 * 1_000).cast(pl.String), _random(rows, 23), 5),
            "lead_source": _pick(SOURCES, _random(rows, 10)),
            "status": _pick(STATUSES, _random(rows, 11)),
            "phone": "+81-3-" + (_random(rows, 12) % 90_000_000 + 10_000_000).cast(pl.String),
            "city": _pick(CITIES, _random(rows, 13)),
            "opted_out": _pick(("true", "false", "false", "false", "false", "false", "false"), _random(rows, 14)),
            "contract_renewal_date": _blanked(_moment(_random(rows, 15), _SECONDS_OF_LEADS).str.slice(0, 10),
                                              _random(rows, 24), 2),
            "note": "imported in batch " + (_random(rows, 16) % 1_000).cast(pl.String) + " of the legacy system",
        }
    )  # fmt: skip


def event_frame(leads: int, events: int) -> pl.DataFrame:
    """Four columns of events as text; a tenth of the leads has about half of the events."""
    rows = pl.int_range(events, dtype=pl.UInt64, eager=True).alias("row")
    anyone, busy = _random(rows, 31) % leads, _random(rows, 32) % max(leads // 10, 1)
    lead = pl.select(pl.when(_random(rows, 33) % 2 == 0).then(busy).otherwise(anyone).alias("row")).to_series()
    kinds = tuple(kind for kind, weight in zip(EVENT_TYPES, EVENT_WEIGHTS, strict=True) for _ in range(weight))
    kind = _pick(kinds, _random(rows, 34))
    path = pl.select(pl.when(kind == "page_viewed").then(_pick(PATHS, _random(rows, 35)))).to_series()
    columns = {"lead_id": _key(lead), "type": kind, "at": _moment(_random(rows, 36), _SECONDS_OF_EVENTS), "path": path}
    return pl.DataFrame(columns)


def _random(rows: pl.Series, column: int) -> pl.Series:
    """Splitmix64 of the row number in the stream of that column."""
    mixed = (rows + column * 0x1000000000) * _STEP
    mixed = (mixed ^ _shifted(mixed, 30)) * _FIRST
    mixed = (mixed ^ _shifted(mixed, 27)) * _SECOND
    return _shifted(mixed ^ _shifted(mixed, 31), 11)


def _shifted(values: pl.Series, bits: int) -> pl.Series:
    return values // (1 << bits)


def _key(rows: pl.Series) -> pl.Series:
    """`L` and eight digits: a permutation of the row numbers, so that keys are unique and look shuffled."""
    return "L" + ((rows * 48_271_001 + 7_919) % 99_999_989).cast(pl.String).str.zfill(8)


def _pick(values: tuple[str, ...], random: pl.Series) -> pl.Series:
    return pl.Series(values)[(random % len(values)).cast(pl.UInt32)]


def _blanked(values: pl.Series, random: pl.Series, one_in: int) -> pl.Series:
    return pl.select(pl.when(random % one_in != 0).then(values)).to_series()


def _moment(random: pl.Series, span: int) -> pl.Series:
    seconds = (random % span).cast(pl.Int64) * 1_000_000
    moments = pl.select(pl.lit(_NEWEST, dtype=pl.Datetime("us", "UTC")) - seconds.cast(pl.Duration("us"))).to_series()
    return moments.dt.strftime("%Y-%m-%d %H:%M:%S")
