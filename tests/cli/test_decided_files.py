"""What a deciding run writes, and what stops it: actions, withheld, undo, the columns of decisions, guards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.suites.running import ROOT, leadrules, rows

RULES = """
segment big when employees >= 100
route sales { vip: rep "lee@example.com" when big  rest: rep "sato@example.com" otherwise  reroute when big }
route sdr sets sdr_owner { a: rep "mori@example.com" when big  b: keep owner otherwise }
sequence instant { 1: day 1 email auto "Hello" template "intro"  2: day 9 call "Ring" }
sequence longer { 1: day 9 call "Ring" }
suppress email when opted_out
trigger inbound { on form_submitted  do enroll instant  do set status = "Working"  once }
trigger grows { on enter big  do notify "managers" "=Big"  do set status = "New" }
trigger moves { when intent >= 80  do move to longer }
"""
LEADS = (
    "id,created_at,owner,status,employees,opted_out,intent\n"
    "a,2026-11-01T09:00,,New,5,no,\n"
    "b,2026-11-01T10:00,mori@example.com,New,500,yes,\n"
    "c,2026-11-01T11:00,mori@example.com,New,5,no,\n"
)
EVENTS = "lead_id,type,at\na,form_submitted,2026-11-02T09:50\nb,form_submitted,2026-11-02T10:00\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example project with these rules, three leads and two inquiries."""
    shutil.copytree(ROOT / "tests" / "language" / "project", tmp_path / "acme")
    here = tmp_path / "acme"
    (here / "rules" / "life.lead").write_text(RULES, encoding="utf-8")
    (here / "leads.csv").write_text(LEADS, encoding="utf-8")
    (here / "events.csv").write_text(EVENTS, encoding="utf-8")
    sources = "sources:\n  leads: {path: leads.csv}\n  events: {path: events.csv}\n"
    with (here / "leadrules.yaml").open("a", encoding="utf-8") as file:
        file.write(sources)
    return here


def run(project: Path, *options: str) -> Path:
    """A run; the folder it wrote."""
    done = leadrules("run", "--project", project, "--out", project / "out", *options)
    assert done.exit_code == 0, done.output
    return project / "out"


def cells(path: Path, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in columns) for row in rows(path)]


def test_what_is_done_and_what_is_withheld(project: Path) -> None:
    out = run(project)
    at = "2026-11-02T10:00:00+09:00"
    assert cells(out / "actions.csv", "key", "at", "kind", "what", "value", "due", "template", "auto", "rule") == [
        ("a", at, "set", "status", "Working", "", "", "", "trigger.inbound"),
        ("a", at, "assign", "owner", "sato@example.com", "", "", "", "route.sales.rest"),
        ("a", at, "enroll", "sequence", "instant", "", "", "", "trigger.inbound"),
        ("a", at, "email", "Hello", "", "2026-11-02T09:50:00+09:00", "intro", "true", "sequence.instant.1"),
        ("b", at, "notify", "managers", "'=Big", "", "", "", "trigger.grows"),
        ("b", at, "set", "status", "Working", "", "", "", "trigger.inbound"),
        ("b", at, "assign", "owner", "lee@example.com", "", "", "", "route.sales.vip"),
        ("b", at, "assign", "sdr_owner", "mori@example.com", "", "", "", "route.sdr.a"),
        ("b", at, "enroll", "sequence", "instant", "", "", "", "trigger.inbound"),
    ]
    # The status is New already, which is no action; the e-mail may not go out.
    assert cells(out / "withheld.csv", "key", "kind", "what", "rule", "reason") == [
        ("b", "email", "Hello", "sequence.instant.1", "suppressed")
    ]


def test_the_columns_about_owners_and_sequences(project: Path) -> None:
    out = run(project)
    columns = ["owner", "sdr_owner", "route.sales", "route.sdr", "sequence", "step", "enrolled_at"]
    header = list(rows(out / "decisions.csv")[0])
    assert header == ["id", "segments", *columns, "reasons"]
    assert cells(out / "decisions.csv", *columns) == [
        ("sato@example.com", "", "rest", "b", "instant", "1", "2026-11-02T09:50:00+09:00"),
        ("lee@example.com", "mori@example.com", "vip", "a", "instant", "1", "2026-11-02T10:00:00+09:00"),
        ("mori@example.com", "", "", "b", "", "", ""),
    ]


def test_names_in_backquotes_may_hold_what_needs_quotes(project: Path) -> None:
    names = (
        'segment `big, bold` when employees >= 100\nband size of employees { `very "large"`: from 100  small: otherwise }\n'
        "score points { `a,b`: +5 when employees >= 100 }\n"
    )
    rules = RULES.replace("{ vip: rep", "{ `v,i,p`: rep") + names
    (project / "rules" / "life.lead").write_text(rules, encoding="utf-8")
    out = run(project)
    columns = ("size", "segments", "route.sales", "reasons")
    assert cells(out / "decisions.csv", *columns)[1] == ('very "large"', "big;big, bold", "v,i,p", "points.a,b +5")


def test_the_way_back(project: Path) -> None:
    assert cells(run(project) / "undo.csv", "key", "field", "old", "new") == [
        ("a", "owner", "", "sato@example.com"),
        ("a", "current_sequence", "", "instant"),
        ("a", "status", "New", "Working"),
        ("b", "owner", "mori@example.com", "lee@example.com"),
        ("b", "current_sequence", "", "instant"),
        ("b", "sdr_owner", "", "mori@example.com"),
        ("b", "status", "New", "Working"),
    ]


def test_counts(project: Path) -> None:
    out = run(project)
    counts = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["counts"]
    assert counts["fired"] == {
        "trigger.inbound": 2,
        "trigger.grows": 1,
        "trigger.moves": 0,
        "route.sales.vip": 1,
        "route.sales.rest": 1,
        "route.sdr.a": 1,
        "route.sdr.b": 2,
    }
    (project / "leads.csv").write_text("".join(LEADS.splitlines(keepends=True)[:2]), encoding="utf-8")
    out = run(project, "--as-of", "2026-11-03T10:00")
    counts = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["counts"]
    # The owner and the status of the lead that is there; the export has no column that could say its sequence.
    assert (counts["absent"], counts["not_yet_in_crm"]) == (2, 2)


def guarded(project: Path, guard: str) -> None:
    with (project / "leadrules.yaml").open("a", encoding="utf-8") as file:
        file.write(f"guards: {{{guard}}}\n")


def test_a_guard_on_owners_counts_those_who_had_one(project: Path) -> None:
    guarded(project, "owner_changes: 30%")
    stopped = leadrules("run", "--project", project, "--out", project / "out")
    assert stopped.exit_code == 1
    assert "1 of 3 owners would change, more than the guard `owner_changes: 30%` allows" in stopped.output
    assert "route.sales.vip (1)" in stopped.output
    assert not (project / "out").exists()
    assert not (project / ".leadrules").exists() or not list((project / ".leadrules").rglob("*.sqlite"))
    run(project, "--force")


def test_a_guard_on_moves_leaves_enrolments_apart(project: Path) -> None:
    guarded(project, "moves: 0")
    run(project)  # two leads were enrolled
    text = (project / "leads.csv").read_text(encoding="utf-8").replace("New,5,no,\nb", "New,5,no,90\nb")
    (project / "leads.csv").write_text(text, encoding="utf-8")
    stopped = leadrules("run", "--project", project, "--out", project / "out", "--as-of", "2026-11-03T10:00")
    assert stopped.exit_code == 1
    assert "1 of 3 leads would move or leave their sequence, more than the guard `moves: 0`" in stopped.output
    assert "trigger.moves (1)" in stopped.output


def test_rules_that_decide_nothing_write_no_actions(project: Path) -> None:
    (project / "rules" / "life.lead").write_text("segment big when employees >= 100\n", encoding="utf-8")
    out = run(project)
    assert sorted(file.name for file in out.iterdir()) == ["decisions.csv", "manifest.json", "rejects.csv"]
    assert list(rows(out / "decisions.csv")[0]) == ["id", "segments", "reasons"]


def test_both_engines_decide_alike(project: Path) -> None:
    run(project, "--no-state")
    columns = {file.name: file.read_bytes() for file in (project / "out").iterdir()}
    run(project, "--no-state", "--engine", "row")
    assert {file.name: file.read_bytes() for file in (project / "out").iterdir()} == columns


@pytest.mark.parametrize("engine", ["columns", "row"])
def test_a_user_of_salesforce_is_the_same_with_and_without_the_checksum(project: Path, engine: str) -> None:
    """Reports give ids of 15 characters, Data Loader of 18; the team file has one of each. Nobody changes hands by that."""
    ann, bob = ("0055g00000ABCDe", "0055g00000ABCDeAAP"), ("0055g00000XYZdE", "0055g00000XYZdEAAX")
    (project / "rules" / "life.lead").write_text(
        "segment ours when owner in team inside\n"
        "route all { any: team inside otherwise }\n"
        f'trigger asked {{ on form_submitted  do assign rep "{ann[0]}" }}\n'
    )
    team = project / "team.yaml"
    team.write_text(f"reps:\n  {ann[0]}: {{}}\n  {bob[1]}: {{}}\nteams:\n  inside: [{ann[0]}, {bob[1]}]\n")

    def decided(as_of: str, *owners: str) -> Path:
        leads = LEADS.replace("mori@example.com", "").splitlines()
        given = [line.replace(",,New", f",{owner},New") for line, owner in zip(leads[1:], owners, strict=True)]
        (project / "leads.csv").write_text("\n".join([leads[0], *given]))
        out = run(project, "--as-of", as_of, "--engine", engine, "--team", str(team))
        assert json.loads((out / "manifest.json").read_text())["counts"]["not_yet_in_crm"] == 0
        return out

    first = decided("2026-11-02T10:00", ann[1], bob[0], "")
    assert cells(first / "actions.csv", "key", "value") == [("b", ann[0]), ("c", ann[0])]
    assert cells(first / "decisions.csv", "segments") == [("ours",), ("ours",), ("",)]
    then = decided("2026-11-03T10:00", ann[0], ann[1], ann[1])
    assert cells(then / "actions.csv", "key", "value") == []
    assert cells(then / "decisions.csv", "segments") == [("ours",)] * 3
    team.write_text(f"reps:\n  {ann[0]}: {{}}\n  {ann[1]}: {{}}\n")
    assert "read the same" in leadrules("run", "--project", project, "--team", team).output


def test_a_rep_whom_a_trigger_puts_into_a_field_has_the_account_and_the_load_at_once(project: Path) -> None:
    """As with the owner: a's account is mori's from then on, and lee, who is full with one lead, has room again."""
    (project / "rules" / "life.lead").write_text(
        "route sdr sets sdr_owner {\n"
        "  same: match account on status when employees = 5\n"
        "  next: team pair by least_loaded otherwise\n"
        "}\n"
        'trigger asked { on form_submitted  do set sdr_owner = "mori@example.com" }\n'
    )
    team = project / "team.yaml"
    reps = "".join(f"  {rep}@example.com: {{capacity: {{open: 1}}}}\n" for rep in ("lee", "mori"))
    team.write_text(f"reps:\n{reps}teams:\n  pair: [lee@example.com, mori@example.com]\n")
    (project / "leads.csv").write_text(
        "id,created_at,sdr_owner,status,employees\n"
        "a,2026-11-01T09:00,lee@example.com,New,500\n"
        "c,2026-11-01T11:00,,New,5\n"
        "d,2026-11-01T12:00,,Working,500\n"
    )
    (project / "events.csv").write_text("lead_id,type,at\na,form_submitted,2026-11-02T09:50\n")
    out = run(project, "--team", str(team))
    assert cells(out / "actions.csv", "key", "value", "rule") == [
        ("a", "mori@example.com", "trigger.asked"),
        ("c", "mori@example.com", "route.sdr.same"),
        ("d", "lee@example.com", "route.sdr.next"),
    ]
