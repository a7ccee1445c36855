"""The workflow folders: contract, input schema, sample events and machine of each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from functions.core.domain.declared_schemas import instance_problems
from functions.core.domain.documents import field_at
from functions.core.domain.operations import Operation
from functions.core.domain.triggers import RuleTrigger, ScheduleTrigger
from functions.core.domain.workflows import Workflow
from interlock.definitions.catalog import Catalog, check_name, load_document
from interlock.definitions.external import SingleStep, single_step
from interlock.definitions.files import check_folder, read_json_object, read_toml, subfolders
from interlock.definitions.json_schemas import check_schema
from interlock.definitions.machine_schema import machine_schema
from interlock.definitions.problems import Problems
from interlock.definitions.state_machines import StateMachine, Use, load_state_machine

CONTRACT: Final = "workflow.toml"
INPUT_SCHEMA: Final = "input.schema.json"
EVENTS: Final = "events"
REFUSED: Final = "refused"
_EVENT_KEYS: Final = {"source", "detail-type", "detail"}
_DERIVED: Final = frozenset({"input_schema", "machine_schema"})


@dataclass(frozen=True)
class WorkflowFolder:
    """A workflow as its folder declares it."""

    name: str
    path: Path
    asl_path: Path | None
    """Its machine; None where it is external and has the shipped one."""
    definition: Workflow
    events: tuple[Path, ...]
    """Sample events that the door admits."""
    refused_events: tuple[Path, ...]
    """Sample events that the door refuses."""
    step: SingleStep | None = None
    """The one step of an external workflow."""


def load_workflows(folder: Path, catalog: Catalog, problems: Problems) -> list[WorkflowFolder]:
    """Read every workflow in *folder*; everything that is wrong goes into *problems*."""
    loaded = (_load_workflow(entry, catalog, problems) for entry in subfolders(folder, problems))
    return [workflow for workflow in loaded if workflow is not None]


def _load_workflow(folder: Path, catalog: Catalog, problems: Problems) -> WorkflowFolder | None:
    asl_path = folder / f"{folder.name}.asl.json"
    file = folder / CONTRACT
    table = read_toml(file, problems) if file.is_file() else None
    external = table is not None and table.get("external") is True
    check_folder(
        folder,
        problems,
        files=frozenset(
            {CONTRACT, INPUT_SCHEMA} if external else {CONTRACT, INPUT_SCHEMA, asl_path.name}
        ),
        folders=frozenset(() if external else {EVENTS}),
    )
    schema = _load_input_schema(folder / INPUT_SCHEMA, problems)
    machine = None if external else load_state_machine(asl_path, problems)
    if table is None:
        return None
    check_name(file, table, folder.name, problems)
    for key in sorted(set(table) & _DERIVED):
        problems.add(file, key, f"unknown key: it stands in {INPUT_SCHEMA}")
        return None
    usable = schema if schema is not None else {"type": "object"}
    definition = load_document(
        file,
        Workflow,
        table | {"input_schema": usable, "machine_schema": machine_schema(usable)},
        problems,
        elsewhere=dict.fromkeys(_DERIVED, folder / INPUT_SCHEMA),
        skip=frozenset({"dedup_key"}) if schema is None else frozenset(),
    )
    if definition is None:
        return None
    _check_uses(file, definition, catalog, problems, sure=schema is not None)
    _check_approvals(file, definition, catalog, problems)
    _check_schedules(file, definition, problems, sure=schema is not None)
    if external:
        step = single_step(file, definition, catalog, problems) if schema is not None else None
        return WorkflowFolder(folder.name, folder, None, definition, (), (), step)
    if machine is not None:
        _check_machine(asl_path, machine, definition, catalog, problems)
    events: tuple[Path, ...] = ()
    refused: tuple[Path, ...] = ()
    if schema is not None:
        events, refused = _check_events(folder / EVENTS, definition, problems)
    return WorkflowFolder(folder.name, folder, asl_path, definition, events, refused)


def _load_input_schema(file: Path, problems: Problems) -> dict[str, Any] | None:
    if not file.is_file():
        return None  # the folder's check named it
    schema = read_json_object(file, problems)
    return schema if schema is not None and check_schema(file, schema, problems) else None


def _check_uses(
    file: Path, workflow: Workflow, catalog: Catalog, problems: Problems, *, sure: bool
) -> None:
    for index, task in enumerate(workflow.uses.ai_tasks):
        if task not in catalog.ai_tasks:
            problems.add(file, f"uses.ai_tasks.{index}", f"no AI task {task!r}")
    for index, name in enumerate(workflow.uses.operations):
        key = f"uses.operations.{index}"
        operation = _operation(catalog, name)
        if operation is None:
            problems.add(file, key, f"no operation {name!r}")
            continue
        required = operation.request_schema.get("required", ())
        for field, pointer in sorted(operation.take.items()):
            found, always = field_at(workflow.input_schema, pointer)
            if sure and (found is None or (field in required and not always)):
                reason = f"{name} takes {field!r} from {pointer}, which the input may not have"
                problems.add(file, key, reason)


def _operation(catalog: Catalog, name: str) -> Operation | None:
    system_name, _, operation_name = name.partition(".")
    system = catalog.systems.get(system_name)
    return system.operations.get(operation_name) if system else None


def _check_approvals(file: Path, workflow: Workflow, catalog: Catalog, problems: Problems) -> None:
    for name, approval in sorted(workflow.approvals.items()):
        operation = _operation(catalog, approval.operation)
        if operation is None:
            continue  # named under uses, and said there
        key, fields = f"approvals.{name}", operation.request_schema.get("properties", {})
        for index, field in enumerate(approval.editable):
            if field not in fields or field in operation.path_fields:
                reason = f"{approval.operation} has no field {field!r} that could be changed"
                problems.add(file, f"{key}.editable.{index}", reason)
        if approval.amount and fields.get(approval.amount, {}).get("type") != "string":
            problems.add(file, f"{key}.amount", "must be a field that holds a decimal as text")
        requester = approval.requester
        if requester and field_at(workflow.input_schema, requester)[0] is None:
            problems.add(file, f"{key}.requester", f"no field {requester} in {INPUT_SCHEMA}")


def _check_schedules(file: Path, workflow: Workflow, problems: Problems, *, sure: bool) -> None:
    for index, trigger in enumerate(workflow.triggers):
        if not isinstance(trigger, ScheduleTrigger):
            continue
        zones = available_timezones()
        if zones and trigger.timezone not in zones:
            problems.add(file, f"triggers.{index}.timezone", "no such time zone")
        if sure:
            for pointer, reason in instance_problems(workflow.input_schema, trigger.input):
                problems.add(file, f"triggers.{index}.input{pointer}", reason)


def _check_machine(
    file: Path, machine: StateMachine, workflow: Workflow, catalog: Catalog, problems: Problems
) -> None:
    for use in machine.uses:
        place, declared = {
            "task": ("uses", workflow.uses.ai_tasks),
            "operation": ("uses", workflow.uses.operations),
            "approval": ("approvals", tuple(workflow.approvals)),
        }[use.kind]
        if use.name not in declared:
            problems.add(file, use.pointer, f"{use.name!r} is not declared under {place}")
        elif use.given is not None:
            _check_given(file, use, workflow, catalog, problems)


def _check_given(
    file: Path, use: Use, workflow: Workflow, catalog: Catalog, problems: Problems
) -> None:
    """Compare the names of what a step passes with what its task or operation takes."""
    given = set(use.given or ())
    place = use.pointer.rpartition("/")[0]
    if use.kind == "task":
        task = catalog.ai_tasks.get(use.name)
        if task is None:
            return
        place += "/variables"
        known = set(task.variables_schema.get("properties", {}))
        needed = set(task.variables_schema.get("required", ()))
    else:
        named = workflow.approvals[use.name].operation if use.kind == "approval" else use.name
        operation = _operation(catalog, named)
        if operation is None:
            return
        place += "/fields"
        known = set(operation.from_model)
        needed = set(operation.request_schema.get("required", ())) - set(operation.take)
    for field in sorted(given - known):
        problems.add(file, f"{place}/{field}", f"{use.name} is not given {field!r} by a workflow")
    for field in sorted(needed - given):
        problems.add(file, place, f"{use.name} needs {field!r}")


def _check_events(
    folder: Path, workflow: Workflow, problems: Problems
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    if not folder.is_dir():
        problems.add(folder, "", "missing folder: at least one sample event")
        return (), ()
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name != REFUSED:
            problems.add(entry, "", "unknown folder")
        elif entry.is_file() and entry.suffix != ".json" and not entry.name.startswith("."):
            problems.add(entry, "", "unknown file")
    admitted = tuple(sorted(folder.glob("*.json")))
    refused = tuple(sorted((folder / REFUSED).glob("*.json")))
    if not admitted:
        problems.add(folder, "", "at least one sample event")
    for file in admitted:
        _check_event(file, workflow, problems, fits=True)
    for file in refused:
        _check_event(file, workflow, problems, fits=False)
    return admitted, refused


def _check_event(file: Path, workflow: Workflow, problems: Problems, *, fits: bool) -> None:
    event = read_json_object(file, problems)
    if event is None:
        return
    if set(event) != _EVENT_KEYS:
        problems.add(file, "", f"has exactly the keys {', '.join(sorted(_EVENT_KEYS))}")
        return
    rules = [trigger for trigger in workflow.triggers if isinstance(trigger, RuleTrigger)]
    if rules and not any(_may_match(rule, event) for rule in rules):
        problems.add(file, "", "no rule of this workflow has its source and detail-type")
    found = instance_problems(workflow.input_schema, event["detail"])
    if not fits and not found:
        problems.add(file, "/detail", "fits the input schema, though it is kept as refused")
    for pointer, reason in found if fits else ():
        problems.add(file, f"/detail{pointer}", reason)


def _may_match(rule: RuleTrigger, event: dict[str, Any]) -> bool:
    named = not rule.detail_type or event["detail-type"] in rule.detail_type
    return event["source"] in rule.source and named
