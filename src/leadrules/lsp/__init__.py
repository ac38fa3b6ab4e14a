"""The language server: what an editor asks of a project.

project.py   the project as it is being edited: texts, pieces, findings as one types
analysis.py  what is known at one moment; places in files
features.py and its neighbours   pure functions of an analysis and a place
study.py     what takes longer, in a process of its own: doubts, and how many leads a rule fires on
server.py    the wiring to the protocol, the only place that knows pygls
"""
