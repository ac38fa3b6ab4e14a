"""The law of what is done to a state between runs: over random companies, runs on disk are taken back and sequences migrated.

The last run is taken back whole, of an earlier one the values in its undo.csv; leads go on by today's form of their
sequence. What the state then has of every lead, and what the next runs decide, is what the model says.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
from tests.laws.oracle.firing import text
from tests.laws.oracle.memory import State as Remembered
from tests.laws.oracle.tending import OWNER, SEQUENCE, Change, migrated, taken_back
from tests.laws.oracle.tick import Tick, run
from tests.laws.product import asked, memories_of, memory_of, write_events, write_leads
from tests.laws.random_company import SEQUENCE as FIELD
from tests.laws.random_company import Day, Life, RandomRules, random_settings, random_team, statuses
from tests.laws.small_company import SETTINGS, Company, company
from tests.laws.test_guarded_runs import agree_on_files, command
from tests.suites.running import leadrules, rows

from leadrules.lifecycle.state import store
from leadrules.lifecycle.state.migrate import migrate
from leadrules.lifecycle.state.undo import take_back

COMPANIES = max(int(os.environ.get("LAW_EXAMPLES", "0")) // 100, 1)
TICKS = 12 if COMPANIES == 1 else 40


@pytest.mark.parametrize("seed", range(1, COMPANIES + 1))
def test_what_is_done_between_runs_is_what_the_model_does(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    rules, team = RandomRules(random), random_team(random)
    settings = random_settings(random) | {"guards": {}, "fields": SETTINGS["fields"] | {"sequence": FIELD}}
    rules.promises.clear()
    own = company(tmp_path, rules.text(), team=team, **settings)
    life, tended, last = Life(random, rules, team), Tended(own, Random(seed)), None
    for number in range(TICKS):
        day = life.next_day({} if last is None else last.decisions, statuses(tended.model))
        if day.is_edited or day.has_new_team:
            tended.company = company(tmp_path, rules.text(), team=life.team, **settings)
        last = tended.run(day, f"seed {seed}, tick {number}, {day.as_of.isoformat()}")
        tended.tend()


class Tended:
    """A company's state on disk and the model's, and the runs that may be taken back."""

    def __init__(self, own: Company, whims: Random) -> None:
        self.company = own
        self.whims = whims
        self.model = Remembered()
        self.before: Remembered | None = None  # the last run, as long as it can be taken back whole
        self.runs: list[tuple[Path, Tick]] = []
        self.where = ""
        self.done: list[str] = []

    @property
    def path(self) -> Path:
        """Where the state is."""
        return self.company.project.state

    def run(self, day: Day, where: str) -> Tick:
        """One run; its files stay beside those of the others."""
        self.where = where
        folder = self.company.folder
        tick = run(asked(self.company, day), self.model)
        write_leads(folder / "leads.csv", [*day.leads, *day.bad_leads], day.missing)
        write_events(folder / "events.csv", [*day.events, *day.bad_events])
        done = leadrules(*command(folder, day))
        assert done.exit_code == 0, done.output
        agree_on_files(self.company, day, tick)
        out = folder / f"out{len(self.runs)}-{day.as_of:%Y%m%dT%H%M}"
        (folder / "out").rename(out)
        found = sorted(tuple(row.values()) for row in rows(out / "undo.csv"))
        assert found == sorted(_undo_row(change) for change in tick.changes), where
        self.before, self.model = self.model, tick.state
        self.runs.append((out, tick))
        self.agree()
        return tick

    def tend(self) -> None:
        """Now and then somebody takes a run back, or migrates a sequence."""
        if self.whims.random() < 0.25:
            self.take_back(self.whims.choice([len(self.runs) - 1, self.whims.randrange(len(self.runs))]))
        if self.whims.random() < 0.25:
            self.migrate(self.whims.choice([one.name for one in self.company.ruleset.sequences]))

    def take_back(self, number: int) -> None:
        """A run, whole or by its values."""
        self.done.append(f"{self.where}: --undo {self.runs[number][0].name}")
        is_last = number == len(self.runs) - 1
        out, tick = self.runs[number]
        done = take_back(self.path, out)
        if is_last and self.before is not None:
            assert done.kind == "whole"
            self.model = self.before
            del self.runs[number]
        else:
            self.model, values = taken_back(self.model, tick.changes)
            assert (done.kind, done.values, done.kept) == ("values", values, len(tick.changes) - values), self.where
        self.before = None
        self.agree()

    def migrate(self, name: str) -> None:
        """The leads in a sequence."""
        self.done.append(f"{self.where}: migrate {name}")
        migrate(self.path, self.company.project, self.company.ruleset, name)
        self.model = migrated(self.model, self.company.ruleset, name)
        self.before = None
        self.agree()

    def agree(self) -> None:
        """The two states say the same of every lead."""
        state = store.load(self.path)
        if state.ruleset is None:
            assert not self.model.leads
            return
        model = {key: memory_of(memory, state) for key, memory in self.model.leads.items()}
        found = memories_of(state)
        assert found.keys() == model.keys(), self.where
        other = [(key, name, found[key][name], value) for key, one in model.items() for name, value in one.items()
                 if found[key][name] != value]  # fmt: skip
        assert not other, f"{self.where}: {self.done}"


def _undo_row(change: Change) -> tuple[str, ...]:
    names = {OWNER: "owner", SEQUENCE: FIELD}
    return change.key, names.get(change.slot, change.slot), text(change.old) or "", text(change.new) or ""
