"""What the platform's machines say of errors and time, beside what their functions do."""

import inspect
import json
from collections.abc import Mapping
from typing import Any

import pytest

from functions.core.domain import errors
from infra.asl import INVOKE, Definition, load, states
from infra.wiring import FUNCTIONS
from tests.clouds import PROJECT

PLATFORM = sorted((PROJECT / "statemachines" / "platform").glob("*.asl.json"))
WORKFLOWS = sorted((PROJECT / "statemachines" / "workflows").glob("*/*.asl.json"))
MACHINES = {path.name.split(".")[0]: load(path, PROJECT) for path in (*PLATFORM, *WORKFLOWS)}
SENDING = ("call_model", "call_system")
NEVER_RAN = {
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
}
DIED = {"Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout"}
START_THROTTLED = {
    "StepFunctions.ExecutionLimitExceeded",
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.ThrottlingException",
}
STATES = {
    "States.ALL",
    "States.DataLimitExceeded",
    "States.QueryEvaluationError",
    "States.Timeout",
}
MALFORMED = {"ValidationError"}
"""What pydantic raises for a request that a function can't read."""
AWS = NEVER_RAN | DIED | START_THROTTLED | STATES
"""Error names that services raise (Step Functions and Lambda developer guides)."""
OWN = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.InterlockError)
}
BASES = {"InterlockError", "TransientError", "PermanentError", "OnRecordError"}
ANNOUNCING = {"admit_run": {"BusUnavailable"}}
"""What passes too where a function announces what no outbox keeps: a refusal."""


def tasks() -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (machine, name, state)
        for machine, definition in MACHINES.items()
        for name, state in states(definition.body)
        if state["Type"] == "Task"
    ]


def function_of(state: Mapping[str, Any]) -> str:
    """Return the function that a task invokes; empty if it starts a machine."""
    name = str(state["Arguments"].get("FunctionName", ""))
    return name.removeprefix("${").removesuffix("_arn}")


def retried(state: Mapping[str, Any]) -> set[str]:
    return {error for rule in state["Retry"] for error in rule["ErrorEquals"]}


@pytest.mark.parametrize(
    ("machine", "name", "state"), tasks(), ids=[f"{m}.{n}" for m, n, _ in tasks()]
)
class TestEachTask:
    """Every Task of every machine."""

    def test_it_names_errors_that_exist(self, machine: str, name: str, state: dict[str, Any]):
        """An error of ours by its leaf, or one that AWS raises; a typo would never match."""
        rules = [*state["Retry"], *state["Catch"]]
        named = {error for rule in rules for error in rule["ErrorEquals"]}

        assert named <= AWS | MALFORMED | (OWN.keys() - BASES)

    def test_it_is_bounded_retried_and_caught(self, machine: str, name: str, state: dict[str, Any]):
        """Full jitter in each Retry, never everything; one last Catch for the rest."""
        assert state["TimeoutSeconds"] > 0
        assert "States.ALL" not in retried(state)
        assert all(rule["JitterStrategy"] == "FULL" for rule in state["Retry"])
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]

    def test_its_retries_are_its_functions(self, machine: str, name: str, state: dict[str, Any]):
        """Who sends is tried again only if it never ran; all others after a death too."""
        function = function_of(state)
        if not function:
            assert retried(state) == START_THROTTLED
        elif function in SENDING:
            assert retried(state) == NEVER_RAN
        else:
            assert retried(state) == NEVER_RAN | DIED | {"StoreContention"} | ANNOUNCING.get(
                function, set()
            )

    def test_it_waits_longer_than_its_function_may_run(
        self, machine: str, name: str, state: dict[str, Any]
    ):
        """Else the machine gives up on a function that goes on, and sends meanwhile."""
        limits = {row.name: row.timeout_seconds for row in FUNCTIONS}
        function = function_of(state)

        assert state["TimeoutSeconds"] > limits.get(function, 0)


def test_each_transient_error_is_retried_somewhere():
    """The other direction: what may pass is tried again by the machine that sees it."""
    everywhere = {error for _, _, state in tasks() for error in retried(state)}
    transient = {name for name, kind in OWN.items() if issubclass(kind, errors.TransientError)}

    assert transient - BASES <= everywhere


def test_no_permanent_error_is_retried():
    """The same input fails again: a retry would only hold up."""
    for machine, name, state in tasks():
        own = retried(state) & OWN.keys()
        assert all(issubclass(OWN[error], errors.TransientError) for error in own), (machine, name)


def test_errors_are_matched_by_leaf():
    """Step Functions matches the bare class name: a class with children can't be meant."""
    for name, kind in OWN.items():
        assert bool(kind.__subclasses__()) == (name in BASES), name


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_says_no_money_and_no_prompt(machine: str):
    """Functions compare money and render prompts; a machine carries references."""
    definition: Definition = MACHINES[machine]

    assert "usd" not in json.dumps(definition.body).lower().replace("workflow's", "")
    assert all(task.integration == INVOKE or "wf" not in machine for task in definition.tasks)
