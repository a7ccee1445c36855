"""What can be wrong with a companion, on request: for tests, and only where it is switched on."""

import threading
from collections import deque
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "status",  # answers with `status` and does nothing
    "delay",  # waits `seconds`, then works
    "hang",  # waits `seconds` and never answers
    "fail_after_write",  # works, then answers with `status`
    "drop",  # closes the connection, unread
    "drop_after_write",  # works, then closes the connection
    "large_body",  # works, then answers with `size` bytes
    "redirect",  # sends the caller to `location`
    "echo",  # works, then answers with what it was sent
    "not_json",  # works, then answers with a page
]


class Fault(BaseModel):
    """One way to go wrong, for the next *count* requests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    status: Annotated[int, Field(ge=200, le=599)] = 500
    seconds: Annotated[float, Field(ge=0, le=600)] = 1
    retry_after: str | None = None
    size: Annotated[int, Field(ge=1, le=200_000_000)] = 50_000_000
    location: str = "/elsewhere"


class Faults:
    """The faults that are due, in order."""

    def __init__(self) -> None:
        self._due: deque[Fault] = deque()
        self._lock = threading.Lock()

    def add(self, given: dict[str, Any]) -> int:
        """Put a fault in line; return how many are due. Raises pydantic's ValidationError."""
        fault = Fault.model_validate(given)
        with self._lock:
            self._due.extend([fault] * fault.count)
            return len(self._due)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._due.clear()

    def take(self) -> Fault | None:
        """Return the fault for this request, if one is due."""
        with self._lock:
            return self._due.popleft() if self._due else None
