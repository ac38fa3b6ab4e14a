"""Whose a lead is and why: the routes, their rules in order, and every rep that was looked at.

In: a lead that its run watched, and the words for it. Out: documents. What a rep stood at is what the router saw when this
lead's turn came; nothing is dealt again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from leadrules.core.text import fold
from leadrules.lifecycle.routes.dealing import Passed
from leadrules.lifecycle.routes.eligibility import (
    AWAY,
    INACTIVE,
    NO_WEIGHT,
    OFF_SHIFT,
    OPEN,
    OTHER_SKILL,
    PAST_OWNER,
    PER_DAY,
    PER_WEEK,
    STRANGER,
)
from leadrules.project.model import QUEUE_PREFIX
from leadrules.review.explain.lead import OneLead
from leadrules.review.explain.words import Words
from leadrules.ruleset.model import Route, RouteRule

Document = dict[str, Any]
KEPT = "it stays as it is"
# Why a rep was not eligible, as a sales lead would say it.
SAID: Mapping[str, str] = {
    INACTIVE: "is not active",
    AWAY: "is away today",
    OFF_SHIFT: "is off shift",
    NO_WEIGHT: "has no weight",
    OTHER_SKILL: "does not fit",
    PER_DAY: "is at capacity for the day",
    PER_WEEK: "is at capacity for the week",
    OPEN: "is at capacity: open leads",
    PAST_OWNER: "had this lead before",
}


def owner(lead: OneLead, words: Words, history: pl.DataFrame | None) -> Document:
    """The owner before and after the run, and who says so."""
    before, after = lead.before("owner"), lead.after("owner")
    row = next((one for one in lead.actions if one["kind"] == "assign" and one["what"] == "owner"), None)
    done = row is not None and row["reason"] is None
    return {
        "before": before,
        "after": after,
        "by": row["rule"] if row is not None and done else None,
        "given": None if done else _given(lead, words, history),
        "due": words.instant(lead.after("due_at")),
    }


def _given(lead: OneLead, words: Words, history: pl.DataFrame | None) -> Document | None:
    """Since when the lead has the owner it had before this run, and by which rule."""
    if history is None or lead.before("owner") is None:
        return None
    rows = history.filter(pl.col("kind") == "owner", pl.col("new") == lead.before("owner"))
    if not rows.height:
        return None
    last = rows.row(rows.height - 1, named=True)
    return {"as_of": words.instant(last["as_of"]), "by": last["rule"]}


def route(lead: OneLead, words: Words, one: Route) -> Document:
    """What a route made of the lead, rule by rule."""
    taken = lead.decided.routes[one.name][lead.row]
    looked = _looked(lead, one)
    head = {"kind": "route", "name": one.name, "title": one.title, **words.place(one), "fills": one.sets or "owner"}
    rules = _Rules(lead, words, one, taken).documents() if looked else []
    return head | {
        "looked": looked,
        "why_looked": _why_looked(lead, one) if looked else None,
        "why_not": None if looked else _why_not(lead, words, one),
        "rule": taken,
        "gave": _gave(lead, one) if looked else None,
        "order": None if one.order_by is None else _order(lead, words, one),
        "rules": rules,
    }


def _batches(lead: OneLead, one: Route) -> list[dict[str, Any]]:
    """The rows of the deals in which the lead was dealt by a route."""
    frames = (batch.frame for batch in lead.decided.router.batches if batch.table.route.name == one.name)
    return [row for frame in frames for row in frame.filter(pl.col("lead_row") == lead.row).to_dicts()]


def _looked(lead: OneLead, one: Route) -> bool:
    """A lead that keeps its owner stands in no line, so it is in no deal."""
    return lead.decided.routes[one.name][lead.row] is not None or bool(_batches(lead, one))


def _gave(lead: OneLead, one: Route) -> str | None:
    dealt = _batches(lead, one)
    kept = lead.before("owner") if one.sets is None else lead.field(one.sets)
    owner = dealt[-1]["owner"] if dealt else kept
    return None if owner is None else str(owner)


def _order(lead: OneLead, words: Words, one: Route) -> Document:
    assert one.order_by is not None
    value = words.value(lead.value(one.order_by), one.order_by.type)
    return {"text": words.text(one.order_by), "value": value, "descending": one.descending}


def _why_not(lead: OneLead, words: Words, one: Route) -> str:
    """Why a route did not look at the lead."""
    if lead.decided.tick.baseline:
        return "a baseline takes everything as already so"
    if one.on_demand:
        return "it is on demand, and no trigger handed it this lead"
    slot = one.sets or "owner"
    given = next((row for row in lead.actions if row["what"] == slot and row["reason"] is None), None)
    if given is not None:
        return f"{given['rule']} gave it {given['value']} in this run"
    before = lead.before("owner") if one.sets is None else lead.field(one.sets)
    if before is None:
        return "it had nothing to give"
    if str(before).startswith(QUEUE_PREFIX):
        return f"a trigger, or the end of a sequence, gave it to {before}, where it stays"
    if any(lead.value(condition) is True for condition in one.reroute):
        return f"{_given_again(lead, one)} gave it {before} in this run"
    asks = " and no `reroute when` holds" if one.reroute else ""
    return f"it is {before}'s, an active rep{asks}"


def _why_looked(lead: OneLead, one: Route) -> str | None:
    """Why the owner that a lead had did not keep it from a route, where that is no queue and nobody."""
    before = lead.before("owner") if one.sets is None else lead.field(one.sets)
    roster = lead.decided.router.roster
    if one.on_demand or before is None or roster.active(str(before)) != STRANGER:
        return None
    if roster.number(str(before)) >= 0:
        return f"{before} is not active"
    named = next((rep.key for rep in lead.project.team.reps if rep.name and fold(rep.name) == fold(str(before))), None)
    hint = f": that is the name of {named}, and an owner is known by the key of a rep" if named else ""
    return f"{before} is not in the team file, and counts as inactive{hint}"


def _given_again(lead: OneLead, one: Route) -> str:
    """Who gave a lead the owner that it had: no action, and yet it was dealt with, so that other routes leave it alone."""
    demanded = [other for other in lead.decided.tick.ruleset.routes if other.on_demand and other.sets == one.sets]
    for other in demanded:
        rule = lead.decided.routes[other.name][lead.row]
        if rule is not None:
            return f"route.{other.name}.{rule}"
    return "a trigger"


# -- rules ----------------------------------------------------------------------------------------------------------


class _Rules:
    """The rules of a route that looked at the lead. `taken` is the one that won."""

    def __init__(self, lead: OneLead, words: Words, one: Route, taken: str | None) -> None:
        self.lead, self.words, self.route, self.taken = lead, words, one, taken
        router = lead.decided.router
        # Of two deals, a trigger's and the route's own, the last decided.
        rows: list[Passed] = [entry for batch in _batches(lead, one)[-1:] for entry in router.passed_over(batch["why"])]
        self.passed = dict(rows)
        self.considered = {seen.rule: seen for seen in router.considered.get((one.name, lead.row), [])}

    def documents(self) -> list[Document]:
        """Every rule in order; those after the one that won were not looked at."""
        found, is_over = [], False
        for rule in self.route.rules:
            head = {"rule": rule.name, "title": rule.title, **self.words.place(rule), "text": self.words.text(rule)}
            head |= {"reason": "", "by": _strategy(rule), "clauses": [], "reps": []}
            over = {"outcome": "not looked at", "reason": f"{self.taken} came first"}
            found.append(head | (over if is_over else self._outcome(rule)))
            is_over = is_over or rule.name == self.taken
        return found

    def _outcome(self, rule: RouteRule) -> Document:
        outside = self.words.not_now(rule.active, self.lead.facts)
        if outside is not None:
            return {"outcome": "not in effect", "reason": outside}
        if rule.condition is not None and self.lead.value(rule.condition) is not True:
            return {"outcome": "does not hold", "clauses": self.words.why(rule.condition, self.lead.facts)}
        condition, reps = rule.condition, self._reps(rule)
        clauses = [] if condition is None else self.words.why(condition, self.lead.facts, holds=True)
        found = {"clauses": clauses, "reps": reps}
        if rule.name == self.taken:
            return found | {"outcome": "won", "reason": _picked(rule) or self._named(rule)}
        return found | {"outcome": "passed over", "reason": self._nobody(rule)}

    def _nobody(self, rule: RouteRule) -> str:
        """Why a rule that holds had nobody; of a team its reps say it."""
        target = rule.target
        if target.kind == "team":
            return "nobody is eligible"
        known = [f"{rep} {SAID[why]}" for rep, why in self.passed.get(rule.name, ()) if why in SAID]
        if known:
            return ", ".join(known)
        said = self._asked(rule)
        return f"{said}: no active rep" if target.kind == "rep" else f"{said}: no active rep owns another such lead"

    def _named(self, rule: RouteRule) -> str:
        """What named the rep to a rule that asks no team: a value of the lead, or another lead with it."""
        target = rule.target
        if target.kind == "match":
            return f"{self._asked(rule)}: {_gave(self.lead, self.route)} owns another such lead"
        return self._asked(rule) if target.rep is not None and target.rep.op != "const" else ""

    def _asked(self, rule: RouteRule) -> str:
        """What a rule that asks no team looks at, and what it found there."""
        asked = rule.target.rep if rule.target.kind == "rep" else rule.target.on
        assert asked is not None
        value = self.words.value(self.lead.value(asked), asked.type)
        return value if asked.op == "const" else f"{self.words.text(asked)} is {value}"

    def _reps(self, rule: RouteRule) -> list[Document]:
        """Each rep of the rule: who got the lead, then those who could, then why not."""
        seen = self.considered.get(rule.name)
        if seen is None:
            team = rule.target.kind == "team"
            return [self._rep(rule, key, reason) for key, reason in self.passed.get(rule.name, ()) if team]
        found = [
            self._rep(rule, key, reason) | {"stood_at": _finite(at), "chosen": key == seen.chosen}
            for key, reason, at in seen.reps
        ]
        # The share of capacity counts down, the credit up.
        sign = 1 if rule.target.strategy == "least_loaded" else -1
        return sorted(
            found, key=lambda one: (not one["chosen"], one["reason"] is not None, sign * (one["stood_at"] or 0))
        )

    def _rep(self, rule: RouteRule, key: str, reason: str | None) -> Document:
        team, clauses = self.lead.project.team, []
        rep = next((number for number, one in enumerate(team.reps) if one.key == key), None)
        if reason == OTHER_SKILL and rep is not None and rule.target.where is not None:
            attributes = self.lead.decided.router.roster.attributes(rep)
            clauses = self.words.why(rule.target.where, self.lead.facts, attributes)
        return {
            "rep": key,
            "name": None if rep is None else team.reps[rep].name,
            "chosen": False,
            "reason": None if reason is None else SAID.get(reason, reason),
            "detail": _detail(self.lead, rep, reason),
            "clauses": clauses,
            "stood_at": None,
        }


def _finite(number: float | None) -> float | None:
    return None if number is None or number == float("inf") else round(number, 4)


def _strategy(rule: RouteRule) -> str | None:
    return (rule.target.strategy or "round_robin") if rule.target.kind == "team" else None


def _picked(rule: RouteRule) -> str:
    """How the rule chooses."""
    if rule.target.kind == "keep":
        return KEPT
    if rule.target.kind != "team":
        return ""
    strategy = _strategy(rule)
    if strategy == "least_loaded":
        return "the lowest share of open capacity wins"
    by = f" by {rule.target.attribute}" if rule.target.attribute else ""
    return f"{strategy}{by}: each rep's weight is added to the credit, and the highest credit wins"


def _detail(lead: OneLead, rep: int | None, reason: str | None) -> str | None:
    """The capacity that is reached; of a day off, whose it is."""
    if rep is not None and reason == AWAY:
        day = lead.calendar.day_of(lead.decided.tick.as_of)
        return "a holiday of the project" if lead.calendar.is_holiday(day) else None
    if rep is None or reason not in (PER_DAY, PER_WEEK, OPEN):
        return None
    capacity = lead.project.team.reps[rep].capacity
    limit = {PER_DAY: capacity.per_day, PER_WEEK: capacity.per_week, OPEN: capacity.open}[str(reason)]
    what = {PER_DAY: "a day", PER_WEEK: "a week", OPEN: "open"}[str(reason)]
    return f"{limit:,} {what}"
