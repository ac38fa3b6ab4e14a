"""The rules in plain English."""
