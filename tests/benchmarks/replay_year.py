"""`leadrules replay` of a year, day by day, in a fresh process: seconds, and per tick.

The leads and events of the benchmark; its rules with a route, a sequence and triggers besides. The aim is a year over 20,000
leads in under 5 minutes.

    python -m tests.benchmarks.replay_year [--leads N] [--events N] [--ticks N]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from tests.benchmarks import generate
from tests.benchmarks.run import HERE, RUN, measure

LAST = date(2026, 10, 31)
REPS = 20
RULES = """
sequence outbound {
  1: day 1 email auto "Hello"  2: day 3 call "Ring"  3: day 7 email auto "Again"  4: day 14 call "Ring again"
  exit when did email_replied
}
route sales { home: team home by round_robin when home_market  rest: team all by round_robin when total >= 40 }
trigger warm { on enter in_play  do enroll outbound }
trigger replied { on email_replied  do set status = "Working" }
suppress email when opted_out
"""


def project(folder: Path, leads: int, events: int) -> None:
    """The benchmark's project with rules that decide, and its input."""
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    (folder / "rules" / "life.lead").write_text(RULES, encoding="utf-8")
    names = [f"rep{number}" for number in range(REPS)]
    reps = "".join(f"  {name}: {{active: true}}\n" for name in names)
    teams = f"  home: [{', '.join(names[:5])}]\n  all: [{', '.join(names)}]\n"
    (folder / "rules" / "team.yaml").write_text(f"reps:\n{reps}teams:\n{teams}", encoding="utf-8")
    generate.write(folder, leads, events)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--ticks", type=int, default=365)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project(folder, asked.leads, asked.events)
        first = LAST - timedelta(days=asked.ticks - 1)
        command = ["replay", "--project", place, "--from", str(first), "--to", str(LAST), "--out", str(folder / "out")]
        found = measure([sys.executable, "-c", RUN, *command])
        days = sum(1 for path in (folder / "out").iterdir() if path.is_dir())
        print(f"{asked.leads:,} leads, {asked.events:,} events, {days} ticks: {found.seconds:.1f} s, "
              f"{found.seconds / days:.2f} s a tick, {found.processor:.1f} s of processors, {found.megabytes:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
