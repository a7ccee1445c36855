"""The policy's rules over an answer, with what they need from outside: policy, key, source."""

import json
from dataclasses import replace
from typing import Any, Final

from functions.core.domain.ai_step import Call, Step
from functions.core.domain.definitions import AiTask
from functions.core.domain.guards.canary import canary, carries
from functions.core.domain.guards.costs import Costs
from functions.core.domain.guards.outbound import Judged, judge, needs_source
from functions.core.domain.inheritance import in_force
from functions.core.domain.policies import Policy
from functions.core.domain.schemas import validator
from functions.core.services.tools import Tools

CANARY: Final = "CANARY_IN_ANSWER"
"""The answer carries the system prompt, or the part of it that nothing else holds."""
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
    pinned = tools.catalog.pinned("policy", call.policy, call.policy_version, Policy)
    rules = in_force(pinned, tools.clock.now().date()).answer
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
