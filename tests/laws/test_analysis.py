"""A law: what the analysis says of a small finite schema is what trying every lead says.

Random classify lists, scores and bands over four fields of a few values each. Every lead of the schema goes through the
row engine; its answers decide which lines are contradictory, shadowed, overlapping, which lists have gaps and which
thresholds are out of reach. Over single fields the analysis must say exactly that; where conditions compare fields with
each other or compute, it may say less, never more.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from leadrules.analyse.analyse import Request, analyse, study
from leadrules.compile.compile import compile_project
from leadrules.core.calendar import Calendar
from leadrules.core.diagnostics import Diagnostic, has_errors
from leadrules.core.functions import Context
from leadrules.core.source import SourceFile
from leadrules.engine.row import prepare
from leadrules.project.model import Project
from leadrules.project.project import load_project
from leadrules.ruleset.model import Classify, Expr, Ruleset
from leadrules.syntax.parse import parse

PROGRAMS = int(os.environ.get("LAW_EXAMPLES", "120")) // 2
VALUES: dict[str, list[Any]] = {
    "kind": [None, "Red", "Green", "Blue"],
    "flag": [None, True, False],
    "size": [None, *(float(n) for n in range(6))],
    "rank": [float(n) for n in range(3)],
}
LEADS = [dict(zip(VALUES, values, strict=True)) for values in itertools.product(*VALUES.values())]
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "x-key": True},
        "kind": {"type": "string", "enum": ["Red", "Green", "Blue"]},
        "flag": {"type": "boolean"},
        "size": {"type": "integer", "minimum": 0, "maximum": 5},
        "rank": {"type": "integer", "minimum": 0, "maximum": 2},
    },
    "required": ["id", "rank"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("small")
    (folder / "rules").mkdir()
    (folder / "leadrules.yaml").write_text("version: 1\n", encoding="utf-8")
    (folder / "rules" / "lead.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    (folder / "rules" / "events.schema.json").write_text('{"type": "object", "properties": {}}', encoding="utf-8")
    (folder / "rules" / "team.yaml").write_text("reps: {}\n", encoding="utf-8")
    (folder / "rules" / "a.lead").write_text("", encoding="utf-8")
    loaded = load_project(folder)
    assert loaded.project is not None, loaded.diagnostics
    return loaded.project


# -- random programs ------------------------------------------------------------------------------------------------


def leaf(rng: random.Random, *, mixed: bool) -> str:
    number, op = rng.choice(["size", "rank"]), rng.choice(["<", "<=", ">", ">=", "=", "!="])
    choices = [
        f"{number} {op} {rng.randint(0, 4)}",
        f"{number} between {rng.randint(0, 2)} and {rng.randint(1, 4)}",
        f'kind {rng.choice(["=", "!="])} "{rng.choice(["red", "Green", "BLUE"])}"',
        f'kind {rng.choice(["in", "not in"])} ("Red", "Green")',
        f'kind {rng.choice(["contains", "starts with", "ends with"])} "{rng.choice(["re", "e", "blu", "en"])}"',
        f'kind not contains "{rng.choice(["re", "e", "u"])}"',
        f"{rng.choice(['kind', 'flag', 'size'])} is {rng.choice(['', 'not '])}blank",
        rng.choice(["flag", "not flag", "flag = true", "flag = false"]),
    ]
    if mixed:
        choices += [
            f"size {op} rank",
            f"size * 2 - 1 {op} {rng.randint(-1, 9)}",
            f"max(size, rank) {op} {rng.randint(0, 5)}",
            f"coalesce(size, 7) {op} {rng.randint(0, 7)}",
            f"if(flag, size, rank) {op} {rng.randint(0, 4)}",
            f"abs(size - 3) {op} {rng.randint(0, 3)}",
        ]
    return rng.choice(choices)


def condition(rng: random.Random, depth: int = 2, *, mixed: bool = False) -> str:
    if depth == 0 or rng.random() < 0.35:
        return leaf(rng, mixed=mixed)
    parts = [condition(rng, depth - 1, mixed=mixed) for _ in range(rng.choice([2, 2, 3]))]
    joined = f" {rng.choice(['and', 'and', 'or'])} ".join(f"({part})" for part in parts)
    return f"not ({joined})" if rng.random() < 0.15 else joined


def listing(rng: random.Random, *, mixed: bool) -> str:
    lines = [f"  l{n}: when {condition(rng, mixed=mixed)}" for n in range(rng.randint(2, 6))]
    if rng.random() < 0.4:
        lines.append("  rest: otherwise")
    return "classify list_ {\n" + "\n".join(lines) + "\n}\n"


def scoring(rng: random.Random) -> str:
    """A score with a group and bounds, and a band that it may or may not reach."""

    def rule(name: str) -> str:
        return f"  {name}: {rng.choice(['+', '+', '-'])}{rng.randint(1, 9)} when {condition(rng, 1)}"

    lines = [rule(f"r{n}") for n in range(rng.randint(1, 4))]
    if rng.random() < 0.6:
        effect = rng.choice(["first match", f"at most {rng.randint(2, 9)} points", ""])
        lines += [f"  group g {effect} {{", *(rule(f"g{n}") for n in range(rng.randint(1, 3))), "  }"]
    lines += [f"  cap {rng.randint(4, 12)}"] if rng.random() < 0.4 else []
    lines += [f"  floor {rng.randint(-9, 2)}"] if rng.random() < 0.4 else []
    high = rng.randint(3, 20)
    band = f"band heat of points {{ hot: from {high}  warm: from {high - rng.randint(1, 9)}  cold: otherwise }}"
    return "score points {\n" + "\n".join(lines) + f"\n}}\n{band}\n"


# -- both answers ---------------------------------------------------------------------------------------------------


def compiled(text: str, project: Project) -> tuple[Ruleset, list[Diagnostic]]:
    module, found = parse(SourceFile("rules/a.lead", text))
    result = compile_project(project, [module])
    assert not has_errors([*found, *result.diagnostics]), (text, found, result.diagnostics)
    assert result.ruleset is not None
    request = Request(overlaps=True)
    return result.ruleset, analyse(study(project, result.ruleset, [module], result.symbols, request), request)


@cache
def context() -> Context:
    return Context(Calendar("UTC"), datetime(2026, 1, 1, tzinfo=UTC))


def answers(ruleset: Ruleset, expressions: Sequence[Expr]) -> list[tuple[bool, ...]]:
    """Per lead, which of the conditions hold."""
    program = prepare(ruleset, {})
    rows = []
    for lead in LEADS:
        facts = program.facts({k: v for k, v in lead.items() if v is not None}, [], context(), {"key": "x"})
        rows.append(tuple(program.value(one, facts) is True for one in expressions))
    return rows


def lines_with(found: Sequence[Diagnostic], code: str, names: Sequence[str]) -> set[str]:
    """The names of the lines at which a code is found; `when` and its parts stand on the line of their label."""
    lines = {d.span.file.line(d.span.file.position(d.span.start)[0]).strip() for d in found if d.code == code}
    return {name for name in names if any(line.startswith(f"{name}:") for line in lines)}


def by_brute_force(classify: Classify, rows: Sequence[tuple[bool, ...]]) -> Mapping[str, set[str]]:
    names = [label.name for label in classify.labels if label.condition is not None]
    met = [{n for n, row in enumerate(rows) if row[i]} for i in range(len(names))]
    first = [{n for n in met[i] if not any(rows[n][:i])} for i in range(len(names))]
    dead = {name for name, leads in zip(names, met, strict=True) if not leads}
    shadowed = {name for i, name in enumerate(names) if met[i] and not first[i]}
    alive = [i for i, name in enumerate(names) if name not in dead | shadowed]
    pairs = [(i, j) for i, j in itertools.combinations(alive, 2) if met[i] & met[j]]
    overlapping = {names[j] for i, j in pairs if met[i] - met[j] and met[j] - met[i]}
    has_otherwise = len(names) < len(classify.labels)
    gap = set() if has_otherwise or all(any(row) for row in rows) else {"gap"}
    return {"LR201": dead, "LR202": shadowed, "LR203": overlapping, "LR204": gap}


def said(classify: Classify, found: Sequence[Diagnostic]) -> Mapping[str, set[str]]:
    names = [label.name for label in classify.labels if label.condition is not None]
    lines = {code: lines_with(found, code, names) for code in ("LR201", "LR202", "LR203")}
    return lines | {"LR204": {"gap"} if any(d.code == "LR204" for d in found) else set()}


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_over_single_fields_the_analysis_says_exactly_what_trying_says(seed: int, project: Project) -> None:
    text = listing(random.Random(seed), mixed=False)
    ruleset, found = compiled(text, project)
    (classify,) = (d for d in ruleset.definitions if isinstance(d, Classify))
    rows = answers(ruleset, [label.condition for label in classify.labels if label.condition is not None])
    assert said(classify, found) == by_brute_force(classify, rows), text
    assert not [d for d in found if d.code == "LR200"], text


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_over_computed_values_the_analysis_never_says_more(seed: int, project: Project) -> None:
    text = listing(random.Random(10_000 + seed), mixed=True)
    ruleset, found = compiled(text, project)
    (classify,) = (d for d in ruleset.definitions if isinstance(d, Classify))
    rows = answers(ruleset, [label.condition for label in classify.labels if label.condition is not None])
    truth, claimed = by_brute_force(classify, rows), said(classify, found)
    assert claimed["LR201"] <= truth["LR201"], text
    assert claimed["LR202"] <= truth["LR202"] | truth["LR201"], text
    assert claimed["LR204"] <= truth["LR204"], text
    met = list(zip(*rows, strict=True))
    names = [label.name for label in classify.labels if label.condition is not None]
    for name in claimed["LR203"]:
        own = met[names.index(name)]
        earlier = met[: names.index(name)]
        assert any(any(a and b for a, b in zip(own, other, strict=True)) for other in earlier), text


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_what_a_score_can_be_is_what_it_is_for_some_lead(seed: int, project: Project) -> None:
    text = scoring(random.Random(20_000 + seed))
    ruleset, found = compiled(text, project)
    program = prepare(ruleset, {})
    points = [program.facts(lead, [], context(), {"key": "x"}).values["points"] for lead in LEADS]
    band = next(d for d in ruleset.definitions if d.name == "heat")
    hot, warm = (label.start for label in band.labels[:2])  # type: ignore[attr-defined]
    out_of_reach = {name for name, start in (("hot", hot), ("warm", warm)) if max(points) < start}
    always = {"hot"} if min(points) >= hot else {"warm"} if min(points) >= warm else set()
    messages = {code: " ".join(d.message for d in found if d.code == code) for code in ("LR206", "LR207")}
    assert {name for name in ("hot", "warm") if f"`{name}` is never" in messages["LR206"]} == out_of_reach, text
    assert {name for name in ("hot", "warm") if f"least `{name}`" in messages["LR207"]} == always, text
