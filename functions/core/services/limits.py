"""A budget's limit, raised and lowered by people; each decision is on record.

A decision holds for its period: a deployment leaves it alone, and the period that follows begins
with what `budgets.toml` says (CONTRACTS: ledger).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.budgets import Budgets
from functions.core.domain.canonical import digest
from functions.core.domain.errors import (
    LimitChanged,
    LimitRefused,
    StoreContention,
    UnknownDefinition,
)
from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Change,
    Equals,
    Increase,
    Item,
    Move,
    Set,
)
from functions.core.domain.grants import Level
from functions.core.domain.ledger import Pool, text
from functions.core.domain.names import nonce
from functions.core.domain.timestamps import iso
from functions.core.ports import Clock, Store
from functions.core.services.budget_events import forgotten
from functions.core.services.catalog import Catalog
from functions.core.services.funds import Funds, Tokens
from functions.core.services.ledger import Ledger

ROUNDS: Final = 6
"""Times that money is brought together for a lower limit while calls take it again."""
_TOKEN_CHARACTERS: Final = 36


class How(StrEnum):
    """What kind of change a limit saw."""

    RAISED = "raised"
    LOWERED = "lowered"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A limit that somebody decided on.

    Attributes
    ----------
    to
        The limit, in dollars.
    id
        Names the decision: the same one again is the same one.
    saw
        The id of the last change that they knew of; empty: none.
    """

    to: Decimal
    id: str
    saw: str
    by: str
    why: str


@dataclass(frozen=True)
class Reached:
    """A limit before and after a decision; a lower one may stop at what is spent and set aside."""

    before: Decimal
    limit: Decimal

    @property
    def changed(self) -> bool:
        """Whether anything came of it."""
        return self.before != self.limit


class Limits:
    """Changes the limits of one stage."""

    def __init__(self, store: Store, clock: Clock, catalog: Catalog) -> None:
        self._store = store
        self._clock = clock
        self._catalog = catalog
        self._funds = Funds(store)

    def raise_(self, pool: Pool, wanted: Wanted) -> Reached:
        """Give a budget's period more to spend, from now on.

        Raises
        ------
        LimitRefused
            It is not above the present one, or above that of the level which grants into it.
        LimitChanged
            Somebody changed it since; a decision is taken on what one saw.
        UnknownDefinition
            There is no such budget or period.
        """
        done = self._done(pool, wanted)
        if done is not None:
            return done
        item = self._found(pool, wanted)
        more = wanted.to - Decimal(item["limit"])
        if more <= 0:
            raise LimitRefused(f"the limit of {pool.scope} is {_usd(item)} already: not raised")
        self._require_room(item, wanted.to)
        if not self._write(pool, item, wanted, How.RAISED, more):
            return self._outcome(pool, wanted)
        return Reached(Decimal(item["limit"]), wanted.to)

    def lower(self, pool: Pool, wanted: Wanted) -> Reached:
        """Let a budget's period spend less, from now on: at least what it has spent and set aside.

        What lies free in it and below is brought together first; never more is taken off the
        limit than lies there.

        Raises
        ------
        LimitRefused
            It is not below the present one.
        LimitChanged, UnknownDefinition
            As for :meth:`raise_`.
        StoreContention
            Calls took the money again and again.
        """
        tokens = Tokens(nonce())
        for _ in range(ROUNDS):
            done = self._done(pool, wanted)
            if done is not None:
                return done
            item = self._found(pool, wanted)
            limit = Decimal(item["limit"])
            if wanted.to >= limit:
                raise LimitRefused(f"the limit of {pool.scope} is {_usd(item)}: not lowered")
            amount = min(limit - wanted.to, self._gathered(pool, limit - wanted.to, tokens))
            if amount <= 0:
                return Reached(limit, limit)
            if self._write(pool, item, wanted, How.LOWERED, -amount):
                Ledger(self._store).announce(pool, iso(self._clock.now()))
                return Reached(limit, limit - amount)
        raise StoreContention(f"calls took the money of {pool.scope} again, {ROUNDS} times")

    def _done(self, pool: Pool, wanted: Wanted) -> Reached | None:
        """Return what became of this very decision, if it was carried out."""
        record = self._store.get(pool.change(wanted.id))
        if record is None:
            return None
        return Reached(Decimal(record["before"]), Decimal(record["limit"]))

    def _outcome(self, pool: Pool, wanted: Wanted) -> Reached:
        """Return what a client's repeat finds; raise where it was somebody else's decision."""
        done = self._done(pool, wanted)
        if done is None:
            raise self._overtaken(pool, self._store.get(pool.ref) or {})
        return done

    def _found(self, pool: Pool, wanted: Wanted) -> Item:
        """Return the pool's item as *wanted* saw it; opens a period that nobody needed yet."""
        item = self._store.get(pool.ref)
        if item is None:
            self._funds.open(self._levels(pool))
            item = self._store.get(pool.ref) or {}
        ends = item.get("ends_at", "")
        if ends and ends <= iso(self._clock.now()):
            raise LimitRefused(f"{pool.period} is over for {pool.scope}: nothing is spent in it")
        if item["change"] != wanted.saw:
            raise self._overtaken(pool, item)
        return item

    def _levels(self, pool: Pool) -> Sequence[Level]:
        """Return the levels of *pool*, if that is the period in which its budget is now."""
        _, budgets = self._catalog.live("budgets", "budgets", Budgets)
        kind, _, name = pool.scope.partition(":")
        task = name if kind == "task" else ""
        team = self._catalog.live("ai_task", task, AiTask)[1].team if task else name
        grant = budgets.for_call(team=team, task=task)
        levels = grant.levels(self._clock.now())
        if levels[0].pool != pool:
            raise UnknownDefinition(f"{pool.scope} has no budget, or none called {pool.period}")
        return levels

    def _require_room(self, item: Item, limit: Decimal) -> None:
        above = self._store.get(Pool.named(item["above"]).ref) if "above" in item else None
        if above is not None and limit > Decimal(above["limit"]):
            raise LimitRefused(
                f"{Pool.named(item['above']).scope}, which grants into it, has {_usd(above)} "
                "itself: raise that first"
            )

    def _gathered(self, pool: Pool, need: Decimal, tokens: Tokens) -> Decimal:
        """Bring up to *need* to where a limit is taken from; return what is there then."""
        tree, _ = self._funds.tree(pool)
        if "above" not in tree.item:
            self._funds.collect(tree, need, tokens)
        elif tree.withheld < need:
            above = Pool.named(tree.item["above"])
            self._funds.recall(tree, above, need - tree.withheld, tokens)
        item = self._store.get(pool.ref) or {}
        return Decimal(item[_source(item)])

    def _write(self, pool: Pool, item: Item, wanted: Wanted, how: How, more: Decimal) -> bool:
        """Change the limit and put the decision on record, at one instant."""
        limit, source = Decimal(item["limit"]) + more, _source(item)
        used = self._funds.tree(pool)[0].used
        changes: tuple[Change, ...] = (
            Set("limit", limit),
            Set("change", wanted.id),
            Increase(source, more),
            *forgotten(item, limit, used),
        )
        said = {
            "at": iso(self._clock.now()),
            "how": how,
            "before": Decimal(item["limit"]),
            "asked": wanted.to,
            "limit": limit,
            "by": wanted.by,
            "why": wanted.why,
        }
        record = tuple(Set(name, value) for name, value in said.items())
        moves = [
            Move(pool.ref, changes, (Equals("change", item["change"]), AtLeast(source, -more))),
            Move(pool.change(wanted.id), record, (Absent("pk"),)),
        ]
        return self._store.transact(moves, token=digest([repr(moves)])[:_TOKEN_CHARACTERS])

    def _overtaken(self, pool: Pool, item: Item) -> LimitChanged:
        last = self._store.get(pool.change(item.get("change", ""))) or {}
        by = f", by {last['by']} at {last['at']}" if last else ""
        return LimitChanged(f"the limit of {pool.scope} is {_usd(item)} meanwhile{by}")


def _source(item: Item) -> str:
    """Return where what is added to a limit goes, and what is taken off it comes from."""
    return "withheld" if "above" in item else "avail"


def _usd(item: Item) -> str:
    return f"${text(Decimal(item['limit']))}"
