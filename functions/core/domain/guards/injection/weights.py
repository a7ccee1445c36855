"""What each sign weighs: data, from `python -m tests.quality.injection --fit`.

Fitted to about 430 texts: 158 attacks (published jailbreaks, probes that ask for a system prompt,
orders hidden in business e-mail, and our own in eighteen languages) and 260 harmless ones (support
questions, e-mail, tables, questions about security, texts made to look suspicious, and our own).
"""

from typing import Final

BIAS: Final = -3.66
WEIGHTS: Final = {
    "another_task": 1.65,
    "be_somebody": 0.68,
    "call_of_a_tool": 5.59,
    "data_leaves_in_a_link": 5.59,
    "encoded_order": 5.89,
    "end_of_the_data": 4.50,
    "from_now_on": 0.98,
    "hidden_in_a_comment": 4.50,
    "hidden_message": 5.42,
    "labelled_answers": 1.20,
    "model_is_addressed": 1.71,
    "model_without_limits": 1.74,
    "name_of_a_jailbreak": 1.09,
    "never_refuse": 1.01,
    "no_rules": 0.37,
    "override_rules": 2.50,
    "override_what_came_before": 5.61,
    "place_for_a_prompt": 1.04,
    "role_of_a_chat": 5.26,
    "several_families": 2.60,
    "show_what_came_before": 4.94,
    "show_your_own": 2.56,
    "stay_so": 0.67,
    "tell_a_secret": 0.78,
    "what_nobody_is_shown": 4.69,
    "without_limits": 0.00,
}
