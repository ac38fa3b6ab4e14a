"""`check` with its doubts: overlaps, real leads, exit codes, pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.suites.running import leadrules

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "x-key": True},
        "country": {"type": "string"},
        "size": {"type": "integer", "minimum": 0},
    },
}
RULES = """score fit {
  uk:    +20 when country = "UK"
  known: +5 when size is not blank
  big:   +9 when size > 5000
}
classify desk {
  home:  when country = "JP"
  large: when size >= 100
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "leadrules.yaml").write_text("version: 1\nsources: {leads: {path: leads.csv}}\n", encoding="utf-8")
    (tmp_path / "rules" / "lead.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    (tmp_path / "rules" / "events.schema.json").write_text('{"type": "object", "properties": {}}', encoding="utf-8")
    (tmp_path / "rules" / "team.yaml").write_text("reps: {}\n", encoding="utf-8")
    (tmp_path / "rules" / "a.lead").write_text(RULES, encoding="utf-8")
    rows = ["id,country,size", *(f"{n},GB,{n}" for n in range(60)), *(f"j{n},JP,{n * 10}" for n in range(20))]
    (tmp_path / "leads.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def found(project: Path, *options: str) -> dict[str, list[dict[str, object]]]:
    done = leadrules("check", "--project", project, "--format", "json", *options)
    by_code: dict[str, list[dict[str, object]]] = {}
    for one in json.loads(done.output)["diagnostics"]:
        by_code.setdefault(one["code"], []).append(one)
    return by_code


def test_without_leads_only_the_gap_is_told(project: Path) -> None:
    (gap,) = found(project)["LR204"]
    assert set(found(project)) == {"LR204"}
    assert (gap["severity"], gap["path"], gap["line"]) == ("warning", "rules/a.lead", 6)


def test_overlaps_are_asked_for(project: Path) -> None:
    (one,) = found(project, "--overlaps")["LR203"]
    assert one["line"] == 8
    assert "`home` wins" in str(one["message"])


def test_leads_show_what_only_they_can(project: Path) -> None:
    by_code = found(project, "--leads")
    assert str(by_code["LR232"][0]["message"]) == 'no lead has `country` "UK": the column has "GB", 60 times'
    assert [str(one["message"]).split("`")[1] for one in by_code["LR230"]] == ["fit.uk", "fit.big", "desk.large"]
    assert [str(one["message"]).split("`")[1] for one in by_code["LR231"]] == ["fit.known"]


def test_leads_are_counted_for_gaps_and_overlaps(project: Path) -> None:
    """60 leads of GB are below 100 and not in JP; of the 20 in JP, those from 100 on are j10 to j19."""
    text = leadrules("check", "--project", project, "--leads", project / "leads.csv", "--overlaps").output
    assert "note: 60 of the 80 leads of leads.csv" in text
    assert "note: 10 of the 80 leads of leads.csv" in text


def test_warnings_are_0_and_1_when_strict(project: Path) -> None:
    assert leadrules("check", "--project", project).exit_code == 0
    assert leadrules("check", "--project", project, "--strict").exit_code == 1


def test_a_silenced_doubt_is_no_doubt(project: Path) -> None:
    file = project / "rules" / "a.lead"
    file.write_text(
        RULES.replace("classify", "# leadrules: ignore LR204 because the rest is worked by hand\nclassify"), "utf-8"
    )
    done = leadrules("check", "--project", project, "--strict")
    assert (done.exit_code, done.output.startswith("no errors")) == (0, True)


def test_leads_that_are_not_there_are_2(project: Path) -> None:
    assert leadrules("check", "--project", project, "--leads", project / "none.csv").exit_code == 2


def test_errors_come_before_doubts(project: Path) -> None:
    (project / "rules" / "a.lead").write_text(RULES + "segment s when contry = 1\n", encoding="utf-8")
    assert set(found(project)) == {"LR104"} or all(code < "LR200" for code in found(project))
    assert leadrules("check", "--project", project).exit_code == 1


@pytest.mark.parametrize("word", ["LR203", "overlap", "lr290"])
def test_pages_of_lints_are_explained(word: str) -> None:
    done = leadrules("check", "--explain", word)
    assert done.exit_code == 0
    assert done.output.startswith("# LR2")
    assert "## Instead of" in done.output
