"""What a run makes of a CRM that is down, slow or answers badly: one write at most."""

from typing import Any

import pytest

from tests.clouds import Desk, wait_for
from tests.gate import Gate

ANSWERED = ("SUCCEEDED", "")

FAULTS: dict[str, tuple[list[dict[str, Any]], tuple[str, str], int, int]] = {
    # the faults; the step's outcome and reason; requests; writes
    "a conflict": ([{"kind": "status", "status": 409}], ("FAILED", "CONFLICT 409"), 1, 0),
    "a refusal": ([{"kind": "status", "status": 422}], ("FAILED", "REJECTED 422"), 1, 0),
    "a redirect": ([{"kind": "redirect"}], ("FAILED", "REJECTED Redirect"), 1, 0),
    "a throttle": ([{"kind": "status", "status": 429, "retry_after": "20"}], ANSWERED, 2, 1),
    "a throttle without a time": ([{"kind": "status", "status": 429}], ANSWERED, 2, 1),
    "500 before it wrote": ([{"kind": "status", "status": 500}], ANSWERED, 2, 1),
    "500 after it wrote": ([{"kind": "fail_after_write"}], ANSWERED, 2, 1),
    "a cut connection": ([{"kind": "drop"}], ANSWERED, 2, 1),
    "cut after it wrote": ([{"kind": "drop_after_write"}], ANSWERED, 2, 1),
    "50 MB": ([{"kind": "large_body"}], ANSWERED, 2, 1),
    "a page": ([{"kind": "not_json"}], ANSWERED, 2, 1),
    "hanging": ([{"kind": "hang", "seconds": 3}], ANSWERED, 2, 1),
    "its own body": ([{"kind": "echo"}], ("FAILED", "RESPONSE_SCHEMA"), 1, 1),
    "500 for good": (
        [{"kind": "fail_after_write", "count": 5}],
        ("OUTCOME_UNKNOWN", "UNKNOWN 500"),
        5,
        1,
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_crm_that_goes_wrong_has_a_named_outcome(desk: Desk, what: str):
    """The run ends as the step's outcome says; the CRM's own log holds one write at most."""
    faults, (outcome, reason), requests, writes = FAULTS[what]
    ticket = f"S-{list(FAULTS).index(what)}"
    for fault in faults:
        desk.crm_goes_wrong(**fault)

    run = desk.triaged(ticket)

    said = desk.outcomes(run["pk"])["UpdateTicket"]
    assert said[0] == outcome
    assert said[1].startswith(reason)
    assert run["status"] == ("SUCCEEDED" if outcome == "SUCCEEDED" else "FAILED")
    assert run["reason"] == said[1]
    assert len(desk.crm_writes(ticket)) == writes
    wait_for(lambda: len(desk.crm_requests(run["pk"])) == requests, f"{requests} requests", 10)
    assert len({request["key"] for request in desk.crm_requests(run["pk"])}) == 1


def test_a_throttle_is_waited_for_as_long_as_it_says(desk: Desk):
    """Retry-After is seconds of the machine's own Wait."""
    desk.crm_goes_wrong("status", status=429, retry_after="33")

    run = desk.triaged("S-wait")

    arn = next(
        a for n, a in desk.executions("call_system").items() if n.startswith(run["pk"][-26:])
    )
    waited = [e for e in desk.history(arn) if e["type"].startswith("WaitState")]
    assert 33 <= (waited[1]["timestamp"] - waited[0]["timestamp"]).total_seconds() < 60


def test_a_crm_that_is_down_is_tried_until_it_is_up(desk: Desk, gate: Gate):
    """Refused connections sent nothing, so that trying again does no harm."""
    with gate.shut():
        desk.open("S-down")
        wait_for(lambda: _tried(desk, "S-down") >= 2, "two attempts")

    run = desk.closed("S-down")
    assert desk.outcomes(run["pk"])["UpdateTicket"] == ANSWERED
    assert len(desk.crm_writes("S-down")) == 1


def test_a_crm_that_stays_down_ends_the_step(desk: Desk, gate: Gate):
    """Five attempts, then a failure that says that nobody was there."""
    with gate.shut():
        run = desk.triaged("S-gone")

    assert desk.outcomes(run["pk"])["UpdateTicket"] == ("FAILED", "UNAVAILABLE ConnectError")
    assert (run["status"], run["reason"]) == ("FAILED", "UNAVAILABLE ConnectError")
    assert desk.crm_writes("S-gone") == []


def _tried(desk: Desk, ticket: str) -> int:
    steps = desk.steps(desk.run_name(ticket))
    return sum(name.startswith("attempt#") for s in steps if "UpdateT" in s["sk"] for name in s)
