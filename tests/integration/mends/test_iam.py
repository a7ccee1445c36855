"""Requests are judged by their caller's policies, on what they name, as AWS judges them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from interlock.local.mends import iam, policy
from tests.integration.mends.playground import ANY, trust


def allow(action: object, resource: object = "*", **more: object) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object, resource: object = "*", **more: object) -> dict:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def judged(statement: dict, context: dict[str, list[str]]) -> bool:
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return all(s.holds(context) for s in policy.compiled(text))


def refused(call, code: str = "AccessDeniedException") -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert code in caught.value.response["Error"]["Code"]
    return caught.value.response["Error"]["Message"]


def test_a_grant_holds_for_its_table_alone(cloud):
    one, other = cloud.table(), cloud.table()
    role = cloud.role(
        allow("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:123456789012:table/{one}")
    )
    client, key = cloud.client_as(role, "dynamodb"), {"pk": {"S": "a"}, "sk": {"S": "b"}}

    client.get_item(TableName=one, Key=key)

    message = refused(lambda: client.get_item(TableName=other, Key=key))
    name = role.rsplit("/", 1)[1]
    assert message == (
        f"User: arn:aws:sts::123456789012:assumed-role/{name}/local is not authorized to perform: "
        f"dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/{other} "
        "because no identity-based policy allows the dynamodb:GetItem action"
    )


def test_the_developer_may_do_anything(cloud):
    table = cloud.table()

    cloud.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "b"}})

    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == 1


def test_a_deny_wins_over_an_allow(cloud):
    table = cloud.table()
    role = cloud.role(allow("dynamodb:*"), deny("dynamodb:Delete*"))
    client = cloud.client_as(role, "dynamodb")
    key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    client.put_item(TableName=table, Item=key)

    message = refused(lambda: client.delete_item(TableName=table, Key=key))

    assert "with an explicit deny in an identity-based policy" in message


def test_each_part_of_a_transaction_needs_its_own_action(cloud):
    table = cloud.table()
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}"
    client = cloud.client_as(cloud.role(allow(["dynamodb:PutItem"], arn)), "dynamodb")
    put = {"Put": {"TableName": table, "Item": {"pk": {"S": "a"}, "sk": {"S": "1"}}}}
    check = {
        "ConditionCheck": {
            "TableName": table,
            "Key": {"pk": {"S": "a"}, "sk": {"S": "2"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }

    client.transact_write_items(TransactItems=[put])

    message = refused(lambda: client.transact_write_items(TransactItems=[put, check]))
    assert "dynamodb:ConditionCheckItem" in message
    get = {"Get": {"TableName": table, "Key": put["Put"]["Item"]}}
    assert "dynamodb:GetItem" in refused(lambda: client.transact_get_items(TransactItems=[get]))


def test_an_index_is_a_resource_of_its_own(cloud):
    table = cloud.table(
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "due")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_due",
                "KeySchema": [{"AttributeName": "due", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}"
    client = cloud.client_as(cloud.role(allow("dynamodb:Query", arn)), "dynamodb")
    query = {
        "TableName": table,
        "IndexName": "by_due",
        "KeyConditionExpression": "due = :d",
        "ExpressionAttributeValues": {":d": {"S": "x"}},
    }

    assert f"{arn}/index/by_due" in refused(lambda: client.query(**query))


def test_a_boundary_takes_away(cloud):
    table = cloud.table()
    client = cloud.client("iam")
    boundary = client.create_policy(
        PolicyName=cloud.name("boundary"),
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow("sqs:*")}),
    )["Policy"]["Arn"]
    role = cloud.role(allow("*"), PermissionsBoundary=boundary)

    message = refused(lambda: cloud.client_as(role, "dynamodb").scan(TableName=table))

    assert "because no permissions boundary allows the dynamodb:Scan action" in message


def test_attached_managed_policies_count(cloud):
    table, client = cloud.table(), cloud.client("iam")
    role = cloud.role(allow("sqs:ListQueues"))
    managed = client.create_policy(PolicyName=cloud.name("p"), PolicyDocument=json.dumps(ANY))
    client.attach_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyArn=managed["Policy"]["Arn"])

    assert cloud.client_as(role, "dynamodb").scan(TableName=table)["Count"] == 0


def test_put_events_is_judged_by_each_entrys_bus(cloud):
    bus = cloud.client("events").create_event_bus(Name=cloud.name("bus"))["EventBusArn"]
    client = cloud.client_as(cloud.role(allow("events:PutEvents", bus)), "events")
    entry = {"Source": "a", "DetailType": "b", "Detail": "{}"}

    client.put_events(Entries=[{**entry, "EventBusName": bus}])

    message = refused(lambda: client.put_events(Entries=[{**entry, "EventBusName": bus}, entry]))
    assert "event-bus/default" in message


def test_a_secret_is_judged_by_its_whole_arn(cloud):
    client = cloud.client("secretsmanager")
    one = client.create_secret(Name=cloud.name("secret"), SecretString="s")
    other = client.create_secret(Name=cloud.name("secret"), SecretString="s")
    own = cloud.client_as(
        cloud.role(allow("secretsmanager:GetSecretValue", one["ARN"])), "secretsmanager"
    )

    assert own.get_secret_value(SecretId=one["Name"])["SecretString"] == "s"
    refused(lambda: own.get_secret_value(SecretId=other["Name"]))


def test_functions_are_judged_with_their_qualifier(cloud):
    arn = cloud.function(lambda event: event, alias="live")
    client = cloud.client_as(cloud.role(allow("lambda:InvokeFunction", arn)), "lambda")

    client.invoke(FunctionName=arn, Payload=b"{}")

    refused(lambda: client.invoke(FunctionName=arn.rsplit(":", 1)[0], Payload=b"{}"))


def test_starts_on_an_alias_are_judged_on_the_unqualified_arn(cloud):
    from tests.integration.mends.playground import jsonata

    machine = cloud.machine(jsonata(("Ok", {"Type": "Pass"})), publish=True)
    client = cloud.client_as(cloud.role(allow("states:StartExecution", machine)), "stepfunctions")

    client.start_execution(stateMachineArn=f"{machine}:1")

    alias_only = cloud.role(allow("states:StartExecution", f"{machine}:1"))
    own = cloud.client_as(alias_only, "stepfunctions")
    refused(lambda: own.start_execution(stateMachineArn=f"{machine}:1"))


def test_s3_actions_have_their_iam_names(cloud):
    bucket = cloud.name("bucket")
    cloud.client("s3").create_bucket(Bucket=bucket)
    grant = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    client = cloud.client_as(
        cloud.role(grant, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/in/*")), "s3"
    )

    client.put_object(Bucket=bucket, Key="in/a", Body=b"x")

    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    refused(lambda: client.put_object(Bucket=bucket, Key="out/a", Body=b"x"), "AccessDenied")
    refused(lambda: client.get_object(Bucket=bucket, Key="in/a"), "AccessDenied")
    refused(lambda: client.delete_object(Bucket=bucket, Key="in/a"), "AccessDenied")


def test_who_may_not_list_a_bucket_is_not_told_that_a_key_is_missing(cloud):
    bucket = "secretive-bucket"
    cloud.client("s3").create_bucket(Bucket=bucket)
    reads = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    blind = cloud.client_as(cloud.role(reads), "s3")
    seeing = cloud.client_as(
        cloud.role(reads, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")), "s3"
    )

    refused(lambda: blind.get_object(Bucket=bucket, Key="a"), "AccessDenied")
    refused(lambda: seeing.get_object(Bucket=bucket, Key="a"), "NoSuchKey")


def test_an_object_may_hold_json_that_no_parser_takes(cloud):
    bucket = "deep-bucket"
    cloud.client("s3").create_bucket(Bucket=bucket)
    writer = cloud.client_as(cloud.role(allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*")), "s3")

    writer.put_object(Bucket=bucket, Key="a", Body=b"[" * 100_000)

    assert cloud.client("s3").head_object(Bucket=bucket, Key="a")["ContentLength"] == 100_000


def test_a_service_without_a_rule_is_refused_by_name(cloud):
    role = cloud.role(allow("*"))

    message = refused(lambda: cloud.client_as(role, "ssm").get_parameter(Name="x"))

    assert "no rule says which resources ssm:GetParameter acts on" in message


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (allow("*", Condition={"BinaryEquals": {"aws:SourceArn": "x"}}), "BinaryEquals"),
        (allow("*", Condition={"StringEquals": {"aws:PrincipalTag/a": "x"}}), "aws:PrincipalTag/a"),
        (allow("*", "arn:aws:s3:::b/${aws:username}/*"), "aws:username"),
        (allow("*", Condition={"ForSome:StringLike": {"aws:SourceArn": "x"}}), "ForSome"),
        ({**allow("*"), "Effekt": "Allow"}, "Effekt"),
    ],
)
def test_what_is_unknown_in_a_policy_is_refused_by_name(statement, named):
    with pytest.raises(policy.UnknownInPolicy, match=named):
        iam.check_document({"Version": "2012-10-17", "Statement": statement})


SECURE, ARN = "aws:securetransport", "aws:sourcearn"


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, {SECURE: ["true"]}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {SECURE: ["true"]}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {}, False),
        ({"BoolIfExists": {"aws:SecureTransport": "true"}}, {}, True),
        ({"Null": {"s3:if-none-match": "true"}}, {}, True),
        ({"Null": {"s3:if-none-match": "true"}}, {"s3:if-none-match": ["*"]}, False),
        ({"Null": {"s3:if-none-match": "false"}}, {"s3:if-none-match": ["*"]}, True),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:1:rule/bus/*"}},
            {ARN: ["arn:aws:events:us-east-1:1:rule/bus/x"]},
            True,
        ),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:*:rule/x"}},
            {ARN: ["arn:aws:events:us-east-1:1:rule/x"]},
            False,
        ),
        (
            {"ArnEquals": {"aws:SourceArn": ["arn:a:b:c:d:e", "arn:a:b:c:d:f"]}},
            {ARN: ["arn:a:b:c:d:f"]},
            True,
        ),
        ({"StringEquals": {"events:source": ["a", "b"]}}, {"events:source": ["b"]}, True),
        ({"StringNotEquals": {"events:source": ["a", "b"]}}, {"events:source": ["b"]}, False),
        ({"StringNotEquals": {"events:source": "a"}}, {}, True),
        ({"StringEqualsIgnoreCase": {"events:source": "A"}}, {"events:source": ["a"]}, True),
        ({"StringLike": {"events:source": "a?c*"}}, {"events:source": ["abcd/e"]}, True),
        (
            {"ForAllValues:StringEquals": {"s3:prefix": ["a", "b"]}},
            {"s3:prefix": ["a", "c"]},
            False,
        ),
        ({"ForAllValues:StringEquals": {"s3:prefix": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"s3:prefix": ["a", "b"]}}, {"s3:prefix": ["a", "c"]}, True),
        ({"ForAnyValue:StringEquals": {"s3:prefix": ["a"]}}, {}, False),
        ({"NumericLessThan": {"aws:EpochTime": "5"}}, {"aws:epochtime": ["4.5"]}, True),
        (
            {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
            {"aws:currenttime": ["1767225601"]},
            True,
        ),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {"aws:sourceip": ["127.0.0.1"]}, True),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {"aws:sourceip": ["127.0.0.1"]}, False),
        (
            {"StringEquals": {"events:source": "a"}, "Bool": {"aws:SecureTransport": "true"}},
            {SECURE: ["true"], "events:source": ["b"]},
            False,
        ),
    ],
)
def test_conditions_hold_as_aws_says(condition, context, expected):
    assert expected == judged(allow("*", Condition=condition), context)


def test_not_action_and_not_resource_turn_around():
    text = {"Effect": "Allow", "NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::b/*"}
    (found,) = policy.compiled(json.dumps({"Statement": text}))

    assert found.action_hits("s3:PutObject") == []
    assert found.action_hits("s3:GetObject") == ["NotAction"]
    assert found.resource_hits("arn:aws:s3:::b/x") == []
    assert found.resource_hits("arn:aws:s3:::c/x") == ["NotResource"]


def test_coverage_names_the_statement_that_alone_decided(cloud):
    table = cloud.table()
    role = cloud.role(
        allow(["dynamodb:Scan", "dynamodb:Query"]),
        allow("dynamodb:Get*"),
        allow("dynamodb:GetItem"),
    )
    client = cloud.client_as(role, "dynamodb")
    client.scan(TableName=table)
    client.get_item(TableName=table, Key={"pk": {"S": "a"}, "sk": {"S": "b"}})

    rows = {
        (r["statement"], r["action"]): r["decided"] for r in iam.coverage() if r["role"] == role
    }

    assert rows == {
        (0, "dynamodb:Scan"): 1,
        (0, "dynamodb:Query"): 0,
        (1, "dynamodb:Get*"): 0,
        (2, "dynamodb:GetItem"): 0,
    }


def test_denials_are_kept_and_printed(cloud, capfd):
    table = cloud.table()
    role = cloud.role(allow("sqs:*"))

    refused(lambda: cloud.client_as(role, "dynamodb").scan(TableName=table))

    assert (role, "dynamodb:Scan") == tuple(iam.denials()[-1][k] for k in ("principal", "action"))
    assert "*** DENIED BY IAM ***" in capfd.readouterr().err


def test_assumed_roles_are_judged_as_their_role(cloud):
    """A trust policy may demand a source identity."""
    table = cloud.table()
    role = cloud.role(allow("sqs:*"))
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    named = {"StringLike": {"sts:SourceIdentity": "?*"}}
    statements = [
        {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole", "Condition": named},
        {"Effect": "Allow", "Principal": root, "Action": "sts:SetSourceIdentity"},
    ]
    cloud.client("iam").update_assume_role_policy(
        RoleName=role.rsplit("/", 1)[1],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    given = {"RoleArn": role, "RoleSessionName": "someone"}
    refused(lambda: cloud.client("sts").assume_role(**given), "AccessDenied")

    keys = cloud.client("sts").assume_role(**given, SourceIdentity="ann")["Credentials"]
    client = cloud.client(
        "dynamodb",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )

    refused(lambda: client.scan(TableName=table))


def test_a_role_is_trusted_by_its_service_only(cloud):
    role = cloud.role(service="lambda.amazonaws.com")

    iam.check_trust(role, "lambda.amazonaws.com")

    with pytest.raises(iam.Denied):
        iam.check_trust(role, "states.amazonaws.com")
    assert "Service" in trust("x")
