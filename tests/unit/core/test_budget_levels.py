"""Budgets above each other: what grants into what, for how long, and what a refusal means."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from functions.core.domain.budgets import Budgets
from functions.core.domain.errors import BudgetBusy, BudgetExceeded
from functions.core.domain.expressions import Table
from functions.core.domain.grants import Grant
from functions.core.domain.ledger import Place, Pool
from functions.core.domain.names import AttemptName
from functions.core.domain.periods import Period, span
from functions.core.services import outbox
from functions.core.services.ledger import Ledger
from tests.fakes import MORNING
from tests.memory_store import MemoryStore

UNTIL = "2026-11-22T08:15:00.000Z"
NOVEMBER = "2026-11"


def organisation(limit: int = 100, **more) -> Grant:
    return Grant("organisation", Decimal(limit), 2, **more)


def team(name: str, limit: int, above: Grant, **more) -> Grant:
    return Grant(f"team:{name}", Decimal(limit), 2, above=above, **more)


class Money:
    """A ledger, and calls on it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.ledger = Ledger(self.store)
        self.store.watch(lambda *_: self.require_even())

    def reserve(self, grant: Grant, worst: str, moment: datetime = MORNING) -> tuple[Place, str]:
        attempt = AttemptName.draw("run", "Sort.1", 1, moment)
        return self.ledger.reserve(attempt, grant, Decimal(worst), until=UNTIL), str(attempt)

    def pool(self, scope: str, period: str = NOVEMBER) -> dict:
        return self.store.get(Pool(scope, period).ref)

    def require_even(self) -> None:
        """Hold every budget to the invariant of its level."""
        for pool in [i for i in self.store.items(Table.LEDGER) if i["sk"] == "pool"]:
            total = pool["avail"] + pool.get("withheld", 0) + pool.get("granted_down", 0)
            for shard in self.store.query(Table.LEDGER, pool["pk"], prefix="shard#"):
                total += shard["avail"] + shard["settled"] + shard["unconfirmed"]
                total += sum(entry["worst"] for entry in shard["open"].values())
            assert total == pool["limit"], pool["pk"]


@pytest.fixture
def money() -> Money:
    return Money()


def test_the_lowest_budget_holds_the_call_and_those_above_grant(money) -> None:
    """Three levels, one reservation."""
    task = Grant("task:sort", Decimal(10), 1, above=team("desk", 50, organisation()))

    place, attempt = money.reserve(task, "4")
    money.ledger.settle(place, attempt, Decimal(4), Decimal(3))

    assert place.pk == "budget#task:sort#2026-11"
    assert money.pool("organisation")["granted_down"] == 4
    assert money.pool("team:desk")["granted_down"] == 4
    assert [money.pool("task:sort")[name] for name in ("withheld", "avail")] == [6, 0]


def test_a_call_writes_its_reservation_and_its_settlement_and_nothing_else(money) -> None:
    """Once money lies on its shard."""
    task = Grant("task:sort", Decimal(100), 1, above=team("desk", 1000, organisation(9000)))
    money.reserve(task, "1")
    writes: list[str] = []
    money.store.watch(lambda ref, *_: writes.append(ref.sk))

    place, attempt = money.reserve(task, "1")
    money.ledger.settle(place, attempt, Decimal(1), Decimal(1))

    assert writes == ["shard#0", "shard#0"]


def test_a_team_s_own_limit_holds_though_the_organisation_has_more(money) -> None:
    """And the other way round."""
    small, large = team("small", 3, organisation(10)), team("large", 50, organisation(10))

    with pytest.raises(BudgetExceeded, match="team:small"):
        money.reserve(small, "4")
    money.reserve(large, "8")
    with pytest.raises(BudgetBusy):
        money.reserve(small, "3")


def test_the_organisation_s_limit_is_named_where_it_is_the_one(money) -> None:
    """Whoever is refused has to know which limit to raise."""
    large = team("large", 50, organisation(10))
    place, attempt = money.reserve(large, "8")
    money.ledger.settle(place, attempt, Decimal(8), Decimal(8))

    with pytest.raises(BudgetExceeded, match="organisation"):
        money.reserve(large, "3")


def test_what_another_team_left_unspent_comes_home(money) -> None:
    """Granted is not spent: nobody is refused while it lies idle elsewhere."""
    one, other = team("one", 9, organisation(10)), team("other", 9, organisation(10))
    for amount in ("3", "3", "3"):
        place, attempt = money.reserve(one, amount)
        money.ledger.release(place, attempt, Decimal(amount))

    money.reserve(other, "9")

    assert money.pool("team:one")["withheld"] >= 8
    assert money.pool("organisation")["granted_down"] <= 10


def test_yesterday_s_money_goes_back_to_the_month(money) -> None:
    """A day is over with what it spent; the rest is the month's again, and the day is forgotten."""
    daily = team("desk", 10, organisation(10), period=Period.DAY)
    place, attempt = money.reserve(daily, "8")
    money.ledger.settle(place, attempt, Decimal(8), Decimal(2))

    money.reserve(daily, "8", MORNING + timedelta(days=1))

    assert money.pool("organisation")["below"] == {"team:desk#2026-11-23": ""}
    assert money.pool("organisation")["granted_down"] == 10
    assert money.pool("team:desk", "2026-11-22")["withheld"] == 8


def test_a_pool_that_a_release_without_levels_made_goes_on(money) -> None:
    """It knew neither what it granted nor to whom."""
    place = Place("organisation", NOVEMBER, 0)
    old = {"limit": 100, "avail": 100, "shards": 2, "change": ""}
    for number in range(2):
        empty = {"avail": 0, "settled": 0, "unconfirmed": 0, "open": {}}
        money.store.put(place.budget.shard(number), empty)
    money.store.put(place.budget.ref, old)

    money.reserve(organisation(), "5")
    money.reserve(team("desk", 20, organisation()), "5")

    assert money.pool("organisation")["granted_down"] == 5


def test_thresholds_and_the_end_are_announced_once(money) -> None:
    """By the pool's outbox, however often they are met."""
    grant = organisation(10, thresholds=("0.5", "0.8"))
    place, attempt = money.reserve(grant, "6")
    money.ledger.settle(place, attempt, Decimal(6), Decimal(6))
    for _ in range(2):
        money.ledger.announce(place.budget, UNTIL)
        with pytest.raises(BudgetExceeded):
            money.reserve(grant, "5")

    told = {e.detail_type: e.detail for e in outbox.pending(money.pool("organisation"))}
    assert set(told) == {"Budget Threshold Crossed", "Budget Exceeded"}
    crossed = told["Budget Threshold Crossed"]
    assert [crossed[k] for k in ("scope", "threshold", "used_usd")] == ["organisation", "0.5", "6"]
    assert len(outbox.pending(money.pool("organisation"))) == 2


@pytest.mark.parametrize(
    ("moment", "day", "hours"),
    [
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), "2026-03-29", 23),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25", 25),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "2026-11-23", 24),
    ],
)
def test_a_day_is_one_of_its_zone_also_when_clocks_change(moment, day, hours) -> None:
    """From midnight to midnight of the wall clock."""
    found = span(Period.DAY, "Europe/Berlin", moment)

    assert found.name == day
    assert found.ends - found.begins == timedelta(hours=hours)
    assert found.begins <= moment < found.ends
    assert span(Period.DAY, "Europe/Berlin", found.ends).begins == found.ends


def test_a_month_ends_by_its_zone() -> None:
    """New year in Auckland is not that of UTC."""
    moment = datetime(2026, 12, 31, 11, 30, tzinfo=UTC)

    assert span(Period.MONTH, "Pacific/Auckland", moment).name == "2027-01"
    assert span(Period.MONTH, "UTC", moment).name == "2026-12"
    assert span(Period.TOTAL, "UTC", moment).name == "total"


def test_a_day_belongs_to_the_month_in_which_it_begins() -> None:
    """Else the same dollars would count in two."""
    daily = team("desk", 1, organisation(), period=Period.DAY, zone="Europe/Berlin")

    names = [level.pool.name for level in daily.levels(datetime(2026, 12, 1, 9, tzinfo=UTC))]

    assert names == ["team:desk#2026-12-01", "organisation#2026-11"]


def declared(*budgets: dict) -> Budgets:
    base = {"scope": "organisation", "period": "month", "limit_usd": "100"}
    return Budgets.model_validate({"budgets": [base, *budgets]})


def test_a_call_is_booked_in_the_lowest_budget_that_is_declared() -> None:
    """By the task and by the team that owns it."""
    budgets = declared(
        {"scope": "team:desk", "period": "day", "limit_usd": "9"},
        {"scope": "task:sort", "period": "day", "limit_usd": "5"},
    )

    asked = [("desk", "sort"), ("desk", "write"), ("other", "write"), ("other", "sort")]
    found = [budgets.for_call(team=team, task=task) for team, task in asked]

    assert [g.scope for g in found] == ["task:sort", "team:desk", "organisation", "task:sort"]
    assert found[0].above == found[1]
    assert found[3].above == found[2]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"period": "total"}, "longer than the month"),
        ({"time_zone": "Europe/Atlantis"}, "no time zone"),
        ({"scope": "division:a"}, "pattern"),
        ({"thresholds": [1.5]}, "less than or equal to 1"),
        ({"scope": "organisation"}, "stands here once"),
    ],
)
def test_a_budget_that_can_t_hold_is_refused(wrong, why) -> None:
    """When it is declared, not when it is needed."""
    with pytest.raises(ValidationError, match=why):
        declared({"scope": "team:desk", "period": "day", "limit_usd": "1", **wrong})
