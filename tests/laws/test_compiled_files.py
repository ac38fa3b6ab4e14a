"""The law on rule texts: the good files of tests/language mean the same in both engines.

The random rulesets of test_engines_agree are made as compiled rulesets; these come out of the compiler, so the forms it
chooses (names inside `where`, a score's `count events since`, labels of a field's name) meet both engines too.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.example_project import compiled, example_project
from tests.laws.test_engines_agree import by_rows, compare

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.functions.columnar import dtype
from leadrules.core.types import DATE, DATETIME, NUMBER, TEXT, Type
from leadrules.engine import columns
from leadrules.engine.row import prepare
from leadrules.ruleset.model import Band, Ruleset, Stages

GOOD = sorted((Path(__file__).parents[1] / "language").glob("*/good/*.lead"))
AS_OF = datetime(2026, 4, 10, 3, tzinfo=UTC)
TEXTS = ("x", "VP sales", "部長", "acme.com", "sato@acme.com", "/pricing/a", "Ｘ", "JP", "contact", "pricing")
ALWAYS = {
    "owner": TEXT, "assigned_at": DATETIME, "due_at": DATETIME, "owner_changes": NUMBER, "sequence": TEXT, "step": NUMBER,
    "enrolled_at": DATETIME, "duplicate_of": TEXT,
}  # fmt: skip


def value(rng: random.Random, type_: Type) -> Any:
    """A blank, or a value that rules of the files may ask for."""
    if rng.random() < 0.2:
        return None
    moment = AS_OF - timedelta(hours=rng.choice([-48, 0, 1, 30, 24 * 20, 24 * 200]))
    simple: dict[str, Any] = {
        "number": float(rng.choice([0, 1, 8, 45, 70, 150, 2.5])),
        "yesno": rng.random() < 0.5,
        "date": moment.date(),
        "datetime": moment,
        "set": tuple(rng.sample(TEXTS, 2)),
    }
    return simple[type_.kind] if type_.kind in simple else rng.choice(type_.options or TEXTS)


def inputs_of(rules: Ruleset) -> dict[str, Type]:
    """What a run hands over besides the lead's fields."""
    found = {f"@{name}": type_ for name, type_ in ALWAYS.items()}
    for definition in rules.definitions:
        if isinstance(definition, Stages):
            found[f"@since:{definition.name}"] = DATETIME
        if isinstance(definition, Stages | Band) and definition.previous_field is None:
            found[f"@previous:{definition.name}"] = Type("choice", tuple(label.name for label in definition.labels))
    return found


def frame(rows: list[dict[str, Any]], types: dict[str, Type]) -> pl.DataFrame:
    """Rows as a frame of these types."""

    def plain(one: Any) -> Any:
        return list(one) if isinstance(one, tuple) else one

    return pl.DataFrame({n: pl.Series([plain(row.get(n)) for row in rows], dtype=dtype(t)) for n, t in types.items()})


def event_rows(rng: random.Random, leads: int) -> list[dict[str, Any]]:
    """Random events of the example project, some at one instant."""
    types = example_project().event_schema
    found: list[dict[str, Any]] = []
    for row in range(leads):
        for _ in range(rng.choice([0, 1, 4, 12])):
            kind = rng.choice(types)
            at = AS_OF - timedelta(hours=rng.choice([-2, 0, 1, 5, 30, 24 * 5, 24 * 40, 24 * 100]))
            found.append(
                {"lead_row": row, "type": kind.name, "at": at, **{f.name: value(rng, f.type) for f in kind.fields}}
            )
    for number, event in enumerate(sorted(found, key=lambda e: repr(sorted(e.items(), key=str)))):
        event["@rank"] = number
    return found


def event_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Events as the readers hand them over: a column for each field and kind."""
    schema = example_project().event_schema
    names = [e.name for e in schema]
    found: dict[str, pl.Series] = {
        "lead_row": pl.Series([r["lead_row"] for r in rows], dtype=pl.UInt32),
        "type": pl.Series([r["type"] for r in rows], dtype=pl.Enum(names)),
        "at": pl.Series([r["at"] for r in rows], dtype=pl.Datetime("us", "UTC")),
        "@rank": pl.Series([r["@rank"] for r in rows], dtype=pl.UInt32),
    }
    for field in {(f.name, f.type.kind): f for e in schema for f in e.fields}.values():
        cells = [r.get(field.name) for r in rows]
        found[f"{field.name}:{field.type.kind}"] = pl.Series(cells, dtype=dtype(field.type))
    return pl.DataFrame(found)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_compiled_files_agree(path: Path) -> None:
    rules = compiled(path.read_text("utf-8-sig"))
    project = example_project()
    rng = random.Random(path.stem)
    fields = {f.name: f.type for f in project.lead_schema.fields}
    types = {**fields, **inputs_of(rules), "@key": TEXT}
    leads = [{**{n: value(rng, t) for n, t in types.items()}, "@key": f"L{i}"} for i in range(60)]
    events = event_rows(rng, len(leads))
    context = Context(Calendar(project.timezone, project.week, project.holiday_country, project.holiday_dates), AS_OF)
    teams = dict(project.team.teams)
    rows = by_rows(prepare(rules, teams), leads, events, context)
    facts = columns.evaluate(rules, frame(leads, types), event_frame(events), context, teams)
    compare(facts, rows, rules)


def test_the_files_use_dates() -> None:
    assert any(f.type == DATE for f in example_project().lead_schema.fields)
