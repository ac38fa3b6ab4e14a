"""What everything stands on: places, findings, types, text, time, operations."""
