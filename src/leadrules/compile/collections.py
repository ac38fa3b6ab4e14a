"""Membership and text tests: what stands after `in`, `contains`, `matches`, `has` and `any`.

In: the nodes. Out: the positive operation. Literals are checked against what they are compared with: the options of a
choice, an empty text, a pattern's syntax (all patterns at once, at the end of the compilation).
"""

from __future__ import annotations

from leadrules.compile import comparisons
from leadrules.compile.logic import negation
from leadrules.compile.mismatch import between, disagree, is_a, operator, quoted, said
from leadrules.compile.references import resolves
from leadrules.compile.roster import known_team
from leadrules.compile.scope import Pattern, Place, Scope, as_name, nothing, replace
from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.core.text import nfc
from leadrules.core.types import ERROR, TEXT, YESNO, Type
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

NEVER_EMPTY = ("contains", "starts", "ends")


def lower_in(scope: Scope, node: n.In, place: Place) -> Expr:
    """`x in (..)`, `x in LIST`, `x in TABLE`, `x in team T`."""
    found = _member(scope, node, place)
    return negation(found, node.span) if node.negated else found


def _member(scope: Scope, node: n.In, place: Place) -> Expr:
    """`x in ...`, without its negation."""
    reversed_ = _reversed(scope, node, place)
    if reversed_ is not None:
        return reversed_
    value = scope.expression(node.value, place=place)
    collection = node.collection
    if isinstance(collection, n.TeamCollection):
        return _in_team(scope, node, collection, value)
    if isinstance(collection, n.NamedCollection):
        return _in_named(scope, node, collection, value)
    return _in_items(scope, node, collection, value, place)


def _reversed(scope: Scope, node: n.In, place: Place) -> Expr | None:
    """`"x" in tags`: the field stands after `in`."""
    collection = node.collection
    if not isinstance(collection, n.NamedCollection) or not resolves(scope, collection.name.key, place):
        return None
    found = scope.names.values.get(collection.name.key)
    if found and found.kind in ("list", "table"):
        return None
    field = scope.expression(n.Name(span=collection.span, name=collection.name), place=place)
    if field.type.kind == "error":
        return nothing(node.span)
    new = f"{collection.name.span.text} {'has' if field.type.kind == 'set' else 'contains'} {node.value.span.text}"
    message = f"{is_a(collection, field.type)}, not a list: `in` asks whether a value is on a list"
    right = isinstance(node.value, n.TextLiteral) and (field.type.kind == "set" or field.type.is_textual)
    if not right:
        hint = f"compare them with `=`, or name a list: `list names = [..]`, `{node.value.span.text} in names`"
        return scope.broken("LR115", collection.span, message, label="not a list", help=hint)
    fixes = (replace(f"change to `{new}`", node.span, new),)
    return scope.broken("LR115", node.span, message, label="the wrong way round", help=f"write `{new}`", fixes=fixes)


def _in_team(scope: Scope, node: n.In, collection: n.TeamCollection, value: Expr) -> Expr:
    team = known_team(scope, collection.name)
    if team is None or not _textual(scope, node.value, value, "what is looked for in a team"):
        return nothing(node.span)
    return Expr("in_team", YESNO, (value,), value=team, span=node.span.as_json())


def _textual(scope: Scope, node: n.Expression, value: Expr, what: str) -> bool:
    if value.type.kind == "error":
        return False
    if value.type.is_textual:
        return True
    message = f"{what} must be text, but {is_a(node, value.type)}"
    scope.complain("LR108", node.span, message, label=str(value.type), help="use a text or choice field")
    return False


def _in_named(scope: Scope, node: n.In, collection: n.NamedCollection, value: Expr) -> Expr:
    name = collection.name
    found = scope.names.values.get(name.key)
    if found is None or found.kind not in ("list", "table"):
        known = [d.name for d in scope.names.values.values() if d.kind in ("list", "table")]
        is_team = name.key in {nfc(team) for team, _ in scope.project.team.teams}
        way_out = (
            f"for the team write `in team {name.span.text}`" if is_team else 'or write the values: `in ("a", "b")`'
        )
        if is_team:
            new = f"{'not ' * node.negated}in team {name.span.text}"
            span = Span(name.span.file, node.value.span.end, name.span.end)  # with the operator, which may be `is in`
            fixes = (replace(f"change to `{new}`", span, f" {new}"),)
            message = f"there is no list or table `{name.key}`"
            return scope.broken("LR104", name.span, message, label="a team", help=way_out, fixes=fixes)
        scope.unknown("LR104", name.span, "list or table", name.key, known, way_out)
        return nothing(node.span)
    scope.use(found.kind, name.key, name.span)
    if value.type.kind == "error" or (found.kind, name.key) in scope.names.disputed:
        return nothing(node.span)
    if found.kind == "table":
        return _in_table(scope, node, name.key, value)
    return _in_list(scope, node, name.key, value)


def _in_table(scope: Scope, node: n.In, table: str, value: Expr) -> Expr:
    if not _single(scope, node, value) or not _textual(scope, node.value, value, f"the key of `{table}`"):
        return nothing(node.span)
    return Expr("in_table", YESNO, (value,), value=table, span=node.span.as_json())


def _in_list(scope: Scope, node: n.In, name: str, value: Expr) -> Expr:
    holds = scope.lists.get(name, "error")
    if holds == "error" or not _single(scope, node, value):
        return nothing(node.span)
    if value.type.kind == "number" if holds == "number" else value.type.is_textual:
        return Expr("in", YESNO, (value,), value=name, span=node.span.as_json())
    held = "numbers" if holds == "number" else "text"
    message = f"{is_a(node.value, value.type)}, but the list `{name}` holds {held}"
    return scope.broken(
        "LR108", node.span, message, label="different types", help=f"compare {held} with a list of {held}"
    )


def _single(scope: Scope, node: n.In, value: Expr) -> bool:
    """A set or a label before `in` is a mistake with its own way out."""
    subject, items = node.value.span.text, node.collection.span.text
    if value.type.kind == "set":
        op = "has any" if isinstance(node.collection, n.Items | n.NamedCollection) else "has"
        new = f"{subject} {'not ' if node.negated else ''}{op} {items}"
        fixes = (replace(f"change to `{new}`", node.span, new),)
        message = f"{said(node.value)} is a set: it can hold many values at once"
        scope.complain("LR115", node.span, message, label="not for sets", help=f"write `{new}`", fixes=fixes)
        return False
    if value.type.kind == "label":
        message = f"{is_a(node.value, value.type)}: labels are compared with `is`"
        hint = f"write `{subject} is one of (a, b)`"
        scope.complain("LR112", node.span, message, label="a label", help=hint)
        return False
    return True


def _in_items(scope: Scope, node: n.In, items: n.Items, value: Expr, place: Place) -> Expr:
    if value.type.kind == "label":
        return _label_in_items(scope, node, items, value)
    if (
        not node.negated
        and comparisons.is_never_empty(value)
        and any(comparisons.is_empty_text(item) for item in items.values)
    ):
        return _empty_item(scope, node, items)
    if _bare_words(scope, items, node.value, value.type, place):
        return nothing(node.span)
    lowered = [_item(scope, item, node.value, value.type, place) for item in items.values]
    if value.type.kind == "error" or ERROR in [i.type for i in lowered] or not _single(scope, node, value):
        return nothing(node.span)
    for item_node, item in zip(items.values, lowered, strict=True):
        if not comparisons.agree(value.type, item.type):
            return disagree(scope, (node.value, value), (item_node, item), node.span)
    if value.type.kind in ("text", "choice", "number"):
        return Expr("in", YESNO, (value, *lowered), span=node.span.as_json())
    return _any_equal(node, value, lowered)


def _empty_item(scope: Scope, node: n.In, items: n.Items) -> Expr:
    """`title in ("")`, `title in ("CEO", "")`."""
    subject = node.value.span.text
    message = f"{said(node.value)} is never an empty text: an empty cell is blank"
    asked = f"{subject} is blank"
    if all(comparisons.is_empty_text(item) for item in items.values):
        fixes = (replace(f"change to `{asked}`", node.span, asked),)
        return scope.broken("LR118", node.span, message, label="empty", help=f"write `{asked}`", fixes=fixes)
    empty = next(item for item in items.values if comparisons.is_empty_text(item))
    hint = f"take it out, and ask `{asked} or ..`"
    return scope.broken("LR118", empty.span, message, label="empty", help=hint)


def _any_equal(node: n.In, value: Expr, items: list[Expr]) -> Expr:
    """Membership of what is compared exactly: equal to one of them."""
    place = node.span.as_json()
    tests = tuple(Expr("eq", YESNO, (value, item), span=place) for item in items)
    return tests[0] if len(tests) == 1 else Expr("or", YESNO, tests, span=place)


def _item(scope: Scope, item: n.Expression, beside: n.Expression, type: Type, place: Place) -> Expr:
    """One value of a collection; text is spelled as the choice beside it, and a bare word lacks its quotes."""
    if isinstance(item, n.Name) and not resolves(scope, item.name.key, place):
        return comparisons.bare_text(scope, item, beside, type, place)
    lowered = scope.expression(item, place=place)
    return comparisons.spelled(scope, item, lowered, beside, type)


def _bare_words(scope: Scope, items: n.Items, beside: n.Expression, type: Type, place: Place) -> bool:
    """`in (JP, US)`: several words that lack their quotes are one mistake."""
    words = [
        v for v in items.values if isinstance(v, n.Name) and comparisons.lacks_quotes(scope, v, beside, type, place)
    ]
    if len(words) < 2:
        return False
    texts = [quoted(comparisons.as_option(word, type)) for word in words]
    edits = tuple(Edit(word.span, text) for word, text in zip(words, texts, strict=True))
    new = ", ".join(texts)
    message = f"{', '.join(f'`{w.name.key}`' for w in words)} are not names here; {is_a(beside, type)}, and text stands in quotes"
    fixes = (Fix(f"change to {new}", edits),)
    scope.complain(
        "LR113", words[0].span | words[-1].span, message, label="need quotes", help=f"write {new}", fixes=fixes
    )
    return True


def _label_in_items(scope: Scope, node: n.In, items: n.Items, value: Expr) -> Expr:
    """`temperature in (hot, warm)`."""
    values = [v for v in items.values if isinstance(v, n.Name | n.TextLiteral)]
    words = [v.name.key if isinstance(v, n.Name) else v.value for v in values]
    written = ", ".join(as_name(word, v.span) for word, v in zip(words, values, strict=True))
    new = f"{'not ' if node.negated else ''}{node.value.span.text} is one of ({written})"
    known = len(words) == len(items.values) and all(w in value.type.options for w in words)
    fixes = (replace(f"change to `{new}`", node.span, new),) if known else ()
    message = f"{is_a(node.value, value.type)}: labels are compared with `is`"
    return scope.broken("LR112", node.span, message, label="a label", help=f"write `{new}`", fixes=fixes)


def lower_text_test(scope: Scope, node: n.TextTest, place: Place) -> Expr:
    """`contains`, `starts with`, `ends with`, `matches`, `has`."""
    found = _text_test(scope, node, place)
    return negation(found, node.span) if node.negated else found


def _text_test(scope: Scope, node: n.TextTest, place: Place) -> Expr:
    """`contains`, `starts with`, `ends with`, `matches`, `has`, without the negation."""
    value = scope.expression(node.value, place=place)
    operand = node.operand
    if not _suits(scope, node, value):
        if value.type.kind == "label":  # what is looked for is one of its labels, which `is` asks for
            return nothing(node.span)
        value = nothing(node.value.span)
    if isinstance(operand, n.TeamCollection):
        return scope.broken("LR115", operand.span, "a team stands after `in`", help="write `owner in team T`")
    if isinstance(operand, n.NamedCollection):
        return _any_of_list(scope, node, operand, value)
    items = operand.values if isinstance(operand, n.Items) else (operand,)
    if node.op == "matches":
        return _matches(scope, node, items, value)
    if isinstance(operand, n.Items) and _bare_words(scope, operand, node.value, value.type, place):
        return nothing(node.span)
    lowered = [_operand(scope, node, item, value.type, place) for item in items]
    if ERROR in [value.type, *(i.type for i in lowered)]:
        return nothing(node.span)
    return Expr(node.op, YESNO, (value, *lowered), span=node.span.as_json())


def _suits(scope: Scope, node: n.TextTest, value: Expr) -> bool:
    """Whether the operator is for values of this type; a set wants `has`, text anything else."""
    found, word = value.type, operator(node.op)
    if found.kind == "error":
        return False
    if (found.kind == "set") if node.op == "has" else found.is_textual:
        return True
    if found.kind == "set":
        return _wrong_operator(scope, node, f"{said(node.value)} is a set: `{word}` is for text", "has")
    if found.is_textual:
        return _wrong_operator(scope, node, f"{is_a(node.value, found)}: `has` is for sets", "contains")
    if found.kind == "label":
        hint = f"write `{node.value.span.text} is LABEL`"
        scope.complain("LR112", node.span, f"{is_a(node.value, found)}: labels are compared with `is`", help=hint)
        return False
    message = f"`{word}` is for text, but {is_a(node.value, found)}"
    scope.complain(
        "LR108", node.value.span, message, label=str(found), help="compare it with `=`, `<`, `>=` or `between`"
    )
    return False


def _wrong_operator(scope: Scope, node: n.TextTest, message: str, new: str) -> bool:
    span = between(node.value, node.operand)
    words = span.text.split()
    kept = [w for w in words if w in ("not", "any")]
    text = " ".join([*kept[: kept.count("not")], new, *(["any"] if "any" in kept else [])])
    fixes = (replace(f"change to `{text}`", span, text),) if node.op != "matches" else ()
    hint = f"write `{node.value.span.text} {text} {node.operand.span.text}`"
    scope.complain("LR115", span, message, label=f"use `{new}`", help=hint, fixes=fixes)
    return False


def _any_of_list(scope: Scope, node: n.TextTest, operand: n.NamedCollection, value: Expr) -> Expr:
    name = operand.name
    found = scope.names.values.get(name.key)
    if found is None or found.kind != "list":
        known = [d.name for d in scope.names.values.values() if d.kind == "list"]
        scope.unknown("LR104", name.span, "list", name.key, known, 'write the values: `any ("a", "b")`')
        return nothing(node.span)
    scope.use("list", name.key, name.span)
    if value.type.kind == "error" or scope.lists.get(name.key, "error") == "error":
        return nothing(node.span)
    if scope.lists[name.key] == "number":
        message = f"the list `{name.key}` holds numbers, and `{operator(node.op)}` is for text"
        return scope.broken("LR108", name.span, message, label="a list of numbers", help="put its values in quotes")
    if node.op in NEVER_EMPTY and "" in scope.list_values[name.key]:
        message = f"the list `{name.key}` holds an empty text, which every text {operator(node.op)}"
        return scope.broken(
            "LR118", name.span, message, label="holds an empty text", help="take the empty text out of the list"
        )
    if node.op == "matches":
        patterns = tuple(str(v) for v in scope.list_values[name.key])
        scope.patterns.extend(Pattern(p, name.span) for p in patterns)
        return Expr("matches", YESNO, (value,), value=patterns, span=node.span.as_json())
    return Expr(node.op, YESNO, (value,), value=name.key, span=node.span.as_json())


def _matches(scope: Scope, node: n.TextTest, items: tuple[n.Expression, ...], value: Expr) -> Expr:
    patterns: list[str] = []
    for item in items:
        if not isinstance(item, n.TextLiteral):
            return _no_pattern(scope, node, item, value)
        patterns.append(item.value)
        scope.patterns.append(Pattern(item.value, item.span))
    if value.type.kind == "error":
        return nothing(node.span)
    return Expr("matches", YESNO, (value,), value=tuple(patterns), span=node.span.as_json())


def _no_pattern(scope: Scope, node: n.TextTest, item: n.Expression, value: Expr) -> Expr:
    if isinstance(item, n.Broken):
        return nothing(node.span)
    message = f"the pattern after `matches` must be written out, so that it can be checked; {said(item)} is not a text"
    hint = 'write it in quotes: `matches "^vp"`; to look for a field\'s value use `contains`'
    return scope.broken("LR108", item.span, message, label="not a written text", help=hint)


def _operand(scope: Scope, node: n.TextTest, item: n.Expression, type: Type, place: Place) -> Expr:
    if isinstance(item, n.Name) and place.kind != "event":
        found = scope.names.values.get(item.name.key)
        if found and found.kind == "list":
            return _forgotten_any(scope, node, item)
    if isinstance(item, n.TextLiteral) and not item.value and node.op in NEVER_EMPTY:
        message = f'`{operator(node.op)} ""` is true for every text'
        hint = f"write what to look for, or `{node.value.span.text} is not blank`"
        return scope.broken("LR118", item.span, message, label="empty", help=hint)
    if isinstance(item, n.Or) and all(isinstance(one, n.TextLiteral) for one in item.items):
        return _joined_texts(scope, node, item)
    options = type if type.kind == "set" else TEXT
    lowered = _item(scope, item, node.value, options if type.kind != "error" else TEXT, place)
    if lowered.type.kind == "error" or lowered.type.is_textual:
        return lowered
    return _not_text(scope, node, item, lowered)


def _joined_texts(scope: Scope, node: n.TextTest, item: n.Or) -> Expr:
    """`title contains ("VP" or "Director")`."""
    new = f"any ({', '.join(one.span.text for one in item.items)})"
    message = f"`{operator(node.op)}` looks for one text, and for several with `any`"
    fixes = (replace(f"change to `{new}`", item.span, new),)
    return scope.broken("LR034", item.span, message, label="several texts", help=f"write `{new}`", fixes=fixes)


def _forgotten_any(scope: Scope, node: n.TextTest, item: n.Name) -> Expr:
    word = operator(node.op)
    new = f"any {item.span.text}"
    message = f"`{item.name.key}` is a list: after `{word}` a list stands behind `any`"
    fixes = (replace(f"change to `{new}`", item.span, new),)
    return scope.broken("LR119", item.span, message, label="a list", help=f"write `{word} {new}`", fixes=fixes)


def _not_text(scope: Scope, node: n.TextTest, item: n.Expression, lowered: Expr) -> Expr:
    word = operator(node.op)
    message = f"`{word}` looks for text, but {is_a(item, lowered.type)}"
    if isinstance(item, n.NumberLiteral):
        new = f'"{item.span.text}"'
        fixes = (replace(f"change to `{new}`", item.span, new),)
        return scope.broken(
            "LR108", item.span, message, label="a number", help=f"put it in quotes: `{new}`", fixes=fixes
        )
    return scope.broken("LR108", item.span, message, label=str(lowered.type), help="look for a text in quotes")
