"""`check --format sarif|github|junit` on a project inside a repository, and what comments silence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.suites.running import leadrules

PROJECT = Path(__file__).resolve().parents[1] / "language" / "project"
GAP = 'classify desk {\n  home: when country = "JP"\n}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in the folder `crm` of a repository."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(PROJECT, tmp_path / "crm")
    return tmp_path / "crm"


def _write(project: Path, text: str) -> None:
    (project / "rules" / "gap.lead").write_text(text, encoding="utf-8")


def test_paths_are_those_of_the_repository(project: Path) -> None:
    _write(project, GAP)
    done = leadrules("check", "--project", project, "--format", "github")
    assert done.exit_code == 0
    (line,) = [line for line in done.stdout.splitlines() if "gap.lead" in line]
    assert line.startswith("::warning file=crm/rules/gap.lead,line=1,col=")
    assert ",title=LR204::" in line


def test_errors_are_one(project: Path) -> None:
    _write(project, 'segment a when nowhere = "JP"\n')
    for form in ("github", "sarif", "junit"):
        done = leadrules("check", "--project", project, "--format", form)
        assert (done.exit_code, done.stderr) == (1, "")
        assert "LR104" in done.stdout


def test_a_silenced_doubt_is_suppressed_with_its_reason(project: Path) -> None:
    _write(project, f"# leadrules: ignore LR204 because abroad is sorted out later\n{GAP}")
    done = leadrules("check", "--project", project, "--format", "sarif")
    results = json.loads(done.stdout)["runs"][0]["results"]
    (one,) = [r for r in results if r["ruleId"] == "LR204"]
    assert one["suppressions"][0]["justification"] == "abroad is sorted out later"
    assert "LR204" not in leadrules("check", "--project", project, "--format", "json").stdout
    assert "LR204" not in leadrules("check", "--project", project, "--format", "github").stdout


def test_junit_names_every_rule_file(project: Path) -> None:
    _write(project, GAP)
    done = leadrules("check", "--project", project, "--format", "junit", "--strict")
    suites = ET.fromstring(done.stdout).findall("testsuite")
    expected = {f"crm/rules/{path.name}" for path in (project / "rules").glob("*.lead")}
    assert {suite.get("name") for suite in suites} >= expected
    assert done.exit_code == 1
    assert sum(int(suite.get("failures", "0")) for suite in suites) >= 1


def test_a_broken_project_file_is_told_in_every_format(project: Path) -> None:
    (project / "leadrules.yaml").write_text("version: 1\nnam: x\n", encoding="utf-8")
    for form in ("github", "sarif", "junit"):
        done = leadrules("check", "--project", project, "--format", form)
        assert done.exit_code == 2
        assert "crm/leadrules.yaml" in done.stdout
