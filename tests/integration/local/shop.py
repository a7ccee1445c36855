"""A small shop: two stacks with a queue, a stream, a bucket, a custom resource and a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.local.assemblies import allow, function, role, write_assembly

WORK = {
    "main.py": """
import json

def handle(event, context):
    failures = []
    for record in event["Records"]:
        received = record["attributes"]["ApproximateReceiveCount"]
        print("WORK", record["body"], received)
        if record["body"] == "all":
            raise ValueError("the whole batch")
        if record["body"].startswith("bad"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
"""
}
COPY = {
    "main.py": """
def handle(event, context):
    keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]
    print("COPY", *keys)
    if "poison" in keys:
        raise ValueError("poison")
"""
}
ANNOUNCE = {
    "main.py": """
import json, urllib.request

def handle(event, context):
    print("CUSTOM", event["RequestType"], json.dumps(event["ResourceProperties"], sort_keys=True))
    status = "FAILED" if event["ResourceProperties"].get("Fail") == "true" else "SUCCESS"
    if event["ResourceProperties"].get("Silent"):
        return
    answer = {"Status": status, "Reason": "told to", "PhysicalResourceId": "announced",
              "Data": {"Answer": event["ResourceProperties"].get("Question", "") + "!"}}
    urllib.request.urlopen(urllib.request.Request(
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT"))
"""
}
_READ_QUEUE = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
_READ_STREAM = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
]
KEY = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
ATTRIBUTES = [
    {"AttributeName": "pk", "AttributeType": "S"},
    {"AttributeName": "sk", "AttributeType": "S"},
]


def arn(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def data() -> dict[str, Any]:
    return {
        "Resources": {
            "Orders": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "KeySchema": KEY,
                    "AttributeDefinitions": ATTRIBUTES,
                    "BillingMode": "PAY_PER_REQUEST",
                    "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    "DeletionProtectionEnabled": True,
                    "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
                },
                "DeletionPolicy": "Retain",
            },
            "Files": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "LifecycleConfiguration": {
                        "Rules": [
                            {
                                "Id": "short",
                                "Prefix": "tmp/",
                                "Status": "Enabled",
                                "ExpirationInDays": 14,
                            }
                        ]
                    },
                    "VersioningConfiguration": {"Status": "Enabled"},
                },
            },
            "Token": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": {"PasswordLength": 40}},
            },
        },
        "Outputs": {
            "Stream": {
                "Value": {"Fn::GetAtt": ["Orders", "StreamArn"]},
                "Export": {"Name": "shop:stream"},
            },
            "Orders": {"Value": {"Ref": "Orders"}},
            "Files": {"Value": {"Ref": "Files"}},
            "Token": {"Value": {"Ref": "Token"}},
        },
    }


def app(version: str = "one", **more: Any) -> dict[str, Any]:
    hello = hello_code(version)
    resources: dict[str, Any] = {
        "Undelivered": {"Type": "AWS::SQS::Queue"},
        "Work": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": 60,
                "RedrivePolicy": {
                    "deadLetterTargetArn": arn("Undelivered"),
                    "maxReceiveCount": 2,
                },
            },
        },
        "Role": role(
            allow(_READ_QUEUE, arn("Work")),
            allow(_READ_STREAM, {"Fn::ImportValue": "shop:stream"}),
            allow(["sqs:SendMessage"], arn("Undelivered")),
        ),
        "WorkFunction": function(WORK, name="shop-work", Timeout=10),
        "CopyFunction": function(COPY, name="shop-copy"),
        "AnnounceFunction": function(ANNOUNCE, name="shop-announce"),
        "HelloFunction": function(
            hello, name="shop-hello", Environment={"Variables": {"GREETING": version}}
        ),
        f"HelloVersion{version}": {
            "Type": "AWS::Lambda::Version",
            "Properties": {"FunctionName": {"Ref": "HelloFunction"}},
            "DeletionPolicy": "Retain",
        },
        "HelloAlias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "HelloFunction"},
                "Name": "live",
                "FunctionVersion": {"Fn::GetAtt": [f"HelloVersion{version}", "Version"]},
            },
        },
        "WorkMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": arn("Work"),
                "FunctionName": {"Ref": "WorkFunction"},
                "BatchSize": 10,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 2},
            },
        },
        "CopyMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::ImportValue": "shop:stream"},
                "FunctionName": {"Ref": "CopyFunction"},
                "StartingPosition": "TRIM_HORIZON",
                "BisectBatchOnFunctionError": True,
                "MaximumRetryAttempts": 1,
                "DestinationConfig": {"OnFailure": {"Destination": arn("Undelivered")}},
            },
        },
        "Announced": {
            "Type": "Custom::Announcement",
            "Properties": {
                "ServiceToken": arn("AnnounceFunction"),
                "Question": version,
                "Flag": True,
                "Many": [1, 2],
            },
        },
        **more,
    }
    return {
        "Parameters": {"Shop": {"Type": "String", "Default": "corner"}},
        "Resources": resources,
        "Outputs": {
            "Answer": {"Value": {"Fn::GetAtt": ["Announced", "Answer"]}},
            "Shop": {"Value": {"Ref": "Shop"}},
            "Undelivered": {"Value": {"Ref": "Undelivered"}},
            "Work": {"Value": {"Ref": "Work"}},
            "Role": {"Value": arn("Role")},
        },
    }


def hello_code(version: str) -> dict[str, str]:
    return {
        "main.py": f"""
import os, time

def handle(event, context):
    if event.get("sleep"):
        time.sleep(event["sleep"])
    return {{"code": "{version}", "greeting": os.environ["GREETING"],
            "version": context.function_version, "arn": context.invoked_function_arn,
            "region": os.environ["AWS_REGION"], "clock": os.environ.get("INTERLOCK_CLOCK")}}
"""
    }


def assembly(folder: Path, template: dict[str, Any], version: str = "one") -> Path:
    code = {"work": WORK, "copy": COPY, "announce": ANNOUNCE, "hello": hello_code(version)}
    return write_assembly(folder, {"shop-data": data(), "shop-app": template}, code)
