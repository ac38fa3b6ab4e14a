"""First-match lists: lines that are never reached, leads that no line takes, lines that overlap.

In: a study with its lists read. Out: findings, each with a lead that shows it. In an additive score nothing is shadowed,
so only `first match` groups are lists here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadrules.analyse.domains import Numbers, numbers
from leadrules.analyse.formulas import EMPTY, Box, atom, both, boxes, either, negated
from leadrules.analyse.lints.registry import lint
from leadrules.analyse.lists import overlaps
from leadrules.analyse.study import FirstMatch, Row, Study
from leadrules.analyse.witness import Claim, Witness
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.engine.row import LeadFacts, Program
from leadrules.ruleset.model import Band, Definition, Group, Route

Named = Definition | Group | Route

MOST_PAIRS = 20_000
MOST_BEFORE = 200
MOST_TOGETHER = 24
MOST_NAMED = 4
_GAP_HELP = {
    "route": "end it with a rule for the rest, such as `rest: queue nurture otherwise`",
    "band": "end it with a label for the rest: `cold: otherwise`",
}


def notes(witness: Witness | None, what: str) -> tuple[str, ...]:
    """The lead that shows a finding."""
    return () if witness is None else (f"for example {witness.text}: {what}",)


def matches(study: Study, *rows: Row) -> Claim:
    """The claim that a lead meets all these lines."""

    def claim(facts: LeadFacts, program: Program) -> bool:
        as_of = facts.case.context.as_of
        assert as_of is not None
        return all(
            study.witnesses.exists(row.active, as_of)
            and (row.condition is None or program.value(row.condition, facts) is True)
            and _has_event(row, facts, program)
            for row in rows
        )

    return claim


def _has_event(row: Row, facts: LeadFacts, program: Program) -> bool:
    each = getattr(row.part, "each", None)
    return each is None or bool(program.matching(each.filter, facts))


@lint("LR202", "shadowed")
def shadowed(study: Study) -> Iterator[Diagnostic]:
    """A line that is never reached, because those before it take every lead that it would take

    In classify, stages, routes and `first match` groups the first line that matches wins. Here every lead that meets this
    line meets an earlier one too, so the line does nothing. Put the narrower line first. (In a route only `queue` and
    `keep owner` are sure to take a lead: a team may have nobody free, so it shadows nothing.)

    Bad:

        classify size {
          some: when employees >= 10
          many: when employees >= 1000
          rest: otherwise
        }

    Good:

        classify size {
          many: when employees >= 1000
          some: when employees >= 10
          rest: otherwise
        }
    """
    for one in study.lists:
        for number, (row, verdict) in enumerate(zip(one.rows, one.reading.verdicts, strict=True)):
            if verdict.shadowed and not (row.condition is None and one.has_otherwise):
                by = _together(row, one.rows[:number]) if verdict.by is None else [one.rows[verdict.by]]
                yield _shadow(study, row, by)


def _together(row: Row, before: Sequence[Row]) -> list[Row]:
    """The fewest lines that take all of a line's leads, as far as leaving out one after the other tells; none if too many do."""
    left = [one for one in before if one.takes and not _is_apart(one, row)] if len(before) <= MOST_BEFORE else []
    if len(left) > MOST_TOGETHER:
        return []
    for one in [*left]:
        others = [other for other in left if other is not one]
        if boxes(both([row.formula, *(negated(other.formula) for other in others)])) == []:
            left = others
    return left if len(left) <= MOST_NAMED else []


def _is_apart(one: Row, row: Row) -> bool:
    return boxes(both([one.formula, row.formula])) == []


def _shadow(study: Study, row: Row, by: Sequence[Row]) -> Diagnostic:
    names = [f"`{one.name}`" for one in by]
    if len(by) == 1:
        who, way = f"{names[0]} takes", f"put `{row.name}` before {names[0]}, or delete it"
        what, why = f"{names[0]} takes it", "the first line that matches wins"
    else:
        listed = f"{', '.join(names[:-1])} and {names[-1]}" if names else "the lines before it"
        who, way = f"{listed} together take", f"put `{row.name}` before them, or delete it"
        what, why = "the earlier lines take it", "one of the lines that match first"
    words = f"`{row.name}` is never reached: {who} every lead that it would take"
    related = tuple(Related(study.head(one.part), why) for one in by)
    witness = study.witnesses.find(boxes(row.formula) or (), matches(study, row))
    span = study.head(row.part)
    return finding("LR202", span, words, label="never reached", help=way, related=related, notes=notes(witness, what))


@lint("LR204", "gap")
def gap(study: Study) -> Iterator[Diagnostic]:
    """Leads that no line takes

    A classify, stages, band or route without `otherwise` leaves some leads without a label or an owner, and nothing says
    so. End it with a line for the rest, even if that line says `none`. No finding is made where the lines cover every lead.

    Bad:

        classify size {
          many: when employees >= 1000
          few:  when employees < 1000
        }

    Good:

        classify size {
          many:    when employees >= 1000
          few:     when employees < 1000
          unknown: otherwise
        }
    """
    for one in study.lists:
        if one.kind != "group" and not one.has_otherwise and one.reading.rest != ():
            yield from _gap(study, one)
    for definition in study.ruleset.declared:
        if isinstance(definition, Band):
            yield from _band_gap(study, definition)


def _gap(study: Study, one: FirstMatch) -> Iterator[Diagnostic]:
    rows = [matches(study, row) for row in one.rows]

    def claim(facts: LeadFacts, program: Program) -> bool:
        return not any(row(facts, program) for row in rows)

    left: tuple[Box, ...] = one.reading.rest if one.reading.rest is not None else (EMPTY,)
    witness = study.witnesses.find(left, claim)
    if witness is None:
        study.cannot_tell(one.part, f"whether `{one.name}` takes every lead")
        return
    what = "no rule takes it" if one.kind == "route" else "it gets no label"
    yield _open(study, one.kind, one.part, witness, what)


def _open(study: Study, kind: str, part: Named, witness: Witness, what: str) -> Diagnostic:
    name = part.name
    way = _GAP_HELP.get(kind, "end it with a line for the rest: `other: otherwise`")
    words = f"{kind} `{name}` does not take every lead, and has no `otherwise`"
    return finding("LR204", study.name_span(kind, name, part), words, help=way, notes=notes(witness, what))


def _band_gap(study: Study, band: Band) -> Iterator[Diagnostic]:
    least = band.labels[-1].start if band.labels else None
    if least is None:
        return
    term = study.conditions.banded(band)
    low = atom(term, numbers(high=least, below=True))
    blank = atom(term, Numbers((), True)) if isinstance(term.domain, Numbers) else low
    under = boxes(either([low, blank]))
    if under == []:
        return
    witness = study.witnesses.find(under or (), lambda facts, _: facts.values[band.name] is None)
    if witness is None:
        study.cannot_tell(band, f"whether `{band.name}` has a label for every number")
        return
    yield _open(study, "band", band, witness, "it gets no label")


@lint("LR203", "overlap")
def overlap(study: Study) -> Iterator[Diagnostic]:
    """Two lines that take some of the same leads, neither taking all of the other's (with `--overlaps`)

    The first line that matches wins, so for the leads that meet both it is the order that decides. That is often meant;
    `check --overlaps` shows where, so that the order is a decision. Where one line takes all that another does, the order
    of narrow before wide is plain and nothing is said.

    Bad:

        classify desk {
          retail: when industry = "Retail"
          large:  when employees >= 1000
          rest:   otherwise
        }

    Good:

        classify desk {
          retail: when industry = "Retail"
          large:  when employees >= 1000 and industry != "Retail"
          rest:   otherwise
        }
    """
    if not study.overlaps:
        return
    for one in study.lists:
        alive = [
            row
            for row, verdict in zip(one.rows, one.reading.verdicts, strict=True)
            if verdict.possible and verdict.left and row.condition is not None
        ]
        if len(alive) * (len(alive) - 1) // 2 > MOST_PAIRS:
            study.cannot_tell(one.part, f"which of the {len(alive)} lines of `{one.name}` overlap")
            continue
        yield from _overlaps(study, alive)


def _overlaps(study: Study, rows: list[Row]) -> Iterator[Diagnostic]:
    """One finding for each line, about the lines before it that it overlaps with; no more of them than can be named."""
    for number, second in enumerate(rows):
        found: list[tuple[Row, Witness]] = []
        for first in rows[:number]:
            common = overlaps(first.formula, second.formula)
            witness = study.witnesses.find(common or (), matches(study, first, second))
            if witness is not None:
                found.append((first, witness))
            elif common is None:
                study.cannot_tell(second.part, f"whether `{first.name}` and `{second.name}` overlap")
            if len(found) == MOST_NAMED:
                break
        if found:
            yield _overlap(study, [first for first, _ in found], second, found[0][1])


def _overlap(study: Study, firsts: Sequence[Row], second: Row, witness: Witness) -> Diagnostic:
    names = [f"`{first.name}`" for first in firsts]
    if len(firsts) == 1:
        words = f"`{second.name}` and {names[0]} take some of the same leads; {names[0]} wins, for it stands first"
    else:
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        words = f"`{second.name}` takes some of the same leads as {listed}, which win, for they stand first"
    related = tuple(Related(study.head(first.part), "this line wins") for first in firsts)
    way = "leave out of one what belongs to the other, or keep the order and say why: `# leadrules: ignore LR203 because ...`"
    shown = notes(witness, f"{names[0]} takes it")
    return finding("LR203", study.head(second.part), words, help=way, related=related, notes=shown)
