"""The decisions of a run, in the order of the contract: exits and finishes of sequences, triggers, `on finish`, routes,
enrolments, due steps, asserts.

In: a tick, the labels and late events of the run. Out: `Decided`: actions done and withheld, and the leads as they are then.
Writes nothing and stops nothing: asserts and guards that are broken are told of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

import polars as pl

from leadrules.core.functions.columnar import fold_series, only, rows_where
from leadrules.core.records import dataclass
from leadrules.lifecycle.aside import aside
from leadrules.lifecycle.cadence.enrolment import Enrolments, enrol, refusals
from leadrules.lifecycle.cadence.sequences import Due, Progress, due, progress
from leadrules.lifecycle.cadence.steps import PIN
from leadrules.lifecycle.cadence.versions import new_versions
from leadrules.lifecycle.edits import Edits
from leadrules.lifecycle.eras import known_as
from leadrules.lifecycle.facts import Facts
from leadrules.lifecycle.labels import Labels
from leadrules.lifecycle.late import Late
from leadrules.lifecycle.lead_columns import Column, LeadColumns, whole
from leadrules.lifecycle.model import ACTION_COLUMNS, BY_TRIGGER, INSTANT, Tick
from leadrules.lifecycle.moves.actions import Desk
from leadrules.lifecycle.moves.after import with_changes, with_owners
from leadrules.lifecycle.moves.proposals import FIELDS, OWNERS, WISHES, Doer, together
from leadrules.lifecycle.moves.slots import OWNER, field_slot
from leadrules.lifecycle.moves.triggers import Tried, memory, set_offs
from leadrules.lifecycle.record import INPUTS, as_held, inputs_of
from leadrules.lifecycle.routes.overdue import overdue
from leadrules.lifecycle.routes.routing import Holding, Router
from leadrules.project.model import QUEUE_PREFIX
from leadrules.ruleset.model import Assert, Duration, EventFilter, On, Route, Ruleset, Trigger
from leadrules.ruleset.walk import always_in

TRIGGERS, ROUTES = 5000, 7500  # where in the order of a lead's actions those of triggers and of routes stand
OWNERS_BY: Mapping[str, pl.DataType] = {**OWNERS, "by": pl.String()}


@dataclass(frozen=True, slots=True)
class Broken:
    """An assert, and the rows of the leads that break it."""

    promise: Assert
    lead_rows: pl.Series


@dataclass(frozen=True, slots=True)
class Decided:
    """What a run decided. `table` is `Tick.leads` after it.

    `actions` (ACTION_COLUMNS) are in the order of leads, then of rules; `fields` are the values given (FIELDS). `routes`
    has for each route the rule that took each lead; `fields_before`, the fields that routes fill. `fired` counts leads per trigger and route rule.
    """

    tick: Tick
    labels: Labels
    table: LeadColumns
    actions: pl.DataFrame
    fields: pl.DataFrame
    fields_before: Mapping[str, pl.Series]
    routes: Mapping[str, pl.Series]
    fired: Mapping[str, int]
    fired_triggers: Mapping[str, pl.Series]
    router: Router
    versions: pl.DataFrame
    broken: tuple[Broken, ...]

    @property
    def facts(self) -> Facts:
        """What is so of the leads, seen with owner and sequence as they are after the run."""
        return self.tick.facts.after(inputs_after(self.table))

    def field_after(self, name: str) -> pl.Series:
        """A field that routes fill, with what this run gave."""
        return _given(self.fields_before[name], self.fields, name)

    @property
    def done(self) -> pl.DataFrame:
        """The actions that are done."""
        return self.actions.filter(pl.col("reason").is_null())

    @property
    def withheld(self) -> pl.DataFrame:
        """Those that are not, each with its reason."""
        return self.actions.filter(pl.col("reason").is_not_null())


@dataclass(frozen=True, slots=True)
class Ears:
    """What the phases of a run found that triggers listen to."""

    tick: Tick
    labels: Labels
    late: Late
    edits: Edits | None
    progress: Callable[[], Progress]
    router: Router

    def events(self, selection: EventFilter, *, backfill: bool) -> pl.DataFrame:
        """The events of a filter that are new to this run."""
        return self.late.fresh(self.tick.facts.matching(selection), backfill=backfill).select("lead_row", "at")

    def changed(self, on: On) -> pl.Series:
        """Which leads entered or left."""
        return self.labels.changed(on)

    def finished(self, sequence: str) -> pl.Series:
        """Which leads finished a sequence."""
        return self.progress().finished.filter(pl.col("sequence") == sequence)["lead_row"]

    def overdue(self, route: str) -> pl.DataFrame:
        """Which leads of a route are overdue."""
        return overdue(self.tick, route)

    def edited(self, trigger: Trigger) -> pl.Series | None:
        """Which leads did not meet the condition as it was before the rules were edited."""
        if self.edits is None:
            return None
        return ~self.tick.leads["is_new"] & self.edits.unmet(trigger, self.tick.leads.height)

    def news(self, trigger: Trigger) -> pl.Series | None:
        """The first `as of` of a trigger that leads which come back were never seen with; None: there are no such leads."""
        found: pl.Series | None = None
        for era in self.tick.eras:
            if (since := era.came.get(known_as(trigger))) is not None:
                began = pl.Series([since], dtype=INSTANT).new_from_index(0, len(era.leads))
                found = only(began, era.leads) if found is None else began.zip_with(era.leads, found)
        return found


@dataclass(frozen=True, slots=True)
class _Gate:
    """What actions ask of the sequences."""

    tick: Tick
    ended: pl.Series

    def refusals(self, wishes: pl.DataFrame) -> pl.Series:
        """Why each wish would come to nothing."""
        return refusals(self.tick, self.ended, wishes)


class _Counter:
    """What actions ask of the routes; remembers which rule took which lead."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self.respond_by = router.respond_by
        self.record = router.record
        self.taken: list[tuple[str, pl.DataFrame]] = []

    def hand_over(
        self,
        route: str,
        lead_rows: pl.Series,
        *,
        exclude_past_owners: bool = False,
        at: pl.Series | None = None,
        respond_within: Duration | None = None,
    ) -> pl.DataFrame:
        """What a route makes of leads that a rule hands it."""
        found = self._router.hand_over(
            route, lead_rows, exclude_past_owners=exclude_past_owners, at=at, respond_within=respond_within
        )
        self.taken.append((route, found.select("lead_row", "place")))
        return found


def decide(
    tick: Tick,
    labels: Callable[[], Labels],
    late: Late,
    edits: Edits | None = None,
    record: pl.DataFrame | None = None,
    *,
    watched: Iterable[int] = (),
) -> Decided:
    """Everything that a run decides. `record`: the leads as the input has them, before what the state knows better.

    The labels are asked for while what looks at none is under way. Of `watched` leads the router remembers every rep that
    was looked at.
    """
    return _Decision(tick, labels, late, edits, record, watched=watched).decided()


class _Decision:
    """One run under way: each phase leaves what the next ones need."""

    def __init__(
        self,
        tick: Tick,
        labels: Callable[[], Labels],
        late: Late,
        edits: Edits | None,
        record: pl.DataFrame | None,
        *,
        watched: Iterable[int],
    ) -> None:
        self.tick, self.record = tick, record
        coming = aside(partial(progress, tick), tick.leads.height)
        self.labels = labels()
        self.router = Router(tick, watched)
        ears = Ears(tick, self.labels, late, edits, coming, self.router)
        self.set_offs = set_offs(tick, ears)
        self.progress = coming()
        self.ended = self.progress.left()
        self.counter = _Counter(self.router)
        out = pl.repeat(None, len(self.ended), dtype=pl.String, eager=True)
        now = tick.leads.put("sequence", self.ended, out)
        self.desk = Desk(tick, self.counter, _Gate(tick, self.ended), now, TRIGGERS)
        self.fired: dict[str, pl.Series] = {}
        self.memory: list[Column] = []

    def decided(self) -> Decided:
        """The phases in their order; a baseline remembers how everything is, and does nothing."""
        self._run_triggers()
        if self.tick.baseline:
            routed = self._nobody_routed()
            table, versions = self._table([self.progress.pins], routed), new_versions(self.tick, self.progress.pinned)
            return self._result([], table, routed, versions)
        self._run_finishes()
        made = self.desk.made
        moves = aside(partial(self._run_sequences, list(made.wishes), list(made.actions)), self.tick.leads.height)
        routed = self._run_routes()
        entered, out = moves()
        rows = [self.progress.actions, *made.actions, *routed.actions, entered.actions, out.actions]
        table = self._table([*self.progress.changes, *entered.changes, *out.changes], routed)
        return self._result(rows, table, routed, out.versions)

    def _result(self, rows: list[pl.DataFrame], table: LeadColumns, routed: _Routed, versions: pl.DataFrame) -> Decided:
        broken = aside(lambda: tuple(broken_asserts(self.tick.ruleset, self.tick.facts, table)), table.height)
        return Decided(
            tick=self.tick,
            labels=self.labels,
            table=table,
            actions=together(rows, ACTION_COLUMNS).sort("lead_row", "order", maintain_order=True),
            fields=together([*self.desk.made.fields, *routed.fields], FIELDS),
            fields_before={name: self.desk.field_now(name).cast(pl.String) for name in self._filled()},
            routes={route.name: routed.named(route) for route in self.tick.ruleset.routes},
            fired=self._counts(routed),
            fired_triggers=self.fired,
            router=self.router,
            versions=versions,
            broken=broken(),
        )

    # -- triggers and finishes --------------------------------------------------------------------------------------

    def _run_triggers(self) -> None:
        for one in self.set_offs:
            trigger = one.trigger
            doer = Doer(f"trigger.{trigger.name}", trigger.actions, trigger.respond_within)
            done = self.desk.perform(doer, one.leads)
            self.fired[trigger.name] = done.fired
            self.memory += memory(self.tick, one, Tried(done.fired, done.settled))

    def _run_finishes(self) -> None:
        """`on finish` of what finished, by the version that the lead was in."""
        nothing = pl.lit(None, dtype=INSTANT).alias("at")
        finished = self.progress.finished.sort("sequence", "version", "lead_row")
        for (name, version), group in finished.partition_by(*PIN, as_dict=True, maintain_order=True).items():
            plan = self.progress.plans[str(name), version]
            self.desk.perform(Doer(f"sequence.{name}.finish", plan.on_finish), group.select("lead_row", nothing))

    def _run_sequences(self, wishes: list[pl.DataFrame], actions: list[pl.DataFrame]) -> tuple[Enrolments, Due]:
        """Enrolments and due steps, which look at what triggers and finishes did, and at nothing of the routes."""
        entered = enrol(self.tick, self.ended, together(wishes, WISHES))
        sends = together(actions, ACTION_COLUMNS).filter(pl.col("auto") & pl.col("reason").is_null())
        return entered, due(self.tick, self.progress, entered, sends.select("lead_row", "kind"))

    # -- routes -----------------------------------------------------------------------------------------------------

    def _run_routes(self) -> _Routed:
        tick, slots = self.tick, self.desk.slots
        given = together(self.desk.made.owners, OWNERS)
        owner_now = whole(tick.leads.put("owner", given["lead_row"], given["owner"]))
        found = self.router.always_on(owner_now, slots.is_taken(OWNER), self._holdings())
        routed = self._nobody_routed()
        routed.owners.append(given.with_columns(pl.lit(BY_TRIGGER).alias("by")))
        routes = {route.name: route for route in tick.ruleset.routes}
        for name, rows in self.counter.taken:
            routed.note(routes[name], rows)
        # A lead that a trigger's deal left where it is may be dealt once more: what counts is what became of it.
        for position, route in enumerate(tick.ruleset.routes):
            if route.name in found:
                looked = found[route.name]
                routed.note(route, looked.kept)
                routed.note(route, looked.dealt)
                self._take(route, looked.dealt, ROUTES + position, routed)
        return routed

    def _nobody_routed(self) -> _Routed:
        nobody = pl.Series([None], dtype=pl.UInt32).new_from_index(0, self.tick.leads.height)
        return _Routed({route.name: nobody for route in self.tick.ruleset.routes}, [], [], [])

    def _holdings(self) -> dict[str, Holding]:
        """The fields that routes fill, where a trigger or an `on finish` has set them."""
        given = together(self.desk.made.fields, FIELDS)
        found: dict[str, Holding] = {}
        for field in self._filled():
            rows = given.filter(pl.col("field") == field)
            if rows.height:
                now = self.desk.field_now(field).cast(pl.String).clone().scatter(rows["lead_row"], rows["value"])
                found[field] = Holding(now, self.desk.slots.is_taken(field_slot(field)))
        return found

    def _filled(self) -> list[str]:
        """The fields that routes fill."""
        return list(dict.fromkeys(route.sets for route in self.tick.ruleset.routes if route.sets is not None))

    def _take(self, route: Route, found: pl.DataFrame, order: int, routed: _Routed) -> None:
        """What an always-on route gives its leads. To the owner that a lead has it is no action, and stamps `due_at`."""
        keeps = [rule.name for rule in route.rules if rule.target.kind == "keep"]
        given = found.filter(pl.col("owner").is_not_null() & ~pl.col("rule").is_in(keeps))
        what = OWNER if route.sets is None else route.sets
        before = self.desk.held_by(route.sets, given["lead_row"])
        given = given.with_columns(as_held(given["owner"], before))
        is_action = given["owner"].ne_missing(before)
        parts = {
            "order": pl.lit(order),
            "kind": pl.lit("assign"),
            "what": pl.lit(what),
            "value": pl.col("owner"),
            "due": pl.col("due_at"),
            "rule": pl.concat_str([pl.lit(f"route.{route.name}."), "rule"]),
        }
        rows = given.select(
            pl.col(name) if name == "lead_row" else parts.get(name, pl.lit(None)).cast(kind).alias(name)
            for name, kind in ACTION_COLUMNS.items()
        )
        routed.actions.append(rows.filter(is_action))
        if route.sets is not None:
            fields = rows.select("lead_row", field="what", value="value", rule="rule")
            routed.fields.append(fields.filter(is_action))
            return
        owners = rows.filter(is_action | rows["due"].is_not_null())
        by = {"route": pl.lit(route.name), "by": pl.lit("route")}
        routed.owners.append(
            owners.select("lead_row", owner="value", due_at="due", rule="rule", **by).select(list(OWNERS_BY))
        )

    # -- after ------------------------------------------------------------------------------------------------------

    def _table(self, changes: Iterable[pl.DataFrame], routed: _Routed) -> LeadColumns:
        tick, owners = self.tick, routed.owners
        table = with_changes(tick.leads, [with_owners(tick, together(owners, OWNERS_BY)), *changes])
        table = table.with_columns([*self.labels.columns, *self.memory])
        table = with_changes(table, self._field_changes(self.desk.made.fields, by=BY_TRIGGER))
        table = with_changes(table, self._field_changes(routed.fields, by="route"))
        table = with_changes(table, self._reassigned()).with_columns(self._held(routed))
        return table.with_columns([*self.router.accounts().drop("lead_row"), self.router.is_open.alias("open")])

    def _field_changes(self, given: list[pl.DataFrame], by: str) -> Iterable[pl.DataFrame]:
        """What was decided of fields, and what the record said then; a decision to blank one is the empty text."""
        filled = self._filled()
        for (name,), rows in together(given, FIELDS).partition_by("field", as_dict=True).items():
            if name in filled:
                yield rows.select("lead_row", pl.lit(self.tick.as_of, dtype=INSTANT).alias(f"at:{name}"))
            said = self.desk.said(str(name), self.record).gather(rows["lead_row"])
            yield rows.select(
                "lead_row", pl.col("value").fill_null("").alias(f"set:{name}"), said.alias(f"said:{name}")
            )
            is_queue = fold_series(rows["value"]).str.starts_with(QUEUE_PREFIX).fill_null(value=False)
            queued = only(rows["value"], is_queue & (by == BY_TRIGGER)).alias(f"queued:{name}")
            if queued.name in self.tick.leads or queued.is_not_null().any():
                yield pl.DataFrame([rows["lead_row"], queued])

    def _held(self, routed: _Routed) -> list[pl.Series]:
        """What the fields that routes fill hold after the run: the loads and accounts of leads while they are absent."""
        given = together([*self.desk.made.fields, *routed.fields], FIELDS)
        before = {name: self.desk.field_now(name).cast(pl.String) for name in self._filled()}
        return [_given(values, given, name).fill_null("").alias(f"held:{name}") for name, values in before.items()]

    def _reassigned(self) -> Iterable[pl.DataFrame]:
        for rule, rows in self.desk.made.reassigned.items():
            name = f"times:{rule.partition('.')[2]}"
            again = pl.concat(rows)
            times = self.tick.leads.gather(name, again, pl.Int32()).fill_null(0) + 1
            yield pl.DataFrame([again.alias("lead_row"), times.cast(pl.Int32).alias(name)])

    def _counts(self, routed: _Routed) -> dict[str, int]:
        counts = {f"trigger.{one.name}": len(self.fired[one.name]) for one in self.tick.ruleset.triggers}
        for route in self.tick.ruleset.routes:
            taken = dict(routed.rules[route.name].value_counts().iter_rows())
            counts |= {f"route.{route.name}.{rule.name}": taken.get(n, 0) for n, rule in enumerate(route.rules)}
        return counts


@dataclass(slots=True)
class _Routed:
    """What the routes decided: the rule per lead and route by its number, actions, owners of all rules, fields."""

    rules: dict[str, pl.Series]
    actions: list[pl.DataFrame]
    owners: list[pl.DataFrame]
    fields: list[pl.DataFrame]

    def note(self, route: Route, rows: pl.DataFrame) -> None:
        """Which rule took which lead."""
        known = rows.select("lead_row", "place").drop_nulls("place")
        if known.height:
            self.rules[route.name] = self.rules[route.name].clone().scatter(known["lead_row"], known["place"])

    def named(self, route: Route) -> pl.Series:
        """The rule per lead by its name, as one of the route's."""
        return self.rules[route.name].cat.to(pl.Enum([rule.name for rule in route.rules]))


def _given(before: pl.Series, fields: pl.DataFrame, name: str) -> pl.Series:
    """A field with what it was given (FIELDS)."""
    given = fields.filter(pl.col("field") == name)
    return before.clone().scatter(given["lead_row"], given["value"]) if given.height else before


def inputs_after(table: LeadColumns, names: Collection[str] = INPUTS) -> dict[str, pl.Series]:
    """Owner and sequence as expressions see them after a run."""
    return {column.name: column for column in inputs_of(table, names)}


def broken_asserts(ruleset: Ruleset, found: Facts, table: LeadColumns) -> Iterable[Broken]:
    """The asserts that some lead breaks after a run: where the condition holds, and what it implies does not."""
    promises = ruleset.asserts
    if not promises:
        return
    asked = [part for one in promises for part in (one.condition, one.implies)]
    facts = found.after(inputs_after(table, always_in(asked, ruleset)), asked)
    for promise in promises:
        values = facts.values({"if": promise.condition, "then": promise.implies})
        broken = values["if"].fill_null(value=False) & ~values["then"].fill_null(value=False)
        if broken.any():
            yield Broken(promise, rows_where(broken).cast(pl.UInt32))
