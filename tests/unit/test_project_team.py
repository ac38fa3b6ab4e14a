"""The team file: the contract's own example, and every mistake in it."""

from __future__ import annotations

import pytest

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.source import SourceFile
from leadrules.project.model import Capacity, Hours, Team
from leadrules.project.team import read_team
from leadrules.project.yaml import read_yaml

CONTRACT = """\
reps:
  sato@example.com:
    name: 佐藤
    active: true
    weight: 2
    capacity: {per_day: 10, per_week: 40, open: 150}
    hours: {days: Mon-Fri, from: "09:00", to: "18:00", timezone: Asia/Tokyo}
    holidays: JP
    away: [2026-12-29..2027-01-03, 2027-02-12]
    industries: [Retail, Software]        # any further key is an attribute: rep.industries
    win_rate: 0.31
  lee@example.com: {active: true, capacity: {open: 100}, industries: [Fintech]}
teams:
  inside: [sato@example.com, lee@example.com]
queues: [nurture, marketing]
"""


def team(text: str, week: tuple[int, ...] = (1, 2, 3, 4, 5)) -> tuple[Team | None, list[Diagnostic]]:
    document, found = read_yaml(SourceFile("rules/team.yaml", text))
    assert document is not None, found
    return read_team(document, week)


def whole(text: str, week: tuple[int, ...] = (1, 2, 3, 4, 5)) -> Team:
    """The team of a file without mistakes."""
    found, findings = team(text, week)
    assert not findings
    assert found is not None
    return found


def test_the_team_of_the_contract() -> None:
    found = whole(CONTRACT)
    sato, lee = found.reps
    assert (sato.key, sato.name, sato.weight, sato.capacity) == ("sato@example.com", "佐藤", 2, Capacity(10, 40, 150))
    assert sato.hours == Hours((1, 2, 3, 4, 5), "09:00", "18:00", "Asia/Tokyo")
    assert sato.holidays == "JP"
    assert sato.away == (("2026-12-29", "2027-01-03"), ("2027-02-12", "2027-02-12"))
    assert dict(sato.attributes) == {"industries": ["Retail", "Software"], "win_rate": 0.31}
    assert (lee.active, lee.weight, lee.capacity, lee.hours) == (True, 1, Capacity(open=100), None)
    assert found.teams == (("inside", ("sato@example.com", "lee@example.com")),)
    assert found.queues == ("nurture", "marketing")


def test_an_empty_file_is_an_empty_team_and_a_rep_may_say_nothing() -> None:
    assert team("") == (Team(), [])
    found = whole("reps: {a: {}}\n")
    assert (found.reps[0].active, found.reps[0].weight) == (True, 1)


def test_hours_without_days_are_those_of_the_project() -> None:
    hours = whole("reps: {a: {hours: {from: 09:00, to: '24:00'}}}\n", week=(1, 7)).reps[0].hours
    assert hours == Hours((1, 7), "09:00", "24:00", None)


def test_holidays_may_mix_a_country_and_dates() -> None:
    rep = whole("reps: {a: {holidays: [2026-08-13, JP]}}\n").reps[0]
    assert (rep.holidays, rep.holiday_dates) == ("JP", ("2026-08-13",))


def test_values_stay_what_yaml_1_2_says() -> None:
    rep = whole("reps: {a: {region: NO, code: 012, shift: on, share: 0.5, lead: true}}\n").reps[0]
    assert dict(rep.attributes) == {"region": "NO", "code": "012", "shift": "on", "share": 0.5, "lead": True}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("reps: [a]\n", "LR055"),
        ("rep: {a: {}}\n", "LR054"),
        ("reps: {a: {weight: '2'}}\n", "LR055"),
        ("reps: {a: {weight: -1}}\n", "LR055"),
        ("reps: {a: {active: yes}}\n", "LR055"),
        ("reps: {a: {capacity: {opn: 1}}}\n", "LR054"),
        ("reps: {a: {capacity: {open: 1.5}}}\n", "LR055"),
        ("reps: {a: {capacity: 10}}\n", "LR055"),
        ("reps: {a: {hours: {from: '09:00'}}}\n", "LR056"),
        ("reps: {a: {hours: {from: '9:00', to: '18:00'}}}\n", "LR055"),
        ("reps: {a: {hours: {from: '18:00', to: '09:00'}}}\n", "LR082"),
        ("reps: {a: {hours: {days: Mo, from: '09:00', to: '18:00'}}}\n", "LR055"),
        ("reps: {a: {hours: {from: '09:00', to: '18:00', timezone: JST}}}\n", "LR059"),
        ("reps: {a: {holidays: XX}}\n", "LR060"),
        ("reps: {a: {holidays: [2026-02-30]}}\n", "LR061"),
        ("reps: {a: {away: [2026-01-05..2026-01-01]}}\n", "LR061"),
        ("reps: {a: {away: [2026-13-01]}}\n", "LR061"),
        ("reps: {a: {away: [soon]}}\n", "LR061"),
        ("reps: {a: {away: 2026-01-01}}\n", "LR055"),
        ("reps: {a: {weight: 1e300}}\n", "LR055"),
        ("reps: {a: {rate: 1e300}}\n", "LR055"),
        ("reps: {a: {activ: false}}\n", "LR084"),
        ("reps: {a: {wieght: 2}}\n", "LR084"),
        ("reps: {a: {skills: {x: 1}}}\n", "LR055"),
        ("reps: {a: {skills: [1]}}\n", "LR055"),
        ("reps: {a: {skills: }}\n", "LR055"),
        ("reps: {a: {skills: [x]}, b: {skills: x}}\n", "LR083"),
        ("reps: {a: {rate: 1}, b: {rate: high}}\n", "LR083"),
        ("reps: {'queue:a': {}}\n", "LR055"),
        ("reps: {a: {}}\nteams: {t: [b]}\n", "LR080"),
        ("reps: {a: {}}\nteams: {t: [a, a]}\n", "LR081"),
        ("queues: [a, a]\n", "LR081"),
        ("queues: [a, Ａ]\n", "LR081"),
        ("reps: {sato: {}, SATO: {}}\n", "LR081"),
        ("reps: {a: {name: 7}}\n", "LR055"),
        ("queues: a\n", "LR055"),
        ("reps: [a]\nteams: {t: [a]}\n", "LR055"),
        ("reps: {a: {}}\nteam: {t: [a]}\n", "LR054"),
    ],
)
def test_one_mistake_is_one_finding_with_a_way_out(text: str, code: str) -> None:
    found = team(text)[1]
    assert [d.code for d in found] == [code]
    assert found[0].help


def test_whole_and_broken_numbers_are_one_kind_of_attribute() -> None:
    assert team("reps: {a: {rate: 1}, b: {rate: 0.5}}\n")[1] == []


def test_a_rep_with_a_mistake_is_still_a_rep() -> None:
    found, findings = team("reps: {a: {weight: x}}\nteams: {t: [a]}\n")
    assert [d.code for d in findings] == ["LR055"]
    assert found is not None
    assert found.teams == (("t", ("a",)),)


@pytest.mark.parametrize("text", ["- a\n", "reps: [a]\n", "rep: {a: {}}\nteams: {t: [a]}\n"])
def test_a_file_that_lacks_a_part_is_no_team_so_that_its_users_are_not_reported_too(text: str) -> None:
    found, findings = team(text)
    assert found is None
    assert len(findings) == 1


def test_an_empty_file_is_a_team_of_nobody() -> None:
    assert team("") == (Team(), [])
