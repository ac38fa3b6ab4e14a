"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-cases` writes what is found into the case files; the change is reviewed like any other."""
    parser.addoption("--update-cases", action="store_true", help="rewrite the expectations of tests/language")
