"""Keep what the rules decide for each example company: `python examples/expect.py`, after a wanted change."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from generator.tools import write

from leadrules.cli.main import cli

EXAMPLES = Path(__file__).resolve().parent
SHOWN = {"acme": ("temperature", "lifecycle", "priority", "owner"), "sakura": ("温度", "商談段階")}


def main() -> None:
    """Run each company without state, keep its decisions, and print how many leads bear each label."""
    for company, columns in SHOWN.items():
        with tempfile.TemporaryDirectory() as out:
            options = ["--no-state", "--quiet", "--project", str(EXAMPLES / company), "--out", out]
            with suppress(SystemExit):  # its way of giving the exit code
                cli.main(["run", *options], standalone_mode=False)
            decided = Path(out, "decisions.csv").read_bytes()
        write(EXAMPLES / company / "expected" / "decisions.csv.gz", decided)
        rows = list(csv.DictReader(decided.decode("utf-8").splitlines()))
        for column in columns:
            counts = Counter(row[column] for row in rows)
            print(company, column, ", ".join(f"{label} {count}" for label, count in counts.most_common()))


if __name__ == "__main__":
    main()
