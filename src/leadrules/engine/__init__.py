"""From a ruleset, leads and events to facts: row.py says what it means, columns.py is fast."""
