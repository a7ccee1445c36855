"""Who is woken by what, and who may do what."""

import re
from typing import Any

import pytest

from tests.infra.assembly import Assembly, Stack

ALARM = "AWS::CloudWatch::Alarm"
KINDS = ("Operator", "Approver", "Auditor", "Author", "Treasurer")


@pytest.fixture(scope="module")
def platform(dev: Assembly) -> Stack:
    return dev.stack("platform")


def test_each_queue_where_work_ends_has_an_alarm(platform: Stack) -> None:
    """One message is enough."""
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in platform.properties(ALARM)
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        and (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)
    }

    assert {re.sub(r"[0-9A-F]{8}\.QueueName", "", name).strip("<>") for name in watched} == {
        "QueuesDeadLetters",
        "QueuesUndelivered",
    }


def test_a_silent_sweep_wakes_somebody(platform: Stack) -> None:
    """A scheduler that stopped sends no zeros: missing data is the alarm."""
    alarm = platform.one(ALARM, "AlarmsSweepSilent")

    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("Invocations", "breaching")
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 5)
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Dimensions"][0]["Value"].startswith("<SweepFunction")


def test_changed_evidence_wakes_somebody(platform: Stack) -> None:
    """The metric that copy_evidence reports, of this stage alone: an account may hold several."""
    alarm = platform.one(ALARM, "AlarmsEvidenceChanged")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("Interlock", "EvidenceChanged")
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": "copy_evidence"},
        {"Name": "stage", "Value": "dev"},
    ]
    assert alarm["Threshold"] == 1


def test_a_cost_above_its_bound_wakes_somebody(platform: Stack) -> None:
    """One such call is enough: a budget may be overdrawn by it."""
    alarm = platform.one(ALARM, "AlarmsCostAboveBound")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("Interlock", "CostAboveBound")
    assert [one["Value"] for one in alarm["Dimensions"]] == ["call_model", "dev"]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)


def test_a_sweep_that_is_stuck_wakes_somebody(platform: Stack) -> None:
    """It runs, and at each run of five something that is due can't be done."""
    alarm = platform.one(ALARM, "AlarmsDueItemsFailed")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("Interlock", "DueItemsFailed")
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": "sweep"},
        {"Name": "stage", "Value": "dev"},
    ]
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (1, "notBreaching")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 5, 5)


def test_every_alarm_goes_to_the_topic(platform: Stack) -> None:
    """An alarm without an action is a colour on a page that nobody opens."""
    for alarm in platform.properties(ALARM):
        assert alarm["AlarmActions"] == [f"<{next(iter(platform.of('AWS::SNS::Topic')))}>"]


def test_alarms_may_publish_although_the_topic_has_a_policy_of_its_own(platform: Stack) -> None:
    """That policy replaces the default one, which let the account's services publish."""
    [policy] = platform.properties("AWS::SNS::TopicPolicy")
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]

    assert [s["Principal"] for s in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]


def test_the_alarm_address_is_a_setting(dev: Assembly, prod: Assembly) -> None:
    """Without one the topic has no subscriber."""
    subscriptions = prod.stack("platform").properties("AWS::SNS::Subscription")

    assert [(s["Protocol"], s["Endpoint"]) for s in subscriptions] == [("email", "ops@example.com")]
    assert not dev.stack("platform").of("AWS::SNS::Subscription")


def _allowed(platform: Stack, person: str) -> list[dict[str, Any]]:
    return platform.statements(f"People{person}")


@pytest.mark.parametrize(
    ("person", "invokes"),
    [
        ("Operator", {"CancelRun", "SetStop", "ReplayEvent", "RedriveMessage"}),
        ("Approver", {"Decide"}),
        ("Auditor", set()),
        ("Author", {"MoveLabel", "PublishVersion"}),
        ("Treasurer", {"SetLimit", "SettleCall"}),
    ],
)
def test_people_act_through_functions(platform: Stack, person: str, invokes: set[str]) -> None:
    """Which ones says what they are for; nobody writes a table, a bucket or a queue."""
    statements = _allowed(platform, person)
    called = {
        re.sub(r"Live[0-9A-F]{8}", "", resource).strip("<>")
        for statement in statements
        if "lambda:InvokeFunction" in statement["Action"]
        for resource in statement["Resource"]
    }
    verbs = {action.partition(":")[2] for s in statements for action in s["Action"]}

    assert called == invokes
    assert {v for v in verbs if not re.match("Get|Query|Describe|List|Filter", v)} <= {
        "InvokeFunction",
        "InvokeFunctionUrl",
        "PutEvents",
    }


def test_an_approver_decides_by_signed_url_only(platform: Stack) -> None:
    """A function that is invoked directly would have to believe who the payload says it is."""
    calls = {
        tuple(s["Action"]): s.get("Condition")
        for s in _allowed(platform, "Approver")
        if any(action.startswith("lambda:") for action in s["Action"])
    }

    assert calls == {
        ("lambda:InvokeFunctionUrl",): {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
        ("lambda:InvokeFunction",): {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    }
    [url] = platform.properties("AWS::Lambda::Url")
    assert (url["AuthType"], url["InvokeMode"], url["Qualifier"]) == ("AWS_IAM", "BUFFERED", "live")


@pytest.mark.parametrize("person", KINDS)
def test_nobody_reads_prompts_answers_or_secrets(platform: Stack, person: str) -> None:
    """Artifacts are for the functions that need them at the point of use."""
    statements = _allowed(platform, person)
    resources = [r for s in statements for r in s["Resource"]]
    services = {action.partition(":")[0] for s in statements for action in s["Action"]}

    assert "secretsmanager" not in services
    assert not [r for r in resources if "Artifacts" in r]


def test_only_the_auditor_reads_the_bucket_of_evidence(platform: Stack) -> None:
    """To verify it against the table."""
    readers = {
        person
        for person in KINDS
        if any("s3:GetObject" in s["Action"] for s in _allowed(platform, person))
    }

    assert readers == {"Auditor"}


def test_a_persons_role_can_only_be_taken_under_a_name(platform: Stack) -> None:
    """A session's name is its caller's choice; a source identity is set once and stays."""
    for id_ in KINDS:
        role = platform.one("AWS::IAM::Role", f"People{id_}Role")
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert statement["Condition"] == {"StringLike": {"sts:SourceIdentity": "?*"}}
