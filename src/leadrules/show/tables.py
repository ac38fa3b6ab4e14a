"""A document of tables, and its three looks: terminal, Markdown, HTML.

In: sections of plain cells. Out: text. A cell is text, a number or a `Bar`; nothing is computed here but widths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal

from leadrules.core.records import dataclass
from leadrules.show.text import width as width_of

BLOCKS = " ▏▎▍▌▋▊▉█"
# What Markdown would take for its own: an underscore within a word and an `&` that begins no entity stay as they are.
_MARKUP = re.compile(r"[\\|<`*\[~]|&(?=#?\w+;)|(?<!\w)_|_(?!\w)")


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of a whole, 0 to 1, drawn as a small bar."""

    share: float


Cell = str | int | float | Bar | None
Look = Literal["text", "markdown", "html"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a table under it (possibly none), in HTML a drawing (SVG), and lines of prose under that.

    What is `folded` shows its heading alone in Markdown and HTML, until it is opened.
    """

    title: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    notes: tuple[str, ...] = ()
    figure: str = ""
    folded: bool = False


def number(value: float | None) -> str:
    """A number for people: thousands separated, no trailing zeros; a blank is a dash."""
    if value is None:
        return "-"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def percent(share: float | None) -> str:
    """A share for people: 71.4%; where there is nothing to divide by, n/a. Small ones keep a second decimal, large ones none.

    >>> percent(0.7143), percent(0.0004), percent(1.0), percent(35.754), percent(None)
    ('71.4%', '0.04%', '100.0%', '3,575%', 'n/a')
    """
    if share is None:
        return "n/a"
    size = abs(share)
    return f"{share:,.0%}" if size >= 10 else f"{share:,.2%}" if 0 < size < 0.001 else f"{share:,.1%}"


def words(cell: Cell) -> str:
    """A cell as text, without its bar."""
    if cell is None:
        return ""
    if isinstance(cell, Bar):
        return f"{cell.share:.0%}"
    return cell if isinstance(cell, str) else number(cell)


def bar(share: float, cells: int = 12) -> str:
    """A bar of block characters; any share above nothing shows."""
    eighths = round(max(0.0, min(share, 1.0)) * cells * 8)
    eighths = max(eighths, 1) if share > 0 else 0
    return ("█" * (eighths // 8) + BLOCKS[eighths % 8]).strip()


def _is_right(section: Section, column: int) -> bool:
    """Numbers stand to the right."""
    cells = [row[column] for row in section.rows if row[column] is not None]
    return bool(cells) and all(isinstance(cell, int | float) for cell in cells)


def _rigid_width(section: Section, column: int, screen: int) -> int | None:
    """The width that a column needs, for what a row is called, numbers and bars; None where words may be wrapped."""
    cells = [row[column] for row in section.rows]
    if any(isinstance(cell, Bar) for cell in cells):
        return max(width_of(_drawn(cell)) for cell in cells)
    need = max(width_of(words(cell)) for cell in (section.columns[column], *cells))
    if _is_right(section, column):
        return need
    return need if column == 0 and need <= screen // 2 else None


def _drawn(cell: Cell) -> str:
    return bar(cell.share) if isinstance(cell, Bar) else words(cell)


def as_text(sections: Iterable[Section], *, width: int, colour: bool) -> str:
    """For a terminal `width` columns wide."""
    from io import StringIO

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, emoji=False, markup=False
    )
    for section in sections:
        console.print(Text(section.title, style="bold" if colour else ""))
        if section.rows:
            table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=any(section.columns))
            table.add_column("", width=1)
            for i, column in enumerate(section.columns):
                side: Literal["right", "left"] = "right" if _is_right(section, i) else "left"
                least = _rigid_width(section, i, width)
                table.add_column(column, justify=side, no_wrap=least is not None, overflow="fold", min_width=least)
            for row in section.rows:
                table.add_row("", *(Text(_drawn(cell)) for cell in row))
            console.print(table)
        for note in section.notes:
            console.print(Text("  " + note), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def as_markdown(title: str, sections: Iterable[Section], *, level: int = 1) -> str:
    """For a pull request or a wiki; `level` is that of the title's heading."""
    parts = [f"{'#' * level} {_cell(title)}\n"]
    for section in sections:
        head = f"<details><summary>{escape(section.title)}</summary>\n" if section.folded else ""
        parts.append(head or f"{'#' * (level + 1)} {_cell(section.title)}\n")
        if section.rows:
            parts.append(_markdown_table(section))
        parts += [f"{_cell(note)}\n" for note in section.notes]
        parts += ["</details>\n"] if section.folded else []
    return "\n".join(parts)


def _markdown_table(section: Section) -> str:
    rule = [("---:" if _is_right(section, i) else "---") for i in range(len(section.columns))]
    lines: list[Sequence[str]] = [[_cell(c) for c in section.columns], rule]
    lines += [[_cell(words(c)) for c in row] for row in section.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    """Text that breaks neither a table nor the page it stands in, and is read there as it is."""
    return _MARKUP.sub(r"\\\g<0>", text.replace("\n", " "))


STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .15rem 1.2rem .15rem 0; vertical-align: top; }
th { font-weight: 600; opacity: .7; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { width: 10rem; } .bar > span { display: block; height: .7em; background: #3b82f6; }
p { margin: .2rem 0; } details { margin: .8rem 0; } summary { cursor: pointer; font-weight: 600; }
"""


def as_html(title: str, sections: Iterable[Section]) -> str:
    """One page without any file beside it."""
    body = "".join(_html_section(section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )


def _html_section(section: Section) -> str:
    title = escape(section.title)
    parts = [f"<details><summary>{title}</summary>\n" if section.folded else f"<section><h2>{title}</h2>\n"]
    if section.rows:
        right = [_is_right(section, i) for i in range(len(section.columns))]
        head = "".join(f"<th{_class(r)}>{escape(c)}</th>" for c, r in zip(section.columns, right, strict=True))
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>\n")
        cells = ("".join(_html_cell(c, r) for c, r in zip(row, right, strict=True)) for row in section.rows)
        parts += [f"<tr>{row}</tr>\n" for row in cells]
        parts.append("</tbody></table>\n")
    parts.append(section.figure)
    parts += [f"<p>{escape(note)}</p>\n" for note in section.notes]
    return "".join(parts) + ("</details>\n" if section.folded else "</section>\n")


def _class(right: bool) -> str:
    return ' class="number"' if right else ""


def _html_cell(cell: Cell, right: bool) -> str:
    if isinstance(cell, Bar):
        share = f"{min(cell.share, 1):.1%}"
        return f'<td class="bar" title="{share}"><span style="width:{share}"></span></td>'
    return f"<td{_class(right)}>{escape(words(cell))}</td>"
