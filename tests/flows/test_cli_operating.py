"""Operating a stage from the command line: doctor, dead letters, following a run."""

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from interlock.cli import stage
from interlock.cli.root import root
from interlock.cli.stage import Stage, connect
from interlock.local.cloud import Cloud
from tests.clouds import EVENTS, STATE, assembly, wait_for
from tests.flows.test_cli_commands import forget_keys

ORDINARY = json.loads((EVENTS / "ordinary_ticket.json").read_text(encoding="utf-8"))["detail"]
Tell = Callable[..., Any]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Run a cloud that leaps over idle time: nobody waits a minute for the sweep."""
    with Cloud.start(assembly(), STATE, clock="leaping") as cloud:
        yield cloud
    shutil.rmtree(cloud.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def connection(cloud: Cloud) -> Stage:
    """Connect once."""
    with pytest.MonkeyPatch.context() as patch:
        forget_keys(patch)
        return connect("dev", endpoint=cloud.endpoint)


@pytest.fixture
def told(cloud: Cloud, connection: Stage, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Type a command with --json; return its parsed answer."""
    monkeypatch.setattr(stage, "connect", lambda *_, **__: connection)
    forget_keys(monkeypatch)

    def tell(*words: str, code: int = 0) -> Any:
        result = CliRunner().invoke(root, ["--endpoint", cloud.endpoint, *words, "--json"])
        assert result.exit_code == code, (words, result.output)
        return json.loads(result.stdout)

    return tell


def given_up(connection: Stage, queue: str, ticket: str) -> None:
    """Put an envelope where a message ends that the door failed on."""
    envelope = {
        "v": 1,
        "workflow": "triage_ticket",
        "source": "api",
        "event": {**ORDINARY, "ticket_id": ticket},
    }
    client, url = connection.client("sqs"), connection.output(queue)
    client.send_message(QueueUrl=url, MessageBody=json.dumps(envelope))


def test_the_doctor_finds_a_stage_well_and_says_what_is_not_played(told: Tell) -> None:
    """Tables, schedules, the sweep's heartbeat and empty queues."""

    def beating() -> Any:
        found = told("doctor")["findings"]
        states = {one["what"]: one["status"] for one in found}
        return states if states["heartbeat"] == "ok" else None

    states = wait_for(beating, "the sweep", 90)

    assert states["tables"] == states["schedules"] == states["undelivered work"] == "ok"
    assert states["alarms"] == states["bootstrap"] == "skip"


def test_a_dead_letter_is_found_replayed_and_followed(told: Tell, connection: Stage) -> None:
    """The doctor points at it; the run is the ticket's."""
    given_up(connection, "IntakeDlqUrl", "DLQ-1")
    [warned] = [one for one in told("doctor")["findings"] if one["what"] == "intake dead letters"]

    [letter] = told("dlq", "list")["letters"]
    shown = told("dlq", "show", letter["message"][:8], "--raw")
    told("dlq", "replay", letter["message"][:8])

    assert (warned["status"], warned["then"]) == ("warn", "interlock dlq list")
    assert (letter["queue"], letter["workflow"]) == ("intake", "triage_ticket")
    assert "DLQ-1" in shown["raw"]
    assert told("dlq", "list")["letters"] == []
    run = wait_for(lambda: told("runs", "list")["runs"], "the run")[0]["run"]
    followed = told("runs", "show", run, "--follow", "--check")
    assert (followed["input"]["ticket_id"], followed["links"]) == ("DLQ-1", {})


def test_a_discarded_letter_stands_among_what_was_refused(told: Tell, connection: Stage) -> None:
    """With who and why; it can still be replayed."""
    given_up(connection, "UndeliveredQueueUrl", "DLQ-2")
    [letter] = told("dlq", "list")["letters"]

    gone = told("dlq", "discard", letter["message"], "--why", "made by a test")

    assert letter["queue"] == "undelivered"
    assert told("dlq", "list")["letters"] == []
    refused = told("events", "show", gone["refused"])
    assert refused["reason"] == "DISCARDED"
    assert refused["detail"].endswith(": made by a test")
