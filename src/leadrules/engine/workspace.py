"""The leads under evaluation: their inputs, what is worked out so far, and where each leaf of an expression stands.

In: a ruleset, leads, events, a context. Out: series in lead order. Columns bear the names of lead fields; `=NAME` is a
definition, `>NAME` when its label was entered, `#3` an aggregate, `?3` whether it happened, `%name` a bucket, `@...` an
input. Knows no kind of definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from leadrules.core.functions import Context
from leadrules.core.functions.columnar import as_instant, dtype, fold_column, local_day
from leadrules.core.types import DATE, DATETIME, NUMBER, TEXT, Type
from leadrules.engine.events import MOMENT, Asked, EventPass, kinds_of
from leadrules.engine.lowering import Lowering, literal
from leadrules.engine.needs import leaves
from leadrules.engine.parts import stacked
from leadrules.engine.table import Leaf, Table
from leadrules.ruleset.model import Active, Band, Duration, Each, EventFilter, Expr, Ruleset, Stages
from leadrules.ruleset.walk import counted

_HOURS = {"hours": 1, "days": 24, "weeks": 168}
MICROSECOND = pl.duration(microseconds=1)


class Workspace:
    """What one evaluation knows. Definitions and aggregates are added as they are worked out."""

    def __init__(
        self,
        ruleset: Ruleset,
        leads: pl.DataFrame,
        events: pl.DataFrame,
        context: Context,
        teams: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.ruleset = ruleset
        self.context = context
        self.height = leads.height
        self.inputs = leads
        self._lower = Lowering(ruleset, context, teams)
        self._teams = teams
        self._table = Table(leads, self._leaf, self._lower)
        self._since: dict[str, pl.Series | pl.Expr] = {}
        self._pass = EventPass(
            events, leads.height, kinds_of(ruleset), _Times(context), self._lower, self._lead_place, fold_column
        )  # fmt: skip

    def with_inputs(self, inputs: Mapping[str, pl.Series]) -> Workspace:
        """The same with other inputs; what was worked out stays until it is worked out again."""
        other = Workspace(
            self.ruleset, self.inputs.with_columns(**inputs), self._pass.events, self.context, self._teams
        )
        other._table.add(self._known())
        other._table.share(self._table, inputs)
        return other

    def take(self, parts: Sequence[Workspace]) -> None:
        """What was worked out on all leads, one part of them after the other."""
        self._table.add(stacked([pl.DataFrame(part._known()) for part in parts]))
        for part in parts:
            part._let_go()

    def _let_go(self) -> None:
        """Hold nothing any more: a workspace and its table know each other, so its columns would stay until somebody looks."""
        self._table.frame, self._pass.events = self._table.frame.clear(), self._pass.events.clear()

    def _known(self) -> list[pl.Series]:
        """What was worked out: definitions and aggregates."""
        columns = self._table.frame.get_columns()
        return [c for c in columns if c.name[:1] in "=>#?" and c.name not in self.inputs.columns]

    # -- what is known ----------------------------------------------------------------------------------------------

    def evaluate(
        self,
        wanted: Mapping[str, Expr],
        rep: Mapping[str, object] | None = None,
        rows: pl.Series | None = None,
    ) -> dict[str, pl.Series]:
        """Expressions over the leads, or over these rows of them."""
        if rep is None and rows is None:
            return self._table.evaluate(wanted)
        if rep is None and rows is not None and len(rows) > self.height / 2:
            # What is known of the columns of all leads is worth more than the few that are left out.
            return {name: column[rows] for name, column in self._table.evaluate(wanted).items()}

        def leaf(expression: Expr) -> pl.Expr | str | None:
            if expression.op == "rep_field" and rep is not None:
                return literal(rep.get(str(expression.value)), expression.type)
            return self._leaf(expression)

        # What is made for whoever asks is a column of all leads: it must be there before some of them are taken.
        for part in (part for one in wanted.values() for part in leaves(one) if part.op in ("bucket", "aggregate")):
            self._leaf(part)
        frame = self._table.frame
        if rows is not None:
            frame = self._read_by(wanted.values(), leaf)[rows]
        return Table(frame, leaf, self._lower).evaluate(wanted)

    def _read_by(self, expressions: Iterable[Expr], leaf: Leaf) -> pl.DataFrame:
        """The columns that expressions read, and one for the height: to take rows of a hundred columns is not free."""
        frame = self._table.frame
        probe = Table(frame.clear(), leaf, self._lower)
        names = frozenset[str]().union(*(probe.sources(one) for one in expressions))
        return frame.select([name for name in frame.columns if name in names] or frame.columns[:1])

    def definition(self, name: str) -> pl.Series:
        """A definition that is worked out."""
        return self._table.frame.get_column(f"={name}")

    def definitions(self, names: Iterable[str]) -> pl.DataFrame:
        """Definitions under their own names."""
        return self._table.frame.select(pl.col(f"={name}").alias(name) for name in names)

    def add_definition(self, name: str, values: pl.Series, *, is_stages: bool) -> None:
        """A definition, worked out; `@since` of what is none of these stages is of newer ones of that name."""
        self._table.add([values.alias(f"={name}")])
        if is_stages and f"@since:{name}" in self.inputs.columns:
            self._table.add([self._entered(name, values).alias(f">{name}")])

    def _entered(self, name: str, label: pl.Series) -> pl.Series:
        """When each lead entered the label it has now: remembered where it had it before, else this instant."""
        before = self.column(Expr("previous", TEXT, value=name))
        now = literal(self.context.as_of, DATETIME)
        stays = pl.col("label") == pl.col("before")
        since = pl.when(stays & pl.col("since").is_not_null()).then("since").otherwise(now)
        frame = pl.DataFrame(
            [label.alias("label"), before.alias("before"), self.inputs[f"@since:{name}"].alias("since")]
        )
        return frame.select(pl.when(pl.col("label").is_not_null()).then(since).cast(MOMENT)).to_series()

    def asked_aggregate(self, number: int) -> Asked:
        """An aggregate as a question to the events."""
        one = self.ruleset.aggregates[number]
        return self.asked(one.function, one.filter, field=one.field, type=one.type)

    def add_aggregate(self, number: int, answers: Mapping[str, pl.Series]) -> None:
        """An aggregate, worked out. Of most counts rules ask only whether there is any: their numbers are not kept."""
        name, values = f"#{number}", answers[self.asked_aggregate(number).key]
        if self.ruleset.aggregates[number].function != "count":
            self._table.add([values.alias(name)])
            return
        self._table.add([(values > 0).alias(f"?{number}")])
        if number in counted(self.ruleset) or name in self._table.frame.columns:
            self._table.add([values.cast(pl.Float64).alias(name)])

    def _number(self, number: int) -> str:
        """The column of an aggregate's number; that of a count which no rule reads is made for whoever asks."""
        name = f"#{number}"
        if name not in self._table.frame.columns:
            asked = self.asked_aggregate(number)
            self._table.add([self.ask([asked])[asked.key].cast(pl.Float64).alias(name)])
        return name

    def work_out_again(self, numbers: Iterable[int]) -> None:
        """Aggregates, on the inputs as they are now; each after those that it looks at."""
        for number in numbers:
            self.add_aggregate(number, self.ask([self.asked_aggregate(number)]))

    def settle(self) -> None:
        """Let go of what was only needed on the way."""
        self._table.forget()
        self._since.clear()

    def previous(self, definition: Band | Stages) -> pl.Series:
        """The label before this run: of the state, else of the lead's field of that name."""
        return self.column(Expr("previous", TEXT, value=definition.name))

    def column(self, leaf: Expr) -> pl.Series:
        """A leaf as a series."""
        place = self._lead_place(leaf)
        if isinstance(place, pl.Series):
            return place
        return self._table.select({"leaf": place})["leaf"]

    def exists(self, active: Active | None) -> bool:
        """Whether a line with `from` and `until` exists on the day of `as of`."""
        if active is None or self.context.as_of is None:
            return True
        today = self.context.calendar.day_of(self.context.as_of).isoformat()
        return (active.start is None or active.start <= today) and (active.end is None or today <= active.end)

    # -- events -----------------------------------------------------------------------------------------------------

    def asked(
        self,
        what: str,
        selection: EventFilter,
        *,
        field: str | None = None,
        type: Type = NUMBER,
        each: Each | None = None,
        points: Expr | None = None,
    ) -> Asked:
        """A question to the events, its lower limit and its points worked out per lead. Equal questions have equal keys."""
        key = f"{what} {field} {selection!r} {each!r} {points!r}"
        return Asked(key, what, selection, field, type, self._since_of(selection), self._points(points), each)

    def ask(self, asked: Iterable[Asked]) -> dict[str, pl.Series]:
        """The answers of the events by the questions' keys; equal questions are asked once."""
        return self._pass.answer(list({one.key: one for one in asked}.values()))

    def matching(self, selection: EventFilter) -> pl.DataFrame:
        """The events that a filter lets through."""
        return self._pass.matching(selection, self._since_of(selection))

    def _since_of(self, selection: EventFilter) -> pl.Series | pl.Expr | None:
        """The instant that the filter's events are after; of a date, its last microsecond."""
        if selection.since is None:
            return None
        key = repr(selection.since)
        if key not in self._since:
            self._since[key] = self._instant(selection.since)
        return self._since[key]

    def _instant(self, since: Expr) -> pl.Series | pl.Expr:
        if since.op == "latest":
            limits = [
                limit if isinstance(limit, pl.Expr) else pl.lit(limit) for limit in map(self._instant, since.args)
            ]
            return self._table.select({"since": pl.max_horizontal(limits)})["since"]
        if since.op == "const" and since.type.kind == "datetime":
            return literal(since.value, DATETIME)
        value = self._table.evaluate({"since": since})["since"]
        if since.type.kind == "date":
            next_day = pl.lit(value).dt.offset_by("1d")
            value = pl.select(as_instant(self.context.calendar, next_day, DATE) - MICROSECOND).to_series()
        return value.cast(MOMENT)

    def _points(self, points: Expr | None) -> pl.Series | float:
        if points is None:
            return 0.0
        if points.op == "const":
            return float(points.value or 0)
        return self._table.evaluate({"points": points})["points"].fill_null(0.0)

    # -- leaves -----------------------------------------------------------------------------------------------------

    def _lead_place(self, leaf: Expr) -> pl.Series | pl.Expr:
        found = pl.col("@key") if leaf.op == "key" else self._leaf(leaf)
        assert found is not None, leaf
        if isinstance(found, str):
            return self._table.frame.get_column(found)
        return self._table.frame.get_column("@key") if leaf.op == "key" else found

    def _leaf(self, expression: Expr) -> pl.Expr | str | None:
        op, value = expression.op, str(expression.value)
        match op:
            case "const":
                return literal(expression.value, expression.type)
            case "field":
                return self._column(value, expression.type)
            case "name":
                return f"={value}"
            case "aggregate":
                return self._number(int(value))
            case "did":
                return f"?{value}"
            case "previous":
                return self._before(value)
            case "since_of":
                return self._column(f">{value}", DATETIME)
            case "always":
                return self._always(value, expression.type)
            case "bucket":
                return self._bucket(expression)
        return None

    def _column(self, name: str, type_: Type) -> pl.Expr | str:
        return name if name in self._table.frame.columns else pl.lit(None, dtype=dtype(type_))

    def _before(self, name: str) -> pl.Expr | str:
        if f"@previous:{name}" in self.inputs.columns:
            return f"@previous:{name}"
        field = next((d.previous_field for d in self.ruleset.definitions
                      if isinstance(d, Band | Stages) and d.name == name), None)  # fmt: skip
        return self._column(field, TEXT) if field is not None else pl.lit(None, dtype=pl.String)

    def _always(self, name: str, type_: Type) -> pl.Expr | str:
        as_of = self.context.as_of
        if name == "now":
            return literal(as_of, DATETIME)
        if name == "today":
            return literal(None if as_of is None else self.context.calendar.day_of(as_of), DATE)
        return self._column(f"@{name}", type_)

    def _bucket(self, expression: Expr) -> str:
        name = f"%{expression.value}"
        if name not in self._table.frame.columns:
            values = self._table.select({name: self._lower.bucket(expression, pl.col("@key"))})
            self._table.add(values.values())
        return name


class _Times:
    """The calendar as the pass over the events asks it: each cut-off is worked out once."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def as_of(self) -> pl.Expr | None:
        """The instant that no event may be after."""
        return None if self._context.as_of is None else literal(self._context.as_of, DATETIME)

    def moment_before(self, length: Duration) -> pl.Expr | None:
        """`as of` less a length; None where that leaves the calendar."""
        as_of = self._context.as_of
        moment = None if as_of is None else self._context.calendar.shift(as_of, -length.count, length.unit)
        return None if moment is None else literal(moment, DATETIME)

    def exact(self, length: Duration) -> int:
        """A halving time in microseconds."""
        return length.count * _HOURS[length.unit] * 3_600_000_000

    def day_of(self, moment: pl.Expr) -> pl.Expr:
        """The calendar day of moments in the project's zone."""
        return local_day(self._context.calendar, moment, DATETIME)
