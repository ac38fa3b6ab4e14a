"""A brute-force model of a run, after the contract alone: loops over leads, datetime and zoneinfo, nothing of lifecycle/.

In: a compiled ruleset, leads and events as dictionaries, a team, its own state. Out: what a run decides and the next state.
Facts and conditions are asked of the row engine, which has its own law.
"""
