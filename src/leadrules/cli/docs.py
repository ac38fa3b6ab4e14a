"""`docs`: the rules in words."""

from __future__ import annotations

from pathlib import Path

import click

from leadrules.cli.inputs import ready_to_deliver
from leadrules.cli.options import deliver, out_option, project_option


@click.command()
@project_option
@out_option
def docs(folder: Path | None, quiet: bool, output: Path | None) -> None:
    """The rules as Markdown in plain English, for those who sign them off."""
    from leadrules.review.prose.page import prose_page

    deliver(prose_page(ready_to_deliver(folder, output)), output, quiet=quiet)
