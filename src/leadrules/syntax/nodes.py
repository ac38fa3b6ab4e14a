"""The syntax tree: what a rule file says, before any name is looked up.

In: nothing. Out: frozen nodes with spans. A node knows no type, no schema and no other file. Chains (`and`, `or`, `+`,
`*`) are flat, so no pass recurses deeper than the nesting limit. Spans take no part in equality: two files that
differ in layout alone have equal trees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields
from datetime import date, datetime, time
from functools import cache
from typing import Any, Literal, cast

from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.core.types import Unit

Sign = Literal["+", "-"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything with a place."""

    span: Span = field(compare=False, repr=False)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, outermost first."""
    yield node
    for item in _fields(cast("Any", type(node))):
        value = getattr(node, item)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Node):
                yield from walk(child)


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A name as written (without backquotes); `key` is its NFC form, which names are compared by."""

    text: str
    key: str = ""


# -- expressions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expression(Node):
    """Anything that has a value."""


@dataclass(frozen=True, slots=True)
class NumberLiteral(Expression):
    """`10`, `1_000`, `0.5`, `5%` (0.05)."""

    value: float


@dataclass(frozen=True, slots=True)
class TextLiteral(Expression):
    """The text after its escapes are read; `raw` is what stands between the quotes (what `matches` needs)."""

    value: str
    raw: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class BooleanLiteral(Expression):
    """`true`, `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class DateLiteral(Expression):
    """`2026-04-01`."""

    value: date


@dataclass(frozen=True, slots=True)
class DateTimeLiteral(Expression):
    """`2026-04-01T09:00`, in the project zone."""

    value: datetime


@dataclass(frozen=True, slots=True)
class DurationLiteral(Expression):
    """`30 days`. The unit is the plural word whatever was written."""

    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A bare name: a definition, a field, or one of the names that are always there."""

    name: Ident


@dataclass(frozen=True, slots=True)
class Member(Expression):
    """`a.b`: `lead.industry`, `rep.win_rate`, `lifecycle.since`; as an argument also an event's field, or a table's column."""

    owner: Ident
    name: Ident


@dataclass(frozen=True, slots=True)
class EventRef(Node):
    """`type [where (..)] [distinct F] [within D] [since T]`; `field` is set for `type.field`."""

    event: Ident
    field: Ident | None = None
    where: Expression | None = None
    distinct: Ident | None = None
    within: DurationLiteral | None = None
    since: Expression | None = None


@dataclass(frozen=True, slots=True)
class EventArgument(Expression):
    """An event reference with at least one clause, as the argument of an aggregate. (`count(E)` alone is a `Name`, `first(E.f)` alone a `Member`.)"""

    event: EventRef


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """`function(arguments)`."""

    function: Ident
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class And(Expression):
    """All of two or more."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Expression):
    """Any of two or more."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """The plain negation."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Did(Expression):
    """`did E`, or `never E` when negated."""

    event: EventRef
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compare(Expression):
    """`left op right`."""

    op: Literal["=", "!=", "<", "<=", ">", ">="]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Between(Expression):
    """Both ends included."""

    value: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class Items(Node):
    """`("a", "b")` after `in` or `any`."""

    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class NamedCollection(Node):
    """A list or a table by name."""

    name: Ident


@dataclass(frozen=True, slots=True)
class TeamCollection(Node):
    """`team T` after `in`."""

    name: Ident


Collection = Items | NamedCollection | TeamCollection


@dataclass(frozen=True, slots=True)
class In(Expression):
    """`x in ...`, `x not in ...`."""

    value: Expression
    collection: Collection
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TextTest(Expression):
    """`contains`, `starts with`, `ends with`, `matches`, `has`; `operand` is a collection after `any`."""

    op: Literal["contains", "starts", "ends", "matches", "has"]
    value: Expression
    operand: Expression | Collection
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsBlank(Expression):
    """`is blank`, `is not blank`."""

    value: Expression
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsLabel(Expression):
    """`is L`, `is not L`, `is one of (..)`, `is at least L`, `is at most L`."""

    op: Literal["is", "is not", "one of", "at least", "at most"]
    value: Expression
    labels: tuple[Ident, ...]


@dataclass(frozen=True, slots=True)
class Sum(Expression):
    """`a + b - c`: two or more signed terms, the first with `+`."""

    terms: tuple[Expression, ...]
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class Product(Expression):
    """`a * b / c`: two or more factors, the first with `*`."""

    factors: tuple[Expression, ...]
    operators: tuple[Literal["*", "/"], ...]


@dataclass(frozen=True, slots=True)
class Negate(Expression):
    """Unary minus."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Broken(Expression):
    """What could not be read and is already reported; its uses report nothing more."""


# -- shared parts of rule lines -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Active(Node):
    """`from D`, `until D`: the days, both inclusive, on which a rule line exists."""

    start: DateLiteral | None = None
    end: DateLiteral | None = None


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """A block. `name` is None where the kind has none (`exit all`, `test`); `title` is the quoted text.

    `damaged` says that a part of the block could not be read and is reported: what it lacks is no further mistake, and
    neither is the use of a label, rule or step that it does not have. `scars` are the lines in which words were left out or
    guessed: what is found in them is no further mistake.
    """

    name: Ident | None
    title: str | None
    damaged: bool = field(default=False, kw_only=True, compare=False)
    scars: tuple[Span, ...] = field(default=(), kw_only=True, compare=False, repr=False)


# -- definitions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListDefinition(Statement):
    """`list N = [..]`, or `from` a file (and `column`)."""

    values: tuple[Expression, ...] = ()
    path: TextLiteral | None = None
    column: TextLiteral | None = None


@dataclass(frozen=True, slots=True)
class TableDefinition(Statement):
    """`table N from FILE key COLUMN`."""

    path: TextLiteral
    key_column: Ident


@dataclass(frozen=True, slots=True)
class EventGroup(Statement):
    """`events N = [a, b]`."""

    members: tuple[Ident, ...]


@dataclass(frozen=True, slots=True)
class Define(Statement):
    """`define N = expr`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Segment(Statement):
    """`segment N when expr`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """`at most N points|times`."""

    amount: float
    unit: Literal["points", "times"]


@dataclass(frozen=True, slots=True)
class Decay(Node):
    """`halving every D` or `fading over D`."""

    kind: Literal["halving", "fading"]
    duration: DurationLiteral


@dataclass(frozen=True, slots=True)
class Each(Node):
    """`each E [decay] [limit]`."""

    event: EventRef
    decay: Decay | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class ScoreRule(Node):
    """`id "title": +N when .. | each ..`. `points` is the unsigned amount; a rule with neither clause is an error for the compiler."""

    name: Ident
    title: str | None
    sign: Sign
    points: Expression
    when: Expression | None = None
    each: Each | None = None
    active: Active | None = None


@dataclass(frozen=True, slots=True)
class Group(Node):
    """`group N [first match] [at most N points] { rules }`."""

    name: Ident
    title: str | None
    rules: tuple[ScoreRule, ...]
    first_match: bool = False
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Bound(Node):
    """`floor N` or `cap N`."""

    kind: Literal["floor", "cap"]
    value: float


@dataclass(frozen=True, slots=True)
class CountSince(Node):
    """`count events since T`."""

    since: Expression


@dataclass(frozen=True, slots=True)
class Score(Statement):
    """Items in written order; twice `floor`, `cap` or `count events` is an error for the compiler."""

    items: tuple[ScoreRule | Group | Bound | CountSince, ...]


@dataclass(frozen=True, slots=True)
class BandLabel(Node):
    """`hot: from 70 [hold until below 60]`, or `otherwise` (start None)."""

    name: Ident
    title: str | None
    start: float | None = None
    hold: float | None = None


@dataclass(frozen=True, slots=True)
class Band(Statement):
    """`band N of sum { labels }`."""

    value: Expression
    labels: tuple[BandLabel, ...]


@dataclass(frozen=True, slots=True)
class MatrixRow(Node):
    """`A: p1 | p1 | p2`."""

    name: Ident
    cells: tuple[Ident, ...]


@dataclass(frozen=True, slots=True)
class Matrix(Statement):
    """`matrix N of R by C { columns: .. rows }`."""

    rows_of: Ident
    columns_of: Ident
    columns: tuple[Ident, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class ClassLabel(Node):
    """`label: when expr`, or `otherwise` (condition None)."""

    name: Ident
    title: str | None
    condition: Expression | None = None
    active: Active | None = None


@dataclass(frozen=True, slots=True)
class Classify(Statement):
    """First label that matches."""

    labels: tuple[ClassLabel, ...]


@dataclass(frozen=True, slots=True)
class Forward(Node):
    """`forward only [unless expr]`."""

    unless: Expression | None = None


@dataclass(frozen=True, slots=True)
class Stages(Statement):
    """A classify that is remembered."""

    labels: tuple[ClassLabel, ...]
    forward: Forward | None = None


# -- routes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RepTarget(Node):
    """`rep EXPR`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class QueueTarget(Node):
    """`queue N`."""

    queue: Ident


@dataclass(frozen=True, slots=True)
class KeepTarget(Node):
    """`keep owner`."""


@dataclass(frozen=True, slots=True)
class MatchTarget(Node):
    """`match account on X`."""

    on: Ident


@dataclass(frozen=True, slots=True)
class TeamTarget(Node):
    """`team T [where (..)] [by STRATEGY [rep.attribute]]`."""

    team: Ident
    where: Expression | None = None
    strategy: Ident | None = None
    attribute: Ident | None = None


Target = RepTarget | QueueTarget | KeepTarget | MatchTarget | TeamTarget


@dataclass(frozen=True, slots=True)
class RouteRule(Node):
    """`id: target when .. [on shift] [respond within D] [from..until]`; `otherwise` has condition None."""

    name: Ident
    title: str | None
    target: Target
    condition: Expression | None = None
    on_shift: bool = False
    respond_within: DurationLiteral | None = None
    active: Active | None = None


@dataclass(frozen=True, slots=True)
class Reroute(Node):
    """`reroute when expr`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Answered(Node):
    """`answered when expr`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Route(Statement):
    """`route N [order by E [descending]] [on demand] [sets F] { .. }`."""

    items: tuple[RouteRule | Reroute | Answered, ...]
    order_by: Expression | None = None
    descending: bool = False
    on_demand: bool = False
    sets: Ident | None = None


# -- sequences and actions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Template(Node):
    """`template "t"`, or `template by CLASSIFY`."""

    name: TextLiteral | None = None
    by: Ident | None = None


@dataclass(frozen=True, slots=True)
class Step(Node):
    """`1: day 1 09:00 email auto "Content" template "t" when ..`: `day` with `at` or `after`, or `wait`."""

    number: int
    number_span: Span = field(compare=False, repr=False)
    channel: Ident
    day: int | None = None
    at: time | None = None
    after: DurationLiteral | None = None
    wait: DurationLiteral | None = None
    auto: bool = False
    content: str | None = None
    template: Template | None = None
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class CountDays(Node):
    """`count business days` or `count calendar days`."""

    business: bool


@dataclass(frozen=True, slots=True)
class SendWindow(Node):
    """`send between A and B [in ZONE]`."""

    start: time
    end: time
    zone: TextLiteral | None = None


@dataclass(frozen=True, slots=True)
class Throttle(Node):
    """`enroll at most N per day`."""

    per_day: int


@dataclass(frozen=True, slots=True)
class Again(Node):
    """`enroll once` (after None) or `enroll again after D`."""

    after: DurationLiteral | None = None


@dataclass(frozen=True, slots=True)
class ExitWhen(Node):
    """`exit when expr`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class PauseWhen(Node):
    """`pause when expr`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class FinishAfter(Node):
    """`finish after D`."""

    duration: DurationLiteral


@dataclass(frozen=True, slots=True)
class Action(Node):
    """Something a trigger or an `on finish` does."""


@dataclass(frozen=True, slots=True)
class Enroll(Action):
    """`enroll S [template ..]`."""

    sequence: Ident
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class EnrollBy(Action):
    """`enroll by C`."""

    by: Ident


@dataclass(frozen=True, slots=True)
class MoveTo(Action):
    """`move to S [template ..]`."""

    sequence: Ident
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class MoveBy(Action):
    """`move by C`."""

    by: Ident


@dataclass(frozen=True, slots=True)
class StopSequence(Action):
    """`stop sequence`."""


@dataclass(frozen=True, slots=True)
class SetField(Action):
    """`set field = value`; `wrong_sign` is a word in place of the `=`, which nobody has told yet."""

    wrong_sign: Span | None = field(default=None, kw_only=True, compare=False)
    field: Ident
    value: Expression


@dataclass(frozen=True, slots=True)
class AssignWith(Action):
    """`assign with ROUTE`; `bare` without the `with`, which nobody has told yet."""

    route: Ident
    bare: bool = False


@dataclass(frozen=True, slots=True)
class AssignRep(Action):
    """`assign rep "..."`."""

    rep: TextLiteral


@dataclass(frozen=True, slots=True)
class AssignQueue(Action):
    """`assign queue Q`."""

    queue: Ident


@dataclass(frozen=True, slots=True)
class Reassign(Action):
    """`reassign with ROUTE [at most N times]`."""

    route: Ident
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Task(Action):
    """`task CHANNEL "..." [template ..]`."""

    channel: Ident
    content: str
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class Send(Action):
    """`send template T`."""

    template: Template


@dataclass(frozen=True, slots=True)
class Notify(Action):
    """`notify "who" "what"`."""

    who: Expression
    what: str


@dataclass(frozen=True, slots=True)
class OnFinish(Node):
    """`on finish do ACTION`."""

    action: Action


@dataclass(frozen=True, slots=True)
class Sequence(Statement):
    """Steps and settings, in written order."""

    items: tuple[Step | CountDays | SendWindow | Throttle | Again | ExitWhen | PauseWhen | FinishAfter | OnFinish, ...]


@dataclass(frozen=True, slots=True)
class ExitAll(Statement):
    """`exit all when expr`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Suppress(Statement):
    """`suppress CHANNEL when expr`; `name` is the channel, or `all`."""

    condition: Expression


# -- triggers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnEvent(Node):
    """`on E`."""

    event: EventRef


@dataclass(frozen=True, slots=True)
class OnChange(Node):
    """`on enter|leave NAME [LABEL]`."""

    kind: Literal["enter", "leave"]
    name: Ident
    label: Ident | None = None


@dataclass(frozen=True, slots=True)
class OnFinishOf(Node):
    """`on finish SEQUENCE`."""

    sequence: Ident


@dataclass(frozen=True, slots=True)
class OnOverdue(Node):
    """`on overdue ROUTE`."""

    route: Ident


@dataclass(frozen=True, slots=True)
class OnDate(Node):
    """`on date EXPR [every year]`."""

    value: Expression
    every_year: bool = False


@dataclass(frozen=True, slots=True)
class When(Node):
    """`when expr`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Do(Node):
    """`do ACTION`."""

    action: Action


@dataclass(frozen=True, slots=True)
class RespondWithin(Node):
    """`respond within D`."""

    duration: DurationLiteral


@dataclass(frozen=True, slots=True)
class Once(Node):
    """`once` (per None) or `once per D`."""

    per: DurationLiteral | None = None


@dataclass(frozen=True, slots=True)
class Priority(Node):
    """`priority N`."""

    value: int


@dataclass(frozen=True, slots=True)
class Backfill(Node):
    """`backfill`."""


@dataclass(frozen=True, slots=True)
class Trigger(Statement):
    """Items in written order; more than one `on`, or a setting twice, is an error for the compiler."""

    items: tuple[
        OnEvent | OnChange | OnFinishOf | OnOverdue | OnDate | When | Do | RespondWithin | Once | Priority | Backfill,
        ...,
    ]


# -- promises, measures, tests --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assert(Statement):
    """`assert id "title": expr implies expr`."""

    condition: Expression
    implies: Expression


@dataclass(frozen=True, slots=True)
class FunnelStep(Node):
    """`won: moment [worth amount]`."""

    name: Ident
    title: str | None
    moment: Expression
    worth: Expression | None = None


@dataclass(frozen=True, slots=True)
class Funnel(Statement):
    """Moments in order."""

    steps: tuple[FunnelStep, ...]


@dataclass(frozen=True, slots=True)
class GoalTarget(Node):
    """`target 1 sqo per month`."""

    amount: float
    what: Ident
    per: Ident


@dataclass(frozen=True, slots=True)
class GoalWorkdays(Node):
    """`workdays 20 per month`."""

    amount: float
    per: Ident


@dataclass(frozen=True, slots=True)
class Rate(Node):
    """`8% of call` (`of`), `60% by call` (`by`); the share is 0.08."""

    share: float
    kind: Literal["of", "by"]
    what: Ident


@dataclass(frozen=True, slots=True)
class GoalRate(Node):
    """`meeting: 25% of conversation`, `mix: 60% by call, 40% by email`."""

    name: Ident
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class EffortItem(Node):
    """`6 minutes per call`."""

    duration: DurationLiteral
    per: Ident


@dataclass(frozen=True, slots=True)
class Effort(Node):
    """`effort 6 minutes per call, 3 minutes per email`."""

    items: tuple[EffortItem, ...]


@dataclass(frozen=True, slots=True)
class Goal(Statement):
    """Items in written order."""

    items: tuple[GoalTarget | GoalWorkdays | GoalRate | Effort, ...]


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    """`field = value`, or `field = [a, b]` (`many`)."""

    field: Ident
    values: tuple[Expression, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class AsOf(Node):
    """`as of TIME`."""

    value: DateLiteral | DateTimeLiteral


@dataclass(frozen=True, slots=True)
class Given(Node):
    """`given a = 1, b = 2`."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class TestEvent(Node):
    """`event TYPE (D ago | at TIME) [with ..]`."""

    event: Ident
    ago: DurationLiteral | None = None
    at: DateLiteral | DateTimeLiteral | None = None
    assignments: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True)
class Expect(Node):
    """`expect EXPR`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class ExpectFired(Node):
    """`expect [not] fired a.b[.c]`."""

    path: tuple[Ident, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ExpectAction(Node):
    """`expect [not] action KIND ["content"] [template "t"]`, or `set FIELD = value` (kind `set`)."""

    kind: Ident
    content: TextLiteral | None = None
    template: Template | None = None
    field: Ident | None = None
    value: Expression | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ThenAfter(Node):
    """`then after D`."""

    duration: DurationLiteral


@dataclass(frozen=True, slots=True)
class Test(Statement):
    """`test "title" { .. }`: `name` is None."""

    items: tuple[AsOf | Given | TestEvent | Expect | ExpectFired | ExpectAction | ThenAfter, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """One rule file: the blocks that could be read. `lost` are the names of those that could not; None where a block was
    left without its name."""

    file: SourceFile
    statements: tuple[Statement, ...]
    comments: tuple[Span, ...] = ()
    lost: tuple[str | None, ...] = ()

    def walk(self) -> Iterator[Any]:
        """Every node of the file."""
        for statement in self.statements:
            yield from walk(statement)
