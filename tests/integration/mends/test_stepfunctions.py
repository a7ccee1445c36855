"""The interpreter as AWS runs it: what each mend of mends/stepfunctions is for."""

from __future__ import annotations

import concurrent.futures
import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from interlock.local.mends import iam
from interlock.local.mends.stepfunctions import executions
from tests.integration.mends.machines import SLEEP, caught, child, done, invoke, token_task, until
from tests.integration.mends.playground import jsonata


def test_a_machine_invokes_a_function_by_its_exact_alias(cloud):
    arn = cloud.function(lambda event: {"twice": event["n"] * 2}, alias="live")

    assert cloud.output(jsonata(("Double", invoke(arn))), {"n": 21}) == {"twice": 42}
    assert arn == cloud.invoked[-1][0]


def test_a_machine_may_invoke_only_what_its_role_names(cloud):
    """A grant on the function is none on its alias."""
    arn = cloud.function(lambda event: event, alias="live")
    base = ":".join(arn.split(":")[:7])
    role = cloud.role({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": base})
    machine = jsonata(("Call", invoke(arn, **caught("Lambda.AWSLambdaException"))), done())

    assert cloud.output(machine, role=role) == "Lambda.AWSLambdaException"
    assert arn == iam.denials()[-1]["resource"]


def test_a_missing_function_is_an_error(cloud):
    arn = "arn:aws:lambda:us-east-1:123456789012:function:nowhere"
    machine = jsonata(("Call", invoke(arn, **caught("Lambda.ResourceNotFoundException"))), done())

    assert cloud.output(machine) == "Lambda.ResourceNotFoundException"


def test_a_functions_error_has_its_class_name(cloud):
    def fail(_event):
        raise ZeroDivisionError

    machine = jsonata(("Call", invoke(cloud.function(fail), **caught("ZeroDivisionError"))), done())

    assert cloud.output(machine) == "ZeroDivisionError"


def test_a_parent_wakes_when_its_child_closes(cloud):
    """Unmended, it polls every 0.5 s: the shortest of five never takes less."""
    add = {"Type": "Pass", "Output": {"sum": "{% $states.input.a + $states.input.b %}"}}
    machine = cloud.machine(jsonata(("Child", child(cloud.machine(jsonata(("Add", add)))))))
    took = []
    for _ in range(5):
        began = time.monotonic()
        found = cloud.result(cloud.start(machine, {"a": 1, "b": 2}))
        took.append(time.monotonic() - began)

    assert json.loads(found["output"]) == {"sum": 3}
    assert min(took) < 0.4


def test_a_failed_child_is_task_failed_with_its_description_as_cause(cloud):
    inner = cloud.machine(jsonata(("No", {"Type": "Fail", "Error": "Own", "Cause": "because"})))
    machine = jsonata(
        ("Child", child(inner, **caught("States.TaskFailed", "{% $states.errorOutput %}"))), done()
    )

    found = cloud.output(machine, {"a": 1})

    assert found["Error"] == "States.TaskFailed"
    cause = json.loads(found["Cause"])
    assert (cause["Status"], cause["Error"], cause["Input"]) == ("FAILED", "Own", '{"a":1}')


def test_children_start_only_with_a_grant_on_the_unqualified_arn(cloud):
    inner = cloud.machine(jsonata(("Ok", {"Type": "Pass"})))
    rule = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    managed = {
        "Effect": "Allow",
        "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        "Resource": f"arn:aws:events:us-east-1:123456789012:rule/{rule}",
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
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Gone", "why")
    assert cloud.result(begun[0]["executionArn"])["status"] == "ABORTED"
    assert cloud.history(parent)[-1]["type"] == "ExecutionAborted"


def test_stopping_ends_a_wait_for_a_token_and_its_token(cloud):
    tokens = []
    arn = cloud.function(lambda event: tokens.append(event["token"]))
    execution = cloud.start(cloud.machine(jsonata(("Park", token_task(arn)))))
    until(lambda: tokens)
    client = cloud.client("stepfunctions")

    client.stop_execution(executionArn=execution)

    assert cloud.result(execution)["status"] == "ABORTED"
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
    assert json.loads(cloud.result(execution)["output"]) == {"decision": "yes"}


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
    assert found == {"Error": "Rejected", "Cause": "by ann"}


def test_a_parent_that_times_out_stops_its_child(cloud):
    inner = cloud.machine(jsonata(("Sleep", SLEEP)))
    state = child(inner, TimeoutSeconds=5, **caught("States.Timeout"))

    assert cloud.output(jsonata(("Child", state), done())) == "States.Timeout"
    listed = cloud.client("stepfunctions").list_executions(stateMachineArn=inner)["executions"]
    assert cloud.result(listed[0]["executionArn"])["status"] == "ABORTED"


def test_a_failed_branch_ends_its_siblings(cloud):
    branches = [
        {"StartAt": "Sleep", "States": {"Sleep": {**SLEEP, "End": True}}},
        {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Own"}}},
    ]
    machine = jsonata(("Both", {"Type": "Parallel", "Branches": branches, **caught("Own")}), done())
    before = threading.active_count()

    assert cloud.output(machine) == "Own"
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

    assert cloud.output(machine) == [11, 12, 13]


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

    assert [json.loads(f["output"]) for f in found] == ["old", "old", "new"]
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

    assert len(arns) == 1
    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == 1
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

    assert (found["status"], found["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_histories_come_in_pages_and_outlive_the_environment(cloud):
    machine = cloud.machine(jsonata(("A", {"Type": "Pass"}), ("B", {"Type": "Pass"})))
    execution = cloud.start(machine)
    cloud.result(execution)

    page = cloud.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=2)

    assert "nextToken" in page
    types = [event["type"] for event in cloud.history(execution)]
    assert [types[0], types[-1]] == ["ExecutionStarted", "ExecutionSucceeded"]
    assert executions.find(execution).exec_worker is None


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

    assert [detail["status"] for detail in heard] == ["RUNNING", "SUCCEEDED"]
    assert {execution} == {detail["executionArn"] for detail in heard}
