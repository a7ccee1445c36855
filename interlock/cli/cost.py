"""What a run cost on AWS: an estimate, from its histories and what is on record.

Step Functions and Lambda are counted; requests to the stores are computed from what the
services write for a run of this shape (functions/core/services), from the sizes of its items.
Left out: logs, traces, storage, data transfer, free tiers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.core.domain.canonical import canonical
from functions.core.domain.references import FIELD
from functions.core.domain.step import attempts
from interlock.cli.histories import Histories, Invoked
from interlock.prices import Prices

MEMORY_MB = 512
"""Where a function's memory is not known: the platform's usual setting."""
MICRO_CENT = Decimal("0.000000001")

RUN_WRITES = 6
"""Of the run's item: put, admit, event out, close, events out, settled."""
RUN_INDEX_WRITES = 9
"""by_due at each change of due_at, by_day at each change of status."""
RUN_READS = 30
"""Label at the door, stops and pins at admission (transactional), run and steps at the end."""
ATTEMPT_WRITES = 4
"""The mark, and the outcome that closes it; each lies in a transaction, and counts twice."""
ATTEMPT_RECORDS = 2
"""What those transactions put on record, counted once more than other records."""
PRICED_WRITES = 4
"""Reserve and settle on a shard, with its by_due index."""
ATTEMPT_READS = 9
"""The run's item, then the gate: four items in one transactional read."""
INTAKE_REQUESTS = 3
"""Send, receive, delete."""
EVENTS = 3
"""The event itself, Run Started, and how it ended; what `emits` declares comes on top."""
AI_OBJECTS = 2
"""Prompt and answer."""


@dataclass(frozen=True)
class Estimate:
    """Dollars by service."""

    step_functions: Decimal
    compute: Decimal
    stores: Decimal
    objects: Decimal
    events: Decimal
    prices: Prices

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.step_functions + self.compute + self.stores + self.objects + self.events

    def as_json(self) -> dict[str, Any]:
        """Return it as decimal text."""
        return {
            "estimate": True,
            "usd": _text(self.total),
            "lambda_usd": _text(self.compute),
            "step_functions_usd": _text(self.step_functions),
            "dynamodb_usd": _text(self.stores),
            "s3_usd": _text(self.objects),
            "events_and_queues_usd": _text(self.events),
            "region": self.prices.region,
            "prices_as_of": self.prices.as_of.isoformat(),
            "prices_source": self.prices.source,
        }


@dataclass(frozen=True)
class OnRecord:
    """What the stores hold of a run."""

    run: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    records: int
    """Of evidence, all chains."""
    emits: int = 0
    """Events that the workflow declares."""


def estimate(
    histories: Histories, on_record: OnRecord, prices: Prices, memory_mb: Mapping[str, int]
) -> Estimate:
    """Estimate what a run cost.

    Parameters
    ----------
    memory_mb
        Of each function, by name; others count as `MEMORY_MB`.
    """
    invoked = [*histories.invoked, *_unseen(histories.invoked)]
    return Estimate(
        step_functions=prices.requests("state_transition", histories.transitions),
        compute=sum(
            (
                prices.requests("lambda_request", 1)
                + prices.compute(call.milliseconds, memory_mb.get(call.function, MEMORY_MB))
                for call in invoked
            ),
            Decimal(0),
        ),
        stores=_stores(on_record, prices),
        objects=_objects(on_record, prices),
        events=prices.requests("sqs_request", INTAKE_REQUESTS)
        + prices.requests("eventbridge_event", EVENTS + on_record.emits),
        prices=prices,
    )


def _unseen(invoked: Sequence[Invoked]) -> list[Invoked]:
    """Return the two that no history shows: the door, and the copying of evidence."""
    if not invoked:
        return []
    usual = round(sum(call.milliseconds for call in invoked) / len(invoked))
    return [Invoked("receive_event", usual), Invoked("copy_evidence", usual)]


def _stores(on_record: OnRecord, prices: Prices) -> Decimal:
    writes = RUN_WRITES * _kilobytes(on_record.run) + RUN_INDEX_WRITES + on_record.records
    reads = RUN_READS + len(on_record.steps)
    for step in on_record.steps:
        for attempt in attempts(step):
            priced = Decimal(str(attempt.facts.get("usd", "0"))) > 0
            writes += ATTEMPT_WRITES * _kilobytes(step) + ATTEMPT_RECORDS
            writes += PRICED_WRITES if priced else 0
            reads += ATTEMPT_READS
    return prices.requests("dynamodb_write_unit", writes) + prices.requests(
        "dynamodb_read_unit", reads
    )


def _objects(on_record: OnRecord, prices: Prices) -> Decimal:
    asked = sum(len(list(attempts(s))) for s in on_record.steps if s.get("kind") == "ai_task")
    said = [on_record.run.get("input"), *(step.get("answer") for step in on_record.steps)]
    kept = sum(str(text).count(FIELD) for text in said)
    puts = on_record.records + AI_OBJECTS * asked + kept
    return prices.requests("s3_put", puts) + prices.requests("s3_get", AI_OBJECTS * asked + kept)


def _kilobytes(item: Mapping[str, Any]) -> int:
    size = len(canonical({name: str(value) for name, value in item.items()}))
    return math.ceil(size / 1024)


def _text(amount: Decimal) -> str:
    return format(amount.quantize(MICRO_CENT).normalize() + 0, "f")
