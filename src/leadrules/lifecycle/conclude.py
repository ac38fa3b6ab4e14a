"""The end of a run with a state: its files and its commit, or the last run's files once more.

In: an outcome, the folder of the state and of the files, how the files are written. Out: files and state, together. The
caller holds the right to write, and has settled what a killed run left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from leadrules.data.errors import InputError
from leadrules.lifecycle.files import OURS, WriteOptions, prepare_files, write_run
from leadrules.lifecycle.model import empty_state
from leadrules.lifecycle.next_state import history_after, is_same_run, record_of, state_after
from leadrules.lifecycle.run import Outcome, execute
from leadrules.lifecycle.store import before_last
from leadrules.lifecycle.writer import discard, packing, prepare, publish, write_again


@dataclass(frozen=True, slots=True)
class Concluded:
    """`is_again`: the last run was this one, so its files were written again and nothing changed. `lost`: in words."""

    is_again: bool
    lost: list[str]


def conclude(outcome: Outcome, path: Path, out: Path, options: WriteOptions, how: Mapping[str, object]) -> Concluded:
    """Write the files and commit. `how` are the options that say what the run does: baseline, since, engine..."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: a run writes a folder", "name another folder with --out DIR")
    written = {"format": options.crm or options.format, "encoding": options.encoding, "reasons": options.with_reasons}
    if is_same_run(outcome, how):
        if _last_written(outcome) == written:
            write_again(path, out, OURS)
            return Concluded(True, [])
        return Concluded(True, _write_in_another_form(outcome, path, out, options))
    if outcome.decided is None:
        raise InputError(
            "the input has no times, and a state remembers when", "say the instant with --as-of, or use --no-state"
        )
    prepared = prepare(path, out)
    try:
        lost = prepare_files(outcome, prepared.staging.folder, options)
    except Exception:
        discard(path, prepared)
        raise
    files = packing(prepared)
    manifest = (prepared.staging.folder / "manifest.json").read_bytes()
    record = record_of(outcome, manifest=manifest, out=str(out), options=how, written=written)
    before = outcome.request.state or empty_state()
    after, changes = state_after(outcome), history_after(outcome)
    publish(path, prepared, before, after, record, changes=changes, files=files, replaces=OURS)
    return Concluded(False, lost)


def _last_written(outcome: Outcome) -> object:
    last = (outcome.request.state or empty_state()).last
    assert last is not None
    return last.options.get("written")


def _write_in_another_form(outcome: Outcome, path: Path, out: Path, options: WriteOptions) -> list[str]:
    """The last run once more from the state it began with, for its files alone: the state stays as it is."""
    before = before_last(path)
    if before is None or outcome.request.stdin_was_read:
        raise InputError(
            f"this run was done already, and its files are kept as they were written ({_words(_last_written(outcome))})",
            "run it with the same --output, --encoding and --reasons; or with --no-state",
        )
    return write_run(execute(replace(outcome.request, state=before)), out, options)


def _words(written: object) -> str:
    if not isinstance(written, Mapping):
        return "in another form"
    reasons = "with" if written.get("reasons") else "without"
    return f"{written.get('format')}, {written.get('encoding')}, {reasons} reasons"
