"""What the laptop cloud counted: requests, request units and functions, by role."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from interlock.local.cloud import Cloud
from tests.clouds import Desk

STEP_FUNCTIONS = ("prepare_call", "call_model", "check_answer")
POLLERS = frozenset(
    {
        *("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
        *("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
    }
)
"""What Lambda's own pollers ask for; no function does, and queues are priced by message."""
_ORDINARY = ("states", "lambda")
"""What machines call, and functions call of machines: no store."""


@dataclass(frozen=True)
class Counts:
    """Since the last reset."""

    calls: list[dict[str, Any]]
    units: list[dict[str, Any]]

    def stores(self, function: str) -> dict[str, int]:
        """Return the store calls of *function*, by what they ask for."""
        return {
            f"{one['service']}:{one['action']}": one["calls"]
            for one in self.calls
            if one["service"] not in _ORDINARY
            and one["action"] not in POLLERS
            and is_role_of(one["role"], function)
        }

    def asked(self, action: str, function: str) -> int:
        """Return how often the role of *function* asked for *action*."""
        return sum(
            one["calls"]
            for one in self.calls
            if one["action"] == action and is_role_of(one["role"], function)
        )

    def total(self, service: str, action: str) -> int:
        """Return how often any role of the platform asked for *action*."""
        return sum(
            one["calls"]
            for one in self.calls
            if (one["service"], one["action"]) == (service, action) and one["role"] != "developer"
        )

    def units_of(self, kind: str, function: str | None = None) -> float:
        """Return request units: of one function, or of all but sweep."""
        return sum(
            one["units"]
            for one in self.units
            if one["kind"] == kind
            and one["role"] != "developer"
            and (
                is_role_of(one["role"], function)
                if function
                else not is_role_of(one["role"], "sweep")
            )
        )

    def items_written(self, table: str, functions: Collection[str]) -> int:
        """Return how many items of *table* (its physical name) the roles of *functions* wrote."""
        return sum(
            int(one["units"])
            for one in self.units
            if (one["kind"], one["table"]) == ("item", table)
            and any(is_role_of(one["role"], function) for function in functions)
        )


def is_role_of(role: str, name: str) -> bool:
    """Say whether *role* is that of function `call_model`, or of `run_ai_task_machine`."""
    wanted = "".join(word.capitalize() for word in name.split("_"))
    return f"-{wanted}Role" in role


def read(cloud: Cloud) -> Counts:
    """Return what was counted since the last reset."""
    told = cloud.get("calls")
    return Counts(told["calls"], told["units"])


def settle(cloud: Cloud, seconds: float = 20) -> None:
    """Wait until nothing runs: no function, and no record is left to copy."""
    end, before, quiet = time.monotonic() + seconds, -1, 0
    while time.monotonic() < end and quiet < 4:
        status = cloud.status()
        invoked = sum(one["invocations"] for one in status["functions"].values())
        busy = any(worker["busy"] for worker in status["workers"])
        quiet = quiet + 1 if invoked == before and not busy else 0
        before = invoked
        time.sleep(0.25)


def milliseconds(cloud: Cloud) -> dict[str, tuple[int, float]]:
    """Return (invocations, milliseconds) by function, since the cloud began."""
    return {
        name.removeprefix("interlock-dev-"): (one["invocations"], one["milliseconds"])
        for name, one in cloud.status()["functions"].items()
    }


def tickets(desk: Desk, prefix: str, count: int) -> None:
    """Send ordinary tickets one after the other, each to its end."""
    for number in range(count):
        desk.open(f"{prefix}{number}")
        desk.closed(f"{prefix}{number}")


def entered(desk: Desk, machine: str) -> list[int]:
    """Return how many states each successful execution of *machine* entered."""
    states = desk.cloud.client("stepfunctions")
    named = [
        found["stateMachineArn"]
        for page in states.get_paginator("list_state_machines").paginate()
        for found in page["stateMachines"]
        if found["name"] == machine
    ]
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=named[0], statusFilter="SUCCEEDED"
    )
    return [_entered(states, one["executionArn"]) for page in pages for one in page["executions"]]


def _entered(states: Any, execution: str) -> int:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event["type"] for page in pages for event in page["events"]]
    return sum(kind.endswith("StateEntered") for kind in events)
