"""Counts what is asked of the cloud, by service, action and caller, for the bench."""

from __future__ import annotations

import collections
import threading

_LOCK = threading.Lock()
_CALLS: collections.Counter[tuple[str, str, str]] = collections.Counter()
_UNITS: collections.defaultdict[tuple[str, str, str], float] = collections.defaultdict(float)
_CALLER = threading.local()


def called(service: str, action: str, role_arn: str | None) -> None:
    """Count one request and remember, for this thread, who makes it."""
    _CALLER.role = role_arn
    with _LOCK:
        _CALLS[service, action, role_arn or "developer"] += 1


def consumed(kind: str, table: str, units: float) -> None:
    """Add what is priced by amount to the thread's caller.

    DynamoDB's request units (`kind` is ``read`` or ``write``), the items that were written
    (``item``), and events on a bus (``event``).
    """
    with _LOCK:
        _UNITS[kind, table, getattr(_CALLER, "role", None) or "developer"] += units


def counts() -> list[dict[str, object]]:
    """Return calls since the last reset: ``{service, action, role, calls}``."""
    with _LOCK:
        return [
            {"service": service, "action": action, "role": role, "calls": calls}
            for (service, action, role), calls in sorted(_CALLS.items())
        ]


def units() -> list[dict[str, object]]:
    """Return amounts since the last reset: ``{kind, table, role, units}``."""
    with _LOCK:
        return [
            {"kind": kind, "table": table, "role": role, "units": number}
            for (kind, table, role), number in sorted(_UNITS.items())
        ]


def reset() -> None:
    """Begin to count anew."""
    with _LOCK:
        _CALLS.clear()
        _UNITS.clear()
