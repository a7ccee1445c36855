"""House rules of governed steps: what is passed on, how a step is named, what is retried.

A governed step is a Task that starts a platform machine. CONTRACTS: Names, Ticket, Sending.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from interlock.definitions.state_machines import NESTED_START, PLACEHOLDERS
from interlock.lint.findings import Finding, error, warning
from interlock.lint.jsonata import BadExpression, Facts, facts, is_expression
from interlock.lint.machine import Machine, State, objects

UNCHANGED = error(
    "IL301",
    "A step is given the run and the ticket that its workflow was given, unchanged.",
    "Pass $states.input.run and $states.input.ticket, or variables that hold just these.",
)
STEP_NAME = error(
    "IL302",
    "A step says who it is: its state's name, a dot, and the millisecond of its visit.",
    "Write {% '<State>.' & $string($toMillis($states.context.State.EnteredTime)) %}; in a Map put "
    "the item's key and a dot between.",
)
EXECUTION_NAME = error(
    "IL303",
    "The execution of a step is named by the last 26 characters of the run and the step.",
    "Write {% $substring($run, -26) & '-<State>.' & "
    "$string($toMillis($states.context.State.EnteredTime)) %} as Name.",
)
START_THROTTLES = error(
    "IL304",
    "A step is retried only when it could not be started: its outcome is data, and what it did "
    "must not be done again.",
    "Retry StepFunctions.ExecutionLimitExceeded, StepFunctions.ExecutionLimitExceededException "
    "and StepFunctions.ThrottlingException, and no others.",
)
UNCAUGHT = warning(
    "IL305",
    "What could not be started or watched is caught and leads to a named end.",
    "Add a Catch of States.ALL that leads to a Fail.",
)
NO_RETRY = warning(
    "IL306",
    "Start throttles are retried, with full jitter.",
    'Add a Retry of the start throttles with "JitterStrategy": "FULL".',
)
RULES: Final = (UNCHANGED, STEP_NAME, EXECUTION_NAME, START_THROTTLES, UNCAUGHT, NO_RETRY)

THROTTLES: Final = frozenset(
    {
        "StepFunctions.ExecutionLimitExceeded",
        "StepFunctions.ExecutionLimitExceededException",
        "StepFunctions.ThrottlingException",
    }
)
_GIVEN: Final = ("run", "ticket")
_ENTERED: Final = "EnteredTime"


@dataclass(frozen=True)
class Step:
    """A Task that starts a platform machine."""

    state: State
    arguments: dict[str, Any]

    @property
    def input(self) -> dict[str, Any]:
        """What it passes, as far as it is written as an object."""
        found = self.arguments.get("Input")
        return found if isinstance(found, dict) else {}

    @property
    def place(self) -> str:
        """The pointer of its Arguments."""
        return f"{self.state.pointer}/Arguments"


def steps(machine: Machine) -> Iterator[Step]:
    """Yield the governed steps of *machine*."""
    for state in machine.states:
        arguments = state.body.get("Arguments")
        if state.body.get("Resource") != NESTED_START or not isinstance(arguments, dict):
            continue
        if str(arguments.get("StateMachineArn")) in {f"${{{name}}}" for name in PLACEHOLDERS}:
            yield Step(state, arguments)


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with how the governed steps of a workflow are started."""
    carriers = {given: _carriers(machine, given) for given in _GIVEN}
    for step in steps(machine):
        for given in _GIVEN:
            if not _is_unchanged(step.input.get(given), given, carriers[given]):
                place = f"{step.place}/Input/{given}"
                yield Finding(UNCHANGED, place, f"not the {given} of this execution")
        yield from _named(step)
        yield from _retried(step)


def read(value: Any) -> Facts | None:
    """Return what the expression *value* says; None where it is none, or does not parse."""
    if not is_expression(value):
        return None
    try:
        return facts(value)
    except BadExpression:
        return None


def _carriers(machine: Machine, given: str) -> set[str]:
    """Return the variables that hold nothing but what the execution was *given*."""
    assigned: dict[str, list[Any]] = {}
    for state in machine.states:
        for holder in (
            state.body,
            *objects(state.body.get("Choices")),
            *objects(state.body.get("Catch")),
        ):
            variables = (holder or {}).get("Assign")
            for name, value in variables.items() if isinstance(variables, dict) else ():
                assigned.setdefault(name, []).append(value)
    found: set[str] = set()
    while True:
        more = {
            name
            for name, values in assigned.items()
            if all(_is_unchanged(value, given, found | {name}) for value in values)
            and any(_is_unchanged(value, given, found) for value in values)
        }
        if more <= found:
            return found
        found |= more


def _is_unchanged(value: Any, given: str, carriers: set[str]) -> bool:
    said = read(value)
    if said is None:
        return False
    if said.whole in (
        ("$states", "input", given),
        ("$states", "context", "Execution", "Input", given),
    ):
        return True
    return len(said.whole) == 1 and said.whole[0].removeprefix("$") in carriers


def _named(step: Step) -> Iterator[Finding]:
    own = f"{step.state.name}."
    identity = step.input.get("step")
    said = read(identity)
    if said is None or not str(identity).partition("'")[2].startswith(own) or not _visit(said):
        yield Finding(STEP_NAME, f"{step.place}/Input/step", f"not named {own}<visit>")
    name = step.arguments.get("Name")
    said = read(name)
    by_run = said is not None and "run" in said.variables | said.names
    if said is None or not by_run or own not in str(name) or not _visit(said):
        yield Finding(EXECUTION_NAME, f"{step.place}/Name", "not named by run and step")


def _visit(said: Facts) -> bool:
    return _ENTERED in said.names


def _retried(step: Step) -> Iterator[Finding]:
    place, body = step.state.pointer, step.state.body
    full, retried = False, objects(body.get("Retry"))
    for index, entry in enumerate(retried):
        errors = (entry or {}).get("ErrorEquals")
        other = sorted(set(map(str, errors if isinstance(errors, list) else ())) - THROTTLES)
        if other:
            at = f"{place}/Retry/{index}/ErrorEquals"
            yield Finding(START_THROTTLES, at, f"{', '.join(other)} may come after the start")
        full = full or (entry or {}).get("JitterStrategy") == "FULL"
    if not full:
        yield Finding(NO_RETRY, f"{place}/Retry", "no retry with full jitter")
    caught = [(entry or {}).get("ErrorEquals") for entry in objects(body.get("Catch"))]
    if ["States.ALL"] not in caught:
        yield Finding(UNCAUGHT, place, "a start that fails ends the run without a word")
