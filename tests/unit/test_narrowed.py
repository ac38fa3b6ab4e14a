"""A test's run looks only at the rules that can matter to its lead; it decides what a run with every rule decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadrules.lifecycle import single
from leadrules.project.model import Project
from leadrules.review.testing import testing
from leadrules.review.workspace import open_workspace
from leadrules.ruleset.model import Ruleset

EXAMPLES = Path(__file__).parents[2] / "examples"


def decisions(ruleset: Ruleset, project: Project, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What every run of every test fired and did."""
    found: list[Any] = []
    run = single.Workbench.run

    def noted(self: single.Workbench, look: single.Look, *, lasting: bool = True) -> single.OneRun:
        one = run(self, look, lasting=lasting)
        found.append((one.fired, one.actions))
        return one

    with monkeypatch.context() as patched:
        patched.setattr(single.Workbench, "run", noted)
        assert all(result.passed for result in testing.run_tests(ruleset, ruleset.tests, project))
    return found


@pytest.mark.parametrize("example", ["acme", "sakura"])
def test_a_narrowed_run_decides_the_same(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(EXAMPLES / example)
    assert workspace.ruleset is not None
    assert workspace.project is not None
    quick = decisions(workspace.ruleset, workspace.project, monkeypatch)
    monkeypatch.setattr(single, "narrowed", lambda ruleset, *_: ruleset)
    monkeypatch.setattr(single, "only_heard", lambda ruleset: ruleset)
    assert quick
    assert quick == decisions(workspace.ruleset, workspace.project, monkeypatch)
