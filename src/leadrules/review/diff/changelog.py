"""A change of rules in words, for those who read no rules.

In: a diff, with or without leads. Out: a document, and Markdown or text of one line per edit: what it says now, and how many
leads it moves where. Says of leads only what the diff found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from leadrules.review.diff.diff import edit_document, moves_of, side_document, without_keys
from leadrules.review.diff.edits import Edit
from leadrules.review.diff.model import Diff
from leadrules.review.diff.pages import version
from leadrules.show.tables import Section

FORMAT_VERSION = 1
SHOWN_EFFECTS = 3
_HEADS = {
    "settings": "The project",
    "project": "The project",
    "lead_schema": "Fields and events",
    "event_schema": "Fields and events",
    "team": "The team",
    "lists": "Lists and tables",
    "tables": "Lists and tables",
    "routes": "Routing",
    "sequences": "Sequences",
    "triggers": "Triggers",
    "exits": "Exits and suppressions",
    "suppressions": "Exits and suppressions",
    "asserts": "Promises",
    "funnels": "Measures",
    "goals": "Measures",
    "tests": "Tests",
}
_KIND_HEADS = {
    "Score": "Scores",
    "Segment": "Segments",
    "Define": "Definitions",
    "Band": "Bands and stages",
    "Matrix": "Bands and stages",
    "Classify": "Bands and stages",
    "Stages": "Bands and stages",
}


def changelog_document(diff: Diff, project: str) -> dict[str, Any]:
    """Every edit in words; `effects` are None where no leads were at hand, or both versions are run with the same side of it."""
    diff = without_keys(diff)
    return {
        "format_version": FORMAT_VERSION,
        "project": project,
        "base": side_document(diff.base),
        "head": side_document(diff.head),
        "leads": None if diff.compared is None else diff.compared.height,
        "edits": [
            {
                "topic": _topic(edit),
                **edit_document(diff, number),
                "effects": list(_effects(diff, number)) if diff.compared is not None and edit.is_compared else None,
            }
            for number, edit in enumerate(diff.edits)
        ],
    }


def _topic(edit: Edit) -> str:
    part = edit.owners[1] if edit.owners[1] is not None else edit.owners[0]
    return _HEADS.get(edit.section) or _KIND_HEADS[type(part).__name__]


def _effects(diff: Diff, number: int) -> Iterator[dict[str, Any]]:
    """Where an edit moves leads, by where they go: the most first."""
    counted: Counter[tuple[str, str, Any]] = Counter()
    for move in moves_of(diff, number):
        counted[move["kind"], move["name"], move["to"]] += int(move["leads"])
    for (kind, name, to), leads in sorted(counted.items(), key=lambda one: -one[1]):
        yield {"kind": kind, "name": name, "to": to, "leads": leads}


def changelog_sections(document: Mapping[str, Any]) -> list[Section]:
    """The document by topic, a line per edit."""
    topics: dict[str, list[str]] = {}
    for edit in document["edits"]:
        effects = edit["effects"]
        said = [_effect_words(one) for one in (effects or ())[:SHOWN_EFFECTS]]
        told = "" if effects is None or not said else f"; {', '.join(said)}"
        topics.setdefault(edit["topic"], []).append(f"{edit['words']}{told}.")
    return [Section(topic, notes=tuple(f"- {line}" for line in lines)) for topic, lines in topics.items()] or [
        Section("The rules say the same")
    ]


def changelog_title(document: Mapping[str, Any]) -> str:
    """What the page is called."""
    over = "" if document["leads"] is None else f", on {document['leads']:,} leads"
    return f"{document['project']}: {version(document['base'])} -> {version(document['head'])}{over}"


def _effect_words(effect: Mapping[str, Any]) -> str:
    """`212 leads become mql`, `3 leads go to lee`, `12 leads leave outbound`."""
    leads, kind, to = effect["leads"], effect["kind"], effect["to"]
    many = f"{leads:,} lead{'' if leads == 1 else 's'}"
    s = "s" if leads == 1 else ""
    if kind == "segment":
        return f"{many} enter{s} {effect['name']}" if to else f"{many} leave{s} {effect['name']}"
    if kind == "owner":
        return f"{many} go{'es' if s else ''} to {to}" if to is not None else f"{many} stay{s} without an owner"
    if kind == "sequence":
        return f"{many} enter{s} {to}" if to is not None else f"{many} {'is' if s else 'are'} in no sequence"
    if kind == "field":
        return f"{many} get{s} {effect['name']} {to}" if to is not None else f"{many} keep{s} {effect['name']}"
    return f"{many} become{s} {to if to is not None else 'blank'} ({effect['name']})"
