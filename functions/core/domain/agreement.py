"""Several answers to one question: what a task asks for, and when enough of them agree."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import Field, model_validator

from functions.core.domain.canonical import canonical
from functions.core.domain.documents import Document, Pointer, require_unique
from functions.core.domain.keys import keyed_hash
from functions.core.domain.references import lookup

if TYPE_CHECKING:
    from functions.core.domain.sampling import Sampling
    from functions.core.domain.targets import Target

NO_AGREEMENT: Final = "NO_AGREEMENT"
"""Too few of the answers say the same."""
LOW_CONFIDENCE: Final = "LOW_CONFIDENCE"
"""The answer fits, and is less sure of itself than the task wants it."""
VOTED: Final = "VOTED"
"""An answer that was counted, and is not enough yet."""
_VOTE_DIGITS: Final = 16


class Agreement(Document):
    """A question is asked several times; most of the answers have to say the same."""

    samples: Annotated[int, Field(ge=2, le=9)]
    """Answers at most; fewer where the quorum is reached, or can't be any more."""
    quorum: Annotated[int, Field(ge=2, le=9)]
    on: Annotated[tuple[Pointer, ...], Field(min_length=1)]
    """Where answers are compared; elsewhere they may differ."""
    across: bool = False
    """Whether the route's targets are asked in turn, rather than one several times."""

    @model_validator(mode="after")
    def _is_decided_by_most(self) -> Self:
        require_unique(self.on, "on")
        if self.quorum > self.samples:
            raise ValueError("quorum: more than there are samples")
        if 2 * self.quorum <= self.samples:
            raise ValueError("quorum: more than half of the samples, or two answers could have it")
        return self


class Standing(StrEnum):
    """What the answers up to here come to."""

    AGREED = "agreed"
    OPEN = "open"
    FAILED = "failed"
    """The quorum can't be reached any more."""


def vote_of(rule: Agreement, value: Any, key: bytes) -> str:
    """Return what an answer says where it counts: a hash that *key* alone can tell."""
    said = [[_plain(found) for found in _at(value, pointer)] for pointer in rule.on]
    return keyed_hash(key, canonical(said))[:_VOTE_DIGITS]


def standing(rule: Agreement, before: Sequence[str], vote: str, *, left: int) -> Standing:
    """Return what the votes *before* and the latest *vote* come to.

    Parameters
    ----------
    before, vote
        One for each sample that was spent; empty where it gave no answer that counts.
    left
        Attempts that the step still has.
    """
    counts = Counter(filter(None, (*before, vote)))
    if counts[vote] >= rule.quorum:
        return Standing.AGREED
    to_come = min(rule.samples - len(before) - 1, left)
    enough = max(counts.values(), default=0) + to_come >= rule.quorum
    return Standing.OPEN if to_come > 0 and enough else Standing.FAILED


def agreement_misfits(
    rule: Agreement | None, sampling: "Sampling | None", target: "Target"
) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) where asking *target* again would only bring its answer again."""
    warm = sampling is not None and bool(sampling.temperature)
    if rule and not rule.across and target.takes_temperature and not warm:
        yield "sampling.temperature", "would say the same again: give one above 0, or across = true"


def _at(value: Any, pointer: str) -> Iterator[Any]:
    try:
        yield lookup(value, pointer)
    except KeyError:
        return  # absent, which is not the same as null


def _plain(value: Any) -> Any:
    """Return *value* with each whole number written in one way: 1.0 is 1."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
