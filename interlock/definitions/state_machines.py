"""What a workflow's ASL file must hold before anything is built from it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from interlock.definitions.files import read_json_object
from interlock.definitions.problems import Problems

PLACEHOLDERS: Final = frozenset({"run_ai_task_arn", "call_system_arn", "request_approval_arn"})
"""The platform machines that a workflow may start."""

NESTED_START: Final = "arn:aws:states:::states:startExecution.sync:2"
STATE_NAME_LIMIT: Final = 32
"""A step's identity begins with its state's name."""

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_USE_KEYS: Final = {
    "${run_ai_task_arn}": "task",
    "${call_system_arn}": "operation",
    "${request_approval_arn}": "approval",
}
_CONTAINERS: Final = ("ItemProcessor", "Iterator")


@dataclass(frozen=True)
class Use:
    """One step of a machine that names an AI task, an operation or an approval."""

    pointer: str
    kind: str
    name: str
    given: dict[str, Any] | None
    """The variables or fields it passes, where they stand in the file as an object."""


@dataclass(frozen=True)
class StateMachine:
    """A workflow's ASL file, read."""

    document: dict[str, Any]
    uses: tuple[Use, ...]


def load_state_machine(file: Path, problems: Problems) -> StateMachine | None:
    """Read *file*; None, with the problem noted, if it is no JSONata state machine."""
    if not file.is_file():
        return None  # the folder's check named it
    document = read_json_object(file, problems)
    if document is None:
        return None
    if document.get("QueryLanguage") != "JSONata":
        problems.add(file, "/QueryLanguage", "must be JSONata")
    _require_timeout(file, "", document, problems)
    if not isinstance(document.get("States"), dict) or not document["States"]:
        problems.add(file, "/States", "missing")
        return None
    if document.get("StartAt") not in document["States"]:
        problems.add(file, "/StartAt", "names no state")
    for name in sorted(set(_PLACEHOLDER.findall(json.dumps(document))) - PLACEHOLDERS):
        problems.add(file, "", f"unknown placeholder ${{{name}}}")
    uses: list[Use] = []
    for pointer, name, state in _states(document, ""):
        _check_state(file, pointer, name, state, uses, problems)
    return StateMachine(document, tuple(uses))


def _states(machine: dict[str, Any], place: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (pointer, name, state) of every state, those in Map and Parallel too."""
    for name, state in machine.get("States", {}).items():
        pointer = f"{place}/States/{escape_token(name)}"
        if not isinstance(state, dict):
            continue
        yield pointer, name, state
        for key in _CONTAINERS:
            if isinstance(state.get(key), dict):
                yield from _states(state[key], f"{pointer}/{key}")
        for index, branch in enumerate(state.get("Branches", ())):
            yield from _states(branch, f"{pointer}/Branches/{index}")


def _check_state(
    file: Path,
    pointer: str,
    name: str,
    state: dict[str, Any],
    uses: list[Use],
    problems: Problems,
) -> None:
    if len(name) > STATE_NAME_LIMIT:
        problems.add(file, pointer, f"a state's name has at most {STATE_NAME_LIMIT} characters")
    if state.get("Type") != "Task":
        return
    _require_timeout(file, pointer, state, problems)
    if state.get("Resource") != NESTED_START:
        problems.add(file, f"{pointer}/Resource", "a workflow starts platform machines, only")
        return
    arguments = state.get("Arguments")
    arguments = arguments if isinstance(arguments, dict) else {}
    key = _USE_KEYS.get(str(arguments.get("StateMachineArn")))
    if key is None:
        known = ", ".join(sorted(_USE_KEYS))
        problems.add(file, f"{pointer}/Arguments/StateMachineArn", f"must be one of {known}")
        return
    given = arguments.get("Input")
    given = given if isinstance(given, dict) else {}
    named = given.get(key)
    place = f"{pointer}/Arguments/Input/{key}"
    if not isinstance(named, str) or named.startswith("{%"):
        problems.add(file, place, "must be a literal name, so that it can be checked")
        return
    passed = given.get("variables" if key == "task" else "fields")
    uses.append(Use(place, key, named, passed if isinstance(passed, dict) else None))


def _require_timeout(file: Path, place: str, part: dict[str, Any], problems: Problems) -> None:
    timeout = part.get("TimeoutSeconds")
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout <= 0:
        problems.add(file, f"{place}/TimeoutSeconds", "missing: a number of seconds")
