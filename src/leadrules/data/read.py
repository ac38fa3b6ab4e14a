"""Reading, as the other parts of the program see it."""

from __future__ import annotations

from leadrules.data.errors import InputError
from leadrules.data.events import EventTable, read_events
from leadrules.data.leads import JOIN, KEY, LeadTable, read_leads
from leadrules.data.sources import InputFile

__all__ = ["JOIN", "KEY", "EventTable", "InputError", "InputFile", "LeadTable", "read_events", "read_leads"]
