"""A project folder, opened.

In: the folder of a project without errors. Out: its workspace, with project and ruleset there.
"""

from __future__ import annotations

from pathlib import Path

from leadrules.review.workspace import Workspace, open_workspace


def opened(folder: Path) -> Workspace:
    """The workspace; a project with errors is a mistake of the test."""
    workspace = open_workspace(folder)
    assert workspace.ruleset is not None, workspace.diagnostics
    assert workspace.project is not None
    return workspace
