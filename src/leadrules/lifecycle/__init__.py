"""A run: from facts to decisions and files, all of them or none."""
