"""JUnit XML against the two public schemas, read back by another parser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from lxml import etree

from leadrules.show.junit import Case, Suite, junit

SCHEMAS = Path(__file__).parents[1] / "suites" / "schemas"
AT = datetime(2026, 11, 2, 10, 30, 15, 250_000, tzinfo=UTC)
SUITES = [
    Suite(
        "rules/採点_test.lead",
        [
            Case("A VP gives 15", seconds=0.0421),
            Case(
                '5 < 6 & "so"',
                "failure",
                "expect",
                "fit was 20 <not 15>",
                "rules/a.lead:3  expected: fit = 15\n  fit -> 20",
            ),
            Case("  two\nlines  ", "skipped", message="left out"),
            Case("", "error", "LR001", "no \x00 text", "\ud800 alone"),
        ],
    ),
    Suite("rules/empty.lead", []),
]


@pytest.mark.parametrize("name", ["junit-ant.xsd", "junit-jenkins.xsd"])
@pytest.mark.parametrize("suites", [SUITES, []])
def test_both_public_schemas_take_it(name: str, suites: list[Suite]) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / name))
    schema.assertValid(etree.fromstring(junit(suites, AT).encode("utf-8")))


def test_counts_and_texts_come_back() -> None:
    root = ET.fromstring(junit(SUITES, AT))
    first, second = root.findall("testsuite")
    counted = {name: first.get(name) for name in ("tests", "failures", "errors", "skipped", "time", "id", "timestamp")}
    assert counted == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "0.042",
        "id": "0",
        "timestamp": "2026-11-02T10:30:15",
    }
    assert second.get("tests") == "0"
    passed, failed, skipped, broken = first.findall("testcase")
    assert list(passed) == []
    assert failed.get("name") == '5 < 6 & "so"'
    assert failed.get("classname") == "rules/採点_test.lead"
    failure = failed.find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "fit was 20 <not 15>", "type": "expect"}
    assert failure.text == "rules/a.lead:3  expected: fit = 15\n  fit -> 20"
    assert skipped.get("name") == "two lines"
    assert skipped[0].attrib == {"message": "left out"}
    assert broken.get("name") == "(without a name)"
    assert (broken[0].get("message"), broken[0].text) == ("no \ufffd text", "\ufffd alone")
