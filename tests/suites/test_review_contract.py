"""Sentences of the contract on checking, testing and reviewing rules, each as a user meets it: files, a command, what it says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

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


def test_a_literal_that_its_column_never_has_with_the_nearest_that_it_has(company: Company) -> None:
    """Of leads and of events; what only another type of event says does not count, nor does what a test makes up."""
    company.write(
        'score s {\n  a: +1 when country in ("UK", "jp")\n  b: +1 when did webinar where (topic = "Price")\n'
        '  c: +1 each page_viewed where (path = "/pricing")\n}\n'
        'test "x" { given country = "ZZ"  expect country = "ZZ" and s = 0 }\n'
    ).read(
        "id,country\n" + "".join(f"{n},GB\n" for n in range(1204)) + "j,JP\n",
        f"{HEADER},topic,path\n1,webinar,2026-01-02,Prices,\n2,webinar,2026-01-02,Prices,\n"
        "1,page_viewed,2026-01-02,Price,/pricing\n",
    )
    assert told(company.check("--leads", code=0), "LR232") == [
        'no lead has `country` "UK": the column has "GB", 1,204 times',
        'no webinar has `topic` "Price": the column has "Prices", 2 times',
    ]


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
    assert leadrules("check", "--project", company.folder, "--as-of", "2026-06-30").exit_code == 2


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


def test_every_line_that_a_line_overlaps_is_named_and_counted(company: Company) -> None:
    """1 meets all three lines, 2 the last two, 3 the first two; `jp` takes all of `tokyo`, which is no overlap."""
    company.write(
        'classify c {\n  a: when employees > 10\n  jp: when country = "JP"\n  vp: when title contains "VP"\n'
        '  tokyo: when country = "JP" and note = "Tokyo"\n  z: otherwise\n}\n'
    ).read("id,country,employees,title,note\n1,JP,30,VP,\n2,JP,3,VP,\n3,JP,11,x,\n")
    found = company.check("--overlaps", "--leads", code=0)
    first, second = (one for one in found if one["code"] == "LR203")
    assert "`jp` and `a` take some of the same leads" in first["message"]
    assert first["notes"][1:] == ["2 of the 3 leads of leads.csv"]
    assert second["message"] == "`vp` takes some of the same leads as `a` and `jp`, which win, for they stand first"
    assert [one["line"] for one in second["related"]] == [2, 3]
    assert second["notes"][1:] == ["line 2: 1 of the 3 leads of leads.csv", "line 3: 2 of the 3 leads of leads.csv"]


def test_a_word_of_other_letters_is_told_where_its_twin_stands(company: Company) -> None:
    """A name all of Cyrillic letters beside the Latin one; a Russian word that has no twin is a word."""
    company.write(
        'segment OK when country = "JP"\nsegment \u041e\u041a when country = "US"\n'
        'segment sam when country = "\u0441\u043e\u0440"\nsegment zero when country = "J\u200bP"\n'
    )
    found = company.check(code=0)
    assert told(found, "LR219") == ["`\u041e\u041a` is not `OK`: it has a cyrillic capital letter o"]
    assert told(found, "LR218") == ["an invisible mark stands here: U+200B (zero width space)"]
    assert [(one["line"], one["column"]) for one in found] == [(2, 9), (4, 31)]


def test_the_mark_that_notepad_begins_a_file_with_is_no_finding(company: Company) -> None:
    company.write('\ufeffsegment us when country = "U\ufeffS"\n')
    found = company.check(code=0)
    assert [(one["code"], one["line"], one["column"]) for one in found if one["code"] == "LR218"] == [("LR218", 1, 29)]


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


def as_test(note: str, expected: str) -> str:
    """The lead of a note, `for example employees = 5, 2 x email_opened 31 days ago: ...`, as a test block."""
    lines = []
    for part in note.removeprefix("for example ").split(": ")[0].split(", "):
        event = re.fullmatch(r"(?:(\d+) x )?(\w+)( with .+?)?(?: (\d+) days ago)?", part)
        if " = " in part and " with " not in part:
            lines.append(f"given {part}")
        elif event is not None:
            hours = [int(event[4] or 0) * 24 + number + 1 for number in range(int(event[1] or 1))]
            lines += [f"event {event[2]} {one} hours ago{event[3] or ''}" for one in hours]
    body = "".join(f"  {line}\n" for line in ["as of 2026-02-16T12:00", *lines, f"expect {expected}"])
    return f'test "Example" {{\n{body}}}\n'


@pytest.mark.parametrize(
    ("rules", "code", "expected"),
    [
        ('classify c { jp: when country = "JP"  big: when employees > 9 }', "LR204", "c is blank"),
        (
            'classify c { jp: when country != "JP" and country is not blank  none: when country is blank }',
            "LR204",
            'c is blank and country = "JP"',
        ),
        ("band c of employees { hot: from 10  cold: from 0 }", "LR204", "c is blank"),
        (
            'classify c { a: when employees > 20  b: when employees < 30 and country = "JP"  z: otherwise }',
            "LR203",
            'c is a and employees > 20 and employees < 30 and country = "JP"',
        ),
        (
            "classify c { a: when did email_opened  b: when count(email_opened) >= 3  z: otherwise }",
            "LR202",
            "c is a and count(email_opened) >= 3",
        ),
        (
            'assert c "C": did email_opened implies did email_opened within 30 days',
            "LR223",
            "did email_opened and never email_opened within 30 days",
        ),
        (
            'assert c "C": count(email_opened within 90 days) >= 2 implies did email_opened within 2 months',
            "LR223",
            "count(email_opened within 90 days) >= 2 and never email_opened within 2 months",
        ),
        (
            'score s { a: +5 when country = "JP"  b: +5 each email_opened }\nassert c "C": s >= 15 implies employees > 3',
            "LR223",
            "s >= 15 and not (employees > 3)",
        ),
        (
            'segment s when title contains " VP" and not title contains "Senior"\nassert c "C": s implies employees > 3',
            "LR223",
            "s and not (employees > 3)",
        ),
        (
            'assert c "C": did page_viewed where (path starts with "/pricing") implies did email_opened',
            "LR223",
            'did page_viewed where (path starts with "/pricing") and never email_opened',
        ),
        ('assert c "C": tags has "Big One" implies tags has "x"', "LR223", 'tags has "big one" and not tags has "x"'),
        (
            'assert c "C": signup < 2026-02-01 implies signup < 2026-01-01',
            "LR223",
            "signup between 2026-01-01 and 2026-01-31",
        ),
    ],
)
def test_the_lead_that_shows_a_finding_does_so(company: Company, rules: str, code: str, expected: str) -> None:
    """Each example is made a test of the same rules, and passes."""
    company.write(f"{rules}\n")
    (found,) = (one for one in company.check("--overlaps", code=0) if one["code"] == code)
    company.write(f"{rules}\n{as_test(found['notes'][0], expected)}")
    done = leadrules("test", "--project", company.folder)
    assert done.exit_code == 0, (found["notes"], done.output)


def test_an_example_is_written_as_the_rules_write_it(company: Company) -> None:
    company.write('assert c "C": country = "JP" and title contains "VP" implies employees > 3\n')
    (found,) = company.check(code=0)
    assert found["notes"] == ['for example country = "JP", title = "VP"']


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


# -- diff and changelog -----------------------------------------------------------------------------------------------

OLD_RULES = """score fit "Fit" {
  a: +20 when country = "JP"
  boss "Bosses": +15 when title contains "VP"
}
score eng { a: +5 each email_opened }
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("+20 when", "+30 when", "fit.a is now worth 30 instead of 20"),
        ("+15 when", "+25 when", "Bosses is now worth 25 instead of 15"),
        ("+5 each", "+6 each", "eng.a is now worth 6 an event instead of 5"),
        ('score fit "Fit"', 'score fit "How well"', 'Fit is now titled "How well"'),
        ('boss "Bosses"', 'boss "Chiefs"', 'Bosses is now titled "Chiefs"'),
        ('  a: +20 when country = "JP"\n', "", 'fit.a is gone: `+20 when country = "JP"`'),
    ],
)
def test_a_change_in_words_says_of_which_line(company: Company, old: str, new: str, words: str) -> None:
    """Two scores have a rule `a`: without a title a line is called by its score and its id."""
    base = Company(company.folder / "base").write(OLD_RULES)
    company.write(OLD_RULES.replace(old, new))
    done = leadrules("changelog", base.folder, "--project", company.folder)
    assert f"  - {words}.\n" in done.stdout


# -- for other programs -----------------------------------------------------------------------------------------------


def test_junit_is_there_also_where_no_test_can_run(company: Company) -> None:
    """A CI server reads the file either way: one failure, the error."""
    company.write('segment s when employes > 3\ntest "x" { expect not s }\n')
    done = leadrules("test", "--project", company.folder, "--format", "junit")
    (case,) = ET.fromstring(done.stdout.encode()).iter("testcase")
    assert (done.exit_code, case.get("name")) == (1, "LR104 1:16")
    assert [(one.tag, one.get("message")) for one in case] == [("failure", "there is no name `employes`")]
    assert "there is no name `employes`" in done.stderr


def test_suppressions_by_their_day_their_reason_and_their_use(company: Company) -> None:
    """The day that is named is the last; a code, a reason and a readable date are all asked for."""
    flag = "segment {} when opted_out = false"
    today = datetime.now(UTC).date()
    lines = [
        f"{flag.format('kept')} # leadrules: ignore LR217 because the form fills it in",
        f"{flag.format('last')} # leadrules: ignore LR217 until {today.isoformat()} because of the form",
        f"{flag.format('over')} # leadrules: ignore LR217 until {(today - timedelta(days=1)).isoformat()} because of it",
        f"{flag.format('no_reason')} # leadrules: ignore LR217",
        f"{flag.format('no_code')} # leadrules: ignore because of the form",
        f"{flag.format('no_day')} # leadrules: ignore LR217 until soon because of the form",
        "segment unused when not opted_out # leadrules: ignore LR217 because of the form",
        "segment error when not opted_out # leadrules: ignore LR104 because it is no warning",
    ]
    company.write("\n".join(lines) + "\n")
    found = company.check(code=0)
    assert [(one["code"], one["line"]) for one in found] == [
        *(("LR217", 3), ("LR292", 3)),
        *(("LR217", 4), ("LR290", 4)),
        *(("LR217", 5), ("LR290", 5)),
        *(("LR217", 6), ("LR290", 6)),
        ("LR291", 7),
        ("LR290", 8),
    ]
    assert leadrules("check", "--project", company.folder, "--strict").exit_code == 1


COMMENTED = """# head

   # indented
score fit { # brace
# column one
  a:   +1   when employees>3   # of a
      # between
  b: +1 when employees > 4 and  # middle
     country = "JP"  # of b
  group g at most 3 points {   # of g
     # in g
     c: +2 when employees > 1 }  # after g
  cap   100 # of the cap
  # last
} # after
# between blocks
list l = [ "a", # first
  "b" ] # of l
segment s when country in l # of s
# the end, without a line's end"""


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_fmt_keeps_every_comment_and_the_meaning(company: Company, ends: str, mark: str) -> None:
    company.write("").put("rules/rules.lead", (mark + COMMENTED.replace("\n", ends)).encode())
    before = compiled(company)
    assert leadrules("fmt", "--project", company.folder).exit_code == 0
    once = (company.folder / "rules/rules.lead").read_bytes()
    lines = once.decode().replace("\r\n", "\n").split("\n")
    comments = [line.partition("#")[2] for line in COMMENTED.split("\n") if "#" in line]
    assert [line.partition("#")[2] for line in lines if "#" in line] == comments
    assert compiled(company) == before
    assert leadrules("fmt", "--check", "--project", company.folder).exit_code == 0
    leadrules("fmt", "--project", company.folder)
    assert (company.folder / "rules/rules.lead").read_bytes() == once


def compiled(company: Company) -> object:
    """The compiled ruleset without positions."""

    def bare(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: bare(value) for name, value in part.items() if name != "span"}
        return [bare(one) for one in part] if isinstance(part, list) else part

    return bare(json.loads(leadrules("compile", "--project", company.folder).stdout))
