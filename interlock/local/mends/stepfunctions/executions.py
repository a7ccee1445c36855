"""Executions: starts on versions and aliases, one atomic name check, closing, reading back.

moto 5.2.5 starts on unqualified ARNs only, copies the machine deeply for each start, looks for
executions in lists, and keeps every closed execution's whole environment in memory.

A closed execution is kept as one compressed text: its history holds what it was given and what
came of it anyway.
"""

from __future__ import annotations

import copy
import datetime
import json
import random
import re
import threading
import uuid
import zlib
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.stepfunctions import responses
from moto.stepfunctions.exceptions import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidExecutionInput,
    InvalidName,
    StateMachineDoesNotExist,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend import execution as execution_module
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from interlock.local.clock import current
from interlock.local.mends.patching import ClockedDatetime
from interlock.local.mends.stepfunctions import tokens

_PARTS_OF_A_MACHINE_ARN = 7
_LARGEST_INPUT = 262_144  # bytes; "Quotas", Step Functions developer guide
_LONGEST_NAME = 80
_FORBIDDEN_IN_NAMES = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")

Archive = tuple[bytes, bytes]
"""What the first execution of a machine told, and this one's story, compressed by it."""
_FIRST: dict[str, bytes] = {}
_WINDOW = 32_768  # bytes that zlib looks back
_CLOSED = threading.Event()
_CLOSED.set()

_LOCK = threading.Lock()
_BY_ARN: dict[str, Any] = {}
_LISTENERS: list[Callable[[dict[str, Any]], None]] = []


def listen(listener: Callable[[dict[str, Any]], None]) -> None:
    """Call `listener` with the detail of each "Execution Status Change"."""
    if listener not in _LISTENERS:
        _LISTENERS.append(listener)


def find(execution_arn: str) -> Any:
    """Return an execution.

    Raises
    ------
    ExecutionDoesNotExist
        As the API has it.
    """
    found = _BY_ARN.get(execution_arn)
    if found is None:
        raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{execution_arn}'")
    return found


def forget(execution_arn: str) -> None:
    """Drop an execution from the index, for machines that are deleted."""
    with _LOCK:
        _BY_ARN.pop(execution_arn, None)


def _version_of(machine: Any, qualifier: str) -> Any:
    if qualifier.isdecimal():
        return machine.versions.get(int(qualifier))
    alias = machine.aliases.get(qualifier)
    if alias is None:
        return None
    routes = alias.routing_configuration
    chosen = random.choices(routes, [route["weight"] for route in routes])[0]  # noqa: S311
    return machine.versions.get(int(chosen["stateMachineVersionArn"].rsplit(":", 1)[1]))


def resolve(backend: Any, arn: str) -> tuple[Any, Any]:
    """Return the machine behind an ARN and the definition that a start on it runs.

    Raises
    ------
    StateMachineDoesNotExist
        There is no such machine, version or alias.
    """
    parts = arn.split(":")
    base, qualifier = ":".join(parts[:_PARTS_OF_A_MACHINE_ARN]), parts[_PARTS_OF_A_MACHINE_ARN:]
    machine = next((m for m in backend.state_machines if m.arn == base), None)
    found = machine
    if machine is not None and qualifier:
        found = _version_of(machine, qualifier[0])
    if machine is None or found is None:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    return machine, found


def _checked_input(text: str | None) -> str:
    given = "{}" if text is None else text
    if len(given.encode()) > _LARGEST_INPUT:
        raise JsonRESTError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member "
            f"must have length less than or equal to {_LARGEST_INPUT}",
        )
    try:
        json.loads(given)
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error
    return given


def _checked_name(name: str | None) -> str:
    if name is None:
        return str(uuid.uuid4())
    if not 1 <= len(name) <= _LONGEST_NAME or _FORBIDDEN_IN_NAMES.search(name):
        raise InvalidName(f"Invalid Name: '{name}'")
    return name


def _made(
    backend: Any, machine: Any, found: Any, arn: str, name: str, text: str, trace: Any
) -> Any:
    snapshot = copy.copy(found)  # an update of the machine does not change a run under way
    snapshot.arn = machine.arn
    execution = execution_module.Execution(
        name=name,
        sm_type=machine.sm_type,
        role_arn=found.roleArn,
        exec_arn=arn,
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=snapshot,
        start_date=ClockedDatetime.now(datetime.UTC),
        cloud_watch_logging_session=None,
        input_data=text,
        trace_header=trace,
        activity_store={},
    )
    execution.closed = threading.Event()
    execution.watchers = []  # events of parents that wait for the end
    execution.archived = None
    execution.started_on = found.arn if found is not machine else None
    return execution


def mend_start() -> None:
    """Start on versions and aliases, with default names and one atomic name check.

    moto 5.2.5 names an unnamed execution ``None``, knows no qualified ARN, and two starts of one
    name at once both succeed.
    """

    def start(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: Any = None,
    ) -> Any:
        machine, found = resolve(self, state_machine_arn)
        text, name = _checked_input(execution_input), _checked_name(name)
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
        with _LOCK:
            existing = _BY_ARN.get(arn)
            if existing is not None:
                if existing.status == "RUNNING" and existing.execution_input == text:
                    return existing
                raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
            execution = _made(self, machine, found, arn, name, text, trace_header)
            execution.exec_status = execution_module.ExecutionStatus.RUNNING
            _BY_ARN[arn] = execution
            machine.executions.append(execution)
        _announce(execution)  # before its thread can announce the end
        execution.start()
        return execution

    StepFunctionsParserBackend.start_execution = start
    StepFunctionsParserBackend.describe_execution = lambda _self, execution_arn: find(execution_arn)


def mend_close() -> None:
    """Publish an ending once, compress what is kept of it, drop its environment and its tokens.

    moto 5.2.5 shows the status before the output, and keeps 108 KB of every closed run.
    """
    original = execution_module.BaseExecutionWorkerCommunication._reflect_execution_status

    def terminated(self: Any) -> None:
        execution = self.execution
        env = execution.exec_worker.env
        if isinstance(env.program_state(), ProgramEnded):
            execution.output = env.states.get_input()
        execution.archived = _packed(
            execution.state_machine_arn,
            events=env.event_manager.get_event_history(),
            input=execution.execution_input,
            output=_compact(execution.output),
        )
        tokens.drop(env.callback_pool_manager)
        original(self)
        execution.exec_worker = None
        execution.closed.set()
        for watcher in execution.watchers:
            watcher.set()
        _announce(execution)
        execution.watchers, execution.closed = [], _CLOSED
        execution.input_data = execution.execution_input = execution.output = None

    execution_module.BaseExecutionWorkerCommunication.terminated = terminated


def _compact(value: Any) -> str:
    return str(to_json_str(value, separators=(",", ":")))


def _packed(machine_arn: str, **kept: Any) -> Archive:
    """Compress what is kept; executions of one machine tell much the same story."""
    text = to_json_str(kept).encode()
    first = _FIRST.setdefault(machine_arn, text[:_WINDOW])
    packer = zlib.compressobj(zdict=first)
    return first, packer.compress(text) + packer.flush()


def _unpacked(archived: Archive) -> dict[str, Any]:
    first, packed = archived
    found: dict[str, Any] = json.loads(zlib.decompressobj(zdict=first).decompress(packed))
    return found


def _milliseconds(moment: datetime.datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None


def _announce(execution: Any) -> None:
    """Tell the listeners a status; the fields are those of AWS's event."""
    output = execution.output if execution.status == "SUCCEEDED" else None
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": execution.execution_input,
        "output": None if execution.status != "SUCCEEDED" else to_json_str(output),
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if execution.status == "SUCCEEDED" else None,
        "stateMachineVersionArn": execution.started_on,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": None,
        "error": execution.error,
        "cause": execution.cause,
    }
    for listener in _LISTENERS:
        listener(detail)


def stop(execution: Any, error: str | None = None, cause: str | None = None) -> None:
    """Stop a running execution; its tasks, waits and children end with it."""
    worker = execution.exec_worker
    while worker is not None and worker.env is None and not execution.closed.is_set():
        execution.closed.wait(0.002)  # its thread has not begun yet
    if worker is None or execution.status != "RUNNING":
        return
    execution.error, execution.cause = error, cause
    worker.env.set_stop(stop_date=current().utcnow(), error=error, cause=cause)
    execution.closed.wait(5)


def history(execution: Any) -> list[dict[str, Any]]:
    """Return an execution's events, whether it runs or is closed."""
    if execution.archived is not None:
        events: list[dict[str, Any]] = _unpacked(execution.archived)["events"]
        return events
    env = execution.exec_worker.env if execution.exec_worker else None
    return list(env.event_manager.get_event_history()) if env else []


def _get_history(self: Any) -> ActionResult:
    events = history(find(self._get_param("executionArn")))
    if self._get_param("reverseOrder"):
        events = events[::-1]
    first, count = int(self._get_param("nextToken") or 0), int(self._get_param("maxResults") or 100)
    page: dict[str, Any] = {"events": events[first : first + count]}
    if first + count < len(events):
        page["nextToken"] = str(first + count)
    return ActionResult(page)


def _stop(self: Any) -> ActionResult:
    execution = find(self._get_param("executionArn"))
    stop(execution, self._get_param("error"), self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date or current().utcnow()})


def description(execution: Any) -> dict[str, Any]:
    """Return what DescribeExecution answers."""
    given, output = execution.execution_input, execution.output
    if execution.archived is not None:  # these are taken away after it is there
        kept = _unpacked(execution.archived)
        given, text = kept["input"], kept["output"]
    else:
        text = _compact(output)
    found: dict[str, Any] = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "input": given,
        "inputDetails": {"included": True},
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
    }
    optional = {
        "stopDate": execution.stop_date if execution.status != "RUNNING" else None,
        "error": execution.error,
        "cause": execution.cause,
        "stateMachineVersionArn": execution.started_on,
    }
    found.update({key: value for key, value in optional.items() if value is not None})
    if execution.status == "SUCCEEDED":
        found["output"] = text
        found["outputDetails"] = {"included": True}
    return found


def mend_reading() -> None:
    """Page histories, stop with error and cause, and describe every ending fully.

    moto 5.2.5 returns a whole history at once, drops a stop's error and cause, leaves StopDate out
    of TIMED_OUT, and reads a history from an environment that `mend_close` drops.
    """
    page = responses.StepFunctionResponse
    page.get_execution_history = _get_history
    page.stop_execution = _stop
    page.describe_execution = lambda self: ActionResult(
        description(find(self._get_param("executionArn")))
    )


def apply() -> None:
    """Install this module's mends."""
    mend_start()
    mend_close()
    mend_reading()
