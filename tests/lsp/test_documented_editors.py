"""The set-ups that docs/editors.md gives for Emacs and Helix, as they are written there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.lsp.conftest import write

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
EMACS = ["emacs", "-q", "--batch", "--eval", "(package-initialize)"]
DRIVE = """
(require 'eglot)
(load "%s")
(find-file "%s")
(run-hooks 'post-command-hook)
(let ((until (+ (float-time) 60)) found)
  (while (and (not found) (< (float-time) until))
    (accept-process-output nil 0.1)
    (setq found (flymake-diagnostics)))
  (dolist (one found)
    (princ (format "%%s-%%s %%s\\n" (flymake-diagnostic-beg one) (flymake-diagnostic-end one) (flymake-diagnostic-text one)))))
"""
# What Helix reads of a language and of a language server; it refuses a key of a language that it does not know.
HELIX_LANGUAGE = {
    "name", "language-id", "scope", "injection-regex", "file-types", "shebangs", "roots", "auto-format",
    "diagnostic-severity", "comment-token", "comment-tokens", "block-comment-tokens", "indent", "language-servers",
    "grammar", "formatter", "soft-wrap", "text-width", "rulers", "path-completion", "word-completion",
    "workspace-lsp-roots", "persistent-diagnostic-sources", "debugger", "auto-pairs", "config",
}  # fmt: skip
HELIX_SERVER = {"command", "args", "config", "timeout", "environment", "required-root-patterns"}


def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def has_eglot() -> bool:
    if shutil.which("emacs") is None:
        return False
    command = [*EMACS, "--eval", "(unless (require 'eglot nil t) (kill-emacs 1))"]
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


@pytest.mark.skipif(not has_eglot(), reason="Emacs with eglot is not installed (Debian: emacs-nox elpa-eglot)")
def test_emacs_shows_a_finding_with_the_documented_lines(tmp_path: Path) -> None:
    folder, programs = tmp_path / "project", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    write(folder)
    (folder / "rules" / "broken.lead").write_text("segment fresh when employes > 3\n", encoding="utf-8")
    (tmp_path / "documented.el").write_text(block("elisp"), encoding="utf-8")
    script = tmp_path / "drive.el"
    script.write_text(DRIVE % (tmp_path / "documented.el", folder / "rules" / "broken.lead"), encoding="utf-8")
    program = programs / "leadrules"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m leadrules.cli.main "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": path}
    done = subprocess.run(
        [*EMACS, "-l", str(script)], check=False, timeout=120, env=env, capture_output=True, text=True
    )
    # Emacs counts characters from 1, the end exclusive.
    assert done.stdout.startswith("20-28 "), done.stdout + done.stderr
    assert "did you mean `employees`?" in done.stdout


def test_helix_knows_every_key_of_the_documented_lines() -> None:
    written = tomllib.loads(block("toml"))
    assert set(written) == {"language-server", "language"}
    (language,) = written["language"]
    assert set(language) <= HELIX_LANGUAGE
    assert {"name", "scope", "file-types"} <= set(language)
    for name in language["language-servers"]:
        assert set(written["language-server"][name]) <= HELIX_SERVER
    assert language["file-types"] == ["lead"]
