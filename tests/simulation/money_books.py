"""What is held against the ledger at every write, worked out from its items alone."""

from datetime import datetime
from decimal import Decimal

from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.grants import Grant
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Kernel


class Reach:
    """What a call in a budget could have at one instant, worked out from the items alone."""

    def __init__(self, store: MemoryStore, grant: Grant, moment: datetime) -> None:
        self._store = store
        self._path = [level.pool.name for level in grant.levels(moment)]
        self._limits = [level.grant.limit for level in grant.levels(moment)]
        pools = [i for i in store.items(Table.LEDGER) if i["sk"] == "pool"]
        self._pools = {i["pk"].removeprefix("budget#"): i for i in pools}

    def look(self) -> tuple[Decimal, Decimal]:
        """Return what is free for it, and with what is in flight."""
        return self._up_to(0, in_flight=False), self._up_to(0, in_flight=True)

    def _up_to(self, position: int, *, in_flight: bool) -> Decimal:
        name, last = self._path[position], position + 1 == len(self._path)
        own = self._within(name, in_flight=in_flight)
        if last:
            return own if name in self._pools else self._limits[position]
        withheld = self._pools.get(name, {}).get("withheld", self._limits[position])
        return own + min(withheld, self._up_to(position + 1, in_flight=in_flight) - own)

    def _within(self, name: str, *, in_flight: bool) -> Decimal:
        if name not in self._pools:
            return Decimal(0)
        shards = self._store.query(Table.LEDGER, f"budget#{name}", prefix="shard#")
        has = sum((Decimal(s["avail"]) for s in shards), Decimal(self._pools[name]["avail"]))
        if in_flight:
            has += sum(Decimal(e["worst"]) for s in shards for e in s["open"].values())
        below = [n for n, pool in self._pools.items() if pool.get("above") == name]
        return sum((self._within(n, in_flight=in_flight) for n in below), has)


class Books:
    """What people decided, beside what the ledger holds of it at every write."""

    def __init__(self, kernel: Kernel, store: MemoryStore) -> None:
        self._kernel = kernel
        self._store = store
        self._declared = {item["pk"]: item["limit"] for item in self._items("pool")}
        store.watch(self._wrote)

    def _items(self, prefix: str) -> list[Item]:
        return [i for i in self._store.items(Table.LEDGER) if i["sk"].startswith(prefix)]

    def _wrote(self, ref: Ref, old: Item | None, new: Item) -> None:
        if ref.table is not Table.LEDGER or not ref.pk.startswith("budget#"):
            return
        if ref.sk == "pool" and old is None:
            self._declared[ref.pk] = new["limit"]
        pool = self._store.get(Ref(Table.LEDGER, ref.pk, "pool"))
        if pool is not None:
            records = self._store.query(Table.LEDGER, ref.pk, prefix="change#")
            moved = sum(Decimal(one["limit"]) - Decimal(one["before"]) for one in records)
            if pool["limit"] != self._declared[ref.pk] + moved:
                self._kernel.broken = f"{ref.pk} has {pool['limit']}: a change counted twice"
        self._settled(ref.pk)

    def _settled(self, pk: str) -> None:
        """Hold each shard to its records: one is unconfirmed, or it is settled once."""
        records = self._store.query(Table.LEDGER, pk, prefix="unconfirmed#")
        for shard in self._store.query(Table.LEDGER, pk, prefix="shard#"):
            mine = [r for r in records if f"shard#{r['shard']}" == shard["sk"]]
            waits = sum(Decimal(r["worst"]) for r in mine if "usd" not in r)
            if shard["unconfirmed"] != waits:
                self._kernel.broken = f"{pk}: {shard['unconfirmed']} unconfirmed, {waits} on record"
