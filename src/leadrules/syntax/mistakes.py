"""What people type first: what it was meant to be, and how to say so.

In: a `Place`, where a token cannot stand. Out: a `Mend`, or None. Each known mistake is one function, tried in the order
below; after them come the slips that any grammar has. A mend counts only if the parser gets further with it.
"""

from __future__ import annotations

from collections.abc import Callable

from leadrules.syntax import mistakes_actions as actions
from leadrules.syntax import mistakes_borrowed as borrowed
from leadrules.syntax import mistakes_events as events
from leadrules.syntax import mistakes_lines as lines
from leadrules.syntax import mistakes_numbers as numbers
from leadrules.syntax import mistakes_operators as operators
from leadrules.syntax import mistakes_phrases as phrases
from leadrules.syntax import mistakes_points as points
from leadrules.syntax import mistakes_process as process
from leadrules.syntax import mistakes_routes as routes
from leadrules.syntax import mistakes_values as values
from leadrules.syntax import mistakes_words as words
from leadrules.syntax.mend import Mend, Place, progress
from leadrules.syntax.rewrites import other_words
from leadrules.syntax.slips import general, goes_far, odd_sign, swapped, word_twice

KNOWN: tuple[Callable[[Place], Mend | None], ...] = (
    lines.events_in_words,
    phrases.event_counted,
    phrases.age_in_words,
    phrases.team_in_words,
    values.any_before_brackets,
    values.values_joined_by_or,
    operators.operand_left_out,
    odd_sign,
    operators.power,
    numbers.unit_in_other_words,
    numbers.number_in_words,
    numbers.length_without_number,
    numbers.number_with_scale,
    numbers.noun_after_number,
    numbers.value_in_quotes,
    word_twice,
    process.bullet,
    process.unless,
    actions.head_in_order,
    process.lines_before_braces,
    process.lines_without_braces,
    process.condition_of_head,
    process.entered_by_condition,
    routes.several_targets,
    routes.owner_of_queue,
    routes.condition_first,
    routes.rule_without_name,
    routes.strategy_after_condition,
    routes.condition_last,
    routes.tails_in_order,
    routes.account_by_value,
    routes.rule_without_condition,
    points.points_without_name,
    points.parts_in_order,
    points.event_itself,
    points.one_event,
    points.within_of_score,
    process.wait_before_step,
    process.commas_in_step,
    process.bare_hours,
    process.clock_in_words,
    process.team_without_route,
    process.notify_without_whom,
    actions.name_after_on,
    actions.nothing_after_on,
    actions.delay_of_trigger,
    actions.every_day,
    actions.other_branch,
    actions.length_of_pause,
    actions.queue_in_quotes,
    actions.assigned_by_name,
    actions.set_by_word,
    actions.fired_behind,
    words.comment_of_sql,
    lines.other_branch,
    other_words,
    words.in_the_last,
    actions.nothing_before_do,
    borrowed.is_in_capitals,
    borrowed.half_life,
    borrowed.has_event,
    lines.name_twice,
    lines.colon_after_when,
    lines.colon_before_title,
    lines.missing_kind,
    lines.unquoted_title,
    words.hyphenated_name,
    words.thousands_comma,
    words.date_and_time,
    words.fractional_duration,
    words.bare_path,
    words.equals_blank,
    words.when_again,
    words.else_in_brackets,
    words.for_of_value,
    words.kind_before_name,
    words.days_since,
    words.call_without_brackets,
    words.name_in_words,
    words.text_without_quotes,
    words.labels_in_quotes,
    events.did_before_brackets,
    borrowed.blank_as_value,
    borrowed.clauses_after_brackets,
    borrowed.not_within_of_field,
    words.within_of_field,
    words.days_ago,
    operators.negation_in_words,
    values.several_compared,
    operators.comparison_in_words,
    operators.bound_in_words,
    events.where_without_parentheses,
    values.values_without_brackets,
    values.words_without_brackets,
    values.any_after_in,
    values.if_then_else,
    values.if_then,
    operators.arrow,
    lines.bound_with_colon,
    lines.keyword_with_colon,
    lines.move_without_to,
    words.other_case,
    events.event_compared,
    operators.chained_comparison,
    operators.limits_in_brackets,
    operators.limits_without_and,
    operators.limits_with_a_wave,
    events.event_after_when,
    events.did_left_out,
    events.change_in_words,
    events.label_after_a_sign,
    process.change_without_enter,
    lines.threshold_as_comparison,
    lines.threshold_range,
    lines.otherwise_first,
    points.points_after_condition,
    points.points_with_a_unit,
    points.limit_by_max,
    points.points_without_sign,
    points.points_without_parentheses,
    values.set_of_values,
    values.wrong_brackets,
    lines.list_without_brackets,
    lines.missing_name,
    lines.missing_id,
    lines.word_before_title,
    process.missing_channel,
    lines.wrong_sign,
    lines.bare_percentage,
    routes.where_after_strategy,
    routes.strategy_in_two_words,
    routes.bare_target,
    process.step_without_number,
    lines.missing_bar,
    lines.missing_colon,
)


def find_mend(place: Place) -> Mend | None:
    """What was meant, as far as anybody knows; two neighbours change places where nothing else makes the line right."""
    mend = next(
        (mend for mend in (known(place) for known in KNOWN) if mend and progress(place, mend) > place.index), None
    )
    mend = mend or general(place)
    return mend if mend is not None and goes_far(place, mend) else swapped(place) or mend
