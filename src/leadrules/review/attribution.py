"""Which edited line makes a lead's facts another.

In: two outcomes over the same leads, the edits between their rules. Out: per definition and edit, the leads whose value it
moves. An edit moves a lead if it does so alone on the older rules; where no edit does alone, if the newer rules without it do
not; where only several together do, if it moves what the definition stands on. Where none of this can be told (too many edits, or
lines that need each other), by names: every edit that reaches the definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from leadrules.core.functions import Context
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.run import calendar_of
from leadrules.lifecycle.versions import rebuilt
from leadrules.review.diff_edits import Edit, line_name, name_of
from leadrules.review.diff_runs import Compared
from leadrules.ruleset.model import (
    Aggregate,
    BandLabel,
    Definition,
    EventFilter,
    Expr,
    Matrix,
    Ruleset,
    ScoreRule,
)
from leadrules.ruleset.walk import below

FACTS = ("lists", "tables", "definitions", "settings")
MOST_EVALUATIONS = 400_000  # leads times edits that are looked at one by one in any case
MOST_PASSES = 5  # and as many times all leads as this
_MENTIONING = ("name", "previous", "since_of")
_SEARCHING = ("in", "has", "contains", "starts", "ends", "in_table")


@dataclass(frozen=True, slots=True)
class Change:
    """One definition: the compared rows where it is another, before and after, and per edit (by number) who is moved by it."""

    name: str
    rows: pl.Series
    before: pl.Series
    after: pl.Series
    blame: Mapping[int, pl.Series]


@dataclass(frozen=True, slots=True)
class Attribution:
    """The changes of every definition that both versions have. `by_name`: some of it could be told by names alone."""

    changes: Mapping[str, Change]
    reach: Reach
    by_name: bool


def attributed(compared: Compared, edits: Sequence[Edit], renamed: Mapping[str, str]) -> Attribution:
    """Every changed value with the edits behind it. `renamed` gives definitions of the older rules their newer names."""
    reach = Reach(compared.base.request.ruleset, compared.head.request.ruleset, renamed)
    found = {change.name: change for change in _changed(compared, renamed)}
    effective = {number: edit for number, edit in enumerate(edits) if edit.has_effect and edit.section in FACTS}
    work = _Work(compared, effective, reach, {new: old for old, new in renamed.items()})
    return work.attribution(found)


def _changed(compared: Compared, renamed: Mapping[str, str]) -> Iterator[Change]:
    base, head = compared.base.facts.frame, compared.head.facts.frame
    older = {renamed.get(name, name): name for name in base.columns}
    for name in head.columns:
        if name in older:
            before, after = compared.before(base[older[name]]), compared.after(head[name])
            if before.dtype != after.dtype:
                before, after = before.cast(pl.String), after.cast(pl.String)
            rows = before.ne_missing(after).arg_true()
            yield Change(name, rows, before.gather(rows), after.gather(rows), {})


# -- who mentions whom ----------------------------------------------------------------------------------------------


class Reach:
    """Which names a definition or rule stands on, in either version, by their newer names."""

    def __init__(self, base: Ruleset, head: Ruleset, renamed: Mapping[str, str]) -> None:
        self._uses: dict[str, set[str]] = {}
        self._known: dict[str, frozenset[str]] = {}
        self._renamed = renamed
        for ruleset in (base, head):
            for one in ruleset.definitions:
                self._uses.setdefault(renamed.get(one.name, one.name), set()).update(self.mentioned(one, ruleset))

    def mentioned(self, part: Any, ruleset: Ruleset) -> set[str]:
        """The definitions, lists and tables that a part names."""
        return {self._renamed.get(name, name) for name in mentions(part, ruleset)}

    def below(self, name: str) -> frozenset[str]:
        """Every name that a definition stands on, its own too."""
        if name not in self._known:
            found, pending = {name}, [name]
            while pending:
                fresh = self._uses.get(pending.pop(), set()) - found
                found |= fresh
                pending += fresh
            self._known[name] = frozenset(found)
        return self._known[name]

    def touches(self, edit: Edit, names: Iterable[str]) -> bool:
        """Whether an edit can move anything that stands on these names."""
        return edit.section == "settings" or any(edit.name in self.below(name) for name in names)


def mentions(part: Any, ruleset: Ruleset) -> Iterator[str]:
    """The names of definitions, lists and tables in a part of a ruleset."""
    for one in below(part, ruleset):
        if isinstance(one, Matrix):
            yield from (one.rows_of, one.columns_of)
        elif not isinstance(one, Expr) or one.value is None:
            continue
        elif one.op == "lookup":
            yield str(one.value).partition(".")[0]
        elif one.op in _MENTIONING or one.op in _SEARCHING:
            yield str(one.value)


# -- one edit at a time ---------------------------------------------------------------------------------------------


@dataclass
class _Work:
    """One attribution under way. Edits are those that move facts, by their numbers."""

    compared: Compared
    edits: Mapping[int, Edit]
    reach: Reach
    older: Mapping[str, str]

    def attribution(self, changes: Mapping[str, Change]) -> Attribution:
        """Alone, then without, then by names."""
        reaching = {name: self._reaching(name) for name in changes}
        blame: dict[str, dict[int, pl.Series]] = {name: {} for name in changes}
        open_ = {name: change for name, change in changes.items() if len(change.rows)}
        for name, change in [*open_.items()]:
            if len(reaching[name]) == 1:
                blame[name] = {reaching[name][0]: _all(len(change.rows))}
                del open_[name]
        if self._is_too_much(open_, reaching):
            # Labels before scores: many more leads change points than change places.
            open_ = {name: change for name, change in open_.items() if change.before.dtype != pl.Float64}
        if not self._is_too_much(open_, reaching):
            for mixture in (_Alone, _Without):
                self._look(open_, reaching, blame, mixture(self.compared))
        by_name = False
        for name in sorted(changes, key=lambda one: len(self.reach.below(one))):
            self._by_contribution(name, changes, blame)
            left = _nobody(changes[name], blame[name])
            if left.any():
                by_name = True
                _blame(blame[name], dict.fromkeys(reaching[name], left))
        done = {name: replace(change, blame=blame[name]) for name, change in changes.items()}
        return Attribution(done, self.reach, by_name)

    def _by_contribution(
        self, name: str, changes: Mapping[str, Change], blame: Mapping[str, dict[int, pl.Series]]
    ) -> None:
        """Where only several edits together move a lead: those that move what the definition stands on, and its own."""
        change, left = changes[name], _nobody(changes[name], blame[name])
        if not left.any():
            return
        for lower in sorted(self.reach.below(name) - {name}):
            for number, mask in blame.get(lower, {}).items():
                _blame(blame[name], {number: left & change.rows.is_in(changes[lower].rows.filter(mask).implode())})
        own = {number: left for number, edit in self.edits.items() if edit.name == name}
        if not _nobody(change, blame[name]).any():
            _blame(blame[name], own)

    def _reaching(self, name: str) -> list[int]:
        return [number for number, edit in self.edits.items() if self.reach.touches(edit, [name])]

    def _is_too_much(self, changes: Mapping[str, Change], reaching: Mapping[str, list[int]]) -> bool:
        numbers = {number for name in changes for number in reaching[name]}
        rows = len(_rows(change.rows for change in changes.values()))
        return rows * len(numbers) > max(MOST_EVALUATIONS, MOST_PASSES * self.compared.height)

    def _look(
        self,
        changes: Mapping[str, Change],
        reaching: Mapping[str, list[int]],
        blame: dict[str, dict[int, pl.Series]],
        mixture: _Mixture,
    ) -> None:
        """Evaluate the rules with (or without) each edit on the leads that nothing explains yet, and see who moves."""
        unexplained = {name: _nobody(change, blame[name]) for name, change in changes.items()}
        todo = {name: open_ for name, open_ in unexplained.items() if open_.any()}
        rows = _rows(changes[name].rows.filter(open_) for name, open_ in todo.items())
        for number in sorted({number for name in todo for number in reaching[name]}):
            names = [name for name in todo if number in reaching[name]]
            found = mixture.values(self.edits[number], [*names, *(self.older.get(n, n) for n in names)], rows)
            for name in names:
                value = found.get(mixture.name_of(name, self.older))
                if value is not None:
                    moved = _moved(value, rows, changes[name], mixture, todo[name])
                    known = blame[name].get(number)
                    blame[name][number] = moved if known is None else known | moved


def _moved(value: pl.Series, rows: pl.Series, change: Change, mixture: _Mixture, todo: pl.Series) -> pl.Series:
    """Over the rows of a change: who has another value in the mixture, among those that are still to be explained."""
    at, open_ = rows.search_sorted(change.rows.filter(todo).cast(pl.UInt32)), todo.arg_true()
    side = mixture.side(change).filter(todo)
    differs = value.gather(at).cast(side.dtype).ne_missing(side)
    return (~_all(len(change.rows))).scatter(open_, differs) if len(open_) else ~_all(len(change.rows))


def _blame(known: dict[int, pl.Series], more: Mapping[int, pl.Series]) -> None:
    """Further leads that edits move."""
    for number, moved in more.items():
        if moved.any():
            known[number] = known[number] | moved if number in known else moved


def _rows(found: Iterable[pl.Series]) -> pl.Series:
    """Rows of several changes together, rising."""
    rows = [one.cast(pl.UInt32) for one in found]
    return pl.concat(rows).unique().sort() if rows else pl.Series([], dtype=pl.UInt32)


def _all(height: int) -> pl.Series:
    return pl.repeat(True, height, dtype=pl.Boolean, eager=True)


def _nobody(change: Change, blame: Mapping[int, pl.Series]) -> pl.Series:
    """The rows that no edit is blamed for."""
    none = ~_all(len(change.rows))
    for moved in blame.values():
        none = none | moved
    return ~none


class _Mixture:
    """One version of the rules with single edits taken from the other."""

    def __init__(self, compared: Compared, target: Ruleset, donor: Ruleset) -> None:
        self._compared = compared
        self._target = replace(target, aggregates=(*target.aggregates, *_shifted(donor.aggregates, target)))
        self._donor = replace(donor, definitions=_shifted(donor.definitions, target))

    def side(self, change: Change) -> pl.Series:
        """What the mixture is compared with."""
        raise NotImplementedError

    def name_of(self, name: str, older: Mapping[str, str]) -> str:
        """What a definition is called in the mixture."""
        raise NotImplementedError

    def turned(self, edit: Edit) -> Edit:
        """The edit as it leads from the target to the donor."""
        raise NotImplementedError

    def values(self, edit: Edit, names: Iterable[str], rows: pl.Series) -> dict[str, pl.Series]:
        """Definitions of the mixture for some of the compared leads; nothing where its lines need each other."""
        mixed = _with(self._target, self._donor, self.turned(edit))
        leads, events = self._inputs(rows)
        context = Context(calendar_of(mixed), self._compared.as_of.at)
        teams = dict(self._compared.head.request.project.team.teams)
        try:
            facts = evaluate(_pruned(mixed, names), leads, events, context, teams)
        except (KeyError, IndexError, ValueError, TypeError, pl.exceptions.PolarsError):
            return {}  # half of an edit that only makes sense as a whole: the names tell
        return {column.name: column for column in facts.frame.get_columns()}

    def _inputs(self, rows: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
        leads, events = self._compared.inputs
        if len(rows) == leads.height:
            return leads, events
        place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, leads.height)
        place = place.scatter(rows, pl.Series(range(len(rows)), dtype=pl.UInt32))
        chosen = events.with_columns(place.gather(events["lead_row"]).cast(events.schema["lead_row"]).alias("lead_row"))
        return leads[rows], chosen.filter(pl.col("lead_row").is_not_null())


class _Alone(_Mixture):
    """The older rules with one edit."""

    def __init__(self, compared: Compared) -> None:
        super().__init__(compared, compared.base.request.ruleset, compared.head.request.ruleset)

    def side(self, change: Change) -> pl.Series:
        return change.before

    def name_of(self, name: str, older: Mapping[str, str]) -> str:
        return older.get(name, name)

    def turned(self, edit: Edit) -> Edit:
        return edit


class _Without(_Mixture):
    """The newer rules without one edit."""

    def __init__(self, compared: Compared) -> None:
        super().__init__(compared, compared.head.request.ruleset, compared.base.request.ruleset)

    def side(self, change: Change) -> pl.Series:
        return change.after

    def name_of(self, name: str, older: Mapping[str, str]) -> str:
        return name

    def turned(self, edit: Edit) -> Edit:
        back = {"added": "removed", "removed": "added"}
        kind: Any = back.get(edit.kind, edit.kind)
        before, after = edit.owners
        return replace(edit, kind=kind, before=edit.after, after=edit.before, owners=(after, before))


def _shifted(parts: Any, target: Ruleset) -> Any:
    """Parts of another ruleset, their aggregates numbered after the target's own."""
    offset = len(target.aggregates)

    def change(one: Expr) -> Expr:
        return replace(one, value=one.value + offset) if one.op in ("aggregate", "did") else one

    return rebuilt(parts, change)


# -- a ruleset with one edit ----------------------------------------------------------------------------------------


def _with(target: Ruleset, donor: Ruleset, edit: Edit) -> Ruleset:
    """The target with one edit; what the edit names and the target lacks comes along."""
    if edit.section == "settings":
        changed: Any = {} if edit.name == "open_leads" else {edit.name: edit.after}
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


def _pruned(ruleset: Ruleset, names: Iterable[str]) -> Ruleset:
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
