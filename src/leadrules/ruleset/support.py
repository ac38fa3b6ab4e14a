"""What of a compiled ruleset this version can check but not yet run.

In: a `Ruleset`. Out: the constructs that would have to decide something (routes, sequences, triggers, exits,
suppressions, asserts), each with its place. A run that left them out in silence would lie about its leads, so the
commands ask here first. Funnels, goals and tests decide nothing and stop nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from leadrules.ruleset.model import Place, Ruleset


@dataclass(frozen=True, slots=True)
class NotYetRunning:
    """One construct that compiles and does not run: its kind as the file writes it, its name (None: it has none)."""

    kind: str
    name: str | None
    span: Place | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """`route sales`, `exit all`, `suppress email`."""
        return f"{self.kind} {self.name}" if self.name else self.kind


def not_yet_running(ruleset: Ruleset) -> list[NotYetRunning]:
    """The constructs of `ruleset` that this version cannot run, in the order of their kinds, then as declared."""
    return [
        *(NotYetRunning("route", item.name, item.span) for item in ruleset.routes),
        *(NotYetRunning("sequence", item.name, item.span) for item in ruleset.sequences),
        *(NotYetRunning("trigger", item.name, item.span) for item in ruleset.triggers),
        *(NotYetRunning("exit all", None, item.span) for item in ruleset.exits),
        *(NotYetRunning("suppress", item.channel, item.span) for item in ruleset.suppressions),
        *(NotYetRunning("assert", item.name, item.span) for item in ruleset.asserts),
    ]
