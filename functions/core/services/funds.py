"""Money on its way between budgets: down from a level to the one below, back, and onto shards.

Every step moves between two items in one transaction, so that whoever dies between two leaves
all money on record. Invariant of each pool at every write:
avail + withheld + granted_down + sum(its shards' avail + open + settled + unconfirmed) = limit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Change,
    Increase,
    Item,
    Move,
    Present,
    Ref,
    Remove,
    Set,
    SetOnce,
)
from functions.core.domain.grants import Level
from functions.core.domain.ledger import Pool
from functions.core.ports import Store

ZERO: Final = Decimal(0)
AT_ONCE: Final = 100
"""Items that one TransactGetItems reads at most (DynamoDB, service quotas)."""
_LOOKS: Final = 6
"""Times a tree is read until nothing was added to it meanwhile."""


@dataclass
class Budget:
    """A budget as it was at one instant, with those that it grants into."""

    pool: Pool
    item: Item
    shards: list[Item] = field(default_factory=list)
    below: "list[Budget]" = field(default_factory=list)

    @property
    def avail(self) -> Decimal:
        """What lies free in the pool."""
        return Decimal(self.item.get("avail", 0))

    @property
    def withheld(self) -> Decimal:
        """What the level above may still grant into it; nothing where none is above."""
        return Decimal(self.item.get("withheld", 0))

    @property
    def free(self) -> Decimal:
        """What lies free in it and below."""
        lies = sum((Decimal(shard["avail"]) for shard in self.shards), self.avail)
        return sum((one.free for one in self.below), lies)

    @property
    def in_flight(self) -> Decimal:
        """What is reserved in it and below, and may come back."""
        own = sum(map(reserved, self.shards), ZERO)
        return sum((one.in_flight for one in self.below), own)

    @property
    def used(self) -> Decimal:
        """What was spent in it and below, for certain or at worst."""
        own = sum((Decimal(s["settled"]) + Decimal(s["unconfirmed"]) for s in self.shards), ZERO)
        return sum((one.used for one in self.below), own)

    def path(self, names: Sequence[str]) -> "list[Budget]":
        """Return the budgets of *names* (the top one last), lowest first."""
        path = [self]
        for name in reversed(names[:-1]):
            path.insert(0, next(one for one in path[0].below if one.pool.name == name))
        return path


def reserved(shard: Item) -> Decimal:
    """Return what the open reservations of a shard hold."""
    return sum((Decimal(entry["worst"]) for entry in shard["open"].values()), ZERO)


class Tokens:
    """Client tokens of one caller's moves: one a move, the same when it is repeated."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._count = prefix, 0

    def next(self) -> str:
        """Return the next one."""
        self._count += 1
        return f"{self._prefix}{self._count:x}"


class Funds:
    """Budgets as a whole: read at one instant, opened, and moved between."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # reading

    def level(self, levels: Sequence[Level], shards: int) -> tuple[list[Item | None], list[Item]]:
        """Return the pools of *levels* and the shards of the first, as of one instant."""
        lowest = levels[0].pool
        refs = [level.pool.ref for level in levels]
        found = self._store.snapshot([*refs, *(lowest.shard(n) for n in range(shards))])
        return found[: len(refs)], [item or {} for item in found[len(refs) :]]

    def tree(self, top: Pool) -> tuple[Budget, bool]:
        """Return *top* and all below it, and whether all of it was seen at one instant."""
        asked: list[Ref] = [top.ref]
        items: dict[Ref, Item] = {}
        for _ in range(_LOOKS):
            items = self._read(asked)
            wanted = list(_refs(top, items))
            if set(wanted) <= set(asked):
                return _built(top, items), len(asked) <= AT_ONCE
            asked = wanted
        return _built(top, items), False

    def _read(self, refs: Sequence[Ref]) -> dict[Ref, Item]:
        found: dict[Ref, Item] = {}
        for first in range(0, len(refs), AT_ONCE):
            part = refs[first : first + AT_ONCE]
            items = zip(part, self._store.snapshot(part), strict=True)
            found |= {ref: item for ref, item in items if item is not None}
        return found

    # opening

    def open(self, levels: Sequence[Level]) -> None:
        """Make what *levels* lack of their period: those above first, which name those below."""
        for position in reversed(range(len(levels))):
            level = levels[position]
            above = levels[position + 1].pool if position + 1 < len(levels) else None
            self._open(level, above)

    def _open(self, level: Level, above: Pool | None) -> None:
        grant, pool = level.grant, level.pool
        if above is not None:
            self._register(pool, above)
        for number in range(grant.shards):
            empty: Item = {"avail": ZERO, "settled": ZERO, "unconfirmed": ZERO, "open": {}}
            self._store.put(pool.shard(number), empty, (Absent("pk"),))
        item: Item = {
            "limit": grant.limit,
            "avail": grant.limit if above is None else ZERO,
            "shards": grant.shards,
            "change": "",
            "granted_down": ZERO,
            "below": {},
            "thresholds": list(grant.thresholds),
            "ends_at": level.ends_at,
        }
        if above is not None:
            item |= {"withheld": grant.limit, "above": above.name}
        self._store.put(pool.ref, item, (Absent("pk"),))

    def widen(self, level: Level) -> None:
        """Let the pool know of the shards that a larger definition added."""
        wider = (Set("shards", level.grant.shards),)
        self._store.update(level.pool.ref, wider, (Present("avail"),))

    def _register(self, pool: Pool, above: Pool) -> None:
        """Let the level above know of *pool* before it can hold anything."""
        entry = Set(("below", pool.name), "")
        if not self._store.update(above.ref, [entry], (Present("below"),)).done:
            # a pool that a release without levels made
            maps = [SetOnce("below", {}), SetOnce("granted_down", ZERO)]
            self._store.update(above.ref, maps, (Present("avail"),))
            self._store.update(above.ref, [entry], (Present("below"),))

    def retire(self, above: Pool, before: str, tokens: Tokens) -> None:
        """Bring home what periods that were over *before* have left, and forget them."""
        tree, _ = self.tree(above)
        for one in tree.below:
            ended = one.item.get("ends_at", "")
            if ended and ended < before:
                left, held = one.free, one.in_flight
                if self.recall(one, tree.pool, left, tokens) == left and not held:
                    self._store.update(above.ref, [Remove(("below", one.pool.name))])

    # moving

    def spread(self, pool: Pool, shard: int, amount: Decimal, token: str) -> bool:
        """Move *amount* from a pool to one of its shards."""
        return self._between(pool.ref, pool.shard(shard), amount, token)

    def gather(self, pool: Pool, shard: int, amount: Decimal, token: str) -> bool:
        """Move *amount* from a shard to its pool."""
        return self._between(pool.shard(shard), pool.ref, amount, token)

    def grant(self, above: Pool, below: Pool, amount: Decimal, token: str) -> bool:
        """Move *amount* from a pool to that of the level below, within that one's limit."""
        return self._store.transact(
            [
                _taking(above, "avail", amount, Increase("granted_down", amount)),
                _taking(below, "withheld", amount, Increase("avail", amount)),
            ],
            token=token,
        )

    def give_back(self, below: Pool, above: Pool, amount: Decimal, token: str) -> bool:
        """Move *amount* from a pool back to that of the level above."""
        return self._store.transact(
            [
                _taking(below, "avail", amount, Increase("withheld", amount)),
                _taking(above, "granted_down", amount, Increase("avail", amount)),
            ],
            token=token,
        )

    def collect(self, one: Budget, need: Decimal, tokens: Tokens, *, spare: int = -1) -> Decimal:
        """Bring up to *need* together in the pool of *one*, from its shards and from below.

        Parameters
        ----------
        spare
            The shard that keeps what it has.

        Returns
        -------
        Decimal
            What the pool has then, as far as is known.
        """
        have = one.avail
        for number, shard in enumerate(one.shards):
            amount = Decimal(shard["avail"])
            if number != spare and have < need and amount > 0:
                have += amount if self.gather(one.pool, number, amount, tokens.next()) else 0
        for below in one.below:
            if have < need:
                have += self.recall(below, one.pool, need - have, tokens)
        return have

    def recall(self, one: Budget, above: Pool, need: Decimal, tokens: Tokens) -> Decimal:
        """Bring up to *need* of what lies free in *one* home to the level above; return it."""
        amount = min(need, self.collect(one, need, tokens))
        if amount > 0 and self.give_back(one.pool, above, amount, tokens.next()):
            return amount
        return ZERO

    def _between(self, source: Ref, target: Ref, amount: Decimal, token: str) -> bool:
        return self._store.transact(
            [
                Move(source, (Increase("avail", -amount),), (AtLeast("avail", amount),)),
                Move(target, (Increase("avail", amount),), (Present("avail"),)),
            ],
            token=token,
        )


def _taking(pool: Pool, name: str, amount: Decimal, also: Change) -> Move:
    """Return the part of a transaction that takes *amount* off an attribute that has as much."""
    return Move(pool.ref, (Increase(name, -amount), also), (AtLeast(name, amount),))


def _refs(pool: Pool, items: Mapping[Ref, Item]) -> Iterator[Ref]:
    yield pool.ref
    item = items.get(pool.ref, {})
    yield from (pool.shard(number) for number in range(int(item.get("shards", 0))))
    for name in sorted(item.get("below", {})):
        yield from _refs(Pool.named(name), items)


def _built(pool: Pool, items: Mapping[Ref, Item]) -> Budget:
    item = items.get(pool.ref, {})
    numbers = range(int(item.get("shards", 0)))
    shards = [items[pool.shard(n)] for n in numbers if pool.shard(n) in items]
    below = [_built(Pool.named(name), items) for name in sorted(item.get("below", {}))]
    return Budget(pool, item, shards, below)
