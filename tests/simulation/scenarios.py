"""What happens in one schedule of each area, and what must hold when it is over."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from functions.core.domain import names
from functions.core.domain.definitions import KINDS
from functions.core.domain.errors import BudgetExceeded
from functions.core.domain.evidence import GENESIS, Kind, Record, Tail, chain_of
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.ledger import Place, period
from functions.core.domain.names import AttemptName
from functions.core.domain.run import OPEN, Status, run_ref
from functions.core.domain.step import Mark, attempts
from functions.core.domain.timestamps import iso, parse
from functions.core.services import ledger, outbox
from functions.core.services.evidence import to_item
from functions.core.services.ledger import Grant
from tests.fakes import MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Faults, Kernel
from tests.simulation.machines import RunWorld
from tests.simulation.world import Watch, World
from tests.stage import LIMIT, Stage, compiled, envelope, published, run_of

ROUNDS = 12
"""Sweeps after which everything must have come to its end."""
LATER = 1000
"""Seconds between them: more than any reservation, look or timeout waits."""
GRANT = Grant("organisation", Decimal(LIMIT), 2)


@dataclass(frozen=True)
class Outcome:
    """What one schedule came to."""

    broken: str | None
    seed: str
    trace: tuple[str, ...] = ()


class _SeededSecrets:
    """Nonces that a seed brings back."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def token_hex(self, count: int) -> str:
        """Return *count* bytes in hexadecimal."""
        return self._random.randbytes(count).hex()


@contextmanager
def _seeded(area: str, seed: int) -> Any:
    """Draw nonces from the seed; in some schedules few reservations fill a shard."""
    random, kept = Random(f"nonces/{area}/{seed}"), (names.secrets, ledger.OPEN_LIMIT)
    names.secrets = _SeededSecrets(random)  # type: ignore[assignment]
    ledger.OPEN_LIMIT = random.choice((1, 2, kept[1])) if area == "budget" else kept[1]
    try:
        yield
    finally:
        names.secrets, ledger.OPEN_LIMIT = kept


def play(area: str, seed: int, *, tell: bool = False, always: bool = False) -> Outcome:
    """Play one schedule of *area*; the same seed plays the same again.

    Parameters
    ----------
    tell
        Whether to return the trace of what breaks; *always*: of any schedule.
    """
    _one_admitted()  # warms what a worker keeps: the first schedule is like all others
    kernel = Kernel(f"{area}/{seed}", Faults(0, 0, 0, 0, 0))
    with _seeded(area, seed):
        try:
            scenario = AREAS[area](kernel)
            kernel.run()
            broken = kernel.broken or scenario.close()
        finally:
            kernel.dispose()
    trace = tuple(kernel.told()) if tell and (broken or always) else ()
    return Outcome(broken, kernel.seed, trace)


def _faults(kernel: Kernel) -> None:
    draw = kernel.random
    kernel.faults = Faults(
        kills=draw.choice((0, 1, 1, 2, 3)),
        repeats=draw.choice((0, 1, 2)),
        zombies=draw.choice((0, 0, 1, 2)),
        ticks=draw.choice((0, 1, 3, 5)),
        delays=draw.choice((0, 0, 1)),
    )
    kernel.rate = draw.choice((0.03, 0.1, 0.25))


def settle(kernel: Kernel, sweep: Callable[[], Any]) -> str | None:
    """Let nothing more fail, time pass and sweep run until nothing changes any more."""
    kernel.calm()
    kernel.run()
    for _ in range(ROUNDS):
        if kernel.broken:
            return kernel.broken
        kernel.pass_time(LATER)
        kernel.run()
        actor = sweep()
        kernel.run()
        if kernel.broken:
            return kernel.broken
        if actor.error is not None or actor.result["failed"]:
            return f"sweep failed: {actor.error or actor.result}"
        if not actor.result["runs"] and not actor.result["ledger"]:
            return None
    return "sweep finds something due for ever"


class _Runs:
    """Common to the areas in which runs are worked on."""

    def __init__(self, kernel: Kernel, store: MemoryStore, blobs: MemoryBlobs) -> None:
        _faults(kernel)
        self.kernel = kernel
        self.world = RunWorld(kernel, store, blobs)
        self.watch = self.world.watch
        self.run = run_of("a")

    def maybe(self, chance: float, act: Callable[[], Any]) -> None:
        """Let *act* be part of the schedule, or not."""
        if self.kernel.random.random() < chance:
            act()

    def others(self) -> None:
        """Add who acts beside the run itself."""
        world = self.world
        self.maybe(0.4, lambda: world.cancel(self.run))
        if self.kernel.random.random() < 0.25:
            world.stop(stopped=True)
            self.maybe(0.5, lambda: world.stop(stopped=False))
        self.maybe(0.3, world.sweep)
        self.maybe(0.3, lambda: self.kernel.machine("minutes", self._sweeps))
        self.maybe(0.15, lambda: self.kernel.machine("hand", lambda: world.abort(self.run)))
        self.maybe(0.3, world.copier)

    def _sweeps(self) -> None:
        for _ in range(2):
            self.kernel.sleep(self.kernel.random.choice((0, 31, 905, 905, 1000)))
            self.kernel.join(self.world.sweep())

    def close(self) -> str | None:
        """Bring all to its end; return what does not hold then."""
        world = self.world
        self.kernel.calm()
        world.stop(stopped=False)
        self.kernel.run()
        broken = self.kernel.broken or settle(self.kernel, world.sweep)
        if broken:
            return broken
        world.drain_stream()
        return next((b for check in self.checks() if (b := check())), None)

    def checks(self) -> tuple[Callable[[], str | None], ...]:
        """Return what must hold in the end."""
        return (self._money, self._marks, self._run_ended, self._evidence)

    def _money(self) -> str | None:
        for item in self.world.memory.items(Table.LEDGER):
            if item["sk"].startswith("shard#") and item["open"]:
                return "a reservation stays open"
            if item["sk"].startswith("shard#") and "due_at" in item:
                return "an empty shard stays due"
        return self._owed() or self._booked()

    def _owed(self) -> str | None:
        """Say which attempt was charged for and not booked, or not at what it cost."""
        watch = self.watch
        for attempt, cost in watch.owed.items():
            if cost and attempt not in watch.settled and attempt not in watch.unconfirmed:
                return f"{attempt} was sent and never booked"
            came_back = self.world.told_answers.get(attempt) == "answered"
            if came_back and watch.settled.get(attempt) != cost:
                return f"{attempt} was answered and not settled at what it cost"
        return None

    def _booked(self) -> str | None:
        """Say which attempt was booked that nobody sent, and nobody died over."""
        watch = self.watch
        for attempt in watch.settled.keys() | watch.unconfirmed.keys():
            if not watch.sent[attempt] and not self._died(watch.marked[attempt][1]):
                return f"{attempt} was booked, never sent, and its sender did not die"
        return None

    def _died(self, nonce: str) -> bool:
        """Say whether the invocation of *nonce* ever was killed."""
        number = f"-{nonce.removeprefix('invocation-')}"
        return any(
            who.endswith(number) and "is killed" in what for who, what, _ in self.kernel.trace
        )

    def _marks(self) -> str | None:
        for item in self.world.memory.items(Table.RUNS):
            for attempt in attempts(item):
                name = f"{item['pk']}/{item['sk'][5:]}/{attempt.key.removeprefix('attempt#')}"
                if attempt.mark is Mark.UNSENT and self.watch.sent[name]:
                    return f"{name} was sent and is kept as unsent"
        for key, done in self.world.system.done.items():
            if done > 1 and "Write" in key and self._effect(key) == "once":
                return f"the system did {key} twice"
        return None

    def _effect(self, key: str) -> str:
        kinds = [kind for kind in self.world.steps if kind != "ai"]
        return kinds[0].removeprefix("crm.") if kinds else ""

    def _run_ended(self) -> str | None:
        item = self.world.memory.get(run_ref(self.run))
        if item is None:
            lost = all(end == "DLQ" for end in self.world.ends.values())
            return None if lost else "there is no run"
        if item["status"] in OPEN:
            return f"the run stays {item['status']} for ever"
        if not item.get("sealed") or "due_at" in item or "due_bucket" in item:
            return "the run was not brought to its end"
        if outbox.pending(item):
            return "an event was never delivered"
        return self._announced(item["status"])

    def _announced(self, status: str) -> str | None:
        """Say which event of the run's end is missing, or which work."""
        types = self.world.sim_bus.types
        ends = {Status.SUCCEEDED: "Run Succeeded", Status.CANCELLED: "Run Cancelled"}
        if ends.get(Status(status), "Run Failed") not in types:
            return "the run's end was not announced"
        if status != Status.SUCCEEDED:
            return None
        if "Note Sorted" not in types:
            return "what the workflow emits was not emitted"
        written = self.world.system.applied or all(kind == "ai" for kind in self.world.steps)
        return None if written else "the run SUCCEEDED and the system was never written to"

    def _evidence(self) -> str | None:
        world = self.world
        if world.alarms:
            return f"the stream alarmed: {world.alarms[0]}"
        if found := world.findings(self.run):
            return f"false alarm: {found[0].chain} {found[0].n} {found[0].what}"
        return world.repeated_records()


class Door(_Runs):
    """Messages of one key, one of them with other content, around a run that is worked on."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, published(), MemoryBlobs())
        world, draw = self.world, kernel.random
        world.moody = False
        world.steps = ("crm.keyed",)
        same = {"id": "a", "note": "one"}
        bodies = [
            ("m1", envelope(same, source="rule")),
            ("m2", envelope(same, source="replay", replay_id="r")),
            ("m3", envelope({"id": "a", "note": "other"})),
            ("m4", envelope(same, source="rule")),
        ]
        for name, body in bodies[: draw.choice((1, 2, 3, 4))]:
            world.message(name, body)
        self.others()

    def checks(self) -> tuple[Callable[[], str | None], ...]:
        """Add the door's own."""
        return (self._received, *super().checks())

    def _received(self) -> str | None:
        ends, store = self.world.ends, self.world.memory
        refused = {name for name, end in ends.items() if end == "refused"}
        let_in = ends.keys() - refused - {name for name, end in ends.items() if end == "DLQ"}
        if "m3" in let_in and len(let_in) > 1:
            return "two contents were let in under one key"
        if refused and refused != {"m3"} and "m3" in refused:
            return "one content was let in and refused"
        kept = {item["pk"] for item in store.items(Table.REFUSED)}
        if refused and not kept:
            return "a refusal was not kept"
        if any(self.world.blobs.get(f"refused/{name}") is None for name in kept):
            return "a refused text was not kept"
        if refused and "Run Rejected" not in self.world.sim_bus.types:
            return "a refusal was not announced"
        return None


@cache
def _one_admitted() -> tuple[MemoryStore, MemoryBlobs, str]:
    stage = Stage()
    ticket = stage.admitted("a")[1]
    for entry in compiled()["documents"]:
        kind, name = entry["kind"], entry["name"]
        stage.catalog.pinned(kind, name, entry["hash"], KINDS[kind])
    World.WARM.update(stage.catalog._read)
    return stage.store, stage.blobs, ticket


class _Admitted(_Runs):
    """A run that was admitted before."""

    def __init__(self, kernel: Kernel, steps: tuple[str, ...], *, parallel: bool) -> None:
        store, kept, ticket = _one_admitted()
        blobs = MemoryBlobs()
        blobs.kept = dict(kept.kept)
        super().__init__(kernel, store.fork(), blobs)
        world = self.world
        world.steps, world.parallel = steps, parallel
        for item in world.memory.items(Table.EVIDENCE):
            world.watch.stream.append(("INSERT", item))
        world.sim_orchestrator.payloads[self.run] = ""
        world.sim_orchestrator.machines[self.run] = kernel.machine(
            "supervise", lambda: world.work(self.run, ticket)
        )
        self.others()


class Sending(_Admitted):
    """AI steps of an admitted run: one, or two at once that want the same money."""

    def __init__(self, kernel: Kernel) -> None:
        two = kernel.random.random() < 0.3
        super().__init__(kernel, ("ai", "ai") if two else ("ai",), parallel=two)


class Calling(_Admitted):
    """A system call of an admitted run."""

    def __init__(self, kernel: Kernel) -> None:
        operation = kernel.random.choice(("crm.keyed", "crm.once"))
        super().__init__(kernel, (operation,), parallel=False)


class Whole(_Runs):
    """From an event to the end of its run: an AI step, then a system call."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, published(), MemoryBlobs())
        self.world.steps = ("ai", kernel.random.choice(("crm.keyed", "crm.once")))
        for n in range(kernel.random.choice((1, 1, 2))):
            self.world.message(f"m{n}", envelope({"id": "a", "note": "one"}))
        self.others()


class Budget:
    """Calls that reserve and settle on few shards, while money moves between them."""

    def __init__(self, kernel: Kernel) -> None:
        _faults(kernel)
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


class Evidence:
    """Two writers on one chain, the stream, the seal, verification, and perhaps an attacker."""

    LAG = 60

    def __init__(self, kernel: Kernel) -> None:
        _faults(kernel)
        # the stream keeps its lag bound here: time that leaps would break it
        kernel.faults.ticks = kernel.faults.delays = 0
        draw = kernel.random
        self.kernel = kernel
        self.world = World(kernel, published(), MemoryBlobs())
        self.chain = chain_of(run_of("a"), "Sort.1")
        self.written: list[tuple[str, Tail]] = []
        self.alarm: str | None = None
        self.attack = draw.choice((None, None, "rewrite", "cut", "insert", "swap"))
        self.after_seal = draw.random() < 0.5 or self.attack == "insert"
        self.sealed = False
        self.cut_off: Record | None = None
        step = self._writer("step", [f"a{n}" for n in range(draw.choice((1, 2, 3)))])
        self._writer("operator", [f"o{n}" for n in range(draw.choice((0, 1, 2)))])
        kernel.machine("stream", self.world.feed_stream)
        kernel.machine("completion", lambda: self._seal(step))
        if draw.random() < 0.3:
            kernel.machine("second completion", lambda: self._seal(step))
        for n in range(draw.choice((0, 1, 2))):
            kernel.machine(f"verify {n}", self._verify)
        if self.attack:
            kernel.machine("attacker", self._attacker)

    def _writer(self, name: str, ids: list[str]) -> Any:
        evidence, kernel = self.world.stage.evidence, self.kernel

        def body() -> None:
            tail: Tail | None = None
            for id_ in ids:
                tail = kernel.invoke(
                    id_,
                    lambda _, id_=id_, tail=tail: evidence.append(
                        self.chain, Kind.CHECKED, id_, {"said": id_}, tail
                    ),
                    life=30,
                    retry=frozenset(
                        ("Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError",
                         "Lambda.SdkClientException")
                    ),
                )  # fmt: skip
                self.written.append((id_, tail))

        return kernel.machine(name, body)

    def _seal(self, step: Any) -> None:
        self.kernel.join(step)
        self.kernel.invoke(
            "seal",
            lambda _: self.world.stage.evidence.seal(self.chain),
            life=30,
            retry=frozenset(("Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError",
                             "Lambda.SdkClientException")),
        )  # fmt: skip
        self.sealed = True

    def _verify(self) -> None:
        """List the bucket, then query the table; a young record may lack its copy."""
        world, kernel = self.world, self.kernel

        def verify(_: Any) -> None:
            keys = kernel.port("bucket", world).copies()
            kept = kernel.port("table", world).chains()
            self._judge(keys, kept, sealed=False)

        try:
            kernel.invoke("verify", verify, life=30)
        except Exception as problem:
            self.refusal = str(problem)

    def _judge(self, copies: Any, kept: Any, *, sealed: bool) -> None:
        from functions.core.domain.evidence import examine

        young_from = iso(self.kernel.clock.now())
        for chain in sorted({*kept, *copies}):
            records = kept.get(chain, [])
            young = [r.n for r in records if _age(r.at, young_from) <= self.LAG]
            for found in examine(chain, records, copies.get(chain, []), sealed=sealed, young=young):
                self.alarm = f"{found.n} {found.what}"

    # the attacker may write the table, and not the bucket

    def _attacker(self) -> None:
        world = self.world
        while not self._moment():
            if self.kernel.rate == 0:
                return
            self.kernel.sleep(1)
        self.kernel.port("ATTACK", self).strike()
        world.watch.attacked = True

    def _moment(self) -> bool:
        """Say whether there is what the attack needs: copied records, or the seal's copy."""
        records = self.world.chains().get(self.chain, [])
        copies = self.world.copies().get(self.chain, [])
        if self.after_seal:
            return bool(copies) and any(r.kind == Kind.SEAL for r in copies)
        return len(copies) >= 1 and len(copies) == len(records)

    def strike(self) -> None:
        """Rewrite, cut, insert or swap."""
        store, watch = self.world.memory, self.world.watch
        watch.attacked = True
        records = sorted(self.world.chains()[self.chain], key=lambda r: r.n)
        partition = store._partitions[Table.EVIDENCE, self.chain]
        getattr(self, f"_{self.attack}")(records, partition)

    def _rewrite(self, records: list[Record], partition: dict[str, Any]) -> None:
        prev = GENESIS
        for record in records:
            body = {"said": "lie"} if record.n == 1 else dict(record.body)
            new = Record.after(
                Tail(record.n - 1, prev), chain=record.chain, id_=record.id,
                kind=Kind(record.kind), at=record.at, body=body,
            )  # fmt: skip
            self._place(partition, new)
            prev = new.hash

    def _cut(self, records: list[Record], partition: dict[str, Any]) -> None:
        partition.pop(f"{records[-1].n:06d}")
        self.cut_off = records[-1]

    def _insert(self, records: list[Record], partition: dict[str, Any]) -> None:
        new = Record.after(
            records[-1].tail, chain=self.chain, id_="lie", kind=Kind.CHECKED,
            at=iso(self.kernel.clock.now()), body={"said": "lie"},
        )  # fmt: skip
        self._place(partition, new)
        self.world.watch.stream.append(("INSERT", to_item(new)))

    def _swap(self, records: list[Record], partition: dict[str, Any]) -> None:
        first, last = records[0], records[-1]
        if first is last:
            self._rewrite(records, partition)
            return
        for place, other in ((first, last), (last, first)):
            self._place(partition, other, n=place.n)

    def _put_back(self) -> bool:
        """Say whether a writer's repeat put the very record again that had been cut off."""
        return self.cut_off in self.world.chains().get(self.chain, [])

    @staticmethod
    def _place(partition: dict[str, Any], record: Record, n: int | None = None) -> None:
        number = record.n if n is None else n
        ref = Ref(Table.EVIDENCE, record.chain, f"{number:06d}")
        partition[ref.sk] = {"pk": ref.pk, "sk": ref.sk, **to_item(record)}

    def close(self) -> str | None:
        """Let the stream drain, and verify once more."""
        self.kernel.calm()
        self.kernel.run()
        if self.kernel.broken:
            return self.kernel.broken
        self.world.drain_stream()
        self.kernel.pass_time(LATER)
        self._judge(self.world.copies(), self.world.chains(), sealed=self.sealed)
        if self.world.watch.attacked:
            found = self.alarm or self.world.alarms or self._put_back()
            return None if found else f"the attack was not found: {self.attack}"
        if self.alarm or self.world.alarms:
            return f"false alarm: {self.alarm or self.world.alarms[0]}"
        held = {r.id for records in self.world.chains().values() for r in records}
        missing = [id_ for id_, _ in self.written if id_ not in held]
        if missing:
            return f"record {missing[0]} is missing"
        return self.world.repeated_records()


def _age(at: str, now: str) -> float:
    return (parse(now) - parse(at)).total_seconds()


AREAS: dict[str, Callable[[Kernel], Any]] = {
    "door": Door,
    "sending": Sending,
    "calling": Calling,
    "whole": Whole,
    "budget": Budget,
    "evidence": Evidence,
}
SHARES = {"door": 20, "sending": 24, "calling": 12, "whole": 6, "budget": 20, "evidence": 18}
"""Percent of the schedules that each area gets."""
__all__ = ["AREAS", "SHARES", "Outcome", "Watch", "play"]
