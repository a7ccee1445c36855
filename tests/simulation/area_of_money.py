"""Money that several calls want at once."""

from decimal import Decimal
from random import Random
from typing import Any

from functions.core.domain.errors import BudgetExceeded
from functions.core.domain.expressions import Table
from functions.core.domain.ledger import Place, period
from functions.core.domain.names import AttemptName
from functions.core.domain.timestamps import iso, parse
from functions.core.services.ledger import Grant
from tests.fakes import MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Kernel
from tests.simulation.schedule import draw_faults, settle
from tests.simulation.world import World
from tests.stage import LIMIT, published, run_of


class Budget:
    """Calls that reserve and settle on few shards, while money moves between them."""

    def __init__(self, kernel: Kernel) -> None:
        draw_faults(kernel)
        draw = kernel.random
        self.kernel = kernel
        store = published()
        self.world = World(kernel, store, MemoryBlobs())
        self.world.watch.steps = False
        self.place = Place("organisation", period(kernel.clock.now()), 0)
        self.shards = draw.choice((2, 3))
        self.grant = Grant("organisation", Decimal(LIMIT), self.shards)
        self._deal(store, draw)
        self._low: dict[str, tuple[Decimal, Decimal]] = {}
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
        left, shares = Decimal(LIMIT), []
        for _ in range(self.shards):
            shares.append(Decimal(draw.randint(0, int(left) // 2)))
            left -= shares[-1]
        pool = {"limit": LIMIT, "avail": left, "shards": self.shards, "change": ""}
        partition = store._partitions[Table.LEDGER, self.place.pk]
        partition.clear()
        for n, share in enumerate(shares):
            ref = self.place.sibling(n)
            partition[ref.sk] = {
                "pk": ref.pk, "sk": ref.sk,
                "avail": int(share), "settled": 0, "unconfirmed": 0, "open": {},
            }  # fmt: skip
        partition["pool"] = {"pk": self.place.pk, "sk": "pool", **pool, "avail": int(left)}

    def _totals(self) -> tuple[Decimal, Decimal]:
        store = self.world.memory
        pool = store.get(self.place.pool)
        if pool is None:
            return Decimal(LIMIT), Decimal(LIMIT)
        shards = store.query(Table.LEDGER, self.place.pk, prefix="shard#")
        free = sum((Decimal(shard["avail"]) for shard in shards), Decimal(pool["avail"]))
        entries = [entry for shard in shards for entry in shard["open"].values()]
        return free, free + sum((Decimal(entry["worst"]) for entry in entries), Decimal(0))

    def _touch(self) -> None:
        free, soon = self._totals()
        for name, (low, low_soon) in self._low.items():
            self._low[name] = (min(low, free), min(low_soon, soon))

    def _request(self, name: str, worst: Decimal, actual: Decimal) -> None:
        money, kernel = self.world.stage.ledger, self.kernel

        def call(_: Any) -> str:
            attempt = AttemptName.draw(run_of("a"), f"Sort.{name[1:]}", 1, kernel.clock.now())
            self.world.watch.marked[str(attempt)] = (0, "")
            me = str(attempt)
            self._low[me] = self._totals()
            until = iso(parse(iso(kernel.clock.now())))
            try:
                place = money.reserve(attempt, self.grant, worst, until=until)
            except BudgetExceeded:
                if self._low[me][1] >= worst:
                    kernel.broken = f"{name}: BUDGET_EXCEEDED at {worst}, {self._low[me]} was there"
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
        for n in range(self.shards):
            self.world.stage.sweep.expire(self.place.sibling(n))

    def close(self) -> str | None:
        """Let sweep free what the dead left; all money is then free or spent."""
        self.kernel.calm()
        self.kernel.run()
        broken = settle(self.kernel, lambda: self.kernel.function(
            "sweep", lambda _: self.world.stage.sweep.run(lambda: 50.0), life=30))  # fmt: skip
        if broken:
            return broken
        shards = self.world.memory.query(Table.LEDGER, self.place.pk, prefix="shard#")
        if any(shard["open"] for shard in shards):
            return "a reservation stays open"
        return None
