"""Limits that people raise and lower, and what a bill says of calls that nobody confirmed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.core.domain.budgets import Budgets
from functions.core.domain.errors import (
    AlreadySettled,
    BudgetExceeded,
    LimitChanged,
    LimitRefused,
    UnknownDefinition,
)
from functions.core.domain.evidence import LATE, chain_of
from functions.core.domain.expressions import Table
from functions.core.domain.grants import Grant
from functions.core.domain.ledger import Place, Pool
from functions.core.domain.names import AttemptName
from functions.core.services import outbox
from functions.core.services.catalog import Catalog
from functions.core.services.invoices import Bill
from functions.core.services.ledger import Ledger
from functions.core.services.limits import Reached, Wanted
from functions.core.services.publishing import publish
from tests.fakes import FakeClock
from tests.memory_store import MemoryStore
from tests.stage import Stage, compiled

UNTIL = "2026-11-22T08:15:00.000Z"
BUDGETS = {
    "budgets": [
        {
            "scope": "organisation",
            "period": "month",
            "limit_usd": "20",
            "shards": 2,
            "thresholds": [0.5, 0.9],
        },
        {"scope": "team:desk", "period": "day", "limit_usd": "10", "shards": 2},
        {"scope": "task:sort", "period": "day", "limit_usd": "6", "shards": 1},
    ]
}
BY = {"by": "ana", "why": "a busy week"}


class Money:
    """Three levels, calls on the lowest, and people who change limits."""

    def __init__(self) -> None:
        store, self.clock = MemoryStore(), FakeClock()
        documents = compiled(budgets=BUDGETS)
        publish(Catalog(store, self.clock), Ledger(store), self.clock, documents, by="deployment")
        self.stage = Stage(store=store, clock=self.clock)
        self.store = store
        self.count = 0

    @property
    def grant(self) -> Grant:
        return Budgets.model_validate(BUDGETS).for_call(team="desk", task="sort")

    def pool(self, scope: str) -> Pool:
        return next(
            level.pool for level in self.grant.levels(self.clock.now()) if level.pool.scope == scope
        )

    def item(self, scope: str) -> dict[str, Any]:
        return self.store.get(self.pool(scope).ref) or {}

    def limits(self) -> list[Decimal]:
        return [self.item(s)["limit"] for s in ("organisation", "team:desk", "task:sort")]

    def reserve(self, worst: str) -> tuple[Place, str]:
        attempt = AttemptName.draw("sort_notes-a", "Sort.1", 1, self.clock.now())
        place = self.stage.ledger.reserve(attempt, self.grant, Decimal(worst), until=UNTIL)
        return place, str(attempt)

    def spend(self, usd: str) -> None:
        place, attempt = self.reserve(usd)
        self.stage.ledger.settle(place, attempt, Decimal(usd), Decimal(usd))

    def wanted(self, scope: str, to: str, **said: str) -> Wanted:
        self.count += 1
        told = {"id": f"{self.count:032x}", "saw": self.item(scope).get("change", ""), **BY, **said}
        return Wanted(to=Decimal(to), **told)

    def raised(self, scope: str, to: str, **said: str) -> Reached:
        return self.stage.limits.raise_(self.pool(scope), self.wanted(scope, to, **said))

    def lowered(self, scope: str, to: str, **said: str) -> Reached:
        return self.stage.limits.lower(self.pool(scope), self.wanted(scope, to, **said))


@pytest.fixture
def money() -> Money:
    return Money()


def test_a_raised_limit_can_be_spent_at_once(money) -> None:
    """What was refused before is admitted; the decision says who, when and why."""
    money.spend("6")
    with pytest.raises(BudgetExceeded, match="task:sort"):
        money.reserve("3")
    money.raised("task:sort", "9")
    money.reserve("3")

    [record] = money.store.query(Table.LEDGER, money.pool("task:sort").pk, prefix="change#")
    del record["pk"], record["sk"]
    assert record == {
        "at": "2026-11-22T08:00:00.000Z",
        "how": "raised",
        "before": 6,
        "asked": 9,
        "limit": 9,
        **BY,
    }


def test_a_period_that_nobody_needed_yet_is_opened_to_be_raised(money) -> None:
    """The first of a month begins for whoever comes first."""
    money.clock.forward(days=40)

    money.raised("organisation", "30")
    money.raised("team:desk", "25")
    money.raised("task:sort", "25")

    assert money.limits() == [30, 25, 25]
    money.reserve("25")


def test_a_limit_is_not_raised_above_the_level_that_grants_into_it(money) -> None:
    """It would promise what nobody has."""
    with pytest.raises(LimitRefused, match=r"organisation.*\$20"):
        money.raised("team:desk", "21")


def test_the_next_period_begins_with_what_is_declared(money) -> None:
    """And a deployment meanwhile changes nothing."""
    money.raised("organisation", "50")
    publish(
        Catalog(money.store, money.clock),
        money.stage.ledger,
        money.clock,
        compiled(budgets=BUDGETS),
        by="deployment",
    )
    during = money.item("organisation")["limit"]
    money.clock.forward(days=30)
    money.reserve("1")

    assert (during, money.item("organisation")["limit"]) == (50, 20)


def test_a_lower_limit_takes_what_lies_free_anywhere_below(money) -> None:
    """Brought together from shards and lower levels first."""
    place, attempt = money.reserve("5")
    money.stage.ledger.release(place, attempt, Decimal(5))

    reached = [money.lowered(s, "1").limit for s in ("organisation", "team:desk", "task:sort")]

    assert reached == [1, 1, 1]
    with pytest.raises(BudgetExceeded):
        money.reserve("2")


def test_a_limit_is_lowered_no_further_than_what_is_spent_and_set_aside(money) -> None:
    """It reports the limit that it reached; a repeat of the decision reports the same."""
    money.spend("2")
    money.reserve("1.5")
    wanted = money.wanted("organisation", "1")
    limits, pool = money.stage.limits, money.pool("organisation")

    reached = [limits.lower(pool, wanted) for _ in range(2)]

    assert reached == [Reached(Decimal(20), Decimal("3.5"))] * 2
    assert money.lowered("organisation", "1").changed is False


@pytest.mark.parametrize(("how", "to"), [("raised", "20"), ("raised", "19"), ("lowered", "20")])
def test_a_raise_that_raises_nothing_is_refused(money, how, to) -> None:
    """Somebody who raises to less than there is was mistaken about what there is."""
    with pytest.raises(LimitRefused, match=r"\$20"):
        getattr(money, how)("organisation", to)


def test_whoever_decided_on_an_old_limit_is_told_who_changed_it(money) -> None:
    """Two people who double a limit don't quadruple it."""
    money.raised("organisation", "40", by="ben")

    with pytest.raises(LimitChanged, match=r"\$40 meanwhile, by ben at 2026-11-22"):
        money.raised("organisation", "60", saw="")


def test_the_same_decision_counts_once(money) -> None:
    """Also when another came after it."""
    wanted = money.wanted("organisation", "40")
    limits, pool = money.stage.limits, money.pool("organisation")
    first = limits.raise_(pool, wanted)
    money.raised("organisation", "60")

    assert limits.raise_(pool, wanted) == first == Reached(Decimal(20), Decimal(40))
    assert money.item("organisation")["limit"] == 60


@pytest.mark.parametrize("budget", ["team:shop#2026-11", "task:none#2026-11", "organisation#total"])
def test_a_budget_that_is_not_there_has_no_limit(money, budget) -> None:
    """By scope, and by period."""
    with pytest.raises(UnknownDefinition):
        money.stage.limits.raise_(
            Pool.named(budget), Wanted(to=Decimal(99), id="0" * 32, saw="", **BY)
        )


def test_a_period_that_is_over_keeps_its_limit(money) -> None:
    """Nothing is spent in it any more."""
    money.reserve("1")
    pool, wanted = money.pool("team:desk"), money.wanted("team:desk", "12")
    money.clock.forward(days=1)

    with pytest.raises(LimitRefused, match="2026-11-22 is over"):
        money.stage.limits.raise_(pool, wanted)


def test_a_threshold_is_announced_again_under_a_new_limit(money) -> None:
    """The half of what was raised is another half; a lower limit crosses it at once."""
    money.spend("6")
    money.lowered("organisation", "10")
    money.raised("organisation", "19")
    money.spend("0")
    money.lowered("organisation", "12")

    told = [e.detail for e in outbox.pending(money.item("organisation"))]
    assert [(one["threshold"], one["limit_usd"]) for one in told] == [("0.5", "10"), ("0.5", "12")]


class TestBills:
    """Calls that were booked at worst case."""

    def unconfirmed(self, money: Money, worst: str = "4") -> tuple[Pool, str]:
        place, attempt = money.reserve(worst)
        money.stage.ledger.unconfirmed(place, attempt, Decimal(worst))
        return place.budget, attempt

    def settle(self, money: Money, pool: Pool, attempt: str, usd: str) -> tuple[str, str]:
        done = money.stage.invoices.settle(pool, attempt, Bill(usd=Decimal(usd), **BY))
        return str(done.worst), str(done.usd)

    def shard(self, money: Money, pool: Pool) -> list[Decimal]:
        shard = money.store.get(pool.shard(0))
        return [shard[name] for name in ("avail", "settled", "unconfirmed")]

    def test_a_bill_is_booked_once_and_is_on_record(self, money) -> None:
        """However often it is told; the rest is free again."""
        pool, attempt = self.unconfirmed(money)
        for _ in range(2):
            assert self.settle(money, pool, attempt, "1.25") == ("4", "1.25")

        assert self.shard(money, pool) == [Decimal("2.75"), Decimal("1.25"), 0]
        [record] = money.store.query(Table.EVIDENCE, chain_of("sort_notes-a", "Sort.1"))
        assert (record["kind"], '"usd":"1.25"' in record["body"]) == ("settled", True)

    def test_after_the_run_s_end_it_goes_to_the_late_chain(self, money) -> None:
        """A seal is the last record of its chain."""
        pool, attempt = self.unconfirmed(money)
        chain = chain_of("sort_notes-a", "Sort.1")
        money.stage.evidence.seal(chain)
        self.settle(money, pool, attempt, "1")

        assert [r["kind"] for r in money.store.query(Table.EVIDENCE, chain + LATE)] == ["settled"]

    def test_another_amount_is_refused(self, money) -> None:
        """With who said what, and when."""
        pool, attempt = self.unconfirmed(money)
        self.settle(money, pool, attempt, "1")

        with pytest.raises(AlreadySettled, match=r"\$1, by ana at 2026-11-22"):
            self.settle(money, pool, attempt, "2")
        assert self.shard(money, pool) == [3, 1, 0]

    def test_more_than_the_worst_case_is_booked_as_it_is(self, money) -> None:
        """The bill is what counts."""
        pool, attempt = self.unconfirmed(money)
        self.settle(money, pool, attempt, "5")

        assert self.shard(money, pool) == [-1, 5, 0]

    def test_what_nobody_booked_can_t_be_settled(self, money) -> None:
        """Neither a settled call nor one that never was."""
        place, attempt = money.reserve("4")

        with pytest.raises(UnknownDefinition, match="no unconfirmed booking"):
            self.settle(money, place.budget, attempt, "1")

    def test_what_comes_free_in_a_day_that_is_over_goes_home(self, money) -> None:
        """The month has it again, not yesterday."""
        pool, attempt = self.unconfirmed(money)
        money.clock.forward(seconds=timedelta(days=1).total_seconds())
        self.settle(money, pool, attempt, "1")

        above = [money.store.get(Pool(s, p).ref) for s, p in (
            ("team:desk", "2026-11-22"), ("organisation", "2026-11"))]  # fmt: skip
        assert [item["granted_down"] for item in above] == [1, 1]
        assert above[1]["avail"] == 19
