"""Money that several calls want at once."""

from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from functions.core.domain.errors import BudgetExceeded
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.grants import Grant
from functions.core.domain.ledger import Place
from functions.core.domain.names import AttemptName
from functions.core.domain.timestamps import iso, parse
from tests.fakes import MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Kernel
from tests.simulation.schedule import draw_faults, settle
from tests.simulation.world import World
from tests.stage import LIMIT, published, run_of


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


class Budget:
    """Calls that reserve and settle on few shards and levels, while money moves between them."""

    def __init__(self, kernel: Kernel) -> None:
        draw_faults(kernel)
        draw = kernel.random
        self.kernel = kernel
        store = published()
        self.world = World(kernel, store, MemoryBlobs())
        self.world.watch.steps = False
        self.place = Place("organisation", f"{kernel.clock.now():%Y-%m}", 0)
        self.shards = draw.choice((2, 3))
        top = Grant("organisation", Decimal(LIMIT), self.shards)
        team, other = (
            Grant(f"team:{name}", Decimal(draw.choice((3, 6, 9))), draw.choice((1, 2)), above=top)
            for name in ("desk", "shop")
        )
        task = Grant("task:sort", Decimal(draw.choice((2, 5))), 1, above=team)
        self.grants = draw.choice(((top,), (top,), (team, other), (top, team, other, task)))
        self._deal(store, draw)
        self._low: dict[str, tuple[Grant, Decimal, Decimal]] = {}
        """Request under way -> least money free, and free or in flight, since it began."""
        store.watch(lambda ref, _old, _new: self._touch() if ref.table is Table.LEDGER else None)
        for n in range(draw.choice((1, 2, 3, 5))):
            worst = draw.choice((1, 2, 3, 4, 5))
            self._request(f"r{n}", Decimal(worst), Decimal(draw.randint(0, worst)))
        if draw.random() < 0.3:
            self.world.kernel.function("sweep", lambda _: self._expire(), life=30)

    def _deal(self, store: MemoryStore, draw: Random) -> None:
        """Begin with the money spread somehow, or with a period that nobody opened yet."""
        if draw.random() < 0.2:
            for pk in [self.place.pk]:
                store._partitions.pop((Table.LEDGER, pk), None)
            return
        if len(self.grants) > 1 and draw.random() < 0.5:
            return
        left, shares = Decimal(LIMIT), []
        for _ in range(self.shards):
            shares.append(Decimal(draw.randint(0, int(left) // 2)))
            left -= shares[-1]
        pool = {"limit": LIMIT, "avail": left, "shards": self.shards, "change": ""}
        partition = store._partitions[Table.LEDGER, self.place.pk]
        partition.clear()
        for n, share in enumerate(shares):
            ref = self.place.budget.shard(n)
            partition[ref.sk] = {
                "pk": ref.pk, "sk": ref.sk,
                "avail": int(share), "settled": 0, "unconfirmed": 0, "open": {},
            }  # fmt: skip
        partition["pool"] = {"pk": self.place.pk, "sk": "pool", **pool, "avail": int(left)}

    def _reach(self, grant: Grant) -> tuple[Decimal, Decimal]:
        return Reach(self.world.memory, grant, self.kernel.clock.now()).look()

    def _touch(self) -> None:
        for name, (grant, low, low_soon) in self._low.items():
            free, soon = self._reach(grant)
            self._low[name] = (grant, min(low, free), min(low_soon, soon))

    def _request(self, name: str, worst: Decimal, actual: Decimal) -> None:
        money, kernel = self.world.stage.ledger, self.kernel
        grant = kernel.random.choice(self.grants)

        def call(_: Any) -> str:
            attempt = AttemptName.draw(run_of("a"), f"Sort.{name[1:]}", 1, kernel.clock.now())
            self.world.watch.marked[str(attempt)] = (0, "")
            me = str(attempt)
            self._low[me] = (grant, *self._reach(grant))
            until = iso(parse(iso(kernel.clock.now())))
            try:
                place = money.reserve(attempt, grant, worst, until=until)
            except BudgetExceeded:
                if self._low[me][2] >= worst:
                    low = self._low[me][1:]
                    kernel.broken = f"{name}: BUDGET_EXCEEDED at {worst}, {low} was there"
                raise
            finally:
                self._low.pop(me)
            if actual or kernel.random.random() < 0.5:
                money.settle(place, str(attempt), worst, actual)
            else:
                money.release(place, str(attempt), worst)
            return "settled"

        def machine() -> None:
            try:
                kernel.invoke(name, call, life=60, retry=frozenset(("Lambda.Unknown",)))
            except Exception as problem:
                self.refusal = str(problem)

        kernel.machine(f"machine {name}", machine)

    def _expire(self) -> None:
        for item in self.world.memory.items(Table.LEDGER):
            if item["pk"].startswith("budget#") and item["sk"].startswith("shard#"):
                self.world.stage.sweep.expire(Ref(Table.LEDGER, item["pk"], item["sk"]))

    def close(self) -> str | None:
        """Let sweep free what the dead left; all money is then free or spent."""
        self.kernel.calm()
        self.kernel.run()
        broken = settle(self.kernel, lambda: self.kernel.function(
            "sweep", lambda _: self.world.stage.sweep.run(lambda: 50.0), life=30))  # fmt: skip
        if broken:
            return broken
        if any(item.get("open") for item in self.world.memory.items(Table.LEDGER)):
            return "a reservation stays open"
        return None
