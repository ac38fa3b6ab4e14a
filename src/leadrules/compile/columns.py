"""Which column of a CSV file a name means.

In: a header and a name. Out: the position, exact before alike. Knows no file.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadrules.core.text import nfc, skeleton, trimmed


def column_index(header: Sequence[str], name: str) -> int | None:
    """The column of that name: exactly, else ignoring case, width, spaces, `_` and `-` where only one is alike."""
    wanted = nfc(trimmed(name))
    exact = [i for i, title in enumerate(header) if nfc(title) == wanted]
    if exact:
        return exact[0]
    alike = [i for i, title in enumerate(header) if title and skeleton(title) == skeleton(wanted)]
    return alike[0] if len(alike) == 1 else None
