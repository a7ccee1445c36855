"""What the provider's bill says of a call that was booked at worst case, since nobody knew."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from functions.core.domain.canonical import digest
from functions.core.domain.errors import AlreadySettled, StoreContention, UnknownDefinition
from functions.core.domain.evidence import Kind, chain_of
from functions.core.domain.expressions import Absent, AtLeast, Increase, Item, Move, Present, Set
from functions.core.domain.ledger import Pool, text
from functions.core.domain.names import AttemptName, nonce
from functions.core.domain.timestamps import iso
from functions.core.ports import Clock, Store
from functions.core.services.evidence import Evidence
from functions.core.services.funds import Funds, Tokens

_TOKEN_CHARACTERS: Final = 36


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What somebody read in it: what the call cost, in dollars."""

    usd: Decimal
    by: str
    why: str


@dataclass(frozen=True)
class Settled:
    """An unconfirmed call that is confirmed: what was booked, and what it cost."""

    worst: Decimal
    usd: Decimal


class Invoices:
    """Settles what was booked at worst case; once each."""

    def __init__(self, store: Store, clock: Clock, evidence: Evidence) -> None:
        self._store = store
        self._clock = clock
        self._evidence = evidence
        self._funds = Funds(store)

    def settle(self, pool: Pool, attempt: str, bill: Bill) -> Settled:
        """Book what *attempt* cost in place of its worst case, and free the rest.

        More than the worst case is booked as it is. Safe to repeat: whoever died on the way is
        made up for. What its run may still spend is left alone.

        Raises
        ------
        UnknownDefinition
            The budget holds no unconfirmed booking of *attempt*.
        AlreadySettled
            It was settled at another amount.
        """
        ref = pool.unconfirmed(attempt)
        record = self._store.get(ref)
        if record is None:
            raise UnknownDefinition(f"{pool.name} has no unconfirmed booking of {attempt}")
        if "settled_at" not in record:
            record = self._book(pool, attempt, record, bill)
        if Decimal(record["usd"]) != bill.usd:
            raise AlreadySettled(
                f"{attempt} was settled at ${text(Decimal(record['usd']))}, by {record['by']} at "
                f"{record['settled_at']}"
            )
        self._attest(pool, attempt, record)
        self._bring_home(pool, Tokens(nonce()))
        return Settled(Decimal(record["worst"]), bill.usd)

    def _book(self, pool: Pool, attempt: str, record: Item, bill: Bill) -> Item:
        """Book it, with who says so; return the record as it is then, whoever booked it."""
        worst, ref = Decimal(record["worst"]), pool.unconfirmed(attempt)
        said = {
            "usd": bill.usd,
            "by": bill.by,
            "why": bill.why,
            "settled_at": iso(self._clock.now()),
        }
        moves = [
            Move(
                ref,
                tuple(Set(name, value) for name, value in said.items()),
                (Present("worst"), Absent("settled_at")),
            ),
            Move(
                pool.shard(int(record["shard"])),
                (
                    Increase("unconfirmed", -worst),
                    Increase("settled", bill.usd),
                    Increase("avail", worst - bill.usd),
                ),
                (AtLeast("unconfirmed", worst),),
            ),
        ]
        self._store.transact(moves, token=digest([repr(moves)])[:_TOKEN_CHARACTERS])
        found = self._store.get(ref) or {}
        if "settled_at" not in found:
            raise StoreContention(f"{pool.name} changed while {attempt} was settled")
        return found

    def _attest(self, pool: Pool, attempt: str, record: Item) -> None:
        name = AttemptName.parse(attempt)
        body = {
            "attempt": attempt,
            "budget": pool.name,
            "usd": text(Decimal(record["usd"])),
            "worst_usd": text(Decimal(record["worst"])),
            "by": record["by"],
            "why": record["why"],
        }
        chain = chain_of(name.run, name.step)
        self._evidence.append(chain, Kind.SETTLED, f"{attempt}:settled", body)

    def _bring_home(self, pool: Pool, tokens: Tokens) -> None:
        """Let the level above have what came free in a period that is over."""
        now = iso(self._clock.now())
        while True:
            tree, _ = self._funds.tree(pool)
            ends = tree.item.get("ends_at", "")
            if "above" not in tree.item or not ends or ends > now:
                return
            above = Pool.named(tree.item["above"])
            self._funds.recall(tree, above, tree.free, tokens)
            pool = above
