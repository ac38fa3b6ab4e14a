"""Which column of a file feeds which field.

In: the header of a file, the fields that are read, and what the source says under `columns`. Out: a position per field.
Headers match ignoring case, width, spaces, `_` and `-`: first what the source says, then `x-columns` in its order, then
the field's name. Two headers of equal rank for one field stop the run. Knows nothing of cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadrules.core.records import dataclass
from leadrules.core.text import nearest, skeleton
from leadrules.data.errors import InputError
from leadrules.project.model import Source

_SHOWN, _LONG = 12, 60
_OTHER_DELIMITERS = "|^~:"
_DELIMITERS = {",": '","', ";": '";"', "\t": "tab"}  # as `delimiter:` says them


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one file, ready to be asked."""

    path: str
    names: tuple[str, ...]
    positions: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, path: str, names: Sequence[str]) -> Header:
        """The header of these names."""
        positions: dict[str, tuple[int, ...]] = {}
        for at, name in enumerate(names):
            positions[skeleton(name)] = (*positions.get(skeleton(name), ()), at)
        return cls(path, tuple(names), positions)

    def find(self, field: str, columns: Sequence[str], source: Source) -> int | None:
        """The position of the column of a field, if there is one. Raises InputError where it is not clear which."""
        stated = dict(source.columns).get(field)
        if stated is not None:
            return self._stated(field, stated)
        return next((at for at in (self._one(field, name) for name in (*columns, field)) if at is not None), None)

    def listed(self) -> str:
        """The names, as a message shows them."""
        shown = ", ".join(name if name.strip() else "(blank)" for name in self.names[:_SHOWN])
        return f"{shown} and {len(self.names) - _SHOWN} more" if len(self.names) > _SHOWN else shown

    def hint(self) -> str:
        """What may be the matter where a column is missing."""
        if len([name for name in self.names if name.strip()]) > 1:
            return f"Its columns are {self.listed()}. Name the one that is meant under `columns` of the source"
        first = next((name for name in self.names if name.strip()), "")
        other = next((name for mark, name in _DELIMITERS.items() if mark in first), None)
        if other is not None:
            return f"Its only column is `{first[:_LONG]}`: another sign is stated than stands there. Say `delimiter: {other}` in its source"
        between = next((mark for mark in _OTHER_DELIMITERS if first.count(mark)), None)
        if between is not None:
            return f"Its columns seem to stand between `{between}`: export it with `,`, `;` or tabs between them"
        return f"Its first line is `{first[:_LONG]}`: take out what stands above the line with the column names"

    def _stated(self, field: str, header: str) -> int:
        exact = [at for at, name in enumerate(self.names) if name == header]
        at = exact[0] if len(exact) == 1 else self._one(field, header)
        if at is None:
            meant = nearest(header, self.names)
            raise InputError(
                f"{self.path} has no column `{header}`, which `columns` of its source names for {field}",
                (f"Did you mean `{meant}`?" if meant else f"Its columns are {self.listed()}.")
                + f" Without such a column, take `{field}` out of `columns`.",
            )
        return at

    def _one(self, field: str, name: str) -> int | None:
        found = self.positions.get(skeleton(name), ())
        if len(found) > 1:
            both = " and ".join(f"`{self.names[at]}` (column {at + 1})" for at in found[:2])
            alike = len({self.names[at] for at in found}) == 1
            way_out = (
                "rename one of them in the file."
                if alike
                else "say which under `columns` of the source, or rename one."
            )
            raise InputError(
                f"{self.path}: two columns could be the field {field}: {both}", way_out[0].upper() + way_out[1:]
            )
        return found[0] if found else None
