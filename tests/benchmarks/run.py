"""`make bench`: the whole of `leadrules run` against the floor, each in a fresh process, in turn.

The floor is what nobody can beat: Polars reading the columns that the rules read, times as text, streaming. A run reads,
checks, evaluates, and writes every file with reasons and hashes. Prints medians, their ratio, what the reasons cost (a run
with them and one without, in the same round), and the peak memory of each.

    python -m tests.benchmarks.run [--leads N] [--events N] [--rounds N]
"""

from __future__ import annotations

import argparse
import compileall
import functools
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import generate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LEAD_COLUMNS = ("id", "created_at", "email", "title", "industry", "country", "employees", "annual_revenue", "lead_source",
                "status", "city", "opted_out", "contract_renewal_date")  # fmt: skip
EVENT_COLUMNS = ("lead_id", "type", "at", "path")
FLOOR = """
import sys, polars as pl
leads, events, lead_columns, event_columns = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4].split(",")
for path, columns in ((leads, lead_columns), (events, event_columns)):
    frame = pl.scan_csv(path, infer_schema=False).select(columns)
    print(frame.select(pl.all().null_count()).collect(engine="streaming").row(0))
"""
RUN = "from leadrules.cli.main import main; main()"
# What reasons cost: two runs that begin alike, one of them with blank reasons, which are neither worked out nor written.
# Both load the engine first, so that there is something to change; the run itself loads it while inputs are hashed.
LOADED_RUN = """
from leadrules.cli.main import main, prepare_polars
prepare_polars()
import polars as pl
from leadrules.engine.columns import ColumnFacts
def blank(self, start=0, length=None):
    rest = self.workspace.height - start
    return pl.repeat("", rest if length is None else min(length, rest), dtype=pl.String, eager=True)
"""
REASONED_RUN = LOADED_RUN + "main()\n"
BARE_RUN = LOADED_RUN + "ColumnFacts.reasons = blank\nmain()\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: seconds of wall clock, of all processors together, and its peak resident megabytes."""

    seconds: float
    processor: float
    megabytes: float


@functools.cache
def compile_sources() -> None:
    """Compile the modules, as installing a wheel does: an environment that writes no bytecode pays a second each run."""
    compileall.compile_dir(ROOT / "src", quiet=1)


def measure(arguments: list[str]) -> Measured:
    """Run a process to its end. The kernel keeps its peak memory."""
    compile_sources()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    # Polars, which makes the data here, leaves its own wishes for the allocator behind: no user's shell has them.
    environment.pop("_RJEM_MALLOC_CONF", None)
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(arguments, stdout=said, stderr=said, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(said.read().decode())
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def floor(leads: Path, events: Path) -> Measured:
    """Only reading."""
    return measure(
        [sys.executable, "-c", FLOOR, str(leads), str(events), ",".join(LEAD_COLUMNS), ",".join(EVENT_COLUMNS)]
    )


def run(project: Path, out: Path, program: str = RUN) -> Measured:
    """The whole batch."""
    shutil.rmtree(out, ignore_errors=True)
    return measure([sys.executable, "-c", program, "run", "--project", str(project), "--out", str(out), "--no-state"])


def apart(make: Callable[[int, int], Path], leads: int, events: int) -> Path:
    """Make data in a process of its own: what this one has held counts as the peak of those that it starts."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(make, leads, events).result()


def prepare(leads: int, events: int) -> Path:
    """A project folder beside its data, under build/."""
    folder = ROOT / "build" / "bench" / f"{leads}x{events}"
    generate.write(folder, leads, events)
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    return folder


def main() -> None:
    """Measure in turn, so that a noisy minute meets both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    folder = apart(prepare, options.leads, options.events)
    floors, runs, reasoned, bare = [], [], [], []
    for number in range(options.rounds):
        floors.append(floor(folder / "leads.csv", folder / "events.csv"))
        runs.append(run(folder, folder / "out"))
        reasoned.append(run(folder, folder / "out", REASONED_RUN))
        bare.append(run(folder, folder / "out", BARE_RUN))
        said = (f"{name} {measured[-1].seconds:.2f} s" for name, measured in
                (("floor", floors), ("run", runs), ("with reasons", reasoned), ("without", bare)))  # fmt: skip
        print(f"round {number + 1}: {', '.join(said)}", flush=True)
    report(floors, runs)
    ratio, processor = ratios(bare, reasoned)
    print(f"reasons cost {1 - ratio:.0%} of the run (processor {1 - processor:.0%})")


def report(floors: list[Measured], runs: list[Measured]) -> None:
    """Medians, the ratio of each round's pair, peaks. Processor time tells more where others use the machine too."""
    for name, measured in (("floor", floors), ("run", runs)):
        seconds = statistics.median(one.seconds for one in measured)
        processor = statistics.median(one.processor for one in measured)
        peak = max(one.megabytes for one in measured)
        print(f"{name:6} {seconds:6.2f} s   processor {processor:6.2f} s   peak {peak:6.0f} MB")
    ratio, processor = ratios(runs, floors)
    print(f"run / floor: {ratio:.2f} (processor {processor:.2f})")


def ratios(these: list[Measured], those: list[Measured]) -> tuple[float, float]:
    """The median of the ratios of each round, by the clock and in processor time."""
    pairs = list(zip(these, those, strict=True))
    by_clock = statistics.median(one.seconds / two.seconds for one, two in pairs)
    return by_clock, statistics.median(one.processor / two.processor for one, two in pairs)


if __name__ == "__main__":
    main()
