"""The laws of one mistake: one slip of the hand in rules that were right is one error, where it was made, with a way out.

Slips are made in the starter and in the examples, Japanese ones among them (tests/single_edits.py). A slip that leaves a
right program is none. `LAW_EXAMPLES=5000` looks longer.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass

import pytest
from tests.single_edits import Slip, World, fixed, slips

from leadrules.core.diagnostics import Diagnostic

SOURCES = (
    "rules",
    "examples/acme",
    "examples/sakura",
    "examples/recipes/salesforce",
    "examples/recipes/bank_marketing",
)
SHARES = (6, 3, 3, 1, 1)
EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "500"))
AT_MOST_TWICE = 0.005
# What is missing at the end of a block is told where the block begins, a definition that is gone where its name is used.
FAR = ("delete line", "delete brace")


@dataclass(frozen=True)
class Case:
    """A slip and the errors that it makes."""

    world: World
    slip: Slip
    errors: list[Diagnostic]

    def __str__(self) -> str:
        told = "".join(f"\n    {one.code} {one.span.file.path} {one.message}" for one in self.errors)
        return f"{self.slip.kind} in {self.slip.path}: {self.slip.shown}{told}"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    rng = random.Random(20261122)
    worlds = [World(source, tmp_path_factory.mktemp("world")) for source in SOURCES]
    streams = [slips(world, rng) for world in worlds]
    made = []
    for _ in range(EXAMPLES):
        at = rng.choices(range(len(SOURCES)), SHARES)[0]
        slip = next(streams[at])
        made.append(Case(worlds[at], slip, worlds[at].errors({slip.path: slip.text})))
    return made


def test_one_slip_is_one_error(cases: list[Case]) -> None:
    several = [case for case in cases if len(case.errors) > 1]
    assert len(several) <= AT_MOST_TWICE * len(cases), "\n".join(map(str, several))
    found = Counter(case.slip.kind for case in cases if case.errors)
    assert len(found) >= 20
    assert sum(found.values()) >= 0.8 * len(cases)


def test_the_error_is_where_the_slip_was_made(cases: list[Case]) -> None:
    told = [case for case in cases if len(case.errors) == 1 and case.slip.kind not in FAR]
    far = [case for case in told if not is_near(case)]
    assert len(far) <= 0.01 * len(told), "\n".join(map(str, far))


def is_near(case: Case) -> bool:
    """Whether the error begins, or ends, on the line of the slip or beside it."""
    span, slip = case.errors[0].span, case.slip
    if span.file.path != slip.path:
        return False
    first, last = (slip.text.count("\n", 0, at) + 1 for at in (slip.start, slip.end))
    begins, ends = span.file.position(span.start)[0], span.file.position(span.end)[0]
    return begins <= last + 1 and ends >= first - 1


def test_every_error_says_the_way_out(cases: list[Case]) -> None:
    errors = [one for case in cases for one in case.errors]
    assert not [one for one in errors if len(one.help) < 8 or one.help.rstrip().endswith(("has", "are:", "it can be:"))]
    assert not [one for one in errors if not one.message or not one.span.text]


def test_a_fix_leaves_a_file_that_is_better(cases: list[Case]) -> None:
    tried, worse = 0, []
    for case in cases:
        for one in case.errors:
            for fix in one.fixes:
                path = one.span.file.path
                text = case.slip.text if path == case.slip.path else case.world.texts[path]
                after = case.world.errors({case.slip.path: case.slip.text, path: fixed(text, fix)})
                tried += 1
                worse += [f"{case}\n    {fix.title}: {after[0].message}"] if len(after) >= len(case.errors) else []
    assert tried > 0.5 * len(cases)
    assert len(worse) <= 0.03 * tried, "\n".join(worse)
