"""The interpreter as AWS runs it: what each mend of mends/stepfunctions is for."""

from __future__ import annotations

import concurrent.futures
import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from interlock.local.clock import Clock, install
from interlock.local.mends import iam
from interlock.local.mends.stepfunctions import executions
from tests.integration.mends.playground import jsonata

SLEEP = {"Type": "Wait", "Seconds": 100_000}


def invoke(arn: str, payload: object = "{% $states.input %}", **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **more,
    }


def child(arn: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": arn, "Input": "{% $states.input %}"},
        "Output": "{% $states.result.Output %}",
        **more,
    }


def token_task(arn: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": {
            "FunctionName": arn,
            "Payload": {"token": "{% $states.context.Task.Token %}"},
        },
        **more,
    }


def caught(error: str, output: object = "{% $states.errorOutput.Error %}") -> dict[str, Any]:
    return {"Catch": [{"ErrorEquals": [error], "Output": output, "Next": "Done"}]}


def done() -> tuple[str, dict[str, Any]]:
    return ("Done", {"Type": "Succeed"})


def until(condition, seconds: float = 5) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.005)
    raise TimeoutError


def test_a_machine_invokes_a_function_by_its_exact_alias(cloud):
    arn = cloud.function(lambda event: {"twice": event["n"] * 2}, alias="live")

    assert {"twice": 42} == cloud.output(jsonata(("Double", invoke(arn))), {"n": 21})
    assert arn == cloud.invoked[-1][0]


def test_a_machine_may_invoke_only_what_its_role_names(cloud):
    """A grant on the function is none on its alias."""
    arn = cloud.function(lambda event: event, alias="live")
    base = ":".join(arn.split(":")[:7])
    role = cloud.role({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": base})
    machine = jsonata(("Call", invoke(arn, **caught("Lambda.AWSLambdaException"))), done())

    assert "Lambda.AWSLambdaException" == cloud.output(machine, role=role)
    assert arn == iam.denials()[-1]["resource"]


def test_a_missing_function_is_an_error(cloud):
    arn = "arn:aws:lambda:us-east-1:123456789012:function:nowhere"
    machine = jsonata(("Call", invoke(arn, **caught("Lambda.ResourceNotFoundException"))), done())

    assert "Lambda.ResourceNotFoundException" == cloud.output(machine)


def test_a_functions_error_has_its_class_name(cloud):
    def fail(_event):
        raise ZeroDivisionError

    machine = jsonata(("Call", invoke(cloud.function(fail), **caught("ZeroDivisionError"))), done())

    assert "ZeroDivisionError" == cloud.output(machine)


def test_a_parent_wakes_when_its_child_closes(cloud):
    """moto polls every 0.5 s."""
    add = {"Type": "Pass", "Output": {"sum": "{% $states.input.a + $states.input.b %}"}}
    machine = cloud.machine(jsonata(("Child", child(cloud.machine(jsonata(("Add", add)))))))
    began = time.monotonic()

    found = cloud.result(cloud.start(machine, {"a": 1, "b": 2}))

    assert {"sum": 3} == json.loads(found["output"])
    assert time.monotonic() - began < 0.4


def test_a_failed_child_is_task_failed_with_its_description_as_cause(cloud):
    inner = cloud.machine(jsonata(("No", {"Type": "Fail", "Error": "Own", "Cause": "because"})))
    machine = jsonata(
        ("Child", child(inner, **caught("States.TaskFailed", "{% $states.errorOutput %}"))), done()
    )

    found = cloud.output(machine, {"a": 1})

    assert "States.TaskFailed" == found["Error"]
    cause = json.loads(found["Cause"])
    assert ("FAILED", "Own", '{"a":1}') == (cause["Status"], cause["Error"], cause["Input"])


def test_children_start_only_with_a_grant_on_the_unqualified_arn(cloud):
    inner = cloud.machine(jsonata(("Ok", {"Type": "Pass"})))
    rule = "arn:aws:events:us-east-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    managed = {
        "Effect": "Allow",
        "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        "Resource": rule,
    }
    error = "StepFunctions.AWSStepFunctionsException"
    machine = jsonata(("Child", child(inner, **caught(error))), done())

    assert error == cloud.output(machine, role=cloud.role(managed))


def test_a_machine_with_children_needs_the_managed_rule(cloud):
    inner = cloud.machine(jsonata(("Ok", {"Type": "Pass"})))
    role = cloud.role({"Effect": "Allow", "Action": "states:*", "Resource": "*"})

    with pytest.raises(ClientError, match="is not authorized to create managed-rule"):
        cloud.machine(jsonata(("Child", child(inner))), role=role)


def test_stopping_a_parent_stops_its_children_and_their_waits(cloud):
    inner = cloud.machine(jsonata(("Sleep", SLEEP)))
    parent = cloud.start(cloud.machine(jsonata(("Child", child(inner)))))
    client = cloud.client("stepfunctions")
    begun = until(lambda: client.list_executions(stateMachineArn=inner)["executions"])

    client.stop_execution(executionArn=parent, error="Gone", cause="why")

    found = cloud.result(parent)
    assert ("ABORTED", "Gone", "why") == (found["status"], found["error"], found["cause"])
    assert "ABORTED" == cloud.result(begun[0]["executionArn"])["status"]
    assert "ExecutionAborted" == cloud.history(parent)[-1]["type"]


def test_stopping_ends_a_wait_for_a_token_and_its_token(cloud):
    tokens = []
    arn = cloud.function(lambda event: tokens.append(event["token"]))
    execution = cloud.start(cloud.machine(jsonata(("Park", token_task(arn)))))
    until(lambda: tokens)
    client = cloud.client("stepfunctions")

    client.stop_execution(executionArn=execution)

    assert "ABORTED" == cloud.result(execution)["status"]
    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_success(taskToken=tokens[0], output="{}")


def test_a_token_is_answered_once(cloud):
    tokens = []
    arn = cloud.function(lambda event: tokens.append(event["token"]))
    execution = cloud.start(cloud.machine(jsonata(("Park", token_task(arn)))))
    client = cloud.client("stepfunctions")
    until(lambda: tokens)

    client.send_task_success(taskToken=tokens[0], output='{"decision": "yes"}')

    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_success(taskToken=tokens[0], output='{"decision": "no"}')
    assert {"decision": "yes"} == json.loads(cloud.result(execution)["output"])


def test_a_refused_token_carries_error_and_cause(cloud):
    tokens = []
    arn = cloud.function(lambda event: tokens.append(event["token"]))
    state = token_task(arn, **caught("Rejected", "{% $states.errorOutput %}"))
    execution = cloud.start(cloud.machine(jsonata(("Park", state), done())))
    until(lambda: tokens)

    cloud.client("stepfunctions").send_task_failure(
        taskToken=tokens[0], error="Rejected", cause="by ann"
    )

    found = json.loads(cloud.result(execution)["output"])
    assert {"Error": "Rejected", "Cause": "by ann"} == found


def test_a_heartbeat_keeps_a_token_alive_until_it_stops(cloud):
    clock = install(Clock.ticking())
    tokens = []
    arn = cloud.function(lambda event: tokens.append(event["token"]))
    state = token_task(arn, TimeoutSeconds=10_000, HeartbeatSeconds=60, **caught("States.Timeout"))
    execution = cloud.start(cloud.machine(jsonata(("Park", state), done())))
    client = cloud.client("stepfunctions")
    until(lambda: tokens)
    for _ in range(3):
        time.sleep(0.05)
        clock.tick(50)
        client.send_task_heartbeat(taskToken=tokens[0])
    time.sleep(0.05)
    assert "RUNNING" == client.describe_execution(executionArn=execution)["status"]

    clock.tick(61)

    assert "States.Timeout" == json.loads(cloud.result(execution)["output"])


def test_a_wait_ends_when_the_clock_is_ticked(cloud):
    clock = install(Clock.ticking())
    machine = cloud.machine(jsonata(("Sleep", {"Type": "Wait", "Seconds": 3600})))
    execution = cloud.start(machine)
    client = cloud.client("stepfunctions")
    until(lambda: len(cloud.history(execution)) > 1)

    clock.tick(3599)
    time.sleep(0.05)
    assert "RUNNING" == client.describe_execution(executionArn=execution)["status"]
    clock.tick(1)

    assert "SUCCEEDED" == cloud.result(execution)["status"]


def test_a_wait_for_a_timestamp_reads_the_clock(cloud):
    clock = install(Clock.ticking())
    wait = {"Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 3600000) %}"}
    execution = cloud.start(cloud.machine(jsonata(("Sleep", wait))))
    until(lambda: len(cloud.history(execution)) > 1)
    time.sleep(0.05)

    clock.tick(3601)

    assert "SUCCEEDED" == cloud.result(execution)["status"]


def test_retries_wait_on_the_clock(cloud):
    """100 virtual seconds pass in one."""
    calls = []

    def flaky(_event):
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError
        return len(calls)

    retry = {"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 20, "MaxAttempts": 3}
    began = time.monotonic()

    found = cloud.output(jsonata(("Call", invoke(cloud.function(flaky), Retry=[retry]))))

    assert 3 == found
    assert 0.5 < time.monotonic() - began < 3


def test_a_task_times_out_by_the_clock(cloud):
    arn = cloud.function(lambda _event: time.sleep(1.5))
    machine = jsonata(("Slow", invoke(arn, TimeoutSeconds=20, **caught("States.Timeout"))), done())
    began = time.monotonic()

    assert "States.Timeout" == cloud.output(machine)
    assert time.monotonic() - began < 1


def test_a_machine_times_out_with_its_last_event(cloud):
    execution = cloud.start(cloud.machine(jsonata(("Sleep", SLEEP), TimeoutSeconds=10)))

    found = cloud.result(execution)

    assert "TIMED_OUT" == found["status"]
    assert "stopDate" in found
    assert "ExecutionTimedOut" == cloud.history(execution)[-1]["type"]


def test_a_parent_that_times_out_stops_its_child(cloud):
    inner = cloud.machine(jsonata(("Sleep", SLEEP)))
    state = child(inner, TimeoutSeconds=5, **caught("States.Timeout"))

    assert "States.Timeout" == cloud.output(jsonata(("Child", state), done()))
    listed = cloud.client("stepfunctions").list_executions(stateMachineArn=inner)["executions"]
    assert "ABORTED" == cloud.result(listed[0]["executionArn"])["status"]


def test_a_failed_branch_ends_its_siblings(cloud):
    branches = [
        {"StartAt": "Sleep", "States": {"Sleep": {**SLEEP, "End": True}}},
        {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Own"}}},
    ]
    machine = jsonata(("Both", {"Type": "Parallel", "Branches": branches, **caught("Own")}), done())
    before = threading.active_count()

    assert "Own" == cloud.output(machine)
    until(lambda: threading.active_count() <= before + 2)


def test_a_map_keeps_order_and_its_own_variables(cloud):
    each = {
        "StartAt": "Add",
        "States": {"Add": {"Type": "Pass", "Output": "{% $base + $states.input %}", "End": True}},
    }
    machine = jsonata(
        ("Begin", {"Type": "Pass", "Assign": {"base": 10}}),
        ("Each", {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": each}),
    )

    assert [11, 12, 13] == cloud.output(machine)


def test_an_alias_runs_its_versions_definition(cloud):
    def says(text):
        return jsonata(("Say", {"Type": "Pass", "Output": text}))

    client = cloud.client("stepfunctions")
    machine = cloud.machine(says("old"), publish=True)
    alias = client.create_state_machine_alias(
        name="live",
        routingConfiguration=[{"stateMachineVersionArn": f"{machine}:1", "weight": 100}],
    )["stateMachineAliasArn"]
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(says("new")))

    found = [cloud.result(cloud.start(arn)) for arn in (alias, f"{machine}:1", machine)]

    assert ["old", "old", "new"] == [json.loads(f["output"]) for f in found]
    assert {machine} == {f["stateMachineArn"] for f in found}


def test_a_start_without_a_name_gets_one(cloud):
    machine = cloud.machine(jsonata(("Ok", {"Type": "Pass"})))

    first, second = cloud.start(machine), cloud.start(machine)

    assert first != second
    assert not first.endswith("None")


def test_one_name_starts_once_and_is_idempotent_while_open(cloud):
    machine = cloud.machine(jsonata(("Sleep", SLEEP)))
    client = cloud.client("stepfunctions")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        arns = set(pool.map(lambda _: cloud.start(machine, {"a": 1}, name="one"), range(12)))

    assert 1 == len(arns)
    assert 1 == len(client.list_executions(stateMachineArn=machine)["executions"])
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        cloud.start(machine, {"a": 2}, name="one")
    client.stop_execution(executionArn=arns.pop())
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        cloud.start(machine, {"a": 1}, name="one")


@pytest.mark.parametrize("name", ["a" * 81, "white space", "colon:", "star*"])
def test_bad_names_are_refused(cloud, name):
    machine = cloud.machine(jsonata(("Ok", {"Type": "Pass"})))
    client = cloud.client("stepfunctions")

    with pytest.raises(client.exceptions.InvalidName):
        client.start_execution(stateMachineArn=machine, name=name)


def test_an_input_over_256_kib_is_refused(cloud):
    machine = cloud.machine(jsonata(("Ok", {"Type": "Pass"})))

    with pytest.raises(ClientError, match="less than or equal to 262144"):
        cloud.start(machine, "x" * 262_200)


def test_a_state_over_256_kib_fails_the_execution(cloud):
    arn = cloud.function(lambda _event: "x" * 263_000)

    found = cloud.run(jsonata(("Big", invoke(arn))))

    assert ("FAILED", "States.DataLimitExceeded") == (found["status"], found["error"])


def test_histories_come_in_pages_and_outlive_the_environment(cloud):
    machine = cloud.machine(jsonata(("A", {"Type": "Pass"}), ("B", {"Type": "Pass"})))
    execution = cloud.start(machine)
    cloud.result(execution)

    page = cloud.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=2)

    assert "nextToken" in page
    types = [event["type"] for event in cloud.history(execution)]
    assert ["ExecutionStarted", "ExecutionSucceeded"] == [types[0], types[-1]]
    assert executions.find(execution).exec_worker is None


def test_moments_are_the_clocks_in_aws_form(cloud):
    clock = install(Clock.ticking())
    clock.tick(86_400)
    output = {
        "entered": "{% $states.context.State.EnteredTime %}",
        "started": "{% $states.context.Execution.StartTime %}",
        "now": "{% $now() %}",
    }

    found = cloud.output(jsonata(("Say", {"Type": "Pass", "Output": output})))

    expected = (
        clock.utcnow().strftime("%Y-%m-%dT%H:%M:%S.") + f"{clock.utcnow().microsecond // 1000:03d}Z"
    )
    assert {expected} == {found["entered"], found["started"]}
    assert found["now"][:19] == expected[:19]


@pytest.mark.parametrize(
    ("state", "named"),
    [
        ({"Type": "Task", "Resource": "arn:aws:states:::http:invoke"}, "http:invoke"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a"},
            "activity",
        ),
        ({"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync"}, "glue"),
        ({"Type": "Map", "ItemBatcher": {"MaxItemsPerBatch": 2}}, "ItemBatcher"),
        ({"Type": "Map", "ToleratedFailureCount": 1}, "ToleratedFailureCount"),
        ({"Type": "Map", "ResultWriter": {}}, "ResultWriter"),
    ],
)
def test_what_is_not_played_here_is_refused_by_name_at_creation(cloud, state, named):
    from interlock.local.mends.refusal import NotPlayedHere
    from interlock.local.mends.stepfunctions import definitions

    with pytest.raises(NotPlayedHere, match=named):
        definitions.check(json.dumps(jsonata(("Odd", state))))


@pytest.mark.parametrize("expression", ["{% $eval('1') %}", "{% 1 + %}"])
def test_expressions_that_aws_refuses_are_refused_at_creation(cloud, expression):
    with pytest.raises(ClientError, match="state Odd"):
        cloud.machine(jsonata(("Odd", {"Type": "Pass", "Output": expression})))


def test_status_changes_are_announced_in_order(cloud, monkeypatch):
    heard = []
    monkeypatch.setattr(executions, "_LISTENERS", [heard.append])
    execution = cloud.start(cloud.machine(jsonata(("Ok", {"Type": "Pass"}))))
    until(lambda: len(heard) > 1)

    assert ["RUNNING", "SUCCEEDED"] == [detail["status"] for detail in heard]
    assert {execution} == {detail["executionArn"] for detail in heard}
