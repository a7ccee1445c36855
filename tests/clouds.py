"""Laptop clouds for tests: the project's own templates, or the same with a priced model."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from functions.core.domain.keys import Keyring, keyed_hash
from functions.core.domain.names import dedup_text, run_name
from interlock.cli.evidence_check import Verdict, verify_run
from interlock.cli.stage import Stage
from interlock.local.cloud import Cloud
from interlock.local.settings import REGION
from interlock.local.synth import synthesize

PROJECT = Path(__file__).resolve().parents[1]
STATE = PROJECT / ".interlock"
EXAMPLES = PROJECT / "examples"
EVENTS = PROJECT / "statemachines" / "workflows" / "triage_ticket" / "events"
CLOSED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "SKIPPED"})
_plain = TypeDeserializer().deserialize

PRICED_TARGET = """
[targets.loopback]
dialect = "openai_chat"
model = "loopback-1"
base_url = "http://127.0.0.1:9/v1"
capabilities = ["json_schema"]
max_data_class = "personal"

[targets.loopback.limits]
context_tokens = 65536
output_tokens = 4096

[targets.loopback.prices]
input_usd_per_million = "2.50"
output_usd_per_million = "10.00"
as_of = 2026-11-22
source = "made up for tests"
"""

SCANNED = "sort_scan"
"""An external workflow whose AI task reads a PDF, a long one part by part."""
SCANS = """
[inputs.text]
kind = "pdf"
max_characters = 80
when_longer = "chunk"
"""
SETTLED = "settle_product"
"""An external workflow whose AI task is asked until two answers agree, and then not again."""
SETTLING = """
[sampling]
temperature = 0.7

[agreement]
samples = 3
quorum = 2
on = ["/category"]

[cache]
ttl_seconds = 3600
"""


def assembly() -> Path:
    """Return the project's own cloud assembly."""
    return synthesize(PROJECT)


def priced_assembly(external: Sequence[str] = ("sort_product",), *, patient: bool = False) -> Path:
    """Return the assembly whose default route is a priced target on the loopback.

    Its calls to the CRM and its drafts give up sooner, so that a hanging system or model costs a
    test two seconds; and its workflow may read a ticket too, which is the one operation whose
    answer holds a personal value. External workflows of the examples are there, too. A *patient*
    one gives up as late as the project's own.
    """
    made = Path(tempfile.mkdtemp(prefix="priced.", dir=_made(PROJECT / "build")))
    try:
        _write_priced(made, external)
        if not patient:
            _give_up_sooner(made)
        target = made.with_name(f"priced-{_digest(made)}")
        if not target.is_dir():
            made.rename(target)
    except OSError:  # another process was faster
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    folder = target.relative_to(PROJECT)
    context = {"catalog_dir": f"{folder}/catalog", "workflows_dir": f"{folder}/workflows"}
    return synthesize(PROJECT, context=context)


def _write_priced(folder: Path, external: Sequence[str]) -> None:
    shutil.copytree(PROJECT / "catalog", folder / "catalog")
    shutil.copytree(PROJECT / "statemachines" / "workflows", folder / "workflows")
    shutil.copytree(EXAMPLES / "catalog", folder / "catalog", dirs_exist_ok=True)
    for name in external:
        shutil.copytree(EXAMPLES / "workflows" / name, folder / "workflows" / name)
    _vary(folder, "sort_product", SETTLED, SETTLING)
    if "sort_document" in external:
        _vary_scans(folder)
    models = folder / "catalog" / "models.toml"
    before, _, _ = models.read_text(encoding="utf-8").partition("[routes]")
    models.write_text(f'{before}{PRICED_TARGET}\n[routes]\ndefault = ["loopback"]\n')
    workflow = folder / "workflows" / "triage_ticket" / "workflow.toml"
    _replace(workflow, '["crm.update_ticket"', '["crm.update_ticket", "crm.get_ticket"')


def _give_up_sooner(folder: Path) -> None:
    _replace(folder / "catalog" / "systems" / "crm.toml", "read_seconds = 10.0", "read_seconds = 2")
    draft = folder / "catalog" / "ai_tasks" / "draft_reply" / "task.toml"
    _replace(draft, "deadline_seconds = 120", "deadline_seconds = 2")


def _vary(folder: Path, of: str, name: str, tables: str) -> None:
    """Copy a workflow and its AI task under another *name*, the task with more *tables*."""
    for kind, file in (("catalog/ai_tasks", "task.toml"), ("workflows", "workflow.toml")):
        made = folder / kind / name
        shutil.copytree(EXAMPLES / kind / of, made)
        _replace(made / file, f'"{of}"', f'"{name}"')
    _replace(folder / "catalog/ai_tasks" / name / "task.toml", "[limits]", f"{tables}\n[limits]")


def _vary_scans(folder: Path) -> None:
    """Let what SCANNED sorts be a PDF."""
    _vary(folder, "sort_document", SCANNED, SCANS)
    for place in ("catalog/ai_tasks", "workflows"):
        for file in (folder / place / SCANNED).glob("*.schema.json"):
            schema = json.loads(file.read_text(encoding="utf-8"))
            if "text" in schema["properties"]:
                schema["properties"]["text"] = {"type": ["string", "object"]}
                file.write_text(json.dumps(schema), encoding="utf-8")


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} does not say {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:12]


@contextmanager
def model_provider(log: Path | None = None) -> Iterator[str]:
    """Run a model provider as a process of its own; yield its base URL."""
    command = [sys.executable, "-m", "tests.loopback_model", *(["--log", str(log)] if log else [])]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def model_goes_wrong(url: str, *answers: dict[str, Any]) -> None:
    """Make the provider's next answers other than they should be; see its module."""
    _post(f"{url}/_next", list(answers))


@contextmanager
def model_obeys(url: str) -> Iterator[None]:
    """Let the provider do what it reads; see its module."""
    _post(f"{url}/_obey", body=True)
    try:
        yield
    finally:
        _post(f"{url}/_obey", body=False)


def priced_parameters(url: str) -> dict[str, str]:
    """Return the template parameters that lead the priced target to *url*."""
    return {"ModelBaseUrls": json.dumps({"loopback": url})}


class Desk:
    """What a test does with a cloud: open tickets, and look at what became of them."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.client = cache(cloud.client)  # making one takes longer than using it
        self.names = cloud.outputs("interlock-dev-platform")
        self.events = self.client("events")
        self.dynamodb = self.client("dynamodb")
        self.functions = self.client("lambda")

    @property
    def assembly(self) -> Path:
        """The assembly that the cloud was started from."""
        return Path(self.cloud.described["assembly"])

    def open(self, ticket: str, *, sample: str = "ordinary_ticket", **changes: Any) -> None:
        """Put the event of a new ticket."""
        event = json.loads((EVENTS / f"{sample}.json").read_text(encoding="utf-8"))
        self.put({**event["detail"], "ticket_id": ticket, **changes})

    def put(
        self, detail: Any, *, source: str = "helpdesk", detail_type: str = "Ticket Opened"
    ) -> None:
        """Put one event on the stage's bus."""
        entry = {
            "EventBusName": self.names["EventBusName"],
            "Source": source,
            "DetailType": detail_type,
            "Detail": detail if isinstance(detail, str) else json.dumps(detail),
        }
        answer = self.events.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer

    def items(self, table: str, **query: Any) -> list[dict[str, Any]]:
        """Return all items of a table, or of a query's pages."""
        reader = self.dynamodb.get_paginator("query" if query else "scan")
        pages = reader.paginate(TableName=self.names[table], ConsistentRead=True, **query)
        return [{n: _plain(v) for n, v in raw.items()} for p in pages for raw in p["Items"]]

    def runs(self) -> list[dict[str, Any]]:
        """Return the run items."""
        return [item for item in self.items("RunsTable") if item["sk"] == "run"]

    def steps(self, run: str) -> list[dict[str, Any]]:
        """Return the step items of a run, by name."""
        items = self.items("RunsTable")
        return [i for i in items if i["pk"] == run and i["sk"].startswith("step#")]

    @cached_property
    def keys(self) -> Keyring:
        """The stage's keys, as its functions derive them."""
        return Keyring(self.master_secret)

    @cached_property
    def master_secret(self) -> str:
        """The master secret."""
        return self._secret(self.names["MasterSecretArn"])

    @cached_property
    def crm_token(self) -> str:
        """What opens the CRM."""
        return self._secret(json.loads(self.names["SystemSecretArns"])["crm"])

    def _secret(self, arn: str) -> str:
        client = self.client("secretsmanager")
        return client.get_secret_value(SecretId=arn)["SecretString"]

    def run_name(self, ticket: str) -> str:
        """Return what the run of a ticket is called."""
        return run_name(self.keys.naming, "dev", "triage_ticket", dedup_text([ticket]))

    def item(self, table: str, pk: str, sk: str) -> dict[str, Any] | None:
        """Return one item."""
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        table = self.names[table]
        raw = self.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        return {n: _plain(v) for n, v in raw.items()} if raw else None

    def forget_throttle(self, target: str = "loopback") -> None:
        """Wait until everybody knows that *target* is throttled, and let nobody know it any more.

        So one run waits for hours, and the others are served.
        """
        health = f"target#{target}"
        wait_for(
            lambda: (self.item("LedgerTable", health, "health") or {}).get("throttled_until"),
            f"the throttle of {target}",
        )
        key = {"pk": {"S": health}, "sk": {"S": "health"}}
        self.dynamodb.delete_item(TableName=self.names["LedgerTable"], Key=key)

    def run_of(self, ticket: str) -> dict[str, Any] | None:
        """Return the run of a ticket."""
        return self.item("RunsTable", self.run_name(ticket), "run")

    def closed(self, ticket: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until the run of a ticket is over and its evidence sealed; return it."""

        def over() -> dict[str, Any] | None:
            run = self.run_of(ticket)
            return run if run and run["status"] in CLOSED and run.get("sealed") else None

        return wait_for(over, f"the run of {ticket}", seconds)

    def triaged(self, ticket: str, **how: Any) -> dict[str, Any]:
        """Open a ticket and wait for its run."""
        self.open(ticket, **how)
        return self.closed(ticket)

    def hurry(self, found: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """Wait for what happens minutes from now, and move time on faster than it leaps.

        Only while no function runs, since time goes on for it too.
        """

        def look() -> Any:
            result = found()
            if not result and not self.cloud.status()["busy"]:
                self.cloud.tick(20)
            return result

        return wait_for(look, what, seconds)

    def outcomes(self, run: str) -> dict[str, tuple[str, str]]:
        """Return outcome and reason of a run's steps, by state name."""
        return {
            step["sk"].removeprefix("step#").split(".")[0]: (
                step.get("outcome", ""),
                step.get("reason", ""),
            )
            for step in self.steps(run)
        }

    def send(self, body: Any) -> str:
        """Put a message on the intake queue as it stands; return its text."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.client("sqs").send_message(QueueUrl=self.names["IntakeQueueUrl"], MessageBody=text)
        return text

    def refusal(self, body: Any) -> dict[str, Any]:
        """Send a message that the door has to refuse; return what it keeps of it."""
        name = keyed_hash(self.keys.refused, self.send(body).encode())
        found = wait_for(
            lambda: [item for item in self.refused() if item["pk"] == name], "a refusal", 60
        )
        return found[0]

    def executions(self, machine: str) -> dict[str, str]:
        """Return name -> ARN of the executions of a machine."""
        client = self.client("stepfunctions")
        arn = f"arn:aws:states:{REGION}:123456789012:stateMachine:interlock-dev-{machine}"
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn)
        return {e["name"]: e["executionArn"] for page in pages for e in page["executions"]}

    def history(self, arn: str) -> list[dict[str, Any]]:
        """Return the events of an execution."""
        client = self.client("stepfunctions")
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def evidence(self, run: str) -> Verdict:
        """Verify a run's evidence as `interlock evidence verify` does."""
        return verify_run(self.stage, run)

    @cached_property
    def stage(self) -> Stage:
        """The stage as the command line sees it."""
        keys = {
            "aws_access_key_id": "developer",
            "aws_secret_access_key": "developer",
            "region_name": REGION,
        }
        return Stage("dev", self.cloud.endpoint, self.cloud, keys)

    def crm_goes_wrong(self, kind: str, count: int = 1, **how: Any) -> None:
        """Make the CRM's next requests go wrong."""
        _post(f"{self.cloud.companion('crm')}/_faults", {"kind": kind, "count": count, **how})

    def crm_behaves(self) -> None:
        """Take back the faults that are still due."""
        url = f"{self.cloud.companion('crm')}/_faults"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=10).close()

    def crm_writes_under(self, key: str, ticket: str, **fields: Any) -> None:
        """Write to a ticket under *key*, as whoever used the key before would have."""
        request = urllib.request.Request(
            f"{self.cloud.companion('crm')}/tickets/{ticket}",
            json.dumps(fields).encode(),
            {"Authorization": f"Bearer {self.crm_token}", "Idempotency-Key": key},
            method="PATCH",
        )
        urllib.request.urlopen(request, timeout=10).close()

    def crm_requests(self, key: str) -> list[dict[str, Any]]:
        """Return the requests that the CRM saw whose idempotency key begins with *key*."""
        return [
            entry
            for entry in self._crm_log()
            if entry["kind"] == "request" and (entry["key"] or "").startswith(key)
        ]

    def refused(self) -> list[dict[str, Any]]:
        """Return what the door refused."""
        return self.items("RefusedTable")

    def invoke(self, function: str, **payload: Any) -> dict[str, Any]:
        """Invoke a platform function as the command line does; return its answer or error."""
        answer = self.functions.invoke(
            FunctionName=f"interlock-dev-{function}", Qualifier="live", Payload=json.dumps(payload)
        )
        return json.load(answer["Payload"])

    def reported(self, function: str, metric: str) -> dict[str, Any] | None:
        """Return the last line in which a function reported a metric (embedded metric format)."""
        log = self.cloud.logs().get(f"interlock-dev-{function}")
        text = log.read_text(encoding="utf-8") if log else ""
        lines = [line[line.index("{") :] for line in text.splitlines() if '"_aws"' in line]
        return next((line for line in map(json.loads, reversed(lines)) if metric in line), None)

    def crm_writes(self, ticket: str | None = None) -> list[dict[str, Any]]:
        """Return the writes that the CRM itself put on record: all, or those of a ticket."""
        writes = [entry for entry in self._crm_log() if entry["kind"] == "write"]
        return [w for w in writes if ticket in (None, w["ticket_id"])]

    def _crm_log(self) -> list[dict[str, Any]]:
        file = self.cloud.companion_log("crm")
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


def _post(url: str, body: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Denied(Exception):
    """Something was denied while somebody waited."""

    def __init__(self, found: list[dict[str, Any]]) -> None:
        self.found = found
        super().__init__(f"{len(found)} denials")


class _Watch(threading.local):
    """What to look at beside whatever one waits for; one a thread."""

    look: Callable[[], list[dict[str, Any]]] | None = None


_WATCH = _Watch()


@contextmanager
def watched(look: Callable[[], list[dict[str, Any]]]) -> Iterator[None]:
    """Let every wait within end with :class:`Denied` as soon as *look* finds something."""
    _WATCH.look = look
    try:
        yield
    finally:
        _WATCH.look = None


def wait_for(found: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Return what *found* finds, once it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        if _WATCH.look and (denials := _WATCH.look()):
            raise Denied(denials)
        time.sleep(0.1)
    raise TimeoutError(f"{what}: nothing within {seconds:g} s")
