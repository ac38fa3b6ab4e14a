"""Findings as commands of a GitHub workflow, which draws them beside the lines they are about.

In: findings, and where the project lies in its repository. Out: one line each. Knows nothing of workflows else.
"""

from __future__ import annotations

from collections.abc import Iterable

from leadrules.core.diagnostics import Diagnostic, ordered
from leadrules.show.places import Places

COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github(diagnostics: Iterable[Diagnostic], places: Places) -> str:
    """`::error file=rules/a.lead,line=3,col=5,endLine=3,endColumn=9,title=LR104::message` per finding."""
    return "".join(_command(found, places) + "\n" for found in ordered(list(diagnostics)))


def _command(found: Diagnostic, places: Places) -> str:
    place = found.span.as_json()
    properties: dict[str, object] = {"file": places.path(place["path"]), "line": place["line"]}
    if place["line"] == place["end_line"]:  # over several lines GitHub takes no columns
        properties["col"] = place["column"]
    properties["endLine"] = place["end_line"]
    if place["line"] == place["end_line"]:
        properties["endColumn"] = place["end_column"]
    properties["title"] = found.code
    said = "\n".join(part for part in (found.message, found.help, *found.notes) if part)
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{COMMANDS[found.severity]} {listed}::{_data(said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
