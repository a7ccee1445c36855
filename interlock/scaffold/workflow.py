"""The files of a new workflow: one AI task, every outcome handled, valid at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.declared_schemas import DIALECT
from interlock.scaffold.text import as_json, quoted

KEYS: Final = ("id", "run_id", "business_id")
"""What the field that names a run is called: the first that the task does not use itself."""
_STATE_LIMIT: Final = 32
_DAYS: Final = 86_400
_START_THROTTLES: Final = (
    "StepFunctions.ExecutionLimitExceeded",
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.ThrottlingException",
)


@dataclass(frozen=True)
class Asked:
    """What whoever makes a workflow says of it."""

    name: str
    purpose: str
    owner: str
    team: str


def files(asked: Asked, task: AiTask, variables: Mapping[str, Any]) -> dict[str, str]:
    """Return path -> text of a new workflow's files.

    Parameters
    ----------
    task
        What its one step does; what the task requires, the event brings.
    variables
        A case of the task, for the sample event.
    """
    required = list(task.variables_schema.get("required", ()))
    key = next(name for name in KEYS if name not in required)
    words = asked.name.split("_")
    title = " ".join(word.capitalize() for word in words)
    requested = f"{title} Requested"
    event = {
        "source": f"example.{asked.name}",
        "detail-type": requested,
        "detail": {key: "example-1", **{name: variables[name] for name in required}},
    }
    return {
        "workflow.toml": _toml(asked, task.name, key, event["source"], requested, f"{title} Done"),
        "input.schema.json": as_json(_input_schema(task, key, required)),
        f"{asked.name}.asl.json": as_json(_machine(task, key, required)),
        "events/example.json": as_json(event),
    }


def _toml(asked: Asked, task: str, key: str, source: object, requested: str, done: str) -> str:
    purpose = asked.purpose or f"Let {task} work on what an event brings."
    return "\n".join(
        (
            f"name = {quoted(asked.name)}",
            f"owner = {quoted(asked.owner)}",
            f"team = {quoted(asked.team)}",
            f"purpose = {quoted(purpose)}",
            f'dedup_key = ["/{key}"]',
            "",
            "[uses]",
            f"ai_tasks = [{quoted(task)}]",
            "",
            "[[triggers]]",
            'kind = "rule"',
            f"source = [{quoted(str(source))}]",
            f"detail_type = [{quoted(requested)}]",
            "",
            "[[emits]]",
            f"detail_type = {quoted(done)}",
            f'fields = ["{key}", "answer"]',
            "",
        )
    )


def _input_schema(task: AiTask, key: str, required: list[str]) -> dict[str, Any]:
    given = task.variables_schema
    properties = {name: given["properties"][name] for name in required}
    own = {"description": "Names the run: the same id again is the same run.", "type": "string"}
    schema = {
        "$schema": DIALECT,
        "type": "object",
        "properties": {key: {**own, "minLength": 1, "maxLength": 64}, **properties},
        "required": [key, *required],
        "additionalProperties": False,
    }
    return schema | {"$defs": given["$defs"]} if "$defs" in given else schema


def _machine(task: AiTask, key: str, required: list[str]) -> dict[str, Any]:
    state = "".join(word.capitalize() for word in task.name.split("_"))[:_STATE_LIMIT]
    step = f"'{state}.' & $string($toMillis($states.context.State.EnteredTime))"
    good = "$last.outcome in ['SUCCEEDED', 'REPAIRED', 'CACHED', 'FORCED']"
    return {
        "Comment": f"Let {task.name} answer; end as the step ended.",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 10 * _DAYS,
        "StartAt": state,
        "States": {
            state: {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "TimeoutSeconds": 5 * _DAYS,
                "Arguments": {
                    "StateMachineArn": "${run_ai_task_arn}",
                    "Name": _jsonata(f"$substring($states.input.run, -26) & '-' & {step}"),
                    "Input": {
                        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": _jsonata(
                            "$states.context.Execution.Id"
                        ),
                        "run": _jsonata("$states.input.run"),
                        "ticket": _jsonata("$states.input.ticket"),
                        "step": _jsonata(step),
                        "task": task.name,
                        "variables": {
                            name: _jsonata(f"$states.input.input.{name}") for name in required
                        },
                    },
                },
                "Assign": {
                    key: _jsonata(f"$states.input.input.{key}"),
                    "answer": _jsonata(
                        "$exists($states.result.Output.answer) "
                        "? $states.result.Output.answer : null"
                    ),
                    "last": {
                        "outcome": _jsonata("$states.result.Output.outcome"),
                        "reason": _jsonata("$states.result.Output.reason"),
                        "step": _jsonata("$states.result.Output.step"),
                    },
                },
                "Retry": [
                    {
                        "ErrorEquals": list(_START_THROTTLES),
                        "IntervalSeconds": 2,
                        "MaxAttempts": 6,
                        "BackoffRate": 2,
                        "MaxDelaySeconds": 60,
                        "JitterStrategy": "FULL",
                    }
                ],
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Assign": {"failure": _jsonata("$states.errorOutput.Error")},
                        "Next": "ReportFailure",
                    }
                ],
                "Next": "RouteByOutcome",
            },
            "RouteByOutcome": {
                "Type": "Choice",
                "Choices": [{"Condition": _jsonata(good), "Next": "Finish"}],
                "Default": "EndWithOutcome",
            },
            "Finish": {
                "Type": "Succeed",
                "Output": {
                    "outcome": "SUCCEEDED",
                    key: _jsonata(f"${key}"),
                    "answer": _jsonata("$answer"),
                },
            },
            "EndWithOutcome": {
                "Type": "Succeed",
                "Comment": "The step ended in another way than by doing its work; so does the run.",
                "Output": _jsonata("$last"),
            },
            "ReportFailure": {
                "Type": "Fail",
                "Comment": "The error's name only: a cause may carry the input of what failed.",
                "Error": _jsonata("$failure"),
                "Cause": "The step could not be started or watched; "
                "what is known of it stands in the record of the run.",
            },
        },
    }


def _jsonata(expression: str) -> str:
    return f"{{% {expression} %}}"
