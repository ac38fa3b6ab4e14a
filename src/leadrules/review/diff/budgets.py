"""How much of the leads a change of rules may move.

In: limits by kind (`band`, `owner`, ...), by name, or for `any` change, and the rows that each outcome changes. Out: what of each
limit is spent, and which limits are of nothing. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.text import nearest
from leadrules.project.model import Project
from leadrules.ruleset.model import Ruleset

if TYPE_CHECKING:
    import polars as pl

ANY = "any"
KINDS = (ANY, "band", "matrix", "classify", "stages", "segment", "score", "owner", "field", "sequence", "action")
_UNCOUNTED = ("score", "action")  # what is no change of a lead by itself


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit: of a kind, or of the one that bears the name; a share of the compared leads, or a number of them."""

    kind: str
    limit: float
    is_share: bool

    def words(self) -> str:
        """`5%`, `200`."""
        return f"{self.limit * 100:g}%" if self.is_share else f"{self.limit:g}"


def spent(budgets: Sequence[Budget], outcomes: Mapping[tuple[str, str], pl.Series], leads: int) -> list[dict[str, Any]]:
    """Each budget with the leads that fall under it, and whether they are too many."""
    return [_spent(budget, outcomes, leads) for budget in budgets]


def names_of(ruleset: Ruleset) -> set[str]:
    """Everything that may have a budget: the kinds, the definitions, the fields that routes fill."""
    fields = {route.sets for route in ruleset.routes if route.sets is not None}
    return {*KINDS, *fields, *(one.name for one in ruleset.definitions)}


def unknown_budgets(project: Project, ruleset: Ruleset) -> list[Diagnostic]:
    """What `budgets:` limits and the rules do not have."""
    names = names_of(ruleset)
    return [
        finding("LR068", place, f"there is no `{name}` to limit the change of", help=way_out(name, names))
        for name, place in project.budget_places
        if name not in names
    ]


def way_out(name: str, names: Iterable[str]) -> str:
    """What to write instead of a name that nothing bears."""
    guess = nearest(name, names)
    return f"did you mean `{guess}`?" if guess else f"the kinds are {', '.join(KINDS)}"


def _spent(budget: Budget, outcomes: Mapping[tuple[str, str], pl.Series], leads: int) -> dict[str, Any]:
    import polars as pl  # the names are looked at by every `check`, which needs no data

    rows = [rows.cast(pl.UInt32) for key, rows in outcomes.items() if _falls_under(budget, *key)]
    changed = pl.concat(rows).n_unique() if rows else 0
    most = budget.limit * leads if budget.is_share else budget.limit
    return {
        "kind": budget.kind,
        "limit": budget.words(),
        "leads": changed,
        "share": round(changed / leads, 6) if leads else 0.0,
        "exceeded": changed > most + 1e-9,
    }


def _falls_under(budget: Budget, kind: str, name: str) -> bool:
    if budget.kind == ANY:
        return kind not in _UNCOUNTED
    return budget.kind in (kind, name)
