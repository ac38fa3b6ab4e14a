"""What follows from a mistake that is already told.

In: the scope of a compilation that is through. Out: its findings without those that come of another: in lines that could
not be read as they are, of a block that lost its name, and all places but one of a name that is nowhere defined. Judges
no expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import SequenceMatcher

from leadrules.compile.scope import Scope, as_name
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix, Related
from leadrules.core.source import Span

MOST_PLACES = 20  # that one finding shows
_LIKELY = 0.8  # how like another a name is that several places use, if it is meant as that
_MANY = 5  # places of one file that a block's own name is held against

Inner = Callable[[], Iterable[tuple[tuple[str, str], Span]]]


def forgive(scope: Scope, inner: Inner) -> None:
    """Keep of the findings those that somebody has to mend. `inner` gives the labels and rules of blocks."""
    scars = [scar for statement in scope.names.statements for scar in statement.scars]
    if scars:
        kept = [one for one in scope.diagnostics if not any(_lies_in(one.span, scar) for scar in scars)]
        scope.diagnostics = kept
    _forgive_nameless(scope)
    if scope.strange:
        _tell_once(scope, inner)


def _forgive_nameless(scope: Scope) -> None:
    """For each block without a name the unknown name that is used most may be its own."""
    if not scope.nameless:
        return
    strange = {key: found for key, found in scope.strange.items() if "." not in key[1]}
    likely = sorted(strange, key=lambda key: (key[0] is not None, -len(strange[key])))[: scope.nameless]
    _drop(scope, {id(one) for key in likely for one in strange[key]})


def _tell_once(scope: Scope, inner: Inner) -> None:
    """A name that several places use, and that is not defined, is one mistake: unless it is like one that others use."""
    alive = {id(one) for one in scope.diagnostics}
    for (near, name), found in list(scope.strange.items()):
        places = [one for one in found if id(one) in alive]
        if len(places) < 2:
            continue
        declared = _unused(scope, near, name.rpartition(".")[0], inner) if near is not None else None
        if declared is not None and (
            len(places) >= _MANY or any(one.span.file.path != declared.file.path for one in places)
        ):
            _drop(scope, {id(one) for one in places})
            scope.report(_misnamed(near or "", declared, places))
        elif near is None or SequenceMatcher(None, near, name.rpartition(".")[2]).ratio() < _LIKELY:
            _tell_undefined(scope, name, near is not None, places)


def _tell_undefined(scope: Scope, name: str, guessed: bool, places: list[Diagnostic]) -> None:
    """One finding for all places that say the same of a name."""
    groups: dict[str, list[Diagnostic]] = {}
    for one in places:
        groups.setdefault(one.message, []).append(one)
    for first, *others in groups.values():
        if others:
            _drop(scope, {id(one) for one in (first, *others)})
            hint = f"define `{name.rpartition('.')[2]}`, or name what is meant" if guessed else first.help
            count = "one more place uses it" if len(others) == 1 else f"{len(others)} more places use it"
            related = _used_in(one.span for one in others)
            message = f"{first.message} ({count})"
            scope.report(replace(first, message=message, help=hint, related=related, fixes=()))


def _unused(scope: Scope, name: str, owner: str, inner: Inner) -> Span | None:
    """Where a name is declared, if nothing uses it; with an `owner`, the label or rule of that block."""
    if owner:
        spans = {key: span for key, span in inner() if key[1] == f"{owner}.{name}"}
    else:
        spans = {(one.kind, one.name): one.span for one in scope.names.declarations() if one.name == name}
    used = any(scope.is_used(*key) for key in spans)
    return next(iter(spans.values())) if len(spans) == 1 and not used else None


def _misnamed(name: str, declared: Span, places: list[Diagnostic]) -> Diagnostic:
    """Everybody says it otherwise than the block that declares it."""
    used = places[0].span.text.strip('`"')
    return finding(
        places[0].code,
        declared,
        f"nothing uses `{name}`, and {len(places)} places use `{used}`, which is not defined",
        label="named otherwise where it is used",
        help=f"did you mean `{used}`?",
        related=_used_in(one.span for one in places),
        fixes=(Fix(f"change to `{used}`", (Edit(declared, as_name(used, declared)),)),),
    )


def _used_in(spans: Iterable[Span]) -> tuple[Related, ...]:
    return tuple(Related(span, "used here") for span in list(spans)[:MOST_PLACES])


def _drop(scope: Scope, dropped: set[int]) -> None:
    scope.diagnostics = [one for one in scope.diagnostics if id(one) not in dropped]


def _lies_in(span: Span, scar: Span) -> bool:
    return span.file is scar.file and scar.start <= span.start < max(scar.end, scar.start + 1)
