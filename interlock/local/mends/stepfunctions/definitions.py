"""Definitions: what the local interpreter does not run correctly is refused when it is created.

moto 5.2.5 accepts such definitions and fails, or worse succeeds wrongly, while they run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from interlock.local.mends import iam
from interlock.local.mends.place import ACCOUNT, REGION
from interlock.local.mends.refusal import NotPlayedHere
from interlock.local.mends.stepfunctions import jsonata

_RESOURCES = (
    r"arn:aws:states:::lambda:invoke(\.waitForTaskToken)?",
    r"arn:aws:states:::states:startExecution(\.sync(:2)?|\.waitForTaskToken)?",
    r"arn:aws:states:::sqs:sendMessage(\.waitForTaskToken)?",
    r"arn:aws:states:::events:putEvents",
    r"arn:aws:states:::dynamodb:(get|put|update|delete)Item",
    r"arn:aws:states:::aws-sdk:(dynamodb|events|s3|secretsmanager|sfn|sqs):\w+",
)
_RESOURCE = re.compile("|".join(_RESOURCES))
_MANAGED_RULE = (
    f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
)
# Fields that moto parses and then ignores or gets wrong.
_UNPLAYED = {
    "Map": (
        "ItemBatcher",
        "ResultWriter",
        "ToleratedFailureCount",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentage",
        "ToleratedFailurePercentagePath",
    ),
    "Task": ("Credentials",),
}
_UNPLAYED_READERS = {"JSONL", "MANIFEST", "PARQUET"}


def states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through all states of a definition, those of branches and item processors too."""
    for name, state in (definition.get("States") or {}).items():
        yield name, state
        for branch in state.get("Branches") or []:
            yield from states(branch)
        for inner in ("ItemProcessor", "Iterator"):
            yield from states(state.get(inner) or {})


def _expressions(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        yield value[2:-2].strip()
    elif isinstance(value, dict):
        for item in value.values():
            yield from _expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _expressions(item)


def _refuse_state(name: str, state: dict[str, Any]) -> None:
    kind = state.get("Type", "")
    for field in _UNPLAYED.get(kind, ()):
        if field in state:
            raise NotPlayedHere(f"state {name}: {kind} field {field} is not played here")
    resource = state.get("Resource", "")
    if kind == "Task" and not _RESOURCE.fullmatch(resource):
        raise NotPlayedHere(f"state {name}: the task resource {resource} is not played here")
    reader = (state.get("ItemReader") or {}).get("ReaderConfig") or {}
    if reader.get("InputType") in _UNPLAYED_READERS:
        raise NotPlayedHere(f"state {name}: ItemReader of {reader['InputType']} is not played here")


def check(definition: str) -> None:
    """Refuse what is not played here, and JSONata that AWS refuses.

    Raises
    ------
    NotPlayedHere
        Naming the state and the feature.
    InvalidDefinition
        An expression does not parse.
    """
    try:
        parsed = json.loads(definition)
    except ValueError:
        return  # moto's own parser says what is wrong
    for name, state in states(parsed):
        _refuse_state(name, state)
        inner = {"Branches", "ItemProcessor", "Iterator"}
        own = {key: value for key, value in state.items() if key not in inner}
        for expression in _expressions(own):
            try:
                jsonata.check(expression)
            except ValueError as error:
                raise InvalidDefinition(
                    f"Invalid State Machine Definition: state {name}: {error}"
                ) from error


def check_managed_rule(definition: str, role_arn: str) -> None:
    """Demand what AWS demands of a role before it creates a machine with `.sync` children.

    Raises
    ------
    JsonRESTError
        AccessDeniedException, with AWS's sentence.
    """
    if not re.search(r"states:startExecution\.sync", definition):
        return
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        try:
            iam.authorize(role_arn, f"events:{action}", _MANAGED_RULE)
        except iam.Denied as denied:
            raise JsonRESTError(
                "AccessDeniedException",
                f"'{role_arn}' is not authorized to create managed-rule.",
            ) from denied


def mend_creation() -> None:
    """Check definitions and roles when machines are created or updated (see the module)."""
    create = StepFunctionsParserBackend.create_state_machine
    update = StepFunctionsParserBackend.update_state_machine

    def checked_create(self: Any, name: str, definition: str, roleArn: str, **more: Any) -> Any:  # noqa: N803
        check(definition)
        check_managed_rule(definition, roleArn)
        return create(self, name=name, definition=definition, roleArn=roleArn, **more)

    def checked_update(
        self: Any, arn: str, definition: str | None = None, role_arn: str | None = None, **more: Any
    ) -> Any:
        if definition is not None:
            check(definition)
            machine = next((m for m in self.state_machines if m.arn == arn), None)
            if machine is not None:
                check_managed_rule(definition, role_arn or machine.roleArn)
        return update(self, arn, definition=definition, role_arn=role_arn, **more)

    StepFunctionsParserBackend.create_state_machine = checked_create
    StepFunctionsParserBackend.update_state_machine = checked_update


def mend_backend() -> None:
    """Choose the backend that executes; moto 5.2.5's default only pretends to."""
    from moto.core.config import default_user_config

    default_user_config.setdefault("stepfunctions", {})["execute_state_machine"] = True


def apply() -> None:
    """Install this module's mends."""
    mend_creation()
    mend_backend()
