"""Emergency stops: switches that the gate of every send reads."""

from functions.core.domain.events import make
from functions.core.domain.expressions import Set
from functions.core.domain.run import due_bucket
from functions.core.domain.timestamps import iso
from functions.core.ports import Bus, Clock, Store
from functions.core.services import outbox
from functions.core.services.sending import stop_ref


def set_stop(
    store: Store, bus: Bus, clock: Clock, *, scope: str, stopped: bool, by: str, why: str
) -> bool:
    """Set or clear the stop of *scope*, and announce it; False if it already was so."""
    ref = stop_ref(scope)
    now = iso(clock.now())
    held = store.get(ref)
    if bool((held or {}).get("stopped")) == stopped:
        return False
    facts = {"scope": scope, "by": by, "why": why}
    name = "Emergency Stop Set" if stopped else "Emergency Stop Cleared"
    event = make(name, facts, cause=f"{scope}/{now}")
    changes = [Set("stopped", stopped), Set("at", now), Set("by", by), Set("why", why)]
    due = [Set("due_at", now), Set("due_bucket", due_bucket(ref.pk))]
    store.update(ref, [*changes, *due, *outbox.entries([event])])
    outbox.announce(store, bus, ref)
    return True
