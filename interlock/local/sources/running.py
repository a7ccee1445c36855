"""The mappings of a cloud that are polled now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from interlock.local.sources.queues import QueuePoller
from interlock.local.sources.streams import StreamPoller

Poller = QueuePoller | StreamPoller


class RunningMappings:
    """Starts and stops pollers; holds them back until a deployment is done.

    Parameters
    ----------
    queue, stream
        Make the poller of a mapping.
    """

    def __init__(
        self,
        queue: Callable[[Mapping[str, Any]], QueuePoller],
        stream: Callable[[Mapping[str, Any]], StreamPoller],
    ) -> None:
        self._queue = queue
        self._stream = stream
        self._pollers: dict[str, Poller] = {}
        self._waiting: list[Poller] = []

    def start(self, mapping_id: str, properties: Mapping[str, Any]) -> None:
        """Poll a mapping once the deployment is done, or with other properties than before."""
        former = self._ended(mapping_id)
        if str(properties.get("Enabled", True)).lower() != "true":
            return
        poller: Poller
        if properties["EventSourceArn"].split(":")[2] == "sqs":
            poller = self._queue(properties)
        else:
            poller = self._stream(properties)
            if isinstance(former, StreamPoller):
                poller.go_on_after(former)
        self._pollers[mapping_id] = poller
        self._waiting.append(poller)

    def stop(self, mapping_id: str) -> None:
        """Poll a mapping no more, nor once the deployment is done."""
        self._ended(mapping_id)

    def _ended(self, mapping_id: str) -> Poller | None:
        poller = self._pollers.pop(mapping_id, None)
        if poller is not None:
            poller.stop()
            self._waiting = [waiting for waiting in self._waiting if waiting is not poller]
        return poller

    def release(self) -> None:
        """Let what the deployment made begin to poll."""
        waiting, self._waiting = self._waiting, []
        for poller in waiting:
            poller.start()

    def close(self) -> None:
        """Poll nothing any more."""
        for poller in self._pollers.values():
            poller.stop()
