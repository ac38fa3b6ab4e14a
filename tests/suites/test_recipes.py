"""The recipes over real files: every row is decided or rejected for the right reason, and the scores are those that a
plain loop over the same file gives."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from tests.suites.running import RECIPES, leadrules, rows, run, shared

RECIPE_NAMES = ("bank_marketing", "course_leads", "hubspot", "marketo", "pardot", "salesforce")


@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_the_rules_pass(name: str) -> None:
    checked = leadrules("check", "--project", RECIPES / name, "--strict")
    assert checked.exit_code == 0, checked.output
    tested = leadrules("test", "--project", RECIPES / name)
    assert tested.exit_code == 0, tested.output


def laid_out(name: str, folder: Path, *files: Path) -> Path:
    """The recipe with the exports beside it."""
    project = folder / name
    shutil.copytree(RECIPES / name, project)
    for file in files:
        shutil.copy(file, project / file.name)
    return project


def rounded(value: float) -> float:
    return math.copysign(math.floor(abs(value) * 1e4 + 0.5 + 1e-7) / 1e4, value)


def propensity(row: dict[str, str]) -> float:
    """The bank's score by hand."""
    age, balance, campaign, pdays = (int(row[name]) for name in ("age", "balance", "campaign", "pdays"))
    points = 40.0 * (row["poutcome"] == "success")
    points += 8 * (0 <= pdays <= 183 and row["poutcome"] != "success")
    points += {"mar": 20, "sep": 20, "oct": 20, "dec": 20, "feb": 6, "apr": 6, "may": -6}.get(row["month"], 0)
    if row["job"] == "retired" or age >= 60 or row["job"] == "student":
        points += 12
    elif row["education"] == "tertiary":
        points += 4
    elif row["job"] in ("blue-collar", "housemaid", "entrepreneur"):
        points -= 3
    points += 9 * (row["housing"] == "no") + 5 * (row["loan"] == "no") - 8 * (row["default"] == "yes")
    points += rounded(min(balance / 500, 10)) if balance > 0 else 0
    points += 8 * (row["contact"] != "unknown")
    points -= min(campaign - 2, 10) if campaign > 2 else 0
    return min(max(points, 0), 100)


def ranking(scores: list[float], outcomes: list[bool]) -> float:
    """The area under the ROC curve, ties counted half."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks = [0.0] * len(scores)
    at = 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        for i in order[at:end]:
            ranks[i] = (at + end + 1) / 2
        at = end
    yes = sum(outcomes)
    return (sum(r for r, o in zip(ranks, outcomes, strict=True) if o) - yes * (yes + 1) / 2) / (
        yes * (len(scores) - yes)
    )


def test_bank_marketing(tmp_path: Path) -> None:
    path = shared("bank_marketing", "bank-full.csv")
    decisions, manifest, rejects = run(RECIPES / "bank_marketing", tmp_path, "--leads", path)
    raw = rows(path, "utf-8", ";")
    assert (manifest["counts"]["decided"], len(decisions), rejects) == (45_211, 45_211, [])
    scores = [float(row["propensity"]) for row in decisions]
    assert scores == pytest.approx([propensity(row) for row in raw], abs=1e-9)
    for row, score in zip(decisions, scores, strict=True):
        assert row["chance"] == ("good" if score >= 45 else "fair" if score >= 25 else "poor")
    assert ranking(scores, [row["y"] == "yes" for row in raw]) > 0.7


def test_course_leads(tmp_path: Path) -> None:
    path = shared("course_lead_scoring", "course_lead_scoring.csv")
    decisions, manifest, rejects = run(RECIPES / "course_leads", tmp_path, "--leads", path)
    raw = rows(path)
    assert (manifest["counts"]["decided"], len(decisions), rejects) == (1_462, 1_462, [])
    expected = [
        min(10 * min(int(row["number_of_courses_viewed"]), 6) + 4 * min(int(row["interaction_count"]), 8), 80)
        for row in raw
    ]
    assert [float(row["interest"]) for row in decisions] == expected
    assert (
        ranking(
            [float(row["interest"]) + float(row["profile"]) for row in decisions],
            [row["converted"] == "1" for row in raw],
        )
        > 0.8
    )


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("salesforce_workshop/Lead.csv", 60),
        ("salesforce_genai/Lead.csv", 14),
        ("salesforce/sf_lead_data.csv", 1),
    ],
)
def test_salesforce_leads(file: str, count: int, tmp_path: Path) -> None:
    members = shared("vendor_exports", "salesforce_workshop", "CampaignMember.csv")
    project = laid_out("salesforce", tmp_path, members)
    path = shared("vendor_exports", *file.split("/"))
    decisions, manifest, rejects = run(project, tmp_path / "out", "--leads", path)
    counts = manifest["counts"]
    assert (counts["decided"], counts["rejected"], len(decisions)) == (count, 0, count)
    # Half of the members are contacts: no LeadId.
    assert (counts["events_in"], counts["events_rejected"]) == (68, 34)
    assert {Path(r["source"]).name for r in rejects} == {"CampaignMember.csv"}
    assert counts["events_used"] == (34 if "workshop" in file else 0)
    raw = rows(path)
    points = {"Referral": 20, "Online Form": 15, "Website": 15, "Cold Call": 5}
    for row, lead in zip(decisions, raw, strict=True):
        fit = points.get(lead.get("LeadSource", ""), 0) + 10 * (lead.get("Title") == "Owner")
        fit += 5 * (lead.get("Industry", lead.get("industry", "")) != "") - 10 * (
            lead.get("Email", lead.get("email", "")) == ""
        )
        fit += 15 * (float(lead.get("AnnualRevenue") or lead.get("annual_revenue") or 0) >= 50_000_000)
        assert float(row["fit"]) == fit


def test_salesforce_campaigns_are_counted_once(tmp_path: Path) -> None:
    members = shared("vendor_exports", "salesforce_workshop", "CampaignMember.csv")
    leads = shared("vendor_exports", "salesforce_workshop", "Lead.csv")
    decisions, _, _ = run(laid_out("salesforce", tmp_path, members, leads), tmp_path / "out")
    joined = rows(members)
    for row, lead in zip(decisions, rows(leads), strict=True):
        campaigns = {m["CampaignId"] for m in joined if m["LeadId"] == lead["Id"]}
        expected = (
            5 * min(len(campaigns), 3) + 10 * (lead["LastActivityDate"] != "") + 15 * (lead["Status"] == "Qualified")
        )
        assert float(row["activity"]) == expected
        assert row["id"] == lead["Id"]


def test_hubspot(tmp_path: Path) -> None:
    folder = shared("vendor_exports", "hubspot")
    project = laid_out("hubspot", tmp_path, folder / "contact_data.csv", folder / "email_event_data.csv")
    decisions, manifest, rejects = run(project, tmp_path / "out")
    counts = manifest["counts"]
    assert (counts["decided"], counts["rejected"], rejects) == (22, 0, [])
    # The sample hides addresses in contacts and in events by two different hashes, so no event finds its contact;
    # PROCESSED and DELIVERED are read by no rule.
    assert (counts["events_in"], counts["events_unread"], counts["events_orphaned"]) == (100, 6, 94)
    contacts = rows(folder / "contact_data.csv")
    for row, contact in zip(decisions, contacts, strict=True):
        merged = contact["property_hs_merged_object_ids"] != ""
        assert float(row["profile"]) == 10 * (contact["property_company"] != "") + 10 + 5 * merged


def test_hubspot_events_that_find_their_contact(tmp_path: Path) -> None:
    folder = shared("vendor_exports", "hubspot")
    project = laid_out("hubspot", tmp_path, folder / "contact_data.csv")
    events = rows(folder / "email_event_data.csv")
    keys = [row["property_email"] for row in rows(folder / "contact_data.csv")]
    people = {name: keys[i] for i, name in enumerate(sorted({e["recipient"] for e in events}))}
    lines = [[people[v] if c == "recipient" else v for c, v in e.items()] for e in events]
    text = "\n".join(",".join(cells) for cells in [list(events[0]), *lines]) + "\n"
    (project / "email_event_data.csv").write_text(text, encoding="utf-8")
    decisions, manifest, _ = run(project, tmp_path / "out")
    assert manifest["counts"]["events_used"] == 94
    for row in decisions:
        mine = [e for e in events if people[e["recipient"]] == row["email"]]
        opens = {e["email_campaign_id"] for e in mine if e["type"] == "OPEN" and e["filtered_event"] != "true"}
        silent = any(e["type"] == "SENT" for e in mine) and not any(e["type"] == "OPEN" for e in mine)
        assert float(row["mail"]) == 5 * min(len(opens), 4) - 5 * silent


def test_marketo(tmp_path: Path) -> None:
    folder = shared("vendor_exports", "marketo")
    kinds = ("send_email", "open_email", "click_email", "email_bounced", "unsubscribe_email")
    files = [folder / f"marketo_activity_{kind}_data.csv" for kind in kinds]
    project = laid_out("marketo", tmp_path, folder / "marketo_lead_data.csv", *files)
    _, manifest, rejects = run(project, tmp_path / "out")
    counts = manifest["counts"]
    assert (counts["decided"], counts["rejected"], rejects) == (100, 0, [])
    # The sample's activities belong to other leads than its leads.
    assert (counts["events_in"], counts["events_orphaned"]) == (500, 500)
    newest = max(row["activity_date"] for file in files for row in rows(file))
    assert manifest["as_of"].startswith(newest[:10])


def test_marketo_activities_that_find_their_lead(tmp_path: Path) -> None:
    folder = shared("vendor_exports", "marketo")
    kinds = ("send_email", "open_email", "click_email", "email_bounced", "unsubscribe_email")
    files = {kind: folder / f"marketo_activity_{kind}_data.csv" for kind in kinds}
    project = laid_out("marketo", tmp_path, *files.values())
    activities = {kind: rows(file) for kind, file in files.items()}
    people = sorted({row["lead_id"] for table in activities.values() for row in table})
    lines = [f"{p},2020-01-01 00:00:00.000,2020-05-01 00:00:00.000,{p}@email.com" for p in people]
    text = "\n".join(["id,created_at,updated_at,email", *lines]) + "\n"
    (project / "marketo_lead_data.csv").write_text(text, encoding="utf-8")
    decisions, manifest, _ = run(project, tmp_path / "out")
    assert manifest["counts"]["events_used"] == 500

    def of(kind: str, lead: str) -> list[dict[str, str]]:
        return [row for row in activities[kind] if row["lead_id"] == lead]

    for row in decisions:
        opened = {a["campaign_id"] for a in of("open_email", row["id"])}
        clicks = of("click_email", row["id"])
        expected = 5 * min(len(opened), 4) + 10 * min(len({a["campaign_id"] for a in clicks}), 3)
        expected += 10 * any("elt" in a["link"].lower() for a in clicks)
        expected -= 10 * (of("send_email", row["id"]) != [] and not opened)
        expected -= 15 * (of("email_bounced", row["id"]) != []) + 25 * (of("unsubscribe_email", row["id"]) != [])
        assert float(row["mail"]) == expected


def test_pardot(tmp_path: Path) -> None:
    folder = shared("vendor_exports", "pardot")
    files = (folder / "pardot_prospect_data.csv", folder / "pardot_visitor_activity_data.csv")
    decisions, manifest, rejects = run(laid_out("pardot", tmp_path, *files), tmp_path / "out")
    counts = manifest["counts"]
    assert (counts["decided"], counts["rejected"], rejects) == (100, 0, [])
    assert (counts["events_in"], counts["events_orphaned"]) == (100, 100)
    software = ("Computer Software", "Internet", "Information Technology and Services")
    for row, prospect in zip(decisions, rows(files[0]), strict=True):
        grade = prospect["grade"][:1]
        fit = 30 * (grade in ("A", "B")) + 15 * (grade == "C") + 15 * (prospect["industry"] in software)
        fit += 10 * (int(prospect["employees"] or 0) >= 100) - 20 * (prospect["is_do_not_email"] == "true")
        assert float(row["fit"]) == fit
        assert float(row["activity"]) == float(prospect["score"]) / 2
