"""One chain, its writers and copies, its seal, and whoever attacks it."""

from typing import Any

from functions.core.domain.evidence import GENESIS, Kind, Record, Tail, chain_of
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.timestamps import iso, parse
from functions.core.services.evidence import to_item
from tests.fakes import MemoryBlobs
from tests.simulation.kernel import Kernel
from tests.simulation.schedule import LATER, draw_faults
from tests.simulation.world import World
from tests.stage import published, run_of


class Evidence:
    """Two writers on one chain, the stream, the seal, verification, and perhaps an attacker."""

    LAG = 60

    def __init__(self, kernel: Kernel) -> None:
        draw_faults(kernel)
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
