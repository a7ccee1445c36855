"""The composition root: the only module that joins ports to AWS.

Everything is made on first use and kept for the worker's life. Imports stand inside the
makers, so that a function loads only what it uses: that is most of a cold start.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from functions.core.adapters.clock import SystemClock
from functions.core.domain.keys import Keyring
from functions.core.domain.step import Invocation
from functions.core.domain.timestamps import iso
from functions.core.settings import Settings, scaled_clock

if TYPE_CHECKING:
    from botocore.session import Session

    from functions.core.adapters.bedrock_guardrail import BedrockGuardrail
    from functions.core.adapters.dynamodb import DynamoStore
    from functions.core.adapters.eventbridge import EventBridgeBus
    from functions.core.adapters.model_exchange import ModelExchange
    from functions.core.adapters.presidio_analyzer import PresidioAnalyzer
    from functions.core.adapters.s3 import S3Blobs
    from functions.core.adapters.secrets import SecretsManager
    from functions.core.adapters.sqs import SqsIntake
    from functions.core.adapters.stepfunctions import Supervisor, WaitingTasks
    from functions.core.ports import ModelClient, SystemClient
    from functions.core.services.artifacts import Artifacts
    from functions.core.services.call_model import CallModel
    from functions.core.services.calls import Calls
    from functions.core.services.catalog import Catalog
    from functions.core.services.check_answer import CheckAnswer
    from functions.core.services.close_attempt import CloseAttempt
    from functions.core.services.dead_letters import DeadLetterOffice
    from functions.core.services.deciding import Deciding
    from functions.core.services.door import Door
    from functions.core.services.evidence import Evidence
    from functions.core.services.invoices import Invoices
    from functions.core.services.labels import Labels
    from functions.core.services.ledger import Ledger
    from functions.core.services.limits import Limits
    from functions.core.services.parking import Parking
    from functions.core.services.prepare_call import PrepareCall
    from functions.core.services.runs import Runs
    from functions.core.services.sending import Sending
    from functions.core.services.sweep import Sweep
    from functions.core.services.system_step import Endpoint, SystemStep
    from functions.core.services.tools import Tools

_STORES = Config(retries={"mode": "standard", "total_max_attempts": 4}, parameter_validation=False)


@cache
def settings() -> Settings:
    """Return the function's settings."""
    return Settings.from_env()


@cache
def clock() -> SystemClock:
    """Return the clock."""
    return SystemClock(scaled_clock)


def invocation(context: Any) -> Invocation:
    """Return what tells this run of a function apart, and when its life ends at the latest."""
    from datetime import timedelta

    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return Invocation(context.aws_request_id, iso(clock().now() + left))


@cache
def _session() -> "Session":
    """Return the SDK's session."""
    from functions.core.adapters.sdk import session

    return session()


@cache
def _client(service: str) -> Any:
    return _session().create_client(service, config=_STORES)


@cache
def store() -> "DynamoStore":
    """Return the tables this function knows."""
    from functions.core.adapters.dynamodb import DynamoStore

    return DynamoStore(_client("dynamodb"), settings().tables)


@cache
def blobs() -> "S3Blobs":
    """Return the artifacts bucket."""
    from functions.core.adapters.s3 import S3Blobs

    return S3Blobs(_client("s3"), settings().artifacts_bucket)


@cache
def evidence_blobs() -> "S3Blobs":
    """Return the evidence bucket."""
    from functions.core.adapters.s3 import S3Blobs

    return S3Blobs(_client("s3"), settings().evidence_bucket)


def asset_blobs(bucket: str) -> "S3Blobs":
    """Return a bucket that a deployment names."""
    from functions.core.adapters.s3 import S3Blobs

    return S3Blobs(_client("s3"), bucket)


@cache
def secrets() -> "SecretsManager":
    """Return the secrets."""
    from functions.core.adapters.secrets import SecretsManager

    return SecretsManager(_client("secretsmanager"))


@cache
def keys() -> Keyring:
    """Return the keys, derived from the master secret."""
    return Keyring(secrets().text(settings().master_secret_arn))


@cache
def bus() -> "EventBridgeBus":
    """Return the stage's event bus."""
    from functions.core.adapters.eventbridge import EventBridgeBus

    return EventBridgeBus(_client("events"), settings().event_bus_name)


@cache
def intake() -> "SqsIntake":
    """Return the intake queue."""
    from functions.core.adapters.sqs import SqsIntake

    return SqsIntake(_client("sqs"), settings().intake_queue_url)


@cache
def dead_letter_office() -> "DeadLetterOffice":
    """Return the dead-letter queues, and where their letters can go."""
    from functions.core.adapters.sqs import SqsDeadLetters
    from functions.core.services.dead_letters import DeadLetterOffice

    return DeadLetterOffice(
        queues=SqsDeadLetters(_client("sqs"), settings().dead_letter_queue_urls),
        intake=intake(),
        store=store(),
        blobs=blobs(),
        keys=keys(),
        clock=clock(),
    )


@cache
def orchestrator() -> "Supervisor":
    """Return the supervisor machine."""
    from functions.core.adapters.stepfunctions import Supervisor

    return Supervisor(_client("stepfunctions"), settings().supervise_run_arn)


@cache
def waiting_tasks() -> "WaitingTasks":
    """Return the tasks that wait for their token."""
    from functions.core.adapters.stepfunctions import WaitingTasks

    return WaitingTasks(_client("stepfunctions"))


@cache
def catalog() -> "Catalog":
    """Return the catalog."""
    from functions.core.services.catalog import Catalog

    return Catalog(store(), clock())


@cache
def labels() -> "Labels":
    """Return what moves the catalog's labels."""
    from functions.core.services.labels import Labels

    return Labels(store(), clock())


@cache
def artifacts() -> "Artifacts":
    """Return the artifacts."""
    from functions.core.services.artifacts import Artifacts

    return Artifacts(blobs(), keys())


@cache
def evidence() -> "Evidence":
    """Return the evidence chains."""
    from functions.core.services.evidence import Evidence

    return Evidence(store(), clock())


@cache
def ledger() -> "Ledger":
    """Return the ledger."""
    from functions.core.services.ledger import Ledger

    return Ledger(store())


@cache
def limits() -> "Limits":
    """Return what changes the budgets' limits."""
    from functions.core.services.limits import Limits

    return Limits(store(), clock(), catalog())


@cache
def invoices() -> "Invoices":
    """Return what settles unconfirmed calls."""
    from functions.core.services.invoices import Invoices

    return Invoices(store(), clock(), evidence())


@cache
def sending() -> "Sending":
    """Return the sending discipline."""
    from functions.core.services.sending import Sending

    return Sending(store(), clock())


@cache
def door() -> "Door":
    """Return the door; with the orchestrator where the function was given it."""
    from functions.core.services.door import Door

    return Door(
        stage=settings().stage,
        store=store(),
        blobs=blobs(),
        keys=keys(),
        clock=clock(),
        catalog=catalog(),
        orchestrator=orchestrator() if settings().supervise_run_arn else None,
        bus=bus(),
    )


@cache
def calls() -> "Calls":
    """Return what answers direct starts."""
    from functions.core.services.calls import Calls

    return Calls(door=door(), store=store(), clock=clock())


@cache
def runs() -> "Runs":
    """Return the runs; with the orchestrator where the function was given it."""
    from functions.core.services.runs import Runs

    return Runs(
        store=store(),
        clock=clock(),
        keys=keys(),
        catalog=catalog(),
        evidence=evidence(),
        bus=bus(),
        orchestrator=orchestrator() if settings().supervise_run_arn else None,
    )


@cache
def tools() -> "Tools":
    """Return what the functions of governed steps work with."""
    from functions.core.services.detectors import Detectors
    from functions.core.services.tools import Tools

    return Tools(
        store=store(),
        clock=clock(),
        keys=keys(),
        catalog=catalog(),
        artifacts=artifacts(),
        evidence=evidence(),
        detectors=Detectors(guardrails, name_finder if settings().analyzer_url else None),
    )


@cache
def guardrails() -> "BedrockGuardrail":
    """Return the client of Bedrock's guardrails."""
    from functions.core.adapters.bedrock_guardrail import BedrockGuardrail
    from functions.core.adapters.sigv4 import signer

    return BedrockGuardrail(signer(_session()), settings().aws_region)


@cache
def name_finder() -> "PresidioAnalyzer":
    """Return the client of the deployment's analyzer of names."""
    from functions.core.adapters.presidio_analyzer import PresidioAnalyzer

    return PresidioAnalyzer(settings().analyzer_url, settings().analyzer_languages)


@cache
def prepare_call() -> "PrepareCall":
    """Return what the function of that name does."""
    from functions.core.adapters.pdf_process import read_pdf
    from functions.core.services.prepare_call import PrepareCall

    return PrepareCall(tools(), read_pdf)


@cache
def call_model() -> "CallModel":
    """Return what the function of that name does."""
    from functions.core.services.call_model import CallModel

    return CallModel(tools())


@cache
def check_answer() -> "CheckAnswer":
    """Return what the function of that name does."""
    from functions.core.services.check_answer import CheckAnswer

    return CheckAnswer(tools())


@cache
def close_attempt() -> "CloseAttempt":
    """Return what the function of that name does."""
    from functions.core.services.close_attempt import CloseAttempt

    return CloseAttempt(tools())


@cache
def parking() -> "Parking":
    """Return what the function `park` does."""
    from functions.core.services.parking import Parking

    return Parking(tools(), bus(), waiting_tasks(), keep_days=settings().parked_days)


@cache
def deciding() -> "Deciding":
    """Return what the function `decide` does, and sweep for what is parked."""
    from functions.core.services.deciding import Deciding

    return Deciding(tools(), bus(), waiting_tasks())


@cache
def system_step() -> "SystemStep":
    """Return the system step."""
    from functions.core.services.system_step import SystemStep

    return SystemStep(tools())


class _Clients(dict[str, "ModelClient"]):
    """One client a dialect, made when a target of that dialect is first called."""

    def __missing__(self, dialect: str) -> "ModelClient":
        from functions.core.adapters.dialects import client_of

        client = client_of(dialect, _model_exchange, lambda: settings().aws_region)
        self[dialect] = client
        return client


@cache
def _model_exchange() -> "ModelExchange":
    from functions.core.adapters.model_exchange import ModelExchange
    from functions.core.adapters.sigv4 import signer

    of = signer(_session())
    return ModelExchange(
        settings().model_base_urls,
        _model_key,
        lambda how: of(how.service, how.region or settings().aws_region),
    )


def _model_key(secret: str) -> str:
    return secrets().text(settings().model_secret_arns[secret])


@cache
def model_clients() -> Mapping[str, "ModelClient"]:
    """Return the model clients by dialect."""
    return _Clients()


@cache
def system_client() -> "SystemClient":
    """Return the client for outside systems."""
    from functions.core.adapters.http_system import HttpSystem

    return HttpSystem()


def endpoints() -> "Mapping[str, Endpoint]":
    """Return where each system lives at this stage, with its token."""
    from functions.core.services.system_step import Endpoint

    arns = settings().system_secret_arns
    return {
        name: Endpoint(url, secrets().text(arns[name]) if name in arns else None)
        for name, url in settings().system_base_urls.items()
    }


@cache
def sweep() -> "Sweep":
    """Return the sweep."""
    from functions.core.services.sweep import Sweep

    return Sweep(
        store=store(),
        clock=clock(),
        runs=runs(),
        ledger=ledger(),
        sending=sending(),
        bus=bus(),
        deciding=deciding(),
    )
