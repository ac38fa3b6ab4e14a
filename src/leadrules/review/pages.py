"""The page of each finding, made from the registry.

In: a code. Out: Markdown, the same for `check --explain`, docs/findings and an editor's hover. Knows only the registry.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from unicodedata import category

import leadrules.analyse.lints  # noqa: F401 - their pages join the registry
from leadrules.core.codes import CODES
from leadrules.core.codes.entry import Code

LONGEST_LINE = 300
FENCES = {".lead": "lead", ".json": "json", ".yaml": "yaml"}


def page(code: Code) -> str:
    """The page of one code as Markdown."""
    fence = FENCES.get(Path(code.file).suffix, "")
    bad, good = _shown(code.mistake), _shown(code.good)
    text = f"# {code.id} {code.slug}\n\n{code.title} ({code.severity})\n\n{code.why.strip()}\n"
    if not code.bad:  # only data can show it
        return text
    return f"{text}\n## Instead of\n\n`{code.file}`\n\n```{fence}\n{bad}\n```\n\n## write\n\n```{fence}\n{good}\n```\n"


def _shown(example: str) -> str:
    """An example as a page can show it: a line of megabytes is cut, what is no text is a mark."""
    lines = (
        "".join("\ufffd" if category(ch) == "Cc" and ch != "\t" else ch for ch in line) for line in example.splitlines()
    )
    return "\n".join(
        f"{line[:LONGEST_LINE]}… ({len(line):,} characters)" if len(line) > LONGEST_LINE else line for line in lines
    ).strip()


def index() -> str:
    """The list of all codes, as docs/findings/README.md."""
    rows = "".join(f"| [{c.id}]({c.id}.md) | {c.slug} | {c.severity} | {c.title} |\n" for c in _sorted())
    return (
        "# Findings\n\nMade from the registry (`make docs`). `leadrules check --explain LR104` prints a page.\n\n"
        f"| code | name | level | what |\n| --- | --- | --- | --- |\n{rows}"
    )


def _sorted() -> list[Code]:
    return sorted(CODES.values(), key=lambda c: c.id)


def find(word: str) -> Code | None:
    """A code by number or name, in any case."""
    wanted = word.strip().lower()
    return next((c for c in CODES.values() if wanted in (c.id.lower(), c.slug)), None)


def nearest_codes(word: str) -> list[str]:
    """Codes that a wrong word may have meant."""
    digits = word.upper().replace("O", "0").replace("I", "1")
    if digits in CODES:
        return [digits]
    names = [c.id for c in CODES.values()] + [c.slug for c in CODES.values()]
    return difflib.get_close_matches(word.upper(), names, 2) or difflib.get_close_matches(word.lower(), names, 2)


def write_pages(docs: Path) -> list[Path]:
    """Write docs/findings anew and return its files; pages of codes that are gone are removed."""
    folder = docs / "findings"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{c.id}.md": page(c) for c in CODES.values()} | {"README.md": index()}
    for stale in folder.glob("*.md"):
        if stale.name not in pages:
            stale.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in sorted(pages)]


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
