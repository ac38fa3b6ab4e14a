"""The slower look at a project, in a process of its own: doubts, what leadrules.yaml names and the rules do not have, and how
many leads each rule fires on.

In: on standard input, the folder, the texts that are not saved, and today's date, as JSON. Out: on standard output, what was
found, as JSON. A keystroke never waits for it; the server stops one that has become stale. What cannot be told (rules with
errors, no sample file) is left out.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path, PurePath
from typing import Any

from leadrules.compile.compile import compile_project
from leadrules.core.diagnostics import has_errors
from leadrules.core.source import SourceFile
from leadrules.project.files import Files
from leadrules.project.model import Project
from leadrules.project.project import load_project
from leadrules.review.doubts import Asked, doubts
from leadrules.review.workspace import Workspace, names_of_rules
from leadrules.show.machine import as_json
from leadrules.syntax.parse import parse

MOST_BYTES = 200_000_000


def main() -> None:
    """Answer one request."""
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    request = json.load(sys.stdin)
    answer = study(Path(request["root"]), request["unsaved"], date.fromisoformat(request["today"]))
    json.dump(answer, sys.stdout, ensure_ascii=False)


def study(root: Path, unsaved: dict[str, str], today: date) -> dict[str, Any]:
    """The doubts and counts of a project; nothing for rules with errors."""
    texts = {Path(path): text for path, text in unsaved.items()}
    workspace = _workspace(root, texts)
    if workspace is None or workspace.project is None or workspace.compiled is None:
        return {}
    named = names_of_rules(workspace.project, workspace.compiled)
    if has_errors(named):
        return {"doubts": [as_json(one) for one in named]}
    found = [as_json(one) for one in (*named, *doubts(workspace, Asked(today=today)))]
    return {"doubts": found, **_counts(workspace, workspace.project)}


def _workspace(root: Path, texts: dict[Path, str]) -> Workspace | None:
    """The project as the editor holds it, if it has no errors."""
    loaded = load_project(root, unsaved=texts)
    if loaded.project is None or has_errors(loaded.diagnostics):
        return None
    new = [path for path in texts if path.suffix == ".lead" and path.is_relative_to(root / "rules")]
    files = Files(root, texts)
    sources = [files.read(path) for path in dict.fromkeys([*loaded.rule_files, *new])]
    parsed = [parse(source) for source in sources if isinstance(source, SourceFile)]
    compiled = compile_project(loaded.project, [module for module, _ in parsed])
    findings = (*loaded.diagnostics, *(f for _, found in parsed for f in found), *compiled.diagnostics)
    if len(parsed) < len(sources) or has_errors(list(findings)):
        return None
    return Workspace(root, loaded.project, tuple(module for module, _ in parsed), compiled, findings, loaded.broken)


def _counts(workspace: Workspace, project: Project) -> dict[str, Any]:
    """A dry run over the sample file, as if every lead were new; nothing where it cannot be read in a moment."""
    leads, ruleset = project.leads, workspace.ruleset
    if leads is None or ruleset is None or not _is_small(project):
        return {}
    from leadrules.data.errors import InputError
    from leadrules.lifecycle.run import RunRequest, execute
    from leadrules.ruleset.support import for_run

    try:
        outcome = execute(RunRequest(project, for_run(ruleset), leads, project.events))
    except InputError:
        return {}
    fired = outcome.facts.fired() | dict(outcome.decided.fired if outcome.decided is not None else {})
    return {"fired": fired, "leads": outcome.leads.frame.height, "source": PurePath(leads.path).name}


def _is_small(project: Project) -> bool:
    """Whether the files of leads and events are there, and are no more than is read in seconds."""
    sources = [source for source in (project.leads, *project.events) if source is not None]
    found = [path for source in sources for path in sorted(project.root.glob(source.path))]
    return bool(found) and sum(path.stat().st_size for path in found) <= MOST_BYTES


if __name__ == "__main__":
    main()
