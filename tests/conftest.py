"""Options of the whole suite."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A machine of CI is slow and shared: how long one example takes says nothing.
settings.register_profile("leadrules", deadline=None)
settings.load_profile("leadrules")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-cases` writes what is found into the case files; the change is reviewed like any other."""
    parser.addoption("--update-cases", action="store_true", help="rewrite the expectations of tests/language")
