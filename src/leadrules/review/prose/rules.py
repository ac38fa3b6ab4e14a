"""Rules of a compiled ruleset as sentences, as Markdown.

In: one rule, label, route line, step, trigger or promise, and the words for its expressions. Out: its sentence, which
begins small where it follows a name. Knows no page around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leadrules.core.text import many
from leadrules.review.prose.prose import Words, called, listed, number, quoted
from leadrules.ruleset.model import (
    Action,
    Active,
    Each,
    EventFilter,
    Expr,
    Goal,
    On,
    Route,
    RouteRule,
    ScoreRule,
    Step,
    Target,
    Template,
    Trigger,
)
from leadrules.ruleset.model import (
    Sequence as SequenceRule,
)

_YEAR = re.compile(r", year \d+")


def score_rule(words: Words, rule: ScoreRule) -> str:
    """`20 points when industry is “Software”`."""
    parts = [points(words, rule.points)]
    if rule.each is not None:
        parts.append(each(words, rule.each))
    if rule.when is not None:
        parts[-1] += ", but only" if rule.each is not None else ""
        parts.append(f"when {words.clause(rule.when)}")
    return " ".join([*parts, *active(rule.active)])


def points(words: Words, amount: Expr) -> str:
    """What a rule gives or takes."""
    if amount.op == "const" and isinstance(amount.value, int | float):
        sign = "+" if amount.value >= 0 else "−"
        return f"**{sign}{number(abs(amount.value))}** point{'' if abs(amount.value) == 1 else 's'}"
    if amount.op == "neg":
        return f"**minus** as many points as {words.noun(amount.args[0])}"
    return f"as many points as {words.noun(amount)}"


def each(words: Words, one: Each) -> str:
    """Per event, with its decay and limits."""
    parts = [f"each time that {words.events(one.filter, 'happened')}"]
    if one.halving is not None:
        parts.append(f"worth half as much every {one.halving.text}")
    if one.fading is not None:
        parts.append(f"fading to nothing over {one.fading.text}")
    if one.most_times is not None:
        parts.append(f"the latest {one.most_times} at most")
    if one.most_points is not None:
        parts.append(f"{number(one.most_points)} points at most")
    return ", ".join(parts)


def active(dates: Active | None) -> Iterator[str]:
    """The days on which a line exists."""
    if dates is not None:
        days = [f"{word} {day}" for word, day in (("from", dates.start), ("until", dates.end)) if day]
        yield f"(only {' '.join(days)})"


def when(words: Words, condition: Expr | None, dates: Active | None = None) -> str:
    """The condition of a line in a list of which the first that holds wins."""
    said = "otherwise" if condition is None else f"when {words.clause(condition)}"
    return " ".join([said, *active(dates)])


# -- routes -------------------------------------------------------------------------------------------------------------


def route_rule(words: Words, rule: RouteRule) -> str:
    """`when ..., it goes to the team inside, in turn`."""
    parts = [target(words, rule.target)]
    if rule.on_shift:
        parts.append("of those who are at work right now")
    if rule.respond_within is not None:
        parts.append(f"to be answered within {rule.respond_within.text}")
    said = when(words, rule.condition, rule.active)
    return f"{said}{',' if rule.condition is not None else ''} it {', '.join(parts)}"


def target(words: Words, to: Target) -> str:
    """Where a route line sends a lead."""
    match to.kind:
        case "keep":
            return "stays with whom it has"
        case "queue":
            return f"waits in the queue {called(to.queue or '')}"
        case "rep":
            assert to.rep is not None
            return f"goes to {words.noun(to.rep)}"
        case "match":
            assert to.on is not None
            return f"goes to the rep who has another lead with the same {words.noun(to.on)}"
        case "team":
            return team_target(words, to)


def team_target(words: Words, to: Target) -> str:
    """A team, whom of it, and how they take turns."""
    turns = {
        "round_robin": "in turn",
        "weighted": f"in turn by {called(to.attribute) if to.attribute else 'their weight'}",
        "least_loaded": "the one with the most room first",
    }
    whom = f" to those where {words.clause(to.where)}" if to.where is not None else ""
    return f"goes to the team {called(to.team or '')}{whom}, {turns[to.strategy or 'round_robin']}"


def route_settings(words: Words, route: Route) -> Iterator[str]:
    """What holds for all lines of a route."""
    fills = f"the field {called(route.sets)}" if route.sets else "the owner"
    if route.on_demand:
        yield f"Gives {fills}, and only to leads that a trigger hands over, whoever has them."
    else:
        yield f"Gives {fills} to leads that have nobody, a queue, or somebody who is not active."
    for condition in route.reroute:
        yield f"Looks also at leads that have somebody when {words.clause(condition)}."
    if route.order_by is not None:
        end = "highest" if route.descending else "lowest"
        yield f"Takes them by {words.noun(route.order_by)}, the {end} first."
    for condition in route.answered:
        yield f"A lead counts as answered once {words.clause(condition)}."


# -- sequences ----------------------------------------------------------------------------------------------------------


def step_due(step: Step) -> str:
    """`day 3, 09:00`."""
    if step.wait is not None:
        return f"{step.wait.text} after the step before"
    parts = [f"day {step.day}"]
    if step.at is not None:
        parts.append(step.at)
    if step.after is not None:
        parts.append(f"after {step.after.text}")
    return ", ".join(parts)


def template(one: Template | None) -> str:
    """A template, or what chooses it."""
    if one is None:
        return ""
    return quoted(one.name) if one.name is not None else f"by {called(one.by or '')}"


def sequence_settings(words: Words, one: SequenceRule) -> Iterator[str]:
    """What holds for all steps of a sequence."""
    if one.business_days:
        yield "Counts business days."
    if one.window is not None:
        start, end, zone = one.window
        yield f"Sends between {start} and {end}{f' in {zone}' if zone else ''}."
    if one.per_day is not None:
        yield f"Takes at most {number(one.per_day)} leads a day."
    if one.once:
        yield "Takes a lead once only."
    if one.again_after is not None:
        yield f"Takes a lead again after {one.again_after.text} at the earliest."
    for condition in one.exits:
        yield f"A lead leaves it when {words.clause(condition)}."
    for condition in one.pauses:
        yield f"It pauses while {words.clause(condition)}."
    if one.finish_after is not None:
        yield f"It ends {one.finish_after.text} after the last step."
    for action in one.on_finish:
        yield f"When it ends: {do(words, action)}."


# -- triggers -----------------------------------------------------------------------------------------------------------


def on(words: Words, one: On, conditions: Sequence[Expr]) -> str:
    """What sets a trigger off, as the beginning of a sentence."""
    held = " and ".join(
        f"({text})" if condition.op == "or" and len(conditions) > 1 else text
        for condition in conditions
        for text in (words.clause(condition),)
    )
    if one.kind == "condition":
        return f"As soon as {held}"
    return f"{occasion(words, one)}{f', if {held}' if held else ''}"


def occasion(words: Words, one: On) -> str:
    """The moment alone."""
    match one.kind:
        case "event":
            assert isinstance(one.filter, EventFilter)
            return f"When {words.events(one.filter, 'happens')}"
        case "enter" | "leave":
            way = "enters" if one.kind == "enter" else "leaves"
            if one.label is None:
                return f"When a lead {way} the segment {called(one.name or '')}"
            return f"When the {called(one.name or '')} of a lead {'becomes' if way == 'enters' else 'is no longer'} {called(one.label)}"
        case "finish":
            return f"When the sequence {called(one.name or '')} has ended"
        case "overdue":
            return f"When a lead of the route {called(one.name or '')} was not answered in time"
        case _:
            assert one.value is not None
            day = words.noun(one.value)
            # Every year it is month and day that count; the year is there because a date has one.
            return f"Every year on the day of {_YEAR.sub('', day)}" if one.every_year else f"On the day of {day}"


def trigger_settings(one: Trigger) -> Iterator[str]:
    """How often and in which order."""
    if one.respond_within is not None:
        yield f"To be answered within {one.respond_within.text}."
    if one.once_per is not None:
        yield f"At most once per {one.once_per.text} and lead."
    elif one.once:
        yield "Once per lead, ever."
    if one.backfill:
        yield "Also for leads that were there before the trigger."
    yield f"Priority {one.priority}."


def do(words: Words, action: Action) -> str:
    """One action."""
    match action.kind:
        case "enroll" | "move":
            verb = "put it into" if action.kind == "enroll" else "move it to"
            to = (
                f"the sequence {called(action.sequence)}"
                if action.sequence
                else f"the sequence that {called(action.by or '')} names"
            )
            return f"{verb} {to}{with_template(action.template)}"
        case "stop":
            return "end its sequence"
        case "set":
            assert action.value is not None
            return f"set {called(action.field or '')} to {words.noun(action.value)}"
        case "assign":
            return f"give it to {assignee(action)}"
        case "reassign":
            often = f", {many(action.most_times, 'time')} at most" if action.most_times is not None else ""
            return f"give it to somebody else by the route {called(action.route or '')}{often}"
        case "task":
            what = f": {quoted(action.content)}" if action.content else ""
            return f"make a task ({called(action.channel or '')}){what}{with_template(action.template)}"
        case "send":
            return f"send the mail {template(action.template)}"
        case "notify":
            assert action.who is not None
            return f"tell {words.noun(action.who)}{f': {quoted(action.content)}' if action.content else ''}"


def with_template(one: Template | None) -> str:
    """`, with the template “intro”`."""
    return f", with the template {template(one)}" if one is not None else ""


def assignee(action: Action) -> str:
    """Whom an assignment names."""
    if action.route is not None:
        return f"whom the route {called(action.route)} chooses"
    return quoted(action.rep) if action.rep is not None else f"the queue {called(action.queue or '')}"


# -- goals --------------------------------------------------------------------------------------------------------------


def goal(one: Goal) -> Iterator[str]:
    """The target, then each rate."""
    yield f"The target is {number(one.target)} {called(one.target_of)} per {one.target_per}."
    if one.workdays is not None:
        yield f"A month has {number(one.workdays)} working days."
    for stage, rates in one.rates:
        yield f"{called(stage)}: {listed([f'{percent(share)} of {called(of)}' for share, of in rates], 'and')}."
    if one.mix:
        yield f"The work is {listed([f'{percent(share)} {called(name)}' for name, share in one.mix], 'and')}."
    if one.effort:
        yield f"It takes {listed([f'{number(minutes)} minutes per {called(name)}' for name, minutes in one.effort], 'and')}."


def percent(share: float) -> str:
    """`8%`."""
    return f"{number(round(share * 100, 6))}%"
