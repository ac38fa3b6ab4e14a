"""The condition in leadrules.yaml: compiled like any other, its findings placed in that file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.example_project import ROOT

from leadrules.compile.compile import Compiled, compile_project
from leadrules.core.source import SourceFile
from leadrules.project.project import load_project
from leadrules.syntax.parse import parse

Compile = Callable[..., Compiled]

ROUTE = "route sales { rest: queue nurture otherwise }\n"


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    def compiled(written: str, rules: str = ROUTE) -> Compiled:
        root = tmp_path / "project"
        shutil.copytree(ROOT, root)
        settings = root / "leadrules.yaml"
        kept = [line for line in settings.read_text("utf-8").splitlines() if not line.startswith("open_leads")]
        settings.write_text("\n".join([*kept, f"open_leads: {written}", ""]), "utf-8")
        loaded = load_project(root)
        assert loaded.project is not None, loaded.diagnostics
        return compile_project(loaded.project, [parse(SourceFile("rules/a.lead", rules))[0]])

    return compiled


WAYS_TO_QUOTE = [
    r'"status not in (\"Customer\", \"Recycled\")"',
    """'status not in ("Customer", "Recycled")'""",
    'status not in ("Customer", "Recycled")',
    '|\n  status not in\n    ("Customer", "Recycled")',
    r'"status not in (\x22Customer\x22, \"Recycled\")"',
]


@pytest.mark.parametrize("written", WAYS_TO_QUOTE)
def test_it_means_the_same_however_yaml_quotes_it(compiled: Compile, written: str) -> None:
    ruleset = compiled(written).ruleset
    assert ruleset is not None
    assert ruleset.open_leads is not None
    assert ruleset.open_leads.op == "not"
    assert [part.value for part in ruleset.open_leads.args[0].args] == ["status", "Customer", "Recycled"]
    assert "status" in dict(ruleset.fields)


@pytest.mark.parametrize(
    ("written", "code", "under"),
    [
        (r'"statuz = \"Customer\""', "LR104", "statuz"),
        ("""'status = "Custmer"'""", "LR110", '"Custmer"'),
        ('|\n  employees > 3\n  and status = "Custmer"', "LR110", '"Custmer"'),
        ('"employees + 1"', "LR109", "employees + 1"),
        ('"employees == 3"', "LR005", "=="),
        (r'"status = \x22Custmer\x22"', "LR110", r'"status = \x22Custmer\x22"'),
    ],
)
def test_findings_stand_in_the_project_file(compiled: Compile, written: str, code: str, under: str) -> None:
    found = compiled(written).diagnostics
    assert [d.code for d in found if d.severity == "error"] == [code]
    assert found[0].span.file.path == "leadrules.yaml"
    assert found[0].span.text == under


def test_a_fix_never_breaks_the_quotes_around_it(compiled: Compile) -> None:
    assert compiled(r'"status = \"Custmer\""').diagnostics[0].fixes == ()


def test_without_a_route_nothing_is_read_for_it(compiled: Compile) -> None:
    ruleset = compiled("employees > 3 and did form_submitted", "define a = 1\n").ruleset
    assert ruleset is not None
    assert ruleset.open_leads is None
    assert (ruleset.fields, ruleset.event_fields, ruleset.aggregates) == ((), (), ())


def test_a_mistake_is_found_also_without_a_route(compiled: Compile) -> None:
    assert [d.code for d in compiled("statuz is blank", "define a = 1\n").diagnostics if d.severity == "error"] == [
        "LR104"
    ]
