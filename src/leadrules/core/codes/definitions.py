"""Definitions, scores and thresholds, LR130 to LR149."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

_SCORES: tuple[Code, ...] = (
    Code(
        "LR130",
        "duplicate-id",
        "error",
        "A rule id stands twice in one block",
        "Reasons, tests and reports name a rule by its block and id, as `fit.senior`. In a score the ids of rules and groups "
        "are unique together, since a group has a line of its own among the reasons.",
        "score fit { size: +5 when employees > 10  size: +9 when employees > 90 }\n",
        "score fit { size: +5 when employees > 10  large: +9 when employees > 90 }\n",
    ),
    Code(
        "LR131",
        "no-when",
        "error",
        "A score rule does not say when",
        "A rule gives its points once `when` a condition holds, or for `each` event. A rule with neither would give them to "
        "everybody; if that is meant, write `when true`.",
        "score fit { base: +5 }\n",
        "score fit { base: +5 when employees > 10 }\n",
    ),
    Code(
        "LR132",
        "floor-above-cap",
        "error",
        "The floor of a score is above its cap",
        "`floor` is the least a score can be and `cap` the most: with the floor on top no value is left.",
        "score fit { size: +5 when employees > 10  floor 50  cap 20 }\n",
        "score fit { size: +5 when employees > 10  floor 20  cap 50 }\n",
    ),
    Code(
        "LR133",
        "bad-limit",
        "error",
        "A limit that cannot be",
        "`at most N points` limits what a rule or group adds up to, `at most N times` how many events of an `each` count: a "
        "whole number, for a rule. Both are above 0.",
        "score fit { group sizes at most 2 times { size: +5 when employees > 10 } }\n",
        "score fit { group sizes at most 20 points { size: +5 when employees > 10 } }\n",
    ),
    Code(
        "LR134",
        "bad-decay",
        "error",
        "Points cannot fade over this length",
        "`halving every` takes hours, days or weeks, for months and years differ in length. `fading over` takes any length "
        "above 0.",
        "score fit { opened: +5 each email_opened halving every 1 month }\n",
        "score fit { opened: +5 each email_opened halving every 30 days }\n",
    ),
    Code(
        "LR135",
        "ends-before-it-begins",
        "error",
        "`until` is before `from`",
        "A line with dates exists from its first day until its last, both included. With the dates crossed it never does.",
        "score fit { size: +5 when employees > 10 from 2026-06-30 until 2026-04-01 }\n",
        "score fit { size: +5 when employees > 10 from 2026-04-01 until 2026-06-30 }\n",
    ),
    Code(
        "LR136",
        "score-setting-twice",
        "error",
        "A setting stands twice in one score",
        "A score has one `floor`, one `cap` and one `count events since`. Which of two is meant cannot be told.",
        "score fit { size: +5 when employees > 10  cap 10  cap 20 }\n",
        "score fit { size: +5 when employees > 10  cap 10 }\n",
    ),
)

_THRESHOLDS: tuple[Code, ...] = (
    Code(
        "LR137",
        "thresholds-out-of-order",
        "error",
        "The thresholds of a band do not fall",
        "A band is read from the top: the first label whose threshold is reached. A label below a lower or equal threshold "
        "can never be reached. Put the highest first.",
        "band heat of intent { warm: from 40  hot: from 70  cold: otherwise }\n",
        "band heat of intent { hot: from 70  warm: from 40  cold: otherwise }\n",
    ),
    Code(
        "LR138",
        "hold-above-from",
        "error",
        "A label is held until below a number above its own threshold",
        "`hold until below` keeps a lead in a label a little longer, so that it does not flicker at the threshold: the "
        "number is below `from`.",
        "band heat of intent { hot: from 70 hold until below 80  cold: otherwise }\n",
        "band heat of intent { hot: from 70 hold until below 60  cold: otherwise }\n",
    ),
    Code(
        "LR139",
        "otherwise-not-last",
        "error",
        "`otherwise` is not the last line",
        "Lines are tried from the top, and `otherwise` takes every lead that is left: the lines below it are never reached. "
        "So a block has one such line, and it is the last.",
        'classify persona { user: otherwise  buyer: when title contains "VP" }\n',
        'classify persona { buyer: when title contains "VP"  user: otherwise }\n',
    ),
    Code(
        "LR140",
        "matrix-hole",
        "error",
        "A matrix does not cover every pair",
        "A matrix has a row for each label of its first side, a column for each label of its second, and a label in each "
        "cell.",
        "band heat of intent { hot: from 70  cold: otherwise }\n"
        "band size of employees { big: from 100  small: otherwise }\n"
        "matrix order of size by heat {\n  columns: hot | cold\n  big: p1 | p2\n}\n",
        "band heat of intent { hot: from 70  cold: otherwise }\n"
        "band size of employees { big: from 100  small: otherwise }\n"
        "matrix order of size by heat {\n  columns: hot | cold\n  big: p1 | p2\n  small: p2 | p3\n}\n",
    ),
    Code(
        "LR141",
        "side-without-labels",
        "error",
        "A side of a matrix has no labels",
        "Both sides of a matrix are bands, matrices, classify or stages: their labels are its rows and columns. A number "
        "gets labels from a `band`, a field from a `classify`.",
        "band heat of intent { hot: from 70  cold: otherwise }\n"
        "matrix order of industry by heat {\n  columns: hot | cold\n  Retail: p1 | p2\n}\n",
        "band heat of intent { hot: from 70  cold: otherwise }\n"
        'classify trade { retail: when industry = "Retail"  other: otherwise }\n'
        "matrix order of trade by heat {\n  columns: hot | cold\n  retail: p1 | p2\n  other: p2 | p3\n}\n",
    ),
    Code(
        "LR142",
        "duplicate-label",
        "error",
        "A label stands twice",
        "Each label of a band, classify or stages, and each row and column of a matrix, stands once. Two ways to one label "
        "are one line with `or`.",
        "band heat of intent { hot: from 70  hot: from 40  cold: otherwise }\n",
        "band heat of intent { hot: from 70  warm: from 40  cold: otherwise }\n",
    ),
)

_COLLECTIONS: tuple[Code, ...] = (
    Code(
        "LR143",
        "bad-list-value",
        "error",
        "A list holds what it cannot",
        "A list is written out, and holds texts or numbers, not both.",
        'list codes = ["a", 2]\nsegment coded when country in codes\n',
        'list codes = ["a", "2"]\nsegment coded when country in codes\n',
    ),
    Code(
        "LR144",
        "bad-group-member",
        "error",
        "An event group holds what it cannot",
        "An event group names event types, each once; a group inside a group is written out.",
        "events touches = [call_made, email_sent, call_made]\nsegment touched when did touches\n",
        "events touches = [call_made, email_sent]\nsegment touched when did touches\n",
    ),
    Code(
        "LR145",
        "no-such-file",
        "error",
        "The file of a list or table is not there",
        "Paths are relative to the project: the folder that holds leadrules.yaml.",
        'list rivals from "rival.csv"\nsegment rival when email in rivals\n',
        'list rivals from "rivals.csv"\nsegment rival when email in rivals\n',
    ),
    Code(
        "LR146",
        "no-such-column",
        "error",
        "The file has no such column",
        "The first line of the file is its header. A column is named as there; case, spaces, `_` and `-` do not matter.",
        'list rivals from "rivals.csv" column "domian"\nsegment rival when email in rivals\n',
        'list rivals from "rivals.csv" column "domain"\nsegment rival when email in rivals\n',
    ),
    Code(
        "LR147",
        "key-twice",
        "error",
        "A key of a table stands twice, or is missing",
        "A table has one row for each key, like XLOOKUP: which of two rows is meant cannot be told. Keys compare as text "
        "does, without case and width. Delete one of the rows.",
        'table abm from "abm_twice.csv" key domain\nsegment named when email in abm\n',
        'table abm from "abm.csv" key domain\nsegment named when email in abm\n',
    ),
    Code(
        "LR148",
        "unusable-file",
        "error",
        "The file of a list or table cannot be used",
        "It is a CSV file inside the project: a header, comma, semicolon or tab, UTF-8 or cp932, and as many cells in each "
        "row as in the header.",
        'list rivals from "../rivals.csv"\nsegment rival when email in rivals\n',
        'list rivals from "rivals.csv"\nsegment rival when email in rivals\n',
    ),
)

_UNLABELLED: tuple[Code, ...] = (
    Code(
        "LR149",
        "no-label",
        "error",
        "A band, classify or stages without a label",
        "What gives a lead a label has at least one: without any, nothing could ever be asked of it.",
        "stages lifecycle { forward only }\n",
        "stages lifecycle { forward only  mql: when did email_opened  lead: otherwise }\n",
    ),
)

ENTRIES: tuple[Code, ...] = _SCORES + _THRESHOLDS + _COLLECTIONS + _UNLABELLED
