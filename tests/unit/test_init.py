"""`init`: what is inferred from a file, and that the project it writes checks, passes its tests and reads its own file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadrules.data.errors import InputError
from leadrules.data.read import read_leads
from leadrules.project.model import Project
from leadrules.review.init import InitPlan, init_plan
from leadrules.review.testing.testing import run_tests
from leadrules.review.workspace import Workspace, open_workspace
from leadrules.syntax.words import RESERVED

DATA = Path(__file__).parents[3] / "shared" / "data"
VENDOR = sorted(DATA.glob("vendor_exports/*/*.csv"))
JAPANESE = """\
リードID,会社名,業種,従業員数,メールアドレス,登録日,担当者,役職,状態
L1,青空,製造,"1,200",a@example.jp,2026/04/01,佐藤,部長,不明
L2,木立,製造,80,b@example.jp,2026/4/2,鈴木,,新規
L3,小川,小売,不明,c@example.jp,2026/04/13,佐藤,課長,新規
L4,山辺,小売,35,,2026/04/14,,部長,新規
"""


def plan_of(tmp_path: Path, text: str | bytes, name: str = "leads.csv") -> InitPlan:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return init_plan(tmp_path, path)


def written(root: Path, plan: InitPlan) -> Workspace:
    for name, text in plan.files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return open_workspace(root)


def checked(root: Path, plan: InitPlan) -> Project:
    """The project as written: no finding at all, not even a warning; its tests hold; its file reads."""
    workspace = written(root, plan)
    assert list(workspace.diagnostics) == []
    assert workspace.project is not None
    assert workspace.ruleset is not None
    results = run_tests(workspace.ruleset, workspace.ruleset.tests, workspace.project)
    assert results
    assert [r.title for r in results if r.failures] == []
    return workspace.project


def properties(plan: InitPlan) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(plan.files["rules/lead.schema.json"])
    return dict(schema["properties"])


def rejects(project: Project) -> list[tuple[Any, ...]]:
    assert project.leads is not None
    names = [field.name for field in project.lead_schema.fields]
    return read_leads(project, project.leads, names, zone=project.timezone).rejects.rows()


def test_a_japanese_export(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, JAPANESE)
    project = checked(tmp_path, plan)
    assert (project.key, project.created, project.email, project.owner) == (
        "リードid",
        "登録日",
        "メールアドレス",
        "担当者",
    )
    assert project.leads is not None
    assert (project.leads.date_formats, project.leads.blanks) == (("%Y/%m/%d",), ("", "不明"))
    kinds = {field.name: field.type.kind for field in project.lead_schema.fields}
    assert kinds["従業員数"] == "number"
    assert kinds["業種"] == "choice"
    assert kinds["登録日"] == "date"
    assert kinds["会社名"] == "text"
    assert properties(plan)["リードid"]["x-columns"] == ["リードID"]
    assert [rep.key for rep in project.team.reps] == ["佐藤", "鈴木"]
    assert rejects(project) == []


@pytest.mark.parametrize(("encoding", "named"), [("cp932", "cp932"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16")])
def test_encodings_are_found_and_stated(tmp_path: Path, encoding: str, named: str) -> None:
    project = checked(tmp_path, plan_of(tmp_path, JAPANESE.encode(encoding)))
    assert project.leads is not None
    assert project.leads.encoding == named
    assert rejects(project) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_found_and_stated(tmp_path: Path, delimiter: str) -> None:
    text = "id,plan,seats\n1,basic,5\n2,pro,7\n3,pro,9\n4,basic,2\n".replace(",", delimiter)
    project = checked(tmp_path, plan_of(tmp_path, text))
    assert project.leads is not None
    assert project.leads.delimiter == delimiter


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2", "30"], {"type": "integer"}),
        (["1.0", "2.5", "3"], {"type": "number"}),
        (["$1,000", "¥20", "5%"], {"type": "number"}),
        (["yes", "no", "yes"], {"type": "boolean"}),
        (["はい", "いいえ", "はい"], {"type": "boolean"}),
        (["0", "1", "1"], {"type": "boolean"}),
        (["1", "1", "1"], {"type": "integer"}),
        (["2026-01-02", "2026-12-31", "2026-02-03"], {"type": "string", "format": "date"}),
        (["2026-01-02T09:00:00Z", "2026-12-31 10:00", "2026-02-03"], {"type": "string", "format": "date-time"}),
        (["a@b.co", "c@d.co", "e@f.co"], {"type": "string", "format": "email"}),
        (["007", "012", "1"], {"type": "string"}),
        (["x", "y", "z"], {"type": "string"}),
        (["x", "x", "X"], {"type": "string", "enum": ["x"]}),
        (["a;b", "b;a", "a"], {"type": "array", "items": {"type": "string"}}),
        (["", " ", ""], {"type": "string", "description": "Empty in the file this was made from."}),
        (["3", "n/a", "4"], {"type": "integer"}),
        (["3", "-", "4"], {"type": "integer", "x-blanks": ["-"]}),
        (["9e15", "1", "2"], {"type": "string"}),
    ],
)
def test_kinds_of_columns(tmp_path: Path, values: list[str], expected: dict[str, Any]) -> None:
    rows = "".join(f'L{at},"{value}"\n' for at, value in enumerate(values))
    plan = plan_of(tmp_path, f"id,x\n{rows}")
    assert properties(plan)["x"] == expected
    assert rejects(checked(tmp_path, plan)) == []


def test_decimal_commas_are_told(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "id;umsatz;name\n1;1,5;a\n2;20,25;b,c\n3;;d\n")
    assert [note for note in plan.notes if "decimal comma" in note] == [
        "umsatz: numbers with a decimal comma are text here; export them with a point"
    ]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (["350名", "１，２００名", "40名"], 'numbers with a unit or ▲ ("350名") are text here; export them as plain numbers'),
        (["1.5億円", "3,000万", "800"], 'numbers with a unit or ▲ ("1.5億円") are text here; export them as plain numbers'),
        (["1,200", "▲500", "300"], 'numbers with a unit or ▲ ("▲500") are text here; export them as plain numbers'),
        (["令和8年11月1日", "令和元年5月1日"], 'its dates ("令和8年11月1日") are text here; export them as 2026/10/1'),
        (["2026/11/1", "R8.11.1", "2026/11/3"], 'its dates ("R8.11.1") are text here; export them as 2026/10/1'),
        (["2026/11/1（日）", "2026/11/2（月）"], 'its dates ("2026/11/1(日)") are text here; export them as 2026/10/1'),
        (["2026年11月1日 15時5分", "2026年11月1日 9時"], 'its dates ("2026年11月1日 15時5分") are text here; export them as 2026'),
        (["0120", "0030", "1"], None), (["東京", "大阪"], None), (["2026/11/1", "2026/11/2"], None), (["10月", "3月"], None),
    ],
)  # fmt: skip
def test_numbers_and_dates_as_people_say_them_are_told(tmp_path: Path, values: list[str], note: str | None) -> None:
    rows = "".join(f'{n},"{value}"\n' for n, value in enumerate(values))
    notes = [one for one in plan_of(tmp_path, f"id,欄\n{rows}").notes if one.startswith("欄")]
    assert [one.startswith(f"欄: {note}") for one in notes] == [True] * (note is not None)


def test_days_begin_where_the_file_was_made(tmp_path: Path) -> None:
    for text in ("id,会社\n1,青空\n".encode("cp932"), "id,メール\n1,a@x.jp\n".encode()):
        plan = plan_of(tmp_path, text)
        assert checked(tmp_path, plan).timezone == "Asia/Tokyo"
        assert any("Asia/Tokyo" in note for note in plan.notes)
    assert checked(tmp_path, plan_of(tmp_path, "id,mail\n1,a@x.com\n")).timezone == "UTC"


def test_rules_are_drawn_from_what_divides_the_leads(tmp_path: Path) -> None:
    header = "id,created_at,salutation,is_deleted,grade,status,company,phone\n"
    rows = [
        f"{i},2026-01-{i % 9 + 1:02d},{'Mr.' if i % 2 else 'Ms.'},false,A,{'New' if i % 3 else 'Old'}"
        for i in range(60)
    ]
    plan = plan_of(tmp_path, header + "".join(f"{row},Acme {i % 50},\n" for i, row in enumerate(rows)))
    assert "status" in plan.files["rules/starter.lead"]
    assert not [word for word in ("salutation", "is_deleted", "grade") if word in plan.files["rules/starter.lead"]]
    rows = [f"{i},2026-01-01,Mr.,false,A,New,{f'Acme {i}' if i % 3 else ''}," for i in range(60)]
    plan = plan_of(tmp_path, header + "".join(f"{row}\n" for row in rows))
    assert "company is not blank" in plan.files["rules/starter.lead"]
    checked(tmp_path, plan)


def test_a_few_cells_that_do_not_fit_are_said_and_rejected(tmp_path: Path) -> None:
    rows = [(f"L{at}", f"2026-01-{at % 28 + 1:02}", at, "yes" if at % 2 else "no", f"a{at}@b.co") for at in range(100)]
    wrong = {3: ("L3", "soon", 3, "yes", "a@b.co"), 7: ("L7", "2026-01-05", "10億", "no", "by phone")}
    wrong |= {9: ("L9", "2026-01-05", 9, "maybe", "a9@b.co"), 11: ("", "2026-01-05", 11, "no", "a11@b.co")}
    lines = [",".join(map(str, wrong.get(at, row))) for at, row in enumerate(rows)]
    plan = plan_of(tmp_path, "id,seen,size,opted,mail\n" + "\n".join(lines) + "\n")
    found = properties(plan)
    assert found["seen"] == {"type": "string", "format": "date"}
    assert (found["size"], found["opted"]) == ({"type": "integer"}, {"type": "boolean"})
    assert found["mail"] == {"type": "string", "format": "email"}
    assert found["id"]["x-key"] is True
    said = "\n".join(plan.notes)
    for part in ('seen: 1 cell of 100 is no date ("soon")', '"10億"', '"maybe"', '"by phone"', "1 row without one"):
        assert part in said
    assert len(rejects(checked(tmp_path, plan))) == 5


def test_a_column_with_more_than_a_few_misfits_is_text(tmp_path: Path) -> None:
    rows = "".join(f"L{at},{at if at % 20 else 'about ' + str(at)}\n" for at in range(200))
    assert properties(plan_of(tmp_path, f"id,size\n{rows}"))["size"] == {"type": "string"}


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (["New"] * 400 + ["Working"] * 300 + ["Wroking"], ["New", "Working"]),
        (["New"] * 400 + ["Working"] * 300 + ["Recycled"] * 2, ["New", "Working", "Recycled"]),
        (["New"] * 400 + ["Working"] * 300 + ["Disqualified"], None),
        ([f"Country {chr(65 + at % 19) * 4}" for at in range(400)], None),
        (["NEW"] * 3 + ["new"] * 5 + ["Old"] * 3, ["new", "Old"]),
    ],
)
def test_a_choice_is_few_values_that_cover_everything_but_slips(
    tmp_path: Path, values: list[str], options: list[str] | None
) -> None:
    rows = "".join(f"L{at},{value}\n" for at, value in enumerate(values))
    assert properties(plan_of(tmp_path, f"id,stage\n{rows}"))["stage"].get("enum") == options


def test_a_text_of_few_values_still_gives_a_rule(tmp_path: Path) -> None:
    rows = "".join(f"L{at},Kind {chr(65 + at % 15)}\n" for at in range(300))
    plan = plan_of(tmp_path, f"id,kind\n{rows}")
    checked(tmp_path, plan)
    assert 'kind: +20 when kind in ("Kind A"' in plan.files["rules/starter.lead"]


def test_the_band_bears_the_name_of_its_field(tmp_path: Path) -> None:
    rows = "".join(f"L{at},{'hot' if at % 3 else 'cold'},{at}\n" for at in range(60))
    plan = plan_of(tmp_path, f"id,Temperature,size\n{rows}")
    checked(tmp_path, plan)
    assert "band temperature of fit {" in plan.files["rules/starter.lead"]
    assert "temperature in" not in plan.files["rules/starter.lead"]


def test_minus_one_that_means_none_is_a_blank_of_its_field(tmp_path: Path) -> None:
    rows = "".join(f"L{at},{-1 if at % 3 else at}\n" for at in range(90))
    assert properties(plan_of(tmp_path, f"id,pdays\n{rows}"))["pdays"] == {"type": "integer", "x-blanks": ["-1"]}


def test_dates_that_can_be_read_both_ways_are_said_to_be_and_left_to_the_user(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "id,created,plan\n1,01/02/2026,a\n2,03/04/2026,a\n")
    project = checked(tmp_path, plan)
    assert project.created is None
    assert '# date_format: "%m/%d/%Y" or "%d/%m/%Y"' in plan.files["leadrules.yaml"]
    assert any("day and month" in note for note in plan.notes)


def test_a_file_without_an_identifier_numbers_its_rows(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "id,plan\n1,a\n1,a\n2,b\n2,b\n")
    project = checked(tmp_path, plan)
    assert project.leads is not None
    assert (project.key, project.leads.key) == ("row_number", "row_number")
    assert rejects(project) == []
    assert any("numbered" in note for note in plan.notes)


@pytest.mark.parametrize(
    "text",
    [
        "id\n",
        "id,plan,seats\n",
        "x\n",
        "name\nA\n",
        "a,a\n1,2\n",
        "a,,\n1,2,3\n",
        "a,a,b\n1,2,3\n",
        "Lead ID,lead_id\n1,2\n",
        "id,email\nL1,a@b.co\n",
        "id,flag\nL1,yes\nL2,no\n",
        "id,when\nL1,2026-01-02\nL2,2026-01-03\n",
        "id,flag,won\n" + "".join(f"L{i},{'yes' if i % 2 else 'no'},{'no' if i % 2 else 'yes'}\n" for i in range(40)),
        "id,won\nL1,yes\nL2,no\n",
        "id,a\u202eb\u0000c,n\nL1,x,1\nL2,x,2\n",
        "id,tags\nL1,a;b\nL2,b;a\nL3,a\n",
        "id,fit,temperature,score,band\nL1,3,hot,a,x\nL2,9,hot,a,x\nL3,4,cold,b,y\nL4,5,cold,b,y\n",
        "id,owner,sequence,step,now,today\nL1,a,b,1,2,3\nL2,a,b,2,3,4\n",
        'id,"a ""quoted"" name","tab\there","new\nline"\nL1,x,p,q\nL2,x,p,q\n',
        'id,plan\nL1,"a ""b"" \\ c"\nL2,"a ""b"" \\ c"\n',
        "id,2024 revenue,%,`x`,a.b,A+\nL1,1,2,3,4,5\nL2,6,7,8,9,10\n",
        "id,balance\nL1,-5\nL2,-7\nL3,-9\nL4,-1\nL5,-2\n",
        "id,n\nL1,0.00001\nL2,0.00002\nL3,899999999999999\n",
        "id," + ",".join(sorted(RESERVED)) + "\nL1" + ",v" * len(RESERVED) + "\nL2" + ",v" * len(RESERVED) + "\n",
    ],
)
def test_whatever_the_file_holds_the_project_checks(tmp_path: Path, text: str) -> None:
    project = checked(tmp_path, plan_of(tmp_path, text))
    assert rejects(project) == []


def test_rules_follow_the_outcome_where_the_file_has_one(tmp_path: Path) -> None:
    rows = "".join(f"L{i},{'good' if i % 2 else 'bad'},{i},{'yes' if i % 2 and i > 20 else 'no'}\n" for i in range(100))
    plan = plan_of(tmp_path, f"id,plan,size,converted\n{rows}")
    checked(tmp_path, plan)
    rules = plan.files["rules/starter.lead"]
    assert 'plan = "good"' in rules
    assert "converted" not in rules


def test_columns_that_cannot_be_told_apart_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "id,name,Name,\n1,a,b,c\n")
    assert list(properties(plan)) == ["id"]
    assert len([note for note in plan.notes if "left out" in note]) == 3


def test_a_file_outside_the_project_is_copied_into_it(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,plan\nL1,a\nL2,a\n")
    (tmp_path / "p").mkdir()
    plan = init_plan(tmp_path / "p", tmp_path / "leads.csv")
    checked(tmp_path / "p", plan)
    assert plan.copied == tmp_path / "leads.csv"
    assert any("copied here" in note for note in plan.notes)


def test_without_a_file_there_is_a_small_project_with_leads(tmp_path: Path) -> None:
    plan = init_plan(tmp_path)
    project = checked(tmp_path, plan)
    assert "leads.csv" in plan.files
    assert rejects(project) == []


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        plan_of(tmp_path, "")
    with pytest.raises(InputError, match="blank"):
        plan_of(tmp_path, ",,\n1,2,3\n")
    with pytest.raises(InputError):
        init_plan(tmp_path, tmp_path / "nowhere.csv")


@pytest.mark.skipif(not VENDOR, reason="the shared data is not here")
@pytest.mark.parametrize("path", VENDOR[::6], ids=lambda path: path.stem)
def test_exports_of_crms_become_projects(tmp_path: Path, path: Path) -> None:
    (tmp_path / path.name).write_bytes(path.read_bytes())
    project = checked(tmp_path, init_plan(tmp_path, tmp_path / path.name))
    assert rejects(project) == []


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("name", ["bank_marketing/bank-full.csv", "course_lead_scoring/course_lead_scoring.csv"])
def test_public_lead_data_becomes_a_project(tmp_path: Path, name: str) -> None:
    source = DATA / name
    target = tmp_path / source.name
    target.write_bytes(source.read_bytes())
    plan = init_plan(tmp_path, target)
    project = checked(tmp_path, plan)
    assert rejects(project) == []
    assert project.leads is not None
    assert project.leads.key == "row_number"
    fields = properties(plan)
    if "bank" in name:
        assert fields["pdays"] == {"type": "integer", "x-blanks": ["-1"]}
        assert (project.leads.delimiter, project.leads.blanks) == (";", ("", "unknown"))
    else:
        assert "north_america" in fields["location"]["enum"]
        assert "number_of_courses_viewed" in plan.files["rules/starter.lead"]


@pytest.mark.parametrize("text", ["id\nL1\nL2\n", "id,owner\nL1,Ann\nL2,\n", "id,empty\nL1,\nL2,\n"])
def test_a_file_of_keys_alone_has_rules_that_say_something(tmp_path: Path, text: str) -> None:
    checked(tmp_path, plan_of(tmp_path, text))


def test_owners_that_read_the_same_are_one_rep(tmp_path: Path) -> None:
    text = "id,owner,seats\n1,Ann,5\n2,ann,7\n3,Ａｎｎ,9\n4,不明,3\n5,bob,2\n"
    project = checked(tmp_path, plan_of(tmp_path, text))
    assert [rep.key for rep in project.team.reps] == ["Ann", "bob"]


@pytest.mark.parametrize("header", ["No.", "ＮＯ．", "№"])
def test_a_running_number_of_excel_is_the_key(tmp_path: Path, header: str) -> None:
    assert checked(tmp_path, plan_of(tmp_path, f"{header},会社\n1,青空\n2,緑\n")).key == "no"


def test_an_owner_with_a_full_width_space_in_the_name_is_a_rep(tmp_path: Path) -> None:
    project = checked(tmp_path, plan_of(tmp_path, "id,担当者\n1,田中　一郎\n2,佐藤 花子\n"))
    assert [rep.key for rep in project.team.reps] == ["佐藤 花子", "田中　一郎"]


def test_a_full_width_space_makes_a_choice_no_text(tmp_path: Path) -> None:
    text = "id,支店\n" + "".join(f"{n},{'東京　本店' if n % 2 else '大阪'}\n" for n in range(20))
    assert properties(plan_of(tmp_path, text))["支店"]["enum"] == ["大阪", "東京　本店"]


@pytest.mark.parametrize("header", ["owner", "Owner ID", "today", "duplicate_of"])
def test_neither_an_owner_nor_a_name_that_is_always_there_identifies_a_lead(tmp_path: Path, header: str) -> None:
    plan = plan_of(tmp_path, f"{header},seats\nann@example.com,5\nbob@example.com,7\n")
    assert checked(tmp_path, plan).key == "row_number"


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Id,MailingStreet,Email\n1,abc 1,a@b.example\n2,def 2,c@d.example\n", "email"),
        ("ID,メールマガジン種別,連絡先\n1,週刊,a@b.example\n2,月刊,c@d.example\n", "連絡先"),
        ("Id,Backup Email,Email\n1,a@b.example,e@f.example\n2,c@d.example,g@h.example\n", "email"),
        ("Id,Backup Email,Email\n1,a@b.example,\n2,c@d.example,\n", "backup_email"),
        ("Id,Owner Email,Email\n1,a@b.example,\n2,c@d.example,\n", "email"),
        ("Id,Mailing Street,Email Opt Out\n1,abc 1,true\n2,def 2,false\n", None),
        ("Id,Work Email\n1,5d41402abc4b2a76\n2,7d793037a0760186\n", None),
    ],
)
def test_the_email_field_is_a_column_of_addresses(tmp_path: Path, text: str, email: str | None) -> None:
    assert checked(tmp_path, plan_of(tmp_path, text)).email == email


def test_dates_in_several_ways_are_told(tmp_path: Path) -> None:
    """The way out reads the file."""
    text = "ID,登録日,備考\n1,2026/10/01,a\n2,2026年10月2日,2026/10/01 に電話\n3,2026-10-03,c\n4,2026/10/4,d\n"
    plan = plan_of(tmp_path, text)
    (note,) = [note for note in plan.notes if "several ways" in note]
    assert note.startswith(
        '登録日: its dates are written in several ways ("2026/10/01", "2026年10月2日", "2026-10-03")'
    )
    changed = plan.files["leadrules.yaml"].replace(
        'path: "leads.csv"', 'path: "leads.csv"\n    date_format: ["%Y/%m/%d", "%Y年%m月%d日"]'
    )
    schema = plan.files["rules/lead.schema.json"].replace(
        '"登録日": {"type": "string"}', '"登録日": {"type": "string", "format": "date"}'
    )
    files = {**plan.files, "leadrules.yaml": changed, "rules/lead.schema.json": schema}
    project = written(tmp_path, InitPlan(files)).project
    assert project is not None
    assert project.leads is not None
    assert len(project.leads.date_formats) == 2
    read = read_leads(project, project.leads, ["登録日"], zone=project.timezone)
    assert (read.frame["登録日"].null_count(), read.rejects.height) == (0, 0)
