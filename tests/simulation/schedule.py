"""What goes wrong in a schedule, and how it is brought to its end."""

from collections.abc import Callable
from typing import Any

from tests.simulation.kernel import Faults, Kernel

ROUNDS = 12
"""Sweeps after which everything must have come to its end."""
LATER = 1000
"""Seconds between them: more than any reservation, look or timeout waits."""


def draw_faults(kernel: Kernel) -> None:
    draw = kernel.random
    kernel.faults = Faults(
        kills=draw.choice((0, 1, 1, 2, 3)),
        repeats=draw.choice((0, 1, 2)),
        zombies=draw.choice((0, 0, 1, 2)),
        ticks=draw.choice((0, 1, 3, 5)),
        delays=draw.choice((0, 0, 1)),
    )
    kernel.rate = draw.choice((0.03, 0.1, 0.25))


def settle(kernel: Kernel, sweep: Callable[[], Any]) -> str | None:
    """Let nothing more fail, time pass and sweep run until nothing changes any more."""
    kernel.calm()
    kernel.run()
    for _ in range(ROUNDS):
        if kernel.broken:
            return kernel.broken
        kernel.pass_time(LATER)
        kernel.run()
        actor = sweep()
        kernel.run()
        if kernel.broken:
            return kernel.broken
        if actor.error is not None or actor.result["failed"]:
            return f"sweep failed: {actor.error or actor.result}"
        if not any(actor.result[kind] for kind in ("runs", "ledger", "parked")):
            return None
    return "sweep finds something due for ever"
