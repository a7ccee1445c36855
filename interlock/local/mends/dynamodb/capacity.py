"""Request units, computed from item sizes, index writes and transactions included.

moto 5.2.5 says 1.0 for everything. Source: "DynamoDB item sizes and formats" and "read/write
capacity" in the developer guide. Numbers are counted as one byte for two digits and one more.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from interlock.local.mends import counting
from interlock.local.mends.place import ACCOUNT, REGION

_READ, _WRITE = 4096, 1024
_OVERHEAD = 3  # bytes of a list or map, and one for each element

_TALLY = threading.local()


def size_of(value: Mapping[str, Any]) -> int:
    """Return the bytes of one attribute value in DynamoDB's JSON."""
    kind, content = next(iter(value.items()))
    return _SIZES[kind](content)


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": lambda v: len(v.encode()),
    "N": lambda v: len(str(v).lstrip("-").replace(".", "").strip("0") or "0") // 2 + 2,
    "B": len,
    "BOOL": lambda _v: 1,
    "NULL": lambda _v: 1,
    "M": lambda v: _OVERHEAD + len(v) + item_size(v),
    "L": lambda v: _OVERHEAD + len(v) + sum(map(size_of, v)),
    "SS": lambda v: sum(len(s.encode()) for s in v),
    "NS": lambda v: sum(size_of({"N": n}) for n in v),
    "BS": lambda v: sum(map(len, v)),
}


def item_size(attributes: Mapping[str, Any]) -> int:
    """Return the bytes of an item: its attributes' names and values."""
    return sum(len(name.encode()) + size_of(value) for name, value in attributes.items())


def _attributes(item: Any) -> dict[str, Any]:
    found: dict[str, Any] = item.to_json()["Attributes"] if item is not None else {}
    return found


def _write_units(size: int) -> int:
    return max(1, math.ceil(size / _WRITE))


def _projected(table: Any, index: Any, item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an index holds of an item; None where a key is missing: indexes are sparse."""
    keys = [key["AttributeName"] for key in index.schema]
    if not item or any(key not in item for key in keys):
        return None
    projection = index.projection or {"ProjectionType": "ALL"}
    if projection["ProjectionType"] == "ALL":
        return dict(item)
    names = {*keys, *table.attribute_keys, *(projection.get("NonKeyAttributes") or [])}
    names |= {name for name in (table.hash_key_attr, table.range_key_attr) if name}
    return {name: value for name, value in item.items() if name in names}


def index_units(table: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, int]:
    """Return the write units of each index that a write from `old` to `new` touches."""
    units = {}
    for index in table.all_indexes():
        before, after = _projected(table, index, old), _projected(table, index, new)
        if before == after:
            continue
        keys = [key["AttributeName"] for key in index.schema]
        moved = before and after and any(before[k] != after[k] for k in keys)
        if moved:  # a delete and a put
            units[index.name] = _write_units(item_size(before or {})) + _write_units(
                item_size(after or {})
            )
        else:
            larger = max(item_size(side) for side in (before, after) if side)
            units[index.name] = _write_units(larger)
    return units


class Tally:
    """The units of one request, by table."""

    def __init__(self) -> None:
        self.table: dict[str, float] = {}
        self.indexes: dict[str, dict[str, float]] = {}
        self.kinds: dict[tuple[str, str], float] = {}

    def add(self, kind: str, table: str, units: float, index: str | None = None) -> None:
        """Add units of a table or of one of its indexes."""
        if index is None:
            self.table[table] = self.table.get(table, 0.0) + units
        else:
            found = self.indexes.setdefault(table, {})
            found[index] = found.get(index, 0.0) + units
        self.kinds[kind, table] = self.kinds.get((kind, table), 0.0) + units

    def wrote(self, table: str) -> None:
        """Count one item of a table that was written, or found otherwise than was asked for."""
        self.kinds["item", table] = self.kinds.get(("item", table), 0.0) + 1

    def answer(self, table: str, *, indexes: bool) -> dict[str, Any]:
        """Return the ConsumedCapacity of one table."""
        own, others = self.table.get(table, 0.0), self.indexes.get(table, {})
        found: dict[str, Any] = {
            "TableName": table,
            "CapacityUnits": own + sum(others.values()),
        }
        if indexes:
            found["Table"] = {"CapacityUnits": own}
            if others:
                found["GlobalSecondaryIndexes"] = {
                    name: {"CapacityUnits": units} for name, units in others.items()
                }
        return found


def _tally() -> Tally | None:
    found: Tally | None = getattr(_TALLY, "now", None)
    return found


def _wrote(table: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    tally = _tally()
    if tally is None:
        return
    tally.wrote(table.name)
    factor = _TALLY.factor
    larger = max(item_size(old) if old else 0, item_size(new) if new else 0)
    tally.add("write", table.name, factor * _write_units(larger))
    for name, units in index_units(table, old, new).items():
        tally.add("write", table.name, factor * units, name)


def mend_writes() -> None:
    """Measure each put, update and delete before and after; a failed condition costs as well."""

    def measured(name: str) -> None:
        original = getattr(DynamoDBBackend, name)

        def write(self: Any, table_name: str, given: Any, *args: Any, **kwargs: Any) -> Any:
            table = self.get_table(table_name)
            names = [n for n in (table.hash_key_attr, table.range_key_attr) if n]
            if any(n not in given for n in names):
                return original(self, table_name, given, *args, **kwargs)
            key = {n: given[n] for n in names}
            old = _attributes(self.get_item(table_name, key))
            new = old
            try:
                found = original(self, table_name, given, *args, **kwargs)
                new = _attributes(self.get_item(table_name, key))
            finally:
                _wrote(table, old, new)
            return found

        setattr(DynamoDBBackend, name, write)

    for name in ("put_item", "update_item", "delete_item"):
        measured(name)


def _read_units(sizes: Iterable[int], factor: float) -> float:
    return max(1, math.ceil(sum(sizes) / _READ)) * factor


_PROJECTION, _FILTER = 6, 9  # their places in `Table.query`


def _charge(table: Any, items: Iterable[Any]) -> None:
    tally = _tally()
    if tally is not None:
        sizes = [item_size(_attributes(item)) for item in items]
        tally.add("read", table.name, _read_units(sizes, _TALLY.factor), _TALLY.index)


def mend_queries() -> None:
    """Measure what a query or scan reads; a query before its filter throws anything away."""
    query, scan = Table.query, Table.scan

    def queried(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = list(args)
        projection = given[_PROJECTION] if len(given) > _PROJECTION else None
        keep = given[_FILTER] if len(given) > _FILTER else None
        if len(given) > _FILTER:
            given[_PROJECTION] = given[_FILTER] = None
        items, scanned, last = query(self, *given, **kwargs)
        _charge(self, items)
        if keep is not None:
            items = [item for item in items if keep.expr(item)]
        if projection and len(given) > _FILTER:
            items = [item.project(projection) for item in items]
        return items, scanned, last

    def scanned(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = scan(self, *args, **kwargs)
        _charge(self, found[0])
        return found

    Table.query, Table.scan = queried, scanned


def _gets(handler: Any, tally: Tally, body: Mapping[str, Any]) -> None:
    """Add what GetItem, BatchGetItem and TransactGetItems read."""
    backend = dynamodb_backends[ACCOUNT][REGION]
    wanted: list[tuple[str, Any, float]] = []
    action = handler._get_action()
    if action == "GetItem":
        wanted = [(body["TableName"], body["Key"], 1.0 if body.get("ConsistentRead") else 0.5)]
    elif action == "TransactGetItems":
        wanted = [(i["Get"]["TableName"], i["Get"]["Key"], 2.0) for i in body["TransactItems"]]
    elif action == "BatchGetItem":
        wanted = [
            (table, key, 1.0 if given.get("ConsistentRead") else 0.5)
            for table, given in body["RequestItems"].items()
            for key in given["Keys"]
        ]
    for table, key, factor in wanted:
        name = backend.get_table(table).name
        size = item_size(_attributes(backend.get_item(table, key)))
        tally.add("read", name, _read_units([size], factor))
    if action == "TransactWriteItems":
        for item in body["TransactItems"]:
            if part := item.get("ConditionCheck"):
                size = item_size(_attributes(backend.get_item(part["TableName"], part["Key"])))
                tally.add("write", part["TableName"], 2.0 * _write_units(size))


def _answered(answer: Any, tally: Tally, wanted: str) -> Any:
    status, headers, text = answer
    body = json.loads(text)
    tables = sorted({*tally.table, *tally.indexes})
    if not tables or "__type" in body:
        return answer
    units = [tally.answer(table, indexes=wanted == "INDEXES") for table in tables]
    several = isinstance(body.get("ConsumedCapacity"), list)
    body["ConsumedCapacity"] = units if several else units[0]
    return status, headers, json.dumps(body)


def mend_answers() -> None:
    """Put the computed units into ConsumedCapacity and into the bench's counts."""
    original = DynamoHandler.call_action

    def call(self: Any) -> Any:
        body = getattr(self, "params", None) or {}
        tally = Tally()
        _TALLY.now, _TALLY.index = tally, body.get("IndexName")
        action = self._get_action()
        consistent = 1.0 if body.get("ConsistentRead") else 0.5
        _TALLY.factor = {"Query": consistent, "Scan": consistent, "TransactWriteItems": 2.0}.get(
            action, 1.0
        )
        try:
            answer = original(self)
        finally:
            _TALLY.now = None
        if answer[0] == 200:  # noqa: PLR2004 - OK
            _gets(self, tally, body)
        for (kind, table), units in tally.kinds.items():
            counting.consumed(kind, table, units)
        wanted = body.get("ReturnConsumedCapacity", "NONE")
        return _answered(answer, tally, wanted) if wanted != "NONE" else answer

    DynamoHandler.call_action = call
