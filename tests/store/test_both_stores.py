"""What the services may rely on of one item, told of the table's adapter and the memory alike."""

from decimal import Decimal

import pytest

from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Equals,
    Increase,
    OneOf,
    Present,
    Remove,
    Set,
    SetOnce,
    SmallerThan,
    Written,
)
from functions.core.domain.run import Status


def test_what_was_put_comes_back_with_its_key(subject) -> None:
    """A read finds the item and its address."""
    subject.store.put(subject.ref, {"name": "a"})

    assert subject.store.get(subject.ref) == {"pk": "thing", "sk": "run", "name": "a"}


def test_nothing_is_found_where_nothing_was_put(subject) -> None:
    """An absent item is None, no error."""
    assert subject.store.get(subject.ref) is None


def test_values_keep_their_kind(subject) -> None:
    """Whole numbers come back as integers, others as decimals; nothing else changes its kind."""
    kept = {
        "whole": Decimal("5.00"),
        "part": Decimal("0.05"),
        "float": 0.25,
        "big": 12345678901234567,
        "flag": True,
        "none": None,
        "empty": "",
        "list": [1, Decimal("1.5"), {"x": 2.0}],
        "map": {},
        "word": Status.RUNNING,
    }
    subject.store.put(subject.ref, kept)

    found = subject.store.get(subject.ref)

    told = {name: (type(value), value) for name, value in found.items() if name in kept}
    assert {
        "whole": (int, 5),
        "part": (Decimal, Decimal("0.05")),
        "float": (Decimal, Decimal("0.25")),
        "big": (int, 12345678901234567),
        "flag": (bool, True),
        "none": (type(None), None),
        "empty": (str, ""),
        "list": (list, [1, Decimal("1.5"), {"x": 2}]),
        "map": (dict, {}),
        "word": (str, "RUNNING"),
    } == told


def test_names_may_hold_any_character(subject) -> None:
    """Slashes, hashes and dots in names of attributes and of entries are only letters."""
    odd = "triage_ticket-abc/Classify.1700/1/n#1.x y"
    subject.store.put(subject.ref, {"open": {}})

    subject.store.update(subject.ref, [Set(("open", odd), {"worst": 4}), Set(f"attempt#{odd}", 1)])
    found = subject.store.update(
        subject.ref,
        [Remove(("open", odd)), Increase(f"attempt#{odd}", 1)],
        (Present(("open", odd)), Equals(f"attempt#{odd}", 1)),
    )

    assert {"pk": "thing", "sk": "run", "open": {}, f"attempt#{odd}": 2} == found.item


def test_a_put_on_an_absent_item_happens_once(subject) -> None:
    """The second finds what the first one left."""
    first = subject.store.put(subject.ref, {"by": "a"}, (Absent("pk"),))
    second = subject.store.put(subject.ref, {"by": "b"}, (Absent("pk"),))

    there = {"pk": "thing", "sk": "run", "by": "a"}
    assert [Written(done=True, item=there), Written(done=False, item=there)] == [first, second]


def test_a_put_replaces_the_whole_item(subject) -> None:
    """No attribute of the old item is left."""
    subject.store.put(subject.ref, {"a": 1, "b": 2})
    subject.store.put(subject.ref, {"a": 3})

    assert subject.store.get(subject.ref) == {"pk": "thing", "sk": "run", "a": 3}


def test_a_refused_update_shows_what_it_found(subject) -> None:
    """Whoever wrote it before can recognise itself in the item."""
    subject.store.update(subject.ref, [Set("nonce", "mine"), Set("n", Decimal("1.5"))])

    refused = subject.store.update(subject.ref, [Set("nonce", "mine")], (Absent("nonce"),))

    found = {"pk": "thing", "sk": "run", "nonce": "mine", "n": Decimal("1.5")}
    assert Written(done=False, item=found) == refused


def test_a_refused_update_of_nothing_shows_nothing(subject) -> None:
    """A condition on an item that isn't there fails, and makes no item."""
    refused = subject.store.update(subject.ref, [Set("a", 1)], (Equals("status", "RUNNING"),))

    assert (Written(done=False, item=None), None) == (refused, subject.store.get(subject.ref))


def test_an_update_makes_the_item(subject) -> None:
    """Where no item is, an update without a condition makes one, and returns it whole."""
    written = subject.store.update(subject.ref, [Set("a", 1), SetOnce("b", 2)])

    assert Written(done=True, item={"pk": "thing", "sk": "run", "a": 1, "b": 2}) == written


def test_set_once_leaves_what_is_there(subject) -> None:
    """The first value stays, in an item and in a map."""
    subject.store.put(subject.ref, {"a": 1, "m": {"x": 1}})

    written = subject.store.update(
        subject.ref, [SetOnce("a", 9), SetOnce(("m", "x"), 9), SetOnce(("m", "y"), 2)]
    )

    assert written.item == {"pk": "thing", "sk": "run", "a": 1, "m": {"x": 1, "y": 2}}


def test_numbers_increase_and_decrease_exactly(subject) -> None:
    """Decimals add up without a float between."""
    subject.store.put(subject.ref, {"avail": Decimal("0.30"), "m": {"n": 1}})

    written = subject.store.update(
        subject.ref, [Increase("avail", Decimal("-0.10")), Increase(("m", "n"), Decimal("0.5"))]
    )

    found = {"pk": "thing", "sk": "run", "avail": Decimal("0.2"), "m": {"n": Decimal("1.5")}}
    assert found == written.item


@pytest.mark.parametrize("path", ["absent", ("m", "absent")])
def test_a_number_that_is_not_there_does_not_increase(subject, path) -> None:
    """It is an error of the request, not a zero."""
    subject.store.put(subject.ref, {"m": {}})

    with pytest.raises(subject.refusal):
        subject.store.update(subject.ref, [Increase(path, 1)])


@pytest.mark.parametrize(
    "change", [Set(("absent", "x"), 1), SetOnce(("absent", "x"), 1), Remove(("absent", "x"))]
)
def test_a_path_leads_through_a_map_that_exists(subject, change) -> None:
    """Nothing makes the map on the way."""
    subject.store.put(subject.ref, {"a": 1})

    with pytest.raises(subject.refusal):
        subject.store.update(subject.ref, [change])


@pytest.mark.parametrize(
    "changes",
    [
        [Set("a", 1), Remove("a")],
        [Set(("m", "x"), 1), Remove(("m", "x"))],
        [Set("pk", "other")],
        [],
    ],
    ids=["twice", "entry twice", "key", "nothing"],
)
def test_changes_that_contradict_each_other_are_refused(subject, changes) -> None:
    """One update changes each place once, and no key."""
    subject.store.put(subject.ref, {"a": 1, "m": {"x": 0}})

    with pytest.raises(subject.refusal):
        subject.store.update(subject.ref, changes)


def test_all_changes_read_what_was_there_before(subject) -> None:
    """Settling removes an entry and moves two sums in one step."""
    subject.store.put(subject.ref, {"avail": 5, "settled": 0, "open": {"a": {"worst": 4}}})

    written = subject.store.update(
        subject.ref,
        [Remove(("open", "a")), Increase("settled", 1), Increase("avail", 3)],
        (Present(("open", "a")),),
    )

    shard = {"pk": "thing", "sk": "run", "avail": 8, "settled": 1, "open": {}}
    assert shard == written.item


def test_removing_what_is_not_there_changes_nothing(subject) -> None:
    """An entry and an attribute may be removed twice."""
    subject.store.put(subject.ref, {"m": {}})

    written = subject.store.update(subject.ref, [Remove(("m", "x")), Remove("y")])

    assert Written(done=True, item={"pk": "thing", "sk": "run", "m": {}}) == written


HELD = {"status": "RUNNING", "n": 5, "m": {"x": 1}, "open": {}, "t": "2026-01-02", "f": True}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Absent("q"), True),
        (Absent("status"), False),
        (Absent(("m", "y")), True),
        (Absent(("q", "y")), True),
        (Present(("m", "x")), True),
        (Present(("q", "x")), False),
        (Equals("status", Status.RUNNING), True),
        (Equals("status", "HELD"), False),
        (Equals("q", "HELD"), False),
        (Equals(("m", "x"), Decimal(1)), True),
        (Equals("m", {"x": 1}), True),
        (Equals("m", {"x": 2}), False),
        (OneOf("status", (Status.HELD, Status.RUNNING)), True),
        (OneOf("q", (Status.HELD,)), False),
        (AtLeast("n", 5), True),
        (AtLeast("n", Decimal("5.01")), False),
        (AtLeast("t", "2026-01-01"), True),
        (AtLeast("q", 0), False),
        (SmallerThan("open", 1), True),
        (SmallerThan("m", 1), False),
    ],
    ids=str,
)
def test_a_condition_holds_or_not(subject, condition, holds) -> None:
    """Of what is absent nothing holds but its absence."""
    subject.store.put(subject.ref, HELD)

    assert holds is subject.store.update(subject.ref, [Set("z", 1)], (condition,)).done


def test_conditions_hold_together(subject) -> None:
    """One that fails is enough."""
    subject.store.put(subject.ref, HELD)

    written = subject.store.update(subject.ref, [Set("z", 1)], (AtLeast("n", 1), AtLeast("n", 6)))

    assert written.done is False


def test_a_map_takes_no_more_than_its_bound(subject) -> None:
    """Twenty entries, and the twenty-first is refused."""
    subject.store.put(subject.ref, {"open": {}})

    done = [
        subject.store.update(
            subject.ref, [Set(("open", f"a/{n}"), {"worst": n})], (SmallerThan("open", 20),)
        ).done
        for n in range(22)
    ]

    assert done == [True] * 20 + [False] * 2
