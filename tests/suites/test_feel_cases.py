"""FEEL literal expressions of the DMN TCK, where the language means the same: arithmetic, rounding, text."""

from __future__ import annotations

import ast
import csv
import math
import re
from pathlib import Path
from typing import Any

import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.functions import OPERATIONS, Context
from leadrules.core.text import folded

CASES = Path(__file__).resolve().parents[3] / "shared/data/expression_cases/dmn_tck_feel_literal_cases.csv"
CONTEXT = Context(Calendar())
FUNCTIONS = {
    "floor": "floor",
    "ceiling": "ceil",
    "round half up": "round",
    "string length": "length",
    "upper case": "upper",
    "lower case": "lower",
    "contains": "contains",
    "abs": "abs",
}
OTHER_SUITES = ("0082-feel-coercion",)  # about the types that a decision declares
BINARY: dict[type, str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mult", ast.Div: "div"}


class OtherLanguageError(Exception):
    """FEEL that the language has no word for."""


def evaluate(node: ast.expr) -> Any:
    """A FEEL expression, read as Python's grammar does, by the row forms of the operations."""
    match node:
        case ast.Constant(value=None | str()):
            return node.value
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.Name(id="null"):
            return None
        case ast.UnaryOp(op=ast.USub()):
            return operate("neg", evaluate(node.operand))
        case ast.BinOp() if type(node.op) in BINARY:
            left, right = evaluate(node.left), evaluate(node.right)
            if isinstance(left, str) or isinstance(right, str):
                raise OtherLanguageError
            return operate({"mult": "mul"}.get(BINARY[type(node.op)], BINARY[type(node.op)]), left, right)
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return operate(name, *(evaluate(arg) for arg in node.args))
    raise OtherLanguageError


def operate(name: str, *args: Any) -> Any:
    """One operation; searches get their needle as the engines hand it in."""
    if name not in ("neg", "add", "sub", "mul", "div", *FUNCTIONS.values()) or (
        name in ("floor", "ceil") and len(args) != 1
    ):
        raise OtherLanguageError
    if name == "round" and len(args) == 2 and isinstance(args[1], float) and abs(args[1]) > 15:
        raise OtherLanguageError  # FEEL counts to 6,000 digits
    if name == "contains":
        if None in args or not args[1]:
            raise OtherLanguageError  # a null is no answer in FEEL, and no here; an empty part is an error here
        return OPERATIONS[name].row(CONTEXT, (), folded(args[0]), folded(args[1]))
    kinds = [{str: "text", float: "number"}.get(type(arg), "blank") for arg in args]
    fits = [kind == "blank" or kind in OPERATIONS[name].parameter(i).kinds for i, kind in enumerate(kinds)]
    if not all(fits) or len(args) < OPERATIONS[name].least or len(args) > (OPERATIONS[name].most or 99):
        raise OtherLanguageError
    return OPERATIONS[name].row(CONTEXT, None, *args)


def readable(expression: str) -> ast.expr | None:
    """The expression in Python's grammar, under the language's names."""
    for theirs, ours in FUNCTIONS.items():
        expression = re.sub(rf"\b{theirs}\(", f"{ours}(", expression)
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None


def test_the_operations_agree_with_feel() -> None:
    if not CASES.exists():
        pytest.skip("the DMN TCK cases are not here")
    compared = 0
    with CASES.open(encoding="utf-8", newline="") as file:
        for case in csv.DictReader(file):
            tree = readable(case["expression"])
            if (
                tree is None
                or case["suite"] in OTHER_SUITES
                or case["expected_type"] not in ("decimal", "string", "boolean", "null")
            ):
                continue
            try:
                found = evaluate(tree)
            except OtherLanguageError:
                continue
            if case["expected_type"] == "null":
                assert found is None, case
            elif case["expected_type"] == "decimal":
                assert math.isclose(found, float(case["expected"]), rel_tol=1e-12), case
            elif case["expected_type"] == "boolean":
                assert found is (case["expected"] == "true"), case
            else:
                assert found == case["expected"], case
            compared += 1
    assert compared > 80
