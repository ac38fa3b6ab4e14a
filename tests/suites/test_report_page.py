"""The report's page in headless Chromium: nothing on the console, nothing fetched, every chart drawn, wide and narrow."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.suites.running import EXAMPLES, leadrules

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MOST_BYTES = 1_000_000
# What the page is asked once it is laid out: each chart's box and marks, errors, how wide the page is.
PROBE = """<script>
window.addEventListener("load", () => {
  const charts = [...document.querySelectorAll("svg.chart")].map(svg => {
    const box = svg.getBoundingClientRect();
    const marks = [...svg.querySelectorAll("rect, circle, path.line")].filter(m => m.getBBox().width > 0).length;
    const text = [...svg.querySelectorAll("text")].every(t => getComputedStyle(t).fill !== "none");
    return {label: svg.getAttribute("aria-label"), width: box.width, height: box.height, marks, text};
  });
  const links = [...document.querySelectorAll("a[href^='#']")].filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).length;
  const out = {charts, links, errors: window.__errors, width: document.documentElement.scrollWidth, view: innerWidth,
    resources: performance.getEntriesByType("resource").map(r => r.name), ink: getComputedStyle(document.body).color,
    page: getComputedStyle(document.body).backgroundColor};
  document.body.innerHTML = "";
  const pre = document.createElement("pre"); pre.id = "probe"; pre.textContent = JSON.stringify(out); document.body.append(pre);
});
</script>"""
ERRORS = '<script>window.__errors = []; window.addEventListener("error", e => window.__errors.push(String(e.message)), true);</script>'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Acme's page after two runs, so that sequences, stages and routing are in it."""
    folder = tmp_path_factory.mktemp("page") / "acme"
    shutil.copytree(EXAMPLES / "acme", folder)
    for at in ("2026-10-01", "2026-10-30T18:00"):
        done = leadrules("run", "--project", folder, "--as-of", at, "--out", folder / "out", "-q", "--force")
        assert done.exit_code == 0, done.output
    done = leadrules("report", "--project", folder, "-o", folder / "report.html", "-q")
    assert done.exit_code == 0, done.output
    return (folder / "report.html").read_text(encoding="utf-8")


class Outline(HTMLParser):
    """The ids, headings and references of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def outline(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Outline()
    parser.feed(page)
    return parser.tags


def test_it_is_one_file_under_a_megabyte_that_needs_nothing_else(page: str) -> None:
    assert len(page.encode()) < MOST_BYTES
    tags = outline(page)
    assert not [tag for tag, _ in tags if tag in ("script", "iframe", "img", "object")]
    fetched = [
        a
        for _, attrs in tags
        for name in ("src", "href")
        if (a := attrs.get(name)) and not a.startswith(("#", "data:"))
    ]
    assert fetched == []
    assert "url(" not in page
    assert "@import" not in page


def test_each_chart_is_named_and_has_its_table_behind_it(page: str) -> None:
    tags = outline(page)
    ids = {attrs["id"] for _, attrs in tags if attrs.get("id")}
    charts = [attrs for tag, attrs in tags if tag == "svg"]
    assert len(charts) >= 12
    assert all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in charts)
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) == len(charts)
    for figure in figures:
        (behind,) = re.findall(r'The table behind it: <a href="#([^"]+)"', figure)
        assert behind in ids


def test_tables_have_captions_and_column_heads(page: str) -> None:
    tags = [tag for tag, _ in outline(page)]
    assert tags.count("caption") == tags.count("table") > 20
    assert all(attrs.get("scope") == "col" for tag, attrs in outline(page) if tag == "th")


def test_it_says_what_it_read_and_which_rules(page: str) -> None:
    assert "rules/measures.lead" in page
    assert "campaigns.csv" in page
    assert re.search(r"Rules <code>[0-9a-f]{64}</code>", page)


def test_text_of_the_data_stays_text(tmp_path: Path) -> None:
    from tests.measured import RULES, write_company

    project = write_company(tmp_path / "p", RULES)
    leads = (project / "leads.csv").read_text().replace("Web", "<script>alert(1)</script>")
    (project / "leads.csv").write_text(leads)
    made = leadrules("report", "--project", project, "-o", "-", "-q").stdout
    assert "<script>" not in made
    assert "&lt;script&gt;" in made


def probe(page: str, folder: Path, *options: str) -> dict[str, Any]:
    """What Chromium says of the page; console messages fail."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium (apt-get install chromium)")
    file = folder / "probed.html"
    file.write_text(
        page.replace("<style>", f"{ERRORS}<style>", 1).replace("</head>", f"{PROBE}</head>", 1), encoding="utf-8"
    )
    command = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={folder}/profile",
        *options,
        "--dump-dom",
        file.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    text = re.search(r'<pre id="probe">(.*)</pre>', done.stdout, re.DOTALL)
    assert text is not None, done.stdout[-500:]
    from html import unescape

    found: dict[str, Any] = json.loads(unescape(text[1]))
    return found


@pytest.mark.parametrize(
    ("options", "is_dark"),
    [
        (("--window-size=1200,900",), False),
        (("--window-size=500,800",), False),
        (("--window-size=1200,900", "--blink-settings=preferredColorScheme=0"), True),
    ],
    ids=["wide", "narrow", "dark"],
)
def test_every_chart_is_drawn(page: str, tmp_path: Path, options: tuple[str, ...], is_dark: bool) -> None:
    found = probe(page, tmp_path, *options)
    assert found["errors"] == []
    assert [name for name in found["resources"] if not name.startswith("data:")] == []
    assert found["links"] == 0
    assert len(found["charts"]) >= 12
    for chart in found["charts"]:
        assert chart["width"] >= 400, chart
        assert chart["height"] > 40, chart
        assert chart["marks"] > 0, chart
        assert chart["text"], chart
    # What is wider than a narrow screen scrolls by itself; the page does not.
    assert found["width"] <= found["view"]
    light = [int(n) > 128 for n in re.findall(r"\d+", found["page"])[:3]]
    assert all(light) is not is_dark
