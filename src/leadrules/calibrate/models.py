"""Logistic regressions: what the lines could say at best, what the fields could, and points that fit.

In: a sample. Out: AUC on leads that were not learnt from, and points per line. Penalised (L2; C = 1, for points what
cross-validation finds) on standardised columns; scikit-learn does the work. A large sample is thinned to MOST_LEARNT leads, evenly in time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median
from typing import Any

import polars as pl

from leadrules.calibrate.ranking import auc
from leadrules.calibrate.sample import Sample
from leadrules.core.records import dataclass

MOST_LEARNT = 200_000
MOST_VALUES = 50
FEWEST_OF_A_VALUE = 10
SEED = 0
PENALTIES = [0.001, 0.01, 0.1, 1.0]
FOLDS = 3


@dataclass(frozen=True, slots=True)
class Model:
    """How well a regression ranks the leads that it did not learn from: the later half, and a random half."""

    name: str
    columns: int
    later: float | None
    random: float | None


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a line would give: whole points, or a factor for points that are computed. None: it never varied."""

    path: str
    today: float | None
    points: float | None
    factor: float | None


def is_there() -> bool:
    """Whether the extra is installed."""
    from importlib.util import find_spec

    return find_spec("sklearn") is not None


def lines_model(sample: Sample) -> Model:
    """What the lines could say at best, each with the weight that fits."""
    thin = _thin(sample)
    return _model("the lines of the rules, weighed anew", thin, _line_columns(thin))


def fields_model(sample: Sample, name: str, left_out: Sequence[str] = ()) -> Model:
    """What the fields of the record say, taken together."""
    thin = _thin(sample)
    fields = {field: values for field, values in thin.fields.items() if field not in left_out}
    return _model(name, thin, _field_columns(fields))


def random_half(size: int, reached: Any) -> Any:
    """Whether each lead is in the half that is kept to check: drawn at random from a fixed seed, as many of each outcome."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    _, checked = train_test_split(np.arange(size), test_size=0.5, random_state=SEED, stratify=reached)
    mask = np.zeros(size, dtype=bool)
    mask[checked] = True
    return mask


def _model(name: str, thin: Sample, columns: pl.DataFrame) -> Model:
    if not can_learn(thin.reached):
        return Model(name, columns.width, None, None)
    late = thin.is_late
    randomly = pl.Series(random_half(thin.size, thin.reached.to_numpy()))
    return Model(
        name, columns.width, _held_out(columns, thin.reached, late), _held_out(columns, thin.reached, randomly)
    )


def _thin(sample: Sample) -> Sample:
    """As many leads as the regressions learn from, evenly in time: before columns are made of them, which take memory."""
    step = -(-sample.size // MOST_LEARNT)
    return sample if step <= 1 else sample.only(sample.rank % step == 0)


def _held_out(columns: pl.DataFrame, reached: pl.Series, checked: pl.Series) -> float | None:
    """The AUC on the leads to check, of what was learnt from the others."""
    learnt = ~checked
    if not columns.width or reached.filter(learnt).n_unique() < 2:
        return None
    fitted = _fit(columns.filter(learnt), reached.filter(learnt))
    told = fitted.decision_function(columns.filter(checked).to_numpy())
    return auc(pl.Series(told), reached.filter(checked))


def _fit(columns: pl.DataFrame, reached: pl.Series) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1_000))
    return model.fit(columns.to_numpy(), reached.to_numpy())


def _line_columns(sample: Sample) -> pl.DataFrame:
    columns = [line.units.cast(pl.Float64).alias(line.path) for line in sample.lines]
    return pl.DataFrame([column for column in columns if column.n_unique() > 1])


def _field_columns(fields: Mapping[str, pl.Series]) -> pl.DataFrame:
    columns: list[pl.Series] = []
    for name, values in fields.items():
        columns += _columns_of(name, values)
    return pl.DataFrame([column.alias(str(at)) for at, column in enumerate(columns) if column.n_unique() > 1])


def _columns_of(name: str, values: pl.Series) -> list[pl.Series]:
    """A number and whether it is blank; or whether a text is each of its frequent values. In 32 bits: they are many."""
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        number = values.cast(pl.Float64)
        return [number.fill_null(number.mean() or 0.0).cast(pl.Float32), values.is_null().cast(pl.Float32)]
    if values.dtype != pl.String:
        return []
    counts = values.drop_nulls().value_counts(sort=True).filter(pl.col("count") >= FEWEST_OF_A_VALUE).head(MOST_VALUES)
    frequent = sorted(counts[values.name].to_list())
    return [(values == one).fill_null(value=False).cast(pl.Float32) for one in frequent]


# -- points -----------------------------------------------------------------------------------------------------------


def can_learn(reached: pl.Series) -> bool:
    """Whether each fold of the cross-validation would have somebody who reached the outcome, and somebody who did not."""
    yes = int(reached.sum())
    return min(yes, reached.len() - yes) >= FOLDS


def suggest(sample: Sample, learnt: pl.Series, kept: Collection[str] = ()) -> list[Suggested]:
    """Points for each line but those that are kept, learnt from some of the leads.

    The typical line (median size) keeps its size, so scores stay what people are used to; lines whose points are computed
    are sized along with the others.
    """
    part = _thin(sample.only(learnt))
    if not can_learn(part.reached):
        return []
    columns = _line_columns(part).drop(kept, strict=False)
    weights = dict(zip(columns.columns, _weights(columns, part.reached), strict=True)) if columns.width else {}
    scale = _scale({line.path: line.points for line in part.lines if line.path in weights}, weights)
    return [_suggested(line.path, line.points, weights.get(line.path), scale) for line in sample.lines]


def _scale(points: Mapping[str, float | None], weights: Mapping[str, float]) -> float:
    """Points for a weight of 1. Where all points are computed, a typical line keeps a factor of 1."""
    constant = {path: abs(one) for path, one in points.items() if one is not None} or dict.fromkeys(points, 1.0)
    learnt = [abs(weights[path]) for path in constant if weights[path]]
    return median(constant.values()) / median(learnt) if learnt else 1.0


def _weights(columns: pl.DataFrame, reached: pl.Series) -> list[float]:
    """The weight of each column in its own units. Which penalty fits is found by cross-validation: few leads that reached
    the outcome ask for a strong one."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(columns.to_numpy())
    model = LogisticRegressionCV(
        Cs=PENALTIES, cv=StratifiedKFold(FOLDS), scoring="neg_log_loss", max_iter=1_000, use_legacy_attributes=False,
        l1_ratios=(0.0,),
    )  # fmt: skip
    fitted = model.fit(scaler.transform(columns.to_numpy()), reached.to_numpy())
    return [float(weight / spread) for weight, spread in zip(fitted.coef_[0], scaler.scale_, strict=True)]


def _suggested(path: str, today: float | None, weight: float | None, scale: float) -> Suggested:
    if weight is None:
        return Suggested(path, today, None, None)
    if today is None:
        return Suggested(path, None, None, float(round(weight * scale, 1)) + 0.0)
    return Suggested(path, today, float(round(weight * scale)) + 0.0, None)
