"""Which edited line makes a lead's facts another.

In: two outcomes over the same leads, the edits between their rules. Out: per definition and edit, the leads whose value it
moves. An edit moves a lead if it does so alone on the older rules; where no edit does alone, if the newer rules without it do
not; where only several together do, if it moves what the definition stands on. Where none of this can be told (too many edits, or
lines that need each other), by names: every edit that reaches the definition.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from leadrules.core.functions import Context
from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.run import calendar_of
from leadrules.review.diff.edits import Edit
from leadrules.review.diff.mixtures import mentions, pruned, shifted, with_edit
from leadrules.review.diff.runs import Compared
from leadrules.ruleset.model import Ruleset

FACTS = ("lists", "tables", "definitions", "settings")
MOST_EVALUATIONS = 400_000  # leads times edits that are looked at one by one in any case
MOST_PASSES = 5  # and as many times all leads as this


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
            rows = rows_where(before.ne_missing(after))
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
    at, open_ = rows.search_sorted(change.rows.filter(todo).cast(pl.UInt32)), rows_where(todo)
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


class _Mixture(ABC):
    """One version of the rules with single edits taken from the other."""

    def __init__(self, compared: Compared, target: Ruleset, donor: Ruleset) -> None:
        self._compared = compared
        self._target = replace(target, aggregates=(*target.aggregates, *shifted(donor.aggregates, target)))
        self._donor = replace(donor, definitions=shifted(donor.definitions, target))

    @abstractmethod
    def side(self, change: Change) -> pl.Series:
        """What the mixture is compared with."""

    @abstractmethod
    def name_of(self, name: str, older: Mapping[str, str]) -> str:
        """What a definition is called in the mixture."""

    @abstractmethod
    def turned(self, edit: Edit) -> Edit:
        """The edit as it leads from the target to the donor."""

    def values(self, edit: Edit, names: Iterable[str], rows: pl.Series) -> dict[str, pl.Series]:
        """Definitions of the mixture for some of the compared leads; nothing where its lines need each other."""
        mixed = with_edit(self._target, self._donor, self.turned(edit))
        leads, events = self._inputs(rows)
        context = Context(calendar_of(mixed), self._compared.as_of.at)
        teams = dict(self._compared.head.request.project.team.teams)
        try:
            facts = evaluate(pruned(mixed, names), leads, events, context, teams)
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
