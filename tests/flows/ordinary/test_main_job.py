"""The main job: an event becomes a triaged ticket, and everything of it is on record."""

import collections
import json
from typing import Any

import pytest

from functions.core.domain.events import SIGNATURE, unsigned
from tests.clouds import Desk
from tests.flows.everything import denied
from tests.listener import Listener

TICKETS = {
    "ordinary_ticket": ("billing", "en", "answered"),
    "german_ticket": ("account", "de", "answered"),
    "spam_ticket": ("spam", "en", "closed"),
}


@pytest.fixture(scope="module", params=TICKETS)
def sample(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def run(desk: Desk, bus: Listener, sample: str) -> dict[str, Any]:
    return desk.triaged(f"M-{sample}", sample=sample)


def test_a_ticket_is_triaged(run: dict[str, Any], sample: str):
    """Category, language and action are the sample's; nothing failed on the way."""
    output = json.loads(run["output"])

    assert (run["status"], run["reason"]) == ("SUCCEEDED", "")
    assert (output["category"], output["language"], output["action"]) == TICKETS[sample]
    assert output["ticket_id"] == f"M-{sample}"


def test_its_steps_are_on_record(desk: Desk, run: dict[str, Any], sample: str):
    """Spam is classified and closed; any other ticket is classified, answered and updated."""
    spam = ["Classify", "CloseTicket"]
    other = ["Classify", "DraftReply", "UpdateTicket"]
    expected = spam if sample == "spam_ticket" else other

    assert desk.outcomes(run["pk"]) == dict.fromkeys(expected, ("SUCCEEDED", ""))
    assert run["totals"]["attempts"] == len(expected)


def test_the_crm_wrote_it_once(desk: Desk, run: dict[str, Any], sample: str):
    """By the CRM's own log, under the key of run and step."""
    [write] = desk.crm_writes(f"M-{sample}")

    assert write["closes"] == (sample == "spam_ticket")
    assert write["key"].startswith(f"{run['pk']}/")


def test_its_evidence_verifies(desk: Desk, run: dict[str, Any]):
    """A chain a step and one of the run, each sealed, each record copied."""
    verdict = desk.evidence(run["pk"])

    assert verdict.findings == []
    assert verdict.sealed
    assert verdict.chains == run["totals"]["steps"] + 1


def test_the_declared_event_is_emitted(desk: Desk, bus: Listener, run: dict[str, Any]):
    """Signed, one hop on, with the declared fields and nothing else of the ticket."""
    event = bus.hear(
        lambda e: e["detail-type"] == "Ticket Triaged" and e["detail"]["run"] == run["pk"]
    )
    detail = event["detail"]
    output = json.loads(run["output"])
    fields = ("ticket_id", "category", "urgency", "language", "sentiment", "action")

    assert unsigned(desk.keys, detail) == {
        "run": run["pk"],
        "hops": 1,
        **{name: output[name] for name in fields},
    }
    assert unsigned(desk.keys, {**detail, "category": "other"}) is None, "the signature covers it"
    assert set(detail) - set(fields) == {"run", "hops", "schema_version", "event_id", SIGNATURE}


def test_an_ai_step_is_five_states_and_three_functions(desk: Desk, run: dict[str, Any]):
    """What an AI step costs when all goes well (StateEntered, Lambda calls)."""
    executions = desk.executions("run_ai_task")
    mine = [arn for name, arn in executions.items() if name.startswith(run["pk"][-26:])]
    assert mine

    for arn in mine:
        events = desk.history(arn)
        entered = [e["stateEnteredEventDetails"]["name"] for e in events if _entered(e)]
        called = collections.Counter(e["type"] for e in events)["TaskScheduled"]
        assert entered == ["PrepareCall", "CallModel", "CheckAnswer", "RouteByVerdict", "End"]
        assert called == 3


def _entered(event: dict[str, Any]) -> bool:
    return event["type"].endswith("StateEntered")


def test_nothing_was_denied(desk: Desk, run: dict[str, Any]):
    """Each role may do what its function does."""
    assert denied(desk.cloud) == []
