"""What runs is what was synthesized: byte for byte, and each resource of it."""

import hashlib
import json
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from interlock.local.limits import LIMITS
from tests.clouds import Desk

STACKS = ("interlock-dev-data", "interlock-dev-platform", "interlock-dev-wf-triage-ticket")
Client = Callable[[str], Any]


def _rule(client: Client, ref: str) -> Any:
    bus, _, name = ref.rpartition("|")
    return client("events").describe_rule(Name=name, EventBusName=bus or "default")


def _invoke_config(client: Client, ref: str) -> Any:
    functions = client("lambda")
    return [
        functions.get_function_event_invoke_config(FunctionName=name, Qualifier="live")
        for name in ("interlock-dev-sweep", "interlock-dev-reconcile_run")
    ]


def _permission(client: Client, ref: str) -> Any:
    found = client("lambda").get_policy(
        FunctionName="interlock-dev-reconcile_run", Qualifier="live"
    )
    return json.loads(found["Policy"])["Statement"][0]


def _topic_policy(client: Client) -> Any:
    [topic] = client("sns").list_topics()["Topics"]
    return client("sns").get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["Policy"]


def _queue_policy(client: Client) -> Any:
    sqs = client("sqs")
    urls = sqs.list_queues(QueueNamePrefix="interlock-dev-")["QueueUrls"]
    found = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        for url in urls
    ]
    assert len(found) >= 3
    return found


def _url(client: Client, arn: str) -> Any:
    """Return a function's URL, if it answers: what is not signed is refused there."""
    name = arn.split(":function:")[1].partition(":")[0]
    found = client("lambda").get_function_url_config(FunctionName=name)
    return found if httpx.get(found["FunctionUrl"]).status_code == HTTPStatus.FORBIDDEN else None


DESCRIBE: dict[str, Callable[[Client, str], Any]] = {
    "AWS::CloudWatch::Alarm": lambda c, r: c("cloudwatch").describe_alarms(AlarmNames=[r])[
        "MetricAlarms"
    ][0],
    "AWS::DynamoDB::Table": lambda c, r: c("dynamodb").describe_table(TableName=r),
    "AWS::Events::Archive": lambda c, r: c("events").describe_archive(ArchiveName=r),
    "AWS::Events::EventBus": lambda c, r: c("events").describe_event_bus(Name=r),
    "AWS::Events::Rule": _rule,
    "AWS::IAM::ManagedPolicy": lambda c, r: c("iam").get_policy(PolicyArn=r),
    "AWS::IAM::Role": lambda c, r: c("iam").get_role(RoleName=r),
    "AWS::Lambda::Alias": lambda c, r: c("lambda").get_alias(
        FunctionName=r.rpartition(":")[0], Name=r.rpartition(":")[2]
    ),
    "AWS::Lambda::EventInvokeConfig": _invoke_config,
    "AWS::Lambda::EventSourceMapping": lambda c, r: c("lambda").get_event_source_mapping(UUID=r),
    "AWS::Lambda::Function": lambda c, r: c("lambda").get_function(FunctionName=r),
    "AWS::Lambda::LayerVersion": lambda c, r: c("lambda").get_layer_version(
        LayerName=r.split(":")[6], VersionNumber=int(r.split(":")[7])
    ),
    "AWS::Lambda::Permission": _permission,
    "AWS::Lambda::Url": _url,
    "AWS::Lambda::Version": lambda c, r: c("lambda").get_function(
        FunctionName=r.rpartition(":")[0], Qualifier=r.rpartition(":")[2]
    ),
    "AWS::Logs::LogGroup": lambda c, r: c("logs").describe_log_groups(logGroupNamePrefix=r)[
        "logGroups"
    ][0],
    "AWS::S3::Bucket": lambda c, r: c("s3").head_bucket(Bucket=r),
    "AWS::S3::BucketPolicy": lambda c, r: c("s3").get_bucket_policy(Bucket=r)["Policy"],
    "AWS::SNS::Topic": lambda c, r: c("sns").get_topic_attributes(TopicArn=r),
    "AWS::SNS::TopicPolicy": lambda c, r: _topic_policy(c),
    "AWS::SQS::Queue": lambda c, r: c("sqs").get_queue_attributes(
        QueueUrl=r, AttributeNames=["QueueArn"]
    ),
    "AWS::SQS::QueuePolicy": lambda c, r: _queue_policy(c),
    "AWS::Scheduler::Schedule": lambda c, r: c("scheduler").get_schedule(Name=r.split("|")[-1]),
    "AWS::SecretsManager::Secret": lambda c, r: c("secretsmanager").describe_secret(SecretId=r),
    "AWS::StepFunctions::StateMachine": lambda c, r: c("stepfunctions").describe_state_machine(
        stateMachineArn=r
    ),
    "AWS::StepFunctions::StateMachineAlias": lambda c, r: c(
        "stepfunctions"
    ).describe_state_machine_alias(stateMachineAliasArn=r),
    "AWS::StepFunctions::StateMachineVersion": lambda c, r: c(
        "stepfunctions"
    ).describe_state_machine(stateMachineArn=r),
    "Custom::InterlockCatalog": lambda c, r: r,
}
"""Type -> how boto3 shows a resource of it; what is not there raises."""


def inline_policies(desk: Desk) -> set[str]:
    """Return the names of all policies inside roles."""
    iam = desk.client("iam")
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return {name for r in roles for name in iam.list_role_policies(RoleName=r)["PolicyNames"]}


def template(desk: Desk, stack: str) -> bytes:
    """Return the text of GetTemplate's answer; boto3 would parse it."""
    request = urllib.request.Request(
        desk.cloud.endpoint,
        f"Action=GetTemplate&Version=2010-05-15&StackName={stack}".encode(),
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": "AWS4-HMAC-SHA256 Credential=developer/20261122/us-east-1/"
            "cloudformation/aws4_request, SignedHeaders=host, Signature=0",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        document = ElementTree.fromstring(answer.read())
    [body] = [node.text for node in document.iter() if node.tag.endswith("TemplateBody")]
    return body.encode()


def files(desk: Desk) -> dict[str, bytes]:
    """Return the synthesized templates by stack name."""
    manifest = json.loads((desk.assembly / "manifest.json").read_text())
    return {
        artifact["properties"].get("stackName", name): (
            desk.assembly / artifact["properties"]["templateFile"]
        ).read_bytes()
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def test_each_template_is_the_synthesized_file(desk: Desk):
    """GetTemplate returns what CDK wrote, to the byte."""
    written = files(desk)

    assert set(written) == set(STACKS)
    for stack, content in written.items():
        told = hashlib.sha256(template(desk, stack)).hexdigest()
        assert told == hashlib.sha256(content).hexdigest(), stack


@pytest.mark.parametrize("stack", STACKS)
def test_each_resource_is_there(desk: Desk, stack: str):
    """Listed by CloudFormation and shown by its own service; none is skipped."""
    resources = json.loads(files(desk)[stack])["Resources"]
    client = desk.client("cloudformation")
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    listed = {r["LogicalResourceId"]: r for p in pages for r in p["StackResourceSummaries"]}
    inline = inline_policies(desk)
    missing = []

    for name, resource in resources.items():
        assert listed[name]["ResourceType"] == resource["Type"]
        if resource["Type"] == "AWS::IAM::Policy":  # it lies inside its roles, under its own name
            if resource["Properties"]["PolicyName"] not in inline:
                missing.append(name)
            continue
        try:
            shown = DESCRIBE[resource["Type"]](desk.client, listed[name]["PhysicalResourceId"])
        except Exception as error:
            missing.append(f"{name} ({resource['Type']}): {type(error).__name__} {error}")
        else:
            assert shown, name

    assert not missing, "\n".join(missing)
    assert set(listed) == set(resources)


def test_what_has_no_effect_here_is_said(desk: Desk):
    """Resources that are described and do nothing stand in `interlock local limits`."""
    areas = {limit.area for limit in LIMITS}

    assert {"CloudWatch", "SNS", "EventBridge archives", "X-Ray", "IAM"} <= areas
    assert desk.cloud.get("limits") == [limit.as_json() for limit in LIMITS]
