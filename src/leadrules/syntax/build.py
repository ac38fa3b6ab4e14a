"""Build sequences, triggers, promises, measures and tests; with them the builder is whole.

In: the children of a grammar rule. Out: statements and the lines inside them.
"""

from __future__ import annotations

from datetime import time

from leadrules.syntax import nodes as n
from leadrules.syntax.build_base import Kids, Part, has, node, nodes, number, part, token, tokens
from leadrules.syntax.build_definitions import DefinitionBuilder
from leadrules.syntax.build_expressions import is_nothing
from leadrules.syntax.tokens import LATER


class Builder(DefinitionBuilder):
    """One method for each rule of the grammar."""

    # sequences

    def sequence(self, kids: Kids) -> n.Statement:
        items = tuple(kid for kid in kids if isinstance(kid, n.Node))
        return n.Sequence(items=items, **self.header(kids))  # type: ignore[arg-type]

    def step(self, kids: Kids) -> n.Node:
        day, at, after, wait = part(kids, "moment")
        channel, content = token(kids, "NAME"), token(kids, "STRING")
        assert channel is not None
        return n.Step(
            number=int(kids[0].value),
            number_span=self.at(kids[0]),
            channel=self.ident(channel),
            day=day,
            at=at,
            after=after,
            wait=wait,
            auto=has(kids, "AUTO"),
            content=self.text_of(content).value if content else None,
            template=node(kids, n.Template),
            condition=part(kids, "when"),
            span=self.span(kids),
        )

    def moment(self, kids: Kids) -> Part:
        if has(kids, "WAIT"):
            return self.part("moment", (None, None, None, kids[1]), kids)
        at = token(kids, "TIME")
        return self.part("moment", (int(kids[1].value), at.value if at else None, part(kids, "after"), None), kids)

    def after(self, kids: Kids) -> Part:
        return self.part("after", kids[1], kids)

    def template(self, kids: Kids) -> n.Node:
        if has(kids, "BY"):
            return n.Template(by=self.ident(kids[2]), span=self.span(kids))
        return n.Template(name=self.text_of(kids[1]), span=self.span(kids))

    def count_days(self, kids: Kids) -> n.Node:
        return n.CountDays(business=has(kids, "BUSINESS"), span=self.span(kids))

    def window(self, kids: Kids) -> n.Node:
        start, end = (one.value for one in tokens(kids, "TIME"))
        if start is None or end is None:  # reported where it was cut
            start, end = time(0), time(23, 59)
        zone = token(kids, "STRING")
        return n.SendWindow(start=start, end=end, zone=self.text_of(zone) if zone else None, span=self.span(kids))

    def throttle(self, kids: Kids) -> n.Node:
        return n.Throttle(per_day=int(number(kids)), span=self.span(kids))

    def again(self, kids: Kids) -> n.Node:
        return n.Again(after=node(kids, n.DurationLiteral), span=self.span(kids))

    def exit_when(self, kids: Kids) -> n.Node:
        return n.ExitWhen(condition=kids[-1], span=self.span(kids))

    def pause_when(self, kids: Kids) -> n.Node:
        return n.PauseWhen(condition=kids[-1], span=self.span(kids))

    def finish_after(self, kids: Kids) -> n.Node:
        return n.FinishAfter(duration=kids[-1], span=self.span(kids))

    def on_finish(self, kids: Kids) -> n.Node:
        return n.OnFinish(action=kids[-1], span=self.span(kids))

    def exit_all(self, kids: Kids) -> n.Statement:
        return n.ExitAll(name=None, title=None, condition=kids[-1], span=self.span(kids))

    def suppress(self, kids: Kids) -> n.Statement:
        return n.Suppress(condition=kids[-1], **self.header(kids))

    # triggers

    def trigger(self, kids: Kids) -> n.Statement:
        items = []
        for kid in kids:
            if isinstance(kid, Part) and kid.kind == "when":
                items.append(n.When(condition=kid.value, span=kid.span))
            elif isinstance(kid, n.Node):
                items.append(kid)  # type: ignore[arg-type]
        return n.Trigger(items=tuple(items), **self.header(kids))

    def on_event(self, kids: Kids) -> n.Node:
        return n.OnEvent(event=kids[1], span=self.span(kids))

    def on_change(self, kids: Kids) -> n.Node:
        names = self.idents(kids)
        label = names[1] if len(names) > 1 else None
        return n.OnChange(kind=kids[1].text, name=names[0], label=label, span=self.span(kids))

    def on_finish_of(self, kids: Kids) -> n.Node:
        return n.OnFinishOf(sequence=self.name_in(kids), span=self.span(kids))

    def on_overdue(self, kids: Kids) -> n.Node:
        return n.OnOverdue(route=self.name_in(kids), span=self.span(kids))

    def on_date(self, kids: Kids) -> n.Node:
        return n.OnDate(value=kids[2], every_year=has(kids, "YEAR"), span=self.span(kids))

    def do(self, kids: Kids) -> n.Node:
        return n.Do(action=kids[1], span=self.span(kids))

    def once(self, kids: Kids) -> n.Node:
        return n.Once(per=node(kids, n.DurationLiteral), span=self.span(kids))

    def priority(self, kids: Kids) -> n.Node:
        return n.Priority(value=int(number(kids)), span=self.span(kids))

    def backfill(self, kids: Kids) -> n.Node:
        return n.Backfill(span=self.span(kids))

    # actions

    def enroll(self, kids: Kids) -> n.Action:
        return n.Enroll(sequence=self.name_in(kids), template=node(kids, n.Template), span=self.span(kids))

    def enroll_by(self, kids: Kids) -> n.Action:
        return n.EnrollBy(by=self.name_in(kids), span=self.span(kids))

    def move_to(self, kids: Kids) -> n.Action:
        return n.MoveTo(sequence=self.name_in(kids), template=node(kids, n.Template), span=self.span(kids))

    def move_by(self, kids: Kids) -> n.Action:
        return n.MoveBy(by=self.name_in(kids), span=self.span(kids))

    def stop_sequence(self, kids: Kids) -> n.Action:
        return n.StopSequence(span=self.span(kids))

    def set_field(self, kids: Kids) -> n.Action:
        sign = token(kids, "EQUAL")
        wrong_sign = self.at(sign) if sign is not None and sign.value == LATER else None
        return n.SetField(field=self.name_in(kids), value=kids[-1], wrong_sign=wrong_sign, span=self.span(kids))

    def assign_with(self, kids: Kids) -> n.Action:
        joint = token(kids, "WITH")
        bare = joint is not None and joint.value == LATER
        return n.AssignWith(route=self.name_in(kids), bare=bare, span=self.span(kids))

    def assign_rep(self, kids: Kids) -> n.Action:
        return n.AssignRep(rep=self.text_of(kids[-1]), span=self.span(kids))

    def assign_queue(self, kids: Kids) -> n.Action:
        return n.AssignQueue(queue=self.name_in(kids), span=self.span(kids))

    def reassign(self, kids: Kids) -> n.Action:
        return n.Reassign(route=self.name_in(kids), limit=node(kids, n.Limit), span=self.span(kids))

    def task(self, kids: Kids) -> n.Action:
        return n.Task(
            channel=self.name_in(kids),
            content=self.text_of(kids[2]).value,
            template=node(kids, n.Template),
            span=self.span(kids),
        )

    def send(self, kids: Kids) -> n.Action:
        return n.Send(template=kids[1], span=self.span(kids))

    def notify(self, kids: Kids) -> n.Action:
        return n.Notify(who=kids[1], what=self.text_of(kids[2]).value, span=self.span(kids))

    # promises and measures

    def assertion(self, kids: Kids) -> n.Statement:
        condition, implies = nodes(kids, n.Expression)
        return n.Assert(condition=condition, implies=implies, **self.header(kids))

    def funnel(self, kids: Kids) -> n.Statement:
        return n.Funnel(steps=nodes(kids, n.FunnelStep), **self.header(kids))

    def funnel_step(self, kids: Kids) -> n.Node:
        moment, *worth = nodes(kids, n.Expression)
        return n.FunnelStep(moment=moment, worth=worth[0] if worth else None, **self.header(kids))

    def goal(self, kids: Kids) -> n.Statement:
        items = nodes(kids, (n.GoalTarget, n.GoalWorkdays, n.GoalRate, n.Effort))
        return n.Goal(items=items, **self.header(kids))

    def goal_target(self, kids: Kids) -> n.Node:
        what, per = self.idents(kids)
        return n.GoalTarget(amount=number(kids), what=what, per=per, span=self.span(kids))

    def goal_workdays(self, kids: Kids) -> n.Node:
        return n.GoalWorkdays(amount=number(kids), per=self.name_in(kids), span=self.span(kids))

    def goal_rate(self, kids: Kids) -> n.Node:
        return n.GoalRate(name=self.name_in(kids), rates=nodes(kids, n.Rate), span=self.span(kids))

    def rate(self, kids: Kids) -> n.Node:
        return n.Rate(share=number(kids), kind=kids[1].text, what=self.ident(kids[2]), span=self.span(kids))

    def effort(self, kids: Kids) -> n.Node:
        return n.Effort(items=nodes(kids, n.EffortItem), span=self.span(kids))

    def effort_item(self, kids: Kids) -> n.Node:
        return n.EffortItem(duration=kids[0], per=self.ident(kids[2]), span=self.span(kids))

    # tests

    def test(self, kids: Kids) -> n.Statement:
        items = tuple(kid for kid in kids if isinstance(kid, n.Node))
        title = self.text_of(kids[1]).value
        return n.Test(name=None, title=title, items=items, span=self.span(kids))  # type: ignore[arg-type]

    def as_of(self, kids: Kids) -> n.Node:
        return n.AsOf(value=self.moment_of(kids[2]), span=self.span(kids))

    def given(self, kids: Kids) -> n.Node:
        return n.Given(assignments=nodes(kids, n.Assignment), span=self.span(kids))

    def assignment(self, kids: Kids) -> n.Node:
        value = kids[-1]
        if is_nothing(value):
            help_text = "leave it out: a field that is not given is blank"
            self.report("LR016", value.span, f"no field is given as {value.span.text}", help_text)
            value = n.Broken(span=value.span)
        return n.Assignment(field=self.name_in(kids), values=(value,), span=self.span(kids))

    def assignment_many(self, kids: Kids) -> n.Node:
        values = nodes(kids, n.Expression)
        return n.Assignment(field=self.name_in(kids), values=values, many=True, span=self.span(kids))

    def test_event(self, kids: Kids) -> n.Node:
        return n.TestEvent(
            event=self.name_in(kids),
            ago=part(kids, "ago"),
            at=part(kids, "at"),
            assignments=nodes(kids, n.Assignment),
            span=self.span(kids),
        )

    def ago(self, kids: Kids) -> Part:
        return self.part("ago", kids[0], kids)

    def at_moment(self, kids: Kids) -> Part:
        return self.part("at", self.moment_of(kids[1]), kids)

    def expect(self, kids: Kids) -> n.Node:
        return n.Expect(condition=kids[1], span=self.span(kids))

    def expect_fired(self, kids: Kids) -> n.Node:
        path = part(kids, "path")
        return n.ExpectFired(path=path, negated=has(kids, "NOT"), span=self.span(kids))

    def path(self, kids: Kids) -> Part:
        return self.part("path", tuple(self.ident(word) for word in kids[::2]), kids)

    def expect_action(self, kids: Kids) -> n.Node:
        negated = has(kids, "NOT")
        span = self.span(kids)
        setting = token(kids, "SET")
        if setting is not None:
            return n.ExpectAction(
                kind=self.ident(setting), field=self.name_in(kids), value=kids[-1], negated=negated, span=span
            )
        content = token(kids, "STRING")
        return n.ExpectAction(
            kind=self.name_in(kids),
            content=self.text_of(content) if content else None,
            template=node(kids, n.Template),
            negated=negated,
            span=span,
        )

    def then_after(self, kids: Kids) -> n.Node:
        return n.ThenAfter(duration=kids[-1], span=self.span(kids))
