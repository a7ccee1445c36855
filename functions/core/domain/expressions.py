"""What a store is asked to do: conditions and changes, as values.

The vocabulary is what one DynamoDB expression can say about one item, and no more, so that
the in-memory store of the simulation and the table mean the same thing by it.
A path is an attribute name, or (attribute name, key) for an entry of a map.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Path = str | tuple[str, str]
Item = dict[str, Any]


class Table(StrEnum):
    """The stores, by the name that settings, grants and documentation use."""

    RUNS = "runs"
    PARKED = "parked"
    CATALOG = "catalog"
    LEDGER = "ledger"
    EVIDENCE = "evidence"
    REFUSED = "refused"


@dataclass(frozen=True)
class Ref:
    """The address of one item."""

    table: Table
    pk: str
    sk: str


@dataclass(frozen=True)
class Absent:
    """The path does not exist (of a new item: nothing does)."""

    path: Path


@dataclass(frozen=True)
class Present:
    """The path exists."""

    path: Path


@dataclass(frozen=True)
class Equals:
    """The path exists and holds this value."""

    path: Path
    value: Any


@dataclass(frozen=True)
class OneOf:
    """The path exists and holds one of these values."""

    path: Path
    values: tuple[Any, ...]


@dataclass(frozen=True)
class AtLeast:
    """The path holds a number, or a text, that is not below this one."""

    path: Path
    value: Any


@dataclass(frozen=True)
class SmallerThan:
    """The map at the path has fewer entries than this."""

    path: Path
    entries: int


Condition = Absent | Present | Equals | OneOf | AtLeast | SmallerThan
When = tuple[Condition, ...]
"""All of them must hold."""


@dataclass(frozen=True)
class Set:
    """Write a value."""

    path: Path
    value: Any


@dataclass(frozen=True)
class SetOnce:
    """Write a value where there is none yet."""

    path: Path
    value: Any


@dataclass(frozen=True)
class Increase:
    """Add to a number that exists; the amount may be negative."""

    path: Path
    amount: Any


@dataclass(frozen=True)
class Remove:
    """Take the path away."""

    path: Path


Change = Set | SetOnce | Increase | Remove


@dataclass(frozen=True)
class Written:
    """The end of a conditional write.

    `item` is the new item where the write took place, and else the item that was found
    (None: there was none).
    """

    done: bool
    item: Item | None


@dataclass(frozen=True)
class Move:
    """One item's part of a transaction: it changes on a condition."""

    ref: Ref
    changes: tuple[Change, ...]
    when: When = ()


@dataclass(frozen=True)
class New:
    """One item's part of a transaction: it is put where there is none."""

    ref: Ref
    item: Item


def at(item: Mapping[str, Any] | None, path: Path) -> Any:
    """Return what lies at *path*, or None."""
    if item is None:
        return None
    if isinstance(path, str):
        return item.get(path)
    found = item.get(path[0])
    return found.get(path[1]) if isinstance(found, dict) else None
