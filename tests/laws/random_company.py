"""Random small companies and what happens in them day by day: rules, edits of rules, a team, leads, events, exports.

In: a seed. Out: rule texts that compile in the small company, settings, a team; then one day after the other, the export
that a CRM would give, which may lack leads, lag behind or contradict what was decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.laws.oracle.memory import Event, Lead, State
from tests.laws.small_company import EVENTS, INDUSTRIES, SETTINGS, STATUSES, lead

ZONES = ["Asia/Tokyo", "UTC", "America/New_York", "Europe/Berlin"]
CONDITIONS = [
    "big",
    "busy",
    "not opted_out",
    'industry = "Retail"',
    'status != "Customer"',
    "temperature is hot",
    "temperature is at least warm",
    "lifecycle is at least mql",
    "lifecycle is iql",
    "did email_opened within 3 days",
    "never call_made within 5 days",
    "owner in team pair",
    "owner is blank",
    "sequence is blank",
    "sequence is quick",
    "step >= 2",
    "enrolled_at is not blank",
    "owner_changes >= 1",
    "did call_made since assigned_at",
    "due_at is not blank",
    "total >= 40",
    "lifecycle.since > today - 6 days",
]
DELAYS = ["30 minutes", "4 hours", "1 day", "2 days", "1 business day", "2 business days", "1 week"]
RESPONSES = ["30 minutes", "2 hours", "12 hours", "2 days", "1 business day"]
OWNERS = ["ann", "ANN", "Ｂｏｂ", "eve", "Eve", "old", "OLD", "queue:nurture", "Queue:Nurture"]  # as people write them
TEMPLATES = ["intro", "thanks", "price"]
SEQUENCE = "current_sequence"  # where the CRM says which sequence a lead is in
# As the rules write them, as people do, and some that the rules know nothing of.
SPARE = "spare"
CADENCES = [
    None,
    None,
    SPARE,
    "Spare",
    "ＳＰＡＲＥ",
    "slow",
    "quick",
    "extra",
    "QUICK",
    "Ｓｌｏｗ",
    "Newsletter",
    "newsletter",
    "Old tool",
]
# Of whom a rule takes: by what the lead is, by what the rep is, by what anybody did.
FITS = [
    "rep.industries has industry",
    "rep.industries has industry",
    'rep.industries has "Retail"',
    "rep.win_rate >= 0.25",
    "rep.win_rate < 1 and employees >= 40",
    "did call_made within 9 days",
]
GUARDS: dict[str, list[Any]] = {
    "owner_changes": ["0%", "10%", "12.5%", "40%", 1, 3],
    "moves": ["0%", "10%", "33.33%", 0, 1, 2],
    "rejects": ["0%", "1%", "5%", 0, 1],
    "jump": ["2 days", "30 hours", "1 business day"],
}

PROMISES = """assert owned "From MQL on somebody has the lead": lifecycle is at least mql implies owner is not blank
assert calm "Nobody who opted out is in a sequence": opted_out implies sequence is blank
assert served "Who was enrolled long ago is on": enrolled_at < now - 10 days implies step >= 2 or owner_changes > 0""".splitlines()


@dataclass(slots=True)
class RandomRules:
    """Rule text in pieces, so that one piece can be edited and the rest stays."""

    random: Random
    numbers: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, str] = field(default_factory=dict)
    forward: bool = False
    limits: str = ""
    promises: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the first version."""
        self.numbers = {"big": 50, "hot": 60, "hold": 45, "warm": 25, "replied": 20}
        self.forward = self.random.random() < 0.5
        for name in ("slow", "quick", "extra"):
            self.pieces[f"sequence {name}"] = self._sequence(name)
        self.pieces["routes"] = self._routes()
        for number in range(self.random.randint(4, 8)):
            self.pieces[f"trigger t{number}"] = self._trigger(f"t{number}")
        self.limits = self._limits()
        self.promises = [promise for promise in PROMISES if self.random.random() < 0.4]

    def text(self) -> str:
        """The rule file."""
        numbers = self.numbers
        definitions = f"""
segment big when employees >= {numbers["big"]}
segment busy when did email_opened within 7 days
score total {{
  size: +(employees) when employees is not blank
  opens: +10 each email_opened within 20 days at most 4 times
  replied: +{numbers["replied"]} when did email_replied within 10 days
}}
band temperature of total {{ hot: from {numbers["hot"]} hold until below {numbers["hold"]}  warm: from {numbers["warm"]}  cold: otherwise }}
stages lifecycle {{
  customer: when status = "Customer"
  mql: when temperature is at least warm
  iql: when did form_submitted within 15 days
  lead: otherwise
  {'forward only unless status = "Closed"' if self.forward else ""}
}}
classify plan {{ slow: when big  quick: when employees is not blank }}
classify letter {{ thanks: when industry = "Retail"  intro: otherwise }}
"""
        return "\n".join([definitions, *self.pieces.values(), self.limits, *self.promises])

    def edit(self) -> None:
        """Change a threshold, rewrite a sequence or the routes, add a trigger or drop one.

        `spare` is a sequence that the rules do not know at first, and whose name the CRM says nevertheless.
        """
        what = self.random.choice(["number", "number", "sequence", "spare", "trigger", "drop", "routes"])
        triggers = [name for name in self.pieces if name.startswith("trigger")]
        if what == "number":
            name = self.random.choice(sorted(self.numbers))
            self.numbers[name] = {"big": 30, "hot": 70, "hold": 35, "warm": 15, "replied": 30}[name]
        elif what == "sequence":
            name = self.random.choice(["slow", "quick", "extra"])
            self.pieces[f"sequence {name}"] = self._sequence(name)
        elif what == "spare":
            if self.pieces.pop(f"sequence {SPARE}", None) is None:
                self.pieces[f"sequence {SPARE}"] = self._sequence(SPARE)
        elif what == "trigger":
            name = f"new{len(self.pieces)}_{self.random.randint(0, 999)}"
            self.pieces[f"trigger {name}"] = self._trigger(name)
        elif what == "drop" and triggers:
            del self.pieces[self.random.choice(triggers)]
        else:
            self.pieces["routes"] = self._routes()

    def condition(self) -> str:
        """One condition of a lead, or two."""
        chosen = self.random.sample(CONDITIONS, self.random.choice([1, 1, 2]))
        return self.random.choice([" and ", " or "]).join(chosen)

    def _maybe(self, share: float, text: str) -> str:
        return text if self.random.random() < share else ""

    # -- sequences ------------------------------------------------------------------------------------------------------

    def _sequence(self, name: str) -> str:
        random = self.random
        lines, day = [], 1
        for number in range(1, random.randint(1, 5) + 1):
            day += random.choice([0, 0, 1, 2]) if number > 1 else 0
            lines.append(self._step(number, day))
        lines.append(self._maybe(0.4, "count business days"))
        zone = random.choice(["", ' in "Asia/Tokyo"', ' in "Europe/Berlin"'])
        lines.append(self._maybe(0.4, f"send between 09:00 and {random.choice(['12:00', '18:00'])}{zone}"))
        lines.append(self._maybe(0.3, f"enroll at most {random.randint(1, 2)} per day"))
        lines.append(random.choice(["", "", "enroll once", "enroll again after 5 days"]))
        lines.append(
            self._maybe(0.4, f"exit when did {random.choice(['email_replied', 'call_made'])} since enrolled_at")
        )
        lines.append(self._maybe(0.3, "pause when last(out_of_office.until) >= today"))
        lines.append(self._maybe(0.2, "pause when busy"))
        lines.append(f"finish after {random.choice(['0 days', '1 day', '2 business days', '6 hours', '12 days'])}")
        lines.append(self._maybe(0.3, 'on finish do set status = "Nurturing"'))
        lines.append(self._maybe(0.3, "on finish do assign queue marketing"))
        others = [one for one in ("slow", "quick", "extra") if one != name]
        lines.append(self._maybe(0.2, f"on finish do move to {random.choice(others)}"))
        body = "\n  ".join(line for line in lines if line)
        return f"sequence {name} {{\n  {body}\n}}"

    def _step(self, number: int, day: int) -> str:
        random = self.random
        when = f"day {day}"
        choice = random.random()
        if choice < 0.3:
            when = f"day {day} {random.choice(['09:00', '13:30', '20:00'])}"
        elif choice < 0.4:
            when = f"day {day} after {random.choice(DELAYS[:4])}"
        elif choice < 0.6 and number > 1:
            when = f"wait {random.choice(DELAYS)}"
        channel = random.choice(["email", "email", "call", "linkedin"])
        auto = random.choice(["auto ", "manual ", ""]) if channel == "email" else ""
        template = random.choice(["", ' template "price"', " template by letter"]) if channel == "email" else ""
        condition = self._maybe(0.2, f" when {self.condition()}")
        return f'{number}: {when} {channel} {auto}"step {number}"{template}{condition}'

    def _limits(self) -> str:
        lines = [f"suppress email when {self.random.choice(['opted_out', 'opted_out or busy'])}"]
        lines.append(self._maybe(0.4, 'suppress all when status = "Customer"'))
        lines.append(self._maybe(0.5, 'exit all when status = "Customer"'))
        return "\n".join(lines)

    # -- routes ---------------------------------------------------------------------------------------------------------

    def _routes(self) -> str:
        random = self.random
        rules = [self._maybe(0.3, 'kept: keep owner when industry = "Fintech"')]
        rules.append(self._maybe(0.4, 'acct: match account on domain when domain != "gmail.com"'))
        rules.append(self._maybe(0.3, f'vip: rep "ann" when {self.condition()}'))
        rules += [self._team_rule(f"r{number}", f"when {self.condition()}") for number in range(random.randint(0, 3))]
        last = random.choice(["rest: queue nurture otherwise", self._team_rule("rest", "otherwise")])
        order = random.choice(["", " order by total descending", " order by employees"])
        extra = self._maybe(0.4, f"reroute when {self.condition()} and {self.condition()}")
        lines = [*rules, last, extra, "answered when did call_made since assigned_at"]
        always = f"route sales{order} {{\n  " + "\n  ".join(line for line in lines if line) + "\n}"
        late = f"route late on demand {{ {self._team_rule('any', 'otherwise')}\n  answered when did call_made since assigned_at }}"
        pair = self._maybe(0.5, "same: match account on domain when big\n  ")
        sdr = f"route sdr sets sdr {{ {pair}a: team pair by round_robin when lifecycle is mql\n  b: keep owner otherwise }}"
        return "\n".join([always, late, self._maybe(0.4, sdr)])

    def _team_rule(self, name: str, when: str) -> str:
        random = self.random
        team = random.choice(["inside", "inside", "pair"])
        strategy = random.choice(["round_robin", "weighted", "weighted rep.win_rate", "least_loaded"])
        where = self._maybe(0.4, f" where ({random.choice(FITS)})")
        shift = self._maybe(0.2, " on shift")
        respond = self._maybe(0.5, f" respond within {random.choice(RESPONSES)}")
        return f"{name}: team {team}{where} by {strategy} {when}{shift}{respond}"

    # -- triggers -------------------------------------------------------------------------------------------------------

    def _trigger(self, name: str) -> str:
        random = self.random
        on = random.choice(
            [
                "on form_submitted",
                'on form_submitted where (form = "contact")',
                "on call_made where (minutes > 10)",
                "on enter lifecycle mql",
                "on enter temperature hot",
                "on leave temperature hot",
                "on enter big",
                "on leave busy",
                "on enter plan slow",
                "on finish quick",
                "on finish slow",
                "on overdue sales",
                "on overdue late",
                "on date renewal - 1 month",
                "on date renewal every year",
                "on date enrolled_at + 3 days",
                "",
                "",
                "",
            ]
        )
        needs = not on
        lines = [on, f"when {self.condition()}" if needs or random.random() < 0.3 else ""]
        lines += self._actions(on)
        if any(" with " in line for line in lines):
            lines.append(self._maybe(0.4, f"respond within {random.choice(['45 minutes', *RESPONSES])}"))
        lines.append(random.choice(["", "", "once", "once per 4 days"]))
        lines.append(self._maybe(0.4, f"priority {random.randint(1, 3)}"))
        lines.append(self._maybe(0.1, "backfill") if not on.startswith(("on form", "on call")) else "")
        return f"trigger {name} {{\n  " + "\n  ".join(line for line in lines if line) + "\n}"

    def _actions(self, on: str) -> list[str]:
        random = self.random
        sequence = random.choice(["slow", "quick", "extra"])
        given = random.choice(["", "", ' template "thanks"', " template by letter"])
        moves = [
            f"enroll {sequence}{given}",
            f"move to {sequence}{given}",
            "enroll by plan",
            "move by plan",
            "stop sequence",
        ]
        owners = ["assign with sales", "assign with late", 'assign rep "ann"', "assign queue marketing"]
        if "overdue" in on:
            owners = [f"reassign with {on.rsplit(maxsplit=1)[-1]} at most 2 times"]
        others = ['task call "ring"', 'send template "thanks"', 'notify "boss" "look"']
        status = random.choice(STATUSES[:3])
        chosen = []
        for share, options in ((0.6, moves), (0.4, owners), (0.3, others), (0.3, [f'set status = "{status}"'])):
            if random.random() < share:
                chosen.append(f"do {random.choice(options)}")
        return chosen or [f"do {random.choice(moves)}"]


def random_team(random: Random) -> dict[str, Any]:
    """Reps with weights, capacities, hours and days off."""
    reps: dict[str, Any] = {}
    for key in ("ann", "bob", "eve", "kim"):
        rep: dict[str, Any] = {"active": True, "industries": random.sample(INDUSTRIES, random.randint(1, 3))}
        rep["capacity"] = {"open": random.choice([3, 8, 50])}
        if random.random() < 0.3:
            rep["capacity"]["per_day"] = random.randint(1, 3)
        if random.random() < 0.2:
            rep["capacity"]["per_week"] = random.randint(3, 6)
        if random.random() < 0.5:
            rep["weight"] = random.choice([1, 2, 3, 0.5])
        if key == "ann" or random.random() < 0.7:
            rep["win_rate"] = random.choice([0.1, 0.25, 0.3333])
        if random.random() < 0.4:
            zone = random.choice(ZONES)
            rep["hours"] = {
                "days": random.choice(["Mon-Fri", "Mon-Sat"]),
                "from": "08:30",
                "to": "17:00",
                "timezone": zone,
            }
        if random.random() < 0.3:
            rep["away"] = [f"2026-03-{random.randint(1, 20):02d}..2026-03-25", "2026-04-02"]
        if random.random() < 0.2:
            rep["holidays"] = "JP"
        reps[key] = rep
    reps["old"] = {"active": False}
    teams = {"inside": ["kim", "ann", "old", "eve", "bob"], "pair": ["bob", "ann"]}
    return {"reps": reps, "teams": teams, "queues": ["nurture", "marketing"]}


def changed_team(random: Random, team: dict[str, Any]) -> dict[str, Any]:
    """A team some weeks later: somebody left, stopped for a while, came back or came new, or works under other terms."""
    reps, teams = dict(team["reps"]), dict(team["teams"])
    other = random_team(random)["reps"]
    key = random.choice(["bob", "eve", "kim", "new"])
    if key in reps and random.random() < 0.3:
        del reps[key]
    elif key in reps and random.random() < 0.4:
        reps[key] = reps[key] | {"active": not reps[key]["active"]}
    else:
        reps[key] = other.get(key, other["kim"])
    inside = [one for one in ("kim", "ann", "old", "eve", "new", "bob") if one in reps]
    teams = {"inside": inside, "pair": [one for one in ("bob", "ann") if one in reps]}
    return {**team, "reps": reps, "teams": teams}


def random_settings(random: Random) -> dict[str, Any]:
    """What of leadrules.yaml varies."""
    settings: dict[str, Any] = {"timezone": random.choice(ZONES), "late_events": random.choice(["7 days", "2 days"])}
    if random.random() < 0.5:
        settings["open_leads"] = 'status not in ("Customer", "Closed")'
    if random.random() < 0.3:
        settings["week"] = "Mon-Sat"
    if random.random() < 0.3:
        settings["holidays"] = "JP"
    fields = SETTINGS["fields"]
    if random.random() < 0.6:
        settings["fields"] = fields | {"sequence": SEQUENCE}
    guards = {name: random.choice(limits) for name, limits in GUARDS.items() if random.random() < 0.4}
    return settings | ({"guards": guards} if guards else {})


@dataclass(frozen=True, slots=True)
class Day:
    """One export. `bad_leads` and `bad_events` are rows of it that nobody can read; it lacks the `missing` columns."""

    as_of: datetime
    leads: list[Lead]
    events: list[Event]
    is_edited: bool
    has_new_team: bool
    options: dict[str, Any]
    missing: frozenset[str]
    bad_leads: list[Lead]
    bad_events: list[Event]

    @property
    def rejected(self) -> int:
        """The rows that come to nothing."""
        return len(self.bad_leads) + len(self.bad_events)


class Life:
    """What happens to the leads of a company; `crm` is the record, which people and late syncs change."""

    def __init__(self, random: Random, rules: RandomRules, team: dict[str, Any]) -> None:
        self.random = random
        self.rules = rules
        self.team = team
        self.has_ids = random.random() < 0.5
        self.as_of = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
        self.crm: dict[str, Lead] = {}
        self.events: list[Event] = []
        self.told: dict[str, list[str | None]] = {}  # the sequences that runs decided on, which the CRM hears of late
        for _ in range(random.choice([1, 2, *range(4, 10)])):
            self._new_lead()
        self.whims = Random(
            repr(list(self.crm))
        )  # apart, so that how a company is run changes nothing of what happens in it
        self.is_first = True

    def next_day(self, decided: dict[str, dict[str, Any]], statuses: dict[str, Any]) -> Day:
        """What the next export says, after people have read what was decided."""
        random = self.random
        self.as_of += timedelta(hours=random.choice([6, 24, 24, 24, 24, 24, 24, 72]), minutes=random.randint(0, 50))
        if random.random() < 0.3:
            self._new_lead()
        for key, record in self.crm.items():
            self._change(record, decided.get(key, {}), statuses.get(key))
            self._change_sequence(record, decided.get(key))
        for _ in range(random.choice([0, 0, 1, 2, 3])):
            self._new_event()
        is_edited = random.random() < 0.06
        if is_edited:
            self.rules.edit()
        has_new_team = self.whims.random() < 0.06
        if has_new_team:
            self.team = changed_team(self.whims, self.team)
        leads = [dict(record) for record in self.crm.values() if random.random() < 0.9]
        random.shuffle(leads)
        events = [one for one in self.events if one["at"] <= self.as_of]
        random.shuffle(events)
        missing = frozenset(name for name in ("owner", SEQUENCE, "sdr") if self.whims.random() < 0.02)
        leads = [one | dict.fromkeys(missing) for one in leads]
        bad = (self._bad_leads(leads), self._bad_events())
        return Day(self.as_of, leads, events, is_edited, has_new_team, self._options(is_edited), missing, *bad)

    def is_forced(self) -> bool:
        """Whether somebody lets a run go on that a guard or a promise stops; else nothing of it is written."""
        return self.whims.random() < 0.7

    def _bad_leads(self, leads: list[Lead]) -> list[Lead]:
        """A number that is none, or a key that stands in the export already."""
        if self.whims.random() > 0.1:
            return []
        again = dict(self.whims.choice(leads)) | {"status": "Customer", "employees": 999}
        return self.whims.choice([[again], [lead("broken", employees="many")], [lead("broken", status="?"), again]])

    def _bad_events(self) -> list[Event]:
        """A type that nobody knows, no lead, or no time."""
        if self.whims.random() > 0.1:
            return []
        opened: Event = {"lead": next(iter(self.crm)), "type": "email_opened", "at": self.as_of}
        return self.whims.choice([[opened | {"type": "fax_sent"}], [opened | {"lead": None}, opened | {"at": "soon"}]])

    def _options(self, is_edited: bool) -> dict[str, Any]:
        """How the run is asked for: now and then as a baseline, with edits let through, or from an earlier time on."""
        is_first, self.is_first = self.is_first, False
        whim = self.whims.random()
        if is_first and whim < 0.3:
            return {"baseline": True}
        if is_edited and whim < 0.4:
            return {"fire_edits": True}
        # Not further back than the identities of events that a state keeps.
        back = timedelta(days=1, seconds=7)
        return {"since": self.as_of - back} if whim > 0.97 else {}

    def _new_lead(self) -> None:
        random = self.random
        key = f"L{random.randint(0, 99):02d}-{len(self.crm)}"
        created = self.as_of - timedelta(days=random.randint(0, 30), seconds=random.randint(0, 80_000))
        self.crm[key] = lead(
            key,
            created_at=random.choice([created, created, created, None]),
            owner=random.choice([None, None, None, *OWNERS]),
            sdr=random.choice([None, None, "BOB", "ann", "Ａｎｎ"]),
            status=random.choice(STATUSES[:3]),
            industry=random.choice([*INDUSTRIES, None]),
            domain=random.choice(["acme.com", "ACME.com ", "beta.io", "gmail.com", None]),
            employees=random.choice([None, 5, 20, 30, 40, 55, 65, 80]),
            opted_out=random.choice([None, False, False, True]),
            renewal=random.choice([None, date(2026, 3, 15), date(2026, 4, 20), date(2024, 2, 29), date(2025, 3, 28)]),
        )
        if random.random() < 0.3:
            self.crm[key][SEQUENCE] = random.choice(CADENCES)
        if self.crm[key]["domain"] is not None:
            self.crm[key]["domain"] = self.crm[key]["domain"].strip()

    def _change_sequence(self, record: Lead, decided: dict[str, Any] | None) -> None:
        """The CRM hears what was decided, or what was decided some runs ago; or somebody moves the lead by hand."""
        whims, told = self.whims, self.told.setdefault(record["id"], [])
        if decided is not None:
            told.append(decided["sequence"])
        if told and whims.random() < 0.3:
            record[SEQUENCE] = told[-1] if whims.random() < 0.8 else whims.choice(told[-4:])
        if whims.random() < 0.03:
            record[SEQUENCE] = whims.choice(CADENCES)

    def _change(self, record: Lead, decided: dict[str, Any], status: Any) -> None:
        random = self.random
        if random.random() < 0.15 and decided:
            record["owner"] = decided["owner"]
        if random.random() < 0.15 and status is not None:
            record["status"] = status
        if random.random() < 0.02:
            record["owner"] = random.choice([None, *OWNERS])
        if random.random() < 0.03:
            record["status"] = random.choice([*STATUSES, None])
        if random.random() < 0.06:
            record["employees"] = random.choice([None, 5, 20, 30, 40, 55, 65, 80])
        if random.random() < 0.02:
            record["opted_out"] = random.choice([True, False])
        if random.random() < 0.03:
            record["renewal"] = (self.as_of + timedelta(days=random.randint(-10, 40))).date()
        if random.random() < 0.02:
            record["industry"] = random.choice([*INDUSTRIES, None])

    def _new_event(self) -> None:
        random = self.random
        back = timedelta(seconds=random.randint(0, 86_400))
        if random.random() < 0.15:
            back = timedelta(seconds=random.randint(0, 10 * 86_400))
        type_ = random.choice(sorted(EVENTS))
        at = (self.as_of - back).replace(microsecond=0)
        new: Event = {"lead": random.choice(sorted(self.crm)), "type": type_, "at": at}
        if type_ == "form_submitted":
            new["form"] = random.choice(["contact", "other"])
        if type_ == "call_made":
            new["minutes"] = float(random.choice([2, 12, 30]))
        if type_ == "out_of_office":
            new["until"] = (self.as_of + timedelta(days=random.randint(0, 5))).date()
        if self.has_ids:
            new["id"] = f"E{len(self.events)}"
        if self.whims.random() < 0.15:
            same = [one["at"] for one in self.events if one["lead"] == new["lead"]]
            new["at"] = max(same, default=new["at"])  # two things at one instant
        if all(any(one[name] != new[name] for name in ("lead", "type", "at")) for one in self.events):
            self.events.append(new)


def statuses(state: State) -> dict[str, Any]:
    """The statuses that rules set."""
    return {key: memory.decided["status"][0] for key, memory in state.leads.items() if "status" in memory.decided}
