"""An edit in words: what a line says now, and what it said.

In: an edit and both versions of the rules. Out: a sentence such as `Demo request is now worth 40 instead of 30`. Conditions are
quoted as they stand in the rule files. Knows no lead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from leadrules.core.records import dataclass
from leadrules.review.diff.edits import AROUND, ATTRIBUTES, Edit, Shapes, line_name, name_of
from leadrules.review.diff.revisions import Side
from leadrules.review.diff.surroundings import said
from leadrules.ruleset.model import (
    Active,
    BandLabel,
    ClassLabel,
    Condition,
    Definition,
    Duration,
    Each,
    EventFilter,
    Expr,
    Group,
    ListValues,
    Matrix,
    Placed,
    RouteRule,
    ScoreRule,
    Step,
    TableValues,
    Target,
    Template,
    Test,
)
from leadrules.show.tables import number

LONGEST = 160
SHOWN_VALUES = 5
_LINE = re.compile(r'(?:`[^`]+`|[^\s:"]+)\s*(?:"(?:\\.|[^"\\])*")?\s*:\s*')
_HEAD = re.compile(r'\w+\s+(?:`[^`]+`|\w+)?\s*(?:"(?:\\.|[^"\\])*")?\s*')
_BACKQUOTES = re.compile("`+")
_SETTINGS = {
    "holiday_country": "holidays",
    "holiday_dates": "days off",
    "fiscal_year_starts": "the month in which the fiscal year starts",
    "week": "working days",
    "open_leads": "which leads count as open",
}


def sentence(edit: Edit, base: Side, head: Side) -> str:
    """The edit as a sentence, without its full stop."""
    return _Words(edit, base, head).sentence()


def title_of(edit: Edit) -> str:
    """What the edited line is called: its title, else its name."""
    if edit.section == "settings":
        return _SETTINGS.get(edit.name, edit.name.replace("_", " "))
    if edit.section in AROUND:
        return edit.name
    part = edit.after if edit.after is not None else edit.before
    if edit.attribute == "cells" or (edit.attribute is not None and edit.line is None):
        was, part = edit.owners
        part = was if edit.attribute == "title" and was else part or was
        return str(getattr(part, "title", None) or edit.name)
    if isinstance(part, BandLabel | ClassLabel):
        return f"{edit.name} {edit.line}"
    if isinstance(part, Step | RouteRule):
        owner = edit.owners[1] or edit.owners[0]
        of = f"{getattr(owner, 'title', None) or edit.name}, "
        if isinstance(part, Step):
            return f"{of}step {part.number}"
        called = edit.before if edit.kind == "changed" else part
        return f"{of}{called.title or called.name}"
    before, after = getattr(edit.before, "title", None), getattr(part, "title", None)
    if edit.kind == "changed" and before != after:  # one that gets another title is called by the one it had
        after = before
    if isinstance(part, ScoreRule | Group) and edit.kind != "renamed":
        return str(after or f"{edit.name}.{edit.line}")
    return str(after or (edit.line if edit.line is not None else edit.name))


@dataclass(frozen=True, slots=True)
class _Words:
    edit: Edit
    base: Side
    head: Side

    def sentence(self) -> str:
        """One sentence, by what was edited."""
        edit = self.edit
        if edit.section in AROUND and (edit.section != "project" or edit.name.startswith("sources.")):
            return ("leadrules.yaml: " if edit.section == "project" else "") + said(edit)
        if edit.section in ("settings", "project"):
            old, new = (
                self._setting(side, value) for side, value in ((self.base, edit.before), (self.head, edit.after))
            )
            return f"leadrules.yaml: {title_of(edit)}: {new} instead of {old}"
        if edit.kind == "renamed":
            return self._renamed()
        if edit.kind == "moved":
            return f"{title_of(edit)}: the lines now come in the order {', '.join(map(str, edit.after))}"
        if edit.kind in ("added", "removed"):
            return self._come_or_gone()
        if isinstance(edit.after, ListValues | TableValues):
            return self._file()
        return f"{title_of(edit)} {_joined(list(self._clauses()))}"

    def _setting(self, side: Side, value: Any) -> str:
        if self.edit.name == "open_leads":
            return _code(side.project.open_leads) if side.project and side.project.open_leads else "every owned lead"
        return self._value(value, side)

    def _renamed(self) -> str:
        old = line_name(self.edit.before) if self.edit.line is not None else name_of(self.edit.before)
        new = line_name(self.edit.after) if self.edit.line is not None else name_of(self.edit.after)
        return f"{title_of(self.edit)}: {_code(str(old))} is now called {_code(str(new))}"

    def _come_or_gone(self) -> str:
        is_new = self.edit.kind == "added"
        part, side = (self.edit.after, self.head) if is_new else (self.edit.before, self.base)
        kind = _kind(self.edit, part)
        title = title_of(self.edit)
        head = f"{kind} {title}".strip() if kind != title else kind
        state = "is new" if is_new else "is gone"
        said = self._said(part, side)
        return f"{head} {state}" + (f": {_code(said)}" if said else "")

    def _said(self, part: Any, side: Side) -> str:
        """What a line or a statement says, without its name."""
        if isinstance(part, ListValues):
            return _values(part.values)
        if isinstance(part, Test | TableValues) or not isinstance(part, Placed):
            return ""
        text = side.text(part.span)
        pattern = _LINE if self.edit.line is not None else _HEAD
        said = text if isinstance(part, Condition) else pattern.sub("", text, count=1)
        return _short(said.partition("{")[0].strip() if self.edit.line is None else said.strip())

    def _file(self) -> str:
        """A list or a table: which entries came and went."""
        before, after = self.edit.before, self.edit.after
        if isinstance(after, ListValues):
            come = [one for one in after.values if one not in before.values]
            gone = [one for one in before.values if one not in after.values]
            changed: list[str] = []
        else:
            old, new = dict(before.rows), dict(after.rows)
            come, gone = [key for key in new if key not in old], [key for key in old if key not in new]
            same = before.columns == after.columns
            changed = [key for key in new if key in old and (new[key] != old[key] or not same)]
        words = [f"{said} {_values(some)}" for said, some in (("has", come), ("no longer has", gone)) if some]
        words += [f"says something else of {_values(changed)}"] if changed else []
        return f"{title_of(self.edit)} {_joined(words or ['is written in another order'])}"

    # -- lines and attributes that changed --------------------------------------------------------------------------

    def _clauses(self) -> Iterator[str]:
        edit = self.edit
        if edit.attribute == "cells":
            yield from self._cells()
        elif edit.section in _UNQUOTED and edit.attribute != "title":
            yield _UNQUOTED[edit.section]
        elif edit.attribute is not None and edit.line is None:
            yield from self._clause(type(edit.owners[1]), str(edit.attribute), edit.before, edit.after)
        elif type(edit.before) is not type(edit.after):
            yield f"is now a {_kind(edit, edit.after)} instead of a {_kind(edit, edit.before)}"
        else:
            old, new = Shapes(self._ruleset(self.base)), Shapes(self._ruleset(self.head))
            for item in fields(edit.after):
                before, after = getattr(edit.before, item.name), getattr(edit.after, item.name)
                if item.name not in ("span", "name", "position") and old.of(before) != new.of(after):
                    yield from self._clause(type(edit.after), item.name, before, after)

    @staticmethod
    def _ruleset(side: Side) -> Any:
        assert side.ruleset is not None
        return side.ruleset

    def _cells(self) -> Iterator[str]:
        after = self.edit.owners[1]
        if self.edit.line is None or not isinstance(after, Matrix):
            yield "has other sides"
            return
        for column, old, new in zip(after.columns, self.edit.before, self.edit.after, strict=True):
            if old != new:
                yield f"now makes {self.edit.line} and {column} {new} instead of {old}"

    def _clause(self, kind: type, name: str, before: Any, after: Any) -> Iterator[str]:
        special = _CLAUSES.get((kind, name)) or _CLAUSES.get((object, name))
        if special is not None:
            yield from special(self, before, after)
        elif name in _PHRASES:
            yield self._phrase(name, before, after)
        elif isinstance(before, bool):
            yield f"{'now says' if after else 'no longer says'} {ATTRIBUTES.get(name, name.replace('_', ' '))}"
        else:
            yield f"has {ATTRIBUTES.get(name, name.replace('_', ' '))} {self._instead(before, after)}"

    def _phrase(self, name: str, before: Any, after: Any) -> str:
        """`now waits 3 days instead of 2 days`, `now waits 3 days`, `no longer waits 2 days`."""
        old, new = (self._part(name, value, side) for value, side in ((before, self.base), (after, self.head)))
        if not new:
            return _PHRASES[name].format(now="no longer", value=old)
        return _PHRASES[name].format(now="now", value=new) + (f" instead of {old}" if old else "")

    def _part(self, name: str, value: Any, side: Side) -> str:
        """What a phrase is about; empty where there is nothing."""
        if not value and not isinstance(value, int):
            return ""
        if name == "window":
            start, end, zone = value
            return f"between {start} and {end}" + (f" in {zone}" if zone else "")
        if isinstance(value, tuple):
            joint = " and " if name == "conditions" else " or "
            return joint.join(self._value(one, side) for one in value)
        return f'"{value}"' if name == "content" else self._value(value, side)

    def _instead(self, before: Any, after: Any) -> str:
        return f"{self._value(after, self.head)} instead of {self._value(before, self.base)}"

    def _value(self, value: Any, side: Side) -> str:
        """A value as people write it."""
        match value:
            case None | ():
                return "none"
            case bool():
                return "yes" if value else "no"
            case int() | float():
                return number(value)
            case Duration():
                return value.text
            case Target():
                return self._target(value, side)
            case Template():
                return f"template {value.name}" if value.name else f"template by {value.by}"
            case Active():
                return " ".join(f"{w} {d}" for w, d in (("from", value.start), ("until", value.end)) if d) or "any day"
            case Placed():
                return _code(_short(side.text(value.span)) or type(value).__name__.lower())
            case tuple():
                return ", ".join(self._value(one, side) for one in value)
        return str(value)

    def _target(self, target: Target, side: Side) -> str:
        match target.kind:
            case "rep":
                return f"rep {self._value(target.rep, side)}"
            case "queue":
                return f"queue {target.queue}"
            case "keep":
                return "keep owner"
            case "match":
                return f"match account on {self._value(target.on, side)}"
        where = f" where {self._value(target.where, side)}" if target.where is not None else ""
        attribute = f" rep.{target.attribute}" if target.attribute else ""
        return f"team {target.team}{where} by {target.strategy or 'round_robin'}{attribute}"

    # -- the clauses that have words of their own -------------------------------------------------------------------

    def points(self, before: Expr, after: Expr) -> Iterator[str]:
        """`is now worth 40 instead of 30`."""
        per = " an event" if isinstance(self.edit.after, ScoreRule) and self.edit.after.each else ""
        if before.op == after.op == "const":
            yield f"is now worth {number(after.value)}{per} instead of {number(before.value)}"
        else:
            yield f"is now worth {self._worth(after, self.head)}{per} instead of {self._worth(before, self.base)}"

    def _worth(self, points: Expr, side: Side) -> str:
        return number(points.value) if points.op == "const" else self._value(points, side)

    def condition(self, before: Expr | None, after: Expr | None) -> Iterator[str]:
        """`now asks A instead of B`, `now only when A`, `no longer only when A`."""
        if before is None:
            yield f"is now only for {self._value(after, self.head)}"
        elif after is None:
            yield f"is no longer only for {self._value(before, self.base)}"
        else:
            old, new = self._value(before, self.base), self._value(after, self.head)
            yield f"now asks {new} instead of {old}" if old != new else f"asks {new} of other events or names"

    def each(self, before: Each | None, after: Each | None) -> Iterator[str]:
        """The parts of `each`."""
        if before is None or after is None:
            yield "now counts each event" if after is not None else "no longer counts each event"
            return
        for item in fields(Each):
            old, new = getattr(before, item.name), getattr(after, item.name)
            if isinstance(old, EventFilter):
                shapes = Shapes(self._ruleset(self.base)), Shapes(self._ruleset(self.head))
                if shapes[0].of(old) != shapes[1].of(new):
                    yield from self._filter(old, new)
            elif old != new:
                yield f"{_EACH[item.name]} {self._instead(old, new)}"

    def _filter(self, before: EventFilter, after: EventFilter) -> Iterator[str]:
        old, new = self._value(before, self.base), self._value(after, self.head)
        yield f"now counts {new} instead of {old}" if old != new else f"counts {new} since another moment"

    def group(self, before: str | None, after: str | None) -> Iterator[str]:
        """Into, out of, or from group to group."""
        yield f"now stands in the group {after}" if after else f"no longer stands in the group {before}"

    def title(self, before: str | None, after: str | None) -> Iterator[str]:
        """Another title."""
        yield f'is now titled "{after}"' if after else f'no longer has the title "{before}"'

    def bound(self, before: float | None, after: float | None) -> Iterator[str]:
        """Floor, cap, limits and the like."""
        name = ATTRIBUTES.get(str(self.edit.attribute), str(self.edit.attribute))
        if before is None:
            yield f"now has the {name} {number(after)}"
        elif after is None:
            yield f"no longer has the {name} {number(before)}"
        else:
            yield f"has the {name} {number(after)} instead of {number(before)}"

    def most_points(self, before: float | None, after: float | None) -> Iterator[str]:
        """A group's limit."""
        yield f"now gives at most {self._instead(before, after)}"

    def first_match(self, _before: bool, after: bool) -> Iterator[str]:
        """How a group adds up."""
        yield "now takes the first line that matches" if after else "now adds up all its lines"

    def start(self, before: float | None, after: float | None) -> Iterator[str]:
        """Where a band's label begins."""
        if before is None or after is None:
            yield f"now starts {'at ' + number(after) if after is not None else 'below all others'}"
        else:
            yield f"now starts at {number(after)} instead of {number(before)}"

    def hold(self, before: float | None, after: float | None) -> Iterator[str]:
        """Until when a label is held."""
        if after is None:
            yield f"is no longer held until below {number(before)}"
        elif before is None:
            yield f"is now held until below {number(after)}"
        else:
            yield f"is now held until below {number(after)} instead of {number(before)}"

    def value(self, before: Any, after: Any) -> Iterator[str]:
        """What a define is, or a band looks at."""
        yield f"is now {self._instead(before, after)}"

    def target(self, before: Target, after: Target) -> Iterator[str]:
        """Where a route's rule sends leads."""
        if after.kind == "keep":
            yield f"now keeps the owner instead of going to {self._value(before, self.base)}"
        elif before.kind == "keep":
            yield f"now goes to {self._value(after, self.head)} instead of keeping the owner"
        else:
            yield f"now goes to {self._instead(before, after)}"

    def day(self, before: int | None, after: int | None) -> Iterator[str]:
        """The day of a step, counted from its enrolment."""
        if after is None:
            yield f"is no longer due on day {before}"
        else:
            yield f"is now due on day {after}" + ("" if before is None else f" instead of {before}")

    def auto(self, _before: bool, after: bool) -> Iterator[str]:
        """Whether a step goes out by itself."""
        yield "is now sent automatically" if after else "is now done by hand"

    def actions(self, before: tuple[Placed, ...], after: tuple[Placed, ...]) -> Iterator[str]:
        """What a trigger does, as far as it differs."""
        old = [self._value(one, self.base) for one in before]
        new = [self._value(one, self.head) for one in after]
        come, gone = [one for one in new if one not in old], [one for one in old if one not in new]
        yield from (f"now does {one}" for one in come)
        yield from (f"no longer does {one}" for one in gone)
        if not come and not gone:
            yield "does the same in another order"


_EACH = {
    "halving": "halves its points every",
    "fading": "fades over",
    "most_points": "gives at most",
    "most_times": "counts at most",
}
# What the parts of routes, sequences and triggers do, with `{value}` where they stand.
_PHRASES = {
    "order_by": "{now} takes leads by {value}",
    "reroute": "{now} deals leads again where {value}",
    "answered": "is {now} answered when {value}",
    "respond_within": "{now} asks for a response within {value}",
    "at": "is {now} due at {value}",
    "after": "is {now} due after {value}",
    "wait": "{now} waits {value}",
    "channel": "{now} goes by {value}",
    "content": "{now} says {value}",
    "template": "{now} uses {value}",
    "window": "{now} sends only {value}",
    "per_day": "{now} takes in at most {value} leads a day",
    "again_after": "{now} takes leads again only after {value}",
    "exits": "{now} ends when {value}",
    "pauses": "{now} pauses when {value}",
    "finish_after": "{now} finishes {value} after its last step",
    "on": "{now} fires {value}",
    "conditions": "is {now} only for {value}",
    "once_per": "{now} fires once per {value}",
    "priority": "{now} has priority {value}",
}
_UNQUOTED = {"tests": "now tests something else", "goals": "now reckons with other figures"}
_Clause = Callable[[_Words, Any, Any], Iterator[str]]
_CLAUSES: dict[tuple[type, str], _Clause] = {
    (ScoreRule, "points"): _Words.points,
    (object, "when"): _Words.condition,
    (object, "condition"): _Words.condition,
    (ScoreRule, "each"): _Words.each,
    (ScoreRule, "group"): _Words.group,
    (object, "title"): _Words.title,
    (object, "floor"): _Words.bound,
    (object, "cap"): _Words.bound,
    (Group, "most_points"): _Words.most_points,
    (Group, "first_match"): _Words.first_match,
    (BandLabel, "start"): _Words.start,
    (BandLabel, "hold"): _Words.hold,
    (object, "value"): _Words.value,
    (RouteRule, "target"): _Words.target,
    (Step, "auto"): _Words.auto,
    (Step, "day"): _Words.day,
    (object, "actions"): _Words.actions,
    (object, "on_finish"): _Words.actions,
}
_KINDS = {
    "lists": "list",
    "tables": "table",
    "routes": "route",
    "sequences": "sequence",
    "triggers": "trigger",
    "exits": "",
    "suppressions": "",
    "asserts": "assert",
    "funnels": "funnel",
    "goals": "goal",
    "tests": "test",
}


def _kind(edit: Edit, part: Any) -> str:
    """What kind of thing is edited, as rule files call it."""
    if edit.line is not None:
        return "group" if isinstance(part, Group) else ""
    return type(part).__name__.lower() if isinstance(part, Definition) else _KINDS.get(edit.section, "")


def _joined(clauses: list[str]) -> str:
    return "; ".join(clauses)


def _values(values: Any) -> str:
    shown = [str(one) if not isinstance(one, float) else number(one) for one in list(values)[:SHOWN_VALUES]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _code(text: str) -> str:
    """What rule files say, in backquotes; in more of them, as Markdown has it, where it holds some itself."""
    longest = max(map(len, _BACKQUOTES.findall(text)), default=0)
    quotes, space = "`" * (longest + 1), " " if longest else ""
    return f"{quotes}{space}{text}{space}{quotes}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
