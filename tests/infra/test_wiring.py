"""Wiring that doesn't hold together stops synthesis, with a sentence that names file and state."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import asl, platform_wiring
from infra.asl import WiringError
from infra.stacks.workflow import check_workflow

ROOT = Path(__file__).parents[2]
MACHINES = platform_wiring.MACHINES
AI_TASK = str(MACHINES / "run_ai_task.asl.json")
WORKFLOW = Path("statemachines/workflows/triage_ticket/triage_ticket.asl.json")
STEPS = {
    "run_ai_task_arn": "interlock-dev-run_ai_task",
    "call_system_arn": "x",
    "request_approval_arn": "y",
}

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the machines and functions, for a test to break."""
    shutil.copytree(ROOT / MACHINES, tmp_path / MACHINES)
    (tmp_path / WORKFLOW).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / WORKFLOW, tmp_path / WORKFLOW)
    for handler in (ROOT / "functions").glob("*/handler.py"):
        (tmp_path / "functions" / handler.parent.name).mkdir(parents=True)
        (tmp_path / "functions" / handler.parent.name / "handler.py").touch()
    return tmp_path


def _edit(path: Path, edit: Edit) -> None:
    body = json.loads(path.read_text())
    edit(body)
    path.write_text(json.dumps(body))


def _check(root: Path) -> None:
    platform_wiring.check(root, platform_wiring.load_machines(root))


def _sentence(root: Path, edit: Edit, file: str = AI_TASK) -> str:
    _edit(root / file, edit)
    with pytest.raises(WiringError) as caught:
        _check(root)
    return str(caught.value)


def _set(state: str, key: str, value: Any) -> Edit:
    def edit(body: dict[str, Any]) -> None:
        body["States"][state][key] = value

    return edit


def _point(state: str, target: str) -> Edit:
    def edit(body: dict[str, Any]) -> None:
        arguments = body["States"][state]["Arguments"]
        arguments["FunctionName" if "FunctionName" in arguments else "StateMachineArn"] = target

    return edit


def test_the_real_machines_functions_and_wiring_agree(root: Path) -> None:
    """What the tests below break is whole."""
    _check(root)


def test_a_placeholder_that_names_no_function_is_named(root: Path) -> None:
    """With its file, its state, and what could stand there."""
    said = _sentence(root, _point("CallModel", "${call_modle_arn}"))

    assert said.startswith(
        f"{AI_TASK}: state CallModel names ${{call_modle_arn}}, but there is no such function"
    )
    assert "${call_model_arn}" in said


@pytest.mark.parametrize(
    ("resource", "spelled"),
    [
        ("arn:aws:states:::dynamodb:putItem", "'arn:aws:states:::dynamodb:putItem'"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "waitForTaskToken"),
        ("arn:aws:states:::states:startExecution", "startExecution'"),
        ("${call_model_arn}", "'${call_model_arn}'"),
        ("", "''"),
    ],
)
def test_an_integration_without_a_grant_rule_is_named(
    root: Path, resource: str, spelled: str
) -> None:
    """Nothing is granted by guessing."""
    said = _sentence(root, _set("CallModel", "Resource", resource))

    assert said.startswith(f"{AI_TASK}: state CallModel: no grant is known for the integration ")
    assert spelled in said


@pytest.mark.parametrize("target", ["{% $states.input.function %}", "arn:aws:lambda:x", "${a}${b}"])
def test_a_target_that_is_no_placeholder_is_named(root: Path, target: str) -> None:
    """A computed target would need a grant on everything."""
    assert _sentence(root, _point("CallModel", target)) == (
        f"{AI_TASK}: state CallModel: FunctionName names no single ${{…}} placeholder, "
        "so no grant can be derived for it"
    )


def test_a_function_that_nothing_starts_is_named(root: Path) -> None:
    """Neither a machine nor a trigger: it would be deployed for nobody."""
    said = _sentence(root, _point("CheckAnswer", "${prepare_call_arn}"))

    assert said.startswith("infra/wiring.py says that a machine starts check_answer, but no state")


def test_a_function_that_a_machine_starts_although_a_trigger_does_is_named(root: Path) -> None:
    """The wiring says one thing, the machine another."""

    def also_sweep(body: dict[str, Any]) -> None:
        body["States"]["Sweep"] = json.loads(
            json.dumps(body["States"]["PrepareCall"]).replace("prepare_call_arn", "sweep_arn")
        )

    assert _sentence(root, also_sweep) == (
        "infra/wiring.py says that sweep is started by every minute, but a machine names it too"
    )


def test_a_function_without_code_is_named(root: Path) -> None:
    """A row of the wiring is a folder."""
    (root / "functions/close_attempt/handler.py").unlink()

    with pytest.raises(WiringError, match=r"functions/close_attempt/handler\.py is missing"):
        _check(root)


def test_a_task_that_gives_up_before_its_function_is_named(root: Path) -> None:
    """The state would time out while the function still sends."""
    assert _sentence(root, _set("CallModel", "TimeoutSeconds", 59)) == (
        f"{AI_TASK}: state CallModel: gives up after 59 s, while call_model may run for 60 s"
    )


@pytest.mark.parametrize("limit", [None, 0, "60", True, "{% $limit %}"])
def test_a_task_without_a_time_limit_is_named(root: Path, limit: Any) -> None:
    """Its default is a year, or 99999999 seconds."""
    said = _sentence(root, _set("PrepareCall", "TimeoutSeconds", limit))

    assert said == f"{AI_TASK}: state PrepareCall: says no TimeoutSeconds"


def test_a_machine_without_a_time_limit_is_named(root: Path) -> None:
    """CDK ignores `timeout=` for file definitions, so it stands in the file."""
    said = _sentence(root, lambda body: body.pop("TimeoutSeconds"))

    assert said == f"{AI_TASK}: says no TimeoutSeconds at the top, so it could run for a year"


def test_a_machine_in_the_other_query_language_is_named(root: Path) -> None:
    """Placeholders and fields of JSONPath machines would not be looked for."""
    said = _sentence(root, lambda body: body.pop("QueryLanguage"))

    assert said == f'{AI_TASK}: says no "QueryLanguage": "JSONata" at the top'


def test_a_file_that_is_no_json_is_named(root: Path) -> None:
    """With the place at which it ends to be JSON."""
    (root / AI_TASK).write_text('{"States": {,}}')

    with pytest.raises(
        WiringError, match=f"{re.escape(AI_TASK)}: can't be read as JSON: .* column 13"
    ):
        _check(root)


def test_a_missing_supervisor_is_named(root: Path) -> None:
    """Without it nothing is admitted."""
    (root / MACHINES / "supervise_run.asl.json").unlink()

    with pytest.raises(WiringError, match=r"supervise_run\.asl\.json is missing"):
        _check(root)


def test_a_placeholder_that_no_task_acts_on_is_named(root: Path) -> None:
    """It would be filled in without any grant."""

    def mention(body: dict[str, Any]) -> None:
        body["States"]["PrepareCall"]["Arguments"]["Payload"] = {"arn": "${admit_run_arn}"}

    assert _sentence(root, mention) == (
        f"{AI_TASK}: state PrepareCall names ${{admit_run_arn}}, but no Task acts on it, "
        "so no grant follows from it"
    )


def test_only_the_prefix_of_workflows_can_be_started(root: Path) -> None:
    """A platform machine that invokes a machine as if it were a function, or the reverse."""
    said = _sentence(root, _point("PrepareCall", "${workflow_arn_prefix}"))

    assert said == f"{AI_TASK}: state PrepareCall: ${{workflow_arn_prefix}} is not a function"


def test_states_inside_map_and_parallel_are_found(root: Path) -> None:
    """A wrong one deep inside is named like any other."""
    inner = {"States": {"Deep": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish"}}}

    def nest(body: dict[str, Any]) -> None:
        body["States"]["Each"] = {"Type": "Map", "ItemProcessor": inner}
        body["States"]["Both"] = {"Type": "Parallel", "Branches": [{"States": {}}]}

    assert _sentence(root, nest).startswith(f"{AI_TASK}: state Deep: no grant is known")


def _workflow_sentence(root: Path, edit: Edit) -> str:
    _edit(root / WORKFLOW, edit)
    with pytest.raises(WiringError) as caught:
        check_workflow(asl.load(root / WORKFLOW, root), STEPS)
    return str(caught.value)


def test_the_real_workflow_is_let_through(root: Path) -> None:
    """What the tests below break is whole."""
    check_workflow(asl.load(root / WORKFLOW, root), STEPS)


def test_a_workflow_that_invokes_a_function_is_refused(root: Path) -> None:
    """Also one of the platform's own: its doors are the platform machines."""

    def invoke(body: dict[str, Any]) -> None:
        body["States"]["Classify"] |= {
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${run_ai_task_arn}"},
        }

    assert _workflow_sentence(root, invoke) == (
        f"{WORKFLOW}: state Classify: a workflow starts platform machines "
        "(states:startExecution.sync:2) and nothing else"
    )


@pytest.mark.parametrize("machine", ["supervise_run", "call_model", "workflow_arn_prefix"])
def test_a_workflow_that_names_anything_but_a_step_machine_is_refused(
    root: Path, machine: str
) -> None:
    """Neither the supervisor, nor a function, nor another team's workflow."""
    name = machine if machine.endswith("prefix") else f"{machine}_arn"

    assert _workflow_sentence(root, _point("Classify", f"${{{name}}}")).startswith(
        f"{WORKFLOW}: state Classify names ${{{name}}}, but there is no such platform machine"
    )
