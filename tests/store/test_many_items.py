"""Snapshots, transactions, queries and indexes, told of both stores alike."""

from datetime import UTC, datetime
from decimal import Decimal

from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Increase,
    Move,
    New,
    Present,
    Ref,
    Remove,
    Set,
    Table,
)
from functions.core.domain.grants import Grant
from functions.core.domain.names import AttemptName
from functions.core.services.ledger import Ledger


def sibling(n: int) -> Ref:
    return Ref(Table.RUNS, "thing", f"part#{n}")


def test_a_snapshot_reads_items_in_the_order_asked(subject) -> None:
    """Absent ones are None."""
    subject.store.put(sibling(1), {"n": 1})
    subject.store.put(Ref(Table.LEDGER, "stop#all", "stop"), {"n": 2})

    asked = [sibling(2), Ref(Table.LEDGER, "stop#all", "stop"), sibling(1)]
    found = subject.store.snapshot(asked)

    assert [item and item["n"] for item in found] == [None, 2, 1]


def test_a_transaction_does_all(subject) -> None:
    """Two items change together."""
    subject.store.put(sibling(1), {"avail": 5})
    subject.store.put(sibling(2), {"avail": 0})

    done = subject.store.transact(
        [
            Move(sibling(1), (Increase("avail", -3),), (AtLeast("avail", 3),)),
            Move(sibling(2), (Increase("avail", 3),), (Present("avail"),)),
        ],
        token="t-all",
    )

    left = [item["avail"] for item in subject.store.snapshot([sibling(1), sibling(2)])]
    assert (done, left) == (True, [2, 3])


def test_a_transaction_does_nothing_if_one_condition_fails(subject) -> None:
    """The other item stays as it was."""
    subject.store.put(sibling(1), {"avail": 5})

    done = subject.store.transact(
        [
            Move(sibling(1), (Increase("avail", -3),), (AtLeast("avail", 3),)),
            Move(sibling(2), (Increase("avail", 3),), (Present("avail"),)),
        ],
        token="t-nothing",
    )

    left = [item and item["avail"] for item in subject.store.snapshot([sibling(1), sibling(2)])]
    assert (done, left) == (False, [5, None])


def test_a_transaction_makes_items(subject) -> None:
    """A label and its history appear together."""
    moves = [
        Move(sibling(1), (Set("v", "a"),), (Absent("pk"),)),
        Move(sibling(2), (Set("v", "a"),)),
    ]

    done = [subject.store.transact(moves, token=f"t-makes-{n}") for n in (1, 2)]

    assert (done, subject.store.get(sibling(2))["v"]) == ([True, False], "a")


def test_a_transaction_puts_an_item_only_where_there_is_none(subject) -> None:
    """What the other move changes then stays as it was."""
    change = Move(sibling(1), (Set("v", "a"),))
    puts = [New(sibling(2), {"kind": "new", "n": n}) for n in (1, 2)]

    done = [subject.store.transact([put, change], token=f"t-new-{put.item['n']}") for put in puts]

    assert (done, subject.store.get(sibling(2))) == (
        [True, False], {"pk": "thing", "sk": "part#2", "kind": "new", "n": 1},
    )  # fmt: skip


def test_a_query_returns_a_partition_by_sort_key(subject) -> None:
    """By prefix, in both directions, and no more than asked for."""
    for n in (3, 1, 2):
        subject.store.put(sibling(n), {"n": n})
    subject.store.put(subject.ref, {"n": 0})
    subject.store.put(Ref(Table.RUNS, "other", "part#9"), {"n": 9})

    def found(**how) -> list[int]:
        return [item["n"] for item in subject.store.query(Table.RUNS, "thing", **how)]

    assert found() == [1, 2, 3, 0]
    assert found(prefix="part#") == [1, 2, 3]
    assert found(newest_first=True, limit=1) == [0]
    assert found(prefix="part#", limit=2) == [1, 2]


def test_the_due_index_holds_what_has_a_bucket_and_a_time(subject) -> None:
    """Earliest first, nothing that is due later, nothing of another bucket."""
    for n, due in ((1, "2026-01-03"), (2, "2026-01-01"), (3, "2026-01-09"), (4, "2026-01-02")):
        subject.store.put(
            sibling(n), {"due_bucket": "due#1" if n < 4 else "due#2", "due_at": due, "n": n}
        )

    due = subject.store.due(Table.RUNS, "due#1", "2026-01-03", 10)

    assert [sibling(2), sibling(1)] == due
    assert [sibling(2)] == subject.store.due(Table.RUNS, "due#1", "2026-01-03", 1)


def test_the_due_index_forgets_what_is_due_no_more(subject) -> None:
    """Removing either attribute takes the item out."""
    for n in (1, 2):
        subject.store.put(sibling(n), {"due_bucket": "due#1", "due_at": "2026-01-01"})
    subject.store.update(sibling(1), [Remove("due_at"), Remove("due_bucket")])
    subject.store.update(sibling(2), [Remove("due_at")])

    assert subject.store.due(Table.RUNS, "due#1", "2026-12-31", 10) == []


def test_money_is_set_aside_and_settled(subject) -> None:
    """The ledger's own writes, from a period that does not exist yet to a settled call."""
    attempt = AttemptName.draw("thing", "Sort.1", 1, datetime(2026, 11, 22, tzinfo=UTC))
    ledger = Ledger(subject.store)
    grant = Grant("organisation", Decimal("9.50"), 2)

    place = ledger.reserve(attempt, grant, Decimal("4.25"), until="2026-11-22T00:15:00.000Z")
    held = subject.store.get(place.ref)
    ledger.settle(place, str(attempt), Decimal("4.25"), Decimal("1.5"))
    ledger.settle(place, str(attempt), Decimal("4.25"), Decimal("1.5"))
    ledger.reschedule(place.ref)

    shard = subject.store.get(place.ref)
    left = [
        subject.store.get(place.budget.ref)["avail"],
        shard["avail"],
        shard["settled"],
        shard["open"],
    ]
    worst = {str(attempt): {"worst": Decimal("4.25"), "until": "2026-11-22T00:15:00.000Z"}}
    assert worst == held["open"]
    assert [Decimal("5.25"), Decimal("2.75"), Decimal("1.5"), {}] == left
    assert "due_at" not in shard
