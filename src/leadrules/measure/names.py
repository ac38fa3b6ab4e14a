"""Names of tables and columns that come from a project's words, beside the report's own and beside each other.

In: names, and those that are taken. Out: the same names, none twice. Knows no table and no project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count

from leadrules.core.text import fold


def apart(names: Iterable[str], taken: Iterable[str] = (), alike: Callable[[str], str] = str) -> list[str]:
    """The names, none twice and none that is taken: `won` is `won_2` then. `alike`: the form in which names are compared.

    >>> apart(["source", "won", "won_2"], ["won"])
    ['source', 'won_3', 'won_2']
    """
    wanted, used = list(names), {alike(name) for name in taken}
    reserved = {*used, *map(alike, wanted)}
    found = []
    for name in wanted:
        own = name if alike(name) not in used else next(one for one in _others(name) if alike(one) not in reserved)
        used.add(alike(own))
        reserved.add(alike(own))
        found.append(own)
    return found


def _others(name: str) -> Iterable[str]:
    return (f"{name}_{number}" for number in count(2))


def file_name(name: str) -> str:
    """What a table is called as a file: letters, digits, `_`, `-` and `.` of its name."""
    return "".join(ch if ch.isalnum() or ch in "_-." else "_" for ch in name)


def as_file(name: str) -> str:
    """The form in which the names of tables are compared: many disks hold one file of two that differ in case."""
    return fold(file_name(name))
