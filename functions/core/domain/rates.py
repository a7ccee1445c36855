"""Requests and tokens a minute: what is left of a target's limits in this minute.

One item a target, with what is left for all (`*`) and for each team: one conditional write takes
from both. It lives for a minute: the first call of the next one begins it afresh.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Change,
    Condition,
    Equals,
    Increase,
    Ref,
    Set,
    Table,
    at,
)
from functions.core.domain.targets import TargetLimits
from functions.core.domain.timestamps import iso

ALL: Final = "*"
REQUESTS: Final = "requests"
TOKENS: Final = "tokens"


def rate_ref(target: str) -> Ref:
    """Return where it is counted what is left of *target*'s limits."""
    return Ref(Table.LEDGER, f"target#{target}", "rate")


def minute(now: datetime) -> str:
    """Return the minute that *now* lies in."""
    return iso(now)[:16]


def seconds_left(now: datetime) -> int:
    """Return the whole seconds until the next minute has begun."""
    return 60 - now.second


@dataclass(frozen=True)
class Take:
    """What one call takes of a declared limit."""

    path: tuple[str, str]
    limit: int
    amount: int


def takes(limits: TargetLimits, team: str, tokens: int) -> tuple[Take, ...]:
    """Return what a call of *tokens* at most takes; empty where no limit is declared.

    One call never takes more than a minute has: it would wait for ever.
    """
    declared = (
        ((REQUESTS, ALL), limits.requests_per_minute, 1),
        ((TOKENS, ALL), limits.tokens_per_minute, tokens),
        ((REQUESTS, team), limits.team_requests_per_minute, 1),
        ((TOKENS, team), limits.team_tokens_per_minute, tokens),
    )
    return tuple(
        Take(path, limit, min(amount, limit))
        for path, limit, amount in declared
        if limit is not None
    )


def taking(
    wanted: tuple[Take, ...], window: str, found: Mapping[str, Any] | None
) -> tuple[list[Change], tuple[Condition, ...]]:
    """Return the write that takes *wanted* in the minute *window*, going by the item *found*."""
    if at(found, "window") != window:
        left: dict[str, dict[str, int]] = {REQUESTS: {}, TOKENS: {}}
        for take in wanted:
            left[take.path[0]][take.path[1]] = take.limit - take.amount
        fresh: list[Change] = [Set("window", window)]
        fresh += [Set(kind, entries) for kind, entries in left.items()]
        begun = at(found, "window")
        return fresh, (Absent("window") if begun is None else Equals("window", begun),)
    changes: list[Change] = []
    when: list[Condition] = [Equals("window", window)]
    for take in wanted:
        known = at(found, take.path) is not None
        changes.append(
            Increase(take.path, -take.amount) if known else Set(take.path, take.limit - take.amount)
        )
        when.append(AtLeast(take.path, take.amount) if known else Absent(take.path))
    return changes, tuple(when)


def enough(wanted: tuple[Take, ...], found: Mapping[str, Any]) -> bool:
    """Say whether the item *found* has what is *wanted*, as far as it counts it."""
    lefts = ((at(found, take.path), take.amount) for take in wanted)
    return all(left is None or left >= amount for left, amount in lefts)
