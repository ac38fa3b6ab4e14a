"""Teams that a route counts on and that have nobody, or one, to give a lead to.

In: a study. Out: findings at the route's rule. Capacity and absence change from day to day and are not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadrules.analyse.lints.registry import lint
from leadrules.analyse.study import Study
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.ruleset.model import RouteRule


def _rules(study: Study) -> Iterator[tuple[RouteRule, str, list[str]]]:
    """The rules that name a team, with the team and its active reps."""
    rosters = dict(study.project.team.teams)
    active = {rep.key for rep in study.project.team.reps if rep.active}
    for route in study.ruleset.routes:
        for rule in route.rules:
            if rule.target.kind == "team" and rule.target.team in rosters:
                yield rule, rule.target.team, [rep for rep in rosters[rule.target.team] if rep in active]


@lint("LR214", "nobody-active")
def nobody_active(study: Study) -> Iterator[Diagnostic]:
    """A team with no active rep

    A route passes a rule over when none of its reps is eligible, and in this team none ever is: all are `active: false`,
    or the team is empty. Its leads fall through to the next rule. Put somebody into the team, or name another one.

    Bad (rules/team.yaml):

        reps:
          gone@example.com: {active: false}
          sato@example.com: {}
          lee@example.com: {}
        teams:
          inside: [gone@example.com]

    Good:

        reps:
          gone@example.com: {active: false}
          sato@example.com: {}
          lee@example.com: {}
        teams:
          inside: [gone@example.com, sato@example.com, lee@example.com]
    """
    for rule, team, reps in _rules(study):
        if not reps:
            words = f"team `{team}` has no active rep, so `{rule.name}` never gives a lead to anybody"
            yield finding("LR214", study.head(rule), words, help="add an active rep to the team, or name another team")


@lint("LR215", "alone-in-turn")
def alone_in_turn(study: Study) -> Iterator[Diagnostic]:
    """Round robin over one rep

    Taking turns needs two. With one active rep in the team every lead goes to that rep until the capacity is full, and to
    nobody when the rep is away. If that is meant, name the rep: `rep "..."`.

    Bad:

        route sales {
          first: team junior by round_robin when employees >= 10
          rest:  queue nurture otherwise
        }

    Good:

        route sales {
          first: rep "mori@example.com" when employees >= 10
          rest:  queue nurture otherwise
        }
    """
    for rule, team, reps in _rules(study):
        if len(reps) == 1 and (rule.target.strategy or "round_robin") == "round_robin" and rule.target.where is None:
            words = f"team `{team}` has one active rep, {reps[0]}: there is nobody to take turns with"
            way = f'name the rep, `rep "{reps[0]}"`, or add another to the team'
            yield finding("LR215", study.head(rule), words, help=way)
