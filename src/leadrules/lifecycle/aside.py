"""Work done beside what goes on, where there is enough of it to be worth a thread.

In: a call, and how many leads it looks at. Out: what gives its result, whoever asks first or later. Knows nothing of the work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

LEAST = 50_000  # leads: for fewer a thread costs more than it saves
T = TypeVar("T")


def aside(work: Callable[[], T], leads: int) -> Callable[[], T]:
    """Begin now, in a thread; for few leads only once somebody asks."""
    if leads < LEAST:
        return cache(work)
    threads = ThreadPoolExecutor(1, "aside")
    coming = threads.submit(work)
    threads.shutdown(wait=False)
    return coming.result


def each(calls: Iterable[Callable[[], T]], leads: int) -> list[T]:
    """What the calls give, in their order; for many leads they are made side by side.

    In threads of their own: a call may wait for what is under way, and that for calls of its own.
    """
    if leads < LEAST:
        return [call() for call in calls]
    with ThreadPoolExecutor(os.cpu_count(), "each") as threads:
        return list(threads.map(lambda call: call(), calls))
