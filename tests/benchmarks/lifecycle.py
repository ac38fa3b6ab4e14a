"""`make bench-state`: a run that decides and remembers, against the floor, each in a fresh process, in turn.

The rules of `make bench` with 20 route rules over 200 reps, 6 sequences and 12 triggers besides. A first run looks from a day
earlier, at the events that there were, and leaves a state; then 5 % of the leads are others, new events stand below the old
ones, and the second run is measured, from the same state each time: as it is, and without the copy of the events that the
first run left, so that it reads them all. The floor is that of `make bench`: Polars reading the columns that the rules read.

    python -m tests.benchmarks.lifecycle [--leads N] [--events N] [--rounds N] [--again]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import polars as pl
from tests.benchmarks import generate
from tests.benchmarks.run import HERE, ROOT, RUN, Measured, apart, floor, measure, report

from leadrules.lifecycle.state.database import COPIES, FILE

REPS, FIRST, SECOND = 200, "2026-10-29T09:00", "2026-10-30T09:00"
CHANGED_ONE_IN = 20
INDUSTRIES = generate.INDUSTRIES
TEAMS = ("partners", "enterprise", "japan", "europe", "america", "asia", "junior")
TEMPLATES = ("thanks", "intro", "case", "last", "hand", "letter", "back")


def rep(number: int) -> str:
    """The address of a rep."""
    return f"rep{number:03d}@example.com"


def roster() -> dict[str, object]:
    """Two hundred reps in seven teams and all together; some full after so many a day, one in twenty away or inactive."""
    reps = {rep(number): _rep(number) for number in range(REPS)}
    teams = {
        name: [rep(number) for number in range(REPS) if number % len(TEAMS) == at] for at, name in enumerate(TEAMS)
    }
    return {"reps": reps, "teams": teams | {"all": list(reps)}, "queues": ["waiting", "marketing"]}


def _rep(number: int) -> dict[str, object]:
    capacity: dict[str, int] = {"open": 20_000} | ({"per_day": 400, "per_week": 2_000} if number % 3 == 0 else {})
    known: dict[str, object] = {
        "active": number % 40 != 7,
        "weight": 1 + number % 3,
        "capacity": capacity,
        "hours": {"days": "Mon-Fri", "from": "09:00", "to": "18:00", "timezone": "Asia/Tokyo"},
        "industries": [INDUSTRIES[(number + step) % len(INDUSTRIES)] for step in range(2)],
        "win_rate": round(0.1 + number % 7 / 20, 2),
    }
    return known | ({"away": ["2026-10-30..2026-11-05"]} if number % 40 == 11 else {})


def changed_leads(leads: pl.DataFrame) -> pl.DataFrame:
    """One lead in twenty with another status, title and headcount, as a day of work in the CRM leaves them."""
    rows = pl.int_range(leads.height, eager=True)
    is_changed = rows % CHANGED_ONE_IN == 3
    at = (rows // CHANGED_ONE_IN).cast(pl.UInt32)
    others = {
        "status": pl.Series(generate.STATUSES)[at % len(generate.STATUSES)],
        "title": pl.Series(generate.TITLES)[at % len(generate.TITLES)],
        "employees": (at % 5_000).cast(pl.String),
    }
    return leads.with_columns(values.zip_with(is_changed, leads[name]).alias(name) for name, values in others.items())


def write_events(rows: Path, folder: Path) -> None:
    """The events of the first day, in a file of their own, and those of the second: the same, and below them the others."""
    events = pl.read_csv(rows, infer_schema=False)
    is_old = events["at"] < FIRST.replace("T", " ")
    old = events.filter(is_old)
    old.write_csv(folder / "events-first.csv")
    pl.concat([old, events.filter(~is_old)]).write_csv(folder / "events.csv")


def prepare(leads: int, events: int) -> Path:
    """A project folder beside its data, under build/: leads and events of the first day, and those of the second."""
    folder = ROOT / "build" / "bench" / f"state-{leads}x{events}"
    data = ROOT / "build" / "bench" / f"{leads}x{events}"
    first, rows = generate.write(data, leads, events)
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    shutil.copy(HERE / "life" / "process.lead", folder / "rules")
    (folder / "rules" / "team.yaml").write_text(json.dumps(roster(), indent=1), encoding="utf-8")
    settings = (HERE / "project" / "leadrules.yaml").read_text(encoding="utf-8")
    templates = "".join(f"  {name}: templates/{name}.md\n" for name in TEMPLATES)
    (folder / "leadrules.yaml").write_text(f"{settings}holidays: JP\ntemplates:\n{templates}", encoding="utf-8")
    (folder / "templates").mkdir(exist_ok=True)
    for name in TEMPLATES:
        (folder / "templates" / f"{name}.md").write_text(f"Template {name}\n", encoding="utf-8")
    if not (folder / "leads.csv").exists():
        changed_leads(pl.read_csv(first, infer_schema=False)).write_csv(folder / "leads.csv")
    if not (folder / "events-first.csv").exists():
        write_events(rows, folder)
    return folder


def run(folder: Path, state: Path, *options: str) -> Measured:
    """One `leadrules run` with that state."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    arguments = ["run", "--project", str(folder), "--out", str(out), "--state", str(state), *options]
    return measure([sys.executable, "-c", RUN, *arguments])


def first_run(folder: Path, leads: Path, *, again: bool) -> Path:
    """The state that the measured runs begin with, from the leads of the day before."""
    kept = folder / "state-first"
    if again or not (kept / FILE).exists():
        shutil.rmtree(kept, ignore_errors=True)
        events = folder / "events-first.csv"
        took = run(folder, kept, "--leads", str(leads), "--events", str(events), "--as-of", FIRST)
        print(f"first run: {took.seconds:.2f} s   processor {took.processor:.2f} s   peak {took.megabytes:.0f} MB")
    return kept


def second_run(folder: Path, kept: Path, *, anew: bool = False) -> Measured:
    """The run that is measured, from a copy of that state; `anew`: it reads all events."""
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(kept, state)
    if anew:
        shutil.rmtree(state / COPIES, ignore_errors=True)
    return run(folder, state, "--as-of", SECOND)


def main() -> None:
    """Measure in turn, so that a noisy minute meets both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--again", action="store_true", help="make the first run's state anew, as after an edit of its format"
    )
    options = parser.parse_args()
    folder = apart(prepare, options.leads, options.events)
    data = ROOT / "build" / "bench" / f"{options.leads}x{options.events}"
    kept = first_run(folder, data / "leads.csv", again=options.again)
    floors, runs, anew = [], [], []
    for number in range(options.rounds):
        floors.append(floor(folder / "leads.csv", folder / "events.csv"))
        runs.append(second_run(folder, kept))
        anew.append(second_run(folder, kept, anew=True))
        said = (f"{name} {measured[-1].seconds:.2f} s" for name, measured in
                (("floor", floors), ("run", runs), ("with all events read", anew)))  # fmt: skip
        print(f"round {number + 1}: {', '.join(said)}", flush=True)
    report(floors, runs)
    print("with all events read:")
    report(floors, anew)


if __name__ == "__main__":
    main()
