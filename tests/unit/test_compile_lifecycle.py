"""Routes, sequences, triggers, promises and measures: what compiles, to what, and what is refused where."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

import pytest
from tests.example_project import compile_text, compiled, errors, example_project

from leadrules.compile.compile import compile_project
from leadrules.core.source import SourceFile
from leadrules.ruleset import model
from leadrules.syntax.parse import parse

COMPANY = """
list free_mail = ["gmail.com"]
list emea_countries = ["DE", "FR"]
events touches = [call_made, email_sent, linkedin_sent]
define domain = domain_of(email)
segment retail when industry = "Retail"
segment enterprise when employees >= 1000
score total { size: +80 when employees >= 100  asked: +10 when did form_submitted }
band temperature of total { hot: from 70  warm: from 40  cold: otherwise }
classify plan { nurture: when employees < 10  outbound: otherwise }
classify lost_template { price: when lost_reason = "price"  timing: otherwise }
stages lifecycle {
  customer: when status = "Customer"
  mql:      when temperature is at least warm
  lead:     otherwise
}
route sales order by total descending {
  partner: keep owner when lead_source = "Partner"
  acct:    match account on domain when domain not in free_mail
  vip:     rep "sato@example.com" when temperature is hot and country = "JP"
  named:   rep coalesce(lead_source, "lee@example.com") when enterprise
  retail:  team inside where (rep.industries has industry) by round_robin when retail respond within 5 minutes
  emea:    team emea by weighted when country in emea_countries on shift
  stars:   team inside by weighted rep.win_rate when lifecycle is one of (mql, customer) until 2026-12-31
  spare:   team inside by least_loaded when employees >= 200
  rest:    queue nurture otherwise
  reroute when lifecycle is mql and owner in team junior
  answered when did touches since assigned_at
}
route late on demand { any: team inside by round_robin otherwise }
route sdr sets sdr_owner { a: team sdr by round_robin when lifecycle is mql  b: keep owner otherwise }
sequence outbound "Outbound" {
  1: day 1 09:00 email auto "First email" template "intro"
  2: day 1 call "Call: leave no voicemail"
  3: day 3 linkedin manual "Connect" when linkedin_url is not blank
  4: wait 2 business days email manual "Edit, then send" template by lost_template
  count business days
  send between 09:00 and 18:00 in "Asia/Tokyo"
  enroll at most 50 per day
  enroll again after 90 days
  exit when did email_replied since enrolled_at or opted_out
  pause when last(out_of_office.until) >= today
  finish after 3 days
  on finish do set status = "nurturing"
  on finish do assign queue marketing
  on finish do move to nurture
}
sequence instant { 1: day 1 after 2 minutes email auto template "thanks"  finish after 3 days }
sequence nurture { 1: day 1 email auto template "intro"  enroll once  exit when opted_out }
exit all when status = "Customer" or open_opportunities > 0
suppress email when opted_out or did email_bounced
suppress all when domain in free_mail
trigger inbound "An inquiry gets an answer in minutes" {
  on form_submitted where (form = "contact")
  when not opted_out and lifecycle is not customer
  do enroll instant
  do set status = "Working"
  do assign with sales
  respond within 5 minutes
  once per 30 days
  priority 1
}
trigger warmed   { on enter lifecycle mql   do move by plan  do assign with sales }
trigger grown    { on leave enterprise   do notify owner "No longer big" }
trigger recycle  { on date contract_renewal_date - 3 months  when status = "Closed Lost"
                   do enroll outbound template by lost_template }
trigger fiscal   { on date date(2000, fiscal_month, 1) - 2 months every year  do task call "Budget season" }
trigger no_reply { on finish outbound   when never email_replied since enrolled_at   do move to nurture }
trigger breached { on overdue sales   do reassign with sales at most 2 times   do notify "managers" "MQL untouched" }
trigger hot_now  { when sequence is nurture and intent >= 80   do stop sequence  do send template "thanks"  once  backfill }
assert owners "MQL and above belong to inside sales": lifecycle is at least mql implies owner in team inside
funnel revenue {
  lead:    created_at
  contact: earliest(first(email_replied), first(call_connected))
  won "Won": first(deal_won) worth sum(deal_won.amount)
}
goal outbound "One SQO a month" {
  target 1 sqo per month
  workdays 20 per month
  sqo:          50% of meeting
  meeting:      25% of conversation
  conversation: 8% of call, 2% of email
  mix:          60% by call, 40% by email
  effort 6 minutes per call, 3 minutes per email
}
"""

BASE = """
define big = employees >= 1000
define domain = domain_of(email)
segment enterprise when employees >= 1000
band size of employees { large: from 1000  small: otherwise }
classify plan { outbound: when employees >= 10 }
classify wrong_plan { outbound: when employees >= 10  nothing: otherwise }
classify letters { intro: otherwise }
sequence outbound { 1: day 1 call  finish after 3 days }
sequence other { 1: day 1 call  finish after 3 days }
route sales { rest: team inside by round_robin otherwise }
"""


@pytest.fixture(scope="module")
def company() -> model.Ruleset:
    return compiled(COMPANY)


def test_route_rules_keep_their_order_and_targets(company: model.Ruleset) -> None:
    sales = company.routes[0]
    targets = {rule.name: rule.target for rule in sales.rules}
    assert list(targets) == ["partner", "acct", "vip", "named", "retail", "emea", "stars", "spare", "rest"]
    assert [t.kind for t in targets.values()] == [
        "keep",
        "match",
        "rep",
        "rep",
        "team",
        "team",
        "team",
        "team",
        "queue",
    ]
    assert targets["vip"].rep is not None
    assert targets["vip"].rep.value == "sato@example.com"
    assert targets["acct"].on is not None
    assert (targets["acct"].on.op, targets["acct"].on.value) == ("name", "domain")
    assert (targets["stars"].strategy, targets["stars"].attribute) == ("weighted", "win_rate")
    assert targets["emea"].strategy == "weighted"
    assert targets["emea"].attribute is None
    assert targets["rest"].queue == "nurture"
    assert sales.descending
    assert sales.order_by is not None
    assert sales.order_by.value == "total"
    assert len(sales.reroute) == len(sales.answered) == 1


def test_route_rule_parts(company: model.Ruleset) -> None:
    rules = {rule.name: rule for rule in company.routes[0].rules}
    assert rules["rest"].condition is None
    assert rules["emea"].on_shift
    assert rules["retail"].respond_within == model.Duration(5, "minutes")
    assert rules["stars"].active == model.Active(None, "2026-12-31")
    where = rules["retail"].target.where
    assert where is not None
    assert where.op == "has"
    assert (where.args[0].op, where.args[0].value, where.args[0].type.kind) == ("rep_field", "industries", "set")


def test_a_route_fills_a_field_or_waits_for_a_trigger(company: model.Ruleset) -> None:
    assert [(r.name, r.on_demand, r.sets) for r in company.routes] == [
        ("sales", False, None),
        ("late", True, None),
        ("sdr", False, "sdr_owner"),
    ]
    assert "sdr_owner" in dict(company.fields)


def test_a_route_that_sets_the_owners_field_fills_the_owner() -> None:
    assert compiled("route sales sets owner { rest: team inside otherwise }").routes[0].sets is None


def test_sequence_settings(company: model.Ruleset) -> None:
    outbound = company.sequences[0]
    assert outbound.business_days
    assert outbound.window == ("09:00", "18:00", "Asia/Tokyo")
    assert outbound.per_day == 50
    assert outbound.again_after == model.Duration(90, "days")
    assert not outbound.once
    assert company.sequences[2].once
    assert outbound.finish_after == model.Duration(3, "days")
    assert len(outbound.exits) == len(outbound.pauses) == 1
    assert [a.kind for a in outbound.on_finish] == ["set", "assign", "move"]
    assert outbound.on_finish[0].value is not None
    assert outbound.on_finish[0].value.value == "Nurturing"


def test_sequence_steps(company: model.Ruleset) -> None:
    first, call, connect, edit = company.sequences[0].steps
    assert (first.number, first.day, first.at, first.channel, first.auto) == (1, 1, "09:00", "email", True)
    assert first.template == model.Template(name="intro")
    assert (call.content, call.auto, call.at) == ("Call: leave no voicemail", False, None)
    assert connect.condition is not None
    assert edit.wait == model.Duration(2, "business days")
    assert edit.template == model.Template(by="lost_template")
    assert company.sequences[1].steps[0].after == model.Duration(2, "minutes")


def test_triggers(company: model.Ruleset) -> None:
    triggers = {t.name: t for t in company.triggers}
    inbound = triggers["inbound"]
    assert inbound.on.kind == "event"
    assert inbound.on.filter is not None
    assert inbound.on.filter.types == ("form_submitted",)
    assert [a.kind for a in inbound.actions] == ["enroll", "set", "assign"]
    assert (inbound.priority, inbound.once, inbound.once_per) == (1, True, model.Duration(30, "days"))
    assert inbound.respond_within == model.Duration(5, "minutes")
    assert (triggers["warmed"].on.name, triggers["warmed"].on.label) == ("lifecycle", "mql")
    assert triggers["warmed"].actions[0].by == "plan"
    assert (triggers["grown"].on.kind, triggers["grown"].on.label) == ("leave", None)
    assert triggers["fiscal"].on.every_year
    assert triggers["no_reply"].on.name == "outbound"
    assert (triggers["breached"].on.name, triggers["breached"].actions[0].most_times) == ("sales", 2)
    now = triggers["hot_now"]
    assert (now.on.kind, now.once, now.once_per, now.backfill, now.priority) == ("condition", True, None, True, 100)
    assert now.actions[1].template == model.Template(name="thanks")


def test_exits_suppressions_and_asserts(company: model.Ruleset) -> None:
    assert [e.channel for e in company.exits] == [None]
    assert [s.channel for s in company.suppressions] == ["email", "all"]
    assert company.asserts[0].implies.op == "in_team"


def test_funnel_and_goal(company: model.Ruleset) -> None:
    steps = company.funnels[0].steps
    assert [(s.name, s.title, s.worth is not None) for s in steps] == [
        ("lead", None, False),
        ("contact", None, False),
        ("won", "Won", True),
    ]
    goal = company.goals[0]
    assert (goal.target, goal.target_of, goal.target_per, goal.workdays) == (1, "sqo", "month", 20)
    assert goal.rates[2] == ("conversation", ((0.08, "call"), (0.02, "email")))
    assert goal.mix == (("call", 0.6), ("email", 0.4))
    assert goal.effort == (("call", 6), ("email", 3))


def test_a_rep_called_by_name_is_told_by_key() -> None:
    """One of the name is the fix; of two nobody knows which is meant."""
    project = example_project()
    names = {"sato@example.com": "佐藤", "lee@example.com": "李", "mori@example.com": "李"}
    reps = tuple(replace(rep, name=names.get(rep.key)) for rep in project.team.reps)
    project = replace(project, team=replace(project.team, reps=reps))
    text = 'route r on demand { a: rep "佐藤" when employees > 1  b: rep "李" otherwise }\n'
    first, second = compile_project(project, [parse(SourceFile("rules/a.lead", text))[0]]).diagnostics
    assert (first.code, first.help) == ("LR151", "write what the owner field holds: `sato@example.com`")
    assert [edit.text for fix in first.fixes for edit in fix.edits] == ["sato@example.com"]
    assert (second.help, second.fixes) == (
        "write what the owner field holds: `lee@example.com` or `mori@example.com`", ()
    )  # fmt: skip


ROUTES = [
    ("route r on demand { a: team outside otherwise }", "LR150", "outside"),
    ('route r on demand { a: rep "satoh@example.com" otherwise }', "LR151", "satoh@example.com"),
    ('route r on demand { a: rep "queue:nurture" otherwise }', "LR151", '"queue:nurture"'),
    ('route r on demand { a: rep if(opted_out, "nobody", owner) otherwise }', "LR151", "nobody"),
    ("route r on demand { a: rep employees otherwise }", "LR108", "employees"),
    ("route r on demand { a: queue nurtur otherwise }", "LR152", "nurtur"),
    ("route r on demand { a: team inside by roundrobin otherwise }", "LR157", "roundrobin"),
    ("route r on demand { a: team inside by weighted rep.win_rat otherwise }", "LR158", "win_rat"),
    ("route r on demand { a: team inside where (rep.industrie has industry) otherwise }", "LR104", "industrie"),
    ("route r on demand { a: team inside by weighted rep.industries otherwise }", "LR160", "industries"),
    ("route r on demand { a: team inside by round_robin rep.win_rate otherwise }", "LR160", "win_rate"),
    ("route r on demand { a: team everyone by least_loaded otherwise }", "LR159", "least_loaded"),
    ("route r on demand { a: queue nurture otherwise on shift }", "LR161", None),
    ("route r sets employees { a: team inside otherwise }", "LR162", "employees"),
    ("route r sets sdr_ownr { a: team inside otherwise }", "LR104", "sdr_ownr"),
    ("route r sets id { a: team inside otherwise }", "LR162", "id"),
    ("route r { a: team inside otherwise }", "LR163", "r"),
    ("route r on demand { answered when did call_made }", "LR164", "r"),
    ("route r on demand { a: match account on domian otherwise }", "LR104", "domian"),
    ("route r on demand { a: match account on opted_out otherwise }", "LR108", "opted_out"),
    ("route r order by title on demand { a: team inside otherwise }", "LR108", "title"),
    ("route r on demand { a: team inside when title }", "LR109", "title"),
]
SEQUENCES = [
    ("sequence s { 1: day 1 emial  finish after 3 days }", "LR155", "emial"),
    ('sequence s { 1: day 1 email template "intor"  finish after 3 days }', "LR153", "intor"),
    ("sequence s { 1: day 1 email template by plan  finish after 3 days }", "LR178", "plan"),
    ("sequence s { 1: day 1 email template by big  finish after 3 days }", "LR178", "big"),
    ("sequence s { 1: day 1 email template by latters  finish after 3 days }", "LR104", "latters"),
    ("sequence s { 2: day 1 call  1: day 2 call }", "LR166", "1"),
    ("sequence s { 1: day 1 call  1: day 2 call }", "LR166", "1"),
    ("sequence s { 1: day 3 call  2: day 2 call }", "LR167", "2: day 2 call"),
    ("sequence s { 1: wait 2 days call }", "LR167", "1: wait 2 days call"),
    ("sequence s { 1: day 0 call }", "LR167", "1: day 0 call"),
    ("sequence s { 1: day 1 call  send between 18:00 and 09:00 }", "LR168", "send between 18:00 and 09:00"),
    ('sequence s { 1: day 1 call  send between 09:00 and 18:00 in "Tokyo" }', "LR169", "Tokyo"),
    ("sequence s { 1: day 1 call  finish after 1 day  finish after 2 days }", "LR165", "finish after 2 days"),
    ("sequence s { 1: day 1 call  count business days  count calendar days }", "LR165", "count calendar days"),
    ("sequence s { 1: day 1 call  enroll once  enroll again after 3 days }", "LR165", "enroll again after 3 days"),
    ("sequence s { 1: day 1 call  on finish do move to s }", "LR170", "s"),
    ("sequence s { 1: day 1 call  on finish do stop sequence }", "LR171", "stop sequence"),
    (
        "sequence s { 1: day 1 call  on finish do move to other  on finish do enroll outbound }",
        "LR172",
        "enroll outbound",
    ),
    ("sequence s { 1: day 1 call  enroll at most 0 per day }", "LR181", "enroll at most 0 per day"),
    ("sequence s { 1: day 1 call  exit when title }", "LR109", "title"),
    ("exit all when employees", "LR109", "employees"),
    ("suppress emial when opted_out", "LR155", "emial"),
]
TRIGGERS = [
    ('trigger t { do task call "x" }', "LR174", "t"),
    ("trigger t { on email_replied }", "LR175", "t"),
    ("trigger t { }", "LR175", "t"),
    ('trigger t { on email_replied  on form_submitted  do task call "x" }', "LR173", "on form_submitted"),
    ('trigger t { on email_repleid  do task call "x" }', "LR105", "email_repleid"),
    ('trigger t { on enter big  do task call "x" }', "LR176", "big"),
    ('trigger t { on enter status  do task call "x" }', "LR176", "status"),
    ('trigger t { on enter outbound  do task call "x" }', "LR176", "outbound"),
    ('trigger t { on enter enterprize  do task call "x" }', "LR104", "enterprize"),
    ('trigger t { on enter size  do task call "x" }', "LR177", "size"),
    ('trigger t { on enter enterprise large  do task call "x" }', "LR177", "large"),
    ('trigger t { on leave size lage  do task call "x" }', "LR111", "lage"),
    ('trigger t { on finish outbond  do task call "x" }', "LR154", "outbond"),
    ('trigger t { on overdue sale  do task call "x" }', "LR156", "sale"),
    ('trigger t { on date employees  do task call "x" }', "LR108", "employees"),
    ("trigger t { on email_replied  do enroll outbond }", "LR154", "outbond"),
    ("trigger t { on email_replied  do move to outbond }", "LR154", "outbond"),
    ("trigger t { on email_replied  do enroll by wrong_plan }", "LR178", "wrong_plan"),
    ("trigger t { on email_replied  do move by plna }", "LR104", "plna"),
    ('trigger t { on email_replied  do set statsu = "New" }', "LR104", "statsu"),
    ('trigger t { on email_replied  do set status = "Newish" }', "LR110", '"Newish"'),
    ('trigger t { on email_replied  do set employees = "many" }', "LR108", '"many"'),
    ('trigger t { on email_replied  do set owner = "sato@example.com" }', "LR180", "owner"),
    ('trigger t { on email_replied  do set current_sequence = "x" }', "LR180", "current_sequence"),
    ('trigger t { on email_replied  do set id = "x" }', "LR180", "id"),
    ("trigger t { on email_replied  do assign with sale }", "LR156", "sale"),
    ('trigger t { on email_replied  do assign rep "nobody" }', "LR151", "nobody"),
    ("trigger t { on email_replied  do assign queue nurt }", "LR152", "nurt"),
    ("trigger t { on email_replied  do reassign with sales at most 2 points }", "LR179", "at most 2 points"),
    ("trigger t { on email_replied  do reassign with sales at most 0 times }", "LR181", "at most 0 times"),
    ('trigger t { on email_replied  do task phone "x" }', "LR155", "phone"),
    ('trigger t { on email_replied  do send template "thank" }', "LR153", "thank"),
    ('trigger t { on email_replied  do notify 5 "x" }', "LR108", "5"),
    ("trigger t { on email_replied  do assign with sales  do assign queue nurture }", "LR172", "assign queue nurture"),
    ("trigger t { on email_replied  do enroll outbound  do stop sequence }", "LR172", "stop sequence"),
    ('trigger t { on email_replied  do set title = "a"  do set title = "b" }', "LR172", 'set title = "b"'),
    ('trigger t { on email_replied  do task call "x"  once  once per 3 days }', "LR165", "once per 3 days"),
    ('trigger t { on email_replied  do task call "x"  priority 1  priority 2 }', "LR165", "priority 2"),
    ('trigger t { when employees  do task call "x" }', "LR109", "employees"),
    ("assert a: employees implies opted_out", "LR109", "employees"),
    ("assert a: opted_out implies owner in team insid", "LR150", "insid"),
]
MEASURES = [
    ("funnel f { a: employees }", "LR108", "employees"),
    ("funnel f { a: created_at worth created_at }", "LR108", "created_at"),
    ("goal g { sqo: 5% of call }", "LR182", "g"),
    ("goal g { target 1 sqo per sprint  sqo: 5% of call }", "LR185", "sprint"),
    ("goal g { target 0 sqo per month  sqo: 5% of call }", "LR185", "target 0 sqo per month"),
    ("goal g { target 1 sqo per month  workdays 5 per day  sqo: 5% of call }", "LR185", "day"),
    ("goal g { target 1 sqo per month  target 2 sqo per month  sqo: 5% of call }", "LR165", "target 2 sqo per month"),
    ("goal g { target 1 spo per month  sqo: 5% of call }", "LR183", "spo"),
    ("goal g { target 1 sqo per month  sqo: 50% of meeting  meeting: 20% of sqo }", "LR183", "meeting: 20% of sqo"),
    ("goal g { target 1 sqo per month  sqo: 5% of sqo }", "LR183", "sqo: 5% of sqo"),
    ("goal g { target 1 sqo per month  sqo: 5% of call  lost: 5% of email }", "LR183", "lost"),
    ("goal g { target 1 a per month  a: 5% of b, 5% of c  b: 1% of c }", "LR183", "5% of b"),
    ("goal g { target 1 sqo per month  sqo: 5% by call }", "LR183", "5% by call"),
    ("goal g { target 1 sqo per month  sqo: 0% of call }", "LR183", "0% of call"),
    ("goal g { target 1 sqo per month  sqo: 5% of call  effort 5 minutes per cal }", "LR183", "cal"),
    ("goal g { target 1 sqo per month  sqo: 5% of call  effort 5 days per call }", "LR185", "5 days"),
    ("goal g { target 1 sqo per month  sqo: 5% of call  sqo: 6% of call }", "LR165", "sqo"),
    ("goal g { target 1 sqo per month  sqo: 8% of call, 2% of email }", "LR184", "sqo: 8% of call, 2% of email"),
    (
        "goal g { target 1 sqo per month  sqo: 8% of call, 2% of email  mix: 60% by call, 30% by email }",
        "LR184",
        "mix: 60% by call, 30% by email",
    ),
    ("goal g { target 1 s per month  s: 8% of call, 2% of email  mix: 60% by call, 40% by mail }", "LR184", "mail"),
    ("goal g { target 1 s per month  s: 8% of call, 2% of email  mix: 100% by call }", "LR184", "mix: 100% by call"),
]


@pytest.mark.parametrize(("text", "code", "underlined"), [*ROUTES, *SEQUENCES, *TRIGGERS, *MEASURES])
def test_each_mistake_is_one_error_at_its_place(text: str, code: str, underlined: str | None) -> None:
    found = errors(BASE + text + "\n")
    assert [d.code for d in found] == [code], [d.message for d in found]
    if underlined is not None:
        assert found[0].span.text == underlined
    assert found[0].help


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("route r on demand { a: team insde otherwise }", "inside"),
        ("sequence s { 1: day 1 emial }", "email"),
        ("trigger t { on email_replied  do enroll outbond }", "outbound"),
        ("trigger t { on email_replied  do assign with sale }", "sales"),
        ('sequence s { 1: day 1 call  send between 09:00 and 18:00 in "Asia/Tokio" }', "Asia/Tokyo"),
    ],
)
def test_what_was_meant_is_offered(text: str, meant: str) -> None:
    found = errors(BASE + text + "\n")
    assert [d.help for d in found] == [f"did you mean `{meant}`?"]
    assert found[0].fixes


def test_a_reroute_through_a_route_that_sets_a_field_competes_for_that_field_alone() -> None:
    rules = BASE + "route sdr sets sdr_owner { a: team inside otherwise }\n"
    assert not errors(rules + "trigger t { on email_replied  do assign with sdr  do assign with sales }\n")
    clash = "trigger t { on email_replied  do assign with sdr  do set sdr_owner = owner }\n"
    assert [d.code for d in errors(rules + clash)] == ["LR172"]


def test_a_broken_definition_is_reported_once_and_not_where_it_is_used() -> None:
    rules = (
        "band size of employes { large: from 1000  small: otherwise }\n"
        'trigger t { on enter size large  do task call "x" }\n'
        "route r { a: team inside when size is large }\n"
    )
    assert [d.code for d in errors(rules)] == ["LR104"]


def test_a_template_is_sent_by_email_alone() -> None:
    text = 'trigger t { on email_replied  do send template "thanks" }\n'
    project = replace(example_project(), channels=("call", "task"))
    found = compile_project(project, [parse(SourceFile("rules/t.lead", text))[0]]).diagnostics
    assert [d.code for d in found] == ["LR155"]


def test_whatever_is_written_is_compiled_or_reported() -> None:
    """Random words of the language in wrong places: findings, never an exception, and findings wherever nothing compiled."""
    random = Random(7)
    tokens = re.findall(r'\s+|"[^"\n]*"|\w+|.', COMPANY)
    words = [token for token in tokens if token.strip()]
    for _ in range(120):
        mutant = list(tokens)
        for _ in range(random.choice((1, 2, 5))):
            mutant[random.randrange(len(mutant))] = random.choice(("", *random.choices(words, k=2)))
        result, found = compile_text("".join(mutant))
        assert result.ruleset is not None or any(d.severity == "error" for d in found)


def test_two_routes_of_one_name_are_one_mistake() -> None:
    rules = "route r { a: team inside otherwise }\nroute r { a: team inside otherwise }\n"
    assert [d.code for d in errors(rules)] == ["LR100"]
