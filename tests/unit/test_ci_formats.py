"""Findings for CI: SARIF and JUnit against their public schemas, and what GitHub's commands must escape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft7Validator
from lxml import etree

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix, Related
from leadrules.core.source import SourceFile, Span
from leadrules.review.pages import page
from leadrules.show.github import github
from leadrules.show.junit_findings import findings_junit
from leadrules.show.places import Places
from leadrules.show.sarif import fingerprints, sarif

SCHEMAS = Path(__file__).parents[1] / "suites" / "schemas"
FILE = SourceFile("rules/点 数.lead", 'score fit {\n  x: +5 when 役職 = "𝒳"\n}\nsegment vip\n  when foo\n')
OTHER = SourceFile("rules/b.lead", "define foo = 1\n")


def _span(file: SourceFile, words: str) -> Span:
    start = file.text.index(words)
    return Span(file, start, start + len(words))


UNKNOWN = finding(
    "LR104",
    _span(FILE, "役職"),
    "there is no name `役職`: 100%, a\r\nb",
    help="did you mean `職, 位`?",
    related=(Related(_span(OTHER, "foo"), "another stands here"),),
    fixes=(Fix("write `title`", (Edit(_span(FILE, "役職"), "title"), Edit(_span(OTHER, "foo"), "bar"))),),
)
DOUBT = finding("LR204", _span(FILE, "segment vip\n  when foo"), "a gap", notes=("3 of 5 leads fall through",))
NOWHERE = finding("LR050", Span(SourceFile("leadrules.yaml", ""), 0, 0), "it cannot be read")


def _log(*found: Diagnostic, **more: Any) -> Any:
    text = sarif(found, version="1.2.3", page=page, places=Places("our rules"), **more)
    document = json.loads(text)
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft7Validator(schema).iter_errors(document)] == []
    return document


def test_sarif_says_what_where_and_how_to_mend_it() -> None:
    (run,) = _log(UNKNOWN, DOUBT, NOWHERE)["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["LR050", "LR104", "LR204"]
    assert run["tool"]["driver"]["rules"][1]["help"]["markdown"].startswith("# LR104")
    nowhere, unknown, doubt = run["results"]
    assert (nowhere["level"], unknown["level"], doubt["level"]) == ("error", "error", "warning")
    assert [r["ruleIndex"] for r in run["results"]] == [0, 1, 2]
    place = unknown["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {
            "uri": "our%20rules/rules/%E7%82%B9%20%E6%95%B0.lead",
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": 2, "startColumn": 14, "endLine": 2, "endColumn": 16},
    }
    assert doubt["message"]["text"] == "a gap\n3 of 5 leads fall through"
    assert doubt["locations"][0]["physicalLocation"]["region"]["endLine"] == 5
    assert unknown["relatedLocations"][0]["message"]["text"] == "another stands here"
    (fix,) = unknown["fixes"]
    assert fix["description"]["text"] == "write `title`"
    changed = {c["artifactLocation"]["uri"]: c["replacements"] for c in fix["artifactChanges"]}
    assert changed["our%20rules/rules/b.lead"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 8, "endLine": 1, "endColumn": 11},
            "insertedContent": {"text": "bar"},
        }
    ]
    assert "partialFingerprints" not in nowhere
    assert unknown["partialFingerprints"] == {"primaryLocationLineHash": fingerprints(FILE.text)[1]}


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    (run,) = _log()["runs"]
    assert run["results"] == []
    assert run["tool"]["driver"]["version"] == "1.2.3"


def test_sarif_tells_what_is_silenced_as_suppressed() -> None:
    (run,) = _log(UNKNOWN, silenced=[(DOUBT, "partner deals overlap")])["runs"]
    unknown, doubt = run["results"]
    assert "suppressions" not in unknown
    assert doubt["suppressions"] == [{"kind": "inSource", "justification": "partner deals overlap"}]


# What GitHub's own upload action (src/fingerprints.ts of github/codeql-action) worked out for this text.
KNOWN = (
    'score fit {\n\t up: +5 when 役職 = "𝒳"\r\n}\r\rscore fit {\n',
    ["75bfade85b7696b8:1", "9a146b55a8ecbe38:1", "1105ab4465c9e68c:1", "c91c08e8e938cbc1:1", "18ed23a3b614e07b:1"],
)


def test_fingerprints_are_those_of_githubs_upload() -> None:
    text, known = KNOWN
    assert fingerprints(text) == [*known, "c129715d7a2bc9a3:1"]


def test_a_line_that_comes_again_is_counted() -> None:
    line = "x" * 120 + "\n"
    first, second, third, _ = fingerprints(line * 3)
    hashed = first.removesuffix(":1")
    assert (second, third) == (f"{hashed}:2", f"{hashed}:3")


def test_a_file_outside_the_project_is_named_in_full() -> None:
    outside = finding("LR104", Span(SourceFile("/srv/a b.lead", "x"), 0, 1), "m")
    (run,) = _log(outside)["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///srv/a%20b.lead"
    }


def test_github_commands_escape_what_would_end_them() -> None:
    lines = github([UNKNOWN, DOUBT, NOWHERE], Places()).splitlines()
    assert lines == [
        "::error file=leadrules.yaml,line=1,col=1,endLine=1,endColumn=1,title=LR050::it cannot be read",
        (
            "::error file=rules/点 数.lead,line=2,col=14,endLine=2,endColumn=16,title=LR104"
            "::there is no name `役職`: 100%25, a%0D%0Ab%0Adid you mean `職, 位`?"
        ),
        "::warning file=rules/点 数.lead,line=4,endLine=5,title=LR204::a gap%0A3 of 5 leads fall through",
    ]


def test_github_properties_escape_colons_and_commas() -> None:
    odd = finding("LR104", Span(SourceFile("rules/a,b:c%.lead", "x"), 0, 1), "m")
    assert github([odd], Places("p")).startswith("::error file=p/rules/a%2Cb%3Ac%25.lead,line=1,")


@pytest.mark.parametrize(("strict", "outcomes"), [(False, ["failure", "skipped"]), (True, ["failure", "failure"])])
def test_junit_fails_what_check_objects_to(strict: bool, outcomes: list[str]) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    text = findings_junit([DOUBT, UNKNOWN], ["rules/b.lead", FILE.path], Places("p"), at, strict=strict)
    for name in ("junit-ant.xsd", "junit-jenkins.xsd"):
        etree.XMLSchema(etree.parse(SCHEMAS / name)).assertValid(etree.fromstring(text.encode("utf-8")))
    clean, found = ET.fromstring(text).findall("testsuite")
    assert clean.get("name") == "p/rules/b.lead"
    assert [case.get("name") for case in clean.findall("testcase")] == ["no findings"]
    cases = found.findall("testcase")
    assert [case.get("name") for case in cases] == ["LR104 2:14", "LR204 4:1"]
    assert [case[0].tag for case in cases] == outcomes
    assert "did you mean" in (cases[0][0].text or "")
