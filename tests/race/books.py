"""What the ledger's own stream says: whether each write kept the budget whole."""

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Item = dict[str, Any]
Change = tuple[Item | None, Item | None]
"""An item before and after one write."""


@dataclass
class Books:
    """What one budget's writes came to, from its first to its last."""

    writes: int = 0
    invariant_breaks: list[str] = field(default_factory=list)
    overshoots: list[str] = field(default_factory=list)
    reserved: dict[str, Decimal] = field(default_factory=dict)
    """attempt -> worst case"""
    booked: dict[str, list[tuple[str, Decimal]]] = field(
        default_factory=lambda: collections.defaultdict(list)
    )
    """attempt -> `settled`, `unconfirmed` or `released`, and how many dollars"""


def audit(changes: Iterable[Change]) -> Books:
    """Follow a budget's writes, in order.

    A move of money is one transaction over two items, which the stream shows as two writes: the
    invariant is asked for after the second.
    """
    books, items = Books(), dict[str, Item]()
    for group in _transactions(changes):
        for before, after in group:
            books.writes += 1
            _book(books, before or {}, after or {})
            items[(after or before or {})["sk"]] = after or {}
        pool = items.get("pool")
        if pool is None:
            continue  # the shards of a new period come first
        spent = sum(
            (committed(shard) for name, shard in items.items() if name != "pool"), Decimal()
        )
        free = sum((item["avail"] for item in items.values()), Decimal())
        if spent + free != pool["limit"]:
            books.invariant_breaks.append(f"write {books.writes}: {spent + free}")
        if spent > pool["limit"]:
            books.overshoots.append(f"write {books.writes}: {spent}")
    return books


def committed(shard: Mapping[str, Any]) -> Decimal:
    """Return what a shard has spent, or may have to spend."""
    in_flight = sum((entry["worst"] for entry in shard["open"].values()), Decimal())
    return Decimal(shard["settled"] + shard["unconfirmed"] + in_flight)


def _transactions(changes: Iterable[Change]) -> Iterator[Sequence[Change]]:
    """Yield the writes one by one, the two of a move together."""
    held: Change | None = None
    for change in changes:
        if held is not None:
            yield [held, change]
            held = None
        elif _moves(*change):
            held = change
        else:
            yield [change]
    if held is not None:
        yield [held]


def _moves(before: Item | None, after: Item | None) -> bool:
    """Say whether a write changes what is free, and nothing else that the invariant adds up."""
    if before is None or after is None or before["avail"] == after["avail"]:
        return False
    return before["sk"] == "pool" or committed(before) == committed(after)


def _book(books: Books, before: Item, after: Item) -> None:
    held, holds = before.get("open", {}), after.get("open", {})
    for attempt in holds.keys() - held.keys():
        books.reserved[attempt] = holds[attempt]["worst"]
    for attempt in held.keys() - holds.keys():
        for kind in ("settled", "unconfirmed"):
            if after[kind] != before[kind]:
                books.booked[attempt].append((kind, after[kind] - before[kind]))
                break
        else:
            books.booked[attempt].append(("released", Decimal()))
