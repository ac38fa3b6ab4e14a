"""The labels that the state remembers, as the engine is told of them.

In: the leads as read, the working table, the state. Out: `@previous:NAME` and `@since:NAME`. The label before a run comes
from the state; of a lead, or a definition, that the state does not know, from the lead's field of that name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import polars as pl

from leadrules.core.functions.columnar import only
from leadrules.core.text import fold
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import NAMED_COLUMNS, State
from leadrules.ruleset.model import Band, Classify, Definition, Matrix, Ruleset, Segment, Stages

Labelled = Band | Matrix | Classify | Stages


def labelled(ruleset: Ruleset) -> list[Labelled]:
    """What gives labels, in declaration order."""
    return [one for one in ruleset.declared if isinstance(one, Labelled)]


def segments(ruleset: Ruleset) -> list[Segment]:
    """The segments, in declaration order."""
    return [one for one in ruleset.declared if isinstance(one, Segment)]


def is_remembered(definition: Definition, state: State) -> bool:
    """Whether the rules of the last run had this definition, as the same kind of thing."""
    if state.ruleset is None:
        return False
    return any(one.name == definition.name and type(one) is type(definition) for one in state.ruleset.definitions)


def was_evaluated(table: LeadColumns, definition: Definition, state: State) -> pl.Series:
    """Which leads the state has a label of, be it blank; or, of a segment, whether they were in it."""
    columns = ("in",) if isinstance(definition, Segment) else ("label", "since")
    names = [f"{column}:{definition.name}" for column in columns]
    if not is_remembered(definition, state) or not set(names) <= set(table.columns):
        return pl.Series([False]).new_from_index(0, table.height)
    return reduce(or_, (table[name].is_not_null() for name in names))


def label_before(table: LeadColumns, name: str) -> pl.Series:
    """The label in the state."""
    return table.whole(f"label:{name}", NAMED_COLUMNS["label"])


def inside_before(table: LeadColumns, name: str) -> pl.Series:
    """Whether the lead was in the segment, by the state."""
    return table.whole(f"in:{name}", NAMED_COLUMNS["in"])


def previous_labels(
    leads: pl.DataFrame, table: LeadColumns, state: State, ruleset: Ruleset, *, with_memory: bool
) -> list[pl.Series]:
    """`@previous:NAME` of bands and stages, `@since:NAME` of stages where there is a state."""
    inputs: list[pl.Series] = []
    for one in labelled(ruleset):
        known = was_evaluated(table, one, state)
        if isinstance(one, Band | Stages):
            inputs.append(_previous(leads, table, one, known))
        if isinstance(one, Stages) and with_memory:
            inputs.append(_since(table, one.name, known))
    return inputs + _of_former_rules(table, state, {one.name for one in labelled(ruleset)})


def labels_of_record(leads: pl.DataFrame, ruleset: Ruleset) -> list[pl.Series]:
    """`@previous:NAME` of bands and stages where there is no state, by the lead's field of that name alone."""
    held = [one for one in labelled(ruleset) if isinstance(one, Band | Stages) and one.previous_field in leads.columns]
    return [_said(leads, one).alias(f"@previous:{one.name}") for one in held]


def _said(leads: pl.DataFrame, one: Band | Stages) -> pl.Series:
    said = leads[one.previous_field or ""].cast(pl.String)
    return _as_written(said, [label.name for label in one.labels])


def _previous(leads: pl.DataFrame, table: LeadColumns, one: Band | Stages, known: pl.Series) -> pl.Series:
    before = label_before(table, one.name)
    if one.previous_field is not None and one.previous_field in leads.columns:
        before = before.zip_with(known, _said(leads, one))
    else:
        before = only(before, known)
    return before.alias(f"@previous:{one.name}")


def _as_written(said: pl.Series, labels: Sequence[str]) -> pl.Series:
    """What the record says, in the spelling of the label that it reads like: `Hot` is the label `hot`."""
    known = {fold(label): label for label in reversed(labels)}
    others = [value for value in said.unique().drop_nulls().to_list() if value not in labels]
    return said.replace({value: known[fold(value)] for value in others if fold(value) in known})


def _since(table: LeadColumns, name: str, known: pl.Series) -> pl.Series:
    return only(table.whole(f"since:{name}", NAMED_COLUMNS["since"]), known).alias(f"@since:{name}")


def _of_former_rules(table: LeadColumns, state: State, names: set[str]) -> list[pl.Series]:
    """Labels of definitions that are no more: the rules of the last run are asked once more after an edit."""
    former = [] if state.ruleset is None else [one for one in labelled(state.ruleset) if one.name not in names]
    return [
        label_before(table, one.name).alias(f"@previous:{one.name}") for one in former if isinstance(one, Band | Stages)
    ]
