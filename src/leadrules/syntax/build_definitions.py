"""Build lists, tables, definitions, scores, thresholds and routes.

In: the children of a grammar rule. Out: statements and the rule lines inside them.
"""

from __future__ import annotations

from typing import Any

from leadrules.syntax import nodes as n
from leadrules.syntax.build_base import Kids, Part, has, node, nodes, number, part, token, tokens
from leadrules.syntax.build_expressions import ExpressionBuilder


class DefinitionBuilder(ExpressionBuilder):
    """One method for each rule of the grammar's part on definitions."""

    def title(self, kids: Kids) -> Part:
        return self.part("title", self.text_of(kids[0]).value, kids)

    def header(self, kids: Kids) -> dict[str, Any]:
        """Name, title and place of a block or a rule line."""
        return {"name": self.name_in(kids), "title": part(kids, "title"), "span": self.span(kids)}

    def list_values(self, kids: Kids) -> n.Statement:
        values = nodes(kids, n.Expression)
        span = self.span(kids)
        if not values and kids[-1].end == kids[-1].start:
            values = (n.Broken(span=span),)
        elif not values:
            name = self.name_in(kids).text
            self.report("LR031", span, f"the list `{name}` is empty", 'write its values: `["a", "b"]`')
            values = (n.Broken(span=span),)
        return n.ListDefinition(values=values, **self.header(kids))

    def list_file(self, kids: Kids) -> n.Statement:
        texts = [self.text_of(word) for word in tokens(kids, "STRING")]
        column = texts[1] if len(texts) > 1 else None
        return n.ListDefinition(path=texts[0], column=column, **self.header(kids))

    def table(self, kids: Kids) -> n.Statement:
        path = token(kids, "STRING")
        assert path is not None
        key = kids[-1]
        if key.type == "STRING":
            text = self.text_of(key)
            column = n.Ident(text=text.value, key=text.value, span=text.span)
        else:
            column = self.ident(key)
        return n.TableDefinition(path=self.text_of(path), key_column=column, **self.header(kids))

    def events(self, kids: Kids) -> n.Statement:
        return n.EventGroup(members=self.idents(kids)[1:], **self.header(kids))

    def define(self, kids: Kids) -> n.Statement:
        return n.Define(value=kids[-1], **self.header(kids))

    def segment(self, kids: Kids) -> n.Statement:
        return n.Segment(condition=kids[-1], **self.header(kids))

    # scores

    def score(self, kids: Kids) -> n.Statement:
        items = nodes(kids, (n.ScoreRule, n.Group, n.Bound, n.CountSince))
        return n.Score(items=items, **self.header(kids))

    def bound(self, kids: Kids) -> n.Node:
        return n.Bound(kind=kids[0].text, value=part(kids, "number"), span=self.span(kids))

    def counting(self, kids: Kids) -> n.Node:
        return n.CountSince(since=kids[-1], span=self.span(kids))

    def group(self, kids: Kids) -> n.Node:
        return n.Group(
            rules=nodes(kids, n.ScoreRule),
            first_match=part(kids, "first match") or False,
            limit=node(kids, n.Limit),
            **self.header(kids),
        )

    def first_match(self, kids: Kids) -> Part:
        return self.part("first match", True, kids)

    def score_rule(self, kids: Kids) -> n.Node:
        sign, points = part(kids, "points")
        return n.ScoreRule(
            sign=sign,
            points=points,
            when=part(kids, "when"),
            each=node(kids, n.Each),
            active=node(kids, n.Active),
            **self.header(kids),
        )

    def constant_points(self, kids: Kids) -> Part:
        amount = n.NumberLiteral(value=kids[1].value, span=self.at(kids[1]))
        return self.part("points", (kids[0].text, amount), kids)

    def computed_points(self, kids: Kids) -> Part:
        return self.part("points", (kids[0].text, kids[2]), kids)

    def each(self, kids: Kids) -> n.Node:
        return n.Each(event=kids[1], decay=node(kids, n.Decay), limit=node(kids, n.Limit), span=self.span(kids))

    def decay(self, kids: Kids) -> n.Node:
        return n.Decay(kind=kids[0].text, duration=kids[2], span=self.span(kids))

    def limit(self, kids: Kids) -> n.Node:
        unit: Any = "points" if kids[3].text.startswith("point") else "times"
        return n.Limit(amount=number(kids), unit=unit, span=self.span(kids))

    def when(self, kids: Kids) -> Part:
        return self.part("when", kids[1], kids)

    def active(self, kids: Kids) -> n.Node:
        days = [self.moment_of(day) for day in tokens(kids, "DATE")]
        start = days[0] if has(kids, "FROM") else None
        end = days[-1] if has(kids, "UNTIL") else None
        return n.Active(start=start, end=end, span=self.span(kids))  # type: ignore[arg-type]

    # thresholds

    def band(self, kids: Kids) -> n.Statement:
        return n.Band(value=node(kids, n.Expression), labels=nodes(kids, n.BandLabel), **self.header(kids))

    def band_label(self, kids: Kids) -> n.Node:
        numbers = [kid.value for kid in kids if isinstance(kid, Part) and kid.kind == "number"]
        start = numbers[0] if numbers else None
        hold = numbers[1] if len(numbers) > 1 else None
        return n.BandLabel(start=start, hold=hold, **self.header(kids))

    def matrix(self, kids: Kids) -> n.Statement:
        names = self.idents(kids)
        columns = [kid for kid in kids if isinstance(kid, Part) and kid.kind == "columns"]
        for again in columns[1:]:
            self.report("LR030", again.span, "`columns:` is said twice", "keep one of them")
        if not columns and not self.lenient:
            brace = token(kids, "LBRACE")
            assert brace is not None
            help_text = "begin with the labels along the top: `columns: hot | warm | cold`"
            self.report("LR025", self.at(brace), f"the matrix `{names[0].text}` has no `columns:`", help_text)
        return n.Matrix(
            damaged=not columns,
            rows_of=names[1],
            columns_of=names[2],
            columns=columns[0].value if columns else (),
            rows=nodes(kids, n.MatrixRow),
            **self.header(kids),
        )

    def columns(self, kids: Kids) -> Part:
        return self.part("columns", self.idents(kids), kids)

    def matrix_row(self, kids: Kids) -> n.Node:
        return n.MatrixRow(name=self.ident(kids[0]), cells=self.idents(kids[1:]), span=self.span(kids))

    def classify(self, kids: Kids) -> n.Statement:
        return n.Classify(labels=nodes(kids, n.ClassLabel), **self.header(kids))

    def stages(self, kids: Kids) -> n.Statement:
        forwards = nodes(kids, n.Forward)
        for again in forwards[1:]:
            self.report("LR030", again.span, "`forward only` is said twice", "keep one of them")
        forward = forwards[0] if forwards else None
        return n.Stages(labels=nodes(kids, n.ClassLabel), forward=forward, **self.header(kids))

    def class_label(self, kids: Kids) -> n.Node:
        return n.ClassLabel(condition=part(kids, "when"), active=node(kids, n.Active), **self.header(kids))

    def forward(self, kids: Kids) -> n.Node:
        return n.Forward(unless=node(kids, n.Expression), span=self.span(kids))

    # routes

    def route(self, kids: Kids) -> n.Statement:
        order_by, descending = part(kids, "order") or (None, False)
        return n.Route(
            items=nodes(kids, (n.RouteRule, n.Reroute, n.Answered)),
            order_by=order_by,
            descending=descending,
            on_demand=part(kids, "on demand") or False,
            sets=part(kids, "sets"),
            **self.header(kids),
        )

    def order(self, kids: Kids) -> Part:
        return self.part("order", (kids[2], has(kids, "DESCENDING")), kids)

    def on_demand(self, kids: Kids) -> Part:
        return self.part("on demand", True, kids)

    def sets(self, kids: Kids) -> Part:
        return self.part("sets", self.ident(kids[1]), kids)

    def reroute(self, kids: Kids) -> n.Node:
        return n.Reroute(condition=kids[-1], span=self.span(kids))

    def answered(self, kids: Kids) -> n.Node:
        return n.Answered(condition=kids[-1], span=self.span(kids))

    def route_rule(self, kids: Kids) -> n.Node:
        respond = node(kids, n.RespondWithin)
        return n.RouteRule(
            target=node(kids, n.Target),
            condition=part(kids, "when"),
            on_shift=part(kids, "shift") or False,
            respond_within=respond.duration if respond else None,
            active=node(kids, n.Active),
            **self.header(kids),
        )

    def rep_target(self, kids: Kids) -> n.Node:
        return n.RepTarget(value=kids[1], span=self.span(kids))

    def queue_target(self, kids: Kids) -> n.Node:
        return n.QueueTarget(queue=self.ident(kids[1]), span=self.span(kids))

    def keep_target(self, kids: Kids) -> n.Node:
        return n.KeepTarget(span=self.span(kids))

    def match_target(self, kids: Kids) -> n.Node:
        return n.MatchTarget(on=self.ident(kids[3]), span=self.span(kids))

    def team_target(self, kids: Kids) -> n.Node:
        strategy, attribute = part(kids, "strategy") or (None, None)
        return n.TeamTarget(
            team=self.ident(kids[1]),
            where=part(kids, "where"),
            strategy=strategy,
            attribute=attribute,
            span=self.span(kids),
        )

    def team_where(self, kids: Kids) -> Part:
        return self.part("where", kids[2], kids)

    def strategy(self, kids: Kids) -> Part:
        names = self.idents(kids)
        return self.part("strategy", (names[0], names[1] if len(names) > 1 else None), kids)

    def shift(self, kids: Kids) -> Part:
        return self.part("shift", True, kids)

    def respond(self, kids: Kids) -> n.Node:
        return n.RespondWithin(duration=kids[2], span=self.span(kids))
