"""The measurement reports: what is read for them, and how they are shown."""
