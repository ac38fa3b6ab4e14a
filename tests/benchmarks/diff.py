"""`leadrules diff` of two versions with attribution, paired with `leadrules run`: seconds of each and their ratio.

The leads, events and rules of the benchmark, and a version of the rules with five edits: points, a condition, a threshold, a new
rule, and one that is gone. With --decides, the process of `make bench-state` on the state of its first run: twenty route
rules over 200 reps, sequences and triggers, and two edits of routes besides. The aim is under five times one run on 200,000 leads.

    python -m tests.benchmarks.diff [--leads N] [--events N] [--rounds N] [--decides]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from pathlib import Path

from tests.benchmarks import lifecycle
from tests.benchmarks.run import RUN, Measured, measure, prepare, run

EDITS = (
    ("icp_industry: +20", "icp_industry: +25"),
    ("large:        +10 when employees >= 1_000", "large:        +10 when employees >= 800"),
    ("warm: from 40", "warm: from 38"),
    ("  calls:     +5 each", "  meetings:  +5 when did meeting_scheduled within 60 days\n  calls:     +5 each"),
    ("  known:        +2  when title is not blank\n", ""),
)
ROUTE_EDITS = (
    ("when employees >= 4_000 respond within 1 hour", "when employees >= 3_000 respond within 1 hour"),
    ("  brazil: team america", "  brazil: team partners"),
)


def newer(folder: Path, *, decides: bool) -> Path:
    """The rules with the edits, as a project beside the other; its data stays where it is."""
    place = folder.parent / f"{folder.name}-newer"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("*.csv", "state*", "out", ".leadrules"))
    _edit(place / "rules" / "scoring.lead", EDITS)
    if decides:
        _edit(place / "rules" / "process.lead", ROUTE_EDITS)
    return place


def _edit(rules: Path, edits: tuple[tuple[str, str], ...]) -> None:
    text = rules.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    rules.write_text(text, encoding="utf-8")


def diff(folder: Path, other: Path, *options: str) -> Measured:
    """Both versions on the leads, with attribution."""
    return measure([sys.executable, "-c", RUN, "diff", str(folder), str(other), "--project", str(folder), *options])


def main() -> None:
    """Measure in turn, so that a noisy minute meets both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--decides", action="store_true", help="with routes, sequences and triggers, on a state")
    options = parser.parse_args()
    data = prepare(options.leads, options.events)
    folder = lifecycle.prepare(options.leads, options.events) if options.decides else data
    other = newer(folder, decides=options.decides)
    kept = lifecycle.first_run(folder, data / "leads.csv", again=True) if options.decides else None
    runs, diffs = [], []
    for number in range(options.rounds):
        if kept is None:
            runs.append(run(folder, folder / "out"))
            diffs.append(diff(folder, other, "--no-state"))
        else:
            runs.append(lifecycle.second_run(folder, kept))
            diffs.append(diff(folder, other, "--state", str(kept), "--as-of", lifecycle.SECOND))
        print(f"round {number + 1}: run {runs[-1].seconds:.2f} s, diff {diffs[-1].seconds:.2f} s", flush=True)
    for name, measured in (("run", runs), ("diff", diffs)):
        seconds = statistics.median(one.seconds for one in measured)
        processor = statistics.median(one.processor for one in measured)
        print(
            f"{name:5} {seconds:6.2f} s   processor {processor:6.2f} s   peak {max(m.megabytes for m in measured):6.0f} MB"
        )
    pairs = list(zip(diffs, runs, strict=True))
    wall = statistics.median(one.seconds / two.seconds for one, two in pairs)
    processor = statistics.median(one.processor / two.processor for one, two in pairs)
    print(
        f"diff / run: {wall:.2f} (processor {processor:.2f}), with {len(EDITS) + len(ROUTE_EDITS) * options.decides} edits"
    )


if __name__ == "__main__":
    main()
