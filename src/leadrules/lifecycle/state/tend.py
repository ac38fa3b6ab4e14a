"""Tending a state: another name for what the rules renamed, and leads forgotten.

In: the folder of a state. Out: the state changed, in one step. Names live in columns, in values, and in the rules of the
last run, which the next run compares with today's: all three change together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import polars as pl

from leadrules.core.ids import canonical_key
from leadrules.core.text import nearest, nfc
from leadrules.core.types import Type
from leadrules.data.errors import InputError
from leadrules.data.event_copies import forget_copies
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import HISTORY_COLUMNS, State
from leadrules.lifecycle.state.database import COPIES, compacted
from leadrules.lifecycle.state.store import amend, load
from leadrules.ruleset.model import Action, Definition, Expr, Matrix, On, Route, Ruleset, Sequence, Template, Trigger
from leadrules.ruleset.store import from_json, from_text, to_json, to_text

T = TypeVar("T")
# What bears a name, and the columns of a lead that bear it after their colon.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "definition": ("label", "since", "in"),
    "sequence": ("enrolled", "entered", "entries"),
    "trigger": ("holds", "fired", "dated", "armed", "overdue", "times"),
    "route": (),
}
SHOWN_NAMES = 12
IN_HISTORY: Mapping[str, tuple[str, ...]] = {"definition": ("label", "segment"), "sequence": ("sequence", "step")}


def known(path: Path, lead: str) -> tuple[State, str]:
    """The state, and the key by which it knows a lead. Raises InputError where it does not."""
    state, key = load(path), canonical_key(lead.strip())
    if not state.leads["key"].is_in([key]).any():
        guess = nearest(key, state.leads["key"].head(100_000).to_list())
        hint = f"did you mean {guess}?" if guess else "the state knows the leads of every run, by their key"
        raise InputError(f"the state {path} knows no lead {lead}", hint)
    return state, key


def forget(path: Path, lead: str) -> None:
    """Take every trace of a lead out of the state: what it is, what it was, and the last run's files, which name it."""
    state, key = known(path, lead)
    nothing = pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    forget_copies(path / COPIES)
    compacted(path)  # first: where it has no room, the lead is still known, and can be forgotten later
    amend(path, state, state, changes=nothing, forgotten=[key])


def rename(path: Path, old: str, new: str) -> str:
    """Give a definition, sequence, trigger or route its new name. `KIND.OLD` says which, where two have it."""
    state = load(path)
    if state.ruleset is None:
        raise InputError(f"there is no state in {path}", "a first `leadrules run` makes one")
    kind, name = _meant(state.ruleset, old)
    new = nfc(new.strip())
    if new in _names(state.ruleset)[kind]:
        raise InputError(f"the state has a {kind} `{new}` already", "rename that one first")
    after = replace(
        state,
        leads=LeadColumns.of(_leads(state.leads.frame, state.ruleset, kind, name, new)),
        ruleset=renamed(state.ruleset, kind, name, new),
    )
    after = replace(after, eras=_eras(state.eras, kind, name, new), versions=_versions(state.versions, kind, name, new))
    after = replace(after, former=_former(state.former, name, new) if kind == "sequence" else state.former)
    after = replace(after, credits=_values(state.credits, "route", name, new) if kind == "route" else state.credits)
    in_history = [(one, name, new) for one in IN_HISTORY.get(kind, ())]
    amend(path, state, after, changes=pl.DataFrame(schema=dict(HISTORY_COLUMNS)), renamed=in_history)
    return kind


def _names(ruleset: Ruleset) -> dict[str, set[str]]:
    return {
        "definition": {one.name for one in ruleset.definitions},
        "sequence": {one.name for one in ruleset.sequences},
        "trigger": {one.name for one in ruleset.triggers},
        "route": {one.name for one in ruleset.routes},
    }


def _meant(ruleset: Ruleset, old: str) -> tuple[str, str]:
    names = _names(ruleset)
    kind, _, name = old.partition(".")
    if kind in names and name in names[kind]:
        return kind, name
    having = [kind for kind, some in names.items() if old in some]
    if len(having) == 1:
        return having[0], old
    if having:
        raise InputError(f"`{old}` is the name of a {' and of a '.join(having)}", f"say which: `{having[0]}.{old}`")
    guess = nearest(old, sorted(set().union(*names.values())))
    hint = f"did you mean `{guess}`?" if guess else _known_names(names)
    raise InputError(f"the state knows no definition, sequence, trigger or route `{old}`", hint)


def _known_names(names: Mapping[str, set[str]]) -> str:
    found = sorted(set().union(*names.values()))
    more = f", and {len(found) - SHOWN_NAMES} more" if len(found) > SHOWN_NAMES else ""
    return f"the rules that ran last have {', '.join(found[:SHOWN_NAMES])}{more}"


def _leads(leads: pl.DataFrame, ruleset: Ruleset, kind: str, old: str, new: str) -> pl.DataFrame:
    moved = {f"{prefix}:{old}": f"{prefix}:{new}" for prefix in COLUMNS[kind]}
    if kind == "route":
        moved = {name: f"account:{new}.{rule}" for name, rule in _accounts(leads, ruleset, old)}
    moved = {name: other for name, other in moved.items() if name in leads.columns}
    # The old columns stay, blank: a run adds columns and takes none away.
    leads = leads.with_columns(pl.col(name).alias(other) for name, other in moved.items())
    leads = leads.with_columns(pl.lit(None, dtype=leads.schema[name]).alias(name) for name in moved)
    for column in {"sequence": ("sequence", "seq_wait"), "route": ("due_route",)}.get(kind, ()):
        leads = _values(leads, column, old, new)
    # What a lead that waits under a limit was sent by.
    for rule in {"trigger": ("trigger.{}",), "sequence": ("sequence.{}.finish",)}.get(kind, ()):
        leads = _values(leads, "seq_wait_rule", rule.format(old), rule.format(new))
    return leads


def _accounts(leads: pl.DataFrame, ruleset: Ruleset, route: str) -> Iterator[tuple[str, str]]:
    """The columns of a route's accounts, each with its rule, which may be gone; `a.b` is not a rule `b` of the route `a`."""
    prefix = f"account:{route}."
    others = {f"account:{one.name}.{rule.name}" for one in ruleset.routes if one.name != route for rule in one.rules}
    for name in leads.columns:
        if name.startswith(prefix) and name not in others:
            yield name, name.removeprefix(prefix)


def _values(frame: pl.DataFrame, column: str, old: str, new: str) -> pl.DataFrame:
    return frame.with_columns(pl.when(pl.col(column) == old).then(pl.lit(new)).otherwise(column).alias(column))


def _versions(versions: pl.DataFrame, kind: str, old: str, new: str) -> pl.DataFrame:
    """The kept texts of sequences; they name definitions and routes, too."""
    texts = [_version(text, kind, old, new) for text in versions["text"]]
    versions = versions.with_columns(pl.Series("text", texts, dtype=pl.String()))
    return _values(versions, "sequence", old, new) if kind == "sequence" else versions


def _former(former: pl.DataFrame, old: str, new: str) -> pl.DataFrame:
    """What sequences were called before, after one more has another name; what has its old name again was called otherwise."""
    names = {**dict(_values(former, "sequence", old, new).iter_rows()), old: new}
    names.pop(new, None)
    return pl.DataFrame({"former": list(names), "sequence": list(names.values())}, schema=former.schema)


def _eras(eras: pl.DataFrame, kind: str, old: str, new: str) -> pl.DataFrame:
    texts = [text and to_text(renamed(from_text(text), kind, old, new)) for text in eras["ruleset"]]
    triggers = [[_known_as(known, kind, old, new) for known in names] for names in eras["triggers"]]
    return pl.DataFrame({"since": eras["since"], "ruleset": texts, "triggers": triggers}, schema=eras.schema)


def _known_as(known: str, kind: str, old: str, new: str) -> str:
    on, _, name = known.partition(" ")
    return f"{on} {new}" if kind == "trigger" and name == old else known


def _version(text: str, kind: str, old: str, new: str) -> str:
    alone = renamed(from_json(json.loads(text)), kind, old, new)
    return json.dumps(to_json(alone), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def renamed(part: T, kind: str, old: str, new: str) -> T:
    """A part of a ruleset in which something has another name, there and wherever it is named."""
    if isinstance(part, tuple):
        return cast("T", tuple(renamed(one, kind, old, new) for one in part))
    if not is_dataclass(part) or isinstance(part, type):
        return part
    inside = {one.name: renamed(getattr(part, one.name), kind, old, new) for one in fields(part)}
    named = {name: _called(inside[name], old, new) for name in _naming(part, kind)}
    return cast("T", replace(cast("Any", part), **inside | named))


def _called(name: T, old: str, new: str) -> T:
    """A name, or each of several, as it is called now."""
    if isinstance(name, list | tuple):
        return cast("T", type(name)(_called(one, old, new) for one in name))
    return cast("T", new) if name == old else name


def _naming(part: object, kind: str) -> tuple[str, ...]:
    """The fields of a part that name something of a kind."""
    match kind, part:
        case "definition", Definition():
            return ("name", "rows_of", "columns_of") if isinstance(part, Matrix) else ("name",)
        case "definition", Expr(op="name" | "previous" | "since_of"):
            return ("value",)
        case "definition", On(kind="enter" | "leave"):
            return ("name",)
        case "definition", Action() | Template():
            return ("by",)
        case "definition", Type():
            return ("owner",)
        case "sequence", Type(owner="sequence"):
            return ("options",)
        case "sequence", Expr(op="is_label", args=(Expr(op="always", value="sequence"),)):
            return ("value",)
        case ("sequence", Sequence()) | ("trigger", Trigger()) | ("route", Route()):
            return ("name",)
        case "sequence", Action():
            return ("sequence",)
        case "route", Action():
            return ("route",)
        case ("sequence", On(kind="finish")) | ("route", On(kind="overdue")):
            return ("name",)
    return ()
