"""What a budget's period holds, as of one instant, with the decisions that were taken on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from functions.core.domain.budgets import Budgets
from functions.core.domain.expressions import Item, Table
from functions.core.domain.ledger import CHANGE, UNCONFIRMED, Pool, text
from functions.core.services.funds import ZERO, Budget, Funds
from interlock.cli.exits import NotFound
from interlock.cli.stage import Stage


@dataclass(frozen=True)
class State:
    """A budget's period: what may be spent in it, was, and still can be.

    Attributes
    ----------
    declared
        What `budgets.toml`, as deployed, gives each period.
    left
        What a call could still have: free in it, below it, and grantable from above.
    saw
        The id of the last change of its limit; empty: none.
    """

    pool: Pool
    limit: Decimal
    declared: Decimal
    settled: Decimal
    unconfirmed: Decimal
    in_flight: Decimal
    left: Decimal
    ends_at: str
    saw: str

    def as_json(self) -> dict[str, Any]:
        """Return its JSON; amounts are text."""
        amounts = ("limit", "declared", "settled", "unconfirmed", "in_flight", "left")
        return {
            "scope": self.pool.scope,
            "period": self.pool.period,
            **{f"{name}_usd": text(getattr(self, name)) for name in amounts},
            "ends_at": self.ends_at,
        }


@dataclass(frozen=True)
class Change:
    """A decision on a limit."""

    at: str
    how: str
    before: Decimal
    asked: Decimal
    limit: Decimal
    by: str
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return its JSON; amounts are text."""
        amounts = {f"{n}_usd": text(getattr(self, n)) for n in ("before", "asked", "limit")}
        return {"at": self.at, "how": self.how, **amounts, "by": self.by, "why": self.why}


@dataclass(frozen=True)
class Unconfirmed:
    """A call that was booked at worst case, and what its bill said if somebody told."""

    attempt: str
    worst: Decimal
    usd: Decimal | None
    settled_at: str
    by: str
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return its JSON; amounts are text, null while nobody settled it."""
        told = {name: getattr(self, name) or None for name in ("settled_at", "by", "why")}
        usd = None if self.usd is None else text(self.usd)
        return {"attempt": self.attempt, "worst_usd": text(self.worst), "usd": usd, **told}


def declared_budgets(stage: Stage) -> Budgets:
    """Return the budgets that are live at *stage*."""
    from interlock.cli.event_text import live_document

    return Budgets.model_validate(live_document(stage, "budgets", "budgets"))


def pool_of(budgets: Budgets, scope: str, moment: datetime, period: str = "") -> Pool:
    """Return the *period* of a declared budget; without one, that of *moment*.

    Raises
    ------
    NotFound
        No budget of that scope is declared.
    """
    budget = budgets.declared(scope)
    if budget is None:
        known = ", ".join(one.scope for one in budgets.budgets)
        raise NotFound(f"{scope} has no budget", f"declared are: {known}")
    return Pool(scope, period) if period else budget.grant(None).levels(moment)[0].pool


def read_state(stage: Stage, budgets: Budgets, pool: Pool) -> State | None:
    """Return what *pool* holds; None if nobody has needed that period yet."""
    funds = Funds(stage.store)
    tree, _ = funds.tree(pool)
    if not tree.item:
        return None
    budget = budgets.declared(pool.scope)
    return State(
        pool=pool,
        limit=Decimal(tree.item["limit"]),
        declared=Decimal(budget.limit_usd) if budget else ZERO,
        settled=_sum(tree, "settled"),
        unconfirmed=_sum(tree, "unconfirmed"),
        in_flight=tree.in_flight,
        left=_left(funds, tree),
        ends_at=str(tree.item.get("ends_at", "")),
        saw=str(tree.item["change"]),
    )


def unopened(budgets: Budgets, pool: Pool) -> State:
    """Return the state of a period that begins with its first call."""
    budget = budgets.declared(pool.scope)
    limit = Decimal(budget.limit_usd) if budget else ZERO
    return State(pool, limit, limit, ZERO, ZERO, ZERO, limit, "", "")


def changes_of(stage: Stage, pool: Pool) -> list[Change]:
    """Return the decisions on a period's limit, oldest first."""
    items = stage.store.query(Table.LEDGER, pool.pk, prefix=CHANGE)
    return sorted(map(_change, items), key=lambda one: one.at)


def unconfirmed_of(stage: Stage, pool: Pool) -> list[Unconfirmed]:
    """Return the calls that were booked at worst case in a period, settled ones last."""
    items = stage.store.query(Table.LEDGER, pool.pk, prefix=UNCONFIRMED)
    return sorted(map(_unconfirmed, items), key=lambda one: (one.usd is not None, one.attempt))


def _change(item: Item) -> Change:
    return Change(
        at=str(item["at"]),
        how=str(item["how"]),
        before=Decimal(item["before"]),
        asked=Decimal(item["asked"]),
        limit=Decimal(item["limit"]),
        by=str(item["by"]),
        why=str(item["why"]),
    )


def _unconfirmed(item: Item) -> Unconfirmed:
    usd = item.get("usd")
    return Unconfirmed(
        attempt=str(item["sk"]).removeprefix(UNCONFIRMED),
        worst=Decimal(item["worst"]),
        usd=None if usd is None else Decimal(usd),
        **{name: str(item.get(name, "")) for name in ("settled_at", "by", "why")},
    )


def _sum(tree: Budget, name: str) -> Decimal:
    return sum((Decimal(shard[name]) for one in _all(tree) for shard in one.shards), ZERO)


def _all(tree: Budget) -> Iterator[Budget]:
    yield tree
    for below in tree.below:
        yield from _all(below)


def _left(funds: Funds, tree: Budget) -> Decimal:
    """Return what can be had in *tree*: the levels above grant no more than they have."""
    if "above" not in tree.item:
        return tree.free
    above, _ = funds.tree(Pool.named(tree.item["above"]))
    return tree.free + min(tree.withheld, max(ZERO, _left(funds, above) - tree.free))
