"""What each sign weighs: data, from `python -m tests.quality.injection --fit`.

Fitted to about 700 texts: 280 attacks (published jailbreaks, probes that ask for a system prompt,
orders hidden in business e-mail, and our own in two dozen languages) and 420 harmless ones (support
questions, e-mail, tables, questions about security, texts made to look suspicious, and our own).
"""

from typing import Final

BIAS: Final = -3.90
WEIGHTS: Final = {
    "another_task": 3.28,
    "be_somebody": 0.88,
    "call_of_a_tool": 5.71,
    "data_leaves_in_a_link": 6.02,
    "decode_and_obey": 4.30,
    "encoded_order": 6.25,
    "end_of_the_data": 4.71,
    "from_now_on": 1.18,
    "hidden_in_a_comment": 5.14,
    "hidden_message": 5.76,
    "labelled_answers": 1.20,
    "line_of_a_chat": 1.18,
    "model_has_to": 1.21,
    "model_is_addressed": 1.39,
    "model_reads_it": 2.75,
    "model_without_limits": 1.75,
    "name_of_a_jailbreak": 0.70,
    "never_refuse": 2.47,
    "no_rules": 1.07,
    "nobody_is_told": 2.03,
    "note_to_a_model": 3.14,
    "nothing_else": 0.94,
    "order_to_show": 3.81,
    "override_rules": 2.96,
    "override_the_matter": 2.58,
    "override_what_came_before": 6.36,
    "override_yours": 4.56,
    "place_for_a_prompt": 1.11,
    "role_of_a_chat": 4.96,
    "rules_are_void": 1.46,
    "several_families": 1.89,
    "show_what_came_before": 2.07,
    "show_your_own": 1.75,
    "show_yours": 2.22,
    "something_else": 1.59,
    "stay_so": 0.76,
    "tell_a_secret": 1.73,
    "told_is_void": 4.12,
    "unleashed": 1.77,
    "what_nobody_is_shown": 0.50,
    "what_you_were_told": 5.17,
    "without_limits": 0.00,
    "word_for_word": 2.82,
    "your_tools": 0.21,
}
