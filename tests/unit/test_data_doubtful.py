"""What is read as the contract says and was probably meant otherwise is told: cp1252 as cp932, points for thousands."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.diff_project import YAML, leadrules, project

from leadrules.data.doubtful import pointed_thousands, wrong_letters
from leadrules.data.profile import profile
from leadrules.data.sources import open_inputs


@pytest.mark.parametrize(
    "word", ["Größe", "Köln", "Straße", "Österreich", "Ärzte", "Bäcker", "François", "España", "Schön"]
)
def test_western_letters_read_as_cp932_look_wrong(word: str) -> None:
    assert wrong_letters(f"1;{word};x".encode("cp1252").decode("cp932")) is not None


@pytest.mark.parametrize(
    "text", ["青空", "A社B部", "Web制作", "Webサイト", "ｱｵｿﾞﾗ ｼｽﾃﾑ", "Tokyo (東京)", "Köln", "株式会社abc", "ｱｲ"]
)
def test_japanese_and_plain_text_do_not(text: str) -> None:
    assert wrong_letters(f"1,{text},x") is None


@pytest.mark.parametrize(
    ("cells", "cell"),
    [
        (["3.500", "500", "12.000", None, " "], "3.500"),
        (["1.234.567", "2.000.000"], "1.234.567"),
        (["-3.500", "4.500"], "-3.500"),
        (["3.500", "3.5"], None),
        (["0.125", "0.250"], None),  # nobody writes thousands so
        (["3.500", "1234"], None),  # who marks thousands marks them all
        (["500", "3"], None),
        (["3.500"], None),  # one alone may be a measure
        ([], None),
    ],
)
def test_thousands_with_points(cells: list[str | None], cell: str | None) -> None:
    assert pointed_thousands(pl.Series(cells, dtype=pl.String)) == cell


RULES = "segment big when employees > 1000\n"


def test_a_run_tells_of_points_for_thousands(tmp_path: Path) -> None:
    place = project(tmp_path, RULES, "id,employees\n1,3.000\n2,12.000\n3,500\n")
    said = leadrules("plan", "--project", place).stdout
    assert "leads.csv: employees: numbers such as 3.000 look like thousands with points" in said
    assert "export them without points (3000)" in said
    (place / "leads.csv").write_text("id,employees\n1,3000\n2,12000\n", encoding="utf-8")
    assert "look like thousands" not in leadrules("plan", "--project", place).stdout


@pytest.mark.parametrize("yaml", [YAML, YAML.replace("leads.csv}", "leads.csv, encoding: cp932}")])
def test_a_run_tells_of_letters_that_look_wrong(tmp_path: Path, yaml: str) -> None:
    place = project(tmp_path, RULES, yaml=yaml)
    (place / "leads.csv").write_bytes("id,title,employees\n1,Straße,3\n".encode("cp1252"))
    said = leadrules("plan", "--project", place).stdout
    assert "leads.csv is read as cp932, and letters in it look wrong (Straﾟe)" in said
    (place / "leads.csv").write_bytes("id,title,employees\n1,ﾌﾞﾁｮｳ,3\n".encode("cp932"))
    assert "look wrong" not in leadrules("plan", "--project", place).stdout


def test_a_new_project_is_told_and_is_not_japanese(tmp_path: Path) -> None:
    text = "id;Ort;Mitarbeiter;Umsatz\n1;Köln;3.500;1.234,56\n2;Straßburg;12.000;5,50\n"
    (tmp_path / "leads.csv").write_bytes(text.encode("cp1252"))
    assert not profile(open_inputs(tmp_path, "leads.csv")[0]).is_japanese
    said = leadrules("init", tmp_path / "leads.csv", "--project", tmp_path / "new").output
    assert "state its encoding in leadrules.yaml, such as `encoding: cp1252`" in said
    assert "Mitarbeiter: numbers such as 3.500 look like thousands with points" in said
    assert "Umsatz: numbers with a decimal comma are text here" in said
