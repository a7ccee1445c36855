"""Two stores that must not be told apart: the table's adapter on moto, and the memory."""

import os
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from functions.core.adapters.dynamodb import INDEX, DynamoStore
from functions.core.domain.expressions import Ref, Table
from functions.core.ports import Store
from tests.memory_store import Invalid, MemoryStore

PHYSICAL = {table: f"test-{table.value}" for table in Table}


@dataclass
class Subject:
    """A store under test, the error by which it refuses a wrong request, and a fresh item's key."""

    store: Store
    refusal: type[Exception]
    ref: Ref = field(default_factory=lambda: Ref(Table.RUNS, "thing", "run"))


def _text(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "S"}


def _keys(hash_: str, range_: str) -> list[Any]:
    return [
        {"AttributeName": hash_, "KeyType": "HASH"},
        {"AttributeName": range_, "KeyType": "RANGE"},
    ]


def _make_tables(client: Any) -> None:
    for name in PHYSICAL.values():
        client.create_table(
            TableName=name,
            AttributeDefinitions=[_text(n) for n in ("pk", "sk", "due_bucket", "due_at")],
            KeySchema=_keys("pk", "sk"),
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[
                {
                    "IndexName": INDEX,
                    "KeySchema": _keys("due_bucket", "due_at"),
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )


@pytest.fixture(scope="session")
def _moto():
    before = dict(os.environ)
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        _make_tables(client)
        yield client
    os.environ.clear()
    os.environ |= before


@pytest.fixture(params=["memory", "dynamodb"])
def subject(request) -> Subject:
    """Each store in turn, empty under the test's own keys."""
    if request.param == "memory":
        return Subject(MemoryStore(), Invalid)
    client = request.getfixturevalue("_moto")
    for name in PHYSICAL.values():
        for item in client.scan(TableName=name)["Items"]:
            client.delete_item(TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})
    return Subject(DynamoStore(client, PHYSICAL), ClientError)
