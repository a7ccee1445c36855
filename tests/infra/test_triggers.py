"""What starts a workflow, and where what can't be delivered goes."""

import json
import re

import pytest

from functions.core.domain.envelope import Envelope
from infra.stacks.workflow import schedule_envelope
from tests.infra.assembly import Assembly, Stack

RULE, SCHEDULE = "AWS::Events::Rule", "AWS::Scheduler::Schedule"


@pytest.fixture(scope="module")
def nightly(dev: Assembly) -> Stack:
    return dev.stack("wf-nightly")


@pytest.fixture(scope="module")
def platform(dev: Assembly) -> Stack:
    return dev.stack("platform")


def test_a_rule_matches_what_the_workflow_declares(nightly: Stack) -> None:
    """Source, detail-type and detail, on the stage's own bus."""
    rule = nightly.one(RULE, "Rule1")

    assert rule["EventBusName"] == "interlock-dev"
    assert rule["EventPattern"] == {
        "source": ["erp"],
        "detail-type": ["Invoice Paid"],
        "detail": {"amount": [{"numeric": [">", 100]}]},
    }


def test_a_rule_puts_the_doors_envelope_on_the_intake_queue(nightly: Stack) -> None:
    """The transformer's template, filled as EventBridge fills it, is an envelope."""
    [target] = nightly.one(RULE, "Rule1")["Targets"]
    event = {
        "id": "6f3b",
        "source": "erp",
        "detail-type": 'Invoice "Paid"',
        "detail": {"amount": 12.5, "note": 'a "quoted" <word>'},
    }
    paths = target["InputTransformer"]["InputPathsMap"]
    template = target["InputTransformer"]["InputTemplate"]

    values = {name: json.dumps(event[path.removeprefix("$.")]) for name, path in paths.items()}
    body = re.sub(r"<(\w+)>", lambda found: values[found[1]], template)
    envelope = Envelope.model_validate_json(body)
    assert target["Arn"].endswith(":interlock-dev-intake")
    assert (envelope.workflow, envelope.source) == ("nightly", "rule")
    assert envelope.event == event["detail"]
    assert envelope.origin is not None
    assert envelope.origin.model_dump() == {
        "source": "erp",
        "detail_type": 'Invoice "Paid"',
        "id": "6f3b",
    }


def test_a_schedule_puts_the_doors_envelope_on_the_intake_queue(nightly: Stack) -> None:
    """With the time that it was scheduled for, which names the run."""
    schedule = nightly.one(SCHEDULE, "Schedule2")
    body = schedule["Target"]["Input"].replace(
        "<aws.scheduler.scheduled-time>", "2026-11-22T07:00:00Z"
    )

    envelope = Envelope.model_validate_json(body)
    assert schedule["ScheduleExpression"] == "cron(0 7 ? * MON-FRI *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["Target"]["Arn"].endswith(":interlock-dev-intake")
    assert envelope.scheduled_time == "2026-11-22T07:00:00Z"
    assert envelope.event == {"scope": "tägliche Prüfung"}


def test_a_schedules_event_may_hold_any_text() -> None:
    """Quotes and braces of the declared input stay inside it."""
    event = {"text": '"} <aws.scheduler.scheduled-time'}

    assert json.loads(schedule_envelope("nightly", event))["event"] == event


def test_each_delivery_says_how_long_it_tries_and_where_it_ends(dev: Assembly) -> None:
    """No target relies on a default of the service."""
    targets = [
        target
        for name in ("platform", "wf-triage-ticket", "wf-nightly")
        for rule in dev.stack(name).properties(RULE)
        for target in rule["Targets"]
    ] + [
        schedule["Target"]
        for name in ("platform", "wf-nightly")
        for schedule in dev.stack(name).properties(SCHEDULE)
    ]

    for target in targets:
        assert set(target["RetryPolicy"]) == {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}
        assert re.search("ndelivered", target["DeadLetterConfig"]["Arn"])


def test_a_schedules_role_may_only_send_to_the_two_queues(nightly: Stack) -> None:
    """The envelope, and its dead letter."""
    [statement] = nightly.statements("Schedule2Role")

    assert statement["Action"] == ["sqs:SendMessage"]
    assert [each.rpartition(":")[2] for each in statement["Resource"]] == [
        "interlock-dev-intake",
        "interlock-dev-undelivered",
    ]


@pytest.mark.parametrize("queue", ["QueuesIntake", "QueuesUndelivered"])
def test_the_queues_admit_the_rules_of_every_workflow_by_one_statement(
    platform: Stack, queue: str
) -> None:
    """A workflow stack can't add to the platform's queue policy without a cycle."""
    document = platform.one("AWS::SQS::QueuePolicy", queue)["PolicyDocument"]
    [allowed] = [s for s in document["Statement"] if s.get("Sid") == "LetRulesSend"]

    [source] = allowed["Condition"]["ArnLike"].values()
    assert source.endswith(":rule/interlock-dev/*")
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"


def test_the_queues_speak_tls_only_and_are_encrypted(platform: Stack) -> None:
    """They hold raw events."""
    policies = platform.properties("AWS::SQS::QueuePolicy")
    refusals = [
        statement["Condition"]
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]

    assert refusals == [{"Bool": {"aws:SecureTransport": "false"}}] * len(policies)
    assert len(policies) == len(platform.of("AWS::SQS::Queue"))
    assert all(q["SqsManagedSseEnabled"] for q in platform.properties("AWS::SQS::Queue"))


def test_lost_executions_of_the_supervisor_reach_reconcile_run(platform: Stack) -> None:
    """Step Functions says so on the default bus; only our supervisor, only bad ends."""
    [rule] = platform.properties(RULE)

    detail = rule["EventPattern"]["detail"]
    assert "EventBusName" not in rule
    assert detail["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert detail["stateMachineArn"][0].startswith("<SuperviseRunMachine")
    assert rule["Targets"][0]["Arn"].startswith("<ReconcileRunLive")


def test_sweep_runs_each_minute_and_a_missed_minute_is_not_made_up(platform: Stack) -> None:
    """It takes the scheduled time, not the time at which it happens to run."""
    schedule = platform.one(SCHEDULE, "Sweep")

    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert json.loads(schedule["Target"]["Input"]) == {"at": "<aws.scheduler.scheduled-time>"}
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0


@pytest.mark.parametrize(("stage", "days"), [("dev", 7), ("prod", 30)])
def test_the_archive_of_raw_events_is_short(
    stage: str, days: int, request: pytest.FixtureRequest
) -> None:
    """It holds personal data."""
    archive = request.getfixturevalue(stage).stack("platform").one("AWS::Events::Archive", "Bus")

    assert archive["RetentionDays"] == days
