"""A store in memory, with DynamoDB's semantics as functions/core/ports.py states them.

What the table refuses, this refuses (`Invalid`): a path whose map is missing, an increase of
nothing, two changes of one place, a transaction over one item twice. The due index follows the
table as far as `lag` lets it.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Change,
    Condition,
    Equals,
    Increase,
    Item,
    Move,
    New,
    OneOf,
    Path,
    Present,
    Ref,
    Remove,
    Set,
    SetOnce,
    SmallerThan,
    Table,
    When,
    Written,
    at,
)

TOKEN_CHARACTERS = 36
TRANSACTION_ITEMS = 100
_KEYS = ("pk", "sk")

Watcher = Callable[[Ref, Item | None, Item], None]
"""Told of each write that landed: where, what was there, what is there now."""


class Invalid(Exception):
    """The request itself is none: DynamoDB answers ValidationException, whatever lies there."""


class MemoryStore:
    """Items under (table, pk, sk).

    Parameters
    ----------
    lag
        Given how many changes the due index has not seen, says how many of them it still
        does not see now.
    """

    def __init__(self, lag: Callable[[int], int] = lambda unseen: 0 * unseen) -> None:
        self._partitions: dict[tuple[Table, str], dict[str, Item]] = {}
        self._tokens: dict[str, tuple[Move | New, ...]] = {}
        self._lag = lag
        self._index: dict[Ref, tuple[str, str]] = {}
        self._unseen: list[tuple[Ref, tuple[str, str] | None]] = []
        self._watchers: list[Watcher] = []
        self._before: dict[Ref, Item | None] = {}

    def watch(self, watcher: Watcher) -> None:
        """Tell *watcher* of every write."""
        self._watchers.append(watcher)

    def items(self, table: Table) -> Iterator[Item]:
        """Yield all items of *table*, for tests that look at everything."""
        for (held, _), partition in sorted(self._partitions.items()):
            if held == table:
                yield from (_copy(partition[sk]) for sk in sorted(partition))

    def lagging(self, refs: Sequence[Ref]) -> list[Item | None]:
        """Read items as an eventually consistent read may: each as before its last write."""
        return [_copy(self._before.get(ref, self._held(ref))) for ref in refs]

    def fork(self) -> "MemoryStore":
        """Return another store that holds the same items, and knows neither watcher nor token."""
        other = MemoryStore(self._lag)
        other._partitions = {key: dict(items) for key, items in self._partitions.items()}
        other._index = dict(self._index)
        other._unseen = list(self._unseen)
        return other

    # the port

    def get(self, ref: Ref) -> Item | None:
        """Read one item."""
        found = self._held(ref)
        return None if found is None else _copy(found)

    def snapshot(self, refs: Sequence[Ref]) -> list[Item | None]:
        """Read several items as of one instant."""
        if not refs or len(refs) > TRANSACTION_ITEMS or len(set(refs)) != len(refs):
            raise Invalid("a snapshot reads 1 to 100 different items")
        return [self.get(ref) for ref in refs]

    def put(self, ref: Ref, item: Item, when: When = ()) -> Written:
        """Replace one item on a condition."""
        _require_keys(ref)
        held = self._held(ref)
        if not _hold(held, when):
            return Written(done=False, item=None if held is None else _copy(held))
        self._write(ref, {"pk": ref.pk, "sk": ref.sk, **_normal(item)})
        return Written(done=True, item={"pk": ref.pk, "sk": ref.sk, **item})

    def update(self, ref: Ref, changes: Sequence[Change], when: When = ()) -> Written:
        """Change one item on a condition; makes it where there is none."""
        _require_keys(ref)
        held = self._held(ref)
        _require_apart(changes)
        if not _hold(held, when):
            return Written(done=False, item=None if held is None else _copy(held))
        self._write(ref, _changed(ref, held, changes))
        return Written(done=True, item=self.get(ref))

    def transact(self, moves: Sequence[Move | New], token: str) -> bool:
        """Do all or nothing, once a *token*; False if a condition failed."""
        if not 1 <= len(token) <= TOKEN_CHARACTERS:
            raise Invalid(f"a token has 1 to {TOKEN_CHARACTERS} characters")
        refs = [move.ref for move in moves]
        if not refs or len(refs) > TRANSACTION_ITEMS or len(set(refs)) != len(refs):
            raise Invalid("a transaction writes 1 to 100 different items")
        if token in self._tokens:
            if self._tokens[token] != tuple(moves):
                raise Invalid("the token came with other moves before")
            return True
        for move in moves:
            _require_keys(move.ref)
            if isinstance(move, Move):
                _require_apart(move.changes)
        if not all(_may_move(self._held(move.ref), move) for move in moves):
            return False
        new = [_moved(self._held(move.ref), move) for move in moves]
        self._tokens[token] = tuple(moves)
        self._write_all(list(zip(refs, new, strict=True)))
        return True

    def query(
        self, table: Table, pk: str, *, prefix: str = "", newest_first: bool = False, limit: int = 0
    ) -> list[Item]:
        """Return a partition's items by sort key; 0 = all."""
        partition = self._partitions.get((table, pk), {})
        names = sorted((n for n in partition if n.startswith(prefix)), reverse=newest_first)
        return [_copy(partition[name]) for name in (names[:limit] if limit else names)]

    def due(self, table: Table, bucket: str, before: str, limit: int) -> list[Ref]:
        """Return keys from the due index, earliest first."""
        seen = len(self._unseen) - self._lag(len(self._unseen))
        for ref, entry in self._unseen[:seen]:
            if entry is None:
                self._index.pop(ref, None)
            else:
                self._index[ref] = entry
        del self._unseen[:seen]
        found = [
            (due_at, ref.pk, ref.sk)
            for ref, (held, due_at) in self._index.items()
            if ref.table == table and held == bucket and due_at <= before
        ]
        return [Ref(table, pk, sk) for _, pk, sk in sorted(found)[:limit]]

    # inside

    def _held(self, ref: Ref) -> Item | None:
        return self._partitions.get((ref.table, ref.pk), {}).get(ref.sk)

    def _write(self, ref: Ref, new: Item) -> None:
        self._write_all([(ref, new)])

    def _write_all(self, writes: list[tuple[Ref, Item]]) -> None:
        """Store all of *writes* before any watcher looks: a transaction is one instant."""
        before = []
        for ref, new in writes:
            partition = self._partitions.setdefault((ref.table, ref.pk), {})
            before.append(partition.get(ref.sk))
            self._before[ref] = before[-1]
            partition[ref.sk] = new
            bucket, due_at = new.get("due_bucket"), new.get("due_at")
            dated = isinstance(bucket, str) and isinstance(due_at, str)
            entry = (str(bucket), str(due_at)) if dated else None
            if entry is not None or (before[-1] or {}).get("due_bucket") is not None:
                self._unseen.append((ref, entry))
        for (ref, new), old in zip(writes, before, strict=True):
            for watcher in self._watchers:
                watcher(ref, old, new)


def _require_keys(ref: Ref) -> None:
    if not ref.pk or not ref.sk:
        raise Invalid("a key is not empty")


def _require_apart(changes: Sequence[Change]) -> None:
    """Refuse no change at all, a change of a key, and two changes of one place."""
    if not changes:
        raise Invalid("an update changes something")
    whole = [change.path for change in changes if isinstance(change.path, str)]
    parts = [change.path for change in changes if not isinstance(change.path, str)]
    if set(whole) & set(_KEYS):
        raise Invalid("a key never changes")
    if len(set(whole)) < len(whole) or len(set(parts)) < len(parts):
        raise Invalid("two changes of one place")
    if any(part[0] in whole for part in parts):
        raise Invalid("two changes of one place")


def _hold(held: Item | None, when: When) -> bool:
    return all(_holds(held, condition) for condition in when)


def _may_move(held: Item | None, move: Move | New) -> bool:
    return held is None if isinstance(move, New) else _hold(held, move.when)


def _moved(held: Item | None, move: Move | New) -> Item:
    if isinstance(move, New):
        return {"pk": move.ref.pk, "sk": move.ref.sk, **_normal(move.item)}
    return _changed(move.ref, held, move.changes)


def _holds(held: Item | None, condition: Condition) -> bool:
    exists, found = _look(held, condition.path)
    match condition:
        case Absent():
            return not exists
        case Present():
            return exists
        case Equals():
            return exists and _same(found, _normal(condition.value))
        case OneOf():
            return exists and any(_same(found, _normal(value)) for value in condition.values)
        case AtLeast():
            value = _normal(condition.value)
            return exists and _kind(found) == _kind(value) and found >= value
        case SmallerThan():
            return (
                exists and isinstance(found, dict | list | str) and len(found) < condition.entries
            )


def _look(held: Item | None, path: Path) -> tuple[bool, Any]:
    """Say whether something lies at *path*, and what; None is a value too."""
    if held is None:
        return False, None
    if isinstance(path, str):
        return path in held, held.get(path)
    parent = held.get(path[0])
    return isinstance(parent, dict) and path[1] in parent, at(held, path)


def _changed(ref: Ref, held: Item | None, changes: Sequence[Change]) -> Item:
    """Return the item after *changes*; every one of them reads what was there before."""
    new = {"pk": ref.pk, "sk": ref.sk, **(held or {})}
    for name in {change.path[0] for change in changes if not isinstance(change.path, str)}:
        if not isinstance(new.get(name), dict):
            raise Invalid("a path leads through a map that exists")
        new[name] = dict(new[name])
    for change in changes:
        if isinstance(change, Remove):
            _drop(new, change.path)
        else:
            _place(new, change.path, _value(held, change))
    return new


def _value(held: Item | None, change: Set | SetOnce | Increase) -> Any:
    exists, found = _look(held, change.path)
    if isinstance(change, Increase):
        if not exists or _kind(found) != "N":
            raise Invalid("only a number that exists increases")
        return _whole(Decimal(found) + Decimal(_normal(change.amount)))
    return found if exists and isinstance(change, SetOnce) else _normal(change.value)


def _place(item: Item, path: Path, value: Any) -> None:
    if isinstance(path, str):
        item[path] = value
    else:
        item[path[0]][path[1]] = value


def _drop(item: Item, path: Path) -> None:
    if isinstance(path, str):
        item.pop(path, None)
    else:
        item[path[0]].pop(path[1], None)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOL"
    if isinstance(value, int | Decimal):
        return "N"
    return type(value).__name__


def _same(a: Any, b: Any) -> bool:
    """Compare as the table does: a flag is no number, at any depth."""
    if _kind(a) != _kind(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[name], b[name]) for name in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def _whole(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number


def _normal(value: Any) -> Any:  # noqa: PLR0911  (one a kind of value)
    """Return *value* as it comes back from the table."""
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case Decimal():
            return _whole(value)
        case float():
            return _whole(Decimal(repr(value)))
        case dict():
            return {str.__str__(name): _normal(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_normal(inner) for inner in value]
    raise Invalid(f"no attribute holds a {type(value).__name__}")


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        # a call for each plain value is what copying costs, and most values are plain
        return {
            name: _copy(inner) if isinstance(inner, dict | list) else inner
            for name, inner in value.items()
        }
    return [_copy(inner) for inner in value] if isinstance(value, list) else value
