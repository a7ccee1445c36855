"""The command line of an approver: find, read, change, decide."""

import json

import pytest
from click.testing import CliRunner

from interlock.cli import stage
from interlock.cli.root import root
from interlock.cli.stage import connect
from tests.flows.approvals.test_decisions import decided
from tests.flows.approvers import crm_record, parked
from tests.flows.people import cancel
from tests.flows.test_cli_commands import forget_keys


@pytest.fixture
def typed(cloud, monkeypatch):
    """Type a command; return what it printed."""
    forget_keys(monkeypatch)
    connection = connect("dev", endpoint=cloud.endpoint)
    monkeypatch.setattr(stage, "connect", lambda *_, **__: connection)

    def type_(*words, code=0):
        done = CliRunner().invoke(root, ["--endpoint", cloud.endpoint, *words])
        assert done.exit_code == code, (words, done.output)
        return done.output

    return type_


def test_an_approver_finds_reads_edits_and_approves(desk, typed):
    """With what `inbox` says to type, and nothing that has to be looked up elsewhere."""
    item = parked(desk, "C-A1")

    [entry] = [
        e for e in json.loads(typed("inbox", "--json"))["waiting"] if e["run"] == item["run"]
    ]
    assert (entry["why"], entry["amount"]) == (["AMOUNT_OVER_LIMIT"], "150.00")
    assert entry["groups"] == ["support-leads"]
    assert "interlock approvals show" in typed("inbox")
    shown = typed(*entry["command"].split()[1:])
    assert "150.00" in shown
    assert "interlock approvals approve" in shown
    told = typed(
        *("approvals", "edit", entry["id"], "--set", "refund=80.00"),
        *("--why", "half", "--as", "ana"),
    )

    assert "approved by ana (APPROVED_WITH_EDIT)" in told
    assert decided(desk, "C-A1") == 1
    assert crm_record(desk, "C-A1")["refund"] == "80.00"
    after = typed("approvals", "show", item["run"])
    assert "with edit (self-declared): half" in after
    assert after.count("approved") == 1
    assert item["first_hash"] in after
    assert "can be changed" not in after
    refused = typed("approvals", "approve", item["run"], code=4)
    assert "ana decided" in refused
    assert f"interlock approvals show {item['run']}" in refused
    assert "decided by ana because: half" in typed("runs", "show", item["run"])
    assert "ana decided on " in typed("runs", "why", item["run"])


def test_refusals_have_exit_codes(desk, typed):
    """4 for a no, 3 for what is not there, 2 for what can't be meant."""
    item = parked(desk, "C-A2")
    words = ("approvals", "approve", item["run"])

    assert "to decide" in typed(*words, "--as", "mallory", "--group", "interns", code=4)
    assert "not what was shown" in typed(*words, "--shown", "0" * 64, code=4)
    typed("approvals", "show", "nothing-like-it", code=3)
    typed("approvals", "edit", item["run"], "--set", "refund", "--why", "x", code=2)
    typed("approvals", "edit", item["run"], "--set", "refund=150.00", "--why", "x", code=2)
    cancel(desk, item["run"])
