"""What a run makes of a model that answers badly: never a success, and never more than it cost."""

from decimal import Decimal
from typing import Any

import pytest

from tests.clouds import Desk, model_goes_wrong, wait_for

GOOD = ("SUCCEEDED", "")
REPAIRED = ("REPAIRED", "")
CUT = {"text": '{"category": "bil', "finish_reason": "length"}
WORST = 3  # attempts of the task, of which its one target sees two if the answer is bad

WRONG: dict[str, tuple[list[dict[str, Any]], tuple[str, str], int]] = {
    # the provider's next answers; the step's outcome and reason; attempts
    "prose once": ([{"text": "It is about billing."}], REPAIRED, 2),
    "prose for good": ([{"text": "Billing!"}] * WORST, ("REJECTED_OUTPUT", "NO_JSON"), 2),
    "another enum value": (
        [{"text": '{"category": "nonsense"}'}] * WORST,
        ("REJECTED_OUTPUT", "SCHEMA"),
        2,
    ),
    "a key twice": (
        [{"text": '{"category": "billing", "category": "spam"}'}] * WORST,
        ("REJECTED_OUTPUT", "NOT_STRICT"),
        2,
    ),
    "two values": ([{"text": '{} {"a": 1}'}] * WORST, ("REJECTED_OUTPUT", "TWO_VALUES"), 2),
    "a cut answer": ([CUT] * WORST, ("REJECTED_OUTPUT", "CUT"), 1),
    "an empty answer": ([{"text": ""}] * WORST, ("REJECTED_OUTPUT", "EMPTY"), 1),
    "a filter": (
        [{"finish_reason": "content_filter"}] * WORST,
        ("REJECTED_OUTPUT", "REFUSED"),
        1,
    ),
    "a throttle that says how long": ([{"status": 429, "retry_after": "9"}], GOOD, 2),
    "a throttle that does not": ([{"status": 429}], GOOD, 2),
    "500": ([{"status": 500}], GOOD, 2),
    "503": ([{"status": 503}], GOOD, 2),
    "a page of HTML with 200": ([{"raw": "<html>maintenance</html>"}], GOOD, 2),
    "50 MB": ([{"pad": 50_000_000}], GOOD, 2),
    "a wrong key": ([{"status": 401}] * WORST, ("FAILED", "REJECTED"), 1),
    "a cut connection": ([{"drop": True}], GOOD, 2),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_model_that_goes_wrong_has_a_named_outcome(desk: Desk, model: str, what: str):
    """The step says what was wrong; where it ends badly nothing is drafted and nothing written."""
    require_named_outcome(desk, model, what)


def require_named_outcome(desk: Desk, model: str, what: str) -> None:
    """Let the provider go wrong as `WRONG` says, and hold the run to what must follow."""
    answers, (outcome, reason), attempts = WRONG[what]
    ticket = f"A-{list(WRONG).index(what)}"
    model_goes_wrong(model, *answers)

    run = desk.triaged(ticket)

    step = next(s for s in desk.steps(run["pk"]) if s["sk"].startswith("step#Classify"))
    tried = [entry for name, entry in step.items() if name.startswith("attempt#")]
    assert (step["outcome"], len(tried)) == (outcome, attempts)
    assert step["reason"].startswith(reason)
    assert {entry["mark"] for entry in tried} == {"answered"}
    if outcome in ("SUCCEEDED", "REPAIRED"):
        assert run["status"] == "SUCCEEDED"
    else:
        assert (run["status"], run["reason"]) == ("FAILED", step["reason"])
        assert list(desk.outcomes(run["pk"])) == ["Classify"]
        assert desk.crm_writes(ticket) == []


def test_what_an_unknown_end_may_have_cost_is_booked_at_worst(desk: Desk, model: str):
    """Sent, and no usage came back: the reservation's worst case counts, not nothing."""
    model_goes_wrong(model, {"drop": True})

    run = desk.triaged("A-unknown")

    step = next(s for s in desk.steps(run["pk"]) if s["sk"].startswith("step#Classify"))
    first, second = (step[name] for name in sorted(n for n in step if n.startswith("attempt#")))
    assert Decimal(first["usd"]) > Decimal(second["usd"]) > 0
    assert first["input_tokens"] == 0


def test_a_model_that_hangs_is_given_up_at_its_deadline(desk: Desk, model: str):
    """Nobody knows whether it served: its worst case is booked, and the run says why.

    The deadline is the step's: once it is over, nothing is tried again.
    """
    before = _unconfirmed(desk)
    model_goes_wrong(model, {}, {"hang": True})

    run = desk.triaged("A-hangs")

    step = next(s for s in desk.steps(run["pk"]) if s["sk"].startswith("step#Draft"))
    tried = [entry for name, entry in step.items() if name.startswith("attempt#")]
    assert (step["outcome"], step["reason"]) == ("FAILED", "UNKNOWN")
    assert (run["status"], run["reason"]) == ("FAILED", "UNKNOWN")
    assert len(tried) == 1
    assert _unconfirmed(desk) - before == sum(Decimal(entry["usd"]) for entry in tried) > 0
    assert not any(run["pk"] in name for shard in _shards(desk) for name in shard["open"])
    assert desk.crm_writes("A-hangs") == []
    assert desk.evidence(run["pk"]).findings == []


def test_a_model_that_counts_more_than_its_bound_wakes_somebody_and_raises_it(
    desk: Desk, model: str
):
    """It is booked as it is and alarmed; the next run's call is bounded by it, once it is sent."""
    model_goes_wrong(model, {"usage": {"prompt_tokens": 9_000}})
    try:
        first = _classified(desk, "A-dear")
        second = _classified(desk, "A-dear-again")
    finally:
        health = {"pk": {"S": "target#loopback"}, "sk": {"S": "health"}}
        desk.dynamodb.delete_item(TableName=desk.names["LedgerTable"], Key=health)

    [dear] = _tried(first)
    sent_back, sent = _tried(second)
    assert dear["input_tokens"] == 9_000
    told = wait_for(lambda: desk.reported("call_model", "CostAboveBound"), "the metric")
    assert (told["stage"], told["CostAboveBound"]) == ("dev", [1])
    assert (sent_back["mark"], sent["mark"]) == ("unsent", "answered")


def _classified(desk: Desk, ticket: str) -> dict[str, Any]:
    run = desk.triaged(ticket)
    return next(s for s in desk.steps(run["pk"]) if s["sk"].startswith("step#Classify"))


def _tried(step: dict[str, Any]) -> list[dict[str, Any]]:
    names = sorted(name for name in step if name.startswith("attempt#"))
    return [step[name] for name in names]


def _shards(desk: Desk) -> list[dict[str, Any]]:
    return [item for item in desk.items("LedgerTable") if item["sk"].startswith("shard#")]


def _unconfirmed(desk: Desk) -> Decimal:
    return sum((Decimal(shard["unconfirmed"]) for shard in _shards(desk)), Decimal(0))
