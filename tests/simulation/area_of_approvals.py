"""Steps that wait for people: decisions, tokens that are replaced, what is left to deliver."""

from collections.abc import Callable

from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.parked import Content, Decision, Verdict, parked_ref
from functions.core.domain.people import Person
from functions.core.services import outbox
from tests.simulation.areas_of_runs import Admitted
from tests.simulation.kernel import Broken, Kernel
from tests.simulation.machines import FUNCTION_LIFE
from tests.stage import TEAM

PEOPLE = tuple(Person(f"user:{name}", name) for name in ("ana", "ben"))
EXPIRY = 2 * 3600 + 1
ELSEWHERE = "0" * 64
"""The hash of other content than is parked."""


class Approving(Admitted):
    """One or two approvals, then the call that they are for."""

    def __init__(self, kernel: Kernel) -> None:
        draw = kernel.random
        operation = draw.choice(("keyed", "once"))
        approvals = [f"approve:{operation}"] * draw.choice((1, 1, 2))
        super().__init__(kernel, (*approvals, f"crm.{operation}"), parallel=False)
        self.world.token_timeouts = draw.choice((0, 0, 1, 2))
        self.decided: dict[Ref, Item] = {}
        self.world.memory.watch(self._wrote)
        for n in range(len(approvals)):
            for person in PEOPLE[: draw.choice((0, 1, 2, 2))]:
                self._person(person, parked_ref(TEAM, self.run, f"Ask{n}.1"))

    def _person(self, person: Person, ref: Ref) -> None:
        """Let somebody look at what is parked, and say something about it a while later."""
        kernel, memory = self.kernel, self.world.memory
        draw = kernel.random
        wrong = draw.random() < 0.2
        how = draw.choice(({}, {}, {"fields": {"label": "bad"}}))
        verdict = draw.choice((Verdict.APPROVED, Verdict.APPROVED, Verdict.REJECTED))
        waits = draw.choice((0, 0, 1, 800, EXPIRY))

        def act() -> None:
            kernel.wait_until(lambda: "hash" in (memory.get(ref) or {}))
            shown = ELSEWHERE if wrong else memory.get(ref)["hash"]
            if waits:
                kernel.sleep(waits)
            decision = Decision(verdict, shown, "why", **how)
            decide = self.world.stage.deciding.decide
            function = kernel.function(
                f"decide {person.name}",
                lambda me: decide(ref, decision, person, me),
                life=FUNCTION_LIFE,
            )
            kernel.join(function)
            if function.error is not None:
                self.world.expect_death("decide", function.error, "DecisionRefused")
            elif wrong:
                raise Broken("a decision on other content than was shown counted")

        kernel.machine(f"person {person.name}", act)

    def _wrote(self, ref: Ref, old: Item | None, new: Item) -> None:
        if ref.table is not Table.PARKED:
            return
        old = old or {}
        if "decision" in old and old["decision"] != new.get("decision"):
            raise Broken("what was decided was decided again")
        if "decision" in old and old.get("hash") != new.get("hash"):
            raise Broken("the content changed after the decision")
        if old.get("token_n", 0) > new.get("token_n", 0):
            raise Broken("an older token replaced a newer one")
        if "decision" in new:
            self.decided[ref] = new

    def close(self) -> str | None:
        """Let every expiry pass before all is brought to its end."""
        self.kernel.calm()
        self.world.stop(stopped=False)
        for _ in range(4):
            self.kernel.run()
            self.kernel.pass_time(EXPIRY)
            self.world.sweep()
        self.kernel.run()
        return self.kernel.broken or super().close()

    def checks(self) -> tuple[Callable[[], str | None], ...]:
        """Add what is parked."""
        return (self._parked, self._done_as_decided, self._approved_on_record, *super().checks())

    def _approved_on_record(self) -> str | None:
        found = self.world.unapproved(self.run)
        return f"{found.chain}: {found.what}" if found else None

    def _parked(self) -> str | None:
        types = self.world.sim_bus.types
        for item in self.world.memory.items(Table.PARKED):
            if "decision" not in item:
                return "something is parked for ever"
            if "undelivered" in item or "due_at" in item or outbox.pending(item):
                return "a decision was never delivered"
            if "hash" in item and "Approval Requested" not in types:
                return "nobody was told that somebody is waited for"
            withdrawn = item["decision"]["verdict"] == Verdict.WITHDRAWN
            if not withdrawn and "Approval Decided" not in types:
                return "a decision was not announced"
        return None

    def _done_as_decided(self) -> str | None:
        """Say where the system was told something that nobody approved."""
        labels = [request["label"] for request in self.world.system.told]
        last = [item for item in self.decided.values() if "content" in item]
        for label in labels:
            approved = [
                Content.read(item["content"]).fields["label"]
                for item in last
                if item["decision"]["verdict"] == Verdict.APPROVED
            ]
            if label not in approved:
                return "the system was told what nobody approved"
        rejected = [i for i in last if i["decision"]["verdict"] == Verdict.REJECTED]
        return "a rejected request was sent" if rejected and labels else None
