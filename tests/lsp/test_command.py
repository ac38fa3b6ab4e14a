"""`leadrules lsp` says what is missing where its extra is not installed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from leadrules.cli import lsp


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsp, "find_spec", lambda name: None)
    result = CliRunner().invoke(lsp.lsp)
    assert result.exit_code == 2
    assert 'pip install "leadrules[lsp]"' in result.stderr
