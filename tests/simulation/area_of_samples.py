"""Steps that are asked several times: one verdict, and every sample booked once."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import cache

from functions.core.domain.definitions import KINDS
from functions.core.domain.expressions import Table
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.run import GOOD
from functions.core.domain.step import attempts
from functions.core.services.catalog import Catalog
from functions.core.services.ledger import Ledger
from functions.core.services.publishing import publish
from tests.fakes import FakeClock, MemoryBlobs, answered
from tests.memory_store import MemoryStore
from tests.simulation.areas_of_runs import Admitted
from tests.simulation.kernel import Access, Kernel
from tests.simulation.world import World
from tests.stage import TASK, Stage, compiled

QUORUM = 2
SAMPLED = {
    **TASK,
    "limits": {**TASK["limits"], "attempts": 4},
    "agreement": {"samples": 3, "quorum": QUORUM, "on": ["/label"], "across": True},
}


@cache
def sampled_admitted() -> tuple[MemoryStore, MemoryBlobs, str]:
    """Return a store in which a run of the sampled task is admitted, and its ticket."""
    store, clock = MemoryStore(), FakeClock()
    documents = compiled(ai_task=SAMPLED)
    publish(Catalog(store, clock), Ledger(store), clock, documents, by="deployment")
    stage = Stage(store=store)
    ticket = stage.admitted("a")[1]
    for entry in documents["documents"]:
        stage.catalog.pinned(entry["kind"], entry["name"], entry["hash"], KINDS[entry["kind"]])
    World.WARM.update(stage.catalog._read)
    return stage.store, stage.blobs, ticket


class Jury:
    """A model of two minds, that sometimes does not answer."""

    def __init__(self, world: World) -> None:
        self._world = world

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Say good or bad, and charge for it."""
        world, attempt = self._world, request.attempt
        options = (
            answered('{"label":"good"}', Usage(10, 1)),
            answered('{"label":"good"}', Usage(10, 2)),
            answered('{"label":"bad"}', Usage(10, 3)),
            answered('{"label":"odd"}', Usage(10, 2)),
            ModelAnswer(AnswerStatus.UNKNOWN, why="ReadTimeout"),
        )
        answer = world.kernel.random.choice(options)

        def send() -> ModelAnswer:
            world.watch.sending(attempt)
            if answer.usage is not None:
                world.watch.owed[attempt] = Decimal(answer.usage.output_tokens)
            return answer

        return world.kernel.access(Access("model", "SEND", send, write=False))


class Samples(Admitted):
    """One sampled step of an admitted run, while its functions die."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, ("ai",), parallel=False, admitted=sampled_admitted())
        self.world.model = Jury(self.world)

    def checks(self) -> tuple[Callable[[], str | None], ...]:
        """Add what the votes must come to."""
        return (self._verdict, *super().checks())

    def _verdict(self) -> str | None:
        for item in self.world.memory.items(Table.RUNS):
            if not item["sk"].startswith("step#") or "outcome" not in item:
                continue
            votes = Counter(
                str(one.facts["vote"]) for one in attempts(item) if one.facts.get("vote")
            )
            most = max(votes.values(), default=0)
            if item["outcome"] in GOOD and most < QUORUM:
                return "an answer was taken that too few gave"
            if item["reason"] == "NO_AGREEMENT" and most >= QUORUM:
                return "enough agreed, and nothing was taken"
        ends = [
            record.body["outcome"]
            for records in self.world.chains().values()
            for record in records
            if record.kind == "checked" and record.body["outcome"]
        ]
        return "a step ended twice" if len(ends) > 1 else None
