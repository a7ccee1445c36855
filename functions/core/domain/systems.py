"""One request to an outside system, and what became of it, as every layer knows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from functions.core.domain.connections import DIRECT, Connection


class AnswerKind(StrEnum):
    """What one request came to."""

    ANSWERED = "answered"
    """2xx with a JSON body, or without one."""
    REJECTED = "rejected"
    """4xx: the same request fails again."""
    CONFLICT = "conflict"
    """409."""
    THROTTLED = "throttled"
    """429, or 503 that says how long to wait; nothing was done."""
    UNAVAILABLE = "unavailable"
    """Nothing was sent: no connection."""
    UNKNOWN = "unknown"
    """Something may have been done: 5xx, time-out, cut, too large, no JSON."""


@dataclass(frozen=True)
class SystemRequest:
    """One HTTP request; times in seconds, sizes in bytes."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any | None
    """JSON; None sends no body."""
    connect_seconds: float
    read_seconds: float
    response_bytes: int
    connection: Connection = DIRECT


@dataclass(frozen=True)
class SystemAnswer:
    """What came back; `why` names a foreign error or a status, never a value."""

    kind: AnswerKind
    status: int | None = None
    body: Any | None = field(default=None, repr=False)
    wait_seconds: float | None = None
    why: str = ""
