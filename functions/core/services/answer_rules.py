"""The policy's rules over an answer, with what they need from outside: policy, key, source."""

import json
from dataclasses import replace
from typing import Any, Final

from functions.core.domain.ai_step import Call, Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.guards.canary import canary, carries
from functions.core.domain.guards.costs import Costs
from functions.core.domain.guards.outbound import Judged, judge, needs_source
from functions.core.domain.schemas import validator
from functions.core.services.detectors import GUARDRAIL, guarded
from functions.core.services.personal import policy_of
from functions.core.services.tools import Tools

CANARY: Final = "CANARY_IN_ANSWER"
"""The answer carries the system prompt, or the part of it that nothing else holds."""
INTERVENED: Final = f"answer.{GUARDRAIL}"
"""A guardrail of the policy would not let the answer pass."""
UNFIT: Final = "answer.markup"
"""What is left of an answer once it is neutralised does not fit its schema."""


def carries_canary(tools: Tools, step: Step, call: Call, said: str) -> bool:
    """Whether what a model *said* holds the word that only its system prompt has."""
    return carries(said, canary(tools.keys.canary, step.task, call.task_version))


def held_to_policy(
    tools: Tools, step: Step, call: Call, task: AiTask, value: Any, costs: Costs
) -> Judged:
    """Return what the policy that *call* was prepared under makes of its answer *value*."""
    if not call.policy_version:
        return Judged(value)
    rules = policy_of(tools, call).answer
    source = None
    if needs_source(rules):
        messages = json.loads(tools.artifacts.fetch(call.prompt, run=step.run))
        source = [one["content"] for one in messages if one["role"] == "user"]
    given = None
    if call.given is not None:
        given = json.loads(tools.artifacts.fetch(call.given, run=step.run))
    judged = judge(value, rules, source, given, costs)
    if judged.value != value and validator(task.output_schema).errors(judged.value):
        return replace(judged, blocked=judged.blocked or UNFIT)
    return judged


def held_to_guardrails(tools: Tools, call: Call, said: str, judged: Judged, costs: Costs) -> Judged:
    """Let the policy's guardrails look at what a model *said*: as it came, tokens and all.

    Raises
    ------
    GuardUnavailable
        One said nothing.
    """
    if judged.blocked or not call.policy_version:
        return judged
    rules = policy_of(tools, call).guardrails
    record, intervened = guarded(tools.detectors, rules, "OUTPUT", [said], costs)
    return replace(
        judged,
        record=(*judged.record, *record),
        blocked=INTERVENED if intervened else "",
    )
