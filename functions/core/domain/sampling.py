"""How a model draws its answer: temperature and seed, where a task says so and a target can."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import Field, model_validator

from functions.core.domain.documents import UNSAID, Document

if TYPE_CHECKING:
    from functions.core.domain.targets import Target

_HOTTEST: Final = {"anthropic_messages": 1.0, "bedrock_converse": 1.0}
"""The highest temperature of a dialect where it is not 2 (the vendors' API references)."""
SEEDS: Final = 2**31
"""How many there are."""


class Sampling(Document):
    """What a task asks for; a target that has no word for it is refused when it is published."""

    temperature: Annotated[Annotated[float, Field(ge=0, le=2)] | None, UNSAID] = None
    """None: 0, where the target takes one."""
    seed: Annotated[Annotated[int, Field(ge=0, lt=SEEDS)] | None, UNSAID] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.temperature is None and self.seed is None:
            raise ValueError("sampling: names temperature, seed or both")
        return self


@dataclass(frozen=True)
class Asked:
    """What a target is sent; None: nothing is."""

    temperature: float | None
    seed: int | None


def asked(sampling: Sampling | None, target: "Target") -> Asked:
    """Return what *target* is sent for a task that says *sampling*."""
    told = sampling.temperature if sampling else None
    return Asked(
        temperature=(told or 0) if target.takes_temperature else None,
        seed=sampling.seed if sampling and target.takes_seed else None,
    )


def sampling_misfits(sampling: Sampling | None, target: "Target") -> Iterator[tuple[str, str]]:
    """Yield (key, reason) where *target* can't do what *sampling* asks for.

    A request for determinism that is dropped on the way would be a promise nobody keeps.
    """
    if sampling is None:
        return
    if sampling.temperature is not None:
        most = _HOTTEST.get(target.dialect, 2.0)
        if not target.takes_temperature:
            yield "sampling.temperature", "takes no temperature"
        elif sampling.temperature > most:
            yield "sampling.temperature", f"takes {most:g} at most"
    if sampling.seed is not None and not target.takes_seed:
        yield "sampling.seed", f"takes no seed ({target.dialect})"
