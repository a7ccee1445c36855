"""A cloud on a ticking clock: what was deployed works, and changes in place."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.local.cloud import Cloud, CloudRefused
from tests.integration.local import shop
from tests.integration.local.assemblies import eventually, write_assembly

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def cloud(start: Callable[..., Cloud], folder: Path) -> Cloud:
    return start(
        shop.assembly(folder / "one", shop.app()), clock="tick", parameters={"Shop": "harbour"}
    )


def printed(cloud: Cloud, function: str, word: str) -> list[str]:
    path = cloud.logs().get(function)
    lines = path.read_text().splitlines() if path else []
    return [line.removeprefix(f"{word} ") for line in lines if line.startswith(word)]


def send(cloud: Cloud, *bodies: str) -> None:
    client, url = cloud.client("sqs"), cloud.outputs("shop-app")["Work"]
    for body in bodies:
        client.send_message(QueueUrl=url, MessageBody=body)


def undelivered(cloud: Cloud) -> list[str]:
    client, url = cloud.client("sqs"), cloud.outputs("shop-app")["Undelivered"]
    found = []
    for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found.append(message["Body"])
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def hello(cloud: Cloud, name: str = "shop-hello", **event: Any) -> dict[str, Any]:
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    found: dict[str, Any] = json.load(answer["Payload"])
    return found


def test_cloudformation_answers_for_the_stacks(cloud: Cloud, folder: Path):
    """Outputs, parameters, exports, resources and the very bytes of the template."""
    client = cloud.client("cloudformation")
    stacks = {s["StackName"]: s for s in client.describe_stacks()["Stacks"]}

    assert set(stacks) == {"shop-data", "shop-app"}
    assert cloud.outputs("shop-app")["Shop"] == "harbour"
    assert stacks["shop-app"]["Parameters"] == [
        {"ParameterKey": "Shop", "ParameterValue": "harbour"}
    ]
    assert [e["Name"] for e in client.list_exports()["Exports"]] == ["shop:stream"]

    resources = client.list_stack_resources(StackName="shop-app")["StackResourceSummaries"]
    types = {r["LogicalResourceId"]: r["ResourceType"] for r in resources}

    assert types["Announced"] == "Custom::Announcement"
    assert len(types) == len(shop.app()["Resources"])

    client.meta.events.unregister("after-call.cloudformation.GetTemplate")
    raw: list[bytes] = []
    client.meta.events.register(
        "before-parse.cloudformation.GetTemplate",
        lambda response_dict, **_: raw.append(response_dict["body"]),
    )
    client.get_template(StackName="shop-app")
    text = raw[0].decode().split("<TemplateBody>")[1].split("</TemplateBody>")[0]
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, plain)

    assert text == (folder / "one" / "shop-app.template.json").read_text()


def test_an_unknown_stack_is_an_error_of_cloudformations(cloud: Cloud):
    """As the CLI expects it."""
    client = cloud.client("cloudformation")

    with pytest.raises(client.exceptions.ClientError, match="nothing does not exist"):
        client.describe_stacks(StackName="nothing")


def test_stores_have_what_the_template_says(cloud: Cloud):
    """Recovery, expiry, protection, lifecycle, a generated secret."""
    outputs, dynamodb = cloud.outputs("shop-data"), cloud.client("dynamodb")
    table = dynamodb.describe_table(TableName=outputs["Orders"])["Table"]
    recovery = dynamodb.describe_continuous_backups(TableName=outputs["Orders"])
    ttl = dynamodb.describe_time_to_live(TableName=outputs["Orders"])
    rules = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=outputs["Files"])["Rules"]
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=outputs["Token"])

    assert table["DeletionProtectionEnabled"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert "'ENABLED'" in str(recovery["ContinuousBackupsDescription"])
    assert ttl["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    assert (rules[0]["Expiration"]["Days"], rules[0]["Filter"]["Prefix"]) == (14, "tmp/")
    assert len(secret["SecretString"]) == 40


def test_a_custom_resource_is_told_text_and_its_answer_is_an_attribute(cloud: Cloud):
    """CloudFormation hands every scalar over as text."""
    told = printed(cloud, "shop-announce", "CUSTOM")

    assert told[0].startswith("Create ")
    properties = json.loads(told[0].removeprefix("Create "))
    assert (properties["Flag"], properties["Many"]) == ("true", ["1", "2"])
    assert cloud.outputs("shop-app")["Answer"] == "one!"


def test_a_function_runs_behind_its_alias(cloud: Cloud):
    """The alias stands for the published version; the context says which was called."""
    answer = hello(cloud, "shop-hello:live")

    assert (answer["version"], answer["region"]) == ("1", "us-east-1")
    assert answer["arn"].endswith(":function:shop-hello:live")
    assert json.loads(answer["clock"])["scale"] == 0


def test_a_batch_fails_in_part_and_ends_in_the_dead_letter_queue(cloud: Cloud):
    """Good messages are done at once; a bad one waits its visibility out, then moves."""
    send(cloud, "good-1", "bad-1", "good-2")
    eventually(lambda: len(printed(cloud, "shop-work", "WORK")) >= 3)

    assert set(printed(cloud, "shop-work", "WORK")) == {"good-1 1", "bad-1 1", "good-2 1"}

    cloud.tick(59)

    assert "bad-1 2" not in printed(cloud, "shop-work", "WORK")

    cloud.tick(2)
    eventually(lambda: "bad-1 2" in printed(cloud, "shop-work", "WORK"))

    assert undelivered(cloud) == []

    cloud.tick(61)

    assert eventually(lambda: undelivered(cloud)) == ["bad-1"]
    assert not [line for line in printed(cloud, "shop-work", "WORK") if line == "good-1 2"]


def test_a_batch_whose_function_raises_comes_back_whole(cloud: Cloud):
    """Without an answer nothing of the batch is done."""
    send(cloud, "all")
    eventually(lambda: "all 1" in printed(cloud, "shop-work", "WORK"))
    cloud.tick(61)
    eventually(lambda: "all 2" in printed(cloud, "shop-work", "WORK"))
    cloud.tick(61)

    assert eventually(lambda: undelivered(cloud)) == ["all"]


def test_a_stream_is_split_around_what_fails_and_goes_on(cloud: Cloud):
    """Records before and after the poison are handed over, the poison to the failure queue."""
    table, client = cloud.outputs("shop-data")["Orders"], cloud.client("dynamodb")
    for key in ("a", "poison", "b"):
        client.put_item(TableName=table, Item={"pk": {"S": key}, "sk": {"S": "0"}})

    def done() -> bool:
        cloud.tick(5)  # between attempts it backs off
        return any(line.split() == ["b"] for line in printed(cloud, "shop-copy", "COPY"))

    eventually(done)
    told = json.loads(eventually(lambda: undelivered(cloud))[0])

    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["DDBStreamBatchInfo"]["batchSize"] == 1
    assert ["a"] in [line.split() for line in printed(cloud, "shop-copy", "COPY")]


def test_a_timeout_passes_only_when_it_is_ticked(cloud: Cloud):
    """On a ticking clock a hanging function hangs until somebody says that time passes."""
    answers: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: answers.append(hello(cloud, sleep=600)))
    thread.start()
    eventually(lambda: [w for w in cloud.get("workers") if w["busy"]])
    cloud.tick(2)

    assert not answers

    cloud.tick(2)
    thread.join(10)

    assert answers[0]["errorType"] == "Sandbox.Timedout"


def test_a_role_may_do_what_its_policy_says(cloud: Cloud):
    """The credentials of a role are judged by its policies."""
    outputs = cloud.outputs("shop-app")
    sqs = cloud.client_as(outputs["Role"], "sqs")
    sqs.send_message(QueueUrl=outputs["Undelivered"], MessageBody="allowed")

    with pytest.raises(sqs.exceptions.ClientError, match="not authorized"):
        sqs.send_message(QueueUrl=outputs["Work"], MessageBody="denied")

    assert undelivered(cloud) == ["allowed"]
    assert cloud.get("denials")[-1]["action"] == "sqs:SendMessage"


def test_a_page_in_a_browser_can_not_act(cloud: Cloud):
    """What changes something demands a header that a form can't send."""
    request = urllib.request.Request(f"{cloud.endpoint}/_local/stop", data=b"{}")

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)


def test_a_reload_takes_over_what_changed_and_nothing_else(cloud: Cloud, folder: Path):
    """A new version behind the alias, an updated custom resource, tables and queues untouched."""
    before = cloud.client("sqs").list_queues()["QueueUrls"]
    changed = shop.app("two", Extra={"Type": "AWS::SQS::Queue"})
    del changed["Resources"]["CopyMapping"], changed["Resources"]["CopyFunction"]
    cloud.reload(shop.assembly(folder / "two", changed, "two"))
    answer, old = hello(cloud, "shop-hello:live"), hello(cloud, "shop-hello:1")

    assert (answer["code"], answer["greeting"], answer["version"]) == ("two", "two", "2")
    assert (old["code"], old["greeting"]) == ("one", "one")
    assert cloud.outputs("shop-app")["Answer"] == "two!"
    assert printed(cloud, "shop-announce", "CUSTOM")[-1].startswith("Update ")

    after = cloud.client("sqs").list_queues()["QueueUrls"]
    names = {f["FunctionName"] for f in cloud.client("lambda").list_functions()["Functions"]}

    assert set(before) < set(after)
    assert len(after) == len(before) + 1
    assert "shop-copy" not in names

    send(cloud, "after")
    eventually(lambda: "after 1" in printed(cloud, "shop-work", "WORK"))


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"Type": "AWS::Kinesis::Stream"}, r"shop-app/Wrong \(AWS::Kinesis::Stream\)"),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"Odd": 1}},
            r"shop-app/Wrong \(AWS::SQS::Queue\): unknown property Odd",
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Cidr": []}}},
            r"shop-app/Wrong \(AWS::SQS::Queue\): Fn::Cidr is not known here",
        ),
        (
            {
                "Type": "AWS::SQS::Queue",
                "Properties": {"QueueName": {"Fn::GetAtt": ["Work", "Odd"]}},
            },
            r"Fn::GetAtt Work\.Odd",
        ),
        ({"Type": "AWS::SQS::Queue", "Odd": 1}, "unknown resource attribute Odd"),
        (
            {
                "Type": "Custom::Announcement",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["AnnounceFunction", "Arn"]},
                    "Fail": True,
                },
            },
            r"shop-app/Wrong \(Custom::Announcement\): Create: told to",
        ),
        (
            {
                "Type": "Custom::Announcement",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["AnnounceFunction", "Arn"]},
                    "Silent": True,
                },
            },
            "it sent no answer",
        ),
    ],
)
def test_what_is_unknown_stops_with_its_name(
    cloud: Cloud, folder: Path, extra: dict[str, Any], named: str
):
    """Stack, logical id, type and what was wrong."""
    assembly = shop.assembly(folder / "broken", shop.app("two", Wrong=extra), "two")

    with pytest.raises(CloudRefused, match=named):
        cloud.reload(assembly)


def test_a_reload_that_fails_leaves_the_stack_as_it_was(cloud: Cloud, folder: Path):
    """Code, alias, outputs and queues are those of before, also what was changed and replaced."""
    before = state_of(cloud)
    fails = {
        "Type": "Custom::Announcement",
        "Properties": {"ServiceToken": shop.arn("AnnounceFunction"), "Fail": True},
    }
    broken = shop.app("three", Extra={"Type": "AWS::SQS::Queue"}, Wrong=fails)
    broken["Resources"]["Extra"]["Properties"] = {"QueueName": "another-name"}
    broken["Resources"]["WorkMapping"]["Properties"]["BatchSize"] = 1

    with pytest.raises(CloudRefused, match="told to"):
        cloud.reload(shop.assembly(folder / "three", broken, "three"))

    assert state_of(cloud) == before
    send(cloud, "still")
    eventually(lambda: "still 1" in printed(cloud, "shop-work", "WORK"))


def test_a_stack_that_fails_to_come_is_gone(cloud: Cloud, folder: Path):
    """The others stay as they are, and the next reload may bring it."""
    before = state_of(cloud)
    wrong = {"Type": "AWS::SQS::Queue", "Properties": {"Odd": 1}}
    stack = {
        "Parameters": shop.app()["Parameters"],
        "Resources": {"First": {"Type": "AWS::SQS::Queue"}, "Wrong": wrong},
    }
    assembly = write_assembly(folder / "more", {"shop-more": stack}, {})

    with pytest.raises(CloudRefused, match="shop-more/Wrong"):
        cloud.reload(assembly)

    assert state_of(cloud) == before


def state_of(cloud: Cloud) -> dict[str, Any]:
    """Return what a client sees of a cloud's stacks."""
    answer = hello(cloud, "shop-hello:live")
    functions = cloud.client("lambda").list_functions()["Functions"]
    mappings = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return {
        "answer": (answer["code"], answer["greeting"]),
        "outputs": cloud.outputs("shop-app"),
        "queues": sorted(cloud.client("sqs").list_queues()["QueueUrls"]),
        "functions": sorted(function["FunctionName"] for function in functions),
        "batches": sorted(mapping["BatchSize"] for mapping in mappings),
        "stacks": cloud.status()["stacks"],
    }
