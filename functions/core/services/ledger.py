"""The ledger: reserve, settle, expire (CONTRACTS: ledger).

The lowest budget that is declared for a call holds its reservation, on one shard; those above
grant into it, which services/funds.py moves. Once money lies on the shard, a call writes its
reservation and its settlement, and nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from functions.core.domain.canonical import digest
from functions.core.domain.errors import BudgetBusy, BudgetExceeded
from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Change,
    Equals,
    Increase,
    Item,
    Move,
    Present,
    Ref,
    Remove,
    Set,
    SetOnce,
    SmallerThan,
    at,
)
from functions.core.domain.grants import Grant, Level
from functions.core.domain.ledger import OPEN_LIMIT, Place, Pool
from functions.core.domain.names import AttemptName
from functions.core.domain.run import due_bucket, run_ref
from functions.core.domain.timestamps import iso
from functions.core.ports import Store
from functions.core.services.budget_events import EXCEEDED, crossed, tell
from functions.core.services.funds import ZERO, Budget, Funds, Tokens

ROUNDS = 3
"""Times a call moves money between shards before it says BUDGET_BUSY."""
SLICE = 16
"""Worst cases that a shard is given at once, while the pool has as much for each of them: moving
money takes three more calls, so it has to be rare."""
GRACE = timedelta(hours=1)
"""How long after its end a period may still be written: longer than any reservation holds."""


class Ledger:
    """Money of one stage."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._funds = Funds(store)

    def open_period(self, grant: Grant, moment: datetime) -> None:
        """Make what the budgets of *grant* lack of the periods that *moment* lies in."""
        self._funds.open(grant.levels(moment))

    def reserve(
        self,
        attempt: AttemptName,
        grant: Grant,
        worst: Decimal,
        *,
        until: str,
        limits_run: bool = False,
    ) -> Place:
        """Set *worst* dollars aside for *attempt*, in the budget *grant* and so in those above.

        With *limits_run* in what its run may spend, too.

        Returns
        -------
        Place
            Where it lies; a function of the attempt's name and the definition.

        Raises
        ------
        BudgetBusy
            The money exists but is in flight, or the shard is full.
        BudgetExceeded
            One transactional read found less than *worst* free and in flight together.
        """
        place = grant.place(attempt, limits_run=limits_run)
        for round_ in range(ROUNDS):
            if self._set_aside(place, attempt, worst, until):
                self._take_from_run(place, attempt, worst)
                return place
            tokens = Tokens(f"{attempt.nonce}{round_}")
            self._bring_money(place, grant.levels(attempt.drawn_at), worst, tokens, attempt)
        raise BudgetBusy(f"{ROUNDS} rounds found the money moving")

    def _set_aside(self, place: Place, attempt: AttemptName, worst: Decimal, until: str) -> bool:
        name = str(attempt)
        entry = {"worst": worst, "until": until}
        written = self._store.update(
            place.ref,
            [
                Increase("avail", -worst),
                Set(("open", name), entry),
                SetOnce("due_at", until),
                Set("due_bucket", due_bucket(place.pk)),
            ],
            (AtLeast("avail", worst), Absent(("open", name)), SmallerThan("open", OPEN_LIMIT)),
        )
        if written.done or at(written.item, ("open", name)) is not None:
            return True
        if written.item is not None and len(written.item["open"]) >= OPEN_LIMIT:
            raise BudgetBusy(f"shard {place.shard} holds {OPEN_LIMIT} open reservations")
        return False

    def _bring_money(
        self,
        place: Place,
        levels: list[Level],
        worst: Decimal,
        tokens: Tokens,
        attempt: AttemptName,
    ) -> None:
        """Bring what *place* lacks: from its pool and the levels above, else from anywhere."""
        pools, shards = self._look(levels, attempt, tokens)
        lies = Decimal(shards[place.shard]["avail"])
        need = worst - lies
        free = self._drawn(levels, pools, need, tokens)
        if free < need:
            free = self._searched(levels, place, worst, tokens, attempt)
        slice_ = worst * SLICE
        brought = max(need, slice_) if slice_ * levels[0].grant.shards <= free else need
        if need > 0:
            self._funds.spread(place.budget, place.shard, brought, tokens.next())

    def _look(
        self, levels: list[Level], attempt: AttemptName, tokens: Tokens
    ) -> tuple[list[Item], list[Item]]:
        """Return pools and shards as of one instant; makes what a new period or shard lacks."""
        shards = levels[0].grant.shards
        pools, lies = self._funds.level(levels, shards)
        if None in pools or {} in lies or int((pools[0] or {})["shards"]) < shards:
            self._funds.open(levels)
            if pools[0] is not None and int(pools[0]["shards"]) < shards:
                self._funds.widen(levels[0])
            early = iso(attempt.drawn_at - GRACE)
            for level in levels[1:]:
                self._funds.retire(level.pool, early, tokens)
            pools, lies = self._funds.level(levels, shards)
        return [pool or {} for pool in pools], lies

    def _drawn(
        self, levels: list[Level], pools: list[Item], need: Decimal, tokens: Tokens
    ) -> Decimal:
        """Let the levels above grant what the first pool lacks of *need*; return what it has.

        Granted in slices while there is plenty, as shards are given theirs.
        """
        have = Decimal(pools[0].get("avail", 0))
        if have >= need or len(levels) == 1:
            return have
        withheld = Decimal(pools[0].get("withheld", 0))
        above = self._drawn(levels[1:], pools[1:], min(need - have, withheld), tokens)
        plenty = need * SLICE * levels[0].grant.shards
        wanted = plenty if plenty * 2 <= min(above, withheld) else need - have
        amount = min(wanted, above, withheld)
        if amount > 0 and self._funds.grant(levels[1].pool, levels[0].pool, amount, tokens.next()):
            have += amount
        return have

    def _searched(
        self,
        levels: list[Level],
        place: Place,
        worst: Decimal,
        tokens: Tokens,
        attempt: AttemptName,
    ) -> Decimal:
        """Bring *worst* together in the lowest pool from wherever it lies free; return what it has.

        What lies at *place* already counts, and stays there.
        """
        tree, at_once = self._funds.tree(levels[-1].pool)
        path = tree.path([level.pool.name for level in levels])
        for one in path:
            tell(self._store, one, crossed(one.item, one.used), iso(attempt.drawn_at))
        if _within_reach(path, [one.free for one in path]) < worst:
            both = [one.free + one.in_flight for one in path]
            if not at_once or _within_reach(path, both) >= worst:
                raise BudgetBusy("the money is in flight")
            self._refuse(path, both, worst, attempt)
        need = worst - Decimal(path[0].shards[place.shard]["avail"])
        return self._filled(path, need, tokens, spare=place.shard)

    def _filled(
        self, path: list[Budget], need: Decimal, tokens: Tokens, *, spare: int = -1
    ) -> Decimal:
        """Bring *need* together in the first pool of *path*, and what it lacks from above."""
        one, above = path[0], path[1:]
        if above:  # what is below it on the path is not asked to give
            above[0].below.remove(one)
        have = self._funds.collect(one, need, tokens, spare=spare)
        lacks = min(need - have, one.withheld)
        if above and lacks > 0:
            amount = min(lacks, self._filled(above, lacks, tokens))
            if amount > 0 and self._funds.grant(above[0].pool, one.pool, amount, tokens.next()):
                have += amount
        return have

    def _refuse(
        self, path: list[Budget], both: list[Decimal], worst: Decimal, attempt: AttemptName
    ) -> None:
        """Say which of the budgets is exceeded, once in its period and limit; raise."""
        one = next(
            (o for o, has in zip(path, both, strict=True) if has + o.withheld < worst), path[-1]
        )
        tell(self._store, one, [EXCEEDED], iso(attempt.drawn_at))
        raise BudgetExceeded(f"the worst case does not fit what {one.pool.scope} has left")

    def settle(self, place: Place, attempt: str, worst: Decimal, actual: Decimal) -> None:
        """Book what *attempt* cost and free the rest; finding it gone counts as done."""
        self._book(place, attempt, worst - actual, [Increase("settled", actual)])

    def release(self, place: Place, attempt: str, worst: Decimal) -> None:
        """Free the reservation of an attempt that never sent and never will."""
        self._book(place, attempt, worst)

    def unconfirmed(self, place: Place, attempt: str, worst: Decimal) -> None:
        """Book at worst case what a dead sender may have spent, until an invoice says otherwise."""
        self._book_on_run(place, attempt, ZERO)
        path = ("open", attempt)
        booked = Move(place.ref, (Remove(path), Increase("unconfirmed", worst)), (Present(path),))
        kept = (Set("worst", worst), Set("shard", place.shard))
        record = Move(place.budget.unconfirmed(attempt), kept, (Absent("pk"),))
        self._store.transact([booked, record], token=digest([attempt, "unconfirmed"])[:36])

    def _book(
        self, place: Place, attempt: str, back: Decimal, changes: Sequence[Change] = ()
    ) -> None:
        """Book on the run first: what sweep finds is the shard's entry, and it does both again."""
        self._book_on_run(place, attempt, back)
        path = ("open", attempt)
        self._store.update(
            place.ref, [Remove(path), Increase("avail", back), *changes], (Present(path),)
        )

    def _take_from_run(self, place: Place, attempt: AttemptName, worst: Decimal) -> None:
        if not place.limits_run:
            return
        entry = ("usd_open", str(attempt))
        written = self._store.update(
            run_ref(attempt.run),
            [Increase("usd_left", -worst), Set(entry, worst)],
            (AtLeast("usd_left", worst), Absent(entry)),
        )
        if written.done or at(written.item, entry) is not None:
            return
        # nobody knows the attempt's name yet, so that nobody can send it
        self.release(place, str(attempt), worst)
        left = Decimal(at(written.item, "usd_left") or 0)
        held = (at(written.item, "usd_open") or {}).values()
        if left + sum(map(Decimal, held), ZERO) < worst:
            raise BudgetExceeded("the worst case does not fit what the run has left")
        raise BudgetBusy("the run's money is in flight")

    def _book_on_run(self, place: Place, attempt: str, back: Decimal) -> None:
        if place.limits_run:
            entry = ("usd_open", attempt)
            self._store.update(
                run_ref(AttemptName.parse(attempt).run),
                [Remove(entry), Increase("usd_left", back)],
                (Present(entry),),
            )

    def announce(self, pool: Pool, now: str) -> None:
        """Announce the thresholds that *pool* and those above it have crossed by *now*."""
        names: list[str] = []
        above: str | None = pool.name
        while above is not None:
            names.append(above)
            above = at(self._store.get(Pool.named(above).ref), "above")
        tree, _ = self._funds.tree(Pool.named(names[-1]))
        for one in tree.path(names):
            tell(self._store, one, crossed(one.item, one.used), now)

    def expired(self, ref: Ref, now: str) -> list[tuple[str, Decimal]]:
        """Return (attempt, worst case) of the reservations of a shard whose time is over."""
        entries = at(self._store.get(ref), "open") or {}
        return [(n, Decimal(e["worst"])) for n, e in sorted(entries.items()) if e["until"] < now]

    def reschedule(self, ref: Ref) -> None:
        """Set when sweep has to look at a shard again: at its earliest entry."""
        item = self._store.get(ref)
        due = at(item, "due_at")
        if due is None:
            return
        earliest = min((entry["until"] for entry in at(item, "open").values()), default=None)
        if earliest is None:
            clear = [Remove("due_at"), Remove("due_bucket")]
            self._store.update(ref, clear, (Equals("due_at", due), SmallerThan("open", 1)))
        elif earliest > due:
            self._store.update(ref, [Set("due_at", earliest)], (Equals("due_at", due),))


def _within_reach(path: list[Budget], has: list[Decimal]) -> Decimal:
    """Return what the first budget of *path* can have at most, if each has what *has* says."""
    reach = has[-1]
    for one, own in zip(reversed(path[:-1]), reversed(has[:-1]), strict=True):
        reach = own + min(one.withheld, reach - own)
    return reach
