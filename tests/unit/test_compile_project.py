"""A project compiled whole: the order of definitions, files of lists and tables, determinism, speed."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from tests.example_project import compile_text, compiled, errors, example_project

from leadrules.compile.compile import Compiled, compile_project
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.source import SourceFile
from leadrules.core.types import DATE, NUMBER, TEXT, YESNO
from leadrules.ruleset import model
from leadrules.ruleset.store import digest
from leadrules.syntax.parse import parse


def project_of(files: dict[str, str], sheets: dict[str, bytes] | None = None) -> Compiled:
    """Rule files, and the bytes of list and table files, compiled in the example project."""

    def read(path: str) -> bytes:
        if path not in (sheets or {}):
            raise FileNotFoundError(path)
        return (sheets or {})[path]

    modules = [parse(SourceFile(path, text))[0] for path, text in files.items()]
    return compile_project(example_project(), modules, read=read)


def sheet(
    raw: bytes, rules: str = 'table t from "t.csv" key domain\n'
) -> tuple[model.Ruleset | None, list[Diagnostic]]:
    """One file of a table or list."""
    result = project_of({"rules/a.lead": rules}, {"t.csv": raw})
    return result.ruleset, list(result.diagnostics)


def test_definitions_stand_after_what_they_use_whatever_the_files() -> None:
    blocks = [f"define d{i} = d{i + 1} + d{min(i + 7, 300)}\n" for i in range(300)] + ["define d300 = 1\n"]
    random.Random(3).shuffle(blocks)
    result = project_of({f"rules/{i % 5}.lead": "".join(blocks[i % 5 :: 5]) for i in range(5)})
    assert result.ruleset is not None
    seen: set[str] = set()
    for definition in result.ruleset.definitions:
        assert isinstance(definition, model.Define)
        assert {arg.value for arg in definition.value.args if arg.op == "name"} <= seen
        seen.add(definition.name)
    assert len(seen) == 301


def test_declaration_order_is_file_path_then_line_and_never_the_order_of_reading() -> None:
    files = {"rules/b.lead": "define z = y\ndefine a = 1\n", "rules/a.lead": "define y = a\n"}
    one, two = project_of(files), project_of(dict(reversed(files.items())))
    assert one.ruleset is not None
    assert two.ruleset is not None
    assert [d.name for d in one.ruleset.declared] == ["y", "z", "a"]
    assert digest(one.ruleset) == digest(two.ruleset)
    assert one.diagnostics == two.diagnostics


def test_a_chain_of_thousands_of_definitions_compiles() -> None:
    count = 3_000
    text = "".join(f"define d{i} = d{i + 1} + 1\n" for i in range(count)) + f"define d{count} = 1\n"
    assert errors(text) == []


def test_a_circle_is_one_error_that_shows_all_of_it() -> None:
    (found,) = errors("define c = a\ndefine a = b + 1\nsegment b when c > 2\ndefine other = a\n")
    assert found.code == "LR102"
    assert "`c` -> `a` -> `b` -> `c`" in found.message
    assert [r.span.text for r in found.related] == ["a", "b"]


def test_two_circles_are_two_errors() -> None:
    found = errors("define a = b\ndefine b = a\ndefine c = c\n")
    assert [(d.code, d.span.text) for d in found] == [("LR102", "a"), ("LR102", "c")]


def test_a_field_behind_lead_is_no_dependency() -> None:
    ruleset = compiled('stages status { won: when lead.status = "Customer"  open: otherwise }\n')
    (stages,) = ruleset.definitions
    assert isinstance(stages, model.Stages)
    assert stages.previous_field == "status"


def test_counting_since_is_part_of_every_filter_of_the_score_alone() -> None:
    ruleset = compiled(
        "segment read when did email_opened\n"
        "score s {\n  count events since last(recycled)\n  a: +1 each email_opened since created_at\n"
        "  b: +1 when read and did email_sent\n}\n"
    )
    since = {a.filter.types: a.filter.since for a in ruleset.aggregates}
    assert since["email_opened",] is None
    assert since["recycled",] is None
    assert since["email_sent",] is not None
    assert since["email_sent",].op == "aggregate"
    (score,) = [d for d in ruleset.definitions if isinstance(d, model.Score)]
    each = score.rules[0].each
    assert each is not None
    assert each.filter.since is not None
    assert (each.filter.since.op, [a.op for a in each.filter.since.args]) == ("latest", ["field", "aggregate"])


def test_points_are_signed() -> None:
    (score,) = compiled(
        "score s { a: -5 when opted_out  b: -(employees) when opted_out  c: -0 when opted_out }\n"
    ).definitions
    assert isinstance(score, model.Score)
    assert [(r.points.op, r.points.value) for r in score.rules] == [("const", -5.0), ("neg", None), ("const", 0.0)]
    assert str(score.rules[2].points.value) == "0.0"


def test_matrix_labels_are_in_order_of_appearance() -> None:
    text = (
        "band a of intent { x: from 1  y: otherwise }\n"
        "matrix m of a by a { columns: y | x\n x: low | high\n y: low | mid }\nsegment s when m is at most high\n"
    )
    (segment,) = [d for d in compiled(text).definitions if isinstance(d, model.Segment)]
    assert segment.condition.value == ("high", "mid")


def test_columns_of_a_table_have_the_type_that_every_cell_reads_as() -> None:
    raw = (
        "domain,seats,since,key account,tier,empty,code\n"
        'Acme.com ,"1,200",2026-04-01,yes,gold,,1\n'
        "other.io,¥5,,no,2,,x\n"
        ",,,,,,\n"
    ).encode()
    ruleset, found = sheet(raw)
    assert found == []
    assert ruleset is not None
    (table,) = ruleset.tables
    assert dict(table.columns) == {
        "domain": TEXT, "seats": NUMBER, "since": DATE, "key account": YESNO, "tier": TEXT, "empty": TEXT, "code": TEXT,
    }  # fmt: skip
    assert dict(table.rows) == {
        "acme.com": ("Acme.com", 1200.0, "2026-04-01", True, "gold", None, "1"),
        "other.io": ("other.io", 5.0, None, False, "2", None, "x"),
    }


@pytest.mark.parametrize(
    "raw",
    [
        'ドメイン;名前\r\nａ.com;"佐藤\n太郎"\r\n'.encode("cp932"),
        "\ufeffドメイン;名前\na.com;佐藤\n".encode(),
        "ドメイン\t名前\na.com\t佐藤".encode(),
        "ドメイン\t名前\na.com\t佐藤".encode("utf-16"),
    ],
)
def test_files_may_be_as_people_save_them(raw: bytes) -> None:
    ruleset, found = sheet(raw, 'table t from "t.csv" key ドメイン\n')
    assert found == []
    assert ruleset is not None
    assert [key for key, _ in ruleset.tables[0].rows] == ["a.com"]


def test_a_list_takes_the_first_column_or_the_named_one_each_value_once() -> None:
    raw = b"domain,Short Name\nb.com,B\na.com,\nb.com,B\n"
    rules = 'list first from "t.csv"\nlist named from "t.csv" column "short_name"\n'
    ruleset, found = sheet(raw, rules)
    assert found == []
    assert ruleset is not None
    assert [values.values for values in ruleset.lists] == [("b.com", "a.com"), ("B",)]


def test_a_key_that_stands_twice_shows_both_lines_and_the_rule() -> None:
    _, found = sheet("domain,x\nＡ.com,1\n\na.com,2\n".encode())
    (twice,) = found
    assert (twice.code, twice.span.file.path, twice.span.as_json()["line"]) == ("LR147", "t.csv", 4)
    assert [(r.span.file.path, r.span.text) for r in twice.related] == [
        ("t.csv", "Ａ.com,1"),
        ("rules/a.lead", '"t.csv"'),
    ]


@pytest.mark.parametrize("path", ["a\\u0000b", "../t.csv", "/etc/hosts", "a/../../t.csv", "C:\\\\t.csv", ""])
def test_paths_stay_inside_the_project(path: str) -> None:
    _, found = sheet(b"a\n1\n", f'list l from "{path}"\n')
    assert [d.code for d in found] == ["LR148"]


def test_the_project_itself_is_no_file_of_it() -> None:
    assert [d.code for d in sheet(b"a\n1\n", 'list l from "."\n')[1]] == ["LR148"]


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    from dataclasses import replace

    (tmp_path / "secret.csv").write_text("a\n1\n")
    root = tmp_path / "project"
    root.mkdir()
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    module, _ = parse(SourceFile("rules/a.lead", 'list l from "link.csv"\n'))
    result = compile_project(replace(example_project(), root=root), [module])
    assert [d.code for d in result.diagnostics] == ["LR148"]


def test_a_thousand_rules_compile_well_under_a_second() -> None:
    rules = "".join(
        f'  r{i}: +{i % 9 + 1} when industry in ("Software", "Retail") and employees >= {i} and title contains any ("VP", "x{i}")\n'
        for i in range(1_000)
    )
    events = "".join(
        f'  e{i}: +1 each page_viewed where (path starts with "/p{i}") within {i + 1} days\n' for i in range(200)
    )
    segments = (
        "".join(f"segment s{i} when fit > {i} and not s{i - 1}\n" for i in range(1, 300))
        + "segment s0 when opted_out\n"
    )
    module, found = parse(SourceFile("rules/a.lead", f"score fit {{\n{rules}}}\nscore seen {{\n{events}}}\n{segments}"))
    assert found == []
    started = time.process_time()
    result = compile_project(example_project(), [module])
    took = time.process_time() - started
    assert result.ruleset is not None
    assert took < 1.5, f"{took:.2f} s"


def test_thousands_of_misspelt_names_are_reported_in_reasonable_time() -> None:
    text = "".join(f"segment s{i} when employes_{i} > {i}\n" for i in range(2_000))
    started = time.process_time()
    result, _ = compile_text(text)
    assert len(result.diagnostics) == 2_000
    assert time.process_time() - started < 4


CONTRACT = Path(__file__).parents[3] / "shared" / "design" / "language.md"
LEFT_TO_THE_READER = """
list emea = ["UK", "DE"]
classify fit_grade { A: when fit >= 80  B: when fit >= 40  C: otherwise }
classify lost_template { price: when lost_reason = "price"  timing: otherwise }
classify plan { outbound: when total > 50  nurture: otherwise }
sequence nurture { 1: day 1 email manual "Hello"  finish after 1 day }
sequence win_back { 1: day 1 email manual "Hello"  finish after 1 day }
sequence social_only { 1: day 1 linkedin "Hello"  finish after 1 day }
sequence high_touch { 1: day 1 call "Hello"  finish after 1 day }
"""


@pytest.mark.skipif(not CONTRACT.is_file(), reason="the language's contract is not beside this checkout")
def test_every_example_of_the_contract_compiles() -> None:
    blocks = re.findall(r"^```lead\n(.*?)^```", CONTRACT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    sheets = {
        "free_mail_domains.csv": b"domain\ngmail.com\n",
        "abm.csv": b"domain,tier,owner\nacme.com,1,sato@example.com\n",
    }
    files = {f"rules/{i}.lead": text for i, text in enumerate([*blocks, LEFT_TO_THE_READER])}
    assert [(d.code, d.message) for d in project_of(files, sheets).diagnostics if d.severity == "error"] == []


@pytest.mark.parametrize(
    "text",
    [
        "matrix m of h by h {\n columns: a | b\n a: p |\n b: p | q\n}\nband h of intent { a: from 3  b: otherwise }\nsegment s when m is q\n",
        "table t from key x\nsegment s when country in t and lookup(country, t.y) = 5\n",
        'list l = ["a"\nsegment s when country in l\n',
        "band b of { x: from 1 }\nsegment s when b is y\n",
        "score fit { a: +5 @@ opted_out  b: +1 }\nsegment s when fit > 5\n",
        'segment s when form_submitted where (form = "contact")\n',
        "segment vip when opted_out\nsegment s when segment vip\n",
        "score f {\n  a: +5 when segment vip\n  b: +3 when opted_out\n}\n",
        "classify c {\n  a: when segment vip\n  b: otherwise\n}\n",
    ],
)
def test_what_a_damaged_block_lacks_is_no_further_mistake(text: str) -> None:
    assert len(errors(text)) == 1, errors(text)


def test_other_lines_of_a_damaged_block_are_still_checked() -> None:
    text = "score f {\n  a: +5 when segment vip\n  b: +3 when employes > 5\n}\n"
    assert [d.span.text for d in errors(text)] == ["segment", "employes"]


DATES_OF_A_TABLE = """table t from "t.csv" key domain
segment begun when lookup(country, t.start) >= 2026-10-01
"""


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        (("2026/10/01", "2026/9/1"), "2026-10-01"),
        (("2026年10月1日", "", "2026年9月30日"), "2026-10-01"),
        (("10/1/2026", "9/30/2026"), "2026-10-01"),
        (("1/10/2026", "30/9/2026"), "2026-10-01"),
        (("10/10/2026", "9/9/2026"), "2026-10-10"),
    ],
)
def test_a_column_of_a_table_has_its_dates_in_one_way_like_a_column_of_leads(cells: tuple[str, ...], day: str) -> None:
    rows = "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))
    ruleset, found = sheet(f"domain,start\n{rows}".encode(), DATES_OF_A_TABLE)
    assert ruleset is not None, found
    (table,) = ruleset.tables
    assert table.columns[1][1].kind == "date"
    assert table.rows[0][1][1] == day


@pytest.mark.parametrize(
    ("cells", "line", "said"),
    [
        (("2026-10-01", "2026-10-02", "10月3日", "2026/10/4", "2026-10-05"), 4, "a date but for 2 of 5, the first of them `10月3日`"),
        (("2026/10/01", "2026/10/02", "未定"), 4, "a date but for 1 of 3, the first of them `未定` in line 4 of t.csv"),
        (("10", "20", "30名"), 4, "a number but for 1 of 3, the first of them `30名`"),
        (("1/2/2026", "3/4/2026"), 2, "day and month of its dates cannot be told apart"),
    ],
)  # fmt: skip
def test_a_column_that_a_few_cells_make_text_is_told_with_the_first(
    cells: tuple[str, ...], line: int, said: str
) -> None:
    rows = "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))
    _, (found,) = sheet(f"domain,start\n{rows}".encode(), DATES_OF_A_TABLE)
    assert (found.code, found.related[0].span.as_json()["line"]) == ("LR108", line)
    assert said in found.help


def test_a_column_of_text_is_told_as_before() -> None:
    _, (found,) = sheet(b"domain,start\na,x\nb,y\nc,2026-10-01\n", DATES_OF_A_TABLE)
    assert (found.code, found.help, found.related) == ("LR108", "compare values of one type", ())
