"""Make the example companies' data again, the same every time: `python examples/generate.py [--out FOLDER]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator import acme, sakura

COMPANIES = {"acme": acme.write_files, "sakura": sakura.write_files}


def main() -> None:
    """Write each company's files below the folder (default: where this file is)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    out = parser.parse_args().out
    for name, write_files in COMPANIES.items():
        write_files(out / name)


if __name__ == "__main__":
    main()
