"""Playing one schedule of an area; the same seed plays the same again."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from functions.core.domain import names
from functions.core.services import ledger
from tests.simulation.area_of_approvals import Approving
from tests.simulation.area_of_calls import Calls
from tests.simulation.area_of_evidence import Evidence
from tests.simulation.area_of_labels import Labelling
from tests.simulation.area_of_money import Budget
from tests.simulation.area_of_samples import Samples, sampled_admitted
from tests.simulation.area_of_turns import Turning
from tests.simulation.areas_of_runs import Calling, Door, Sending, Whole, one_admitted
from tests.simulation.kernel import Faults, Kernel


@dataclass(frozen=True)
class Outcome:
    """What one schedule came to."""

    broken: str | None
    seed: str
    trace: tuple[str, ...] = ()


class _SeededSecrets:
    """Nonces that a seed brings back."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def token_hex(self, count: int) -> str:
        """Return *count* bytes in hexadecimal."""
        return self._random.randbytes(count).hex()


@contextmanager
def _seeded(area: str, seed: int) -> Any:
    """Draw nonces from the seed; in some schedules few reservations fill a shard."""
    random, kept = Random(f"nonces/{area}/{seed}"), (names.secrets, ledger.OPEN_LIMIT)
    names.secrets = _SeededSecrets(random)  # type: ignore[assignment]
    ledger.OPEN_LIMIT = random.choice((1, 2, kept[1])) if area == "budget" else kept[1]
    try:
        yield
    finally:
        names.secrets, ledger.OPEN_LIMIT = kept


def play(area: str, seed: int, *, tell: bool = False, always: bool = False) -> Outcome:
    """Play one schedule of *area*; the same seed plays the same again.

    Parameters
    ----------
    tell
        Whether to return the trace of what breaks; *always*: of any schedule.
    """
    sampled_admitted()
    one_admitted()  # warm what a worker keeps: the first schedule is like all others
    kernel = Kernel(f"{area}/{seed}", Faults(0, 0, 0, 0, 0))
    with _seeded(area, seed):
        try:
            scenario = AREAS[area](kernel)
            kernel.run()
            broken = kernel.broken or scenario.close()
        finally:
            kernel.dispose()
    trace = tuple(kernel.told()) if tell and (broken or always) else ()
    return Outcome(broken, kernel.seed, trace)


AREAS: dict[str, Callable[[Kernel], Any]] = {
    "door": Door,
    "sending": Sending,
    "calling": Calling,
    "whole": Whole,
    "budget": Budget,
    "evidence": Evidence,
    "approving": Approving,
    "calls": Calls,
    "turns": Turning,
    "labels": Labelling,
    "samples": Samples,
}
SHARES = {
    "door": 13,
    "sending": 12,
    "calling": 11,
    "whole": 6,
    "budget": 16,
    "evidence": 15,
    "approving": 14,
    "calls": 5,
    "turns": 2,
    "labels": 3,
    "samples": 3,
}
"""Percent of the schedules that each area gets."""
