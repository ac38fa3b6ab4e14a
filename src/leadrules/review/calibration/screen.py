"""A calibration as a document of tables.

In: the document of `calibration.py`. Out: sections for the terminal, Markdown or HTML. Works nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadrules.show.tables import Bar, Cell, Section, percent

MOST_LINES = 40
MOST_FIELDS = 15
NOT_AVAILABLE = "n/a"


def calibration_sections(document: Mapping[str, Any]) -> list[Section]:
    """All of it, what matters most first."""
    return [section for section in _sections(document) if section.rows or section.notes]


def _sections(document: Mapping[str, Any]) -> Iterator[Section]:
    yield _read(document)
    yield _leakage(document)
    yield _ranking(document)
    yield _lines(document)
    yield _overlaps(document)
    yield _fields(document)
    for score in document["scores"]:
        yield _ranges(score)
        yield _thresholds(score)
    yield _suggestion(document)


def _read(document: Mapping[str, Any]) -> Section:
    reached = document["reached"]
    said = f"{reached['reached']:,} of {reached['of']:,} leads ({percent(reached['share'])}) reached it"
    return Section(f"Outcome: {document['outcome']}", notes=(said, *document["notes"]))


def _leakage(document: Mapping[str, Any]) -> Section:
    rows = tuple((f"{leak['kind']} {leak['name']}", leak["why"]) for leak in document["leakage"])
    notes = (
        ("known only with or after the outcome? Then no rule may read it; leave it out with --exclude",) if rows else ()
    )
    return Section("Leakage", ("", "why"), rows, notes)


def _ranking(document: Mapping[str, Any]) -> Section:
    rows: list[tuple[Cell, ...]] = [
        (score["name"], _auc(score["auc"]), _auc(score["auc_earlier"]), _auc(score["auc_later"]), "")
        for score in document["scores"]
    ]
    rows += [(m["name"], "", "", _auc(m["auc_later"]), _auc(m["auc_random"])) for m in document["models"]]
    notes = (
        "AUC: the chance that a lead that reached the outcome stands above one that did not; 0.5 is a coin",
        "regressions are checked on leads that they did not learn from: the later half, a random half",
    )
    return Section(
        "How well it ranks", ("", "all leads", "earlier half", "later half", "random half"), tuple(rows), notes
    )


def _lines(document: Mapping[str, Any]) -> Section:
    rows = [
        (
            line["name"],
            "computed" if line["points"] is None else _points(line["points"]),
            _suggested(line),
            line["fired"]["of"],
            line["fired"]["reached"],
            percent(line["fired"]["share"]),
            _times(line["lift"]),
            _between(line["interval"]),
            _auc(line["auc"]),
        )
        for line in document["lines"]
    ]
    columns = ("line", "points", "suggested", "leads", "reached", "rate", "lift", "95%", "AUC")
    notes = ["lift: the rate of the leads that a line gives something, over the rate of all leads"] if rows else []
    if len(rows) > MOST_LINES:
        notes.append(f"and {len(rows) - MOST_LINES} more lines: --format json has all")
    return Section("Lines", columns, tuple(rows[:MOST_LINES]), tuple(notes))


def _overlaps(document: Mapping[str, Any]) -> Section:
    rows = tuple((o["first"], o["second"], o["both"], Bar(o["share"])) for o in document["overlaps"])
    return Section("Lines that say the same", ("", "and", "leads with both", "of either"), rows)


def _fields(document: Mapping[str, Any]) -> Section:
    rows = tuple(
        (one["name"], one["known"], f"{one['auc']:.3f}") for one in document["fields"] if one["auc"] is not None
    )
    return Section("Fields on their own", ("field", "known", "AUC"), rows[:MOST_FIELDS])


def _ranges(score: Mapping[str, Any]) -> Section:
    rows = tuple(
        (
            _from_to(r["low"], r["high"]),
            r["rate"]["of"],
            r["rate"]["reached"],
            percent(r["rate"]["share"]),
            _shares(r["rate"]["interval"]),
            Bar(r["rate"]["share"] or 0.0),
            "lower than the range before it" if r["falls"] else "",
        )
        for r in score["ranges"]
    )
    return Section(f"Calibration of {score['name']}", ("score", "leads", "reached", "rate", "95%", "", ""), rows)


def _thresholds(score: Mapping[str, Any]) -> Section:
    rows = tuple(
        (
            _number(row["from"]),
            row["label"],
            row["leads"],
            NOT_AVAILABLE if row["per_week"] is None else f"{row['per_week']:,.1f}",
            percent(row["precision"]),
            percent(row["recall"]),
        )
        for row in score["thresholds"]
    )
    notes = [] if score["fitting"] is None else [f"what was asked for fits from {_number(score['fitting'])}"]
    columns = ("from", "band", "leads", "a week", "precision", "recall")
    return Section(f"Thresholds on {score['name']}", columns, rows, tuple(notes))


def _suggestion(document: Mapping[str, Any]) -> Section:
    found = document["suggestion"]
    if not found["patch"]:
        return Section("Suggestion", notes=(f"none: {found['why_none']}",))
    rows = tuple(
        (name, _auc(before), _auc(found["auc_after"].get(name))) for name, before in found["auc_before"].items()
    )
    notes = (
        f"learnt from {found['learnt_from']}; AUC on {found['checked_on']:,} later leads that it did not learn from",
        "--patch FILE writes it; read it, `git apply FILE` in the project's folder, then `leadrules check` and `leadrules test`",
    )
    return Section("Suggestion", ("", "as it is", "with the patch"), rows, notes)


def _auc(value: float | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:.3f}"


def _times(lift: float | None) -> str:
    return NOT_AVAILABLE if lift is None else f"{lift:.2f}x"


def _between(interval: list[float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def _shares(interval: list[float] | None) -> str:
    return "" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"


def _number(value: float) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _points(points: float) -> str:
    return f"{'-' if points < 0 else '+'}{_number(abs(points))}"


def _suggested(line: Mapping[str, Any]) -> str:
    if line["suggested_factor"] is not None:
        return f"times {_number(line['suggested_factor'])}"
    return "" if line["suggested_points"] is None else _points(line["suggested_points"])


def _from_to(low: float, high: float) -> str:
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"
