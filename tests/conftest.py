"""Options of the whole suite."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A machine of CI is slow and shared: how long one example takes says nothing. And what fails must fail again: the examples
# are the same every time, and `make test-all` looks for others.
settings.register_profile("leadrules", deadline=None, derandomize="LAW_EXAMPLES" not in os.environ)
settings.load_profile("leadrules")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-cases` writes what is found into the case files; the change is reviewed like any other."""
    parser.addoption("--update-cases", action="store_true", help="rewrite the expectations of tests/language")
