"""What a code's page holds.

The examples are compiled in one small project, tests/language/project: leads with text, choices (`industry`, `status`),
numbers, dates, yes/no and a set (`tags`); events such as `email_opened`, `page_viewed` and `deal_won`; a team with
`inside`, `sdr` and queues; the files rivals.csv and abm.csv. An example that needs more declares it itself.
"""

from __future__ import annotations

from leadrules.core.diagnostics import Severity
from leadrules.core.records import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding.

    `title` is one line; `why` says, for a rev-ops person, why it is wrong and what to do. `bad` and `good` are the
    contents of one file of the example project (`file`; by default a rule file): the tests run both and expect exactly
    this code, and no error. `times` is how often `bad` stands in that file, for a mistake that is one of size.
    """

    id: str
    slug: str
    severity: Severity
    title: str
    why: str
    bad: str
    good: str
    file: str = "rules/example.lead"
    times: int = 1

    @property
    def mistake(self) -> str:
        """All of the wrong file: not kept, for megabytes at each start are felt."""
        return self.bad * self.times
