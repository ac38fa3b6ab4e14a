"""The pages of the lints, what they need of a project, and that they are right about the projects that are shipped."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.analysed import doubts_of
from tests.example_project import ROOT
from tests.suites.running import starter

from leadrules.analyse.analyse import Request, analyse, study
from leadrules.analyse.lints import ENTRIES, LINTS
from leadrules.analyse.study import Study
from leadrules.core.codes.entry import Code
from leadrules.project.model import Project
from leadrules.project.project import load_project
from leadrules.review.workspace import open_workspace
from leadrules.ruleset.model import Expr, Trigger

HERE = Path(__file__).parents[2]
SHIPPED = [
    HERE / "examples" / "acme",
    HERE / "examples" / "sakura",
    *sorted(path.parent for path in (HERE / "examples" / "recipes").glob("*/leadrules.yaml")),
]
WITH_EXAMPLES = [code for code in ENTRIES if code.bad]
RULES = 'route sales { rest: team inside otherwise }\nsegment s when industry = "Retail"\n'


def project_with(tmp_path: Path, **files: str) -> Project:
    shutil.copytree(ROOT, tmp_path, dirs_exist_ok=True)
    for name, text in files.items():
        (tmp_path / name.replace("__", "/").replace("_yaml", ".yaml").replace("_lead", ".lead")).write_text(
            text, encoding="utf-8"
        )
    loaded = load_project(tmp_path)
    assert loaded.project is not None, loaded.diagnostics
    return loaded.project


def codes(code: Code, text: str, tmp_path: Path) -> list[str]:
    if code.file.endswith(".lead"):
        return [d.code for d in doubts_of(text, overlaps=code.id == "LR203")]
    return [d.code for d in doubts_of(RULES, project_with(tmp_path, rules__team_yaml=text))]


@pytest.mark.parametrize("code", WITH_EXAMPLES, ids=lambda code: code.id)
def test_bad_example_draws_exactly_its_code(code: Code, tmp_path: Path) -> None:
    assert codes(code, code.bad, tmp_path) == [code.id]


@pytest.mark.parametrize("code", WITH_EXAMPLES, ids=lambda code: code.id)
def test_good_example_does_not_draw_it(code: Code, tmp_path: Path) -> None:
    found = codes(code, code.good, tmp_path)
    assert found == [] or set(found) <= {"LR222", "LR223"} - {code.id}


def test_every_lint_has_a_page_with_examples() -> None:
    assert set(LINTS) <= {code.id for code in WITH_EXAMPLES}


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_shipped_projects_draw_nothing(folder: Path) -> None:
    assert found_in(folder) == []


def test_the_starter_draws_nothing(tmp_path: Path) -> None:
    assert found_in(starter(tmp_path)) == []


def found_in(folder: Path) -> list[str]:
    workspace = open_workspace(folder)
    assert workspace.project is not None
    assert workspace.compiled is not None
    assert workspace.ruleset is not None
    one = study(workspace.project, workspace.ruleset, workspace.modules, workspace.compiled.symbols, Request())
    return [f"{d.code} {d.message}" for d in analyse(one, Request())]


# -- settings -------------------------------------------------------------------------------------------------------

OUTBOUND = """sequence outbound {
  1: day 1 call  2: day 2 email  3: day 3 linkedin
  exit when opted_out  finish after 3 days
}
trigger start { on asset_downloaded  do enroll outbound }
goal outbound {
  target 1 meeting per month
  meeting: 5% of call
}
"""


def persistence(setting: str, tmp_path: Path, text: str = OUTBOUND) -> list[str]:
    settings = (ROOT / "leadrules.yaml").read_text(encoding="utf-8")
    project = project_with(tmp_path, leadrules_yaml=f"{settings}checks: {{persistence: {setting}}}\n")
    return [d.message for d in doubts_of(text, project)]


def test_persistence_counts_touches(tmp_path: Path) -> None:
    assert persistence("{touches: 4}", tmp_path) == [
        "`outbound`, which a goal counts on, has 3 touches of the 4 that it takes"
    ]
    assert persistence("{touches: 3}", tmp_path) == []


def test_persistence_looks_for_channels(tmp_path: Path) -> None:
    (found,) = persistence("{touches: 3, channels: [call, sms]}", tmp_path)
    assert found.endswith("never tries sms")
    assert persistence("{touches: 3, channels: [social], social: [call]}", tmp_path) == []


def test_persistence_counts_mails_in_a_row(tmp_path: Path) -> None:
    text = OUTBOUND.replace("3: day 3 linkedin", "3: day 3 email  4: day 4 email  5: day 5 linkedin")
    (found,) = persistence("{touches: 3, emails_in_a_row: 2}", tmp_path, text)
    assert found.endswith("sends 3 e-mails in a row")
    assert persistence("{touches: 3, emails_in_a_row: 3}", tmp_path, text) == []


def test_persistence_can_be_turned_off(tmp_path: Path) -> None:
    assert persistence("false", tmp_path) == []


def test_an_unknown_check_is_an_error(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "leadrules.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "checks: {persistance: false}\n", encoding="utf-8")
    (found,) = load_project(tmp_path).diagnostics
    assert "persistance" in found.message
    assert "persistence" in found.help


# -- cost -----------------------------------------------------------------------------------------------------------


def many(kind: str) -> str:
    """A thousand rules of a kind."""
    if kind == "classify":
        rows = [f'  l{n}: when country = "c{n}" and employees >= {n % 7}' for n in range(1000)]
        return "classify c {\n" + "\n".join(rows) + "\n  rest: otherwise\n}\n"
    if kind == "texts":
        rows = [f'  l{n}: when title contains any ("t{n:04}", "u{n:04}") and employees >= {n % 7}' for n in range(1000)]
        return "classify c {\n" + "\n".join(rows) + "\n  rest: otherwise\n}\n"
    rows = [
        f'  r{n}: +{n % 9 + 1} when industry = "Retail" and employees >= {n} and title contains "t{n:04}"'
        for n in range(1000)
    ]
    return "score s {\n" + "\n".join(rows) + "\n}\nband b of s { hot: from 50  cold: otherwise }\n"


@pytest.mark.parametrize("kind", ["classify", "texts", "score"])
def test_a_thousand_rules_take_less_than_a_second(kind: str) -> None:
    from tests.analysed import studied

    one, _ = studied(many(kind))
    start = time.process_time()
    found = analyse(one, Request())
    taken = time.process_time() - start
    assert [d.code for d in found if d.severity == "warning"] == []
    assert taken < 1.0, taken


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"define d{n} = d{n - 1} + d{n - 1}\n" for n in range(1, 60)) + "segment s when d59 > 5\n",
        "".join(f"segment d{n} when d{n - 1} and employees > {n} or not d{n - 1}\n" for n in range(1, 60)),
        "".join(f"define d{n} = d{n - 1} + 1\n" for n in range(1, 400)) + "segment s when d399 > 5\n",
    ],
    ids=["doubling numbers", "doubling conditions", "a long way down"],
)
def test_names_that_stand_on_each_other_take_no_time(text: str) -> None:
    first = "segment d0 when opted_out\n" if "segment d1" in text else "define d0 = employees\n"
    start = time.process_time()
    doubts_of(first + text)
    assert time.process_time() - start < 5


def test_open_leads_of_the_project_file_are_no_rule(tmp_path: Path) -> None:
    settings = (ROOT / "leadrules.yaml").read_text(encoding="utf-8")
    project = project_with(tmp_path, leadrules_yaml=f'{settings}open_leads: "opted_out = false"\n')
    assert doubts_of("segment s when opted_out\n", project) == []


def test_check_loads_no_polars(tmp_path: Path) -> None:
    project_with(tmp_path, rules__example_lead=f'{RULES}segment vp when title matches "(?i)\\b(vp|svp)\\b"\n')
    code = (
        "import sys\nfrom pathlib import Path\nfrom leadrules.review.workspace import open_workspace\n"
        "from leadrules.review.doubts import Asked, doubts\n"
        f"doubts(open_workspace(Path({json.dumps(str(tmp_path))})), Asked())\n"
        "assert 'polars' not in sys.modules and 'duckdb' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE)


def test_what_a_trigger_asks_for_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trigger is held against every other: 300 of them took 13 s when each pair looked through the rules anew."""
    from leadrules.analyse import circles

    looked: list[str] = []
    plain = circles._asks

    def asks(study: Study, trigger: Trigger) -> list[Expr]:
        looked.append(trigger.name)
        return plain(study, trigger)

    monkeypatch.setattr(circles, "_asks", asks)
    rules = "\n".join(
        f'sequence s{i} {{ 1: day 1 call "Call"  finish after 1 day }}\n'
        f"trigger t{i} {{ when sequence is s{i}  do move to s{(i + 1) % 6}  once per 1 day }}"
        for i in range(6)
    )
    assert [d.code for d in doubts_of(rules) if d.code == "LR211"] == ["LR211"]
    assert sorted(looked) == [f"t{i}" for i in range(6)]
