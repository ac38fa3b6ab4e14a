"""`NAME.since` on both engines: when the lead entered the label that it has after this run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.types import DATETIME, TEXT, YESNO
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.byrow import evaluate_by_row
from leadrules.ruleset.model import ClassLabel, Define, Expr, Ruleset, Settings, Stages

AS_OF, BEFORE = datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
SETTINGS = Settings("t", "UTC", (1, 2, 3, 4, 5), None, (), 1, "id", None, None, None, None)
WON = Expr("eq", YESNO, (Expr("field", TEXT, value="status"), Expr("const", TEXT, value="won")))
RULES = Ruleset(
    version=1,
    settings=SETTINGS,
    fields=(("status", TEXT),),
    event_fields=(),
    lists=(),
    tables=(),
    aggregates=(),
    definitions=(
        Stages("life", None, 0, labels=(ClassLabel("customer", None, condition=WON),)),
        Define("entered", None, 1, value=Expr("since_of", DATETIME, value="life")),
    ),
)
LEADS: dict[str, list[Any]] = {
    "@key": ["stays", "enters", "new", "nothing"],
    "status": ["won", "won", "won", "open"],
    "@previous:life": ["customer", "trial", None, "customer"],
    "@since:life": [BEFORE, BEFORE, None, BEFORE],
}
NO_EVENTS = pl.DataFrame(schema={"lead_row": pl.UInt32(), "type": pl.String(), "at": pl.Datetime("us", "UTC")})


@pytest.mark.parametrize("engine", [evaluate, evaluate_by_row])
def test_it_is_of_the_label_after_this_run(engine: Any) -> None:
    facts = engine(RULES, pl.DataFrame(LEADS), NO_EVENTS, Context(Calendar("UTC"), AS_OF))
    assert facts.frame["entered"].to_list() == [BEFORE, AS_OF, AS_OF, None]


@pytest.mark.parametrize("engine", [evaluate, evaluate_by_row])
def test_it_is_blank_without_state(engine: Any) -> None:
    leads = pl.DataFrame({name: LEADS[name] for name in ("@key", "status")})
    facts = engine(RULES, leads, NO_EVENTS, Context(Calendar("UTC"), AS_OF))
    assert facts.frame["entered"].to_list() == [None] * 4
