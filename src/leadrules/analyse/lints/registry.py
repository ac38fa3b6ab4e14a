"""How a lint is declared: one function, whose docstring is its page.

In: a function over a `Study`. Out: its `Code` in the registry of findings, and the function in `LINTS`. The docstring has
the title in its first line, then why, then `Bad:` and `Good:` with an indented rule file each; the tests run both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from inspect import cleandoc
from textwrap import dedent

from leadrules.analyse.study import Study
from leadrules.core.codes import register
from leadrules.core.codes.entry import Code
from leadrules.core.diagnostics import Diagnostic, Severity

Lint = Callable[[Study], Iterator[Diagnostic]]
LINTS: dict[str, Lint] = {}
ENTRIES: list[Code] = []
_EXAMPLES = re.compile(r"(.*?)\n+Bad(?: \((?P<file>\S+)\))?:\n\n(?P<bad>.*?)\n+Good:\n\n(?P<good>.*)", re.DOTALL)


def lint(id: str, slug: str, severity: Severity = "warning") -> Callable[[Lint], Lint]:
    """Declare a lint."""

    def declare(function: Lint) -> Lint:
        declared(id, slug, severity, function.__doc__ or "")
        LINTS[id] = function
        return function

    return declare


def declared(id: str, slug: str, severity: Severity, page: str) -> Code:
    """The code of a page written as a docstring; also for what is found by other means than a lint."""
    title, _, rest = cleandoc(page).partition("\n")
    match = _EXAMPLES.fullmatch(rest.strip("\n"))
    why, bad, good, file = (match[1], match["bad"], match["good"], match["file"]) if match else (rest, "", "", None)
    why = " ".join(why.split())
    examples = (dedent(bad) + "\n" if bad else "", dedent(good) + "\n" if good else "")
    code = Code(id, slug, severity, title.strip(), why, *examples, file or "rules/example.lead")
    register(code)
    ENTRIES.append(code)
    return code
