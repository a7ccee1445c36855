"""Ways in that no workflow has: starting platform machines, and invoking their functions."""

import json
import time
from typing import Any

from functions.core.domain.names import nested_name
from interlock.local.settings import REGION
from tests.clouds import Desk, wait_for

ACCOUNT_ARN = f"arn:aws:states:{REGION}:123456789012"
TASK = {"task": "classify_ticket", "variables": {"subject": "s", "text": "t"}}
UPDATE = {
    "operation": "crm.update_ticket",
    "fields": {
        "category": "billing",
        "urgency": "low",
        "language": "en",
        "sentiment": "neutral",
        "reply": "Hello",
    },
}


def ticket_of(desk: Desk, run: str) -> str:
    """Return the ticket of an admitted run, as its workflow was given it."""
    arn = f"{ACCOUNT_ARN}:execution:interlock-dev-wf-triage_ticket:{run}"
    client = desk.client("stepfunctions")
    given = wait_for(lambda: _input(client, arn), "the workflow's input")
    return json.loads(given)["ticket"]


def _input(client: Any, arn: str) -> str | None:
    try:
        return client.describe_execution(executionArn=arn)["input"]
    except client.exceptions.ExecutionDoesNotExist:
        return None


def a_step(name: str = "Backdoor") -> str:
    """Return a step identity that nobody used."""
    return f"{name}.{time.time_ns() // 1000}"


def asked(run: str, ticket: str, step: str, what: dict[str, Any]) -> dict[str, Any]:
    """Return what a workflow would pass to a platform machine."""
    return {"run": run, "ticket": ticket, "step": step, **what}


def execute(
    desk: Desk, machine: str, given: dict[str, Any], name: str | None = None
) -> dict[str, Any]:
    """Run a platform machine; return how it was described at its end."""
    client = desk.client("stepfunctions")
    arn = client.start_execution(
        stateMachineArn=f"{ACCOUNT_ARN}:stateMachine:interlock-dev-{machine}:live",
        name=name or nested_name(given["run"], given["step"]),
        input=json.dumps(given),
    )["executionArn"]

    def over() -> dict[str, Any] | None:
        found = client.describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    return wait_for(over, f"the end of {arn}")


def outcome(desk: Desk, machine: str, given: dict[str, Any], name: str | None = None) -> Any:
    """Run a platform machine; return outcome and reason of what it put out."""
    found = json.loads(execute(desk, machine, given, name)["output"])
    return found["outcome"], found["reason"]
