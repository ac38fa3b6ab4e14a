"""Names and types in expressions, LR100 to LR129."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

_NAMES: tuple[Code, ...] = (
    Code(
        "LR100",
        "defined-twice",
        "error",
        "A name is defined twice",
        "Lists, tables, definitions, segments, scores, bands, matrices, classify and stages share one namespace, across all "
        "rule files; so do sequences among themselves, triggers among themselves, and so on. Which of two would be meant "
        "cannot be told. Rename one, or delete the one that is not needed.",
        "define size = employees\nsegment size when employees > 10\n",
        "define size = employees\nsegment large when size > 10\n",
    ),
    Code(
        "LR101",
        "name-taken",
        "error",
        "A name is taken by a field, or by what is always there",
        "A definition that bore the name of a lead field would hide the field from every rule. Only a band or stages may do "
        "so: there the name means the label, and the field, reached as `lead.NAME`, its past value. Names such as `now`, "
        "`owner` and `step` are always there. Scores and labels are columns of decisions.csv, so none may be called like another "
        "column of it: the key, `segments`, `reasons`, a field that a route fills. A rule of a route is `route.ROUTE.RULE` in the files. "
        "`*` alone, and what goes from `^` to `$`, stand for any name, so they name nothing.",
        "define country = lower(lead_source)\n",
        "define source = lower(lead_source)\n",
    ),
    Code(
        "LR102",
        "circle",
        "error",
        "Definitions need each other in a circle",
        "To work out the first, the second is needed, and so on back to the first: no order of working them out exists. "
        "The message shows the whole circle. Break it where one of them can do without the next.",
        "define a = b + 1\ndefine b = c * 2\ndefine c = a\n",
        "define a = b + 1\ndefine b = c * 2\ndefine c = employees\n",
    ),
    Code(
        "LR104",
        "unknown-name",
        "error",
        "A name that nothing bears",
        "Every name is a field of the lead schema, a definition of some rule file, or one that is always there. A rule with "
        "a misspelt name would silently never fire, so it is refused. Check the spelling, or declare the field in "
        "rules/lead.schema.json.",
        'segment retail when indutsry = "Retail"\n',
        'segment retail when industry = "Retail"\n',
    ),
    Code(
        "LR105",
        "unknown-event",
        "error",
        "An event type that the event schema does not have",
        "The event types are the properties of rules/events.schema.json; `events NAME = [..]` makes groups of them. Check "
        "the spelling, or add the type there.",
        "segment reader when did email_openend\n",
        "segment reader when did email_opened\n",
    ),
    Code(
        "LR106",
        "unknown-event-field",
        "error",
        "A field that the event does not have",
        "Inside `where`, after `distinct`, and in `sum(EVENT.FIELD)` stand the fields of that event type, as "
        "rules/events.schema.json declares them, and `at`. Of an event group only the fields that all its members share, "
        "with the same type.",
        'segment pricing when did page_viewed where (url starts with "/pricing")\n',
        'segment pricing when did page_viewed where (path starts with "/pricing")\n',
    ),
    Code(
        "LR107",
        "unknown-function",
        "error",
        "A function that does not exist",
        "The functions of the language are a fixed list; rule files cannot define others. What is worked out more than once "
        "gets a name with `define`.",
        "define letters = len(title)\n",
        "define letters = length(title)\n",
    ),
)

_TYPES: tuple[Code, ...] = (
    Code(
        "LR108",
        "wrong-type",
        "error",
        "Values of different types meet",
        "A number is compared with a number, a date with a date, text with text. Between other types a comparison could "
        "only ever be false. The message says what each side is; the type of a field comes from rules/lead.schema.json.",
        'segment young when employees > "many"\n',
        "segment young when employees > 10\n",
    ),
    Code(
        "LR109",
        "not-yes-or-no",
        "error",
        "A condition that is not yes or no",
        "After `when`, and on both sides of `and` and `or`, stands something that is yes or no: a comparison, a yes/no field, "
        "a segment, `did EVENT`. A number or text on its own leaves open what it should be compared with.",
        "segment staffed when employees\n",
        "segment staffed when employees > 0\n",
    ),
    Code(
        "LR110",
        "not-an-option",
        "error",
        "A text that this field can never have",
        "The lead schema lists the values of this field (`enum`). A comparison with any other is always false, most often "
        "because of a misspelling. Upper and lower case and full-width letters do not matter.",
        'segment retail when industry = "Retial"\n',
        'segment retail when industry = "retail"\n',
    ),
    Code(
        "LR111",
        "unknown-label",
        "error",
        "A label that the definition does not have",
        "After `is` stands one of the labels that the band, matrix, classify or stages itself defines; after `sequence is` "
        "the name of a sequence.",
        "band heat of intent { hot: from 70  cold: otherwise }\nsegment ready when heat is warm\n",
        "band heat of intent { hot: from 70  cold: otherwise }\nsegment ready when heat is hot\n",
    ),
    Code(
        "LR112",
        "is-and-equals",
        "error",
        "`is` and `=` are mixed up",
        "Labels of bands, matrices, classify and stages are compared with `is` and stand without quotes: `heat is hot`. Text "
        'and choices are compared with `=` and stand in quotes: `country = "JP"`. A yes/no field stands on its own.',
        "band heat of intent { hot: from 70  cold: otherwise }\nsegment ready when heat = hot\n",
        "band heat of intent { hot: from 70  cold: otherwise }\nsegment ready when heat is hot\n",
    ),
    Code(
        "LR113",
        "needs-quotes",
        "error",
        "A text without its quotes",
        "A word without quotes is a name, a text stands in quotes. Here no such name exists, and text is what would fit.",
        "segment japan when country = JP\n",
        'segment japan when country = "JP"\n',
    ),
    Code(
        "LR114",
        "needs-no-quotes",
        "error",
        "A number or date in quotes",
        "In quotes it is text, and text does not compare with a number or a date. Numbers and dates stand without quotes: "
        "`10`, `2026-04-01`, `2026-04-01T09:00`.",
        'segment recent when created_at > "2026-01-01"\n',
        "segment recent when created_at > 2026-01-01\n",
    ),
    Code(
        "LR115",
        "set-or-text",
        "error",
        "A set is taken for a text, or a text for a list",
        'A field with many values at once (an array in the schema) is asked with `has`: `tags has "vip"`. A text is '
        "searched with `contains` and compared with `=`. After `in` stands a list, not a field.",
        'segment vip when tags contains "vip"\n',
        'segment vip when tags has "vip"\n',
    ),
    Code(
        "LR116",
        "no-order",
        "error",
        "`<` or `>` on something that has no order",
        'Numbers, dates and durations have an order. Text, choices and yes/no have not: whether "10" comes before "9" is '
        "nobody's meaning. If the column holds numbers, say so in rules/lead.schema.json.",
        'segment late when title > "M"\n',
        "segment late when employees > 12\n",
    ),
    Code(
        "LR117",
        "bad-pattern",
        "error",
        "A pattern that cannot be read",
        "After `matches` stands a pattern in Rust's regex syntax, which is searched in linear time whatever the text: it has "
        "no look-around and no back-references. Plain text needs no pattern: `contains`, `starts with`, `ends with`.",
        'segment boss when title matches "(vp|chief"\n',
        'segment boss when title matches "(vp|chief)"\n',
    ),
    Code(
        "LR118",
        "empty-text",
        "error",
        "A search for nothing",
        "Every text contains the empty text, and no field holds it: an empty cell is blank. So the test would say nothing. To "
        "ask whether there is a value at all, write `is blank` or `is not blank`.",
        'segment titled when title contains ""\n',
        "segment titled when title is not blank\n",
    ),
    Code(
        "LR119",
        "out-of-place",
        "error",
        "A name that has no meaning in this place",
        "An event is not a value, a list is not a value, a table has a value for each key, and inside `where` names are the "
        "event's: the lead's fields are reached as `lead.NAME`. The message says what to write here.",
        'segment back when did page_viewed where (country = "JP")\n',
        'segment back when country = "JP" and did page_viewed\n',
    ),
    Code(
        "LR120",
        "bad-since",
        "error",
        "`since` without a point in time",
        "`since` takes a date, a date field of the lead, a time of the state (`assigned_at`, `enrolled_at`, `lifecycle.since`), "
        "or `first` / `last` of an event, so that the events of a lead are passed over once. For a length of time there is "
        "`within 30 days`.",
        "segment active when did email_opened since 30 days\n",
        "segment active when did email_opened within 30 days\n",
    ),
    Code(
        "LR121",
        "wrong-arguments",
        "error",
        "A function is given what it does not take",
        "Each function takes a certain number of values of certain types; the help shows its form. `count`, `first`, `last`, "
        "`sum` take an event.",
        "define big = round(title)\n",
        "define big = round(employees)\n",
    ),
    Code(
        "LR122",
        "hyphen-in-name",
        "error",
        "A name with a hyphen reads as a subtraction",
        "`win-back` is `win` minus `back`. Names are words with `_`; any other name goes in backquotes.",
        "define win_back = employees\nsegment lost when win-back > 10\n",
        "define win_back = employees\nsegment lost when win_back > 10\n",
    ),
    Code(
        "LR123",
        "unknown-column",
        "error",
        "A column that the table's file does not have",
        "`lookup(KEY, TABLE.COLUMN)` takes a column by its header in the first line of the table's file.",
        'table abm from "abm.csv" key domain\ndefine level = lookup(email, abm.teir)\n',
        'table abm from "abm.csv" key domain\ndefine level = lookup(email, abm.tier)\n',
    ),
    Code(
        "LR124",
        "loose-alternative",
        "error",
        "A value stands alone after `or`",
        "In speech this is clear; here each side of `or` is a condition of its own. Each event has its own "
        "`did`; several values stand behind `in (..)` or `any (..)`.",
        "segment reader when did email_opened or email_clicked\n",
        "segment reader when did email_opened or did email_clicked\n",
    ),
    Code(
        "LR126",
        "chain-too-long",
        "error",
        "A chain of divisions or date steps is too long",
        "Divisions, and steps on a date, are done one after the other, each on the result of the one before. More than a "
        "hundred in a row is a mistake, or wants a name with `define`.",
        "define tiny = employees" + " / 2" * 101 + "\n",
        "define tiny = employees / 2 / 2\n",
    ),
)

ENTRIES: tuple[Code, ...] = _NAMES + _TYPES
