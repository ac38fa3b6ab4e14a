"""Why a lead has that score, band, owner, move or non-move: the document that `leadrules explain` shows.

In: the outcome of a run that watched the lead, its key, the rule files, what the state remembers. Out: the document of
docs/schemas/explain.schema.json. Computes nothing that the run did not, but for `changes`: each of those is a changed lead
that the row engine was run on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.ids import canonical_key
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.core.text import nearest
from leadrules.data.errors import InputError
from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.model import State
from leadrules.lifecycle.run import Inputs, Outcome, calendar_of
from leadrules.review.explain.changes import Changes
from leadrules.review.explain.lead import OneLead, rejects_of
from leadrules.review.explain.moves import actions, sequence
from leadrules.review.explain.owner import owner, route
from leadrules.review.explain.scores import definition
from leadrules.review.explain.triggers import trigger
from leadrules.review.explain.words import Words
from leadrules.ruleset.model import Assert, Definition, Placed, Ruleset

FORMAT_VERSION = 1
_SLOTS = {"owner": "route", "sequence": "sequence"}
MOST_GUESSED = 5_000
Document = dict[str, Any]
Files = Mapping[str, SourceFile]
Named = tuple[str, Placed]  # definition, route, sequence, trigger or assert, and the statement


@dataclass(frozen=True, slots=True)
class Asked:
    """What is explained: all of it, or the statements that bear one name."""

    name: str | None
    parts: tuple[Named, ...]

    def of(self, kind: str) -> list[Any]:
        """The statements of a kind."""
        return [part for its, part in self.parts if its == kind]


def asked(ruleset: Ruleset, name: str | None) -> Asked:
    """The statements that a name means: `fit`, `trigger.inbound`, `owner`, the line `fit.senior`. Raises InputError for none."""
    known = list(_named(ruleset))
    if name is None:
        return Asked(None, tuple((kind, part) for kind, _, part in known))
    kind, dot, rest = name.partition(".")
    found = [(its, part) for its, own, part in known if own == name or (dot and its == kind and own == rest)]
    if not found and name in _SLOTS:  # what everybody asks for, whatever the rules call what decides it
        found = [(its, part) for its, _, part in known if its == _SLOTS[name]]
    if not found and dot:  # a line, as reasons and traces name it: the statement that has it
        found = [(its, part) for its, own, part in known if name in _lines(its, own, part)]
    if not found:
        lines = [line for part in known for line in _lines(*part)] if dot else []
        guess = nearest(name, lines) or nearest(rest if dot and rest else name, [own for _, own, _ in known])
        hint = (
            f"did you mean `{guess}`?" if guess else "name a score, band, segment, route, sequence, trigger or assert"
        )
        raise InputError(f"the rules have nothing called `{name}`", hint)
    return Asked(name, tuple(found))


def _named(ruleset: Ruleset) -> Iterator[tuple[str, str, Placed]]:
    yield from (("definition", one.name, one) for one in ruleset.declared)
    yield from (("route", one.name, one) for one in ruleset.routes)
    yield from (("sequence", one.name, one) for one in ruleset.sequences)
    yield from (("trigger", one.name, one) for one in ruleset.triggers)
    yield from (("assert", one.name, one) for one in ruleset.asserts)


def _lines(kind: str, own: str, part: Placed) -> Iterator[str]:
    prefix = own if kind == "definition" else f"{kind}.{own}"
    for line in (*getattr(part, "rules", ()), *getattr(part, "steps", ())):
        yield f"{prefix}.{line.number if kind == 'sequence' else line.name}"
    if kind == "sequence":
        yield from (f"{prefix}.exit", f"{prefix}.finish")  # what actions.csv and withheld.csv call its ends


# -- which lead -----------------------------------------------------------------------------------------------------


def key_of(inputs: Inputs, lead: str, state: State | None = None) -> str:
    """The key, as leads are compared, of the lead that is meant. Raises InputError where nobody knows such a lead."""
    key, frame = canonical_key(lead.strip()), inputs.leads.frame
    if frame["@join"].is_in([key]).any():
        return key
    rejected = inputs.leads.rejects["key"].str.strip_chars()
    is_remembered = state is not None and state.leads["key"].is_in([key]).any()
    if is_remembered or key in {canonical_key(one) for one in rejected.unique().to_list()}:
        return key
    rows = f"{inputs.leads.rows_in:,} lead{'' if inputs.leads.rows_in == 1 else 's'}"
    raise InputError(f"there is no lead {lead} among the {rows}", _guess(inputs, lead.strip()))


def _guess(inputs: Inputs, lead: str) -> str:
    """The lead that may have been meant: by its e-mail, or by a key like it."""
    frame = inputs.leads.frame
    for name, kind in frame.schema.items():
        if "@" in lead and kind == pl.String and not name.startswith("@"):
            same = frame.filter(pl.col(name).str.to_lowercase() == lead.lower())["@key"]
            if len(same):
                return f"did you mean {same[0]}? Its {name} is {lead}"
    keys, third = frame["@key"], max(len(lead) // 3, 1)
    like = keys.filter(keys.str.starts_with(lead[: third * 2]) | keys.str.ends_with(lead[-third * 2 :]))
    found = nearest(lead, [*like.head(MOST_GUESSED).to_list(), *keys.head(MOST_GUESSED).to_list()][:MOST_GUESSED])
    return f"did you mean {found}?" if found else "name a lead by its key"


# -- the document ---------------------------------------------------------------------------------------------------


def explain(outcome: Outcome, key: str, wanted: Asked, files: Files, history: pl.DataFrame | None = None) -> Document:
    """The document of one lead. `history`: what the state has of it, oldest first."""
    calendar = calendar_of(outcome.request.ruleset)
    head = {
        "format_version": FORMAT_VERSION,
        "project": outcome.request.project.name,
        "as_of": iso(outcome.as_of.at, calendar),
        "as_of_reason": outcome.as_of.reason,
        "since": iso(outcome.since, calendar),
        "name": wanted.name,
    }
    rows = rows_where(outcome.leads.frame["@join"].is_in([key])).to_list()
    rejects = [{name: row[name] for name in row if name != "key"} for row in rejects_of(outcome, key).to_dicts()]
    if not rows:
        return head | {"lead": _not_decided(outcome, key, rejects)}
    lead = OneLead(outcome, rows[0])
    words = Words(lead.ruleset, files, lead.calendar, lead.program)
    return head | {"lead": _lead(lead, words, rejects)} | _parts(lead, words, wanted, history)


def _not_decided(outcome: Outcome, key: str, rejects: Sequence[Document]) -> Document:
    """A lead of which nothing is decided: its rows were rejected, or the state alone knows it."""
    state = outcome.request.state
    if rejects or state is None:
        return {"key": key, "status": "rejected", "rejects": rejects}
    row = state.leads.row(int(rows_where(state.leads["key"] == key)[0]))
    calendar = calendar_of(outcome.request.ruleset)
    seen = iso(row["absent_since"] or state.as_of, calendar)
    known = {"absent_since": seen, "owner": row["owner"], "sequence": row["sequence"]}
    return {"key": key, "status": "absent", "rejects": [], **known}


def _lead(lead: OneLead, words: Words, rejects: Sequence[Document]) -> Document:
    """Who it is, and what the rules read of it."""
    source, line = lead.outcome.leads.place(lead.row)
    fields = [(name, lead.field(name), kind) for name, kind in lead.ruleset.fields]
    counted: dict[str, int] = {}
    for event in lead.facts.case.events:
        counted[event["type"]] = counted.get(event["type"], 0) + 1
    return {
        "key": lead.key,
        "status": "decided",
        "source": source,
        "line": line,
        "is_new": bool(lead.before("is_new")) if lead.tick is not None else None,
        "duplicate_of": lead.duplicate_of,
        "fields": {name: words.value(value, kind) for name, value, kind in fields},
        "events": counted,
        "rejects": list(rejects),
    }


def _parts(lead: OneLead, words: Words, wanted: Asked, history: pl.DataFrame | None) -> Document:
    changes = Changes(lead, words)
    found: Document = {
        "definitions": [_definition(lead, words, one, changes, wanted) for one in wanted.of("definition")],
        "asserts": [_assert(lead, words, one) for one in wanted.of("assert")],
    }
    if lead.outcome.decided is None:
        return found
    found |= {
        "routes": [route(lead, words, one) for one in wanted.of("route")],
        "sequences": [sequence(lead, words, one, history) for one in wanted.of("sequence")],
        "triggers": [trigger(lead, words, one) for one in wanted.of("trigger")],
    }
    if wanted.name is None or wanted.name == "owner":
        found["owner"] = owner(lead, words, history)
    if wanted.name is None:
        found["actions"] = actions(lead, words)
    return found


def _definition(lead: OneLead, words: Words, one: Definition, changes: Changes, wanted: Asked) -> Document:
    """A definition with the changes that would bring it further: of a segment only when it was asked for by name."""
    return definition(lead, words, one) | {"changes": changes.of(one, is_asked=wanted.name is not None)}


def _assert(lead: OneLead, words: Words, one: Assert) -> Document:
    """Whether a promise is kept, on what holds after the run."""
    facts = lead.facts_after
    applies = lead.program.value(one.condition, facts) is True
    kept = not applies or lead.program.value(one.implies, facts) is True
    clauses = words.why(one.condition, facts) if not applies else words.why(one.implies, facts)
    return {
        "kind": "assert",
        "name": one.name,
        "title": one.title,
        **words.place(one),
        "text": f"{words.text(one.condition)} implies {words.text(one.implies)}",
        "applies": applies,
        "kept": kept,
        "clauses": clauses,
    }
