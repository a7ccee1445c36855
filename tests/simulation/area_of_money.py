"""Money that several calls want at once, while people change limits and settle bills."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from functions.core.domain.errors import BudgetBusy, BudgetExceeded, InterlockError
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.grants import Grant
from functions.core.domain.ledger import ORGANISATION, Place, Pool
from functions.core.domain.names import AttemptName
from functions.core.domain.periods import Period
from functions.core.domain.timestamps import iso, parse
from functions.core.services.invoices import Bill
from functions.core.services.ledger import GRACE
from functions.core.services.limits import Wanted
from tests.fakes import MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.kernel import DEATHS, Broken, Failed, Kernel
from tests.simulation.money_books import Books, Reach
from tests.simulation.schedule import draw_faults, settle
from tests.simulation.world import World
from tests.stage import LIMIT, published, run_of

WEST = "America/Los_Angeles"
"""Where a day begins at eight in the morning (UTC), a moment after some schedules do."""
LOOKS = (5, 10, 20, 40)
"""Seconds that a step waits between its looks at a busy budget."""
GIVEN_UP = frozenset(
    (*DEATHS, "Lambda.SdkClientException", "LimitChanged", "LimitRefused", "AlreadySettled",
     "UnknownDefinition", "StoreContention")
)  # fmt: skip
"""Ends of a person's request that are no mistake of the platform's."""


class Budget:
    """Calls that reserve and settle on few shards and levels, while money moves between them.

    People raise and lower limits meanwhile, and settle what nobody confirmed; in some schedules
    a day ends under it all.
    """

    def __init__(self, kernel: Kernel) -> None:
        draw_faults(kernel)
        draw = kernel.random
        self.kernel = kernel
        if draw.random() < 0.4:
            kernel.clock.moment -= timedelta(seconds=draw.choice((1, 5, 40)))
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
        lasts = {"period": Period.DAY, "zone": WEST} if draw.random() < 0.5 else {}
        task = Grant("task:sort", Decimal(draw.choice((2, 5))), 1, above=team, **lasts)
        self.grants = draw.choice(((top,), (top,), (team, other), (top, team, other, task)))
        self._deal(store, draw)
        self._low: dict[str, tuple[Grant, Decimal, Decimal]] = {}
        """Request under way -> least money free, and free or in flight, since it began."""
        self._lost: list[tuple[Pool, str, Decimal]] = []
        """Calls that were booked at worst case."""
        store.watch(lambda ref, _old, _new: self._touch() if ref.table is Table.LEDGER else None)
        self._books = Books(kernel, store)
        for n in range(draw.choice((1, 2, 3, 5))):
            worst = draw.choice((1, 2, 3, 4, 5))
            self._request(f"r{n}", Decimal(worst), Decimal(draw.randint(0, worst)))
        if draw.random() < 0.3:
            self.world.kernel.function("sweep", lambda _: self._expire(), life=30)
        for n in range(draw.choice((0, 0, 1, 1, 2))):
            self._decision(n)

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
        kernel, grant = self.kernel, self.kernel.random.choice(self.grants)

        def call(_: Any) -> str:
            return self._call(name, grant, worst, actual)

        def machine() -> None:
            # a busy budget is looked at again, as the machine's Wait does
            for seconds in LOOKS:
                try:
                    kernel.invoke(name, call, life=60, retry=frozenset(("Lambda.Unknown",)))
                except Failed as problem:
                    if problem.error != BudgetBusy.__name__:
                        return
                    kernel.sleep(seconds)
                else:
                    break
            for pool, attempt, booked in list(self._lost):
                self._bill(pool, attempt, Decimal(kernel.random.randint(0, int(booked))))

        kernel.machine(f"machine {name}", machine)

    def _call(self, name: str, grant: Grant, worst: Decimal, actual: Decimal) -> str:
        """Reserve, and book what became of it."""
        money, kernel = self.world.stage.ledger, self.kernel
        attempt = AttemptName.draw(run_of("a"), f"Sort.{name[1:]}", 1, kernel.clock.now())
        me = str(attempt)
        self.world.watch.marked[me] = (0, "")
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
        if kernel.random.random() < 0.2:
            money.unconfirmed(place, me, worst)
            self._lost.append((place.budget, me, worst))
        elif actual or kernel.random.random() < 0.5:
            money.settle(place, me, worst, actual)
        else:
            money.release(place, me, worst)
        return "settled"

    def _bill(self, pool: Pool, attempt: str, usd: Decimal) -> None:
        """Let a person settle what nobody confirmed, who tries again after a failure."""
        bill = Bill(usd=usd, by="ana", why="the invoice")
        self._ask("settle", lambda _: self.world.stage.invoices.settle(pool, attempt, bill))

    def _decision(self, n: int) -> None:
        """Let a person change a limit that they look at now."""
        kernel, draw, limits = self.kernel, self.kernel.random, self.world.stage.limits
        grant = draw.choice(self.grants)

        def person() -> None:
            pool = grant.levels(kernel.clock.now())[0].pool
            seen = self.world.memory.get(pool.ref) or {"limit": LIMIT, "change": ""}
            step = draw.randint(1, 6)
            act, to = draw.choice(
                ((limits.raise_, seen["limit"] + step), (limits.lower, seen["limit"] - step))
            )
            wanted = Wanted(
                to=max(Decimal(0), Decimal(to)), id=f"{n}", saw=seen["change"], by="ana", why="-"
            )
            self._ask("limit", lambda _: act(pool, wanted))

        kernel.machine(f"person {n}", person)

    def _ask(self, name: str, act: Any) -> None:
        try:
            self.kernel.invoke(name, act, life=30, retry=frozenset(DEATHS), tries=3)
        except Failed as problem:
            if problem.error not in GIVEN_UP:
                raise

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
        try:
            self._idle()
            self._begin_next_day()
            return self._unsettled() or self._left_behind() or self._undrained()
        except (Broken, InterlockError) as problem:
            return f"when all was quiet: {problem}"

    def _unsettled(self) -> str | None:
        """Settle each lost call once more, at what it was settled at: nobody is left half done."""
        for pool, attempt, _ in self._lost:
            record = self.world.memory.get(pool.unconfirmed(attempt))
            if record is None:
                continue  # the function died before it was booked, and sweep released it
            bill = Bill(usd=Decimal(record.get("usd", 0)), by="ana", why="the invoice")
            self.world.stage.invoices.settle(pool, attempt, bill)
        found = [r.id for chain in self.world.chains().values() for r in chain]
        lost = {a for pool, a, _ in self._lost if self.world.memory.get(pool.unconfirmed(a))}
        if sorted(found) != sorted(f"{attempt}:settled" for attempt in lost):
            return f"the evidence has {found}, and {lost} were settled"
        return None

    def _idle(self) -> None:
        """Have whatever lies free, where nobody else calls."""
        grant = self.kernel.random.choice(self.grants)
        free, _ = self._reach(grant)
        attempt = AttemptName.draw(run_of("a"), "Sort.last", 1, self.kernel.clock.now())
        if free > 0:
            money, until = self.world.stage.ledger, iso(self.kernel.clock.now())
            try:
                place = money.reserve(attempt, grant, free, until=until)
            except (BudgetBusy, BudgetExceeded) as refusal:
                raise Broken(f"{free} lies free, and nobody else calls: {refusal}") from refusal
            money.release(place, str(attempt), free)

    def _begin_next_day(self) -> None:
        """Call once when a day is over: it brings home what was left in those before it."""
        daily = [grant for grant in self.grants if grant.period is Period.DAY]
        if daily and self._reach(daily[0])[0] > 0:
            self.kernel.clock.forward(days=1, seconds=GRACE.total_seconds() + 60)
            now, money = self.kernel.clock.now(), self.world.stage.ledger
            attempt = AttemptName.draw(run_of("a"), "Sort.next", 1, now)
            place = money.reserve(attempt, daily[0], Decimal("0.1"), until=iso(now))
            money.release(place, str(attempt), Decimal("0.1"))

    def _left_behind(self) -> str | None:
        """Look for money in a day that was over before another began."""
        before = iso(self.kernel.clock.now() - GRACE)
        for pool in self.world.memory.items(Table.LEDGER):
            if pool["sk"] == "pool" and "" < pool.get("ends_at", "") < before:
                shards = self.world.memory.query(Table.LEDGER, pool["pk"], prefix="shard#")
                left = sum((Decimal(s["avail"]) for s in shards), Decimal(pool["avail"]))
                if left:
                    return f"{left} stays in {pool['pk']}, which is over"
        return self.kernel.broken

    def _undrained(self) -> str | None:
        """Lower to nothing, where nobody calls: what was spent is left, and no more."""
        pool = Pool(ORGANISATION, self.place.period)
        item = self.world.memory.get(pool.ref)
        if item is None or not item["limit"]:
            return None
        wanted = Wanted(to=Decimal(0), id="last", saw=item["change"], by="ana", why="-")
        reached = self.world.stage.limits.lower(pool, wanted).limit
        shards = [i for i in self.world.memory.items(Table.LEDGER) if i["sk"].startswith("shard#")]
        spent = sum(Decimal(s["settled"]) + Decimal(s["unconfirmed"]) for s in shards)
        if reached != spent:
            return f"the limit stops at {reached}, and {spent} was spent"
        return self.kernel.broken
