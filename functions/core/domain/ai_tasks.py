"""AI tasks as teams declare them: a prompt in three layers with its route, policy and limits."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from functions.core.domain.agreement import Agreement
from functions.core.domain.caching import CacheRule
from functions.core.domain.documents import (
    UNSAID,
    Document,
    Name,
    Pointer,
    Schema,
    Text,
    field_at,
    require_object_schema,
)
from functions.core.domain.inputs.declared import (
    Input,
    require_go_together,
    require_input_fits,
)
from functions.core.domain.references import lookup
from functions.core.domain.sampling import SEEDS, Sampling
from functions.core.domain.schemas import has_personal


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
