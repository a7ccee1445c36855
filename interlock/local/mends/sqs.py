"""Queues: polled, not pushed; time-outs on the clock.

moto 5.2.5 invokes a mapped function inside SendMessage, once, and loses what fails.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend

from interlock.local.clock import current


def mend_mappings() -> None:
    """Leave mapped functions to the poller (see the module's docstring)."""
    Queue.lambda_event_source_mappings = property(lambda _self: {}, lambda _self, _value: None)


def mend_retention() -> None:
    """Check a message's age with one subtraction.

    moto 5.2.5 (`is_message_valid_based_on_retention_period`) builds dates for each message of a
    queue on each receive.
    """

    def valid(self: Any, queue_name: str, message: Any) -> bool:
        seconds = self.queues[queue_name].attributes.get("MessageRetentionPeriod")
        if not seconds:
            return True
        age = current().now() - message.sent_timestamp / 1000
        return bool(age < int(seconds))

    SQSBackend.is_message_valid_based_on_retention_period = valid


def _watchers(queue: Any) -> set[threading.Event]:
    found: set[threading.Event] = queue.__dict__.setdefault("interlock_watchers", set())
    return found


def _lock(queue: Any) -> Any:
    return queue._messages_lock  # moto's own, which it holds only to append; re-entrant


def _next_visible(queue: Any) -> float | None:
    """Return when the next hidden message of a queue shows itself, in epoch seconds."""
    now = current().now()
    moments = [max(m.visible_at or 0, m.delayed_until or 0) / 1000 for m in list(queue._messages)]
    return min((moment for moment in moments if moment > now), default=None)


def wait_for_message(queue: Any, until: float) -> None:
    """Wait on the clock until a message arrives, shows itself again, or `until` has come."""
    woken = threading.Event()
    _watchers(queue).add(woken)
    try:
        shown = _next_visible(queue)
        end = until if shown is None else min(until, shown)
        if not any(message.visible for message in queue.messages):
            current().wait(woken, end - current().now())
    finally:
        _watchers(queue).discard(woken)


def mend_receive() -> None:
    """Hand a message to one receiver, and let a long poll wait on the clock.

    moto 5.2.5 (`receive_message`) looks and marks without a lock, so that two receivers get one
    message, and its long poll waits on the machine's time.
    """
    original = SQSBackend.receive_message

    def receive(
        self: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> Any:
        queue = self.get_queue(queue_name)
        deadline = current().now() + (wait_seconds_timeout or 0)
        while True:
            with _lock(queue):
                found = original(
                    self, queue_name, count, 0, visibility_timeout, message_attribute_names
                )
            if found or current().now() >= deadline:
                return found
            wait_for_message(queue, deadline)

    SQSBackend.receive_message = receive


def mend_list() -> None:
    """Add and delete messages under the queue's lock, and wake those who wait for one.

    moto 5.2.5 (`Queue.delete_message`) builds a new list without a lock: a message that is added
    meanwhile is lost.
    """
    add, delete = Queue.add_message, Queue.delete_message

    def added(self: Any, message: Any) -> None:
        with _lock(self):
            add(self, message)
        for woken in list(_watchers(self)):
            woken.set()

    def deleted(self: Any, receipt_handle: str) -> None:
        with _lock(self):
            delete(self, receipt_handle)

    Queue.add_message = added
    Queue.delete_message = deleted


def mend_visible() -> None:
    """Show a message at the very moment its visibility time-out ends, where a tick may stop.

    moto 5.2.5 (`Message.visible`) shows it only after that moment.
    """
    Message.visible = property(lambda self: current().now() * 1000 >= self.visible_at)


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_mappings()
    mend_retention()
    mend_receive()
    mend_list()
    mend_visible()
