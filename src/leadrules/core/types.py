"""The types of the language.

In: nothing. Out: `Type` and the constants. A choice carries its options, a label its definition and labels (highest
first). `ERROR` is the type of what is already reported: it agrees with everything, so one mistake stays one error.
"""

from __future__ import annotations

from typing import Literal

from leadrules.core.records import dataclass

Kind = Literal["text", "choice", "number", "yesno", "date", "datetime", "duration", "set", "label", "blank", "error"]
Unit = Literal["minutes", "hours", "days", "business days", "weeks", "months", "quarters", "years"]  # of a duration

WORDS: dict[str, str] = {
    "text": "text",
    "choice": "a choice",
    "number": "a number",
    "yesno": "yes/no",
    "date": "a date",
    "datetime": "a datetime",
    "duration": "a duration",
    "set": "a set of text",
    "label": "a label",
    "blank": "blank",
    "error": "unknown",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type: its kind, the options of a choice or the labels of a label, and the definition a label belongs to."""

    kind: Kind
    options: tuple[str, ...] = ()
    owner: str = ""

    @property
    def is_textual(self) -> bool:
        """Text and choices compare and search alike."""
        return self.kind in ("text", "choice")

    @property
    def is_temporal(self) -> bool:
        """Dates and datetimes."""
        return self.kind in ("date", "datetime")

    def __str__(self) -> str:
        """The type as messages say it."""
        return f"a label of {self.owner}" if self.kind == "label" else WORDS[self.kind]


TEXT = Type("text")
NUMBER = Type("number")
YESNO = Type("yesno")
DATE = Type("date")
DATETIME = Type("datetime")
DURATION = Type("duration")
SET = Type("set")
BLANK = Type("blank")
ERROR = Type("error")
