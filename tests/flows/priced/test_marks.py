"""No text of a ticket and no secret lies anywhere but in its allowed places."""

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.clouds import EVENTS, Desk, model_goes_wrong, wait_for
from tests.flows.backdoors import execute
from tests.flows.marks import Place, everywhere, needles, search
from tests.flows.people import cancel
from tests.listener import Listener

ORDINARY = json.loads((EVENTS / "ordinary_ticket.json").read_text(encoding="utf-8"))["detail"]


def a_mark() -> str:
    return f"mark{uuid.uuid4().hex}"


MARKS = {name: a_mark() for name in ("text", "subject", "address", "reply", "answer", "changed")}


def ticket(ticket_id: str, **changes: Any) -> dict[str, Any]:
    return {
        **ORDINARY,
        "ticket_id": ticket_id,
        "text": f"Please look at {MARKS['text']}",
        "subject": f"About {MARKS['subject']}",
        "customer_email": f"{MARKS['address']}@example.com",
        **changes,
    }


def envelope(event: Any) -> dict[str, Any]:
    return {"v": 1, "workflow": "triage_ticket", "source": "api", "event": event}


def reply() -> dict[str, Any]:
    """Return the model's next draft."""
    return {"text": json.dumps({"reply": f"Dear customer, {MARKS['reply']} is settled."})}


@pytest.fixture(scope="module")
def marked(desk: Desk, model: str) -> dict[str, str]:
    """Bring marked tickets through the ordinary and the failing paths; return the marks."""
    Listener(desk, "overheard", {"source": ["interlock"]})  # its queue is searched too
    _ordinary(desk, model)
    _refused(desk)
    _misread(desk, model)
    _echoed(desk, model)
    _killed(desk, model)
    _changed(desk, model)
    _mistaken(desk)
    return {**MARKS, "master secret": desk.master_secret, "CRM token": desk.crm_token}


def _ordinary(desk: Desk, model: str) -> None:
    model_goes_wrong(model, {}, reply())
    desk.put(ticket("P-1"))
    assert desk.closed("P-1")["status"] == "SUCCEEDED"


def _refused(desk: Desk) -> None:
    desk.refusal(envelope(ticket("P-2", customer_email=MARKS["address"])))
    desk.refusal(envelope({**ticket("P-3"), f"{MARKS['address']}@example.com": MARKS["text"]}))
    desk.refusal(envelope(ticket("P-1", text=f"other {MARKS['text']}")))
    desk.refusal(json.dumps(envelope(ticket("P-4")))[:-1])
    desk.put(ticket("P-5", priority=MARKS["text"]))
    wait_for(lambda: len([r for r in desk.refused() if r["reason"] == "SCHEMA"]) >= 3, "refusals")


def _misread(desk: Desk, model: str) -> None:
    """Answers that are none, and that miss the schema by value, name and pattern."""
    wrong = [f"It is {MARKS['answer']}", json.dumps({MARKS["answer"]: 1})]
    value = json.dumps({"category": MARKS["answer"], f"{MARKS['answer']} {MARKS['text']}": 1})
    model_goes_wrong(model, *({"text": text} for text in (*wrong, value)))
    desk.put(ticket("P-6"))
    assert desk.closed("P-6")["status"] == "FAILED"


def _echoed(desk: Desk, model: str) -> None:
    model_goes_wrong(model, {}, reply())
    desk.crm_goes_wrong("echo")
    desk.put(ticket("P-7"))
    assert desk.closed("P-7")["status"] == "FAILED"


def _killed(desk: Desk, model: str) -> None:
    for number, (function, call, when) in enumerate(
        (
            ("prepare_call", "s3.PutObject#1", "after"),
            ("call_model", "http#1", "after"),
            ("call_system", "http#1", "before"),
        )
    ):
        order = {"function": f"interlock-dev-{function}", "call": call, "when": when}
        desk.cloud.post("kills", {"orders": [order]})
        desk.put(ticket(f"P-8{number}"))
    opened = [f"P-8{number}" for number in range(3)]
    desk.hurry(lambda: all((desk.run_of(t) or {}).get("sealed") for t in opened), f"{opened}")


def _changed(desk: Desk, model: str) -> None:
    """Let a handler fail over an artifact that is not what it was."""
    model_goes_wrong(model, {"status": 429, "retry_after": "20"})
    desk.put(ticket("P-9"))
    wait_for(lambda: desk.steps(desk.run_name("P-9")), "its first step")
    kept = json.loads(desk.run_of("P-9")["input"])["text"]["interlock:artifact"]
    desk.client("s3").put_object(
        Bucket=desk.names["ArtifactsBucket"],
        Key=f"artifacts/{kept}",
        Body=MARKS["changed"].encode(),
    )
    assert desk.closed("P-9")["reason"] == "ArtifactRefused"


def _mistaken(desk: Desk) -> None:
    """Functions that are given what they can't read."""
    for function in ("replay_event", "cancel_run", "prepare_call", "call_model", "close_attempt"):
        answer = desk.invoke(function, run=MARKS["text"], event=MARKS["text"], call=MARKS["answer"])
        assert "errorType" in answer
        assert not search([Place("answer", function, json.dumps(answer).encode())], MARKS)
    cancel(desk, MARKS["text"])


def test_no_text_and_no_secret_leaves_its_place(desk: Desk, marked: dict[str, str]):
    """Histories, logs, tables, queues and buckets hold ids, hashes and references only."""
    places = list(everywhere(desk))

    found = search(places, marked)

    assert not found, "\n".join(["leaks:", *found[:20]])
    kinds = {place.kind for place in places}
    assert kinds == {"history", "log", "table", "queue", "evidence bucket", "bucket"}


def test_the_texts_lie_where_they_may(desk: Desk, marked: dict[str, str]):
    """The search would find them: they are in the artifacts bucket, under its two prefixes."""
    client, bucket = desk.client("s3"), desk.names["ArtifactsBucket"]
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
    bodies = [client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]

    found = search([Place("private", "", body) for body in bodies], marked)

    assert {line.partition(" in ")[0] for line in found} == set(MARKS)


PLANTED: dict[str, Callable[[Desk, str, str], Any]] = {
    "history": lambda desk, name, text: execute(
        desk, "call_system", {"run": "x", "ticket": "x", "step": text}, name=name
    ),
    "log": lambda desk, name, text: (desk.cloud.folder / "logs" / f"{name}.log").write_text(text),
    "table": lambda desk, name, text: desk.dynamodb.put_item(
        TableName=desk.names["LedgerTable"],
        Item={"pk": {"S": name}, "sk": {"S": "planted"}, "note": {"M": {"x": {"S": text}}}},
    ),
    "queue": lambda desk, name, text: desk.client("sqs").send_message(
        QueueUrl=desk.names["IntakeQueueUrl"].replace("-intake", "-undelivered"), MessageBody=text
    ),
    "evidence bucket": lambda desk, name, text: desk.client("s3").put_object(
        Bucket=desk.names["EvidenceBucket"], Key=f"{name}/planted", Body=text, IfNoneMatch="*"
    ),
    "bucket": lambda desk, name, text: desk.client("s3").put_object(
        Bucket=desk.names["ArtifactsBucket"], Key=f"{name}/planted", Body=text
    ),
}


def test_a_leak_in_each_kind_of_place_is_found(desk: Desk):
    """Planted raw, and inside base64 at each offset, with one mark a kind of place and form."""
    forms = {
        "raw": lambda mark: f"well {mark} hidden",
        **{
            f"base64 at {offset}": lambda mark, offset=offset: base64.b64encode(
                b"." * offset + mark.encode() + b"tail"
            ).decode()
            for offset in range(3)
        },
    }
    marks = {}
    for kind, plant in PLANTED.items():
        for form, written in forms.items():
            mark = marks[f"{kind}, {form}"] = a_mark()
            plant(desk, f"planted-{uuid.uuid4().hex[:8]}", written(mark))

    found = search(everywhere(desk), marks)

    assert {line.partition(" in ")[0] for line in found} == set(marks)
    for line in found:
        assert line.partition(",")[0] == line.partition(" in ")[2].partition(":")[0]


def test_a_mark_is_known_however_it_is_aligned():
    """One raw form and three of base64; none so short that it would be found by chance."""
    assert len(needles("a mark of some length")) == 4
    assert all(len(needle) >= 20 for needle in needles("a mark of some length"))
