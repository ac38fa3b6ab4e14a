"""Build the nodes of expressions.

In: the children of a grammar rule. Out: expression nodes. What people type that the grammar lets through on purpose
(`is "JP"`, `is true`, `= null`, `contains "a" or "b"`) is reported here and built as what was meant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from leadrules.core.diagnostics import Edit
from leadrules.core.source import Span
from leadrules.syntax import nodes as n
from leadrules.syntax.build_base import Base, Kids, Part, has, key_of, nodes, part, tokens
from leadrules.syntax.literals import unescape, unescape_pattern
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import NOTHING, UNITS

LONGEST = {
    "minutes": 525_960_000,
    "hours": 8_766_000,
    "days": 365_250,
    "business days": 261_000,
    "weeks": 52_180,
    "months": 12_000,
    "quarters": 4_000,
    "years": 1_000,
}
_OPERATORS = {"starts": "starts with", "ends": "ends with"}


class ExpressionBuilder(Base):
    """One method for each rule of the grammar's part on expressions."""

    def ident(self, word: Token) -> n.Ident:
        """A name."""
        return n.Ident(text=word.text, key=key_of(word.text), span=self.at(word))

    def idents(self, kids: Kids) -> tuple[n.Ident, ...]:
        """Every name among the children."""
        return tuple(self.ident(word) for word in tokens(kids, "NAME"))

    def name_in(self, kids: Kids, index: int = 0) -> n.Ident:
        """The name at an index among the names of the children."""
        return self.ident(tokens(kids, "NAME", "ID")[index])

    # literals

    def number(self, kids: Kids) -> n.Expression:
        return n.NumberLiteral(value=kids[0].value, span=self.span(kids))

    def text(self, kids: Kids) -> n.TextLiteral:
        return self.text_of(kids[0])

    def text_of(self, word: Token) -> n.TextLiteral:
        """The text of a string token; an escape that does not exist is reported under itself."""
        raw = word.value
        value, wrong = unescape(raw)
        for start, end, escape in wrong:
            span = Span(self.file, word.start + 1 + start, word.start + 1 + end)
            help_text = 'write `\\\\` for a backslash; `\\"`, `\\n` and `\\uXXXX` are the other escapes'
            self.report("LR012", span, f"`{escape}` is not an escape", help_text, [Edit(span, "\\" + escape)])
        return n.TextLiteral(value=value, raw=raw, span=self.at(word))

    def boolean(self, kids: Kids) -> n.Expression:
        return n.BooleanLiteral(value=kids[0].type == "TRUE", span=self.span(kids))

    def date(self, kids: Kids) -> n.Expression:
        return self.moment_of(kids[0])

    def datetime(self, kids: Kids) -> n.Expression:
        return self.moment_of(kids[0])

    def moment_of(self, word: Token) -> n.DateLiteral | n.DateTimeLiteral:
        """The date or datetime of a token."""
        kind = n.DateLiteral if word.type == "DATE" else n.DateTimeLiteral
        return kind(value=word.value, span=self.at(word))

    def duration(self, kids: Kids) -> n.DurationLiteral:
        span = self.span(kids)
        unit: Any = UNITS[" ".join(kids[1].text.split())]
        count = int(kids[0].value)
        if count > LONGEST[unit]:
            self.report("LR009", span, f"`{span.text}` is too long", "a duration is at most 1,000 years")
            count = LONGEST[unit]
        return n.DurationLiteral(count=count, unit=unit, span=span)

    # names, calls, events

    def name(self, kids: Kids) -> n.Expression:
        return n.Name(name=self.ident(kids[0]), span=self.span(kids))

    def broken(self, kids: Kids) -> n.Expression:
        return n.Broken(span=self.span(kids))

    def member(self, kids: Kids) -> n.Expression:
        return n.Member(owner=self.ident(kids[0]), name=self.ident(kids[2]), span=self.span(kids))

    def call(self, kids: Kids) -> n.Expression:
        arguments = nodes(kids, n.Expression)
        return n.Call(function=self.ident(kids[0]), arguments=arguments, span=self.span(kids))

    def parenthesised(self, kids: Kids) -> n.Expression:
        inner: n.Expression = replace(kids[1], span=self.span(kids))
        return inner

    def event_argument(self, kids: Kids) -> n.Expression:
        return n.EventArgument(event=kids[0], span=self.span(kids))

    def event_with_clauses(self, kids: Kids) -> n.EventRef:
        return self.event_ref(kids)

    def event_ref(self, kids: Kids) -> n.EventRef:
        names = self.idents(kids)
        clauses: dict[str, Any] = {}
        for clause in nodes(kids, Part):
            if clause.kind in clauses:
                message = f"`{clause.kind}` is said twice of one event"
                self.report("LR030", clause.span, message, "keep one of them", [Edit(clause.span, "")])
            clauses.setdefault(clause.kind, clause.value)
        field = names[1] if len(names) > 1 else None
        return n.EventRef(event=names[0], field=field, span=self.span(kids), **clauses)

    def where(self, kids: Kids) -> Part:
        return self.part("where", kids[2], kids)

    def distinct(self, kids: Kids) -> Part:
        return self.part("distinct", self.ident(kids[1]), kids)

    def within(self, kids: Kids) -> Part:
        return self.part("within", kids[1], kids)

    def since(self, kids: Kids) -> Part:
        return self.part("since", kids[1], kids)

    # logic

    def expr(self, kids: Kids) -> n.Expression:
        items: list[n.Expression] = []
        for item in kids[::2]:
            alternative = self.alternative(items[-1], item) if items else None
            if alternative is None:
                items.append(item)
            else:
                items[-1] = alternative
        return items[0] if len(items) == 1 else n.Or(items=tuple(items), span=self.span(kids))

    def alternative(self, left: n.Expression, right: n.Expression) -> n.Expression | None:
        """`contains "VP" or "Director"` and `= "a" or "b"`, read as `any (..)` and `in (..)`."""
        if isinstance(right, n.And) and isinstance(right.items[0], n.TextLiteral):
            joined = self.alternative(left, right.items[0])
            return (
                None
                if joined is None
                else replace(right, items=(joined, *right.items[1:]), span=left.span | right.span)
            )
        if not isinstance(right, n.TextLiteral):
            return None
        last: Any = left.items[-1] if isinstance(left, n.And) else left
        meant: Any = self._joined(last, right)
        if meant is None:
            return None
        collection: Any = meant.operand if isinstance(meant, n.TextTest) else meant.collection
        values = ", ".join(f'"{value.raw}"' for value in collection.values)
        test = f"{_OPERATORS.get(meant.op, meant.op)} any" if isinstance(meant, n.TextTest) else "in"
        fix = f" {'not ' if meant.negated else ''}{test} ({values})"
        subject: Span = (last.left if isinstance(last, n.Compare) else last.value).span
        # All from the operator on, which may be one that people type first.
        edit = Edit(Span(self.file, subject.end, right.span.end), fix)
        message = f'`"{right.raw}"` is not a condition: `or` joins two conditions'
        self.findings = [f for f in self.findings if not (f.code == "LR015" and f.span.start >= last.span.start)]
        self.report("LR015", right.span, message, f"write `{' '.join(subject.text.split())}{fix}`", [edit])
        return replace(left, items=(*left.items[:-1], meant)) if isinstance(left, n.And) else meant

    def _joined(self, left: n.Expression, right: n.TextLiteral) -> Any:
        span = left.span | right.span
        if isinstance(left, n.TextTest) and not isinstance(left.operand, (n.NamedCollection, n.TeamCollection)):
            values = left.operand.values if isinstance(left.operand, n.Items) else (left.operand,)
            if all(isinstance(value, n.TextLiteral) for value in values):
                items = n.Items(values=(*values, right), span=values[0].span | right.span)
                return replace(left, operand=items, span=span)
        if isinstance(left, n.Compare) and left.op in ("=", "!=") and isinstance(left.right, n.TextLiteral):
            items = n.Items(values=(left.right, right), span=left.right.span | right.span)
            return n.In(value=left.left, collection=items, negated=left.op == "!=", span=span)
        if isinstance(left, n.In) and isinstance(left.collection, n.Items) and left.span.text[-1] == '"':
            items = replace(left.collection, values=(*left.collection.values, right))
            return replace(left, collection=items, span=span)
        return None

    def conjunction(self, kids: Kids) -> n.Expression:
        return n.And(items=tuple(kids[::2]), span=self.span(kids))

    def negation(self, kids: Kids) -> n.Expression:
        return n.Not(value=kids[1], span=self.span(kids))

    def did(self, kids: Kids) -> n.Expression:
        return n.Did(event=kids[1], negated=kids[0].type == "NEVER", span=self.span(kids))

    # comparisons

    def compare(self, kids: Kids) -> n.Expression:
        left, operator, right = kids
        span = self.span(kids)
        if is_nothing(right) and operator.text in ("=", "!="):
            return self.is_nothing(left, operator.text == "!=", Span(self.file, operator.start, right.span.end), span)
        return n.Compare(op=operator.text, left=left, right=right, span=span)

    def is_nothing(self, value: n.Expression, negated: bool, wrong: Span, span: Span) -> n.Expression:
        """`= null`, `is null`: the language says `is blank`."""
        fix = "is not blank" if negated else "is blank"
        self.report("LR016", wrong, f"`{wrong.text}` is written `{fix}`", f"write `{fix}`", [Edit(wrong, fix)])
        return n.IsBlank(value=value, negated=negated, span=span)

    def between(self, kids: Kids) -> n.Expression:
        value, low, high = nodes(kids, n.Expression)
        return self.negate(n.Between(value=value, low=low, high=high, span=self.span(kids)), kids)

    def negate(self, value: n.Expression, kids: Kids) -> n.Expression:
        """The expression, or its negation where a `not` stands among the children."""
        return n.Not(value=value, span=value.span) if has(kids, "NOT") else value

    def membership(self, kids: Kids) -> n.Expression:
        return n.In(value=kids[0], collection=kids[-1], negated=has(kids, "NOT"), span=self.span(kids))

    def text_operator(self, kids: Kids) -> Part:
        return self.part("operator", kids[0].text, kids)

    def any_of(self, kids: Kids) -> Part:
        return self.part("any", kids[1], kids)

    def text_test(self, kids: Kids) -> n.Expression:
        op = part(kids, "operator")
        operand = kids[-1].value if isinstance(kids[-1], Part) else kids[-1]
        if op == "matches":
            operand = self.pattern(operand)
        return n.TextTest(op=op, value=kids[0], operand=operand, negated=has(kids, "NOT"), span=self.span(kids))

    def pattern(self, operand: Any) -> Any:
        """The operand of `matches`: in its texts a backslash stands for itself."""
        if isinstance(operand, n.Items):
            return replace(operand, values=tuple(self.pattern(value) for value in operand.values))
        if not isinstance(operand, n.TextLiteral):
            return operand
        start, end = operand.span.start, operand.span.end
        self.findings = [f for f in self.findings if not (f.code == "LR012" and start <= f.span.start < end)]
        return replace(operand, value=unescape_pattern(operand.raw))

    def items(self, kids: Kids) -> n.Items:
        return n.Items(values=nodes(kids, n.Expression), span=self.span(kids))

    def named_collection(self, kids: Kids) -> n.NamedCollection:
        return n.NamedCollection(name=self.ident(kids[0]), span=self.span(kids))

    def team_collection(self, kids: Kids) -> n.TeamCollection:
        return n.TeamCollection(name=self.ident(kids[1]), span=self.span(kids))

    # `is`

    def is_blank(self, kids: Kids) -> n.Expression:
        return n.IsBlank(value=kids[0], negated=has(kids, "NOT"), span=self.span(kids))

    def is_label(self, kids: Kids) -> n.Expression:
        negated = has(kids, "NOT")
        label = self.ident(kids[-1])
        span = self.span(kids)
        if label.text in NOTHING and label.span.text == label.text:
            return self.is_nothing(kids[0], negated, Span(self.file, kids[1].start, span.end), span)
        return n.IsLabel(op="is not" if negated else "is", value=kids[0], labels=(label,), span=span)

    def is_one_of(self, kids: Kids) -> n.Expression:
        labels = self.idents(kids[1:])
        return self.negate(n.IsLabel(op="one of", value=kids[0], labels=labels, span=self.span(kids)), kids)

    def is_at(self, kids: Kids) -> n.Expression:
        op: Literal["at least", "at most"] = "at least" if has(kids, "LEAST") else "at most"
        labels = self.idents(kids[1:])
        return self.negate(n.IsLabel(op=op, value=kids[0], labels=labels, span=self.span(kids)), kids)

    def is_value(self, kids: Kids) -> n.Expression:
        negated = has(kids, "NOT")
        sign: Literal["=", "!="] = "!=" if negated else "="
        last = kids[-1]
        # Whether a label, a text or nothing at all was meant is known where the type of the value is: in compile/.
        if last.type in ("TRUE", "FALSE"):
            said = n.BooleanLiteral(value=last.type == "TRUE", span=self.at(last))
            return n.Compare(op=sign, left=kids[0], right=said, span=self.span(kids))
        if last.type == "STRING":
            return n.Compare(op=sign, left=kids[0], right=self.text_of(last), span=self.span(kids))
        right = n.NumberLiteral(value=last.value, span=self.at(last))
        wrong = self.span(kids[1:-1])
        message = f"`{wrong.text}` is for labels; a value is compared with `{sign}`"
        self.report("LR013", self.span(kids[1:]), message, f"write `{sign} {last.text}`", [Edit(wrong, sign)])
        return n.Compare(op=sign, left=kids[0], right=right, span=self.span(kids))

    # arithmetic

    def sum(self, kids: Kids) -> n.Expression:
        signs: Any = ("+", *(sign.text for sign in kids[1::2]))
        return n.Sum(terms=tuple(kids[::2]), signs=signs, span=self.span(kids))

    def product(self, kids: Kids) -> n.Expression:
        operators: Any = ("*", *(operator.text for operator in kids[1::2]))
        return n.Product(factors=tuple(kids[::2]), operators=operators, span=self.span(kids))

    def signed_value(self, kids: Kids) -> n.Expression:
        sign, value = kids
        span = self.span(kids)
        if isinstance(value, n.NumberLiteral):
            return n.NumberLiteral(value=-value.value if sign.text == "-" else value.value, span=span)
        return n.Negate(value=value, span=span) if sign.text == "-" else replace(value, span=span)

    def signed(self, kids: Kids) -> Part:
        value = kids[-1].value
        return self.part("number", -value if has(kids, "SIGN") and kids[0].text == "-" else value, kids)


def is_nothing(value: n.Expression) -> bool:
    """Whether an expression is the bare word `null` or one of its like."""
    return isinstance(value, n.Name) and value.name.text in NOTHING and value.span.text == value.name.text
