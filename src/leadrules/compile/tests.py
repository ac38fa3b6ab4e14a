"""`test` blocks: one new lead, what happened to it, and what is expected.

In: a test's node. Out: `model.Test`, its values as JSON in the spelling of the schemas, its times with offset, and
findings. Nothing is run here, and a test makes no field or event one "that a rule reads" by giving it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any

from leadrules.compile.actions import lower_template
from leadrules.compile.actions_meant import blanked
from leadrules.compile.literals import GivenValue, label_value, plain_value, set_value
from leadrules.compile.names import ALWAYS
from leadrules.compile.references import CLOCK
from leadrules.compile.scope import Scope, as_name, duration, instant, replace
from leadrules.core.calendar import FIRST_YEAR, LAST_YEAR
from leadrules.core.diagnostics import Related
from leadrules.core.source import Span
from leadrules.core.text import nearest, nfc
from leadrules.core.types import DATETIME, ERROR, NUMBER, TEXT, Type
from leadrules.project.model import Field
from leadrules.ruleset import model
from leadrules.ruleset.model import TestItem
from leadrules.syntax import nodes as n

STATE_FIELDS: dict[str, Field] = {
    "owner": Field("owner", TEXT),
    "step": Field("step", NUMBER, integer=True, minimum=0),
    "enrolled_at": Field("enrolled_at", DATETIME),
}
ACTION_KINDS = ("set", "assign", "enroll", "move", "stop", "notify")
ENTERED_OR_LEFT = ("enroll", "move", "stop")  # what is said of these is a sequence
SAID_OTHERWISE = {
    "task": "a task shows as its channel: `expect action call`",
    "send": "a sent template shows as its channel: `expect action email`",
    "reassign": "a reassignment shows as `assign`",
}
EXPECTS = (n.Expect, n.ExpectFired, n.ExpectAction)
HEAD = re.compile(r'test\s+"(?:[^"\\]|\\.)*"')
FIRED_FORMS = "the forms are `score.rule`, `trigger.NAME` and `route.NAME.rule`"


def lower_test(scope: Scope, node: n.Test) -> model.Test:
    """The compiled test."""
    _check_expects(scope, node)
    _check_order(scope, node)
    _check_given_once(scope, node)
    _check_calendar(scope, node)
    items = tuple(LOWER[type(item)](scope, item) for item in node.items)
    return model.Test(title=node.title or "", items=items, span=node.span.as_json())


def _check_expects(scope: Scope, node: n.Test) -> None:
    if node.damaged or any(isinstance(item, EXPECTS) for item in node.items):
        return
    hint = "say what holds after the run: `expect engagement = 20`, `expect fired fit.senior`"
    scope.complain("LR186", _head(node), f'the test "{node.title}" expects nothing, so it always passes', help=hint)


def _head(node: n.Test) -> Span:
    """`test "title"`."""
    head = HEAD.match(node.span.text)
    return Span(node.span.file, node.span.start, node.span.start + head.end()) if head else node.span


def _check_order(scope: Scope, node: n.Test) -> None:
    """`as of` once and before any `then after`; something is expected after what is given or happens."""
    as_of: n.Node | None = None
    then: n.Node | None = None
    for item in node.items:
        if isinstance(item, n.ThenAfter):
            then = then or item
        elif isinstance(item, n.AsOf):
            if as_of is not None:
                _misplaced(
                    scope, item, as_of, "`as of` is said twice", "keep one; `then after 4 days` runs again, later"
                )
            elif then is not None:
                _misplaced(scope, item, then, "`as of` comes after the first run", "put it first in the test")
            as_of = as_of or item
    _check_seen(scope, node)


def _check_seen(scope: Scope, node: n.Test) -> None:
    """The last `expect` sees every line: what stands below it would do nothing."""
    last = max((at for at, item in enumerate(node.items) if isinstance(item, EXPECTS)), default=None)
    if last is None or node.damaged:
        return
    for item in node.items[last + 1 :]:
        if isinstance(item, n.Given | n.TestEvent):
            message, hint = (
                "nothing is expected after this line, so it does nothing",
                "put it above the `expect` that needs it",
            )
            _misplaced(scope, item, node.items[last], message, hint)


def _misplaced(scope: Scope, item: n.Node, first: n.Node, message: str, hint: str) -> None:
    scope.complain("LR187", item.span, message, help=hint, related=(Related(first.span, "after this line"),))


def _check_given_once(scope: Scope, node: n.Test) -> None:
    seen: dict[str, n.Ident] = {}
    for item in node.items:
        if isinstance(item, (n.ThenAfter, *EXPECTS)):
            seen = {}
        elif isinstance(item, n.Given):
            _check_once(scope, item.assignments, seen)
        elif isinstance(item, n.TestEvent):
            _check_once(scope, item.assignments, {})


def _check_once(scope: Scope, assignments: Iterable[n.Assignment], seen: dict[str, n.Ident]) -> None:
    for assignment in assignments:
        ident = assignment.field
        first = seen.setdefault(ident.key, ident)
        if first is not ident:
            related = (Related(first.span, "given here first"),)
            hint = "keep the one that is meant"
            scope.complain("LR165", ident.span, f"`{ident.text}` is given twice", help=hint, related=related)


def _check_calendar(scope: Scope, node: n.Test) -> None:
    """Every run is in a year in which runs may be, and what happened so long before one is in the calendar."""
    stated = next((item.value for item in node.items if isinstance(item, n.AsOf)), None)
    at: datetime | None = scope.calendar.instant(model.TEST_AS_OF)
    if stated is not None:
        at = _run(scope, stated, datetime.fromisoformat(_moment(scope, stated)))
    for item in node.items:
        if at is None:
            return
        if isinstance(item, n.ThenAfter):
            length = item.duration
            at = _run(scope, length, scope.calendar.shift(at, length.count, length.unit))
        elif isinstance(item, n.TestEvent) and item.ago is not None:
            _check_ago(scope, item.ago, at)


def _run(scope: Scope, node: n.Node, at: date | None) -> datetime | None:
    """When the rules run; None, with a finding, where no run may be."""
    year = None if at is None else scope.calendar.day_of(at).year
    if isinstance(at, datetime) and year is not None and FIRST_YEAR <= year <= LAST_YEAR:
        return at
    message = "no run can be then" if year is None else f"no run can be in the year {year}"
    scope.complain("LR189", node.span, message, help=f"a run looks from a year between {FIRST_YEAR} and {LAST_YEAR}")
    return None


def _check_ago(scope: Scope, ago: n.DurationLiteral, at: datetime) -> None:
    if scope.calendar.shift(at, -ago.count, ago.unit) is None:
        message = f"{ago.span.text} before {scope.calendar.day_of(at)} there is no date"
        scope.complain("LR189", ago.span, message, help="dates begin with the year 1")


def _as_of(scope: Scope, node: n.AsOf) -> TestItem:
    return TestItem("as_of", time=_moment(scope, node.value), span=node.span.as_json())


def _moment(scope: Scope, node: n.DateLiteral | n.DateTimeLiteral) -> str:
    """A date is its midnight in the project's zone."""
    local = node.value if isinstance(node, n.DateTimeLiteral) else datetime.combine(node.value, time())
    return instant(scope, local)


def _given(scope: Scope, node: n.Given) -> TestItem:
    given = (_given_value(scope, assignment) for assignment in node.assignments)
    return TestItem("given", values=tuple(value for value in given if value), span=node.span.as_json())


def _given_value(scope: Scope, node: n.Assignment) -> GivenValue | None:
    key = node.field.key
    if key == "sequence":
        return label_value(scope, node, key, Type("label", tuple(scope.names.of("sequence")), key), "sequence")
    if key in STATE_FIELDS:
        return _value(scope, node, STATE_FIELDS[key])
    definition = scope.names.values.get(key)
    if definition is not None and definition.kind in ("band", "stages"):
        scope.use(definition.kind, key, node.field.span)
        return label_value(scope, node, key, scope.types.get(key, ERROR), f"label of {key}")
    field = scope.names.fields.get(key)
    if field is not None:
        scope.use("field", field.name, node.field.span)
        return _value(scope, node, field)
    if definition is not None:
        _report_worked_out(scope, node.field, definition.word)
    else:
        _report_unknown_given(scope, node.field)
    return None


def _report_worked_out(scope: Scope, ident: n.Ident, word: str) -> None:
    message = f"`{ident.text}` is a {word}: the rules work it out"
    scope.complain("LR188", ident.span, message, help="give the fields and events that it comes from")


def _report_unknown_given(scope: Scope, ident: n.Ident) -> None:
    if ident.key in ALWAYS:
        message = f"`{ident.text}` is what a run works out, not a field of the lead"
        hint = "say when the run is: `as of 2026-11-01`" if ident.key in CLOCK else "give what leads to it"
        scope.complain("LR188", ident.span, message, help=f"{hint}; `then after` runs again, later")
        return
    bands = [d.name for d in scope.names.values.values() if d.kind in ("band", "stages")]
    known = [*scope.names.fields, *STATE_FIELDS, "sequence", *bands]
    scope.unknown("LR188", ident.span, "field of the lead", ident.key, known)


def _value(scope: Scope, node: n.Assignment, field: Field) -> GivenValue | None:
    return set_value(scope, node, field) if node.many or field.type.kind == "set" else plain_value(scope, node, field)


def _event(scope: Scope, node: n.TestEvent) -> TestItem:
    found = scope.names.events.get(node.event.key)
    values: tuple[GivenValue, ...] = ()
    if found is None:
        _report_event(scope, node.event)
    else:
        scope.use("event", found.name, node.event.span)
        fields = {nfc(field.name): field for field in found.fields}
        given = (_event_value(scope, assignment, fields, found.name) for assignment in node.assignments)
        values = tuple(value for value in given if value)
    return TestItem(
        "event",
        name=found.name if found else None,
        ago=duration(node.ago) if node.ago else None,
        time=_moment(scope, node.at) if node.at else None,
        values=values,
        span=node.span.as_json(),
    )


def _report_event(scope: Scope, ident: n.Ident) -> None:
    group = scope.names.of("events").get(ident.key)
    if group is None:
        scope.unknown("LR105", ident.span, "event", ident.key, scope.names.events)
        return
    members = ", ".join(f"`{name}`" for name in scope.group_members(group))
    message = f"`{ident.text}` is a group of events, and a test says which one happened"
    scope.complain("LR105", ident.span, message, help=f"write one of {members}")


def _event_value(scope: Scope, node: n.Assignment, fields: dict[str, Field], event: str) -> GivenValue | None:
    field = fields.get(node.field.key)
    if field is None:
        scope.unknown("LR106", node.field.span, f"field of `{event}`", node.field.key, fields)
        return None
    scope.use("event field", f"{event}.{node.field.key}", node.field.span)
    return _value(scope, node, field)


def _expect(scope: Scope, node: n.Expect) -> TestItem:
    return TestItem("expect", condition=scope.condition(node.condition), span=node.span.as_json())


def _fired(scope: Scope, node: n.ExpectFired) -> TestItem:
    path = node.path
    word = path[0].key
    if word == "trigger" and len(path) == 2:
        scope.declared("trigger", path[1], code="LR190")
    elif word == "route" and len(path) == 3:
        _check_route_rule(scope, path[1], path[2])
    elif len(path) == 2 and word not in ("route", "sequence"):
        _check_score_rule(scope, path[0], path[1])
    else:
        _report_fired(scope, node)
    return TestItem("fired", path=".".join(part.key for part in path), negated=node.negated, span=node.span.as_json())


def _report_fired(scope: Scope, node: n.ExpectFired) -> None:
    """What cannot fire, with the rules that it may mean; `expect mql fired` comes here as well."""
    path = node.path
    written = ".".join(part.text for part in path)
    meant = _rules_called(scope, path[0].key, node.span) if len(path) == 1 else []
    fix = f"expect {'not ' * node.negated}fired {meant[0]}" if len(meant) == 1 else ""
    more = f" and {len(meant) - 8} more" if len(meant) > 8 else ""
    one_of = f"write one of {', '.join(f'`{rule}`' for rule in meant[:8])}{more}" if meant else FIRED_FORMS
    scope.complain(
        "LR190",
        path[0].span | path[-1].span,
        f"`{written}` is no rule that can fire",
        help=f"write `{fix}`" if fix else one_of,
        fixes=(replace(f"write `{fix}`", node.span, fix),) if fix else (),
    )


def _rules_called(scope: Scope, name: str, place: Span) -> list[str]:
    """What can fire and is called so, or is of the score or route called so, as a test says it."""
    found: list[tuple[str, ...]] = [("trigger", name)] if name in scope.names.of("trigger") else []
    for declared in scope.names.declarations():
        block = declared.statement
        if isinstance(block, n.Score):
            found += [(declared.name, rule) for rule in _score_rules(block) if name in (rule, declared.name)]
        elif isinstance(block, n.Route):
            found += [("route", declared.name, rule) for rule in _route_rules(block) if name in (rule, declared.name)]
    return [".".join(as_name(part, place) if at else part for at, part in enumerate(one)) for one in found]


def _check_route_rule(scope: Scope, route: n.Ident, rule: n.Ident) -> None:
    found = scope.declared("route", route, code="LR190")
    if found is not None:
        assert isinstance(found.statement, n.Route)
        _check_rule(scope, rule, found.statement, _route_rules(found.statement))


def _route_rules(route: n.Route) -> list[str]:
    return [item.name.key for item in route.items if isinstance(item, n.RouteRule)]


def _check_score_rule(scope: Scope, score: n.Ident, rule: n.Ident) -> None:
    found = scope.names.values.get(score.key)
    if found is None or not isinstance(found.statement, n.Score):
        known = [d.name for d in scope.names.values.values() if d.kind == "score"]
        scope.unknown("LR190", score.span, "score", score.key, known, FIRED_FORMS)
        return
    scope.use("score", score.key, score.span)
    _check_rule(scope, rule, found.statement, list(_score_rules(found.statement)))


def _score_rules(score: n.Score) -> Iterable[str]:
    for item in score.items:
        if isinstance(item, n.Group):
            yield from (rule.name.key for rule in item.rules)
        elif isinstance(item, n.ScoreRule):
            yield item.name.key


def _check_rule(scope: Scope, rule: n.Ident, block: n.Route | n.Score, known: list[str]) -> None:
    assert block.name is not None
    if rule.key in known:
        kind = "rule" if isinstance(block, n.Score) else "route rule"
        scope.use(kind, f"{block.name.key}.{rule.key}", rule.span)
    elif not block.damaged:
        _report_rule(scope, rule, block, known)


def _report_rule(scope: Scope, rule: n.Ident, block: n.Route | n.Score, known: list[str]) -> None:
    assert block.name is not None
    near = nearest(rule.key, known)
    what = "score" if isinstance(block, n.Score) else "route"
    message = f"the {what} `{block.name.text}` has no rule `{rule.text}`"
    more = f" and {len(known) - 8} more" if len(known) > 8 else ""
    has = (
        f"it has {', '.join(f'`{name}`' for name in known[:8])}{more}" if known else f"`{block.name.text}` has no rules"
    )
    hint = f"did you mean `{near}`?" if near else has
    fixes = (replace(f"change to `{near}`", rule.span, near),) if near else ()
    scope.complain("LR190", rule.span, message, label="unknown rule", help=hint, fixes=fixes)
    scope.strange.setdefault((near, f"{block.name.key}.{rule.key}"), []).append(scope.diagnostics[-1])


def _action(scope: Scope, node: n.ExpectAction) -> TestItem:
    kinds = (*scope.project.channels, *ACTION_KINDS)
    if node.kind.key not in kinds:
        _report_kind(scope, node.kind, kinds)
    if node.template is not None and node.template.by is not None:
        hint = 'name the template that is expected: `template "intro"`'
        scope.complain("LR191", node.template.span, "a test expects one template, not one by a label", help=hint)
    value = _set_value(scope, node) if node.field else None
    content = node.content
    if content is not None and node.kind.key in ENTERED_OR_LEFT and content.value in scope.names.of("sequence"):
        scope.use("sequence", content.value, content.span)
    return TestItem(
        "action",
        channel=node.kind.key,
        content=None if content is None else content.value,
        template=lower_template(scope, node.template) if node.template and node.template.name else None,
        field=value[0] if value else None,
        value=value[1] if value else None,
        negated=node.negated,
        span=node.span.as_json(),
    )


def _report_kind(scope: Scope, kind: n.Ident, kinds: tuple[str, ...]) -> None:
    if kind.key in SAID_OTHERWISE:
        message = f"no action is of the kind `{kind.text}`"
        scope.complain("LR191", kind.span, message, help=SAID_OTHERWISE[kind.key])
    else:
        scope.unknown("LR191", kind.span, "kind of action", kind.key, kinds)


def _set_value(scope: Scope, node: n.ExpectAction) -> GivenValue | None:
    ident, value = node.field, node.value
    assert ident is not None
    assert value is not None
    field = scope.names.fields.get(ident.key)
    if field is None:
        scope.unknown("LR104", ident.span, "field of the lead", ident.key, scope.names.fields)
        return None
    if blanked(scope, value, field):
        return None
    assignment = n.Assignment(span=ident.span | value.span, field=ident, values=(value,))
    return _value(scope, assignment, field)


def _then(scope: Scope, node: n.ThenAfter) -> TestItem:
    return TestItem("then", ago=duration(node.duration), span=node.span.as_json())


LOWER: dict[type[n.Node], Callable[[Scope, Any], TestItem]] = {
    n.AsOf: _as_of,
    n.Given: _given,
    n.TestEvent: _event,
    n.Expect: _expect,
    n.ExpectFired: _fired,
    n.ExpectAction: _action,
    n.ThenAfter: _then,
}
