"""Names of goals and channels as people count them: 343 calls, 1 meeting, 2 SQOs.

In: a name of a goal, a number. Out: words. A name that nobody knows stays as it is written.
"""

from __future__ import annotations

from math import ceil, floor

KNOWN: dict[str, tuple[str, str]] = {
    "linkedin": ("LinkedIn message", "LinkedIn messages"),
    "sms": ("text message", "text messages"),
    "won": ("deal won", "deals won"),
    "sqo": ("SQO", "SQOs"),
    "mql": ("MQL", "MQLs"),
    "sql": ("SQL", "SQLs"),
    "sal": ("SAL", "SALs"),
    "reply": ("reply", "replies"),
    "opportunity": ("opportunity", "opportunities"),
}
REGULAR = frozenset(
    [
        "appointment",
        "booking",
        "call",
        "connect",
        "contact",
        "conversation",
        "customer",
        "deal",
        "demo",
        "email",
        "lead",
        "meeting",
        "order",
        "proposal",
        "quote",
        "sale",
        "task",
        "touch",
        "trial",
        "visit",
    ]
)


def noun(name: str, *, one: bool = False) -> str:
    """A name in the singular or the plural.

    >>> noun("call"), noun("sqo"), noun("touch"), noun("trial", one=True), noun("商談")
    ('calls', 'SQOs', 'touches', 'trial', '商談')
    """
    singular, plural = KNOWN.get(
        name, (name, f"{name}{'es' if name.endswith('h') else 's'}" if name in REGULAR else name)
    )
    return singular if one else plural


def counted(amount: float, name: str) -> str:
    """A number of something: `1 meeting`, `343 calls`."""
    return f"{amount:,g} {noun(name, one=amount == 1)}"


def at_least(amount: float) -> str:
    """An amount of work that must be reached: whole where it is ten or more, else with one decimal; never rounded down.

    >>> at_least(342.9), at_least(4.286), at_least(10), at_least(3.0)
    ('343', '4.3', '10', '3')
    """
    digits = _digits(amount)
    return _said(ceil(amount * 10**digits - 1e-9) / 10**digits, digits)


def about(amount: float) -> str:
    """An amount to the same digits, a half rounded up: what a month's work is on a day.

    >>> about(17.14), about(12.5), about(7.69)
    ('17', '13', '7.7')
    """
    digits = _digits(amount)
    return _said(floor(amount * 10**digits + 0.5 + 1e-7) / 10**digits, digits)


def _digits(amount: float) -> int:
    return 0 if amount >= 10 else 1


def _said(amount: float, digits: int) -> str:
    return f"{amount:,.{digits}f}".removesuffix(".0")
