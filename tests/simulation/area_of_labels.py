"""Labels that move while a run is admitted: its pins hold together, and no move is lost."""

from collections.abc import Callable
from functools import cache
from typing import Any

from functions.core.domain.canonical import digest
from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.labels import CANARY, LIVE, label_ref
from functions.core.domain.run import RUN, Status
from functions.core.services.catalog import Catalog
from functions.core.services.labels import Mover
from tests.fakes import FakeClock, MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.areas_of_runs import _Runs
from tests.simulation.kernel import Broken, Failed, Kernel
from tests.stage import POLICY, TASK, envelope, published

TASKS = (TASK, TASK | {"purpose": "B", "policy": "strict"}, TASK | {"purpose": "C"})
POLICIES = (
    POLICY,
    POLICY | {"purpose": "B"},
    POLICY | {"name": "strict"},
    POLICY | {"name": "strict", "purpose": "B"},
)
EVERY = (*(("ai_task", task) for task in TASKS), *(("policy", policy) for policy in POLICIES))
PINNED = tuple(
    (kind, one) for kind, one in EVERY if POLICY["name"] in (one["name"], one.get("policy"))
)
"""What the run pins, and another version of each: moves of these meet."""
WAYS = ("promote", "promote", "offer", "withdraw", "roll back")
SHARES = (1, 50, 99)
LIFE = 30


@cache
def _with_versions() -> MemoryStore:
    store = published().fork()
    catalog = Catalog(store, FakeClock())
    for kind, documents in (("ai_task", TASKS), ("policy", POLICIES)):
        for document in documents:
            catalog.publish(kind, document["name"], document, by="deployment")
    return store


class Labelling(_Runs):
    """A run at its admission, beside people who promote, offer, withdraw and roll back."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, _with_versions().fork(), MemoryBlobs())
        world, draw = self.world, kernel.random
        world.moody = False
        world.steps = ("crm.keyed",)
        self.moved, self.ways, self.moves = draw.choice(
            ((EVERY, WAYS, 3), (PINNED, ("promote",), 8))
        )
        self.instants: list[dict[str, set[str]]] = [self._now()]
        """What the labels named, one entry an instant since the run was received."""
        world.memory.watch(self._saw)
        world.message("m1", envelope({"id": "a", "note": "one"}))
        for n in range(draw.choice((1, 2, 3))):
            kernel.machine(f"person {n}", lambda n=n: self._person(f"p{n}"))
        self.maybe(0.2, world.sweep)

    def _now(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for item in self.world.memory.items(Table.CATALOG):
            if item["sk"] in (f"label#{LIVE}", f"label#{CANARY}") and item.get("share") != 0:
                found.setdefault(item["pk"], set()).add(item["version"])
        return found

    def _saw(self, ref: Ref, old: Item | None, new: Item) -> None:
        """Hold the pins of an admission to what the labels named at one instant."""
        if ref.table is Table.CATALOG and ref.sk in (f"label#{LIVE}", f"label#{CANARY}"):
            self.instants.append(self._now())
        if ref.sk != RUN or new["status"] != Status.RUNNING or "pins" in (old or {}):
            return
        pins = new["pins"].items()
        if not any(all(v in at.get(pin, ()) for pin, v in pins) for at in self.instants):
            raise Broken("the pins of a run never held together")

    def _person(self, name: str) -> None:
        for _ in range(self.moves):
            try:
                self.kernel.invoke(f"move {name}", lambda _: self._move(name), life=LIFE)
            except Failed as failed:
                self.world.expect_death(name, failed.error, "LabelMoved", "UnknownDefinition")

    def _move(self, name: str) -> Any:
        labels, draw = self.world.stage.labels, self.kernel.random
        self.kernel.clock.forward(seconds=0.001)  # moves of one instant exclude each other anyway
        kind, document = draw.choice(self.moved)
        named, version = (kind, document["name"]), digest(document)
        mover = Mover(by=name, why="-")
        what = draw.choice(self.ways)
        if what == "offer":
            return labels.offer(*named, version, draw.choice(SHARES), mover)
        if what == "withdraw":
            return labels.withdraw(*named, mover)
        if what == "roll back":
            return labels.roll_back(*named, mover)
        return labels.promote(*named, version, mover)

    def checks(self) -> tuple[Callable[[], str | None], ...]:
        """Add the history's."""
        return (self._history, *super().checks())

    def _history(self) -> str | None:
        """Say where a move is not on record, or two went from the same version."""
        for kind, name in {("ai_task", "sort"), ("policy", "plain"), ("policy", "strict")}:
            ref, before = label_ref(kind, name), ""
            for move in self.world.memory.query(Table.CATALOG, ref.pk, prefix=f"{ref.sk}#"):
                if move["before"] != before:
                    return f"a move of {ref.pk} went from a version that was not live"
                before = move["version"]
            held = self.world.memory.get(ref)
            if held is None or held["version"] != before:
                return f"the last move of {ref.pk} is not on record"
        return None
