"""`leadrules test` with --coverage, --mutate, --generate and JUnit, as a user types it."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
from lxml import etree
from tests.cli.test_commands import SCHEMAS, leadrules

PROJECT = Path(__file__).parents[1] / "language" / "project"
JUNIT = Path(__file__).parents[1] / "suites" / "schemas"
RULES = """\
score fit {
  size: +20 when employees >= 100
  jp: +5 when country = "JP" and employees > 3
}
band temperature of fit { hot: from 20  cold: otherwise }
"""
TESTS = """\
test "A big one is hot" {
  given employees = 100
  expect fit = 20 and temperature is hot
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT, tmp_path / "project")
    rules = tmp_path / "project" / "rules"
    for old in rules.rglob("*.lead"):
        old.unlink()
    (rules / "rules.lead").write_text(RULES, encoding="utf-8")
    (rules / "rules_test.lead").write_text(TESTS, encoding="utf-8")
    return tmp_path / "project"


def test_coverage_says_what_no_test_reaches(project: Path) -> None:
    done = leadrules("test", "--coverage", cwd=project)
    assert done.returncode == 0
    # fires, rests of two rules, two clauses as true and false, two labels: ten, of which four are reached.
    assert "coverage: 4 of 10 outcomes reached (40%)" in done.stdout
    assert "line 2  fit.size always fires" in done.stdout
    assert "`employees > 3` is never looked at" in done.stdout


def test_mutants_that_no_test_notices(project: Path) -> None:
    done = leadrules("test", "--mutate", cwd=project)
    assert done.returncode == 0
    assert "line 3  fit.jp: weight 5 becomes 6" in done.stdout
    assert "line 2  fit.size: `>=` becomes `>`" not in done.stdout


NEGATED = [
    ("country is not blank", "country -> blank"),
    ("employees != 5", "employees -> 5"),
    ("employees not in (5)", "employees -> 5"),
    ("employees not between 1 and 9", "employees -> 5"),
    ('industry not contains "Re"', 'industry -> "Retail"'),
    ('title not matches "^VP"', 'title -> "VP"'),
    ("temperature is not cold", "temperature -> cold"),
    ("if(temperature is not cold, 1, 0) = 1", "temperature -> cold"),
    ("never form_submitted and employees = 5", ""),
]


@pytest.mark.parametrize(("expected", "below"), NEGATED)
def test_a_negation_has_one_value(project: Path, expected: str, below: str) -> None:
    given = 'given employees = 5, industry = "Retail", title = "VP"\n  event form_submitted 1 day ago'
    test = f'test "t" {{\n  {given}\n  expect {expected}\n}}\n'
    (project / "rules" / "rules_test.lead").write_text(test, encoding="utf-8")
    done = leadrules("test", "--format", "json", cwd=project)
    (failure,) = json.loads(done.stdout)["tests"][0]["failures"]
    values = failure["values"]
    # No words stand twice, with a yes and a no; and what is below a negation is one deeper than it.
    assert len({one["text"] for one in values}) == len(values)
    assert all(after["depth"] <= before["depth"] + 1 for before, after in pairwise(values))
    assert not below or below in {f"{one['text']} -> {one['value']}" for one in values}


def test_a_negation_with_a_part_of_its_own_words_keeps_it(project: Path) -> None:
    test = 'test "t" {\n  given employees = 5\n  expect not (country is blank)\n}\n'
    (project / "rules" / "rules_test.lead").write_text(test, encoding="utf-8")
    lines = [" ".join(line.split()) for line in leadrules("test", cwd=project).stdout.splitlines()]
    assert lines[2:5] == ["not (country is blank) -> no", "(country is blank) -> yes", "country -> blank"]


def test_all_of_it_as_json(project: Path) -> None:
    done = leadrules("test", "--coverage", "--mutate", "--format", "json", cwd=project)
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads((SCHEMAS / "test.schema.json").read_text(encoding="utf-8")))
    assert document["coverage"]["total"] == 10
    mutation = document["mutation"]
    assert mutation["noticed"] == sum(one["noticed_by"] is not None for one in mutation["mutants"])


def test_mutation_waits_for_tests_that_pass(project: Path) -> None:
    (project / "rules" / "bad_test.lead").write_text('test "bad" { expect fit = 1 }\n', encoding="utf-8")
    done = leadrules("test", "--mutate", cwd=project)
    assert done.returncode == 1
    assert "mutants:" not in done.stdout
    assert "--mutate needs tests that pass" in done.stderr


def test_junit(project: Path) -> None:
    done = leadrules("test", "--format", "junit", cwd=project)
    assert done.returncode == 0
    for schema in ("junit-ant.xsd", "junit-jenkins.xsd"):
        etree.XMLSchema(etree.parse(JUNIT / schema)).assertValid(etree.fromstring(done.stdout.encode()))


def test_generated_tests_pass_and_reach_everything(project: Path) -> None:
    leadrules("fmt", cwd=project)
    done = leadrules("test", "--generate", "-o", "rules/made_test.lead", cwd=project)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert leadrules("fmt", "--check", cwd=project).returncode == 0
    done = leadrules("test", "-k", "Generated", "--coverage", cwd=project)
    assert done.returncode == 0
    assert "coverage: 10 of 10 outcomes reached (100%)" in done.stdout
    again = leadrules("test", "--generate", "-o", "rules/made_test.lead", cwd=project)
    assert again.returncode == 2
    assert "is there already" in again.stderr


@pytest.mark.parametrize(
    "options",
    [("--generate", "--coverage"), ("--generate", "-k", "x"), ("-o", "x.lead"), ("--mutate", "--format", "junit")],
)
def test_options_that_do_not_go_together(project: Path, options: tuple[str, ...]) -> None:
    done = leadrules("test", *options, cwd=project)
    assert done.returncode == 2
    assert "help:" in done.stderr
