"""What reads what: a ruleset drawn by hand, every reading of the examples found by another walk, Mermaid and SVG that parse."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.suites.running import EXAMPLES, ROOT, leadrules, starter

from leadrules.review.graph import COLUMNS, graph, named
from leadrules.review.workspace import open_workspace
from leadrules.show.diagram import Arrow, Box, Diagram
from leadrules.show.layers import svg
from leadrules.show.mermaid import mermaid

PROJECT = Path(__file__).resolve().parents[1] / "language" / "project"
MODULES = Path(os.environ.get("MERMAID_MODULES", ROOT / "build/node/node_modules"))
RULES = """list near = ["JP", "KR"]
define site = domain_of(email)
define sum2 = fit2 + 1
score fit2 {
  a: +5 when country in near
  b: +3 each page_viewed where (path starts with "/p") within 9 days
}
band warm2 of sum2 { hot2: from 9  cold2: otherwise }
matrix both of warm2 by kind2 {
  columns: big | small
  hot2:    x1  | x2
  cold2:   x2  | x2
}
classify kind2 { big: when employees > 9  small: otherwise }
segment far when not (country in near) and warm2 is hot2
route deal { any: team inside by round_robin otherwise }
sequence chase { 1: day 1 call  exit when site in ("x.example")  finish after 1 day }
trigger warmed { on enter warm2 hot2  when far  do enroll chase  do assign with deal  do set status = "Working" }
exit all when far
"""
READS = {
    ("field.email", "site"),
    ("fit2", "sum2"),
    ("field.country", "fit2"),
    ("list.near", "fit2"),
    ("event.page_viewed", "fit2"),
    ("sum2", "warm2"),
    ("warm2", "both"),
    ("kind2", "both"),
    ("field.employees", "kind2"),
    ("field.country", "far"),
    ("list.near", "far"),
    ("warm2", "far"),
    ("site", "sequence.chase"),
    ("warm2", "trigger.warmed"),
    ("far", "trigger.warmed"),
    ("far", "exit.1"),
}
ACTS = {
    ("trigger.warmed", "sequence.chase"),
    ("trigger.warmed", "route.deal"),
    ("trigger.warmed", "field.status"),
}


@pytest.fixture
def drawn(tmp_path: Path) -> Diagram:
    root = tmp_path / "project"
    shutil.copytree(PROJECT, root)
    (root / "rules" / "drawn.lead").write_text(RULES, encoding="utf-8")
    workspace = open_workspace(root)
    assert workspace.ruleset is not None, workspace.diagnostics
    return graph(workspace.ruleset)


def test_each_arrow_of_a_small_ruleset(drawn: Diagram) -> None:
    own = READS | ACTS
    keys = {key for pair in own for key in pair}
    found = {(a.start, a.end): a.dashed for a in drawn.arrows if a.end in keys or a.start in keys}
    assert {pair for pair, dashed in found.items() if not dashed} >= READS
    assert {pair for pair, dashed in found.items() if dashed} >= ACTS
    rules = {"site", "sum2", "fit2", "warm2", "both", "kind2", "far", "trigger.warmed", "sequence.chase", "exit.1"}
    assert {pair for pair in found if pair[1] in rules} == {p for p in own if p[1] in rules}


def test_boxes_stand_in_the_column_of_what_they_are(drawn: Diagram) -> None:
    where = {box.key: COLUMNS[box.column] for box in drawn.boxes}
    assert where["field.email"] == where["list.near"] == where["event.page_viewed"] == "Fields, events, lists"
    assert (where["site"], where["fit2"], where["sum2"]) == ("Terms", "Scores", "Sums")
    assert where["warm2"] == where["both"] == where["kind2"] == "Bands, classes, stages"
    assert (where["far"], where["trigger.warmed"]) == ("Segments", "Triggers")
    assert where["route.deal"] == where["sequence.chase"] == where["exit.1"] == "Routes, sequences, promises"


def test_focus_goes_both_ways_as_far_as_asked(drawn: Diagram) -> None:
    near = drawn.around(frozenset({"sum2"}), 1)
    assert {box.key for box in near.boxes} == {"fit2", "sum2", "warm2"}
    assert {(a.start, a.end) for a in near.arrows} == {("fit2", "sum2"), ("sum2", "warm2")}
    wide = {box.key for box in drawn.around(frozenset({"sum2"}), 2).boxes}
    assert wide == {
        "fit2",
        "sum2",
        "warm2",
        "field.country",
        "list.near",
        "event.page_viewed",
        "both",
        "far",
        "trigger.warmed",
    }


def test_a_word_means_a_rule_before_a_field() -> None:
    boxes = tuple(Box(key, key.partition(".")[0], "a", 0) for key in ("field.a", "score.a", "trigger.a"))
    diagram = Diagram(("x",), (*boxes, Box("field.b", "field", "b", 0)), ())
    assert named(diagram, "a") == {"score.a", "trigger.a"}
    assert named(diagram, "field.a") == {"field.a"}
    assert named(diagram, "b") == {"field.b"}
    assert named(diagram, "c") == frozenset()


@pytest.mark.parametrize("name", ["acme", "sakura", "starter"])
def test_every_reading_that_compile_prints_is_an_arrow(name: str, tmp_path: Path) -> None:
    """The JSON of `leadrules compile`, walked as JSON, names the same fields, names and lists."""
    project = starter(tmp_path) if name == "starter" else EXAMPLES / name
    compiled = json.loads(leadrules("compile", "--project", project).stdout)
    ruleset = open_workspace(project).ruleset
    assert ruleset is not None
    arrows = {(a.start, a.end) for a in graph(ruleset).arrows}
    for kind, prefix in (
        ("definitions", ""),
        ("routes", "route."),
        ("sequences", "sequence."),
        ("triggers", "trigger."),
    ):
        for rule in compiled[kind]:
            key = f"{prefix}{rule['name']}"
            for read in _readings(rule, compiled["aggregates"]):
                assert read == key or (read, key) in arrows, (read, key)


def _readings(node: Any, aggregates: list[Any]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _readings(item, aggregates)
    elif isinstance(node, dict):
        op, value = node.get("op"), node.get("value")
        if op == "field":
            yield f"field.{value}"
        elif op == "name":
            yield str(value)
        elif op in ("in", "contains", "starts", "ends", "has") and value is not None:
            yield f"list.{value}"
        elif op in ("aggregate", "did"):
            yield from _readings(aggregates[node["value"]], aggregates)
        yield from (f"event.{event}" for event in node.get("types", []))
        for item in node.values():
            yield from _readings(item, aggregates)


@pytest.mark.parametrize("name", ["acme", "sakura", "starter"])
def test_no_box_covers_another_and_all_stand_inside(name: str, tmp_path: Path) -> None:
    ruleset = open_workspace(starter(tmp_path) if name == "starter" else EXAMPLES / name).ruleset
    assert ruleset is not None
    diagram = graph(ruleset)
    root = ET.fromstring(svg(diagram, "rules & more"))
    space = "{http://www.w3.org/2000/svg}"
    wide, high = float(root.get("width", "0")), float(root.get("height", "0"))
    frames = [
        tuple(float(rect.get(side, "0")) for side in ("x", "y", "width", "height"))
        for rect in root.iter(f"{space}rect")
    ]
    assert len(frames) == len(diagram.boxes)
    assert len(list(root.iter(f"{space}path"))) == len(diagram.arrows) + 1  # the tip of an arrow
    for at, (x, y, w, h) in enumerate(frames):
        assert x >= 0
        assert y >= 0
        assert x + w <= wide
        assert y + h <= high
        for x2, y2, w2, h2 in frames[:at]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
    assert root.get("aria-label") == "rules & more"
    assert svg(diagram, "t") == svg(diagram, "t")


def test_an_empty_ruleset_is_an_empty_picture() -> None:
    empty = Diagram(COLUMNS, (), ())
    assert ET.fromstring(svg(empty, "nothing")).get("role") == "img"
    assert mermaid(empty) == "flowchart LR\n"


def test_mermaid_text_cannot_break_out() -> None:
    boxes = (Box("a", "field", 'x"] --> y; %% `z` <b>', 0), Box("end", "segment", "売上 end", 0))
    text = mermaid(Diagram(("a, b",), boxes, (Arrow("a", "end", dashed=True),)))
    assert 'n0["x#34;#93; --#62; y#59; #37;#37; #96;z#96; #60;b#62;"]' in text
    assert 'n1("売上 end")' in text
    assert "  n0 -.-> n1\n" in text


@pytest.mark.parametrize("name", ["acme", "sakura", "starter"])
def test_mermaid_is_what_its_own_parser_takes(name: str, tmp_path: Path) -> None:
    if shutil.which("node") is None or not (MODULES / "mermaid").is_dir():
        pytest.skip("no node with mermaid and jsdom: `make node-tools`, or name a node_modules in MERMAID_MODULES")
    project = starter(tmp_path) if name == "starter" else EXAMPLES / name
    text = leadrules("graph", "--project", project).stdout
    script = f"""
      const {{ JSDOM }} = (await import({json.dumps((MODULES / "jsdom/lib/api.js").as_uri())})).default;
      globalThis.window = new JSDOM("").window; globalThis.document = window.document;
      const mermaid = (await import({json.dumps((MODULES / "mermaid/dist/mermaid.core.mjs").as_uri())})).default;
      const found = await mermaid.parse({json.dumps(text)});
      process.stdout.write(found.diagramType, () => process.exit(0));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "flowchart-v2"), done.stderr


def test_the_command_knows_its_format_by_the_file(tmp_path: Path) -> None:
    acme = EXAMPLES / "acme"
    assert leadrules("graph", "--project", acme).stdout.startswith("flowchart LR\n")
    picture = tmp_path / "rules.svg"
    assert leadrules("graph", "--project", acme, "-o", picture, "-q").exit_code == 0
    assert ET.parse(picture).getroot().tag.endswith("svg")
    assert leadrules("graph", "--project", acme, "--format", "svg").stdout == picture.read_text(encoding="utf-8")
    focused = leadrules("graph", "--project", acme, "--focus", "intent").stdout
    assert set(re.findall(r'"([^"]+)"', focused)) == {
        "Fields, events, lists", "Scores", "Sums",
        "lead_source", "page_viewed", "form_submitted", "webinar_attended", "intent", "total",
    }  # fmt: skip
    wrong = leadrules("graph", "--project", acme, "--focus", "intend")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "did you mean `intent`?" in wrong.stderr


def test_a_lookup_reads_its_table_whatever_holds_a_dot(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(PROJECT, root)
    (root / "abm.csv").write_text("key,the.tier\nJP,3\n", encoding="utf-8")
    rules = 'table `a.b` from "abm.csv" key key\nsegment g when lookup(country, `a.b`.`the.tier`) > 1\n'
    (root / "rules" / "drawn.lead").write_text(rules, encoding="utf-8")
    workspace = open_workspace(root)
    assert workspace.ruleset is not None, workspace.diagnostics
    assert Arrow("table.a.b", "g") in graph(workspace.ruleset).arrows


def test_a_name_with_a_dot_is_no_other_box(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(PROJECT, root)
    rules = "segment `route.a` when employees > 3\nroute a { r: keep owner when `route.a` }\n"
    (root / "rules" / "drawn.lead").write_text(rules, encoding="utf-8")
    workspace = open_workspace(root)
    assert workspace.ruleset is not None, workspace.diagnostics
    found = graph(workspace.ruleset)
    assert len({box.key for box in found.boxes}) == len(found.boxes)
    (start,) = [box.key for box in found.boxes if (box.kind, box.name) == ("segment", "route.a")]
    assert Arrow(start, "route.a") in found.arrows
