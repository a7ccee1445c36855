"""Reads state machines as files, and says where their wiring is wrong.

A sentence from here names the file and the state, since it stops synthesis and is read by
whoever just edited that file.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")
INTEGRATION: Final = re.compile(
    r"arn:aws:states:::(?P<service>[a-z0-9-]+(?::[a-z0-9-]+)?):(?P<action>[A-Za-z0-9]+)"
    r"(?:\.(?P<pattern>sync:2|sync|waitForTaskToken))?"
)

INVOKE: Final = ("lambda", "invoke", "")
INVOKE_AND_WAIT: Final = ("lambda", "invoke", "waitForTaskToken")
START_AND_WAIT: Final = ("states", "startExecution", "sync:2")
INTEGRATIONS: Final = (INVOKE, INVOKE_AND_WAIT, START_AND_WAIT)
"""Everything that a grant can be derived for."""
TARGET_FIELD: Final = {
    INVOKE: "FunctionName",
    INVOKE_AND_WAIT: "FunctionName",
    START_AND_WAIT: "StateMachineArn",
}


class WiringError(Exception):
    """A state machine, a function and the wiring disagree; the sentence says where."""


@dataclass(frozen=True)
class Task:
    """One Task state."""

    file: str
    name: str
    integration: tuple[str, str, str]
    arguments: Mapping[str, Any]
    timeout_seconds: int

    @property
    def target(self) -> str:
        """The placeholder that names what this task acts on.

        Raises
        ------
        WiringError
            It is written out or computed, so that no grant can be derived.
        """
        key = TARGET_FIELD[self.integration]
        found: list[str] = PLACEHOLDER.findall(str(self.arguments.get(key, "")))
        if len(found) != 1:
            raise WiringError(
                f"{self.file}: state {self.name}: {key} names no single ${{…}} placeholder, "
                "so no grant can be derived for it"
            )
        return found[0]


@dataclass(frozen=True)
class Definition:
    """One `*.asl.json` file."""

    file: str
    text: str
    body: Mapping[str, Any]

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """Every Task state, also those inside Map and Parallel."""
        return tuple(
            _task(self.file, name, state)
            for name, state in states(self.body)
            if state.get("Type") == "Task"
        )

    @property
    def placeholders(self) -> frozenset[str]:
        """Every `${name}` in the file."""
        return frozenset(PLACEHOLDER.findall(self.text))

    def where(self, placeholder: str) -> str:
        """Return the first state that mentions *placeholder*, for a sentence about it."""
        for name, state in states(self.body):
            if f"${{{placeholder}}}" in json.dumps(_own(state), ensure_ascii=False):
                return f"state {name}"
        return "the top level"

    def require_placeholders(self, known: Mapping[str, str], what: str) -> None:
        """Refuse a placeholder that is not among *known*.

        Raises
        ------
        WiringError
            Naming the state and what could stand there.
        """
        for unknown in sorted(self.placeholders - known.keys()):
            choice = ", ".join(f"${{{name}}}" for name in sorted(known)) or "none"
            raise WiringError(
                f"{self.file}: {self.where(unknown)} names ${{{unknown}}}, but there is no such "
                f"{what} (there are {choice})"
            )


def load(path: Path, root: Path) -> Definition:
    """Read a state machine and check what the infrastructure relies on.

    Parameters
    ----------
    path
        The `*.asl.json` file.
    root
        What file names in sentences are relative to, where the file lies below it.

    Raises
    ------
    WiringError
        It is no JSON, no JSONata machine, has no time limit, or a Task is malformed.
    """
    file = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as reason:
        raise WiringError(f"{file}: can't be read as JSON: {reason}") from reason
    return parse(text, file)


def parse(text: str, file: str) -> Definition:
    """Check the definition *text* as :func:`load` does; sentences name *file*."""
    try:
        body = json.loads(text)
    except ValueError as reason:
        raise WiringError(f"{file}: can't be read as JSON: {reason}") from reason
    if not isinstance(body, dict) or not body.get("States"):
        raise WiringError(f"{file}: has no States")
    if body.get("QueryLanguage") != "JSONata":
        raise WiringError(f'{file}: says no "QueryLanguage": "JSONata" at the top')
    if not _is_count(body.get("TimeoutSeconds")):
        raise WiringError(f"{file}: says no TimeoutSeconds at the top, so it could run for a year")
    definition = Definition(file, text, body)
    _ = definition.tasks
    return definition


def states(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each state with its name, outer ones first."""
    for name, state in node.get("States", {}).items():
        yield name, state
        for inner in _inner(state):
            yield from states(inner)


def _inner(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    processor = [state["ItemProcessor"]] if "ItemProcessor" in state else []
    return [*processor, *state.get("Branches", ())]


def _own(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in ("ItemProcessor", "Branches")}


def _task(file: str, name: str, state: Mapping[str, Any]) -> Task:
    resource = str(state.get("Resource", ""))
    found = INTEGRATION.fullmatch(resource)
    integration = (found["service"], found["action"], found["pattern"] or "") if found else None
    if integration not in INTEGRATIONS:
        known = ", ".join(_spell(each) for each in INTEGRATIONS)
        raise WiringError(
            f"{file}: state {name}: no grant is known for the integration {resource!r} "
            f"(there are {known})"
        )
    timeout = state.get("TimeoutSeconds")
    if not _is_count(timeout):
        raise WiringError(f"{file}: state {name}: says no TimeoutSeconds")
    task = Task(file, name, integration, state.get("Arguments", {}), int(str(timeout)))
    _ = task.target
    return task


def _spell(integration: tuple[str, str, str]) -> str:
    service, action, pattern = integration
    return f"arn:aws:states:::{service}:{action}" + (f".{pattern}" if pattern else "")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
