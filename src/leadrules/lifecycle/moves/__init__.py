"""Triggers: what sets them off, what they do, one change per slot."""
