"""A small company for the sentences of the contract: its files are written from pieces, the program is run, its files read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.suites.running import leadrules, rows

TEXT, NUMBER, WHOLE, YES, DAY, TIME = (
    {"type": "string"},
    {"type": "number"},
    {"type": "integer"},
    {"type": "boolean"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
)
SET = {"type": "array", "items": {"type": "string"}}
INDUSTRY = {"type": "string", "enum": ["Software", "Fintech", "Retail", "E-commerce"]}
STATUS = {"type": "string", "enum": ["New", "Working", "Nurturing", "Customer", "Recycled"]}
FIELDS: dict[str, Any] = {
    "id": {**TEXT, "x-key": True},
    "email": TEXT,
    "title": TEXT,
    "industry": INDUSTRY,
    "status": STATUS,
    "country": TEXT,
    "employees": WHOLE,
    "revenue": NUMBER,
    "tags": SET,
    "opted_out": YES,
    "signup": DAY,
    "last_touch": TIME,
    "note": TEXT,
    "売上": NUMBER,
    "Lead Source": TEXT,
    "owner": TEXT,
    "created_at": TIME,
}
EVENTS: dict[str, dict[str, Any]] = {
    "email_opened": {"campaign": TEXT},
    "email_sent": {"campaign": TEXT},
    "email_replied": {},
    "page_viewed": {"path": TEXT, "seconds": NUMBER},
    "deal_won": {"amount": NUMBER, "closed": DAY},
    "out_of_office": {"until": DAY},
    "webinar": {"topic": TEXT, "minutes": WHOLE, "vip": YES, "tags": SET},
    "recycled": {},
    "form": {"form": TEXT},
}
TEAM = "reps:\n  a: {active: true}\n  b: {active: true}\nteams:\n  t: [a, b]\nqueues: [q]\n"
SETTINGS = "timezone: Asia/Tokyo\nholidays: JP\n"
HEADER = "lead_id,type,at"


@dataclass
class Company:
    """A project in a folder."""

    folder: Path

    def write(
        self,
        rules: str,
        *,
        settings: str = SETTINGS,
        sources: str | None = None,
        fields: Mapping[str, object] | None = None,
        events: Mapping[str, Mapping[str, object]] | None = None,
        team: str | None = TEAM,
        files: Mapping[str, str] | None = None,
    ) -> Company:
        """The project's own files; a folder of rules holds one file."""
        (self.folder / "rules").mkdir(parents=True, exist_ok=True)
        where = "sources:\n  leads: {path: leads.csv}\n  events: [{path: events.csv}]\n" if sources is None else sources
        schema = {"type": "object", "properties": FIELDS if fields is None else fields}
        known = EVENTS if events is None else events
        kinds = {name: {"type": "object", "properties": dict(own)} for name, own in known.items()}
        self.put("leadrules.yaml", f"version: 1\nname: small\n{settings}{where}")
        self.put("rules/lead.schema.json", json.dumps(schema, ensure_ascii=False))
        self.put("rules/events.schema.json", json.dumps({"type": "object", "properties": kinds}, ensure_ascii=False))
        if team is not None:
            self.put("rules/team.yaml", team)
        self.put("rules/rules.lead", rules)
        for path, text in (files or {}).items():
            self.put(path, text)
        return self

    def put(self, path: str, text: str | bytes) -> Company:
        """One file."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def read(self, leads: str, events: str = HEADER) -> Company:
        """The exports of a day as CSV text, without the spaces at the lines' ends."""
        return self.put("leads.csv", _lines(leads)).put("events.csv", _lines(events))

    def run(self, *options: str | Path, code: int = 0, command: str = "run") -> str:
        """One run into `out`; its words."""
        done = leadrules(command, "--project", self.folder, "--out", self.folder / "out", *options)
        assert done.exit_code == code, done.output
        return done.output

    def check(self, *options: str, code: int = 1) -> list[dict[str, Any]]:
        """The findings of `check`."""
        done = leadrules("check", "--project", self.folder, "--format", "json", *options)
        assert done.exit_code == code, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)["diagnostics"]
        return found

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a file of the run."""
        return rows(self.folder / "out" / f"{name}.csv")

    def decided(self, column: str, key: str = "id") -> dict[str, str]:
        """A column of decisions.csv by lead."""
        return {row[key]: row[column] for row in self.rows("decisions")}

    def told(self, name: str, *columns: str) -> list[str]:
        """The rows of a file of the run, in a few words each."""
        return [" ".join(row[column] for column in columns if row[column]) for row in self.rows(name)]

    def counts(self) -> dict[str, Any]:
        """What the manifest counts."""
        manifest = json.loads((self.folder / "out/manifest.json").read_text(encoding="utf-8"))
        counts: dict[str, Any] = manifest["counts"]
        return counts


def _lines(text: str) -> str:
    return "\n".join(line.strip(" ") for line in text.strip().splitlines()) + "\n"
