"""Files shipped with the program: the grammar folder and the starter rules.

In: a name. Out: its path or text. In a wheel they lie inside the package (`_grammar`, `_rules`); in a checkout beside
`src`. Knows nothing of what they hold.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def shipped(folder: str) -> Path:
    """The folder `grammar` or `rules` of this installation; a checkout's own wins, for a copy in the package may be stale."""
    checkout = PACKAGE.parents[1] / folder
    return checkout if (PACKAGE.parents[1] / "pyproject.toml").is_file() else PACKAGE / f"_{folder}"


def grammar_text(name: str) -> str:
    """The text of a file of grammar/."""
    return (shipped("grammar") / name).read_text(encoding="utf-8")
