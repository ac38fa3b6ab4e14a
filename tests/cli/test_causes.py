"""`plan` says which lines moved a lead: what they gave at the last run against what they give now."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.test_commands import leadrules

RULES = """
score fit { sw: +20 when industry = "Software"  vip: +40 when industry = "Energy" }
score eng { op: +30 when did opened within 1 day }
define total = fit + eng
band temp of total { hot: from 50 warm: from 20 cold: otherwise }
stages lc { working: when status = "Working"  lead: otherwise }
"""
SETTINGS = """
version: 1
name: p
fields: {key: id, created: created_at}
sources: {leads: {path: leads.csv}, events: [{path: events.csv}]}
"""
FIELDS = {name: {"type": "string"} for name in ("id", "industry", "status")}
CREATED = {"created_at": {"type": "string", "format": "date-time"}}


def moved(folder: Path, as_of: str = "2026-05-03") -> dict[str, list[str]]:
    done = leadrules("plan", "--as-of", as_of, "--format", "json", cwd=folder)
    return {one["key"]: one["because"] for one in json.loads(done.stdout)["changed_most"]}


def test_each_lead_that_moved_has_the_line_that_did_it(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (tmp_path / "leadrules.yaml").write_text(SETTINGS)
    (rules / "r.lead").write_text(RULES)
    (rules / "lead.schema.json").write_text(json.dumps({"type": "object", "properties": FIELDS | CREATED}))
    events = {"type": "object", "properties": {"opened": {"type": "object", "properties": {}}}}
    (rules / "events.schema.json").write_text(json.dumps(events))
    (tmp_path / "events.csv").write_text("lead_id,type,at\nL1,opened,2026-05-01T10:00\n")
    leads = "id,industry,created_at,status\nL1,Software,2026-05-01T10:00,New\nL2,Retail,2026-05-01T10:00,New\n"
    (tmp_path / "leads.csv").write_text(f"{leads}L3,Retail,2026-05-01T10:00,New\n")
    assert moved(tmp_path) == {"L1": ["fit.sw +20"]}  # without a state only what is so now is known
    assert leadrules("run", "--quiet", cwd=tmp_path).returncode == 0
    later = leads.replace("L2,Retail,2026-05-01T10:00,New", "L2,Retail,2026-05-01T10:00,Working")
    (tmp_path / "leads.csv").write_text(f"{later}L3,Energy,2026-05-01T10:00,New\nL4,Software,2026-05-02T10:00,New\n")
    assert moved(tmp_path) == {
        "L1": ["eng.op -30"],  # hot to warm: the mail is too long ago; what it has as before moved nothing
        "L2": ["lc.working"],
        "L3": ["fit.vip +40"],  # the record changed, and what it said then is not kept
        "L4": ["fit.sw +20"],  # new
    }
    # Weeks later, when no rule sees that mail any more, it is still what the last run saw.
    (tmp_path / "events.csv").write_text("lead_id,type,at\nL1,opened,2026-05-01T10:00\nL2,opened,2026-06-01T10:00\n")
    assert moved(tmp_path, "2026-06-01T12:00")["L1"] == ["eng.op -30"]


def test_lines_whose_names_hold_dots_spaces_and_semicolons(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (tmp_path / "leadrules.yaml").write_text(SETTINGS)
    text = RULES.replace("fit", "`the fit`").replace("eng", "`e.n`").replace("sw:", "`s; w`:")
    (rules / "r.lead").write_text(text)
    (rules / "lead.schema.json").write_text(json.dumps({"type": "object", "properties": FIELDS | CREATED}))
    events = {"type": "object", "properties": {"opened": {"type": "object", "properties": {}}}}
    (rules / "events.schema.json").write_text(json.dumps(events))
    (tmp_path / "events.csv").write_text("lead_id,type,at\nL1,opened,2026-05-02T10:00\n")
    (tmp_path / "leads.csv").write_text("id,industry,created_at,status\nL1,Software,2026-05-01T10:00,New\n")
    assert moved(tmp_path) == {"L1": ["e.n.op +30", "the fit.s; w +20"]}
    other = tmp_path / "other"
    shutil.copytree(rules, other / "rules")
    (other / "leadrules.yaml").write_text(SETTINGS)
    (rules / "r.lead").write_text(text.replace("+20", "+45"))
    found = leadrules("diff", str(other), "--as-of", "2026-05-03", "--format", "json", cwd=tmp_path)
    (lead,) = json.loads(found.stdout)["changed_most"]
    assert lead["lines"] == [{"line": "the fit.s; w", "before": 20, "after": 45}]
