"""The example companies: their data is what the generator makes, their rules pass, and what the engine decides is what
plain Python loops and the kept results say."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.suites.acme_oracle import Oracle, fold
from tests.suites.running import EXAMPLES, leadrules, rows, run

COMPANIES = ("acme", "sakura")
Ran = tuple[list[dict[str, str]], dict[str, Any], list[dict[str, str]]]


@pytest.fixture(scope="module", params=COMPANIES)
def company(request: pytest.FixtureRequest) -> str:
    """Each company in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run of acme."""
    return run(EXAMPLES / "acme", tmp_path_factory.mktemp("acme"))


@pytest.fixture(scope="module")
def sakura(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run of sakura."""
    return run(EXAMPLES / "sakura", tmp_path_factory.mktemp("sakura"))


def content(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw  # the packing may differ between versions of zlib


def test_the_generator_makes_the_same_data_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / "generate.py", "--out", tmp_path], check=True)
    made = sorted(p for p in tmp_path.rglob("*") if p.is_file())
    assert len(made) == 14
    for path in made:
        assert content(path) == content(EXAMPLES / path.relative_to(tmp_path)), path.name


def test_its_rules_pass(company: str) -> None:
    checked = leadrules("check", "--project", EXAMPLES / company, "--strict")
    assert checked.exit_code == 0, checked.output
    tested = leadrules("test", "--project", EXAMPLES / company)
    assert tested.exit_code == 0, tested.output


def test_acme_decides_what_plain_loops_decide(acme: Ran) -> None:
    decisions, manifest, _ = acme
    oracle = Oracle(EXAMPLES / "acme")
    assert manifest["as_of"].startswith(oracle.as_of.isoformat()[:16])
    assert [row["id"] for row in decisions] == list(oracle.leads)
    for row in decisions:
        for name, value in oracle.decide(row["id"]).items():
            if isinstance(value, str):
                assert row[name] == value, (row["id"], name)
            else:
                assert float(row[name]) == pytest.approx(value, abs=0.001), (row["id"], name)


def test_acme_counts_every_row(acme: Ran) -> None:
    decisions, manifest, rejects = acme
    oracle, counts = Oracle(EXAMPLES / "acme"), manifest["counts"]
    assert (counts["decided"], counts["rejected"]) == (len(decisions), oracle.rejected)
    assert counts["leads_in"] == counts["decided"] + counts["rejected"]
    assert counts["events_in"] == oracle.counts["in"]
    assert counts["events_unread"] == oracle.counts["unread"]
    assert counts["events_rejected"] == oracle.counts["rejected"]
    parts = ("events_used", "events_unread", "events_rejected", "events_orphaned", "events_repeated")
    assert counts["events_in"] == sum(counts[part] for part in parts)
    assert {r["column"] for r in rejects} >= {
        "No. of Employees",
        "Annual Revenue",
        "Created Date",
        "Email",
        "Lead Status",
    }
    assert all(r["reason"] for r in rejects)


def test_acme_reasons_add_up_to_the_scores(acme: Ran) -> None:
    for row in acme[0]:
        parts = [part.rpartition(" ") for part in row["reasons"].split("; ") if part]
        for score in ("fit", "engagement", "intent"):
            mine = (float(points) for name, _, points in parts if name.split(".")[0].split()[0] == score)
            assert sum(mine) == pytest.approx(float(row[score]), abs=1e-6), (row["id"], score)


def test_acme_knows_who_is_there_twice(acme: Ran) -> None:
    leads = Oracle(EXAMPLES / "acme").leads
    oldest: dict[str, tuple[datetime, str]] = {}
    for key, lead in leads.items():
        mine, address = (datetime.fromisoformat(lead["Created Date"]), key), fold(lead["Email"])
        oldest[address] = min(oldest.get(address, mine), mine)
    twice = [key for key, lead in leads.items() if lead["Email"] and oldest[fold(lead["Email"])][1] != key]
    assert len(twice) > 80
    assert [row["id"] for row in acme[0] if "second_record" in row["segments"].split(";")] == twice


def test_the_demo_is_worth_looking_at(acme: Ran) -> None:
    decisions, manifest, _ = acme
    for name, least in (
        ("temperature", 3),
        ("lifecycle", 6),
        ("priority", 4),
        ("fit_grade", 4),
        ("disqualification", 6),
    ):
        assert len({row[name] for row in decisions}) >= least, name
    fired = manifest["counts"]["fired"]
    assert fired.get("fit.partner_portal", 0) == 0
    assert sum(count > 0 for count in fired.values()) >= 20
    shown = leadrules("plan", "--project", EXAMPLES / "acme")
    assert shown.exit_code == 0, shown.output
    for word in ("hot", "sql", "intent.visits", "fit.partner_portal"):
        assert word in shown.output


def test_sakura_reads_cp932_in_japanese(sakura: Ran) -> None:
    decisions, manifest, rejects = sakura
    raw = rows(EXAMPLES / "sakura" / "leads.csv", "cp932")
    assert manifest["counts"]["leads_in"] == len(raw) == len(decisions) + manifest["counts"]["rejected"]
    assert {(r["column"], r["value"]) for r in rejects if r["source"].endswith("leads.csv")} >= {
        ("従業員数", "約５０名"),
        ("状況", "保留"),
    }
    by_key = {row["顧客番号"]: row for row in raw}
    for row in decisions:
        lead = by_key[row["顧客番号"]]
        wanted = lead["都道府県"] in ("東京都", "神奈川県", "埼玉県", "千葉県", "茨城県", "栃木県", "群馬県")
        assert ("関東" in row["segments"].split(";")) == wanted
        assert ("五軸機" in row["segments"]) >= ("五軸マシニングセンタ" in lead["希望機種"])
    assert {row["温度"] for row in decisions} == {"熱い", "温かい", "冷たい"}
    assert {row["商談段階"] for row in decisions} == {"受注", "見積", "商談", "検討", "情報収集", "未着手"}


def test_sakura_scores_what_a_plain_loop_scores(sakura: Ran) -> None:
    by_key = {row["顧客番号"]: row for row in rows(EXAMPLES / "sakura" / "leads.csv", "cp932")}
    titles = {"工場長": 18, "営業本部長": 18, "製造部長": 15, "生産技術課長": 8, "購買課長": 8, "購買係長": 8}
    titles |= dict.fromkeys(("代表取締役社長", "取締役", "会長"), 20)
    rivals = ("rival-kikai.example", "tokai-koki.example")
    for row in sakura[0]:
        lead = by_key[row["顧客番号"]]
        points = 20 * (lead["業種"] in ("自動車部品", "電機", "金属加工", "精密機器", "航空宇宙")) + titles.get(
            lead["役職"], 0
        )
        points += 10 * (amount(lead["従業員数"]) >= 100) + min(amount(lead["設備予算（円）"]) // 10_000_000 * 2, 20)
        points -= 100 * (lead["メールアドレス"].rpartition("@")[2] in rivals)
        assert float(row["適合度"]) == min(points, 60), lead


def amount(cell: str) -> int:
    """A number as people in Japan type it; 0 for none."""
    digits = unicodedata.normalize("NFKC", cell).replace(",", "").lstrip("¥")
    return int(digits) if digits.isdigit() else 0


def test_results_are_the_kept_ones(company: str, request: pytest.FixtureRequest) -> None:
    decisions = request.getfixturevalue(company)[0]
    kept = EXAMPLES / company / "expected" / "decisions.csv.gz"
    text = gzip.decompress(kept.read_bytes()).decode("utf-8")
    assert list(csv.DictReader(text.splitlines())) == decisions


def test_all_that_is_shipped_is_formatted() -> None:
    files = [path for folder in ("rules", "examples") for path in (EXAMPLES.parent / folder).rglob("*.lead")]
    done = leadrules("fmt", "--check", *files)
    assert len(files) > 30
    assert done.exit_code == 0, done.output
