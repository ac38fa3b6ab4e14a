"""Cases and their outcomes as JUnit XML, which every CI server draws.

In: suites of cases, and when they ran (given: nothing here reads a clock). Out: one document, valid against the schema of
Ant's JUnit task and against that of Jenkins' xUnit plugin, the two that are public. Knows no test and no finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from xml.etree import ElementTree as ET

from leadrules.core.records import dataclass

Outcome = Literal["passed", "failure", "error", "skipped"]
# What XML 1.0 cannot hold, however it is escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `kind` is the type of a failure or an error, `message` its line, `text` all there is to say."""

    name: str
    outcome: Outcome = "passed"
    kind: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file, in order; `name` is its path."""

    name: str
    cases: Sequence[Case]


def junit(suites: Iterable[Suite], at: datetime) -> str:
    """The document. `at` is when the cases ran, as local time is told."""
    root = ET.Element("testsuites")
    for position, suite in enumerate(suites):
        root.append(_suite(suite, position, at))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(suite: Suite, position: int, at: datetime) -> ET.Element:
    outcomes = [case.outcome for case in suite.cases]
    element = ET.Element(
        "testsuite",
        {
            "name": _named(suite.name),
            "package": "leadrules",
            "id": str(position),
            "tests": str(len(outcomes)),
            "failures": str(outcomes.count("failure")),
            "errors": str(outcomes.count("error")),
            "skipped": str(outcomes.count("skipped")),
            "time": _seconds(sum(case.seconds for case in suite.cases)),
            "timestamp": at.replace(tzinfo=None).isoformat(timespec="seconds"),
            "hostname": "localhost",
        },
    )
    ET.SubElement(element, "properties")
    element.extend(_case(case, suite.name) for case in suite.cases)
    ET.SubElement(element, "system-out")
    ET.SubElement(element, "system-err")
    return element


def _case(case: Case, suite: str) -> ET.Element:
    attributes = {"name": _named(case.name), "classname": _named(suite), "time": _seconds(case.seconds)}
    element = ET.Element("testcase", attributes)
    if case.outcome != "passed":
        said = {"message": _clean(case.message)}
        if case.outcome != "skipped":
            said["type"] = _named(case.kind or case.outcome)
        ET.SubElement(element, case.outcome, said).text = _clean(case.text or case.message)
    return element


def _named(text: str) -> str:
    """A name as the schemas take it: on one line, and never empty."""
    return " ".join(_clean(text).split()) or "(without a name)"


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _seconds(seconds: float) -> str:
    """Three decimals, so that every reader takes it for a number."""
    return f"{seconds:.3f}"
