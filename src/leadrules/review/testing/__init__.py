"""The `test` blocks: run, measured (coverage), tried (mutants) and written (generate)."""
