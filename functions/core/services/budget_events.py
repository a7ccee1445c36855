"""What a budget announces: thresholds that were crossed, and that it was exceeded; once each.

An announcement is an entry of the pool's item (`told#<what>`) and leaves through its outbox:
sweep delivers, since whoever prepares a call can't.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from functions.core.domain.events import make
from functions.core.domain.expressions import Absent, Equals, Item, Remove, Set
from functions.core.domain.ledger import text
from functions.core.domain.run import due_bucket
from functions.core.ports import Store
from functions.core.services import outbox
from functions.core.services.funds import Budget

EXCEEDED: Final = "exceeded"
TOLD: Final = "told#"


def crossed(item: Item, used: Decimal) -> list[str]:
    """Return the thresholds of a pool's *item* that *used* dollars have reached."""
    limit = Decimal(item.get("limit", 0))
    return [share for share in item.get("thresholds", ()) if limit * Decimal(share) <= used]


def tell(store: Store, budget: Budget, whats: Sequence[str], now: str) -> None:
    """Announce each of *whats* that was not yet, in this period and under this limit."""
    pool, item = budget.pool, budget.item
    for what in whats:
        if TOLD + what in item:
            continue
        facts = {
            "scope": pool.scope,
            "period": pool.period,
            "limit_usd": text(Decimal(item["limit"])),
            "used_usd": text(budget.used),
        }
        if what == EXCEEDED:
            name = "Budget Exceeded"
        else:
            name, facts = "Budget Threshold Crossed", {**facts, "threshold": what}
        event = make(name, facts, cause=f"{pool.pk}/{what}/{item['change']}")
        due = [Set("due_at", now), Set("due_bucket", due_bucket(pool.pk))]
        when = (Absent(TOLD + what), Equals("change", item["change"]))
        store.update(pool.ref, [Set(TOLD + what, now), *due, *outbox.entries([event])], when)


def forgotten(item: Item, limit: Decimal, used: Decimal) -> list[Remove]:
    """Return the changes that let what a new *limit* undoes be announced again."""
    still = crossed({**item, "limit": limit}, used)
    names = [name for name in item if name.startswith(TOLD)]
    return [Remove(name) for name in sorted(names) if name.removeprefix(TOLD) not in still]
