"""Kill points: ends a worker before or after a named call, to test what a death leaves behind.

Loaded into a worker only when the cloud was given a plan of kills. A call is named
`<service>.<Operation>#<n>`, its n-th use within one invocation; `http#<n>` is a request to a
model or a system, `return#1` the handler's return.

A call to a table may also be answered as a busy DynamoDB answers: `throttled` or `conflicting`
in place of before and after. The first request of the call is, and the SDK's own retry meets
the real table.
"""

import collections
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

BEFORE, AFTER = "before", "after"
BUSY: dict[str, dict[str, Any]] = {
    "throttled": {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"},
    "conflicting": {"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException"},
}
"""What DynamoDB answers to a request that it did not carry out."""
CANCELLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    "CancellationReasons": [{"Code": "TransactionConflict"}],
}
"""How a transaction is told of a conflict."""


class KillPoints:
    """Watches the calls of one worker, one invocation at a time."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._counts: collections.Counter[str] = collections.Counter()
        self._order: dict[str, str] | None = None
        self._busy: str | None = None
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
        order = self._order or {}
        if when == BEFORE and order.get("call") == name and order["when"] in BUSY:
            self._busy = order["when"]
        if self._order == {"call": name, "when": when}:
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def _watch_aws(self) -> None:
        from botocore import client as module

        client_class: Any = module.BaseClient
        plain = client_class._make_api_call
        points = self

        def watched(client: Any, operation: str, parameters: Any) -> Any:
            service = client.meta.service_model.service_name
            if service == "dynamodb":  # the same handler is registered once, however often
                client.meta.events.register_first(
                    "before-send.dynamodb", points.answer_busy, unique_id="kill-points"
                )
            return points.around(
                f"{service}.{operation}", lambda: plain(client, operation, parameters)
            )

        client_class._make_api_call = watched

    def answer_busy(self, request: Any, **_: Any) -> Any:
        """Answer in place of a busy table if that is the order, once; None: send it."""
        name, self._busy = self._busy, None
        if name is None:
            return None
        from botocore.awsrequest import AWSResponse, HeadersDict

        told: dict[str, Any] = BUSY[name]
        if name == "conflicting" and b"TransactItems" in (request.body or b""):
            told = CANCELLED
        headers: Any = HeadersDict({"content-type": "application/x-amz-json-1.0"})
        return AWSResponse(request.url, 400, headers, _Raw(json.dumps(told).encode()))

    def _watch_http(self) -> None:
        import httpx

        transport_class: Any = httpx.HTTPTransport
        plain = transport_class.handle_request
        points = self

        def watched(transport: Any, request: Any) -> Any:
            return points.around("http", lambda: plain(transport, request))

        transport_class.handle_request = watched


class _Raw:
    """A body as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._content
