"""Sentences of the contract on checking, testing and reviewing rules, each as a user meets it: files, a command, what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.suites.contract import HEADER, Company
from tests.suites.running import leadrules


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def told(found: list[dict[str, Any]], code: str) -> list[str]:
    """What the findings of a code say, with their notes."""
    return [" / ".join([one["message"], *one.get("notes", ())]) for one in found if one["code"] == code]


# -- check ------------------------------------------------------------------------------------------------------------

SIZES = """id,country,employees,opted_out
1,JP,30,
2,jp,3,yes
3,GB,7,no
4,JP,,no
"""


def test_each_finding_about_leads_counts_them(company: Company) -> None:
    """By hand: 2 and 4 are in Japan and not known to be above 5; only 1 is above 10; only 1 has a blank flag; 2 is below
    5 and 4 has no number."""
    company.write(
        'assert large "Large": country = "JP" implies employees > 5\n'
        "score s { a: +5 when employees > 10  b: +4 when employees > 10 }\n"
        "segment x when opted_out = false\n"
        "band g of employees { hot: from 10  cold: from 5 }\n"
    ).read(SIZES)
    found = company.check("--leads", code=0)
    for code in ("LR223", "LR204"):
        assert told(found, code)[0].endswith(" / 2 of the 4 leads of leads.csv"), code
    for code in ("LR220", "LR217"):
        assert told(found, code)[0].endswith(" / 1 of the 4 leads of leads.csv"), code


def test_rules_that_fire_on_none_or_all_of_the_leads_by_what_they_do(company: Company) -> None:
    """A line fires where it is the one that wins: of two that hold for all, only the first does. Events count too."""
    company.write(
        "classify c { known: when employees > 0  jp: when country is not blank  rest: otherwise }\n"
        "score s {\n"
        "  seen: +1 each page_viewed\n"
        "  opened: +1 each email_opened\n"
        "  past: +1 when employees > 0 until 2025-12-31\n"
        "  group g first match { one: +1 when country is not blank  two: +2 when employees > 0 }\n"
        "}\n"
        "segment nobody when employees > 999\n"
        "segment everybody when country is not blank\n"
    ).read(
        "id,country,employees,created_at\n1,JP,5,2026-01-01\n2,GB,,2026-01-01\n",
        f"{HEADER}\n1,email_opened,2026-01-02\n2,email_opened,2026-01-02\n",
    )
    found = company.check("--leads", code=0)
    assert [words.split("`")[1] for words in told(found, "LR230")] == ["s.seen", "s.past", "s.two", "nobody"]
    assert [words.split("`")[1] for words in told(found, "LR231")] == ["s.opened", "s.one", "everybody"]


def test_a_rule_that_cannot_fire_is_told_once(company: Company) -> None:
    """Also with leads: that it fires on none of them is no news. Two that never fire do not count twice."""
    company.write(
        "score s {\n  a: +1 when employees > 10 and employees <= 10\n  b: +1 when employees > 10 and employees < 11\n}\n"
        "classify c { big: when employees > 1  huge: when employees > 9  rest: otherwise }\n"
    ).read(SIZES)
    codes = [one["code"] for one in company.check("--leads", code=0)]
    assert sorted(codes) == ["LR201", "LR201", "LR202"]


def test_leads_without_times_are_looked_at_from_a_stated_instant(company: Company) -> None:
    company.write("score s { a: +1 when employees > 1 until 2026-06-30 }\n").read(SIZES)
    done = leadrules("check", "--project", company.folder, "--leads")
    assert (done.exit_code, "--as-of" in done.stderr) == (2, True)
    assert told(company.check("--leads", "--as-of", "2026-07-01", code=0), "LR230")
    assert told(company.check("--leads", "--as-of", "2026-06-30", code=0), "LR230") == []


@pytest.mark.parametrize(
    ("lines", "who"),
    [
        ("a: when employees between 0 and 10  b: when employees between 10 and 20", "`a` and `b` together take"),
        ("a: when employees between 0 and 99  b: when employees between 10 and 20", "`a` takes"),
        (
            "a: when employees < 8  far: when employees > 900  b: when employees between 8 and 10  d: when employees > 10",
            "`a`, `b` and `d` together take",
        ),
    ],
)
def test_a_shadow_names_the_lines_that_make_it(company: Company, lines: str, who: str) -> None:
    company.write(f"classify c {{ {lines}  late: when employees between 5 and 15 }}\n")
    (shadow,) = (one for one in company.check(code=0) if one["code"] == "LR202" and "`late`" in one["message"])
    assert shadow["message"] == f"`late` is never reached: {who} every lead that it would take"
    assert len(shadow["related"]) == who.count("`") // 2


def test_a_lead_that_is_overdue_for_ever(company: Company) -> None:
    """`assign with` the route that it is overdue for may go on between two reps; `reassign` ends with the last of them."""
    route = (
        "route r { a: team t by round_robin otherwise respond within 5 minutes\n"
        "  answered when did email_replied since assigned_at }\n"
    )
    company.write(f"{route}trigger w {{ on overdue r  do assign with r }}\n")
    assert told(company.check(code=0), "LR211") == ["a lead can go round for ever: `w` -> `w`"]
    for calm in ("do assign with r  once", "do reassign with r at most 2 times", 'do notify "boss" "late"'):
        company.write(f"{route}trigger w {{ on overdue r  {calm} }}\n")
        assert told(company.check(code=0), "LR211") == [], calm


# -- test -------------------------------------------------------------------------------------------------------------


def test_a_failure_shows_the_value_of_each_part(company: Company) -> None:
    """The score is 5, not 10, and what stands after the first clause that is false is shown as well."""
    company.write(
        "score eng { o: +5 each email_opened within 30 days }\n"
        "score fit { a: +20 when employees >= 100 }\n"
        "band temp of fit { hot: from 20  cold: otherwise }\n"
        'test "x" {\n  as of 2026-01-10\n  given employees = 99\n  event email_opened 2 days ago\n'
        "  expect eng = 10 and (fit >= 20 or temp is hot)\n}\n"
    )
    done = leadrules("test", "--project", company.folder, "--format", "json")
    (failure,) = json.loads(done.stdout)["tests"][0]["failures"]
    assert done.exit_code == 1
    assert failure["message"] == "expected: eng = 10 and (fit >= 20 or temp is hot)"
    assert {one["text"]: one["value"] for one in failure["values"]} == {
        "eng = 10 and (fit >= 20 or temp is hot)": "no",
        "eng = 10": "no",
        "eng": "5",
        "(fit >= 20 or temp is hot)": "no",
        "fit >= 20": "no",
        "fit": "0",
        "temp is hot": "no",
        "temp": "cold",
    }
