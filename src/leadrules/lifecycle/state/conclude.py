"""The end of a run with a state: its files and its commit, or the last run's files once more.

In: an outcome, the folder of the state and of the files, how the files are written. Out: files and state, together. The
caller holds the right to write, and has settled what a killed run left.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from leadrules.core.places import shown
from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.lifecycle.files import OURS, WriteOptions, prepare_files
from leadrules.lifecycle.manifest import is_of
from leadrules.lifecycle.model import RunRecord, State, empty_state
from leadrules.lifecycle.run import Inputs, Outcome, execute, reads
from leadrules.lifecycle.state.next_state import history_after, is_same_run, record_of, state_after
from leadrules.lifecycle.state.store import before_last, commit, last_token
from leadrules.lifecycle.state.writer import Prepared, discard, finish_interrupted, prepare, publish

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Concluded:
    """`is_again`: the last run was this one, so its files were written again and nothing changed. `lost`: in words."""

    is_again: bool
    lost: list[str]


def conclude(outcome: Outcome, path: Path, out: Path, options: WriteOptions, how: Mapping[str, object]) -> Concluded:
    """Write the files and commit. `how` are the options that say what the run does: baseline, since, engine..."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: a run writes a folder", "name another folder with --out DIR")
    if is_same_run(outcome, how):
        return Concluded(True, _write_again(outcome, path, out, options))
    if outcome.decided is None:
        raise InputError(
            "the input has no times, and a state remembers when", "say the instant with --as-of, or use --no-state"
        )
    prepared = prepare(path, out)
    written = {"format": options.crm or options.format, "encoding": options.encoding, "reasons": options.with_reasons}
    record: Future[RunRecord] = Future()
    # The next state is worked out and put into the database while the files are written. The commit waits for them.
    with ThreadPoolExecutor(1, "commit") as pool:
        committed = pool.submit(_commit, outcome, path, prepared.token, record)
        try:
            lost = _sealed(outcome, prepared, options)
            manifest = (prepared.staging.folder / MANIFEST).read_bytes()
            record.set_result(record_of(outcome, manifest=manifest, out=shown(out), options=how, written=written))
        except BaseException as error:
            record.set_exception(error)
            discard(path, prepared)
            raise
        try:
            committed.result()
        except InputError:  # a commit may fail at its very end, and be there
            with suppress(InputError):
                finish_interrupted(path, OURS)
            raise
    publish(path, prepared, OURS)
    return Concluded(False, lost)


def _commit(outcome: Outcome, path: Path, token: str, record: Future[RunRecord]) -> None:
    before = outcome.request.state or empty_state()
    commit(path, before, state_after(outcome), record.result, changes=history_after(outcome), token=token)


def _sealed(outcome: Outcome, prepared: Prepared, options: WriteOptions) -> list[str]:
    """The files, all there and on the disk; what the encoding could not hold, in words."""
    lost = prepare_files(outcome, prepared.staging.folder, options)
    prepared.staging.seal()
    return lost


def as_it_was(outcome: Outcome, path: Path) -> Outcome | None:
    """The last run once more, from the state it began with; None where that, or standard input, is no longer there."""
    before = before_last(path)
    if before is None:
        return None
    reads_the_same = _reads_the_same(outcome, before)
    if outcome.request.stdin_was_read and not reads_the_same:
        return None
    inputs = Inputs(outcome.leads, outcome.events) if reads_the_same else None
    return execute(replace(outcome.request, state=before), inputs)


def _write_again(outcome: Outcome, path: Path, out: Path, options: WriteOptions) -> list[str]:
    """The last run once more, for its files alone: the state stays as it is."""
    again = as_it_was(outcome, path)
    if again is None:
        raise InputError(
            "this run was done already, and what it began with is no longer there, so its files cannot be made again",
            "use --no-state, or a later --as-of",
        )
    prepared = prepare(path, out, last_token(path))
    try:
        lost = _sealed(again, prepared, options)
        _same_as_then(outcome, (prepared.staging.folder / MANIFEST).read_bytes())
    except BaseException:
        discard(path, prepared)
        raise
    publish(path, prepared, OURS)
    return lost


def _reads_the_same(outcome: Outcome, before: State) -> bool:
    """Whether what a run from that state reads is here: leads may have been in other versions of sequences."""
    (rules, sight), (rules_then, sight_then) = reads(outcome.request), reads(replace(outcome.request, state=before))
    return rules == rules_then and sight.covers(sight_then)


def _same_as_then(outcome: Outcome, manifest: bytes) -> None:
    """A run gives the same bytes every time; another version of the program may count otherwise, and then says so."""
    last = (outcome.request.state or empty_state()).last
    if last is not None and not is_of(last.manifest, manifest):
        raise InputError(
            "this run was done already, by another version of leadrules, and this one comes to other counts",
            "use the version that made it, or a later --as-of",
        )
