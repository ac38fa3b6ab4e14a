"""What an editor has open: projects, texts, the study that runs.

In: texts as they change. Out: the project of a file, its analysis, and the study of it once it has ended. The study is a
process of its own; one that became stale is stopped. Knows nothing of the protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leadrules.core.diagnostics import Diagnostic, Related, Severity
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.lsp.analysis import Analysis, Studied
from leadrules.lsp.project import Opened
from leadrules.project.project import find_project

STUDY_SECONDS = 120


class Watched:
    """A project with its last analysis, the findings that the editor was told, and the study under way."""

    def __init__(self, root: Path) -> None:
        """Nothing is known yet."""
        self.opened = Opened(root)
        self.version = 0
        self.told: dict[str, Any] = {}
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self._analysis: Analysis | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def analysis(self) -> Analysis:
        """What is known of the texts as they are."""
        if self._analysis is None:
            self._analysis = self.opened.check()
        return self._analysis

    def change(self, path: Path, text: str | None) -> None:
        """A text has changed; what was known is stale."""
        self.opened.change(path, text)
        self._stale()

    def reload(self) -> None:
        """Files of the project other than open texts have changed."""
        self.opened.reload()
        self.opened.studied = Studied()
        self._stale()

    def _stale(self) -> None:
        self.version += 1
        self._analysis = None

    def after(self, seconds: float, name: str, work: Any) -> None:
        """Do the work when nothing more has come for so long."""
        timer = self.timers.get(name)
        if timer is not None:
            timer.cancel()
        self.timers[name] = asyncio.get_running_loop().call_later(seconds, work)

    async def study(self) -> bool:
        """Run the study of the texts as they are; whether its outcome still holds at its end."""
        self.stop()
        version = self.version
        # What the last study found is asked again.
        if any(one.severity == "error" for one in replace(self.analysis, studied=Studied()).findings):
            return False
        answer = await self._ask()
        if answer is None or version != self.version:
            return False
        doubts = tuple(one for found in answer.get("doubts", ()) if (one := _doubt(self.analysis, found)) is not None)
        counted = (answer.get("fired", {}), answer.get("leads", 0), answer.get("source", ""))
        self.opened.studied = Studied(doubts, *counted)
        self._analysis = replace(self.analysis, studied=self.opened.studied)
        return True

    async def _ask(self) -> dict[str, Any] | None:
        """The answer of the process; None where it was stopped or failed."""
        unsaved = {str(path): text for path, text in self.opened.unsaved.items()}
        today = datetime.now(UTC).date().isoformat()
        request = json.dumps({"root": str(self.opened.root), "unsaved": unsaved, "today": today})
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "leadrules.lsp.study",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(request.encode("utf-8")), STUDY_SECONDS)
        except TimeoutError:
            _kill(process)
            return None
        if process.returncode:
            return None
        answer: dict[str, Any] = json.loads(out)
        return answer

    def stop(self) -> None:
        """Stop the study under way."""
        if self._process is not None and self._process.returncode is None:
            _kill(self._process)
        self._process = None


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _doubt(analysis: Analysis, found: dict[str, Any]) -> Diagnostic | None:
    """A finding of the study at its place in a piece, so that it moves with the text and goes with its block, or in
    leadrules.yaml as it was read."""
    span = _place(analysis, found)
    if span is None:
        return None
    related = [Related(place, one["message"]) for one in found["related"] if (place := _place(analysis, one))]
    severity: Severity = found["severity"]
    notes = tuple(found.get("notes", ()))
    return Diagnostic(
        found["code"], severity, found["message"], span, help=found["help"], related=tuple(related), notes=notes
    )


def _place(analysis: Analysis, place: dict[str, Any]) -> Span | None:
    cut, settings = analysis.cuts.get(place["path"]), analysis.settings
    file = cut.file if cut is not None else settings
    if file is None or file.path != place["path"]:
        return None
    start = file.offset(place["line"], place["column"])
    end = file.offset(place.get("end_line", place["line"]), place.get("end_column", place["column"]))
    return Span(file, start, end) if cut is None else analysis.part(file.path, start, end)


@dataclass(slots=True)
class Text:
    """An open document: its text and the editor's number of it."""

    path: Path
    text: str
    version: int | None


class Session:
    """Every project that an editor has a file of open."""

    def __init__(self) -> None:
        """Nothing is open."""
        self.projects: dict[Path, Watched] = {}
        self.texts: dict[str, Text] = {}

    def project(self, path: Path) -> Watched:
        """The project of a file; a file without one stands alone in its folder."""
        root = find_project(path.parent) or path.parent
        if root not in self.projects:
            self.projects[root] = Watched(root)
        return self.projects[root]

    def open(self, uri: str, path: Path, text: str, version: int | None) -> Watched:
        """The editor shows a file, or has changed it."""
        self.texts[uri] = Text(path, text, version)
        project = self.project(path)
        if project.opened.unsaved.get(path) != text:
            project.change(path, text)
        return project

    def close(self, uri: str) -> Watched | None:
        """The editor shows a file no more: what is on disk counts."""
        closed = self.texts.pop(uri, None)
        if closed is None:
            return None
        project = self.project(closed.path)
        project.change(closed.path, None)
        return project

    def stop(self) -> None:
        """No study goes on."""
        for project in self.projects.values():
            project.stop()
