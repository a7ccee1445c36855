"""Polls an SQS queue for a function, as Lambda's pollers do.

A message that fails stays invisible for the queue's visibility timeout, on the cloud's clock, and
moves to the dead-letter queue when it is received once too often.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import Any

from moto.sqs.models import sqs_backends

from interlock.local.functions import Functions
from interlock.local.mends import iam

LOG = logging.getLogger(__name__)
_DEFAULT_CONCURRENCY = 5  # Lambda starts with five pollers
_LOOK_AGAIN_SECONDS = 0.1  # real; a message that becomes visible again wakes nobody


class QueuePoller:
    """One mapping of a queue.

    Parameters
    ----------
    properties
        The mapping as its template says it.
    functions
        Invokes the function.
    """

    def __init__(self, properties: Mapping[str, Any], functions: Functions) -> None:
        self._arn: str = properties["EventSourceArn"]
        self._function: str = properties["FunctionName"]
        self._batch_size = int(properties.get("BatchSize", 10))
        self._reports = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
        most = (properties.get("ScalingConfig") or {}).get("MaximumConcurrency")
        self._free = threading.Semaphore(int(most or _DEFAULT_CONCURRENCY))
        self._functions = functions
        self._stopping = threading.Event()
        region, account, name = self._arn.split(":")[3:6]
        self._backend = sqs_backends[account][region]
        self._queue = self._backend.get_queue(name)
        # moto would invoke the function inside SendMessage, once, and lose what fails
        self._queue.lambda_event_source_mappings.clear()
        self._thread = threading.Thread(target=self._run, name=f"poll {name}", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Poll no more; batches under way go on."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._free.acquire()
            batch = self._receive()
            if batch:
                threading.Thread(target=self._handle, args=(batch,), daemon=True).start()
                continue
            self._free.release()
            with self._queue._messages_lock:
                self._queue._messages_lock.wait(_LOOK_AGAIN_SECONDS)

    def _receive(self) -> list[Any]:
        try:
            role = self._functions.resolve(self._function).role
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
                iam.authorize(role, f"sqs:{action}", self._arn)
            with self._queue._messages_lock:  # moto's lists survive no second receiver
                if not self._queue._messages:
                    return []
                received: list[Any] = self._backend.receive_message(
                    self._queue.name, self._batch_size, 0, int(self._queue.visibility_timeout)
                )
                return received
        except iam.Denied as denied:
            LOG.error("the mapping of %s can't poll: %s", self._arn, denied)  # noqa: TRY400
            self._stopping.wait(1)
        except Exception:
            LOG.exception("polling %s", self._arn)
            self._stopping.wait(1)
        return []

    def _handle(self, batch: list[Any]) -> None:
        try:
            records = [self._record(message) for message in batch]
            failed, answer = self._functions.invoke(
                self._function, json.dumps({"Records": records}).encode()
            )
            ids = {message.id for message in batch}
            bad = ids if failed else self._reported(answer, ids)
            if failed and not self._stopping.is_set():
                text = answer[:500].decode(errors="replace")
                LOG.error("%s failed on a batch of %s: %s", self._function, self._arn, text)
            for message in batch:
                if message.id not in bad:
                    with self._queue._messages_lock:
                        self._queue.delete_message(message.receipt_handle)
        except Exception:
            LOG.exception("a batch of %s", self._arn)
        finally:
            self._free.release()

    def _reported(self, answer: bytes, ids: set[str]) -> set[str]:
        """Return the messages that the function's answer says have failed."""
        return reported_failures(answer, ids) if self._reports else set()

    def _record(self, message: Any) -> dict[str, Any]:
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.approximate_receive_count),
                "SentTimestamp": str(message.sent_timestamp),
                "SenderId": message.sender_id,
                "ApproximateFirstReceiveTimestamp": str(
                    message.approximate_first_receive_timestamp
                ),
            },
            "messageAttributes": {
                name: {
                    "stringValue": value.get("StringValue"),
                    "dataType": value["DataType"],
                }
                for name, value in message.message_attributes.items()
            },
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._arn.split(":")[3],
        }


def reported_failures(answer: bytes, ids: set[str]) -> set[str]:
    """Return the ids that a partial batch response names; all of them where it is no such thing.

    Lambda takes null and an empty object as success, and an unknown, empty or missing identifier
    as a failure of the whole batch.
    """
    try:
        found = json.loads(answer or b"null")
        failures = (found or {}).get("batchItemFailures") or []
        named = {failure["itemIdentifier"] for failure in failures}
    except (ValueError, KeyError, TypeError, AttributeError):
        return ids
    if named <= ids:
        return named
    return ids
