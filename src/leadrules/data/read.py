"""Reading, as the other parts of the program see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from leadrules.data.errors import InputError
from leadrules.data.event_copies import Copies
from leadrules.data.event_plan import EVERYTHING, Sight
from leadrules.data.events import EventTable, read_events
from leadrules.data.leads import JOIN, KEY, LeadTable, read_leads
from leadrules.data.sources import InputFile

__all__ = [
    "EVERYTHING",
    "JOIN",
    "KEY",
    "Copies",
    "EventTable",
    "InputError",
    "InputFile",
    "LeadTable",
    "Sight",
    "read_events",
    "read_leads",
    "reading_meanwhile",
]


@contextmanager
def reading_meanwhile(read: Callable[[], LeadTable], *, at_once: bool) -> Iterator[Callable[[], LeadTable]]:
    """The leads, read in a thread while events are parsed; `at_once` where both may come by one pipe.

    What is wrong with the leads is told first, whatever is wrong with the events.
    """
    if at_once:
        leads = read()
        yield lambda: leads
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="leads") as thread:
        coming = thread.submit(read)
        try:
            yield coming.result
        except InputError:
            coming.result()
            raise
