"""Where a run spends its time: each phase by the clock with the processor time of all threads meanwhile, and a bar per
tenth of a second that says how many processors were busy, after the memory that the process had then.

    python -m tests.benchmarks.timeline [FOLDER]

FOLDER is a project of `tests.benchmarks.run` (build/bench/1000000x10000000 unless named), or of `tests.benchmarks.lifecycle`
(build/bench/state-1000000x10000000): then it is the run that is measured there, from the same state.
"""

from __future__ import annotations

import functools
import os
import resource
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent.parent
STEP = 0.1
PHASES = (
    ("leads", "leadrules.lifecycle.run", "read_leads"),
    ("events", "leadrules.lifecycle.run", "read_events"),
    ("index of leads", "leadrules.data.events", "LeadIndex"),
    ("events together", "leadrules.data.events", "_together"),
    ("evaluate", "leadrules.lifecycle.run", "evaluate"),
    ("events asked", "leadrules.engine.workspace", "Workspace.ask"),
    ("expressions", "leadrules.engine.workspace", "Workspace.evaluate"),
    ("add up", "leadrules.engine.columns", "add_up"),
    ("write", "leadrules.lifecycle.files", "prepare_files"),
)  # fmt: skip
# Of a run with a state: these are loaded with it.
PHASES_OF_STATE = (
    ("state read", "leadrules.lifecycle.state.store", "_state"),
    ("labels", "leadrules.lifecycle.run", "work_out"),
    ("sequences", "leadrules.lifecycle.decide", "progress"),
    ("triggers", "leadrules.lifecycle.decide", "_Decision._run_triggers"),
    ("routes", "leadrules.lifecycle.decide", "_Decision._run_routes"),
    ("enrolments", "leadrules.lifecycle.decide", "enrol"),
    ("steps", "leadrules.lifecycle.decide", "due"),
    ("table after", "leadrules.lifecycle.decide", "_Decision._table"),
    ("next state", "leadrules.lifecycle.state.conclude", "state_after"),
    ("history", "leadrules.lifecycle.state.conclude", "history_after"),
    ("commit", "leadrules.lifecycle.state.conclude", "commit"),
    ("sealed", "leadrules.data.staging", "Staging.seal"),
)  # fmt: skip


def started_ago() -> float:
    """Seconds since the kernel began this process."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def resident() -> float:
    """Megabytes that the process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


BEGUN = time.perf_counter() - started_ago()


@dataclass(frozen=True, slots=True)
class Phase:
    """One call: begin and end by the clock, processor seconds of the whole process meanwhile."""

    name: str
    begin: float
    end: float
    processor: float


class Timeline:
    """Phases as they end, and samples of the processor time."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.samples: list[tuple[float, float, float]] = []

    def watch(self, name: str, module: str, path: str) -> None:
        """Time each call of a function from now on."""
        *owners, last = path.split(".")
        owner: Any = functools.reduce(getattr, owners, import_module(module))
        setattr(owner, last, self._timed(name, getattr(owner, last)))

    def _timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call, updated=())
        def timed(*args: Any, **named: Any) -> Any:
            begin, processor = time.perf_counter(), time.process_time()
            try:
                return call(*args, **named)
            finally:
                end = time.perf_counter()
                self.phases.append(Phase(name, begin - BEGUN, end - BEGUN, time.process_time() - processor))

        return timed

    def sample(self) -> None:
        """For ever, each tenth of a second."""
        while True:
            self.samples.append((time.perf_counter() - BEGUN, time.process_time(), resident()))
            time.sleep(STEP)

    def report(self) -> None:
        """All of it, on stderr."""
        total, usage = time.perf_counter() - BEGUN, resource.getrusage(resource.RUSAGE_SELF)
        lines = [
            f"{phase.begin:6.2f} {phase.end:6.2f} {phase.end - phase.begin:6.2f} s "
            f"processor {phase.processor:5.2f} s  {phase.name}"
            for phase in sorted(self.phases, key=lambda phase: phase.begin)
            if phase.end - phase.begin > 0.01
        ]
        for (at, before, memory), (later, after, _) in zip(self.samples, self.samples[1:], strict=False):
            busy = (after - before) / (later - at)
            lines.append(f"{at:6.2f} {memory:5.0f} MB {busy:4.2f} {'#' * round(busy * 20)}")
        lines.append(
            f"{total:.2f} s, user {usage.ru_utime:.2f} s, system {usage.ru_stime:.2f} s, "
            f"{usage.ru_minflt:,} page faults, {usage.ru_maxrss / 1024:.0f} MB"
        )
        print("\n".join(lines), file=sys.stderr, flush=True)


def main() -> None:
    """A run of the program, watched."""
    timeline = Timeline()
    threading.Thread(target=timeline.sample, daemon=True).start()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "bench" / "1000000x10000000"
    phases = (*PHASES, *PHASES_OF_STATE) if (folder / "state-first").is_dir() else PHASES
    from leadrules.cli import main as program
    from leadrules.cli import options

    prepared = options.ready_project

    @functools.wraps(prepared)
    def watched(*args: Any, **named: Any) -> Any:
        begin, processor = time.perf_counter(), time.process_time()
        found = prepared(*args, **named)
        end = time.perf_counter()
        timeline.phases.append(Phase("project, rules", begin - BEGUN, end - BEGUN, time.process_time() - processor))
        for name, module, path in phases:
            timeline.watch(name, module, path)
        return found

    # What a run needs is loaded only once its rules hold, and watched from then on.
    options.ready_project = watched
    leave = os._exit

    def reported(status: int) -> NoReturn:
        timeline.report()
        leave(status)

    os._exit = reported
    sys.argv = ["leadrules", "run", "--project", str(folder), "--out", str(folder / "out"), *state_of(folder)]
    program.main()


def state_of(folder: Path) -> list[str]:
    """The options of a run without a state, or with a copy of the state that the benchmark of the lifecycle begins with."""
    if not (folder / "state-first").is_dir():
        return ["--no-state"]
    shutil.rmtree(folder / "state", ignore_errors=True)
    shutil.copytree(folder / "state-first", folder / "state")
    return ["--state", str(folder / "state"), "--as-of", "2026-10-30T09:00"]


if __name__ == "__main__":
    main()
