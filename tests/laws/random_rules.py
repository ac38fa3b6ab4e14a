"""Random typed rulesets, as the compiler would hand them on, and random leads and events for them.

In: Hypothesis' choices. Out: a `Ruleset` in which every construct of definitions may occur, drawn so that a failing one
shrinks to a few lines; leads and events full of blanks, wide text, ties, clock changes and edges.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from leadrules.core.text import fold
from leadrules.core.types import DATE, DATETIME, DURATION, NUMBER, SET, TEXT, YESNO, Type, Unit
from leadrules.ruleset.model import (
    Active,
    Aggregate,
    Band,
    BandLabel,
    Classify,
    ClassLabel,
    Define,
    Definition,
    Duration,
    Each,
    EventFilter,
    Expr,
    Function,
    Group,
    ListValues,
    Matrix,
    Ruleset,
    Score,
    ScoreRule,
    Segment,
    Settings,
    Stages,
    TableValues,
)

T = TypeVar("T")
CHOICE = Type("choice", ("Software", "Fintech", "小売"))
FIELDS = (
    ("title", TEXT),
    ("email", TEXT),
    ("industry", CHOICE),
    ("employees", NUMBER),
    ("revenue", NUMBER),
    ("opted_out", YESNO),
    ("renewal", DATE),
    ("created_at", DATETIME),
    ("tags", SET),
    ("b0", TEXT),
)
EVENT_FIELDS = (
    ("opened", (("path", TEXT), ("amount", NUMBER), ("due", DATE), ("ok", YESNO))),
    ("clicked", (("path", TEXT), ("amount", NUMBER))),
    ("paid", (("amount", NUMBER), ("kind", CHOICE), ("until", DATETIME))),
)
ALWAYS = (
    ("owner", TEXT),
    ("sequence", TEXT),
    ("duplicate_of", TEXT),
    ("assigned_at", DATETIME),
    ("due_at", DATETIME),
    ("enrolled_at", DATETIME),
    ("owner_changes", NUMBER),
    ("step", NUMBER),
)
TEAMS = {"inside": ("rep@a.io", "Lee@a.io"), "empty": ()}
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe")
INSTANTS = (
    datetime(2026, 3, 8, 12, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    datetime(2026, 3, 31, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
)
TEXTS = ("VP of Sales", "ｖｐ　ｏｆ　ｓａｌｅｓ", "Director", "部長", "ＳａａＳ", "saas", "ﬁne", "İzmir", "ΟΔΟΣ", "οδος", "straße", "STRASSE",
         "a@Rival.com", "b@other.io", "x@", "Software", "hot", "/pricing", "/Pricing/eu", "rep@a.io", "ｶﾞ", "ガ", "①", "1")  # fmt: skip
NUMBERS = (
    0.0,
    1.0,
    2.0,
    3.0,
    7.0,
    20.0,
    40.0,
    70.0,
    1000.0,
    0.5,
    0.05,
    0.00005,
    1.005,
    -3.0,
    -0.0,
    2.5,
    1e6,
    9e14,
    12345.6789,
)
PATTERNS = (r"\bVP\b", "^/p", r"(?i)sales$", r"\d", "部")


def const(value: Any, type_: Type) -> Expr:
    """A literal."""
    return Expr("const", type_, value=value)


@dataclass
class Writer:
    """Writes one random ruleset. `pick` draws one of a sequence, `chance` a yes/no, `count` a whole number."""

    draw: st.DrawFn
    as_of: datetime | None
    aggregates: list[Aggregate] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    within_event: tuple[str, ...] | None = None
    fields_only: set[str] = field(default_factory=set)
    pure: bool = False

    def pick(self, choices: Iterable[T]) -> T:
        return self.draw(st.sampled_from(list(choices)))

    def chance(self, one_in: int = 2) -> bool:
        return self.count(0, one_in - 1) == one_in - 1

    def count(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    # -- expressions --------------------------------------------------------------------------------------------------

    def expression(self, type_: Type, depth: int) -> Expr:
        """An expression of this kind of value, of about this depth."""
        table: dict[str, Callable[[int], Expr]] = {
            "yesno": self.condition,
            "number": self.number,
            "text": self.text,
            "date": self.date,
            "datetime": self.datetime,
            "duration": self.duration,
            "set": lambda depth: self.lead_field("tags", SET),
        }
        return table[type_.kind](depth)

    def lead_field(self, name: str, type_: Type) -> Expr:
        return Expr("field", type_, value=name)

    def leaf(self, kind: str, literals: Any, type_: Type) -> Expr:
        """A field of the lead or, inside `where`, of the event; a definition; or a literal."""
        found = [self.lead_field(name, t) for name, t in FIELDS if t.kind == kind]
        if self.within_event is not None:
            found += [Expr("event_field", t, value=name) for name, t in self.event_fields() if t.kind == kind] * 3
        found += [Expr("name", type_, value=d.name) for d in self.known(kind)]
        if not self.pure and self.within_event is None:
            found += [Expr("always", t, value=name) for name, t in ALWAYS if t.kind == kind]
        return self.pick([*found, *(const(value, type_) for value in literals[:3]), const(self.pick(literals), type_)])

    def event_fields(self) -> list[tuple[str, Type]]:
        """The fields that all the types at hand share."""
        fields = [dict(found) for name, found in EVENT_FIELDS if name in (self.within_event or ())]
        shared = [pair for pair in fields[0].items() if all(other.get(pair[0]) == pair[1] for other in fields)]
        return [*shared, ("at", DATETIME)]

    def known(self, kind: str) -> list[Definition]:
        kinds = {"number": (Score,), "yesno": (Segment,), "label": (Band, Matrix, Classify, Stages)}
        found = [d for d in self.definitions if isinstance(d, kinds.get(kind, ()))]
        found += [d for d in self.definitions if isinstance(d, Define) and d.value.type.kind == kind]
        needs_fields = self.pure or self.within_event is not None
        return [d for d in found if not needs_fields or d.name in self.fields_only]

    def condition(self, depth: int) -> Expr:
        makers: list[Callable[[], Expr]] = [self.simple_test]
        if depth <= 0:
            makers += [lambda: self.leaf("yesno", (True, False), YESNO)]
        else:
            makers += [
                self.simple_test, lambda: self.joined(depth), lambda: self.compared(depth),
                lambda: self.compared(depth), lambda: self.searched(depth), lambda: self.membership(depth),
                lambda: Expr("not", YESNO, (self.condition(depth - 1),)), lambda: self.choice(YESNO, depth),
                lambda: Expr("is_blank", YESNO, (self.expression(self.pick([TEXT, NUMBER, DATE, SET]), depth - 1),)),
            ]  # fmt: skip
        return self.pick(makers)()

    def simple_test(self) -> Expr:
        tests: list[Callable[[], Expr]] = [
            lambda: self.compared(0),
            lambda: self.searched(0),
            lambda: self.membership(0),
        ]
        if not self.pure and self.within_event is None:
            tests += [self.did, self.did, self.label_test]
        return self.pick(tests)()

    def joined(self, depth: int) -> Expr:
        parts = tuple(self.condition(depth - 1) for _ in range(self.count(2, 3)))
        return Expr(self.pick(["and", "or"]), YESNO, parts)

    def compared(self, depth: int) -> Expr:
        type_ = self.pick([TEXT, NUMBER, NUMBER, DATE, DATETIME, DURATION, YESNO])
        other = self.pick([DATE, DATETIME]) if type_.is_temporal else type_
        left, right = self.expression(type_, depth - 1), self.expression(other, depth - 1)
        if type_ == TEXT and self.chance(4):
            return Expr("exact", YESNO, (left, right))
        if type_ in (TEXT, YESNO):
            return Expr("eq", YESNO, (left, right))
        if self.chance(5):
            return Expr("between", YESNO, (left, right, self.expression(other, depth - 1)))
        return Expr(self.pick(["eq", "lt", "le", "gt", "ge"]), YESNO, (left, right))

    def searched(self, depth: int) -> Expr:
        op = self.pick(["contains", "starts", "ends", "matches"])
        value = self.text(depth - 1)
        if op == "matches":
            patterns = tuple(self.draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2)))
            return Expr("matches", YESNO, (value,), value=patterns)
        if self.chance(3):
            return Expr(op, YESNO, (value,), value="words")
        parts = [const(self.pick([*TEXTS, " vp", "s", "Ａ"]), TEXT) for _ in range(self.count(1, 3))]
        return Expr(op, YESNO, (value, *parts, *([self.text(0)] if self.chance(4) else [])))

    def membership(self, depth: int) -> Expr:
        op = self.pick(["in", "in", "has", "in_table", "in_team", "number"])
        if op == "number":
            numbers = tuple(const(self.pick(NUMBERS), NUMBER) for _ in range(self.count(1, 3)))
            return Expr("in", YESNO, (self.number(depth - 1), *numbers))
        if op == "in_table":
            return Expr(op, YESNO, (self.text(depth - 1),), value="accounts")
        if op == "in_team":
            return Expr(op, YESNO, (self.text(depth - 1),), value=self.pick(TEAMS))
        value = self.lead_field("tags", SET) if op == "has" else self.text(depth - 1)
        if self.chance(3):
            return Expr(op, YESNO, (value,), value="words")
        return Expr(op, YESNO, (value, *(const(self.pick(TEXTS), TEXT) for _ in range(self.count(1, 3)))))

    def did(self) -> Expr:
        return Expr("did", YESNO, value=self.aggregate("count", None, NUMBER))

    def label_test(self) -> Expr:
        known = self.known("label")
        if not known:
            return self.did()
        name = self.pick(known).name
        op = self.pick(["name", "name", "previous"]) if isinstance(self.by_name(name), Band | Stages) else "name"
        labels = tuple(self.draw(st.lists(st.sampled_from(self.labels[name]), min_size=1, max_size=2)))
        return Expr("is_label", YESNO, (Expr(op, Type("label", self.labels[name], name), value=name),), value=labels)

    def by_name(self, name: str) -> Definition:
        return next(d for d in self.definitions if d.name == name)

    def choice(self, type_: Type, depth: int) -> Expr:
        """`if` or `coalesce` of this type."""
        one, two = self.expression(type_, depth - 1), self.expression(type_, depth - 1)
        if self.chance():
            return Expr("coalesce", type_, (one, two))
        return Expr("if", type_, (self.condition(depth - 1), one, two))

    def number(self, depth: int) -> Expr:
        if depth <= 0:
            return self.leaf("number", NUMBERS, NUMBER)
        many, one = ("add", "mul", "min", "max"), ("neg", "abs", "floor", "ceil", "round")
        makers: list[Callable[[], Expr]] = [
            lambda: self.leaf("number", NUMBERS, NUMBER),
            lambda: Expr(self.pick(many), NUMBER, tuple(self.number(depth - 1) for _ in range(self.count(2, 3)))),
            lambda: Expr(self.pick(["sub", "div"]), NUMBER, (self.number(depth - 1), self.number(depth - 1))),
            lambda: Expr(self.pick(one), NUMBER, (self.number(depth - 1),)),
            lambda: Expr("round", NUMBER, (self.number(depth - 1), const(float(self.count(-1, 4)), NUMBER))),
            lambda: Expr("length", NUMBER, (self.expression(self.pick([TEXT, SET]), depth - 1),)),
            lambda: Expr("days_between", NUMBER, (self.moment(depth - 1), self.moment(depth - 1))),
            lambda: Expr(self.pick(["year", "month", "day", "weekday"]), NUMBER, (self.moment(depth - 1),)),
            lambda: Expr("lookup", NUMBER, (self.text(depth - 1),), value="accounts.size"),
            lambda: Expr("bucket", NUMBER, value=self.pick(["pilot", "b"])),
            lambda: self.choice(NUMBER, depth),
        ]
        if not self.pure and self.within_event is None:
            makers += [self.event_number] * 3
        return self.pick(makers)()

    def event_number(self) -> Expr:
        function: Function = self.pick(["count", "sum", "first", "last", "min", "max"])
        return Expr(
            "aggregate", NUMBER, value=self.aggregate(function, None if function == "count" else "amount", NUMBER)
        )

    def text(self, depth: int) -> Expr:
        if depth <= 0:
            if self.chance(4):
                return self.lead_field("industry", CHOICE)
            return self.leaf("text", TEXTS, TEXT)
        makers: list[Callable[[], Expr]] = [
            lambda: self.leaf("text", TEXTS, TEXT),
            lambda: Expr(self.pick(["lower", "upper", "trim", "domain_of"]), TEXT, (self.text(depth - 1),)),
            lambda: Expr("concat", TEXT, (self.text(depth - 1), self.text(depth - 1))),
            lambda: Expr("lookup", TEXT, (self.text(depth - 1),), value="accounts.tier"),
            lambda: self.choice(TEXT, depth),
        ]
        if not self.pure and self.within_event is None:
            makers.append(self.event_text)
        return self.pick(makers)()

    def event_text(self) -> Expr:
        return Expr("aggregate", TEXT, value=self.aggregate(self.pick(["first", "last", "min"]), "path", TEXT))

    def moment(self, depth: int) -> Expr:
        return self.expression(self.pick([DATE, DATETIME]), depth)

    def date(self, depth: int) -> Expr:
        literals = ("2026-03-08", "2026-03-31", "2024-02-29")
        if depth <= 0:
            return self.pick([self.leaf("date", literals, DATE), Expr("always", DATE, value="today")])
        parts = (const(2026.0, NUMBER), self.number(0), const(float(self.count(28, 32)), NUMBER))
        makers: list[Callable[[], Expr]] = [
            lambda: self.leaf("date", literals, DATE), lambda: Expr("date", DATE, parts),
            lambda: Expr("end_of_month", DATE, (self.moment(depth - 1),)), lambda: self.choice(DATE, depth),
            lambda: Expr(self.pick(["earliest", "latest"]), DATE, (self.date(depth - 1), self.date(depth - 1))),
            lambda: self.shifted(DATE, depth, ["days", "business days", "weeks", "months", "quarters", "years"]),
        ]  # fmt: skip
        return self.pick(makers)()

    def datetime(self, depth: int) -> Expr:
        literals = tuple(instant.isoformat() for instant in INSTANTS)
        makers: list[Callable[[], Expr]] = [
            lambda: self.leaf("datetime", literals, DATETIME),
            lambda: Expr("always", DATETIME, value="now"),
        ]
        if not self.pure and self.within_event is None:
            makers += [self.event_moment, self.event_moment]
            makers += (
                [lambda: Expr("since_of", DATETIME, value=self.pick(stages).name)] if (stages := self.stages()) else []
            )
        if depth > 0:
            units = ["minutes", "hours", "days", "business days", "weeks", "months"]
            pair = [self.moment(depth - 1), self.datetime(depth - 1)]
            makers += [lambda: self.shifted(DATETIME, depth, units), lambda: self.shifted(DATE, depth, ["hours"]),
                       lambda: Expr(self.pick(["earliest", "latest"]), DATETIME, tuple(pair))]  # fmt: skip
        return self.pick(makers)()

    def stages(self) -> list[Definition]:
        return [d for d in self.definitions if isinstance(d, Stages)]

    def event_moment(self) -> Expr:
        return Expr("aggregate", DATETIME, value=self.aggregate(self.pick(["first", "last"]), None, DATETIME))

    def shifted(self, of: Type, depth: int, units: list[str]) -> Expr:
        unit = self.pick(units)
        length = Expr("duration", DURATION, value=(self.count(0, 40), unit))
        type_ = DATETIME if of == DATETIME or unit in ("minutes", "hours") else DATE
        return Expr("shift", type_, (self.expression(of, depth - 1), length), value=self.pick([1, -1]))

    def duration(self, depth: int) -> Expr:
        if depth > 0 or self.chance():
            return Expr("difference", DURATION, (self.moment(0), self.moment(0)))
        return Expr("duration", DURATION, value=(self.count(0, 40), self.pick(["hours", "days", "weeks", "months"])))

    # -- events -------------------------------------------------------------------------------------------------------

    def aggregate(self, function: Function, name: str | None, type_: Type) -> int:
        """The number of an aggregate; equal ones share it."""
        one = Aggregate(function, self.selection(name), name, type_)
        if one in self.aggregates:
            return self.aggregates.index(one)
        self.aggregates.append(one)
        return len(self.aggregates) - 1

    def selection(self, reads: str | None = None) -> EventFilter:
        """An event filter whose types all have the field that is read."""
        fitting = [(name, dict(fields)) for name, fields in EVENT_FIELDS if reads is None or reads in dict(fields)]
        types = tuple(dict.fromkeys(self.pick(fitting)[0] for _ in range(self.count(1, 2))))
        outer, self.within_event = self.within_event, types
        where = self.condition(self.count(0, 1)) if self.chance(3) else None
        distinct = self.pick([n for n, t in self.event_fields() if n != "at"] + ["day"]) if self.chance(4) else None
        self.within_event = outer
        within = self.length(["minutes", "hours", "days", "business days", "weeks", "months", "years"], 60)
        return EventFilter(types, where, distinct, within if self.chance(3) else None, self.since())

    def since(self) -> Expr | None:
        if self.chance(2):
            return None
        was, self.pure = self.pure, True
        one = self.pick([self.date, self.datetime])(0)
        self.pure = was
        if self.chance(4) and len(self.aggregates) < 12 and self.within_event is None:
            last = Aggregate("last", EventFilter((self.pick(EVENT_FIELDS)[0],)), None, DATETIME)
            self.aggregates.append(last)
            other = Expr("aggregate", DATETIME, value=len(self.aggregates) - 1)
            return Expr("latest", DATETIME, (one, other)) if self.chance() else other
        return one

    def length(self, units: list[Unit], most: int) -> Duration:
        return Duration(self.count(1, most), self.pick(units))

    # -- definitions --------------------------------------------------------------------------------------------------

    def write(self) -> Ruleset:
        """The whole ruleset, declared in another order than it is worked out."""
        for number in range(self.count(1, 7)):
            self.definition(number)
        positions = self.draw(st.permutations(range(len(self.definitions))))
        placed = tuple(_at(d, position) for d, position in zip(self.definitions, positions, strict=True))
        settings = Settings("r", "UTC", (1, 2, 3, 4, 5), None, (), 4, "id", "owner", "created_at", "email", None)
        lists = (ListValues("words", ("vp", "Director", "ＳａａＳ", "rival.com", "/pricing")),)
        rows = tuple((fold(key), (key, tier, size)) for key, tier, size in
                     (("rival.com", "gold", 3.0), ("ＳａａＳ", None, None), ("部長", "Silver", 0.5)))  # fmt: skip
        tables = (TableValues("accounts", "key", (("key", TEXT), ("tier", TEXT), ("size", NUMBER)), rows),)
        return Ruleset(1, settings, FIELDS, EVENT_FIELDS, lists, tables, tuple(self.aggregates), placed)

    def write_again(self, rules: Ruleset) -> Ruleset:
        """The ruleset with the aggregates that further expressions brought."""
        return replace(rules, aggregates=tuple(self.aggregates))

    def definition(self, number: int) -> None:
        makers = [self.define, self.segment, self.score, self.score, self.band, self.classify, self.stages_of]
        if len(self.known("label")) > 1:
            makers.append(self.matrix)
        if self.chance(4):
            self.pure = True
            self.define(number) if self.chance() else self.segment(number)
            self.fields_only.add(self.definitions[-1].name)
            self.pure = False
        else:
            self.pick(makers)(number)

    def define(self, number: int) -> None:
        value = self.expression(self.pick([TEXT, NUMBER, YESNO, DATE, DATETIME, SET, DURATION]), 2)
        self.definitions.append(Define(f"d{number}", None, number, value))

    def segment(self, number: int) -> None:
        self.definitions.append(Segment(f"s{number}", None, number, self.condition(2)))

    def band(self, number: int) -> None:
        starts = sorted({self.pick(NUMBERS) for _ in range(self.count(1, 3))}, reverse=True)
        labels = [BandLabel(name, None, start, start - self.pick([1, 5, 60]) if self.chance() else None)
                  for name, start in zip(("hot", "warm", "mild"), starts, strict=False)]  # fmt: skip
        if self.chance():
            labels.append(BandLabel("cold", None, None))
        known = [Expr("name", NUMBER, value=d.name) for d in self.known("number")]
        value = self.pick(known) if known and self.chance() else self.number(1)
        self.labels[f"b{number}"] = tuple(label.name for label in labels)
        field_name = "b0" if number == 0 else None
        self.definitions.append(Band(f"b{number}", None, number, value, tuple(labels), field_name))

    def class_labels(self) -> tuple[ClassLabel, ...]:
        labels = [
            ClassLabel(name, None, self.condition(1), self.active()) for name in ("A", "B", "C")[: self.count(1, 3)]
        ]
        if self.chance():
            labels.append(ClassLabel("rest", None))
        return tuple(labels)

    def active(self) -> Active | None:
        days = (None, "2026-03-08", "2026-01-01", "2027-01-01")
        return Active(self.pick(days), self.pick(days)) if self.chance(4) else None

    def classify(self, number: int) -> None:
        labels = self.class_labels()
        self.labels[f"c{number}"] = tuple(label.name for label in labels)
        self.definitions.append(Classify(f"c{number}", None, number, labels))

    def stages_of(self, number: int) -> None:
        labels = self.class_labels()
        self.labels[f"g{number}"] = tuple(label.name for label in labels)
        unless = self.condition(1) if self.chance(3) else None
        stages = Stages(f"g{number}", None, number, labels, self.chance(), unless)
        self.definitions.append(stages)

    def matrix(self, number: int) -> None:
        rows, columns = self.pick(self.known("label")).name, self.pick(self.known("label")).name
        cells = tuple(tuple(self.pick(["p1", "p2", "p3"]) for _ in self.labels[columns]) for _ in self.labels[rows])
        self.labels[f"m{number}"] = ("p1", "p2", "p3")
        self.definitions.append(
            Matrix(f"m{number}", None, number, rows, columns, self.labels[rows], self.labels[columns], cells)
        )

    def score(self, number: int) -> None:
        rules: list[ScoreRule] = []
        groups: list[Group] = []
        for run in range(self.count(1, 3)):
            group = None
            if self.chance(3):
                first = self.chance()
                groups.append(Group(f"group{run}", None, first, None if first else self.pick([0.5, 5.0, 30.0])))
                group = groups[-1].name
            for _ in range(self.count(1, 3)):
                rules.append(self.rule(f"r{len(rules)}", group))
        floor, cap = self.pick([None, -50.0, 0.0, 0.12345]), self.pick([None, 1.0, 100.0])
        self.definitions.append(Score(f"p{number}", None, number, tuple(rules), tuple(groups), floor, cap))

    def rule(self, name: str, group: str | None) -> ScoreRule:
        points = const(self.pick([*NUMBERS, 10.0, -10.0, 15.0]), NUMBER) if not self.chance(3) else self.number(1)
        each = self.each() if self.chance() else None
        when = self.condition(2) if each is None or self.chance(3) else None
        return ScoreRule(name, None, points, when, each, self.active(), group)

    def each(self) -> Each:
        decay = self.pick([None, "halving", "fading"])
        halving = self.length(["hours", "days", "weeks"], 30) if decay == "halving" else None
        fading = self.length(["hours", "days", "weeks", "months"], 30) if decay == "fading" else None
        most = self.pick([None, None, 0.5, 12.0]), self.pick([None, None, 1, 2])
        return Each(self.selection(), halving, fading, *most)


def _at(definition: Definition, position: int) -> Definition:
    return replace(definition, position=position)


# -- data ---------------------------------------------------------------------------------------------------------------


def leads_and_events(
    rng: random.Random, leads: int, as_of: datetime | None, rules: Ruleset
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Leads (with their inputs under `@..`) and events (with `lead_row` and `@rank`), many of them tied."""
    people = [_lead(rng, number, as_of, rules) for number in range(leads)]
    moments = [_near(rng, as_of) for _ in range(6)]
    events = [_event(rng, row, moments, as_of) for row in range(leads) for _ in range(rng.choice([0, 1, 2, 5, 9]))]
    for number, event in enumerate(sorted(events, key=lambda event: repr(sorted(event.items(), key=str)))):
        event["@rank"] = number
    return people, events


def _near(rng: random.Random, as_of: datetime | None) -> datetime:
    base = as_of or INSTANTS[0]
    step = rng.choice(
        [timedelta(0), timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=30)]
    )
    jitter = timedelta(seconds=rng.randrange(86_400)) if rng.random() < 0.5 else timedelta(0)
    return base - step * rng.choice([-1, 0, 1, 1, 2, 3, 14]) - jitter


def _event(rng: random.Random, row: int, moments: list[datetime], as_of: datetime | None) -> dict[str, Any]:
    name, fields = rng.choice(EVENT_FIELDS)
    at = rng.choice(moments) if rng.random() < 0.6 else _near(rng, as_of)
    event: dict[str, Any] = {"lead_row": row, "type": name, "at": at}
    for field_name, type_ in fields:
        event[field_name] = _value(rng, type_, as_of)
    return event


def _lead(rng: random.Random, number: int, as_of: datetime | None, rules: Ruleset) -> dict[str, Any]:
    lead = {name: _value(rng, type_, as_of) for name, type_ in FIELDS}
    lead |= {f"@{name}": _value(rng, type_, as_of) for name, type_ in ALWAYS}
    lead["@key"] = f"Ｌ{number}"
    for definition in rules.definitions:
        if isinstance(definition, Band | Stages) and not (isinstance(definition, Band) and definition.previous_field):
            names = [label.name for label in definition.labels]
            lead[f"@previous:{definition.name}"] = rng.choice([*names, None, "unknown"])
        if isinstance(definition, Stages):
            lead[f"@since:{definition.name}"] = rng.choice([None, _near(rng, as_of)])
    return lead


def _value(rng: random.Random, type_: Type, as_of: datetime | None) -> Any:
    if rng.random() < 0.25:
        return None
    match type_.kind:
        case "text":
            return rng.choice(TEXTS)
        case "choice":
            return rng.choice(type_.options)
        case "number":
            return rng.choice([*NUMBERS, round(rng.uniform(-50, 3000), 3)])
        case "yesno":
            return rng.random() < 0.5
        case "date":
            return (_near(rng, as_of) + timedelta(days=rng.choice([-1, 0, 0, 200]))).date()
        case "datetime":
            return _near(rng, as_of)
    return tuple(rng.choice(TEXTS) for _ in range(rng.randrange(1, 4)))
