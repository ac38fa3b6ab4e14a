"""A report as one HTML page that needs nothing beside it: no script, no font, no network.

In: a `Report`. Out: HTML under 1 MB. Every chart has its table behind it; a table longer than it shows says so and where the
rest is. Light and dark follow the reader's system; it prints, and reads on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from leadrules.measure.model import Chart, Column, Missing, Report, Section, Table
from leadrules.measure.names import file_name
from leadrules.show import figures
from leadrules.show.figures import Marks, Series
from leadrules.show.tables import number, percent

LABELS_SHOWN = 60
FEW_ROWS = 12
MOST_SERIES = 12
LONG_CELL = 16
_CODE = re.compile("`([^`]+)`")
NUMBERS = frozenset({"count", "number", "share", "percent", "ratio", "money", "days", "hours", "minutes"})
STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1b1f24; --soft: #5b6470; --rule: #d9dee5; --wash: #f4f6f9;
  --k0: #2563eb; --k1: #d97706; --k2: #059669; --k3: #9333ea; --k4: #dc2626; --k5: #0891b2; --k6: #be185d; --k7: #65a30d; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --ink: #e6e9ee; --soft: #a0a9b5; --rule: #333a44; --wash: #1d2127;
  --k0: #6ea8fe; --k1: #fbbf24; --k2: #34d399; --k3: #c084fc; --k4: #f87171; --k5: #22d3ee; --k6: #f472b6; --k7: #a3e635; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem 1rem 4rem; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Hiragino Sans", "Noto Sans CJK JP", sans-serif; }
h1 { font-size: 1.5rem; margin: .2rem 0; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .5rem; padding-top: .6rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; } p { margin: .3rem 0; } a { color: var(--k0); }
nav ul { columns: 14rem 3; padding-left: 1.1rem; margin: .5rem 0; } .soft, .note { color: var(--soft); font-size: .87rem; }
.findings { background: var(--wash); border-left: 3px solid var(--k0); padding: .5rem .8rem .5rem 1.6rem; margin: .6rem 0; }
.missing { border-left: 3px solid var(--k1); padding: .3rem .8rem; margin: .6rem 0; background: var(--wash); }
.wide { overflow-x: auto; } .chart { width: 100%; min-width: 34rem; height: auto; font-size: 11.5px; } .chart text { fill: var(--ink); }
.chart .tick, .chart .none, .chart .value { fill: var(--soft); } .grid { stroke: var(--rule); fill: none; } .axis { stroke: var(--soft); fill: none; }
.line { fill: none; stroke-width: 2; } .d1 { stroke-dasharray: 5 3; } .span { stroke: var(--soft); stroke-width: 2; fill: none; } .mark { stroke: var(--k1); stroke-dasharray: 4 3; fill: none; }
.chart .value, .chart .tick { paint-order: stroke; stroke: var(--page); stroke-width: 3px; stroke-linejoin: round; }
.chart .cell { font-size: 10px; } .chart .cell.dark { fill: var(--page); }
COLOURS
table { border-collapse: collapse; font-size: .87rem; margin: .4rem 0; } caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
p, li, h1, summary { overflow-wrap: anywhere; } figure { margin: 1rem 0; } td:first-child { white-space: nowrap; } th { max-width: 9rem; }
th, td { padding: .18rem .7rem .18rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; vertical-align: bottom; } th small { display: block; font-weight: 400; color: var(--soft); }
.n { text-align: right; font-variant-numeric: tabular-nums; } td.n { white-space: nowrap; } .t { min-width: 11rem; } summary { cursor: pointer; margin: .5rem 0; } summary:focus-visible, a:focus-visible { outline: 2px solid var(--k0); }
@page { size: A4 landscape; margin: 11mm; }
@media print { :root { color-scheme: light; } table { font-size: 8px; } th { max-width: 4.6rem; } th, td { padding-right: .32rem; } body { max-width: none; font-size: 11px; padding: 0; } nav { display: none; } .wide { overflow: visible; } .t { min-width: 0; }
  .chart { min-width: 0; max-height: 150mm; } section, figure, tr { break-inside: avoid; } details::details-content { content-visibility: visible; block-size: auto; } h2 { break-after: avoid; } }
""".replace(
    "COLOURS",
    "\n".join(f".c{i} {{ fill: var(--k{i}); }} .l{i} {{ stroke: var(--k{i}); }}" for i in range(figures.COLOURS)),
)


def report_page(report: Report) -> str:
    """The page."""
    return _Page(report).html()


class _Page:
    """One page under way."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.zone = ZoneInfo(report.provenance.timezone)

    def html(self) -> str:
        """All of it."""
        title = f"{self.report.provenance.project}: report as of {self._instant(self.report.provenance.as_of)}"
        body = "".join([self._contents(), *map(self._section, self.report.sections), self._provenance()])
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head>\n'
            f"<body><header><h1>{escape(title)}</h1>{self._read()}</header>\n<main>{body}</main></body></html>\n"
        )

    def _read(self) -> str:
        made = self.report.provenance
        counts = dict(made.counts)
        return (
            f'<p class="soft">{counts["leads reported"]:,} leads, {counts["events used"]:,} events; rules {escape(made.rules[:12])}; '
            f'state: {escape(made.state)}. <a href="#read">What was read</a></p>\n'
        )

    def _contents(self) -> str:
        links = "".join(f'<li><a href="#{escape(s.name)}">{escape(s.title)}</a></li>' for s in self.report.sections)
        return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'

    # -- sections ---------------------------------------------------------------------------------------------------

    def _section(self, section: Section) -> str:
        parts = [f'<section id="{escape(section.name)}"><h2>{escape(section.title)}</h2>\n']
        if section.findings:
            parts.append(
                f'<ul class="findings">{"".join(f"<li>{_prose(words)}</li>" for words in section.findings)}</ul>\n'
            )
        tables = {table.name: table for table in section.tables}
        drawn = {chart.table for chart in section.charts}
        parts += [self._figure(chart, tables[chart.table]) for chart in section.charts]
        parts += [
            self._table(table, is_open=table.frame.height <= FEW_ROWS and table.name not in drawn)
            for table in section.tables
        ]
        parts += [_missing(one) for one in section.missing]
        return "".join(parts) + "</section>\n"

    def _figure(self, chart: Chart, table: Table) -> str:
        drawing = self._drawing(chart, table)
        if not drawing:
            return f'<p class="note">{escape(chart.title)}: nothing to draw.</p>\n'
        link = f'<a href="#t_{escape(table.name)}">{escape(table.title)}</a>'
        more = table.frame[chart.label].n_unique() > LABELS_SHOWN and chart.kind in ("bars", "intervals")
        rest = f" The first {LABELS_SHOWN} of {table.frame.height:,}." if more else ""
        return f'<figure id="c_{escape(chart.name)}"><figcaption><h3>{escape(chart.title)}</h3></figcaption><div class="wide">{drawing}</div><p class="note">The table behind it: {link}.{rest}</p></figure>\n'

    def _drawing(self, chart: Chart, table: Table) -> str:
        column = table.column(chart.values[0])

        def words(value: float) -> str:
            return said(value, column)

        if chart.series is not None:
            return _by_series(chart, table, words)
        frame = table.frame.tail(36) if chart.kind == "columns" else table.frame.head(LABELS_SHOWN)
        labels = tuple(_plain(value) for value in frame[chart.label])
        series = tuple(Series(table.column(name).title, _floats(frame[name])) for name in chart.values)
        marks = Marks(chart.title, labels, series, words)
        if chart.kind == "intervals":
            assert chart.low is not None
            assert chart.high is not None
            ends = list(zip(_floats(frame[chart.low]), _floats(frame[chart.high]), strict=True))
            return figures.intervals(marks, ends, chart.line, chart.line_title)
        return {"bars": figures.bars, "columns": figures.columns, "funnel": figures.funnel}[chart.kind](marks)

    def _table(self, table: Table, *, is_open: bool) -> str:
        shown = table.frame.head(table.shown)
        head = "".join(self._head(column, table) for column in table.columns)
        rows = "".join(self._row(row, table) for row in shown.iter_rows())
        notes = "".join(f'<p class="note">{_prose(note)}</p>' for note in table.notes)
        if shown.height < table.frame.height:
            notes += f'<p class="note">The first {shown.height:,} of {table.frame.height:,} rows; <code>leadrules report --format csv</code> has all ({escape(file_name(table.name))}.csv).</p>'
        return (
            f"<details{' open' if is_open else ''}><summary>{escape(table.title)} ({table.frame.height:,} row{'' if table.frame.height == 1 else 's'})</summary>"
            f'<div class="wide" id="t_{escape(table.name)}"><table><caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>{notes}</details>\n'
        )

    def _head(self, column: Column, table: Table) -> str:
        small = _of(table.column(column.of).title) if column.of is not None else ""
        if column.unit == "money" and self.report.currency:
            small = f"{self.report.currency}{', ' + small if small else ''}"
        side = ' class="n"' if column.unit in NUMBERS else ""
        return f'<th scope="col"{side}>{escape(column.title)}{f"<small>{escape(small)}</small>" if small else ""}</th>'

    def _row(self, row: tuple[Any, ...], table: Table) -> str:
        cells = []
        for value, column in zip(row, table.columns, strict=True):
            words = self._cell(value, column)
            # A sentence in a narrow column would be a tower of words.
            kind = "n" if column.unit in NUMBERS else "t" if len(words) > LONG_CELL else ""
            cells.append(f"<td{f' class={kind!r}' if kind else ''}>{escape(words)}</td>")
        return f"<tr>{''.join(cells)}</tr>\n"

    def _cell(self, value: Any, column: Column) -> str:
        if value is None:
            return "n/a" if column.of is not None else ""
        if isinstance(value, datetime):
            return self._instant(value)
        return said(value, column) if isinstance(value, int | float) and not isinstance(value, bool) else _plain(value)

    def _instant(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    # -- where it came from -----------------------------------------------------------------------------------------

    def _provenance(self) -> str:
        made = self.report.provenance
        counts = ", ".join(f"{name} {count:,}" for name, count in made.counts)
        inputs = "".join(f"<li>{escape(path)} <code>{escape(sha[:12])}</code></li>" for path, sha in made.inputs)
        meanings = "".join(f"<li>{escape(what)}: {escape(words)}</li>" for what, words in made.meanings)
        return (
            f'<section id="read"><h2>What was read, and what counts as what</h2>\n<p>{escape(counts)}.</p>\n'
            f"<p>Time zone {escape(made.timezone)}. Rules <code>{escape(made.rules)}</code>: {escape(', '.join(made.rule_files))}.</p>\n"
            f"<ul>{inputs}</ul>\n<h3>What counts as what</h3><ul>{meanings}</ul></section>\n"
        )


def _missing(one: Missing) -> str:
    return f'<p class="missing"><strong>Left out: {_prose(one.figure)}.</strong> {_prose(one.reason)}; {_prose(one.help)}.</p>\n'


def _rows(table: Table) -> str:
    return f"{table.frame.height:,} row{'' if table.frame.height == 1 else 's'}"


def _prose(words: str) -> str:
    """Words with what stands in backquotes as code."""
    return _CODE.sub(r"<code>\1</code>", escape(words))


def said(value: float, column: Column) -> str:
    """A figure as people read it, by its unit."""
    if column.unit in ("share", "percent"):
        return percent(value)
    if column.unit in ("days", "hours", "ratio"):
        return f"{value:,.1f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:,.2f}"
    if column.unit == "money":
        return f"{value:,.0f}" if abs(value) >= 100 else number(round(value, 2))
    return number(round(value, _digits(abs(value))))


def _digits(size: float) -> int:
    """How many decimals tell something of a number of this size."""
    return 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 4


def _of(title: str) -> str:
    """What stands below a share: of what it is."""
    return "" if title == "of" else title if title.startswith("of ") else f"of {title}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _floats(series: pl.Series) -> tuple[float | None, ...]:
    return tuple(None if value is None else float(value) for value in series)


def _by_series(chart: Chart, table: Table, words: figures.Words) -> str:
    """Lines over a number, or a heat map: the series' names stand in a column."""
    assert chart.series is not None
    value = chart.values[0]
    if chart.kind == "heat":
        ages = table.frame[chart.series].unique().sort().to_list()
        names = table.frame[chart.label].unique(maintain_order=True).to_list()[-36:]
        cells = {(row[0], row[1]): row[2] for row in table.frame.select(chart.label, chart.series, value).iter_rows()}
        rows = tuple(Series(_plain(name), tuple(cells.get((name, age)) for age in ages)) for name in names)
        return figures.heat(Marks(chart.title, tuple(map(_plain, ages)), rows, words))
    across = table.frame[chart.label].unique().sort().to_list()
    names = table.frame[chart.series].unique(maintain_order=True).to_list()[:MOST_SERIES]
    lines = tuple(Series(_plain(name), tuple(_line(table, chart, name, across))) for name in names)
    return figures.lines(Marks(chart.title, tuple(map(_plain, across)), lines, words), [float(x) for x in across])


def _line(table: Table, chart: Chart, name: Any, across: list[Any]) -> Iterator[float | None]:
    own = table.frame.filter(pl.col(str(chart.series)) == name)
    values = dict(zip(own[chart.label].to_list(), own[chart.values[0]].to_list(), strict=True))
    return (values.get(x) for x in across)
