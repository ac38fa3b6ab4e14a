"""The report of 1,000,000 leads with 10,000,000 events, in a fresh process: seconds, processor time, peak memory, size.

    python -m tests.benchmarks.report [--leads N] [--events N]

The project is that of the run's benchmark with a funnel, a goal, campaigns by city, and costs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from tests.benchmarks.run import HERE, ROOT, RUN, apart, measure, prepare

MEASURES = """
funnel revenue {
  lead: created_at
  contact: earliest(first(email_replied), first(call_connected))
  meeting: first(meeting_scheduled)
  demo: first(demo_requested)
}
goal meetings {
  target 100 meeting per month
  workdays 20 per month
  meeting: 10% of call, 1% of email
  mix: 50% by call, 50% by email
  effort 6 minutes per call, 3 minutes per email
}
"""
SETTINGS = """
report:
  cost_per_hour: 40
  cost_per_lead: 2
  campaign: city
  group_by: [country, industry, lead_source]
  won: demo_requested
  average_deal_size: 1000
"""


def project(leads: int, events: int) -> Path:
    """The folder with its measures."""
    base = prepare(leads, events)
    folder = base.with_name(f"report-{base.name}")
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    for name in ("leads.csv", "events.csv"):
        (folder / name).unlink(missing_ok=True)
        os.link(base / name, folder / name)
    (folder / "rules" / "measures.lead").write_text(MEASURES, encoding="utf-8")
    settings = folder / "leadrules.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    return folder


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    options = parser.parse_args()
    folder = apart(project, options.leads, options.events)
    page = ROOT / "build" / "bench" / "report.html"
    done = measure([sys.executable, "-c", RUN, "report", "--project", str(folder), "--no-state", "-o", str(page)])
    print(f"report {done.seconds:.2f} s   processor {done.processor:.2f} s   peak {done.megabytes:.0f} MB")
    print(f"page {page.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
