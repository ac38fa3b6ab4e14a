"""The wiring to the protocol: requests to features, our types to the protocol's.

In: messages on standard input. Out: answers and findings on standard output. The only place that knows pygls; what a
feature says is decided in its own module.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from leadrules import __version__
from leadrules.core.diagnostics import Diagnostic, Fix
from leadrules.core.source import SourceFile, Span
from leadrules.lsp import colours, completion, features
from leadrules.lsp.analysis import Analysis
from leadrules.lsp.hover import hover
from leadrules.lsp.positions import Encoding, Lines
from leadrules.lsp.session import Session, Watched

FINDINGS_AFTER, STUDY_AFTER = 0.03, 0.7
REQUEST_FAILED = -32803
SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}
ITEM_KINDS = {
    "keyword": lsp.CompletionItemKind.Keyword,
    "function": lsp.CompletionItemKind.Function,
    "field": lsp.CompletionItemKind.Field,
    "event field": lsp.CompletionItemKind.Field,
    "attribute": lsp.CompletionItemKind.Field,
    "column": lsp.CompletionItemKind.Field,
    "event": lsp.CompletionItemKind.Event,
    "events": lsp.CompletionItemKind.Event,
    "label": lsp.CompletionItemKind.EnumMember,
    "value": lsp.CompletionItemKind.Value,
    "rep": lsp.CompletionItemKind.Value,
    "rule": lsp.CompletionItemKind.Method,
    "template text": lsp.CompletionItemKind.File,
}
OUTLINE_KINDS = {
    "rule": lsp.SymbolKind.Method,
    "score": lsp.SymbolKind.Class,
    "list": lsp.SymbolKind.Array,
    "table": lsp.SymbolKind.Array,
    "events": lsp.SymbolKind.Event,
    "segment": lsp.SymbolKind.Boolean,
    "define": lsp.SymbolKind.Variable,
    "test": lsp.SymbolKind.Method,
}
WATCHED = ("**/*.lead", "**/*.{yaml,json,csv}")


class Server(LanguageServer):
    """The server, with what the editor has open."""

    def __init__(self) -> None:
        super().__init__("leadrules", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
        self.session = Session()
        self.watches = False
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def encoding(self) -> Encoding:
        """The units of columns that were agreed on."""
        agreed = self.workspace.position_encoding
        if agreed == lsp.PositionEncodingKind.Utf8:
            return "utf-8"
        return "utf-32" if agreed == lsp.PositionEncodingKind.Utf32 else "utf-16"

    def lines(self, file: SourceFile) -> Lines:
        """The lines of a file in the editor's units."""
        return Lines(file.text, self.encoding)

    def range(self, span: Span, lines: Lines | None = None) -> lsp.Range:
        """A place as the protocol says it."""
        lines = lines or self.lines(span.file)
        start, end = lines.position(span.start), lines.position(span.end)
        return lsp.Range(lsp.Position(*start), lsp.Position(*end))

    def location(self, project: Watched, span: Span) -> lsp.Location:
        """A place with its file."""
        return lsp.Location(self.uri(project, span.file.path), self.range(span))

    def uri(self, project: Watched, name: str) -> str:
        """The file's address, as the editor gave it if it did."""
        path = project.opened.path(name)
        known = next((uri for uri, text in self.session.texts.items() if text.path == path), None)
        return known or uris.from_fs_path(str(path)) or path.as_uri()

    # -- findings ---------------------------------------------------------------------------------------------------

    def touched(self, project: Watched, *, at_once: bool = False) -> None:
        """A text of the project has changed: tell what is wrong soon, and begin the study when all is quiet."""
        project.stop()
        project.after(0 if at_once else FINDINGS_AFTER, "findings", lambda: self.tell(project))
        project.after(STUDY_AFTER, "study", lambda: self.begin_study(project))

    def begin_study(self, project: Watched) -> None:
        """Start the study beside everything else."""
        task = asyncio.get_running_loop().create_task(self._study(project))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _study(self, project: Watched) -> None:
        if await project.study():
            self.tell(project)

    def tell(self, project: Watched) -> None:
        """Publish the findings of every file for which they differ from what was told."""
        analysis = project.analysis
        by_path: dict[str, list[Diagnostic]] = {name: [] for name in (*analysis.cuts, *project.told)}
        for one in analysis.findings:
            by_path.setdefault(one.span.file.path, []).append(one)
        for name, found in by_path.items():
            self._tell_file(project, name, found)

    def _tell_file(self, project: Watched, name: str, found: list[Diagnostic]) -> None:
        uri = self.uri(project, name)
        text = self.session.texts.get(uri)
        shown = [
            self.diagnostic(project, one) for one in sorted(found, key=lambda d: (d.span.start, d.span.end, d.code))
        ]
        if text is None and not shown and not project.told.get(name):
            return
        version = text.version if text else None
        if project.told.get(name) == (version, shown):
            return
        project.told[name] = (version, shown)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, shown, version))

    def diagnostic(self, project: Watched, one: Diagnostic) -> lsp.Diagnostic:
        words = "\n".join(part for part in (one.message, one.help and f"help: {one.help}", *one.notes) if part)
        related = [lsp.DiagnosticRelatedInformation(self.location(project, r.span), r.message) for r in one.related]
        return lsp.Diagnostic(
            self.range(one.span),
            words,
            severity=SEVERITIES[one.severity],
            code=one.code,
            source="leadrules",
            related_information=related or None,
        )

    # -- places -----------------------------------------------------------------------------------------------------

    def at(self, uri: str, position: lsp.Position) -> tuple[Watched, Analysis, str, int]:
        """The project, what is known of it, the file's name and the offset."""
        project, analysis, name, lines = self.file(uri)
        return project, analysis, name, lines.offset(position.line, position.character)

    def file(self, uri: str) -> tuple[Watched, Analysis, str, Lines]:
        """The project of an address, what is known of it, the file's name and lines."""
        path = path_of(uri)
        project = self.session.project(path)
        analysis = project.analysis
        name = project.opened.name(path)
        cut = analysis.cuts.get(name)
        text = self.session.texts.get(uri)
        return project, analysis, name, Lines(cut.file.text if cut else text.text if text else "", self.encoding)

    def edit(self, project: Watched, edits: Iterable[tuple[Span, str]]) -> lsp.WorkspaceEdit:
        """Edits by file."""
        changes: dict[str, list[lsp.TextEdit]] = {}
        for span, text in edits:
            changes.setdefault(self.uri(project, span.file.path), []).append(lsp.TextEdit(self.range(span), text))
        return lsp.WorkspaceEdit(changes)


def path_of(uri: str) -> Path:
    """The file of an address."""
    return Path(uris.to_fs_path(uri) or uri).resolve()


server = Server()


@server.feature(lsp.INITIALIZED)
def initialized(ls: Server, params: lsp.InitializedParams) -> None:
    """Ask the editor to tell what changes on disk."""
    workspace = ls.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching is None or not watching.dynamic_registration:
        return
    watchers = [lsp.FileSystemWatcher(pattern) for pattern in WATCHED]
    options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
    one = lsp.Registration("files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    ls.client_register_capability(lsp.RegistrationParams([one]))


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
def did_open(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    """A file is shown."""
    document = params.text_document
    ls.touched(ls.session.open(document.uri, path_of(document.uri), document.text, document.version), at_once=True)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
def did_change(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    """A file was typed in. The edits are laid in here: the protocol's lines are not those of Python."""
    document = params.text_document
    known = ls.session.texts.get(document.uri)
    text = known.text if known else ""
    for change in params.content_changes:
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            lines = Lines(text, ls.encoding)
            start = lines.offset(change.range.start.line, change.range.start.character)
            end = lines.offset(change.range.end.line, change.range.end.character)
            text = text[:start] + change.text + text[end:]
        else:
            text = change.text
    ls.touched(ls.session.open(document.uri, path_of(document.uri), text, document.version))


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
def did_close(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    """A file is shown no more."""
    project = ls.session.close(params.text_document.uri)
    if project is not None:
        ls.touched(project)


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
def did_save(ls: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    """A schema, the team or leadrules.yaml may have been saved by an editor that watches no files."""
    path = path_of(params.text_document.uri)
    if path.suffix != ".lead":
        _reload(ls, [path])


@server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
def did_change_files(ls: Server, params: lsp.DidChangeWatchedFilesParams) -> None:
    """Files changed on disk. One that the editor shows counts as it is shown."""
    paths = [path_of(change.uri) for change in params.changes]
    shown = {text.path for text in ls.session.texts.values() if text.path.suffix == ".lead"}
    _reload(ls, [path for path in paths if path not in shown])


def _reload(ls: Server, paths: list[Path]) -> None:
    for root, project in list(ls.session.projects.items()):
        if any(path.is_relative_to(root) and ".leadrules" not in path.parts for path in paths):
            project.reload()
            ls.touched(project)


@server.feature(
    lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[".", '"', "("], resolve_provider=False)
)
def on_completion(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList:
    """What could be typed."""
    _, analysis, name, offset = ls.at(params.text_document.uri, params.position)
    items = completion.complete(analysis, name, offset)
    lines = ls.lines(analysis.cuts[name].file) if items else None
    return lsp.CompletionList(
        is_incomplete=False,
        items=[
            lsp.CompletionItem(
                item.label,
                kind=ITEM_KINDS.get(item.kind, lsp.CompletionItemKind.Variable),
                detail=item.detail or item.kind,
                sort_text=f"{item.kind == 'keyword':d}{number:05}",
                filter_text=item.text if item.text.startswith('"') else item.label,
                text_edit=lsp.TextEdit(ls.range(item.span, lines), item.text),
            )
            for number, item in enumerate(items)
        ],
    )


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
def on_hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    """What a name is."""
    _, analysis, name, offset = ls.at(params.text_document.uri, params.position)
    found = hover(analysis, name, offset)
    if found is None:
        return None
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found.markdown), ls.range(found.span))


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
def on_definition(ls: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Where a name is declared."""
    project, analysis, name, offset = ls.at(params.text_document.uri, params.position)
    span = features.definition(analysis, name, offset)
    return ls.location(project, span) if span else None


@server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
def on_references(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    """Where a name stands."""
    project, analysis, name, offset = ls.at(params.text_document.uri, params.position)
    declared = params.context.include_declaration
    return [ls.location(project, span) for span in features.references(analysis, name, offset, declared=declared)]


@server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
def on_prepare_rename(ls: Server, params: lsp.PrepareRenameParams) -> lsp.Range:
    """Whether a name can be changed."""
    _, analysis, name, offset = ls.at(params.text_document.uri, params.position)
    allowed = features.can_rename(analysis, name, offset)
    if isinstance(allowed, str):
        raise JsonRpcException(allowed, REQUEST_FAILED)
    return ls.range(allowed)


@server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
def on_rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    """Another name, everywhere."""
    project, analysis, name, offset = ls.at(params.text_document.uri, params.position)
    renamed = features.rename(analysis, name, offset, params.new_name)
    if renamed.refused:
        raise JsonRpcException(renamed.refused, REQUEST_FAILED)
    return ls.edit(project, renamed.edits)


@server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
def on_formatting(ls: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    """The one layout; what does not read stays as it is."""
    from leadrules.syntax.format import format_file

    _, analysis, name, lines = ls.file(params.text_document.uri)
    cut = analysis.cuts.get(name)
    if cut is None:
        return []
    text = format_file(cut.file).text
    return [] if text == cut.file.text else [lsp.TextEdit(ls.range(Span(cut.file, 0, len(cut.file.text)), lines), text)]


@server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]))
def on_code_action(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The fixes of the findings here."""
    project, analysis, name, lines = ls.file(params.text_document.uri)
    start = lines.offset(params.range.start.line, params.range.start.character)
    end = lines.offset(params.range.end.line, params.range.end.character)
    return [_action(ls, project, one, fix) for one, fix in features.fixes(analysis, name, start, end)]


def _action(ls: Server, project: Watched, one: Diagnostic, fix: Fix) -> lsp.CodeAction:
    return lsp.CodeAction(
        fix.title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[ls.diagnostic(project, one)],
        is_preferred=len(one.fixes) == 1,
        edit=ls.edit(project, ((edit.span, edit.text) for edit in fix.edits)),
    )


@server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def on_symbols(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The outline of a file."""
    _, analysis, name, lines = ls.file(params.text_document.uri)
    return [_outlined(ls, block, lines) for block in features.outline(analysis, name)]


def _outlined(ls: Server, block: features.Outline, lines: Lines) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        block.name or block.kind,
        OUTLINE_KINDS.get(block.kind, lsp.SymbolKind.Class),
        ls.range(block.span, lines),
        ls.range(block.name_span, lines),
        detail=block.detail if block.kind == "rule" else f"{block.kind} {block.detail}".strip(),
        children=[_outlined(ls, inner, lines) for inner in block.inner],
    )


@server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, lsp.SemanticTokensLegend(list(colours.KINDS), []))
def on_colours(ls: Server, params: lsp.SemanticTokensParams) -> lsp.SemanticTokens:
    """What each word is; each place is told from the one before."""
    _, analysis, name, lines = ls.file(params.text_document.uri)
    data: list[int] = []
    last_line = last_column = 0
    for one in colours.coloured(analysis, name):
        line, column = lines.position(one.span.start)
        step = line - last_line
        width = lines.width(one.span.text)
        data += [step, column if step else column - last_column, width, colours.KINDS.index(one.kind), 0]
        last_line, last_column = line, column
    return lsp.SemanticTokens(data)


@server.feature(lsp.SHUTDOWN)
def on_shutdown(ls: Server, params: Any) -> None:
    """Nothing goes on when the editor has gone."""
    ls.session.stop()


def serve() -> None:
    """Answer on standard input and output until the editor goes."""
    gc.set_threshold(200_000, 20, 20)
    # Of their own, for they are closed at the end; the program's are still there then.
    server.start_io(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
