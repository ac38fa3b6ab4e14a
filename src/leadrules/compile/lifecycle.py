"""Everything that acts, promises, measures or tests: the blocks that build on the definitions.

In: a scope whose definitions are compiled. Out: `Lifecycle`, the routes to tests of all files in declaration order, with
findings left in the scope. Each kind of block is compiled in its own module; here they meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from leadrules.compile.actions import known_channel
from leadrules.compile.goals import lower_goal
from leadrules.compile.measures import lower_funnel
from leadrules.compile.routes import check_fields_filled_once, lower_route
from leadrules.compile.scope import Scope
from leadrules.compile.sequences import lower_sequence
from leadrules.compile.tests import lower_test
from leadrules.compile.triggers import lower_trigger
from leadrules.core.records import dataclass
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

T = TypeVar("T", bound=n.Statement)
R = TypeVar("R")
ALL_CHANNELS = "all"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The parts of a `model.Ruleset` that stand beside its definitions."""

    routes: tuple[model.Route, ...]
    sequences: tuple[model.Sequence, ...]
    triggers: tuple[model.Trigger, ...]
    exits: tuple[model.Condition, ...]
    suppressions: tuple[model.Condition, ...]
    asserts: tuple[model.Assert, ...]
    funnels: tuple[model.Funnel, ...]
    goals: tuple[model.Goal, ...]
    tests: tuple[model.Test, ...]


def lower_lifecycle(scope: Scope) -> Lifecycle:
    """The compiled routes, sequences, triggers, exits, suppressions, asserts, funnels, goals and tests of the project."""
    check_fields_filled_once(scope, (node for _, node in _each(scope, n.Route)))
    return Lifecycle(
        routes=_placed(scope, n.Route, lower_route),
        sequences=_placed(scope, n.Sequence, lower_sequence),
        triggers=_placed(scope, n.Trigger, lower_trigger),
        exits=_all(scope, n.ExitAll, _exit),
        suppressions=_all(scope, n.Suppress, _suppress),
        asserts=_all(scope, n.Assert, _assert),
        funnels=_all(scope, n.Funnel, lower_funnel),
        goals=_all(scope, n.Goal, lower_goal),
        tests=_all(scope, n.Test, lower_test),
    )


def _all(scope: Scope, kind: type[T], lower: Callable[[Scope, T], R]) -> tuple[R, ...]:
    return tuple(scope.statement(node, partial(lower, scope, node)) for _, node in _each(scope, kind))


def _placed(scope: Scope, kind: type[T], lower: Callable[[Scope, T, int], R]) -> tuple[R, ...]:
    """Those whose declaration order is part of them."""
    return tuple(scope.statement(node, partial(lower, scope, node, position)) for position, node in _each(scope, kind))


def _each(scope: Scope, kind: type[T]) -> Iterator[tuple[int, T]]:
    return ((scope.position(node), node) for node in scope.names.statements if isinstance(node, kind))


def _exit(scope: Scope, node: n.ExitAll) -> model.Condition:
    return model.Condition(scope.condition(node.condition), span=node.span.as_json())


def _suppress(scope: Scope, node: n.Suppress) -> model.Condition:
    assert node.name is not None
    every = node.name.key == ALL_CHANNELS
    channel = ALL_CHANNELS if every else known_channel(scope, node.name)
    return model.Condition(scope.condition(node.condition), channel=channel, span=node.span.as_json())


def _assert(scope: Scope, node: n.Assert) -> model.Assert:
    assert node.name is not None
    return model.Assert(
        name=node.name.key,
        title=node.title,
        condition=scope.condition(node.condition),
        implies=scope.condition(node.implies),
        span=node.span.as_json(),
    )
