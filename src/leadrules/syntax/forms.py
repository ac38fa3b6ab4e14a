"""How each line is written: one example per form of the language, for whoever wrote it otherwise.

In: the kind of a block, and the tokens of the line that cannot be read. Out: an example, or None. Examples are not checked
here; a test reads every one with the grammar.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from leadrules.syntax.tokens import Token

# A block by its first line.
HEADS = MappingProxyType(
    {
        "list": 'list free_mail = ["gmail.com", "yahoo.com"]',
        "table": 'table abm from "abm.csv" key domain',
        "events": "events touches = [call_made, email_sent]",
        "define": "define domain = domain_of(email)",
        "segment": "segment enterprise when employees >= 1000",
        "score": 'score fit "How well they match" { .. }',
        "band": "band temperature of fit + engagement { .. }",
        "matrix": "matrix priority of size by temperature { .. }",
        "classify": "classify plan { .. }",
        "stages": "stages lifecycle { .. }",
        "route": "route sales { .. }",
        "sequence": 'sequence outbound "Fifteen touches" { .. }',
        "exit": 'exit all when status = "Customer"',
        "suppress": "suppress email when opted_out",
        "trigger": "trigger inbound { .. }",
        "assert": 'assert calm "No mail to customers": status = "Customer" implies sequence is blank',
        "funnel": "funnel revenue { .. }",
        "goal": "goal outbound { .. }",
        "test": 'test "A director is hot" { .. }',
    }
)
# The lines of a block, by the words that they begin with; by "" those that begin with a name of their own.
LINES = MappingProxyType(
    {
        "score": {
            "": 'vp: +10 when title contains "VP"',
            "each": "opened: +5 each email_opened within 30 days at most 20 points",
            "group": "group size at most 20 points { large: +20 when employees >= 1000 }",
            "cap": "cap 100",
            "floor": "floor 0",
            "count": "count events since created_at",
        },
        "band": {"": "hot: from 70 hold until below 60"},
        "matrix": {"": "large: p1 | p2 | p3", "columns": "columns: hot | warm | cold"},
        "classify": {"": 'partner: when lead_source = "Partner"'},
        "stages": {"": "mql: when total >= 40", "forward": 'forward only unless status = "Recycled"'},
        "route": {
            "": "hot: team inside by round_robin when total >= 70",
            "reroute": "reroute when owner in team junior",
            "answered": "answered when did call_made since assigned_at",
        },
        "sequence": {
            "": '2: day 3 10:00 email auto "First mail" template "intro"',
            "count": "count business days",
            "send": 'send between 09:00 and 18:00 in "Asia/Tokyo"',
            "enroll": "enroll at most 50 per day",
            "enroll again": "enroll again after 90 days",
            "exit": "exit when did email_replied since enrolled_at",
            "pause": "pause when last(out_of_office.until) >= today",
            "finish": "finish after 3 days",
            "on": 'on finish do set status = "Nurturing"',
            "do": 'on finish do set status = "Nurturing"',
        },
        "trigger": {
            "on": "on form_submitted",
            "on enter": "on enter temperature hot",
            "on leave": "on leave temperature hot",
            "on finish": "on finish outbound",
            "on overdue": "on overdue sales",
            "on date": "on date contract_renewal_date - 3 months",
            "when": 'when status = "New"',
            "do": "do enroll outbound",
            "do enroll": "do enroll outbound",
            "do move": "do move to outbound",
            "do stop": "do stop sequence",
            "do set": 'do set status = "Working"',
            "do assign": "do assign with sales",
            "do reassign": "do reassign with sales at most 2 times",
            "do task": 'do task call "Call them"',
            "do send": 'do send template "thanks"',
            "do notify": 'do notify "managers" "A lead waits"',
            "once": "once per 30 days",
            "priority": "priority 1",
            "respond": "respond within 5 minutes",
            "backfill": "backfill",
        },
        "funnel": {"": "meeting: first(meeting_scheduled)"},
        "goal": {
            "": "conversation: 8% of call, 2% of email",
            "target": "target 1 sqo per month",
            "workdays": "workdays 20 per month",
            "effort": "effort 6 minutes per call, 3 minutes per email",
        },
        "test": {
            "as": "as of 2026-11-01",
            "given": 'given title = "Director", employees = 100',
            "event": 'event page_viewed 3 days ago with path = "/pricing"',
            "expect": "expect temperature is hot",
            "expect fired": "expect fired fit.vp",
            "expect action": 'expect action email template "thanks"',
            "then": "then after 4 days",
        },
    }
)


def form_of(kind: str, line: Sequence[Token]) -> str | None:
    """How the line of such a block is written that the last of these tokens stands on; by default one
    with a name of its own."""
    forms = LINES.get(kind)
    if forms is None:
        return None
    for at in range(len(line) - 1, -1, -1):
        token, after = line[at], line[at + 1].text if at + 1 < len(line) else ""
        if at and line[at - 1].text in (
            "do",
            "on",
        ):  # `do enroll` is not the line of a sequence that begins with `enroll`
            continue
        found = forms.get(f"{token.text} {after}") or forms.get(token.text)
        if found is not None and not token.label:
            return found
        if token.label:
            break
    return forms.get("")
