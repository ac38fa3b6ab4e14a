"""`calibrate`, and a report with its drift, on 1,000,000 leads with 10,000,000 events, each in a fresh process.

    python -m tests.benchmarks.calibrate [--leads N] [--events N]

The project is that of the report's benchmark. The drift is held against the same files, read a second time as an older export.
"""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks.report import project
from tests.benchmarks.run import ROOT, RUN, measure


def main() -> None:
    """Measure each once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    options = parser.parse_args()
    folder = project(options.leads, options.events)
    older = ("--against", str(folder / "leads.csv"), "--against-events", str(folder / "events.csv"))
    page = str(ROOT / "build" / "bench" / "drift.html")
    commands = {
        "calibrate, by an event": ("calibrate", "--outcome", "did demo_requested"),
        "calibrate, by a field": ("calibrate", "--outcome", 'status = "Qualified"'),
        "report with drift": ("report", "--no-state", *older, "-o", page),
    }
    for name, arguments in commands.items():
        done = measure([sys.executable, "-c", RUN, *arguments, "--project", str(folder)])
        print(
            f"{name:24} {done.seconds:6.1f} s   processor {done.processor:6.1f} s   peak {done.megabytes:5.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
