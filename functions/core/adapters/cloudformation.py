"""Answering CloudFormation's custom resource requests."""

import functools
import json
import urllib.request
from collections.abc import Callable
from typing import Any

TIMEOUT_SECONDS = 10

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def answered(handler: Handler) -> Handler:
    """Make *handler* answer the request's ResponseURL, whether it returns or raises.

    The stack waits an hour for an answer that does not come, so failures are told too. The
    exception still leaves the function: its error metric and log stay true.
    """

    @functools.wraps(handler)
    def answering(event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            data = handler(event, context)
        except Exception as error:
            _answer(event, "FAILED", {}, f"{type(error).__name__}: {error}"[:1000])
            raise
        _answer(event, "SUCCESS", data, "")
        return data

    return answering


def _answer(event: dict[str, Any], status: str, data: dict[str, Any], reason: str) -> None:
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data,
    }
    request = urllib.request.Request(  # noqa: S310  (the URL is CloudFormation's own)
        event["ResponseURL"], data=json.dumps(body).encode(), method="PUT"
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
        pass
