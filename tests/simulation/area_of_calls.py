"""Calls: machines of others that start a run directly, together, and with other content."""

from collections.abc import Callable
from typing import Any

from functions.core.domain.expressions import Table
from functions.core.domain.run import run_ref
from tests.fakes import MemoryBlobs
from tests.simulation.areas_of_runs import _Runs
from tests.simulation.kernel import Kernel
from tests.stage import envelope, published_external, run_of

WORKFLOW = "judge_note"


def asked(order: int = 1, workflow: str = WORKFLOW) -> dict[str, Any]:
    """Return the input of a call."""
    return {"workflow": workflow, "input": {"id": "a", "order": order}}


class Calls(_Runs):
    """Several calls of one key, one of them with other content; a replay beside them."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, published_external(), MemoryBlobs())
        self.run = run_of("a", WORKFLOW)
        world, draw = self.world, kernel.random
        world.steps = ("ai",)
        for n in range(draw.choice((1, 2, 3))):
            world.call(f"c{n}", asked())
        self.maybe(0.3, lambda: world.call("other", asked(order=2)))
        self.maybe(0.2, lambda: world.call("wrong", asked(workflow="sort_notes")))
        again = envelope(asked()["input"], workflow=WORKFLOW, source="replay")
        self.maybe(0.3, lambda: world.message("m1", again))
        self.others()

    def checks(self) -> tuple[Callable[[], str | None], ...]:
        """Add what calls are told."""
        return (self._told, *super().checks())

    def _told(self) -> str | None:
        told, item = self.world.told_calls, self.world.memory.get(run_ref(self.run))
        if any(said["reason"] != "NOT_EXTERNAL" for n, said in told.items() if n == "wrong"):
            return "a workflow that is not external was called"
        for name, said in told.items():
            if said["status"] == "REJECTED":
                continue
            if item is None or (said["run"], said["status"]) != (self.run, item["status"]):
                return f"{name} was told {said['status']}, and the run is something else"
        answered = {n for n, said in told.items() if said["status"] != "REJECTED"}
        if "other" in answered and len(answered) > 1:
            return "two contents were answered under one key"
        refused = {n for n, said in told.items() if said["status"] == "REJECTED"} - {"wrong"}
        if refused and not self.world.memory.items(Table.REFUSED):
            return "a refusal was not kept"
        return None
