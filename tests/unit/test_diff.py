"""`diff` against plain runs: who changes, by how much, and that the edited line to blame is the one that does it."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.diff_project import diff, leadrules, project

RULES = """define total = fit + engagement
score fit {
  vp: +30 when title contains "VP"
  large: +20 when employees >= 200
  home: +10 when country = "JP"
}
score engagement {
  demos: +10 each demo at most 3 times
}
band heat of total {
  hot: from 50
  warm: from 30
  cold: otherwise
}
segment big when employees >= 500
classify who { boss: when title contains "VP" and heat is hot  user: otherwise }
route sales {
  hot: rep "ann@x" when heat is hot
  near: rep "bob@x" when country = "JP"
  rest: queue pool otherwise
}
"""
EDITS = {
    "fit.vp": ("vp: +30", "vp: +20"),
    "fit.large": ("+20 when employees >= 200", "+20 when employees >= 100"),
    "fit.web": ("  home:", '  web: +5 when title contains "Web"\n  home:'),
    "engagement.demos": ("+10 each", "+15 each"),
    "heat.warm": ("warm: from 30", "warm: from 25"),
    "big": ("employees >= 500", "employees >= 300"),
}
TITLES = ("VP Sales", "VP Web", "Clerk", "Web Designer", "")


def _data(rows: int, seed: int) -> tuple[str, str]:
    pick = random.Random(seed)
    leads = ["id,title,employees,country,owner,created_at"]
    for n in range(rows):
        owner = pick.choice(["", "", "ann@x", "gone@x"])
        leads.append(
            f"L{n},{pick.choice(TITLES)},{pick.choice([10, 120, 250, 350, 600])},{pick.choice(['JP', 'DE'])},{owner},2026-01-{n % 28 + 1:02}"
        )
    events = ["lead_id,type,at"]
    events += [f"L{pick.randrange(rows)},demo,2026-02-{pick.randrange(1, 28):02}T{n % 24:02}:00" for n in range(rows)]
    return "\n".join(leads) + "\n", "\n".join(events) + "\n"


def _edited(names: list[str]) -> str:
    text = RULES
    for name in names:
        old, new = EDITS[name]
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def _run(folder: Path) -> list[dict[str, str]]:
    out = folder / "out"
    done = leadrules("run", "--project", folder, "--no-state", "--out", out)
    assert done.exit_code == 0, done.output
    with (out / "decisions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _version(tmp: Path, name: str, edited: list[str], seed: int = 1) -> Path:
    leads, events = _data(120, seed)
    return project(tmp / name, _edited(edited), leads, events)


def _transitions(found: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    return {(one["from"] or "", one["to"] or ""): one["leads"] for one in found}


@pytest.mark.parametrize("seed", [1, 2])
def test_transitions_are_those_between_two_runs(tmp_path: Path, seed: int) -> None:
    base, head = _version(tmp_path, "base", [], seed), _version(tmp_path, "head", list(EDITS), seed)
    found = diff(base, head, "--no-state", "--show-keys")
    before, after = _run(base), _run(head)
    pairs = list(zip(before, after, strict=True))
    for one in found["labels"]:
        name = one["name"]
        assert _transitions(one["transitions"]) == Counter((b[name], a[name]) for b, a in pairs if b[name] != a[name])
    owners = Counter((b["owner"], a["owner"]) for b, a in pairs if b["owner"] != a["owner"])
    assert owners
    assert _transitions(found["decisions"]["owner"]["transitions"]) == owners
    load = {one["owner"] or "": (one["before"], one["after"]) for one in found["decisions"]["owner"]["load"]}
    assert load == {
        owner: (sum(b["owner"] == owner for b in before), sum(a["owner"] == owner for a in after))
        for owner in {row["owner"] for row in (*before, *after)}
    }
    shifts = [float(a["fit"]) - float(b["fit"]) for b, a in pairs]
    fit = next(one for one in found["scores"] if one["name"] == "fit")
    assert (fit["up"], fit["down"]) == (sum(s > 0 for s in shifts), sum(s < 0 for s in shifts))
    assert (fit["least_shift"], fit["most_shift"]) == (min(shifts), max(shifts))
    assert fit["mean_after"] == pytest.approx(sum(float(a["fit"]) for a in after) / len(after), abs=1e-4)
    changed = sum(any(b[c] != a[c] for c in ("heat", "who", "segments", "owner")) for b, a in pairs)
    assert found["leads"]["changed"] == changed


def test_each_change_is_blamed_on_the_edits_that_make_it_alone(tmp_path: Path) -> None:
    base, head = _version(tmp_path, "base", []), _version(tmp_path, "head", list(EDITS))
    found = diff(base, head, "--no-state")
    before, after = _run(base), _run(head)
    alone = {name: _run(_version(tmp_path, name, [name])) for name in EDITS}
    heat = next(one for one in found["labels"] if one["name"] == "heat")
    told = {one["edit"]: one["leads"] for one in heat["because"]}
    changed = [n for n in range(len(before)) if before[n]["heat"] != after[n]["heat"]]
    for name, rows in alone.items():
        makes = sum(rows[n]["heat"] != before[n]["heat"] for n in changed)
        assert told.get(name, 0) >= makes
    explained = {n for n in changed for rows in alone.values() if rows[n]["heat"] != before[n]["heat"]}
    if len(explained) == len(changed):
        assert told == {
            name: makes
            for name, rows in alone.items()
            if (makes := sum(rows[n]["heat"] != before[n]["heat"] for n in changed))
        }
    assert found["attributed_by_name"] is False


def test_two_edits_that_only_do_it_together_are_both_blamed(tmp_path: Path) -> None:
    rules = "score s {{ a: +{a} when employees > 1  b: +{b} when employees > 2 }}\nband k of s {{ high: from 20  low: otherwise }}\n"
    leads = "id,employees\n1,5\n2,1\n"
    base = project(tmp_path / "base", rules.format(a=5, b=5), leads)
    head = project(tmp_path / "head", rules.format(a=10, b=10), leads)
    found = diff(base, head, "--no-state")
    (band,) = found["labels"]
    assert band["transitions"] == [
        {
            "from": "low",
            "to": "high",
            "leads": 1,
            "because": [{"edit": "s.a", "leads": 1}, {"edit": "s.b", "leads": 1}],
        }
    ]


def test_a_rule_that_reads_a_new_field_rejects_rows_that_only_the_older_version_decides(tmp_path: Path) -> None:
    leads = "id,employees,title\n1,5,VP\n2,many,VP\n3,9,Clerk\n"
    base = project(tmp_path / "base", 'segment v when title contains "VP"\n', leads)
    head = project(tmp_path / "head", 'segment v when title contains "VP" and employees > 6\n', leads)
    found = diff(base, head, "--no-state")
    assert found["leads"] == {
        "compared": 2,
        "changed": 1,
        "only_base": 1,
        "only_head": 0,
        "rejected_base": 0,
        "rejected_head": 1,
    }
    (segment,) = found["segments"]
    assert (segment["before"], segment["after"], segment["left"]) == (1, 0, 1)
    assert segment["because"] == [{"edit": "v", "leads": 1}]


def test_an_edit_of_a_look_at_events_is_blamed(tmp_path: Path) -> None:
    """Another window, another type of event: the line that says so moves the lead, not the one that was edited beside it."""
    rules = """score s {{ mailed: +10 when {look}  sized: +{points} when employees > 1 }}
band heat of s {{ hot: from 10  cold: otherwise }}
segment fresh when {look}
"""
    leads, events = "id,employees\na,\nb,5\n", "lead_id,type,at\na,mail,2026-01-01T09:00\n"
    base = project(tmp_path / "base", rules.format(look="did mail within 30 days", points=1), leads, events)
    head = project(tmp_path / "head", rules.format(look="did mail within 60 days", points=2), leads, events)
    found = diff(base, head, "--as-of", "2026-02-10")
    (heat,), (fresh,) = found["labels"], found["segments"]
    assert heat["because"] == [{"edit": "s.mailed", "leads": 1}]
    assert fresh["because"] == [{"edit": "fresh", "leads": 1}]


def test_versions_that_declare_other_types_of_events_are_compared(tmp_path: Path) -> None:
    """HubSpot's export calls a mail otherwise from one week to the next: the older rules see none in it, the newer ones all."""
    rules = "score s { did_it: +10 when did mail  talked: +5 each demo }\nband heat of s { hot: from 10  cold: otherwise }\n"
    events = "lead_id,type,at\na,letter,2026-02-01T09:00\nb,demo,2026-02-01T09:00\nb,letter,2026-02-02T09:00\n"
    base = project(tmp_path / "a", rules, "id\na\nb\nc\n", events)
    head = project(tmp_path / "b", rules.replace("did mail", "did letter"), "id\na\nb\nc\n", events)
    schema = head / "rules" / "events.schema.json"
    schema.write_text(schema.read_text(encoding="utf-8").replace('"mail"', '"letter"'), encoding="utf-8")
    found = diff(base, head)
    (heat,) = found["labels"]
    assert heat["because"] == [{"edit": "s.did_it", "leads": 2}]


def test_definitions_of_one_version_alone_show_their_counts(tmp_path: Path) -> None:
    leads = "id,employees\n1,5\n2,50\n"
    base = project(tmp_path / "base", "segment old when employees > 1\n", leads)
    head = project(tmp_path / "head", "band size of employees { large: from 10  small: otherwise }\n", leads)
    found = diff(base, head, "--no-state")
    assert [(s["name"], s["status"], s["before"], s["after"]) for s in found["segments"]] == [
        ("old", "removed", 2, None)
    ]
    (band,) = found["labels"]
    assert (band["status"], band["transitions"]) == ("added", [])
    assert [(one["label"], one["after"]) for one in band["labels"]] == [("large", 1), ("small", 1)]


def test_who_moves_only_because_others_do_is_told_so(tmp_path: Path) -> None:
    rules = "segment s when employees > 5\nroute r { a: team inside by round_robin when employees >= %d  rest: queue pool otherwise }\n"
    leads = "id,employees,owner,created_at\n" + "".join(f"{n},{n},,2026-01-{n:02}\n" for n in range(1, 9))
    base = project(tmp_path / "base", rules % 3, leads)
    head = project(tmp_path / "head", rules % 2, leads)
    owner = diff(base, head, "--no-state")["decisions"]["owner"]
    before, after = _run(base), _run(head)
    assert owner["changed"] == sum(b["owner"] != a["owner"] for b, a in zip(before, after, strict=True)) == 7
    assert {one["edit"] for one in owner["because"]} == {"route.r.a"}


def test_a_setting_of_the_project_file_is_an_edit_like_any_other(tmp_path: Path) -> None:
    rules = "segment weekend when weekday(created_at + 1 business day) = 1\n"
    leads = "id,created_at\n1,2026-01-03\n2,2026-01-08\n"
    base = project(tmp_path / "base", rules, leads)
    head = project(tmp_path / "head", rules, leads)
    yaml = head / "leadrules.yaml"
    yaml.write_text(yaml.read_text(encoding="utf-8") + "week: Mon-Thu\n", encoding="utf-8")
    found = diff(base, head, "--no-state")
    (edit,) = found["edits"]
    assert edit["words"] == "leadrules.yaml: working days: 1, 2, 3, 4 instead of 1, 2, 3, 4, 5"
    (segment,) = found["segments"]
    assert (segment["before"], segment["after"]) == (1, 2)
    assert segment["because"] == [{"edit": edit["path"], "leads": 1}]
