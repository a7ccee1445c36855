"""The command line against a running cloud: each command, as a person types it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from interlock.cli import stage
from interlock.cli.root import root
from interlock.cli.stage import Stage, connect
from interlock.local.cloud import Cloud
from tests.clouds import EVENTS, STATE, assembly, wait_for

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
ORDINARY = json.loads((EVENTS / "ordinary_ticket.json").read_text(encoding="utf-8"))["detail"]
Tell = Callable[..., Any]


def forget_keys(patch: pytest.MonkeyPatch) -> None:
    """Take away the keys of the shell, and those that a test of this process left there."""
    for name in CREDENTIALS:
        patch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Run a cloud on the machine's own time: people look at today's runs."""
    with Cloud.start(assembly(), STATE) as cloud:
        yield cloud
    shutil.rmtree(cloud.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def connection(cloud: Cloud) -> Stage:
    """Connect once, without keys: a client takes longer to make than a command to run."""
    with pytest.MonkeyPatch.context() as patch:
        forget_keys(patch)
        return connect("dev", endpoint=cloud.endpoint)


@pytest.fixture
def typed(
    cloud: Cloud, connection: Stage, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Type a command; return what it did."""
    monkeypatch.setattr(stage, "connect", lambda *_, **__: connection)
    forget_keys(monkeypatch)

    def type_(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(root, ["--endpoint", cloud.endpoint, *words])
        assert result.exit_code == code, (words, result.output)
        return result

    return type_


@pytest.fixture
def told(typed: Callable[..., Result]) -> Tell:
    """Type a command with --json; return its parsed answer."""
    return lambda *words, code=0: json.loads(typed(*words, "--json", code=code).stdout)


@pytest.fixture
def triaged(told: Tell) -> Callable[..., dict[str, Any]]:
    """Put a ticket and follow it; return what became of it."""

    def triage(ticket: str, *, code: int = 0) -> dict[str, Any]:
        detail = json.dumps({**ORDINARY, "ticket_id": ticket})
        words = ("events", "put", "triage_ticket", "--detail", detail, "--wait")
        became: dict[str, Any] = told(*words, code=code)["became"]
        return became

    return triage


def test_an_event_is_followed_to_its_run_and_looked_at(triaged, typed, told):
    """Put, list, show, why, logs, evidence: one ticket through all of them."""
    run = triaged("C-1")["run"]

    assert told("runs", "list")["runs"][0]["run"] == run
    seen = told("runs", "show", "last", "--check")
    assert [step["step"].partition(".")[0] for step in seen["steps"]] == [
        "Classify",
        "DraftReply",
        "UpdateTicket",
    ]
    assert seen["totals"]["models"] == ["embedded-lexical-1"]
    assert "succeeded after 3 steps" in typed("runs", "why", run).stdout
    functions = {line["function"] for line in told("runs", "logs", run)["lines"]}
    assert {"receive_event", "prepare_call", "call_system", "complete_run"} <= functions
    [chain] = told("evidence", "show", run, "--step", "run")["chains"]
    kinds = [record["kind"] for record in chain["records"]]
    assert kinds == ["admitted", "completed", "seal"]
    assert told("evidence", "verify", "--all")["findings"] == 0


def test_the_same_event_again_leads_to_the_same_run(triaged):
    """A repeat is told as one."""
    run = triaged("C-2")["run"]

    again = triaged("C-2")

    assert (again["became"], again["run"]) == ("repeat", run)


def test_what_was_refused_is_corrected_and_replayed(told, typed, tmp_path):
    """Refused, listed, shown raw, corrected, let in."""
    detail = json.dumps({**ORDINARY, "ticket_id": "C-3", "customer_email": "\u202enone"})

    became = told("events", "put", "triage_ticket", "--detail", detail, "--wait", code=1)["became"]

    assert (became["status"], became["reason"]) == ("REJECTED", "SCHEMA")
    assert told("events", "list")["refused"][0]["refused"] == became["refused"]
    assert r"\u{202e}none" in typed("events", "show", "last", "--raw").stdout
    corrected = tmp_path / "corrected.json"
    corrected.write_text(json.dumps({**ORDINARY, "ticket_id": "C-3"}))
    words = ("events", "replay", became["refused"][:12], "--event", str(corrected), "--wait")
    assert told(*words)["became"]["status"] == "SUCCEEDED"


def test_a_stop_is_seen_by_the_gate_and_explained(triaged, told, typed):
    """A stopped system gets nothing; `why` says so, and clearing it opens the way."""
    told("stop", "set", "target:crm", "--why", "it writes nonsense")

    run = triaged("C-4", code=1)["run"]

    explained = told("runs", "why", run)
    told("stop", "clear", "target:crm", "--why", "mended")
    assert "An emergency stop forbade the call" in explained["meaning"]
    assert explained["next"] == "interlock stop show"
    assert triaged("C-5")["status"] == "SUCCEEDED"
    assert "nothing is stopped" in typed("stop", "show").stdout


def test_a_held_run_is_cancelled(told, typed):
    """While everything is stopped a run is held; cancelled, it says who and why."""
    told("stop", "set", "everything", "--why", "a drill")
    detail = json.dumps({**ORDINARY, "ticket_id": "C-6"})
    typed("events", "put", "triage_ticket", "--detail", detail)

    def held() -> Any:
        return told("runs", "list", "--status", "HELD")["runs"]

    run = wait_for(held, "a held run")[0]["run"]

    assert "An emergency stop holds it" in typed("runs", "why", run).stdout
    assert told("runs", "cancel", run, "--why", "not needed")["status"] == "CANCELLED"
    told("stop", "clear", "everything", "--why", "over")
    assert "not needed" in typed("runs", "why", run).stdout
    assert told("evidence", "verify", run)["ok"]
    assert "is CANCELLED" in typed("runs", "cancel", run, "--why", "again", code=4).stderr


def test_a_task_is_shown_and_its_live_version_stays(told):
    """Promoting what is live changes nothing."""
    shown = told("tasks", "show", "classify_ticket")

    answer = told("tasks", "promote", "classify_ticket", "--latest", "--why", "look")

    assert answer["version"] == shown["live"]["version"]
    assert not answer["changed"]
    assert "system" in shown["document"]


def test_the_estimate_is_near_what_was_counted(cloud, triaged, told):
    """Requests to stores are computed; the cloud counts the true ones."""
    cloud.post("calls/reset")
    run = triaged("C-7")["run"]
    aws = told("runs", "show", run)["aws"]

    counted = cloud.get("calls")
    units = {"read": Decimal(0), "write": Decimal(0)}
    for entry in counted["units"]:
        ours = "-SweepRole" not in entry["role"] and entry["role"] != "developer"
        if ours and entry["kind"] in units:
            units[entry["kind"]] += Decimal(str(entry["units"]))
    puts = sum(c["calls"] for c in counted["calls"] if c["action"] == "PutObject")

    stores = units["write"] * Decimal("0.000000625") + units["read"] * Decimal("0.000000125")
    assert Decimal(aws["dynamodb_usd"]) == pytest.approx(stores, rel=Decimal("0.25"))
    assert Decimal(aws["s3_usd"]) == pytest.approx(puts * Decimal("0.000005"), rel=Decimal("0.1"))


LOOKS = ("runs list", "runs show last", "runs why last", "runs logs last", "events list")
SETS, CLEARS = "stop set target:x --why y", "stop clear target:x --why y"
VERIFIES = "evidence verify last"
RAISES = "budgets raise organisation --to 200 --why y"
LOWERS = "budgets lower organisation --to 100 --why y"
ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "operator": (
        (*LOOKS, "evidence show last", "tasks show draft_reply", "stop show", SETS, CLEARS),
        (VERIFIES, RAISES),
    ),
    "treasurer": (
        ("runs list", "cost report", "budgets show", RAISES, LOWERS, "budgets show organisation"),
        (SETS, "runs cancel last --why x"),
    ),
    "auditor": (
        (*LOOKS, "evidence show last", VERIFIES, "stop show"),
        (SETS, "runs cancel last --why x"),
    ),
    "author": ((*LOOKS, "tasks show draft_reply"), (SETS, VERIFIES)),
    "approver": (("runs list", "runs show last", "inbox"), (SETS, "events list")),
}
"""What each kind of person may type, and what is refused."""


@pytest.mark.parametrize("role", ROLES)
def test_the_ready_made_roles_may_do_their_work_and_no_more(
    cloud, connection, triaged, monkeypatch, role
):
    """Each kind of person can type what they are for; the rest is refused with code 4."""
    triaged(f"C-{role}")
    # where things lie is the developer's answer here: what may be done with them is the test
    monkeypatch.setattr(Stage, "outputs", connection.outputs)
    monkeypatch.setattr(stage, "connect", connect)
    arn = f"arn:aws:iam::{cloud.described['account']}:role/interlock-dev-{role}"
    for name, value in cloud.post("credentials", role=arn).items():
        monkeypatch.setenv(name.upper(), value)
    may, may_not = ROLES[role]

    ended = {
        words: CliRunner().invoke(root, ["--endpoint", cloud.endpoint, *words.split()]).exit_code
        for words in (*may, *may_not)
    }

    # promoting what is live asks nothing of the control plane, so nothing refuses it
    allowed = {words for words in may_not if words.startswith("tasks promote")}
    expected = dict.fromkeys(may, 0) | {w: 0 if w in allowed else 4 for w in may_not}
    assert ended == expected


def test_piped_output_holds_nothing_but_text(cloud, triaged):
    """As a process of its own: no colour, no spinner, no traceback; found by its endpoint."""
    triaged("C-8")
    command = str(Path(sys.executable).with_name("interlock"))
    environment = {k: v for k, v in os.environ.items() if k not in CREDENTIALS}

    done = subprocess.run(
        [command, "runs", "show", "last"],
        env={**environment, "AWS_ENDPOINT_URL": cloud.endpoint},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    assert "SUCCEEDED" in done.stdout
