"""Money: places and prices, reserving and booking, and why a call is refused."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from functions.core.domain.errors import BudgetBusy, BudgetExceeded
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.grants import Grant
from functions.core.domain.ledger import OPEN_LIMIT, Place
from functions.core.domain.names import AttemptName
from functions.core.services.ledger import SLICE, Ledger
from tests.fakes import MORNING
from tests.memory_store import MemoryStore

UNTIL = "2026-11-22T08:15:00.000Z"
GRANT = Grant("organisation", Decimal(9), 2)


class Money:
    """A budget of nine dollars on two shards."""

    def __init__(self, grant: Grant = GRANT) -> None:
        self.store = MemoryStore()
        self.ledger = Ledger(self.store)
        self.grant = grant

    def attempt(self, shard: int, shards: int | None = None) -> AttemptName:
        """Return a new attempt that lies in *shard*."""
        while True:
            drawn = AttemptName.draw("run", "Sort.1", 1, MORNING)
            if drawn.shard(shards or self.grant.shards) == shard:
                return drawn

    def reserve(self, worst: str, shard: int = 0) -> tuple[Place, str]:
        """Set *worst* aside on *shard*."""
        attempt = self.attempt(shard)
        place = self.ledger.reserve(attempt, self.grant, Decimal(worst), until=UNTIL)
        return place, str(attempt)

    def look(self) -> list[tuple[Decimal, Decimal, Decimal, int]]:
        """Return avail, settled, unconfirmed and open entries of each shard."""
        shards = self.store.query(Table.LEDGER, "budget#organisation#2026-11", prefix="shard#")
        return [(s["avail"], s["settled"], s["unconfirmed"], len(s["open"])) for s in shards]

    @property
    def pool(self) -> Decimal:
        """What the pool still holds."""
        item = self.store.get(Ref(Table.LEDGER, "budget#organisation#2026-11", "pool"))
        return item["avail"]


@pytest.fixture
def money() -> Money:
    return Money()


def test_a_reservation_lies_in_the_period_of_its_name() -> None:
    """Settled next month, it is booked where it was reserved."""
    attempt = AttemptName.draw("run", "Sort.1", 1, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    place = Grant("organisation", Decimal(9), 4).place(attempt)

    assert place.pk == "budget#organisation#2026-11"
    assert Place.read(place.ref.pk, place.ref.sk).ref == place.ref
    assert Place.told("", attempt, 4) == place


def test_a_reservation_takes_money_from_its_shard(money) -> None:
    """A new period is opened, and money brought to the shard, on the way."""
    money.reserve("4")

    assert (money.pool, money.look()) == (5, [(0, 0, 0, 1), (0, 0, 0, 0)])


def test_a_settled_call_gives_back_what_it_did_not_need(money) -> None:
    """Twice is once."""
    place, attempt = money.reserve("4")
    for _ in range(2):
        money.ledger.settle(place, attempt, Decimal(4), Decimal("1.25"))

    assert money.look()[0] == (Decimal("2.75"), Decimal("1.25"), 0, 0)


def test_an_actual_above_the_worst_case_is_booked_as_it_is(money) -> None:
    """The invoice is what counts."""
    place, attempt = money.reserve("4")
    money.ledger.settle(place, attempt, Decimal(4), Decimal(6))

    assert money.look()[0] == (-2, 6, 0, 0)


def test_a_released_reservation_costs_nothing(money) -> None:
    """It was never sent."""
    place, attempt = money.reserve("4")
    money.ledger.release(place, attempt, Decimal(4))
    money.ledger.settle(place, attempt, Decimal(4), Decimal(4))

    assert money.look()[0] == (4, 0, 0, 0)


def test_a_dead_sender_s_call_is_booked_at_worst_case(money) -> None:
    """Until the vendor's invoice says otherwise."""
    place, attempt = money.reserve("4")
    money.ledger.unconfirmed(place, attempt, Decimal(4))

    assert money.look()[0] == (0, 0, 4, 0)


def test_the_same_attempt_reserves_once(money) -> None:
    """The SDK's repeat finds its own entry."""
    attempt = money.attempt(0)
    for _ in range(2):
        money.ledger.reserve(attempt, GRANT, Decimal(4), until=UNTIL)

    assert (money.pool, money.look()[0]) == (5, (0, 0, 0, 1))


def test_money_of_another_shard_is_brought(money) -> None:
    """What lies free anywhere can be spent anywhere."""
    place, attempt = money.reserve("9", shard=1)
    money.ledger.release(place, attempt, Decimal(9))
    money.reserve("9", shard=0)

    assert (money.pool, money.look()) == (0, [(0, 0, 0, 1), (0, 0, 0, 0)])


def test_money_comes_in_slices_while_there_is_plenty() -> None:
    """The next calls on a shard move nothing: each move is three calls more."""
    money = Money(Grant("organisation", Decimal(100), 2))
    place, attempt = money.reserve("0.50")
    given = money.pool

    assert given == Decimal(100) - SLICE * Decimal("0.50")
    money.ledger.settle(place, attempt, Decimal("0.50"), Decimal("0.30"))
    for _ in range(SLICE - 2):
        money.reserve("0.50")
    assert money.pool == given


def test_the_last_money_comes_as_it_is_needed() -> None:
    """A slice that the pool has not for every shard would keep others waiting."""
    money = Money(Grant("organisation", Decimal(100), 2))
    money.reserve("4")

    assert money.pool == Decimal(96)


def test_what_does_not_fit_is_exceeded(money) -> None:
    """Free and in flight together could not cover it."""
    place, attempt = money.reserve("4")
    money.ledger.settle(place, attempt, Decimal(4), Decimal(4))

    with pytest.raises(BudgetExceeded):
        money.reserve("5.01", shard=1)
    money.reserve("5", shard=1)


def test_money_in_flight_makes_it_busy(money) -> None:
    """It may come back, so nothing is exceeded."""
    money.reserve("6")

    with pytest.raises(BudgetBusy, match="in flight"):
        money.reserve("4", shard=1)


def test_a_full_shard_is_busy() -> None:
    """The whole item is charged for each write, so it stays small."""
    money = Money(Grant("organisation", Decimal(1000), 1))
    place, attempt = money.reserve("900")
    money.ledger.release(place, attempt, Decimal(900))
    for _ in range(OPEN_LIMIT):
        money.reserve("1")

    with pytest.raises(BudgetBusy, match="20 open"):
        money.reserve("1")


def test_a_shard_that_a_larger_definition_adds_is_made() -> None:
    """Else its attempts would find the budget busy until the next month."""
    money = Money()
    money.reserve("1")
    money.grant = Grant("organisation", Decimal(9), 4)

    money.reserve("2", shard=3)

    assert [shard[3] for shard in money.look()] == [1, 0, 0, 1]


def test_an_expired_reservation_is_listed(money) -> None:
    """Strictly after its time, with its worst case."""
    place, attempt = money.reserve("4")

    assert money.ledger.expired(place.ref, UNTIL) == []
    assert [(attempt, 4)] == money.ledger.expired(place.ref, "2026-11-22T08:15:00.001Z")


def test_a_shard_is_due_at_its_earliest_reservation(money) -> None:
    """And not at all once it is empty."""
    place, attempt = money.reserve("1")
    later = money.attempt(0)
    money.ledger.reserve(later, GRANT, Decimal(1), until="2026-11-22T09:00:00.000Z")
    due = [money.store.get(place.ref)["due_at"]]
    for done in (attempt, str(later)):
        money.ledger.release(place, done, Decimal(1))
        money.ledger.reschedule(place.ref)
        due.append(money.store.get(place.ref).get("due_at"))

    assert due == [UNTIL, "2026-11-22T09:00:00.000Z", None]
