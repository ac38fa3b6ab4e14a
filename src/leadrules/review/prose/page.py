"""The rules of a project as one Markdown page, for who signs them off without reading rule files.

In: a workspace whose rules compiled. Out: the page: what decides, in the order in which it does; every rule a sentence, every
matrix, sequence and team a table. The same rules give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.project.model import Field, Project, Rep
from leadrules.review.prose import rules as say
from leadrules.review.prose.comments import Comments
from leadrules.review.prose.prose import Words, called, code, listed, number, plain, remark
from leadrules.review.workspace import Workspace
from leadrules.ruleset.model import (
    Assert,
    Band,
    Classify,
    Condition,
    Define,
    Definition,
    Funnel,
    Goal,
    Group,
    Matrix,
    Place,
    Placed,
    Route,
    Ruleset,
    Score,
    ScoreRule,
    Segment,
    Stages,
    Trigger,
)
from leadrules.ruleset.model import (
    Sequence as SequenceRule,
)
from leadrules.syntax.nodes import EventGroup, ListDefinition, TableDefinition

SHOWN_VALUES = 30
_PIPE = re.compile(r"(?<!\\)\|")  # one in the code of a name would end its cell
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def prose_page(workspace: Workspace) -> str:
    """The page. The workspace has a ruleset."""
    ruleset, project = workspace.ruleset, workspace.project
    assert ruleset is not None
    assert project is not None
    return "\n".join(_Page(words_of(workspace), project, ruleset, _Written(workspace)).lines()).rstrip() + "\n"


def words_of(workspace: Workspace) -> Words:
    """The words for a workspace's expressions."""
    ruleset = workspace.ruleset
    assert ruleset is not None
    written = _Written(workspace)
    titles = {name: f"“{plain(node.title)}”" for name, node in written.values.items() if node.title}
    return Words(
        ruleset,
        Calendar(ruleset.settings.timezone),
        titles,
        titles,
        {types: _name(node.title, name) for types, (name, node) in written.groups.items()},
        frozenset(d.name for d in ruleset.definitions if isinstance(d, Segment)),
    )


class _Written:
    """What only the rule files know: comments; titles and places of lists and tables, by name, and of event groups."""

    def __init__(self, workspace: Workspace) -> None:
        self.comments = Comments(workspace.modules)
        self.values: dict[str, ListDefinition | TableDefinition] = {}
        self.groups: dict[frozenset[str], tuple[str, EventGroup]] = {}
        for node in (node for module in workspace.modules for node in module.statements):
            if node.name is None:
                continue
            if isinstance(node, ListDefinition | TableDefinition):
                self.values[node.name.key] = node
            elif isinstance(node, EventGroup):
                self.groups[frozenset(event.key for event in node.members)] = node.name.key, node


def _name(title: str | None, name: str) -> str:
    return f"“{plain(title)}”" if title else called(name)


@dataclass(frozen=True, slots=True)
class _Page:
    """The page being written, section by section."""

    words: Words
    project: Project
    ruleset: Ruleset
    written: _Written

    def lines(self) -> Iterator[str]:
        """Every line."""
        rules, declared = self.ruleset, self.ruleset.declared
        yield f"# {plain(self.project.name)}: the rules in words"
        yield ""
        yield "Written by `leadrules docs` from the rule files, which decide. " + self._summary()
        yield from self._section("Scores", [d for d in declared if isinstance(d, Score)], self._score)
        labels = [d for d in declared if isinstance(d, Band | Matrix | Classify | Stages)]
        yield from self._section("Bands, classes and stages", labels, self._labels)
        yield from self._listed("Segments", [d for d in declared if isinstance(d, Segment)], self._segment)
        yield from self._listed("Terms", [d for d in declared if isinstance(d, Define)], self._define)
        yield from self._section("Who gets a lead", rules.routes, self._route)
        yield from self._section("Sequences", rules.sequences, self._sequence)
        yield from self._listed("What ends every sequence", rules.exits, self._exit)
        yield from self._listed("What is not sent", rules.suppressions, self._suppression)
        yield from self._section("What sets things off", rules.triggers, self._trigger)
        yield from self._listed("Promises", rules.asserts, self._assert)
        yield from self._section("Funnels", rules.funnels, self._funnel)
        yield from self._section("Goals", rules.goals, self._goal)
        yield from self._lists()
        yield from self._team()
        yield from self._fields()
        yield from self._tests()

    def _summary(self) -> str:
        rules = self.ruleset
        counts = [
            (sum(isinstance(d, Score) for d in rules.definitions), "score"),
            (sum(isinstance(d, Segment) for d in rules.definitions), "segment"),
            (len(rules.routes), "route"),
            (len(rules.sequences), "sequence"),
            (len(rules.triggers), "trigger"),
            (len(rules.tests), "test"),
        ]
        held = [f"{number(count)} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
        week = _days(rules.settings.week)
        here = f"Times are those of {rules.settings.timezone}; working days are {week}."
        return f"They hold {listed(held, 'and')}. {here}" if held else here

    # -- the frame of a section -----------------------------------------------------------------------------------------

    def _section(self, title: str, items: Sequence[Any], write: Callable[[Any], Iterable[str]]) -> Iterator[str]:
        """Items with a heading of their own."""
        if items:
            yield from ("", f"## {title}")
        for item in items:
            yield from ("", f"### {_heading(item)}", "")
            note = self.written.comments.of(item.span)
            if note:
                yield from (f"> {remark(note)}", "")
            yield from write(item)

    def _listed(self, title: str, items: Sequence[Any], write: Callable[[Any], str]) -> Iterator[str]:
        """Items of one sentence each."""
        if items:
            yield from ("", f"## {title}", "")
        yield from (f"- {write(item)}{self._aside(item)}" for item in items)

    def _aside(self, item: Placed) -> str:
        """The comment of a line, after its sentence."""
        return self._said_of(item.span)

    def _said_of(self, place: Place | None) -> str:
        note = self.written.comments.of(place)
        return f" — _{remark(note)}_" if note else ""

    # -- what a lead is -------------------------------------------------------------------------------------------------

    def _score(self, score: Score) -> Iterator[str]:
        groups = {group.name: group for group in score.groups}
        begun: set[str] = set()
        for rule in score.rules:
            if rule.group is not None and rule.group not in begun:
                begun.add(rule.group)
                yield self._group(groups[rule.group])
            yield f"{'  ' if rule.group else ''}- {self._score_rule(rule)}"
        limits = [
            f"never {word} {number(limit)}"
            for word, limit in (("below", score.floor), ("above", score.cap))
            if limit is not None
        ]
        if limits:
            yield from ("", f"The sum is {listed(limits, 'and')}.")

    def _group(self, group: Group) -> str:
        says = ["of these lines the first that holds counts"] if group.first_match else []
        if group.most_points is not None:
            says.append(f"together at most {number(group.most_points)} points")
        return f"- **{plain(group.title or group.name.replace('_', ' '))}**: {', '.join(says) or 'together'}{self._aside(group)}"

    def _score_rule(self, rule: ScoreRule) -> str:
        return f"{_titled(rule.title, rule.name)}: {say.score_rule(self.words, rule)}.{self._aside(rule)}"

    def _labels(self, one: Definition) -> Iterator[str]:
        if isinstance(one, Band):
            yield from self._band(one)
        elif isinstance(one, Matrix):
            yield from _matrix(one)
        elif isinstance(one, Classify | Stages):
            yield from self._classes(one)

    def _band(self, band: Band) -> Iterator[str]:
        yield from (f"By {self.words.noun(band.value)}:", "")
        holds = any(label.hold is not None for label in band.labels)
        rows = []
        for label in band.labels:
            start = "otherwise" if label.start is None else f"from {number(label.start)}"
            hold = [] if not holds else [f"until below {number(label.hold)}" if label.hold is not None else ""]
            rows.append([f"{_titled(label.title, label.name)}{self._aside(label)}", start, *hold])
        yield from _table(["", "from", *(["once there, kept"] if holds else [])], rows)
        if all(label.start is not None for label in band.labels):
            yield from ("", "Below the last there is no label.")

    def _classes(self, one: Classify | Stages) -> Iterator[str]:
        yield from ("The first line that holds:", "")
        for at, label in enumerate(one.labels, start=1):
            said = say.when(self.words, label.condition, label.active)
            yield f"{at}. {_titled(label.title, label.name)}: {said}.{self._aside(label)}"
        if isinstance(one, Stages) and one.forward_only:
            unless = f", unless {self.words.clause(one.unless)}" if one.unless is not None else ""
            yield from ("", f"A lead never goes back to an earlier stage{unless}.")

    def _segment(self, one: Segment) -> str:
        return f"{_titled(one.title, one.name)}: {self.words.clause(one.condition)}."

    def _define(self, one: Define) -> str:
        if one.value.type.kind == "yesno":
            return f"{_titled(one.title, one.name)} holds when {self.words.clause(one.value)}."
        return f"{_titled(one.title, one.name)} is {self.words.noun(one.value)}."

    # -- what happens to it ---------------------------------------------------------------------------------------------

    def _route(self, route: Route) -> Iterator[str]:
        yield " ".join(say.route_settings(self.words, route))
        yield from ("", "The first line that holds and has somebody who can take it:", "")
        for at, rule in enumerate(route.rules, start=1):
            yield f"{at}. {_titled(rule.title, rule.name)}: {say.route_rule(self.words, rule)}.{self._aside(rule)}"

    def _sequence(self, one: SequenceRule) -> Iterator[str]:
        rows = []
        for step in one.steps:
            only = f"if {self.words.clause(step.condition)}" if step.condition is not None else ""
            how = "by itself" if step.auto else "by hand"
            what = " ".join(part for part in (plain(step.content or ""), self._aside(step).lstrip(" —")) if part)
            due = say.step_due(step)
            rows.append([str(step.number), due, plain(step.channel), how, what, say.template(step.template), only])
        yield from _table(["step", "due", "channel", "sent", "what", "template", "only"], rows)
        settings = list(say.sequence_settings(self.words, one))
        if settings:
            yield ""
        yield from (f"- {line}" for line in settings)

    def _exit(self, one: Condition) -> str:
        return f"When {self.words.clause(one.condition)}."

    def _suppression(self, one: Condition) -> str:
        channel = "Nothing" if one.channel == "all" else f"No {called(one.channel or '')}"
        return f"{channel} when {self.words.clause(one.condition)}."

    def _trigger(self, one: Trigger) -> Iterator[str]:
        yield from (f"{say.on(self.words, one.on, one.conditions)}:", "")
        yield from (f"- {say.do(self.words, action)}{self._aside(action)}" for action in one.actions)
        yield from ("", " ".join(say.trigger_settings(one)))

    def _assert(self, one: Assert) -> str:
        promised = f"whenever {self.words.clause(one.condition)}, then {self.words.clause(one.implies)}"
        return f"{_titled(one.title, one.name)}: {promised}."

    def _funnel(self, one: Funnel) -> Iterator[str]:
        rows = [
            [
                f"{_titled(step.title, step.name)}{self._aside(step)}",
                self.words.noun(step.moment),
                self.words.noun(step.worth) if step.worth else "",
            ]
            for step in one.steps
        ]
        yield from _table(["step", "reached at", "worth"], rows)

    def _goal(self, one: Goal) -> Iterator[str]:
        yield from (f"- {line}" for line in say.goal(one))

    # -- what they look things up in ------------------------------------------------------------------------------------

    def _lists(self) -> Iterator[str]:
        rules = self.ruleset
        if not (rules.lists or rules.tables or self.words.groups):
            return
        yield from ("", "## Lists and tables", "")
        for one in rules.lists:
            shown = ", ".join(plain(str(v) if isinstance(v, str) else number(v)) for v in one.values[:SHOWN_VALUES])
            more = f" and {number(len(one.values) - SHOWN_VALUES)} more" if len(one.values) > SHOWN_VALUES else ""
            node = self.written.values[one.name]
            yield f"- {_titled(node.title, one.name)}: {shown or 'empty'}{more}.{self._said_of(node.span.as_json())}"
        for table in rules.tables:
            columns = listed([called(name) for name, _ in table.columns if name != table.key], "and")
            size = f"{number(len(table.rows))} row{'' if len(table.rows) == 1 else 's'}"
            node = self.written.values[table.name]
            said = f"{columns} by {called(table.key)}, {size}.{self._said_of(node.span.as_json())}"
            yield f"- {_titled(node.title, table.name)}: {said}"
        for types, (name, group) in self.written.groups.items():
            events = listed([called(event) for event in sorted(types)], "and")
            yield f"- {_name(group.title, name)}: any of the events {events}.{self._said_of(group.span.as_json())}"

    def _team(self) -> Iterator[str]:
        team = self.project.team
        if not team.reps and not team.queues:
            return
        yield from ("", "## Team", "")
        if team.reps:
            extra = list(dict.fromkeys(name for rep in team.reps for name, _ in rep.attributes))
            head = ["rep", "weight", "at most", "hours", "away", *(plain(name.replace("_", " ")) for name in extra)]
            yield from _table(head, [[*_rep(rep), *_attributes(rep, extra)] for rep in team.reps])
            yield ""
        for name, members in team.teams:
            yield f"- Team {called(name)}: {', '.join(map(plain, members))}."
        if team.queues:
            yield f"- Queues: {', '.join(map(called, team.queues))}."
        if self.ruleset.open_leads is not None:
            yield f"- A lead counts as open while {self.words.clause(self.ruleset.open_leads)}."

    def _fields(self) -> Iterator[str]:
        read = {name for name, _ in self.ruleset.fields}
        own = [f for f in self.project.lead_schema.fields if f.name in read]
        if own:
            yield from ("", "## Fields that the rules read", "")
            yield from _table(["field", "holds", "means"], [_field(f) for f in own])
        listened = {name for name, _ in self.ruleset.event_fields}
        events = [event for event in self.project.event_schema if event.name in listened]
        if events:
            yield from ("", "## Events that the rules listen to", "")
            rows = [[called(e.name), ", ".join(called(f.name) for f in e.fields), plain(e.description)] for e in events]
            yield from _table(["event", "with", "means"], rows)

    def _tests(self) -> Iterator[str]:
        if self.ruleset.tests:
            yield from ("", "## What the tests show", "")
        yield from (f"- {plain(test.title)}{self._aside(test)}" for test in self.ruleset.tests)


def _heading(item: Any) -> str:
    title, name = item.title, item.name
    return f"{plain(title)} ({code(name)})" if title else plain(name.replace("_", " "))


def _titled(title: str | None, name: str) -> str:
    """What a line is called: its title, with the name that traces and diffs use."""
    return f"**{plain(title)}** ({code(name)})" if title else f"**{plain(name.replace('_', ' '))}**"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; columns that are empty throughout are left out."""
    kept = [[_PIPE.sub(r"\|", cell) for cell in row] for row in rows]
    shown = [at for at, _ in enumerate(head) if not kept or any(row[at] for row in kept)]
    yield f"| {' | '.join(head[at] for at in shown)} |"
    yield f"| {' | '.join('---' for _ in shown)} |"
    yield from (f"| {' | '.join(row[at] for at in shown)} |" for row in kept)


def _matrix(one: Matrix) -> Iterator[str]:
    yield from (f"By {called(one.rows_of)} (down) and {called(one.columns_of)} (across):", "")
    rows = [[f"**{plain(row)}**", *map(plain, cells)] for row, cells in zip(one.rows, one.cells, strict=True)]
    yield f"|  | {' | '.join(f'**{plain(column)}**' for column in one.columns)} |"
    yield f"| --- | {' | '.join('---' for _ in one.columns)} |"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _rep(rep: Rep) -> list[str]:
    name = f"{plain(rep.name)} ({plain(rep.key)})" if rep.name else plain(rep.key)
    capacity = rep.capacity
    limits = [
        f"{number(limit)} {word}"
        for limit, word in ((capacity.per_day, "a day"), (capacity.per_week, "a week"), (capacity.open, "open"))
        if limit is not None
    ]
    hours = ""
    if rep.hours is not None:
        zone = f" ({rep.hours.timezone})" if rep.hours.timezone else ""
        hours = f"{_days(rep.hours.days)} {rep.hours.start} to {rep.hours.end}{zone}"
    away = [start if start == end else f"{start} to {end}" for start, end in rep.away]
    away += [f"holidays of {rep.holidays}"] if rep.holidays else []
    return [
        name if rep.active else f"{name}, not active",
        number(rep.weight),
        ", ".join(limits),
        hours,
        "; ".join(away),
    ]


def _days(days: Sequence[int]) -> str:
    """`Mon to Fri`, or the days one by one."""
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return f"{DAYS[days[0] - 1]} to {DAYS[days[-1] - 1]}"
    return ", ".join(DAYS[day - 1] for day in days)


def _attributes(rep: Rep, names: Sequence[str]) -> list[str]:
    own = dict(rep.attributes)
    return [_value(own[name]) if name in own else "" for name in names]


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else plain(str(value))


def _field(field: Field) -> list[str]:
    holds = ", ".join(plain(option) for option in field.type.options) or str(field.type)
    return [called(field.name), holds, plain(field.description)]
