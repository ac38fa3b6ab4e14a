"""The dry run as a document, and as the sections of a screen.

In: an outcome. Out: the document of docs/schemas/plan.schema.json, and `Section`s made from that document alone. Computes
nothing that the run did not: it counts and picks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from leadrules.core.text import many
from leadrules.lifecycle.manifest import manifest
from leadrules.lifecycle.run import Outcome
from leadrules.lifecycle.state.remembered import inside_before
from leadrules.review.plan.causes import causes
from leadrules.review.plan.decisions import decision_sections, decisions_document
from leadrules.ruleset.model import Band, Classify, Definition, Matrix, Segment, Stages
from leadrules.show.tables import Bar, Cell, Section

FORMAT_VERSION = 1
SHOWN_REJECTS, SHOWN_SEGMENTS, SHOWN_RULES, SHOWN_NEVER, SHOWN_LEADS = 3, 8, 8, 8, 5
Labelled = Band | Matrix | Classify | Stages


def plan_document(outcome: Outcome) -> dict[str, Any]:
    """Everything that the dry run shows, as data."""
    about = manifest(outcome)
    counts = about["counts"]
    fired = counts.pop("fired")
    return {
        "format_version": FORMAT_VERSION,
        "project": outcome.request.project.name,
        "as_of": about["as_of"],
        "as_of_reason": outcome.as_of.reason,
        "since": about["since"],
        "read": {
            "inputs": about["inputs"],
            "counts": counts,
            "rejects": reject_kinds(outcome.rejects),
            "notes": [*outcome.leads.notes, *outcome.events.notes],
        },
        "labels": [_labels(outcome, d) for d in outcome.request.ruleset.declared if isinstance(d, Labelled)],
        "segments": [_segment(outcome, d) for d in outcome.request.ruleset.declared if isinstance(d, Segment)],
        "decisions": decisions_document(outcome),
        "rules": {
            "fired": [{"rule": rule, "leads": leads} for rule, leads in _by_count(fired) if leads],
            "never_fired": [rule for rule, leads in fired.items() if not leads],
        },
        "changed_most": _changed_most(outcome),
    }


def _by_count(fired: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(fired.items(), key=lambda item: -item[1])


def reject_kinds(rejects: pl.DataFrame) -> list[dict[str, Any]]:
    """Rejects of one kind together, the most frequent first, each with its first row."""
    if rejects.is_empty():
        return []
    kinds = rejects.group_by("source", "column", "reason", maintain_order=True).agg(
        pl.len().alias("cells"), pl.first("line"), pl.first("value")
    )
    return kinds.sort("cells", descending=True, maintain_order=True).to_dicts()


# -- labels and segments --------------------------------------------------------------------------------------------


def label_names(definition: Labelled) -> list[str]:
    """The labels of a definition, the highest first; a matrix in order of first appearance."""
    if isinstance(definition, Matrix):
        return list(dict.fromkeys(label for row in definition.cells for label in row))
    return list(dict.fromkeys(label.name for label in definition.labels))


def _labels(outcome: Outcome, definition: Labelled) -> dict[str, Any]:
    after = _count(outcome.facts.frame[definition.name])
    before = _count(_before(outcome, definition)) if _is_remembered(outcome, definition) else None
    names = [*label_names(definition), None]
    return {
        "name": definition.name,
        "title": definition.title,
        "kind": type(definition).__name__.lower(),
        "labels": [
            {"label": name, "before": before and before.get(name, 0), "after": after.get(name, 0)}
            for name in names
            if name is not None or after.get(name)
        ],
    }


def _is_remembered(outcome: Outcome, definition: Definition) -> bool:
    """Whether anything is known of the labels before this run."""
    return not _before(outcome, definition).is_null().all()


def _before(outcome: Outcome, definition: Definition) -> pl.Series:
    previous = outcome.facts.previous
    if definition.name in previous.columns:
        return previous[definition.name]
    return pl.Series([None], dtype=pl.String).new_from_index(0, outcome.facts.frame.height)


def _count(labels: pl.Series) -> dict[str | None, int]:
    counted = labels.cast(pl.String).alias("label").value_counts(name="leads")
    return dict(zip(counted["label"], counted["leads"], strict=True))


def _segment(outcome: Outcome, segment: Segment) -> dict[str, Any]:
    inside = outcome.facts.frame[segment.name].sum()
    was_inside = None if outcome.overlay is None else inside_before(outcome.overlay.table, segment.name)
    before = None if was_inside is None or was_inside.is_null().all() else int(was_inside.sum())
    return {"name": segment.name, "title": segment.title, "before": before, "after": int(inside or 0)}


# -- leads ----------------------------------------------------------------------------------------------------------


def _changed_most(outcome: Outcome) -> list[dict[str, Any]]:
    """The leads whose labels moved farthest, with the lines that did it; a new lead comes from below."""
    moving = [d for d in outcome.request.ruleset.declared if isinstance(d, Band | Stages)]
    moving = [d for d in moving if _is_remembered(outcome, d)] or moving
    if not moving or not outcome.facts.frame.height:
        return []
    steps = {d.name: _steps(outcome, d) for d in moving}
    moved = [one.abs().alias(name) for name, one in steps.items()]
    numbers = outcome.facts.frame.select(pl.selectors.float().abs().fill_nan(0))
    points = numbers.sum_horizontal() if numbers.width else pl.zeros(outcome.facts.frame.height, eager=True)
    ranked = pl.DataFrame([*moved, points.alias("<points>")]).with_row_index("<row>")
    distance = pl.sum_horizontal([d.name for d in moving])
    best = ranked.filter(distance > 0).sort(
        [distance, "<points>", "<row>"], descending=[True, True, False]
    )  # fmt: skip
    rows = best["<row>"].head(SHOWN_LEADS).to_list()
    moves = [[(d, by) for d in moving if (by := steps[d.name][row])] for row in rows]
    because = causes(outcome, rows, moves)
    return [_changed(outcome, row, moving, lines) for row, lines in zip(rows, because, strict=True)]


def _steps(outcome: Outcome, definition: Band | Stages) -> pl.Series:
    """By how many labels each lead rose, or fell; a lead without one before stood below the lowest, and there is no lower."""
    names = label_names(definition)
    positions = {name: len(names) - place for place, name in enumerate(names)}
    # The lowest label is where a lead is that nothing is known of: coming from nowhere into it is no change.
    lowest = 1

    def heights(labels: pl.Series) -> pl.Expr:
        return pl.lit(labels.cast(pl.String)).replace_strict(positions, default=lowest, return_dtype=pl.Int32)

    after, before = outcome.facts.frame[definition.name], _before(outcome, definition)
    return pl.select(heights(after) - heights(before)).to_series()


def _changed(outcome: Outcome, row: int, moving: Sequence[Band | Stages], because: list[str]) -> dict[str, Any]:
    labels = []
    for definition in moving:
        before, after = _before(outcome, definition)[row], outcome.facts.frame[definition.name][row]
        if before != after:
            labels.append({"name": definition.name, "before": before, "after": after})
    return {"key": outcome.leads.frame["@key"][row], "labels": labels, "because": because}


# -- the screen -----------------------------------------------------------------------------------------------------


def plan_sections(document: dict[str, Any]) -> list[Section]:
    """The document as commands.md orders the screen: what was read, labels, segments, decisions, rules, leads."""
    sections = [_read_section(document), *_label_sections(document), *_segment_sections(document)]
    sections += decision_sections(document["decisions"])
    return [*sections, *_rule_sections(document), *_lead_sections(document)]


def _read_section(document: dict[str, Any]) -> Section:
    counts, read = document["read"]["counts"], document["read"]
    lines = [
        f"leads   {many(counts['leads_in'], 'row')}: {counts['decided']:,} decided, {counts['rejected']:,} rejected",
    ]
    if counts["events_in"]:
        lines.append(f"events  {many(counts['events_in'], 'row')}: {_event_words(counts)}")
    lines += [f"reject  {words}" for words in reject_words(read["rejects"])]
    lines += [f"note    {note}" for note in read["notes"]]
    at = f"as of {document['as_of']} ({document['as_of_reason']})" if document["as_of"] else document["as_of_reason"]
    return Section(f"{document['project']}, {at}", notes=tuple(lines))


def _event_words(counts: dict[str, int]) -> str:
    kinds = ("used", "unread", "rejected", "orphaned", "repeated")
    return ", ".join(
        f"{counts[f'events_{kind}']:,} {kind}" for kind in kinds if counts[f"events_{kind}"] or kind == "used"
    )


def reject_words(kinds: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The first kinds of rejects: where, what and why, and how many cells."""
    for kind in kinds[:SHOWN_REJECTS]:
        column = f" {kind['column']}" if kind["column"] else ""
        value = f" `{kind['value']}`" if kind["value"] else ""
        yield f"{kind['source']}:{kind['line']}{column}{value}: {kind['reason']} ({kind['cells']:,}x)"
    if len(kinds) > SHOWN_REJECTS:
        yield f"and {many(len(kinds) - SHOWN_REJECTS, 'more kind')} of rejects"


def _label_sections(document: dict[str, Any]) -> Iterator[Section]:
    remembered = any(label["before"] is not None for one in document["labels"] for label in one["labels"])
    rows: list[tuple[Cell, ...]] = []
    decided = max(document["read"]["counts"]["decided"], 1)
    for one in document["labels"]:
        for position, label in enumerate(one["labels"]):
            name = one["name"] if position == 0 else ""
            before = (label["before"], "" if label["before"] is None else "->") if remembered else ()
            rows.append((name, label["label"] or "(blank)", *before, label["after"], Bar(label["after"] / decided)))
    if rows:
        heads = ("", "label", *(("before", "") if remembered else ()), "leads", "")
        title = "Bands and stages" + ("" if remembered else " (every lead is new)")
        yield Section(title, heads, tuple(rows))


def _segment_sections(document: dict[str, Any]) -> Iterator[Section]:
    segments = sorted(document["segments"], key=lambda one: -one["after"])
    if not segments:
        return
    decided = max(document["read"]["counts"]["decided"], 1)
    shown = segments[:SHOWN_SEGMENTS]
    remembered = any(one["before"] is not None for one in segments)
    rows: list[tuple[Cell, ...]] = []
    for one in shown:
        before = (one["before"], "" if one["before"] is None else "->") if remembered else ()
        rows.append((one["name"], one["title"] or "", *before, one["after"], Bar(one["after"] / decided)))
    rest = segments[SHOWN_SEGMENTS:]
    more = (f"and {len(rest)} more, {sum(not s['after'] for s in rest)} of them empty",) if rest else ()
    heads = ("", "", *(("before", "") if remembered else ()), "leads", "")
    yield Section("Segments", heads, tuple(rows), more)


def _rule_sections(document: dict[str, Any]) -> Iterator[Section]:
    fired, never = document["rules"]["fired"], document["rules"]["never_fired"]
    decided = max(document["read"]["counts"]["decided"], 1)
    if fired:
        rows = tuple((r["rule"], r["leads"], Bar(r["leads"] / decided)) for r in fired[:SHOWN_RULES])
        more = (f"and {len(fired) - SHOWN_RULES} more",) if len(fired) > SHOWN_RULES else ()
        yield Section("Rules that fired most", ("rule", "leads", ""), rows, more)
    if never:
        more_never = f" and {len(never) - SHOWN_NEVER} more" if len(never) > SHOWN_NEVER else ""
        yield Section("Rules that never fired", notes=(", ".join(never[:SHOWN_NEVER]) + more_never,))


def _lead_sections(document: dict[str, Any]) -> Iterator[Section]:
    rows: list[tuple[Cell, ...]] = []
    for lead in document["changed_most"]:
        moved = ", ".join(f"{m['name']} {m['before'] or '-'} -> {m['after'] or '-'}" for m in lead["labels"])
        rows.append((lead["key"], moved, "; ".join(lead["because"])))
    if rows:
        yield Section("Leads that changed most", ("lead", "moved", "because"), tuple(rows))
