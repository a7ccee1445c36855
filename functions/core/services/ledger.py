"""The ledger: reserve, settle, expire (CONTRACTS: ledger), one level of budgets.

Invariant at every write: pool + sum(avail + open + settled + unconfirmed) = limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.core.domain.errors import BudgetBusy, BudgetExceeded
from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Equals,
    Increase,
    Item,
    Move,
    Present,
    Ref,
    Remove,
    Set,
    SetOnce,
    SmallerThan,
    at,
)
from functions.core.domain.ledger import OPEN_LIMIT, Place
from functions.core.domain.names import AttemptName
from functions.core.domain.run import due_bucket
from functions.core.ports import Store

ROUNDS = 3
"""Times a call moves money between shards before it says BUDGET_BUSY."""
SLICE = 16
"""Worst cases that a shard is given at once, while the pool has as much for each of them: moving
money takes three more calls, so it has to be rare."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class Grant:
    """What the budget definition says of a scope."""

    scope: str
    limit: Decimal
    shards: int


class Ledger:
    """Money of one stage."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open_period(self, place: Place, grant: Grant) -> None:
        """Make a period's pool and shards where they don't exist yet."""
        pool = {"limit": grant.limit, "avail": grant.limit, "shards": grant.shards, "change": ""}
        for shard in range(grant.shards):
            empty: Item = {"avail": ZERO, "settled": ZERO, "unconfirmed": ZERO, "open": {}}
            self._store.put(place.sibling(shard), empty, (Absent("pk"),))
        self._store.put(place.pool, pool, (Absent("pk"),))

    def reserve(self, attempt: AttemptName, grant: Grant, worst: Decimal, *, until: str) -> Place:
        """Set *worst* dollars aside for *attempt*.

        Returns
        -------
        Place
            Where it lies; a function of the attempt's name.

        Raises
        ------
        BudgetBusy
            The money exists but is in flight, or the shard is full.
        BudgetExceeded
            One transactional read found less than *worst* free and in flight together.
        """
        place = Place.of(attempt, scope=grant.scope, shards=grant.shards)
        for round_ in range(ROUNDS):
            if self._set_aside(place, attempt, worst, until):
                return place
            self._bring_money(place, attempt, grant, worst, round_)
        raise BudgetBusy(f"{ROUNDS} rounds found the money moving")

    def _set_aside(self, place: Place, attempt: AttemptName, worst: Decimal, until: str) -> bool:
        name = str(attempt)
        entry = {"worst": worst, "until": until}
        written = self._store.update(
            place.ref,
            [
                Increase("avail", -worst),
                Set(("open", name), entry),
                SetOnce("due_at", until),
                Set("due_bucket", due_bucket(place.pk)),
            ],
            (AtLeast("avail", worst), Absent(("open", name)), SmallerThan("open", OPEN_LIMIT)),
        )
        if written.done or at(written.item, ("open", name)) is not None:
            return True
        if written.item is not None and len(written.item["open"]) >= OPEN_LIMIT:
            raise BudgetBusy(f"shard {place.shard} holds {OPEN_LIMIT} open reservations")
        return False

    def _bring_money(
        self, place: Place, attempt: AttemptName, grant: Grant, worst: Decimal, round_: int
    ) -> None:
        pool, shards = self._look(place, grant)
        free = Decimal(pool["avail"])
        lies = [Decimal(shard["avail"]) for shard in shards]
        if free + sum(lies, ZERO) < worst:
            if free + sum(lies, ZERO) + sum((_in_flight(shard) for shard in shards), ZERO) < worst:
                raise BudgetExceeded(f"the worst case does not fit what {grant.scope} has left")
            raise BudgetBusy("the money is in flight")
        need = worst - lies[place.shard]
        for shard, amount in enumerate(lies):
            if shard != place.shard and free < need and amount > 0:
                token = f"{attempt.nonce}{round_}{shard}"
                if self._move(place.sibling(shard), place.pool, amount, token):
                    free += amount
        if need > 0:
            slice_ = worst * SLICE
            brought = max(need, slice_) if slice_ * grant.shards <= free else need
            self._move(place.pool, place.ref, brought, f"{attempt.nonce}{round_}in")

    def _look(self, place: Place, grant: Grant) -> tuple[Item, list[Item]]:
        """Return pool and shards as of one instant; makes what a new period or shard lacks."""
        refs = [place.pool, *(place.sibling(shard) for shard in range(grant.shards))]
        found = self._store.snapshot(refs)
        if None in found:
            self.open_period(place, grant)
            found = self._store.snapshot(refs)
        pool, *shards = (item or {"avail": ZERO, "open": {}} for item in found)
        return pool, shards

    def _move(self, source: Ref, target: Ref, amount: Decimal, token: str) -> bool:
        return self._store.transact(
            [
                Move(source, (Increase("avail", -amount),), (AtLeast("avail", amount),)),
                Move(target, (Increase("avail", amount),), (Present("avail"),)),
            ],
            token=token,
        )

    def settle(self, place: Place, attempt: str, worst: Decimal, actual: Decimal) -> None:
        """Book what *attempt* cost and free the rest; finding it gone counts as done."""
        self._book(place, attempt, [Increase("settled", actual), Increase("avail", worst - actual)])

    def release(self, place: Place, attempt: str, worst: Decimal) -> None:
        """Free the reservation of an attempt that never sent and never will."""
        self._book(place, attempt, [Increase("avail", worst)])

    def unconfirmed(self, place: Place, attempt: str, worst: Decimal) -> None:
        """Book at worst case what a dead sender may have spent."""
        self._book(place, attempt, [Increase("unconfirmed", worst)])

    def _book(self, place: Place, attempt: str, changes: Sequence[Any]) -> None:
        path = ("open", attempt)
        self._store.update(place.ref, [Remove(path), *changes], (Present(path),))

    def expired(self, ref: Ref, now: str) -> list[tuple[str, Decimal]]:
        """Return (attempt, worst case) of the reservations of a shard whose time is over."""
        entries = at(self._store.get(ref), "open") or {}
        return [(n, Decimal(e["worst"])) for n, e in sorted(entries.items()) if e["until"] < now]

    def reschedule(self, ref: Ref) -> None:
        """Set when sweep has to look at a shard again: at its earliest entry."""
        item = self._store.get(ref)
        due = at(item, "due_at")
        if due is None:
            return
        earliest = min((entry["until"] for entry in at(item, "open").values()), default=None)
        if earliest is None:
            clear = [Remove("due_at"), Remove("due_bucket")]
            self._store.update(ref, clear, (Equals("due_at", due), SmallerThan("open", 1)))
        elif earliest > due:
            self._store.update(ref, [Set("due_at", earliest)], (Equals("due_at", due),))


def _in_flight(shard: Item) -> Decimal:
    return sum((Decimal(entry["worst"]) for entry in shard["open"].values()), ZERO)
