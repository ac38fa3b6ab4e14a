"""The compiled ruleset: what the engines run, and what `leadrules compile` prints.

In: nothing. Out: frozen data, no syntax and no parser behind it; every name is resolved, every type known, every file
of lists and tables read in. Positions stand under one key, `span`, and take no part in equality.
Amounts of points are floats as written; engines round as language.md says.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Any, Literal

from leadrules.core.records import dataclass
from leadrules.core.types import Type, Unit

TEST_AS_OF = datetime(2026, 1, 1)  # noqa: DTZ001 - local time of a test that states none, in the project's zone
Place = dict[str, Any]  # path, line, column, end_line, end_column: `Span.as_json()`
Function = Literal["count", "first", "last", "sum", "min", "max"]  # of events


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Anything that came from a place in a rule file."""

    span: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Duration:
    """A calendar or clock length, as written; a literal."""

    count: int
    unit: Unit

    @property
    def text(self) -> str:
        """As people say it: `1 day`, `2 weeks`."""
        return f"{self.count} {self.unit.removesuffix('s') if self.count == 1 else self.unit}"


@dataclass(frozen=True, slots=True)
class Expr(Placed):
    """One expression. `op` is a name in this table, or an operation of core/functions applied to `args`.

    | op | value | args | meaning |
    | --- | --- | --- | --- |
    | const | str, float, bool, ISO date or datetime (with offset), None | | a literal (None: blank) |
    | duration | [count, unit] | | a duration literal |
    | field | field name | | the lead's own field, also behind `lead.` |
    | event_field | field name (`at`, `type`, `lead_id` too) | | inside an aggregate's `where`, the event's field |
    | rep_field | attribute | | inside a team's `where`, the rep's attribute |
    | name | definition | | a define (its value), segment (yes/no), score (number), band, matrix, classify, stages (label as text) |
    | previous | definition | | the label of a band or stages before this run |
    | always | now, today, owner, assigned_at, due_at, owner_changes, sequence, step, enrolled_at, duplicate_of | | |
    | since_of | stages | | when the lead entered its stage |
    | aggregate | index into `Ruleset.aggregates` | | an event aggregate, per lead |
    | and, or | | two or more | two-valued |
    | not | | one | plain negation: a blank condition is no, so its `not` is yes |
    | eq | | two | folded for text, exact for the rest; false with a blank |
    | lt, le, gt, ge | | two | false with a blank |
    | between | | three | both ends included |
    | in | list name, or None | x, or x and the items | folded membership in a list, or in the items |
    | in_table | table | x | membership in the table's keys |
    | in_team | team | x | the rep or queue is in the team's roster |
    | contains, starts, ends | list name, or None | x and the operands (one, or the `any` items) | folded search; with a list: any of it |
    | matches | [patterns] | x | unanchored Rust regex, any of them; NFKC, trimmed, own case |
    | has | list name, or None | set and the operands | folded membership in a set, any of them |
    | is_blank | | one | |
    | is_label | [labels] | one | the label is one of these; false for a blank |
    | add, mul | | two or more | numbers; blank if any is blank |
    | sub, div | | two | division by zero is blank |
    | neg | | one | |
    | shift | +1 or -1 | a date or datetime, a duration literal or value | calendar arithmetic |
    | difference | | two dates or datetimes | a duration |
    | lookup | "table.column" | the key | |
    | bucket | the name | | 0 to 99 |
    | a function's name | | its arguments | core/functions declares it |

    `!=`, `not in`, `is not`, `not contains` and `never` are `not` around the positive form. `did E` is a `count` of E > 0:
    op `did` with value the aggregate's index.
    """

    op: str
    type: Type
    args: tuple[Expr, ...] = ()
    value: Any = None


@dataclass(frozen=True, slots=True)
class EventFilter(Placed):
    """Which events count: any of `types` (a group is written out), in order of clauses where, within, since, then distinct."""

    types: tuple[str, ...]
    where: Expr | None = None
    distinct: str | None = None  # an event field, or "day"
    within: Duration | None = None
    since: Expr | None = None  # a date (since the end of that day) or a datetime of the lead


@dataclass(frozen=True, slots=True)
class Aggregate(Placed):
    """One number, moment or value per lead from its events."""

    function: Function
    filter: EventFilter
    field: str | None  # None: the event's time for first and last
    type: Type


@dataclass(frozen=True, slots=True)
class Active:
    """The days, both inclusive, ISO, on which a rule line exists."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Each:
    """Points per event. `halving` and `fading` are mutually exclusive; limits are per rule."""

    filter: EventFilter
    halving: Duration | None = None
    fading: Duration | None = None
    most_points: float | None = None
    most_times: int | None = None


@dataclass(frozen=True, slots=True)
class ScoreRule(Placed):
    """`points` is a signed amount: a const, or an expression worked out once per lead."""

    name: str
    title: str | None
    points: Expr
    when: Expr | None = None
    each: Each | None = None
    active: Active | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Group(Placed):
    """The rules of a group are those of the score that bear its name; they stand together, in order."""

    name: str
    title: str | None
    first_match: bool = False
    most_points: float | None = None


@dataclass(frozen=True, slots=True)
class Definition(Placed):
    """Something with a name that the facts of a lead hold. `position` is its declaration order (file path, then line)."""

    name: str
    title: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Define(Definition):
    """A named expression."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Segment(Definition):
    """A named condition."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class Score(Definition):
    """A sum of rules. `count_since` is already part of every filter's `since` (the later of both wins at run time: op `latest`)."""

    rules: tuple[ScoreRule, ...]
    groups: tuple[Group, ...]
    floor: float | None = None
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class BandLabel(Placed):
    """`start` None is the otherwise."""

    name: str
    title: str | None
    start: float | None
    hold: float | None = None


@dataclass(frozen=True, slots=True)
class Band(Definition):
    """`previous_field`: the lead field of the same name, where there is one: the label before this run."""

    value: Expr
    labels: tuple[BandLabel, ...]
    previous_field: str | None = None


@dataclass(frozen=True, slots=True)
class Matrix(Definition):
    """`cells[i][j]` is the label of row label i and column label j."""

    rows_of: str
    columns_of: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ClassLabel(Placed):
    """`condition` None is the otherwise."""

    name: str
    title: str | None
    condition: Expr | None = None
    active: Active | None = None


@dataclass(frozen=True, slots=True)
class Classify(Definition):
    """First label that matches."""

    labels: tuple[ClassLabel, ...]


@dataclass(frozen=True, slots=True)
class Stages(Definition):
    """First label that matches; with `forward_only`, never lower than the label before unless `unless` holds."""

    labels: tuple[ClassLabel, ...]
    forward_only: bool = False
    unless: Expr | None = None
    previous_field: str | None = None


# -- what the lifecycle runs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """Where a route rule sends a lead.

    kind rep: `rep` is an expression of text. queue: `queue`. keep: nothing. match: `on` is the expression compared.
    team: `team`, `where` (with rep_field), `strategy` (None: round_robin), `attribute` of `weighted rep.x`.
    """

    kind: Literal["rep", "queue", "keep", "match", "team"]
    rep: Expr | None = None
    queue: str | None = None
    on: Expr | None = None
    team: str | None = None
    where: Expr | None = None
    strategy: Literal["round_robin", "weighted", "least_loaded"] | None = None
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class RouteRule(Placed):
    """`condition` None is the otherwise."""

    name: str
    title: str | None
    target: Target
    condition: Expr | None = None
    on_shift: bool = False
    respond_within: Duration | None = None
    active: Active | None = None


@dataclass(frozen=True, slots=True)
class Route(Placed):
    """Rules in order; `sets` is the field it fills (None: the owner)."""

    name: str
    title: str | None
    position: int
    rules: tuple[RouteRule, ...]
    order_by: Expr | None = None
    descending: bool = False
    on_demand: bool = False
    sets: str | None = None
    reroute: tuple[Expr, ...] = ()
    answered: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A template by name, or by the label of a classify."""

    name: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Action(Placed):
    """What a trigger or an `on finish` does.

    kinds and the parts they use: enroll, move (`sequence`, or `by`; `template`), stop, set (`field`, `value`),
    assign (`route`, `rep` or `queue`), reassign (`route`, `most_times`), task (`channel`, `content`, `template`),
    send (`template`), notify (`who`, `content`).
    """

    kind: Literal["enroll", "move", "stop", "set", "assign", "reassign", "task", "send", "notify"]
    sequence: str | None = None
    by: str | None = None
    template: Template | None = None
    field: str | None = None
    value: Expr | None = None
    route: str | None = None
    rep: str | None = None
    queue: str | None = None
    most_times: int | None = None
    channel: str | None = None
    content: str | None = None
    who: Expr | None = None


@dataclass(frozen=True, slots=True)
class Step(Placed):
    """Due on `day` (at a clock time, or after a delay), or `wait` after the step before. Clock times are `HH:MM`."""

    number: int
    channel: str
    day: int | None = None
    at: str | None = None
    after: Duration | None = None
    wait: Duration | None = None
    auto: bool = False
    content: str | None = None
    template: Template | None = None
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Sequence(Placed):
    """Steps and settings. `window` is (from, to, zone or None); `once` and `again_after` limit re-entry."""

    name: str
    title: str | None
    position: int
    steps: tuple[Step, ...]
    business_days: bool = False
    window: tuple[str, str, str | None] | None = None
    per_day: int | None = None
    once: bool = False
    again_after: Duration | None = None
    exits: tuple[Expr, ...] = ()
    pauses: tuple[Expr, ...] = ()
    finish_after: Duration | None = None
    on_finish: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class On(Placed):
    """What sets a trigger off.

    event: `filter`. enter, leave: `name` and `label` (None for a segment). finish: `name` of a sequence.
    overdue: `name` of a route. date: `value` and `every_year`. condition: nothing (the trigger's `when` becoming true).
    """

    kind: Literal["event", "enter", "leave", "finish", "overdue", "date", "condition"]
    filter: EventFilter | None = None
    name: str | None = None
    label: str | None = None
    value: Expr | None = None
    every_year: bool = False


@dataclass(frozen=True, slots=True)
class Trigger(Placed):
    """`conditions` must all hold; `once` with `once_per` None is once ever."""

    name: str
    title: str | None
    position: int
    on: On
    conditions: tuple[Expr, ...] = ()
    actions: tuple[Action, ...] = ()
    respond_within: Duration | None = None
    once: bool = False
    once_per: Duration | None = None
    priority: int = 100
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Condition(Placed):
    """`exit all` (no name), or `suppress` of a channel (`all` for every one)."""

    condition: Expr
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Assert(Placed):
    """Where `condition` holds, `implies` must."""

    name: str
    title: str | None
    condition: Expr
    implies: Expr


@dataclass(frozen=True, slots=True)
class FunnelStep(Placed):
    """The moment a lead reached a step, and what it was worth."""

    name: str
    title: str | None
    moment: Expr
    worth: Expr | None = None


@dataclass(frozen=True, slots=True)
class Funnel(Placed):
    """Steps in order."""

    name: str
    title: str | None
    steps: tuple[FunnelStep, ...]


@dataclass(frozen=True, slots=True)
class Goal(Placed):
    """`workdays`: per month; `rates`: (stage, ((share, of), ..)); `mix`: (activity, share); `effort`: (activity, minutes)."""

    name: str
    title: str | None
    target: float
    target_of: str
    target_per: str
    workdays: float | None
    rates: tuple[tuple[str, tuple[tuple[float, str], ...]], ...]
    mix: tuple[tuple[str, float], ...] = ()
    effort: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TestItem(Placed):
    """One line of a test, in order.

    as_of: `time`. given: `values` ((name, value), ..), a set as a list. event: `name`, `ago` or `time`, `values`.
    expect: `condition`. fired: `path`, `negated`. action: `channel` (its kind), `content`, `template`, `field`, `value`,
    `negated`. then: `ago` (the duration to go on by). Values are JSON; times are ISO with offset, dates ISO.
    """

    kind: Literal["as_of", "given", "event", "expect", "fired", "action", "then"]
    time: str | None = None
    ago: Duration | None = None
    name: str | None = None
    values: tuple[tuple[str, Any], ...] = ()
    condition: Expr | None = None
    path: str | None = None
    negated: bool = False
    channel: str | None = None
    content: str | None = None
    template: Template | None = None
    field: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class Test(Placed):
    """One lead, new, on an empty state."""

    title: str
    items: tuple[TestItem, ...]


# -- the inputs the rules were checked against ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListValues:
    """The values as written; engines fold them."""

    name: str
    values: tuple[str | float, ...]


@dataclass(frozen=True, slots=True)
class TableValues:
    """`rows` maps a folded key to its cells by column; cells are typed by `columns` (JSON: dates as ISO text, None blank)."""

    name: str
    key: str
    columns: tuple[tuple[str, Type], ...]
    rows: tuple[tuple[str, tuple[Any, ...]], ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What of leadrules.yaml gives the rules their meaning."""

    name: str
    timezone: str
    week: tuple[int, ...]  # working days, 1 is Monday
    holiday_country: str | None
    holiday_dates: tuple[str, ...]
    fiscal_year_starts: int
    key: str
    owner: str | None
    created: str | None
    email: str | None
    sequence: str | None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything a run needs besides leads, events, team and state. `definitions` are in dependency order."""

    version: int
    settings: Settings
    fields: tuple[tuple[str, Type], ...]  # lead fields that some rule reads, with their types
    event_fields: tuple[
        tuple[str, tuple[tuple[str, Type], ...]], ...
    ]  # per event type that some rule reads: fields read
    lists: tuple[ListValues, ...]
    tables: tuple[TableValues, ...]
    aggregates: tuple[Aggregate, ...]
    definitions: tuple[Definition, ...]
    routes: tuple[Route, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    exits: tuple[Condition, ...] = ()
    suppressions: tuple[Condition, ...] = ()
    asserts: tuple[Assert, ...] = ()
    funnels: tuple[Funnel, ...] = ()
    goals: tuple[Goal, ...] = ()
    tests: tuple[Test, ...] = ()
    open_leads: Expr | None = None  # which leads count against a rep's `capacity.open`; None: every owned one

    @property
    def declared(self) -> tuple[Definition, ...]:
        """The definitions in declaration order: the order of every output."""
        return tuple(sorted(self.definitions, key=lambda d: d.position))
