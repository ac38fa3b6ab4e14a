"""Names of goals and channels as people count them: 343 calls, 1 meeting, 2 SQOs.

In: a name of a goal, a number. Out: words. A name that nobody knows stays as it is written.
"""

from __future__ import annotations

from math import ceil, floor, log10

from leadrules.show.tables import number

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
    """A number of something.

    >>> counted(1, "meeting"), counted(343, "call"), counted(0.5, "sqo"), counted(1_250_000, "deal")
    ('1 meeting', '343 calls', '0.5 SQOs', '1,250,000 deals')
    """
    return f"{number(amount)} {noun(name, one=amount == 1)}"


def at_least(amount: float, name: str) -> str:
    """An amount of work that must be reached: whole where it is ten or more, else with one decimal; never rounded down.

    >>> at_least(342.9, "call"), at_least(4.286, "call"), at_least(10, "email"), at_least(1.0, "call"), at_least(0.04, "call")
    ('343 calls', '4.3 calls', '10 emails', '1 call', '0.04 calls')
    """
    digits = _digits(amount)
    said = _said(ceil(amount * 10**digits - 1e-9) / 10**digits, digits)
    return f"{said} {noun(name, one=said == '1')}"


def about(amount: float) -> str:
    """An amount to the same digits, a half rounded up: what a month's work is on a day.

    >>> about(17.14), about(12.5), about(7.69), about(0.0462)
    ('17', '13', '7.7', '0.05')
    """
    digits = _digits(amount)
    return _said(floor(amount * 10**digits + 0.5 + 1e-7) / 10**digits, digits)


def _digits(amount: float) -> int:
    """One decimal below ten; below a tenth as many as show that there is something."""
    return 0 if amount >= 10 else -floor(log10(amount)) if 0 < amount < 0.1 else 1


def _said(amount: float, digits: int) -> str:
    return f"{amount:,.{digits}f}".removesuffix(".0")
