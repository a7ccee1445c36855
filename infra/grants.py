"""Turns a row of the wiring into policy statements and an environment."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.guardrail_access import applications
from infra.model_access import invocations
from infra.names import Arns, Names
from infra.wiring import Function, May

SUPERVISOR = "supervise_run"


@dataclass(frozen=True, kw_only=True)
class Places:
    """What functions can be given access to."""

    scope: Construct
    names: Names
    tables: Mapping[str, dynamodb.ITable]
    artifacts: s3.IBucket
    evidence: s3.IBucket
    master_secret: secretsmanager.ISecret
    system_secrets: Mapping[str, secretsmanager.ISecret]
    model_secrets: Mapping[str, secretsmanager.ISecret]
    catalog: Sequence[Mapping[str, Any]]
    """The compiled catalog's documents."""
    system_base_urls: str
    model_base_urls: str
    bus: events.IEventBus
    intake: sqs.IQueue
    undelivered: sqs.IQueue
    dead_letters: sqs.IQueue
    parked_days: int
    named_session_roles: Sequence[str] = ()
    analyzer: str = ""
    analyzer_languages: Sequence[str] = ("en",)

    @property
    def arns(self) -> Arns:
        """ARNs in the stack of these places."""
        return Arns(self.scope)

    def secret_arns(self, secrets: Mapping[str, secretsmanager.ISecret]) -> str:
        """Return `{name: ARN}` as JSON text."""
        arns = {name: secrets[name].secret_arn for name in sorted(secrets)}
        return Stack.of(self.scope).to_json_string(arns) if arns else "{}"


def allow(*actions: str, on: list[str]) -> iam.PolicyStatement:
    """Return a statement that allows *actions* on the resources *on*."""
    return iam.PolicyStatement(actions=list(actions), resources=on)


def statements(function: Function, places: Places) -> list[iam.PolicyStatement]:
    """Return everything that *function* may do, but logs and traces, which all may."""
    return [
        *_tables(function, places),
        *_indexes(function, places),
        *_artifacts(function, places),
        *(statement for may in function.may for statement in _STATEMENTS[may](places)),
    ]


def environment(function: Function, places: Places) -> dict[str, str]:
    """Return the settings of *function*: its stage, its name, and what it may touch."""
    found = {
        "STAGE": places.names.stage,
        "POWERTOOLS_SERVICE_NAME": function.name,
        "PYDANTIC_DISABLE_PLUGINS": "__all__",  # else it reads all distributions' metadata for some
    }
    for table in sorted(function.tables):
        found[f"{table.upper()}_TABLE"] = places.tables[table].table_name
    if function.artifacts:
        found["ARTIFACTS_BUCKET"] = places.artifacts.bucket_name
    for may in function.may:
        if may in _ENVIRONMENT:
            found |= _ENVIRONMENT[may](places)
    return found


def _tables(function: Function, places: Places) -> Iterator[iam.PolicyStatement]:
    for table, actions in function.tables.items():
        yield allow(
            *(f"dynamodb:{action}" for action in actions), on=[places.tables[table].table_arn]
        )


def _indexes(function: Function, places: Places) -> Iterator[iam.PolicyStatement]:
    for table, indexes in function.indexes.items():
        arn = places.tables[table].table_arn
        yield allow("dynamodb:Query", on=[f"{arn}/index/{index}" for index in indexes])


def _artifacts(function: Function, places: Places) -> Iterator[iam.PolicyStatement]:
    for prefix, actions in function.artifacts.items():
        yield allow(
            *(f"s3:{action}" for action in actions),
            on=[places.artifacts.arn_for_objects(f"{prefix}*")],
        )
    if any("GetObject" in actions for actions in function.artifacts.values()):
        # Without it S3 answers 403 for a value that has expired, as if it were forbidden.
        yield allow("s3:ListBucket", on=[places.artifacts.bucket_arn])


def _secrets(secrets: Mapping[str, secretsmanager.ISecret]) -> list[iam.PolicyStatement]:
    arns = [secrets[name].secret_arn for name in sorted(secrets)]
    return [allow("secretsmanager:GetSecretValue", on=arns)] if arns else []


def _supervisor(places: Places) -> str:
    return places.names.of(SUPERVISOR)


def _assets(places: Places) -> str:
    # File assets keep their suffix; only a compiled catalog is JSON, packages are .zip.
    qualifier = Stack.of(places.scope).synthesizer.bootstrap_qualifier or "hnb659fds"
    stack = Stack.of(places.scope)
    bucket = f"cdk-{qualifier}-assets-{stack.account}-{stack.region}"
    return f"arn:{stack.partition}:s3:::{bucket}/*.json"


_STATEMENTS: Mapping[May, Callable[[Places], list[iam.PolicyStatement]]] = {
    May.READ_MASTER_SECRET: lambda p: [
        allow("secretsmanager:GetSecretValue", on=[p.master_secret.secret_arn])
    ],
    May.PUT_EVENTS: lambda p: [allow("events:PutEvents", on=[p.bus.event_bus_arn])],
    # On the machine itself: IAM judges a start by alias on the unqualified ARN.
    May.START_RUNS: lambda p: [allow("states:StartExecution", on=[p.arns.machine(_supervisor(p))])],
    May.WATCH_RUNS: lambda p: [
        allow("states:DescribeExecution", on=[p.arns.executions(_supervisor(p))])
    ],
    May.STOP_RUNS: lambda p: [
        allow("states:StopExecution", on=[p.arns.executions(_supervisor(p))])
    ],
    May.SEND_TO_INTAKE: lambda p: [allow("sqs:SendMessage", on=[p.intake.queue_arn])],
    May.RECEIVE_FROM_INTAKE: lambda p: [
        allow(
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            on=[p.intake.queue_arn],
        )
    ],
    May.CALL_SYSTEMS: lambda p: _secrets(p.system_secrets),
    May.CALL_MODELS: lambda p: [*_secrets(p.model_secrets), *invocations(p.scope, p.catalog)],
    May.COPY_EVIDENCE: lambda p: [
        allow("s3:GetObject", "s3:PutObject", on=[p.evidence.arn_for_objects("*")])
    ],
    May.READ_EVIDENCE_STREAM: lambda p: [
        allow(
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            # The stream's own label changes when it is switched off and on.
            on=[f"{p.tables['evidence'].table_arn}/stream/*"],
        ),
        # Listing knows no resource: it says which streams there are, and nothing of them.
        allow("dynamodb:ListStreams", on=["*"]),
    ],
    May.READ_ASSETS: lambda p: [allow("s3:GetObject", on=[_assets(p)])],
    # Answering a task knows no resource: its token is what says which.
    May.ANSWER_TASKS: lambda _: [allow("states:SendTaskSuccess", on=["*"])],
    May.APPLY_INPUT_GUARDRAILS: lambda p: applications(p.scope, p.catalog, "INPUT"),
    May.APPLY_OUTPUT_GUARDRAILS: lambda p: applications(p.scope, p.catalog, "OUTPUT"),
    May.ASK_ANALYZER: lambda _: [],
    May.KNOW_NAMED_SESSIONS: lambda _: [],
    May.KNOW_PARKED_DAYS: lambda _: [],
    May.TAKE_DEAD_LETTERS: lambda p: [
        allow(
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:ReceiveMessage",
            on=[p.dead_letters.queue_arn, p.undelivered.queue_arn],
        )
    ],
    May.REPORT_UNDELIVERED: lambda p: [allow("sqs:SendMessage", on=[p.undelivered.queue_arn])],
}

_ENVIRONMENT: Mapping[May, Callable[[Places], dict[str, str]]] = {
    May.READ_MASTER_SECRET: lambda p: {"MASTER_SECRET_ARN": p.master_secret.secret_arn},
    May.PUT_EVENTS: lambda p: {"EVENT_BUS_NAME": p.bus.event_bus_name},
    May.START_RUNS: lambda p: {"SUPERVISE_RUN_ARN": p.arns.live_machine(_supervisor(p))},
    May.WATCH_RUNS: lambda p: {"SUPERVISE_RUN_ARN": p.arns.live_machine(_supervisor(p))},
    May.STOP_RUNS: lambda p: {"SUPERVISE_RUN_ARN": p.arns.live_machine(_supervisor(p))},
    May.SEND_TO_INTAKE: lambda p: {"INTAKE_QUEUE_URL": p.intake.queue_url},
    May.TAKE_DEAD_LETTERS: lambda p: {
        "DEAD_LETTER_QUEUE_URLS": Stack.of(p.scope).to_json_string(
            {"intake": p.dead_letters.queue_url, "undelivered": p.undelivered.queue_url}
        )
    },
    May.CALL_SYSTEMS: lambda p: {
        "SYSTEM_BASE_URLS": p.system_base_urls,
        "SYSTEM_SECRET_ARNS": p.secret_arns(p.system_secrets),
    },
    May.CALL_MODELS: lambda p: {
        "MODEL_BASE_URLS": p.model_base_urls,
        "MODEL_SECRET_ARNS": p.secret_arns(p.model_secrets),
    },
    May.ASK_ANALYZER: lambda p: (
        {"ANALYZER_URL": p.analyzer, "ANALYZER_LANGUAGES": json.dumps(list(p.analyzer_languages))}
        if p.analyzer
        else {}
    ),
    May.KNOW_NAMED_SESSIONS: lambda p: {
        "NAMED_SESSION_ROLES": json.dumps(list(p.named_session_roles))
    },
    May.KNOW_PARKED_DAYS: lambda p: {"PARKED_DAYS": str(p.parked_days)},
    May.COPY_EVIDENCE: lambda p: {"EVIDENCE_BUCKET": p.evidence.bucket_name},
}
