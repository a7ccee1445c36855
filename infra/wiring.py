"""The platform's functions as a table: what starts each, what it may touch, how long it may run.

This is where a permission is said. A function's role is this row and nothing else, and its
environment follows from it: a table that it may read is a table whose name it is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class StartedBy(StrEnum):
    """What invokes a function."""

    MACHINE = "machine"
    INTAKE_QUEUE = "intake queue"
    EVERY_MINUTE = "every minute"
    STATUS_CHANGE = "status change"
    EVIDENCE_STREAM = "evidence stream"
    DEPLOYMENT = "deployment"
    COMMAND_LINE = "command line"
    SIGNED_URL = "signed URL"


class May(StrEnum):
    """What a function may do beside reading and writing tables and artifacts."""

    READ_MASTER_SECRET = "read the master secret"  # noqa: S105
    PUT_EVENTS = "put events on the bus"
    START_RUNS = "start supervised executions"
    WATCH_RUNS = "describe supervised executions"
    STOP_RUNS = "stop supervised executions"
    SEND_TO_INTAKE = "put envelopes on the intake queue"
    RECEIVE_FROM_INTAKE = "take envelopes from the intake queue"
    CALL_SYSTEMS = "know the systems' addresses and secrets"
    CALL_MODELS = "know the models' addresses and secrets"
    COPY_EVIDENCE = "put records into the evidence bucket, and compare"
    READ_EVIDENCE_STREAM = "read the evidence table's stream"
    READ_ASSETS = "read what a deployment uploaded"
    ANSWER_TASKS = "answer executions that wait by a token"
    APPLY_INPUT_GUARDRAILS = "apply the guardrails that policies name for what is sent"
    APPLY_OUTPUT_GUARDRAILS = "apply the guardrails that policies name for answers"
    ASK_ANALYZER = "know where the stage's analyzer of names is"
    KNOW_NAMED_SESSIONS = "know the roles whose sessions are named after people"
    KNOW_PARKED_DAYS = "know how long what was decided is kept"
    TAKE_DEAD_LETTERS = "look at dead letters, and remove them"
    REPORT_UNDELIVERED = "put what it could not handle on the queue for undelivered work"


GET, PUT, UPDATE, QUERY = "GetItem", "PutItem", "UpdateItem", "Query"


@dataclass(frozen=True, kw_only=True)
class Function:
    """One row: the function in `functions/<name>/`."""

    name: str
    started_by: StartedBy
    timeout_seconds: int = 30
    memory_mb: int = 512
    guards: bool = False
    """Whether it carries the guards' own layer: telephone plans, number schemes, JSONata."""
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """table -> the indexes that it may query."""
    artifacts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """prefix of the artifacts bucket -> actions on its objects."""
    may: tuple[May, ...] = ()


_CHAIN: Final = (PUT, QUERY)
"""Ending chains: each is looked up, then sealed. A step only appends, knowing its chain's end."""
_WITHDRAW: Final = (GET, UPDATE)
"""Ending runs: what is parked for one is withdrawn."""
_READ: Final = ("GetObject",)
_READ_WRITE: Final = ("GetObject", "PutObject")
_KEYS: Final = May.READ_MASTER_SECRET

FUNCTIONS: Final = (
    Function(
        name="receive_event",
        started_by=StartedBy.INTAKE_QUEUE,
        tables={"runs": (PUT,), "catalog": (GET,), "refused": (PUT,)},
        artifacts={"artifacts/": _READ_WRITE, "refused/": ("PutObject",)},
        may=(_KEYS, May.RECEIVE_FROM_INTAKE, May.START_RUNS, May.PUT_EVENTS),
    ),
    Function(
        name="admit_run",
        started_by=StartedBy.MACHINE,
        tables={
            "runs": (GET, PUT, UPDATE),
            "catalog": (GET,),
            "ledger": (GET,),
            "evidence": (PUT,),
            "refused": (PUT,),
        },
        artifacts={"artifacts/": _READ_WRITE, "refused/": ("PutObject",)},
        may=(_KEYS, May.PUT_EVENTS),
    ),
    Function(
        name="complete_run",
        started_by=StartedBy.MACHINE,
        tables={
            "runs": (GET, QUERY, UPDATE),
            "parked": _WITHDRAW,
            "catalog": (GET,),
            "evidence": _CHAIN,
        },
        may=(_KEYS, May.PUT_EVENTS),
    ),
    Function(
        name="prepare_call",
        started_by=StartedBy.MACHINE,
        guards=True,
        tables={
            "runs": (GET, UPDATE),
            "catalog": (GET,),
            "ledger": (GET, PUT, UPDATE),
            "evidence": (PUT,),
        },
        artifacts={"artifacts/": _READ_WRITE, "vault/": ("PutObject",), "cache/": _READ},
        may=(_KEYS, May.APPLY_INPUT_GUARDRAILS, May.ASK_ANALYZER),
    ),
    Function(
        name="call_model",
        started_by=StartedBy.MACHINE,
        timeout_seconds=60,
        memory_mb=1024,
        tables={
            "runs": (GET, UPDATE),
            "catalog": (GET,),
            "ledger": (GET, UPDATE),
            "evidence": (PUT,),
        },
        artifacts={"artifacts/": _READ_WRITE},
        may=(_KEYS, May.CALL_MODELS),
    ),
    Function(
        name="check_answer",
        started_by=StartedBy.MACHINE,
        guards=True,
        tables={"runs": (GET, UPDATE), "catalog": (GET,), "evidence": (PUT,)},
        artifacts={"artifacts/": _READ_WRITE, "vault/": ("GetObject",), "cache/": ("PutObject",)},
        may=(_KEYS, May.APPLY_OUTPUT_GUARDRAILS, May.ASK_ANALYZER),
    ),
    Function(
        name="close_attempt",
        started_by=StartedBy.MACHINE,
        tables={
            "runs": (GET, UPDATE),
            "catalog": (GET,),
            "ledger": (UPDATE,),
            "evidence": (PUT,),
        },
        artifacts={"artifacts/": _READ},
        may=(_KEYS,),
    ),
    Function(
        name="call_system",
        started_by=StartedBy.MACHINE,
        timeout_seconds=60,
        tables={
            "runs": (GET, UPDATE),
            "catalog": (GET,),
            "ledger": (GET,),
            "evidence": (PUT,),
        },
        artifacts={"artifacts/": _READ_WRITE},
        may=(_KEYS, May.CALL_SYSTEMS),
    ),
    Function(
        name="park",
        started_by=StartedBy.MACHINE,
        tables={
            "runs": (GET, UPDATE),
            "parked": (GET, PUT, UPDATE),
            "catalog": (GET,),
            "evidence": (PUT,),
        },
        artifacts={"artifacts/": _READ_WRITE},
        may=(_KEYS, May.PUT_EVENTS, May.ANSWER_TASKS, May.KNOW_PARKED_DAYS),
    ),
    Function(
        name="decide",
        started_by=StartedBy.SIGNED_URL,
        tables={
            "runs": (GET, UPDATE),
            "parked": (GET, UPDATE),
            "catalog": (GET,),
            "evidence": (PUT,),
        },
        artifacts={"artifacts/": _READ_WRITE},
        may=(_KEYS, May.PUT_EVENTS, May.ANSWER_TASKS, May.KNOW_NAMED_SESSIONS),
    ),
    Function(
        name="sweep",
        started_by=StartedBy.EVERY_MINUTE,
        timeout_seconds=55,
        tables={
            "runs": (GET, QUERY, UPDATE),
            "parked": _WITHDRAW,
            "ledger": (GET, UPDATE),
            "evidence": _CHAIN,
        },
        indexes={"runs": ("by_due",), "ledger": ("by_due",), "parked": ("by_due",)},
        may=(
            _KEYS,
            May.PUT_EVENTS,
            May.START_RUNS,
            May.WATCH_RUNS,
            May.STOP_RUNS,
            May.ANSWER_TASKS,
        ),
    ),
    Function(
        name="reconcile_run",
        started_by=StartedBy.STATUS_CHANGE,
        tables={"runs": (GET, QUERY, UPDATE), "parked": _WITHDRAW, "evidence": _CHAIN},
        may=(_KEYS, May.PUT_EVENTS, May.REPORT_UNDELIVERED),
    ),
    Function(
        name="copy_evidence",
        started_by=StartedBy.EVIDENCE_STREAM,
        memory_mb=256,
        may=(May.READ_EVIDENCE_STREAM, May.COPY_EVIDENCE, May.REPORT_UNDELIVERED),
    ),
    Function(
        name="publish_catalog",
        started_by=StartedBy.DEPLOYMENT,
        timeout_seconds=60,
        tables={"catalog": (GET, PUT, UPDATE), "ledger": (PUT,)},
        may=(May.READ_ASSETS,),
    ),
    Function(
        name="cancel_run",
        started_by=StartedBy.COMMAND_LINE,
        memory_mb=256,
        tables={"runs": (GET, QUERY, UPDATE), "parked": _WITHDRAW, "evidence": _CHAIN},
        may=(_KEYS, May.PUT_EVENTS, May.STOP_RUNS),
    ),
    Function(
        name="set_stop",
        started_by=StartedBy.COMMAND_LINE,
        memory_mb=256,
        tables={"ledger": (GET, UPDATE)},
        may=(May.PUT_EVENTS,),
    ),
    Function(
        name="set_limit",
        started_by=StartedBy.COMMAND_LINE,
        memory_mb=256,
        tables={"catalog": (GET,), "ledger": (GET, PUT, UPDATE)},
    ),
    Function(
        name="settle_call",
        started_by=StartedBy.COMMAND_LINE,
        memory_mb=256,
        tables={"ledger": (GET, UPDATE), "evidence": (PUT,)},
    ),
    Function(
        name="publish_version",
        started_by=StartedBy.COMMAND_LINE,
        guards=True,
        tables={"catalog": (GET, PUT)},
    ),
    Function(
        name="move_label",
        started_by=StartedBy.COMMAND_LINE,
        memory_mb=256,
        tables={"catalog": (GET, QUERY, UPDATE)},
        may=(May.PUT_EVENTS,),
    ),
    Function(
        name="replay_event",
        started_by=StartedBy.COMMAND_LINE,
        memory_mb=256,
        tables={"refused": (QUERY,)},
        artifacts={"refused/": _READ},
        may=(May.SEND_TO_INTAKE,),
    ),
    Function(
        name="redrive_message",
        started_by=StartedBy.COMMAND_LINE,
        memory_mb=256,
        tables={"refused": (PUT,)},
        artifacts={"refused/": ("PutObject",)},
        may=(_KEYS, May.SEND_TO_INTAKE, May.TAKE_DEAD_LETTERS),
    ),
)

INTAKE_BATCH: Final = 10
INTAKE_CONCURRENCY: Final = 10
"""Batches at a time: what the stores and the start quota take, not what the queue offers."""
MAX_RECEIVE_COUNT: Final = 5
QUEUE_DAYS: Final = 14
VISIBILITY_FACTOR: Final = 6
"""Visibility timeout over function timeout: the SQS event source's own advice, which leaves
room for throttled invocations (AWS Lambda developer guide, "Using Lambda with Amazon SQS")."""
EVIDENCE_BATCH: Final = 100
EVIDENCE_RETRIES: Final = 10
DELIVERY_ATTEMPTS: Final = 24
DELIVERY_SECONDS: Final = 6 * 3600
"""How long rules and schedules try before a delivery goes to the queue for undelivered work."""
HEARTBEAT_MINUTES: Final = 5
CATALOG_SECONDS: Final = 300
"""How long a deployment waits for publish_catalog; CloudFormation's default is an hour."""
