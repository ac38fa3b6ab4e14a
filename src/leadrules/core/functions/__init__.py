"""Every operator and function of the language, each declared once.

In: the declarations of this package's files, one file per kind of value. Out: `OPERATIONS` by name (the names are those
of the compiled ruleset's expressions), and `CALLABLE`, those that rule files call by name. To add one, add its declaration.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadrules.core.functions import comparison, logic, moments, numbers, words
from leadrules.core.functions.comparison import agree
from leadrules.core.functions.logic import unify
from leadrules.core.functions.moments import length_of, shifted_type
from leadrules.core.functions.operation import Context, Example, Mismatch, Operation, Parameter
from leadrules.core.functions.patterns import pattern_error
from leadrules.core.functions.words import Lookup

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for module in (logic, comparison, words, numbers, moments)
    for operation in module.OPERATIONS
}

CALLABLE: tuple[str, ...] = tuple(name for name, operation in OPERATIONS.items() if operation.by_name)

__all__ = [
    "CALLABLE",
    "OPERATIONS",
    "Context",
    "Example",
    "Lookup",
    "Mismatch",
    "Operation",
    "Parameter",
    "agree",
    "length_of",
    "pattern_error",
    "shifted_type",
    "unify",
]
