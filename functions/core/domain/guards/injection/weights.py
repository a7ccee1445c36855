"""What each sign weighs: data, from `python -m tests.quality.injection --fit`.

Fitted to about 430 texts: 158 attacks (published jailbreaks, probes that ask for a system prompt,
orders hidden in business e-mail, and our own in eighteen languages) and 260 harmless ones (support
questions, e-mail, tables, questions about security, texts made to look suspicious, and our own).
"""

from typing import Final

BIAS: Final = -3.71
WEIGHTS: Final = {
    "another_task": 1.86,
    "be_somebody": 0.83,
    "call_of_a_tool": 5.61,
    "data_leaves_in_a_link": 5.61,
    "encoded_order": 5.92,
    "end_of_the_data": 4.52,
    "from_now_on": 1.01,
    "hidden_in_a_comment": 4.50,
    "hidden_message": 5.43,
    "labelled_answers": 1.20,
    "model_is_addressed": 1.76,
    "model_without_limits": 1.79,
    "name_of_a_jailbreak": 1.15,
    "never_refuse": 0.91,
    "no_rules": 0.44,
    "override_rules": 2.54,
    "override_what_came_before": 5.62,
    "place_for_a_prompt": 1.05,
    "role_of_a_chat": 5.28,
    "several_families": 2.39,
    "show_what_came_before": 5.14,
    "show_your_own": 2.31,
    "stay_so": 0.70,
    "tell_a_secret": 0.08,
    "what_nobody_is_shown": 4.72,
    "without_limits": 0.00,
}
