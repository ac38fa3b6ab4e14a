"""Readers of a run and of the rules: plan, test, init, pages."""
