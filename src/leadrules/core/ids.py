"""Salesforce ids: 18 characters whose last three are a checksum of the upper case of the first fifteen.

In: keys as text, and names of owners. Out: the form in which two keys are compared, and the forms in which one is written.
Other keys compare exactly. The column forms stand in data/ids.py and agree with these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from leadrules.core.text import fold

CHECKSUM_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
LONG = re.compile(r"[A-Za-z0-9]{15}[A-Z0-5]{3}")
_SHORT = re.compile(r"[A-Za-z0-9]{15}")


def checksum(short: str) -> str:
    """The three characters that a 15-character id gets: for each five, their upper-case letters as bits, lowest first."""
    groups = (short[0:5], short[5:10], short[10:15])
    return "".join(CHECKSUM_LETTERS[sum("A" <= c <= "Z" and 1 << i for i, c in enumerate(group))] for group in groups)


def canonical_key(key: str) -> str:
    """The 15-character form of an 18-character Salesforce id; any other key as it is."""
    if len(key) == 18 and LONG.fullmatch(key) and checksum(key[:15]) == key[15:]:
        return key[:15]
    return key


def forms(owner: str) -> tuple[str, ...]:
    """How cells write an owner, folded: an id of Salesforce with and without its checksum, anybody else in one way."""
    short = canonical_key(owner)
    written = (short, short + checksum(short)) if _SHORT.fullmatch(short) else (owner,)
    return tuple(fold(one) for one in written)


def by_form(owners: Iterable[str]) -> dict[str, str]:
    """Each owner by every form in which cells write it."""
    return {form: owner for owner in owners for form in forms(owner)}
