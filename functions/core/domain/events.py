"""Our own events on the bus: their form, their stable ids, and how they are signed.

The signature lets the door recognise a foreign event that claims our source.
"""

from typing import Any

from functions.core.domain.canonical import canonical, digest
from functions.core.domain.envelope import SCHEMA_VERSION, BusEvent
from functions.core.domain.keys import Keyring, mac, same

SIGNATURE = "interlock_mac"
_ADDED = (SIGNATURE, "schema_version", "event_id")


def make(
    detail_type: str,
    detail: dict[str, Any],
    *,
    cause: str,
    hops: int = 0,
    keys: Keyring | None = None,
) -> BusEvent:
    """Return the event that *cause* gives rise to.

    Parameters
    ----------
    cause
        What happened, once: the event's id is a function of it and of *detail_type*.
    keys
        Given where a workflow may be triggered by the event: it is signed then.
    """
    event_id = digest([cause, detail_type])[:32]
    said = {**detail, "schema_version": SCHEMA_VERSION, "hops": hops, "event_id": event_id}
    if keys is not None:
        said[SIGNATURE] = mac(keys.emits, canonical(said).decode())
    return BusEvent(event_id=event_id, detail_type=detail_type, detail=said)


def unsigned(keys: Keyring, detail: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a signed *detail* says, hops included; None if we did not sign it."""
    given = detail.get(SIGNATURE)
    said = {name: value for name, value in detail.items() if name != SIGNATURE}
    if not isinstance(given, str) or not same(given, mac(keys.emits, canonical(said).decode())):
        return None
    return {name: value for name, value in said.items() if name not in _ADDED}
