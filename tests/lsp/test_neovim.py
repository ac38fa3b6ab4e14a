"""A client that nobody here wrote: Neovim as Debian ships it, without a screen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lsp.conftest import FILES, write

ROOT = Path(__file__).parents[2]
SCRIPT = """
local folder, command, out = ...
local answers = {}
vim.cmd('edit ' .. folder .. '/rules/scoring.lead')
local id = vim.lsp.start_client({ name = 'leadrules', cmd = command, root_dir = folder })
vim.lsp.buf_attach_client(0, id)
local function ask(method, line, column, more)
  local params = vim.tbl_extend('force', {
    textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = column } }, more or {})
  local found = vim.lsp.buf_request_sync(0, method, params, 30000) or {}
  return found[id] or {}
end
local function wait(count)
  vim.wait(30000, function() return #vim.diagnostic.get(0) == count end, 20)
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    table.insert(found, { one.lnum, one.col, one.end_col, one.code or (one.user_data and one.user_data.lsp.code), one.message })
  end
  return found
end
vim.wait(30000, function() return vim.lsp.get_client_by_id(id) and vim.lsp.get_client_by_id(id).initialized end, 20)
answers.hover = ask('textDocument/hover', 2, 38).result
answers.definition = ask('textDocument/definition', 2, 38).result
answers.completion = ask('textDocument/completion', 2, 12).result
vim.api.nvim_buf_set_lines(0, -1, -1, false, { 'segment `😀大` when employes > 3' })
answers.broken = wait(1)
vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'segment    `😀大` when   employees > 3' })
answers.mended = wait(0)
local edits = ask('textDocument/formatting', 0, 0, { options = { tabSize = 2, insertSpaces = true } }).result
vim.lsp.util.apply_text_edits(edits, 0, vim.lsp.get_client_by_id(id).offset_encoding)
answers.formatted = vim.api.nvim_buf_get_lines(0, 0, -1, false)
answers.rename = ask('textDocument/rename', 5, 6, { newName = 'warmth' }).result
local file = io.open(out, 'w')
file:write(vim.json and vim.json.encode(answers) or vim.fn.json_encode(answers))
file:close()
vim.lsp.stop_client(id)
vim.cmd('qall!')
"""


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed (Debian: apt-get install neovim)")
def test_neovim_shows_findings_hovers_completes_formats_and_renames(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder)
    out, script = tmp_path / "answers.json", tmp_path / "drive.lua"
    command = json.dumps([sys.executable, "-m", "leadrules.cli.main", "lsp"]).replace("[", "{").replace("]", "}")
    arguments = f"local folder, command, out = {json.dumps(str(folder))}, {command}, {json.dumps(str(out))}"
    script.write_text(SCRIPT.replace("local folder, command, out = ...", arguments), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-c", f"luafile {script}"],
        check=False, timeout=120, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert out.exists(), done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    line = "segment `😀大` when employes > 3"
    start = len(line[: line.index("employes")].encode())  # Neovim counts bytes
    assert [one[:3] for one in found["broken"]] == [[FILES["rules/scoring.lead"].count("\n"), start, start + 8]]
    assert "did you mean `employees`?" in found["broken"][0][4]
    assert not found["mended"]
    assert "**large**: segment" in found["hover"]["contents"]["value"]
    assert found["definition"]["range"]["start"] == {"line": 4, "character": len("segment ")}
    assert {"when", "each"} <= {item["label"] for item in found["completion"]["items"]}
    assert found["formatted"][-1] == line.replace("employes", "employees")
    assert sum(len(edits) for edits in found["rename"]["changes"].values()) == 4
