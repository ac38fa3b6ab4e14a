"""The command line as a whole: what means the same has one name and one help in every command; nothing given is ignored."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from leadrules.cli.main import COMMANDS, cli
from leadrules.cli.options import format_option, options

# Said by each command in its own words: what it refers to is another thing there.
OWN_WORDS = {"--format", "--out", "--output", "--leads", "--strict", "--state", "--project", "--explain", "--quiet"}
ROOT = Path(__file__).resolve().parents[2]


def _commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            found |= {f"{name} {one}": sub for one, sub in command.commands.items()}
        else:
            found[name] = command
    return found


def test_an_option_says_the_same_in_every_command() -> None:
    """Its help, its metavar and its short form."""
    said: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for command in _commands().values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                name = max(parameter.opts, key=len)
                said[name].add((parameter.help, parameter.metavar, tuple(sorted(parameter.opts))))
    unlike = {name: forms for name, forms in said.items() if len(forms) > 1 and name not in OWN_WORDS}
    assert not unlike


def test_every_option_has_a_help() -> None:
    """But `--format`, whose choices say it."""
    bare = [
        (name, parameter.opts)
        for name, command in _commands().items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help and parameter.opts != ["--format"]
    ]
    assert not bare


def test_leads_stand_before_the_events_that_refer_to_them() -> None:
    """`--help` keeps the order in which the options are declared."""
    for name, command in _commands().items():
        names = [option for parameter in command.params for option in parameter.opts]
        if "--events" in names:
            assert names.index("--leads") < names.index("--events"), name


def test_options_keep_their_order() -> None:
    """As they are written, from the top."""

    @click.command()
    @options(click.option("--first"), click.option("--second"), format_option("text", "json"))
    def command() -> None: ...

    assert [parameter.name for parameter in command.params] == ["first", "second", "form"]


@pytest.mark.parametrize("page", ["README.md", "docs/commands.md"])
def test_the_pages_name_every_command(page: str) -> None:
    """A command that no table lists is not found."""
    text = (ROOT / page).read_text(encoding="utf-8")
    missing = [name for name in COMMANDS if f"leadrules {name}" not in text]
    assert not missing


SHOWN = re.compile(r"leadrules ([a-z]+(?: [a-z]+)?)([^`\n#;|&<>]*)")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("README.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_pages_show_no_option_that_is_not_there(page: Path) -> None:
    commands = _commands()
    for words, rest in SHOWN.findall(page.read_text(encoding="utf-8")):
        name = words if words in commands else words.split()[0]
        if name not in commands:
            continue
        known = {option for parameter in commands[name].params for option in parameter.opts}
        shown = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest))
        assert shown <= known | {"--help", "-h"}, f"leadrules {words}{rest}"


def test_the_page_of_the_commands_names_every_option() -> None:
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    missing = {
        (name, max(parameter.opts, key=len))
        for name, command in _commands().items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not named.intersection(parameter.opts)
    }
    assert not missing


def test_the_map_names_every_folder() -> None:
    """docs/onboarding.md tells what each folder of the program does."""
    text = (ROOT / "docs/onboarding.md").read_text(encoding="utf-8")
    folders = [path.name for path in (ROOT / "src/leadrules").iterdir() if (path / "__init__.py").is_file()]
    missing = [name for name in folders if f"{name}/" not in text]
    assert len(folders) > 10
    assert not missing


PROJECT = {
    "leadrules.yaml": "version: 1\nsources:\n  leads: {path: leads.csv}\n",
    "rules/lead.schema.json": '{"type": "object", "properties": {"id": {"type": "string"}, "size": {"type": "number"}}}',
    "rules/a.lead": "score fit {\n  big: +5 when size > 10\n}\n",
    "leads.csv": "id,size\n1,20\n2,5\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_run_dry_writes_nothing_unless_a_folder_is_given(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default of `--out` is no folder that was asked for."""
    monkeypatch.chdir(project)
    done = CliRunner().invoke(cli, ["run", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert not (project / "out").exists()


def test_run_dry_honours_what_says_how_files_are_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out`, `--output` and `--reasons` mean the same with `--dry-run`."""
    monkeypatch.chdir(project)
    done = CliRunner().invoke(cli, ["run", "--dry-run", "--out", "seen", "--output", "jsonl", "--reasons"])
    assert done.exit_code == 0, done.output
    assert {path.name for path in (project / "seen").iterdir()} == {
        "decisions.jsonl",
        "manifest.json",
        "reasons.jsonl",
        "rejects.csv",
    }
    assert "wrote seen" in done.stderr
    assert not (project / ".leadrules").exists()


@pytest.mark.parametrize("command", ["docs", "graph", "compile", "test --generate"])
def test_a_dash_is_standard_output(command: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of that name is `./-`, as elsewhere."""
    monkeypatch.chdir(project)
    printed, dashed, written = (
        CliRunner().invoke(cli, [*command.split(), *options]) for options in ((), ("-o", "-"), ("-o", "./-"))
    )
    assert (printed.exit_code, dashed.exit_code, written.exit_code) == (0, 0, 0)
    assert dashed.stdout == printed.stdout != ""
    assert (project / "-").read_text(encoding="utf-8") == printed.stdout
    assert written.stdout == ""
