"""Single writes and the stream they feed.

moto 5.2.5 puts an upsert into the stream twice, leaves half an item where its update expression
fails, and invokes mapped functions inside the write.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import StreamShard, Table

from interlock.local.mends.dynamodb.transactions import put_back


def mend_update() -> None:
    """Make UpdateItem all or nothing, with one stream record.

    moto 5.2.5 (`update_item`) first puts the bare keys of an absent item, which the stream shows
    as an INSERT of its own and which stays when the expression then fails.
    """
    original = DynamoDBBackend.update_item

    def update(self: Any, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        table = self.get_table(table_name)
        before = copy.deepcopy(self.get_item(table_name, key))
        shard = table.stream_shard
        length = len(shard.items) if shard is not None else 0
        try:
            found = original(self, table_name, key, *args, **kwargs)
        except Exception:
            put_back(table, key, before)
            if shard is not None:
                del shard.items[length:]
            raise
        if shard is not None and before is None:
            _keep_last(shard, length)
        return found

    DynamoDBBackend.update_item = update


def _keep_last(shard: Any, length: int) -> None:
    written = shard.items[length:]
    if len(written) > 1:
        record = written[-1]
        record.record["dynamodb"]["SequenceNumber"] = str(shard.starting_sequence_number + length)
        shard.items[length:] = [record]


def mend_unchanged() -> None:
    """Leave a write that changes nothing out of the stream; moto 5.2.5 shows it."""
    original = StreamShard.add

    def add(self: Any, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return
        original(self, old, new)

    StreamShard.add = add


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
