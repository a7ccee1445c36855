"""What the platform promises of each function: its own role, no more than its row, by alias."""

import re
from typing import Any

import pytest

from functions.core.settings import Settings as FunctionSettings
from infra.wiring import FUNCTIONS, Function, StartedBy
from tests.infra.assembly import Assembly, Stack, spell

FUNCTION = "AWS::Lambda::Function"
ROWS = {row.name: row for row in FUNCTIONS}
UNBOUNDED = {
    # none of these takes a resource
    "dynamodb:ListStreams",
    "states:SendTaskSuccess",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


@pytest.fixture(scope="module")
def platform(dev: Assembly) -> Stack:
    return dev.stack("platform")


def _id(row: Function) -> str:
    return row.name.title().replace("_", "")


@pytest.mark.parametrize("row", FUNCTIONS, ids=ROWS)
def test_it_runs_as_its_row_says(platform: Stack, row: Function) -> None:
    """Name, handler, time, memory, platform, traces and JSON logs."""
    made = platform.one(FUNCTION, f"{_id(row)}Function")

    assert made["FunctionName"] == f"interlock-dev-{row.name}"
    assert made["Handler"] == f"functions.{row.name}.handler.handle"
    assert (made["Timeout"], made["MemorySize"]) == (row.timeout_seconds, row.memory_mb)
    assert (made["Runtime"], made["Architectures"]) == ("python3.13", ["arm64"])
    assert made["TracingConfig"] == {"Mode": "Active"}
    assert made["LoggingConfig"]["LogFormat"] == "JSON"


def test_each_function_has_a_role_of_its_own(platform: Stack) -> None:
    """What one may do tells nothing about the others."""
    roles = [made["Role"] for made in platform.properties(FUNCTION)]

    assert len(set(roles)) == len(roles)


def test_no_policy_names_every_resource_without_need(dev: Assembly, prod: Assembly) -> None:
    """`*` only where the service's API takes no resource; a refusal may name everything."""
    stacks = [a.stack(n) for a in (dev, prod) for n in ("platform", "wf-triage-ticket")]
    unbounded = {
        action
        for stack in stacks
        for _, statement in stack.policies()
        if "*" in statement["Resource"] and statement["Effect"] == "Allow"
        for action in statement["Action"]
    }

    assert unbounded - UNBOUNDED == set()


def test_no_policy_allows_actions_by_pattern(dev: Assembly) -> None:
    """Each action is written out."""
    patterns = [
        action
        for name in ("platform", "wf-triage-ticket", "wf-nightly")
        for _, statement in dev.stack(name).policies()
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if "*" in action
    ]

    assert patterns == []


def test_no_function_may_delete_or_scan(platform: Stack) -> None:
    """Nothing that is recorded goes away by a function's hand; sweep reads indexes."""
    actions = {
        action
        for row in FUNCTIONS
        for statement in platform.statements(f"{_id(row)}Role")
        for action in statement["Action"]
    }

    assert {a for a in actions if re.search(r"Delete|Scan|Batch", a)} == {"sqs:DeleteMessage"}


@pytest.mark.parametrize("row", FUNCTIONS, ids=ROWS)
def test_it_touches_the_tables_of_its_row_and_no_other(platform: Stack, row: Function) -> None:
    """A grant on a table is a line of the wiring."""
    granted: dict[str, set[str]] = {}
    for statement in platform.statements(f"{_id(row)}Role"):
        for resource in statement["Resource"]:
            found = re.fullmatch(r"<import \S+:ExportsOutputFnGetAtt([A-Z][a-z]+)\w+>", resource)
            actions = {a.removeprefix("dynamodb:") for a in statement["Action"]}
            if found and all(a.startswith("dynamodb:") for a in statement["Action"]):
                granted.setdefault(found[1].lower(), set()).update(actions)

    assert granted == {table: set(actions) for table, actions in row.tables.items()}


@pytest.mark.parametrize("row", FUNCTIONS, ids=ROWS)
def test_its_environment_is_what_the_settings_module_reads(platform: Stack, row: Function) -> None:
    """A variable that nobody reads is a wiring error, and so is a table without its name."""
    environment = platform.one(FUNCTION, f"{_id(row)}Function")["Environment"]["Variables"]

    known = {name.upper() for name in FunctionSettings.model_fields}
    of_libraries = {"POWERTOOLS_SERVICE_NAME", "PYDANTIC_DISABLE_PLUGINS"}
    assert set(environment) - known == of_libraries
    assert {k for k in environment if k.endswith("_TABLE")} == {
        f"{table.upper()}_TABLE" for table in row.tables
    }
    assert environment["STAGE"] == "dev"


def _readers(platform: Stack, secret: str) -> set[str]:
    return {
        name
        for name, row in ROWS.items()
        for statement in platform.statements(f"{_id(row)}Role")
        if "secretsmanager:GetSecretValue" in statement["Action"]
        and any(f"OutputRef{secret}" in resource for resource in statement["Resource"])
    }


def test_only_call_system_reads_a_systems_token(platform: Stack) -> None:
    """The CRM's door opens from one function."""
    assert _readers(platform, "Systemcrm") == {"call_system"}


def test_functions_without_keys_cannot_read_the_master_secret(platform: Stack) -> None:
    """What neither names runs nor verifies tickets has no keys."""
    publishing = {"publish_catalog", "publish_version", "move_label"}
    money = {"set_limit", "settle_call"}
    without = {"copy_evidence", "set_stop", "replay_event", *publishing, *money}

    assert _readers(platform, "MasterSecret") == ROWS.keys() - without


def test_everything_invokes_the_alias_of_a_retained_version(platform: Stack) -> None:
    """A machine that began last week goes on with the code that it began with."""
    versions = platform.of("AWS::Lambda::Version")
    aliases = platform.properties("AWS::Lambda::Alias")
    targets = [
        resource
        for _, statement in platform.policies()
        if "lambda:InvokeFunction" in statement["Action"] and statement["Effect"] == "Allow"
        for resource in statement["Resource"]
    ]

    assert {v["DeletionPolicy"] for v in versions.values()} == {"Retain"}
    assert {alias["Name"] for alias in aliases} == {"live"}
    assert {t.strip("<>") for t in targets} <= platform.of("AWS::Lambda::Alias").keys()


def test_the_intake_queue_gives_its_receiver_time(platform: Stack) -> None:
    """CONTRACTS, standing limits: visibility six times the timeout, five tries, fourteen days."""
    intake = platform.one("AWS::SQS::Queue", "QueuesIntake")
    receiver = ROWS["receive_event"]

    assert intake["VisibilityTimeout"] >= 6 * receiver.timeout_seconds
    assert intake["RedrivePolicy"]["maxReceiveCount"] == 5
    assert {q["MessageRetentionPeriod"] for q in platform.properties("AWS::SQS::Queue")} == {
        14 * 24 * 3600
    }


def test_the_intake_is_taken_in_bounded_batches_that_may_fail_in_part(platform: Stack) -> None:
    """One bad message neither blocks nor repeats its batch."""
    mapping = platform.one("AWS::Lambda::EventSourceMapping", "ReceiveEvent")

    assert mapping["BatchSize"] == 10
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 10}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_evidence_is_copied_from_its_first_record_on(platform: Stack) -> None:
    """A batch that fails is halved, and what can't be copied is reported, not dropped."""
    mapping = platform.one("AWS::Lambda::EventSourceMapping", "CopyEvidence")

    assert (mapping["BatchSize"], mapping["StartingPosition"]) == (100, "TRIM_HORIZON")
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "QueuesUndelivered" in mapping["DestinationConfig"]["OnFailure"]["Destination"]


def _async(platform: Stack, function: str) -> dict[str, Any]:
    return platform.one("AWS::Lambda::EventInvokeConfig", function)


def test_a_failed_sweep_is_not_repeated_beside_the_next_one(platform: Stack) -> None:
    """Scheduler invokes asynchronously, where Lambda retries twice by itself."""
    assert _async(platform, "Sweep")["MaximumRetryAttempts"] == 0
    assert "SweepLive" in str(_async(platform, "Sweep")["Qualifier"])


def test_a_reconciliation_that_fails_is_not_lost(platform: Stack) -> None:
    """The rule's dead letters are failed deliveries only; this catches the function's failures."""
    destination = _async(platform, "ReconcileRun")["DestinationConfig"]["OnFailure"]["Destination"]
    grants = platform.statements("ReconcileRunRole")

    assert "QueuesUndelivered" in destination
    assert [destination] in [s["Resource"] for s in grants if "sqs:SendMessage" in s["Action"]]


@pytest.mark.parametrize("row", FUNCTIONS, ids=ROWS)
def test_only_what_the_wiring_says_can_start_it(platform: Stack, row: Function) -> None:
    """Whoever may invoke it: a machine's role, the scheduler, a person; and the rule."""
    alias = f"<{next(i for i in platform.of('AWS::Lambda::Alias') if i.startswith(_id(row)))}>"
    callers = {
        re.sub(r"[0-9A-F]{8}$", "", owner)
        for owner, statement in platform.policies()
        if "lambda:InvokeFunction" in statement["Action"] and alias in statement["Resource"]
    }
    by_resource = {
        permission["Principal"]
        for permission in map(spell, platform.properties("AWS::Lambda::Permission"))
        if permission["FunctionName"] == alias
    }

    kinds = {
        StartedBy.MACHINE: r".*MachineRole",
        StartedBy.EVERY_MINUTE: r"SweepScheduleRole",
        StartedBy.COMMAND_LINE: r"People(Operator|Author|Treasurer)",
        StartedBy.SIGNED_URL: r"PeopleApprover",
    }
    pattern = kinds.get(row.started_by)
    assert bool(callers) == bool(pattern)
    assert all(re.fullmatch(str(pattern), caller) for caller in callers)
    assert by_resource == (
        {"events.amazonaws.com"} if row.started_by is StartedBy.STATUS_CHANGE else set()
    )
