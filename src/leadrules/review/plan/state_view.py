"""A lead as the state knows it, and its way through time, for people and for machines.

In: the folder of a state, a lead. Out: lines of text, or JSON. Works nothing out that the state does not hold.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import rows_where
from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.state.store import history
from leadrules.lifecycle.state.tend import known
from leadrules.show.machine import dump
from leadrules.show.text import width as width_of

FORMAT_VERSION = 1
_GROUPS = {
    "label": "labels",
    "since": "since",
    "in": "segments",
    "set": "decided",
    "said": "record said",
    "fired": "triggers fired",
    "dated": "dates fallen",
    "armed": "dates waiting",
    "holds": "conditions",
    "enrolled": "last enrolled",
    "overdue": "overdue answered",
    "times": "reassigned",
    "held": "held",
    "at": "held since",
    "queued": "queues given",
    "account": "accounts",
}


def lead_json(path: Path, lead: str, calendar: Calendar) -> str:
    """What the state has of a lead, as JSON; what is blank is left out."""
    return dump({"format_version": FORMAT_VERSION, **_document(path, lead, calendar)})


def lead_text(path: Path, lead: str, calendar: Calendar) -> str:
    """What the state has of a lead, a line each."""
    document = _document(path, lead, calendar)
    lines = []
    for name, value in document.items():
        if isinstance(value, dict):
            lines += [f"{name}:", *(_line(f"  {one}", what) for one, what in value.items())]
        else:
            lines.append(_line(name, value))
    return "\n".join(lines) + "\n"


def _line(name: str, value: Any) -> str:
    """A name and what it holds, under the others however wide its letters are."""
    return f"{name}{' ' * (26 - width_of(name))} {_words(value)}"


def _document(path: Path, lead: str, calendar: Calendar) -> dict[str, Any]:
    state, key = known(path, lead)
    row = state.leads.row(int(rows_where(state.leads["key"] == key)[0]))
    found: dict[str, Any] = {"key": key, "as_of": iso(state.as_of, calendar)}
    for column, value in row.items():
        if value is None or column == "key":
            continue
        group, colon, name = column.partition(":")
        if colon:
            found.setdefault(_GROUPS.get(group, group), {})[name] = _plain(value, calendar)
        else:
            found[column] = _plain(value, calendar)
    return found


def history_rows(path: Path, lead: str, calendar: Calendar) -> list[dict[str, Any]]:
    """Every change of a lead, oldest first."""
    _, key = known(path, lead)
    return [
        {name: _plain(value, calendar) for name, value in row.items() if name != "key"}
        for row in history(path, [key]).iter_rows(named=True)
    ]


def history_text(path: Path, lead: str, calendar: Calendar) -> str:
    """Every change of a lead, a line each."""
    rows = history_rows(path, lead, calendar)
    names = [row["kind"] if row["what"] in (row["kind"], None) else f"{row['kind']} {row['what']}" for row in rows]
    widest = max(map(width_of, names), default=0)
    lines = []
    for row, name in zip(rows, names, strict=True):
        change = f"{_words(row['old'])} -> {_words(row['new'])}"
        because = f"  ({row['rule']})" if row["rule"] else ""
        lines.append(f"{row['as_of']}  {name}{' ' * (widest - width_of(name))}  {change}{because}")
    return "\n".join(lines) + "\n" if lines else "nothing has changed yet\n"


def history_json(path: Path, lead: str, calendar: Calendar) -> str:
    """Every change of a lead, as JSON."""
    return dump(
        {"format_version": FORMAT_VERSION, "key": known(path, lead)[1], "history": history_rows(path, lead, calendar)}
    )


def _plain(value: Any, calendar: Calendar) -> Any:
    if isinstance(value, datetime):
        return iso(value, calendar)
    return value if isinstance(value, str | bool | int | float | list) or value is None else str(value)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "(blank)" if value in (None, "") else str(value)
