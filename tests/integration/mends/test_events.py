"""Rules deliver what they say, to whom they may, and what they can't deliver is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from interlock.local.clock import Clock, install
from interlock.local.mends.events import delivery, inputs
from interlock.local.mends.refusal import NotPlayedHere
from tests.integration.mends.machines import until
from tests.integration.mends.playground import jsonata

EVENT = {
    "id": "1",
    "source": "crm",
    "detail-type": "Ticket Created",
    "time": "2026-11-22T20:00:00Z",
    "detail": {"id": 7, "text": 'say "hi"\n', "tags": ["a", "b"], "who": {"name": "ann"}},
}
RULE = {"arn": "arn:rule", "name": "rule", "ingestion-time": "2026-11-22T20:00:01Z"}


def bus(cloud) -> str:
    return cloud.client("events").create_event_bus(Name=cloud.name("bus"))["EventBusArn"]


def rule(cloud, on: str, *targets: dict[str, Any], pattern: object = None, **more: Any) -> str:
    client, name = cloud.client("events"), cloud.name("rule")
    made = client.put_rule(
        Name=name,
        EventBusName=on,
        EventPattern=json.dumps(pattern or {"source": ["crm"]}),
        **more,
    )
    client.put_targets(
        Rule=name,
        EventBusName=on,
        Targets=[{"Id": str(n), **target} for n, target in enumerate(targets)],
    )
    return made["RuleArn"]


def put(cloud, on: str, detail: object = None, source: str = "crm") -> None:
    answer = cloud.client("events").put_events(
        Entries=[
            {
                "EventBusName": on,
                "Source": source,
                "DetailType": "Ticket Created",
                "Detail": json.dumps(detail or {"id": 1}),
            }
        ]
    )
    assert answer["FailedEntryCount"] == 0


def policy(source: str = "arn:aws:events:us-east-1:123456789012:rule/*") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnLike": {"aws:SourceArn": source}},
        },
    }


def test_a_rule_reaches_a_queue_that_lets_it(cloud):
    on, (url, arn) = bus(cloud), cloud.queue(policy())
    rule(cloud, on, {"Arn": arn})

    put(cloud, on, {"id": 17_000_000_000_000_001})

    (text,) = cloud.messages(url)
    event = json.loads(text)
    assert event["detail"]["id"] == 17_000_000_000_000_001
    assert event["time"].endswith("Z")
    assert "ingestion-time" not in event


def test_a_queue_whose_policy_names_another_rule_gets_nothing(cloud):
    on, (url, arn) = (
        bus(cloud),
        cloud.queue(policy("arn:aws:events:us-east-1:123456789012:rule/other/*")),
    )
    dead, dead_arn = cloud.queue(policy())
    made = rule(cloud, on, {"Arn": arn, "DeadLetterConfig": {"Arn": dead_arn}})

    put(cloud, on)

    assert cloud.messages(url) == []
    found = cloud.client("sqs").receive_message(QueueUrl=dead, MessageAttributeNames=["All"])
    (message,) = found["Messages"]
    assert made == message["MessageAttributes"]["RULE_ARN"]["StringValue"]
    assert dead_arn == delivery.failures()[-1]["buried_in"]


def test_a_disabled_rule_delivers_nothing(cloud):
    on, (url, arn) = bus(cloud), cloud.queue(policy())
    rule(cloud, on, {"Arn": arn}, State="DISABLED")

    put(cloud, on)

    assert cloud.messages(url) == []


def test_a_rule_starts_a_machine_under_its_role(cloud):
    on = bus(cloud)
    machine = cloud.machine(jsonata(("Ok", {"Type": "Pass"})))
    may = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    role = cloud.role(may, service="events.amazonaws.com")
    rule(cloud, on, {"Arn": machine, "RoleArn": role, "InputPath": "$.detail"})

    put(cloud, on, {"id": 5})

    (found,) = cloud.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert json.loads(cloud.result(found["executionArn"])["output"]) == {"id": 5}


def test_a_rule_invokes_a_function_that_permits_it(cloud):
    on, got = bus(cloud), []
    arn = cloud.function(got.append, alias="live")
    made = rule(cloud, on, {"Arn": arn, "Input": '{"fixed": 1}'})
    put(cloud, on)
    until(lambda: [failed for failed in delivery.failures() if failed["target"] == arn])
    assert got == []

    cloud.client("lambda").add_permission(
        FunctionName=arn.rsplit(":", 1)[0],
        Qualifier="live",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=made,
    )
    put(cloud, on)
    until(lambda: got)

    assert got == [{"fixed": 1}]


def test_a_rule_hands_on_to_another_bus(cloud):
    first, second, (url, arn) = bus(cloud), bus(cloud), cloud.queue(policy())
    may = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": second}
    role = cloud.role(may, service="events.amazonaws.com")
    rule(cloud, first, {"Arn": second, "RoleArn": role})
    rule(cloud, second, {"Arn": arn})

    put(cloud, first)

    assert len(cloud.messages(url)) == 1


def test_a_bad_pattern_is_refused_when_put(cloud):
    client = cloud.client("events")

    with pytest.raises(client.exceptions.InvalidEventPatternException):
        client.put_rule(Name=cloud.name(), EventPattern='{"a": [{"numeric": 1}]}')


def test_an_unknown_target_is_refused_by_name():
    with pytest.raises(NotPlayedHere, match="kinesis"):
        delivery.kind_of("arn:aws:kinesis:us-east-1:123456789012:stream/s")


def test_what_may_pass_is_tried_again_on_the_clock(cloud, monkeypatch):
    clock, calls = install(Clock.ticking()), []

    def flaky(_delivery):
        calls.append(clock.now())
        if len(calls) < 3:
            raise ConnectionError

    monkeypatch.setitem(delivery._SENDERS, "queue", flaky)
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}
    delivery.deliver(delivery.Delivery(target, "{}", "arn:rule"))
    clock.tick(10)

    assert [round(at - calls[0]) for at in calls] == [0, 1, 3]


def test_a_closing_execution_is_an_event_on_the_default_bus(cloud):
    url, arn = cloud.queue(policy())
    machine = cloud.machine(jsonata(("No", {"Type": "Fail", "Error": "Own"})))
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [machine], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    }
    rule(cloud, "default", {"Arn": arn}, pattern=pattern)

    execution = cloud.start(machine, name="one")
    cloud.result(execution)

    (text,) = until(lambda: cloud.messages(url))
    event = json.loads(text)
    assert [execution] == event["resources"]
    assert tuple(event["detail"][k] for k in ("name", "status", "error")) == (
        "one",
        "FAILED",
        "Own",
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"id": <id>, "text": <text>}', {"id": 7, "text": 'say "hi"\n'}),
        ('{"line": "ticket <id>: <text>"}', {"line": 'ticket 7: say "hi"\n'}),
        ('{"who": <who>, "tags": <tags>}', {"who": {"name": "ann"}, "tags": ["a", "b"]}),
        ('{"event": <aws.events.event.json>}', {"event": EVENT}),
        ('{"rule": <aws.events.rule-name>}', {"rule": "rule"}),
        ('{"none": <none>, "in": "a<none>b"}', {"none": "", "in": "ab"}),
        ('{"kept": "<unknown>", "quote": "\\"<id>\\""}', {"kept": "<unknown>", "quote": '"7"'}),
    ],
)
def test_a_template_is_filled_as_eventbridge_does(template, expected):
    paths = {
        "id": "$.detail.id",
        "text": "$.detail.text",
        "who": "$.detail.who",
        "tags": "$.detail.tags",
        "none": "$.detail.none",
    }
    target = {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}

    assert expected == json.loads(inputs.render(target, EVENT, RULE))


def test_an_object_inside_quotes_is_refused_by_name():
    target = {
        "InputTransformer": {"InputPathsMap": {"w": "$.detail.who"}, "InputTemplate": '"is <w>"'}
    }

    with pytest.raises(NotPlayedHere, match="<w>"):
        inputs.render(target, EVENT, RULE)


@pytest.mark.parametrize("path", ["$.detail..id", "$.detail[*]", "detail"])
def test_a_path_beyond_names_and_indexes_is_refused_by_name(path):
    with pytest.raises(NotPlayedHere, match="JSON path"):
        inputs.at_path(path, EVENT)


def test_a_scheduled_rule_is_refused(cloud):
    with pytest.raises(ClientError):
        cloud.client("events").put_rule(Name=cloud.name(), ScheduleExpression="rate(1 minute)")
