"""Kill points: ends a worker before or after a named call, to test what a death leaves behind.

Loaded into a worker only when the cloud was given a plan of kills. A call is named
`<service>.<Operation>#<n>`, its n-th use within one invocation; `http#<n>` is a request to a
model or a system, `return#1` the handler's return.
"""

import collections
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

BEFORE, AFTER = "before", "after"


class KillPoints:
    """Watches the calls of one worker, one invocation at a time."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._counts: collections.Counter[str] = collections.Counter()
        self._order: dict[str, str] | None = None
        self._watch_aws()
        self._watch_http()

    def begin(self, order: dict[str, str] | None) -> None:
        """Begin an invocation; *order* is `{"call", "when"}`, or nothing to be killed at."""
        self.seen = []
        self._counts.clear()
        self._order = order

    def around(self, kind: str, call: Callable[[], Any]) -> Any:
        """Do *call*, and die before or after it if that is the order."""
        self._counts[kind] += 1
        name = f"{kind}#{self._counts[kind]}"
        self.seen.append(name)
        self._reach(name, BEFORE)
        try:
            return call()
        finally:
            self._reach(name, AFTER)

    def _reach(self, name: str, when: str) -> None:
        if self._order == {"call": name, "when": when}:
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def _watch_aws(self) -> None:
        from botocore import client as module

        client_class: Any = module.BaseClient
        plain = client_class._make_api_call
        points = self

        def watched(client: Any, operation: str, parameters: Any) -> Any:
            kind = f"{client.meta.service_model.service_name}.{operation}"
            return points.around(kind, lambda: plain(client, operation, parameters))

        client_class._make_api_call = watched

    def _watch_http(self) -> None:
        import httpx

        transport_class: Any = httpx.HTTPTransport
        plain = transport_class.handle_request
        points = self

        def watched(transport: Any, request: Any) -> Any:
            return points.around("http", lambda: plain(transport, request))

        transport_class.handle_request = watched
