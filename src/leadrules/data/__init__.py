"""From files to typed columns, and back. Rejects and counts; never drops."""
