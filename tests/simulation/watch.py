"""Sees every write and every send as it happens, and says which property breaks."""

from collections import defaultdict
from decimal import Decimal

from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.run import OPEN, RUN, Status
from functions.core.domain.step import ATTEMPT, Mark
from functions.core.domain.timestamps import iso
from tests.fakes import MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Broken, Kernel

FROZEN = ("content", "input", "team", "workflow", "workflow_version", "generation", "started_at")
ENDED = frozenset(status for status in Status if status not in OPEN)
NEXT: dict[str, frozenset[str]] = {
    Status.RECEIVED: frozenset({Status.HELD, Status.RUNNING, Status.CANCELLING, *ENDED}),
    Status.HELD: frozenset({Status.HELD, Status.RUNNING, Status.CANCELLING, *ENDED}),
    Status.RUNNING: frozenset({Status.WAITING, Status.CANCELLING, *ENDED}),
    Status.WAITING: frozenset({Status.RUNNING, Status.CANCELLING, *ENDED}),
    Status.CANCELLING: frozenset({Status.CANCELLED}),
}
"""The states that may follow (CONTRACTS: run states), as far as this part knows them."""
CLOSED_MARKS = (Mark.UNSENT, Mark.UNCONFIRMED)


class Watch:
    """Looks at everything that happens, and breaks the schedule where it must not."""

    def __init__(self, store: MemoryStore, blobs: MemoryBlobs, kernel: Kernel) -> None:
        self._store = store
        self._blobs = blobs
        self._kernel = kernel
        self.moment = 0
        self.not_working: dict[str, int] = {}
        """Run -> when it first was no longer to work."""
        self.stopped: int | None = None
        self.marked: dict[str, tuple[int, str]] = {}
        """Attempt -> when it was marked, and by which invocation."""
        self.sent: dict[str, int] = defaultdict(int)
        self.owed: dict[str, Decimal] = {}
        """Attempt that the provider will charge for -> what it costs."""
        self.settled: dict[str, Decimal] = {}
        self.unconfirmed: dict[str, Decimal] = {}
        self.billed: set[str] = set()
        """Records of calls that nobody confirmed, settled since."""
        self.steps = True
        """Whether attempts belong to steps here."""
        self.reserved: dict[str, Ref] = {}
        self.stream: list[tuple[str, Item]] = []
        self.attacked = False
        self.started: dict[str, str] = {}
        """Runs whose supervisor was ever started."""
        store.watch(self.wrote)

    def wrote(self, ref: Ref, old: Item | None, new: Item) -> None:
        """Look at one write."""
        self.moment += 1
        if ref.table is Table.RUNS and ref.sk == RUN:
            self._run(ref, old, new)
        elif ref.table is Table.RUNS:
            self._step(ref, old or {}, new)
        elif ref.table is Table.LEDGER and ref.pk.startswith("budget#"):
            self._ledger(ref, old, new)
        elif ref.table is Table.LEDGER and ref.sk == "stop":
            self.stopped = self.moment if new["stopped"] else None
        elif ref.table is Table.EVIDENCE:
            if old is not None and not self.attacked:
                raise Broken(f"record {ref.sk} of {ref.pk} was overwritten")
            self.stream.append(("MODIFY" if old else "INSERT", new))

    def _run(self, ref: Ref, old: Item | None, new: Item) -> None:
        before, after = (old or {}).get("status"), new["status"]
        if old is not None:
            changed = [name for name in FROZEN if old[name] != new[name]]
            if changed:
                raise Broken(f"the run's {changed[0]} changed")
            if before != after and after not in NEXT.get(before, frozenset()):
                raise Broken(f"the run went from {before} to {after}")
            if after == Status.FAILED != before and ref.pk not in self.started:
                raise Broken("a run was closed that nobody ever started")
        elif after != Status.RECEIVED:
            raise Broken(f"a run began as {after}")
        if after == Status.CANCELLING or after in ENDED:
            self.not_working.setdefault(ref.pk, self.moment)
        if after == Status.CANCELLED != before:
            self._nobody_may_send(ref.pk)

    def _nobody_may_send(self, run: str) -> None:
        """Break where CANCELLED is written though somebody who passed the gate may still send."""
        now = self._now()
        for attempt, (when, _) in self.marked.items():
            entry = self.entry(attempt)
            before = attempt.startswith(f"{run}/") and when < self.not_working[run]
            if before and entry["mark"] == Mark.MARKED and entry["until"] >= now:
                raise Broken(f"CANCELLED was written while {attempt} may still be sent")

    def _now(self) -> str:
        return iso(self._kernel.clock.now())

    def entry(self, attempt: str) -> Item:
        """Return what the step's item says of *attempt*."""
        run, step, rest = attempt.split("/", 2)
        item = self._store.get(Ref(Table.RUNS, run, f"step#{step}")) or {}
        return item.get(ATTEMPT + rest, {})

    def _step(self, ref: Ref, old: Item, new: Item) -> None:
        for name in (name for name in new if name.startswith(ATTEMPT)):
            attempt = f"{ref.pk}/{ref.sk.removeprefix('step#')}/{name.removeprefix(ATTEMPT)}"
            self._attempt(attempt, old.get(name, {}), new[name])

    def _attempt(self, attempt: str, old: Item, new: Item) -> None:
        before, after = old.get("mark"), new["mark"]
        if before is None and after == Mark.MARKED:
            self.marked[attempt] = (self.moment, new["nonce"])
        elif before == Mark.UNSENT != after:
            raise Broken(f"{attempt} was unsent and became {after}")
        elif before == Mark.MARKED and new["nonce"] != old["nonce"]:
            raise Broken(f"{attempt} was marked by two")
        elif before is None and after not in (Mark.MARKED, Mark.UNSENT):
            raise Broken(f"{attempt} became {after} without a mark")
        elif after == Mark.UNCONFIRMED != before and old["until"] >= self._now():
            raise Broken(f"{attempt} was given up while its sender may live")

    def _ledger(self, ref: Ref, old: Item | None, new: Item) -> None:
        self._balance(ref.pk)
        if not ref.sk.startswith("shard#") or old is None:
            return
        for attempt in new["open"].keys() - old["open"].keys():
            if self.reserved.setdefault(attempt, ref) != ref:
                raise Broken(f"{attempt} was reserved in two places")
        settled = Decimal(new["settled"]) - Decimal(old["settled"])
        unconfirmed = Decimal(new["unconfirmed"]) - Decimal(old["unconfirmed"])
        gone = old["open"].keys() - new["open"].keys()
        if not gone and (settled or unconfirmed):
            self._billed(ref, settled, unconfirmed)
        for attempt in gone:
            self._booked(attempt, settled, unconfirmed)

    def _booked(self, attempt: str, settled: Decimal, unconfirmed: Decimal) -> None:
        if settled:
            self.settled[attempt] = settled
        elif unconfirmed:
            self.unconfirmed[attempt] = unconfirmed
        elif not self.sent[attempt] and not self._closed_as_unsent(attempt):
            raise Broken(f"{attempt} was released before it was closed as unsent")
        if (settled or unconfirmed) and attempt not in self.marked:
            raise Broken(f"{attempt} was booked without a mark")

    def _billed(self, shard: Ref, settled: Decimal, unconfirmed: Decimal) -> None:
        """Break unless a bill says so of a call that was booked at worst case there, once."""
        records = self._store.query(Table.LEDGER, shard.pk, prefix="unconfirmed#")
        for record in (one for one in records if f"shard#{one['shard']}" == shard.sk):
            booked = (record.get("usd"), -record["worst"])
            if booked == (settled, unconfirmed) and record["sk"] not in self.billed:
                self.billed.add(record["sk"])
                return
        raise Broken("money was booked that was not reserved")

    def _closed_as_unsent(self, attempt: str) -> bool:
        return not self.steps or self.entry(attempt).get("mark") == Mark.UNSENT

    def _balance(self, pk: str) -> None:
        pool = self._store.get(Ref(Table.LEDGER, pk, "pool"))
        shards = self._store.query(Table.LEDGER, pk, prefix="shard#")
        parts = ("avail", "withheld", "granted_down")
        own = sum((Decimal((pool or {}).get(part, 0)) for part in parts), Decimal(0))
        total = sum((_worth(shard) for shard in shards), own)
        if total != (pool["limit"] if pool else 0):
            raise Broken(f"{pk} holds {total} of {pool and pool['limit']}")
        if pool and "above" in pool:
            self._granted(f"budget#{pool['above']}")
        if any(shard["avail"] < 0 for shard in shards) or (pool and pool["avail"] < 0):
            raise Broken("more was set aside than there is")

    def _granted(self, above: str) -> None:
        """Break where a budget has not granted what those below it hold."""
        items = [item for item in self._store.items(Table.LEDGER) if item["sk"] == "pool"]
        below = [i for i in items if f"budget#{i.get('above')}" == above]
        held = sum(i["limit"] - i["withheld"] for i in below)
        pool = next(i for i in items if i["pk"] == above)
        if pool["granted_down"] != held:
            raise Broken(f"{above} granted {pool['granted_down']}, and {held} was received")

    def sending(self, attempt: str) -> None:
        """Look at a send, in the moment in which it leaves."""
        self.moment += 1
        self.sent[attempt] += 1
        if self.sent[attempt] > 1:
            raise Broken(f"{attempt} was sent twice")
        if attempt not in self.marked:
            raise Broken(f"{attempt} was sent without a mark")
        when, run = self.marked[attempt][0], attempt.split("/", maxsplit=1)[0]
        item = self._store.get(Ref(Table.RUNS, run, RUN))
        if item is None or item["status"] == Status.CANCELLED:
            raise Broken(f"{attempt} was sent after CANCELLED was written")
        if self.not_working.get(run, when) < when:
            raise Broken(f"{attempt} was marked and sent after its run had to stop")
        if self.stopped is not None and self.stopped < when:
            raise Broken(f"{attempt} was marked and sent after the emergency stop")
        if self.entry(attempt)["mark"] in CLOSED_MARKS:
            raise Broken(f"{attempt} was sent although it is {self.entry(attempt)['mark']}")


def _worth(shard: Item) -> Decimal:
    reserved = sum((Decimal(entry["worst"]) for entry in shard["open"].values()), Decimal(0))
    return reserved + Decimal(shard["avail"] + shard["settled"] + shard["unconfirmed"])
