"""The store in memory: where moto differs from the table, and what only a test can ask for."""

import pytest

from functions.core.domain.expressions import (
    AtLeast,
    Equals,
    Increase,
    Move,
    Ref,
    Set,
    SmallerThan,
    Table,
)
from tests.memory_store import Invalid, MemoryStore


def sibling(n: int) -> Ref:
    return Ref(Table.RUNS, "thing", f"part#{n}")


@pytest.mark.parametrize(
    "condition", [Equals("f", 1), AtLeast("t", 0), SmallerThan("q", 1)], ids=str
)
def test_other_kinds_compare_as_false(condition) -> None:
    """A flag is no number, a text not above one, and what is absent has no size."""
    store = MemoryStore()
    store.put(sibling(1), {"f": True, "t": "text"})

    assert store.update(sibling(1), [Set("z", 1)], (condition,)).done is False


def test_a_map_and_its_entry_do_not_change_together() -> None:
    """The two paths overlap."""
    with pytest.raises(Invalid):
        MemoryStore().update(sibling(1), [Set("m", {}), Set(("m", "x"), 1)])


def test_a_repeated_token_is_done_once() -> None:
    """The SDK's repeat of a transaction that landed is no second one."""
    store = MemoryStore()
    store.put(sibling(1), {"n": 0})
    move = Move(sibling(1), (Increase("n", 1),))

    done = [store.transact([move], token="t"), store.transact([move], token="t")]

    assert (done, store.get(sibling(1))["n"]) == ([True, True], 1)


def test_a_token_belongs_to_its_moves() -> None:
    """Other moves under a used token are a mistake of the caller."""
    store = MemoryStore()
    store.transact([Move(sibling(1), (Set("n", 1),))], token="t")

    with pytest.raises(Invalid):
        store.transact([Move(sibling(1), (Set("n", 2),))], token="t")


def test_a_token_has_at_most_36_characters() -> None:
    """DynamoDB takes no longer one; cut, two of them could be one."""
    with pytest.raises(Invalid):
        MemoryStore().transact([Move(sibling(1), (Set("n", 1),))], token="t" * 37)


def test_a_read_can_not_change_the_store() -> None:
    """What is handed out is a copy, maps included."""
    store = MemoryStore()
    store.put(sibling(1), {"m": {"x": 1}})
    store.get(sibling(1))["m"]["x"] = 2

    assert store.get(sibling(1))["m"]["x"] == 1


def test_the_index_may_lag() -> None:
    """An item that is due no more can still be listed, and a new one be missing."""
    unseen = 2
    store = MemoryStore(lag=lambda changes: min(unseen, changes))
    store.put(sibling(1), {"due_bucket": "b", "due_at": "1"})
    store.put(sibling(2), {"due_bucket": "b", "due_at": "1"})
    early = store.due(Table.RUNS, "b", "9", 10)
    unseen = 0
    late = store.due(Table.RUNS, "b", "9", 10)

    assert ([], [sibling(1), sibling(2)]) == (early, late)
