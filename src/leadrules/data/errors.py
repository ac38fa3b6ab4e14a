"""What stops a run that reads files.

In: words. Out: `InputError`, which the command line shows and turns into exit code 2. Knows no file.
"""

from __future__ import annotations


class InputError(Exception):
    """An input that cannot be used: `message` says what is wrong with it, `help` is the way out."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help
