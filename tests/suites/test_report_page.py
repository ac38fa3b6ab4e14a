"""The report's page in headless Chromium: nothing on the console, nothing fetched, every chart drawn, wide and narrow."""

from __future__ import annotations

import itertools
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


def luminance(colour: str) -> float:
    """WCAG 2: the relative luminance of #rgb or #rrggbb."""
    text = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_by_its_definition() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the known grey that just fails


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_told_from_the_page(page: str, theme: str) -> None:
    light, dark = re.findall(r":root \{([^}]*--page[^}]*)\}", page)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]+)", light if theme == "light" else dark))
    assert len(colours) == 13
    for behind in ("page", "wash"):
        # Text, and links, are read (WCAG 1.4.3: 4.5); marks are seen (1.4.11: 3).
        assert all(contrast(colours[name], colours[behind]) >= 4.5 for name in ("ink", "soft", "k0"))
    assert {name for name in colours if name[0] == "k" and contrast(colours[name], colours["page"]) < 3} == set()


def test_headings_are_in_order(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in outline(page) if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_what_can_be_opened_can_be_reached_by_keyboard(page: str) -> None:
    tags = outline(page)
    assert [tag for tag, _ in tags].count("summary") == [tag for tag, _ in tags].count("details") > 20
    assert not [attrs for _, attrs in tags if "onclick" in attrs or attrs.get("tabindex", "0") != "0"]
    assert ":focus-visible" in page
    assert {tag for tag, _ in tags} >= {"main", "nav", "header"}
    assert next(attrs for tag, attrs in tags if tag == "html").get("lang") == "en"


def test_it_prints(page: str, tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium (apt-get install chromium)")
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    made = tmp_path / "page.pdf"
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile")
    subprocess.run(
        [CHROMIUM, *options, f"--print-to-pdf={made}", file.as_uri()], capture_output=True, timeout=120, check=True
    )
    content = made.read_bytes()
    assert content.startswith(b"%PDF-")
    # Tables that are closed on the screen are open on paper, so there are many pages.
    assert 10 < len(re.findall(rb"/Type\s*/Page\b", content)) < 120


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
