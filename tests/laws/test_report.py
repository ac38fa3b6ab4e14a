"""Laws of the reports, on random small companies: they end in numbers or n/a, each share beside its denominator; what a
goal says of the data and what calibrate finds does, too."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.measured import RULES, TYPES, write_company, write_events
from tests.small_reports import refused, report_of
from tests.suites.running import leadrules

EXAMPLES = min(int(os.environ.get("LAW_EXAMPLES", "8")), 100)  # each is some ten commands
START = datetime.fromisoformat("2024-02-27T00:00")
MORE = """
stages life { customer: when did deal_won  met: when did meeting_scheduled and did call_connected  lead: otherwise }
score fit { web: +10 when source = "Web"  forms: +3 each form  mailed: -2 when did email_sent within 10 days }
band heat of fit { hot: from 10  cold: otherwise }
sequence outbound { 1: day 1 email auto "Hello"  2: day 2 call "Ring" }
suppress email when owner = "nobody"
trigger asked { on form  do enroll outbound  do assign with sales }
route sales { web: team inside by round_robin when source = "Web" respond within 4 hours  rest: queue nurture otherwise }
goal few { target 3 won per quarter  won: 20% of meeting  meeting: 10% of call, 5% of email  mix: 50% by call, 50% by email  effort 5 minutes per call, 1 minute per email }
"""
SETTINGS = """
fiscal_year_starts: {fiscal}
timezone: {zone}
report:
  periods: [month, quarter, year, fiscal_year]
  cost_per_hour: {hour}
  cost_per_lead_by_source: {{Web: {lead}}}
  list: list
  group_by: [source, life, heat, created_at]
  campaigns: campaigns.csv
  traffic: traffic.csv
  benchmarks: {{outbound: {{contact: 10%, touches: 2, coverage: 50%}}}}
"""
NAMES = st.sampled_from(["", "Web", "ads", "ＡＤＳ", "展示会", "<b>", "a,b", "=1+1"])
HOURS = st.integers(0, 24 * 500)


@st.composite
def companies(draw: st.DrawFn) -> dict[str, Any]:
    """Leads, events, campaigns, visitors and settings."""
    leads = draw(
        st.lists(
            st.tuples(st.integers(0, 480), NAMES, NAMES, st.sampled_from(["", "sato", "lee", "queue:nurture", "gone"])),
            max_size=8,
        )
    )
    kinds = st.sampled_from([*TYPES, "deal_won"])
    amounts = st.sampled_from(["", "0", "10", "999999"])
    events = draw(st.lists(st.tuples(st.integers(0, 8), kinds, HOURS, amounts), max_size=40))
    costs = st.sampled_from(["", "0", "100", "1e6"])
    campaigns = draw(st.dictionaries(NAMES.filter(bool), st.tuples(NAMES, st.integers(0, 900), costs), max_size=4))
    traffic = draw(
        st.lists(
            st.tuples(st.sampled_from(["2024-02", "2024-03", "2024-02-29", "2025-01"]), NAMES, st.integers(0, 50)),
            max_size=4,
        )
    )
    return {
        "leads": leads, "events": events, "campaigns": campaigns, "traffic": traffic,
        "fiscal": draw(st.integers(1, 12)), "zone": draw(st.sampled_from(["UTC", "Asia/Tokyo", "America/Sao_Paulo", "Europe/Berlin"])),
        "hour": draw(st.sampled_from([0, 45])), "lead": draw(st.sampled_from([0, 30])),
    }  # fmt: skip


def written(folder: Path, company: dict[str, Any]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    project = write_company(folder, RULES + MORE, SETTINGS.format_map(company))
    rows = [("id", "created_at", "owner", "source", "list", "campaign")]
    rows += [
        (f"k{n}", f"{START + timedelta(days=day):%Y-%m-%d}", owner, source, of, source)
        for n, (day, source, of, owner) in enumerate(company["leads"])
    ]
    campaigns = [
        (name, f"{name}!", kind, f"{START + timedelta(days=day):%Y-%m-%d}", cost)
        for name, (kind, day, cost) in company["campaigns"].items()
    ]
    sides: dict[str, Sequence[tuple[Any, ...]]] = {
        "leads": rows,
        "campaigns": [("campaign", "name", "type", "date", "cost"), *campaigns],
        "traffic": [("period", "source", "visitors"), *company["traffic"]],
    }
    for name, lines in sides.items():
        with (project / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
    write_events(
        project,
        [
            (f"k{n}", kind, (START + timedelta(hours=hour)).isoformat(), amount)
            for n, kind, hour, amount in company["events"]
        ],
    )
    return project


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(companies(), st.booleans())
def test_every_report_ends_in_numbers_or_in_nothing(tmp_path: Path, company: dict[str, Any], with_state: bool) -> None:
    project = written(tmp_path / "p", company)
    at = ("--as-of", "2025-08-01")
    if with_state:
        for day in ("2024-06-01", "2024-12-01"):
            done = leadrules("run", "--project", project, "--as-of", day, "--out", tmp_path / "out", "-q", "--force")
            assert done.exit_code == 0, done.output
    against = ("--against", str(tmp_path / "out")) if with_state else ("--against", str(project / "leads.csv"))
    report_of(project, *at, *(against if with_state or company["leads"] else ()))
    done = leadrules("goal", "few", "--project", project, "--format", "json", *at)
    assert done.exit_code == 0, done.output
    json.loads(done.stdout, parse_constant=refused)
    assert leadrules("goal", "few", "--project", project, *at).exit_code == 0


@settings(
    max_examples=max(EXAMPLES // 3, 3), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    companies(),
    st.sampled_from(["did deal_won", 'source = "Web"', "life is at least met", "fit > 3"]),
    st.integers(20, 60),
)
def test_calibrate_ends_in_numbers_or_says_why_not(
    tmp_path: Path, company: dict[str, Any], outcome: str, count: int
) -> None:
    # Enough leads for an answer: each of the company's again and again, some of whom bought.
    leads = company["leads"] or [(0, "Web", "", "")]
    company = company | {"leads": [leads[n % len(leads)] for n in range(count)]}
    company["events"] = [*company["events"], *((n, "deal_won", 40 * n, "5") for n in range(0, count, 2))]
    project = written(tmp_path / "p", company)
    done = leadrules(
        "calibrate", "--project", project, "--outcome", outcome, "--format", "json", "--as-of", "2025-08-01"
    )
    assert done.exit_code in (0, 2), done.output
    if done.exit_code:
        assert "at least 10 must have" in done.output
        return
    document = json.loads(done.stdout, parse_constant=refused)
    for score in document["scores"]:
        for rate in (part["rate"] for part in score["ranges"]):
            assert rate["share"] is None or rate["share"] == rate["reached"] / rate["of"]
    for line in document["lines"]:
        assert (line["lift"] is None) == (not line["fired"]["of"] or not document["reached"]["reached"])
