"""One request to a model and what became of it, as every layer knows them.

No vendor's words: a dialect's adapter reads its provider's answers into these.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from functions.core.domain.sampling import Asked, Sampling, asked

if TYPE_CHECKING:
    from functions.core.domain.targets import Target


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

    @property
    def retryable(self) -> bool:
        """Whether the same request may fare better, later or at once."""
        return self in _RETRYABLE


_RETRYABLE: Final = frozenset(
    {AnswerStatus.THROTTLED, AnswerStatus.UNAVAILABLE, AnswerStatus.UNKNOWN}
)


@dataclass(frozen=True)
class Usage:
    """Tokens, as the provider counted them; None where it did not say.

    Providers differ in what their two totals hold, so an answer says that too.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int | None = None
    """Of the prompt, read from a cache."""
    written_tokens: int | None = None
    """Of the prompt, written to a cache."""
    reasoning_tokens: int | None = None
    """Of what the model wrote, its reasoning."""
    cached_apart: bool = False
    """Whether cached and written tokens come on top of `input_tokens`."""
    reasoning_apart: bool = False
    """Whether reasoning tokens come on top of `output_tokens`."""

    @property
    def all_input_tokens(self) -> int:
        """The whole prompt, cached or not."""
        apart = (self.cached_tokens or 0) + (self.written_tokens or 0)
        return self.input_tokens + (apart if self.cached_apart else 0)

    @property
    def all_output_tokens(self) -> int:
        """All that the model wrote, its reasoning too."""
        return self.output_tokens + ((self.reasoning_tokens or 0) if self.reasoning_apart else 0)


@dataclass(frozen=True)
class ToolCall:
    """A call that a model asked for: data, never carried out for it."""

    id: str
    name: str
    arguments: Any = field(repr=False)
    """As JSON values; the text itself where a model's arguments are no JSON."""


class Form(StrEnum):
    """How a model is held to the schema."""

    JSON_SCHEMA = "json_schema"
    """The provider's own structured output."""
    TOOL = "tool"
    """A tool that the model is made to call."""
    JSON_OBJECT = "json_object"
    """JSON of any shape; the schema stands in the prompt."""
    PROMPT = "prompt"
    """Nothing but the schema in the prompt."""

    @property
    def schema_in_prompt(self) -> bool:
        """Whether the model learns the schema from the prompt alone."""
        return self in (Form.JSON_OBJECT, Form.PROMPT)


@dataclass(frozen=True)
class ModelRequest:
    """One rendered prompt for one target."""

    target_name: str
    target: "Target"
    messages: Sequence[dict[str, str]] = field(repr=False)
    schema: dict[str, Any] = field(repr=False)
    """As the target accepts it in this form."""
    schema_name: str
    max_output_tokens: int
    timeout_seconds: float
    attempt: str
    form: Form = Form.PROMPT
    sampling: Sampling | None = None
    """As the task says it; None: as cold as the target can."""

    @property
    def asked(self) -> Asked:
        """Temperature and seed, as far as the target takes them."""
        return asked(self.sampling, self.target)


@dataclass(frozen=True)
class ModelAnswer:
    """What came back; `why` names a foreign error, a code or a status, never a text."""

    status: AnswerStatus
    text: str = field(default="", repr=False)
    tool_calls: tuple[ToolCall, ...] = field(default=(), repr=False)
    finish_reason: str = ""
    usage: Usage | None = None
    """None where the provider did not say; then only the worst case is known."""
    model: str = ""
    provider_request_id: str = ""
    wait_seconds: float | None = None
    http_status: int | None = None
    why: str = ""
