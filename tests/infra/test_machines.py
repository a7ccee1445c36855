"""What the templates promise of machines: bounded, quiet, versioned, and no more than their ASL."""

import json
import re
from typing import Any

import pytest

from infra import asl
from tests.infra.assembly import Assembly, Stack, spell

MACHINE = "AWS::StepFunctions::StateMachine"
MANAGED_RULE = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
STACKS = ("platform", "wf-triage-ticket", "wf-nightly")


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, dev: Assembly) -> Stack:
    return dev.stack(request.param)


def _machines(stack: Stack) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each machine's resource (spelled out) with its definition."""
    found = [spell(resource) for resource in stack.of(MACHINE).values()]
    return [(each, json.loads(each["Properties"]["DefinitionString"])) for each in found]


def test_every_machine_has_a_time_limit_of_its_own(stack: Stack) -> None:
    """CDK ignores `timeout=` for file definitions; without one a machine runs for a year."""
    limits = [definition.get("TimeoutSeconds") for _, definition in _machines(stack)]

    assert limits
    assert all(isinstance(limit, int) for limit in limits)


def test_no_machine_logs_what_it_works_on(stack: Stack) -> None:
    """Every event is logged, no input and no answer."""
    for machine, _ in _machines(stack):
        logging = machine["Properties"]["LoggingConfiguration"]

        assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", False)
        assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}


@pytest.mark.parametrize(("stage", "days"), [("dev", 14), ("prod", 400)])
def test_logs_are_kept_as_long_as_the_stage_says(
    stage: str, days: int, request: pytest.FixtureRequest
) -> None:
    """No log group is kept for ever."""
    assembly: Assembly = request.getfixturevalue(stage)
    kept = {
        group["RetentionInDays"]
        for name in STACKS
        for group in assembly.stack(name).properties("AWS::Logs::LogGroup")
    }

    assert kept == {days}


def test_every_machine_waits_for_its_permissions(stack: Stack) -> None:
    """Else the first deployment of a sync:2 parent ends "not authorized to create managed-rule"."""
    for machine, _ in _machines(stack):
        role = re.fullmatch(r"<(\w+)\.Arn>", machine["Properties"]["RoleArn"])
        assert role is not None
        policies = {
            id_
            for id_, policy in stack.of("AWS::IAM::Policy").items()
            if policy["Properties"]["Roles"] == [{"Ref": role[1]}]
        }

        assert policies
        assert policies <= set(machine["DependsOn"])


def _statements(stack: Stack, machine: dict[str, Any]) -> list[dict[str, Any]]:
    return stack.statements(machine["Properties"]["RoleArn"].strip("<>").removesuffix(".Arn"))


def test_whoever_waits_for_a_child_may_watch_it_and_its_rule(stack: Stack) -> None:
    """startExecution.sync:2 needs five permissions beside the start."""
    for machine, definition in _machines(stack):
        waits = any(
            state.get("Resource", "").endswith("startExecution.sync:2")
            for _, state in asl.states(definition)
        )
        allowed = {
            (action, resource.rsplit(":", 1)[-1] if "rule/" in resource else "")
            for statement in _statements(stack, machine)
            for action in statement["Action"]
            for resource in statement["Resource"]
            if action.startswith(("states:", "events:"))
        }

        needed = {
            ("states:StartExecution", ""),
            ("states:DescribeExecution", ""),
            ("states:StopExecution", ""),
            ("events:PutTargets", MANAGED_RULE),
            ("events:PutRule", MANAGED_RULE),
            ("events:DescribeRule", MANAGED_RULE),
        }
        assert allowed == (needed if waits else set())


def test_starts_are_granted_on_the_machine_itself(stack: Stack) -> None:
    """IAM judges a start by alias on the unqualified ARN."""
    starts = [
        resource
        for machine, _ in _machines(stack)
        for statement in _statements(stack, machine)
        if "states:StartExecution" in statement["Action"]
        for resource in statement["Resource"]
    ]

    assert not any(resource.endswith(":live") for resource in starts)


def test_machines_name_only_live_aliases(stack: Stack) -> None:
    """What a machine starts or invokes is a published version, never what was just uploaded."""
    for machine, _ in _machines(stack):
        for name, value in machine["Properties"]["DefinitionSubstitutions"].items():
            if name == "workflow_arn_prefix":
                assert value.endswith(":stateMachine:interlock-dev-wf-")
            else:
                assert value.endswith(":live") or re.fullmatch(r"<\w+Live[0-9A-F]{8}>", value)


def test_every_machine_has_a_live_alias_on_a_retained_version(stack: Stack) -> None:
    """A run that began under an older version ends under it."""
    versions = stack.of("AWS::StepFunctions::StateMachineVersion")
    aliases = stack.properties("AWS::StepFunctions::StateMachineAlias")

    assert {v["Properties"]["StateMachineArn"]["Fn::GetAtt"][0] for v in versions.values()} == set(
        stack.of(MACHINE)
    )
    assert {v["UpdateReplacePolicy"] for v in versions.values()} == {"Retain"}
    assert {
        a["DeploymentPreference"]["StateMachineVersionArn"].strip("<>") for a in aliases
    } == set(versions)
    assert {alias["Name"] for alias in aliases} == {"live"}


def _started_by(owner: str, stack: Stack) -> list[str]:
    """Return the machines that a role or policy may start."""
    return [
        resource.rpartition(":")[2]
        for statement in stack.statements(owner)
        if "states:StartExecution" in statement["Action"]
        for resource in statement["Resource"]
    ]


def test_the_supervisor_may_start_every_workflow_and_itself(dev: Assembly) -> None:
    """One grant on the prefix, whatever the number of workflows; a call starts its run."""
    starts = _started_by("SuperviseRunMachineRole", dev.stack("platform"))

    assert sorted(starts) == ["interlock-dev-supervise_run", "interlock-dev-wf-*"]


def test_who_calls_external_workflows_may_start_the_supervisor_only(dev: Assembly) -> None:
    """A policy to attach to a machine's role; no role of ours has it, and it opens nothing else."""
    platform = dev.stack("platform")
    actions = {a for s in platform.statements("CallerPolicy") for a in s["Action"]}

    assert _started_by("CallerPolicy", platform) == ["interlock-dev-supervise_run"]
    assert {action.partition(":")[0] for action in actions} == {"states", "events"}
    assert "interlock-dev-caller" in {
        p["ManagedPolicyName"] for p in platform.properties("AWS::IAM::ManagedPolicy")
    }
    assert not any(
        "CallerPolicy" in json.dumps(role.get("ManagedPolicyArns", []))
        for role in platform.properties("AWS::IAM::Role")
    )


@pytest.mark.parametrize("workflow", ["triage-ticket", "nightly"])
def test_a_workflow_starts_the_platforms_steps_within_its_boundary(
    dev: Assembly, workflow: str
) -> None:
    """The machine's role is capped by a policy that the platform owns."""
    stack = dev.stack(f"wf-{workflow}")

    role = stack.one("AWS::IAM::Role", "WorkflowRole")
    machine = stack.one(MACHINE, "Workflow")
    actions = {
        action.partition(":")[0]
        for statement in stack.statements("WorkflowRole")
        for action in statement["Action"]
    }
    assert role["PermissionsBoundary"].endswith(":policy/interlock-dev-workflow-boundary")
    assert machine["StateMachineName"] == f"interlock-dev-wf-{workflow.replace('-', '_')}"
    assert actions == {"states", "events", "logs", "xray"}


def test_the_boundary_lets_steps_through_and_nothing_else(dev: Assembly) -> None:
    """Neither the supervisor nor another team's workflow can be started from a workflow."""
    statements = dev.stack("platform").statements("WorkflowBoundary")
    starts = {
        resource.rpartition(":")[2]
        for statement in statements
        if "states:StartExecution" in statement["Action"]
        for resource in statement["Resource"]
    }
    services = {
        action.partition(":")[0]
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }

    assert starts == {
        f"interlock-dev-{name}" for name in ("run_ai_task", "call_system", "request_approval")
    }
    assert services == {"states", "events", "logs", "xray"}


@pytest.mark.parametrize(
    "door",
    [
        "bedrock:*",
        "dynamodb:*",
        "events:PutEvents",
        "lambda:Invoke*",
        "secretsmanager:*",
        "states:SendTask*",
    ],
)
def test_the_boundary_refuses_each_door_by_name(dev: Assembly, door: str) -> None:
    """So that a wider allow-list some day opens none of them by accident."""
    [refusal] = [
        s for s in dev.stack("platform").statements("WorkflowBoundary") if s["Effect"] == "Deny"
    ]

    assert door in refusal["Action"]
    assert refusal["Resource"] == ["*"]
    assert "Condition" not in refusal
