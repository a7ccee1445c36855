"""The store under threads, in transactions, in its stream and in its bill."""

from __future__ import annotations

import concurrent.futures
import copy
import sys

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from interlock.local.mends import counting
from interlock.local.mends.dynamodb import transactions, writes

KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture
def switching():
    """Threads take turns every ten microseconds, so that a missing lock shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def indexed(cloud, projection: dict) -> str:
    return cloud.table(
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "due")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_due",
                "KeySchema": [{"AttributeName": "due", "KeyType": "HASH"}],
                "Projection": projection,
            }
        ],
    )


def stored(table: str):
    return dynamodb_backends["123456789012"]["us-east-1"].tables[table]


class Untouched:
    """An item that says so when it is read or copied."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError("touched")


def item(**values: str) -> dict:
    return {**KEY, **{name: {"S": value} for name, value in values.items()}}


def together(count: int, call) -> list:
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_one_conditional_put_wins(cloud, switching):
    table, client = cloud.table(), cloud.client("dynamodb")
    # the SDK makes these classes at first use: twice, where two threads ask at once
    refused = client.exceptions.ConditionalCheckFailedException

    def put(n: int) -> bool:
        try:
            client.put_item(
                TableName=table,
                Item=item(by=str(n)),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except refused:
            return False
        return True

    assert [
        sum(together(12, put)) * (client.delete_item(TableName=table, Key=KEY) is not None)
        for _ in range(3)
    ] == [1, 1, 1]


def test_no_add_is_lost(cloud, switching):
    table, client = cloud.table(), cloud.client("dynamodb")

    def add(_n: int) -> None:
        for _ in range(8):
            client.update_item(
                TableName=table,
                Key=KEY,
                UpdateExpression="ADD n :one",
                ConditionExpression="attribute_not_exists(n) OR n < :most",
                ExpressionAttributeValues={":one": {"N": "1"}, ":most": {"N": "1000"}},
            )

    together(8, add)

    assert client.get_item(TableName=table, Key=KEY)["Item"]["n"]["N"] == "64"


def test_money_is_added_to_the_last_digit(cloud):
    table, client = cloud.table(), cloud.client("dynamodb")

    def after(change: str) -> str:
        return client.update_item(
            TableName=table,
            Key=KEY,
            UpdateExpression="SET n = if_not_exists(n, :zero) + :change",
            ExpressionAttributeValues={":zero": {"N": "0"}, ":change": {"N": change}},
            ReturnValues="ALL_NEW",
        )["Attributes"]["n"]["N"]

    changes = ("0.000000000001", "-0.000000000001", "1E-7", "1E+2", "-100.0000001")
    told = ["0.000000000001", "0", "0.0000001", "100.0000001", "0"]
    assert [after(change) for change in changes] == told


def two(table: str, condition: str = "attribute_not_exists(pk)", **more) -> list[dict]:
    other = {"pk": {"S": "a"}, "sk": {"S": "c"}}
    check = {"TableName": table, "Key": other, "ConditionExpression": condition, **more}
    return [{"Put": {"TableName": table, "Item": item(x="1")}}, {"ConditionCheck": check}]


def test_a_transaction_is_all_or_nothing_in_table_and_stream(cloud):
    table, client = cloud.table(StreamSpecification=STREAM), cloud.client("dynamodb")
    old = {"pk": {"S": "a"}, "sk": {"S": "c"}, "n": {"N": "5"}}
    client.put_item(TableName=table, Item=old)

    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(
            TransactItems=two(table, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        )

    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert old == reasons[1]["Item"]
    assert "Item" not in client.get_item(TableName=table, Key=KEY)
    assert len(stored(table).stream_shard.items) == 1


def test_a_transaction_that_fails_while_writing_is_undone(cloud):
    table, client = cloud.table(StreamSpecification=STREAM), cloud.client("dynamodb")
    bad = {
        "TableName": table,
        "Key": {"pk": {"S": "a"}, "sk": {"S": "c"}},
        "UpdateExpression": "SET x = missing + :n",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }

    with pytest.raises(ClientError):
        client.transact_write_items(TransactItems=[two(table)[0], {"Update": bad}])

    assert client.scan(TableName=table)["Count"] == 0
    assert stored(table).stream_shard.items == []


def test_a_client_token_does_a_transaction_once(cloud):
    table, client = cloud.table(), cloud.client("dynamodb")
    add = {
        "TableName": table,
        "Key": KEY,
        "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }
    token = cloud.name("token")
    for _ in range(2):
        client.transact_write_items(TransactItems=[{"Update": add}], ClientRequestToken=token)

    assert client.get_item(TableName=table, Key=KEY)["Item"]["n"]["N"] == "1"
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        client.transact_write_items(TransactItems=two(table), ClientRequestToken=token)


def test_conflicts_come_on_demand(cloud):
    table, client = cloud.table(), cloud.client("dynamodb")
    transactions.conflict_when(lambda name, key: name == table and key["sk"]["S"] == "b")
    try:
        with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
            client.transact_write_items(TransactItems=two(table))
    finally:
        transactions.conflict_when(None)

    assert caught.value.response["CancellationReasons"][0]["Code"] == "TransactionConflict"


def test_a_transaction_does_not_copy_its_table(cloud):
    """It takes moto 9 ms with an empty table and 153 ms with 4,000 items."""
    table, client = cloud.table(), cloud.client("dynamodb")
    stored(table).items["another"] = {"x": Untouched()}

    client.transact_write_items(TransactItems=two(table))

    assert client.get_item(TableName=table, Key=KEY)["Item"]
    with pytest.raises(AssertionError, match="touched"):
        copy.deepcopy(stored(table))


def test_a_transactional_read_sees_one_moment(cloud, switching):
    table, client = cloud.table(), cloud.client("dynamodb")
    keys = [{"pk": {"S": "a"}, "sk": {"S": s}} for s in "bc"]

    def move(n: int) -> bool:
        if n % 2:
            writes_ = [
                {"Put": {"TableName": table, "Item": {**k, "n": {"N": str(n)}}}} for k in keys
            ]
            client.transact_write_items(TransactItems=writes_)
            return True
        gets = [{"Get": {"TableName": table, "Key": k}} for k in keys]
        found = client.transact_get_items(TransactItems=gets)["Responses"]
        return found[0].get("Item", {}).get("n") == found[1].get("Item", {}).get("n")

    assert all(together(16, move))


@pytest.mark.parametrize("action", ["put_item", "update_item", "delete_item"])
def test_a_failed_condition_shows_the_old_item(cloud, action):
    table, client = cloud.table(), cloud.client("dynamodb")
    client.put_item(TableName=table, Item=item(x="old"))
    given = {
        "put_item": {"Item": item(x="new")},
        "update_item": {
            "Key": KEY,
            "UpdateExpression": "SET x = :x",
            "ExpressionAttributeValues": {":x": {"S": "new"}},
        },
        "delete_item": {"Key": KEY},
    }[action]

    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        getattr(client, action)(
            TableName=table,
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **given,
        )

    assert item(x="old") == caught.value.response["Item"]


def test_an_upsert_is_one_record_of_the_stream(cloud):
    table, client = cloud.table(StreamSpecification=STREAM), cloud.client("dynamodb")
    for _ in range(2):  # the second changes nothing
        client.update_item(
            TableName=table,
            Key=KEY,
            UpdateExpression="SET x = :x",
            ExpressionAttributeValues={":x": {"S": "1"}},
        )
    client.delete_item(TableName=table, Key=KEY)

    records = writes.stream_records(stored(table), 0, 10)

    assert [record["eventName"] for record in records] == ["INSERT", "REMOVE"]
    assert item(x="1") == records[0]["dynamodb"]["NewImage"]
    assert item(x="1") == records[1]["dynamodb"]["OldImage"]
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers[1] == numbers[0] + 1


def test_a_failed_update_leaves_nothing(cloud):
    table, client = cloud.table(), cloud.client("dynamodb")

    with pytest.raises(ClientError):
        client.update_item(
            TableName=table,
            Key=KEY,
            UpdateExpression="SET x = missing + :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        )

    assert "Item" not in client.get_item(TableName=table, Key=KEY)


def units(answer: dict) -> float:
    return answer["ConsumedCapacity"]["CapacityUnits"]


def test_units_follow_the_items_size(cloud):
    table, client = cloud.table(), cloud.client("dynamodb")
    more = {"TableName": table, "ReturnConsumedCapacity": "TOTAL"}

    assert units(client.put_item(Item=item(x="a" * 900), **more)) == 1
    assert units(client.put_item(Item=item(x="a" * 3000), **more)) == 3
    assert units(client.put_item(Item=item(x="a"), **more)) == 3  # the larger of old and new
    client.put_item(Item=item(x="a" * 9000), **more)
    assert units(client.get_item(Key=KEY, **more)) == 1.5
    assert units(client.get_item(Key=KEY, ConsistentRead=True, **more)) == 3
    assert units(client.delete_item(Key=KEY, **more)) == 9


def test_units_include_indexes_and_transactions(cloud):
    table, client = indexed(cloud, {"ProjectionType": "KEYS_ONLY"}), cloud.client("dynamodb")
    more = {"TableName": table, "ReturnConsumedCapacity": "TOTAL"}

    assert units(client.put_item(Item=item(x="a"), **more)) == 1  # sparse: not in the index
    assert units(client.put_item(Item=item(due="1"), **more)) == 2
    assert units(client.put_item(Item=item(due="2"), **more)) == 3  # moves within the index
    assert units(client.put_item(Item=item(due="2", x="b"), **more)) == 1  # x is not projected
    put = {"Put": {"TableName": table, "Item": item(due="2", x="c")}}
    answer = client.transact_write_items(TransactItems=[put], ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 2


def test_a_query_is_charged_for_what_it_reads(cloud):
    table, client = cloud.table(), cloud.client("dynamodb")
    for sk in "abc":
        client.put_item(
            TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": sk}, "x": {"S": "x" * 4000}}
        )

    answer = client.query(
        TableName=table,
        KeyConditionExpression="pk = :p",
        FilterExpression="sk = :s",
        ExpressionAttributeValues={":p": {"S": "a"}, ":s": {"S": "b"}},
        ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
    )

    assert answer["Count"] == 1
    assert units(answer) == 3


def test_calls_and_units_are_counted_by_caller(cloud):
    table = cloud.table()
    role = cloud.role()
    counting.reset()
    cloud.client_as(role, "dynamodb").put_item(TableName=table, Item=item(x="a" * 2000))

    calls = [row for row in counting.counts() if row["role"] == role]

    assert [{"service": "dynamodb", "action": "PutItem", "role": role, "calls": 1}] == calls
    assert {"kind": "write", "table": table, "role": role, "units": 2.0} in counting.units()


def test_a_query_looks_at_one_partition(cloud):
    """Moto collects and sorts the whole table for each."""
    table, client = indexed(cloud, {"ProjectionType": "ALL"}), cloud.client("dynamodb")
    for n in range(400):
        stored(table).put_item({"pk": {"S": str(n)}, "sk": {"S": "x"}, "due": {"S": str(n % 50)}})
    index = client.query(
        TableName=table,
        IndexName="by_due",
        KeyConditionExpression="due = :d",
        ExpressionAttributeValues={":d": {"S": "7"}},
    )
    stored(table).items["another"] = {"x": Untouched()}
    base = client.query(
        TableName=table,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "7"}},
    )

    assert (base["Count"], index["Count"]) == (1, 8)
    with pytest.raises(AssertionError, match="touched"):
        stored(table).scan({}, 1, {})
