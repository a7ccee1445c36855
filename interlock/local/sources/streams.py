"""Polls a DynamoDB stream for a function, as Lambda's pollers do: in order, one batch at a time."""

from __future__ import annotations

import collections
import datetime
import json
import logging
import threading
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from interlock.local.clock import Clock
from interlock.local.deploy.resources import Site
from interlock.local.functions import Functions, send_record
from interlock.local.mends import iam
from interlock.local.mends.dynamodb.locks import locked
from interlock.local.sources.queues import reported_failures

LOG = logging.getLogger(__name__)
_BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


KEPT = 250
"""Records that a stream still shows after all who poll it have read them; on AWS, a day's."""
AT_ONCE = 50
"""How many more make trimming worth its while."""


class Records(list[Any]):
    """A shard's records: an append wakes whoever polls, and what all have read is trimmed."""

    def __init__(self, items: list[Any]) -> None:
        super().__init__(items)
        self.trimmed = 0
        """How many are gone; positions count from the stream's beginning."""
        self.pollers: list[StreamPoller] = []

    def append(self, item: Any) -> None:
        """Add a record, and wake who polls."""
        super().append(item)
        for poller in self.pollers:
            poller.wake()

    def batch(self, position: int, most: int) -> list[Any]:
        """Return up to *most* records from *position* on."""
        begin = position - self.trimmed
        return list(self[begin : begin + most])

    def trim(self, shard: Any) -> None:
        """Let go of what *shard* need not show any more, and let it begin behind that."""
        read = min(poller.position for poller in self.pollers) - self.trimmed
        surplus = read - KEPT
        if surplus >= AT_ONCE:
            del self[:surplus]
            shard.starting_sequence_number += surplus
            self.trimmed += surplus


class StreamPoller:
    """One mapping of a table's stream.

    Parameters
    ----------
    properties
        The mapping as its template says it.
    functions
        Invokes the function.
    site
        Where batches go that failed for good.
    """

    def __init__(
        self, properties: Mapping[str, Any], functions: Functions, site: Site, clock: Clock
    ) -> None:
        self._arn: str = properties["EventSourceArn"]
        self._function: str = properties["FunctionName"]
        self._batch_size = int(properties.get("BatchSize", 100))
        self._reports = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
        self._bisects = bool(properties.get("BisectBatchOnFunctionError", False))
        self._retries = int(properties.get("MaximumRetryAttempts", -1))
        self._oldest = float(properties.get("MaximumRecordAgeInSeconds", -1))
        destination = (properties.get("DestinationConfig") or {}).get("OnFailure") or {}
        self._on_failure: str | None = destination.get("Destination")
        self._functions, self._site, self._clock = functions, site, clock
        self._stopping, self._wake = threading.Event(), threading.Event()
        region, account, resource = self._arn.split(":", 5)[3:6]
        table = dynamodb_backends[account][region].get_table(resource.split("/")[1])
        table.lambda_event_source_mappings.clear()  # moto would invoke inside the write
        self._table: str = table.name
        self._shard = table.stream_shard
        with locked([self._table]):
            if not isinstance(self._shard.items, Records):
                self._shard.items = Records(self._shard.items)
            self._records: Records = self._shard.items
            horizon = properties.get("StartingPosition", "TRIM_HORIZON") == "TRIM_HORIZON"
            self.position = self._records.trimmed + (0 if horizon else len(self._records))
            self._records.pollers.append(self)
        self._thread = threading.Thread(target=self._run, name=f"poll {table.name}", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Poll no more."""
        self._stopping.set()
        self._wake.set()
        with locked([self._table]):
            if self in self._records.pollers:
                self._records.pollers.remove(self)

    def wake(self) -> None:
        """Look for records again."""
        self._wake.set()

    def go_on_after(self, former: StreamPoller) -> None:
        """Begin where a former poller of the same stream stands."""
        self.position = former.position

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            with locked([self._table]):
                batch = self._records.batch(self.position, self._batch_size)
            if not batch:
                self._wake.wait()
                continue
            try:
                self._authorize()
                self._process([_record(record) for record in batch])
                with locked([self._table]):
                    self.position += len(batch)
                    if self in self._records.pollers:
                        self._records.trim(self._shard)
            except iam.Denied as denied:
                LOG.error("the mapping of %s can't poll: %s", self._arn, denied)  # noqa: TRY400
                self._stopping.wait(1)
            except Exception:
                LOG.exception("polling %s", self._arn)
                self._stopping.wait(1)

    def _authorize(self) -> None:
        role = self._functions.resolve(self._function).role
        # CreateEventSourceMapping demands all four, on the stream
        for action in ("DescribeStream", "GetShardIterator", "GetRecords", "ListStreams"):
            iam.authorize(role, f"dynamodb:{action}", self._arn)

    def _process(self, records: list[dict[str, Any]]) -> None:
        """Hand over a batch until it is done: retried, split, or given up."""
        work = collections.deque([(records, 0)])
        while work and not self._stopping.is_set():
            batch, attempt = work.popleft()
            left, answer = self._hand_over(batch)
            if not left:
                continue
            if self._bisects and len(left) > 1:  # splitting is not counted as a retry
                middle = len(left) // 2
                work.extendleft([(left[middle:], attempt), (left[:middle], attempt)])
            elif self._spent(left, attempt):
                self._give_up(left, attempt, answer)
                continue
            else:
                work.appendleft((left, attempt + 1))
            backoff = _BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)]
            self._clock.wait(self._stopping, backoff)

    def _hand_over(self, batch: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bytes]:
        """Invoke the function; return the records that are not done, and its answer."""
        failed, answer = self._functions.invoke(
            self._function, json.dumps({"Records": batch}).encode()
        )
        if failed:
            if not self._stopping.is_set():
                text = answer[:500].decode(errors="replace")
                LOG.error("%s failed on a batch of %s: %s", self._function, self._arn, text)
            return batch, answer
        if not self._reports:
            return [], answer
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        bad = reported_failures(answer, set(numbers))
        first = next((i for i, number in enumerate(numbers) if number in bad), len(batch))
        return batch[first:], answer

    def _spent(self, batch: list[dict[str, Any]], attempt: int) -> bool:
        if 0 <= self._retries <= attempt:
            return True
        made = float(batch[0]["dynamodb"]["ApproximateCreationDateTime"])
        return 0 <= self._oldest < self._clock.now() - made

    def _give_up(self, batch: list[dict[str, Any]], attempt: int, answer: bytes) -> None:
        LOG.error("%s gave up %d records of %s", self._function, len(batch), self._arn)
        if self._on_failure is None:
            return
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        record = {
            "version": "1.0",
            "timestamp": self._clock.utcnow().isoformat(),
            "requestContext": {
                "functionArn": self._function,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempt + 1,
            },
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": json.loads(answer or b"null"),
            "DDBStreamBatchInfo": {
                "shardId": self._shard.id,
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(batch),
                "streamArn": self._arn,
            },
        }
        role = self._functions.resolve(self._function).role
        send_record(self._site, role, self._on_failure, record)


def _record(record: Any) -> dict[str, Any]:
    """Return a record as Lambda hands it over: the time as epoch seconds."""
    made: dict[str, Any] = record.to_json()
    moment = made["dynamodb"]["ApproximateCreationDateTime"]
    seconds = moment.replace(tzinfo=datetime.UTC).timestamp()  # moto's moments are naive
    return {**made, "dynamodb": {**made["dynamodb"], "ApproximateCreationDateTime": seconds}}
