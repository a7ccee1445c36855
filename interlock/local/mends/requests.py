"""What a request asks for: the actions, resources and condition keys that IAM judges it by.

Source: the "Actions, resources, and condition keys" page of each service in the service
authorization reference. A service or action without a rule here is refused by name, never judged
on ``*``.
"""

from __future__ import annotations

import dataclasses
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import xmltodict
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from interlock.local.mends.place import ACCOUNT, PARTITION
from interlock.local.mends.refusal import NotPlayedHere


@dataclasses.dataclass(frozen=True)
class Ask:
    """One action on one resource, with the condition keys that come with it."""

    action: str
    resource: str
    context: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Request:
    """The parts of moto's response object that authorization reads."""

    service: str
    action: str
    region: str
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    querystring: Mapping[str, list[str]]
    raw_body: bytes
    given: str

    def arn(self, rest: str) -> str:
        """Complete an ARN of this request's service."""
        return (
            rest
            if rest.startswith("arn:")
            else f"arn:aws:{self.service}:{self.region}:{ACCOUNT}:{rest}"
        )


Rule = Callable[[Request], Iterator[Ask]]

_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_TABLE_ACTIONS = {
    "DeleteItem",
    "DeleteTable",
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
}
_STREAM_ACTIONS = {"DescribeStream", "GetRecords", "GetShardIterator"}


def _table(request: Request, name: str) -> str:
    return (
        name
        if name.startswith("arn:")
        else f"arn:aws:dynamodb:{request.region}:{ACCOUNT}:table/{name}"
    )


def _dynamodb(request: Request) -> Iterator[Ask]:
    body, action = request.body, request.action
    if action in {"TransactWriteItems", "TransactGetItems"}:
        for item in body.get("TransactItems", []):
            for kind, part in item.items():
                yield Ask(f"dynamodb:{_TRANSACTION[kind]}", _table(request, part["TableName"]))
    elif action in {"BatchGetItem", "BatchWriteItem"}:
        for name in body.get("RequestItems", {}):
            yield Ask(f"dynamodb:{action}", _table(request, name))
    elif action in _STREAM_ACTIONS:
        arn = body.get("StreamArn") or body.get("ShardIterator", "").partition("|")[0]
        yield Ask(f"dynamodb:{action}", arn)
    else:
        yield _one_table(request)


def _one_table(request: Request) -> Ask:
    body, action = request.body, request.action
    if action in {"ListTables", "ListStreams"}:
        return Ask(f"dynamodb:{action}", "*")
    if action in _TABLE_ACTIONS:
        index = f"/index/{body['IndexName']}" if body.get("IndexName") else ""
        return Ask(f"dynamodb:{action}", _table(request, body["TableName"]) + index)
    raise _no_rule(request)


# moto's names are IAM's already but for these.
_S3_NAMES = {
    "GetLifecycleConfiguration": "GetLifecycleConfiguration",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
}
_S3_CONTEXT = {
    "If-None-Match": "s3:if-none-match",
    "If-Match": "s3:if-match",
    "x-amz-acl": "s3:x-amz-acl",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
}


def _s3(request: Request) -> Iterator[Ask]:
    action = _S3_NAMES.get(request.action, request.action)
    context = {
        key: [request.headers[header]]
        for header, key in _S3_CONTEXT.items()
        if header in request.headers
    }
    if "prefix" in request.querystring:
        context["s3:prefix"] = list(request.querystring["prefix"])
    if action == "DeleteObject" and "/" not in request.given.partition(":::")[2]:
        for key in _keys_to_delete(request.raw_body):
            yield Ask("s3:DeleteObject", f"{request.given}/{key}", context)
        return
    if source := request.headers.get("x-amz-copy-source"):
        plain = urllib.parse.unquote(source).lstrip("/").partition("?")[0]
        yield Ask("s3:GetObject", f"arn:aws:s3:::{plain}", context)
    yield Ask(f"s3:{action}", request.given, context)
    if action == "GetObject" and not _is_there(request.given):
        # who may not list a bucket isn't told that a key is missing (S3 API, GetObject)
        yield Ask("s3:ListBucket", request.given.partition("/")[0])


def _is_there(arn: str) -> bool:
    bucket, _, key = arn.partition(":::")[2].partition("/")
    found = s3_backends[ACCOUNT][PARTITION].buckets.get(bucket)
    return found is not None and key in found.keys


def _keys_to_delete(body: bytes) -> list[str]:
    found = xmltodict.parse(body)["Delete"].get("Object") or []
    return [entry["Key"] for entry in (found if isinstance(found, list) else [found])]


def _lambda(request: Request) -> Iterator[Ask]:
    found = re.search(r"/functions/([^/?]+)(?:/([^/?]+))?", request.path)
    if found is None:
        raise _no_rule(request)
    name = urllib.parse.unquote(found[1])
    arn = request.arn(f"function:{name}" if not name.startswith("arn:") else name)
    qualifier = request.querystring.get("Qualifier")
    if found[2] == "invocations":
        full = f"{arn}:{qualifier[0]}" if qualifier else arn
        yield Ask("lambda:InvokeFunction", full)
    else:
        yield Ask(f"lambda:{request.action}", arn)


def unqualified(arn: str) -> str:
    """Cut version or alias off a state machine's ARN, as IAM does before it judges."""
    return ":".join(arn.split(":")[:7]) if ":stateMachine:" in arn else arn


def _states(request: Request) -> Iterator[Ask]:
    body = request.body
    arn = body.get("stateMachineArn") or body.get("executionArn") or "*"
    context = {}
    if ":stateMachine:" in arn and len(arn.split(":")) > 7:  # noqa: PLR2004 - arn with qualifier
        context["states:statemachinequalifier"] = [arn.split(":")[7]]
    yield Ask(f"states:{request.action}", unqualified(arn), context)


def _events(request: Request) -> Iterator[Ask]:
    if request.action != "PutEvents":
        raise _no_rule(request)
    for entry in request.body.get("Entries", []):
        bus = entry.get("EventBusName") or "default"
        yield Ask(
            "events:PutEvents",
            bus if bus.startswith("arn:") else request.arn(f"event-bus/{bus}"),
            {
                "events:source": [entry.get("Source", "")],
                "events:detail-type": [entry.get("DetailType", "")],
            },
        )


def _secretsmanager(request: Request) -> Iterator[Ask]:
    given = request.body.get("SecretId")
    if given is None:
        yield Ask(f"secretsmanager:{request.action}", "*")
        return
    found = secretsmanager_backends[ACCOUNT][request.region].secrets.get(given)
    yield Ask(
        f"secretsmanager:{request.action}", found.arn if found else request.arn(f"secret:{given}")
    )


def _sqs(request: Request) -> Iterator[Ask]:
    name = (request.body.get("QueueUrl") or "").rsplit("/", 1)[-1] or request.body.get("QueueName")
    action = request.action.removesuffix("Batch")  # a batch needs the single action's permission
    yield Ask(f"sqs:{action}", request.arn(name) if name else "*")


def _logs(request: Request) -> Iterator[Ask]:
    group = request.body.get("logGroupName") or request.body.get("logGroupIdentifier")
    stream = request.body.get("logStreamName")
    rest = f"log-group:{group}:log-stream:{stream or ''}" if group else None
    yield Ask(f"logs:{request.action}", request.arn(rest) if rest else "*")


def _monitoring(request: Request) -> Iterator[Ask]:
    space = request.body.get("Namespace") or request.querystring.get("Namespace", [""])[0]
    context = {"cloudwatch:namespace": [str(space)]} if space else {}
    yield Ask(f"cloudwatch:{request.action}", "*", context)


def _scheduler(request: Request) -> Iterator[Ask]:
    found = re.search(r"/schedules/([^/?]+)", request.path)
    group = (request.querystring.get("groupName") or ["default"])[0]
    name = f"schedule/{group}/{found[1]}" if found else "*"
    yield Ask(f"scheduler:{request.action}", request.arn(name) if found else "*")


def _kms(request: Request) -> Iterator[Ask]:
    given = request.body.get("KeyId")
    if not given:
        yield Ask(f"kms:{request.action}", "*")
        return
    key = kms_backends[ACCOUNT][request.region].describe_key(given)
    yield Ask(f"kms:{request.action}", key.arn)


def _sts(request: Request) -> Iterator[Ask]:
    if request.action != "GetCallerIdentity":  # nobody can be denied that one
        raise _no_rule(request)
    return
    yield


def _xray(request: Request) -> Iterator[Ask]:
    yield Ask(f"xray:{request.action}", "*")


RULES: dict[str, Rule] = {
    "dynamodb": _dynamodb,
    "events": _events,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "monitoring": _monitoring,
    "s3": _s3,
    "scheduler": _scheduler,
    "secretsmanager": _secretsmanager,
    "sqs": _sqs,
    "states": _states,
    "sts": _sts,
    "xray": _xray,
}


def _no_rule(request: Request) -> NotPlayedHere:
    return NotPlayedHere(f"no rule says which resources {request.service}:{request.action} acts on")


def asks(request: Request) -> list[Ask]:
    """Derive everything that a request must be allowed.

    Raises
    ------
    NotPlayedHere
        There is no rule for this service or action.
    """
    rule = RULES.get(request.service)
    if rule is None:
        raise _no_rule(request)
    return list(rule(request))


def read(response: Any, service: str, given: str) -> Request:
    """Take the parts that matter out of moto's response object."""
    raw = response.body if service != "s3" else response.raw_body
    body: Any = raw
    if service != "s3" and isinstance(raw, str | bytes):  # an object may hold anything
        try:
            body = json.loads(raw or "{}")
        except ValueError:  # a form, XML or CBOR: those rules read other parts
            body = {}
    return Request(
        service=service,
        action=_action(response),
        region=response.region or "us-east-1",
        path=response.path or "",
        body=body if isinstance(body, dict) else {},
        headers=response.headers,
        querystring=response.querystring or {},
        raw_body=raw if isinstance(raw, bytes) else str(raw or "").encode(),
        given=given,
    )


def _action(response: Any) -> str:
    """Name the operation; rpc-v2 requests carry it in their path only."""
    if found := re.search(r"/operation/(\w+)", response.path or ""):
        return found[1]
    return str(response._get_action() or "")
