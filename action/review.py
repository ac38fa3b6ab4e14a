"""What a pull request is told about its rules: check, test and diff, as annotations, files and one comment.

In: environment variables, those of GitHub Actions and `LEADRULES_...` of action.yml (none is needed), and `leadrules` and
`gh` on PATH. Out: leadrules.sarif, leadrules-tests.xml, leadrules-diff.md and leadrules-comment.md in one folder, the
comment on the pull request (written once, then updated), and the exit code of the worst. Runs anywhere: without a pull
request, without `gh` or without a token it leaves the files and posts nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

LONGEST_COMMENT = 65_000  # GitHub takes 65,536 characters
SHOWN_FINDINGS = 20


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    project: str
    base: str
    leads: str
    fail_on_change: str
    strict: bool
    comment: bool
    out: Path

    @classmethod
    def read(cls, env: Mapping[str, str], event: Mapping[str, Any]) -> Settings:
        """From the environment; the base of a pull request, or what a push came upon, is that of the event."""
        before = event.get("pull_request", {}).get("base", {}).get("sha") or event.get("before", "")
        return cls(
            project=env.get("LEADRULES_PROJECT") or ".",
            base=env.get("LEADRULES_BASE") or ("" if not before.strip("0") else before),
            leads=env.get("LEADRULES_LEADS", ""),
            fail_on_change=env.get("LEADRULES_FAIL_ON_CHANGE", ""),
            strict=env.get("LEADRULES_STRICT", "").lower() == "true",
            comment=env.get("LEADRULES_COMMENT", "true").lower() == "true",
            out=Path(env.get("LEADRULES_OUT") or env.get("RUNNER_TEMP") or "."),
        )

    @property
    def marker(self) -> str:
        """The first line of the comment, by which it is found again; one comment per project."""
        return f"<!-- leadrules: {Path(self.project).as_posix()} -->"


@dataclass(frozen=True)
class Done:
    """What a command said."""

    code: int
    out: str
    err: str


def main() -> int:
    """Check, test, diff; then the comment. The exit code is that of the worst."""
    event = read_event(os.environ.get("GITHUB_EVENT_PATH", ""))
    settings = Settings.read(os.environ, event)
    settings.out.mkdir(parents=True, exist_ok=True)
    code, body, is_sound = check(settings)
    codes, parts = [code], [body]
    for step in (test, diff) if is_sound else ():
        code, body = step(settings)
        codes.append(code)
        parts.append(body)
    text = "\n\n".join([settings.marker, "## LeadRules", *(part for part in parts if part)]) + "\n"
    publish(settings, text, event)
    return max(codes)


def read_event(path: str) -> dict[str, Any]:
    """The event that started the workflow; empty outside of one."""
    if not path or not Path(path).is_file():
        return {}
    event = json.loads(Path(path).read_text(encoding="utf-8"))
    return event if isinstance(event, dict) else {}


# -- the three steps --------------------------------------------------------------------------------------------------


def leadrules(settings: Settings, *arguments: str) -> Done:
    """One command of the program on the project."""
    command = ["leadrules", *arguments, "--project", settings.project]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def check(settings: Settings) -> tuple[int, str, bool]:
    """Annotations on standard output, the SARIF file; what the comment says of them, and whether the rules can be run."""
    strict = ["--strict"] if settings.strict else []
    annotated = leadrules(settings, "check", "--format", "github", *strict)
    sys.stdout.write(annotated.out)
    sys.stderr.write(annotated.err)
    found = annotated.out.count("\n")
    if annotated.code and not found:
        return annotated.code, f"**Check** could not be done.\n\n{fenced(annotated.err)}", False
    sarif = leadrules(settings, "check", "--format", "sarif").out
    write(settings, "leadrules.sarif", sarif)
    is_sound = not has_errors(annotated.out)
    if not found:
        return annotated.code, "**Check**: nothing to object to.", is_sound
    lines = concise(json.loads(sarif))
    head = f"**Check**: {found} finding{'s' if found > 1 else ''}{'' if is_sound else '; the rules have errors'}."
    more = [f"and {found - SHOWN_FINDINGS} more"] if found > SHOWN_FINDINGS else []
    return annotated.code, f"{head}\n\n{fenced(chr(10).join([*lines[:SHOWN_FINDINGS], *more]))}", is_sound


def concise(log: Mapping[str, Any]) -> list[str]:
    """One line per finding that no comment silences."""
    lines = []
    for found in log["runs"][0]["results"]:
        if "suppressions" not in found:
            place = found["locations"][0]["physicalLocation"]
            at = f"{unquote(place['artifactLocation']['uri'])}:{place['region']['startLine']}"
            lines.append(f"{at}: {found['ruleId']} {found['message']['text'].splitlines()[0]}")
    return lines


def has_errors(commands: str) -> bool:
    """Whether any annotation is an error."""
    return any(line.startswith("::error ") for line in commands.splitlines())


def test(settings: Settings) -> tuple[int, str]:
    """The JUnit file, and which tests failed."""
    done = leadrules(settings, "test", "--format", "junit")
    if not done.out.lstrip().startswith("<?xml"):
        return done.code, f"**Tests** could not be run.\n\n{fenced(done.err)}"
    write(settings, "leadrules-tests.xml", done.out)
    cases = list(ET.fromstring(done.out.encode("utf-8")).iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    if not failed:
        return done.code, f"**Tests**: {len(cases)} passed." if cases else "**Tests**: there are none."
    names = "\n".join(f"- {case.get('name')} ({case.get('classname')})" for case in failed[:SHOWN_FINDINGS])
    return done.code, f"**Tests**: {len(cases) - len(failed)} passed, {len(failed)} failed.\n\n{names}"


def diff(settings: Settings) -> tuple[int, str]:
    """What the change would do to the leads, in Markdown."""
    if not settings.base:
        return 0, ""
    leads = ["--leads", settings.leads] if settings.leads else []
    limit = ["--fail-on-change", settings.fail_on_change] if settings.fail_on_change else []
    done = leadrules(settings, "diff", settings.base, "--format", "markdown", *leads, *limit)
    sys.stderr.write(done.err)
    if not done.out.strip():
        return done.code, f"**Diff** could not be made.\n\n{fenced(done.err)}"
    write(settings, "leadrules-diff.md", done.out)
    return done.code, done.out.strip()


def fenced(text: str) -> str:
    """Text as it is, whatever Markdown it holds."""
    return f"~~~~text\n{text.strip()}\n~~~~"


def write(settings: Settings, name: str, text: str) -> None:
    """One of the files, as UTF-8."""
    (settings.out / name).write_text(text, encoding="utf-8")


# -- the comment ------------------------------------------------------------------------------------------------------


def publish(settings: Settings, text: str, event: Mapping[str, Any]) -> None:
    """The comment as a file, on the summary of the run, and on the pull request."""
    body = shortened(text)
    write(settings, "leadrules-comment.md", body)
    append("GITHUB_STEP_SUMMARY", body)
    names = {
        "sarif": "leadrules.sarif",
        "junit": "leadrules-tests.xml",
        "markdown": "leadrules-diff.md",
        "comment": "leadrules-comment.md",
    }
    there = {name: settings.out / file for name, file in names.items() if (settings.out / file).is_file()}
    append("GITHUB_OUTPUT", "".join(f"{name}={path}\n" for name, path in there.items()))
    number, repository = event.get("pull_request", {}).get("number"), os.environ.get("GITHUB_REPOSITORY", "")
    if settings.comment and number and repository:
        post(repository, int(number), settings)


def shortened(text: str) -> str:
    """The text as GitHub takes it; the whole is in the files of the run."""
    if len(text) <= LONGEST_COMMENT:
        return text
    kept = text[:LONGEST_COMMENT].rsplit("\n", 1)[0]
    opened = kept.count("<details") - kept.count("</details")
    return f"{kept}\n{'</details>' * max(opened, 0)}\n\n(cut here: the whole is in leadrules-diff.md)\n"


def append(variable: str, text: str) -> None:
    """Text to the file that a variable of GitHub names, where there is one."""
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def post(repository: str, number: int, settings: Settings) -> None:
    """Write the comment, or update the one that is there; a token that may not is told, and fails nothing."""
    if shutil.which("gh") is None or not (os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN")):
        print("::notice title=leadrules::no comment was written: `gh` and GH_TOKEN are needed")
        return
    body = f"body=@{settings.out / 'leadrules-comment.md'}"
    found = gh(f"repos/{repository}/issues/{number}/comments?per_page=100", "--paginate", "--jq", ".[] | {id, body}")
    if found.code:
        said = found
    else:
        own = next((one["id"] for one in comments(found.out) if one["body"].startswith(settings.marker)), None)
        path = (
            f"repos/{repository}/issues/{number}/comments"
            if own is None
            else f"repos/{repository}/issues/comments/{own}"
        )
        said = gh(path, "--method", "POST" if own is None else "PATCH", "-F", body)
    if said.code:
        reason = " ".join(said.err.split()) or f"gh ended with {said.code}"
        print(f"::warning title=leadrules::no comment was written: {reason.replace('%', '%25')}")


def comments(lines: str) -> Iterator[dict[str, Any]]:
    """The comments that `gh` printed, one JSON object a line."""
    for line in lines.splitlines():
        if line.strip():
            one = json.loads(line)
            yield {"id": one["id"], "body": one.get("body") or ""}


def gh(path: str, *arguments: str) -> Done:
    """One call of GitHub's own program."""
    done = subprocess.run(
        ["gh", "api", path, *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


if __name__ == "__main__":
    sys.exit(main())
