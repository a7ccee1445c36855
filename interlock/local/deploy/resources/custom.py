"""Custom resources: a function is told to create, update or delete, and answers by a PUT."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.problems import ResourceFailed
from interlock.local.deploy.resources.kind import Kind, Made, Request

#: Where functions PUT their answers, under the cloud's endpoint.
ANSWERS = "/_local/custom-resource/"


class CustomResource(Kind):
    """``Custom::*`` and ``AWS::CloudFormation::CustomResource``."""

    type = "AWS::CloudFormation::CustomResource"
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Tell the function to create it."""
        return self._tell(request, "Create", {})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Tell the function to update it; it may answer with another physical id."""
        changes = {"PhysicalResourceId": made.ref, "OldResourceProperties": _as_text(dict(old))}
        return self._tell(request, "Update", changes)

    def delete(self, request: Request, made: Made) -> None:
        """Tell the function to delete it."""
        self._tell(request, "Delete", {"PhysicalResourceId": made.ref})

    def _tell(self, request: Request, kind: str, more: Mapping[str, Any]) -> Made:
        token = uuid.uuid4().hex
        event = {
            "RequestType": kind,
            "RequestId": str(uuid.uuid4()),
            "ResponseURL": f"{request.site.endpoint}{ANSWERS}{token}",
            "StackId": request.stack_id,
            "ResourceType": request.type,
            "LogicalResourceId": request.logical_id,
            "ServiceToken": request.properties["ServiceToken"],
            "ResourceProperties": _as_text(dict(request.properties)),
            **more,
        }
        failed, body = request.site.invoke(
            request.properties["ServiceToken"], json.dumps(event).encode()
        )
        answer = request.site.answers.pop(token, None)
        if answer is None:
            told = body.decode(errors="replace")[:1000] if failed else "it sent no answer"
            raise ResourceFailed(f"{kind}: the function did not answer: {told}")
        if answer.get("Status") != "SUCCESS":
            raise ResourceFailed(f"{kind}: {answer.get('Reason', 'FAILED without a reason')}")
        return Made(
            answer.get("PhysicalResourceId") or request.name, dict(answer.get("Data") or {})
        )


def _as_text(value: Any) -> Any:
    """Return a value as CloudFormation hands it to a function: every scalar is text."""
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)
