"""One lock a table: what checks and then writes does so alone.

moto 5.2.5 shares no lock between a condition and its write: under threads two conditional puts
both win and ADD loses updates.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.dynamodb.responses import DynamoHandler

_GUARD = threading.Lock()
_LOCKS: dict[str, threading.RLock] = {}


def _name(table: str) -> str:
    return table.rsplit("/", 1)[-1]  # an ARN names a table too


def _lock(table: str) -> Any:
    with _GUARD:
        return _LOCKS.setdefault(table, threading.RLock())


def tables_of(body: Mapping[str, Any]) -> set[str]:
    """Name the tables that a request touches."""
    names = {body["TableName"]} if body.get("TableName") else set()
    names |= set(body.get("RequestItems") or {})
    for item in body.get("TransactItems") or []:
        names |= {part["TableName"] for part in item.values()}
    return {_name(table) for table in names}


@contextlib.contextmanager
def locked(tables: Iterable[str]) -> Iterator[None]:
    """Hold the locks of some tables; always taken in one order, so that nobody waits in a ring."""
    with contextlib.ExitStack() as stack:
        for table in sorted(set(tables)):
            stack.enter_context(_lock(table))
        yield


def mend_atomicity() -> None:
    """Handle each request under the locks of its tables (see the module's docstring)."""
    original = DynamoHandler.call_action

    def call(self: Any) -> Any:
        with locked(tables_of(getattr(self, "params", None) or {})):
            return original(self)

    DynamoHandler.call_action = call
