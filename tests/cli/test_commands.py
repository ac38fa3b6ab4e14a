"""The commands as a user types them: exit codes, what goes to stdout, files, and the JSON against its schemas."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from leadrules.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"


def leadrules(*args: str, cwd: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    """A command in this process: the same code, without the second that a new interpreter takes."""
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(cli, list(args), input=stdin, prog_name="leadrules")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return subprocess.CompletedProcess(list(args), done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "leadrules.yaml").write_text(
        "version: 1\nname: small\ntimezone: Asia/Tokyo\nsources:\n  leads: {path: leads.csv}\n  events:\n    - {path: events.csv}\n"
    )
    (tmp_path / "rules" / "lead.schema.json").write_text(
        json.dumps(
            {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "x-key": True},
                    "industry": {"type": "string", "enum": ["Software", "Retail"]},
                    "employees": {"type": "integer", "minimum": 0},
                    "created_at": {"type": "string", "format": "date"},
                },
            }
        )
    )
    (tmp_path / "rules" / "events.schema.json").write_text(
        json.dumps({"type": "object", "properties": {"opened": {"type": "object", "properties": {}}}})
    )
    (tmp_path / "rules" / "rules.lead").write_text(
        "score fit {\n"
        '  soft: +20 when industry = "Software"\n'
        "  big:  +(employees / 100) when employees >= 100\n"
        "  mail: +5 each opened at most 10 points\n"
        "  cap 27\n"
        "}\n"
        "band heat of fit { hot: from 25  warm: from 10  cold: otherwise }\n"
        'segment soft "Software" when industry = "Software"\n'
        "segment large when employees >= 100\n"
    )
    (tmp_path / "leads.csv").write_text(
        "id,industry,employees,created_at\n"
        "a,software,250,2026-01-05\n"
        "b,Retail,,2026-01-06\n"
        "c,Retail,many,2026-01-06\n"
        "d,ＳＯＦＴＷＡＲＥ,700,2026-01-07\n"
    )
    (tmp_path / "events.csv").write_text(
        "lead_id,type,at\na,opened,2026-01-06\na,opened,2026-01-07\nb,opened,2026-01-08\n"
    )
    return tmp_path


def decisions(folder: Path) -> list[dict[str, str]]:
    with (folder / "decisions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_run_writes_what_a_hand_works_out(project: Path) -> None:
    done = leadrules("run", "--reasons", cwd=project)
    assert done.returncode == 0, done.stderr
    # a: 20 + 2.5 + 2 x 5 = 32.5, capped to 27; b: one open; d: 20 + 7 = 27.
    assert decisions(project / "out") == [
        {"id": "a", "fit": "27", "heat": "hot", "segments": "soft;large",
         "reasons": "fit.soft +20; fit.big +2.5; fit.mail +10; fit cap -5.5"},
        {"id": "b", "fit": "5", "heat": "cold", "segments": "", "reasons": "fit.mail +5"},
        {"id": "d", "fit": "27", "heat": "hot", "segments": "soft;large", "reasons": "fit.soft +20; fit.big +7"},
    ]  # fmt: skip
    manifest = json.loads((project / "out" / "manifest.json").read_text())
    assert manifest["as_of"] == "2026-01-08T00:00:00+09:00"
    assert manifest["since"] == "2026-01-07T00:00:00+09:00"
    counts = manifest["counts"]
    assert (counts["leads_in"], counts["decided"], counts["rejected"]) == (4, 3, 1)
    assert (counts["events_in"], counts["events_used"]) == (3, 3)
    assert counts["fired"] == {"fit.soft": 2, "fit.big": 2, "fit.mail": 2}
    rejects = (project / "out" / "rejects.csv").read_text().splitlines()
    assert rejects[0] == "source,line,key,column,value,reason"
    assert rejects[1].startswith("leads.csv,4,c,employees,many,")
    rows = (project / "out" / "reasons.csv").read_text().splitlines()
    assert rows[0] == "key,score,rule,points,events"
    assert rows[3] == "a,fit,mail,10,2"


@pytest.mark.parametrize(
    "command",
    ["run", "plan", "explain b", "diff . .", "changelog . .", "replay --from 2026-01-05 --to 2026-01-09", "report"],
)
def test_every_command_that_reads_events_reads_those_of_the_command_line(project: Path, command: str) -> None:
    (project / "events.csv").unlink()
    (project / "other.csv").write_text("lead_id,type,at\nb,opened,2026-01-08\n")
    assert leadrules(*command.split(), cwd=project).returncode == 2
    done = leadrules(*command.split(), "--events", "other.csv", cwd=project)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command", ["explain b", "diff . .", "report", "replay --from 2026-01-05 --to 2026-01-09", "state show b"]
)
def test_a_state_that_is_only_read_must_be_there(project: Path, command: str) -> None:
    done = leadrules(*command.split(), "--state", "tpyo", cwd=project)
    assert (done.returncode, "there is no state" in done.stderr) == (2, True), done.stderr
    assert not (project / "tpyo").exists()


def test_a_dry_run_says_that_a_state_is_not_there_yet(project: Path) -> None:
    done = leadrules("plan", "--state", "new", cwd=project)
    assert (done.returncode, done.stderr) == (0, "note: there is no state new yet: every lead is new\n")


def test_the_same_run_gives_the_same_bytes(project: Path) -> None:
    names = ("decisions.csv", "rejects.csv", "manifest.json")
    leadrules("run", "--out", "one", "--no-state", cwd=project)
    leadrules("run", "--out", "two", "--engine", "row", "--no-state", cwd=project)
    for name in names:
        assert (project / "one" / name).read_bytes() == (project / "two" / name).read_bytes(), name


@pytest.mark.parametrize("engine", ["columns", "row"])
def test_the_label_before_is_read_as_people_read_it(project: Path, engine: str) -> None:
    schema = json.loads((project / "rules" / "lead.schema.json").read_text())
    schema["properties"] |= {"temp": {"type": "string"}, "life": {"type": "string"}}
    (project / "rules" / "lead.schema.json").write_text(json.dumps(schema))
    (project / "rules" / "rules.lead").write_text(
        "band temp of employees { hot: from 70 hold until below 60  warm: from 40  cold: otherwise }\n"
        "stages life { won: when employees >= 70  lead: otherwise  forward only }\n"
    )
    said = ["hot,won", "HOT,Won", "ＨＯＴ,ＷＯＮ", "boiling,lost", ","]
    rows = "".join(f"{number},65,{labels}\n" for number, labels in enumerate(said))
    (project / "leads.csv").write_text("id,employees,temp,life\n" + rows)
    assert leadrules("run", "--engine", engine, "--as-of", "2026-02-01", cwd=project).returncode == 0
    assert [row["temp"] for row in decisions(project / "out")] == ["hot", "hot", "hot", "warm", "warm"]
    assert [row["life"] for row in decisions(project / "out")] == ["won", "won", "won", "lead", "lead"]


def test_the_line_that_asks_for_a_time_is_named(project: Path) -> None:
    (project / "rules" / "rules.lead").write_text(
        "score fit {\n  a: +1 when employees > 5\n  b: +1 when employees > 7 from 2026-01-01\n}\n"
    )
    (project / "leads.csv").write_text("id,employees\na,6\n")
    (project / "events.csv").write_text("lead_id,type,at\n")
    done = leadrules("run", cwd=project)
    assert done.returncode == 2
    assert "`fit.b` (rules/rules.lead:3) asks for one with `from`" in done.stderr


def test_leads_from_standard_input(project: Path) -> None:
    done = leadrules(
        "run", "--leads", "-", cwd=project, stdin=b"id,industry,employees,created_at\nz,Retail,100,2026-02-01\n"
    )
    assert done.returncode == 0, done.stderr
    assert [row["id"] for row in decisions(project / "out")] == ["z"]


def test_strict_objects_to_a_reject(project: Path) -> None:
    assert leadrules("run", "--strict", cwd=project).returncode == 1
    assert (project / "out" / "decisions.csv").exists()


def test_a_guard_stops_the_run_and_nothing_is_written(project: Path) -> None:
    with (project / "leadrules.yaml").open("a") as file:
        file.write("guards: {rejects: 1%}\n")
    done = leadrules("run", cwd=project)
    assert done.returncode == 1
    assert "`rejects: 1%`" in done.stderr
    assert not (project / "out").exists()
    assert leadrules("run", "--force", cwd=project).returncode == 0


def test_plan_prints_its_documents_and_writes_nothing(project: Path) -> None:
    before = sorted(path.name for path in project.iterdir())
    done = leadrules("plan", "--format", "json", cwd=project)
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads((SCHEMAS / "plan.schema.json").read_text()))
    assert document["labels"][0]["labels"][0] == {"label": "hot", "before": None, "after": 2}
    assert document["changed_most"][0]["because"] == ["fit.soft +20", "fit.mail +10", "fit cap -5.5"]
    screen = leadrules("plan", cwd=project)
    assert screen.returncode == 0
    assert "4 rows: 3 decided, 1 rejected" in screen.stdout
    assert "| heat | hot | 2 |" in leadrules("plan", "--format", "markdown", cwd=project).stdout
    assert "<td>heat</td>" in leadrules("plan", "--format", "html", cwd=project).stdout
    assert sorted(path.name for path in project.iterdir()) == before


@pytest.mark.parametrize(
    ("kinds", "said"), [(3, ""), (4, "and 1 more kind of rejects"), (25, "and 22 more kinds of rejects")]
)
def test_plan_counts_every_kind_of_rejects(project: Path, kinds: int, said: str) -> None:
    """A row of too many cells is a kind of its own by their number."""
    rows = [f"L{n},Software,5,2026-01-01{',x' * n}" for n in range(1, kinds + 1)]
    (project / "leads.csv").write_text(
        "\n".join(["id,industry,employees,created_at", *rows, "L,Retail,5,2026-01-01\n"])
    )
    (project / "events.csv").write_text("lead_id,type,at\n")
    document = json.loads(leadrules("plan", "--format", "json", cwd=project).stdout)
    assert len(document["read"]["rejects"]) == document["read"]["counts"]["rejected"] == kinds
    screen = leadrules("plan", cwd=project).stdout
    assert f" {said}\n" in screen if said else "more kind" not in screen


def test_check_says_where_and_exits_1(project: Path) -> None:
    (project / "rules" / "more.lead").write_text(
        'segment x when indutsry = "Software"\nsegment y when employees >= 5\n'
    )
    done = leadrules("check", "--format", "json", cwd=project)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads((SCHEMAS / "findings.schema.json").read_text()))
    (one,) = document["diagnostics"]
    assert (one["code"], one["path"], one["line"], one["column"]) == ("LR104", "rules/more.lead", 1, 16)
    assert "industry" in one["help"]
    concise = leadrules("check", "--format", "concise", cwd=project)
    assert concise.stdout.startswith("rules/more.lead:1:16: LR104 ")
    assert leadrules("run", cwd=project).returncode == 1
    assert not (project / "out").exists()


def test_check_of_a_healthy_project(project: Path) -> None:
    done = leadrules("check", cwd=project)
    assert (done.returncode, done.stdout) == (0, "no errors: 4 blocks in 1 file\n")


def test_explain_prints_a_page(project: Path) -> None:
    done = leadrules("check", "--explain", "lr104", cwd=project)
    assert done.returncode == 0
    assert done.stdout.startswith("# LR104 ")
    wrong = leadrules("check", "--explain", "LR999", cwd=project)
    assert wrong.returncode == 2


def test_compile_is_valid_against_its_schema(project: Path) -> None:
    done = leadrules("compile", cwd=project)
    schema = json.loads((ROOT / "grammar" / "ruleset.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(done.stdout))


def test_tests_show_what_each_part_saw(project: Path) -> None:
    (project / "rules" / "a_test.lead").write_text(
        'test "good" {\n  given industry = "Software"\n  expect fit = 20 and heat is warm\n}\n'
        'test "bad" {\n  given industry = "Software", employees = 300\n  event opened 1 day ago\n'
        "  expect fit >= 100 and heat is hot\n  expect not fired fit.mail\n}\n"
    )
    done = leadrules("test", cwd=project)
    assert done.returncode == 1
    assert "ok    good" in done.stdout
    assert "fit >= 100" in done.stdout
    assert "-> 27" in done.stdout
    assert "1 passed, 1 failed" in done.stdout
    document = json.loads(leadrules("test", "--format", "json", cwd=project).stdout)
    jsonschema.validate(document, json.loads((SCHEMAS / "test.schema.json").read_text()))
    assert leadrules("test", "-k", "good", cwd=project).returncode == 0
    assert leadrules("test", "-k", "nothing like it", cwd=project).returncode == 1


def test_a_route_shows_in_the_decisions(project: Path) -> None:
    (project / "rules" / "team.yaml").write_text("queues: [nurture]\n")
    (project / "rules" / "route.lead").write_text("route sales { rest: queue nurture otherwise }\n")
    assert leadrules("run", "--no-state", cwd=project).returncode == 0
    decisions, actions = (
        list(csv.DictReader((project / "out" / name).read_text(encoding="utf-8").splitlines()))
        for name in ("decisions.csv", "actions.csv")
    )
    assert {(row["owner"], row["route.sales"]) for row in decisions} == {("queue:nurture", "rest")}
    assert {(row["kind"], row["what"], row["value"], row["rule"]) for row in actions} == {
        ("assign", "owner", "queue:nurture", "route.sales.rest")
    }


def test_an_assert_that_is_broken_stops_the_run(project: Path) -> None:
    (project / "rules" / "promise.lead").write_text(
        'assert owned "Everybody is owned": true implies owner is not blank\n'
    )
    stopped = leadrules("run", "--no-state", cwd=project)
    assert stopped.returncode == 1
    assert 'assert owned "Everybody is owned" (rules/promise.lead:1) is broken by 3 leads' in stopped.stderr
    assert max(len(line) for line in stopped.stderr.splitlines()) <= 110
    assert not (project / "out").exists()
    assert leadrules("run", "--no-state", "--force", cwd=project).returncode == 0
    assert (project / "out" / "decisions.csv").exists()


def test_init_from_an_export_elsewhere_is_ready_for_what_comes_next(tmp_path: Path) -> None:
    export = tmp_path / "downloads" / "leads.csv"
    export.parent.mkdir()
    export.write_bytes("id,会社,created_at\nL1,青空,2026-01-01\nL2,海,2026-01-02\n".encode("cp932"))
    ours = tmp_path / "ours"
    ours.mkdir()
    assert leadrules("init", str(export), cwd=ours).returncode == 0
    assert (ours / "leads.csv").read_bytes() == export.read_bytes()
    for command in ("check", "test", "plan", "run"):
        done = leadrules(command, cwd=ours)
        assert done.returncode == 0, done.stderr


def test_init_never_puts_one_export_in_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id\nL1\n")
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "leads.csv").write_text("id\nL9\n")
    done = leadrules("init", str(tmp_path / "leads.csv"), cwd=ours)
    assert done.returncode == 2
    assert "is there already; nothing was written" in done.stderr
    assert [entry.name for entry in ours.iterdir()] == ["leads.csv"]
    assert (ours / "leads.csv").read_text() == "id\nL9\n"


@pytest.mark.parametrize("form", ["json", "concise"])
def test_a_broken_project_file_is_reported_in_the_form_asked_for(project: Path, form: str) -> None:
    (project / "leadrules.yaml").write_text("version: 1\nnmae: x\n")
    done = leadrules("check", "--format", form, cwd=project)
    assert done.returncode == 2
    if form == "concise":
        assert done.stdout.startswith("leadrules.yaml:2:1: LR054 unknown key `nmae`")
    else:
        [finding] = json.loads(done.stdout)["diagnostics"]
        assert (finding["code"], finding["path"], finding["line"]) == ("LR054", "leadrules.yaml", 2)


def test_usage_errors_exit_2(project: Path, tmp_path: Path) -> None:
    assert leadrules("chekc", cwd=project).returncode == 2
    assert "`check`" in leadrules("chekc", cwd=project).stderr
    assert leadrules("run", "--as-of", "yesterday", cwd=project).returncode == 2
    assert leadrules("run", "--leads", "nowhere.csv", cwd=project).returncode == 2
    (tmp_path / "empty").mkdir()
    assert leadrules("plan", "--project", str(tmp_path / "empty"), cwd=project).returncode == 2


def test_version_starts_without_heavy_libraries() -> None:
    script = (
        "import sys\nfrom leadrules.cli.main import cli\n"
        "try:\n    cli.main(['--version'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('polars', 'lark', 'jsonschema', 'rich', 'yaml', 'holidays') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("command", "way_out"),
    [
        ("state show", "first column of decisions.csv"),
        ("state migrate", "Name a sequence"),
        ("state rename fit", "what the rules call it now"),
        ("explain", "first column of decisions.csv"),
        ("diff", "a folder with a leadrules.yaml"),
        ("replay --from 2026-06-01", "--to 2026-08-31"),
        ("calibrate", 'did deal_won"'),
    ],
)
def test_what_a_command_lacks_is_said_with_what_it_is(tmp_path: Path, command: str, way_out: str) -> None:
    done = leadrules(*command.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert way_out in done.stderr


def _stopped() -> None:
    raise KeyboardInterrupt


def _stopped_in_the_middle_of_loading() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise AttributeError("half a module") from None


@pytest.mark.parametrize("stop", [_stopped, _stopped_in_the_middle_of_loading])
def test_ctrl_c_is_no_mistake_of_ours_and_no_objection(
    project: Path, monkeypatch: pytest.MonkeyPatch, stop: Callable[[], None]
) -> None:
    monkeypatch.setattr("leadrules.cli.runs.request_of", lambda *_, **__: stop())
    done = leadrules("run", cwd=project)
    assert done.returncode == 2
    assert "stopped before it was done" in done.stderr


def test_a_mistake_of_ours_is_told_as_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadrules.cli.runs.request_of", lambda *_, **__: 1 / 0)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        leadrules("run", cwd=project)
