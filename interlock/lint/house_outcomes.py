"""House rules of outcomes: a step *succeeds* with its outcome, so somebody has to look at it.

After a governed step comes a Choice that asks for the outcome, before anything else is done; Pass
and Wait states may lie between. A step that ends its branch or its Map's item hands the outcome
out, and what comes after the Parallel or Map asks for it. A step that ends the run lets the run
take its outcome over. CONTRACTS: outcomes are data.
"""

from collections.abc import Iterator
from typing import Any, Final

from functions.core.domain.run import Outcome
from interlock.lint.findings import Finding, error
from interlock.lint.house_steps import read, steps
from interlock.lint.jsonata import texts
from interlock.lint.machine import Machine, State, objects

UNHANDLED = error(
    "IL401",
    "After a governed step a Choice asks for its outcome before anything else is done, or the "
    "outcome ends the run.",
    "Lead the step to a Choice on $states.result.Output.outcome, assigned to a variable.",
)
NO_DEFAULT = error(
    "IL402",
    "A Choice on an outcome has a Default: outcomes are added, and no run may end in "
    "States.NoChoiceMatched.",
    "Add a Default.",
)
UNKNOWN_OUTCOME = error(
    "IL403",
    "An outcome that is compared with is one that there is.",
    f"Say one of {', '.join(Outcome)}.",
)
RULES: Final = (UNHANDLED, NO_DEFAULT, UNKNOWN_OUTCOME)

_OUTCOME: Final = "outcome"
_COMPARE: Final = ("=", "!=", "in")
_HARMLESS: Final = ("Pass", "Wait")
_RESULT: Final = ("states", "result", "Output")


def check(machine: Machine) -> Iterator[Finding]:
    """Yield outcomes that nobody handles, and Choices that handle them wrongly."""
    for step in steps(machine):
        if not _is_handled(step.state):
            yield Finding(UNHANDLED, step.state.pointer, "nobody asks how this step ended")
    for state in machine.states:
        if state.type == "Choice":
            yield from _choice(state)


def _is_handled(step: State) -> bool:
    """Follow the outcome of *step* until somebody asks for it, or it is lost."""
    state, seen = step, {id(step)}
    own = frozenset(_assigned(step))
    out = "Output" in step.body and _hands_out(step)
    while True:
        if state.type == "Succeed" or state.body.get("End") is True:
            if state.scope.owner is None:
                return _hands_out(state) if "Output" in state.body else out
            state, out = state.scope.owner, False
            # what comes after a Parallel or a Map looks through a list: $all[outcome = 'FAILED']
            own |= {*_assigned(state), _OUTCOME}
            continue
        following = state.scope.named(state.body.get("Next"))
        if following is None or id(following) in seen:
            return False
        if following.type == "Choice":
            return _asks(following, own)
        if following.type not in (*_HARMLESS, "Succeed"):
            return False
        if "Output" in following.body:
            out = _hands_out(following)
        own |= frozenset(_assigned(following))
        state = following
        seen.add(id(state))


def _assigned(state: State) -> Iterator[str]:
    """Yield the variables that bring on what *state* knows of an outcome."""
    variables = state.body.get("Assign")
    for name, value in variables.items() if isinstance(variables, dict) else ():
        if _carries(value):
            yield name


def _carries(value: Any) -> bool:
    """Whether *value*, as it is assigned or put out, brings an outcome with it."""
    if isinstance(value, dict):
        return any(_carries(item) for item in value.values())
    said = read(value)
    if said is None:
        return False
    whole = tuple(word.removeprefix("$") for word in said.whole)
    mentioned = [whole, *(o.path for _, operands in said.operations for o in operands)]
    return _OUTCOME in said.names or any(path in (_RESULT, _RESULT[:2]) for path in mentioned)


def _hands_out(state: State) -> bool:
    """Whether the run that ends in *state* is told the outcome: it reads `outcome` at the top."""
    output = state.body.get("Output")
    return _carries(output.get(_OUTCOME)) if isinstance(output, dict) else _carries(output)


def _asks(state: State, own: frozenset[str]) -> bool:
    """Whether a condition of the Choice depends on an outcome that the step left behind.

    That is in the Choice's input, or in one of the variables *own*; what another variable holds
    is the outcome of an earlier step.
    """
    for entry in objects(state.body.get("Choices")):
        said = read((entry or {}).get("Condition"))
        for _, operands in said.operations if said else ():
            for operand in operands:
                first = operand.path[:1]
                if first and first[0] in own and operand.path[-1] in (_OUTCOME, *first):
                    return True
                if _OUTCOME in operand.path and first == ("states",):
                    return True
    return False


def _choice(state: State) -> Iterator[Finding]:
    if _mentions(state) and "Default" not in state.body:
        yield Finding(NO_DEFAULT, state.pointer, "an outcome that is not named ends the run")
    for index, entry in enumerate(objects(state.body.get("Choices"))):
        for below, text in texts((entry or {}).get("Condition")):
            for said in _misnamed(text):
                place = f"{state.pointer}/Choices/{index}/Condition{below}"
                yield Finding(UNKNOWN_OUTCOME, place, f"there is no outcome {said!r}")


def _mentions(state: State) -> bool:
    conditions = ((entry or {}).get("Condition") for entry in objects(state.body.get("Choices")))
    return any(said is not None and _OUTCOME in said.names for said in map(read, conditions))


def _misnamed(text: str) -> Iterator[str]:
    said = read(text)
    for operator, operands in said.operations if said else ():
        if operator in _COMPARE and any(o.path[-1:] == (_OUTCOME,) for o in operands):
            for operand in operands:
                yield from (name for name in operand.texts if name not in set(Outcome))
