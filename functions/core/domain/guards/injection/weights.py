"""What each sign weighs: data, from `python -m tests.quality.injection --fit`.

Fitted to about 700 texts: 280 attacks (published jailbreaks, probes that ask for a system prompt,
orders hidden in business e-mail, and our own in two dozen languages) and 420 harmless ones (support
questions, e-mail, tables, questions about security, texts made to look suspicious, and our own).
"""

from typing import Final

BIAS: Final = -4.02
WEIGHTS: Final = {
    "another_task": 3.29,
    "be_somebody": 0.71,
    "call_of_a_tool": 5.77,
    "data_leaves_in_a_link": 5.95,
    "decode_and_obey": 4.76,
    "encoded_order": 6.32,
    "end_of_the_data": 4.74,
    "from_now_on": 1.17,
    "hidden_in_a_comment": 5.18,
    "hidden_message": 5.81,
    "labelled_answers": 1.20,
    "line_of_a_chat": 0.37,
    "model_has_to": 0.21,
    "model_is_addressed": 1.55,
    "model_reads_it": 2.84,
    "model_without_limits": 1.69,
    "name_of_a_jailbreak": 0.83,
    "never_refuse": 1.13,
    "no_rules": 1.12,
    "nobody_is_told": 2.11,
    "note_to_a_model": 3.14,
    "nothing_else": 0.97,
    "order_to_show": 3.65,
    "override_rules": 3.31,
    "override_the_matter": 2.60,
    "override_what_came_before": 6.49,
    "override_yours": 4.61,
    "place_for_a_prompt": 1.13,
    "role_of_a_chat": 5.27,
    "rules_are_void": 1.36,
    "several_families": 1.86,
    "show_what_came_before": 2.52,
    "show_your_own": 1.83,
    "show_yours": 2.23,
    "something_else": 1.72,
    "stay_so": 0.85,
    "tell_a_secret": 0.97,
    "told_is_void": 4.20,
    "unleashed": 1.87,
    "what_nobody_is_shown": 0.41,
    "what_you_were_told": 5.02,
    "without_limits": 0.00,
    "word_for_word": 2.75,
    "your_tools": 0.25,
}
