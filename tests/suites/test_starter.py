"""The starter ruleset: it passes its own check and tests, leaves no rule untested, and reads an export as CRMs write it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.suites.running import leadrules, rows, run, starter

LEADS = """\
リードID,作成日時,役職,業種,従業員数,年間売上,国,都道府県,メールアドレス,興味のある製品,お悩み
A-1,2026-10-01T09:00,代表取締役社長,製造業,"1,200",20000000,日本,東京都,taro@customer.example,Analytics;Services,コストを削減したい
A-2,2026-10-02T09:00,MVP Program Coordinator,,19,,JP,,Hanako@Gmail.com,,
A-3,2026-10-03T09:00,部長,ＩＴ,,999999,Germany,,x@unknown.example,,
"""
HEADER = "id,created_at,status,owner,email,country,title"
EVENTS = """\
event_id,lead_id,type,at,form,magnet,path
1,A-1,form_submitted,2026-10-20T10:00,製品資料,ホワイトペーパー,
2,A-1,page_viewed,2026-10-20T10:05,,,/pricing
2,A-1,page_viewed,2026-10-20T10:05,,,/pricing
3,A-1,booking_made,2026-10-21T10:05,,,
4,A-2,form_submitted,2026-10-22T10:00,download,Cheat Sheet,
5,A-9,booking_made,2026-10-22T10:00,,,
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter as a project, with a small export beside it."""
    folder = starter(tmp_path_factory.mktemp("starter"))
    (folder / "leads.csv").write_text(LEADS, encoding="utf-8")
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")
    return folder


def test_the_checker_has_nothing_to_say(project: Path) -> None:
    done = leadrules("check", "--project", project, "--strict", "--format", "json")
    assert json.loads(done.stdout)["diagnostics"] == []
    assert done.exit_code == 0


def test_its_tests_pass(project: Path) -> None:
    done = leadrules("test", "--project", project)
    assert done.exit_code == 0, done.output


def test_every_rule_and_segment_is_named_by_a_test(project: Path) -> None:
    rules = "\n".join(p.read_text(encoding="utf-8") for p in project.glob("rules/*.lead") if "_test" not in p.name)
    tests = "\n".join(p.read_text(encoding="utf-8") for p in project.glob("rules/*_test.lead"))
    for score, body in re.findall(r"^score (\w+)[^{]*\{(.*?)^\}", rules, re.MULTILINE | re.DOTALL):
        for rule in re.findall(r"^ +(\w+)[^:\n]*: [+-]", body, re.MULTILINE):
            assert f"expect fired {score}.{rule}\n" in tests, f"no test sees {score}.{rule} fire"
    expected = "\n".join(re.findall(r"expect (.*)", tests))
    for segment in re.findall(r"^segment (\w+)", rules, re.MULTILINE):
        assert re.search(rf"(?<!not ){segment}\b", expected), f"no test expects {segment}"
        assert re.search(rf"not {segment}\b", expected), f"no test expects not {segment}"
    for labels in re.findall(r"^(?:band|classify|stages) \w+[^{]*\{(.*?)^\}", rules, re.MULTILINE | re.DOTALL):
        for label in re.findall(r'^ +(\w+)(?: "[^"]*")?:', labels, re.MULTILINE):
            assert re.search(rf"\bis {label}\b", expected), f"no test expects the label {label}"
    for trigger in re.findall(r"^trigger (\w+)", rules, re.MULTILINE):
        assert f"expect fired trigger.{trigger}\n" in tests, f"no test sees trigger.{trigger} fire"
    for sequence in re.findall(r"^sequence (\w+)", rules, re.MULTILINE):
        assert re.search(rf"\bsequence is {sequence}\b", expected), f"no test expects a lead in {sequence}"
    for route, body in re.findall(r"^route (\w+)[^{]*\{(.*?)^\}", rules, re.MULTILINE | re.DOTALL):
        for rule in re.findall(r"^ +(\w+):", body, re.MULTILINE):
            # A test has one lead, and `account` needs two: see test_a_company_has_one_rep.
            seen = f"expect fired route.{route}.{rule}\n" in tests
            assert seen or rule == "account", f"no test sees route.{route}.{rule} take a lead"


def test_it_reads_a_japanese_export(project: Path, tmp_path: Path) -> None:
    decisions, manifest, rejects = run(project, tmp_path / "out")
    counts = manifest["counts"]
    assert rejects == []
    assert (counts["leads_in"], counts["decided"]) == (3, 3)
    assert (counts["events_in"], counts["events_repeated"], counts["events_orphaned"]) == (6, 1, 1)
    first, second, third = decisions
    # 15 for the title, 10 for the industry, 10 for the size, 5 for the revenue, 3 for the address: 43, at most 40.
    assert (first["fit"], first["engagement"], first["temperature"], first["lifecycle"]) == ("40", "35", "hot", "sql")
    segments = first["segments"].split(";")
    assert {"sales_ready", "decision_maker", "enterprise", "cost_driven", "japan", "japan_kanto"} <= set(segments)
    assert {"magnet_white_paper", "funnel_middle", "product_analytics", "product_services"} <= set(segments)
    assert (second["fit"], second["lifecycle"], second["temperature"]) == ("-5", "iql", "cold")
    assert {"magnet_cheat_sheet", "funnel_top", "small_business"} <= set(second["segments"].split(";"))
    assert (third["disqualification"], third["fit"]) == ("too_small", "-177")
    assert {"disqualified", "emea"} <= set(third["segments"].split(";"))


def test_init_starter_lays_it_out_like_this(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert leadrules("init", "--starter").exit_code == 0
    for path in project.rglob("rules/**/*.*"):
        assert (tmp_path / path.relative_to(project)).read_bytes() == path.read_bytes()
    assert (tmp_path / "leadrules.yaml").read_bytes() == (project / "leadrules.yaml").read_bytes()
    assert not (tmp_path / "rules" / "leadrules.yaml").exists()
    assert leadrules("check", "--strict").exit_code == 0


def test_the_outbound_cadence_is_one_of_fifteen_touches_and_more(project: Path) -> None:
    text = (project / "rules" / "sequences.lead").read_text(encoding="utf-8")
    body = re.search(r"^sequence outbound .*?^\}", text, re.MULTILINE | re.DOTALL)
    assert body is not None
    channels = re.findall(r"^ +\d+: day \d+ (\w+)", body.group(), re.MULTILINE)
    assert len(channels) >= 15
    assert set(channels) == {"email", "call", "linkedin"}


def test_every_template_is_there_and_the_instant_reply_offers_a_time(project: Path) -> None:
    named = re.findall(
        r"^  (\w+): (rules/templates/\w+\.md)$", (project / "leadrules.yaml").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(path for _, path in named) == sorted(
        f"rules/templates/{p.name}" for p in project.glob("rules/templates/*")
    )
    assert "https://calendar." in (project / "rules" / "templates" / "thanks.md").read_text(encoding="utf-8")
    for _, path in named:
        assert (project / path).read_text(encoding="utf-8").startswith("Subject: ")


def _company(folder: Path, leads: str, events: str) -> Path:
    """The starter with these leads and events."""
    project = starter(folder)
    (project / "leads.csv").write_text(f"{HEADER}\n{leads}", encoding="utf-8")
    (project / "events.csv").write_text(f"event_id,lead_id,type,at,form,path\n{events}", encoding="utf-8")
    return project


def test_a_company_has_one_rep(tmp_path: Path) -> None:
    leads = (
        "B-1,2026-10-01T09:00,Working,lee@example.com,a@one.example,JP,\n"
        "B-2,2026-10-02T09:00,New,,b@ONE.example,JP,\n"
        "B-3,2026-10-02T09:00,New,,c@gmail.com,JP,\n"
        "B-4,2026-10-02T09:00,New,lee@example.com,d@gmail.com,JP,\n"
    )
    events = "1,B-2,booking_made,2026-11-02T10:00,,\n2,B-3,booking_made,2026-11-02T10:00,,\n"
    project = _company(tmp_path / "project", leads, events)
    decisions, _, _ = run(project, tmp_path / "out", "--force")
    owners = {row["id"]: row["owner"] for row in decisions}
    assert owners["B-2"] == "lee@example.com"
    assert owners["B-3"] not in ("", "lee@example.com")


def test_a_sales_lead_in_other_hands_stops_the_run(tmp_path: Path) -> None:
    leads = "C-1,2026-10-01T09:00,Working,out@example.com,a@one.example,JP,\n"
    project = _company(tmp_path / "project", leads, "1,C-1,booking_made,2026-10-20T10:00,,\n")
    team = project / "rules" / "team.yaml"
    rep = "reps:\n  out@example.com: {name: Somebody else}\n"
    team.write_text(team.read_text(encoding="utf-8").replace("reps:\n", rep, 1), encoding="utf-8")
    options = ("run", "--project", project, "--no-state", "--as-of", "2026-11-02T10:00", "--out", tmp_path / "out")
    stopped = leadrules(*options)
    assert stopped.exit_code != 0
    assert "MQL and above belong to inside sales" in stopped.output
    assert not (tmp_path / "out" / "decisions.csv").exists()


def test_who_was_in_touch_and_is_not_in_sales_gets_no_lead_back(tmp_path: Path) -> None:
    leads = "C-1,2026-10-01T09:00,New,,a@one.example,JP,\nC-2,2026-10-01T09:00,New,,b@two.example,JP,\n"
    project = _company(tmp_path / "project", leads, "")
    team = project / "rules" / "team.yaml"
    rep = "reps:\n  out@example.com: {name: Somebody else}\n"
    team.write_text(team.read_text(encoding="utf-8").replace("reps:\n", rep, 1), encoding="utf-8")
    (project / "events.csv").write_text(
        "event_id,lead_id,type,at,rep\n"
        "1,C-1,call_made,2026-10-20T10:00,out@example.com\n2,C-1,booking_made,2026-11-02T09:00,\n"
        "3,C-2,call_made,2026-10-20T10:00,out@example.com\n4,C-2,chat_started,2026-11-02T09:00,\n",
        encoding="utf-8",
    )
    decisions, _, _ = run(project, tmp_path / "out", "--as-of", "2026-11-02T10:00", "--force")
    owners = [row["owner"] for row in decisions]
    assert all(owner and owner != "out@example.com" for owner in owners), owners


def test_a_baseline_sends_nobody_back(tmp_path: Path) -> None:
    """Whom sales recycled before the first run is as it is; who is recycled after it goes back."""
    leads = "E-1,2026-10-01T09:00,Recycled,lee@example.com,a@one.example,JP,\n"
    later = "E-2,2026-10-01T09:00,{},lee@example.com,b@two.example,JP,\n"
    done = [
        f"{n},E-{lead},form_submitted,2026-10-02T09:00,solution,\n{n + 1},E-{lead},page_viewed,2026-10-02T09:00,,/pricing\n"
        for n, lead in ((1, 1), (3, 2))
    ]
    project = _company(tmp_path / "project", leads + later.format("Working"), "".join(done))
    for at, *options in (("2026-11-02T10:00", "--baseline"), ("2026-11-04T10:00",), ("2026-11-05T10:00",)):
        if at == "2026-11-05T10:00":
            (project / "leads.csv").write_text(f"{HEADER}\n{leads}{later.format('Recycled')}", encoding="utf-8")
        out = tmp_path / at[:10]
        result = leadrules("run", "--project", project, "--as-of", at, "--out", out, "--force", *options)
        assert result.exit_code == 0, result.output
    assert rows(tmp_path / "2026-11-04" / "actions.csv") == []
    told = {(row["key"], row["rule"]) for row in rows(tmp_path / "2026-11-05" / "actions.csv")}
    assert told == {("E-2", "trigger.handed_back")}


def test_what_was_done_once_is_not_done_again(tmp_path: Path) -> None:
    """An inquiry at night is answered in the first run after it, and in no later one."""
    leads = "D-1,2026-10-01T09:00,New,,a@one.example,JP,\nD-2,2026-10-02T09:00,New,,b@two.example,JP,\n"
    project = _company(tmp_path / "project", leads, "1,D-1,form_submitted,2026-11-02T03:00,contact,\n")
    done: list[list[tuple[str, str]]] = []
    for at in ("2026-11-02T03:10", "2026-11-02T03:15", "2026-11-02T10:00"):
        result = leadrules(
            "run", "--project", project, "--as-of", at, "--out", tmp_path / at[-5:].replace(":", ""), "--force"
        )
        assert result.exit_code == 0, result.output
        written = rows(tmp_path / at[-5:].replace(":", "") / "actions.csv")
        done.append([(row["kind"], row["template"]) for row in written if row["key"] == "D-1"])
    assert ("email", "thanks") in done[0]
    assert done[1] == []
    assert ("email", "thanks") not in done[2]


def test_segments_can_be_deleted_with_their_tests(project: Path, tmp_path: Path) -> None:
    """As the head of segments.lead says."""
    folder = starter(tmp_path)
    for name in ("segments.lead", "segments_test.lead"):
        (folder / "rules" / name).unlink()
    assert leadrules("check", "--project", folder).exit_code == 0
    text = (project / "rules" / "segments.lead").read_text(encoding="utf-8")
    assert "with its tests in segments_test.lead" in text
