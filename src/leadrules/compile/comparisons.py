"""Comparisons, membership, text tests, blanks and labels.

In: the nodes. Out: positive operations, negated by a plain `not`; text beside a choice takes the spelling of its options.
What two types mean to each other is decided here, how it is said in mismatch.
"""

from __future__ import annotations

import dataclasses
from typing import TypeGuard

from leadrules.compile.logic import negation
from leadrules.compile.mismatch import (
    between,
    called_by_name,
    disagree,
    fixed_length,
    is_a,
    is_with_text,
    needs_quotes,
    not_a_label,
    not_an_option,
    number_called,
    said,
    text_order,
    within_of_value,
)
from leadrules.compile.references import ALWAYS_TYPES, is_lone_event, label_owner, lone_event, resolves
from leadrules.compile.scope import Place, Scope, as_name, nothing, replace
from leadrules.core.source import Span
from leadrules.core.text import fold, nearest, trimmed
from leadrules.core.types import ERROR, YESNO, Type
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

ORDERED = ("number", "date", "datetime", "duration")
SHORTEST_MISSPELT = 4  # a shorter word is like too many names to be one of them misspelt
EMPTY = {"empty", "missing", "none", "unset", "absent", "blank", "null", "nil", "undefined"}
FILLED = {"filled", "set", "present", "known", "there", "populated", "provided", "given"}
READ = ("field", "event_field", "always", "aggregate", "lookup")  # values as the data has them
ASKED_BY_IS = ("label", "text", "choice", "yesno", "error")  # of other values nobody asks `is WORD`
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
CHOOSING = {"if": 1, "coalesce": 0}  # the functions that choose, and where their choices begin
OPERATIONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def lower_compare(scope: Scope, node: n.Compare, place: Place) -> Expr:
    """`a = b` and its like."""
    if node.right.span.text.split()[:1] in (["within"], ["in"]) and not between(node.left, node.right).text:
        return _within(scope, node, place)
    left, right = _sides(scope, node, place)
    if isinstance(node.right, n.TextLiteral) and _is_by_word(node):
        return is_with_text(scope, node, left)
    if isinstance(node.right, n.BooleanLiteral) and left.type == YESNO and _is_by_word(node):
        return _is_true(scope, node, node.right)
    if "error" in (left.type.kind, right.type.kind):
        return nothing(node.span)
    if node.op not in OPERATIONS and (empty := _empty_text(scope, node, left, right)) is not None:
        return empty
    if not agree(left.type, right.type):
        textual = _text_of_order(node, left, right)
        if textual is not None:
            return text_order(scope, node, *textual)
        return disagree(scope, (node.left, left), (node.right, right), node.span)
    if _has_no_length(scope, left, node.left) or _has_no_length(scope, right, node.right):
        return nothing(node.span)
    if node.op in OPERATIONS and _is_by_word(node, "is at"):
        return _bound_in_words(scope, node)
    if node.op in OPERATIONS:
        if left.type.kind not in ORDERED:
            return text_order(scope, node, node.left, left.type)
        return Expr(OPERATIONS[node.op], YESNO, (left, right), span=node.span.as_json())
    if left.type.kind == "set":
        return _sets(scope, node)
    left = spelled(scope, node.left, left, node.right, right.type)
    right = spelled(scope, node.right, right, node.left, left.type)
    if ERROR in (left.type, right.type):
        return nothing(node.span)
    same = Expr("eq", YESNO, (left, right), span=node.span.as_json())
    return negation(same, node.span) if node.op == "!=" else same


def _within(scope: Scope, node: n.Compare, place: Place) -> Expr:
    """`email_opened within 30 days`, `created_at within 30 days`."""
    if is_lone_event(node.left, scope, place):
        return lone_event(scope, node.left, "did {}")
    return within_of_value(scope, node, scope.expression(node.left, place=place))


def _is_by_word(node: n.Compare, words: str = "is") -> bool:
    """Whether `is`, which is for labels, stands where a sign should."""
    return between(node.left, node.right).text.startswith(words)


def _is_true(scope: Scope, node: n.Compare, right: n.BooleanLiteral) -> Expr:
    """`opted_out is true` is `opted_out`, `opted_out is false` is `not opted_out`."""
    holds = right.value is (node.op == "=")
    new = node.left.span.text if holds else f"not {node.left.span.text}"
    written = between(node.left, right) | right.span
    message = f"`{written.text}` is not needed: a yes/no value is a condition by itself"
    fixes = (replace(f"write `{new}`", node.span, new),)
    return scope.broken("LR014", written, message, help=f"write `{new}`", fixes=fixes)


def _bound_in_words(scope: Scope, node: n.Compare) -> Expr:
    """`employees is at least 5`."""
    span = between(node.left, node.right)
    fixes = (replace(f"change to `{node.op}`", span, node.op),)
    message = f"`{span.text}` is written `{node.op}`"
    return scope.broken("LR035", span, message, help=f"write `{node.op}`", fixes=fixes)


def _text_of_order(node: n.Compare, left: Expr, right: Expr) -> tuple[n.Expression, Type] | None:
    """The text of `title > 5`: in quotes the number would have no order either."""
    if node.op in OPERATIONS and left.type.is_textual and isinstance(node.right, n.NumberLiteral):
        return node.left, left.type
    if node.op in OPERATIONS and right.type.is_textual and isinstance(node.left, n.NumberLiteral):
        return node.right, right.type
    return None


def _empty_text(scope: Scope, node: n.Compare, left: Expr, right: Expr) -> Expr | None:
    """`title = ""`, `"" = title`; `!= ""` says what is meant by it."""
    if node.op == "!=":
        return None
    for value, lowered, text in ((node.left, left, node.right), (node.right, right, node.left)):
        if is_empty_text(text) and is_never_empty(lowered):
            new = f"{value.span.text} is blank"
            fixes = (replace(f"change to `{new}`", node.span, new),)
            message = f"{said(value)} is never an empty text: an empty cell is blank"
            return scope.broken("LR118", node.span, message, label="empty", help=f"write `{new}`", fixes=fixes)
    return None


def is_empty_text(node: n.Expression) -> bool:
    """`""`, or a text of nothing but white space, which no cell keeps."""
    return isinstance(node, n.TextLiteral) and not trimmed(node.value)


def is_never_empty(value: Expr) -> bool:
    """Whether a text is read from data, where one that is empty is blank; what is computed may be empty."""
    return value.type.is_textual and value.op in READ


def _sides(scope: Scope, node: n.Compare, place: Place) -> tuple[Expr, Expr]:
    """Both sides; a bare word beside a text or a label is taken for what it was meant to be."""
    if _is_bare_word(node.right, scope, place):
        left = scope.expression(node.left, place=place)
        return left, _bare_word(scope, node, node.right, (node.left, left), place)
    if _is_bare_word(node.left, scope, place):
        right = scope.expression(node.right, place=place)
        return _bare_word(scope, node, node.left, (node.right, right), place), right
    return scope.expression(node.left, place=place), scope.expression(node.right, place=place)


def _is_bare_word(node: n.Expression, scope: Scope, place: Place) -> TypeGuard[n.Name]:
    return isinstance(node, n.Name) and not resolves(scope, node.name.key, place)


def _bare_word(scope: Scope, node: n.Compare, word: n.Name, other: tuple[n.Expression, Expr], place: Place) -> Expr:
    beside, lowered = other
    if lowered.type.kind == "label":
        return _equals_label(scope, node, word, beside, lowered.type)
    number = number_called(word.name.text, lowered)
    if number is not None:
        called_by_name(scope, word, beside, word.name.text, number)
        return nothing(word.span)
    return bare_text(scope, word, beside, lowered.type, place)


def bare_text(scope: Scope, word: n.Name, beside: n.Expression, type: Type, place: Place) -> Expr:
    """A name that nothing bears, beside text: it lacks its quotes, or it is misspelt."""
    if lacks_quotes(scope, word, beside, type, place):
        return needs_quotes(scope, word, beside, type)
    return scope.expression(word, place=place)


def lacks_quotes(scope: Scope, word: n.Name, beside: n.Expression, type: Type, place: Place) -> bool:
    """Whether a bare word was meant as text: one of the options beside it, or like no name that could stand here."""
    key = word.name.key
    if not (type.is_textual or type.kind == "set") or isinstance(beside, n.TextLiteral) or resolves(scope, key, place):
        return False
    if any(fold(option) == fold(key) for option in type.options):
        return True
    if len(key) < SHORTEST_MISSPELT:
        return not scope.is_event(key)
    if place.kind == "event":
        return not (scope.is_lead_name(key) or nearest(key, scope.own_field_names(place.types)))
    return not (scope.is_event(key) or nearest(key, scope.names.lead_names(word.span)))


def as_option(word: n.Name, type: Type) -> str:
    """A bare word in the spelling of the option it means, else as written."""
    return next((option for option in type.options if fold(option) == fold(word.name.key)), word.name.text)


def _equals_label(scope: Scope, node: n.Compare, word: n.Name, beside: n.Expression, type: Type) -> Expr:
    """`temperature = hot`."""
    key = word.name.key
    if key not in type.options:
        not_a_label(scope, word.span, key, type)
        return nothing(node.span)
    op = node.op if node.right is word else TURNED.get(node.op, node.op)
    verb = {"=": "is", "!=": "is not", "<": "is at most", "<=": "is at most"}.get(op, "is at least")
    right = f"{beside.span.text} {verb} {word.span.text}"
    fixes = (replace(f"change to `{right}`", node.span, right),) if node.op in ("=", "!=", ">=", "<=") else ()
    message = f"{is_a(beside, type)}: labels are compared with `is`, not with `{node.op}`"
    hint = f"write `{right}`" if fixes else f"write `{right}`, which includes `{word.span.text}`"
    return scope.broken("LR112", between(node.left, node.right), message, label="use `is`", help=hint, fixes=fixes)


def agree(left: Type, right: Type) -> bool:
    """Whether two types can be compared: text with choices, dates with datetimes, everything else with its own kind."""
    if "error" in (left.kind, right.kind):
        return True
    if left.is_textual and right.is_textual:
        return True
    if left.is_temporal and right.is_temporal:
        return True
    return left.kind == right.kind and left.kind != "label"


def _sets(scope: Scope, node: n.Compare) -> Expr:
    message = f"{said(node.left)} and {said(node.right)} are sets: they are not compared with `{node.op}`"
    hint = f'ask for a member: `{node.left.span.text} has "..."`'
    return scope.broken("LR115", between(node.left, node.right), message, label="not for sets", help=hint)


def _has_no_length(scope: Scope, lowered: Expr, node: n.Expression) -> bool:
    """Business days compare with nothing; of a month it is known how long it counts."""
    way_out = "compare with days: `7 days`; or move a date by it"
    return fixed_length(scope, node, lowered, ("business days",), way_out).type.kind == "error"


def spelled(scope: Scope, node: n.Expression, lowered: Expr, beside: n.Node, type: Type) -> Expr:
    """A text literal beside a choice, in the spelling of the schema; one that is not among the options is a finding."""
    if not isinstance(node, n.TextLiteral) or lowered.type.kind == "error" or not type.options or type.kind == "label":
        return lowered
    wanted = fold(node.value)
    option = next((o for o in type.options if fold(o) == wanted), None)
    if option is None:
        return not_an_option(scope, node.span, node.value, said(beside), type.options)
    return Expr("const", lowered.type, value=option, span=lowered.span)


def lower_between(scope: Scope, node: n.Between, place: Place) -> Expr:
    """`x between a and b`."""
    value = scope.expression(node.value, place=place)
    labels = [label for end in (node.low, node.high) if (label := _as_label(end, value.type)) is not None]
    if len(labels) == 2:
        return _between_labels(scope, node, value.type.options, labels)
    ends = [scope.expression(end, place=place) for end in (node.low, node.high)]
    if "error" in (value.type.kind, *(e.type.kind for e in ends)):
        return nothing(node.span)
    if value.type.is_textual and all(isinstance(end, n.NumberLiteral) for end in (node.low, node.high)):
        return text_order(scope, node, node.value, value.type)
    for end_node, end in zip((node.low, node.high), ends, strict=True):
        if not agree(value.type, end.type):
            return disagree(scope, (node.value, value), (end_node, end), node.span)
        if _has_no_length(scope, end, end_node):
            return nothing(node.span)
    if value.type.kind not in ORDERED:
        return text_order(scope, node, node.value, value.type)
    return Expr("between", YESNO, (value, *ends), span=node.span.as_json())


def _as_label(node: n.Expression, type: Type) -> str | None:
    """The label that a bare word or a text means beside something with labels."""
    word = node.name.key if isinstance(node, n.Name) else node.value if isinstance(node, n.TextLiteral) else None
    if type.kind != "label" or type.owner == "sequence" or word is None:  # sequences have no order
        return None
    return next((label for label in type.options if fold(label) == fold(word)), None)


def _between_labels(scope: Scope, node: n.Between, options: tuple[str, ...], labels: list[str]) -> Expr:
    """`temperature between cold and warm`."""
    first, last = sorted(map(options.index, labels))
    names = ", ".join(as_name(label, node.span) for label in options[first : last + 1])
    new = f"{node.value.span.text} is one of ({names})"
    message = f"{said(node.value)} has labels: `between` is for numbers and times"
    fixes = (replace(f"change to `{new}`", node.span, new),)
    return scope.broken("LR112", node.span, message, label="labels", help=f"write `{new}`", fixes=fixes)


def lower_is_blank(scope: Scope, node: n.IsBlank, place: Place) -> Expr:
    """`x is blank`."""
    value = scope.expression(node.value, place=place)
    blank = Expr("is_blank", YESNO, (value,), span=node.span.as_json())
    return negation(blank, node.span) if node.negated else blank


def lower_is_label(scope: Scope, node: n.IsLabel, place: Place) -> Expr:
    """`x is LABEL` and its like."""
    if _is_bare_word(node.value, scope, place) and place.kind != "event" and not scope.is_event(node.value.name.key):
        return _unknown_labelled(scope, node, node.value)
    value = scope.expression(node.value, place=place)
    if value.type.kind == "error":
        return nothing(node.span)
    if _asks_for_presence(node, value.type):
        return _means_blank(scope, node)
    if value.type.kind != "label":
        return _not_labelled(scope, node, value)
    known = [_label(scope, ident, value.type) for ident in node.labels]
    if node.op in ("at least", "at most") and value.type.owner == "sequence":
        message = "sequences have no order: `is at least` and `is at most` do not apply"
        hint = "write `sequence is one of (a, b)`"
        return scope.broken("LR108", node.span, message, label="no order", help=hint)
    if not all(known):
        return nothing(node.span)
    labels = _reach(node, value.type.options)
    found = Expr("is_label", YESNO, (value,), value=labels, span=node.span.as_json())
    return negation(found, node.span) if node.op == "is not" else found


def _asks_for_presence(node: n.IsLabel, type: Type) -> bool:
    """`is empty`, `is not missing`, `is filled`, where no label or option is called so."""
    word = fold(node.labels[0].key)
    return node.op in ("is", "is not") and word in (*EMPTY, *FILLED) and word not in map(fold, type.options)


def _means_blank(scope: Scope, node: n.IsLabel) -> Expr:
    is_filled = (fold(node.labels[0].key) in FILLED) is (node.op == "is")
    new = "is not blank" if is_filled else "is blank"
    written = Span(node.span.file, node.value.span.end, node.span.end)
    written = Span(written.file, written.end - len(written.text.lstrip(" \t\r\n)")), written.end)
    fixes = (replace(f"change to `{new}`", written, new),)
    return scope.broken("LR016", written, f"`{written.text}` is written `{new}`", help=f"write `{new}`", fixes=fixes)


def _unknown_labelled(scope: Scope, node: n.IsLabel, word: n.Name) -> Expr:
    """`stage is mql`, where no such name exists: something with labels was meant."""
    names = scope.names.lead_names(word.span)
    known = [name for name in names if (found := _type_of(scope, name)) is None or found.kind in ASKED_BY_IS]
    known.sort(key=lambda name: name not in scope.types or scope.types[name].kind != "label")
    owner = label_owner(scope, node.labels[0].key)
    note = f"`{owner}` has the label `{node.labels[0].key}`: write `{owner}`" if owner else ""
    near = nearest(word.name.key, known)
    candidates = [near] if near and not owner else [owner] if owner and near == owner else []
    scope.unknown(
        "LR104",
        word.span,
        "name",
        word.name.key,
        candidates,
        note or "after it a label is asked for: name a band or stages",
    )
    return nothing(node.span)


def _type_of(scope: Scope, name: str) -> Type | None:
    """The type of a name that stands for a value of the lead; None for a definition that is not worked out yet, and `sequence`."""
    field = scope.names.fields.get(name)
    return scope.types.get(name) or (field.type if field else ALWAYS_TYPES.get(name))


def _label(scope: Scope, ident: n.Ident, type: Type) -> bool:
    if ident.key in type.options:
        kind = "sequence" if type.owner == "sequence" else "label"
        scope.use(kind, ident.key if kind == "sequence" else f"{type.owner}.{ident.key}", ident.span)
        if ident.span.text.startswith('"'):
            _label_in_quotes(scope, ident)
        return True
    not_a_label(scope, ident.span, ident.key, type)
    return False


def _label_in_quotes(scope: Scope, ident: n.Ident) -> None:
    """`temperature is one of ("hot")`."""
    new = as_name(ident.key, ident.span)
    message = f"{ident.span.text} is a label here, and a label stands without quotes"
    fixes = (replace(f"write `{new}`", ident.span, new),)
    scope.complain("LR033", ident.span, message, help=f"write `{new}`", fixes=fixes)


def _reach(node: n.IsLabel, options: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that satisfy the test, highest first."""
    named = [ident.key for ident in node.labels]
    if node.op == "at least":
        return options[: options.index(named[0]) + 1]
    if node.op == "at most":
        return options[options.index(named[0]) :]
    return tuple(dict.fromkeys(named))


def _not_labelled(scope: Scope, node: n.IsLabel, value: Expr) -> Expr:
    """`country is JP`, `opted_out is yes`."""
    subject, word = node.value.span.text, node.labels[0].span.text
    if value.type.is_textual:
        wanted = fold(node.labels[0].key)
        text = next((o for o in value.type.options if fold(o) == wanted), node.labels[0].text)
        return _text_is(scope, node, value, text)
    if value.type.kind == "yesno":
        return _yes_no_is(scope, node, value)
    hint = (
        f'write `{subject} has "{word}"`'
        if value.type.kind == "set"
        else f"compare {said(node.value)} with `=` or `>=`"
    )
    message = f"{is_a(node.value, value.type)}: `is` asks for a label of a band, matrix, classify or stages"
    return scope.broken("LR112", node.span, message, help=hint)


def _yes_no_is(scope: Scope, node: n.IsLabel, value: Expr) -> Expr:
    """`opted_out is yes`, `opted_out is TRUE`."""
    subject, word = node.value.span.text, fold(node.labels[0].key)
    message = f"{is_a(node.value, value.type)}: `is` asks for a label"
    meant = {"true": "true", "yes": "true", "false": "false", "no": "false"}.get(word)
    if meant is None or node.op not in ("is", "is not"):
        return scope.broken("LR112", node.span, message, help=f"write `{subject}` on its own, or `not {subject}`")
    is_yes = (node.op, meant) == ("is", "true")
    new = subject if is_yes else f"{subject} {'=' if node.op == 'is' else '!='} {meant}"
    fixes = (replace(f"change to `{new}`", node.span, new),)
    hint = f"write `{new}`{' on its own' if is_yes else ''}"
    return scope.broken("LR112", node.span, message, help=hint, fixes=fixes)


def _text_is(scope: Scope, node: n.IsLabel, value: Expr, text: str) -> Expr:
    subject = node.value.span.text
    texts = ", ".join(f'"{ident.text}"' for ident in node.labels)
    words = Span(node.span.file, node.value.span.end, node.labels[0].span.start).text
    within = "not in" if "not" in words.split() else "in"
    new = {
        "is": f'{subject} = "{text}"',
        "is not": f'{subject} != "{text}"',
        "one of": f"{subject} {within} ({texts})",
    }.get(node.op)
    message = f"{is_a(node.value, value.type)}: text is compared with `=`; `is` asks for a label"
    fixes = (replace(f"change to `{new}`", node.span, new),) if new else ()
    hint = f"write `{new}`" if new else "text has no order: name the values with `in (..)`"
    return scope.broken("LR112", node.span, message, label="not a label", help=hint, fixes=fixes)


def fitted(scope: Scope, node: n.Expression, wanted: Type, what: str, place: Place) -> Expr:
    """A value for something of type `wanted`; what does not fit is a finding."""
    subject = n.Name(span=node.span, name=n.Ident(span=node.span, text=what, key=what))
    if _is_bare_word(node, scope, place) and wanted.is_textual:
        return bare_text(scope, node, subject, wanted, place)
    lowered = scope.expression(node, place=place)
    if "error" in (lowered.type.kind, wanted.kind):
        return nothing(node.span) if lowered.type.kind == "error" else lowered
    if wanted.kind == "choice":
        return _as_choice(scope, node, lowered, wanted, what)
    if wanted.kind == "text" and lowered.type.kind in ("choice", "label"):
        return lowered
    return lowered if lowered.type.kind == wanted.kind else scope.expression(node, (wanted.kind,), place, f"`{what}`")


def _as_choice(scope: Scope, node: n.Expression, lowered: Expr, wanted: Type, what: str) -> Expr:
    """A literal, a choice or label none of whose values is foreign to the field, or an `if` among such."""
    if isinstance(node, n.TextLiteral):
        option = next((o for o in wanted.options if fold(o) == fold(node.value)), None)
        if option is None:
            return not_an_option(scope, node.span, node.value, f"`{what}`", wanted.options)
        return Expr("const", lowered.type, value=option, span=lowered.span)
    if isinstance(node, n.Call) and node.function.key in CHOOSING and len(lowered.args) == len(node.arguments):
        first, pairs = CHOOSING[node.function.key], list(zip(node.arguments, lowered.args, strict=True))
        fitting = [_as_choice(scope, argument, arg, wanted, what) for argument, arg in pairs[first:]]
        return dataclasses.replace(lowered, args=(*lowered.args[:first], *fitting))
    known = {fold(o) for o in wanted.options}
    foreign = [o for o in lowered.type.options if fold(o) not in known]
    if lowered.type.kind in ("choice", "label") and not foreign:
        return lowered
    why = f", and `{foreign[0]}` is none of its values" if foreign else ""
    message = f"`{what}` is a choice, but {is_a(node, lowered.type)}{why}"
    hint = "give one of its values: " + ", ".join(f'"{o}"' for o in wanted.options[:8])
    return scope.broken("LR108", node.span, message, label=str(lowered.type), help=hint)
