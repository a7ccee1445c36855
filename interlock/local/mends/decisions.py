"""What IAM decided: denials, printed loudly, and which statement alone allowed what."""

from __future__ import annotations

import collections
import sys
import threading

_LOCK = threading.Lock()
_DENIALS: list[dict[str, str]] = []
# (role, policy, statement, action pattern) and the same with a resource pattern at the end
_DECIDED: collections.Counter[tuple[str | int, ...]] = collections.Counter()


def record_denial(principal: str, action: str, resource: str, message: str) -> None:
    """Keep a denial and print it: a machine's Catch would hide it."""
    with _LOCK:
        _DENIALS.append(
            {"principal": principal, "action": action, "resource": resource, "message": message}
        )
    print(f"\n*** DENIED BY IAM *** {message}\n", file=sys.stderr, flush=True)


def record_decision(role: str, policy: str, statement: int, action: str, resource: str) -> None:
    """Count a statement and action that alone decided; `resource` is empty where several match."""
    with _LOCK:
        _DECIDED[role, policy, statement, action] += 1
        if resource:
            _DECIDED[role, policy, statement, action, resource] += 1


def decided(*key: str | int) -> int:
    """Return how often (role, policy, statement, action[, resource]) alone decided."""
    with _LOCK:
        return _DECIDED[key]


def denials() -> list[dict[str, str]]:
    """Return every denial so far: ``{principal, action, resource, message}``."""
    with _LOCK:
        return [dict(denial) for denial in _DENIALS]


def reset() -> None:
    """Forget denials and decisions."""
    with _LOCK:
        _DENIALS.clear()
        _DECIDED.clear()
