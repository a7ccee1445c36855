"""What the executions of a run did: states entered, functions invoked, time waited.

Read from Step Functions' histories: supervisor, workflow, and each nested execution that the
workflow waited for. Nothing of their inputs and outputs is kept.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from interlock.cli.stage import Stage

AT_ONCE = 4
"""Histories read at the same time: GetExecutionHistory refills at 20 a second."""
_FORGOTTEN = ("ExecutionDoesNotExist", "ExecutionDoesNotExistException")


@dataclass(frozen=True)
class Invoked:
    """A function that a machine invoked, and how long it took, in milliseconds."""

    function: str
    milliseconds: int


@dataclass(frozen=True)
class Waited:
    """A Wait state, and how long it took, in seconds; None: it still waits."""

    state: str
    seconds: float | None


@dataclass
class Execution:
    """One execution as its history tells it."""

    arn: str
    transitions: int = 0
    invoked: list[Invoked] = field(default_factory=list)
    waits: list[Waited] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    state: str = ""
    """The state that it is in; empty once it is over."""

    @property
    def name(self) -> str:
        """Its own name."""
        return self.arn.rpartition(":")[2]


@dataclass(frozen=True)
class Histories:
    """The executions of one run.

    Attributes
    ----------
    supervisor, workflow
        None where Step Functions does not know it (any more).
    steps
        The nested executions, by name.
    """

    supervisor: Execution | None
    workflow: Execution | None
    steps: Mapping[str, Execution]

    @property
    def all(self) -> list[Execution]:
        """Every execution that is known."""
        found = [e for e in (self.supervisor, self.workflow) if e is not None]
        return [*found, *self.steps.values()]

    @property
    def transitions(self) -> int:
        """States entered, retries included."""
        return sum(execution.transitions for execution in self.all)

    @property
    def invoked(self) -> list[Invoked]:
        """Every function that a machine invoked."""
        return [call for execution in self.all for call in execution.invoked]


def read_histories(stage: Stage, run: str, workflow: str) -> Histories:
    """Read the histories of *run*'s executions."""
    supervisor = _read(stage, stage.execution("supervise_run", run))
    its_workflow = _read(stage, stage.execution(f"wf-{workflow}", run))
    children = its_workflow.children if its_workflow else []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        steps = [e for e in pool.map(lambda arn: _read(stage, arn), children) if e is not None]
    return Histories(supervisor, its_workflow, {e.name: e for e in steps})


def _read(stage: Stage, arn: str) -> Execution | None:
    from botocore.exceptions import ClientError

    client = stage.client("stepfunctions")
    try:
        pages = client.get_paginator("get_execution_history").paginate(
            executionArn=arn, PaginationConfig={"PageSize": 1000}
        )
        return understand(arn, (event for page in pages for event in page["events"]))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _FORGOTTEN:
            raise
        return None


def understand(arn: str, events: Iterable[Mapping[str, Any]]) -> Execution:
    """Read one history, oldest event first."""
    found = Execution(arn)
    reading = _Reading(found)
    for event in events:
        reading.take(event)
    reading.end()
    return found


class _Reading:
    """Where we are in a history. Events are linked by `previousEventId`, so that the branches
    of a Parallel or a Map don't mix.
    """  # noqa: D205  (one sentence on where, one on why)

    def __init__(self, found: Execution) -> None:
        self._found = found
        self._functions: dict[int, tuple[str, datetime]] = {}
        self._waiting: dict[str, datetime] = {}
        self._entered_tasks = self._scheduled = 0

    def take(self, event: Mapping[str, Any]) -> None:
        """Read the next event."""
        kind = str(event["type"])
        if kind.endswith("StateEntered"):
            self._enter(kind, event)
        elif kind == "WaitStateExited":
            self._leave_wait(event)
        elif kind == "TaskScheduled":
            self._schedule(event)
        elif kind in ("TaskStarted", "TaskSubmitted"):
            self._go_on(event)
        elif kind in ("TaskSucceeded", "TaskFailed", "TaskTimedOut"):
            self._end(event)
        elif kind.startswith("Execution") and kind != "ExecutionStarted":
            self._found.state = ""

    def _enter(self, kind: str, event: Mapping[str, Any]) -> None:
        name = str(event["stateEnteredEventDetails"]["name"])
        self._found.transitions += 1
        self._found.state = name
        if kind == "TaskStateEntered":
            self._entered_tasks += 1
        if kind == "WaitStateEntered":
            self._waiting[name] = event["timestamp"]

    def _leave_wait(self, event: Mapping[str, Any]) -> None:
        name = str(event["stateExitedEventDetails"]["name"])
        began = self._waiting.pop(name, None)
        if began is not None:
            seconds = (event["timestamp"] - began).total_seconds()
            self._found.waits.append(Waited(name, seconds))

    def _schedule(self, event: Mapping[str, Any]) -> None:
        self._scheduled += 1
        if self._scheduled > self._entered_tasks:  # a retry, which is charged as a transition
            self._found.transitions += 1
            self._scheduled = self._entered_tasks
        details = event["taskScheduledEventDetails"]
        if details.get("resourceType") == "lambda":
            arn = str(_json(details.get("parameters")).get("FunctionName", ""))
            name = arn.rsplit(":function:", maxsplit=1)[-1].partition(":")[0]
            self._functions[event["id"]] = (name, event["timestamp"])

    def _go_on(self, event: Mapping[str, Any]) -> None:
        before = self._functions.pop(event.get("previousEventId", 0), None)
        if before is not None:
            self._functions[event["id"]] = (before[0], event["timestamp"])
        details = event.get("taskSubmittedEventDetails") or {}
        if details.get("resourceType") == "states":
            arn = _json(details.get("output")).get("ExecutionArn")
            if arn:
                self._found.children.append(str(arn))

    def _end(self, event: Mapping[str, Any]) -> None:
        begun = self._functions.pop(event.get("previousEventId", 0), None)
        if begun is not None:
            milliseconds = round((event["timestamp"] - begun[1]).total_seconds() * 1000)
            self._found.invoked.append(Invoked(begun[0], milliseconds))

    def end(self) -> None:
        """Keep the waits that are not over, or never were."""
        self._found.waits += [Waited(name, None) for name in self._waiting]


def _json(text: object) -> dict[str, Any]:
    found = json.loads(str(text or "{}"))
    return found if isinstance(found, dict) else {}
