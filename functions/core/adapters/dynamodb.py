"""DynamoDB behind the store port."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from functions.core.adapters.attribute_values import read, write
from functions.core.domain import expressions as ex
from functions.core.domain.expressions import Item, Move, New, Path, Ref, Table, When, Written

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

INDEX = "by_due"
CONFLICT_TRIES = 6
CONFLICT_SECONDS = 0.4
"""The longest pause before the last try; DynamoDB refuses a request that meets a transaction on
the same item, and the SDK does not repeat it."""
_Answer = TypeVar("_Answer")


class DynamoStore:
    """One physical table a store. The client keeps its retries: writes are safe to repeat."""

    def __init__(self, client: "DynamoDBClient", names: Mapping[Table, str]) -> None:
        self._client = client
        self._names = names

    def get(self, ref: Ref) -> Item | None:
        """Read one item, strongly consistent."""
        answer = self._client.get_item(
            TableName=self._names[ref.table], Key=_key(ref), ConsistentRead=True
        )
        return _item(answer.get("Item"))

    def snapshot(self, refs: Sequence[Ref]) -> list[Item | None]:
        """Read several items as of one instant (TransactGetItems)."""
        answer = _without_conflict(
            lambda: self._client.transact_get_items(
                TransactItems=[
                    {"Get": {"TableName": self._names[ref.table], "Key": _key(ref)}} for ref in refs
                ]
            )
        )
        return [_item(part.get("Item")) for part in answer["Responses"]]

    def put(self, ref: Ref, item: Item, when: When = ()) -> Written:
        """Replace one item on a condition."""
        request = self._put(ref, item, when)
        try:
            _without_conflict(lambda: self._client.put_item(**request))
        except ClientError as error:
            return _refused(error)
        return Written(done=True, item={"pk": ref.pk, "sk": ref.sk, **item})

    def update(self, ref: Ref, changes: Sequence[ex.Change], when: When = ()) -> Written:
        """Change one item on a condition; makes it where there is none."""
        request = self._update(Move(ref, tuple(changes), when))
        try:
            answer = _without_conflict(
                lambda: self._client.update_item(**request, ReturnValues="ALL_NEW")
            )
        except ClientError as error:
            return _refused(error)
        return Written(done=True, item=_item(answer.get("Attributes")))

    def transact(self, moves: Sequence[Move | New], token: str) -> bool:
        """Do all or nothing, once a *token* (at most 36 characters); False if refused."""
        try:
            _without_conflict(
                lambda: self._client.transact_write_items(
                    TransactItems=[self._part(move) for move in moves],
                    ClientRequestToken=token,
                )
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            return False
        return True

    def query(
        self, table: Table, pk: str, *, prefix: str = "", newest_first: bool = False, limit: int = 0
    ) -> list[Item]:
        """Return a partition's items by sort key, strongly consistent; 0 = all."""
        condition = "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else "")
        values = {":pk": {"S": pk}, **({":prefix": {"S": prefix}} if prefix else {})}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._names[table],
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            ScanIndexForward=not newest_first,
            PaginationConfig={"MaxItems": limit, "PageSize": limit} if limit else {},
        )
        return [found for page in pages for raw in page["Items"] if (found := _item(raw))]

    def due(self, table: Table, bucket: str, before: str, limit: int) -> list[Ref]:
        """Return keys from the due index, earliest first; may lag behind the table."""
        answer = self._client.query(
            TableName=self._names[table],
            IndexName=INDEX,
            KeyConditionExpression="due_bucket = :bucket AND due_at <= :before",
            ExpressionAttributeValues={":bucket": {"S": bucket}, ":before": {"S": before}},
            Limit=limit,
        )
        return [Ref(table, raw["pk"]["S"], raw["sk"]["S"]) for raw in answer["Items"]]

    def _part(self, move: Move | New) -> "TransactWriteItemTypeDef":
        if isinstance(move, New):
            return {"Put": self._put(move.ref, move.item, (ex.Absent("pk"),))}  # type: ignore[typeddict-item]
        return {"Update": self._update(move)}  # type: ignore[typeddict-item]

    def _put(self, ref: Ref, item: Item, when: When) -> dict[str, Any]:
        words = _Words()
        request: dict[str, Any] = {
            "TableName": self._names[ref.table],
            "Item": {**_key(ref), **{k: write(v) for k, v in item.items()}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if when:
            request["ConditionExpression"] = words.conditions(when)
        return {**request, **words.declared()}

    def _update(self, move: Move) -> dict[str, Any]:
        words = _Words()
        request: dict[str, Any] = {
            "TableName": self._names[move.ref.table],
            "Key": _key(move.ref),
            "UpdateExpression": words.changes(move.changes),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if move.when:
            request["ConditionExpression"] = words.conditions(move.when)
        return {**request, **words.declared()}


def _without_conflict(call: Callable[[], _Answer]) -> _Answer:
    """Return what *call* answers once no transaction is in its way."""
    for pause in range(1, CONFLICT_TRIES):
        try:
            return call()
        except ClientError as error:
            if not _is_conflict(error):
                raise
        longest = CONFLICT_SECONDS * 2 ** (pause + 1 - CONFLICT_TRIES)
        time.sleep(random.uniform(0, longest))  # noqa: S311  (jitter, no secret)
    return call()


def _is_conflict(error: ClientError) -> bool:
    """Say whether only other transactions were in the way; a failed condition decides first."""
    if error.response["Error"]["Code"] == "TransactionConflictException":
        return True
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
    return "TransactionConflict" in reasons and "ConditionalCheckFailed" not in reasons


class _Words:
    """Collects the names and values that one request's expressions declare."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def declared(self) -> dict[str, Any]:
        """Return the request's name and value declarations."""
        names = {"ExpressionAttributeNames": {v: k for k, v in self._names.items()}}
        values = {"ExpressionAttributeValues": self._values}
        return {**(names if self._names else {}), **(values if self._values else {})}

    def path(self, path: Path) -> str:
        """Return *path* in placeholders; names may hold any character that way."""
        parts = (path,) if isinstance(path, str) else path
        return ".".join(self._names.setdefault(p, f"#n{len(self._names)}") for p in parts)

    def value(self, value: Any) -> str:
        """Return a placeholder for *value*."""
        name = f":v{len(self._values)}"
        self._values[name] = write(value)
        return name

    def conditions(self, when: When) -> str:
        """Return the condition expression: all of *when*."""
        return " AND ".join(self._condition(condition) for condition in when)

    def _condition(self, condition: ex.Condition) -> str:
        path = self.path(condition.path)
        match condition:
            case ex.Absent():
                return f"attribute_not_exists({path})"
            case ex.Present():
                return f"attribute_exists({path})"
            case ex.Equals():
                return f"{path} = {self.value(condition.value)}"
            case ex.OneOf():
                return f"{path} IN ({', '.join(self.value(v) for v in condition.values)})"
            case ex.AtLeast():
                return f"{path} >= {self.value(condition.value)}"
            case ex.SmallerThan():
                return f"size({path}) < {self.value(condition.entries)}"

    def changes(self, changes: Sequence[ex.Change]) -> str:
        """Return the update expression of *changes*."""
        sets = [self._set(change) for change in changes if not isinstance(change, ex.Remove)]
        removes = [self.path(change.path) for change in changes if isinstance(change, ex.Remove)]
        clauses = [f"SET {', '.join(sets)}"] if sets else []
        return " ".join([*clauses, *([f"REMOVE {', '.join(removes)}"] if removes else [])])

    def _set(self, change: ex.Set | ex.SetOnce | ex.Increase) -> str:
        path = self.path(change.path)
        match change:
            case ex.Set():
                return f"{path} = {self.value(change.value)}"
            case ex.SetOnce():
                return f"{path} = if_not_exists({path}, {self.value(change.value)})"
            case ex.Increase():
                return f"{path} = {path} + {self.value(change.amount)}"


def _key(ref: Ref) -> dict[str, Any]:
    return {"pk": {"S": ref.pk}, "sk": {"S": ref.sk}}


def _item(raw: Mapping[str, Any] | None) -> Item | None:
    return None if raw is None else {n: read(value) for n, value in raw.items()}


def _refused(error: ClientError) -> Written:
    """Return the end of a write whose condition failed; raise whatever else it was."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    found: Any = error.response.get("Item")
    return Written(done=False, item=_item(found) if found else None)
