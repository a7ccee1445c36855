"""EventBridge behind the bus port."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from functions.core.domain.envelope import SOURCE, BusEvent

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient

ENTRIES = 10
"""PutEvents takes no more at once."""


class EventBridgeBus:
    """One event bus, on which we are the source `interlock`."""

    def __init__(self, client: "EventBridgeClient", bus: str) -> None:
        self._client = client
        self._bus = bus

    def put(self, events: Sequence[BusEvent]) -> list[str]:
        """Put *events*; return the ids of those that were taken."""
        taken: list[str] = []
        for start in range(0, len(events), ENTRIES):
            batch = events[start : start + ENTRIES]
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": SOURCE,
                        "DetailType": event.detail_type,
                        "Detail": json.dumps(event.detail, sort_keys=True),
                    }
                    for event in batch
                ]
            )
            results = zip(batch, answer["Entries"], strict=True)
            taken += [event.event_id for event, result in results if result.get("EventId")]
        return taken
