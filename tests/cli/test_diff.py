"""`diff` and `changelog` as their users meet them: revisions, folders, forms, limits, and what they leave alone."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.diff_project import YAML, leadrules, project

ROOT = Path(__file__).resolve().parents[2]
RULES = """score fit {
  vp "A vice president": +30 when title contains "VP"
}
band heat of fit {
  hot: from 40
  cold: otherwise
}
route sales {
  hot: rep "ann@x" when heat is hot
  rest: keep owner otherwise
}
"""
LEADS = """id,title,employees,country,owner,created_at
key-1,VP Sales,5,JP,secret@x,2026-01-05
key-2,Clerk,5,JP,secret@x,2026-01-06
key-3,VP IT,5,DE,,2026-01-07
"""
HOTTER = ("+30 when", "+45 when")


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@x"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A project in a folder of a repository, its data not committed; the working tree has the edit."""
    folder = project(tmp_path / "repo" / "crm", RULES, LEADS)
    _git(tmp_path / "repo", "init", "--quiet", "--initial-branch=main")
    (tmp_path / "repo" / ".gitignore").write_text("*.csv\n", encoding="utf-8")
    _git(tmp_path / "repo", "add", "--all")
    _git(tmp_path / "repo", "commit", "--quiet", "--message", "rules")
    _edit(folder, *HOTTER)
    return folder


def _edit(folder: Path, old: str, new: str) -> None:
    path = folder / "rules" / "a.lead"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _document(*arguments: str | Path) -> dict[str, Any]:
    done = leadrules("diff", *arguments, "--format", "json")
    document: dict[str, Any] = json.loads(done.stdout)
    schema = json.loads((ROOT / "docs" / "schemas" / "diff.schema.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(document)] == []
    return document


def _everything(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_revision_against_the_working_tree(repo: Path) -> None:
    before = _everything(repo.parent)
    found = _document("HEAD", "--project", repo)
    assert _everything(repo.parent) == before
    assert found["base"] == {"name": "HEAD", "commit": _git(repo, "rev-parse", "HEAD")}
    assert found["leads"]["changed"] == 2
    (heat,) = found["labels"]
    assert heat["transitions"] == [
        {"from": "cold", "to": "hot", "leads": 2, "because": [{"edit": "fit.vp", "leads": 2}]}
    ]
    assert found["edits"][0]["words"] == "A vice president is now worth 45 instead of 30"
    assert found["edits"][0]["place"] == {"path": "rules/a.lead", "line": 2, "of": "head"}


def test_a_label_that_is_called_otherwise_is_behind_the_leads_that_have_it(repo: Path) -> None:
    _edit(repo, "+45 when", "+30 when")
    _edit(repo, "cold: ", "cool: ")
    found = _document("HEAD", "--project", repo)
    (heat,) = found["labels"]
    because = [{"edit": "heat.cool", "leads": 3}]
    assert heat["transitions"] == [{"from": "cold", "to": "cool", "leads": 3, "because": because}]
    assert [(one["kind"], one["leads"]) for one in found["edits"]] == [("renamed", 3)]


def test_a_project_without_a_name_is_called_by_its_folder(repo: Path) -> None:
    """Also where both versions are revisions, which lie in folders that nobody named."""
    settings = repo / "leadrules.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("name: tiny\n", ""), encoding="utf-8")
    _git(repo, "commit", "--quiet", "--all", "--message", "no name")
    assert _document("HEAD~1", "HEAD", "--project", repo)["project"] == "crm"


def test_two_revisions_a_branch_point_and_a_folder(repo: Path, tmp_path: Path) -> None:
    _git(repo, "switch", "--quiet", "--create", "change")
    _git(repo, "commit", "--quiet", "--all", "--message", "hotter")
    _git(repo, "switch", "--quiet", "main")
    _edit(repo, "from 40", "from 99")
    _git(repo, "commit", "--quiet", "--all", "--message", "main goes on")
    _git(repo, "switch", "--quiet", "change")
    old = tmp_path / "old"
    shutil.copytree(repo, old)
    _edit(old, "+45 when", "+30 when")
    for base in ("main~1", "main...", "main...change", str(old)):
        assert [one["path"] for one in _document(base, "change", "--project", repo)["edits"]] == ["fit.vp"], base
    assert {one["path"] for one in _document("main", "--project", repo)["edits"]} == {"fit.vp", "heat.hot"}


def test_the_same_rules_change_nothing(repo: Path) -> None:
    for same in (("HEAD", "HEAD"), (str(repo), str(repo))):
        found = _document(*same, "--project", repo)
        assert found["edits"] == []
        assert found["leads"]["changed"] == 0
        assert not any(one["transitions"] for one in found["labels"])
        assert found["changed_most"] == []
    assert "the rules say the same" in leadrules("diff", "HEAD", "HEAD", "--project", repo).stdout


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_keys_and_strange_owners_stand_nowhere_unless_asked_for(repo: Path, form: str) -> None:
    said = leadrules("diff", "HEAD", "--project", repo, "--format", form).stdout
    assert "key-" not in said
    assert "secret" not in said
    assert "ann@x" in said
    named = leadrules("diff", "HEAD", "--project", repo, "--format", form, "--show-keys").stdout
    assert "key-1" in named
    assert "secret@x" in named


def test_markdown_and_html_fold_the_details(repo: Path) -> None:
    said = leadrules("diff", "HEAD", "--project", repo, "--format", "markdown").stdout
    assert said.startswith("### tiny: HEAD (")
    assert said.count("<details>") == said.count("</details>") > 3
    assert "| fit.vp | 2 | A vice president is now worth 45 instead of 30 |" in said
    assert "| cold | -> | hot | 2 | fit.vp (2) |" in said
    page = leadrules("diff", "HEAD", "--project", repo, "--format", "html").stdout
    assert page.startswith("<!doctype html>")
    assert page.count("<details>") == page.count("</details>") > 3


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on-change", "66%"], 1),
        (["--fail-on-change", "67%"], 0),
        (["--fail-on-change", "1"], 1),
        (["--fail-on-change", "2"], 0),
        (["--budget", "band=50%"], 1),
        (["--budget", "heat=50%"], 1),
        (["--budget", "segment=0%", "--budget", "sequence=0"], 0),
        (["--budget", "score=1"], 1),
        (["--budget", "heet=5%"], 2),
        (["--budget", "band"], 2),
        (["--fail-on-change", "many"], 2),
    ],
)
def test_limits(repo: Path, options: list[str], code: int) -> None:
    done = leadrules("diff", "HEAD", "--project", repo, *options)
    assert done.exit_code == code, done.output
    assert code != 1 or "more than" in done.stderr


def test_one_lead_beyond_a_limit_is_one_lead(repo: Path) -> None:
    header, *leads = (repo / "leads.csv").read_text(encoding="utf-8").splitlines()
    said = []
    for lead in leads:
        (repo / "one.csv").write_text(f"{header}\n{lead}\n", encoding="utf-8")
        limits = ("--fail-on-change", "0", "--leads", str(repo / "one.csv"))
        said.append(leadrules("diff", "HEAD", "--project", repo, *limits).stderr)
    assert said.count("error: 1 lead changes (100.0%), more than 0\n") == 2


def test_limits_of_the_project_file(repo: Path) -> None:
    (repo / "leadrules.yaml").write_text(YAML + "budgets: {band: 50%}\n", encoding="utf-8")
    assert leadrules("diff", "HEAD", "--project", repo).exit_code == 1
    assert leadrules("diff", "HEAD", "--project", repo, "--budget", "band=90%").exit_code == 0
    (repo / "leadrules.yaml").write_text(YAML + "budgets: {band: lots}\n", encoding="utf-8")
    broken = leadrules("diff", "HEAD", "--project", repo)
    assert broken.exit_code == 2
    assert "leadrules.yaml" in broken.stderr


def test_a_limit_of_nothing_is_doubted_where_it_stands(repo: Path) -> None:
    (repo / "leadrules.yaml").write_text(YAML + "budgets: {bnd: 5%, owner: 200}\n", encoding="utf-8")
    done = leadrules("check", "--project", repo)
    assert done.exit_code == 0
    assert "warning[LR068]: there is no `bnd` to limit the change of" in done.output
    assert "`owner`" not in done.output
    assert leadrules("diff", "HEAD", "--project", repo).exit_code == 2


def test_a_version_with_errors_is_told_and_nothing_is_compared(repo: Path) -> None:
    _edit(repo, "title contains", "titel contains")
    done = leadrules("diff", "HEAD", "--project", repo)
    assert done.exit_code == 1
    assert "LR104" in done.stderr
    assert "HEAD, the working tree, has errors" in done.stderr
    found = _document("HEAD", "--project", repo)
    assert [(one["side"], one["findings"][0]["code"]) for one in found["problems"]] == [("head", "LR104")]
    said = leadrules("diff", "HEAD", "--project", repo, "--format", "markdown")
    assert said.exit_code == 1
    assert "has errors; nothing was compared" in said.stdout
    assert leadrules("diff", "HEAD", "HEAD", "--project", repo).exit_code == 0


@pytest.mark.parametrize("base", ["no-such-branch", "--upload-pack=x", "HEAD~99"])
def test_what_is_no_version_is_exit_2(repo: Path, base: str) -> None:
    done = leadrules("diff", "--project", repo, "--", base)
    assert done.exit_code == 2
    assert "neither a folder with a project nor a revision" in done.stderr


def test_outside_of_a_repository_a_folder_is_needed(tmp_path: Path) -> None:
    folder = project(tmp_path / "alone", RULES, LEADS)
    assert leadrules("diff", "HEAD", "--project", folder).exit_code == 2
    assert leadrules("diff", folder, "--project", folder).exit_code == 0


def test_without_leads_a_diff_cannot_be_made_and_a_changelog_can(repo: Path) -> None:
    (repo / "leads.csv").unlink()
    assert leadrules("diff", "HEAD", "--project", repo).exit_code == 2
    done = leadrules("changelog", "HEAD", "--project", repo)
    assert done.exit_code == 0
    assert "A vice president is now worth 45 instead of 30.\n" in done.stdout


def test_the_changelog_counts_leads(repo: Path) -> None:
    done = leadrules("changelog", "HEAD", "--project", repo, "--format", "markdown")
    assert done.exit_code == 0
    expected = "- A vice president is now worth 45 instead of 30; 2 leads become hot (heat), 2 leads go to ann@x.\n"
    assert expected in done.stdout
    document = json.loads(leadrules("changelog", "HEAD", "--project", repo, "--format", "json").stdout)
    schema = json.loads((ROOT / "docs" / "schemas" / "changelog.schema.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(document)] == []
    assert document["edits"][0]["effects"][0] == {"kind": "band", "name": "heat", "to": "hot", "leads": 2}


def test_rules_that_name_a_team_that_is_gone_can_still_be_compared(repo: Path) -> None:
    _edit(repo, 'hot: rep "ann@x" when heat is hot', "hot: queue pool when heat is hot")
    team = "reps:\n  bob@x: {active: true}\nteams: {inside: [bob@x]}\nqueues: [pool]\n"
    (repo / "rules" / "team.yaml").write_text(team, encoding="utf-8")
    found = _document("HEAD", "--project", repo)
    assert {one["path"] for one in found["edits"]} == {"fit.vp", "route.sales.hot", "team.yaml rep ann@x"}


def test_the_state_is_read_and_left_as_it_is(repo: Path) -> None:
    _edit(repo, *HOTTER[::-1])
    assert leadrules("run", "--project", repo, "--out", repo / "out", "--as-of", "2026-02-01").exit_code == 0
    _edit(repo, *HOTTER)
    before = _everything(repo)
    found = _document("HEAD", "--project", repo, "--as-of", "2026-02-02")
    assert _everything(repo) == before
    assert found["leads"]["changed"] == 2
    early = leadrules("diff", "HEAD", "--project", repo, "--as-of", "2026-01-01")
    assert early.exit_code == 2
    assert "(as given)" in early.stderr
    assert leadrules("diff", "HEAD", "--project", repo, "--as-of", "2026-01-01", "--no-state").exit_code == 0
    same = leadrules("diff", "HEAD", "--project", repo)
    assert same.exit_code == 0
    assert "as of 2026-02-01" in same.stdout + same.stderr, "the inputs end before the last run's instant"


@pytest.mark.parametrize("name", ["acme", "sakura"])
def test_an_example_against_itself_is_empty(name: str) -> None:
    folder = ROOT / "examples" / name
    found = _document(folder, "--project", folder)
    assert found["edits"] == []
    assert found["leads"]["changed"] == 0
    assert found["leads"]["compared"] > 50
    decided = found["decisions"]
    assert decided is None or not any(one["transitions"] for one in (decided["owner"], decided["sequence"]))
