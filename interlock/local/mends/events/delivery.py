"""Delivery to targets: permissions checked, what may pass retried, the rest kept as dead letters.

Source: "How EventBridge retries delivering events" and "Using dead-letter queues", user guide.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import ServiceException
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from werkzeug.exceptions import HTTPException

from interlock.local.clock import current
from interlock.local.mends import iam
from interlock.local.mends.patching import Wiring
from interlock.local.mends.place import ACCOUNT, REGION
from interlock.local.mends.refusal import NotPlayedHere
from interlock.local.mends.requests import unqualified

_DEFAULT_ATTEMPTS, _DEFAULT_AGE = 185, 86_400
_LONGEST_BACKOFF = 60.0  # seconds; AWS does not publish its own

_LOCK = threading.Lock()
_FAILED: list[dict[str, str]] = []


class TargetGone(Exception):
    """The target does not exist."""


@dataclasses.dataclass(frozen=True)
class Delivery:
    """One text on its way to one target of a rule or a schedule."""

    target: Mapping[str, Any]
    payload: str
    source_arn: str
    principal: str = "events.amazonaws.com"
    attempt: int = 0
    began: float = 0.0

    @property
    def arn(self) -> str:
        """The target."""
        return str(self.target["Arn"])


def _queue(arn: str) -> Any:
    queue = sqs_backends[ACCOUNT][REGION].queues.get(arn.rsplit(":", 1)[-1])
    if queue is None:
        raise TargetGone(f"The queue {arn} does not exist")
    return queue


def _may(delivery: Delivery, action: str, resource: str, document: str | None) -> None:
    """Judge by the target's role where it has one, else by the policy on the resource."""
    role = delivery.target.get("RoleArn")
    if role:
        iam.authorize(role, action, resource)
    else:
        iam.authorize_service(delivery.principal, action, resource, document, delivery.source_arn)


def _to_queue(delivery: Delivery) -> None:
    queue = _queue(delivery.arn)
    policy = queue.policy if isinstance(queue.policy, str | None) else json.dumps(queue.policy)
    _may(delivery, "sqs:SendMessage", delivery.arn, policy)
    group = (delivery.target.get("SqsParameters") or {}).get("MessageGroupId")
    sqs_backends[ACCOUNT][REGION].send_message(queue.name, delivery.payload, group_id=group)


def function_policy(arn: str) -> str | None:
    """Return the resource policy of a function, from all its versions; each names its ARN."""
    backend = lambda_backends[ACCOUNT][REGION]
    name = arn.split(":")[6]
    try:
        base = backend.get_function(name)
        qualified = backend.get_function(arn)
    except Exception as error:
        raise TargetGone(f"The function {arn} does not exist") from error
    found = [base, qualified, *backend.list_versions_by_function(name)]
    statements = {json.dumps(s, sort_keys=True): s for fn in found for s in fn.policy.statements}
    if not statements:
        return None
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements.values())})


def _to_function(delivery: Delivery) -> None:
    _may(delivery, "lambda:InvokeFunction", delivery.arn, function_policy(delivery.arn))
    Wiring.invoke(delivery.arn, delivery.payload.encode(), asynchronous=True)


def _to_machine(delivery: Delivery) -> None:
    role = delivery.target.get("RoleArn")
    if not role:
        raise iam.Denied(f"the target {delivery.arn} has no RoleArn")
    iam.authorize(role, "states:StartExecution", unqualified(delivery.arn))
    backend = stepfunctions_parser_backends[ACCOUNT][REGION]
    backend.start_execution(delivery.arn, str(uuid.uuid4()), delivery.payload)


def _to_bus(delivery: Delivery) -> None:
    from moto.events.models import events_backends

    role = delivery.target.get("RoleArn")
    if not role:
        raise iam.Denied(f"the target {delivery.arn} has no RoleArn")
    iam.authorize(role, "events:PutEvents", delivery.arn)
    event = json.loads(delivery.payload)
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event.get("resources", []),
        "EventBusName": delivery.arn,
    }
    events_backends[ACCOUNT][REGION].put_events([entry])


def kind_of(arn: str) -> str:
    """Name a target's kind.

    Raises
    ------
    NotPlayedHere
        Naming the target.
    """
    parts = arn.split(":", 5)
    service, rest = parts[2], parts[-1]
    kinds = {
        "sqs": "queue",
        "lambda": "function" if rest.startswith("function:") else "",
        "states": "machine" if rest.startswith("stateMachine:") else "",
        "events": "bus" if rest.startswith("event-bus/") else "",
    }
    kind = kinds.get(service, "")
    if not kind:
        raise NotPlayedHere(f"the target {arn} is not played here")
    return kind


_SENDERS = {
    "queue": _to_queue,
    "function": _to_function,
    "machine": _to_machine,
    "bus": _to_bus,
}
_FOR_GOOD = (iam.Denied, NotPlayedHere, TargetGone, ServiceException, HTTPException)


def deliver(delivery: Delivery) -> None:
    """Deliver once; what may pass is tried again on the clock, the rest is buried."""
    try:
        _SENDERS[kind_of(delivery.arn)](delivery)
    except _FOR_GOOD as error:
        _bury(delivery, type(error).__name__, str(error))
    except Exception as error:  # noqa: BLE001 - whatever else goes wrong may pass
        _again(delivery, error)


def _again(delivery: Delivery, error: Exception) -> None:
    policy = delivery.target.get("RetryPolicy") or {}
    began = delivery.began or current().now()
    after = current().now() + min(2.0**delivery.attempt, _LONGEST_BACKOFF)
    age = policy.get("MaximumEventAgeInSeconds") or _DEFAULT_AGE
    most = policy.get("MaximumRetryAttempts")
    if delivery.attempt >= (_DEFAULT_ATTEMPTS if most is None else most) or after - began > age:
        _bury(delivery, type(error).__name__, str(error))
        return
    again = dataclasses.replace(delivery, attempt=delivery.attempt + 1, began=began)
    current().call_at(after, lambda: deliver(again))


def _bury(delivery: Delivery, code: str, message: str) -> None:
    dead = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
    with _LOCK:
        _FAILED.append(
            {
                "target": delivery.arn,
                "source": delivery.source_arn,
                "error": f"{code}: {message}",
                "buried_in": dead or "",
            }
        )
    where = f"kept in {dead}" if dead else "LOST: the target has no dead-letter queue"
    print(
        f"\n*** DELIVERY FAILED *** {delivery.source_arn} -> {delivery.arn}: {message}; {where}\n",
        file=sys.stderr,
        flush=True,
    )
    if dead:
        _keep(delivery, dead, code, message)


def _keep(delivery: Delivery, dead: str, code: str, message: str) -> None:
    attributes = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        "RETRY_ATTEMPTS": str(delivery.attempt),
        "RULE_ARN": delivery.source_arn,
        "TARGET_ARN": delivery.arn,
    }
    try:
        queue = _queue(dead)
        policy = queue.policy if isinstance(queue.policy, str | None) else json.dumps(queue.policy)
        if delivery.principal == "scheduler.amazonaws.com":
            iam.authorize(delivery.target["RoleArn"], "sqs:SendMessage", dead)
        else:
            iam.authorize_service(
                delivery.principal, "sqs:SendMessage", dead, policy, delivery.source_arn
            )
        sqs_backends[ACCOUNT][REGION].send_message(
            queue.name,
            delivery.payload,
            message_attributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )
    except (iam.Denied, TargetGone) as error:
        print(f"\n*** LOST *** {delivery.arn}: {error}\n", file=sys.stderr, flush=True)


def record_unrendered(target: Mapping[str, Any], source_arn: str, message: str) -> None:
    """Bury a delivery whose text could not be made."""
    _bury(Delivery(target, "{}", source_arn), "NotPlayedHere", message)


def failures() -> list[dict[str, str]]:
    """Return the deliveries that failed for good: ``{target, source, error, buried_in}``."""
    with _LOCK:
        return [dict(failure) for failure in _FAILED]


def reset() -> None:
    """Forget failed deliveries."""
    with _LOCK:
        _FAILED.clear()
