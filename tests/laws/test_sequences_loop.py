"""The law of sequences: a plain loop over leads and steps, written from the contract alone, agrees with the columns.

Random sequences, leads and 60 ticks: every action with its due time and template, everything withheld with its reason,
and where each lead stands, in any order of the rows. The loop knows a sequence as the random choices that made its text.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.sequence_world import World

from leadrules.core.calendar import Calendar

EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "0")) // 20 or 4
TICKS = 60
DAY = timedelta(days=1)
LENGTHS = ((2, "minutes"), (5, "hours"), (1, "days"), (3, "days"), (2, "business days"), (1, "weeks"), (1, "months"))
ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/New_York")
START = datetime(2026, 3, 2, 1, tzinfo=UTC)


# -- a random ruleset, as choices and as text -----------------------------------------------------------------------


@dataclass
class Step:
    """One step, as chosen."""

    number: int
    channel: str
    auto: bool
    template: str | None
    has_when: bool
    day: int | None = None
    at: time | None = None
    after: tuple[int, str] | None = None
    wait: tuple[int, str] | None = None

    def text(self) -> str:
        """The line."""
        if self.wait:
            when = f"wait {self.wait[0]} {self.wait[1]}"
        else:
            when = f"day {self.day}" + (f" {self.at:%H:%M}" if self.at else "")
            when += f" after {self.after[0]} {self.after[1]}" if self.after else ""
        mode = "auto" if self.auto else "manual"
        template = f' template "{self.template}"' if self.template else ""
        condition = " when title is not blank" if self.has_when else ""
        return f'{self.number}: {when} {self.channel} {mode} "Step {self.number}"{template}{condition}'


@dataclass
class Sequence:
    """One sequence, as chosen."""

    name: str
    steps: list[Step]
    business: bool
    window: tuple[time, time, str] | None
    per_day: int | None
    once: bool
    again: int | None
    has_exit: bool
    has_pause: bool
    finish: tuple[int, str] | None

    def text(self) -> str:
        """The block."""
        lines = [step.text() for step in self.steps]
        lines += ["count business days"] if self.business else []
        if self.window:
            lines.append(f'send between {self.window[0]:%H:%M} and {self.window[1]:%H:%M} in "{self.window[2]}"')
        lines += [f"enroll at most {self.per_day} per day"] if self.per_day else []
        lines += ["enroll once"] if self.once else []
        lines += [f"enroll again after {self.again} days"] if self.again and not self.once else []
        lines += ["exit when opted_out"] if self.has_exit else []
        lines += ["pause when do_not_call"] if self.has_pause else []
        lines += [f"finish after {self.finish[0]} {self.finish[1]}"] if self.finish else []
        return f"sequence {self.name} {{\n  " + "\n  ".join(lines) + "\n}\n"


LAST_LINES = (
    'suppress email when lead_source = "x"\nsuppress all when employees = 1\nexit all when status = "Customer"\n'
)


def random_sequence(chance: random.Random, name: str) -> Sequence:
    """A sequence of up to six steps."""
    steps: list[Step] = []
    day = 1
    for number in sorted(chance.sample(range(1, 12), chance.randint(1, 6))):
        step = Step(
            number,
            chance.choice(["email", "email", "call", "linkedin"]),
            chance.random() < 0.7,
            chance.choice([None, "intro"]),
            chance.random() < 0.3,
        )
        if steps and chance.random() < 0.4:
            step.wait = chance.choice(LENGTHS)
        else:
            day += chance.randint(0, 3)
            step.day = day
            step.at = chance.choice([None, time(9), time(2, 30), time(23, 59)])
            step.after = chance.choice([None, None, None, *LENGTHS]) if step.at is None else None
        steps.append(step)
    return Sequence(
        name,
        steps,
        business=chance.random() < 0.5,
        window=chance.choice(
            [None, (time(9), time(18), chance.choice(ZONES)), (time(2), time(3), chance.choice(ZONES))]
        ),
        per_day=chance.choice([None, None, 1, 2]),
        once=chance.random() < 0.15,
        again=chance.choice([None, None, 10]),
        has_exit=chance.random() < 0.7,
        has_pause=chance.random() < 0.7,
        finish=chance.choice([None, (3, "days"), (2, "business days"), (5, "hours")]),
    )


# -- the loop -------------------------------------------------------------------------------------------------------


class Days:
    """A zone and its working days: Monday to Friday but for the holidays of Japan."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.off = holidays.country_holidays("JP", years=[2025, 2026, 2027])

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.off

    def working(self, day: date) -> date:
        while not self.works(day):
            day += DAY
        return day

    def later(self, day: date, count: int) -> date:
        for _ in range(count):
            day = self.working(day + DAY)
        return day

    def local(self, at: datetime, zone: ZoneInfo | None = None) -> datetime:
        return at.astimezone(zone or self.zone).replace(tzinfo=None, fold=0)

    def instant(self, local: datetime, zone: ZoneInfo | None = None) -> datetime:
        return local.replace(tzinfo=zone or self.zone).astimezone(UTC)

    def plus(self, at: datetime, length: tuple[int, str], *, business: bool) -> datetime:
        count, unit = length
        if unit in ("minutes", "hours"):
            return at + timedelta(**{unit: count})
        local = self.local(at)
        day = local.date()
        if unit == "business days" or (business and unit == "days"):
            day = self.later(day, count)
        elif unit == "months":
            month = day.month % 12 + 1
            first = date(day.year + day.month // 12, month, 1)
            last = (first.replace(day=28) + 4 * DAY).replace(day=1) - DAY
            day = min(first + (day.day - 1) * DAY, last)
        else:
            day += count * DAY * (7 if unit == "weeks" else 1)
        return self.instant(datetime.combine(day, local.time()))

    def opening(self, sequence: Sequence, due: datetime, *, stays: bool = False) -> datetime:
        """Where a due time goes that is not in the window or on a day off."""
        if sequence.window is None:
            local = self.local(due)
            if not sequence.business or stays or self.works(local.date()):
                return due
            return self.instant(datetime.combine(self.working(local.date()), local.time()))
        start, end, name = sequence.window
        zone = ZoneInfo(name)
        local = self.local(due, zone)
        day = local.date()
        opens = self.works(day) or not sequence.business
        if opens and start <= local.time() < end:
            return due
        if not opens or local.time() >= end:
            day += DAY
        while sequence.business and not self.works(day):
            day += DAY
        return self.instant(datetime.combine(day, start), zone)

    def schedule(self, sequence: Sequence, enrolled: datetime) -> list[datetime]:
        """When each step is due if nothing pauses."""
        local = self.local(enrolled)
        first = self.working(local.date()) if sequence.business else local.date()
        dues: list[datetime] = []
        for step in sequence.steps:
            if step.wait is not None:
                due = self.plus(dues[-1], step.wait, business=sequence.business)
            else:
                assert step.day is not None
                days = step.day - 1
                day = self.later(first, days) if sequence.business else first + days * DAY
                due = self.instant(datetime.combine(day, step.at or local.time()))
                due = enrolled if step.at is None and day == local.date() else due
                if step.after is not None:
                    due = self.plus(due, step.after, business=sequence.business)
            dues.append(self.opening(sequence, due, stays=step.after is not None))
        return dues


@dataclass
class Way:
    """A lead on its way through a sequence."""

    sequence: Sequence
    at: datetime
    template: str | None
    dues: list[datetime]
    passed: set[int] = field(default_factory=set)
    paused_at: datetime | None = None


@dataclass
class Lead:
    """What the loop remembers of a lead."""

    key: str
    created: datetime | None
    way: Way | None = None
    wait: tuple[str, str | None, str] | None = None  # sequence, template, rule
    enrolled: dict[str, datetime] = field(default_factory=dict)
    sent: dict[str, date] = field(default_factory=dict)


Row = tuple[Any, ...]  # key, kind, what, due, template, rule, reason


class Loop:
    """One lead after the other, one step after the other."""

    def __init__(self, sequences: list[Sequence], leads: dict[str, dict[str, Any]], zone: str) -> None:
        self.days = Days(zone)
        self.sequences = {one.name: one for one in sequences}
        self.leads = {key: Lead(key, values["created_at"]) for key, values in leads.items()}
        self.entries: dict[tuple[str, date], int] = {}

    def run(
        self, as_of: datetime, fields: dict[str, dict[str, Any]], wishes: dict[str, tuple[Any, ...]]
    ) -> tuple[list[Row], dict[str, bool]]:
        """One tick over the leads of `fields`; which wishes were refused."""
        self.as_of, self.today, self.fields = as_of, self.days.local(as_of).date(), fields
        self.rows: list[Row] = []
        leads = sorted((self.leads[key] for key in fields), key=_order)
        finished = {lead.key: self._progress(lead) for lead in leads}
        refused = {key: self._is_refused(self.leads[key], wish) for key, wish in wishes.items()}
        accepted = {key: wish for key, wish in wishes.items() if not refused[key]}
        for lead in leads:
            self._stop(lead, accepted)
        for lead in leads:
            self._enter(lead, accepted.get(lead.key), has_finished=finished[lead.key] is not None)
        for lead in leads:
            for way in (finished[lead.key], lead.way):
                if way is not None and way.paused_at is None:
                    self._send(lead, way)
        return self.rows, refused

    def _row(self, lead: Lead, kind: str, what: str, rule: str, **more: Any) -> None:
        self.rows.append((lead.key, kind, what, more.get("due"), more.get("template"), rule, more.get("reason")))

    def _progress(self, lead: Lead) -> Way | None:
        """Exit, then pause, then finish; the way that finished."""
        way, facts = lead.way, self.fields[lead.key]
        if way is None:
            return None
        name, why = way.sequence.name, self._exit(lead, way.sequence)
        if why is not None:
            self._row(lead, "stop", name, why)
            self._leave(lead, why)
            return None
        if way.sequence.has_pause and facts["do_not_call"]:
            way.paused_at = way.paused_at or self.as_of
            return None
        self._resume(way)
        if not self._is_over(lead, way):
            return None
        self._row(lead, "stop", name, f"sequence.{name}.finish")
        lead.way = None
        return way

    def _exit(self, lead: Lead, sequence: Sequence) -> str | None:
        """What takes a lead out of a sequence, or keeps it from coming in after a wait."""
        facts = self.fields[lead.key]
        if sequence.has_exit and facts["opted_out"]:
            return f"sequence.{sequence.name}.exit"
        return "exit all" if facts["status"] == "Customer" else None

    def _resume(self, way: Way) -> None:
        """Every step that is still to come moves by the length of the pause."""
        if way.paused_at is not None:
            length = self.as_of - way.paused_at
            for place, step in enumerate(way.sequence.steps):
                if step.number not in way.passed:
                    way.dues[place] = self.days.opening(way.sequence, way.dues[place] + length)
            way.paused_at = None

    def _is_over(self, lead: Lead, way: Way) -> bool:
        end = way.dues[-1]
        if way.sequence.finish is not None:
            end = self.days.plus(end, way.sequence.finish, business=False)
        if end > self.as_of:
            return False
        used = {channel for channel, day in lead.sent.items() if day == self.today}
        for step, due in self._open(way):
            if due > self.as_of:
                return False
            if step.auto and self._reason(lead, step) is None:
                if step.channel in used:
                    return False
                used.add(step.channel)
        return True

    def _open(self, way: Way) -> list[tuple[Step, datetime]]:
        pairs = zip(way.sequence.steps, way.dues, strict=True)
        return [(step, due) for step, due in pairs if step.number not in way.passed]

    def _reason(self, lead: Lead, step: Step) -> str | None:
        facts = self.fields[lead.key]
        if step.has_when and facts["title"] is None:
            return "skipped"
        if facts["employees"] == 1 or (step.channel == "email" and facts["lead_source"] == "x"):
            return "suppressed"
        return None

    def _leave(self, lead: Lead, why: str) -> None:
        """What is due is withheld, as it would be if a pause ended now."""
        assert lead.way is not None
        self._resume(lead.way)
        for step, due in self._open(lead.way):
            if due <= self.as_of:
                reason = f"lost to another rule: {why}"
                if not why.startswith(("sequence.", "exit")):
                    reason = self._reason(lead, step) or reason
                self._step_row(lead, lead.way, step, due, reason)
        lead.way = None

    def _leave_for(self, lead: Lead, why: str) -> None:
        """A trigger takes a lead out: what is paused stays where it is."""
        assert lead.way is not None
        if lead.way.paused_at is not None:
            lead.way = None
            return
        self._leave(lead, why)

    def _is_refused(self, lead: Lead, wish: tuple[Any, ...]) -> bool:
        kind, name, *_ = wish
        if kind == "stop":
            return lead.way is None and lead.wait is None
        if lead.way is not None and (kind == "enroll" or lead.way.sequence.name == name):
            return True
        sequence, last = self.sequences[name], lead.enrolled.get(name)
        if last is None:
            return False
        if sequence.once:
            return True
        return (
            sequence.again is not None and self.days.plus(last, (sequence.again, "days"), business=False) > self.as_of
        )

    def _stop(self, lead: Lead, wishes: dict[str, tuple[Any, ...]]) -> None:
        wish = wishes.get(lead.key)
        if wish is None or wish[0] != "stop":
            return
        name = lead.way.sequence.name if lead.way else lead.wait[0] if lead.wait else ""
        self._row(lead, "stop", name, wish[4])
        if lead.way is not None:
            self._leave_for(lead, wish[4])
        lead.wait = None

    def _enter(self, lead: Lead, wish: tuple[Any, ...] | None, *, has_finished: bool) -> None:
        if wish is not None and wish[0] != "stop":
            name, at, template, rule = wish[1:]
        elif wish is None and lead.wait is not None:
            (name, template, rule), at = lead.wait, self.as_of
            if (why := self._exit(lead, self.sequences[name])) is not None:
                kind = "enroll" if lead.way is None else "move"
                self._row(lead, kind, name, rule, template=template, reason=f"lost to another rule: {why}")
                lead.wait = None
                return
        else:
            return
        sequence, slot = self.sequences[name], (name, self.today)
        kind = "enroll" if lead.way is None else "move"
        if sequence.per_day is not None and self.entries.get(slot, 0) >= sequence.per_day:
            lead.wait = (name, template, rule)
            self._row(lead, kind, name, rule, template=template, reason="over a limit")
            return
        self.entries[slot] = self.entries.get(slot, 0) + 1
        self._row(lead, kind, name, rule, template=template)
        if lead.way is not None:
            self._leave_for(lead, rule)
        at = at or self.as_of
        lead.way, lead.wait = Way(sequence, at, template, self.days.schedule(sequence, at)), None
        lead.enrolled[name] = at

    def _send(self, lead: Lead, way: Way) -> None:
        for step, due in self._open(way):
            if due > self.as_of:
                continue
            reason = self._reason(lead, step)
            if reason is None and step.auto:
                if lead.sent.get(step.channel) == self.today:
                    self._step_row(lead, way, step, due, "held for tomorrow")
                    continue
                lead.sent[step.channel] = self.today
            way.passed.add(step.number)
            self._step_row(lead, way, step, due, reason)

    def _step_row(self, lead: Lead, way: Way, step: Step, due: datetime, reason: str | None) -> None:
        rule = f"sequence.{way.sequence.name}.{step.number}"
        template = step.template or way.template
        self._row(lead, step.channel, f"Step {step.number}", rule, due=due, template=template, reason=reason)


def _order(lead: Lead) -> tuple[Any, ...]:
    return (lead.created is None, lead.created or START, lead.key)


# -- both, side by side ---------------------------------------------------------------------------------------------


def random_fields(chance: random.Random) -> dict[str, Any]:
    """What an export says of a lead."""
    return {
        "created_at": chance.choice([None, START - chance.randint(0, 5) * DAY]),
        "opted_out": chance.random() < 0.03,
        "do_not_call": chance.random() < 0.1,
        "title": chance.choice([None, "CEO"]),
        "lead_source": chance.choice(["x", "y", "y", None]),
        "employees": chance.choice([1, 2, 2, 2, 2, 2]),
        "status": chance.choice(["Customer", *["New"] * 25]),
    }


def random_wish(chance: random.Random, sequences: list[Sequence], as_of: datetime) -> tuple[Any, ...]:
    """kind, sequence, at, template, rule."""
    kind = chance.choice(["enroll", "enroll", "enroll", "move", "stop"])
    at = chance.choice([None, as_of - timedelta(minutes=chance.randint(0, 3000))])
    return (
        kind,
        chance.choice(sequences).name,
        at,
        chance.choice([None, "thanks"]),
        chance.choice(["trigger.p", "trigger.q"]),
    )


def rows_of(
    world: World, as_of: datetime, keys: list[str], wishes: dict[str, tuple[Any, ...]]
) -> tuple[list[Row], list[bool]]:
    """What the columns make of a tick, as the loop's rows."""
    ran = world.run(as_of, [(key, *wish) for key, wish in wishes.items()], keys=keys)
    found: list[Row] = []
    for part in (ran.progress.actions, ran.enrolments.actions, ran.due.actions):
        for row in part.iter_rows(named=True):
            what = row["value"] if row["what"] == "sequence" else row["what"]
            key = ran.tick.leads["key"][row["lead_row"]]
            found.append((key, row["kind"], what, row["due"], row["template"], row["rule"], row["reason"]))
    return found, [why is not None for why in ran.refused]


def standing(world: World, loop: Loop) -> None:
    """Where every lead stands, on both sides."""
    for lead in loop.leads.values():
        way = lead.way
        mine = (None, None, None) if way is None else (way.sequence.name, max(way.passed, default=None), way.at)
        theirs = tuple(world.of(lead.key, name) for name in ("sequence", "step", "enrolled_at"))
        assert theirs == mine, lead
        assert world.of(lead.key, "seq_wait") == (lead.wait[0] if lead.wait else None), lead


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a smaller seed is no smaller example
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(min_value=0, max_value=2**32))
def test_the_loop_agrees(seed: int) -> None:
    """Sixty ticks, most of them a day apart, over leads in random order, some of them absent."""
    chance = random.Random(seed)
    zone = chance.choice(ZONES)
    sequences = [random_sequence(chance, name) for name in ("s", "t", "u")[: chance.randint(1, 3)]]
    fields = {f"k{number}": random_fields(chance) for number in range(8)}
    created = {key: values["created_at"] for key, values in fields.items()}
    world = World("".join(one.text() for one in sequences) + LAST_LINES, fields, calendar=Calendar(zone, country="JP"))
    loop = Loop(sequences, fields, zone)
    as_of = START
    for _ in range(TICKS):
        as_of += chance.choice([DAY, DAY, timedelta(hours=7), timedelta(minutes=5), 2 * DAY])
        keys = chance.sample(sorted(fields), chance.randint(5, 8))
        for key in chance.sample(sorted(fields), 3):
            fields[key] = {**random_fields(chance), "created_at": created[key]}
        wishes = {key: random_wish(chance, sequences, as_of) for key in chance.sample(keys, chance.randint(0, 3))}
        expected, refused = loop.run(as_of, {key: fields[key] for key in keys}, wishes)
        found, not_done = rows_of(world, as_of, keys, wishes)
        assert sorted(found, key=str) == sorted(expected, key=str), (world.rules, as_of)
        assert not_done == [refused[key] for key in wishes]
        standing(world, loop)
