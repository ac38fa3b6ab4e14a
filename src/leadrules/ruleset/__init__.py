"""The compiled ruleset: frozen, serialisable; runs without a parser."""
