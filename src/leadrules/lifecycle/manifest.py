"""manifest.json: what a run read, when it looked, and how much of everything there was.

In: an outcome. Out: a document. No durations and no paths of this machine: the same run gives the same bytes.
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.lifecycle.run import Outcome, calendar_of
from leadrules.ruleset.store import digest

FORMAT_VERSION = 1


def manifest(outcome: Outcome) -> dict[str, Any]:
    """The document, with the counts of commands.md."""
    request = outcome.request
    calendar = calendar_of(request.ruleset)
    inputs = (*outcome.leads.inputs, *outcome.events.inputs)
    return {
        "format_version": FORMAT_VERSION,
        "as_of": iso(outcome.as_of.at, calendar),
        "since": iso(outcome.since, calendar),
        "rules": {"name": request.project.name, "sha256": digest(request.ruleset)},
        "inputs": [{"path": file.path, "sha256": file.sha256} for file in inputs],
        "counts": counts(outcome),
    }


def fingerprint(content: bytes) -> str:
    """What a manifest.json says of its run, whatever the project and the files are called: one name for the run."""
    try:
        said = json.loads(content)
        said["inputs"] = sorted(file["sha256"] for file in said["inputs"])
        said["rules"] = said["rules"]["sha256"]
    except (ValueError, KeyError, TypeError):  # no run wrote this
        return ""
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def is_of(run: str, content: bytes) -> bool:
    """Whether a manifest.json is that of a run; earlier versions of leadrules named a run by the very file."""
    return run in (fingerprint(content), sha256(content).hexdigest())


def counts(outcome: Outcome) -> dict[str, Any]:
    """How many leads and events came in and what became of them; `fired` is in leads per rule."""
    leads, events = outcome.leads, outcome.events
    return {
        "leads_in": leads.rows_in,
        "decided": leads.frame.height,
        "rejected": leads.rejected,
        "absent": 0 if outcome.overlay is None else outcome.overlay.absent,
        **{name: events.counts[name] for name in EVENT_COUNTS},
        "not_yet_in_crm": 0 if outcome.overlay is None else outcome.overlay.not_yet_in_crm,
        "fired": outcome.facts.fired() | dict(outcome.decided.fired if outcome.decided is not None else {}),
    }


EVENT_COUNTS = (
    "events_in",
    "events_unread",
    "events_used",
    "events_rejected",
    "events_orphaned",
    "events_repeated",
)


def iso(at: datetime | None, calendar: Calendar) -> str | None:
    """An instant as ISO 8601 with the offset of the project zone."""
    if at is None:
        return None
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(calendar.zone)).isoformat()
