"""Actions of triggers and of finished sequences: which are done, which are lost to another, which come to nothing.

In: a tick, and per rule the leads it was set off for, in the order in which rules run. Out: rows of actions.csv and
withheld.csv, and proposals: owners, wishes to enter a sequence, values of fields. Refuses to know what set a rule off, and
how a route or a sequence works: it asks `Routing` and `Entering`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.core.types import TEXT, Type
from leadrules.data.texts import as_text
from leadrules.lifecycle.cadence.suppression import suppress
from leadrules.lifecycle.lead_columns import Column
from leadrules.lifecycle.model import ACTION_COLUMNS, INSTANT, LOST, Tick
from leadrules.lifecycle.moves.proposals import (
    FIELDS,
    OWNERS,
    WISHES,
    Doer,
    Done,
    Entering,
    Leads,
    Proposals,
    Routing,
)
from leadrules.lifecycle.moves.slots import OWNER, SEQUENCE, Slots, field_slot
from leadrules.lifecycle.record import as_held
from leadrules.project.model import QUEUE_PREFIX
from leadrules.ruleset.model import Action, Expr, Template

SENT_AS = "email"
OVER_A_LIMIT, SUPPRESSED, NOBODY = "over a limit", "suppressed", "nobody is eligible"


@dataclass(frozen=True, slots=True)
class _Tried:
    """Per lead of one action: done; nothing to do, for it is so already. The rest was lost, refused or impossible."""

    done: pl.Series
    already: pl.Series


class Desk:
    """Takes the actions of one rule after the other. `sequence_now` is each lead's after exits and finishes."""

    def __init__(
        self, tick: Tick, routing: Routing, entering: Entering, sequence_now: Column, first_order: int
    ) -> None:
        self.tick, self.routing, self.entering = tick, routing, entering
        self.sequence_now = sequence_now
        self.slots = Slots(tick.leads.height)
        self.made = Proposals()
        self._order = first_order
        self._fields: dict[str, pl.Series] = {}

    def perform(self, doer: Doer, leads: pl.DataFrame) -> Done:
        """Try every action of a rule on the leads (lead_row, at) it was set off for."""
        at = leads["at"].fill_null(self.tick.as_of) if leads.height else leads["at"]
        who = Leads(leads["lead_row"], at)
        tried = [self._try(doer, action, who) for action in doer.actions] if leads.height else []
        nobody = _all(False, leads.height)
        fired, left = nobody, nobody
        for one in tried:
            fired, left = fired | one.done, left | ~(one.done | one.already)
        return Done(who.rows.filter(fired), who.rows.filter(fired | ~left))

    def _try(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        self._order += 1
        return _TRY[action.kind](self, doer, action, leads)

    # -- sequences --------------------------------------------------------------------------------------------------

    def _enter(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        """`enroll` does nothing to a lead that is in a sequence; `move` takes it out of the one it is in."""
        target = self._named(action.sequence, action.by, leads)
        now = self.sequence_now.gather(leads.rows).alias("sequence")
        waits = self.tick.leads.gather("seq_wait", leads.rows, pl.String())
        already = now.eq(target).fill_null(value=False) | waits.eq(target).fill_null(value=False)
        wanted = target.is_not_null() & ~already
        if action.kind == "enroll":
            wanted &= now.is_null()
        row = self._rows(doer, leads, kind=action.kind, what="sequence", value=target)
        row = row.with_columns(self._template(action.template, leads).alias("template"))
        free = self._lose(SEQUENCE, row, wanted)
        wishes = row.with_columns(target.alias("sequence"), leads.at.alias("at")).select(list(WISHES)).filter(free)
        refused = self.entering.refusals(wishes).is_not_null()
        self._withhold(row.filter(free).filter(refused), OVER_A_LIMIT)
        return self._wish(doer, wishes.filter(~refused), _Tried(_spread(free, ~refused), already))

    def _wish(self, doer: Doer, wishes: pl.DataFrame, tried: _Tried) -> _Tried:
        self.slots.take(SEQUENCE, wishes["lead_row"], doer.rule)
        self.made.wishes.append(wishes)
        return tried

    def _stop(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        now = self.sequence_now.gather(leads.rows).alias("sequence")
        waits = self.tick.leads.gather("seq_wait", leads.rows, pl.String())
        inside = pl.select(pl.coalesce(now, waits)).to_series()
        row = self._rows(doer, leads, kind="stop", what="sequence", value=inside)
        done = self._lose(SEQUENCE, row, inside.is_not_null())
        wishes = row.with_columns(inside.alias("sequence"), leads.at.alias("at")).select(list(WISHES))
        return self._wish(doer, wishes.filter(done), _Tried(done, inside.is_null()))

    # -- owners -----------------------------------------------------------------------------------------------------

    def _assign(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        filled = self._fills(action)
        slot, what = (OWNER, "owner") if filled is None else (field_slot(filled), filled)
        row = self._rows(doer, leads, kind="assign", what=what, value=self._said_owner(action, leads))
        free = self._lose(slot, row, _all(True, len(leads.rows)))
        if action.most_times is not None:
            spent = free & (self._times(doer, leads.rows) >= action.most_times)
            self._withhold(row.filter(spent), OVER_A_LIMIT)
            free &= ~spent
        found = self._owners(doer, action, leads.only(free))
        return self._give(action, row.filter(free), found, free)

    def _give(self, action: Action, row: pl.DataFrame, found: pl.DataFrame, free: pl.Series) -> _Tried:
        """The owners that were found: those who are owners already are no action, but may be given a new `due_at`. A lead that
        is where an `assign rep` or `assign queue` wants it is held there: no later rule, and no route, takes it away."""
        filled, rule = self._fills(action), str(row["rule"].first() or "")
        slot = OWNER if filled is None else field_slot(filled)
        before = self.held_by(filled, row["lead_row"])
        there = found["owner"].is_not_null()
        self._withhold(row.filter(~there & (found["line"].is_null() | _all(action.route is None, row.height))), NOBODY)
        row = row.with_columns(as_held(found["owner"], before).alias("value"), found["due_at"].alias("due"))
        # In the files an assignment by a route bears the line of the route; what competes is the rule that asked for it.
        lines = row.with_columns(found["line"].alias("rule"))
        same = (row["value"] == before).fill_null(value=False)
        stamped = found["due_at"].is_not_null() if filled is None else _all(False, row.height)
        done = there & (~same | stamped)
        held = there if action.route is None else done
        self.slots.take(slot, row["lead_row"].filter(held), rule)
        self.made.actions.append(lines.filter(there & ~same))
        if filled is None:
            owners = row.select("lead_row", owner="value", due_at="due", route=pl.lit(action.route), rule="rule")
            self.made.owners.append(owners.filter(held).cast(pl.Schema(OWNERS)))
            if action.route is None:
                changed = row.filter(there & ~same)
                self.routing.record(changed["lead_row"], changed["value"])
        else:
            fields = row.select("lead_row", field=pl.lit(filled), value="value", rule="rule")
            self.made.fields.append(fields.filter(done).cast(pl.Schema(FIELDS)))
        if action.kind == "reassign":
            self.made.reassigned.setdefault(rule, []).append(row["lead_row"].filter(there & ~same))
        # Where a route keeps the owner nothing was assigned, and nothing is already as the trigger wants it.
        kept = lines["rule"].is_in(self._keeping(action)).fill_null(value=False)
        return _Tried(_spread(free, done), _spread(free, same & ~done & ~kept))

    def _keeping(self, action: Action) -> list[str]:
        """The lines of a route that let a lead keep its owner."""
        routes = [route for route in self.tick.ruleset.routes if route.name == action.route]
        return [
            f"route.{route.name}.{rule.name}" for route in routes for rule in route.rules if rule.target.kind == "keep"
        ]

    def _fills(self, action: Action) -> str | None:
        """The field that an assignment fills; None for the owner."""
        return next((r.sets for r in self.tick.ruleset.routes if r.name == action.route), None)

    def _said_owner(self, action: Action, leads: Leads) -> pl.Series:
        said = (
            action.rep if action.rep is not None else None if action.queue is None else f"{QUEUE_PREFIX}{action.queue}"
        )
        return pl.Series([said], dtype=pl.String).new_from_index(0, len(leads.rows))

    def _owners(self, doer: Doer, action: Action, leads: Leads) -> pl.DataFrame:
        """owner, due_at and line (the rule in the files) for each lead; a blank owner where nobody takes it."""
        if action.route is not None:
            found = self.routing.hand_over(
                action.route,
                leads.rows,
                exclude_past_owners=action.kind == "reassign",
                at=leads.at,
                respond_within=doer.respond_within,
            )
            asked = leads.rows.alias("lead_row").to_frame()
            named = pl.format("route.{}.{}", pl.lit(action.route), "rule").alias("line")
            return asked.join(found, on="lead_row", how="left", maintain_order="left").select("owner", "due_at", named)
        owners = self._said_owner(action, leads)
        if action.rep is not None and not self._is_active(action.rep):
            owners = owners.clear(len(owners))
        due = pl.Series([None], dtype=INSTANT).new_from_index(0, len(owners))
        if doer.respond_within is not None and len(owners):
            due = self.routing.respond_by(owners, leads.at, doer.respond_within)
        line = pl.Series("line", [doer.rule], dtype=pl.String).new_from_index(0, len(owners))
        return pl.DataFrame([owners.alias("owner"), due.alias("due_at"), line])

    def _is_active(self, rep: str) -> bool:
        return any(one.key == rep and one.active for one in self.tick.project.team.reps)

    def held_by(self, filled: str | None, rows: pl.Series) -> pl.Series:
        """The owner of some leads before this run, or what the field that a route fills holds of them."""
        if filled is None:
            return self.tick.leads.gather("owner", rows, pl.String())
        return self.field_now(filled).gather(rows).cast(pl.String)

    def _times(self, doer: Doer, rows: pl.Series) -> pl.Series:
        column = f"times:{doer.rule.partition('.')[2]}"
        return self.tick.leads.gather(column, rows, pl.Int32()).fill_null(0)

    # -- fields -----------------------------------------------------------------------------------------------------

    def _set(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        name = str(action.field)
        assert action.value is not None
        value = self._valued(action.value, leads.rows)
        before = self.field_now(name).gather(leads.rows)
        already = _blanked(before).eq_missing(_blanked(value.cast(before.dtype, strict=False)))
        texts = as_text(value, self.tick.calendar)
        row = self._rows(doer, leads, kind="set", what=name, value=texts)
        done = self._lose(field_slot(name), row, ~already)
        self.slots.take(field_slot(name), leads.rows.filter(done), doer.rule)
        self.made.actions.append(row.filter(done))
        fields = row.select("lead_row", field="what", value="value", rule="rule").filter(done)
        self.made.fields.append(fields.cast(pl.Schema(FIELDS)))
        if any(route.sets == name for route in self.tick.ruleset.routes):
            self.routing.record(fields["lead_row"], fields["value"], name)
        return _Tried(done, already)

    def _valued(self, expression: Expr, rows: pl.Series) -> pl.Series:
        return self.tick.facts.values({"value": expression}, rows=rows)["value"]

    def field_now(self, name: str) -> pl.Series:
        """What a field of the leads holds, as the rules of this run see it."""
        if name not in self._fields:
            self._fields |= self.tick.facts.values({name: Expr("field", self._field_type(name), value=name)})
        return self._fields[name]

    def said(self, name: str, record: pl.DataFrame | None) -> pl.Series:
        """What the record says of a field, as text."""
        values = self.field_now(name) if record is None or name not in record.columns else record[name]
        return as_text(values, self.tick.calendar)

    def _field_type(self, name: str) -> Type:
        known = dict(self.tick.ruleset.fields)
        declared = self.tick.project.lead_schema.get(name)
        return known.get(name) or (declared.type if declared else TEXT)

    # -- what goes out ----------------------------------------------------------------------------------------------

    def _task(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        row = self._rows(doer, leads, kind=str(action.channel), what=action.content, auto=False)
        return self._send_out(row.with_columns(self._template(action.template, leads).alias("template")))

    def _send(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        row = self._rows(doer, leads, kind=SENT_AS, auto=True)
        return self._send_out(row.with_columns(self._template(action.template, leads).alias("template")))

    def _send_out(self, row: pl.DataFrame) -> _Tried:
        stopped = suppress(self.tick, row)
        self.made.actions.append(row.filter(~stopped))
        self._withhold(row.filter(stopped), SUPPRESSED)
        return _Tried(~stopped, _all(False, row.height))

    def _notify(self, doer: Doer, action: Action, leads: Leads) -> _Tried:
        assert action.who is not None
        who = self._valued(action.who, leads.rows)
        row = self._rows(doer, leads, kind="notify", what=who, value=action.content)
        self.made.actions.append(row)
        return _Tried(_all(True, row.height), _all(False, row.height))

    # -- rows -------------------------------------------------------------------------------------------------------

    def _rows(
        self,
        doer: Doer,
        leads: Leads,
        *,
        kind: str,
        what: str | pl.Series | None = None,
        value: str | pl.Series | None = None,
        auto: bool | None = None,
    ) -> pl.DataFrame:
        """One row of actions.csv per lead."""
        parts: dict[str, Any] = {
            "order": self._order,
            "kind": kind,
            "what": what,
            "value": value,
            "auto": auto,
            "rule": doer.rule,
        }
        columns: dict[str, Any] = {
            name: part if isinstance(part, pl.Series) else pl.lit(part) for name, part in parts.items()
        }
        columns["lead_row"] = leads.rows
        return (
            leads.rows.alias("lead_row")
            .to_frame()
            .select(columns.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in ACTION_COLUMNS.items())
        )

    def _lose(self, slot: str, row: pl.DataFrame, wanted: pl.Series) -> pl.Series:
        """Those of the wanted that are free; the others are written down as lost to the rule that came first."""
        by = self.slots.taken_by(slot, row["lead_row"])
        lost = wanted & by.is_not_null()
        if lost.any():
            self.made.actions.append(row.with_columns((LOST + by).alias("reason")).filter(lost))
        return wanted & by.is_null()

    def _withhold(self, row: pl.DataFrame, reason: str) -> None:
        if row.height:
            self.made.actions.append(row.with_columns(pl.lit(reason).alias("reason")))

    def _named(self, name: str | None, by: str | None, leads: Leads) -> pl.Series:
        """A name, or for each lead its label of a classify; blank for a lead without one."""
        if by is not None:
            return self.tick.facts.frame[by].gather(leads.rows).cast(pl.String)
        return pl.Series([name], dtype=pl.String).new_from_index(0, len(leads.rows))

    def _template(self, template: Template | None, leads: Leads) -> pl.Series:
        return self._named(template.name, template.by, leads) if template else self._named(None, None, leads)


_TRY: Mapping[str, Callable[[Desk, Doer, Action, Leads], _Tried]] = {
    "enroll": Desk._enter,
    "move": Desk._enter,
    "stop": Desk._stop,
    "set": Desk._set,
    "assign": Desk._assign,
    "reassign": Desk._assign,
    "task": Desk._task,
    "send": Desk._send,
    "notify": Desk._notify,
}


def _all(value: bool, height: int) -> pl.Series:
    return pl.repeat(value, height, dtype=pl.Boolean, eager=True)


def _spread(among: pl.Series, values: pl.Series) -> pl.Series:
    """Values of those that a mask chose, as values of all: no for the others."""
    return _all(False, len(among)).scatter(rows_where(among), values) if len(values) else _all(False, len(among))


def _blanked(values: pl.Series) -> pl.Series:
    """With the empty text as the blank that it is in every file."""
    return values.replace("", None) if values.dtype == pl.String else values
