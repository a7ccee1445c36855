"""Transactions: all or nothing, without copying tables; client tokens; conflicts on demand.

moto 5.2.5 copies every table whole for each transaction (9 ms empty, 153 ms at 4,000 items),
ignores ClientRequestToken, and never reports TransactionConflict.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from interlock.local.clock import current
from interlock.local.mends.dynamodb.writes import held_stream, put_back

_MOST_ITEMS = 100
_TOKEN_SECONDS = 600.0  # "TransactWriteItems", DynamoDB API reference: ten minutes

Reason = tuple[str, str, dict[str, Any] | None] | tuple[None, None, None]
_FINE: Reason = (None, None, None)

_TOKENS: dict[str, tuple[float, bytes]] = {}
"""When each token was last used, and the digest of its transaction."""
_TOKENS_LOCK = threading.Lock()
_conflict: list[Callable[[str, dict[str, Any]], bool]] = []


def conflict_when(predicate: Callable[[str, dict[str, Any]], bool] | None) -> None:
    """Cancel transactions with TransactionConflict where ``predicate(table, key)`` says so.

    Two transactions never overlap here, so a program's handling of conflicts is tested by
    injecting them; None stops it.
    """
    _conflict[:] = [predicate] if predicate else []


def _key(table: Any, kind: str, part: dict[str, Any]) -> dict[str, Any]:
    if kind != "Put":
        found: dict[str, Any] = part["Key"]
        return found
    names = [n for n in (table.hash_key_attr, table.range_key_attr) if n]
    return {name: part["Item"][name] for name in names if name in part["Item"]}


def _reason(backend: Any, table_name: str, key: dict[str, Any], part: dict[str, Any]) -> Reason:
    """Check one item's condition; why it cancels the transaction, or that it is fine."""
    if any(predicate(table_name, key) for predicate in _conflict):
        return ("TransactionConflict", "Transaction is ongoing for the item", None)
    condition = part.get("ConditionExpression")
    if condition is None:
        return _FINE
    found = backend.get_item(table_name, key)
    check = get_filter_expression(
        condition, part.get("ExpressionAttributeNames"), part.get("ExpressionAttributeValues")
    )
    if check.expr(found):
        return _FINE
    wants_old = part.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    old = found.to_json()["Attributes"] if wants_old and found else None
    return ("ConditionalCheckFailed", "The conditional request failed", old)


def _write(backend: Any, kind: str, key: dict[str, Any], part: dict[str, Any]) -> None:
    if kind == "Put":
        backend.put_item(part["TableName"], part["Item"])
    elif kind == "Delete":
        backend.delete_item(part["TableName"], key)
    elif kind == "Update":
        backend.update_item(
            part["TableName"],
            key,
            update_expression=part["UpdateExpression"],
            expression_attribute_names=part.get("ExpressionAttributeNames"),
            expression_attribute_values=part.get("ExpressionAttributeValues"),
        )


Operation = tuple[str, Any, dict[str, Any], dict[str, Any]]


def _operations(backend: Any, transact_items: list[dict[str, Any]]) -> list[Operation]:
    if len(transact_items) > _MOST_ITEMS:
        raise TooManyTransactionsException
    found: list[Operation] = []
    seen = set()
    for item in transact_items:
        if len(item) > 1:
            raise TransactWriteSingleOpException
        kind, part = next(iter(item.items()))
        table = backend.get_table(part["TableName"])
        key = _key(table, kind, part)
        identity = (table.name, json.dumps(key, sort_keys=True, default=str))
        if identity in seen:
            raise MultipleTransactionsException
        seen.add(identity)
        found.append((kind, table, key, part))
    return found


def _transact(backend: Any, transact_items: list[dict[str, Any]]) -> None:
    """Check all conditions, then write everything; no two parts touch one item."""
    operations = _operations(backend, transact_items)
    reasons = [_reason(backend, table.name, key, part) for _, table, key, part in operations]
    if any(code is not None for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)
    undo: list[tuple[Any, dict[str, Any], Any]] = []
    with held_stream():
        for position, (kind, table, key, part) in enumerate(operations):
            undo.append((table, key, copy.deepcopy(backend.get_item(table.name, key))))
            try:
                _write(backend, kind, key, part)
            except Exception as error:
                for written in undo:
                    put_back(*written)
                if isinstance(error, MockValidationException):
                    raise
                reasons[position] = (type(error).__name__, str(error), None)
                raise TransactionCanceledException(reasons) from error


def mend_transactions() -> None:
    """Undo single items instead of copying tables (see the module's docstring)."""
    DynamoDBBackend.transact_write_items = _transact


def _repeated(token: str, digest: bytes) -> bool:
    """Say whether this very transaction was done under this token within ten minutes."""
    now = current().now()
    with _TOKENS_LOCK:
        for old in [t for t, (at, _) in _TOKENS.items() if now - at > _TOKEN_SECONDS]:
            del _TOKENS[old]
        known = _TOKENS.get(token)
    if known is None:
        return False
    if known[1] != digest:
        raise JsonRESTError(
            "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
            "The provided idempotency token was already used with another request",
        )
    return True


def mend_client_token() -> None:
    """Do a transaction with one ClientRequestToken once; moto 5.2.5 does it each time."""
    original = DynamoHandler.transact_write_items

    def once(self: Any) -> Any:
        token = self.body.get("ClientRequestToken")
        if not token:
            return original(self)
        text = json.dumps(self.body["TransactItems"], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).digest()
        if _repeated(token, digest):
            return ActionResult({})
        answer = original(self)
        with _TOKENS_LOCK:
            _TOKENS[token] = (current().now(), digest)
        return answer

    DynamoHandler.transact_write_items = once
