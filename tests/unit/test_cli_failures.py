"""What a user sees of a mistake of ours, whatever raised it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from polars.exceptions import PanicException

import leadrules.cli.main as program


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The exit code of a command that ends in an error."""

    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(program.cli, "main", broken)
    return program._exit_code()


@pytest.mark.parametrize("error", [ValueError("half"), PanicException("index out of bounds")])
def test_a_mistake_of_ours_leaves_its_traceback_in_a_file(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert ending(monkeypatch, error) == 2
    said = capsys.readouterr().err
    assert f"made a mistake of its own ({type(error).__name__}: {error})" in said
    assert "Traceback" not in said
    kept = re.search(r"with this file: (.*)", said)
    assert kept is not None
    assert "Traceback" in Path(kept[1]).read_text(encoding="utf-8")


def test_who_interrupts_a_command_is_not_told_of_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        ending(monkeypatch, KeyboardInterrupt())
