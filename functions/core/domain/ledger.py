"""Money: periods, places and prices. The writes themselves are in services/ledger.py.

Amounts are US dollars as Decimal here, decimal text at every border (no float anywhere).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from functions.core.domain.expressions import Ref, Table
from functions.core.domain.names import AttemptName

OPEN_LIMIT = 20
"""Open reservations a shard holds at most: the whole item is charged for each write."""
ORGANISATION = "organisation"


@dataclass(frozen=True)
class Place:
    """Where an attempt's reservation lies: a budget's period and one of its shards."""

    scope: str
    period: str
    shard: int

    @classmethod
    def of(cls, attempt: AttemptName, *, scope: str, shards: int) -> "Place":
        """Return the only place *attempt* may ever be booked at."""
        return cls(scope, period(attempt.drawn_at), attempt.shard(shards))

    @property
    def pk(self) -> str:
        """The budget's partition."""
        return f"budget#{self.scope}#{self.period}"

    @property
    def pool(self) -> Ref:
        """The budget's pool item."""
        return Ref(Table.LEDGER, self.pk, "pool")

    @property
    def ref(self) -> Ref:
        """The shard's item."""
        return self.sibling(self.shard)

    def sibling(self, shard: int) -> Ref:
        """Return another shard of the same budget."""
        return Ref(Table.LEDGER, self.pk, f"shard#{shard}")

    @classmethod
    def read(cls, pk: str, sk: str) -> "Place":
        """Return the place that the keys of a shard's item name."""
        _, scope, named = pk.split("#")
        return cls(scope, named, int(sk.removeprefix("shard#")))


def period(moment: datetime) -> str:
    """Return the enforcing period of *moment*: its month in UTC."""
    return moment.strftime("%Y-%m")


def text(amount: Decimal) -> str:
    """Return *amount* as it stands in state, events and evidence."""
    return format(amount.normalize(), "f")
