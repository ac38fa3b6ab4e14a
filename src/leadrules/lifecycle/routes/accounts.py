"""Who owns the other leads of an account: what `match account` asks.

In: the leads' accounts and owners before the run, those of absent leads, and what is dealt in the run, in order. Out: the
active rep who was given another lead of the account most recently. Knows no rule's condition and no other target.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

import polars as pl

from leadrules.core.functions.columnar import only

_COLUMNS = ("account", "at", "created", "key", "lead", "rep")


class Accounts:
    """The accounts of one rule. Leads are rows; absent ones have numbers below 0."""

    def __init__(self, accounts: pl.Series, owned: pl.DataFrame, absent: pl.DataFrame) -> None:
        """`owned` and `absent`: account, at, created, key, lead, rep (below 0: nobody who counts)."""
        self.accounts = accounts
        both = pl.concat([owned.select(_COLUMNS), absent.select(_COLUMNS)])
        self._owned = both.filter((pl.col("rep") >= 0) & pl.col("account").is_not_null())
        self._before: dict[str, list[tuple[int, int]]] = {}
        self._dealt: dict[str, list[int]] = {}
        self._moved: set[int] = set()

    def asked(self, rows: pl.Series, *, lasting: bool) -> pl.Series:
        """The account of each of these leads, and from now on who owns the others of it.

        Unless what is dealt must last for later batches, it is blank where nobody can own another lead.
        """
        mine = self.accounts.gather(rows)
        if not lasting:
            known = [*self._before, *self._dealt]
            several = mine.is_duplicated() | mine.is_in(self._owned["account"].implode()) | mine.is_in(known)
            mine = only(mine, several)
        self._learn(mine)
        return mine

    def _learn(self, asked: pl.Series) -> None:
        fresh = asked.unique().drop_nulls()
        found = self._owned.filter(pl.col("account").is_in(fresh.implode()))
        order = ["account", "at", "created", "key"]
        for account, lead, rep in found.sort(order, nulls_last=False).select("account", "lead", "rep").iter_rows():
            self._before.setdefault(account, []).append((lead, rep))
        self._owned = self._owned.filter(~pl.col("account").is_in(fresh.implode()))

    def dealt(self, rows: Iterable[int], accounts: Iterable[str | None], reps: Iterable[int]) -> None:
        """Leads that changed hands, the latest last; reps below 0 are somebody else."""
        for row, account, rep in zip(rows, accounts, reps, strict=True):
            if account is not None:
                self.moved(row, account, rep)

    def moved(self, row: int, account: str, rep: int) -> None:
        """One lead that changed hands."""
        self._moved.add(row)
        if rep >= 0:
            given = self._dealt.get(account)
            if given is None:
                self._dealt[account] = [rep]
            else:
                given.append(rep)

    def owner(self, account: str | None, row: int, excluded: Container[int] = ()) -> int:
        """The rep who was given another lead of the account most recently; below 0 where there is none."""
        if account is None:
            return -1
        for rep in reversed(self._dealt.get(account, ())):
            if rep not in excluded:
                return rep
        for lead, rep in reversed(self._before.get(account, ())):
            if lead != row and lead not in self._moved and rep not in excluded:
                return rep
        return -1
