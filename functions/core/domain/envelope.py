"""What lies on the intake queue, and what the service itself puts on the bus."""

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SOURCE = "interlock"
"""The event source that only we may use."""
CALL = "call"
"""How the run came about that another state machine started directly."""
HOP_LIMIT = 8
SCHEMA_VERSION = 1
KEEP_REFUSED = timedelta(days=30)
"""How long it is listed what was not let in."""


class Origin(BaseModel):
    """Where a rule found the event; about the delivery, not part of the content."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    source: str = Field(max_length=256)
    detail_type: str = Field(max_length=256)
    id: str = Field(max_length=64)


class Envelope(BaseModel):
    """One message of the intake queue. *Content* is the event, never the envelope."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    v: Literal[1]
    workflow: str = Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    source: Literal["rule", "schedule", "api", "replay", "call"]
    event: Any
    origin: Origin | None = None
    scheduled_time: str | None = Field(default=None, max_length=40)
    replay_id: str | None = Field(default=None, max_length=64)


class BusEvent(BaseModel):
    """An event of ours, as an outbox keeps it until it is delivered."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    event_id: str
    detail_type: str
    detail: dict[str, Any]
