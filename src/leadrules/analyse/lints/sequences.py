"""Sequences, triggers and channels: ways in and out, circles, what goes out unchecked, persistence.

In: a study. Out: findings at the sequence or trigger. What happens between runs is not simulated: only what the text
itself makes certain or leaves out is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from leadrules.analyse.circles import Step, circles
from leadrules.analyse.lints.registry import lint
from leadrules.analyse.study import Study
from leadrules.analyse.terms import label_names
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.ruleset.model import Action, Classify, Expr, Placed, Route, Sequence, Trigger
from leadrules.ruleset.walk import expression_parts


def targets(study: Study, action: Action) -> tuple[str, ...]:
    """The sequences that an action may put a lead into."""
    if action.kind not in ("enroll", "move"):
        return ()
    if action.sequence is not None:
        return (action.sequence,)
    chosen = study.terms.definitions.get(action.by or "")
    return tuple(label_names(chosen)) if isinstance(chosen, Classify) else ()


@lint("LR209", "no-way-in")
def no_way_in(study: Study) -> Iterator[Diagnostic]:
    """A sequence that no lead can enter

    Leads enter a sequence by a trigger or another sequence's `on finish` that says `enroll` or `move to`. Nothing says so
    of this one, or only what waits for the end of a sequence that no lead enters, so its steps never go out. Add the
    trigger, or delete the sequence.

    Bad:

        sequence thanks { 1: day 1 call "Say thanks"  finish after 3 days }

    Good:

        sequence thanks { 1: day 1 call "Say thanks"  finish after 3 days }
        trigger won { on deal_won  do enroll thanks }
    """
    everywhere = frozenset(one.name for one in study.ruleset.sequences)
    named, entered = _led_to(study, everywhere), _entered(study, frozenset())
    # Those that nothing names come first: what only they lead to is not told of besides, nor is the rest of a circle.
    for sequence in sorted(study.ruleset.sequences, key=lambda one: one.name in named):
        name = sequence.name
        if name in entered:
            continue
        entered = _entered(study, entered | {name})
        why = "only who is through a sequence gets there, and nobody can enter that either"
        words = f"no lead can enter `{name}`: {why if name in named else 'no `enroll` or `move to` names it'}"
        way = f"add a trigger that says `do enroll {name}`, or delete the sequence"
        yield finding("LR209", study.name_span("sequence", name, sequence), words, help=way)


def _entered(study: Study, entered: frozenset[str]) -> frozenset[str]:
    """The sequences that leads enter, where they enter these: what their ends lead to, and so on."""
    while not (further := _led_to(study, entered)) <= entered:
        entered |= further
    return entered


def _led_to(study: Study, entered: frozenset[str]) -> frozenset[str]:
    """The sequences that triggers put leads into, and the ends of others, of those that leads enter."""
    ends = ((one, one.on_finish) for one in study.ruleset.sequences if one.name in entered)
    led = {name for one, actions in ends for action in actions for name in targets(study, action) if name != one.name}
    for trigger in study.ruleset.triggers:
        if trigger.on.kind != "finish" or trigger.on.name in entered:
            led.update(*(targets(study, action) for action in trigger.actions))
    return frozenset(led)


@lint("LR210", "no-way-out")
def no_way_out(study: Study) -> Iterator[Diagnostic]:
    """A sequence with no exit and no finish

    Without `exit when` (and without `exit all`) a lead who answers gets the next step all the same, and without
    `finish after` or `on finish` nothing says what comes after the last step. Say when a lead leaves.

    Bad:

        sequence outbound { 1: day 1 call "Call" }
        trigger start { on asset_downloaded  do enroll outbound }

    Good:

        sequence outbound { 1: day 1 call "Call"  exit when did call_connected since enrolled_at  finish after 3 days }
        trigger start { on asset_downloaded  do enroll outbound }
    """
    if study.ruleset.exits:
        return
    for sequence in study.ruleset.sequences:
        if not sequence.exits and sequence.finish_after is None and not sequence.on_finish:
            words = f"`{sequence.name}` has no exit and no finish"
            way = "add `exit when ...` and `finish after ...`"
            yield finding("LR210", study.name_span("sequence", sequence.name, sequence), words, help=way)


@lint("LR224", "never-overdue")
def never_overdue(study: Study) -> Iterator[Diagnostic]:
    """`on overdue` of a route under which nothing becomes overdue

    A lead is overdue under a route that stamped when its owner is to respond: by `respond within` of one of its rules, or of
    a trigger that assigns with it. Here nothing stamps that, or the route `sets` another field than the owner, and a
    response is owed by the owner alone. The trigger never fires.

    Bad:

        route sales { rest: team inside by round_robin otherwise }
        trigger late { on overdue sales  do notify "managers" "Untouched" }

    Good:

        route sales { rest: team inside by round_robin otherwise respond within 1 hour }
        trigger late { on overdue sales  do notify "managers" "Untouched" }
    """
    routes = {route.name: route for route in study.ruleset.routes}
    for trigger in study.ruleset.triggers:
        route = routes.get(trigger.on.name or "") if trigger.on.kind == "overdue" else None
        if route is None:
            continue
        if route.sets is not None:
            words = (
                f"nothing becomes overdue under `{route.name}`: it sets `{route.sets}`, and the owner owes the response"
            )
            way = "hear a route that fills the owner, or write a condition on events since then"
        elif not _stamps(study, route):
            words = f"nothing becomes overdue under `{route.name}`: nobody is to respond within a time"
            way = f"add `respond within` to a rule of `{route.name}`, or to a trigger that assigns with it"
        else:
            continue
        yield finding("LR224", study.name_span("trigger", trigger.name, trigger), words, help=way)


def _stamps(study: Study, route: Route) -> bool:
    """Whether something says by when a lead of the route is to be answered."""
    handing = (
        trigger.respond_within is not None and any(action.route == route.name for action in trigger.actions)
        for trigger in study.ruleset.triggers
    )
    return any(rule.respond_within is not None for rule in route.rules) or any(handing)


@lint("LR225", "dealt-again")
def dealt_again(study: Study) -> Iterator[Diagnostic]:
    """A `reroute when` that stays true of a lead that was just dealt

    In every run a route looks at the leads that `reroute when` names, whoever has them. Where the condition does not ask who
    that is, it holds of a lead after it was dealt as before, and the next run deals it to the next rep of the team: the
    lead changes hands run by run. Ask for the owner, or for what happened `since assigned_at`.

    Bad:

        route sales { rest: team inside by round_robin otherwise  reroute when employees >= 1000 }

    Good:

        route sales { rest: team inside by round_robin otherwise  reroute when employees >= 1000 and owner not in team inside }
    """
    for route in study.ruleset.routes:
        deals = any(rule.target.kind == "team" for rule in route.rules)
        filled = {route.sets} if route.sets is not None else _OWNED
        for condition in route.reroute if deals and not route.on_demand else ():
            if not _reads(study, condition, filled):
                words = (
                    f"`{route.name}` deals the same leads again in every run: the condition does not ask who has them"
                )
                way = (
                    "ask for who has the lead too, such as `owner not in team NAME`, or for events `since assigned_at`"
                )
                yield finding("LR225", study.span(condition), words, help=way)


_OWNED = frozenset({"owner", "assigned_at", "owner_changes", "due_at"})


@lint("LR211", "round-and-round")
def circle(study: Study) -> Iterator[Diagnostic]:
    """Triggers that can chase a lead round a circle

    Each of these sets off the next without anything new happening to the lead: a sequence that finishes moves the lead to
    another, whose finish moves it back, two triggers set the same field in turn, or a lead whose answer is overdue is
    assigned with the same route, and is overdue again. The lead never comes to rest. Break the circle with `once`, an
    `enroll once` in the sequence, `reassign .. at most 2 times`, or an end that lets the lead go.

    Bad:

        sequence a { 1: day 1 call  exit when opted_out  finish after 3 days }
        sequence b { 1: day 1 call  exit when opted_out  finish after 3 days }
        trigger start { on asset_downloaded  do enroll a }
        trigger there { on finish a  do move to b }
        trigger back { on finish b  do move to a }

    Good:

        sequence a { 1: day 1 call  exit when opted_out  finish after 3 days }
        sequence b { 1: day 1 call  exit when opted_out  finish after 3 days }
        trigger start { on asset_downloaded  do enroll a }
        trigger there { on finish a  do move to b }
        trigger back { on finish b  do move to a  once }
    """
    for steps in circles(study):
        first, *rest = steps
        round_ = " -> ".join(f"`{step.name}`" for step in (*steps, first))
        related = tuple(Related(study.head(step.part), step.what) for step in rest)
        way = _way_out(steps)
        words = f"a lead can go round for ever: {round_}"
        yield finding("LR211", study.head(first.part), words, label=first.what, help=way, related=related)


def _way_out(steps: Iterable[Step]) -> str:
    if any(isinstance(step.part, Trigger) and step.part.on.kind == "overdue" for step in steps):
        return "break the circle: `reassign with ROUTE at most 2 times`, which leaves out the owners before, or `once`"
    return "break the circle: `once` in a trigger, `enroll once` in a sequence, or an end that moves the lead nowhere"


@lint("LR212", "not-suppressed")
def not_suppressed(study: Study) -> Iterator[Diagnostic]:
    """An automatic channel without a `suppress`

    Automatic steps and `send template` go out by themselves. `suppress` is looked at each time, whatever sequence or
    trigger sends, and is the one place that says who must not be written to: who opted out, whose address bounced. Without
    one, each rule would have to think of it.

    Bad:

        sequence hello { 1: day 1 email auto template "intro"  finish after 3 days }
        trigger start { on asset_downloaded  do enroll hello }

    Good:

        sequence hello { 1: day 1 email auto template "intro"  finish after 3 days }
        trigger start { on asset_downloaded  do enroll hello }
        suppress email when opted_out or did email_bounced
    """
    held = {one.channel for one in study.ruleset.suppressions}
    told: set[str] = set()
    for channel, part in _automatic(study):
        if channel not in told and not held & {channel, "all"}:
            told.add(channel)
            words = f"{channel} goes out by itself, and no `suppress {channel}` says to whom it must not"
            way = f"add `suppress {channel} when ...`, such as `when opted_out`"
            yield finding("LR212", study.head(part), words, help=way)


def _automatic(study: Study) -> Iterator[tuple[str, Placed]]:
    for sequence in study.ruleset.sequences:
        yield from ((step.channel, step) for step in sequence.steps if step.auto)
    actions = [action for trigger in study.ruleset.triggers for action in trigger.actions]
    actions += [action for sequence in study.ruleset.sequences for action in sequence.on_finish]
    yield from (("email", action) for action in actions if action.kind == "send")


@lint("LR213", "gives-up-early")
def gives_up_early(study: Study) -> Iterator[Diagnostic]:
    """A sequence that gives up early, or tries one channel only

    A goal works back from meetings to touches, and assumes that its sequence really makes them: at least 15, by phone,
    e-mail and social, and never more than 4 e-mails in a row. What counts is set in leadrules.yaml:
    `checks: {persistence: {touches: 15, channels: [call, email, social], emails_in_a_row: 4, social: [linkedin]}}`, or
    `persistence: false`.

    Bad:

        sequence outbound { 1: day 1 call  2: day 2 linkedin  3: day 3 email  exit when opted_out  finish after 3 days }
        trigger start { on asset_downloaded  do enroll outbound }
        goal outbound {
          target 1 meeting per month
          meeting: 5% of call
        }

    Good:

        sequence outbound {
          1: day 1 call  2: day 2 email  3: day 3 linkedin  4: day 4 call  5: day 5 email  6: day 8 call  7: day 9 email
          8: day 10 linkedin  9: day 11 call  10: day 12 email  11: day 15 call  12: day 16 email  13: day 17 linkedin
          14: day 18 call  15: day 19 email
          exit when opted_out  finish after 3 days
        }
        trigger start { on asset_downloaded  do enroll outbound }
        goal outbound {
          target 1 meeting per month
          meeting: 5% of call
        }
    """
    settings = study.project.checks.get("persistence", {})
    if settings is False:
        return
    named = {goal.name for goal in study.ruleset.goals}
    for sequence in study.ruleset.sequences:
        if sequence.name in named:
            wrong = list(_short(sequence, settings))
            if wrong:
                words = f"`{sequence.name}`, which a goal counts on, {', and '.join(wrong)}"
                way = "add steps, or set what counts: `checks: persistence:` in leadrules.yaml"
                yield finding("LR213", study.name_span("sequence", sequence.name, sequence), words, help=way)


def _short(sequence: Sequence, settings: dict[str, object]) -> Iterator[str]:
    """What is wrong with the persistence of a sequence, as halves of a sentence."""
    social = _texts(settings.get("social"), ("linkedin",))
    least, row = settings.get("touches", 15), settings.get("emails_in_a_row", 4)
    assert isinstance(least, int)
    assert isinstance(row, int)
    if len(sequence.steps) < least:
        yield f"has {len(sequence.steps)} touches of the {least} that it takes"
    used = {"social" if step.channel in social else step.channel for step in sequence.steps}
    missing = [
        channel for channel in _texts(settings.get("channels"), ("call", "email", "social")) if channel not in used
    ]
    if missing:
        yield f"never tries {' or '.join(missing)}"
    longest = _longest_run([step.channel == "email" for step in sequence.steps])
    if longest > row:
        yield f"sends {longest} e-mails in a row"


def _texts(value: object, default: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else default


def _longest_run(marks: list[bool]) -> int:
    longest = run = 0
    for mark in marks:
        run = run + 1 if mark else 0
        longest = max(longest, run)
    return longest


@lint("LR216", "date-from-today")
def date_from_today(study: Study) -> Iterator[Diagnostic]:
    """A date trigger built from `today`

    `on date D` fires when D falls between the last run and this one. A date that is worked out from `today` or `now` moves
    along with every run, so it is always reached or never. Build it from a field, such as a renewal date; for something
    that comes round, write `every year`.

    Bad:

        trigger remind { on date today + 30 days  do notify "sales" "Remind" }

    Good:

        trigger remind { on date contract_renewal_date - 30 days  do notify "sales" "Remind" }
    """
    for trigger in study.ruleset.triggers:
        value = trigger.on.value
        if trigger.on.kind == "date" and value is not None and _reads(study, value, _CLOCK):
            words = f"the date of `{trigger.name}` moves with every run: it is built from `today`"
            span = study.span(value) if value.span else study.head(trigger)
            yield finding("LR216", span, words, help="build it from a field of the lead, or from a fixed date")


_CLOCK = frozenset({"today", "now"})


def _reads(study: Study, value: Expr, names: Collection[str]) -> bool:
    """Whether an expression reads one of these fields or names that are always there, by itself or by what it names."""
    for part in expression_parts(study.terms.plain(value), study.ruleset):
        if not isinstance(part, Expr):
            continue
        if part.op in ("always", "field") and part.value in names:
            return True
        if part.op == "name" and study.terms.plain(part) is not part and _reads(study, part, names):
            return True
    return False
