"""The world of one schedule: the real services on ports that stop."""

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

from functions.core.domain.evidence import (
    Finding,
    Kind,
    Record,
    chain_of,
    closed_by,
    examine,
    unapproved,
)
from functions.core.domain.expressions import Item, Table
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.systems import AnswerKind, SystemAnswer, SystemRequest
from functions.core.ports import Execution
from functions.core.services import evidence_copy
from functions.core.services.catalog import Catalog
from functions.core.services.evidence import from_item
from tests.fakes import FakeBus, MemoryBlobs, answered
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Access, Actor, Failed, Kernel
from tests.simulation.watch import Watch
from tests.stage import Stage

STORE_WRITES = ("put", "update", "transact")


class SimModel:
    """A model provider that does all that a provider may do."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer somehow, and charge for it."""
        world, attempt = self._world, request.attempt
        options = (
            answered('{"label":"good"}', Usage(10, 1)),
            answered('{"label":"good"}', Usage(10, 3)),
            answered('{"label":"good"}', Usage(10, 4)),
            answered('{"label":"odd"}', Usage(10, 2)),
            ModelAnswer(AnswerStatus.THROTTLED, wait_seconds=2),
            ModelAnswer(AnswerStatus.UNKNOWN, why="ReadTimeout"),
        )
        answer = world.kernel.random.choice(options if world.moody else options[:3])

        def send() -> ModelAnswer:
            world.watch.sending(attempt)
            if answer.usage is not None:
                world.watch.owed[attempt] = Decimal(answer.usage.output_tokens)
            return answer

        return world.kernel.access(Access("model", "SEND", send, write=False))


class SimSystem:
    """A CRM that does each keyed write once, and counts how often it is asked."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.done: dict[str, int] = defaultdict(int)
        """Idempotency key -> writes that were done for it, were there no keys."""
        self.applied: set[str] = set()
        self.told: list[dict[str, Any]] = []
        """The bodies of what was sent."""

    def send(self, request: SystemRequest) -> SystemAnswer:
        """Do what is asked, or not, and say so, or not."""
        world, key = self._world, request.headers["Idempotency-Key"]
        attempt = world.attempt_of_current()
        good = SystemAnswer(AnswerKind.ANSWERED, 200, {"ok": True})
        options = [
            (True, good),
            (True, good),
            (True, SystemAnswer(AnswerKind.UNKNOWN, None, why="ReadTimeout")),
            (False, SystemAnswer(AnswerKind.UNKNOWN, 500, why="500")),
            (False, SystemAnswer(AnswerKind.THROTTLED, 429, wait_seconds=2)),
            (False, SystemAnswer(AnswerKind.UNAVAILABLE, why="ConnectError")),
        ]
        done, answer = world.kernel.random.choice(options if world.moody else options[:2])

        def send() -> SystemAnswer:
            world.watch.sending(attempt)
            self.told.append(request.body)
            if done:
                self.done[key] += 1
                self.applied.add(key)
            return answer

        return world.kernel.access(Access("crm", "SEND", send, write=False))


class SimTasks:
    """Task tokens: one is good while its machine waits by it, and once."""

    def __init__(self) -> None:
        self.waits: dict[str, Actor] = {}
        self.answers: dict[str, str] = {}

    def answer(self, token: str, output: str) -> bool:
        """Let the task go on, if it still waits."""
        machine = self.waits.get(token)
        if machine is None or machine.done or token in self.answers:
            return False
        self.answers[token] = output
        return True


class SimBus(FakeBus):
    """A bus that may be down for a moment."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def put(self, events: Any) -> list[str]:
        """Take all, or none."""
        kernel = self._world.kernel
        self.down = kernel.rate > 0 and kernel.random.random() < 0.1
        return super().put(events)


class SimOrchestrator:
    """Step Functions: executions are machines of the schedule."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.payloads: dict[str, str] = {}
        self.machines: dict[str, Actor] = {}
        self.children: dict[str, list[Actor]] = defaultdict(list)
        self.stopped: set[str] = set()

    def start(self, name: str, payload: str) -> bool:
        """Start once; the same again is no error while it runs."""
        if name in self.machines:
            return not self.machines[name].done and self.payloads[name] == payload
        self.payloads[name] = payload
        self.machines[name] = self._world.kernel.machine(
            f"supervise {name[-4:]}", lambda: self._world.supervise(name)
        )
        return True

    def look(self, name: str) -> Execution:
        """Say what became of it."""
        machine = self.machines.get(name)
        if machine is None:
            return Execution.NONE
        if not machine.done:
            return Execution.OPEN
        return Execution.CLOSED if machine.dead or machine.error else Execution.SUCCEEDED

    def stop(self, name: str, cause: str) -> None:
        """Stop it, and its children as far as that succeeds (best effort)."""
        machine, kernel = self.machines.get(name), self._world.kernel
        if machine is None or machine.done:
            return
        kernel.kill(machine, "States.Aborted")
        for child in self.children[name]:
            if kernel.random.random() < 0.7:
                kernel.kill(child, "States.Aborted")
        if kernel.random.random() < 0.7:
            self._world.reconcile(name)


class World:
    """The services of one schedule."""

    WARM: dict[Any, Any] = {}  # noqa: RUF012  (definitions that a warm worker holds)

    def __init__(self, kernel: Kernel, store: MemoryStore, blobs: MemoryBlobs) -> None:
        self.kernel = kernel
        self.moody = True
        """Whether model and system do other things than answering."""
        self.memory = store
        self.memory._lag = self._lag  # the index follows as the schedule says
        self.blobs = blobs
        self.bucket = MemoryBlobs()
        self.watch = Watch(store, blobs, kernel)
        self.model = SimModel(self)
        self.system = SimSystem(self)
        self.sim_bus = SimBus(self)
        self.sim_orchestrator = SimOrchestrator(self)
        self.sim_tasks = SimTasks()
        self.watch.started = self.sim_orchestrator.payloads
        stop_store = kernel.port("store", store, STORE_WRITES)
        self.stage = Stage(
            store=stop_store,
            clock=kernel.clock,
            blobs=kernel.port("blobs", blobs, ("put", "put_once")),
            bus=kernel.port("bus", self.sim_bus, ("put",)),
            orchestrator=kernel.port("sfn", self.sim_orchestrator, ("start", "stop")),
            tasks=kernel.port("tasks", self.sim_tasks, ("answer",)),
            catalog=_warm(stop_store, kernel),
        )
        self.evidence_bucket = kernel.port("bucket", self.bucket, ("put_once",))
        self.alarms: list[str] = []
        self._copied = 0
        self.current_call: dict[str, str] = {}

    def _lag(self, unseen: int) -> int:
        if self.kernel.rate == 0 or self.kernel.random.random() < 0.5:
            return 0
        return self.kernel.random.randint(0, unseen)

    def supervise(self, run: str) -> Any:
        """Be the supervisor of *run*; a scenario with runs says how."""
        raise NotImplementedError(run)

    def reconcile(self, run: str) -> None:
        """Take up a status-change event; a scenario with runs says how."""

    def attempt_of_current(self) -> str:
        """Return the attempt that the invocation under way sends."""
        return self.current_call[self.kernel._current().name]

    # evidence

    def feed_stream(self, batches: int = 6) -> None:
        """Be the stream's mapping: a batch is given out again until it was copied."""
        for _ in range(batches):
            batch = self.watch.stream[self._copied :]
            try:
                self.kernel.invoke("copy", lambda _, batch=batch: self._copy(batch), life=30)
            except Failed:
                continue
            self._copied += len(batch)

    def drain_stream(self) -> None:
        """Copy all that is left."""
        batch = self.watch.stream[self._copied :]
        self._copied += len(batch)
        self._copy(batch)

    def _copy(self, batch: list[tuple[str, Item]]) -> None:
        for change, item in batch:
            found = evidence_copy.copy(self.evidence_bucket, change, _image(item))
            if found:
                self.alarms.append(found)

    def chains(self) -> dict[str, list[Record]]:
        """Return every chain as the table holds it."""
        chains: dict[str, list[Record]] = defaultdict(list)
        for item in self.memory.items(Table.EVIDENCE):
            chains[item["pk"]].append(from_item(item))
        return chains

    def unapproved(self, run: str) -> Finding | None:
        """Return a call that names an approval which the evidence does not hold."""
        return next(unapproved(run, self.chains()), None)

    def copies(self) -> dict[str, list[Record]]:
        """Return every chain as the bucket holds it."""
        chains: dict[str, list[Record]] = defaultdict(list)
        for content in self.bucket.kept.values():
            record = read_copy(content)
            chains[record.chain].append(record)
        return chains

    def findings(self, run: str) -> list[Finding]:
        """Return what verification holds against the evidence of *run*, which is over."""
        chains, copies = self.chains(), self.copies()
        closed = closed_by(run, chains[chain_of(run)])
        return [
            finding
            for chain in sorted({*chains, *copies})
            for finding in examine(chain, chains[chain], copies[chain], sealed=chain in closed)
        ]

    def repeated_records(self) -> str | None:
        """Return an id that two records of one chain bear."""
        for chain, records in self.chains().items():
            ids = [record.id for record in records if record.kind != Kind.SEAL]
            if len(set(ids)) < len(ids):
                return f"{chain}: two records of one id"
        return None


def read_copy(content: bytes) -> Record:
    """Read a record from the bucket."""
    return Record.read(json.loads(content))


def _image(item: Item) -> dict[str, Any]:
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in item.items()
        if name not in ("pk", "sk")
    }


def _warm(store: Any, kernel: Kernel) -> Catalog:
    catalog = Catalog(store, kernel.clock)
    catalog._read.update(World.WARM)
    return catalog
