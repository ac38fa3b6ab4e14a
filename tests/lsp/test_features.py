"""What the features say, without a server: completion, hover, definition, references, rename, fixes, outline, colours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
from tests.lsp.conftest import FILES, PARTS

from leadrules.core.source import SourceFile
from leadrules.lsp.analysis import Analysis, Studied
from leadrules.lsp.colours import coloured
from leadrules.lsp.completion import Item, complete
from leadrules.lsp.features import can_rename, definition, fixes, outline, references, rename
from leadrules.lsp.hover import hover
from leadrules.lsp.positions import Lines
from leadrules.lsp.project import Opened
from leadrules.lsp.session import Watched
from leadrules.lsp.study import study
from leadrules.review.workspace import open_workspace
from leadrules.show.machine import as_json
from leadrules.syntax.parse import parse
from leadrules.syntax.words import BLOCKS

At = Callable[..., tuple[Analysis, str, int]]
FIELDS = {"id", "created_at", "owner", "industry", "employees", "opted_out", "Lead Source", "売上"}


def labels(items: list[Item], *kinds: str) -> set[str]:
    return {item.label for item in items if not kinds or item.kind in kinds}


def test_the_project_of_these_tests_is_sound(folder: Path) -> None:
    assert not Opened(folder).check().findings


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ('segment x when industry = "|"', "value", {"Software", "Fintech", "小売"}),
        ("segment x when industry = |", "value", {"Software", "Fintech", "小売"}),
        ('segment x when industry in ("Software", "|', "value", {"Software", "Fintech", "小売"}),
        ("segment x when lead.industry != |", "value", {"Software", "Fintech", "小売"}),
        ("segment x when employees > 3 and |", "field", FIELDS),
        ("segment x when lead.|", "field", FIELDS),
        ("segment x when did |", "event", {"email_sent", "page_viewed"}),
        ("segment x when never em|", "event", {"email_sent", "page_viewed"}),
        ("score s { a: +1 each |", "event", {"email_sent", "page_viewed"}),
        ("segment x when count(|", "event", {"email_sent", "page_viewed"}),
        ("segment x when did page_viewed where (|", "event field", {"path", "device", "at", "type"}),
        ('segment x when did page_viewed where (device = "|")', "value", {"phone", "desktop"}),
        ("segment x when last(page_viewed.|", "event field", {"path", "device", "at", "type"}),
        ("segment x when did page_viewed distinct |", "event field", {"path", "device", "at", "type"}),
        ("segment x when temperature is |", "label", {"hot", "cold"}),
        ("segment x when temperature is at least |", "label", {"hot", "cold"}),
        ("segment x when temperature is one of (|", "label", {"hot", "cold"}),
        ("segment x when temperature is one of (hot, |", "label", {"hot", "cold"}),
        ("segment x when sequence is |", "label", {"outbound"}),
        ("segment x when owner in team |", "team", {"inside"}),
        ("route r { a: team |", "team", {"inside"}),
        ("route r { a: team inside by |", "strategy", {"round_robin", "weighted", "least_loaded"}),
        ("route r { a: team inside by weighted rep.|", "attribute", {"weight", "win_rate"}),
        ("route r { a: team inside where (rep.|", "attribute", {"weight", "win_rate"}),
        ("route r { a: rep |", "rep", {"sato@example.com", "lee@example.com"}),
        ('route r { a: rep "|', "rep", {"sato@example.com", "lee@example.com"}),
        ("route r { a: queue |", "queue", {"nurture"}),
        ("trigger t { on |", "event", {"email_sent", "page_viewed"}),
        ("trigger t { on enter |", "band", {"temperature"}),
        ("trigger t { on enter |", "segment", {"large"}),
        ("trigger t { on enter temperature |", "label", {"hot", "cold"}),
        ("trigger t { do enroll |", "sequence", {"outbound"}),
        ("trigger t { do assign with |", "route", {"sales"}),
        ("trigger t { do set |", "field", FIELDS - {"id", "owner"}),
        ('trigger t { do send template "|', "template text", {"intro"}),
        ("sequence s { 1: day 1 |", "channel", {"email", "call", "linkedin", "sms", "task"}),
        ('test "t" { given |', "field", FIELDS),
        ('test "t" { event |', "event", {"email_sent", "page_viewed"}),
        ('test "t" { event page_viewed 1 day ago with |', "event field", {"path", "device"}),
        ('test "t" { expect fired |', "score", {"fit"}),
        ('test "t" { expect fired fit.|', "rule", {"icp", "big"}),
        ('test "t" { expect fired route.|', "route", {"sales"}),
        ('test "t" { expect fired route.sales.|', "rule", {"team", "rest"}),
        ("matrix m of |", "band", {"temperature"}),
        ("trigger t { do task |", "channel", {"email", "call", "linkedin", "sms", "task"}),
        ("sequence s { on finish do task |", "channel", {"email", "call", "linkedin", "sms", "task"}),
        ("trigger t { on page_viewed where (at >= |", "always", {"now", "today"}),
        ("trigger t { do reassign with sales at most 2 |", "keyword", {"times"}),
        ("segment x when temperature is |", "keyword", {"at", "blank", "not", "one"}),
        ('segment x when owner = "|', "rep", {"sato@example.com", "lee@example.com"}),
        ('segment x when owner in ("|', "value", {"queue:nurture"}),
        ('test "t" { given employees = 5, |', "field", FIELDS),
        ('test "t" { given industry = |', "value", {"Software", "Fintech", "小売"}),
        ('test "t" { given industry = |', "field", set()),
        ('test "t" { given temperature = |', "value", {"hot", "cold"}),
        ('test "t" { given sequence = "|', "value", {"outbound"}),
        ('test "t" { given owner = |', "rep", {"sato@example.com", "lee@example.com"}),
        ("route r { a: match account on |", "keyword", set()),
    ],
)
def test_completion_is_by_what_may_stand_there(typed: At, text: str, kind: str, expected: set[str]) -> None:
    assert labels(complete(*typed(text)), kind) == expected


@pytest.mark.parametrize(
    ("text", "words", "absent"),
    [
        ("score s {\n  a: +5 |", {"when", "each", "cap", "floor", "group"}, {"do", "route", "and"}),
        ("segment x when employees |", {"between", "is", "in"}, {"when", "did"}),
        ("trigger t {\n  |", {"on", "when", "do", "once", "priority", "respond", "backfill"}, {"cap", "each"}),
        ("segment x when did email_sent within 3 |", {"days", "weeks"}, {"when"}),
        ("score s {\n  a: +5 whne\n  b: +5 |", {"when", "each"}, {"do"}),
    ],
)
def test_keywords_are_those_that_the_grammar_takes(typed: At, text: str, words: set[str], absent: set[str]) -> None:
    found = labels(complete(*typed(text)), "keyword")
    assert words <= found
    assert not absent & found


def test_a_block_begins_in_column_one(typed: At) -> None:
    assert set(BLOCKS) <= labels(complete(*typed("|")), "keyword")
    assert set(BLOCKS) <= labels(complete(*typed("se|")), "keyword")
    assert not labels(complete(*typed("# say |")))


def test_an_item_replaces_the_word_under_way_and_names_are_written_as_names(typed: At) -> None:
    analysis, path, offset = typed("segment x when Lea|")
    item = next(one for one in complete(analysis, path, offset) if one.label == "Lead Source")
    assert (item.text, item.span.text) == ("`Lead Source`", "Lea")
    quoted = next(one for one in complete(*typed("segment x when industry = |")) if one.label == "小売")
    assert quoted.text == '"小売"'
    inside = next(one for one in complete(*typed('segment x when industry = "So|"')) if one.label == "Software")
    assert (inside.text, inside.span.text) == ("Software", "So")
    of_event = {one.label: one.text for one in complete(*typed("segment x when did page_viewed where (|"))}
    assert all(of_event[name] == name for name in ("at", "now", "today", "lower"))


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (
            "ind|ustry in",
            "rules/scoring.lead",
            ["field of the lead", '"Software"', "What they sell.", "score `fit.icp`"],
        ),
        ("segment lar|ge", "rules/scoring.lead", ["**large**: segment", "score `fit.big`"]),
        ("ho|t: from", "rules/scoring.lead", ["label of `temperature`", "route `sales.team`", "trigger `warm`"]),
        ("band temper|ature", "rules/scoring.lead", ["one of hot, cold", "route `sales.team`"]),
        (
            "enroll out|bound",
            "rules/moves.lead",
            ["**outbound**: sequence", 'sequence outbound { 1: day 1 call "Ring" }'],
        ),
        ("queue nur|ture", "rules/moves.lead", ["**nurture**: queue"]),
        ("team in|side", "rules/moves.lead", ["sato@example.com, lee@example.com"]),
    ],
)
def test_hover_says_what_a_name_is_and_who_uses_it(under: At, text: str, name: str, says: list[str]) -> None:
    found = hover(*under(text, name))
    assert found is not None
    for words in says:
        assert words in found.markdown


def test_hover_of_a_function_is_its_page(typed: At) -> None:
    found = hover(*typed("define x = roun|d(employees, 1)"))
    assert found is not None
    assert found.markdown.startswith("**round(")


def test_hover_of_a_rule_says_on_how_many_leads_it_fires(folder: Path) -> None:
    answer = study(folder, {}, date(2026, 1, 1))
    # industries Software, Fintech; employees of 100 and more: 200 and 300
    assert (answer["fired"]["fit.icp"], answer["fired"]["fit.big"], answer["leads"]) == (2, 2, 3)
    opened = Opened(folder)
    opened.studied = Studied((), answer["fired"], answer["leads"], answer["source"])
    at = FILES["rules/scoring.lead"].index("icp")
    found = hover(opened.check(), "rules/scoring.lead", at)
    assert found is not None
    assert "fires on 2 of the 3 leads of leads.csv" in found.markdown


def test_the_study_sees_what_is_not_saved_and_is_silent_about_errors(folder: Path) -> None:
    path = folder / "rules" / "scoring.lead"
    never = FILES["rules/scoring.lead"] + "segment odd when employees > 5 and employees < 3\n"
    assert "LR201" in {one["code"] for one in study(folder, {str(path): never}, date(2026, 1, 1))["doubts"]}
    assert study(folder, {str(path): never + "segment odd when nobody\n"}, date(2026, 1, 1)) == {}


def studied(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What is told after a study of the texts as they are, the study done in this process."""
    unsaved = {str(path): text for path, text in watched.opened.unsaved.items()}
    answer = study(watched.opened.root, unsaved, date(2026, 1, 1))
    monkeypatch.setattr(watched, "_ask", AsyncMock(return_value=answer))
    assert asyncio.run(watched.study())
    return [(one.code, one.span.file.path, one.span.text) for one in watched.analysis.findings]


def test_names_of_leadrules_yaml_that_no_rule_has_are_told_until_they_are_mended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml, moves = folder / "leadrules.yaml", folder / "rules" / "moves.lead"
    yaml.write_text(
        FILES["leadrules.yaml"] + "budgets: {temprature: 5%}\nreport: {benchmarks: {second: {contact: 5%}}}\n"
    )
    watched = Watched(folder)
    told = [("LR062", "leadrules.yaml", "second"), ("LR068", "leadrules.yaml", "temprature")]
    assert studied(watched, monkeypatch) == told
    more = 'sequence second { 1: day 1 call "Ring" }\ntrigger b { on enter temperature cold  do enroll second }\n'
    watched.change(moves, FILES["rules/moves.lead"] + more)
    assert studied(watched, monkeypatch) == told[1:]
    watched.change(yaml, FILES["leadrules.yaml"])
    assert not watched.analysis.findings


def test_definition_goes_to_rules_and_to_schemas(under: At) -> None:
    there = definition(*under("tempera|ture is hot", "rules/moves.lead"))
    assert there is not None
    assert (there.file.path, there.text) == ("rules/scoring.lead", "temperature")
    field = definition(*under("indus|try in"))
    assert field is not None
    assert field.file.path == "rules/lead.schema.json"
    assert "industry" in field.file.line(field.file.position(field.start)[0])


def test_references_are_across_files(under: At) -> None:
    found = references(*under("ho|t: from"))
    assert [(s.file.path, s.file.position(s.start)[0]) for s in found] == [
        ("rules/moves.lead", 4),
        ("rules/moves.lead", 7),
        ("rules/moves.lead", 11),
        ("rules/scoring.lead", 7),
    ]
    assert len(references(*under("ho|t: from"), declared=False)) == 3


def renamed(analysis: Analysis, edits: tuple[tuple[object, str], ...]) -> dict[str, str]:
    texts = {path: cut.file.text for path, cut in analysis.cuts.items()}
    for span, text in reversed(edits):
        path = span.file.path  # type: ignore[attr-defined]
        texts[path] = texts[path][: span.start] + text + texts[path][span.end :]  # type: ignore[attr-defined]
    return texts


@pytest.mark.parametrize(
    ("text", "name", "new", "count"),
    [
        ("band temper|ature", "rules/scoring.lead", "warmth", 4),
        ("band temper|ature", "rules/scoring.lead", "Lead warmth", 4),
        ("segment lar|ge", "rules/scoring.lead", "大口", 2),
        ('ic|p "ICP', "rules/scoring.lead", "in_profile", 2),
        ("score fi|t", "rules/scoring.lead", "when", 4),
        ("enroll out|bound", "rules/moves.lead", "calls", 2),
        ("with sal|es", "rules/moves.lead", "sdr", 2),
        ("ho|t: from", "rules/scoring.lead", "boiling", 4),
    ],
)
def test_rename_changes_every_place_and_nothing_else(under: At, text: str, name: str, new: str, count: int) -> None:
    analysis, path, offset = under(text, name)
    found = rename(analysis, path, offset, new)
    assert not found.refused
    assert len(found.edits) == count
    texts = renamed(analysis, found.edits)
    old = found.edits[0][0].text
    written = found.edits[0][1]
    assert written in (new, f"`{new}`")
    for file, after in texts.items():
        assert not parse(SourceFile(file, after))[1]
        assert after.replace(written, old) == analysis.cuts[file].file.text


@pytest.mark.parametrize(
    ("text", "name", "new", "why"),
    [
        ("segment lar|ge", "rules/scoring.lead", "fit", "defined twice"),
        ("segment lar|ge", "rules/scoring.lead", "employees", "already a field"),
        ("ho|t: from", "rules/scoring.lead", "cold", "twice"),
        ('ic|p "ICP', "rules/scoring.lead", "big", "twice"),
        ("indus|try in", "rules/scoring.lead", "branch", "lead schema"),
        ("queue nur|ture", "rules/moves.lead", "x", "team file"),
        ("segment lar|ge", "rules/scoring.lead", "a`b", "backquote"),
        ("segm|ent large", "rules/scoring.lead", "x", "no name here"),
    ],
)
def test_rename_refuses_what_would_clash(under: At, text: str, name: str, new: str, why: str) -> None:
    found = rename(*under(text, name), new)
    assert why in found.refused
    assert not found.edits


SETTINGS = """open_leads: "temperature is not cold and not large"
report: {benchmarks: {outbound: {contact: 12%}}, group_by: [temperature, owner]}
budgets: {temperature: 5%}
"""
PLAN = """classify plan { outbound: when employees > 5  second: otherwise }
sequence second { 1: day 1 call "Ring" }
trigger warmer { on leave temperature hot  do move by plan }
goal outbound { target 1 sqo per month  workdays 20 per month  sqo: 50% of call  effort 6 minutes per call }
"""


@pytest.mark.parametrize(
    ("text", "name", "old", "new"),
    [
        ("band temper|ature", "rules/scoring.lead", "temperature", "heat"),
        ("segment lar|ge", "rules/scoring.lead", "large", "big_one"),
        ("sequence out|bound", "rules/moves.lead", "outbound", "calls"),
        ("{ out|bound: when", "rules/plan.lead", "outbound", "calls"),
        ("goal out|bound", "rules/plan.lead", "outbound", "calls"),
    ],
)
def test_rename_goes_to_leadrules_yaml_and_to_what_has_to_bear_the_same_name(
    folder: Path, text: str, name: str, old: str, new: str
) -> None:
    (folder / "leadrules.yaml").write_text(FILES["leadrules.yaml"] + SETTINGS, encoding="utf-8")
    (folder / "rules" / "plan.lead").write_text(PLAN, encoding="utf-8")
    source = PLAN if name == "rules/plan.lead" else FILES[name]
    analysis = Opened(folder).check()
    assert not analysis.findings
    done = rename(analysis, name, source.index(text.replace("|", "")) + text.index("|"), new)
    assert not done.refused
    for span, written in reversed(done.edits):
        path = folder / span.file.path
        whole = path.read_text(encoding="utf-8")
        path.write_text(whole[: span.start] + written + whole[span.end :], encoding="utf-8")
    assert (folder / "leadrules.yaml").read_text(encoding="utf-8") == FILES["leadrules.yaml"] + SETTINGS.replace(
        old, new
    )
    assert (folder / "rules" / "plan.lead").read_text(encoding="utf-8") == PLAN.replace(old, new)
    assert not open_workspace(folder).diagnostics


@pytest.mark.parametrize(
    ("open_leads", "new", "why"),
    [
        ('"not large"', "big ones", "one word"),
        ("'industry != \"it''s\" and not large'", "big", "escapes"),
    ],
)
def test_rename_refuses_what_leadrules_yaml_could_not_say(folder: Path, open_leads: str, new: str, why: str) -> None:
    (folder / "leadrules.yaml").write_text(f"{FILES['leadrules.yaml']}open_leads: {open_leads}\n", encoding="utf-8")
    found = rename(Opened(folder).check(), "rules/scoring.lead", FILES[PARTS].index("large when"), new)
    assert why in found.refused


def test_rename_of_a_sequence_goes_to_what_tests_expect_of_it(folder: Path) -> None:
    """`expect action stop "outbound"` is about the sequence: the test holds after the rename as before. Other texts stay."""
    lines = 'expect action enroll "outbound"  expect not action stop "outbound"  expect action call "outbound"'
    (folder / "rules" / "more.lead").write_text(f'test "x" {{ {lines} }}\n', encoding="utf-8")
    analysis = Opened(folder).check()
    done = rename(analysis, "rules/moves.lead", FILES["rules/moves.lead"].index("outbound"), "calls")
    assert len(done.edits) == 4  # its declaration, the trigger, and two
    wanted = lines.replace('enroll "outbound"', 'enroll "calls"').replace('stop "outbound"', 'stop "calls"')
    assert renamed(analysis, done.edits)["rules/more.lead"] == f'test "x" {{ {wanted} }}\n'


def test_a_name_in_backquotes_is_renamed_without_them(typed: At) -> None:
    analysis, path, offset = typed("define `A+` = 1\ndefine twice = `A|+` * 2\n")
    found = rename(analysis, path, offset, "best")
    assert [(span.text, text) for span, text in found.edits] == [("`A+`", "best"), ("`A+`", "best")]
    allowed = can_rename(analysis, path, offset)
    assert not isinstance(allowed, str)


def test_code_actions_are_the_fixes_of_the_findings_there(typed: At) -> None:
    analysis, path, offset = typed('segment x when industry =|= "Software"\n')
    found = fixes(analysis, path, offset, offset)
    assert [(one.code, [(edit.span.text, edit.text) for edit in fix.edits]) for one, fix in found] == [
        ("LR005", [("==", "=")])
    ]
    assert not fixes(analysis, path, 0, 0)


def test_the_outline_has_blocks_and_their_lines(under: At) -> None:
    analysis, _, _ = under("|score")
    found = [
        (one.kind, one.name, [inner.name for inner in one.inner]) for one in outline(analysis, "rules/scoring.lead")
    ]
    assert found == [
        ("score", "fit", ["icp", "big"]),
        ("segment", "large", []),
        ("band", "temperature", ["hot", "cold"]),
    ]
    assert [(one.kind, [inner.name for inner in one.inner]) for one in outline(analysis, "rules/moves.lead")] == [
        ("sequence", ["1"]),
        ("exit", []),
        ("route", ["team", "rest"]),
        ("trigger", []),
        ("test", []),
    ]


def test_colours_say_what_names_stand_for(typed: At) -> None:
    analysis, path, _ = typed("segment 大 when lead.売上 > 3 and did email_sent|  # why\n")
    kinds = {one.span.text: one.kind for one in coloured(analysis, path)}
    assert kinds["売上"] == "property"
    assert kinds["email_sent"] == "event"
    assert kinds["hot"] == "enumMember"
    assert kinds["segment"] == kinds["when"] == "keyword"
    assert kinds['"Software"'] == "string"
    assert kinds["# why"] == "comment"
    starts = [one.span.start for one in coloured(analysis, path)]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("text", ["", "a\nb", "日本語 😀 x\r\n\ré\u2028z\n", "😀😀", "\ufeffx"])
def test_positions_count_as_the_encodings_do(text: str) -> None:
    ends = {i for i in range(len(text)) if text[i : i + 2] == "\r\n"}
    for encoding, codec, size in (("utf-16", "utf-16-le", 2), ("utf-8", "utf-8", 1), ("utf-32", "utf-32-le", 4)):
        lines = Lines(text, encoding)  # type: ignore[arg-type]
        for offset in range(len(text) + 1):
            before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
            column = len(before.rpartition("\n")[2].encode(codec)) // size
            if offset - 1 in ends:
                continue
            assert lines.position(offset) == (before.count("\n"), column)
            assert lines.offset(*lines.position(offset)) == offset
    assert Lines("ab\ncd", "utf-16").offset(0, 99) == 2
    assert Lines("ab\ncd", "utf-16").offset(9, 0) == 5


def test_a_new_file_of_the_editor_counts_before_it_is_saved(folder: Path) -> None:
    opened = Opened(folder)
    opened.change(folder / "rules" / "new.lead", "segment fresh when large and nobody\n")
    found = opened.check().findings
    assert [(one.code, one.span.file.path) for one in found] == [("LR104", "rules/new.lead")]
    opened.change(folder / "rules" / "new.lead", None)
    assert not opened.check().findings


def test_a_schema_that_is_edited_counts_at_once(folder: Path) -> None:
    opened = Opened(folder)
    path = folder / "rules" / "lead.schema.json"
    opened.change(path, FILES["rules/lead.schema.json"].replace('"employees"', '"people"'))
    assert "LR104" in {one.code for one in opened.check().findings}


def test_a_rule_file_that_cannot_be_read_is_told_as_check_tells_it_and_hides_what_it_defines(folder: Path) -> None:
    (folder / PARTS).write_bytes(FILES[PARTS].encode() + b"\xff")
    (folder / "rules" / "moves.lead").write_text("\ufeff" + FILES["rules/moves.lead"], encoding="utf-8")
    analysis = Opened(folder).check()
    assert [as_json(one) for one in analysis.findings] == [as_json(one) for one in open_workspace(folder).diagnostics]
    assert [one.code for one in analysis.findings] == ["LR041"]
    assert complete(analysis, "rules/moves.lead", 0)
    assert hover(analysis, "rules/moves.lead", 9) is not None
