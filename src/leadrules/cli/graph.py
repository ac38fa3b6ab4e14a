"""`graph`: what of the rules reads what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from leadrules.cli.inputs import ready_to_deliver
from leadrules.cli.options import deliver, fail, out_option, project_option

if TYPE_CHECKING:
    from leadrules.show.diagram import Diagram


@click.command()
@project_option
@click.option(
    "--format", "form", type=click.Choice(["mermaid", "svg"]), help="Default: by the file's name, else mermaid."
)
@out_option
@click.option("--focus", metavar="NAME", help="Only a rule, field or event, what it reads and what reads it.")
@click.option(
    "--depth", type=click.IntRange(min=1), default=1, show_default=True, help="How many arrows from --focus, each way."
)
def graph(
    *, folder: Path | None, quiet: bool, form: str | None, output: Path | None, focus: str | None, depth: int
) -> None:
    """The rules as a picture: fields and events, scores, bands, segments, triggers, and what reads what."""
    from leadrules.review.graph import graph as graph_of

    _, ruleset = ready_to_deliver(folder, output).ready
    diagram = graph_of(ruleset)
    if focus is not None:
        diagram = _focused(diagram, focus, depth)
    if form == "svg" or (form is None and output is not None and output.suffix.lower() == ".svg"):
        from leadrules.show.layers import svg

        deliver(svg(diagram, f"The rules of {ruleset.settings.name}"), output, quiet=quiet)
        return
    from leadrules.show.mermaid import mermaid

    deliver(mermaid(diagram), output, quiet=quiet)


def _focused(diagram: Diagram, focus: str, depth: int) -> Diagram:
    from leadrules.core.text import nearest, nfc
    from leadrules.review.graph import named

    centres = named(diagram, nfc(focus))
    if not centres:
        guess = nearest(focus, [name for box in diagram.boxes for name in (box.name, box.key)])
        way_out = "name a definition, field or event; `leadrules graph` without --focus shows them all"
        fail(f"there is no `{focus}` among the rules", f"did you mean `{guess}`?" if guess else way_out)
    return diagram.around(centres, depth)
