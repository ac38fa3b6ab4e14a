"""An explanation as text for a terminal: what is so, why, what it would take, whose the lead is, what is due.

In: the document of `explain`. Out: lines, at most so many columns wide, East Asian characters counted as two. Works out
nothing: all it does is order and wrap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadrules.core.text import number_text
from leadrules.review.explain.owner import KEPT
from leadrules.show.page import Page

Document = Mapping[str, Any]
MOST_EVENTS, MOST_REPS = 6, 8
LONGEST_CELL = 500
FALSE, TRUE = "no", "yes"


def explained(document: Document, *, columns: int, colour: bool = False) -> str:
    """The whole explanation."""
    page = Page(columns, colour=colour)
    _lead(page, document)
    if document["lead"]["status"] != "decided":
        if "history" in document:
            _history(page, document["history"])
        return page.text()
    _definitions(page, document)
    if "owner" in document:
        _owner(page, document["owner"])
    for part in document.get("routes", ()):
        _route(page, part)
    for part in document.get("sequences", ()):
        _sequence(page, part, is_asked=document["name"] is not None)
    _triggers(page, document)
    _actions(page, document.get("actions", ()))
    for part in document["asserts"]:
        _assert(page, part)
    if "history" in document:
        _history(page, document["history"])
    return page.text()


def _lead(page: Page, document: Document) -> None:
    lead = document["lead"]
    if lead["status"] == "rejected":
        page.head(f"Lead {lead['key']} was rejected: nothing is decided of it", "")
        _rejects(page, lead)
        return
    if lead["status"] == "absent":
        page.head(f"Lead {lead['key']} is not in the input: nothing happens to it, and what the state has of it stays")
        page.line(2, f"last seen at {lead['absent_since']}, owner {lead['owner'] or 'nobody'}")
        page.line(2, f"sequence {lead['sequence'] or 'none'}")
        return
    page.head(f"Lead {lead['key']}", f"{lead['source']}:{lead['line']}")
    at = document["as_of"]
    page.quiet(2, f"as of {at} ({document['as_of_reason']})" if at else document["as_of_reason"])
    if document["name"] is None:
        fields = [f"{name} = {_shortened(value)}" for name, value in lead["fields"].items() if value != "blank"]
        page.line(2, ", ".join(fields))
        blank = [name for name, value in lead["fields"].items() if value == "blank"]
        if blank:
            page.quiet(2, f"blank: {', '.join(blank)}")
        events = [f"{count} {name}" for name, count in lead["events"].items()]
        page.quiet(2, f"events that rules read: {', '.join(events) if events else 'none'}")
    if lead["duplicate_of"]:
        page.line(2, f"A duplicate of {lead['duplicate_of']}, which stands.")
    _rejects(page, lead)


def _shortened(value: str) -> str:
    """What a cell holds, as far as it helps to see it."""
    return value if len(value) <= LONGEST_CELL else f"{value[:LONGEST_CELL]}.. ({len(value):,} characters)"


def _rejects(page: Page, lead: Document) -> None:
    for one in lead["rejects"]:
        cell = f"{one['column']} = {_shortened(one['value'])}: " if one["column"] else ""
        stands = f"; {lead['source']}:{lead['line']} stands" if one["source"] == lead.get("source") else ""
        page.line(2, f"rejected: {one['source']}:{one['line']}  {cell}{one['reason']}{stands}")


# -- what is so -----------------------------------------------------------------------------------------------------


def _definitions(page: Page, document: Document) -> None:
    show = {
        "score": _score,
        "band": _band,
        "matrix": _matrix,
        "classify": _labels,
        "stages": _labels,
    }
    segments = [one for one in document["definitions"] if one["kind"] == "segment"]
    for one in document["definitions"]:
        if one["kind"] in show:
            show[one["kind"]](page, one)
        elif document["name"] is not None:
            (_segment if one["kind"] == "segment" else _define)(page, one)
    if document["name"] is None and segments:
        _segments(page, segments)


def _title(one: Document) -> str:
    place = f"{one['path']}:{one['line']}" if one["path"] else "no longer in the rules"
    return f"{one['title']}  {place}" if one["title"] else place


def _score(page: Page, one: Document) -> None:
    page.head(f"Score {one['name']}: {_number(one['value'])}", _title(one))
    page.line(2, "base 0")
    for line in one["lines"]:
        place = f"{line['path']}:{line['line']}" if line["kind"] == "rule" else ""
        page.line(2, f"{_signed(line['points']):>6}  {line['rule']}  {line['title'] or ''}".rstrip(), place)
        if line["kind"] != "rule":
            continue
        page.quiet(10, _after_id(line["text"]))
        _values(page, 10, line["values"])
        _events(page, line)
    if one["silent"]:
        page.quiet(2, "nothing from")
        for rule in one["silent"]:
            _silent(page, rule)


def _after_id(text: str) -> str:
    """A rule's line without its id and title."""
    return text.partition(": ")[2] or text


def _values(page: Page, indent: int, values: Sequence[Document]) -> None:
    """What the leaves saw; the whole is known to hold."""
    said = dict.fromkeys(f"{v['text']} = {v['value']}" for v in values if v["value"] not in (TRUE, FALSE))
    if said:
        page.line(indent, ", ".join(said))


def _events(page: Page, line: Document) -> None:
    events = line.get("events", ())
    for event in events[:MOST_EVENTS]:
        own = ", ".join(f"{name} = {value}" for name, value in event["fields"].items())
        page.line(10, f"{_signed(event['points'])}  {event['at']} {event['type']}", own)
    if len(events) > MOST_EVENTS:
        page.quiet(10, f"and {len(events) - MOST_EVENTS} more")
    for note in line.get("notes", ()):
        page.quiet(10, note)


def _silent(page: Page, rule: Document) -> None:
    page.line(8, f"{rule['rule']}", _after_id(rule["text"]))
    if rule["clauses"]:
        _clauses(page, 10, rule["clauses"])
    else:
        page.line(10, rule["reason"])


def _clauses(page: Page, indent: int, clauses: Sequence[Document]) -> None:
    """Each clause with what it saw; below a segment, the clauses that make it so."""
    for clause in clauses:
        page.line(indent, _clause(clause))
        _clauses(page, indent + 2, clause["because"])


def _clause(clause: Document) -> str:
    saw = ", ".join(f"{one['text']} is {one['value']}" for one in clause["saw"])
    return f"{clause['text']} -> {TRUE if clause['holds'] else FALSE}" + (f": {saw}" if saw else "")


def _band(page: Page, one: Document) -> None:
    of = one["of"]
    page.head(f"Band {one['name']}: {one['value'] or 'blank'}", _title(one))
    page.line(2, f"{of['text']} = {_number(of['value'])}", ", ".join(map(_step, one["steps"])))
    parts = [f"{part['name']} {_number(part['value'])}" for part in one["parts"]]
    if parts and [part["name"] for part in one["parts"]] != [of["text"]]:
        page.quiet(2, f"made of {', '.join(parts)}")
    if one["before"]:
        page.quiet(2, f"it was {one['before']} before this run")
    if one["note"]:
        page.line(2, one["note"])
    _changes(page, one["changes"])


def _step(step: Document) -> str:
    if step["from"] is None:
        return str(step["label"])
    hold = "" if step["until_below"] is None else f" (held until below {_number(step['until_below'])})"
    return f"{step['label']} from {_number(step['from'])}{hold}"


def _matrix(page: Page, one: Document) -> None:
    page.head(f"Matrix {one['name']}: {one['value'] or 'blank'}", _title(one))
    page.line(2, ", ".join(f"{side['name']} is {side['value'] or 'blank'}" for side in one["sides"]))
    _changes(page, one["changes"])


def _labels(page: Page, one: Document) -> None:
    word = "Stages" if one["kind"] == "stages" else "Classify"
    since = f", since {one['since']}" if one.get("since") else ""
    page.head(f"{word} {one['name']}: {one['value'] or 'blank'}{since}", _title(one))
    if one.get("note"):
        page.line(2, one["note"])
    for passed in one["passed"]:
        page.line(2, f"not {passed['label']}", passed["title"] or "")
        if passed["clauses"]:
            _clauses(page, 6, passed["clauses"])
        else:
            page.line(6, passed["reason"])
    if "taken" in one:
        page.line(2, f"{one['taken']['text']}")
        _values(page, 6, one["taken"]["values"])
    _changes(page, one["changes"])


def _segments(page: Page, segments: Sequence[Document]) -> None:
    page.head("Segments")
    inside = [one["name"] for one in segments if one["value"]]
    outside = [one["name"] for one in segments if not one["value"]]
    page.line(2, f"in: {', '.join(inside) or 'none'}")
    if outside:
        page.quiet(2, f"not in: {', '.join(outside)}")


def _segment(page: Page, one: Document) -> None:
    page.head(f"Segment {one['name']}: {'in' if one['value'] else 'not in'}", _title(one))
    page.quiet(2, one["text"])
    _clauses(page, 2, one["clauses"])
    _changes(page, one["changes"])


def _define(page: Page, one: Document) -> None:
    page.head(f"{one['name']}: {one['value']}", _title(one))
    page.rows(2, [["  " * v["depth"] + v["text"], f"-> {v['value']}"] for v in one["values"]])


def _changes(page: Page, changes: Document | None) -> None:
    """What it would take."""
    if changes is None:
        return
    needs = f" needs {_signed(changes['needs'])}" if changes["needs"] is not None and changes["needs"] > 0 else ""
    if not changes["ways"]:
        page.quiet(2, f"to {changes['to']}{needs}: no small change of fields and events was found")
        return
    page.line(2, f"to {changes['to']}{needs}:")
    for number, way in enumerate(changes["ways"]):
        gives = f" gives {_signed(way['gives'])}" if way["gives"] else ""
        because = f": {', '.join(way['because'])}" if way["because"] else ""
        page.line(4, f"{'or ' if number else ''}{way['text']}{gives}", f"-> {way['becomes']}{because}")


# -- whose it is ----------------------------------------------------------------------------------------------------


def _route(page: Page, one: Document) -> None:
    page.head(f"Route {one['name']}: {_what_came_of(one)}", _title(one))
    for why in filter(None, (one["why_not"], one["why_looked"])):
        page.line(2, why)
    if one["looked"] and one["order"]:
        way = "descending" if one["order"]["descending"] else "ascending"
        page.quiet(2, f"taken in the order of {one['order']['text']} {way}: {one['order']['value']}")
    for rule in one["rules"]:
        if rule["outcome"] != "not looked at":
            _route_rule(page, rule)
    rest = [rule["rule"] for rule in one["rules"] if rule["outcome"] == "not looked at"]
    if rest:
        page.quiet(2, f"not looked at, for {one['rule']} came first: {', '.join(rest)}")


def _what_came_of(route: Document) -> str:
    if not route["looked"]:
        return "did not look at it"
    if route["rule"] is None:
        return "no rule took it" if route["gave"] is None else f"no rule took it, {route['gave']} stays"
    keeps = any(rule["rule"] == route["rule"] and rule["reason"] == KEPT for rule in route["rules"])
    by = f"by {route['rule']}"
    if keeps:
        return f"{route['gave']} keeps it, {by}" if route["gave"] else f"left to nobody, {by}"
    return f"{route['gave'] or 'nobody'} {by}"


def _owner(page: Page, owner: Document) -> None:
    before, after = owner["before"] or "nobody", owner["after"] or "nobody"
    if before != after:
        page.head(f"Owner: {before} -> {after}", f"by {owner['by']}" if owner["by"] else "")
    elif owner["given"]:
        page.head(f"Owner: {after}", f"since {owner['given']['as_of']} by {owner['given']['by'] or 'the record'}")
    else:
        page.head(f"Owner: {after}", "as the record says" if owner["after"] else "")
    if owner["due"]:
        page.line(2, f"a response is due by {owner['due']}")


def _route_rule(page: Page, rule: Document) -> None:
    page.line(2, f"{rule['rule']}: {rule['outcome']}", rule["reason"])
    _clauses(page, 6, rule["clauses"])
    reps = rule["reps"]
    cells = [_rep(one, "share of capacity" if rule["by"] == "least_loaded" else "credit") for one in reps[:MOST_REPS]]
    page.rows(6, cells)
    if len(reps) > MOST_REPS:
        page.quiet(6, f"and {len(reps) - MOST_REPS} more reps")


def _rep(one: Document, measure: str) -> list[str]:
    stood = "" if one["stood_at"] is None else f"{measure} {number_text(one['stood_at'], 4)}"
    if one["chosen"]:
        said = "gets it"
    elif one["reason"] is None:
        said = "could have had it"
    else:
        said = " ".join(filter(None, [one["reason"], f"({one['detail']})" if one["detail"] else ""]))
    said += "".join(f"; {_clause(clause)}" for clause in one["clauses"])
    name = f"{one['rep']} {one['name']}" if one["name"] else one["rep"]
    return [name, stood, said]


# -- what moves it --------------------------------------------------------------------------------------------------


def _sequence(page: Page, one: Document, *, is_asked: bool) -> None:
    if not (one["before"] or one["after"] or one["moves"] or is_asked):
        return
    states = {(True, True): "in it", (False, True): "enters", (True, False): "leaves", (False, False): "not in it"}
    page.head(f"Sequence {one['name']}: {states[one['before'], one['after']]}", _title(one))
    if one["enrolled_at"]:
        page.line(2, f"enrolled at {one['enrolled_at']}")
    if one["note"]:
        page.line(2, one["note"])
    for move in one["moves"]:
        _action(page, 2, move)
    for door in one.get("doors", ()):
        but = f", but {door['but']}" if door["but"] else ""
        page.line(2, f"{door['rule']} could let it in, and {'fired' if door['fired'] else 'did not fire'}{but}")
    cells = [[step["due"] or "", step["status"], step["text"]] for step in one["steps"]]
    page.rows(2, cells)
    for step in one["steps"]:
        if step["because"]:
            page.line(2, f"step {step['number']}: {step['because']}")
            _clauses(page, 6, step["clauses"])
    for exit_ in one["exits"]:
        page.quiet(
            2, f"exit when {exit_['text'].removeprefix('exit all when ')} -> {TRUE if exit_['holds'] else FALSE}"
        )


def _triggers(page: Page, document: Document) -> None:
    triggers = document.get("triggers", ())
    if document["name"] is None and triggers:
        page.head("Triggers")
    for one in triggers:
        if document["name"] is not None:
            page.head(f"Trigger {one['name']}", _title(one))
        _trigger(page, one, is_asked=document["name"] is not None)


def _trigger(page: Page, one: Document, *, is_asked: bool) -> None:
    reason = f": {one['reason']}" if one["reason"] else ""
    if one["fired"] and one["set_off_at"]:
        reason = f": set off at {one['set_off_at']}"
    page.line(2, f"{one['name']} {'fired' if one['fired'] else 'did not fire'}{reason}", one["on"])
    _clauses(page, 6, one["clauses"])
    if is_asked or not one["fired"]:
        for action in one["actions"]:
            _action(page, 6, {**action, "because": action["reason"], "clauses": [], "due": None})


def _actions(page: Page, actions: Sequence[Document]) -> None:
    if not actions:
        return
    page.head("What happens in this run")
    for one in actions:
        _action(page, 2, one)


def _action(page: Page, indent: int, one: Document) -> None:
    what = " ".join(str(part) for part in (one["what"], "->" if _sets(one) else "", one["value"]) if part)
    template = f' template "{one["template"]}"' if one["template"] else ""
    due = f", due {one['due']}" if one["due"] else ""
    page.line(indent, f"{one['kind']} {what}{template}{due}", f"by {one['rule']}" if one["rule"] else "")
    if one["reason"]:
        page.line(indent + 4, f"withheld: {one['because']}")
        _clauses(page, indent + 4, one["clauses"])


def _sets(one: Document) -> bool:
    return one["kind"] in ("set", "assign", "enroll", "move", "stop")


def _assert(page: Page, one: Document) -> None:
    said = "is kept" if one["kept"] else "is broken"
    page.head(f"Assert {one['name']}: {said}" + ("" if one["applies"] else ", for it does not apply"), _title(one))
    page.quiet(2, one["text"])
    if not one["kept"] or not one["applies"]:
        _clauses(page, 2, one["clauses"])


# -- the way through time -------------------------------------------------------------------------------------------


def _history(page: Page, one: Document) -> None:
    page.head("History", one["note"] or "")
    for row in one["rows"]:
        page.line(2, f"{row['at']}  {row['text']}", f"({row['rule']})" if row["rule"] else "")
    summary = one["summary"]
    for name, way in summary["stages"].items():
        between = f", then {', '.join(way['intermediate'])}" if way["intermediate"] else ""
        page.line(2, f"{name}: first {way['first']}{between}, latest {way['latest']}")
    worked = summary["worked_months"]
    page.line(2, f"worked in {len(worked)} month{'' if len(worked) == 1 else 's'}", ", ".join(worked))
    first = summary["first_appointment"]
    if first is None:
        page.line(2, "no appointment yet")
    else:
        after = "" if first["days"] is None else f", {_number(first['days'])} days after it was created"
        page.line(2, f"first appointment at {first['at']}{after}", first["type"])


def _number(value: float | None) -> str:
    return "blank" if value is None else number_text(float(value), 4)


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'}{number_text(abs(value), 4)}"
