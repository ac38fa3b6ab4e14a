"""A small project, and a way to say a place: `|` in the text of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leadrules.lsp.analysis import Analysis
from leadrules.lsp.project import Opened

FILES = {
    "leadrules.yaml": "version: 1\nname: small\nsources: {leads: {path: leads.csv}, events: []}\n"
    "templates: {intro: intro.md}\n",
    "rules/lead.schema.json": """{
  "type": "object",
  "properties": {
    "id": {"type": "string", "x-key": true},
    "created_at": {"type": "string", "format": "date-time"},
    "owner": {"type": "string"},
    "industry": {"type": "string", "enum": ["Software", "Fintech", "小売"], "description": "What they sell."},
    "employees": {"type": "integer", "description": "How many people."},
    "opted_out": {"type": "boolean"},
    "Lead Source": {"type": "string"},
    "売上": {"type": "number"}
  }
}
""",
    "rules/events.schema.json": """{
  "type": "object",
  "properties": {
    "email_sent": {"type": "object", "properties": {"campaign": {"type": "string"}}},
    "page_viewed": {"type": "object", "description": "A page was looked at.",
      "properties": {"path": {"type": "string"}, "device": {"type": "string", "enum": ["phone", "desktop"]}}}
  }
}
""",
    "rules/team.yaml": "reps:\n  sato@example.com: {name: 佐藤, active: true, capacity: {open: 20}, win_rate: 0.3}\n"
    "  lee@example.com: {active: true, win_rate: 0.2}\nteams: {inside: [sato@example.com, lee@example.com]}\nqueues: [nurture]\n",
    "rules/scoring.lead": """score fit "Fit" {
  icp "ICP industry": +20 when industry in ("Software", "Fintech")
  big: +15 when employees >= 100 and large
}
segment large when employees >= 50
band temperature of fit {
  hot: from 20
  cold: otherwise
}
""",
    "rules/moves.lead": """sequence outbound { 1: day 1 call "Ring" }
exit all when opted_out
route sales {
  team: team inside by round_robin when temperature is hot
  rest: queue nurture otherwise
}
trigger warm { on enter temperature hot  do enroll outbound  do assign with sales }
test "A large one is hot" {
  given industry = "Software", employees = 100
  expect fired fit.icp and fit = 35
}
""".replace(" and fit = 35", "\n  expect fit = 35 and temperature is hot"),
}
LEADS = "id,created_at,industry,employees\n1,2026-01-01T00:00,Software,10\n2,2026-01-01T00:00,Fintech,200\n3,2026-01-01T00:00,小売,300\n"
PARTS = "rules/scoring.lead"


def write(folder: Path) -> Path:
    """The project on disk."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "leads.csv").write_text(LEADS, encoding="utf-8")
    (folder / "intro.md").write_text("Hello", encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's folder."""
    return write(tmp_path)


@pytest.fixture
def typed(folder: Path) -> Callable[..., tuple[Analysis, str, int]]:
    """The analysis of the project where a text was typed at the end of a file; `|` is the cursor."""

    def at(text: str, name: str = PARTS) -> tuple[Analysis, str, int]:
        opened = Opened(folder)
        before = FILES[name]
        opened.check()
        opened.change(folder / name, before + text.replace("|", ""))
        return opened.check(), name, len(before) + text.index("|")

    return at


@pytest.fixture
def under(folder: Path) -> Callable[..., tuple[Analysis, str, int]]:
    """The analysis of the project, and the place of a text in a file, `|` in it the cursor."""

    def at(text: str, name: str = PARTS) -> tuple[Analysis, str, int]:
        return Opened(folder).check(), name, FILES[name].index(text.replace("|", "")) + text.index("|")

    return at
