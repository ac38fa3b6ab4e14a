"""`calibrate` on real files and on a company made for it, beside scikit-learn and plain loops over the same rows."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from tests.suites.running import RECIPES, ROOT, leadrules, rows, run, shared

SCHEMA = json.loads((ROOT / "docs/schemas/calibrate.schema.json").read_text(encoding="utf-8"))


def calibrated(project: Path, *options: str | Path) -> dict[str, Any]:
    done = leadrules("calibrate", "--project", project, "--format", "json", "--quiet", *options)
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    return document


def test_the_fields_of_the_school() -> None:
    path = shared("course_lead_scoring", "course_lead_scoring.csv")
    found = calibrated(RECIPES / "course_leads", "--leads", path, "--outcome", "converted")
    aucs = {one["name"]: one["auc"] for one in found["fields"]}
    assert f"{aucs['number_of_courses_viewed']:.6f}" == "0.760827"
    assert f"{aucs['interaction_count']:.6f}" == "0.722321"
    assert f"{aucs['lead_score']:.6f}" == "0.614805"
    assert f"{aucs['annual_income']:.6f}" == "0.542641"
    assert "converted" not in aucs
    assert found["leakage"] == []


def bank_columns(raw: list[dict[str, str]]) -> np.ndarray[Any, Any]:
    """The lines of the bank's rules by hand: what each gives, in its own units."""
    made = []
    for row in raw:
        age, balance, campaign, pdays = (int(row[name]) for name in ("age", "balance", "campaign", "pdays"))
        season = {"mar": 0, "sep": 0, "oct": 0, "dec": 0, "feb": 1, "apr": 1, "may": 2}.get(row["month"])
        life = (
            0 if row["job"] == "retired" or age >= 60
            else 1 if row["job"] == "student"
            else 2 if row["education"] == "tertiary"
            else 3 if row["job"] in ("blue-collar", "housemaid", "entrepreneur")
            else None
        )  # fmt: skip
        made.append(
            [
                row["poutcome"] == "success",
                0 <= pdays <= 183 and row["poutcome"] != "success",
                *(season == at for at in range(3)),
                *(life == at for at in range(4)),
                row["housing"] == "no",
                row["loan"] == "no",
                min(max(balance, 0) / 500, 10),
                row["default"] == "yes",
                row["contact"] != "unknown",
                -min(campaign - 2, 10) if campaign > 2 else 0,
            ]
        )
    return np.array(made, dtype=float)


def held_out(columns: np.ndarray[Any, Any], reached: np.ndarray[Any, Any], learnt: Any, checked: Any) -> float:
    varies = columns.std(axis=0) > 0
    columns = columns[:, varies]
    scaler = StandardScaler().fit(columns[learnt])
    model = LogisticRegression(C=1.0, max_iter=1_000).fit(scaler.transform(columns[learnt]), reached[learnt])
    return float(roc_auc_score(reached[checked], model.decision_function(scaler.transform(columns[checked]))))


def test_the_bank() -> None:
    path = shared("bank_marketing", "bank-full.csv")
    found = calibrated(RECIPES / "bank_marketing", "--leads", path, "--outcome", "y")
    raw = rows(path, "utf-8", ";")
    reached = np.array([row["y"] == "yes" for row in raw])
    assert [leak["name"] for leak in found["leakage"]] == ["duration"]
    assert (found["reached"]["reached"], found["reached"]["of"]) == (5_289, 45_211)
    columns, every = bank_columns(raw), np.arange(len(raw))
    lines = next(model for model in found["models"] if model["name"].startswith("the lines"))
    half = len(raw) // 2
    assert lines["auc_later"] == pytest.approx(held_out(columns, reached, every[:half], every[half:]), abs=2e-4)
    learnt, checked = train_test_split(every, test_size=0.5, random_state=0, stratify=reached)
    assert lines["auc_random"] == pytest.approx(held_out(columns, reached, learnt, checked), abs=2e-4)
    names = [model["name"] for model in found["models"]]
    assert names[1:] == ["all fields but duration", "all fields"]
    # The field that leaks is what makes the difference.
    without, everything = found["models"][1:]
    assert everything["auc_random"] > 0.88
    assert 0.72 < without["auc_random"] < 0.8


def test_the_patch_of_the_bank(tmp_path: Path) -> None:
    path = shared("bank_marketing", "bank-full.csv")
    project = tmp_path / "bank"
    shutil.copytree(RECIPES / "bank_marketing", project)
    options = ("--leads", path, "--outcome", "y", "--exclude", "duration", "--patch", tmp_path / "better.patch")
    found = calibrated(project, *options)
    before, _, _ = run(project, tmp_path / "before", "--leads", path)
    subprocess.run(["git", "apply", str(tmp_path / "better.patch")], cwd=project, check=True)
    checked = leadrules("check", "--project", project)
    assert checked.exit_code == 0, checked.output
    after, _, _ = run(project, tmp_path / "after", "--leads", path)
    reached = [row["y"] == "yes" for row in rows(path, "utf-8", ";")]
    half = len(reached) // 2
    was, now = (
        roc_auc_score(reached[half:], [float(row["propensity"]) for row in decided[half:]])
        for decided in (before, after)
    )
    assert now > was
    assert found["scores"][0]["auc_later"] == pytest.approx(was, abs=1e-9)
    # Only numbers change, and each band keeps about its share of the leads.
    count = [sum(row["chance"] == "good" for row in decided) for decided in (before, after)]
    assert count[1] == pytest.approx(count[0], rel=0.15)


EVENTS = {"visited": {"type": "object"}, "mailed": {"type": "object"}, "bought": {"type": "object"}}
RULES = """score s {
  recent: +10 when did visited within 30 days
  mailed: +5 when did mailed
}
band t of s { hot: from 10  cold: otherwise }
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """100 leads; 40 bought in March: all of them visited ten days before, and were mailed the day after. Of the other 60,
    20 visited ten days before the newest event."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "leadrules.yaml").write_text(
        "version: 1\nname: shop\nsources:\n  leads: {path: leads.csv}\n  events: [{path: events.csv}]\n"
    )
    lead = {"type": "object", "properties": {"id": {"type": "string"}, "size": {"type": "integer"}}}
    (tmp_path / "rules/lead.schema.json").write_text(json.dumps(lead))
    (tmp_path / "rules/events.schema.json").write_text(json.dumps({"type": "object", "properties": EVENTS}))
    (tmp_path / "rules/s.lead").write_text(RULES)
    (tmp_path / "leads.csv").write_text("id,size\n" + "".join(f"{n},{n % 7}\n" for n in range(100)))
    newest, lines = date(2026, 10, 1), ["lead_id,type,at"]
    for n in range(40):
        bought = date(2026, 3, 1) + timedelta(days=n % 20)
        lines += [f"{n},visited,{bought - timedelta(days=10)}", f"{n},bought,{bought}"]
        lines.append(f"{n},mailed,{bought + timedelta(days=1)}")
    lines += [f"{n},visited,{newest - timedelta(days=10)}" for n in range(40, 60)]
    lines.append(f"99,mailed,{newest}")
    (tmp_path / "events.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_leads_are_seen_as_they_were_before(shop: Path) -> None:
    found = calibrated(shop, "--outcome", "did bought")
    recent, mailed = found["lines"]
    # A visit ten days before the purchase counts as recent, though it is half a year ago by now.
    assert (recent["fired"]["of"], recent["fired"]["reached"]) == (60, 40)
    assert recent["lift"] == pytest.approx((40 / 60) / 0.4)
    # The mail that follows a purchase is no sign of one.
    assert (mailed["fired"]["of"], mailed["fired"]["reached"]) == (1, 0)
    assert [(leak["kind"], leak["name"]) for leak in found["leakage"]] == [("event", "mailed")]
    (score,) = found["scores"]
    # 40 who bought stand above 39 + 1 others and tie with 20: (40 * 40 + 40 * 20 / 2) / (40 * 60).
    assert score["auc"] == pytest.approx((40 * 40 + 40 * 20 / 2) / (40 * 60))
    (hot,) = [row for row in score["thresholds"] if row["label"] == "t hot"]
    assert (hot["leads"], hot["precision"], hot["recall"], hot["per_week"]) == (60, pytest.approx(2 / 3), 1.0, None)


@pytest.mark.parametrize("form", ["date", "date-time"])
def test_leads_are_seen_as_they_were_before_a_date_of_theirs(shop: Path, form: str) -> None:
    """As before the event of the same day; by the created time an outcome says only which leads it is about."""
    lead = json.loads((shop / "rules/lead.schema.json").read_text())
    lead["properties"] |= {name: {"type": "string", "format": form} for name in ("bought_on", "created_at")}
    (shop / "rules/lead.schema.json").write_text(json.dumps(lead))
    days = [str(date(2026, 3, 1) + timedelta(days=n % 20)) if n < 40 else "" for n in range(100)]
    rows_of_leads = (f"{n},{n % 7},{day},2026-01-05\n" for n, day in enumerate(days))
    (shop / "leads.csv").write_text("id,size,bought_on,created_at\n" + "".join(rows_of_leads))
    by_event = calibrated(shop, "--outcome", "did bought")
    for outcome in ("bought_on is not blank", "did bought and created_at >= 2026-01-01"):
        found = calibrated(shop, "--outcome", outcome)
        assert found["lines"] == by_event["lines"], outcome
        assert "mailed" in [leak["name"] for leak in found["leakage"]], outcome


@pytest.mark.parametrize(("late", "is_flagged"), [(4, False), (5, True), (40, True)])
def test_a_date_field_after_the_outcome_leaks(shop: Path, late: int, is_flagged: bool) -> None:
    # Of the 40 who bought, `late` have a bill of two days after it, the others one of two days before: 4 of 40 are no more
    # than a tenth, 5 are.
    lead = json.loads((shop / "rules/lead.schema.json").read_text())
    lead["properties"]["billed_on"] = {"type": "string", "format": "date"}
    (shop / "rules/lead.schema.json").write_text(json.dumps(lead))
    lines = ["id,size,billed_on"]
    for n in range(100):
        bought = date(2026, 3, 1) + timedelta(days=n % 20)
        billed = bought + timedelta(days=2 if n < late else -2)
        lines.append(f"{n},{n % 7},{billed if n < 40 else date(2026, 2, 1) + timedelta(days=n)}")
    (shop / "leads.csv").write_text("\n".join(lines) + "\n")
    found = calibrated(shop, "--outcome", "did bought")
    why = [leak["why"] for leak in found["leakage"] if leak["name"] == "billed_on" and "after" in leak["why"]]
    assert bool(why) is is_flagged, found["leakage"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--outcome", "did bougt"), 2, "did you mean `bought`?"),
        (("--outcome", "size"), 2, "a condition is yes or no"),
        (("--outcome", "size > 1_000"), 2, "0 of 100 leads reached the outcome"),
        (("--outcome", "did bought", "--exclude", "siez"), 2, "there is no such field"),
        (("--outcome", "did bought", "--capacity", "5"), 2, "no created time"),
        (("--outcome", "did bought", "--capacity", "nan"), 2, "is not a number of leads"),
        (("--outcome", "did bought", "--capacity", "inf"), 2, "is not a number of leads"),
        (("--outcome", "did bought", "--precision", "130%"), 2, "is not a share"),
    ],
)
def test_what_cannot_be_answered(shop: Path, options: tuple[str, ...], code: int, words: str) -> None:
    done = leadrules("calibrate", "--project", shop, *options)
    assert done.exit_code == code
    assert words in done.output


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_every_look(shop: Path, form: str) -> None:
    done = leadrules("calibrate", "--project", shop, "--outcome", "did bought", "--format", form, "--precision", "0.6")
    assert done.exit_code == 0, done.output
    for words in ("s.recent", "66.7%", "1.67x", "mailed", "what was asked for fits from 5"):
        assert words in done.stdout


def test_what_cannot_be_read_is_told_also_of_the_events_that_the_outcome_asks_for(tmp_path: Path) -> None:
    """A deal of `120万` is none that was won: the lead counts as one that did not reach the outcome."""
    (tmp_path / "rules").mkdir()
    deal = {"type": "object", "properties": {"amount": {"type": "number"}}}
    lead = {"id": {"type": "string", "x-key": True}, "size": {"type": "number"}}
    files = {
        "leadrules.yaml": "version: 1\nsources: {leads: {path: leads.csv}, events: {path: deals.csv, type: deal_won}}\n",
        "rules/lead.schema.json": json.dumps({"type": "object", "properties": lead}),
        "rules/events.schema.json": json.dumps({"type": "object", "properties": {"deal_won": deal}}),
        "rules/team.yaml": "reps: {}\n",
        "rules/a.lead": "score fit { big: +10 when size > 20 }\n",
        "leads.csv": "id,size\n" + "".join(f"{n},{n}\n" for n in range(40)),
        "deals.csv": "lead_id,at,amount\n" + "".join(f"{n},2026-01-0{n % 9 + 1},{'120万' if n == 3 else 9}\n" for n in range(0, 39, 3)),
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = calibrated(tmp_path, "--outcome", "sum(deal_won.amount) > 0", "--as-of", "2026-02-01")
    assert found["reached"]["reached"] == 12
    assert "rejected: deals.csv:3 amount `120万`: expected a number (1x)" in found["notes"]
