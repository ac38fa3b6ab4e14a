"""The part of a ruleset that can do something to one lead in one run: the rest is not looked at, which makes a test fast.

In: a ruleset, the lead's facts, and its row of the working table. Out: the ruleset without triggers that cannot fire, lines
of routes that do not hold, and sequences that the lead is not in and cannot enter. What a run decides is the same, and so
is what it remembers: where a rule has memory, it stays. Evaluates conditions by the row engine alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from leadrules.engine.row import LeadFacts, Program
from leadrules.ruleset.model import Action, Route, RouteRule, Ruleset, Sequence, Trigger

_NAMING = ("sequence", "seq_wait")  # the columns of the state that name a sequence begin so
_HAS_MEMORY = ("holds", "armed")
_SURE = ("keep", "queue")  # what takes any lead for which its line holds


def narrowed(
    ruleset: Ruleset,
    program: Program,
    facts: LeadFacts,
    row: Mapping[str, Any],
    served: Collection[tuple[str, str]] = (),
) -> Ruleset:
    """The rules that matter to this lead in this run.

    `row`: what the state knows of it. `served`: the routes and their rules that the state has credits for.
    """
    triggers = tuple(one for one in ruleset.triggers if _may_fire(one, program, facts, row))
    doing = [action for one in triggers for action in one.actions]
    plans = {one.name: one for one in ruleset.sequences}
    named = {value for name, value in row.items() if name.startswith(_NAMING) and isinstance(value, str)}
    reached = _reached(plans, named | set(_entered(doing, facts)), facts)
    sequences = tuple(one for one in ruleset.sequences if one.name in reached)
    routes = tuple(_holding(one, program, facts, served) for one in ruleset.routes)
    return replace(ruleset, triggers=triggers, routes=routes, sequences=sequences)


def only_heard(ruleset: Ruleset) -> Ruleset:
    """The ruleset with no other definitions than those whose changes its triggers listen to."""
    heard = {one.on.name for one in ruleset.triggers if one.on.kind in ("enter", "leave")}
    return replace(ruleset, definitions=tuple(one for one in ruleset.definitions if one.name in heard))


def _holding(route: Route, program: Program, facts: LeadFacts, served: Collection[tuple[str, str]]) -> Route:
    """A route without the lines whose condition does not hold, and those after one that surely takes the lead."""
    rules: list[RouteRule] = []
    is_taken = False
    for rule in route.rules:
        if (route.name, rule.name) in served:
            rules.append(rule)
        elif not is_taken and (rule.condition is None or program.value(rule.condition, facts) is True):
            rules.append(replace(rule, condition=None))
            is_taken = rule.target.kind in _SURE and rule.active is None
    return replace(route, rules=tuple(rules))


def _may_fire(trigger: Trigger, program: Program, facts: LeadFacts, row: Mapping[str, Any]) -> bool:
    """Whether a trigger could fire or forget something; where that takes more than a look, it may."""
    if any(row.get(f"{kind}:{trigger.name}") not in (None, False) for kind in _HAS_MEMORY):
        return True
    return is_set_off(trigger, program, facts, row) and all(
        program.value(condition, facts) is True for condition in trigger.conditions
    )


def is_set_off(trigger: Trigger, program: Program, facts: LeadFacts, row: Mapping[str, Any]) -> bool:
    """Whether what a trigger listens to may have happened, whatever its conditions say."""
    on = trigger.on
    match on.kind:
        case "event":
            assert on.filter is not None
            return bool(program.matching(on.filter, facts))
        case "enter" | "leave":
            now = facts.values.get(str(on.name))
            is_inside = now is True if on.label is None else now == on.label
            return is_inside == (on.kind == "enter")
        case "finish":
            return row.get("sequence") == on.name
        case "overdue":
            return row.get("due_at") is not None
        case "date":
            assert on.value is not None
            return program.value(on.value, facts) is not None
    return True


def _entered(actions: list[Action], facts: LeadFacts) -> Iterator[str]:
    """The sequences that actions put this lead into."""
    for action in actions:
        if action.sequence is not None:
            yield action.sequence
        elif action.by is not None and facts.values.get(action.by) is not None:
            yield str(facts.values[action.by])


def _reached(plans: Mapping[str, Sequence], names: set[str], facts: LeadFacts) -> set[str]:
    """These sequences and those that their finishes lead to."""
    reached: set[str] = set()
    pending = [name for name in names if name in plans]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += [other for other in _entered(list(plans[name].on_finish), facts) if other in plans]
    return reached
