"""A stage on moto whose items the real services write, and the command line to look at it."""

import io
import itertools
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from functions.core.adapters.dynamodb import DynamoStore
from functions.core.adapters.s3 import S3Blobs
from functions.core.domain.canonical import canonical
from functions.core.domain.expressions import Table
from functions.core.domain.ledger import Pool, text
from functions.core.domain.step import Invocation
from functions.core.domain.timestamps import iso
from functions.core.services import replay as replaying
from functions.core.services import stops
from functions.core.services.catalog import Catalog
from functions.core.services.evidence import from_item
from functions.core.services.invoices import Bill
from functions.core.services.ledger import Ledger
from functions.core.services.publishing import publish
from functions.core.services.runs import result_of
from functions.move_label import handler as move_label
from functions.publish_version import handler as publish_version
from functions.set_limit import handler as set_limit
from interlock.cli.root import root
from interlock.cli.stage import Stage as Connection
from interlock.local.mends import answers, dynamodb, speed
from tests.fakes import FakeClock, FakeModel, FakeSystem, answered
from tests.stage import ENDPOINTS, STAGE, Stage, call_of, compiled, step_of

NAMES = {table: f"cli-{table.value}" for table in Table}
ARTIFACTS, EVIDENCE = "cli-artifacts", "cli-evidence"
MACHINE = f"arn:aws:states:us-east-1:123456789012:stateMachine:interlock-{STAGE}-supervise_run:live"
OUTPUTS = {
    "EventBusName": "default",
    "ArtifactsBucket": ARTIFACTS,
    "EvidenceBucket": EVIDENCE,
    "SuperviseRunArn": MACHINE,
    **{f"{table.value.title()}Table": name for table, name in NAMES.items()},
}
RULE = {"kind": "rule", "source": ["desk"], "detail_type": ["Note Written"]}
RICH = {"budgets": [{"scope": "organisation", "period": "month", "limit_usd": "9999", "shards": 2}]}
_numbers = itertools.count(1)


class World:
    """The stage, and ways to let runs happen on it."""

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb")
        self.s3 = boto3.client("s3")
        self.clock = FakeClock()
        self.clients: dict[str, Any] = {}
        store = DynamoStore(self.dynamodb, NAMES)
        self.services = Stage(store=store, clock=self.clock, blobs=S3Blobs(self.s3, ARTIFACTS))

    def fresh(self) -> str:
        """Return a key that no run has yet."""
        self.clock.forward(seconds=1)
        return f"n{next(_numbers)}"

    def started(self, key: str | None = None, **event: Any) -> tuple[str, str]:
        """Admit a run; return its name and ticket."""
        return self.services.admitted(key or self.fresh(), **{"note": "a note", **event})

    def asked(self, run: str, ticket: str, text: str = '{"label": "good"}') -> None:
        """Do the AI step, with as many attempts as it takes."""
        step = step_of(run, ticket)
        checked = None
        while checked is None or checked.next == "again":
            number, target = (checked.number, checked.target_index) if checked else (1, 0)
            repair = (checked.repair, checked.repairs) if checked else ()
            asked = {"note": "a note"}
            call = self.services.prepare_call.prepare(step, asked, number, target, *repair)
            me = Invocation(f"nonce{number}", iso(self.clock.now()))
            models = {"openai_chat": FakeModel(answered(text))}
            checked = self.services.call_model.call(step, call, me, models)
            checked = self.services.check_answer.check(step, call, checked)

    def written(self, run: str, ticket: str, *answers: Any) -> None:
        """Do the system step."""
        me = Invocation("nonce", iso(self.clock.now()))
        self.services.system_step.call(call_of(run, ticket), me, FakeSystem(*answers), ENDPOINTS)

    def finished(self, run: str, output: dict[str, Any] | None = None, error: str = "") -> None:
        """End a run."""
        self.clock.forward(seconds=2)
        said = output if output or error else {"outcome": "SUCCEEDED", "label": "good"}
        self.services.runs.finish(run, result_of(said, error))

    def succeeded(self, key: str | None = None) -> str:
        """Let a whole run happen, and its evidence be copied."""
        run, ticket = self.started(key)
        self.asked(run, ticket)
        self.written(run, ticket)
        self.finished(run)
        self.copied(run)
        return run

    def copied(self, run: str) -> None:
        """Copy the evidence of a run to the bucket, as the stream would."""
        bucket = S3Blobs(self.s3, EVIDENCE)
        for page in self.dynamodb.get_paginator("scan").paginate(TableName=NAMES[Table.EVIDENCE]):
            for raw in page["Items"]:
                item = {name: next(iter(value.values())) for name, value in raw.items()}
                if item["pk"].startswith(f"{run}#"):
                    record = from_item(item)
                    bucket.put_once(record.object_key, canonical(record.document()))

    def refused(self, body: str = '{"v": 1}') -> str:
        """Let the door refuse a body; return its name."""
        self.clock.forward(seconds=1)
        before = {i["pk"] for i in self._refusals()}
        self.services.door.receive(body, iso(self.clock.now()))
        return next(i["pk"] for i in self._refusals() if i["pk"] not in before)

    def _refusals(self) -> list[dict[str, str]]:
        found = self.dynamodb.scan(TableName=NAMES[Table.REFUSED])["Items"]
        return [{"pk": item["pk"]["S"]} for item in found]


class Functions:
    """Stands for Lambda: the functions that people invoke, over the same services."""

    def __init__(self, world: World) -> None:
        self._of = world.services
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def invoke(self, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Invoke as Lambda does: an exception becomes an answer."""
        assert Qualifier == "live"
        request = json.loads(Payload)
        name = FunctionName.removeprefix(f"interlock-{STAGE}-")
        self.asked.append((name, request))
        try:
            answer = getattr(self, name)(**request)
        except Exception as error:
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(told).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        """Say what is configured."""
        return {"MemorySize": 512}

    def cancel_run(self, run: str, by: str, why: str) -> dict[str, Any]:
        return {"run": run, "status": self._of.runs.cancel(run, by, why)["status"]}

    def set_stop(self, scope: str, stopped: bool, by: str, why: str) -> dict[str, Any]:
        said = {"scope": scope, "stopped": stopped}
        store, bus, clock = self._of.store, self._of.bus, self._of.clock
        return {**said, "changed": stops.set_stop(store, bus, clock, **said, by=by, why=why)}

    def move_label(self, **request: Any) -> dict[str, Any]:
        told = move_label.Request.model_validate(request)
        move_label.require_fit(self._of.catalog, self._of.clock, self._of.labels, told)
        return vars(move_label.move(self._of.labels, told))

    def set_limit(self, **request: Any) -> dict[str, Any]:
        told = set_limit.Request.model_validate(request)
        reached = set_limit.change(self._of.limits, told)
        limits = {"before_usd": text(reached.before), "limit_usd": text(reached.limit)}
        return {"budget": told.budget, **limits, "changed": reached.changed}

    def settle_call(self, budget: str, attempt: str, usd: str, by: str, why: str) -> dict[str, Any]:
        bill = Bill(usd=Decimal(usd), by=by, why=why)
        done = self._of.invoices.settle(Pool.named(budget), attempt, bill)
        return {"attempt": attempt, "worst_usd": text(done.worst), "usd": text(done.usd)}

    def publish_version(self, **request: Any) -> dict[str, Any]:
        told = publish_version.Request.model_validate(request)
        return vars(publish_version.publish(self._of.catalog, self._of.clock, told))

    def replay_event(self, refused: str, workflow: Any, event: Any) -> dict[str, Any]:
        of = self._of
        named = replaying.replay(
            of.store, of.blobs, of.intake, refused=refused, workflow=workflow, event=event
        )
        return {"refused": refused, "workflow": named}


def _make_table(client: Any, name: str) -> None:
    def keys(hash_: str, range_: str) -> list[Any]:
        pairs = ((hash_, "HASH"), (range_, "RANGE"))
        return [{"AttributeName": n, "KeyType": kind} for n, kind in pairs]

    at = "sk" if name == NAMES[Table.REFUSED] else "started_at"
    indexes = {"by_due": ("due_bucket", "due_at"), "by_day": ("day_bucket", at)}
    attributes = {"pk", "sk", *itertools.chain(*indexes.values())}
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in attributes],
        KeySchema=keys("pk", "sk"),
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": keys(*pair),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, pair in indexes.items()
        ],
    )


@pytest.fixture(scope="session")
def _account() -> Iterator[World]:
    before = dict(os.environ)
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    os.environ.pop("AWS_ENDPOINT_URL", None)
    for mends in (
        answers,
        dynamodb,
        speed,
    ):  # what the laptop cloud answers with, several times as fast
        mends.apply()
    with mock_aws():
        world = World()
        for name in NAMES.values():
            _make_table(world.dynamodb, name)
        for bucket in (ARTIFACTS, EVIDENCE):
            world.s3.create_bucket(Bucket=bucket)
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {key: {"Value": value} for key, value in OUTPUTS.items()},
        }
        boto3.client("cloudformation").create_stack(
            StackName=f"interlock-{STAGE}-platform", TemplateBody=json.dumps(template)
        )
        store, clock = world.services.store, world.clock
        workflow = next(d for d in compiled()["documents"] if d["kind"] == "workflow")["document"]
        documents = compiled(workflow={**workflow, "triggers": [RULE]}, budgets=RICH)
        publish(Catalog(store, clock), Ledger(store), clock, documents, by="deployment")
        yield world
    os.environ.clear()
    os.environ |= before


@pytest.fixture
def functions(_account: World) -> Functions:
    """Stand for the functions that people invoke."""
    return Functions(_account)


@pytest.fixture
def world(_account: World, functions: Functions, monkeypatch: pytest.MonkeyPatch) -> World:
    """Let the command line share the stage's clock and functions."""
    make, kept = Connection._make, _account.clients

    def made(self: Connection, service: str) -> Any:
        if service == "lambda":
            return functions
        if service not in kept:  # a client takes longer to make than a command to run
            kept[service] = make(self, service)
        return kept[service]

    monkeypatch.setattr(Connection, "_make", made)
    monkeypatch.setattr(Connection, "now", lambda self: _account.clock.now())
    return _account


@pytest.fixture
def typed(world: World) -> Any:
    """Type a command; return what it did."""

    def type_(*words: str, stdin: str | None = None) -> Result:
        told = ["--stage", STAGE, "--aws", *words]
        return CliRunner().invoke(root, told, input=stdin, catch_exceptions=False)

    return type_


@pytest.fixture
def told(typed: Any) -> Any:
    """Type a command with --json; return its parsed answer."""

    def tell(*words: str, code: int = 0) -> Any:
        result = typed(*words, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    return tell
