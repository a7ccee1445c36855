"""Runs at the door, at their steps, and from one end to the other."""

from collections.abc import Callable
from functools import cache
from typing import Any

from functions.core.domain.definitions import KINDS
from functions.core.domain.expressions import Table
from functions.core.domain.run import OPEN, Status, run_ref
from functions.core.domain.step import Mark, attempts
from functions.core.services import outbox
from tests.fakes import MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Kernel
from tests.simulation.machines import RunWorld
from tests.simulation.schedule import draw_faults, settle
from tests.simulation.world import World
from tests.stage import Stage, compiled, envelope, published, run_of


class _Runs:
    """Common to the areas in which runs are worked on."""

    def __init__(self, kernel: Kernel, store: MemoryStore, blobs: MemoryBlobs) -> None:
        draw_faults(kernel)
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
        kinds = [kind for kind in self.world.steps if kind.startswith("crm.")]
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
def one_admitted() -> tuple[MemoryStore, MemoryBlobs, str]:
    stage = Stage()
    ticket = stage.admitted("a")[1]
    for entry in compiled()["documents"]:
        kind, name = entry["kind"], entry["name"]
        stage.catalog.pinned(kind, name, entry["hash"], KINDS[kind])
    World.WARM.update(stage.catalog._read)
    return stage.store, stage.blobs, ticket


class Admitted(_Runs):
    """A run that was admitted before."""

    def __init__(
        self,
        kernel: Kernel,
        steps: tuple[str, ...],
        *,
        parallel: bool,
        admitted: tuple[MemoryStore, MemoryBlobs, str] | None = None,
    ) -> None:
        store, kept, ticket = admitted or one_admitted()
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


class Sending(Admitted):
    """AI steps of an admitted run: one, or two at once that want the same money."""

    def __init__(self, kernel: Kernel) -> None:
        two = kernel.random.random() < 0.3
        super().__init__(kernel, ("ai", "ai") if two else ("ai",), parallel=two)


class Calling(Admitted):
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
