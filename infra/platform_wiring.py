"""Whether the platform's machines, functions and wiring agree; if not, which one is wrong where."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra import asl
from infra.asl import Definition, Task, WiringError
from infra.grants import SUPERVISOR
from infra.wiring import FUNCTIONS, StartedBy

WORKFLOW_PREFIX: Final = "workflow_arn_prefix"
"""Placeholder for what the ARN of every workflow's machine starts with."""
OF_RUNS: Final = f"{SUPERVISOR}_arn"
"""Placeholder for the machine that every run is supervised by; a call starts its run with it."""
STARTED: Final = (WORKFLOW_PREFIX, OF_RUNS)
MACHINES: Final = Path("statemachines/platform")
SUFFIX: Final = ".asl.json"


def arn_of(name: str) -> str:
    """Return the placeholder that stands for the live alias of *name*."""
    return f"{name}_arn"


def load_machines(root: Path) -> dict[str, Definition]:
    """Read the platform's machines of the project at *root*, by name.

    Raises
    ------
    WiringError
        A file is malformed, or there is no supervisor.
    """
    found = {
        path.name.removesuffix(SUFFIX): asl.load(path, root)
        for path in sorted((root / MACHINES).glob(f"*{SUFFIX}"))
    }
    if SUPERVISOR not in found:
        raise WiringError(f"{MACHINES / (SUPERVISOR + SUFFIX)} is missing")
    return found


def step_machines(machines: Mapping[str, Definition]) -> list[str]:
    """Return the machines that a workflow may start: all but the one that starts workflows."""
    return sorted(machines.keys() - {SUPERVISOR})


def check(root: Path, machines: Mapping[str, Definition]) -> None:
    """Refuse wiring that doesn't hold together.

    Raises
    ------
    WiringError
        A function has no code; a machine names what isn't there; a function is started by
        nothing; a Task gives up before its function does.
    """
    rows = {row.name: row for row in FUNCTIONS}
    for name in rows:
        if not (root / "functions" / name / "handler.py").is_file():
            raise WiringError(
                f"infra/wiring.py names {name}, but functions/{name}/handler.py is missing"
            )
    known = {arn_of(name): "a function" for name in rows} | dict.fromkeys(STARTED, "a machine")
    for definition in machines.values():
        definition.require_placeholders(known, "function in infra/wiring.py")
        for task in definition.tasks:
            _check_task(task)
    _check_all_started(machines)


def _check_task(task: Task) -> None:
    starts_machine = task.integration == asl.START_AND_WAIT
    if starts_machine != (task.target in STARTED):
        what = "a machine that it may start" if starts_machine else "a function"
        raise WiringError(f"{task.file}: state {task.name}: ${{{task.target}}} is not {what}")
    for row in FUNCTIONS:
        if arn_of(row.name) == task.target and task.timeout_seconds < row.timeout_seconds:
            raise WiringError(
                f"{task.file}: state {task.name}: gives up after {task.timeout_seconds} s, while "
                f"{row.name} may run for {row.timeout_seconds} s"
            )


def _check_all_started(machines: Mapping[str, Definition]) -> None:
    named = {task.target for definition in machines.values() for task in definition.tasks}
    for row in FUNCTIONS:
        if row.started_by == StartedBy.MACHINE and arn_of(row.name) not in named:
            raise WiringError(
                f"infra/wiring.py says that a machine starts {row.name}, but no state of "
                f"{MACHINES}/*{SUFFIX} names ${{{arn_of(row.name)}}}"
            )
        if row.started_by != StartedBy.MACHINE and arn_of(row.name) in named:
            raise WiringError(
                f"infra/wiring.py says that {row.name} is started by {row.started_by}, "
                "but a machine names it too"
            )
    for definition in machines.values():
        unused = definition.placeholders - {task.target for task in definition.tasks}
        for placeholder in sorted(unused):
            raise WiringError(
                f"{definition.file}: {definition.where(placeholder)} names ${{{placeholder}}}, "
                "but no Task acts on it, so no grant follows from it"
            )
