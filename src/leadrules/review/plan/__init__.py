"""The screens of a dry run, of the state and of a replay."""
