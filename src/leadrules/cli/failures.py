"""What a user is told when something could not be done.

In: an exception. Out: one message with the way out. An error that nobody foresaw is ours: its traceback goes to a file
that can be sent in, never to the screen.
"""

from __future__ import annotations

import errno
import tempfile
import traceback

from leadrules import __version__

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def explain_failure(error: BaseException) -> str:
    """The words for an exception that ended a command."""
    if isinstance(error, MemoryError):
        return "error: not enough memory for this input; try a machine with more, or a part of the file."
    if isinstance(error, OSError):
        return f"error: {_os_error(error)}"
    return (
        f"error: leadrules {__version__} made a mistake of its own ({type(error).__name__}: {error}).\n"
        f"  Please report it with this file: {_keep(error)}"
    )


def _os_error(error: OSError) -> str:
    if error.filename:
        return f"{error.filename}: {error.strerror or error}"
    if error.errno in _NO_ROOM:  # of a stream the system says no name
        return f"the output cannot be written: {error.strerror}\n  = help: make room on its disk, then start it again"
    return str(error.strerror or error)


def _keep(error: BaseException) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="leadrules-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(error)))
        return file.name
