"""Money: where it lies. The writes themselves are in services/ledger.py.

Amounts are US dollars as Decimal here, decimal text at every border (no float anywhere).
"""

from dataclasses import dataclass
from decimal import Decimal

from functions.core.domain.expressions import Ref, Table
from functions.core.domain.names import AttemptName

OPEN_LIMIT = 20
"""Open reservations a shard holds at most: the whole item is charged for each write."""
ORGANISATION = "organisation"
PREFIX, POOL, SHARD = "budget#", "pool", "shard#"
UNCONFIRMED, CHANGE = "unconfirmed#", "change#"
"""How the ledger's keys of budgets begin, and what a partition of theirs holds."""


@dataclass(frozen=True)
class Pool:
    """A budget's period, as a partition of the ledger."""

    scope: str
    period: str

    @property
    def pk(self) -> str:
        """The budget's partition."""
        return f"{PREFIX}{self.name}"

    @property
    def name(self) -> str:
        """Scope and period, as calls and the budgets above name it."""
        return f"{self.scope}#{self.period}"

    @property
    def ref(self) -> Ref:
        """The pool's item."""
        return Ref(Table.LEDGER, self.pk, POOL)

    def shard(self, number: int) -> Ref:
        """Return the item of a shard."""
        return Ref(Table.LEDGER, self.pk, f"{SHARD}{number}")

    def unconfirmed(self, attempt: str) -> Ref:
        """Return the record of an attempt that was booked at worst case."""
        return Ref(Table.LEDGER, self.pk, f"{UNCONFIRMED}{attempt}")

    def change(self, id_: str) -> Ref:
        """Return the record of a decision on its limit."""
        return Ref(Table.LEDGER, self.pk, f"{CHANGE}{id_}")

    @classmethod
    def named(cls, name: str) -> "Pool":
        """Read back what `name` said."""
        scope, _, period = name.partition("#")
        return cls(scope, period)


@dataclass(frozen=True)
class Place:
    """Where an attempt's reservation lies: a budget's period and one of its shards."""

    scope: str
    period: str
    shard: int
    limits_run: bool = False
    """Whether it counts in a limit of its run, too."""

    @classmethod
    def told(
        cls, budget: str, attempt: AttemptName, shards: int, *, limits_run: bool = False
    ) -> "Place":
        """Return the place that a prepared call names.

        An empty *budget* was prepared by a release whose one budget was the organisation's month.
        """
        pool = Pool.named(budget or f"{ORGANISATION}#{attempt.drawn_at:%Y-%m}")
        return cls(pool.scope, pool.period, attempt.shard(shards), limits_run)

    @property
    def budget(self) -> Pool:
        """The budget's period."""
        return Pool(self.scope, self.period)

    @property
    def pk(self) -> str:
        """The budget's partition."""
        return self.budget.pk

    @property
    def ref(self) -> Ref:
        """The shard's item."""
        return self.budget.shard(self.shard)

    @classmethod
    def read(cls, pk: str, sk: str) -> "Place":
        """Return the place that the keys of a shard's item name; its run may have a limit."""
        pool = Pool.named(pk.removeprefix(PREFIX))
        return cls(pool.scope, pool.period, int(sk.removeprefix(SHARD)), limits_run=True)


def text(amount: Decimal) -> str:
    """Return *amount* as it stands in state, events and evidence."""
    return format(amount.normalize(), "f")
