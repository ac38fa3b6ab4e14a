"""Routes, sequences, triggers, promises, measures and tests, LR150 to LR199."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

_ROUTES: tuple[Code, ...] = (
    Code(
        "LR150",
        "unknown-team",
        "error",
        "A team that the team file does not have",
        "Teams are the groups of reps under `teams:` in the team file (rules/team.yaml). A rule that names another would "
        "never find a rep. Check the spelling, or add the team.",
        "route sales { rest: team outside by round_robin otherwise }\n",
        "route sales { rest: team inside by round_robin otherwise }\n",
    ),
    Code(
        "LR151",
        "unknown-rep",
        "error",
        "A rep who is not in the team file",
        '`rep "..."` takes the key of a rep under `reps:` in the team file, by habit the e-mail address. A lead cannot be '
        "given to somebody whose hours, capacity and absences are unknown. A rep who has left stays in the file with "
        "`active: false`.",
        'route sales { vip: rep "nobody@example.com" otherwise }\n',
        'route sales { vip: rep "sato@example.com" otherwise }\n',
    ),
    Code(
        "LR152",
        "unknown-queue",
        "error",
        "A queue that the team file does not have",
        "Queues are listed under `queues:` in the team file. A lead in an unlisted queue would be looked at by nobody.",
        "route sales { rest: queue nurtur otherwise }\n",
        "route sales { rest: queue nurture otherwise }\n",
    ),
    Code(
        "LR153",
        "unknown-template",
        "error",
        "A template that the project does not have",
        "Templates are named under `templates:` in leadrules.yaml, each with its file. A step whose template is missing "
        "would send nothing.",
        'sequence outbound { 1: day 1 email auto template "intor"  finish after 3 days }\n',
        'sequence outbound { 1: day 1 email auto template "intro"  finish after 3 days }\n',
    ),
    Code(
        "LR154",
        "unknown-sequence",
        "error",
        "A sequence that is not defined",
        "Only a sequence that some rule file defines can be entered, finished or compared with. A sequence that a whole "
        "department runs elsewhere is still defined here, if only with its steps as tasks.",
        "sequence outbound { 1: day 1 call  finish after 3 days }\n"
        "trigger start { on email_replied  do enroll outbond }\n",
        "sequence outbound { 1: day 1 call  finish after 3 days }\n"
        "trigger start { on email_replied  do enroll outbound }\n",
    ),
    Code(
        "LR155",
        "unknown-channel",
        "error",
        "A channel that the project does not have",
        "Channels are listed under `channels:` in leadrules.yaml (by default email, call, linkedin, sms and task). Steps, "
        "tasks and `suppress` use the same list, so that what is suppressed is what would go out.",
        "sequence outbound { 1: day 1 emial  finish after 3 days }\n",
        "sequence outbound { 1: day 1 email  finish after 3 days }\n",
    ),
    Code(
        "LR156",
        "unknown-route",
        "error",
        "A route that is not defined",
        "`assign with`, `reassign with` and `on overdue` name a route of the rule files.",
        "route sales { rest: team inside otherwise }\ntrigger asked { on email_replied  do assign with sale }\n",
        "route sales { rest: team inside otherwise }\ntrigger asked { on email_replied  do assign with sales }\n",
    ),
    Code(
        "LR157",
        "unknown-strategy",
        "error",
        "A way of dealing leads that does not exist",
        "A team deals its leads `by round_robin` (in turn), `by weighted` (in turn, by each rep's weight), `by weighted "
        "rep.ATTRIBUTE`, or `by least_loaded` (the rep with the most room under `capacity.open`).",
        "route sales { rest: team inside by roundrobin otherwise }\n",
        "route sales { rest: team inside by round_robin otherwise }\n",
    ),
    Code(
        "LR158",
        "unknown-attribute",
        "error",
        "An attribute that no rep has",
        "Any further key of a rep in the team file is an attribute: `industries: [Retail]` is `rep.industries`. An attribute "
        "that no rep has would leave nobody eligible.",
        "route sales { rest: team inside by weighted rep.win_rat otherwise }\n",
        "route sales { rest: team inside by weighted rep.win_rate otherwise }\n",
    ),
    Code(
        "LR159",
        "no-open-capacity",
        "error",
        "`least_loaded` for a rep without `capacity.open`",
        "`least_loaded` compares what each rep has open with what the rep can have open. Without `capacity: {open: N}` there "
        "is nothing to compare with. Give every active rep of the team one, or deal by `round_robin`.",
        "route sales { rest: team everyone by least_loaded otherwise }\n",
        "route sales { rest: team everyone by round_robin otherwise }\n",
    ),
    Code(
        "LR160",
        "wrong-weight",
        "error",
        "A weight that is not one",
        "Only `weighted` takes an attribute, and the attribute has to be a number: it says how many leads a rep gets for each "
        "lead of a rep with 1.",
        "route sales { rest: team inside by weighted rep.industries otherwise }\n",
        "route sales { rest: team inside by weighted rep.win_rate otherwise }\n",
    ),
    Code(
        "LR161",
        "on-shift-without-team",
        "error",
        "`on shift` on a rule that is not for a team",
        "`on shift` leaves out the reps of a team who are not at work at that moment. A named rep, a queue or an account owner "
        "is taken whatever the hour, so there the words would do nothing.",
        'route sales { vip: rep "sato@example.com" otherwise on shift }\n',
        "route sales { vip: team inside otherwise on shift }\n",
    ),
    Code(
        "LR162",
        "bad-filled-field",
        "error",
        "A route cannot fill that field",
        "`sets FIELD` writes a rep or a queue into a field of the lead, so the field has to be in the lead schema and hold "
        "text. Without `sets` a route fills the owner.",
        "route sdr sets employees { rest: team inside otherwise }\n",
        "route sdr sets sdr_owner { rest: team inside otherwise }\n",
    ),
    Code(
        "LR163",
        "two-routes-one-field",
        "error",
        "Two routes that are both always on fill the same field",
        "Both would look at the same leads, and which of them wins would hang on nothing that you can read. Make them one "
        "route, let one of them set another field, or make one `on demand` and hand it leads by a trigger.",
        "route sales { rest: team inside otherwise }\nroute late { rest: queue nurture otherwise }\n",
        "route sales { rest: team inside otherwise }\nroute late on demand { rest: queue nurture otherwise }\n",
    ),
    Code(
        "LR164",
        "route-without-rules",
        "error",
        "A route without a rule",
        "A route deals leads by its rules, first match first. `reroute when` and `answered when` only add to them.",
        "route sales { reroute when owner is blank }\n",
        "route sales { rest: team inside otherwise  reroute when owner is blank }\n",
    ),
    Code(
        "LR165",
        "setting-twice",
        "error",
        "The same setting twice",
        "Of two values for one setting only one could hold, and nothing is ignored here. Keep the one that is meant.",
        "sequence outbound { 1: day 1 call  finish after 3 days  finish after 5 days }\n",
        "sequence outbound { 1: day 1 call  finish after 5 days }\n",
    ),
)

_SEQUENCES: tuple[Code, ...] = (
    Code(
        "LR166",
        "steps-not-rising",
        "error",
        "Step numbers that do not rise",
        "A step's number is how a lead's progress is kept and shown, so each is higher than the one before. Gaps are fine.",
        "sequence outbound { 2: day 1 call  1: day 2 email  finish after 3 days }\n",
        "sequence outbound { 1: day 1 call  2: day 2 email  finish after 3 days }\n",
    ),
    Code(
        "LR167",
        "step-out-of-order",
        "error",
        "A step that cannot come when it says",
        "Days count from 1, the day of the enrolment, and the steps stand in the order in which they are due: a step on an "
        "earlier day than the one above it, or a first step that waits for a step before, has no place in time.",
        "sequence outbound { 1: day 3 call  2: day 2 email  finish after 3 days }\n",
        "sequence outbound { 1: day 2 email  2: day 3 call  finish after 3 days }\n",
    ),
    Code(
        "LR168",
        "empty-send-window",
        "error",
        "A send window that never opens",
        "`send between 09:00 and 18:00` is from nine up to, but without, six in the evening of the same day. The first time "
        "has to come before the second; a window across midnight is not possible.",
        "sequence outbound { 1: day 1 call  send between 18:00 and 09:00  finish after 3 days }\n",
        "sequence outbound { 1: day 1 call  send between 09:00 and 18:00  finish after 3 days }\n",
    ),
    Code(
        "LR169",
        "unknown-zone",
        "error",
        "A time zone that does not exist",
        'Time zones are named as in the IANA time zone database: "Asia/Tokyo", "Europe/Berlin", "America/New_York", "UTC".',
        'sequence outbound { 1: day 1 call  send between 09:00 and 18:00 in "Tokyo"  finish after 3 days }\n',
        'sequence outbound { 1: day 1 call  send between 09:00 and 18:00 in "Asia/Tokyo"  finish after 3 days }\n',
    ),
    Code(
        "LR170",
        "moves-to-itself",
        "error",
        "A sequence that moves to itself when it finishes",
        "A lead would go round in it for ever. Move to another sequence, or let the lead come back by a trigger with "
        "`enroll again after`.",
        "sequence outbound { 1: day 1 call  finish after 3 days  on finish do move to outbound }\n",
        "sequence outbound { 1: day 1 call  finish after 3 days  on finish do assign queue nurture }\n",
    ),
    Code(
        "LR171",
        "nothing-to-stop",
        "error",
        "`stop sequence` where a sequence has finished",
        "`on finish` comes when the lead has left the sequence, so there is nothing left to stop. `exit when` ends a sequence "
        "early.",
        "sequence outbound { 1: day 1 call  on finish do stop sequence }\n",
        "sequence outbound { 1: day 1 call  exit when did email_replied since enrolled_at }\n",
    ),
)

_TRIGGERS: tuple[Code, ...] = (
    Code(
        "LR172",
        "action-conflict",
        "error",
        "Two actions that cannot both be done",
        "In one run a lead gets at most one owner, one change of sequence and one value per field. Enroll, move and stop "
        "compete for the sequence, every assign for the owner, and two `set` of one field for that field. Keep one, or make "
        "two triggers with different conditions.",
        "route sales { rest: team inside otherwise }\n"
        "trigger asked { on email_replied  do assign with sales  do assign queue nurture }\n",
        "route sales { rest: team inside otherwise }\ntrigger asked { on email_replied  do assign with sales }\n",
    ),
    Code(
        "LR173",
        "two-ons",
        "error",
        "More than one `on` in a trigger",
        "A trigger is set off by one kind of thing. For a second, write a second trigger with the same actions; for several "
        "events, name them as a group (`events touches = [call_made, email_sent]`) and say `on touches`.",
        'trigger asked { on email_replied  on form_submitted  do task call "Call back" }\n',
        'events answers = [email_replied, form_submitted]\ntrigger asked { on answers  do task call "Call back" }\n',
    ),
    Code(
        "LR174",
        "trigger-without-cause",
        "error",
        "A trigger that nothing sets off",
        "A trigger needs an `on` (an event, `enter`, `leave`, `finish`, `overdue`, `date`), or a `when` whose becoming true "
        "sets it off.",
        'trigger asked { do task call "Call back" }\n',
        'trigger asked { on email_replied  do task call "Call back" }\n',
    ),
    Code(
        "LR175",
        "trigger-without-action",
        "error",
        "A trigger that does nothing",
        "Say what to do with `do`: enroll, move, stop, set, assign, reassign, task, send or notify.",
        "trigger asked { on email_replied }\n",
        'trigger asked { on email_replied  do notify "managers" "A reply came in" }\n',
    ),
    Code(
        "LR176",
        "nothing-to-enter",
        "error",
        "`on enter` or `on leave` of something that has no inside",
        "A lead enters and leaves the labels of a band, matrix, classify or stages, and segments. For a number or a text, "
        "write the condition as `when`, and the trigger fires when it becomes true.",
        'define big = employees >= 1000\ntrigger grown { on enter big  do task call "Call" }\n',
        'segment big when employees >= 1000\ntrigger grown { on enter big  do task call "Call" }\n',
    ),
    Code(
        "LR177",
        "label-of-change",
        "error",
        "`on enter` or `on leave` with a label missing, or one too many",
        "Of a band, matrix, classify or stages say which label is entered or left: `on enter lifecycle mql`. A segment has no "
        "labels: `on enter enterprise`.",
        "band size of employees { big: from 1000  small: otherwise }\n"
        'trigger grown { on enter size  do task call "Call" }\n',
        "band size of employees { big: from 1000  small: otherwise }\n"
        'trigger grown { on enter size big  do task call "Call" }\n',
    ),
    Code(
        "LR178",
        "labels-name-nothing",
        "error",
        "`by` a name whose labels are not what is asked for",
        "`enroll by C` and `move by C` take the sequence that the label of the classify C names, `template by C` the template. "
        "So C has to be a classify, and each of its labels a sequence, or a template.",
        "sequence outbound { 1: day 1 call  finish after 3 days }\n"
        "classify plan { outbound: when employees >= 100  nothing: otherwise }\n"
        "trigger asked { on email_replied  do enroll by plan }\n",
        "sequence outbound { 1: day 1 call  finish after 3 days }\n"
        "classify plan { outbound: when employees >= 100 }\n"
        "trigger asked { on email_replied  do enroll by plan }\n",
    ),
    Code(
        "LR179",
        "limit-in-points",
        "error",
        "A reassignment limited by points",
        "`reassign with ROUTE at most N times` counts how often a lead is passed on.",
        "route sales { rest: team inside otherwise respond within 5 minutes }\n"
        "trigger late { on overdue sales  do reassign with sales at most 2 points }\n",
        "route sales { rest: team inside otherwise respond within 5 minutes }\n"
        "trigger late { on overdue sales  do reassign with sales at most 2 times }\n",
    ),
    Code(
        "LR180",
        "cannot-set",
        "error",
        "A field that a rule cannot set",
        "The key says which lead it is. The owner and the sequence have actions of their own (`assign`, `enroll`, `move to`, "
        "`stop sequence`), which keep capacities, credits and steps right; a `set` would go past them.",
        'trigger asked { on email_replied  do set owner = "sato@example.com" }\n',
        'trigger asked { on email_replied  do assign rep "sato@example.com" }\n',
    ),
    Code(
        "LR181",
        "zero-limit",
        "error",
        "A limit of nothing",
        "At most 0 would let nothing through at all. To switch something off, take it out, or give it an `until`.",
        "sequence outbound { 1: day 1 call  enroll at most 0 per day  finish after 3 days }\n",
        "sequence outbound { 1: day 1 call  enroll at most 50 per day  finish after 3 days }\n",
    ),
)

_MEASURES: tuple[Code, ...] = (
    Code(
        "LR182",
        "goal-without-target",
        "error",
        "A goal that does not say what it aims at",
        "A goal works backwards from its target to the activities, so it needs one: `target 1 sqo per month`, where `sqo` is "
        "a stage that the goal's rates lead to.",
        "goal outbound { sqo: 5% of call }\n",
        "goal outbound { target 1 sqo per month  sqo: 5% of call }\n",
    ),
    Code(
        "LR183",
        "goal-chain",
        "error",
        "A goal whose rates do not lead from the target to the activities",
        "Each stage is a share of the one before (`meeting: 25% of conversation`), down to the activities, which have no rate "
        "of their own. A circle never comes down to an activity, and a stage that the target does not come from would count "
        "for nothing.",
        "goal outbound { target 1 sqo per month  sqo: 50% of meeting  meeting: 20% of sqo }\n",
        "goal outbound { target 1 sqo per month  sqo: 50% of meeting  meeting: 20% of call }\n",
    ),
    Code(
        "LR184",
        "goal-mix",
        "error",
        "Shares of a mix that do not fit",
        "Where a stage comes from several activities, `mix` says how the work is split among them: each of those activities "
        "once, 100% together.",
        "goal outbound { target 1 sqo per month  sqo: 8% of call, 2% of email  mix: 60% by call, 30% by email }\n",
        "goal outbound { target 1 sqo per month  sqo: 8% of call, 2% of email  mix: 60% by call, 40% by email }\n",
    ),
    Code(
        "LR185",
        "goal-unit",
        "error",
        "A goal's time that cannot be counted with",
        "`target` and `workdays` are per day, week, month, quarter or year (workdays not per day), above 0, and `effort` is in "
        "minutes or hours per activity.",
        "goal outbound { target 1 sqo per sprint  sqo: 5% of call }\n",
        "goal outbound { target 1 sqo per month  sqo: 5% of call }\n",
    ),
    Code(
        "LR186",
        "test-without-expect",
        "error",
        "A test that expects nothing",
        "Whatever the rules do, such a test passes. Say what holds after the run: `expect engagement = 20`, `expect fired "
        "fit.senior`, `expect action email`.",
        'test "Nothing" {\n  given employees = 100\n}\n',
        'test "Something" {\n  given employees = 100\n  expect employees = 100\n}\n',
    ),
    Code(
        "LR187",
        "test-order",
        "error",
        "A line of a test out of its place",
        "A test is read from top to bottom: an `expect` sees what is given and what happens above it, and `then after D` goes "
        "on to a later run. So `as of` stands once, before the first `then after`, and what is given or happens stands above "
        "the `expect` that needs it.",
        'test "Late" {\n  expect employees = 100\n  given employees = 100\n}\n',
        'test "Late" {\n  given employees = 100\n  expect employees = 100\n}\n',
    ),
    Code(
        "LR188",
        "unknown-given",
        "error",
        "A test gives something that a lead does not have",
        "`given` sets fields of the lead schema, and `owner`, `sequence`, `step`, `enrolled_at`, or the label that a band or "
        "stages had before. What the rules work out themselves (a score, a segment) cannot be given: give the fields it "
        "comes from.",
        'test "Size" {\n  given employes = 100\n  expect employees = 100\n}\n',
        'test "Size" {\n  given employees = 100\n  expect employees = 100\n}\n',
    ),
    Code(
        "LR189",
        "bad-test-value",
        "error",
        "A value that a test cannot give",
        "A test gives plain values that the lead or event schema allows: text in quotes, a number, `true` or `false`, a date "
        '`2026-04-01`, a time `2026-04-01T09:00`, or for a set `["a", "b"]`. Its runs are between the years 1000 and 9000, '
        "where all runs are, and what happened `ago` not before the year 1.",
        'test "Size" {\n  given employees = 50 + 50\n  expect employees = 100\n}\n',
        'test "Size" {\n  given employees = 100\n  expect employees = 100\n}\n',
    ),
    Code(
        "LR190",
        "unknown-fired",
        "error",
        "`expect fired` of a rule that does not exist",
        "The forms are `score.rule`, `trigger.NAME` and `route.NAME.rule`.",
        "score fit { size: +10 when employees > 50 }\n"
        'test "Size" {\n  given employees = 100\n  expect fired fit.sise\n}\n',
        "score fit { size: +10 when employees > 50 }\n"
        'test "Size" {\n  given employees = 100\n  expect fired fit.size\n}\n',
    ),
    Code(
        "LR191",
        "unknown-action",
        "error",
        "`expect action` of a kind that does not exist",
        "The kinds are those of actions.csv: a channel (a task or a sent template shows as its channel), `set`, `assign`, "
        "`enroll`, `move`, `stop` and `notify`.",
        'test "Call" {\n  given employees = 100\n  expect not action phone\n}\n',
        'test "Call" {\n  given employees = 100\n  expect not action call\n}\n',
    ),
    Code(
        "LR192",
        "funnel-without-steps",
        "error",
        "A funnel without a step",
        "A funnel is a list of moments, in order: when the lead reached each step. Without one there is nothing to count.",
        "funnel revenue { }\n",
        "funnel revenue { lead: created_at }\n",
    ),
)

ENTRIES: tuple[Code, ...] = _ROUTES + _SEQUENCES + _TRIGGERS + _MEASURES
