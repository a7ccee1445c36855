"""A budget as the ledger keeps it: what it grants, for how long, and what grants into it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from functions.core.domain.ledger import Place, Pool
from functions.core.domain.names import AttemptName
from functions.core.domain.periods import DEFAULT_ZONE, Period, span
from functions.core.domain.timestamps import iso


@dataclass(frozen=True)
class Level:
    """One budget in the period that a call falls into."""

    pool: Pool
    grant: "Grant"
    ends_at: str
    """When its period is over; empty: never."""


@dataclass(frozen=True)
class Grant:
    """What the budget definition says of a scope."""

    scope: str
    limit: Decimal
    shards: int
    period: Period = Period.MONTH
    zone: str = DEFAULT_ZONE
    thresholds: tuple[str, ...] = ()
    above: "Grant | None" = field(default=None)

    def levels(self, moment: datetime) -> list[Level]:
        """Return the budgets that a call at *moment* counts in, this one first.

        A period is granted into by the period above in which it begins: their calendars may
        differ, and each of its dollars counts in one place.
        """
        found = span(self.period, self.zone, moment)
        own = Level(Pool(self.scope, found.name), self, iso(found.ends) if found.ends else "")
        return [own, *(self.above.levels(found.begins or moment) if self.above else ())]

    def place(self, attempt: AttemptName, *, limits_run: bool = False) -> Place:
        """Return the only place at which *attempt* may ever be booked."""
        found = span(self.period, self.zone, attempt.drawn_at)
        return Place(self.scope, found.name, attempt.shard(self.shards), limits_run)
