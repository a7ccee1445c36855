"""One function, one folder, one placeholder, one name."""

import ast
import re
from pathlib import Path

import pytest

from infra.asl import load
from infra.wiring import FUNCTIONS, StartedBy
from tests.clouds import PROJECT

PLATFORM = {
    path.name.split(".")[0]: load(path, PROJECT)
    for path in sorted((PROJECT / "statemachines" / "platform").glob("*.asl.json"))
}
FOLDERS = {path.parent.name: path for path in sorted(PROJECT.glob("functions/*/handler.py"))}
OF_MACHINES = {row.name for row in FUNCTIONS if row.started_by is StartedBy.MACHINE}
NO_FUNCTION = {"workflow_arn_prefix", "supervise_run_arn"}
VERB_NOUN = re.compile(r"[a-z]+(_[a-z]+)?")


def test_each_folder_is_a_row_of_the_wiring():
    """And each row a folder: nothing is deployed that is not there, nothing there is idle."""
    assert set(FOLDERS) == {row.name for row in FUNCTIONS}
    assert all(VERB_NOUN.fullmatch(name) for name in FOLDERS)


def test_each_placeholder_is_a_function_that_machines_call():
    """Named `<function>_arn`; each function that the wiring gives to machines is called."""
    named = {name for machine in PLATFORM.values() for name in machine.placeholders}

    assert named - NO_FUNCTION == {f"{name}_arn" for name in OF_MACHINES}


def test_each_machine_is_called_as_its_file():
    """A workflow's placeholder for a machine is the file's name too."""
    for path in PROJECT.glob("statemachines/workflows/*/*.asl.json"):
        named = load(path, PROJECT).placeholders
        assert named <= {f"{name}_arn" for name in PLATFORM}
        assert path.parent.name == path.name.split(".")[0]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_handler_says_what_it_does_and_who_calls_it(name: str):
    """A first line, then `Called by:`; a machine's function names the file and the state."""
    told = ast.get_docstring(ast.parse(FOLDERS[name].read_text(encoding="utf-8"))) or ""
    first, _, rest = told.partition("\n\n")

    assert first.endswith(".")
    assert rest.startswith("Called by: ")
    for machine, definition in PLATFORM.items():
        for task in definition.tasks:
            if task.target == f"{name}_arn":
                assert f"{machine}.asl.json" in rest
                assert task.name in rest


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_holds_a_function_and_nothing_else(name: str):
    """Whatever two functions need lies in core."""
    files = {path.name for path in FOLDERS[name].parent.iterdir() if path.is_file()}

    assert files == {"__init__.py", "handler.py"}


def test_each_machine_is_a_file_of_its_own():
    """Statements of machines and their names come from the files."""
    assert set(PLATFORM) == {"call_system", "request_approval", "run_ai_task", "supervise_run"}
    assert all(Path(machine.file).name == f"{name}.asl.json" for name, machine in PLATFORM.items())
