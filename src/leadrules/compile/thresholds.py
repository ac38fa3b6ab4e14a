"""Bands, matrices, classify and stages: what gives a lead a label.

In: the blocks. Out: their compiled forms; the labels, highest first, become the type of the name. Gaps and labels that
nothing can reach are doubts, found elsewhere; here stands what cannot be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadrules.compile.definitions import active_days, check_otherwise_last, check_unique_ids
from leadrules.compile.mismatch import not_a_label
from leadrules.compile.names import LABELLED
from leadrules.compile.scope import Scope
from leadrules.core.diagnostics import Related
from leadrules.core.text import number_text
from leadrules.core.types import ERROR, Type
from leadrules.ruleset import model
from leadrules.syntax import nodes as n


def lower_band(scope: Scope, node: n.Band, position: int) -> model.Band:
    """`band NAME of VALUE { .. }`."""
    assert node.name is not None
    _labels(scope, node.name.key, (label.name for label in node.labels))
    _check_labelled(scope, node, "hot: from 70")
    value = scope.expression(node.value, ("number",), what=f"what the band `{node.name.key}` looks at")
    check_unique_ids(scope, node.labels, "label", "LR142")
    check_otherwise_last(scope, node.labels)
    _check_falling(scope, node.labels)
    labels = tuple(_band_label(scope, label) for label in node.labels)
    scope.reads_more |= any(label.hold is not None for label in node.labels)
    before = _previous_field(scope, node.name.key)
    return model.Band(node.name.key, node.title, position, value, labels, before, span=node.span.as_json())


def _labels(scope: Scope, name: str, labels: Iterable[n.Ident]) -> None:
    scope.types[name] = Type("label", tuple(dict.fromkeys(label.key for label in labels)), name)


def _check_labelled(scope: Scope, node: n.Band | n.Classify | n.Stages, example: str) -> None:
    """`stages life { forward only }`: without a label nothing can ever be asked of it."""
    if node.labels or node.damaged:
        return
    assert node.name is not None
    word = type(node).__name__.lower()
    message = f"the {word} `{node.name.text}` {'have' if word == 'stages' else 'has'} no label"
    scope.complain("LR149", node.name.span, message, label="no label", help=f"add one: `{example}`")


def _previous_field(scope: Scope, name: str) -> str | None:
    """The lead field of the same name, where it can hold a label."""
    field = scope.names.fields.get(name)
    if field is None or not field.type.is_textual:
        return None
    scope.fields_read.add(field.name)
    return field.name


def _band_label(scope: Scope, node: n.BandLabel) -> model.BandLabel:
    if node.start is not None and node.hold is not None and node.hold > node.start:
        start, hold = number_text(node.start), number_text(node.hold)
        message = f"`{node.name.key}` begins at {start} and is held until below {hold}, which is higher"
        hint = "`hold until below` is lower than `from`: a lead that is in stays until it falls under it"
        scope.complain("LR138", node.span, message, label="never entered and held", help=hint)
    return model.BandLabel(node.name.key, node.title, node.start, node.hold, span=node.span.as_json())


def _check_falling(scope: Scope, labels: Sequence[n.BandLabel]) -> None:
    above: n.BandLabel | None = None
    for label in labels:
        if label.start is None:
            continue
        if above and above.start is not None and label.start >= above.start:
            message = (
                f"`{label.name.key}` begins at {number_text(label.start)}, "
                f"not below the {number_text(above.start)} of `{above.name.key}`"
            )
            related = (Related(above.span, "the label above"),)
            hint = "thresholds fall from the first label to the last: put the highest first"
            scope.complain("LR137", label.span, message, label="never reached", help=hint, related=related)
            return
        above = label


def lower_classify(scope: Scope, node: n.Classify, position: int) -> model.Classify:
    """`classify NAME { .. }`."""
    assert node.name is not None
    labels = _class_labels(scope, node, node.labels)
    return model.Classify(node.name.key, node.title, position, labels, span=node.span.as_json())


def lower_stages(scope: Scope, node: n.Stages, position: int) -> model.Stages:
    """`stages NAME { .. }`."""
    assert node.name is not None
    scope.reads_more = True
    labels = _class_labels(scope, node, node.labels)
    unless = scope.condition(node.forward.unless) if node.forward and node.forward.unless else None
    before = _previous_field(scope, node.name.key)
    return model.Stages(
        node.name.key,
        node.title,
        position,
        labels,
        node.forward is not None,
        unless,
        before,
        span=node.span.as_json(),
    )


def _class_labels(
    scope: Scope, node: n.Classify | n.Stages, labels: Sequence[n.ClassLabel]
) -> tuple[model.ClassLabel, ...]:
    assert node.name is not None
    _labels(scope, node.name.key, (label.name for label in labels))
    _check_labelled(scope, node, "other: otherwise")
    check_unique_ids(scope, labels, "label", "LR142")
    check_otherwise_last(scope, labels)
    return tuple(_class_label(scope, node, label) for label in labels)


def _class_label(scope: Scope, block: n.Classify | n.Stages, node: n.ClassLabel) -> model.ClassLabel:
    with scope.reading(block, node):
        condition = scope.condition(node.condition) if node.condition else None
        active = active_days(scope, node.active)
    return model.ClassLabel(node.name.key, node.title, condition, active, span=node.span.as_json())


def lower_matrix(scope: Scope, node: n.Matrix, position: int) -> model.Matrix:
    """`matrix NAME of ROWS by COLUMNS { .. }`."""
    assert node.name is not None
    _labels(scope, node.name.key, (cell for row in node.rows for cell in row.cells))
    own = node.name.key
    rows_type, columns_type = (ERROR if s.key == own else _side(scope, s) for s in (node.rows_of, node.columns_of))
    rows = [row.name for row in node.rows]
    _check_side(scope, node, "column", node.columns, columns_type)
    _check_side(scope, node, "row", rows, rows_type)
    for row in node.rows:
        _check_width(scope, node, row)
    return model.Matrix(
        node.name.key,
        node.title,
        position,
        node.rows_of.key,
        node.columns_of.key,
        tuple(r.key for r in rows),
        tuple(c.key for c in node.columns),
        tuple(tuple(cell.key for cell in row.cells) for row in node.rows),
        span=node.span.as_json(),
    )


def _side(scope: Scope, ident: n.Ident) -> Type:
    """The label type of a side of a matrix."""
    found = scope.names.values.get(ident.key)
    if found is None and ident.key not in scope.names.fields:
        known = [d.name for d in scope.names.values.values() if d.kind in LABELLED]
        scope.unknown("LR104", ident.span, "band, matrix, classify or stages", ident.key, known)
        return ERROR
    if found:
        scope.use(found.kind, found.name, ident.span)
        scope.reads_more |= found.name not in scope.pure
        known_type = scope.types.get(found.name, ERROR)
        if known_type.kind in ("label", "error") and found.kind not in ("list", "table"):
            return known_type
    what = f"a {found.word}" if found else "a field of the lead"
    hint = f"make a `classify` or `band` of `{ident.key}` and name that"
    message = f"a side of a matrix has labels, and `{ident.key}` is {what}"
    scope.complain("LR141", ident.span, message, label="no labels", help=hint)
    return ERROR


def _check_side(scope: Scope, node: n.Matrix, what: str, written: Sequence[n.Ident], type: Type) -> None:
    """Each label of the side stands once."""
    if type.kind == "error":
        return
    seen: dict[str, n.Ident] = {}
    for ident in written:
        first = seen.setdefault(ident.key, ident)
        if first is not ident:
            related = (Related(first.span, "first here"),)
            message = f"the {what} `{ident.key}` stands twice in the matrix"
            scope.complain("LR142", ident.span, message, label="again", help="keep one of them", related=related)
        elif ident.key not in type.options:
            not_a_label(scope, ident.span, ident.key, type)
        else:
            scope.use("label", f"{type.owner}.{ident.key}", ident.span)
    foreign = any(key not in type.options for key in seen)
    missing = [o for o in type.options if o not in seen]
    if missing and not foreign and not node.damaged:
        _hole(scope, node, what, missing, type)


def _hole(scope: Scope, node: n.Matrix, what: str, missing: list[str], type: Type) -> None:
    assert node.name is not None
    names = ", ".join(f"`{m}`" for m in missing)
    message = f"the matrix `{node.name.key}` has no {what} for {names} of `{type.owner}`"
    hint = f"a matrix covers every pair: add the {what}{'s' if len(missing) > 1 else ''} {names}"
    scope.complain("LR140", node.name.span, message, label="a hole", help=hint)


def _check_width(scope: Scope, node: n.Matrix, row: n.MatrixRow) -> None:
    if len(row.cells) == len(node.columns) or node.damaged:
        return
    count, wanted = len(row.cells), len(node.columns)
    message = f"the row `{row.name.key}` has {count} label{'s' if count != 1 else ''} for {wanted} columns"
    hint = "give each row a label for every column, divided by `|`"
    related = (Related(node.columns[0].span | node.columns[-1].span, "the columns"),) if node.columns else ()
    label = "too few" if count < wanted else "too many"
    scope.complain("LR140", row.span, message, label=label, help=hint, related=related)
