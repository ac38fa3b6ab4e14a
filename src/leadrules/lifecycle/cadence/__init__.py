"""Sequences: who enters, which step is due when, what may go out."""
