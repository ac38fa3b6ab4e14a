"""Promises that always hold, and promises that some lead breaks.

In: a study. Out: findings at the assert. What the run itself decides (owner, sequence, step) is known only after it, so a
promise about that can be proved but not refuted here.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadrules.analyse.formulas import Box, both, boxes, negated
from leadrules.analyse.lints.registry import lint
from leadrules.analyse.study import Study
from leadrules.analyse.witness import Claim, Witness
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.engine.row import LeadFacts, Program
from leadrules.ruleset.model import Assert, Expr
from leadrules.ruleset.walk import expression_parts

_DECIDED = frozenset(["owner", "sequence", "step", "enrolled_at", "assigned_at", "due_at", "owner_changes"])


@lint("LR222", "assert-holds", "info")
def assert_holds(study: Study) -> Iterator[Diagnostic]:
    """A promise that always holds

    The rules by themselves make sure of it: no lead can break it. It stays useful as a promise about later edits.

    Bad:

        segment large when employees >= 1000
        assert sized: large implies employees >= 100

    Good:

        segment large when employees >= 1000
        assert sized: large implies employees >= 5000
    """
    for one in study.ruleset.asserts:
        if _breaking(study, one) == []:
            words = f"`{one.name}` always holds"
            yield finding("LR222", study.head(one), words, help="nothing to do: it guards later edits")


@lint("LR223", "assert-breaks", "info")
def assert_breaks(study: Study) -> Iterator[Diagnostic]:
    """A promise that a lead can break

    The rules do not make sure of it: the lead that is shown breaks it. A run whose leads break it stops with nothing
    written, unless `--force`. If it is meant to be true by the rules alone, mend them.

    Bad:

        segment large when employees >= 1000
        assert known: large implies annual_revenue is not blank

    Good:

        segment large when employees >= 1000 and annual_revenue is not blank
        assert known: large implies annual_revenue is not blank
    """
    for one in study.ruleset.asserts:
        witness = _breaker(study, one)
        if witness is not None:
            words = f"a lead can break `{one.name}`"
            notes = (f"for example {witness.text}",)
            yield finding(
                "LR223", study.head(one), words, help="mend the rules if they should make sure of it", notes=notes
            )


def is_told(study: Study, one: Assert) -> bool:
    """Whether it is said of a promise that it always holds, or that a lead breaks it: what it compares is part of that."""
    return _breaking(study, one) == [] or _breaker(study, one) is not None


def _breaker(study: Study, one: Assert) -> Witness | None:
    """A lead that breaks it, where the rules by themselves let there be one."""
    found = _breaking(study, one)
    if found == [] or _is_decided(study, one):
        return None
    return study.witnesses.find(found or (), _breaks(one))


def _breaking(study: Study, one: Assert) -> list[Box] | None:
    holds = study.conditions.holds
    return boxes(both([holds(one.condition), negated(holds(one.implies))]))


def _breaks(one: Assert) -> Claim:
    def claim(facts: LeadFacts, program: Program) -> bool:
        return program.value(one.condition, facts) is True and program.value(one.implies, facts) is not True

    return claim


def _is_decided(study: Study, one: Assert) -> bool:
    """Whether it looks at what a run decides."""
    found = [*expression_parts(one.condition, study.ruleset), *expression_parts(one.implies, study.ruleset)]
    return any(isinstance(part, Expr) and part.op == "always" and part.value in _DECIDED for part in found)
