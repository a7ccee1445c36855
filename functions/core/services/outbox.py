"""Events leave with the write that caused them: entries of that item, removed once delivered.

An entry is the attribute `event#<id>` of the item. Whoever wrote it delivers at once; sweep
delivers what is left. So an event is never lost, and may come twice, under one event_id.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from functions.core.domain.envelope import BusEvent
from functions.core.domain.expressions import Change, Equals, Ref, Remove, Set, at
from functions.core.ports import Bus, Store

ENTRY = "event#"


def entries(events: Iterable[BusEvent]) -> tuple[Change, ...]:
    """Return the changes that put *events* into the outbox of the item being written."""
    return tuple(Set(name, text) for name, text in put_entries(events).items())


def put_entries(events: Iterable[BusEvent]) -> dict[str, str]:
    """Return the attributes of a new item that hold *events* in its outbox."""
    return {ENTRY + event.event_id: _text(event) for event in events}


def pending(item: Mapping[str, Any] | None) -> list[BusEvent]:
    """Return the events that *item* still has to deliver."""
    return [
        BusEvent(event_id=name.removeprefix(ENTRY), **json.loads(text))
        for name, text in sorted((item or {}).items())
        if name.startswith(ENTRY)
    ]


def deliver(store: Store, bus: Bus, ref: Ref, events: Sequence[BusEvent]) -> int:
    """Deliver *events* of the item at *ref*, and remove those that were taken; return how many.

    A failure leaves the entries where they are: sweep comes for them.
    """
    if not events:
        return 0
    taken = bus.put(events)
    if taken:
        store.update(ref, [Remove(ENTRY + event_id) for event_id in taken])
    return len(taken)


def announce(store: Store, bus: Bus, ref: Ref) -> None:
    """Deliver what the item at *ref* has to announce, and is due for that alone."""
    item = store.get(ref)
    waiting = pending(item)
    if item is None or deliver(store, bus, ref, waiting) < len(waiting):
        return
    done = [Remove("due_at"), Remove("due_bucket")]
    store.update(ref, done, (Equals("due_at", at(item, "due_at")),))


def _text(event: BusEvent) -> str:
    return json.dumps({"detail_type": event.detail_type, "detail": event.detail}, sort_keys=True)
