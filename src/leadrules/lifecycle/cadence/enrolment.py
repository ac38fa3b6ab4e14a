"""Who enters a sequence, moves to another, stops, or waits for its turn.

In: a tick, the leads that exits and finishes took out, and wishes: what triggers and finish actions would do to the
sequence of a lead, at most one per lead. Out: `Enrolments`. Knows no steps.

A wish is refused where it would do nothing or where the limits of re-entry forbid it; over `at most N per day` it waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.lifecycle.cadence.clock import same_day, shifted
from leadrules.lifecycle.cadence.versions import number_of
from leadrules.lifecycle.facts import Facts
from leadrules.lifecycle.model import ACTION_COLUMNS, EXIT_ALL, INSTANT, LEAD_COLUMNS, LOST, RIDE, Tick
from leadrules.lifecycle.moves.after import with_changes
from leadrules.lifecycle.record import inputs_of
from leadrules.ruleset.model import Expr, Sequence
from leadrules.ruleset.walk import always_in

LIMIT = "over a limit"
ENTERING = 8500  # after the last steps of the sequence it leaves, before the first of the one it enters

WAIT: Mapping[str, pl.DataType] = {
    "seq_wait": pl.String(),
    "seq_wait_since": INSTANT,
    "seq_wait_template": pl.String(),
    "seq_wait_rule": pl.String(),
}
# kind: enroll, move, stop. `at`: the event that set it off (blank: as_of). Of a stop only lead_row, kind, rule count.
WISH_COLUMNS: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "kind": pl.String(),
    "sequence": pl.String(),
    "at": INSTANT,
    "template": pl.String(),
    "rule": pl.String(),
    "order": pl.UInt32(),
}
ALREADY, NOT_IN_ONE, UNKNOWN, ONCE, AGAIN = (
    "in a sequence already",
    "in no sequence",
    "no such sequence",
    "enrolled once",
    "enrolled too recently",
)


@dataclass(frozen=True, slots=True)
class Enrolments:
    """What became of the wishes.

    `done`: lead_row, kind (enroll, move, stop), sequence, version, enrolled_at, template, rule. `waiting`: lead_row, kind,
    sequence, template, rule, since of every lead that waits after this run. `refused`: the wishes that do nothing, with
    `why`. `left`: lead_row, rule of the leads that were taken out of a sequence.
    """

    done: pl.DataFrame
    waiting: pl.DataFrame
    refused: pl.DataFrame
    left: pl.DataFrame
    actions: pl.DataFrame
    changes: tuple[pl.DataFrame, ...]


def refusals(tick: Tick, ended: pl.Series, wishes: pl.DataFrame) -> pl.Series:
    """Why each wish would do nothing, in order; blank for one that would. `ended`: the leads taken out in this run."""
    return _judged(tick, ended, wishes)["why"]


def enrol(tick: Tick, ended: pl.Series, wishes: pl.DataFrame) -> Enrolments:
    """Let in whom the limits let in. `ended`: the leads that `progress` took out of their sequence."""
    if not wishes.height and not len(tick.leads.filled("seq_wait")):
        return _nobody()
    judged = _judged(tick, ended, wishes)
    wanted = judged.filter(pl.col("why").is_null())
    stops = wanted.filter(pl.col("kind") == "stop").with_columns(
        sequence=pl.coalesce("current", "seq_wait"), template=pl.lit(None, dtype=pl.String)
    )
    waiters, gone = _waiters(tick, ended, wanted)
    waiters, out = _exited(tick, waiters)
    entering = pl.concat([wanted.filter(pl.col("kind") != "stop"), waiters], how="diagonal")
    is_in = _let_in(tick, entering)
    enters = _entering(tick, entering.filter(is_in))
    waiting = entering.filter(~is_in)
    done = pl.concat([stops, enters], how="diagonal").select(_DONE)
    left = pl.concat([stops, enters], how="diagonal").filter(pl.col("current").is_not_null()).select("lead_row", "rule")
    return Enrolments(
        done=done,
        waiting=waiting.select("lead_row", "kind", "sequence", "template", "rule", "since"),
        refused=judged.filter(pl.col("why").is_not_null()).select(*WISH_COLUMNS, "why"),
        left=left,
        actions=_actions(done, waiting, judged, out),
        changes=(
            _emptied(stops),
            *_entered(tick, enters),
            _no_wait(pl.concat([stops["lead_row"], enters["lead_row"], gone, out["lead_row"]])),
            _wait(waiting),
        ),
    )


def _nobody() -> Enrolments:
    """Nobody wished for anything, and nobody waits."""
    gone = pl.DataFrame(schema=_WISHED)
    waiting = gone.select("lead_row", "kind", "sequence", "template", "rule", "since")
    actions = pl.DataFrame(schema=dict(ACTION_COLUMNS))
    return Enrolments(
        gone.select(_DONE), waiting, gone.select(*WISH_COLUMNS, "why"), gone.select("lead_row", "rule"), actions, ()
    )


# -- wishes ---------------------------------------------------------------------------------------------------------


def _now(tick: Tick, ended: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """Where each lead of `rows` is, after exits and finishes, and what it waits for."""
    table = tick.leads.at(
        rows, {name: LEAD_COLUMNS[name] for name in ("created", "key", "sequence", "enrolled_at", *WAIT)}
    )
    table = table.insert_column(0, rows.cast(pl.UInt32).alias("lead_row"))
    out = table["lead_row"].is_in(ended.implode())
    return table.with_columns(current=pl.when(~out).then("sequence")).drop("sequence")


def _judged(tick: Tick, ended: pl.Series, wishes: pl.DataFrame) -> pl.DataFrame:
    """The wishes with where their leads are, and why they would do nothing."""
    here = _now(tick, ended, wishes["lead_row"].unique())
    table = wishes.select(*WISH_COLUMNS).join(here, on="lead_row", how="left", maintain_order="left")
    table = table.with_columns(since=pl.lit(tick.as_of, dtype=INSTANT), at=pl.col("at").fill_null(tick.as_of))
    kind, current, target = pl.col("kind"), pl.col("current"), pl.col("sequence")
    names = [one.name for one in tick.ruleset.sequences]
    why = (
        pl.when((kind == "stop") & current.is_null() & pl.col("seq_wait").is_null())
        .then(pl.lit(NOT_IN_ONE))
        .when(kind == "stop")
        .then(pl.lit(None, dtype=pl.String))
        .when(target.is_null() | ~target.is_in(names))
        .then(pl.lit(UNKNOWN))
        .when(current.is_not_null() & ((kind == "enroll") | (current == target)))
        .then(pl.lit(ALREADY))
        .otherwise(pl.lit(None, dtype=pl.String))
    )
    table = table.with_columns(why=why)
    for sequence in tick.ruleset.sequences:
        table = table.with_columns(why=_too_soon(tick, sequence, table))
    return table


def _too_soon(tick: Tick, sequence: Sequence, table: pl.DataFrame) -> pl.Series:
    """`why`, with the limits of re-entry of one sequence."""
    memory = f"enrolled:{sequence.name}"
    if memory not in tick.leads or not (sequence.once or sequence.again_after):
        return table["why"]
    last = tick.leads.gather(memory, table["lead_row"])
    enters = (table["kind"] != "stop") & (table["sequence"] == sequence.name).fill_null(value=False)
    again = last.is_not_null()
    if sequence.again_after is not None:
        again = shifted(tick.calendar, last, sequence.again_after) > tick.as_of
    why = ONCE if sequence.once else AGAIN
    refused = enters & again.fill_null(value=False) & table["why"].is_null()
    return table.select(pl.when(refused).then(pl.lit(why)).otherwise("why").alias("why")).to_series()


def _waiters(tick: Tick, ended: pl.Series, wanted: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The leads that wait from earlier runs, as wishes; and those that went elsewhere and wait no longer.

    A lead that waits to move waits in its sequence. One that is in a sequence it entered since went elsewhere.
    """
    waits = _now(tick, ended, tick.leads.filled("seq_wait"))
    waits = waits.join(wanted, on="lead_row", how="anti", maintain_order="left")
    entered = pl.when(pl.col("current").is_not_null()).then("enrolled_at")
    stayed = entered.is_null() | (entered <= pl.col("seq_wait_since"))
    known = pl.col("seq_wait").is_in([one.name for one in tick.ruleset.sequences])
    still = (stayed & known).fill_null(value=False)
    rows = waits.filter(still).with_columns(
        kind=pl.lit("move"),
        sequence="seq_wait",
        at=pl.lit(tick.as_of, dtype=INSTANT),
        template="seq_wait_template",
        rule="seq_wait_rule",
        since="seq_wait_since",
    )
    return rows, waits.filter(~still)["lead_row"]


def _exited(tick: Tick, waiters: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Those who still wait; and, with why, those whom an exit would take out again as soon as they are in."""
    every = tuple(one.condition for one in tick.ruleset.exits)
    ways = [(f"sequence.{one.name}.exit", one.name, one.exits) for one in _of(tick, waiters)]
    ways += [(EXIT_ALL, one.name, every) for one in _of(tick, waiters)]
    facts = _as_if_in(tick, waiters, [condition for *_, conditions in ways for condition in conditions])
    why = pl.repeat(None, waiters.height, dtype=pl.String, eager=True)
    for rule, name, conditions in ways:
        rows = rows_where(why.is_null() & (waiters["sequence"] == name))
        if len(rows) and conditions:
            asked = {str(number): condition for number, condition in enumerate(conditions)}
            found = facts.values(asked, rows=waiters["lead_row"][rows]).values()
            holds = reduce(or_, [values.fill_null(value=False) for values in found])
            why = why.scatter(rows.filter(holds), rule)
    judged = waiters.with_columns(why=why)
    return waiters.filter(why.is_null()), judged.filter(why.is_not_null())


def _as_if_in(tick: Tick, waiters: pl.DataFrame, asked: list[Expr]) -> Facts:
    """The facts as they would be if those who wait came in now: nothing has happened `since enrolled_at`."""
    names = always_in(asked, tick.ruleset) & {"enrolled_at", "sequence", "step"}
    if not waiters.height or not names:
        return tick.facts
    begun = waiters.select(
        "lead_row", "sequence", enrolled_at=pl.lit(tick.as_of, dtype=INSTANT), step=pl.lit(None, pl.Int32)
    )
    inputs = inputs_of(with_changes(tick.leads, [begun.select("lead_row", *sorted(names))]), names)
    return tick.facts.after({column.name: column for column in inputs}, asked)


# -- limits ---------------------------------------------------------------------------------------------------------


def _let_in(tick: Tick, entering: pl.DataFrame) -> pl.Series:
    """Whether each may enter today: the first by created, then key, up to what is left of the day."""
    table = entering.with_row_index("place")
    result = pl.repeat(True, entering.height, eager=True, dtype=pl.Boolean)
    for sequence in tick.ruleset.sequences:
        if sequence.per_day is None:
            continue
        left = max(sequence.per_day - _entered_today(tick, sequence), 0)
        order = table.filter(pl.col("sequence") == sequence.name).sort("created", "key", nulls_last=True)
        late = order["place"].slice(left)
        result = result.scatter(late, values=False) if late.len() else result
    return result


def _entered_today(tick: Tick, sequence: Sequence) -> int:
    """How many entered on this calendar day, also of leads that are not in this run's input."""
    when, often = _entry_columns(sequence)
    known = tick.state.leads
    rows = known.filled(when)
    today = rows.filter(same_day(tick.calendar, known.gather(when, rows, INSTANT), tick.as_of))
    return int(known.gather(often, today, pl.Int32()).sum())


def _entry_columns(sequence: Sequence) -> tuple[str, str]:
    return f"entered:{sequence.name}", f"entries:{sequence.name}"


# -- what comes of it -----------------------------------------------------------------------------------------------

_DONE = ("lead_row", "kind", "sequence", "version", "enrolled_at", "template", "rule")
_WISHED = {**WISH_COLUMNS, "version": pl.Int32(), "enrolled_at": INSTANT, "since": INSTANT, "why": pl.String()}


def _entering(tick: Tick, enters: pl.DataFrame) -> pl.DataFrame:
    """Those who enter: a `move` of a lead that is in no sequence enrols it."""
    numbers = {one.name: number_of(tick, one)[0] for one in _of(tick, enters)}
    kind = pl.when(pl.col("current").is_null()).then(pl.lit("enroll")).otherwise(pl.lit("move"))
    version = pl.col("sequence").replace_strict(numbers, default=None, return_dtype=pl.Int32)
    return enters.with_columns(kind=kind, version=version, enrolled_at="at")


def _of(tick: Tick, rows: pl.DataFrame) -> list[Sequence]:
    """The sequences that rows name, in the order of their declaration."""
    names = set(rows["sequence"])
    return [one for one in tick.ruleset.sequences if one.name in names]


def _emptied(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("lead_row", *(pl.lit(None, dtype=kind).alias(name) for name, kind in RIDE.items()))


def _entered(tick: Tick, enters: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """What the state remembers of those who enter."""
    nothing = pl.duration(microseconds=0).cast(pl.Duration("us"))
    begun = _emptied(enters).with_columns(
        enters["sequence"],
        enters["version"],
        enters["enrolled_at"],
        enters["template"].alias("seq_template"),
        seq_shift=nothing,
    )
    each = [_memory(tick, one, enters.filter(pl.col("sequence") == one.name)) for one in _of(tick, enters)]
    return (begun, *each)


def _memory(tick: Tick, sequence: Sequence, enters: pl.DataFrame) -> pl.DataFrame:
    last = pl.col("enrolled_at").alias(f"enrolled:{sequence.name}")
    if sequence.per_day is None:
        return enters.select("lead_row", last)
    when, often = _entry_columns(sequence)
    before = pl.lit(0, dtype=pl.Int32)
    if when in tick.leads and often in tick.leads:
        rows = enters["lead_row"]
        today = same_day(tick.calendar, tick.leads.gather(when, rows), tick.as_of)
        counted = tick.leads.gather(often, rows).fill_null(0)
        before = pl.when(pl.lit(today)).then(pl.lit(counted)).otherwise(0)
    entered = pl.lit(tick.as_of, dtype=INSTANT).alias(when)
    return enters.select("lead_row", last, entered, (before + 1).cast(pl.Int32).alias(often))


def _no_wait(leads: pl.Series) -> pl.DataFrame:
    return (
        leads.alias("lead_row")
        .to_frame()
        .with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in WAIT.items())
    )


def _wait(waiting: pl.DataFrame) -> pl.DataFrame:
    parts = dict(zip(WAIT, ("sequence", "since", "template", "rule"), strict=True))
    return waiting.select("lead_row", *(pl.col(part).alias(name) for name, part in parts.items()))


def _actions(done: pl.DataFrame, waiting: pl.DataFrame, judged: pl.DataFrame, out: pl.DataFrame) -> pl.DataFrame:
    """What was done, what a limit forbids, and what an exit forestalls."""
    limited = judged.filter(pl.col("why").is_in([ONCE, AGAIN]))
    kind = pl.when(pl.col("current").is_null()).then(pl.lit("enroll")).otherwise(pl.lit("move"))
    over = pl.concat([waiting, limited], how="diagonal").with_columns(kind=kind, reason=pl.lit(LIMIT))
    lost = out.with_columns(kind=kind, reason=LOST + pl.col("why")).drop("why")
    rows = pl.concat([done, over, lost], how="diagonal").with_columns(
        what=pl.lit("sequence"), value="sequence", order=pl.lit(ENTERING)
    )
    blank = {"due": pl.lit(None, dtype=INSTANT), "auto": pl.lit(None, dtype=pl.Boolean)}
    return rows.with_columns(**blank).select(pl.col(name).cast(kind) for name, kind in ACTION_COLUMNS.items())
