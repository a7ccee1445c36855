"""Callers who want a turn at one target at once: its limits a minute, and its one probe."""

from typing import Any

from functions.core.domain.expressions import Item, Ref
from functions.core.domain.health import Health, health_ref
from functions.core.domain.models import AnswerStatus, ModelAnswer
from functions.core.domain.rates import ALL, REQUESTS, rate_ref
from functions.core.domain.targets import Models, Target
from functions.core.domain.timestamps import iso
from functions.core.services.turns import Turns
from tests.fakes import MemoryBlobs
from tests.memory_store import MemoryStore
from tests.simulation.kernel import Failed, Kernel
from tests.simulation.schedule import draw_faults
from tests.simulation.world import World
from tests.stage import MODELS

PAID = "paid"
LIFE = 60
SERVED = ModelAnswer(AnswerStatus.ANSWERED)
DOWN = ModelAnswer(AnswerStatus.UNAVAILABLE)
_GONE = "2026-11-22T07:00:00.000Z"


class Turning:
    """Some callers of two teams, at a target with limits that may be half open."""

    def __init__(self, kernel: Kernel) -> None:
        draw_faults(kernel)
        draw, store = kernel.random, MemoryStore()
        self.kernel = kernel
        self.world = World(kernel, store, MemoryBlobs())
        self.world.watch.steps = False
        self.limit, self.team_limit = draw.choice((1, 2, 3)), draw.choice((1, 2, 9))
        self.turns = Turns(self.world.stage.store, kernel.clock)
        self.half_open = draw.random() < 0.5
        self.sent: dict[tuple[str, str], int] = {}
        """(minute, team) -> calls that were sent."""
        self.probing: dict[str, str] = {}
        """Attempt that was sent and has said nothing yet -> the end of its sender's life."""
        self.minute = ""
        if self.half_open:
            open_ = Health(revision=1, failures=3, opened=1, open_until=_GONE)
            store.put(health_ref(PAID), open_.told())
        store.watch(self._saw)
        callers = draw.choice((2, 3, 5, 7))
        for n in range(callers):
            self._caller(f"c{n}", draw.choice(("a", "b")), draw.choice((SERVED, DOWN)))

    def _target(self) -> Target:
        told = MODELS["targets"][PAID]
        limits = {"requests_per_minute": self.limit, "team_requests_per_minute": self.team_limit}
        changed = told | {"limits": told["limits"] | limits}
        models = {"targets": {PAID: changed}, "routes": {"default": [PAID]}}
        return Models.model_validate(models).targets[PAID]

    def _saw(self, ref: Ref, _: Item | None, new: Item) -> None:
        """Hold each write of the counter to what was declared."""
        if ref != rate_ref(PAID):
            return
        if new["window"] < self.minute:
            self.kernel.broken = "a minute began again"
        self.minute = new["window"]
        if any(left < 0 for left in new[REQUESTS].values()):
            self.kernel.broken = f"more than the limit was taken: {new}"

    def _caller(self, name: str, team: str, answer: ModelAnswer) -> None:
        """Be CallModel: read the health as the gate does, take a turn, send, and note it."""
        kernel, target, attempt = self.kernel, self._target(), f"{name}/1"

        def call(me: Any) -> str:
            [health] = self.world.stage.store.snapshot([health_ref(PAID)])
            busy = self.turns.ask(
                PAID, target, health, attempt=attempt, until=me.until, team=team, tokens=1
            )
            if busy is not None:
                return busy.turn
            self._sends(attempt, team, me.until, health)
            self.turns.note(PAID, target, health, answer, attempt)
            self.probing.pop(attempt, None)
            return "sent"

        def machine() -> None:
            try:
                kernel.invoke(name, call, life=LIFE)
            except Failed:
                return

        kernel.machine(f"machine {name}", machine)

    def _sends(self, attempt: str, team: str, until: str, health: Item | None) -> None:
        """Hold a send to the limit of the minute in which it was counted, and to the probe."""
        now = self.kernel.clock.now()
        for who, most in ((ALL, self.limit), (team, self.team_limit)):
            counted = self.sent[self.minute, who] = self.sent.get((self.minute, who), 0) + 1
            if counted > most:
                self.kernel.broken = f"{counted} calls of {who} were sent, {most} may be"
        if not Health.read(health).probes(now):
            return
        alive = [a for a, end in self.probing.items() if end > iso(now)]
        if alive:
            self.kernel.broken = f"{attempt} probes while {alive} does"
        self.probing[attempt] = until

    def close(self) -> str | None:
        """Once all is quiet, a turn can be had: nobody waits for a caller who is gone."""
        self.kernel.calm()
        self.kernel.run()
        self.kernel.pass_time(3600)
        health = self.world.memory.get(health_ref(PAID))
        told = {
            "attempt": "last/1",
            "until": iso(self.kernel.clock.now()),
            "team": "a",
            "tokens": 1,
        }
        turns = Turns(self.world.memory, self.kernel.clock)
        busy = turns.ask(PAID, self._target(), health, **told)
        return f"no turn for ever: {busy}" if busy else self.kernel.broken
