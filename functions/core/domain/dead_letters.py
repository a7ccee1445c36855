"""Messages that were given up after their retries, and the queues in which they lie."""

from dataclasses import dataclass, field
from enum import StrEnum


class DeadQueue(StrEnum):
    """Where a message ends that nobody could handle."""

    INTAKE = "intake"
    """What the door failed on, again and again."""
    UNDELIVERED = "undelivered"
    """What a rule, a schedule or a stream could not hand over."""


@dataclass(frozen=True)
class DeadLetter:
    """One message; its body may hold personal data."""

    id: str
    body: str = field(repr=False)
    sent_at: str
    error: str
    """What the service that gave it up says of why; may be empty."""
    receipt: str = field(repr=False)
    """By which it is removed or put back while it is held."""
