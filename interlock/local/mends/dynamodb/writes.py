"""Single writes and the stream they feed.

moto 5.2.5 puts an upsert into the stream twice, leaves half an item where its update expression
fails, and invokes mapped functions inside the write.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import StreamShard, Table

_HELD = threading.local()


@contextlib.contextmanager
def held_stream() -> Iterator[list[Any]]:
    """Keep stream records back until the block has succeeded; one that fails leaves none.

    Yields
    ------
    list
        The records to come, as ``(shard, old, new)``; within an outer block, the outer's.
    """
    outer: list[Any] | None = getattr(_HELD, "records", None)
    records: list[Any] = [] if outer is None else outer
    before = len(records)
    _HELD.records = records
    try:
        yield records
    except BaseException:
        del records[before:]
        raise
    finally:
        _HELD.records = outer
    if outer is None:
        for shard, old, new in records:
            shard.add(old, new)


def mend_update() -> None:
    """Make UpdateItem all or nothing, with one stream record.

    moto 5.2.5 (`update_item`) first puts the bare keys of an absent item, which the stream shows
    as an INSERT of its own and which stays when the expression then fails.
    """
    original = DynamoDBBackend.update_item

    def update(self: Any, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        table = self.get_table(table_name)
        before = copy.deepcopy(self.get_item(table_name, key))
        with held_stream() as records:
            first = len(records)
            try:
                found = original(self, table_name, key, *args, **kwargs)
            except Exception:
                put_back(table, key, before)
                raise
            if before is None:
                records[first:] = records[-1:] if len(records) > first else []
        return found

    DynamoDBBackend.update_item = update


def mend_unchanged() -> None:
    """Leave a write that changes nothing out of the stream; moto 5.2.5 shows it."""
    original = StreamShard.add

    def add(self: Any, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return
        records = getattr(_HELD, "records", None)
        if records is None:
            original(self, old, new)
        else:
            records.append((self, old, new))

    StreamShard.add = add


def put_back(table: Any, key: dict[str, Any], item: Any) -> None:
    """Set or remove an item directly, past conditions and streams."""
    hashed = DynamoType(key[table.hash_key_attr])
    if table.range_key_attr is None:
        if item is None:
            table.items.pop(hashed, None)
        else:
            table.items[hashed] = item
        return
    ranged = DynamoType(key[table.range_key_attr])
    if item is None:
        table.items[hashed].pop(ranged, None)
    else:
        table.items[hashed][ranged] = item


def mend_mappings() -> None:
    """Leave mapped functions to the poller; moto 5.2.5 invokes them inside the write, once."""
    Table.lambda_event_source_mappings = property(lambda _self: {}, lambda _self, _value: None)


def stream_records(table: Any, after: int, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` records of a table's stream from position `after` on.

    Parameters
    ----------
    table
        moto's table.
    after
        How many records were read already.
    """
    shard = table.stream_shard
    if shard is None:
        return []
    return [record.to_json() for record in shard.items[after : after + limit]]
