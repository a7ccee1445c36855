"""Event source mappings: queues and streams that invoke a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Request, changed


class EventSourceMapping(Kind):
    """``AWS::Lambda::EventSourceMapping`` for SQS queues and DynamoDB streams."""

    type = "AWS::Lambda::EventSourceMapping"
    properties = (
        "EventSourceArn",
        "FunctionName",
        "BatchSize",
        "Enabled",
        "StartingPosition",
        "MaximumBatchingWindowInSeconds",
        "FunctionResponseTypes",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "MaximumRecordAgeInSeconds",
        "DestinationConfig",
        "ScalingConfig",
    )
    without_effect = ("Tags", "ParallelizationFactor", "MetricsConfig")

    def create(self, request: Request) -> Made:
        """Make the mapping and begin to poll."""
        # the other properties are the poller's business: moto would only store some of them
        mapping = request.site.client("lambda").create_event_source_mapping(
            **request.get("EventSourceArn", "FunctionName", "StartingPosition"),
            **{name: int(value) for name, value in request.get("BatchSize").items()},
            **request.get("FunctionResponseTypes", "DestinationConfig"),
        )["UUID"]
        request.site.mappings.start(mapping, request.properties)
        return Made(mapping, {"Id": mapping, "EventSourceMappingArn": mapping})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Go on with the new properties; another source needs another mapping."""
        if changed(old, request.properties) & {"EventSourceArn", "StartingPosition"}:
            return None
        request.site.mappings.start(made.ref, request.properties)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Poll no more."""
        request.site.mappings.stop(made.ref)
        request.site.client("lambda").delete_event_source_mapping(UUID=made.ref)
