"""Funnels: the moments at which a lead reached each step.

In: a funnel's node. Out: `model.Funnel` and findings. What is counted from the moments is the reports' business; goals
stand in goals.py.
"""

from __future__ import annotations

from leadrules.compile.definitions import check_unique_ids
from leadrules.compile.scope import Scope
from leadrules.ruleset import model
from leadrules.syntax import nodes as n


def lower_funnel(scope: Scope, node: n.Funnel) -> model.Funnel:
    """The compiled funnel: each step a date or datetime, its worth a number."""
    assert node.name is not None
    if not node.steps and not node.damaged:
        hint = "add one: `lead: created_at`, a name and the moment at which a lead reached it"
        scope.complain("LR192", node.name.span, f"the funnel `{node.name.text}` has no step", help=hint)
    check_unique_ids(scope, node.steps)
    steps = tuple(_step(scope, step) for step in node.steps)
    return model.Funnel(name=node.name.key, title=node.title, steps=steps, span=node.span.as_json())


def _step(scope: Scope, node: n.FunnelStep) -> model.FunnelStep:
    return model.FunnelStep(
        name=node.name.key,
        title=node.title,
        moment=scope.expression(node.moment, ("date", "datetime"), what="the moment of a step"),
        worth=scope.expression(node.worth, ("number",), what="`worth`") if node.worth else None,
        span=node.span.as_json(),
    )
