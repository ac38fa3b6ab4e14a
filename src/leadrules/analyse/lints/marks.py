"""The pages of findings that no single lint makes: what could not be told, what data shows, and suppressions.

In: nothing. Out: their codes in the registry.
"""

from __future__ import annotations

from leadrules.analyse.lints.registry import declared

CANNOT_TELL = declared(
    "LR200",
    "cannot-tell",
    "info",
    """Something that the analysis cannot tell

    The conditions are too many or of a kind that cannot be reasoned about without data, so nothing is claimed about these
    places, neither good nor bad. `check --leads` looks at real leads instead. It is said once for the whole project.
    """,
)
FIRES_ON_NONE = declared(
    "LR230",
    "no-lead-meets",
    "info",
    """A rule that fires on none of the leads (with `--leads`)

    The rule can fire, but not one lead of the file meets it. It may wait for its season, or ask for a value that the data
    writes in another way.
    """,
)
FIRES_ON_ALL = declared(
    "LR231",
    "every-lead-meets",
    "info",
    """A rule that fires on all of the leads (with `--leads`)

    Every lead of the file meets it, so it tells none from another. Where that is not meant, the condition is too wide.
    """,
)
NOT_IN_COLUMN = declared(
    "LR232",
    "value-not-in-data",
    "warning",
    """A value that its column never has (with `--leads`)

    The rule compares a field with a text that no lead of the file has. The column may write it in another way ("GB" for
    "UK"); the nearest values are shown with how many leads have them.
    """,
)
BAD_MARK = declared(
    "LR290",
    "bad-suppression",
    "warning",
    """A suppression that cannot be read

    A comment that silences a finding has the code and the reason, and if need be the last day on which it holds:
    `# leadrules: ignore LR203 until 2026-12-31 because partner deals overlap`. It stands at the end of the line it speaks
    of, or on lines of its own before it; before the first line of a block it speaks of the whole block. Only warnings and
    infos of the analysis (LR2..) can be silenced.

    Bad:

        segment reachable when not opted_out  # leadrules: ignore LR217

    Good:

        segment reachable when opted_out = false  # leadrules: ignore LR217 because the form always fills it in
    """,
)
UNUSED_MARK = declared(
    "LR291",
    "unused-suppression",
    "warning",
    """A suppression that silences nothing

    The finding that it names is not made here, or no longer. Delete the comment, so that it does not hide one that comes
    later. (One that names LR203 is used only under `--overlaps`, and those of LR230 to LR232 only with `--leads`.)

    Bad:

        # leadrules: ignore LR217 because the form always fills it in
        segment reachable when not opted_out

    Good:

        segment reachable when not opted_out
    """,
)
EXPIRED_MARK = declared(
    "LR292",
    "expired-suppression",
    "warning",
    """A suppression whose time is over

    The day after `until` has come: the finding is shown again. Mend what it is about, or give the reason a new date.

    Bad:

        segment reachable when not opted_out  # leadrules: ignore LR217 until 2020-12-31 because of the old form

    Good:

        segment reachable when not opted_out
    """,
)
