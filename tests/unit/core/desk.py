"""One admitted run at its AI step, and its three functions by hand."""

from functions.core.domain.expressions import Table
from functions.core.domain.models import ModelAnswer
from functions.core.domain.names import AttemptName
from functions.core.domain.run import step_ref
from functions.core.domain.step import Invocation
from functions.core.services.evidence import from_item
from functions.core.services.labels import Mover
from tests.fakes import FakeModel, answered
from tests.stage import Stage, run_of, step_of

RUN = run_of("a")
ME = Invocation("me", "2026-11-22T08:01:00.000Z")
GOOD = answered('{"label":"good"}')


class Desk:
    """One admitted run at its AI step."""

    def __init__(self, **changed) -> None:
        self.stage = Stage()
        for kind, document in changed.items():
            name = document.get("name", kind)
            version = self.stage.catalog.publish(kind, name, document, by="test")
            if kind in ("ai_task", "policy"):
                self.stage.clock.forward(seconds=1)
                self.stage.labels.promote(kind, name, version, Mover(by="test", why="-"))
        self.ticket = self.stage.admitted("a")[1]
        self.step = step_of(RUN, self.ticket)

    def prepare(self, number: int = 1, target: int = 0, **variables):
        """Return the prepared call."""
        said = variables or {"note": "hello"}
        return self.stage.prepare_call.prepare(self.step, said, number, target)

    def call(self, call, *answers, me: Invocation = ME):
        """Return what became of the call."""
        self.model = FakeModel(*(answers or (GOOD,)))
        clients = {"openai_chat": self.model}
        return self.stage.call_model.call(self.step, call, me, clients)

    def check(self, call, answer):
        """Return what the machine does next."""
        return self.stage.check_answer.check(self.step, call, answer)

    def once(self, answer: ModelAnswer, number: int = 1):
        """Prepare, call and check once."""
        call = self.prepare(number)
        return self.check(call, self.call(call, answer))

    def close(self, call, error: str = "Lambda.Unknown"):
        """Close what did not come back."""
        return self.stage.close_attempt.close(self.step, call, error)

    @property
    def item(self) -> dict:
        """The step's item."""
        return self.stage.store.get(step_ref(RUN, "Sort.1")) or {}

    def mark(self, call) -> str:
        """Return the mark of the call's attempt."""
        return self.item[AttemptName.parse(call.attempt).key]["mark"]

    def money(self) -> tuple:
        """Return settled, unconfirmed and reserved, in all."""
        shards = self.stage.store.query(
            Table.LEDGER, "budget#organisation#2026-11", prefix="shard#"
        )
        return (
            sum(shard["settled"] for shard in shards),
            sum(shard["unconfirmed"] for shard in shards),
            sum(len(shard["open"]) for shard in shards),
        )

    def kinds(self) -> list[str]:
        """Return what the step's chain attests, in order."""
        records = self.stage.store.query(Table.EVIDENCE, f"{RUN}#Sort.1")
        return [from_item(record).kind for record in records]
