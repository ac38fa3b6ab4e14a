"""`replay`: the rules through history, tick by tick, and the work that they would have made."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from leadrules.cli.inputs import instant
from leadrules.cli.options import (
    Wanted,
    encoding_option,
    engine_option,
    events_option,
    fail,
    leads_option,
    path_option,
    project_option,
    reasons_option,
    team_option,
)
from leadrules.cli.progress import Count, counting
from leadrules.cli.runs import RunOptions, form_of, request_of
from leadrules.core.records import dataclass
from leadrules.core.text import many

if TYPE_CHECKING:
    from leadrules.core.calendar import Calendar
    from leadrules.lifecycle.files import WriteOptions
    from leadrules.lifecycle.model import State
    from leadrules.lifecycle.run import Outcome, RunRequest

WORKLOAD, PAGE = "workload.csv", "workload.html"
TICK_FORMAT = "%Y-%m-%dT%H%M"
_TICK = re.compile(r"\d{4}-\d\d-\d\dT\d{4}([+-]\d{4})?")
_SHOWN = 3
MANY_TICKS = 1_000  # beyond these a replay says first how many it makes
TICKS = Wanted("Say from when to when: --from 2026-06-01 --to 2026-08-31.")


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, in which steps, as written."""

    first: str
    last: str
    every: str


@click.command()
@click.option(
    "--from",
    "first",
    metavar="TIME",
    type=TICKS,
    required=True,
    help="The first instant, 2026-06-01 or 2026-06-01T09:00.",
)
@click.option("--to", "last", metavar="TIME", type=TICKS, required=True, help="The last.")
@click.option("--every", metavar="LENGTH", default="1 day", show_default=True, help="From tick to tick.")
@leads_option
@events_option
@team_option
@path_option("--state", "place", metavar="DIR", help="The state to begin with (default: none).")
@path_option("--out", default=Path("out"), metavar="DIR", help="The folder to write.")
@click.option(
    "--output",
    type=click.Choice(["csv", "parquet", "jsonl"]),
    default="csv",
    show_default=True,
    help="How tables are written.",
)
@reasons_option
@encoding_option
@engine_option
@project_option
def replay(
    *,
    first: str,
    last: str,
    every: str,
    place: Path | None,
    out: Path,
    output: Literal["csv", "parquet", "jsonl"],
    reasons: bool,
    encoding: Literal["utf-8", "utf-8-sig", "cp932"],
    **shared: Any,
) -> None:
    """The rules through history, tick by tick; no state is written."""
    from leadrules.data.errors import InputError

    started = time.perf_counter()
    options = RunOptions(
        **shared,
        as_of=None,
        since=None,
        force=False,
        strict=False,
        place=place,
        no_state=place is None,
        baseline=False,
        fire_edits=False,
    )
    request = request_of(options)
    form = form_of(request, output, encoding, reasons=reasons)
    try:
        ticks = _ticks(request, Span(first, last, every))
        if len(ticks) > MANY_TICKS and not options.quiet:
            click.echo(f"note: {len(ticks):,} ticks, a folder for each; a longer --every makes fewer", err=True)
        request = replace(request, state=_state(place))
        with counting("replaying", quiet=options.quiet) as tell:
            told = _Replay(request, Path.cwd() / out, form).through(ticks, tell)
    except InputError as error:
        fail(error.message, error.help)
    except OSError as error:
        fail(f"{error.filename or out} cannot be written: {error.strerror}", "name another folder with --out DIR")
    if not options.quiet:
        click.echo(
            f"{many(len(ticks), 'tick')}; wrote {out / WORKLOAD}, {out / PAGE} in {time.perf_counter() - started:.1f} s",
            err=True,
        )
        for words in told:
            click.echo(words, err=True)


def _ticks(request: RunRequest, span: Span) -> tuple[datetime, ...]:
    from leadrules.lifecycle.replay import ticks_between
    from leadrules.lifecycle.run import calendar_of
    from leadrules.project.values import duration

    zone = request.project.timezone
    first, last = instant("--from", span.first, zone), instant("--to", span.last, zone)
    assert first is not None
    assert last is not None
    every = duration(span.every.strip())
    if every is None:
        fail(f"--every {span.every} is not a length", 'write "1 day", "6 hours" or "1 week"')
    return ticks_between(first, last, every, calendar_of(request.ruleset))


def _state(place: Path | None) -> State:
    from leadrules.cli.stateful import named_state, remembering
    from leadrules.lifecycle.model import empty_state

    if place is None:
        return empty_state()
    path = named_state(place, "leave --state out to begin with an empty one")
    with remembering(path, to_write=False) as state:
        assert state is not None
        return state


class _Replay:
    """One replay: the files of each tick as it is done, at the end the workload."""

    def __init__(self, request: RunRequest, out: Path, form: WriteOptions) -> None:
        from leadrules.lifecycle.run import calendar_of

        self.request, self.out, self.form = request, out, form
        self.calendar = calendar_of(request.ruleset)
        self.told: dict[str, None] = {}
        self.stopped: list[tuple[str, str]] = []

    def through(self, ticks: Sequence[datetime], tell: Count) -> list[str]:
        """Do it; what is to be told of it, in words."""
        from leadrules.lifecycle.replay import replay as outcomes
        from leadrules.lifecycle.workload import together, workload_of
        from leadrules.review.plan.workload_page import SAID

        names, parts = _names(ticks, self.calendar), list[Any]()
        for name, outcome in zip(names, outcomes(self.request, ticks), strict=True):
            if not parts:  # the first run is made: nothing that was there goes for a replay that cannot begin
                _clear(self.out)
            self._keep(name, outcome)
            parts.append(workload_of(outcome))
            tell(len(parts), len(ticks))
            # The columns of a tick hang in circles, and few objects hold much memory: nobody else would look for them soon.
            del outcome
            gc.collect()
        notes = [SAID, *self._guards(len(ticks))]
        self._write_workload(together(parts), self._span(ticks), notes)
        return [f"note: {words}" for words in (*notes, *self.told)]

    def _keep(self, name: str, outcome: Outcome) -> None:
        from leadrules.lifecycle.files import write_run
        from leadrules.lifecycle.guards import broken_guards

        self.told |= dict.fromkeys(write_run(outcome, self.out / name, self.form, durable=False))
        self.stopped += [(name, words) for words in broken_guards(outcome)[:1]]

    def _guards(self, ticks: int) -> list[str]:
        if not self.stopped:
            return []
        shown = "; ".join(f"{name}: {words}" for name, words in self.stopped[:_SHOWN])
        return [f"a guard or an assert would have stopped {len(self.stopped):,} of {ticks:,} runs: {shown}"]

    def _span(self, ticks: Sequence[datetime]) -> str:
        """From when to when, as people write it: without the clock where every tick is a midnight."""
        ends = [self.calendar.local(at) for at in (ticks[0], ticks[-1])]
        is_daily = all(at.time() == datetime.min.time() for at in map(self.calendar.local, ticks))
        return " to ".join(f"{at:%Y-%m-%d}" if is_daily else f"{at:%Y-%m-%d %H:%M}" for at in ends)

    def _write_workload(self, work: Any, span: str, notes: Sequence[str]) -> None:
        from leadrules.data.staging import Staging
        from leadrules.data.write import lost_words, write_csv
        from leadrules.review.plan.workload_page import workload_page

        project = self.request.project
        staging = Staging(self.out)
        folder = staging.begin()
        lost = write_csv(work, folder / WORKLOAD, zone=project.timezone, encoding=self.form.encoding)
        self.told |= dict.fromkeys(lost_words(lost))
        page = workload_page(
            f"Replay of {project.name}, {span}", work, project.channels, notes, [rep.key for rep in project.team.reps]
        )
        (folder / PAGE).write_text(page, encoding="utf-8")
        staging.seal()
        staging.publish()


def _names(ticks: Sequence[datetime], calendar: Calendar) -> list[str]:
    """The folder of each tick by its local time; the hour that comes twice when clocks go back says its offset."""
    from zoneinfo import ZoneInfo

    names: dict[str, None] = {}
    for at in ticks:
        local = at.astimezone(ZoneInfo(calendar.zone))
        name = local.strftime(TICK_FORMAT)
        names[name if name not in names else local.strftime(f"{TICK_FORMAT}%z")] = None
    return list(names)


def _clear(out: Path) -> None:
    """Take away what an earlier replay wrote: ticks of two replays never stand together. Other files stay."""
    from leadrules.data.errors import InputError
    from leadrules.lifecycle.files import OURS

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: a replay writes a folder", "name another folder with --out DIR")
    for name in (WORKLOAD, PAGE):
        (out / name).unlink(missing_ok=True)
    for folder in sorted(out.glob("*T*")):
        if not folder.is_dir() or _TICK.fullmatch(folder.name) is None:
            continue
        for name in OURS:
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
