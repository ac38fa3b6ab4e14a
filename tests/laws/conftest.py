"""What all laws share."""

from __future__ import annotations

import pytest

from leadrules.lifecycle import lead_columns


@pytest.fixture(autouse=True)
def few_leads_held_as_many_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The companies of the laws are small, and a million leads must come to the same."""
    monkeypatch.setattr(lead_columns, "SMALL", 0)
