"""A ruleset with one edit taken from another version of it.

In: two compiled rulesets and an edit between them. Out: the one with just that edit, closed: what the edit names comes along, what
others still stand on stays. Evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from leadrules.lifecycle.cadence.versions import rebuilt
from leadrules.review.diff.edits import Edit, line_name, name_of
from leadrules.ruleset.model import (
    Aggregate,
    BandLabel,
    Definition,
    EventFilter,
    Expr,
    Matrix,
    Ruleset,
    ScoreRule,
    Settings,
)
from leadrules.ruleset.walk import below

_SETTINGS = frozenset(item.name for item in fields(Settings))
_MENTIONING = ("name", "previous", "since_of")
_SEARCHING = ("in", "has", "contains", "starts", "ends", "in_table")


def mentions(part: Any, ruleset: Ruleset) -> Iterator[str]:
    """The names of definitions, lists and tables in a part of a ruleset."""
    for one in below(part, ruleset):
        if isinstance(one, Matrix):
            yield from (one.rows_of, one.columns_of)
        elif not isinstance(one, Expr) or one.value is None:
            continue
        elif one.op == "lookup":
            # In a mixture the table may lack the column: its name is enough.
            yield from (table.name for table in ruleset.tables if str(one.value).startswith(f"{table.name}."))
        elif one.op in _MENTIONING or one.op in _SEARCHING:
            yield str(one.value)


def shifted(parts: Any, target: Ruleset) -> Any:
    """Parts of another ruleset, their aggregates numbered after the target's own."""
    offset = len(target.aggregates)

    def change(one: Expr) -> Expr:
        return replace(one, value=one.value + offset) if one.op in ("aggregate", "did") else one

    return rebuilt(parts, change)


def with_edit(target: Ruleset, donor: Ruleset, edit: Edit) -> Ruleset:
    """The target with one edit; what the edit names and the target lacks comes along."""
    if edit.section == "settings":
        changed: Any = {edit.name: edit.after} if edit.name in _SETTINGS else {}
        return replace(target, settings=replace(target.settings, **changed))
    if edit.attribute is None and edit.kind == "removed" and _is_named(target, edit.owners[0]):
        return target  # others still stand on it: taken away alone it changes nothing
    if edit.section in ("lists", "tables"):
        return _closed(
            _replaced(target, edit.section, _swapped(getattr(target, edit.section), edit.after, edit)), donor
        )
    donated = {one.name: one for one in donor.definitions}
    after = donated.get(edit.owners[1].name) if edit.owners[1] is not None else None
    if edit.attribute is None:
        return _closed(replace(target, definitions=_swapped(target.definitions, after, edit)), donor)
    before = next(one for one in target.definitions if one.name == edit.owners[0].name)
    edited = replace(before, **_attribute(before, after, edit))
    definitions = tuple(edited if one is before else one for one in target.definitions)
    return _closed(replace(target, definitions=definitions), donor)


def _is_named(ruleset: Ruleset, statement: Any) -> bool:
    """Whether another definition names this one."""
    others = (one for one in ruleset.definitions if one is not statement)
    return any(statement.name in mentions(one, ruleset) for one in others)


def _replaced(ruleset: Ruleset, section: str, statements: tuple[Any, ...]) -> Ruleset:
    changed: Any = {section: statements}
    return replace(ruleset, **changed)


def _swapped(statements: tuple[Any, ...], after: Any, edit: Edit) -> tuple[Any, ...]:
    """The statements with one added, gone, or another. What others still name stays, whatever the edit says."""
    gone = name_of(edit.owners[0]) if edit.owners[0] is not None else None
    if edit.kind == "removed":
        return tuple(one for one in statements if name_of(one) != gone)
    if any(name_of(one) == gone for one in statements):
        return tuple(after if name_of(one) == gone else one for one in statements)
    return (*statements, after)


def _attribute(before: Any, after: Any, edit: Edit) -> dict[str, Any]:
    name = str(edit.attribute)
    if name == "cells" and edit.line is None:
        return {one: getattr(after, one) for one in ("rows_of", "columns_of", "rows", "columns", "cells")}
    if name == "cells":
        return {"cells": tuple(edit.after if row == edit.line else cells for row, cells in zip(before.rows, before.cells, strict=True))}  # fmt: skip
    if edit.line is None and edit.kind != "moved":
        return {name: getattr(after, name)}
    lines, donated = getattr(before, name), getattr(after, name)
    if edit.kind == "moved":
        return {name: _in_order(lines, donated)}
    found = {name: _with_line(lines, donated, edit)}
    groups = _groups(before, after, found.get("rules", ()))
    return found | ({"groups": groups} if groups is not None else {})


def _groups(before: Any, after: Any, rules: Iterable[Any]) -> tuple[Any, ...] | None:
    """The groups that a score needs for its rules: one that came with a rule comes along."""
    wanted = {rule.group for rule in rules if isinstance(rule, ScoreRule) and rule.group is not None}
    known = {group.name for group in getattr(before, "groups", ())}
    extra = tuple(group for group in getattr(after, "groups", ()) if group.name in wanted - known)
    return (*before.groups, *extra) if extra else None


def _with_line(lines: tuple[Any, ...], donated: tuple[Any, ...], edit: Edit) -> tuple[Any, ...]:
    gone = line_name(edit.before) if edit.before is not None else None
    if edit.kind == "removed":
        return tuple(line for line in lines if line_name(line) != gone)
    new = next(line for line in donated if line_name(line) == line_name(edit.after))
    stays = edit.kind != "added" and getattr(new, "group", None) == getattr(edit.before, "group", None)
    if stays and not isinstance(new, BandLabel):
        return tuple(new if line_name(line) == gone else line for line in lines)
    return _inserted(tuple(line for line in lines if line_name(line) not in (gone, line_name(new))), donated, new)


def _inserted(lines: tuple[Any, ...], donated: tuple[Any, ...], new: Any) -> tuple[Any, ...]:
    """A line where it stands among its neighbours of the other version; thresholds fall, groups stay together."""
    if isinstance(new, BandLabel):
        floor = float("-inf")
        return tuple(sorted((*lines, new), key=lambda label: -(floor if label.start is None else label.start)))
    names = [line_name(line) for line in donated]
    before = set(names[: names.index(line_name(new))])
    group = getattr(new, "group", None)
    at = max((n + 1 for n, line in enumerate(lines) if line_name(line) in before), default=0)
    own = [n for n, line in enumerate(lines) if group is not None and getattr(line, "group", None) == group]
    if own:
        at = min(max(at, own[0]), own[-1] + 1)
    elif group is not None or hasattr(new, "group"):
        while 0 < at < len(lines) and lines[at].group is not None and lines[at].group == lines[at - 1].group:
            at += 1
    return (*lines[:at], new, *lines[at:])


def _in_order(lines: tuple[Any, ...], donated: tuple[Any, ...]) -> tuple[Any, ...]:
    """The lines that both have in the other's order; the rest stays where it is."""
    order = [line_name(line) for line in donated]
    common = sorted((line for line in lines if line_name(line) in order), key=lambda line: order.index(line_name(line)))
    following = iter(common)
    return tuple(next(following) if line_name(line) in order else line for line in lines)


def _closed(mixed: Ruleset, donor: Ruleset) -> Ruleset:
    """A ruleset that names nothing it lacks, as far as the other version has it."""
    for section in ("lists", "tables"):
        known = {one.name for one in getattr(mixed, section)}
        more = tuple(one for one in getattr(donor, section) if one.name not in known)
        mixed = _replaced(mixed, section, (*getattr(mixed, section), *more))
    donated = {one.name: one for one in donor.definitions}
    while True:
        known = {one.name for one in mixed.definitions}
        wanted = {name for one in mixed.definitions for name in mentions(one, mixed)}
        missing = [donated[name] for name in sorted(wanted - known) if name in donated]
        if not missing:
            return mixed
        mixed = replace(mixed, definitions=(*mixed.definitions, *missing))


def pruned(ruleset: Ruleset, names: Iterable[str]) -> Ruleset:
    """Only what these names stand on; aggregates keep their numbers."""
    known: dict[str, Definition] = {one.name: one for one in ruleset.definitions}
    kept: dict[str, Definition] = {}
    pending = [name for name in names if name in known]
    while pending:
        name = pending.pop()
        if name in known and name not in kept:
            kept[name] = known[name]
            pending += mentions(known[name], ruleset)
    used = {
        int(one.value)
        for definition in kept.values()
        for one in below(definition, ruleset)
        if isinstance(one, Expr) and one.op in ("aggregate", "did")
    }
    nothing = Aggregate("count", EventFilter(()), None, ruleset.aggregates[0].type) if ruleset.aggregates else None
    aggregates = tuple(
        one if number in used or nothing is None else replace(nothing, type=one.type)
        for number, one in enumerate(ruleset.aggregates)
    )
    ordered = tuple(one for one in ruleset.definitions if one.name in kept)
    return replace(ruleset, definitions=ordered, aggregates=aggregates)
