"""The real process over standard input and output, driven by a client of pytest-lsp with the manners of three editors."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client
from tests.lsp.conftest import FILES, write

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "leadrules.cli.main", "lsp"]
SCORING = "rules/scoring.lead"


def uri(folder: Path, name: str) -> str:
    return (folder / name).as_uri()


@pytest_asyncio.fixture(params=["visual-studio-code", "neovim", "emacs"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LanguageClient]:
    write(tmp_path)
    one = make_test_lsp_client()
    one.feature(lsp.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
    await one.start_io(*COMMAND, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    params = lsp.InitializeParams(client_capabilities(request.param), root_uri=tmp_path.as_uri())
    one.tmp_path = tmp_path  # type: ignore[attr-defined]
    one.agreed = await one.initialize_session(params)  # type: ignore[attr-defined]
    yield one
    await one.shutdown_session()
    await one.stop()  # type: ignore[no-untyped-call] # pygls leaves it without types


def show(client: LanguageClient, folder: Path, name: str, text: str | None = None) -> str:
    address = uri(folder, name)
    text = FILES[name] if text is None else text
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(address, "leadrules", 1, text)))
    return address


async def told(client: LanguageClient, address: str, wanted: set[str]) -> list[lsp.Diagnostic]:
    """The findings of a file, once they are of these codes."""
    for _ in range(800):
        found = client.diagnostics.get(address, [])
        if {str(one.code) for one in found} == wanted:
            return list(found)
        await asyncio.sleep(0.05)
    raise AssertionError(f"{address}: {client.diagnostics.get(address)}, wanted {wanted}")


def units(client: LanguageClient, text: str) -> int:
    """The length of a text in what was agreed on."""
    encoding = client.agreed.capabilities.position_encoding  # type: ignore[attr-defined]
    codec, size = {"utf-8": ("utf-8", 1), "utf-32": ("utf-32-le", 4)}.get(encoding, ("utf-16-le", 2))
    return len(text.encode(codec)) // size


@pytest.mark.asyncio
async def test_a_session(client: LanguageClient) -> None:
    folder: Path = client.tmp_path  # type: ignore[attr-defined]
    address = show(client, folder, SCORING)
    await _typing(client, folder, address)
    await _asking(client, folder, address)
    await _changing(client, folder, address)
    await _elsewhere(client, folder, address)


async def _typing(client: LanguageClient, folder: Path, address: str) -> None:
    """Findings follow the text, at columns of the client's units, also behind emoji and Japanese."""
    line = 'segment `😀` when industry = "小売😀" and indsutry = "小売"\n'
    last = FILES[SCORING].count("\n")
    at = lsp.Position(last, 0)
    change = lsp.TextDocumentContentChangePartial(range=lsp.Range(at, at), text=line)
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(2, address), [change])
    )
    found = await told(client, address, {"LR104", "LR110"})
    unknown = next(one for one in found if one.code == "LR104")
    start, end = units(client, line[: line.index("indsutry")]), units(client, line[: line.index(' = "小売"\n')])
    assert unknown.range == lsp.Range(lsp.Position(last, start), lsp.Position(last, end))
    actions = await client.text_document_code_action_async(
        lsp.CodeActionParams(lsp.TextDocumentIdentifier(address), unknown.range, lsp.CodeActionContext([unknown]))
    )
    assert actions is not None
    edits = [a.edit.changes[address] for a in actions if isinstance(a, lsp.CodeAction) and a.edit and a.edit.changes]
    assert [(e.range, e.new_text) for e in edits[0]] == [(unknown.range, "industry")]
    # Typed with the client's own units: the misspelt word is replaced, and what was an emoji in a text becomes nothing.
    first = lsp.TextDocumentContentChangePartial(range=unknown.range, text="industry")
    face = units(client, line[: line.index('😀" and')])
    second = lsp.TextDocumentContentChangePartial(
        range=lsp.Range(lsp.Position(last, face), lsp.Position(last, face + units(client, "😀"))), text=""
    )
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(3, address), [first, second])
    )
    for _ in range(800):
        if not [one for one in client.diagnostics.get(address, []) if one.severity == lsp.DiagnosticSeverity.Error]:
            break
        await asyncio.sleep(0.05)
    assert not [o for o in client.diagnostics.get(address, []) if o.severity == lsp.DiagnosticSeverity.Error]


async def _asking(client: LanguageClient, folder: Path, address: str) -> None:
    document = lsp.TextDocumentIdentifier(address)
    place = lsp.Position(1, FILES[SCORING].splitlines()[1].rindex("industry") + 2)
    shown = await client.text_document_hover_async(lsp.HoverParams(document, place))
    assert shown is not None
    assert isinstance(shown.contents, lsp.MarkupContent)
    assert "What they sell." in shown.contents.value
    rule = lsp.Position(1, 3)
    for _ in range(800):
        shown = await client.text_document_hover_async(lsp.HoverParams(document, rule))
        if shown is not None and "fires on 2 of the 3 leads" in shown.contents.value:  # type: ignore[union-attr]
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError(shown)
    where = await client.text_document_definition_async(lsp.DefinitionParams(document, place))
    assert isinstance(where, lsp.Location)
    assert where.uri == uri(folder, "rules/lead.schema.json")
    asked = lsp.ReferenceParams(lsp.ReferenceContext(include_declaration=True), document, lsp.Position(6, 3))
    found = await client.text_document_references_async(asked)
    assert found is not None
    assert [one.uri.rpartition("/")[2] for one in found] == ["moves.lead"] * 3 + ["scoring.lead"]
    items = await client.text_document_completion_async(
        lsp.CompletionParams(document, lsp.Position(2, FILES[SCORING].splitlines()[2].index("and") + 4))
    )
    assert isinstance(items, lsp.CompletionList)
    assert {"industry", "large", "temperature", "did", "not"} <= {item.label for item in items.items}
    outline = await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document))
    assert outline is not None
    assert [one.name for one in outline] == ["fit", "large", "temperature", "😀"]
    colours = await client.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(document))
    assert colours is not None
    assert list(colours.data[:5]) == [0, 0, len("score"), 0, 0]


async def _changing(client: LanguageClient, folder: Path, address: str) -> None:
    document = lsp.TextDocumentIdentifier(address)
    renamed = await client.text_document_rename_async(lsp.RenameParams(document, lsp.Position(6, 3), "boiling hot"))
    assert renamed is not None
    assert renamed.changes is not None
    assert {one.rpartition("/")[2]: len(edits) for one, edits in renamed.changes.items()} == {
        "moves.lead": 3,
        "scoring.lead": 1,
    }
    assert {edit.new_text for edits in renamed.changes.values() for edit in edits} == {"`boiling hot`"}
    with pytest.raises(JsonRpcException, match="twice"):
        await client.text_document_rename_async(lsp.RenameParams(document, lsp.Position(6, 3), "cold"))
    with pytest.raises(JsonRpcException, match="lead schema"):
        await client.text_document_prepare_rename_async(lsp.PrepareRenameParams(document, lsp.Position(1, 35)))
    untidy = show(
        client, folder, "rules/moves.lead", FILES["rules/moves.lead"].replace(" {\n  team:", "{\n\n      team:")
    )
    edits = await client.text_document_formatting_async(
        lsp.DocumentFormattingParams(lsp.TextDocumentIdentifier(untidy), lsp.FormattingOptions(2, True))
    )
    assert edits is not None
    assert "route sales {\n  team: team inside by round_robin when temperature is hot\n" in edits[0].new_text


async def _elsewhere(client: LanguageClient, folder: Path, address: str) -> None:
    """A schema that changes on disk; a file that is closed."""
    schema = folder / "rules" / "lead.schema.json"
    schema.write_text(FILES["rules/lead.schema.json"].replace('"employees"', '"people"'), encoding="utf-8")
    event = lsp.FileEvent(schema.as_uri(), lsp.FileChangeType.Changed)
    client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
    found = await told(client, address, {"LR104"})
    assert "there is no name `employees`" in found[0].message
    client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(address)))
