"""Where a project's files lie in the repository around it.

In: the project's folder within the repository. Out: the path or URI by which others (GitHub, editors) know a file that
findings name relative to the project.
"""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from leadrules.core.records import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """`folder`: the project relative to the root of its repository, with `/`; empty where they are one."""

    folder: str = ""

    def path(self, path: str) -> str:
        """The path of a file of the project within the repository; an absolute one stays."""
        return posixpath.normpath(posixpath.join(self.folder, path))

    def uri(self, path: str) -> tuple[str, bool]:
        """The same as a URI, and whether it is absolute."""
        found = self.path(path)
        return ("file://" + quote(found), True) if found.startswith("/") else (quote(found), False)
