"""What the door does with events that don't fit, and with those that come again."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.core.domain.events import make
from functions.core.domain.references import Reference
from tests.clouds import EVENTS, Desk, wait_for
from tests.listener import Listener

ORDINARY = json.loads((EVENTS / "ordinary_ticket.json").read_text(encoding="utf-8"))["detail"]


def envelope(workflow: str = "triage_ticket", **more: Any) -> dict[str, Any]:
    """Return an envelope as the API would put it on the queue."""
    return {"v": 1, "workflow": workflow, "source": "api", "event": ORDINARY, **more}


def ticket(ticket_id: str, **changes: Any) -> dict[str, Any]:
    """Return the envelope of a ticket."""
    return envelope(event={**ORDINARY, "ticket_id": ticket_id, **changes})


def raw(ticket_id: str, text: str) -> str:
    """Return a ticket's envelope with *text* written into it as it stands."""
    return json.dumps(ticket(ticket_id, text="@")).replace('"@"', text)


DEEP = "[" * 65 + "]" * 65
REFERENCE = {"interlock:artifact": f"support/triage_ticket-{'a' * 26}/{'0' * 64}"}
FORGED = {**REFERENCE, "media_type": "text/plain", "bytes": 5, "mac": "0" * 64}
OURS = {"source": "interlock", "detail_type": "Ticket Triaged", "id": "1"}

REFUSED: dict[str, tuple[Any, str, str]] = {
    "not JSON": ("{ not json", "INVALID_JSON", "not JSON"),
    "no object": ("[]", "ENVELOPE", ""),
    "a field the envelope lacks": (envelope(extra=1), "ENVELOPE", "/extra extra_forbidden"),
    "no such workflow": (envelope("other_workflow"), "NO_SUCH_WORKFLOW", ""),
    "the schema missed": (ticket("D-1", customer_email="nobody"), "SCHEMA", "/customer_email"),
    "an unknown field": (ticket("D-2", priority="high"), "SCHEMA", "additionalProperties"),
    "a reference nobody minted": (ticket("D-3", text=FORGED), "FOREIGN_REFERENCE", "minted"),
    "half a reference": (ticket("D-4", text=REFERENCE), "FOREIGN_REFERENCE", "form"),
    "900 KB": (ticket("D-5", text="x" * 900_000), "SCHEMA", "/text"),
    "900 KB of brackets": ("[" * 900_000, "INVALID_JSON", "nested too deeply"),
    "65 levels": (raw("D-6", DEEP), "INVALID_JSON", "nested too deeply"),
    "NUL": (raw("D-7", r'"a\u0000b"'), "INVALID_JSON", "NUL character at /event/text"),
    "a lone surrogate": (raw("D-8", r'"\ud800"'), "INVALID_JSON", "lone surrogate at /event/text"),
    "a key twice": (raw("D-9", '"a","text":"b"'), "INVALID_JSON", "duplicate key"),
    "nine hops": (ticket("D-10", hops=9), "TOO_MANY_HOPS", "8"),
    "hops that are no number": (ticket("D-11", hops="1"), "SCHEMA", "/hops"),
    "our own source forged": ({**ticket("D-12"), "origin": OURS}, "FORGED_SOURCE", ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_by_name(desk: Desk, what: str):
    """Kept with reason and place, its text only in the short-lived prefix, and no run made."""
    body, reason, detail = REFUSED[what]

    found = desk.refusal(body)

    text = body if isinstance(body, str) else json.dumps(body)
    kept = desk.client("s3").get_object(
        Bucket=desk.names["ArtifactsBucket"], Key=f"refused/{found['pk']}"
    )
    assert found["reason"] == reason
    assert detail in found["detail"]
    assert kept["Body"].read() == text.encode()
    assert not any(run.get("input", "").find('"D-') >= 0 for run in desk.runs())


def test_a_refusal_by_rule_is_announced_without_what_it_holds(desk: Desk, bus: Listener):
    """Run Rejected says where the event missed its schema, never the value."""
    desk.put({**ORDINARY, "ticket_id": "D-20", "customer_email": "planted-in-the-address"})

    event = bus.hear(lambda e: e["detail-type"] == "Run Rejected" and e["detail"]["workflow"])

    assert event["detail"]["reason"] in {reason for _, reason, _ in REFUSED.values()}
    assert "planted-in-the-address" not in json.dumps(bus.heard)


def test_a_reference_of_another_team_is_refused(desk: Desk):
    """Well minted, and still nobody else's to hand in."""
    minted = Reference.name(
        desk.keys, team="payroll", run=f"pay-{'a' * 26}", content=b"secret", media_type="text/plain"
    ).mint(desk.keys)

    found = desk.refusal(ticket("D-30", text=minted))

    assert (found["reason"], found["detail"]) == (
        "FOREIGN_REFERENCE",
        "/text belongs to somebody else",
    )


def test_a_reference_of_the_same_team_is_kept_anew(desk: Desk):
    """What it names is copied into the new run: artifacts are never shared between runs."""
    first = desk.triaged("D-31")
    reference = json.loads(first["input"])["text"]

    desk.send(ticket("D-32", text=reference))

    second = desk.closed("D-32")
    kept = json.loads(second["input"])["text"]
    assert second["status"] == "SUCCEEDED"
    assert kept["interlock:artifact"].split("/")[1] == second["pk"]
    assert kept["interlock:artifact"].split("/")[2] == reference["interlock:artifact"].split("/")[2]


def test_an_event_of_our_own_comes_in_with_its_hops(desk: Desk):
    """A signed event claims our source rightly; its hops go on counting."""
    own = make(
        "Ticket Opened", {**ORDINARY, "ticket_id": "D-33"}, cause="x", hops=7, keys=desk.keys
    )

    desk.send({**envelope(event=own.detail), "origin": {**OURS, "detail_type": "Ticket Opened"}})

    run = desk.closed("D-33")
    assert (run["status"], run["hops"]) == ("SUCCEEDED", 7)


def test_the_same_event_ten_times_at_once_is_one_run(desk: Desk):
    """One run, one CRM write, and nothing refused."""
    refused = len(desk.refused())

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: desk.open("D-40"), range(10)))
    desk.closed("D-40")
    wait_for(lambda: _intake_is_empty(desk), "the intake queue")

    runs = [run for run in desk.runs() if json.loads(run["input"]).get("ticket_id") == "D-40"]
    assert len(runs) == 1
    assert len(desk.crm_writes("D-40")) == 1
    assert len(desk.refused()) == refused


def test_the_same_key_with_other_content_is_refused(desk: Desk):
    """The first run keeps its key; the second event is kept as refused."""
    run = desk.triaged("D-41")

    found = desk.refusal(ticket("D-41", text="something else"))

    assert found["reason"] == "OTHER_CONTENT"
    assert desk.run_of("D-41") == run
    assert len(desk.crm_writes("D-41")) == 1


def test_long_ids_stay_exact(desk: Desk):
    """17 digits, in state, record and CRM; neighbours don't merge in a double."""
    base = 90_071_992_547_409_920 + random.Random(1).randrange(10)
    near = [str(base), str(base + 1)]

    for name in near:
        desk.open(name, order_number=int(name))
    runs = [desk.closed(name) for name in near]

    assert runs[0]["pk"] != runs[1]["pk"]
    for name, run in zip(near, runs, strict=True):
        reference = json.loads(run["input"])["order_number"]
        key = f"artifacts/{reference['interlock:artifact']}"
        kept = desk.client("s3").get_object(Bucket=desk.names["ArtifactsBucket"], Key=key)
        assert kept["Body"].read() == name.encode()
        assert json.loads(run["output"])["ticket_id"] == name
        assert [write["ticket_id"] for write in desk.crm_writes(name)] == [name]


def test_a_refused_event_is_replayed_corrected(desk: Desk):
    """The corrected event is the one that runs; the refusal stays on record."""
    found = desk.refusal(ticket("D-50", priority="high"))

    answer = desk.invoke(
        "replay_event", refused=found["pk"], event={**ORDINARY, "ticket_id": "D-50"}
    )

    assert answer == {"refused": found["pk"], "workflow": "triage_ticket"}
    run = desk.closed("D-50")
    assert (run["status"], run["source"]) == ("SUCCEEDED", "replay")


def test_a_refused_event_replayed_as_it_was_is_refused_again(desk: Desk):
    """Under its own name, as the replay of the same event."""
    found = desk.refusal(ticket("D-51", priority="high"))
    before = len(desk.refused())

    desk.invoke("replay_event", refused=found["pk"])

    wait_for(lambda: len(desk.refused()) > before, "the second refusal")
    again = next(
        item for item in desk.refused() if item["pk"] != found["pk"] and _is_newest(desk, item)
    )
    assert (again["reason"], again["detail"]) == (found["reason"], found["detail"])


def test_what_was_never_json_needs_a_corrected_event(desk: Desk):
    """Replaying it as it was fails by name; so does what nobody refused."""
    found = desk.refusal("{ not json either")

    as_it_was = desk.invoke("replay_event", refused=found["pk"])
    unknown = desk.invoke("replay_event", refused="0" * 64)

    assert as_it_was["errorType"] == "InvalidJson"
    assert unknown["errorType"] == "UnknownDefinition"


def _is_newest(desk: Desk, item: dict[str, Any]) -> bool:
    return item["sk"] == max(other["sk"] for other in desk.refused())


def _intake_is_empty(desk: Desk) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = desk.client("sqs").get_queue_attributes(
        QueueUrl=desk.names["IntakeQueueUrl"], AttributeNames=names
    )["Attributes"]
    return all(found[name] == "0" for name in names)
