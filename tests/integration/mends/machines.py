"""State machines and states in one line each."""

from __future__ import annotations

import time
from typing import Any

SLEEP = {"Type": "Wait", "Seconds": 100_000}


def invoke(arn: str, payload: object = "{% $states.input %}", **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **more,
    }


def child(arn: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": arn, "Input": "{% $states.input %}"},
        "Output": "{% $states.result.Output %}",
        **more,
    }


def token_task(arn: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": {
            "FunctionName": arn,
            "Payload": {"token": "{% $states.context.Task.Token %}"},
        },
        **more,
    }


def caught(error: str, output: object = "{% $states.errorOutput.Error %}") -> dict[str, Any]:
    return {"Catch": [{"ErrorEquals": [error], "Output": output, "Next": "Done"}]}


def done() -> tuple[str, dict[str, Any]]:
    return ("Done", {"Type": "Succeed"})


def until(condition, seconds: float = 5) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.005)
    raise TimeoutError
