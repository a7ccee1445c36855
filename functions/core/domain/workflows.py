"""Workflows as teams declare them: the contract of a state machine."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from functions.core.domain.approvals import Approval
from functions.core.domain.documents import (
    Document,
    Money,
    Name,
    OperationName,
    Pointer,
    Schema,
    Text,
    WorkflowName,
    field_at,
    require_object_schema,
    require_unique,
)
from functions.core.domain.triggers import Trigger


class Uses(Document):
    """The doors that a workflow may open; everything else stays shut at run time."""

    ai_tasks: tuple[Name, ...] = ()
    operations: tuple[OperationName, ...] = ()

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        require_unique(self.ai_tasks, "ai_tasks")
        require_unique(self.operations, "operations")
        return self


class Emit(Document):
    """An event that a finished run puts on the bus, with these fields of its output."""

    detail_type: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9 ]{0,127}$")]
    fields: tuple[Name, ...] = ()


class WorkflowLimits(Document):
    """Bounds of one run."""

    run_usd: Money | None = None


class Sla(Document):
    """When a run is late."""

    finish_within_minutes: Annotated[int, Field(ge=1, le=525_600)] | None = None


def _require_key_field(schema: Schema, pointer: str) -> None:
    field, always = field_at(schema, pointer)
    if field is None:
        raise ValueError(f"dedup_key: no field {pointer} in input.schema.json")
    if not always:
        raise ValueError(f"dedup_key: {pointer} is not required")
    if field.get("type") not in ("string", "integer"):
        raise ValueError(f"dedup_key: {pointer} is neither string nor integer")


class Workflow(Document):
    """A state machine's contract: who owns it, what starts it, what it may use and emit.

    `machine_schema` is derived from `input_schema`: what the machine itself is given, with
    each personal value as an artifact reference.
    """

    name: WorkflowName
    owner: Text
    team: Name
    purpose: Text
    dedup_key: Annotated[tuple[Pointer, ...], Field(min_length=1)] | Literal["scheduled_time"]
    input_schema: Schema
    machine_schema: Schema
    uses: Uses = Uses()
    triggers: tuple[Trigger, ...] = ()
    emits: tuple[Emit, ...] = ()
    limits: WorkflowLimits = WorkflowLimits()
    sla: Sla = Sla()
    approvals: dict[Name, Approval] = Field(default_factory=dict)
    external: bool = False
    """Whether it governs one call of state machines that others own: it has no machine of its
    own, one step, and is started by those machines only."""

    @model_validator(mode="after")
    def _is_one_step(self) -> Self:
        if not self.external:
            return self
        if len(self.uses.ai_tasks) + len(self.uses.operations) != 1:
            raise ValueError("external: is one step, so it uses one AI task or one operation")
        if self.triggers:
            raise ValueError("external: is started by another state machine, so no trigger does")
        if self.approvals:
            raise ValueError("external: is one step, so no approval can come before it")
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        require_object_schema(self.input_schema, "input_schema")
        for name, approval in self.approvals.items():
            if approval.operation not in self.uses.operations:
                raise ValueError(f"approvals.{name}.operation: is not declared under uses")
        if self.dedup_key == "scheduled_time":
            if not self.triggers or any(trigger.kind != "schedule" for trigger in self.triggers):
                raise ValueError("dedup_key: only a schedule brings a scheduled_time")
            return self
        require_unique(self.dedup_key, "dedup_key")
        for pointer in self.dedup_key:
            _require_key_field(self.input_schema, pointer)
        return self
