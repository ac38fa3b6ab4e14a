"""What a keystroke in a project of 10,000 lines costs before its findings are there, median and 95th percentile.

A project is generated, all of it in one file (or in --files N), and typed in: inside conditions, points and texts, new rule
lines with every state of them that does not parse, names of blocks, and whole blocks. Each keystroke is what the language
server does: the text is read again, compiled, and all findings get their places.

    python -m tests.benchmarks.keystroke [--lines N] [--files N] [--each]
"""

from __future__ import annotations

import argparse
import gc
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from leadrules.lsp.project import Opened

ROOT = Path(__file__).parents[2]
WORDS = ("alpha", "bravo", "delta", "echo", "golf", "hotel", "lima", "metro", "nova", "oscar", "売上", "見込み")
TYPED = {
    "a condition": ("condition_7 when employees >= 50", ' and country = "JP"', "after"),
    "points": ("line1: +2", "15", "after"),
    "a new line": ("  cap 100", "  fresh: +5 when did email_opened within 30 days\n", "before"),
    "a name": ("segment condition_12", "_new", "after"),
    "a new block": ("segment condition_20", "define fresh = if(employees > 10, 1, 2)\n", "before"),
    "a text": ('title contains "alpha', "bet", "after"),
}


def text_of(lines: int, seed: int = 7) -> str:
    """A rule file of about that many lines: of each ten blocks four segments, a definition, two scores, two bands, a test."""
    rng = random.Random(seed)
    parts: list[str] = []
    number = total = 0
    while total < lines:
        part = _blocks(rng, number)
        parts.append(part)
        number, total = number + 1, total + part.count("\n")
    return "".join(parts)


def _blocks(rng: random.Random, number: int) -> str:
    word = rng.choice(WORDS)
    rules = "".join(
        f'  line{at}: +{at + 1} when title contains "{word}{at}" and employees >= {at * 10} # why {word}\n'
        for at in range(5)
    )
    return (
        f"segment condition_{number} when employees >= {50 + number % 7}\n"
        f'segment wide_{number} "Wide" when condition_{number} or industry in ("Software", "{word}")\n'
        f"define ratio_{number} = annual_revenue / max(employees, 1)\n\n"
        f'score fit_{number} "Fit {word}" {{\n{rules}  big: +10 when wide_{number} and ratio_{number} > 1_000\n'
        "  group mail at most 30 points {\n"
        "    opened: +5 each email_opened within 30 days halving every 14 days at most 20 points\n"
        '    seen: +3 when did page_viewed where (path starts with "/pricing") within 30 days\n  }\n  cap 100\n}\n'
        f"band level_{number} of fit_{number} {{\n  hot: from 70 hold until below 60\n  warm: from 40\n  cold: otherwise\n}}\n"
        f"classify kind_{number} {{\n  buyer: when level_{number} is at least warm\n  user: when wide_{number}\n"
        "  other: otherwise\n}\n"
        f'test "a {word} {number} is {word}" {{\n  given employees = 100, title = "{word}1"\n  expect fired fit_{number}.line1\n'
        f"  expect fit_{number} >= 2\n}}\n\n"
    )


def write(folder: Path, lines: int, files: int) -> list[Path]:
    """The project: the starter's schemas and team, and generated rules."""
    (folder / "rules").mkdir()
    (folder / "leadrules.yaml").write_text("version: 1\nname: typed\n", encoding="utf-8")
    for name in ("lead.schema.json", "events.schema.json", "team.yaml"):
        shutil.copyfile(ROOT / "rules" / name, folder / "rules" / name)
    blocks = text_of(lines).split("segment condition_")[1:]
    paths = []
    for at in range(files):
        part = blocks[at * len(blocks) // files : (at + 1) * len(blocks) // files]
        paths.append(folder / "rules" / f"part{at}.lead")
        paths[-1].write_text("".join(f"segment condition_{one}" for one in part), encoding="utf-8")
    return paths


def keystrokes(text: str) -> Iterator[tuple[str, str]]:
    """What is typed, and the text after each key; each goes on from the text as it was."""
    for what, (mark, typed, side) in TYPED.items():
        at = text.index(mark) + (len(mark) if side == "after" else 0)
        for end in range(1, len(typed) + 1):
            yield what, text[:at] + typed[:end] + text[at:]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="also each kind of typing by itself")
    asked = parser.parse_args()
    gc.set_threshold(200_000, 20, 20)  # as the program does at its start
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = write(folder, asked.lines, asked.files)[0]
        started = time.perf_counter()
        opened = Opened(folder)
        assert not opened.check().findings
        cold = time.perf_counter() - started
        times: dict[str, list[float]] = {}
        for what, text in keystrokes(path.read_text(encoding="utf-8")):
            started = time.perf_counter()
            opened.change(path, text)
            assert opened.check().findings is not None
            times.setdefault(what, []).append((time.perf_counter() - started) * 1000)
        lines = sum(p.read_text(encoding="utf-8").count("\n") for p in (folder / "rules").glob("*.lead"))
    print(f"{lines:,} lines in {asked.files} file(s), opened in {cold:.2f} s")
    shown = {**(times if asked.each else {}), "all": [one for found in times.values() for one in found]}
    for what, found in shown.items():
        found.sort()
        print(
            f"{what:<12} {len(found):>4} keystrokes: median {found[len(found) // 2]:.1f} ms, "
            f"p95 {found[int(len(found) * 0.95)]:.1f} ms, most {found[-1]:.1f} ms"
        )


if __name__ == "__main__":
    main()
