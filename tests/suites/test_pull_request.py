"""A pull request acted out in a scratch repository: pre-commit blocks a broken rule, the action's script tells the rest.

The real `pre-commit` and `git`; `gh` is a stand-in that writes down how it was called and answers what GitHub would.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(__file__).parent / "schemas"
BIN = Path(sys.executable).parent
HOOKS = ROOT / ".pre-commit-hooks.yaml"

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "x-key": True},
        "title": {"type": "string"},
        "employees": {"type": "integer", "minimum": 0},
    },
}
RULES = """score fit {
  vp: +30 when title contains "VP"
  size: +15 when employees >= 200
}
band temperature of fit {
  hot: from 40
  warm: from 30
  cold: otherwise
}
test "A VP is warm" {
  given title = "VP Sales"
  expect temperature is warm
}
"""
LEADS = "id,title,employees\n1,VP Sales,10\n2,VP IT,500\n3,Clerk,300\n4,Clerk,5\n"

GH = """#!{python}
import json, os, pathlib, sys
calls = pathlib.Path(os.environ["FAKE_GH"])
arguments = sys.argv[1:]
body = [a.removeprefix("body=@") for a in arguments if a.startswith("body=@")]
text = pathlib.Path(body[0]).read_text(encoding="utf-8") if body else None
with calls.open("a", encoding="utf-8") as file:
    file.write(json.dumps({{"arguments": arguments, "body": text}}) + "\\n")
if os.environ.get("FAKE_GH_REFUSES"):
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
if "--jq" in arguments:
    print(os.environ.get("FAKE_GH_COMMENTS", ""))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a project in the folder `crm`, committed on `main`."""
    repo = tmp_path / "repo"
    rules = repo / "crm" / "rules"
    rules.mkdir(parents=True)
    (repo / "crm" / "leadrules.yaml").write_text("version: 1\nsources: {leads: {path: leads.csv}}\n", encoding="utf-8")
    (repo / "crm" / "leads.csv").write_text(LEADS, encoding="utf-8")
    (rules / "lead.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    (rules / "scoring.lead").write_text(RULES, encoding="utf-8")
    _git(repo, "init", "--quiet", "--initial-branch=main")
    _commit(repo, "rules")
    return repo


def _environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "LEADRULES_"))}
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@x", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@x"}
    return kept | who | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | more


def _run(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=_environment(**more), capture_output=True, text=True, encoding="utf-8", check=False
    )


def _git(folder: Path, *arguments: str) -> str:
    done = _run(folder, "git", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _commit(repo: Path, message: str) -> str:
    _git(repo, "add", "--all")
    _git(repo, "commit", "--quiet", "--no-verify", "--message", message)
    return _git(repo, "rev-parse", "HEAD")


def _edit(repo: Path, old: str, new: str) -> None:
    path = repo / "crm" / "rules" / "scoring.lead"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# -- pre-commit ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def hooked(repository: Path, tmp_path: Path) -> Path:
    """The repository with our three hooks installed. They run the `leadrules` of this environment instead of building one."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / ".pre-commit-hooks.yaml").write_bytes(HOOKS.read_bytes())
    _git(hooks, "init", "--quiet", "--initial-branch=main")
    revision = _commit(hooks, "hooks")
    here = {"language": "system"}
    config = {
        "repos": [
            {
                "repo": str(hooks),
                "rev": revision,
                "hooks": [
                    {"id": "leadrules-check", "args": ["--project", "crm"], **here},
                    {"id": "leadrules-fmt", **here},
                    {"id": "leadrules-test", "args": ["--project", "crm"], **here},
                ],
            }
        ]
    }
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = _run(repository, "pre-commit", "install", PRE_COMMIT_HOME=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stdout + done.stderr
    _commit(repository, "hooks")
    return repository


def _try_commit(repo: Path, message: str) -> subprocess.CompletedProcess[str]:
    _git(repo, "add", "--all")
    return _run(repo, "git", "commit", "--message", message, PRE_COMMIT_HOME=str(repo.parent / "cache"))


def test_the_manifest_is_one_that_pre_commit_takes() -> None:
    done = _run(ROOT, "pre-commit", "validate-manifest", str(HOOKS))
    assert done.returncode == 0, done.stdout + done.stderr
    schema = json.loads((SCHEMAS / "pre-commit-hooks.json").read_text(encoding="utf-8"))
    hooks = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    assert [e.message for e in Draft7Validator(schema).iter_errors(hooks)] == []


def test_pre_commit_blocks_a_broken_rule_an_unformatted_one_and_a_failing_test(hooked: Path) -> None:
    head = _git(hooked, "rev-parse", "HEAD")
    _edit(hooked, "title contains", "titel contains")
    broken = _try_commit(hooked, "broken")
    assert broken.returncode == 1
    assert "LR104" in broken.stdout + broken.stderr
    assert "did you mean `title`" in broken.stdout + broken.stderr
    _edit(hooked, "titel contains", "title contains")

    _edit(hooked, "  vp: +30", "     vp:   +30")
    unformatted = _try_commit(hooked, "unformatted")
    assert unformatted.returncode == 1
    assert "files were modified by this hook" in unformatted.stdout + unformatted.stderr
    assert (hooked / "crm" / "rules" / "scoring.lead").read_text(encoding="utf-8") == RULES

    _edit(hooked, "+30 when", "+20 when")
    failing = _try_commit(hooked, "failing")
    assert failing.returncode == 1
    assert "A VP is warm" in failing.stdout + failing.stderr
    assert _git(hooked, "rev-parse", "HEAD") == head

    _edit(hooked, "+20 when", "+31 when")
    good = _try_commit(hooked, "good")
    assert good.returncode == 0, good.stdout + good.stderr
    assert _git(hooked, "rev-parse", "HEAD") != head


def test_pre_commit_leaves_other_files_alone(hooked: Path) -> None:
    (hooked / "notes.md").write_text("nothing about rules\n", encoding="utf-8")
    done = _try_commit(hooked, "notes")
    assert done.returncode == 0
    assert (done.stdout + done.stderr).count("Skipped") == 3


# -- the action ---------------------------------------------------------------------------------------------------------


class Pull:
    """A pull request on the repository, and the action's script run for it."""

    def __init__(self, repo: Path, base: str) -> None:
        self.repo, self.out, self.calls = repo, repo.parent / "out", repo.parent / "gh.jsonl"
        tools = repo.parent / "tools"
        tools.mkdir()
        (tools / "gh").write_text(GH.format(python=sys.executable), encoding="utf-8")
        (tools / "gh").chmod(0o755)
        event = repo.parent / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7, "base": {"sha": base}}}), encoding="utf-8")
        self.env = {
            "PATH": f"{tools}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "acme/rules",
            "GITHUB_OUTPUT": str(repo.parent / "output.txt"),
            "GITHUB_STEP_SUMMARY": str(repo.parent / "summary.md"),
            "GH_TOKEN": "t",
            "FAKE_GH": str(self.calls),
            "LEADRULES_PROJECT": "crm",
            "LEADRULES_OUT": str(self.out),
        }

    def review(self, **more: str) -> subprocess.CompletedProcess[str]:
        return _run(self.repo, sys.executable, str(ROOT / "action" / "review.py"), **(self.env | more))

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.calls.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def pull(repository: Path) -> Pull:
    """Demand on size is lowered: lead 3 of four turns from cold to warm."""
    base = _git(repository, "rev-parse", "HEAD")
    _git(repository, "switch", "--quiet", "--create", "change")
    _edit(repository, "size: +15", "size: +30")
    _commit(repository, "size counts more")
    return Pull(repository, base)


def test_the_comment_says_what_the_change_does(pull: Pull) -> None:
    done = pull.review()
    assert done.returncode == 0, done.stdout + done.stderr
    listed, written = pull.said
    assert listed["arguments"][:2] == ["api", "repos/acme/rules/issues/7/comments?per_page=100"]
    assert written["arguments"][:4] == ["api", "repos/acme/rules/issues/7/comments", "--method", "POST"]
    body = written["body"]
    assert body.startswith("<!-- leadrules: crm -->\n")
    assert "**Check**: nothing to object to." in body
    assert "**Tests**: 1 passed." in body
    told = (pull.out / "leadrules-diff.md").read_text(encoding="utf-8")
    assert told.strip() in body
    # Leads 2 and 3 gain 15 points each; only the clerk of 300 people crosses a line.
    assert "1 of 4 leads change (25.0%)" in told
    assert "| fit.size | 2 |" in told
    assert "| cold | -> | warm | 1 | fit.size (1) |" in told
    assert "Clerk" not in body
    assert (pull.out / "leadrules-comment.md").read_text(encoding="utf-8") == body
    assert Path(pull.env["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8") == body
    outputs = dict(line.split("=", 1) for line in Path(pull.env["GITHUB_OUTPUT"]).read_text().splitlines())
    assert set(outputs) == {"sarif", "junit", "markdown", "comment"}
    assert json.loads(Path(outputs["sarif"]).read_text(encoding="utf-8"))["runs"][0]["results"] == []
    assert ET.parse(outputs["junit"]).getroot()[0].get("tests") == "1"


def test_the_second_time_the_comment_is_updated(pull: Pull) -> None:
    others = [
        {"id": 1, "body": "looks good"},
        {"id": 2, "body": "<!-- leadrules: other -->\nx"},
        {"id": 3, "body": None},
    ]
    own = {"id": 99, "body": "<!-- leadrules: crm -->\nold"}
    pull.review(FAKE_GH_COMMENTS="\n".join(json.dumps(one) for one in [*others, own]))
    assert [call["arguments"][1] for call in pull.said][1:] == ["repos/acme/rules/issues/comments/99"]
    assert pull.said[1]["arguments"][2:4] == ["--method", "PATCH"]


def test_a_broken_rule_is_annotated_and_fails(pull: Pull) -> None:
    _edit(pull.repo, "title contains", "titel contains")
    done = pull.review()
    assert done.returncode == 1
    assert "::error file=crm/rules/scoring.lead,line=2,col=16,endLine=2,endColumn=21,title=LR104::" in done.stdout
    body = pull.said[-1]["body"]
    assert "the rules have errors" in body
    assert "LR104" in body
    assert "**Tests**" not in body
    sarif = json.loads((pull.out / "leadrules.sarif").read_text(encoding="utf-8"))
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["LR104"]


def test_a_failing_test_is_named_and_fails(pull: Pull) -> None:
    _edit(pull.repo, "vp: +30", "vp: +20")
    done = pull.review()
    assert done.returncode == 1
    assert "**Tests**: 0 passed, 1 failed.\n\n- A VP is warm (" in pull.said[-1]["body"]


def test_a_change_beyond_the_limit_fails(pull: Pull) -> None:
    assert pull.review(LEADRULES_FAIL_ON_CHANGE="10%").returncode == 1
    assert pull.review(LEADRULES_FAIL_ON_CHANGE="90%").returncode == 0


def test_a_token_that_may_not_write_fails_nothing(pull: Pull) -> None:
    done = pull.review(FAKE_GH_REFUSES="1")
    assert done.returncode == 0
    assert "::warning title=leadrules::no comment was written: gh: Resource not accessible" in done.stdout
    assert (pull.out / "leadrules-comment.md").is_file()


def test_outside_of_a_pull_request_nothing_is_posted(pull: Pull) -> None:
    done = pull.review(GITHUB_EVENT_PATH="", LEADRULES_BASE="main")
    assert done.returncode == 0, done.stderr
    assert not pull.calls.exists()
    assert "temperature" in (pull.out / "leadrules-diff.md").read_text(encoding="utf-8")


def test_the_documented_workflow_is_one_that_github_takes() -> None:
    schema = json.loads((SCHEMAS / "github-workflow.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    hooks, workflow = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    workflow["on"] = workflow.pop(True)  # YAML 1.1 takes `on` for yes
    assert [e.message for e in Draft7Validator(schema).iter_errors(workflow)] == []
    offered = {hook["id"] for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))}
    assert {hook["id"] for hook in hooks["repos"][0]["hooks"]} == offered
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (step,) = [s for s in workflow["jobs"]["review"]["steps"] if s.get("id") == "rules"]
    assert set(step["with"]) <= set(action["inputs"])
    assert set(re.findall(r"^\| `([a-z-]+)` \| ", page.partition("## Anywhere else")[0], re.MULTILINE)) == set(
        action["inputs"]
    )
    assert set(re.findall(r"steps\.rules\.outputs\.(\w+)", page)) <= set(action["outputs"])


def test_the_documented_shell_works(pull: Pull) -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    script = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[1].replace("origin/main", "main").replace("10%", "30%")
    done = _run(pull.repo / "crm", "bash", "-e", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("check.xml", "tests.xml"):
        assert ET.parse(pull.repo / "crm" / name).getroot().tag == "testsuites"
    assert "1 of 4 leads change" in (pull.repo / "crm" / "diff.md").read_text(encoding="utf-8")


def test_the_action_is_one_that_github_takes() -> None:
    schema = json.loads((SCHEMAS / "github-action.json").read_text(encoding="utf-8"))
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert [e.message for e in Draft7Validator(schema).iter_errors(action)] == []
    steps = action["runs"]["steps"]
    assert all("${{" not in step.get("run", "") for step in steps)
    read = (ROOT / "action" / "review.py").read_text(encoding="utf-8")
    for name in steps[-1]["env"]:
        assert name in {"ACTION", "GH_TOKEN"} or f'"{name}"' in read
