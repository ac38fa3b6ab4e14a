"""The columns route as the loop does, on random teams, rules, leads and states, in any order of rows, batch after batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import polars as pl
import pytest
from tests.laws.routing_loop import Line, Prospect, Seller, World, looked_at, route
from tests.routing_cases import AS_OF, found_by, nobody, project_with, ruleset_of, state_of, tick_of

from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import State, Tick
from leadrules.lifecycle.routes import dealing
from leadrules.lifecycle.routes.routing import Router
from leadrules.project.model import Capacity, Hours, Rep, Team

EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "25"))
TODAY, MONDAY = date(2026, 3, 11), date(2026, 3, 9)
INDUSTRIES = ("Retail", "Software", "Fintech")
ACCOUNTS = ("acme", "globex", "initech", "umbrella", "hooli")


@dataclass(frozen=True)
class Case:
    """A random world, and the rules as text and as lines."""

    sellers: tuple[Seller, ...]
    leads: tuple[Prospect, ...]
    lines: tuple[Line, ...]
    newest_first: bool | None
    reroute: bool
    day: dict[str, int]
    week: dict[str, int]

    @property
    def text(self) -> str:
        """The route in the language."""
        order = {None: "", True: " order by employees descending", False: " order by employees"}[self.newest_first]
        lines = "\n".join(f"  {line.name}: {line.text}" for line in self.lines)
        again = '  reroute when title is not blank and industry = "Retail"\n' if self.reroute else ""
        return f"route sales{order} {{\n{lines}\n{again}}}\n"

    def reroutes(self, lead: Prospect) -> bool:
        """What `reroute when` says."""
        return self.reroute and lead.account is not None and lead.industry == "Retail"

    def team(self) -> Team:
        """The sellers as a team file has them."""
        return Team(tuple(map(_rep, self.sellers)), _teams(self.sellers), ("nurture", "marketing"))

    def world(self) -> World:
        """The world of the loop."""
        leads = {lead.id: lead for lead in self.leads}
        return World({s.key: s for s in self.sellers}, leads, dict(self.day), dict(self.week))


def _teams(sellers: Sequence[Seller]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    keys = [s.key for s in sellers]
    return ("all", tuple(keys)), ("back", tuple(reversed(keys))), ("some", tuple(keys[::2]))


def _rep(seller: Seller) -> Rep:
    attributes: list[tuple[str, Any]] = [("industries", list(seller.skills))]
    if seller.rate is not None:
        attributes.append(("win_rate", float(seller.rate)))
    return Rep(
        seller.key,
        active=seller.active,
        weight=float(seller.weight),
        capacity=Capacity(seller.per_day, seller.per_week, seller.open),
        hours=None if seller.works_now else Hours((1, 2, 3, 4, 5), "18:00", "20:00"),
        away=(("2026-03-10", "2026-03-11"),) if seller.away else (),
        attributes=tuple(attributes),
    )


def random_case(seed: int) -> Case:
    """A world of a few reps and leads in which much goes wrong."""
    rng = Random(seed)
    tight = rng.random() < 0.6
    loaded = rng.random() < 0.4

    def limit(most: int) -> int | None:
        return rng.randint(0, most) if tight and rng.random() < 0.5 else None

    sellers = tuple(
        Seller(
            f"r{n}@x",
            active=rng.random() < 0.9,
            away=rng.random() < 0.1,
            works_now=rng.random() < 0.8,
            weight=Fraction(rng.choice((1, 1, 2, 3, 5))),
            rate=rng.choice((None, Fraction(31, 100), Fraction(0), Fraction(1, 8), Fraction(12345, 10000))),
            skills=tuple(rng.sample(INDUSTRIES, rng.randint(0, 3))),
            per_day=limit(6),
            per_week=limit(9),
            open=rng.randint(1, 12) if loaded else limit(9),
        )
        for n in range(rng.randint(1, 6))
    )
    owners = [None, None, "queue:nurture", "Somebody Else", *(s.key for s in sellers), f" {sellers[0].key.upper()} "]
    leads = tuple(_random_lead(rng, n, owners) for n in range(rng.choice((rng.randint(1, 3), rng.randint(1, 60)))))
    lines = tuple(_random_line(rng, n, sellers, loaded=loaded) for n in range(rng.randint(1, 6)))
    if rng.random() < 0.6:
        lines += (Line("rest", "queue nurture otherwise", lambda lead: True, "queue", to="queue:nurture"),)
    day = {s.key: rng.randint(0, 2) for s in sellers if rng.random() < 0.3}
    week = {s.key: day.get(s.key, 0) + rng.randint(0, 3) for s in sellers}
    return Case(sellers, leads, lines, rng.choice((None, True, False)), rng.random() < 0.3, day, week)


def _random_lead(rng: Random, n: int, owners: Sequence[str | None]) -> Prospect:
    owner = rng.choice(owners) if rng.random() < 0.5 else None
    return Prospect(
        f"L{rng.randint(0, 9)}{n:03}",
        rng.choice((None, *range(8))),
        owner,
        rng.choice((None, *INDUSTRIES)),
        rng.choice((None, 1, 2, 3, 500)),
        rng.choice((None, None, *ACCOUNTS, " ACME")),
        rng.random() < 0.8,
        rng.choice((None, rng.randint(0, 20))) if owner else None,
        rng.random() < 0.15,
        tuple(rng.sample([o for o in owners if o], rng.randint(0, 2))),
    )


CONDITIONS: tuple[tuple[str, Callable[[Prospect], bool]], ...] = (
    (' when industry = "Retail"', lambda lead: lead.industry == "Retail"),
    (' when industry in ("Software", "Fintech")', lambda lead: lead.industry in ("Software", "Fintech")),
    (" when employees >= 2", lambda lead: lead.size is not None and lead.size >= 2),
    (" when title is not blank", lambda lead: lead.account is not None),
    (" when employees is not blank or industry is blank", lambda lead: lead.size is not None or lead.industry is None),
)
# Whom a rule takes: by rep and lead, by the rep alone, by the lead alone.
FITS: tuple[tuple[str, Callable[[Seller, Prospect], bool]], ...] = (
    (" where (rep.industries has industry)", lambda rep, lead: lead.industry in rep.skills),
    (' where (rep.industries has "Retail")', lambda rep, lead: "Retail" in rep.skills),
    (' where (title = "acme")', lambda rep, lead: (lead.account or "").strip().lower() == "acme"),
)


def _random_line(rng: Random, n: int, sellers: Sequence[Seller], *, loaded: bool) -> Line:
    condition, holds = rng.choice(CONDITIONS)
    kind = rng.choice(("team", "team", "team", "team", "rep", "match", "keep", "queue"))
    name = f"rule{n}"
    if kind != "team":
        to = rng.choice(sellers).key if kind == "rep" else "queue:marketing" if kind == "queue" else None
        words = {
            "rep": f'rep "{to}"',
            "match": "match account on title",
            "keep": "keep owner",
            "queue": "queue marketing",
        }
        return Line(name, words[kind] + condition, holds, kind, to=to)
    team, keys = rng.choice(_teams(sellers))
    ways = ["round_robin", "weighted", *(["least_loaded"] if loaded else [])]
    ways += ["weighted rep.win_rate"] if any(s.rate is not None for s in sellers) else []
    strategy, on_shift = rng.choice(ways), rng.random() < 0.2
    where, fits = rng.choice(FITS) if rng.random() < 0.5 else ("", None)
    text = f"team {team}{where} by {strategy}{condition}{' on shift' if on_shift else ''}"
    return Line(name, text, holds, "team", keys, strategy, fits, on_shift)


def _as_lead(lead: Prospect) -> dict[str, Any]:
    return {
        "id": lead.id,
        "created": _moment(lead.created),
        "owner": lead.owner,
        "industry": lead.industry,
        "employees": lead.size,
        "title": lead.account,
        "status": "Working" if lead.is_open else "Customer",
        "assigned_at": _moment(lead.assigned),
        "past_owners": list(lead.past),
        "open": lead.is_open,
    }


def _moment(days: int | None) -> datetime | None:
    return None if days is None else AS_OF - timedelta(days=100 - days)


def _tick(case: Case, here: Sequence[Prospect], credits: pl.DataFrame | None = None) -> Tick:
    assigned = [(key, TODAY, count) for key, count in case.day.items()]
    assigned += [(key, MONDAY, count - case.day.get(key, 0)) for key, count in case.week.items()]
    state = state_of(_absent(case), assignments=assigned)
    if credits is not None:
        state = replace(state, credits=credits)
    return tick_of(case.text, case.team(), [_as_lead(p) for p in here], state=state, open_leads='status != "Customer"')


def _absent(case: Case) -> list[dict[str, Any]]:
    names = [f"account:sales.{line.name}" for line in case.lines if line.kind == "match"]
    known = [lead for lead in case.leads if lead.absent]
    return [
        _as_lead(lead) | dict.fromkeys(names, lead.account.strip().lower() if lead.account else None) for lead in known
    ]


def _found(tick: Tick, frame: pl.DataFrame) -> dict[str, tuple[str | None, str | None]]:
    keys = tick.leads["key"]
    return {keys[row]: (rule, owner) for row, rule, owner in frame.select("lead_row", "rule", "owner").iter_rows()}


def _agree_on_credits(router: Router, world: World) -> None:
    points = {(rule, rep): credit for _, rule, rep, credit, _ in router.credits().iter_rows()}
    assert points == {at: int(credit * 10_000) for at, credit in world.credit.items()}
    ranks = {(rule, rep): served for _, rule, rep, _, served in router.credits().iter_rows() if served}
    for rule in {rule for rule, _ in world.served}:
        mine = {rep: turn for (name, rep), turn in world.served.items() if name == rule}
        order = sorted(mine, key=mine.__getitem__)
        assert {rep: rank for (name, rep), rank in ranks.items() if name == rule} == {
            r: n for n, r in enumerate(order, 1)
        }


@pytest.fixture(params=[False, True], ids=["stretches", "short stretches"])
def _lengths(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches as they are, where a small case is dealt lead by lead or at once; and of a few leads."""
    if request.param:
        for name, length in (("SHORTEST", 2), ("FIRST", 4), ("LONGEST", 16)):
            monkeypatch.setattr(dealing, name, length)


@pytest.mark.usefixtures("_lengths")
def test_the_columns_route_as_the_loop_does() -> None:
    for seed in range(EXAMPLES):
        case = random_case(seed)
        here = [lead for lead in case.leads if not lead.absent]
        Random(seed).shuffle(here)
        tick = _tick(case, here)
        router = Router(tick)
        found = found_by(router, "sales", tick.leads["owner"], nobody(tick))
        world = case.world()
        expected = route(
            world,
            case.lines,
            looked_at(world, [lead.id for lead in here], case.reroutes),
            newest_first=case.newest_first,
        )
        assert _found(tick, found) == expected, (seed, case.text)
        _agree_on_credits(router, world)
        today = {rep: count for rep, day, count in router.assignments().iter_rows() if day == TODAY and count}
        assert today == {rep: count for rep, count in world.day.items() if count}, seed


@pytest.mark.usefixtures("_lengths")
def test_what_triggers_hand_over_moves_the_same_loads() -> None:
    for seed in range(EXAMPLES):
        case, rng = random_case(seed), Random(-seed)
        here = [lead for lead in case.leads if not lead.absent]
        tick = _tick(case, here)
        router, world = Router(tick), case.world()
        rows = list(range(len(here)))
        rng.shuffle(rows)
        cut, again = rng.randint(0, len(rows)), rng.random() < 0.5
        handed = pl.Series(rows[:cut], dtype=pl.UInt32)
        first = router.hand_over("sales", handed, exclude_past_owners=again)
        ids = [here[row].id for row in rows[:cut]]
        assert first["lead_row"].to_list() == rows[:cut]
        assert _found(tick, first) == route(world, case.lines, ids, newest_first=case.newest_first, again=again), seed
        rest = [here[row].id for row in rows[cut:]]
        owners = pl.Series([world.leads[lead.id].owner for lead in here], dtype=pl.String)
        given = pl.Series([row in rows[:cut] for row in range(len(rows))], dtype=pl.Boolean)
        second = found_by(router, "sales", owners, given)
        asked = looked_at(world, rest, case.reroutes)
        assert _found(tick, second) == route(world, case.lines, asked, newest_first=case.newest_first), seed
        _agree_on_credits(router, world)


def test_eight_batches_give_what_one_does() -> None:
    for seed in range(EXAMPLES):
        case = random_case(seed)
        leads = [replace(lead, owner=None, absent=False, created=n, account=None) for n, lead in enumerate(case.leads)]
        case = replace(case, leads=tuple(leads), newest_first=None)
        tick = _tick(case, leads)
        router = Router(tick)
        whole = _found(tick, found_by(router, "sales", tick.leads["owner"], nobody(tick)))
        parts: dict[str, tuple[str | None, str | None]] = {}
        state = _tick(case, leads[:0]).state
        for part in range(8):
            batch = leads[part * len(leads) // 8 : (part + 1) * len(leads) // 8]
            small, after = _run(case, batch, state)
            parts |= small
            state = after
        assert parts == whole, seed
        assert state.credits.equals(router.credits()), seed
        assert state.assignments.equals(router.assignments()), seed


def _run(case: Case, batch: list[Prospect], state: State) -> tuple[dict[str, tuple[str | None, str | None]], State]:
    tick = replace(_tick(case, batch), state=state)
    router = Router(tick)
    frame = found_by(router, "sales", tick.leads["owner"], nobody(tick))
    found = _found(tick, frame)
    now = [_as_lead(replace(lead, owner=found[lead.id][1] or lead.owner)) for lead in batch]
    leads = pl.concat([state.leads.frame, state_of(now).leads.frame], how="diagonal") if now else state.leads.frame
    return found, replace(
        state, leads=LeadColumns.of(leads), credits=router.credits(), assignments=router.assignments()
    )


def test_the_text_of_a_case_is_the_language() -> None:
    for seed in range(20):
        case = random_case(seed)
        assert ruleset_of(project_with(case.team()), case.text).routes[0].name == "sales"
