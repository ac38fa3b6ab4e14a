"""Owners, sequences, fields and actions in a diff: what moves, and the line that does it."""

from __future__ import annotations

from pathlib import Path

from tests.diff_project import diff, project

RULES = """score fit { vp: +30 when title contains "VP"  big: +20 when employees >= 200 }
band heat of fit { hot: from 30  cold: otherwise }
route sales {
  hot: rep "ann@x" when heat is hot
  rest: queue pool otherwise
}
sequence ring "Ring them" {
  1: day 1 call "Hello"
  2: day 3 call "Again"
  exit when did demo
}
trigger warmed { on enter heat hot  do enroll ring  do set title = "Asked" }
"""
LEADS = """id,title,employees,country,owner,created_at
1,VP,5,JP,,2026-01-05
2,Clerk,300,JP,,2026-01-06
3,Clerk,5,JP,,2026-01-07
"""

DOTTED = (
    ("route sales", "route `a.b`"),
    ("rest:", "`in.rest`:"),
    ("sequence ring", "sequence `c.d`"),
    ("enroll ring", "enroll `c.d`"),
    ("trigger warmed", "trigger `e.f`"),
)


def _versions(tmp_path: Path, *edits: tuple[str, str]) -> tuple[Path, Path]:
    text = RULES
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return project(tmp_path / "base", RULES, LEADS), project(tmp_path / "head", text, LEADS)


def test_a_score_that_moves_a_label_moves_what_hangs_on_it(tmp_path: Path) -> None:
    # The second lead alone turns hot: 40 points. A second edit, of a line that moves nobody, is blamed for nothing.
    base, head = _versions(tmp_path, ("big: +20", "big: +40"), ('"Again"', '"Once more"'))
    found = diff(base, head, "--no-state")["decisions"]
    because = [{"edit": "fit.big", "leads": 1}]
    owner = found["owner"]["transitions"]
    assert owner == [{"from": "queue:pool", "to": "ann@x", "leads": 1, "because": because}]
    assert found["sequence"]["transitions"] == [{"from": None, "to": "ring", "leads": 1, "because": because}]
    (field,) = found["fields"]
    assert field["name"] == "title"
    assert field["transitions"] == [{"from": None, "to": "Asked", "leads": 1, "because": because}]
    assert found["actions"]["load"] == [{"kind": "call", "before": 1, "after": 2}]
    assert found["actions"]["because"] == because


def test_an_edited_route_line_is_blamed_for_those_it_takes(tmp_path: Path) -> None:
    edit = ('rep "ann@x" when heat is hot', 'rep "bob@x" when heat is hot')
    base, head = _versions(tmp_path, edit, ('"Hello"', '"Good day"'))
    found = diff(base, head, "--no-state")["decisions"]
    assert found["owner"]["transitions"] == [
        {"from": "ann@x", "to": "bob@x", "leads": 1, "because": [{"edit": "route.sales.hot", "leads": 1}]}
    ]
    assert found["owner"]["in_another_turn"] == 0
    load = {one["owner"]: (one["before"], one["after"]) for one in found["owner"]["load"]}
    assert load == {"ann@x": (1, 0), "bob@x": (0, 1), "queue:pool": (2, 2)}
    assert found["actions"]["because"] == [{"edit": "sequence.ring.1", "leads": 1}]
    assert found["sequence"]["changed"] == 0


def test_a_version_without_routes_leaves_owners_as_the_record_has_them(tmp_path: Path) -> None:
    facts = RULES[: RULES.index("route sales")]
    base, head = project(tmp_path / "base", facts, LEADS), project(tmp_path / "head", RULES, LEADS)
    found = diff(base, head, "--no-state")["decisions"]
    moves = {(one["from"], one["to"]): one["leads"] for one in found["owner"]["transitions"]}
    assert moves == {(None, "queue:pool"): 2, (None, "ann@x"): 1}
    assert {one["edit"] for one in found["owner"]["because"]} == {"route.sales"}
    assert [one["edit"] for one in found["sequence"]["because"]] == ["sequence.ring", "trigger.warmed"]


def test_names_with_dots_are_blamed_as_others_are(tmp_path: Path) -> None:
    text = RULES
    for old, new in DOTTED:
        text = text.replace(old, new)
    edits = (("`in.rest`: queue pool", '`in.rest`: rep "bob@x"'), ('"Hello"', '"Good day"'), ('"Asked"', '"Called"'))
    after = text
    for old, new in edits:
        after = after.replace(old, new)
    base, head = project(tmp_path / "base", text, LEADS), project(tmp_path / "head", after, LEADS)
    found = diff(base, head, "--no-state")["decisions"]
    assert found["owner"]["because"] == [{"edit": "route.a.b.in.rest", "leads": 2}]
    assert {"edit": "sequence.c.d.1", "leads": 1} in found["actions"]["because"]
    (field,) = found["fields"]
    assert [one["because"] for one in field["transitions"]] == [[{"edit": "trigger.e.f actions", "leads": 1}]]
