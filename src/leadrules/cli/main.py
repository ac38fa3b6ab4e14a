"""The program: finds the command, loads only what that command needs, turns every failure into words and an exit code.

0 done, 1 done and something to object to, 2 could not be done. A traceback is never what a user sees.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from leadrules import __version__

# A command is loaded when it is called: start-up is felt at every keystroke.
COMMANDS: dict[str, tuple[str, str]] = {
    "calibrate": ("calibrate.calibrate", "The rules against what really happened: lift, AUC, thresholds, a patch."),
    "changelog": ("changelog.changelog", "A change of rules in words, with the leads that it moves."),
    "check": ("rules.check", "All that is wrong with the rules, where, and what to write instead."),
    "compile": ("rules.compile_command", "The compiled ruleset as JSON."),
    "diff": ("diff.diff", "Who changes between two versions of the rules, and because of which edited line."),
    "explain": ("explain.explain", "Why a lead has that score, band, owner, move or non-move; what would change it."),
    "docs": ("docs.docs", "The rules in plain English, as Markdown."),
    "fmt": ("formatting.fmt", "The rule files in one canonical layout: --check, --diff, - for standard input."),
    "goal": ("goal.goal", "From a target backwards to activities and hours; with data, actual beside assumed."),
    "graph": ("graph.graph", "What of the rules reads what, as Mermaid or SVG."),
    "init": ("projects.init", "A new project here, from a CSV of leads or the starter rules."),
    "lsp": ("lsp.lsp", "The language server, which an editor starts."),
    "plan": ("runs.plan", "A dry run: what the rules would do, on one screen; nothing is written."),
    "replay": ("replay.replay", "The rules through history, tick by tick, and the work they would have made."),
    "report": ("report.report", "What came of it: funnel, campaigns, sequences, return, as a page, CSV or JSON."),
    "run": ("runs.run", "The batch: reads leads and events, writes decisions."),
    "state": ("state.state", "What earlier runs left: show, history, migrate, rename, export, forget."),
    "test": ("testing.test", "The test blocks of the rules; --coverage, --mutate, --generate."),
}


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands by name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name][0].split(".")
        command = getattr(import_module(f"leadrules.cli.{module}"), function)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; Ctrl-C ends with words and 2, for 1 says that something was done and objected to."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, Exception) as error:
            if not was_interrupted(error):
                raise
            click.echo("\nerror: stopped before it was done\n  = help: start it again: nothing is done twice", err=True)
            ctx.exit(2)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `--help`, without loading any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a did-you-mean."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from leadrules.core.text import nearest

            guess = nearest(args[0], COMMANDS)
            if guess is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean `{guess}`?", ctx) from None


def was_interrupted(error: BaseException | None) -> bool:
    """Whether it is Ctrl-C, or what the tidying up ran into after it: a module that was half loaded is no mistake of ours."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="leadrules")
def cli() -> None:
    """Lead rules as text: checked, dry-run on an export, run in batch."""


# For the allocator of Polars, which reads it once it is loaded: memory that was let go is used again for some seconds
# before the system has it back. A run takes and lets go 2 GB, block by block, and new pages were a seventh of its time.
# What one thread lets go another takes next, so all share one arena; pieces up to 4 MB each keeps for itself.
KEEP_MEMORY = "narenas:1,lg_tcache_max:22,dirty_decay_ms:10000,muzzy_decay_ms:10000"
# These hold everything at once, and what they let go in between would stand beside it: 1 GB at a million leads.
GIVE_BACK = dict.fromkeys(("calibrate", "report"), "dirty_decay_ms:500,muzzy_decay_ms:0")
# For Polars itself: an evaluation is hundreds of small queries over columns that lie in memory, and the engine for files
# that do not fit there takes a fifth more of the processor for them.
ENGINE = "in-memory"


def main() -> None:
    """The entry point of the program."""
    prepare_polars()
    # Loading and compiling make objects by the hundred thousand, and all of them stay: looking for rubbish is a seventh
    # of the start.
    gc.set_threshold(200_000, 20, 20)
    _have_streams()
    _write_any_character()
    code = _exit_code()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # a reader that has gone, or a full disk that was told of, is told nothing more
            stream.flush()
    # Everything is written and closed by now: taking a million leads apart again would be 0.2 s for nothing.
    os._exit(code)


def prepare_polars() -> None:
    """What Polars reads when it is loaded; what a user has set stays."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", GIVE_BACK.get("".join(sys.argv[1:2]), KEEP_MEMORY))
    os.environ.setdefault("POLARS_ENGINE_AFFINITY", ENGINE)


def _have_streams() -> None:
    """Who starts us may have closed some: nothing comes from there, what is written there goes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - it stays open, as streams do


def _write_any_character() -> None:
    """What is written into a file or pipe is UTF-8, whatever the system's old encoding; a terminal gets what it can show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            keeps = stream.isatty() or "PYTHONIOENCODING" in os.environ
            stream.reconfigure(encoding=None if keeps else "utf-8", errors="replace")


def _exit_code() -> int:
    """The command, done."""
    try:
        os.getcwd()  # noqa: PTH109 - every path of the command line is relative to it
    except FileNotFoundError:
        click.echo("error: the folder you stand in is gone\n  = help: go to a folder that is there", err=True)
        return 2
    try:
        cli.main(prog_name="leadrules", standalone_mode=True)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0 if done.code is None else 1
    except BrokenPipeError:  # `| head` has seen enough
        return 0
    except BaseException as error:  # the last line before a user would see a traceback
        # What goes wrong inside Polars is no Exception; its class is known once that is loaded.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        return _report(error)


def _report(error: BaseException) -> int:
    """Say what could not be done; a mistake of ours leaves its traceback in a file to send in."""
    from leadrules.cli.failures import explain_failure

    with suppress(OSError):  # it may be standard error that cannot be written
        click.echo(explain_failure(error), err=True)
    return 2


if __name__ == "__main__":
    main()
