"""Laptop clouds for tests: the project's own templates, or the same with a priced model."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from interlock.local.cloud import Cloud
from interlock.local.synth import synthesize

PROJECT = Path(__file__).resolve().parents[1]
STATE = PROJECT / ".interlock"
EVENTS = PROJECT / "statemachines" / "workflows" / "triage_ticket" / "events"
CLOSED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "SKIPPED"})
_plain = TypeDeserializer().deserialize

PRICED_TARGET = """
[targets.loopback]
dialect = "openai_chat"
model = "loopback-1"
base_url = "http://127.0.0.1:9/v1"
capabilities = ["json_schema"]

[targets.loopback.limits]
context_tokens = 65536
output_tokens = 4096

[targets.loopback.prices]
input_usd_per_million = "2.50"
output_usd_per_million = "10.00"
as_of = 2026-11-22
source = "made up for tests"
"""


def assembly() -> Path:
    """Return the project's own cloud assembly."""
    return synthesize(PROJECT)


def priced_assembly() -> Path:
    """Return the assembly whose default route is a priced target on the loopback."""
    folder = PROJECT / "build" / "priced_catalog"
    if not folder.is_dir():
        shutil.copytree(PROJECT / "catalog", folder, dirs_exist_ok=True)
        models = (PROJECT / "catalog" / "models.toml").read_text(encoding="utf-8")
        before, _, _ = models.partition("[routes]")
        text = f'{before}{PRICED_TARGET}\n[routes]\ndefault = ["loopback"]\n'
        (folder / "models.toml").write_text(text, encoding="utf-8")
    return synthesize(PROJECT, context={"catalog_dir": "build/priced_catalog"})


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


def priced_parameters(url: str) -> dict[str, str]:
    """Return the template parameters that lead the priced target to *url*."""
    return {"ModelBaseUrls": json.dumps({"loopback": url})}


class Desk:
    """What a test does with a cloud: open tickets, and look at what became of them."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.names = cloud.outputs("interlock-dev-platform")
        self.events = cloud.client("events")
        self.dynamodb = cloud.client("dynamodb")
        self.functions = cloud.client("lambda")

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

    def run_of(self, ticket: str) -> dict[str, Any] | None:
        """Return the run of a ticket."""
        found = (run for run in self.runs() if json.loads(run["input"]).get("ticket_id") == ticket)
        return next(found, None)

    def closed(self, ticket: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until the run of a ticket is over and its evidence sealed; return it."""

        def over() -> dict[str, Any] | None:
            run = self.run_of(ticket)
            return run if run and run["status"] in CLOSED and run.get("sealed") else None

        return wait_for(over, f"the run of {ticket}", seconds)

    def refused(self) -> list[dict[str, Any]]:
        """Return what the door refused."""
        return self.items("RefusedTable")

    def invoke(self, function: str, **payload: Any) -> dict[str, Any]:
        """Invoke a platform function as the command line does; return its answer or error."""
        answer = self.functions.invoke(
            FunctionName=f"interlock-dev-{function}", Qualifier="live", Payload=json.dumps(payload)
        )
        return json.load(answer["Payload"])

    def crm_writes(self) -> list[dict[str, Any]]:
        """Return the writes that the CRM itself put on record."""
        lines = self.cloud.companion_log("crm").read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["kind"] == "write"]


def wait_for(found: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Return what *found* finds, once it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.05)
    raise TimeoutError(f"{what}: nothing within {seconds:g} s")
