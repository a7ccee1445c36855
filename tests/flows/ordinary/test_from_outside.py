"""Other programs use the cloud as they use AWS: boto3 and `aws` from processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clouds import EVENTS, PROJECT, Desk

ORDINARY = json.loads((EVENTS / "ordinary_ticket.json").read_text(encoding="utf-8"))["detail"]
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:interlock-dev-supervise_run"


@pytest.fixture(scope="module")
def run(desk: Desk) -> dict[str, Any]:
    return desk.triaged("O-1")


def environment(desk: Desk, home: Path) -> dict[str, str]:
    """Return what `local up` prints, and nothing else of AWS."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**mine, **desk.cloud.environment, "HOME": str(home), "AWS_PAGER": ""}


def aws(desk: Desk, home: Path, *words: str) -> Any:
    """Run the AWS command line; return its JSON."""
    command = [str(Path(sys.executable).with_name("aws")), *words, "--output", "json"]
    done = subprocess.run(
        command,
        env=environment(desk, home),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def test_aws_lists_executions_and_reads_a_history(desk: Desk, run: dict[str, Any], tmp_path: Path):
    """By the names that the console would show."""
    listed = aws(desk, tmp_path, "stepfunctions", "list-executions", "--state-machine-arn", MACHINE)
    names = {e["name"]: e["executionArn"] for e in listed["executions"]}
    arn = names[run["pk"]]
    history = aws(desk, tmp_path, "stepfunctions", "get-execution-history", "--execution-arn", arn)
    types = [event["type"] for event in history["events"]]

    assert (types[0], types[-1]) == ("ExecutionStarted", "ExecutionSucceeded")


def test_aws_puts_an_event_and_queries_a_table(desk: Desk, tmp_path: Path):
    """The event becomes a run, which a query finds."""
    entry = {
        "EventBusName": desk.names["EventBusName"],
        "Source": "helpdesk",
        "DetailType": "Ticket Opened",
        "Detail": json.dumps({**ORDINARY, "ticket_id": "O-2"}),
    }

    put = aws(desk, tmp_path, "events", "put-events", "--entries", json.dumps([entry]))
    desk.closed("O-2")
    found = aws(
        desk,
        tmp_path,
        *("dynamodb", "query", "--table-name", desk.names["RunsTable"]),
        *("--key-condition-expression", "pk = :run"),
        *("--expression-attribute-values", json.dumps({":run": {"S": desk.run_name("O-2")}})),
    )

    assert put["FailedEntryCount"] == 0
    assert [i["status"]["S"] for i in found["Items"] if i["sk"]["S"] == "run"] == ["SUCCEEDED"]


PROGRAM = """
import json, sys, boto3
machine, bus, table, run, entry = sys.argv[1:]
states, tables = boto3.client("stepfunctions"), boto3.client("dynamodb")
pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
arns = {e["name"]: e["executionArn"] for page in pages for e in page["executions"]}
history = states.get_execution_history(executionArn=arns[run])["events"]
put = boto3.client("events").put_events(Entries=[json.loads(entry)])
items = tables.query(TableName=table, KeyConditionExpression="pk = :run",
                     ExpressionAttributeValues={":run": {"S": run}})["Items"]
print(json.dumps([history[-1]["type"], put["FailedEntryCount"], len(items)]))
"""


def test_boto3_in_another_process_does_the_same(desk: Desk, run: dict[str, Any], tmp_path: Path):
    """With nothing but the environment that the cloud tells."""
    entry = {
        "EventBusName": desk.names["EventBusName"],
        "Source": "helpdesk",
        "DetailType": "Ticket Opened",
        "Detail": json.dumps({**ORDINARY, "ticket_id": "O-3"}),
    }
    names = (MACHINE, desk.names["EventBusName"], desk.names["RunsTable"], run["pk"])

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names, json.dumps(entry)],
        env=environment(desk, tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(done.stdout) == ["ExecutionSucceeded", 0, 4]
    assert desk.closed("O-3")["status"] == "SUCCEEDED"
