"""Every kind of edit is found, once, and said in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.diff_project import YAML, edits, sides

from leadrules.review.diff.edits import Edit, edits_between
from leadrules.review.diff.revisions import open_side
from leadrules.review.diff.words import sentence, title_of
from leadrules.review.workspace import open_workspace

BASE = """list rivals "Rivals" = ["a.com", "b.com"]
define size = employees + 0
segment big "Big ones" when size >= 100
score fit {
  vp "A vice president": +30 when title contains "VP"
  demos: +5 each demo within 30 days at most 20 points
  group place at most 10 points {
    home: +8 when country = "JP"
  }
  rival: -5 when country in rivals
  cap 100
}
band heat of fit {
  hot: from 70 hold until below 60
  warm: from 40
  cold: otherwise
}
classify who {
  boss: when title contains "CEO"
  user: otherwise
}
matrix priority of heat by who {
  columns: boss | user
  hot:     p1   | p1
  warm:    p1   | p2
  cold:    p2   | p2
}
stages life {
  done: when did demo
  lead: otherwise
}
route sales {
  near: team inside by round_robin when country = "JP"
  rest: queue pool otherwise
}
sequence outbound {
  1: day 1 call "Ring"
  2: day 3 call "Ring again"
  exit when did demo
}
trigger warmed { on enter heat warm  do enroll outbound }
suppress call when country = "DE"
test "A VP" {
  given title = "VP"
  expect fit = 30
}
"""
CASES = [
    ("+30 when title", "+40 when title", "changed fit.vp", "A vice president is now worth 40 instead of 30"),
    (
        'when title contains "VP"\n  demos',
        'when title contains "Vice"\n  demos',
        "changed fit.vp",
        'A vice president now asks `title contains "Vice"` instead of `title contains "VP"`',
    ),
    ("within 30 days", "within 60 days", "changed fit.demos", "fit.demos now counts `demo within 60 days` instead of `demo within 30 days`"),
    ("at most 20 points", "at most 25 points", "changed fit.demos", "fit.demos gives at most 25 instead of 20"),
    ("+5 each", "+6 each", "changed fit.demos", "fit.demos is now worth 6 an event instead of 5"),
    ("at most 10 points", "at most 12 points", "changed fit.place", "fit.place now gives at most 12 instead of 10"),
    ("cap 100", "cap 90", "changed fit cap", "fit has the cap 90 instead of 100"),
    ("  cap 100\n", "", "changed fit cap", "fit no longer has the cap 100"),
    ("  rival: -5 when country in rivals\n", "", "removed fit.rival", "fit.rival is gone: `-5 when country in rivals`"),
    ("  cap 100", "  new: +1 when did mail\n  cap 100", "added fit.new", "fit.new is new: `+1 when did mail`"),
    ('vp "A vice', 'vice "A vice', "renamed fit.vice", "A vice president: `vp` is now called `vice`"),
    ('"A vice president"', '"VP"', "changed fit.vp", 'A vice president is now titled "VP"'),
    ('"a.com", "b.com"', '"a.com", "c.com"', "changed list rivals", "rivals has c.com; no longer has b.com"),
    ("employees + 0", "employees + 1", "changed size", "size is now `employees + 1` instead of `employees + 0`"),
    ('contains "CEO"', 'contains "C`O"', "changed who.boss", 'who boss now asks `` title contains "C`O" `` instead of `title contains "CEO"`'),
    ("size >= 100", "size >= 50", "changed big", "Big ones now asks `size >= 50` instead of `size >= 100`"),
    ("warm: from 40", "warm: from 35", "changed heat.warm", "heat warm now starts at 35 instead of 40"),
    ("until below 60", "until below 55", "changed heat.hot", "heat hot is now held until below 55 instead of 60"),
    ("warm:    p1   | p2", "warm:    p1   | p1", "changed priority.warm", "priority now makes warm and user p1 instead of p2"),
    ('contains "CEO"', 'contains "Chief"', "changed who.boss", 'who boss now asks `title contains "Chief"` instead of `title contains "CEO"`'),
    ("when did demo\n  lead", "when did mail\n  lead", "changed life.done", "life done now asks `did mail` instead of `did demo`"),
    ("queue pool otherwise", "team inside by round_robin otherwise", "changed route.sales.rest", "sales, rest now goes to team inside by round_robin instead of queue pool"),
    ("2: day 3 call", "2: day 5 call", "changed sequence.outbound.2", "outbound, step 2 is now due on day 5 instead of 3"),
    ("  exit when did demo", "  exit when did mail", "changed sequence.outbound exits", "outbound now ends when `did mail` instead of `did demo`"),
    ("do enroll outbound", "do stop sequence", "changed trigger.warmed actions", "warmed now does `stop sequence`; no longer does `enroll outbound`"),
    ('"DE"', '"FR"', "changed suppress call", 'suppress call now asks `country = "FR"` instead of `country = "DE"`'),
    ("expect fit = 30", "expect fit = 31", "changed test A VP items", "A VP now tests something else"),
]  # fmt: skip


PROCESS = """segment asia when country = "JP"
route sales {
  near "Near": team inside by round_robin when asia respond within 4 hours
  rest: queue pool otherwise
  answered when did mail since assigned_at
}
sequence outbound "Outbound" {
  1: day 1 09:00 call "Ring"
  2: wait 2 days email manual "Write" template "intro"
  send between 09:00 and 18:00 in "Asia/Tokyo"
  enroll at most 50 per day
  enroll again after 90 days
  exit when did demo
  pause when did mail
  finish after 3 days
}
trigger warmed "Warmed" {
  on mail
  when asia
  do enroll outbound
  respond within 30 minutes
  once per 30 days
  priority 1
}
"""
CLAUSES = [
    ("asia respond", "asia on shift respond", "sales, Near now says on shift"),
    ("within 4 hours", "within 1 hour", "sales, Near now asks for a response within 1 hour instead of 4 hours"),
    (" respond within 4 hours", "", "sales, Near no longer asks for a response within 4 hours"),
    ('"Near"', '"Asia"', 'sales, Near is now titled "Asia"'),
    ("queue pool otherwise", "keep owner otherwise", "sales, rest now keeps the owner instead of going to queue pool"),
    ("sales {", "sales order by employees {", "sales now takes leads by `employees`"),
    ("  answered", "  reroute when asia\n  answered", "sales now deals leads again where `asia`"),
    ("  answered when did mail since assigned_at\n", "", "sales is no longer answered when `did mail since assigned_at`"),
    ("1 09:00 call", "1 10:00 call", "Outbound, step 1 is now due at 10:00 instead of 09:00"),
    ("1 09:00 call", "1 call", "Outbound, step 1 is no longer due at 09:00"),
    ("wait 2 days", "wait 1 day", "Outbound, step 2 now waits 1 day instead of 2 days"),
    ("wait 2 days", "day 5", "Outbound, step 2 is now due on day 5; no longer waits 2 days"),
    ("2 days email", "2 days call", "Outbound, step 2 now goes by call instead of email"),
    ('"Ring"', '"Ring them"', 'Outbound, step 1 now says "Ring them" instead of "Ring"'),
    ('"intro"', '"thanks"', "Outbound, step 2 now uses template thanks instead of template intro"),
    (' template "intro"', "", "Outbound, step 2 no longer uses template intro"),
    ("and 18:00", "and 17:00", "Outbound now sends only between 09:00 and 17:00 in Asia/Tokyo instead of between 09:00 and 18:00 in Asia/Tokyo"),
    ('  send between 09:00 and 18:00 in "Asia/Tokyo"\n', "", "Outbound no longer sends only between 09:00 and 18:00 in Asia/Tokyo"),
    ("at most 50", "at most 20", "Outbound now takes in at most 20 leads a day instead of 50"),
    ("  enroll at most 50 per day\n", "", "Outbound no longer takes in at most 50 leads a day"),
    ("again after 90 days", "again after 60 days", "Outbound now takes leads again only after 60 days instead of 90 days"),
    ("  exit when did demo\n", "", "Outbound no longer ends when `did demo`"),
    ("pause when did mail", "pause when did demo", "Outbound now pauses when `did demo` instead of `did mail`"),
    ("finish after 3 days", "finish after 1 week", "Outbound now finishes 1 week after its last step instead of 3 days"),
    ("  on mail", "  on demo", "Warmed now fires `on demo` instead of `on mail`"),
    ("  when asia\n  do", "  do", "Warmed is no longer only for `asia`"),
    ("  when asia\n  do", "  when asia\n  when employees > 5\n  do", "Warmed is now only for `asia` and `employees > 5` instead of `asia`"),
    ("within 30 minutes", "within 5 minutes", "Warmed now asks for a response within 5 minutes instead of 30 minutes"),
    ("per 30 days", "per 7 days", "Warmed now fires once per 7 days instead of 30 days"),
    ("priority 1\n", "priority 5\n", "Warmed now has priority 5 instead of 1"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), CLAUSES, ids=[case[2] for case in CLAUSES])
def test_one_clause_of_the_process_is_one_edit_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert PROCESS.count(old) == 1, old
    yaml = f"{YAML}templates: {{intro: leads.csv, thanks: leads.csv}}\n"
    assert [said for _, said in edits(tmp_path, PROCESS, PROCESS.replace(old, new), yaml)] == [words]


def test_a_setting_is_called_by_its_words(tmp_path: Path) -> None:
    base, head = sides(tmp_path, BASE, BASE)
    edit = Edit("changed", "settings", "timezone", None, None, "UTC", "Asia/Tokyo", (None, None))
    assert title_of(edit) == "timezone"
    assert sentence(edit, base, head) == "leadrules.yaml: timezone: Asia/Tokyo instead of UTC"


@pytest.mark.parametrize(("old", "new", "path", "words"), CASES, ids=[case[2] + case[1][:8] for case in CASES])
def test_one_edit_is_one_edit_in_words(tmp_path: Path, old: str, new: str, path: str, words: str) -> None:
    assert BASE.count(old) == 1, old
    (only,) = edits(tmp_path, BASE, BASE.replace(old, new))
    assert f"{only[0].kind} {only[0].path}" == path
    assert only[1] == words
    assert only[0].section in ("lists", "tables") or (only[0].place or {})["path"] == "rules/a.lead"


def test_layout_comments_and_the_order_of_blocks_are_no_edit(tmp_path: Path) -> None:
    blocks = BASE.split("\ntest ")
    assert edits(tmp_path, BASE, f"# a comment\n\ntest {blocks[1]}\n{blocks[0]}\n".replace("  vp", "     vp")) == []


def test_lines_that_change_places_are_an_edit_only_where_the_first_wins(tmp_path: Path) -> None:
    one = "classify k {{\n  {}\n  {}\n  c: otherwise\n}}\n"
    a, b = 'a: when country = "JP"', "b: when employees > 5"
    found = edits(tmp_path, one.format(a, b), one.format(b, a))
    assert [(edit.kind, edit.path) for edit, _ in found] == [("moved", "k labels")]
    score = "score s {{\n  {}\n  {}\n}}\n"
    x, y = 'x: +1 when country = "JP"', "y: +2 when employees > 5"
    assert edits(tmp_path / "2", score.format(x, y), score.format(y, x)) == []


def test_a_definition_under_another_name_is_one_edit_wherever_it_is_used(tmp_path: Path) -> None:
    (only,) = edits(tmp_path, BASE, BASE.replace("big ", "large ").replace("size", "people"))[:1]
    found = edits(tmp_path / "2", BASE, BASE.replace("size", "people"))
    assert [(edit.kind, edit.path) for edit, _ in found] == [("renamed", "people")]
    assert only[0].kind == "renamed"


def test_whole_statements_come_and_go(tmp_path: Path) -> None:
    old = "segment a when employees > 1\n"
    new = 'segment b "Two" when employees > 2\nlist l = ["x"]\nsuppress all when country = "DE"\n'
    found = {edit.path: (edit.kind, words) for edit, words in edits(tmp_path, old, new)}
    assert found["a"] == ("removed", "segment a is gone: `when employees > 1`")
    assert found["b"] == ("added", "segment Two is new: `when employees > 2`")
    assert found["list l"][1] == "list l is new: `x`"
    assert found["suppress all"] == ("added", 'suppress all is new: `suppress all when country = "DE"`')


def test_any_two_rulesets_can_be_told_apart_in_words() -> None:
    root = Path(__file__).resolve().parents[2] / "examples"
    opened = {}
    for name in ("acme", "sakura"):
        working = open_workspace(root / name).project
        assert working is not None
        opened[name] = open_side(working, None, root)
    for base, head in (("acme", "sakura"), ("sakura", "acme")):
        old, new = opened[base], opened[head]
        assert old.ruleset is not None
        assert new.ruleset is not None
        found = edits_between(old.ruleset, new.ruleset)
        assert len(found) > 40
        for edit in found:
            words = sentence(edit, old, new)
            assert edit.path
            assert words
            assert "Expr(" not in words
            assert "None" not in words
        assert edits_between(old.ruleset, old.ruleset) == ()
