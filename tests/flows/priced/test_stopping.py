"""Cancelling, stopping and promoting while something is under way."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from tests.clouds import Desk, model_goes_wrong, wait_for
from tests.flows.people import cancel, live, promote, publish_other, stop
from tests.gate import Gate


@contextmanager
def stopped(desk: Desk, scope: str = "everything") -> Iterator[None]:
    stop(desk, scope)
    try:
        yield
    finally:
        stop(desk, scope, stopped=False)


def in_state(desk: Desk, ticket: str, *statuses: str) -> dict[str, Any]:
    """Wait until the run of a ticket is in one of *statuses*; return it."""

    def found() -> dict[str, Any] | None:
        run = desk.run_of(ticket)
        return run if run and run["status"] in statuses else None

    return wait_for(found, f"{ticket} in {statuses}")


def at_work(desk: Desk, ticket: str) -> str:
    """Open a ticket whose CRM throttles; return its run once the CRM was asked."""
    desk.crm_goes_wrong("status", count=4, status=429, retry_after="60")
    desk.open(ticket)
    run = desk.run_name(ticket)
    wait_for(lambda: desk.crm_requests(run), "the first request to the CRM")
    return run


def test_a_run_that_waits_for_a_throttle_is_cancelled(desk: Desk):
    """Nothing is written after it; who cancelled stands in run and evidence."""
    run = at_work(desk, "C-1")

    answer = cancel(desk, run)
    desk.crm_behaves()

    item = desk.closed("C-1")
    assert answer["status"] in {"CANCELLING", "CANCELLED"}
    assert (item["status"], item["reason"]) == ("CANCELLED", "CANCELLED")
    assert item["cancelled_by"] == "a test"
    assert desk.crm_writes("C-1") == []
    assert desk.evidence(run).findings == []


def test_a_run_whose_call_is_in_flight_is_cancelled_when_nobody_can_send(desk: Desk, gate: Gate):
    """CANCELLING while the sender lives; its answer comes too late for the outcome to change."""
    desk.crm_goes_wrong("delay", seconds=1.5)
    desk.open("C-2")
    run = desk.run_name("C-2")
    wait_for(lambda: _marked(desk, run), "the mark of the CRM's call")

    answer = cancel(desk, run)

    assert answer["status"] == "CANCELLING"
    assert desk.closed("C-2")["status"] == "CANCELLED"
    assert len(desk.crm_writes("C-2")) <= 1
    assert desk.evidence(run).findings == []


def test_a_run_that_was_never_admitted_is_cancelled(desk: Desk):
    """Held by a stop, it ends without a step."""
    with stopped(desk):
        desk.open("C-3")
        run = in_state(desk, "C-3", "HELD")
        cancel(desk, run["pk"])

        item = desk.closed("C-3")

    assert item["status"] == "CANCELLED"
    assert desk.steps(run["pk"]) == []


def test_what_is_over_can_not_be_cancelled(desk: Desk):
    """It says so by name, and nothing changes."""
    run = desk.triaged("C-4")

    answer = cancel(desk, run["pk"])
    unknown = cancel(desk, "triage_ticket-" + "a" * 26)

    assert answer["errorType"] == unknown["errorType"] == "RunNotOpen"
    assert desk.run_of("C-4") == run


def test_a_stop_holds_runs_at_admission_until_it_is_cleared(desk: Desk):
    """Held, not lost: it runs once the stop is cleared."""
    with stopped(desk, "workflow:triage_ticket"):
        desk.open("C-5")
        assert in_state(desk, "C-5", "HELD")["status"] == "HELD"
    desk.hurry(lambda: desk.run_of("C-5")["status"] != "HELD", "the machine's next look")

    assert desk.closed("C-5")["status"] == "SUCCEEDED"


def test_a_stop_refuses_a_call_that_was_prepared_already(desk: Desk):
    """The gate reads the switch right before each send: the run was admitted long ago."""
    run = at_work(desk, "C-6")
    with stopped(desk, "target:crm"):
        item = desk.closed("C-6")
    desk.crm_behaves()

    assert (item["status"], item["reason"]) == ("FAILED", "STOPPED_TARGET:CRM")
    assert desk.crm_writes("C-6") == []
    step = next(s for s in desk.steps(run) if "UpdateTicket" in s["sk"])
    marks = [step[name]["mark"] for name in sorted(step) if name.startswith("attempt#")]
    assert marks[-1] == "unsent"


def test_a_stopped_model_target_is_not_called(desk: Desk, model: str):
    """What was reserved for it comes back."""
    with stopped(desk, "target:loopback"):
        run = desk.triaged("C-7")

    assert (run["status"], run["reason"]) == ("FAILED", "STOPPED_TARGET:LOOPBACK")
    assert Decimal(run["totals"]["usd"]) == 0
    shards = [item for item in desk.items("LedgerTable") if item["sk"].startswith("shard#")]
    assert not any(name.startswith(run["pk"]) for shard in shards for name in shard["open"])


def test_setting_a_stop_twice_changes_nothing(desk: Desk):
    """The function says whether it changed something."""
    first = stop(desk, "target:nothing")
    second = stop(desk, "target:nothing")
    stop(desk, "target:nothing", stopped=False)

    assert (first["changed"], second["changed"]) == (True, False)


def test_a_promotion_leaves_runs_under_way_as_they_are(desk: Desk, model: str):
    """A run uses what admission pinned, the next one what was promoted."""
    before, other = live(desk, "draft_reply"), publish_other(desk, "draft_reply")
    model_goes_wrong(model, {"status": 429, "retry_after": "10"})
    desk.open("C-8")
    run = in_state(desk, "C-8", "RUNNING")

    answer = promote(desk, "draft_reply", other)
    first, second = desk.closed("C-8"), desk.triaged("C-9")
    promote(desk, "draft_reply", before)

    assert answer["before"] == before
    assert run["pins"]["ai_task#draft_reply"] == first["pins"]["ai_task#draft_reply"] == before
    assert _used(desk, first) == before
    assert _used(desk, second) == other


def test_only_what_was_published_is_promoted(desk: Desk):
    """A version that nobody published is refused by name."""
    answer = promote(desk, "draft_reply", "0" * 64)

    assert answer["errorType"] == "UnknownDefinition"


def _used(desk: Desk, run: dict[str, Any]) -> str:
    return next(s for s in desk.steps(run["pk"]) if "DraftReply" in s["sk"])["version"]


def _marked(desk: Desk, run: str) -> bool:
    steps = (s for s in desk.steps(run) if "UpdateTicket" in s["sk"])
    return any(name.startswith("attempt#") for step in steps for name in step)


def test_what_a_run_needs_in_the_catalog_is_checked_when_it_is_read(desk: Desk):
    """A version that was changed in the store is refused, whoever changed it."""
    version = live(desk, "draft_reply")
    key = {"pk": {"S": "ai_task#draft_reply"}, "sk": {"S": f"v#{version}"}}
    kept = desk.item("CatalogTable", "ai_task#draft_reply", f"v#{version}")["document"]
    changed = json.dumps({**json.loads(kept), "system": "Say what you like."})
    _write(desk, key, changed)
    try:
        desk.cloud.reload(desk.assembly)  # workers that read it before are retired
        run = desk.triaged("C-10")
    finally:
        _write(desk, key, kept)

    assert run["status"] == "FAILED"
    assert "DefinitionChanged" in (
        run["reason"],
        *(why for _, why in desk.outcomes(run["pk"]).values()),
    )
    assert desk.crm_writes("C-10") == []


def _write(desk: Desk, key: dict[str, Any], document: str) -> None:
    desk.dynamodb.update_item(
        TableName=desk.names["CatalogTable"],
        Key=key,
        UpdateExpression="SET #d = :d",
        ExpressionAttributeNames={"#d": "document"},
        ExpressionAttributeValues={":d": {"S": document}},
    )
