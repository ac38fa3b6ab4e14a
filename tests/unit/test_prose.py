"""The rules in words: every operation has a phrase, known rules read as written down here, nothing is left out."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from tests.example_project import example_project
from tests.suites.running import EXAMPLES, leadrules, starter

from leadrules.compile.compile import compile_project
from leadrules.core.functions import OPERATIONS
from leadrules.core.source import SourceFile
from leadrules.core.types import NUMBER, YESNO
from leadrules.project.model import Team
from leadrules.review.graph import graph
from leadrules.review.prose.page import prose_page, words_of
from leadrules.review.prose.prose import CLAUSES, NOUNS, Words, plain, quoted, remark
from leadrules.review.workspace import Workspace, open_workspace
from leadrules.ruleset.model import Define, Expr, Segment, TableValues
from leadrules.ruleset.walk import parts
from leadrules.show.layers import svg
from leadrules.show.mermaid import mermaid
from leadrules.syntax.parse import parse

PROJECT = Path(__file__).resolve().parents[1] / "language" / "project"
# The operations of the table in ruleset/model.py that core/functions does not declare: what an expression begins with.
LEAVES = {
    "const", "duration", "field", "event_field", "rep_field", "name", "previous", "always", "since_of", "aggregate", "did",
}  # fmt: skip


def _workspace(tmp_path: Path, rules: str) -> Workspace:
    root = tmp_path / "project"
    shutil.copytree(PROJECT, root)
    (root / "rules" / "said.lead").write_text(rules, encoding="utf-8")
    workspace = open_workspace(root)
    assert workspace.ruleset is not None, workspace.diagnostics
    return workspace


def _said(tmp_path: Path, condition: str) -> str:
    workspace = _workspace(tmp_path, f"segment said when {condition}\n")
    assert workspace.ruleset is not None
    (found,) = [d for d in workspace.ruleset.definitions if isinstance(d, Segment) and d.name == "said"]
    return words_of(workspace).clause(found.condition)


def _worth(tmp_path: Path, value: str) -> str:
    workspace = _workspace(tmp_path, f"define said = {value}\n")
    assert workspace.ruleset is not None
    (found,) = [d for d in workspace.ruleset.definitions if isinstance(d, Define) and d.name == "said"]
    return words_of(workspace).noun(found.value)


def test_every_operation_has_one_phrase() -> None:
    assert set(NOUNS) | set(CLAUSES) == set(OPERATIONS) | LEAVES
    assert not set(NOUNS) & set(CLAUSES)


def test_every_operation_that_gives_yes_or_no_is_a_clause() -> None:
    for name, operation in OPERATIONS.items():
        if operation.result == YESNO:
            assert name in CLAUSES, name


@pytest.mark.parametrize("name", sorted(NOUNS))
def test_a_phrase_names_each_of_its_parts(name: str) -> None:
    """Whatever an operation is given must be heard in its phrase."""
    if name in LEAVES:
        return
    operation = OPERATIONS[name]
    count = max(operation.least, 2 if operation.most is None else operation.most)
    args = tuple(Expr("field", NUMBER, value=f"part{n}") for n in range(count))
    value: Any = {"shift": 1, "lookup": "a.b.c.d", "bucket": "test"}.get(name)
    if name == "bucket":
        args = ()
    ruleset = open_workspace(PROJECT).ruleset
    assert ruleset is not None
    words = words_of(replace(open_workspace(PROJECT)))
    table = TableValues("a.b", "key", (("c.d", NUMBER),), ())
    words = replace(words, ruleset=replace(words.ruleset, tables=(table,)))
    text = Words.noun(words, Expr(name, NUMBER, args, value))
    for n in range(len(args)):
        assert f"part{n}" in text


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('industry in ("Software", "Retail")', "*industry* is “Software” or “Retail”"),
        ('not (industry = "Retail" or employees > 5)', "*industry* is not “Retail” and *employees* is not above 5"),
        (
            'title contains "VP" and (employees >= 1_000 or country = "JP")',
            "*title* contains “VP” and (*employees* is at least 1,000 or *country* is “JP”)",
        ),
        ("email is not blank", "*email* is not blank"),
        ("employees between 1 and 99.5", "*employees* is between 1 and 99.5"),
        ("created_at < 2026-04-01", "*created at* is before 2026-04-01"),
        ("created_at >= now - 60 days", "*created at* is 60 days ago or later"),
        (
            'never page_viewed where (path starts with "/pricing") within 1 day',
            "*page viewed* never happened (where its *path* starts with “/pricing”) in the last day",
        ),
        (
            "count(page_viewed distinct day since created_at) >= 3",
            "the number of times that *page viewed* happened since *created at* (counted once per day) is at least 3",
        ),
        (r'title matches "(?i)\b(vp|head of)\b"', "*title* has the word “vp” or “head of”"),
        (r'title not matches "\bVP\b"', r"*title* does not match the pattern `` \bVP\b ``"),
        (r'title matches "^(a|b)$"', r"*title* matches the pattern `` ^(a\|b)$ ``"),
        ('tags has any ("a", "b")', "*tags* has “a” or “b”"),
        ('bucket("half") < 50', "the lead’s number from 0 to 99 for “half” is below 50"),
        ('exact(title, "CEO")', "*title* is, letter by letter, “CEO”"),
        ('trim(title) = ""', "*title* without the blanks around it is an empty text"),
        ('title contains " vp"', "*title* contains “vp” (with its blanks)"),
    ],
)
def test_conditions_read_as_people_say_them(tmp_path: Path, condition: str, said: str) -> None:
    assert _said(tmp_path, condition) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("min(employees / 50, 20)", "the lowest of *employees* ÷ 50 and 20"),
        ("(employees + 1) * -2.5", "(*employees* + 1) × -2.5"),
        ("round(employees / 3, 1)", "(*employees* ÷ 3) rounded to 1 decimal"),
        ('if(country = "JP", 5, 0)', "5 if *country* is “JP”, else 0"),
        ("domain_of(email)", "the domain of *email*"),
        ("days_between(created_at, today)", "the days from *created at* to today"),
        ("last(page_viewed.path)", "the *path* of the last *page viewed*"),
        ("sum(deal_won.amount within 1 year)", "the sum of the *amount* of all *deal won* in the last year"),
        ("first(email_opened)", "the first time of *email opened*"),
        ("coalesce(title, industry)", "the first of *title* and *industry* that is not blank"),
    ],
)
def test_values_read_as_people_say_them(tmp_path: Path, value: str, said: str) -> None:
    assert _worth(tmp_path, value) == said


RULES = """# Sums what speaks for them.
score fit2 "How well" {
  # Asked sales.
  icp "ICP": +20 when industry = "Software"
  visits: +2 each page_viewed within 30 days halving every 14 days at most 20 points when country = "JP"
  group mail "Mail" at most 30 points {
    opened: +5 each email_opened distinct day at most 3 times  # once a day
  }
  group title2 "Title" first match {
    ceo: +(employees / 100) when title contains "CEO"
    vp: -1 when title contains "VP" from 2026-04-01 until 2026-06-30
  }
  floor -50
  cap 100
}
band warmth "Warmth" of fit2 {
  hot2 "Call": from 70 hold until below 60
  warm2: from 40
}
"""


def test_a_score_and_a_band_are_told_whole(tmp_path: Path) -> None:
    page = prose_page(_workspace(tmp_path, RULES))
    begin = page.index("### How well (`fit2`)")
    assert page[begin : page.index("\n## ", begin)] == (
        "### How well (`fit2`)\n\n"
        "> Sums what speaks for them.\n\n"
        "- **ICP** (`icp`): **+20** points when *industry* is “Software”. — _Asked sales._\n"
        "- **visits**: **+2** points each time that *page viewed* happened in the last 30 days, worth half as much every "
        "14 days, 20 points at most, but only when *country* is “JP”.\n"
        "- **Mail**: together at most 30 points\n"
        "  - **opened**: **+5** points each time that *email opened* happened (counted once per day), the latest 3 at "
        "most. — _once a day_\n"
        "- **Title**: of these lines the first that holds counts\n"
        "  - **ceo**: as many points as *employees* ÷ 100 when *title* contains “CEO”.\n"
        "  - **vp**: **−1** point when *title* contains “VP” (only from 2026-04-01 until 2026-06-30).\n"
        "\nThe sum is never below -50 and never above 100.\n"
    )
    assert (
        "|  | from | once there, kept |\n| --- | --- | --- |\n"
        "| **Call** (`hot2`) | from 70 | until below 60 |\n| **warm2** | from 40 |  |\n\n"
        "Below the last there is no label.\n"
    ) in page


GOOD = sorted(path for path in PROJECT.parent.glob("*/good/*.lead") if path.parts[-3] != "analysis")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_every_construct_has_words_and_a_picture(path: Path) -> None:
    module, _ = parse(SourceFile("rules/example.lead", path.read_text(encoding="utf-8")))
    compiled = compile_project(example_project(), [module])
    workspace = Workspace(PROJECT, example_project(), (module,), compiled, (), False)
    assert workspace.ruleset is not None
    page = prose_page(workspace)
    _assert_whole(workspace, page)
    assert "None" not in re.sub(r"`[^`]*`", "", page).replace("“None", "")
    drawn = graph(workspace.ruleset)
    assert mermaid(drawn).count("-->") + mermaid(drawn).count("-.->") == len(drawn.arrows)
    ET.fromstring(svg(drawn, "rules"))


@pytest.mark.parametrize("name", ["acme", "sakura", "starter"])
def test_nothing_of_an_example_is_left_out(name: str, tmp_path: Path) -> None:
    """Every rule, label, step, field, event and literal of the compiled ruleset is heard on the page."""
    workspace = open_workspace(starter(tmp_path) if name == "starter" else EXAMPLES / name)
    _assert_whole(workspace, prose_page(workspace))


def _assert_whole(workspace: Workspace, page: str) -> None:
    ruleset = workspace.ruleset
    assert ruleset is not None
    for _, part in parts(ruleset):
        for attribute in ("title", "content"):
            text = getattr(part, attribute, None)
            assert text is None or plain(text) in page, text
        name_ = getattr(part, "name", None)
        if isinstance(name_, str) and getattr(part, "title", None) is None:
            assert plain(name_.replace("_", " ")) in page or plain(name_) in page, name_
        if isinstance(part, Expr) and part.op == "const" and isinstance(part.value, str) and part.type.kind == "text":
            assert quoted(part.value) in page, part.value
    for test in ruleset.tests:
        assert f"- {plain(test.title)}" in page


@pytest.mark.parametrize("name", ["acme", "sakura", "starter"])
def test_the_page_is_sound_markdown(name: str, tmp_path: Path) -> None:
    page = prose_page(open_workspace(starter(tmp_path) if name == "starter" else EXAMPLES / name))
    tokens = MarkdownIt().enable("table").parse(page)
    rows = [t for t in tokens if t.type == "tr_open"]
    lines = [line for line in page.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    assert len(rows) == len(lines) > 0
    heads = 0
    cells: list[int] = []
    for token in tokens:
        if token.type == "table_open":
            heads = 0
        elif token.type == "th_open":
            heads += 1
        elif token.type == "tr_open":
            cells.append(0)
        elif token.type == "td_open":
            cells[-1] += 1
        elif token.type == "tr_close" and cells[-1]:
            assert cells[-1] == heads
    inline = " ".join(child.content for t in tokens if t.children for child in t.children if child.type == "text")
    assert not re.search(r"(?<!\w)\*\w", inline), "an asterisk that did not become emphasis"


def test_one_time_is_no_times(tmp_path: Path) -> None:
    rules = (
        "route r1 { a: team inside otherwise }\ntrigger late { on overdue r1  do reassign with r1 at most 1 times }\n"
    )
    assert "by the route *r1*, 1 time at most\n" in prose_page(_workspace(tmp_path, rules))


def test_text_cannot_break_the_page() -> None:
    text = "a|b *c* <script> `d` [e](f) #g &amp; R&D"
    (token,) = [t for t in MarkdownIt().parse(plain(text)) if t.type == "inline"]
    assert "".join(child.content for child in token.children or []) == text
    assert remark("see `a_b` and c_d") == "see `a_b` and c\\_d"
    assert remark("one ` alone") == "one \\` alone"


def test_comments_are_told_with_labels_steps_lists_and_tests(tmp_path: Path) -> None:
    """Above or behind what they speak of; a `|` in a name ends no cell of a table."""
    page = prose_page(
        _workspace(
            tmp_path,
            """
            # those we like
            list liked "Liked" = ["Software"]  # since May
            # we wrote
            events letters = [email_sent]
            score fit2 { a: +1 when industry in liked }
            band warmth of fit2 {
              # agreed with sales
              `hot|2` "Call": from 1
              cold2: otherwise  # the rest
            }
            funnel way {
              # by anyone
              lead: created_at
              sent: first(letters)
            }
            # from a real case
            test "They are called" {
              given industry = "Software"
              expect fit2 = 1
            }
            """.replace("\n            ", "\n"),
        )
    )
    for line in (
        "- **Liked** (`liked`): Software. — _those we like since May_",
        "- *letters*: any of the events *email sent*. — _we wrote_",
        "| **Call** (`hot\\|2`) — _agreed with sales_ | from 1 |",
        "| **cold2** — _the rest_ | otherwise |",
        "| **lead** — _by anyone_ | *created at* |",
        "- They are called — _from a real case_",
    ):
        assert f"{line}\n" in page, line


def test_queues_are_told_where_there_are_no_reps(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, "segment said when true\n")
    assert workspace.project is not None
    project = replace(workspace.project, team=Team((), (), ("nurture", "marketing")))
    page = prose_page(replace(workspace, project=project))
    assert "## Team\n\n- Queues: *nurture*, *marketing*.\n" in page
    assert "| rep |" not in page


def test_the_command_writes_a_file_or_standard_output(tmp_path: Path) -> None:
    out = tmp_path / "rules.md"
    done = leadrules("docs", "--project", EXAMPLES / "acme", "-o", out)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"wrote {out}\n")
    again = leadrules("docs", "--project", EXAMPLES / "acme")
    assert again.stdout == out.read_text(encoding="utf-8")
    nowhere = leadrules("docs", "--project", EXAMPLES / "acme", "-o", tmp_path / "no" / "rules.md")
    assert nowhere.exit_code == 2
    assert "cannot be written" in nowhere.stderr
