"""Shortcuts that must not show: the same answers, the same trees, less work."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from enum import StrEnum

import pytest
from botocore.exceptions import ClientError
from moto.core import parse
from moto.core.serialize import JSONSerializer, ResponseSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.parsing.expressions import ExpressionTokenizer, UpdateExpressionParser

from interlock.local.mends import answers

DEEP = {
    "m": {
        "M": {
            "l": {"L": [{"S": "ü"}, {"N": "1.50"}, {"NULL": True}, {"M": {}}]},
            "s": {"SS": ["a", "b"]},
            "b": {"B": b"\x00\xff"},
        }
    },
    "yes": {"BOOL": False},
}


class Colour(StrEnum):
    RED = "red"


class Thing:
    """What moto's models look like: other names, no dict."""

    table_name = "t"
    item_count = 3


RESULTS = [
    ("dynamodb", "GetItem", {"Item": DEEP}),
    ("dynamodb", "GetItem", {"Item": None}),
    ("dynamodb", "GetItem", {}),
    ("dynamodb", "PutItem", {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 1}}),
    ("dynamodb", "Query", {"Items": [DEEP, {}], "Count": 2, "ScannedCount": 2.0}),
    ("dynamodb", "TransactGetItems", {"Responses": [{"Item": DEEP}, {}]}),
    ("dynamodb", "TransactGetItems", {"Responses": [{"Item": DEEP}, None]}),
    (
        "dynamodb",
        "DescribeTable",
        {"Table": {"CreationDateTime": datetime(2026, 1, 2, tzinfo=UTC)}},
    ),
    ("dynamodb", "DescribeTable", {"Table": Thing()}),
    ("dynamodb", "DescribeTable", {"table": {"table_name": "in other words"}}),
    ("dynamodb", "DescribeTable", {"Table": {"TableStatus": Colour.RED, "unknown": 1}}),
    ("secretsmanager", "GetSecretValue", {"SecretString": "s", "VersionStages": ["AWSCURRENT"]}),
    ("stepfunctions", "ListExecutions", {"executions": [{"name": "a", "status": "RUNNING"}]}),
    ("sqs", "GetQueueAttributes", {"Attributes": {"VisibilityTimeout": 30}}),
]


@pytest.mark.parametrize(("service", "operation", "result"), RESULTS)
def test_an_answer_is_what_moto_itself_would_have_written(cloud, service, operation, result):
    model = get_service_model(service).operation_model(operation)
    serializer = JSONSerializer(model, value_picker=XFormedAttributePicker())

    ours = serializer.serialize(result)
    response = serializer._create_default_response()
    theirs = ResponseSerializer._serialize_result(serializer, response, result)

    assert json.loads(theirs.pop("body")) == json.loads(ours.pop("body"))
    assert theirs == ours


def test_a_result_in_other_words_is_left_to_moto(cloud):
    shape = get_service_model("dynamodb").operation_model("DescribeTable").output_shape

    with pytest.raises(answers.Unusual):
        answers.writer(shape)({"Table": Thing()})


UPDATES = [
    "SET #a = :a",
    "SET #a.b = if_not_exists(#a.b, :a), c = c + :one REMOVE #d[1], e",
    "ADD n :one DELETE s :set SET a[3].b = list_append(:l, a[3].b)",
]


def drawn(node: object) -> object:
    """Return a tree as nested lists, each node below its own parent."""
    if not hasattr(node, "children"):
        return node
    for child in node.children or []:
        assert getattr(child, "parent", node) is node
    return [type(node).__name__, [drawn(child) for child in node.children or []]]


@pytest.mark.parametrize("text", UPDATES)
def test_a_remembered_expression_is_the_one_that_was_written(cloud, text):
    fresh = UpdateExpressionParser(ExpressionTokenizer.make_list(text)).parse()

    assert drawn(fresh) == drawn(UpdateExpressionParser.make(text))
    assert UpdateExpressionParser.make(text) is UpdateExpressionParser.make(text)


@pytest.mark.parametrize("text", UPDATES)
def test_what_happens_to_a_copied_tree_leaves_the_tree_alone(cloud, text):
    tree = UpdateExpressionParser.make(text)
    before = drawn(tree)
    copied = copy.deepcopy(tree)

    assert before == drawn(copied)
    copied.children[0].children.clear()
    assert before == drawn(tree)


def test_one_expression_does_the_same_to_every_item(cloud):
    table, client = cloud.table(), cloud.client("dynamodb")
    for name in ("first", "second"):
        for _ in range(2):
            client.update_item(
                TableName=table,
                Key={"pk": {"S": name}, "sk": {"S": "x"}},
                UpdateExpression="SET n = if_not_exists(n, :zero) + :one",
                ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}},
            )
    items = client.scan(TableName=table)["Items"]

    assert [item["n"] for item in items] == [{"N": "2"}, {"N": "2"}]


def test_a_new_account_still_gets_stores_of_its_own(cloud):
    found = dynamodb_backends["210987654321"]["us-east-1"]

    assert found.account_id == "210987654321"
    assert found is dynamodb_backends["210987654321"]["us-east-1"]


@pytest.mark.parametrize(
    ("text", "names", "complaint"),
    [
        ("SET a = :v SET b = :v", {}, 'The "SET" section can only be used once'),
        ("SET a = :v REMOVE b SET c = :v", {}, 'The "SET" section can only be used once'),
        ("SET #a = :v, #b = :v", {"#a": "a", "#b": "a"}, "Two document paths overlap"),
        ("SET a.b = :v REMOVE a", {}, "Two document paths overlap"),
    ],
)
def test_an_expression_that_says_a_thing_twice_is_refused(cloud, text, names, complaint):
    """What is searched for from the root alone is found wherever it stands."""
    told = {"ExpressionAttributeNames": names} if names else {}
    with pytest.raises(ClientError, match=complaint):
        cloud.client("dynamodb").update_item(
            TableName=cloud.table(),
            Key={"pk": {"S": "p"}, "sk": {"S": "x"}},
            UpdateExpression=text,
            ExpressionAttributeValues={":v": {"N": "1"}},
            **told,
        )


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2.5, -0, 123456789012345678901234567890, true, null], "a": "last"}',
        '"\\ud83d\\ude00 \\u00fc"',
        '"\\ud83d"',
        '{"n": 1e400}',
    ],
)
def test_a_request_is_read_as_the_standard_library_reads_it(cloud, text):
    assert json.loads(text) == parse.json.loads(text)


def test_what_is_no_json_is_no_value(cloud):
    with pytest.raises(ValueError, match=r"."):
        parse.json.loads("{")
