"""External workflows: the one step that a folder without a machine declares."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from functions.core.domain.documents import field_at
from functions.core.domain.references import escape
from functions.core.domain.workflows import Workflow
from interlock.definitions.catalog import Catalog
from interlock.definitions.problems import Problems

Kind = Literal["task", "operation"]
_KEYS: Final[Mapping[Kind, str]] = {"task": "uses.ai_tasks.0", "operation": "uses.operations.0"}


@dataclass(frozen=True)
class SingleStep:
    """What the shipped machine `single_step` does for one external workflow."""

    kind: Kind
    name: str
    fields: tuple[str, ...]
    """Fields of the input that the step is given, by name."""


def single_step(
    file: Path, workflow: Workflow, catalog: Catalog, problems: Problems
) -> SingleStep | None:
    """Return the step of *workflow*, or None where what it uses is not declared.

    What the step needs and the input may lack is noted in *problems*, under *file*.
    """
    kind: Kind = "task" if workflow.uses.ai_tasks else "operation"
    if kind == "task":
        [name] = workflow.uses.ai_tasks
        task = catalog.ai_tasks.get(name)
        if task is None:
            return None  # named under uses, and said there
        taken = task.variables_schema.get("properties", {})
        needed = task.variables_schema.get("required", ())
    else:
        [name] = workflow.uses.operations
        system, _, verb = name.partition(".")
        found = catalog.systems.get(system)
        operation = found.operations.get(verb) if found else None
        if operation is None:
            return None
        taken = operation.from_model
        needed = set(operation.request_schema.get("required", ())) - set(operation.take)
    for field in sorted(needed):
        if not _given(workflow.input_schema, field)[1]:
            problems.add(file, _KEYS[kind], f"{name} needs {field!r}, which the input may not have")
    fields = (field for field in taken if _given(workflow.input_schema, field)[0] is not None)
    return SingleStep(kind, name, tuple(sorted(fields)))


def _given(schema: Mapping[str, Any], field: str) -> tuple[Mapping[str, Any] | None, bool]:
    return field_at(dict(schema), f"/{escape(field)}")
