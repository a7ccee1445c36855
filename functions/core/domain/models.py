"""One request to a model and what became of it, as every layer knows them.

No vendor's words: a dialect's adapter reads its provider's answers into these.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from functions.core.domain.definitions import Target


class AnswerStatus(StrEnum):
    """What one request came to."""

    ANSWERED = "answered"
    """A complete text; whether it fits the schema is not said here."""
    CUT = "cut"
    """The text ends where the limit on output was reached; it is never completed."""
    REFUSED = "refused"
    """The model or its provider's filter declined."""
    EMPTY = "empty"
    """Answered, without any text."""
    TOOL_USE = "tool_use"
    """The model called a tool where a text was asked for."""
    THROTTLED = "throttled"
    """Not served; `wait_seconds` where the provider said how long."""
    TOO_LARGE = "too_large"
    """Not served: prompt or answer exceed what the target takes, and no wait cures that."""
    REJECTED = "rejected"
    """Not served: the same request fails again (wrong key, unknown parameter, no such model)."""
    UNAVAILABLE = "unavailable"
    """Nothing was sent, or the provider said that it did not serve it."""
    UNKNOWN = "unknown"
    """Sent, and it may have been served and charged: time-out, reset, 5xx, unreadable."""


@dataclass(frozen=True)
class Usage:
    """Tokens, as the provider counted them."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int | None = None
    """Those of the input that were read from a cache; None if it did not say."""


@dataclass(frozen=True)
class ModelRequest:
    """One rendered prompt for one target."""

    target_name: str
    target: Target
    messages: Sequence[dict[str, str]] = field(repr=False)
    schema: dict[str, Any] = field(repr=False)
    schema_name: str
    max_output_tokens: int
    timeout_seconds: float
    attempt: str


@dataclass(frozen=True)
class ModelAnswer:
    """What came back; `why` names a foreign error, a code or a status, never a text."""

    status: AnswerStatus
    text: str = field(default="", repr=False)
    finish_reason: str = ""
    usage: Usage | None = None
    """None where the provider did not say; then only the worst case is known."""
    model: str = ""
    provider_request_id: str = ""
    wait_seconds: float | None = None
    http_status: int | None = None
    why: str = ""
