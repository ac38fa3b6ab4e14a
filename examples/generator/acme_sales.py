"""What Acme's sales people did, as their CRM logs it: calls, LinkedIn messages, automatic answers, opportunities, losses.

In: the leads with what they did themselves, the deals won, a dice of its own. Out: the rows of sales.csv. Nothing here
changes what the other files hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from .tools import JST, chance, moment, pick, record_id

HEADER = ("Task ID", "Lead ID", "Task", "Done At", "Reason")
LOG_FROM = moment(date(2026, 4, 1), 9)
LOG_UNTIL = moment(date(2026, 10, 30), 15)
TALK_FORMS = ("contact", "demo", "お問い合わせ")
SOLUTION_FORMS = ("solution", "製品資料")
# Days after the lead showed interest; most reps give up long before the last.
ATTEMPTS = (0, 1, 3, 5, 8, 11, 15, 20, 27, 35)
REASONS = (("Price", 6), ("No budget", 5), ("Bought elsewhere", 4), ("Not this year", 5), ("No answer", 3), ("", 2))


@dataclass(frozen=True, slots=True, order=True)
class Task:
    """One line of the log."""

    at: datetime
    lead: str
    kind: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one lead from the other files: what it did (type, time, form), when it bought, how much it wants to."""

    key: str
    drive: float
    did: Sequence[tuple[str, datetime, str]]
    won: datetime | None

    def times(self, *types: str) -> list[datetime]:
        """When events of these types happened."""
        return sorted(at for type_, at, _ in self.did if type_ in types)


def sales_rows(rng: Random, leads: Sequence[Told]) -> Iterator[list[str]]:
    """The log by time, with the mistakes that people make: a task saved twice, a lead that is gone, a kind nobody knows."""
    tasks = sorted({task for lead in leads for task in _tasks(rng, lead) if LOG_FROM <= task.at <= LOG_UNTIL})
    for number, task in enumerate(tasks, 1):
        row = [f"T-{number:05}", task.lead, task.kind, f"{task.at:%Y-%m-%d %H:%M:%S}", task.reason]
        if chance(rng, 0.004):
            row[1] = record_id("00Q5g00000", 70_000_000 + rng.randrange(40))
        if chance(rng, 0.001):
            row[2] = "fax_sent"
        yield row
        if chance(rng, 0.01):
            yield row


def _tasks(rng: Random, lead: Told) -> Iterator[Task]:
    """All that was logged for one lead."""
    for at in lead.times("email_replied"):
        if chance(rng, 0.2):
            yield Task(at, lead.key, "out_of_office")
    called = list(_attempts(rng, lead))
    yield from called
    yield from _opportunity(rng, lead, [task.at for task in called if task.kind == "call_connected"])


def _interest(rng: Random, lead: Told) -> datetime | None:
    """When sales took the lead up: at once for who asked to talk, later and not always for the others."""
    asked = [at for type_, at, form in lead.did if type_ == "form_submitted" and form in TALK_FORMS]
    asked += lead.times("booking_made", "trial_started")
    if asked:
        return min(asked) + timedelta(minutes=rng.randrange(5, 300))
    read = [at for type_, at, form in lead.did if type_ == "form_submitted" and form in SOLUTION_FORMS]
    if read and chance(rng, 0.7):
        return min(read) + timedelta(days=rng.randrange(1, 6))
    opened = lead.times("email_clicked", "webinar_attended")
    return opened[0] + timedelta(days=rng.randrange(1, 10)) if opened and chance(rng, 0.25) else None


def _attempts(rng: Random, lead: Told) -> Iterator[Task]:
    """Calls and messages until somebody answers or the rep gives up; who was reached is called again less often."""
    start = _interest(rng, lead)
    if start is None:
        return
    patience = rng.choices(range(1, len(ATTEMPTS) + 1), [14, 16, 15, 12, 11, 9, 8, 6, 5, 4])[0]
    for days in ATTEMPTS[:patience]:
        at = in_office(rng, start + timedelta(days=days)) if days else soonest(rng, start)
        if chance(rng, 0.2):
            yield Task(at, lead.key, "linkedin_sent")
            if chance(rng, 0.03 + 0.1 * lead.drive):
                yield Task(at + timedelta(hours=rng.randrange(1, 40)), lead.key, "linkedin_replied")
            continue
        yield Task(at, lead.key, "call_made")
        if chance(rng, 0.05 + 0.25 * lead.drive):
            yield Task(at + timedelta(seconds=rng.randrange(8, 40)), lead.key, "call_connected")
            if chance(rng, 0.6):
                return


def _opportunity(rng: Random, lead: Told, reached: Sequence[datetime]) -> Iterator[Task]:
    """Talks that become an opportunity, won or lost; some of the lost are taken up again."""
    talks = sorted([*lead.times("booking_made"), *reached])
    if lead.won is not None:
        before = [at for at in talks if at < lead.won - timedelta(days=3)]
        opened = in_office(rng, before[0] + timedelta(days=2)) if before else lead.won - timedelta(days=12)
        yield Task(opened, lead.key, "opportunity_created")
        return
    if not talks or not chance(rng, 0.2 + 0.5 * lead.drive):
        return
    opened = in_office(rng, talks[0] + timedelta(days=rng.randrange(1, 9)))
    yield Task(opened, lead.key, "opportunity_created")
    if chance(rng, 0.7):
        lost = in_office(rng, opened + timedelta(days=rng.randrange(10, 70)))
        yield Task(lost, lead.key, "deal_lost", pick(rng, REASONS))
        if chance(rng, 0.2):
            again = in_office(rng, lost + timedelta(days=rng.randrange(20, 60)))
            yield Task(again, lead.key, "call_made")
            yield Task(again + timedelta(seconds=25), lead.key, "call_connected")


def soonest(rng: Random, at: datetime) -> datetime:
    """Then, or in the next hours that the office is open."""
    if at.weekday() < 5 and 9 <= at.hour < 18:
        return at
    return in_office(rng, at + timedelta(days=at.hour >= 18))


def in_office(rng: Random, at: datetime) -> datetime:
    """That day, or the Monday after a weekend, between nine and six."""
    day = at.date() + timedelta(days=max(0, 7 - at.weekday()) if at.weekday() >= 5 else 0)
    return datetime.combine(day, time(9 + rng.randrange(9), rng.randrange(60), rng.randrange(60)), JST)
