"""The diff of two versions as the sections of a screen, a page, or a comment on a pull request.

In: the document that diff.py makes. Out: `Section`s, what everybody reads first and the details folded. Works nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from leadrules.show.tables import Cell, Section, percent

SHOWN_EDITS, SHOWN_ROWS, SHOWN_CAUSES, SHOWN_MOVES, NARROW = 30, 12, 3, 2, 72
BOTH = (
    "both versions are run with the team, the sources, the schemas and the guards of today: "
    "what edits of these move is not counted"
)
Document = Mapping[str, Any]


def diff_title(document: Document) -> str:
    """What the page is called."""
    return f"{document['project']}: {version(document['base'])} -> {version(document['head'])}"


def version(side: Document) -> str:
    """A version by its name, and its commit where that says more."""
    name, commit = str(side["name"]), side["commit"]
    return name if commit is None or commit.startswith(name) else f"{name} ({commit[:9]})"


def some_leads(count: int) -> str:
    """`1 lead`, `1,204 leads`."""
    return f"{count:,} lead{'' if count == 1 else 's'}"


def diff_sections(document: Document, *, narrow: bool = False) -> list[Section]:
    """The document as sections: what changes, the edits, the limits; then the details. A `narrow` screen has no room for places."""
    if document["problems"]:
        return list(_problem_sections(document))
    found = [_summary(document), *_edit_sections(document, narrow=narrow), *_budget_sections(document)]
    details = [
        *_label_sections(document),
        *_segment_sections(document),
        *_score_sections(document),
        *_decision_sections(document["decisions"]),
        *_lead_sections(document, narrow=narrow),
    ]
    return [*found, *details]


def _problem_sections(document: Document) -> Iterator[Section]:
    """Which version cannot be run, and why."""
    for side in document["problems"]:
        lines = [
            f"{one['path']}:{one['line']}:{one['column']}: {one['code']} {one['message']}" for one in side["findings"]
        ]
        shown, rest = tuple(lines[:SHOWN_EDITS]), len(lines) - SHOWN_EDITS
        yield Section(
            f"{side['side'].upper()}, {side['name']}, has errors; nothing was compared",
            notes=(*shown, *((f"and {rest} more",) if rest > 0 else ())),
        )


# -- what everybody reads first -------------------------------------------------------------------------------------


def _summary(document: Document) -> Section:
    leads = document["leads"]
    share = leads["changed"] / leads["compared"] if leads["compared"] else 0.0
    at = f"as of {document['as_of']} ({document['as_of_reason']})" if document["as_of"] else document["as_of_reason"]
    kinds = _kinds(document)
    lines = [*([kinds] if kinds else []), at, *([] if document["edits"] else ["the rules say the same"])]
    lines += [
        f"{some_leads(leads[f'only_{side}'])} decided by {side.upper()} alone: the other version rejects such rows"
        for side in ("base", "head")
        if leads[f"only_{side}"]
    ]
    if leads["rejected_base"] or leads["rejected_head"]:
        both = leads["rejected_base"] == leads["rejected_head"]
        counts = f"{leads['rejected_head']:,}" if both else f"{leads['rejected_base']:,} -> {leads['rejected_head']:,}"
        lines.append(f"{counts} rows rejected")
    if document["attributed_by_name"]:
        lines.append(
            "some changes have several edits behind them that cannot be told apart: each is given all of these"
        )
    return Section(f"{leads['changed']:,} of {leads['compared']:,} leads change ({percent(share)})", notes=tuple(lines))


def _kinds(document: Document) -> str:
    """`temperature of 143, owner of 2`, the most first."""
    counts = [(one["changed"], one["name"]) for one in document["labels"]]
    decided = document["decisions"]
    if decided is not None:
        counts += [(decided[name]["changed"], name) for name in ("owner", "sequence")]
        counts += [(one["changed"], one["name"]) for one in decided["fields"]]
    shown = sorted((one for one in counts if one[0]), key=lambda one: -one[0])[:5]
    return ", ".join(f"{name} of {leads:,}" for leads, name in shown)


def _edit_sections(document: Document, *, narrow: bool) -> Iterator[Section]:
    edits = sorted(document["edits"], key=lambda one: -(one["leads"] or 0))
    heads: tuple[str, ...] = ("edited line", "leads", "what it says now", "most of them", "where")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one["path"], one["leads"], one["words"], _moves(one["moves"]), _place(one["place"])) for one in edits
    )
    if narrow:
        heads, rows = heads[:-1], tuple(row[:-1] for row in rows)
    if rows:
        notes = _more(len(rows), SHOWN_EDITS)
        if any(one["leads"] is None for one in edits):
            notes += (BOTH,)
        yield Section("Edits, and the leads that each moves", heads, rows[:SHOWN_EDITS], notes)


def _place(place: Document | None) -> str:
    if place is None:
        return ""
    return f"{place['path']}:{place['line']}" + ("" if place["of"] == "head" else " (before)")


def _moves(moves: Iterable[Document]) -> str:
    return ", ".join(f"{one['leads']:,} {move_words(one)}" for one in list(moves)[:SHOWN_MOVES])


def move_words(move: Document) -> str:
    """`temperature cold -> warm`, `into enterprise`, `owner sato -> lee`."""
    if move["kind"] == "segment":
        return f"{'into' if move['to'] else 'out of'} {move['name']}"
    if move["kind"] == "action":
        return "other actions"
    return f"{move['name']} {_value(move['kind'], move['from'])} -> {_value(move['kind'], move['to'])}"


def _value(kind: str, value: Any) -> str:
    if value is None:
        return {"owner": "(nobody)", "sequence": "(none)", "field": "(as it was)"}.get(kind, "(blank)")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _budget_sections(document: Document) -> Iterator[Section]:
    rows: list[tuple[Cell, ...]] = [
        (one["kind"], one["leads"], percent(one["share"]), one["limit"], "too many" if one["exceeded"] else "")
        for one in document["budgets"]
    ]
    if rows:
        yield Section("Limits", ("change of", "leads", "share", "limit", ""), tuple(rows))


# -- details --------------------------------------------------------------------------------------------------------


def _causes(because: list[Document]) -> str:
    rest = len(because) - SHOWN_CAUSES
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(f"{one['edit']} ({one['leads']:,})" for one in because[:SHOWN_CAUSES]) + more


def _more(count: int, shown: int) -> tuple[str, ...]:
    return (f"and {count - shown:,} more",) if count > shown else ()


def _label_sections(document: Document) -> Iterator[Section]:
    for one in document["labels"]:
        if one["status"] != "both":
            state = "is new" if one["status"] == "added" else "is gone"
            counts = tuple(
                (label["label"] or "(blank)", label["before"], "->", label["after"]) for label in one["labels"]
            )
            yield Section(f"{one['name']} {state}", ("label", "before", "", "leads"), counts, folded=True)
        elif one["changed"]:
            found = _transitions(f"{one['name']}: {some_leads(one['changed'])}", one["kind"], one)
            note = ", ".join(map(_count_words, one["labels"]))
            yield replace(found, notes=(*found.notes, f"leads per label: {note}"))


def _count_words(label: Document) -> str:
    return f"{label['label'] or '(blank)'} {label['before']:,} -> {label['after']:,}"


def _transitions(title: str, kind: str, one: Document) -> Section:
    moves = one["transitions"]
    rows: list[tuple[Cell, ...]] = [
        (_value(kind, move["from"]), "->", _value(kind, move["to"]), move["leads"], _causes(move["because"]))
        for move in moves[:SHOWN_ROWS]
    ]
    heads = ("from", "", "to", "leads", "because of")
    return Section(title, heads, tuple(rows), _more(len(moves), SHOWN_ROWS), folded=True)


def _segment_sections(document: Document) -> Iterator[Section]:
    moved = [one for one in document["segments"] if one["entered"] or one["left"] or one["status"] != "both"]
    rows: list[tuple[Cell, ...]] = [
        (one["name"], one["before"], "->", one["after"], one["entered"], one["left"], _segment_causes(one))
        for one in sorted(moved, key=lambda one: -(one["entered"] + one["left"]))[:SHOWN_ROWS]
    ]
    if rows:
        heads = ("", "before", "", "leads", "into", "out of", "because of")
        yield Section("Segments", heads, tuple(rows), _more(len(moved), SHOWN_ROWS), folded=True)


def _segment_causes(one: Document) -> str:
    states = {"added": "the segment is new", "removed": "the segment is gone"}
    return states.get(one["status"]) or _causes(one["because"])


def _shift(least: float, most: float) -> str:
    return f"{least:+g}" if least == most else f"{least:+g} to {most:+g}"


def _score_sections(document: Document) -> Iterator[Section]:
    rows: list[tuple[Cell, ...]] = []
    for one in document["scores"]:
        if one["changed"] or one["status"] != "both":
            shift = _shift(one["least_shift"], one["most_shift"]) if one["changed"] else one["status"]
            means = (_mean(one["mean_before"]), "->", _mean(one["mean_after"]))
            rows.append((one["name"], *means, one["up"], one["down"], shift, _causes(one["because"])))
    if rows:
        heads = ("", "mean before", "", "mean", "up", "down", "by", "because of")
        yield Section("Scores", heads, tuple(rows), folded=True)


def _mean(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _decision_sections(decided: Document | None) -> Iterator[Section]:
    if decided is None:
        return
    for kind, one in (("owner", decided["owner"]), *(("field", field) for field in decided["fields"])):
        if one["changed"]:
            yield _decision(kind, one)
    load = [one for one in decided["owner"]["load"] if one["before"] != one["after"]]
    if load:
        yield _load("Owner load", "owner", load)
    if decided["sequence"]["changed"]:
        yield _decision("sequence", decided["sequence"])
        yield _load("Leads in sequences", "sequence", decided["sequence"]["load"])
    yield from _action_section(decided["actions"])


def _decision(kind: str, one: Document) -> Section:
    found = _transitions(f"{one['name']}: {some_leads(one['changed'])}", kind, one)
    turn = one["in_another_turn"]
    note = (f"{turn:,} of them only because others move: they are dealt in another turn",) if turn else ()
    return replace(found, notes=(*found.notes, *note))


def _load(title: str, kind: str, load: list[Document]) -> Section:
    rows: list[tuple[Cell, ...]] = [
        (_value(kind, one[kind]), one["before"], "->", one["after"], *([one["open"]] if kind == "owner" else []))
        for one in sorted(load, key=lambda one: -one["after"])[:SHOWN_ROWS]
    ]
    heads = ("", "before", "", "leads", *(("capacity",) if kind == "owner" else ()))
    return Section(title, heads, tuple(rows), _more(len(load), SHOWN_ROWS), folded=True)


def _action_section(actions: Document) -> Iterator[Section]:
    if actions["changed"]:
        rows = tuple((one["kind"], one["before"], "->", one["after"]) for one in actions["load"])
        notes = (f"because of {_causes(actions['because'])}",) if actions["because"] else ()
        title = f"Actions: other ones for {some_leads(actions['changed'])}"
        yield Section(title, ("", "before", "", "due"), rows, notes, folded=True)


def _lead_sections(document: Document, *, narrow: bool) -> Iterator[Section]:
    rows: list[tuple[Cell, ...]] = []
    for one in document["changed_most"]:
        moves = ", ".join(move_words(move) for move in one["moves"] if move["kind"] != "score")
        lines = ", ".join(f"{line['line']} {line['before']:g} -> {line['after']:g}" for line in one["lines"])
        texts = (moves or "points alone", lines, ", ".join(one["because"]))
        rows.append((one["lead"], *(_clipped(text) if narrow else text for text in texts)))
    if rows:
        heads = ("lead", "moves", "points", "because of")
        unnamed = all(one["lead"] == f"lead {number}" for number, one in enumerate(document["changed_most"], start=1))
        notes = ("--show-keys names the leads",) if unnamed else ()
        yield Section("Leads that change most", heads, tuple(rows), notes, folded=True)


def _clipped(text: str) -> str:
    return text if len(text) <= NARROW else text[: NARROW - 1] + "…"
