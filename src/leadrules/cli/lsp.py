"""`lsp`: the language server."""

from __future__ import annotations

from importlib.util import find_spec

import click

from leadrules.cli.options import fail


@click.command()
@click.option("--stdio", is_flag=True, help="As most editors say it; there is no other way.")
def lsp(*, stdio: bool) -> None:
    """The language server on standard input and output, which an editor starts (docs/editors.md)."""
    if find_spec("pygls") is None:
        fail("the language server needs pygls, which is not installed", 'run: pip install "leadrules[lsp]"')
    from leadrules.lsp.server import serve

    serve()
