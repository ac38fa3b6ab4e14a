"""One mistake, one error: a token left out anywhere is told once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.example_project import compile_text, errors

from leadrules.core.source import SourceFile
from leadrules.syntax.tokenize import tokenize

GOOD = sorted((Path(__file__).parents[1] / "language").glob("*/good/*.lead"))


def test_a_token_left_out_is_one_error_nearly_everywhere() -> None:
    random.seed(20260401)
    texts = [path.read_text(encoding="utf-8") for path in GOOD]
    texts = [text for text in texts if not errors(text)]
    counts = []
    for _ in range(400):
        text = random.choice(texts)
        left_out = random.choice(tokenize(SourceFile("rules/example.lead", text)).tokens)
        broken = text[: left_out.start] + text[left_out.end :]
        counts.append(sum(d.severity == "error" for d in compile_text(broken)[1]))
    assert sum(count > 1 for count in counts) <= 0.04 * len(counts)
    assert sum(count == 0 for count in counts) <= 0.08 * len(counts)


def test_a_block_without_its_keyword_is_read_as_what_it_is() -> None:
    text = 'list a = ["x"]\nb = [email_sent]\nc = 1 + 1\nd when title in a and c > 1 and did b\ne of intent { hot: from 5 }\n'
    text += 'f "Fit" { r: +5 when d and e is hot }\ng from "rivals.csv"\nsegment h when f > 1 and title in g\n'
    found = errors(text)
    assert [d.span.text for d in found] == ["b", "c", "d", "e", "f", "g"]
    assert {d.code for d in found} == {"LR020"}
    for diagnostic in reversed(found):
        edit = diagnostic.fixes[0].edits[0]
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert errors(text) == []


def test_a_block_without_its_name_explains_the_name_that_is_unknown() -> None:
    text = 'band of intent { hot: from 5 }\nsegment a when heat is hot\nsegment b when heat is hot and titel = "x"\n'
    assert [d.span.text for d in errors(text)] == ["intent", "titel"]
    text = 'define = intent + 1\nsegment a when total_intent > 3\nsegment b when total_intent > 5 and titel = "x"\n'
    assert [d.span.text for d in errors(text)] == ["=", "titel"]


def test_a_comparison_that_is_cut_short_is_one_error() -> None:
    assert len(errors("segment a when never email_sent >\nsegment b when opted_out\n")) == 1


def test_a_line_that_lost_a_word_says_nothing_more_but_the_next_does() -> None:
    text = "score f {\n  a: +5 when nothing_like it\n  b: +3 when employes > 5\n}\n"
    assert [d.span.text for d in errors(text)] == ["it", "employes"]


def test_a_comparison_with_blank_says_what_it_would_be() -> None:
    found = errors("segment a when title = blank\nsegment b when title != blank\n")
    assert [d.message for d in found] == [
        "`= blank` is written `is blank`: no comparison with a blank is true",
        "`!= blank` is written `is not blank`: beside a blank, `!=` is always true",
    ]


WAYS_OUT = [
    ('when did page_viewed(path = "/")', 'when did page_viewed where (path = "/")'),
    ('when country in ("JP"; "US")', 'when country in ("JP", "US")'),
    ("when max(employees； 5) > intent", "when max(employees, 5) > intent"),
    ("when opted_out;", "when opted_out"),
    ("when never email_sent within the last 14 days", "when never email_sent within 14 days"),
    ("when count(email_sent in the last 2 weeks) > 3", "when count(email_sent within 2 weeks) > 3"),
    ("when did email_sent over the past 14 days", "when did email_sent within 14 days"),
    ("when never email_sent for 14 days", "when never email_sent within 14 days"),
    ("when no email_sent within 14 days", "when never email_sent within 14 days"),
    ("when annual revenue >= 5 and opted_out", "when annual_revenue >= 5 and opted_out"),
    ("when opted_out and lead source is not blank", "when opted_out and lead_source is not blank"),
    ("when lead_source <> blank", "when lead_source is not blank"),
    ("when lead_source == blank", "when lead_source is blank"),
    ("when lead_source ≠ blank and opted_out", "when lead_source is not blank and opted_out"),
    ('when title contains any of ("VP", "CEO")', 'when title contains any ("VP", "CEO")'),
    ('when title not contains one of ("VP", "CEO")', 'when title not contains any ("VP", "CEO")'),
    ('when tags has one of ("a", "b")', 'when tags has any ("a", "b")'),
    ("when employees at least 1_000", "when employees >= 1_000"),
    ("when count(email_sent) at least 3", "when count(email_sent) >= 3"),
    ("when last email_replied < now - 60 days", "when last(email_replied) < now - 60 days"),
    ("when count email_sent within 14 days = 0", "when count(email_sent within 14 days) = 0"),
    ("when max deal_won.amount > 5", "when max(deal_won.amount) > 5"),
    ('when domain_of email = "a.io"', 'when domain_of(email) = "a.io"'),
    ('when not (lead source in ("Web"))', 'when not (lead_source in ("Web"))'),
]


WAYS_OUT_OF_TESTS = [
    ("when employees >= 50 and <= 200", "when employees >= 50 and employees <= 200"),
    ('when status is blank or is "New"', 'when status is blank or status = "New"'),
    (
        'when title contains "VP" and not contains "Assistant"',
        'when title contains "VP" and title not contains "Assistant"',
    ),
    ("when count(email_sent) >= 3 and < 5", "when count(email_sent) >= 3 and count(email_sent) < 5"),
    ("when employees between (50, 200)", "when employees between 50 and 200"),
    ("when employees from 50 to 200", "when employees between 50 and 200"),
    ("when employees is => 40", "when employees >= 40"),
    ("when created at >= 2026-01-01", "when created_at >= 2026-01-01"),
    ("when opted_out or if do_not_call", "when opted_out or  do_not_call"),
    ("when opted_out and when do_not_call", "when opted_out and  do_not_call"),
    ("when field employees >= 40", "when  employees >= 40"),
    ('when title begins with "VP"', 'when title starts with "VP"'),
    ("when title isn't blank", "when title is not blank"),
    ('when title doesn’t contain "VP"', 'when title not contains "VP"'),
    ("when didn't email_opened", "when never email_opened"),
    ('when title contains any ("VP" or "CEO")', 'when title contains any ("VP", "CEO")'),
    ('when title contains ("VP" or "CEO")', 'when title contains any ("VP", "CEO")'),
    ('when country in ("JP" or "US")', 'when country in ("JP", "US")'),
    ('when if(employees > 5, "a", else "b") = "a"', 'when if(employees > 5, "a",  "b") = "a"'),
    ("when SUM(employees, intent) > 5", "when employees + intent > 5"),
    ("when SUM(employees, intent) / 2 > 5", "when (employees + intent) / 2 > 5"),
    ('when domain of(email) = "a.io"', 'when domain_of(email) = "a.io"'),
    ("when opted_out -- who said so", "when opted_out # who said so"),
]
WAYS_OUT_OF_EVENTS = [
    ("when created_at in the last 30 days", "when created_at >= today - 30 days"),
    ("when created_at since 2026-04-01", "when created_at > 2026-04-01"),
    ("when did created_at within 3 hours", "when created_at >= now - 3 hours"),
    ("when has lead_source", "when lead_source is not blank"),
    ("when no opted_out", "when not opted_out"),
    ("when email_sent since 2026-04-01", "when did email_sent since 2026-04-01"),
    ("when days since last(email_sent) > 60", "when days_between(last(email_sent), today) > 60"),
    ("when count(email_sent) within 7 days", "when did email_sent within 7 days"),
    (
        "when sum(deal_won.amount) where (amount > 5) within 1 year > 3",
        "when sum(deal_won.amount where (amount > 5) within 1 year) > 3",
    ),
    ("when did email sent and opted_out", "when did email_sent and opted_out"),
]
WAYS_OUT_OF_PHRASES = [
    ("did email_opened at least 3 times", "count(email_opened) >= 3"),
    ("did email_opened 3 times", "count(email_opened) >= 3"),
    ("email_opened more than 3 times", "count(email_opened) > 3"),
    ("email_opened < 3 times and opted_out", "count(email_opened) < 3 and opted_out"),
    ("email_opened at least 3 times in the last 30 days", "count(email_opened within 30 days) >= 3"),
    ("did email_opened over 3 times within 2 weeks", "count(email_opened within 2 weeks) > 3"),
    ("created_at older than 30 days", "created_at < today - 30 days"),
    ("created_at is newer than 2 weeks", "created_at > today - 2 weeks"),
    ("created_at more than 30 days ago", "created_at < today - 30 days"),
    ("created_at is less than 30 days ago", "created_at > today - 30 days"),
    ("last(email_opened) older than 3 hours", "last(email_opened) < now - 3 hours"),
    ("created_at before 2026-01-01", "created_at < 2026-01-01"),
    ("owner is in inside", "owner in team inside"),
    ("owner is not in inside", "owner not in team inside"),
    ("owner is team inside", "owner in team inside"),
    ("owner is not team inside", "owner not in team inside"),
    ("owner belongs to inside", "owner in team inside"),
    ("owner is one of team inside", "owner in team inside"),
    ("employees over 50", "employees > 50"),
    ('title startswith "VP"', 'title starts with "VP"'),
    ('industry is either "Software" or "Fintech"', 'industry in ("Software", "Fintech")'),
    ('industry is neither "Software" nor "Fintech"', 'industry not in ("Software", "Fintech")'),
    ("never did email_opened", "never email_opened"),
]
WAYS_OUT_OF_GROUPS = [
    "[call made, email sent]",
    "[call-made, email-sent]",
    "['call made', 'email sent']",
    '["call_made", "email_sent"]',
    "{call_made, email_sent}",
    "[call_made or email_sent]",
]
WAYS_OUT_OF_TEXTS = [
    ("define a = employees & intent\n", "define a = employees + intent\n"),
    ('define a = title & " " & country\n', 'define a = concat(title, " ", country)\n'),
    ("segment big leads when opted_out\n", "segment big_leads when opted_out\n"),
    ("events a = [call_made, email sent]\n", "events a = [call_made, email_sent]\n"),
    (
        'stages a {\n商談 商談 "話": when did demo_requested\n}\n',
        'stages a {\n商談  "話": when did demo_requested\n}\n',
    ),
    ('stages a {\nb: "c" when opted_out\n}\n', 'stages a {\nb "c": when opted_out\n}\n'),
    (
        'funnel a {\nb :"c" created_at\nd: first(email_sent)\n}\n',
        'funnel a {\nb "c": created_at\nd: first(email_sent)\n}\n',
    ),
    ('stages a {\nb "c"when : did demo_requested\n}\n', 'stages a {\nb "c": when did demo_requested\n}\n'),
    (
        "stages a {\nb: when opted_out\nc: else if intent > 3\n}\n",
        "stages a {\nb: when opted_out\nc: when intent > 3\n}\n",
    ),
    (
        'table t from "abm.csv" key domain\ndefine tier = lookup(domain_of(email), t, tier)\n',
        'table t from "abm.csv" key domain\ndefine tier = lookup(domain_of(email), t.tier)\n',
    ),
    (
        'test "a" { given intent = 1; employees = 5  expect intent = 1 }\n',
        'test "a" { given intent = 1, employees = 5  expect intent = 1 }\n',
    ),
    (
        'test "a" { given opted_out = false do_not_call = false  expect opted_out = false }\n',
        'test "a" { given opted_out = false, do_not_call = false  expect opted_out = false }\n',
    ),
]
WAYS_OUT_OF_PROCESS = [
    ("route", "a: round robin inside when intent > 3", "a: team inside by round_robin when intent > 3"),
    ("route", 'a: owner = "lee@example.com" when intent > 3', 'a: rep "lee@example.com" when intent > 3'),
    ("route", "a: queue:nurture when intent > 3", "a: queue nurture when intent > 3"),
    ("route", "a: queue queue:nurture when intent > 3", "a: queue nurture when intent > 3"),
    ("route", 'a: queue "queue:nurture" when intent > 3', "a: queue nurture when intent > 3"),
    ("trigger", "on demo_requested  do assign queue queue:nurture", "on demo_requested  do assign queue nurture"),
    ("sequence", "on finish do assign queue queue:nurture", "on finish do assign queue nurture"),
    ("route", "a: keep current owner when intent > 3", "a: keep owner when intent > 3"),
    ("route", "a: match account by email when intent > 3", "a: match account on email when intent > 3"),
    (
        "route",
        "a: queue nurture when intent > 3 sla 5 minutes",
        "a: queue nurture when intent > 3 respond within 5 minutes",
    ),
    ("sequence", '2: 2 days later call "x"', '2: wait 2 days call "x"'),
    ("sequence", '2: delay 2 days call "x"', '2: wait 2 days call "x"'),
    ("sequence", 'wait 2 days\n2: call "x"', '2: wait 2 days call "x"'),
    ("sequence", '2: day 3 call "x" only if opted_out', '2: day 3 call "x" when opted_out'),
    ("sequence", "send only between 09:00 and 18:00", "send between 09:00 and 18:00"),
    ("sequence", "send between 午前9時 and 18:00", "send between 09:00 and 18:00"),
    ("sequence", '2: day 3 午後3時半 call "x"', '2: day 3 15:30 call "x"'),
    ("sequence", "send on weekdays", "count business days"),
    ("sequence", "enroll at most 50 leads per day", "enroll at most 50 per day"),
    ("sequence", "enroll once per 90 days", "enroll again after 90 days"),
    ("sequence", 'on finish do status = "New"', 'on finish do set status = "New"'),
    ("sequence", "after finish do assign queue nurture", "on finish do assign queue nurture"),
    (
        "trigger",
        'on form_submitted form = "trial"  do task call "x"',
        'on form_submitted where (form = "trial")  do task call "x"',
    ),
    ("trigger", 'on form submitted  do task call "x"', 'on form_submitted  do task call "x"'),
    ("trigger", 'on contract_renewal_date  do task call "x"', 'on date contract_renewal_date  do task call "x"'),
    ("trigger", 'when status changes to "New"  do task call "x"', 'when status = "New"  do task call "x"'),
    (
        "trigger",
        'on demo_requested  do task call "x", set status = "New"',
        'on demo_requested  do task call "x" do set status = "New"',
    ),
    ("trigger", 'on demo_requested  do slack "sales" "A demo"', 'on demo_requested  do notify "sales" "A demo"'),
    ("trigger", "on demo_requested  do unenroll from s", "on demo_requested  do stop sequence"),
    (
        "trigger",
        'on demo_requested  do task call "x"  once a month',
        'on demo_requested  do task call "x"  once per 1 month',
    ),
    (
        "test",
        "given intent = 5 and employees = 3  expect intent = 5",
        "given intent = 5 , employees = 3  expect intent = 5",
    ),
    ("test", 'given status = New  expect status = "New"', 'given status = "New"  expect status = "New"'),
    ("test", "given opted_out = yes  expect opted_out", "given opted_out = true  expect opted_out"),
    ("test", "given opted_out = はい  expect opted_out", "given opted_out = true  expect opted_out"),
    ("test", 'given opted_out = "○"  expect opted_out', "given opted_out = true  expect opted_out"),
    ("trigger", 'on demo_requested  do set opted_out = "いいえ"', "on demo_requested  do set opted_out = false"),
    ("test", 'given tags has "a"  expect tags has "a"', 'given tags = ["a"]  expect tags has "a"'),
    ("test", "event email_sent yesterday  expect did email_sent", "event email_sent 1 day ago  expect did email_sent"),
    (
        "test",
        "event email_sent on 2026-03-01  expect did email_sent",
        "event email_sent at 2026-03-01  expect did email_sent",
    ),
    (
        "test",
        'event page_viewed 1 day ago where (path = "/")  expect did page_viewed',
        'event page_viewed 1 day ago with path = "/"  expect did page_viewed',
    ),
    ("test", "expect intent = 0, employees = 0", "expect intent = 0 and employees = 0"),
    ("test", 'expect email "x"', 'expect action email "x"'),
    (
        "test",
        "expect owner is blank\nwait 4 days\nexpect owner is blank",
        "expect owner is blank\nthen after 4 days\nexpect owner is blank",
    ),
    ("test", "expect owner in inside", "expect owner in team inside"),
    ("test", "expect owner in queue nurture", 'expect owner = "queue:nurture"'),
    ("test", "expect owner in team inside, emea", "expect (owner in team inside or owner in team emea)"),
    ("test", "expect team inside contains owner", "expect owner in team inside"),
]
FORMS_OF_PROCESS = {
    "route": "route t on demand {{\n{}\no: queue marketing otherwise\n}}\n",
    "sequence": 'sequence s {{\n1: day 1 email manual "x"\n{}\nfinish after 2 days\n}}\n',
    "trigger": "trigger t {{ {} }}\n",
    "test": 'test "t" {{\nas of 2026-04-01\n{}\n}}\n',
}
WAYS_OUT_OF_NUMBERS = [
    ("when annual_revenue > 50 million", "when annual_revenue > 50_000_000"),
    ("when annual_revenue > 2.5 bn and opted_out", "when annual_revenue > 2_500_000_000 and opted_out"),
    ("when annual_revenue >= $50,000,000", "when annual_revenue >= 50_000_000"),
    ("when employees >= 50 people", "when employees >= 50 "),
    ("when did email_opened within two weeks", "when did email_opened within 2 weeks"),
    ("when created_at > today - two business days", "when created_at > today - 2 business days"),
    ("when created_at > today - 14 working days", "when created_at > today - 14 business days"),
    ("when created_at > today - 14 workdays", "when created_at > today - 14 business days"),
    ("when created_at > today - 3 Months", "when created_at > today - 3 months"),
    ("when did email_opened within 14 d", "when did email_opened within 14 days"),
    ("when did email_opened within a month", "when did email_opened within 1 month"),
    ("when created_at >= 01.04.2026", "when created_at >= 2026-04-01"),
    ("when created_at >= 令和8年4月1日", "when created_at >= 2026-04-01"),
    ("when created_at > today - 3 ヶ月", "when created_at > today - 3 months"),
    ("when employees >= 50　名", "when employees >= 50"),
]
WAYS_OUT_OF_POINTS = [
    ("each email_opened at most three times", "each email_opened at most 3 times"),
    ("each email_opened halving every week", "each email_opened halving every 1 week"),
    ("each email_opened fading within 2 months", "each email_opened fading over 2 months"),
    ("each email_opened decaying over 2 months", "each email_opened fading over 2 months"),
    ("each email_opened once", "each email_opened at most 1 times"),
    ('when opted_out from "2026-04-01"', "when opted_out from 2026-04-01"),
    ("for each email_opened", "each email_opened"),
    ("each time email_opened", "each email_opened"),
    ("each email_opened halving over 14 days", "each email_opened halving every 14 days"),
    ("each email_opened halves every 14 days", "each email_opened halving every 14 days"),
    ("each email_opened fades over 2 months", "each email_opened fading over 2 months"),
]


HEAT = "band heat of intent {{ hot: from 70  warm: from 40  cold: otherwise }}\n"
WAYS_OUT_OF_LABELS = [
    ("heat == hot", "heat is hot"),
    ("heat <> hot", "heat is not hot"),
    ("heat ≥ warm", "heat is at least warm"),
    ("heat => warm", "heat is at least warm"),
    ("heat is warm or higher", "heat is at least warm"),
    ("heat is warm or above and opted_out", "heat is at least warm and opted_out"),
    ("heat is hot or warm", "heat is one of (hot, warm)"),
    ("heat is not hot or warm", "heat is not one of (hot, warm)"),
    ("heat is hot or warm and opted_out", "heat is one of (hot, warm) and opted_out"),
    ("heat is not hot or warm or cold", "heat is not one of (hot, warm, cold)"),
    ('heat == "hot"', "heat is hot"),
    ('tags includes "x"', 'tags has "x"'),
    ("title = 2026年度", 'title = "2026年度"'),
]


NAMES = "define `売上（千円）` = annual_revenue / 1000\ndefine `役職・部署` = title\n"
WAYS_OUT_OF_NAMES = [
    ("売上（千円） > 3", "`売上（千円）` > 3"),
    ("売上 (千円) > 3 and opted_out", "`売上（千円）` > 3 and opted_out"),
    ('役職・部署 = "x"', '`役職・部署` = "x"'),
]


@pytest.mark.parametrize(
    ("form", "written", "meant"),
    [
        *((f"{NAMES}segment a when {{}}\n", *pair) for pair in WAYS_OUT_OF_NAMES),
        ("segment {} when opted_out\n", "人数（概算）", "`人数（概算）`"),
        *((f"{HEAT}segment a when {{}}\n", *pair) for pair in WAYS_OUT_OF_LABELS),
        *(("segment a {}\n", *pair) for pair in WAYS_OUT),
        *(("segment a {}\n", *pair) for pair in (*WAYS_OUT_OF_NUMBERS, *WAYS_OUT_OF_TESTS, *WAYS_OUT_OF_EVENTS)),
        *(("segment a when {}\n", *pair) for pair in WAYS_OUT_OF_PHRASES),
        *(("events a = {}\n", written, "[call_made, email_sent]") for written in WAYS_OUT_OF_GROUPS),
        *(("{}", *pair) for pair in WAYS_OUT_OF_TEXTS),
        *((FORMS_OF_PROCESS[kind], *pair) for kind, *pair in WAYS_OUT_OF_PROCESS),
        *(("score s {{\n  a: +5 {}\n}}\n", *pair) for pair in WAYS_OUT_OF_POINTS),
    ],
)
def test_one_error_whose_fix_is_what_was_meant(form: str, written: str, meant: str) -> None:
    text = form.format(written)
    (found,) = errors(text)
    ((edit,),) = [fix.edits for fix in found.fixes]
    assert text[: edit.span.start] + edit.text + text[edit.span.end :] == form.format(meant)
    assert errors(form.format(meant)) == []


def test_names_that_look_like_japanese_dates_times_and_units_are_names() -> None:
    text = "segment 令和8年4月1日 when employees > 5\nsegment b when 令和8年4月1日\n"
    text += "score s { 午前9時: +1 when b 日: +2 when employees > 3 名: +3 when b }\n"
    text += "goal g { target 1 件 per month  workdays 20 per month  件: 50% of call  effort 6 minutes per call }\n"
    assert errors(text) == []


def test_what_has_no_fix_says_the_way_out_once() -> None:
    texts = {
        'test "t" {\nexpect action "Call back"\n}\n': "with the channel that is meant",
        "route r { a: team inside, emea when intent > 3  o: queue nurture otherwise }\n": "write a rule for each",
        'trigger t { on new lead\ndo task call "x" }\n': "when created_at is not blank",
        'trigger t { on status change\ndo task call "x" }\n': "when status = ..",
        "segment a when opted_out for 30 days\n": "STAGES.since <= today - 30 days",
        "score s { a: +5 when opted_out else +2 }\n": "NAME: +2 when not (..)",
        "stages a {\nb: when opted_out\nelse if intent > 3\n}\n": "NAME: when ..",
    }
    for text, way_out in texts.items():
        (found,) = errors(text)
        assert way_out in found.help


def test_the_unit_of_points_is_one_too_many() -> None:
    assert [(d.code, d.span.text) for d in errors("score s {\n  a: +15pts when opted_out\n}\n")] == [("LR029", "pts")]


def test_a_length_without_its_unit_is_told_in_the_singular_where_it_is_one() -> None:
    for count, way_out in (("1", "write `1 day`"), ("3", "write `3 days`")):
        (found,) = errors(f'sequence s {{ 1: day 1 call "x"  finish after {count} }}\n')
        assert found.help == way_out
    assert not errors('sequence s { 1: day 1 call "x"  finish after 1 day }\n')


def test_a_length_in_m_is_not_guessed() -> None:
    text = 'trigger t {{ on date contract_renewal_date - 3{}m  do task call "x" }}\n'
    assert [(d.code, len(d.fixes)) for gap in ("", " ") for d in errors(text.format(gap))] == [("LR009", 0)] * 2


def test_a_label_that_is_at_least_another_lacks_its_is() -> None:
    text = "band heat of intent { hot: from 5  cold: otherwise }\nsegment a when heat at least hot\n"
    (found,) = errors(text)
    assert [edit.text for fix in found.fixes for edit in fix.edits] == ["heat is at least hot"]


def test_a_name_in_two_words_that_is_no_field_is_one_error() -> None:
    assert [found.code for found in errors('segment a when country code = "JP"\n')] == ["LR010"]


def test_a_length_without_its_number_is_one_error() -> None:
    assert len(errors("segment a when did email_sent in last month\n")) == 1
    assert len(errors("band b of intent { hot: at least 70  cold: otherwise }\n")) == 1


def test_a_line_that_lost_its_name_explains_who_uses_it() -> None:
    text = (
        'score f {\n  "Vice president": +5 when title = "VP"\n}\ntest "t" { given title = "VP"  expect fired f.vp }\n'
    )
    assert [(d.code, d.span.text) for d in errors(text)] == [("LR025", '"Vice president"')]
