"""SQS queues and their policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Put, Request, changed, fitting, text

_ATTRIBUTES = (
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "MaximumMessageSize",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
)


class Queue(Kind):
    """``AWS::SQS::Queue``."""

    type = "AWS::SQS::Queue"
    properties = ("QueueName", *_ATTRIBUTES)

    def create(self, request: Request) -> Made:
        """Make the queue."""
        name = request.properties.get("QueueName") or fitting(request.name, 80)
        url = request.site.client("sqs").create_queue(
            QueueName=name, Attributes=_attributes(request)
        )["QueueUrl"]
        arn = request.site.arn("sqs", name)
        return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Set the attributes; the name and FIFO can't be changed."""
        if changed(old, request.properties) & {"QueueName", "FifoQueue"}:
            return None
        request.site.client("sqs").set_queue_attributes(
            QueueUrl=made.ref, Attributes=_attributes(request)
        )
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove the queue with what is in it."""
        request.site.client("sqs").delete_queue(QueueUrl=made.ref)


class QueuePolicy(Put):
    """``AWS::SQS::QueuePolicy``."""

    type = "AWS::SQS::QueuePolicy"
    properties = ("Queues", "PolicyDocument")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Put the policy on each queue."""
        for url in request.properties["Queues"]:
            request.site.client("sqs").set_queue_attributes(
                QueueUrl=url, Attributes={"Policy": text(request.properties["PolicyDocument"])}
            )
        return Made(request.name)

    def delete(self, request: Request, made: Made) -> None:  # noqa: ARG002
        """Remove the policy from each queue."""
        for url in request.properties["Queues"]:
            request.site.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


def _attributes(request: Request) -> dict[str, str]:
    def plain(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return json.dumps(value) if isinstance(value, dict) else str(value)

    return {name: plain(value) for name, value in request.get(*_ATTRIBUTES).items()}
