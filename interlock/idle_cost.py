"""What a stage costs that does nothing: what its templates charge by the month, and its clock.

Left out: logs, traces, storage, free tiers.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from interlock.prices import Prices

MINUTES_A_MONTH = 60 * 24 * 365 // 12
POLLERS = 5
POLL_SECONDS = 20
"""Lambda polls a queue with five pollers that each wait up to 20 s ("Using Lambda with SQS")."""
MONTHLY = {
    "AWS::SecretsManager::Secret": "secret",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::KMS::Key": "kms_key",
}


@dataclass(frozen=True)
class EmptySweep:
    """What one sweep uses that finds nothing due; as `make bench` measured it on a laptop."""

    milliseconds: Decimal = Decimal(60)
    memory_mb: int = 512
    read_units: Decimal = Decimal(8)
    write_units: Decimal = Decimal(1)


def by_month(
    assembly: Path, prices: Prices, sweep: EmptySweep, *, stage: str = ""
) -> dict[str, Decimal]:
    """Return dollars a month by what they are for, of the templates in *assembly*.

    Parameters
    ----------
    stage
        Only this stage's templates; else all.
    """
    held = held_by(assembly, stage)
    parts = {what: prices.per_month[what] * held.get(kind, 0) for kind, what in MONTHLY.items()}
    minute = (
        prices.requests("scheduler_invocation", 1)
        + prices.requests("lambda_request", 1)
        + prices.compute(sweep.milliseconds, sweep.memory_mb)
        + prices.requests("dynamodb_read_unit", sweep.read_units)
        + prices.requests("dynamodb_write_unit", sweep.write_units)
    )
    polls = POLLERS * 60 // POLL_SECONDS * MINUTES_A_MONTH * _queues_polled(assembly, stage)
    parts["sweep"] = minute * MINUTES_A_MONTH
    parts["queue_polls"] = prices.requests("sqs_request", polls)
    return parts


def held_by(assembly: Path, stage: str = "") -> dict[str, int]:
    """Return how many resources of each kind the templates make."""
    found: dict[str, int] = {}
    for resource in _resources(assembly, stage):
        found[resource["Type"]] = found.get(resource["Type"], 0) + 1
    return found


def _queues_polled(assembly: Path, stage: str) -> int:
    mappings = [
        json.dumps(resource["Properties"]["EventSourceArn"])
        for resource in _resources(assembly, stage)
        if resource["Type"] == "AWS::Lambda::EventSourceMapping"
    ]
    return sum("Stream" not in source for source in mappings)


def _resources(assembly: Path, stage: str) -> Iterator[dict[str, Any]]:
    start = f"interlock-{stage}-" if stage else ""
    for file in sorted(assembly.glob(f"{start}*.template.json")):
        yield from json.loads(file.read_text(encoding="utf-8")).get("Resources", {}).values()
