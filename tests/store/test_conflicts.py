"""What the table's adapter does when a transaction of somebody else is in its way."""

from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from functions.core.adapters import dynamodb
from functions.core.adapters.dynamodb import CONFLICT_TRIES, DynamoStore
from functions.core.domain.expressions import Increase, Move, Ref, Table

SHARD = Ref(Table.LEDGER, "budget#organisation#2026-11", "shard#0")
MOVE = [Move(SHARD, (Increase("avail", Decimal(1)),))]


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a store on a client whose answers are set, without pauses."""
    monkeypatch.setattr(dynamodb, "CONFLICT_SECONDS", 0.0)
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stubber:
        yield stubber, DynamoStore(client, {Table.LEDGER: "ledger"})


def cancelled(*codes: str) -> dict[str, Any]:
    """Return what TransactWriteItems answers when it is cancelled."""
    return {
        "service_error_code": "TransactionCanceledException",
        "modeled_fields": {"CancellationReasons": [{"Code": code} for code in codes]},
    }


def test_an_update_waits_for_a_transaction_on_its_item(stubbed: Any) -> None:
    """A settlement that meets a rebalancing is not lost."""
    stubber, store = stubbed
    for _ in range(CONFLICT_TRIES - 1):
        stubber.add_client_error("update_item", "TransactionConflictException")
    stubber.add_response("update_item", {"Attributes": {"avail": {"N": "3"}}})

    written = store.update(SHARD, [Increase("avail", Decimal(1))])

    assert (written.done, written.item) == (True, {"avail": 3})


def test_it_gives_up_a_conflict_that_does_not_end(stubbed: Any) -> None:
    """The tries are bounded; what remains is an error for the machine's Retry."""
    stubber, store = stubbed
    for _ in range(CONFLICT_TRIES):
        stubber.add_client_error("update_item", "TransactionConflictException")

    with pytest.raises(ClientError, match="TransactionConflict"):
        store.update(SHARD, [Increase("avail", Decimal(1))])


def test_a_transaction_that_met_another_is_tried_again(stubbed: Any) -> None:
    """A conflict says nothing about the conditions."""
    stubber, store = stubbed
    stubber.add_client_error("transact_write_items", **cancelled("None", "TransactionConflict"))
    stubber.add_response(
        "transact_write_items", {}, {"TransactItems": ANY, "ClientRequestToken": "t"}
    )

    assert store.transact(MOVE, "t") is True


def test_a_failed_condition_is_an_answer_and_no_conflict(stubbed: Any) -> None:
    """Where a condition failed too, trying again would change nothing."""
    stubber, store = stubbed
    reasons = cancelled("ConditionalCheckFailed", "TransactionConflict")
    stubber.add_client_error("transact_write_items", **reasons)

    assert store.transact(MOVE, "t") is False


def test_a_snapshot_waits_for_a_transaction(stubbed: Any) -> None:
    """The gate's read is repeated, not failed."""
    stubber, store = stubbed
    stubber.add_client_error("transact_get_items", **cancelled("TransactionConflict"))
    stubber.add_response("transact_get_items", {"Responses": [{"Item": {"pk": {"S": "a"}}}]})

    assert store.snapshot([SHARD]) == [{"pk": "a"}]
