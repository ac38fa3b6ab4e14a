"""The example company over six weeks: every Monday evening a run with a state decides on what was known by then.

In: examples/acme. Out: a copy of it after its last run, what the runs wrote, and the exports as SQL finds them: times in
Tokyo, leads by the first 15 characters of their id. Which leads there are is taken from the kept decisions, which have an
oracle of their own (suites/acme_oracle.py).
"""

from __future__ import annotations

import csv
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from tests.suites.running import EXAMPLES, leadrules

ACME = EXAMPLES / "acme"
AS_OF = "2026-10-30 17:12:03"  # the newest event
FIRST, RUNS = datetime.fromisoformat("2026-09-21T18:00"), 6


def write_weeks(folder: Path) -> tuple[Path, list[tuple[datetime, Path]]]:
    """The project after its last run, and the folder of each run by its `as of`."""
    project = folder / "acme"
    shutil.copytree(ACME, project)
    with (ACME / "leads.csv").open(encoding="utf-8", newline="") as file:
        head, *leads = list(csv.reader(file))
    outs: list[tuple[datetime, Path]] = []
    for number in range(RUNS):
        at = FIRST + timedelta(weeks=number)
        # Ids that nobody can read a date of stay in: they are rejected by each run as by the report.
        known = [row for row in leads if row[1] <= f"{at:%Y-%m-%dT%H:%M:%S}.000+0900"]
        with (project / "leads.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *known])
        out = folder / f"out{number:02}"
        options = ("--as-of", at.isoformat(), "--out", out, "-q", "--force", "--reasons")
        done = leadrules("run", "--project", project, *options)
        assert done.exit_code == 0, done.output
        outs.append((at, out))
    shutil.copy(ACME / "leads.csv", project / "leads.csv")
    return project, outs


def read_exports(con: duckdb.DuckDBPyConnection) -> None:
    """The tables leads, events, work, segments: all that the files say up to the newest event."""
    con.execute(f"""
        create table kept as select substr("id", 1, 15) as id, lifecycle, temperature, segments, reasons
            from read_csv('{ACME}/expected/decisions.csv.gz', all_varchar = true, nullstr = '');
        create table leads as
            select substr("Lead ID", 1, 15) as id, any_value("Lead ID") as key,
                   any_value(coalesce(nullif(trim("Lead Source"), ''), '(none)')) as source,
                   any_value(nullif(trim("Lead Owner"), '')) as owner, any_value("Lead Status") as status,
                   any_value(coalesce(nullif(trim("Country"), ''), '(none)')) as country,
                   any_value(strptime(replace("Created Date", '.000+0900', ''), '%Y-%m-%dT%H:%M:%S')) as created
            from read_csv('{ACME}/leads.csv', all_varchar = true) semi join kept on substr("Lead ID", 1, 15) = kept.id
            group by 1;
        create table raw as select distinct on ("Activity ID") * from read_csv('{ACME}/events/*.csv.gz', all_varchar = true)
            order by "Activity ID", length("Lead ID");
        create table events as
            select substr("Lead ID", 1, 15) as id, "Activity" as type, nullif("Campaign", '') as campaign, nullif("Form", '') as form,
                   nullif("Magnet", '') as magnet, nullif("Path", '') as path, null::varchar as reason, null::double as amount,
                   try_strptime(replace("Occurred At", '+09:00', ''), '%Y-%m-%dT%H:%M:%S') as t
            from raw
            union all
            select substr("Lead ID", 1, 15), "Task", null, null, null, null, nullif("Reason", ''), null, strptime("Done At", '%Y-%m-%d %H:%M:%S')
            from (select distinct * from read_csv('{ACME}/sales.csv', all_varchar = true))
            union all
            select substr("Lead ID", 1, 15), 'deal_won', null, null, null, null, null, "Amount"::double, strptime("Closed", '%Y-%m-%d')
            from read_csv('{ACME}/deals.csv', all_varchar = true);
        delete from events where type is null or type in ('sms_delivered', 'yesterday', 'fax_sent'); -- broken rows of the exports
        delete from events where t is null or t > timestamp '{AS_OF}' or id not in (select id from leads);
        create table work as
            select id, t, case type when 'email_sent' then 'email' when 'call_made' then 'call' else 'linkedin' end as channel
            from events where type in ('email_sent', 'call_made', 'linkedin_sent');
        create table segments as select id, unnest(string_split(segments, ';')) as segment from kept where segments is not null;
    """)


def read_runs(con: duckdb.DuckDBPyConnection, outs: list[tuple[datetime, Path]]) -> None:
    """The tables runs, acts, held: what the runs decided, did and withheld, with the `as of` of each."""
    shown = {
        "runs": "substr(id, 1, 15) as id, lifecycle as life, owner, sequence, enrolled_at, reasons",
        "acts": "substr(key, 1, 15) as key, kind, what, value, due, rule",
        "held": "substr(key, 1, 15) as key, kind, what, value, due, rule, reason",
    }
    for (name, columns), file in zip(shown.items(), ("decisions", "actions", "withheld"), strict=True):
        parts = [
            f"select timestamp '{at}' as run, {columns} from read_csv('{out}/{file}.csv', all_varchar = true, nullstr = '')"
            for at, out in outs
        ]
        con.execute(f"create table {name} as {' union all by name '.join(parts)}")
