"""What teams declare, as checked documents: the catalog's kinds and the workflows.

A document is data only. It is stored by the hash of its canonical JSON and never changes;
reading one re-hashes it first. Messages never repeat what a document says
(`hide_input_in_errors`): drafts and examples may hold personal data.
"""

import re
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, model_validator

from functions.core.domain.agreement import Agreement
from functions.core.domain.approvals import Approval
from functions.core.domain.budgets import Budgets
from functions.core.domain.caching import CacheRule
from functions.core.domain.canonical import canonical, digest
from functions.core.domain.connections import DIRECT, Connection
from functions.core.domain.documents import (
    UNSAID,
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
from functions.core.domain.inputs.declared import (
    Input,
    require_go_together,
    require_input_fits,
)
from functions.core.domain.policies import Policy
from functions.core.domain.references import lookup
from functions.core.domain.sampling import SEEDS, Sampling
from functions.core.domain.schemas import has_personal
from functions.core.domain.targets import Models
from functions.core.domain.triggers import Trigger

D = TypeVar("D", bound=Document)
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class Example(Document):
    """One solved case of an AI task; examples are part of the prompt."""

    variables: dict[str, Any]
    output: Any


class AiTaskLimits(Document):
    """What one step of the task may use up."""

    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    max_output_tokens: Annotated[int, Field(ge=1, le=200_000)]
    deadline_seconds: Annotated[int, Field(ge=1, le=3600)] = 120


class AiTask(Document):
    """A prompt in three layers with its route, policy and limits."""

    name: Name
    purpose: Text
    owner: Text
    team: Name
    system: Text
    user: Text
    output_schema: Schema
    variables_schema: Schema
    examples: tuple[Example, ...] = ()
    route: Name
    policy: Name
    limits: AiTaskLimits
    sampling: Annotated[Sampling | None, UNSAID] = None
    cache: Annotated[CacheRule | None, UNSAID] = None
    """Whether an answer serves the same question again; None: each is asked."""
    agreement: Annotated[Agreement | None, UNSAID] = None
    """Whether several answers have to say the same; None: one decides."""
    min_confidence: Annotated[Annotated[float, Field(gt=0, le=1)] | None, UNSAID] = None
    """An answer that is less sure of itself is not accepted."""
    confidence_at: Annotated[Pointer | None, UNSAID] = None
    """Where it says how sure it is."""
    inputs: Annotated[dict[Name, Input] | None, UNSAID] = None
    """How variables are read that are files, or that have limits of their own."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        require_object_schema(self.output_schema, "output_schema")
        require_object_schema(self.variables_schema, "variables_schema")
        if self.cache and not self.cache.personal and has_personal(self.output_schema):
            raise ValueError("cache: the answers hold personal values; say personal = true")
        return self

    @model_validator(mode="after")
    def _is_sure_of_what_there_is(self) -> Self:
        if (self.min_confidence is None) != (self.confidence_at is None):
            raise ValueError("min_confidence: goes with confidence_at, and neither alone")
        if self.confidence_at is not None:
            field, always = field_at(self.output_schema, self.confidence_at)
            if field is None or field.get("type") not in ("number", "integer") or not always:
                raise ValueError("confidence_at: names no required number of the output schema")
        return self

    @model_validator(mode="after")
    def _reads_what_there_is(self) -> Self:
        for name, declared in (self.inputs or {}).items():
            require_input_fits(name, declared, self.variables_schema)
        require_go_together(self.inputs or {})
        return self

    @model_validator(mode="after")
    def _compares_what_there_is(self) -> Self:
        if self.agreement is None:
            return self
        for pointer in self.agreement.on:
            if field_at(self.output_schema, pointer)[0] is None:
                raise ValueError(f"agreement.on: no field {pointer} in the output schema")
        if self.limits.attempts < self.agreement.samples:
            raise ValueError("limits.attempts: fewer than the agreement has samples")
        if self.cache and self.agreement.across:
            raise ValueError("cache: an answer that several targets agree on is no one's own")
        return self

    def doubts(self, value: Any) -> bool:
        """Say whether an answer that fits is less sure of itself than the task wants it."""
        if self.min_confidence is None or self.confidence_at is None:
            return False
        return bool(lookup(value, self.confidence_at) < self.min_confidence)

    def drawn(self, number: int) -> Sampling | None:
        """Return how the step's attempt of that *number* is drawn: samples by other seeds."""
        if self.agreement is None or self.sampling is None or self.sampling.seed is None:
            return self.sampling
        seed = (self.sampling.seed + number - 1) % SEEDS
        return self.sampling.model_copy(update={"seed": seed})


class SystemAuth(Document):
    """How a system knows us; a bearer token lies in Secrets Manager under the system's name."""

    kind: Literal["none", "bearer"]


class SystemLimits(Document):
    """Bounds of one request to a system."""

    connect_seconds: Annotated[float, Field(gt=0, le=10)] = 2
    read_seconds: Annotated[float, Field(gt=0, le=45)] = 10
    response_bytes: Annotated[int, Field(ge=256, le=5_000_000)] = 262_144


class Operation(Document):
    """One declared request to a system.

    Every field of the request either may come from a model (`from_model`) or is taken by the
    function itself from the admitted input (`take`); there is no third way in.
    """

    purpose: Text
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_.~/{}-]*$", max_length=512)]
    effect: Literal["read", "idempotent", "keyed", "verify", "once"]
    request_schema: Schema
    response_schema: Schema
    from_model: tuple[str, ...] = ()
    take: dict[str, Pointer] = Field(default_factory=dict)
    verify: Name | None = None

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The request fields that stand in the path, in order."""
        return tuple(_PLACEHOLDER.findall(self.path))

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        require_object_schema(self.request_schema, "request_schema")
        self._check_partition()
        self._check_path()
        if (self.effect == "verify") != (self.verify is not None):
            raise ValueError("verify: names a read operation where effect is verify, only there")
        if self.method == "GET" and self.effect != "read":
            raise ValueError("effect: a GET only reads")
        if self.method == "GET" and set(self._fields) - set(self.path_fields):
            raise ValueError("path: a GET has no body, so each request field stands in the path")
        return self

    @property
    def _fields(self) -> dict[str, Any]:
        return dict(self.request_schema.get("properties", {}))

    def _check_partition(self) -> None:
        declared, given, taken = set(self._fields), set(self.from_model), set(self.take)
        if self.request_schema.get("additionalProperties") is not False:
            raise ValueError("request_schema: additionalProperties must be false")
        if len(given) != len(self.from_model):
            raise ValueError("from_model: names a field twice")
        for field in sorted((given | taken) - declared):
            raise ValueError(f"{'take' if field in taken else 'from_model'}: no field {field!r}")
        for field in sorted(given & taken):
            raise ValueError(f"take: field {field!r} is in from_model too")
        for field in sorted(declared - given - taken):
            raise ValueError(f"request_schema: field {field!r} is neither in from_model nor taken")

    def _check_path(self) -> None:
        if re.search(r"[{}]", _PLACEHOLDER.sub("", self.path)):
            raise ValueError("path: braces don't match")
        required = self.request_schema.get("required", [])
        for field in self.path_fields:
            if field not in self._fields:
                raise ValueError(f"path: no request field {field!r}")
            if field not in required:
                raise ValueError(f"path: request field {field!r} is not required")
            if field not in self.take:
                raise ValueError(f"path: field {field!r} chooses the object, so it is taken")
            if self._fields[field].get("type") not in ("string", "integer"):
                raise ValueError(f"path: field {field!r} is neither string nor integer")


class System(Document):
    """A CRM, ERP or API with its declared operations; where it lives is a stage's setting."""

    name: Name
    owner: Text
    purpose: Text
    auth: SystemAuth
    limits: SystemLimits = SystemLimits()
    connection: Connection = DIRECT
    operations: Annotated[dict[Name, Operation], Field(min_length=1)]

    @model_validator(mode="after")
    def _verifies_by_reading(self) -> Self:
        for name, operation in self.operations.items():
            if operation.verify is None:
                continue
            reader = self.operations.get(operation.verify)
            if reader is None or reader.effect != "read":
                raise ValueError(f"operations.{name}.verify: names no operation that reads")
        return self


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


Kind = Literal["ai_task", "system", "models", "budgets", "policy", "workflow"]
KINDS: Final[dict[str, type[Document]]] = {
    "ai_task": AiTask,
    "budgets": Budgets,
    "models": Models,
    "policy": Policy,
    "system": System,
    "workflow": Workflow,
}


def parse_document(kind: str, document: dict[str, Any]) -> Document:
    """Read *document* strictly: no text becomes a number, no number a flag.

    Raises
    ------
    pydantic.ValidationError
        Without any input in it.
    """
    return parse_as(KINDS[kind], document)


def parse_as(model: type[D], document: dict[str, Any]) -> D:
    """Read *document* as *model*, as strictly; a file may declare less than what is stored."""
    return model.model_validate_json(canonical(document), strict=True)


def dump_document(document: Document) -> dict[str, Any]:
    """Return *document* as the JSON that is stored and hashed."""
    return document.model_dump(mode="json")


def document_hash(document: dict[str, Any]) -> str:
    """Return the version of a stored document: the SHA-256 of its canonical JSON."""
    return digest(document)
