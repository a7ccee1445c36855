"""CloudFormation's reading API, answered for the stacks that were deployed here.

moto's own would know nothing of them, and to import it takes longer than the deployment.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from interlock.local.deploy.stack import Stack

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_PUNCTUATION = str.maketrans({"\r": "&#13;"})


class NoSuchStack(Exception):
    """No stack of that name or id."""


class Answers:
    """Answers requests of CloudFormation's query protocol.

    Parameters
    ----------
    stacks
        The stacks as they stand, by name.
    """

    def __init__(self, stacks: Mapping[str, Stack]) -> None:
        self._stacks = stacks
        self._actions: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
            "DescribeStacks": self._describe_stacks,
            "DescribeStackResource": self._describe_stack_resource,
            "DescribeStackResources": self._describe_stack_resources,
            "GetTemplate": lambda q: {"TemplateBody": self._find(q).text},
            "ListExports": lambda _: {"Exports": list(self._exports())},
            "ListStackResources": self._list_stack_resources,
            "ListStacks": lambda _: {"StackSummaries": [_summary(s) for s in self._all()]},
        }

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Answer one request with a status and an XML document."""
        query = {key: values[-1] for key, values in parse_qs(body.decode()).items()}
        action = query.get("Action", "")
        if action not in self._actions:
            return 400, error("InvalidAction", f"the laptop cloud does not play {action}")
        try:
            result = _xml(self._actions[action](query))
        except NoSuchStack as missing:
            return 400, error("ValidationError", str(missing))
        text = (
            f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result>'
            f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
            f"</{action}Response>"
        )
        return 200, text.encode()

    def _all(self) -> list[Stack]:
        return list(self._stacks.values())

    def _find(self, query: Mapping[str, str]) -> Stack:
        wanted = query.get("StackName", "")
        for stack in self._all():
            if wanted in (stack.name, stack.id):
                return stack
        raise NoSuchStack(f"Stack with id {wanted} does not exist")

    def _describe_stacks(self, query: Mapping[str, str]) -> dict[str, Any]:
        found = [self._find(query)] if "StackName" in query else self._all()
        return {"Stacks": [_described(stack) for stack in found]}

    def _list_stack_resources(self, query: Mapping[str, str]) -> dict[str, Any]:
        stack = self._find(query)
        return {"StackResourceSummaries": [_resource(stack, name) for name in stack.resources]}

    def _describe_stack_resources(self, query: Mapping[str, str]) -> dict[str, Any]:
        stack = self._find(query)
        named = query.get("LogicalResourceId")
        wanted = [name for name in stack.resources if named in (None, name)]
        return {"StackResources": [_in_stack(stack, name) for name in wanted]}

    def _describe_stack_resource(self, query: Mapping[str, str]) -> dict[str, Any]:
        stack, name = self._find(query), query.get("LogicalResourceId", "")
        if name not in stack.resources:
            raise NoSuchStack(f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDetail": _in_stack(stack, name)}

    def _exports(self) -> Any:
        for stack in self._all():
            for output in stack.outputs:
                if "ExportName" in output:
                    yield {
                        "ExportingStackId": stack.id,
                        "Name": output["ExportName"],
                        "Value": output["OutputValue"],
                    }


def requested(body: bytes) -> tuple[str, str]:
    """Return the action that a request names, and its stack; empty where it names none."""
    query = parse_qs(body.decode())
    action, stack = (query.get(name, [""])[-1] for name in ("Action", "StackName"))
    # an ARN is `…:stack/<name>/<id>`
    return action, stack.split("/")[1] if stack.startswith("arn:") else stack


def _status(stack: Stack) -> str:
    return "UPDATE_COMPLETE" if stack.deployments > 1 else "CREATE_COMPLETE"


def _summary(stack: Stack) -> dict[str, Any]:
    updated = {"LastUpdatedTime": stack.updated_at} if stack.deployments > 1 else {}
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.description,
        "CreationTime": stack.created_at,
        **updated,
        "StackStatus": _status(stack),
    }


def _described(stack: Stack) -> dict[str, Any]:
    summary = _summary(stack)
    del summary["TemplateDescription"]
    return {
        **summary,
        "Description": stack.description,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in stack.parameters.items()
        ],
        "Outputs": stack.outputs,
    }


def _resource(stack: Stack, name: str) -> dict[str, Any]:
    found = stack.resources[name]
    return {
        "LogicalResourceId": name,
        "PhysicalResourceId": found.made.ref,
        "ResourceType": found.request.type,
        "LastUpdatedTimestamp": stack.updated_at,
        "ResourceStatus": "CREATE_COMPLETE",
    }


def _in_stack(stack: Stack, name: str) -> dict[str, Any]:
    resource = _resource(stack, name)
    moment = resource.pop("LastUpdatedTimestamp")
    times = {"Timestamp": moment, "LastUpdatedTimestamp": moment}
    return {"StackName": stack.name, "StackId": stack.id, **resource, **times}


def error(code: str, message: str) -> bytes:
    """Return the document of a refusal."""
    problem = _xml({"Error": {"Type": "Sender", "Code": code, "Message": message}})
    return f'<ErrorResponse xmlns="{_NAMESPACE}">{problem}</ErrorResponse>'.encode()


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(item)}</{key}>" for key, item in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(item)}</member>" for item in value)
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    # a parser would make a line feed of a carriage return: the template's bytes must come through
    return escape(str(value)).translate(_PUNCTUATION)
