"""Each way to decide ends as named, and the CRM is written once or never."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.clouds import wait_for
from tests.flows.approvers import InRole, Person, crm_record, item_of, parked
from tests.flows.people import cancel, live, publish_other

HOUR = 3600
PREFIX = "interlock-dev-"


def kill(desk, function, call, when):
    order = {"function": PREFIX + function, "call": call, "when": when}
    desk.cloud.post("kills", {"orders": [order]})


def decided(desk, ticket, status="SUCCEEDED"):
    """Wait for the end of a ticket's run; return how often the CRM was written for it."""
    run = desk.closed(ticket)
    assert run["status"] == status, run["reason"]
    assert list(desk.evidence(run["pk"]).findings) == []
    return len(desk.crm_writes(ticket))


def test_an_approved_refund_is_written_once(desk, bus, lead):
    """What was parked waits, the event tells of it, the approval lets it go on."""
    item = parked(desk, "A-1")
    told = bus.hear(lambda e: e["detail-type"] == "Approval Requested")["detail"]
    assert (told["order"], told["why"]) == (item["sk"], ["AMOUNT_OVER_LIMIT"])
    assert desk.crm_writes("A-1") == []

    status, answer = lead("ana").says(item)

    assert (status, answer["decision"]["by"]) == (200, "ana")
    assert decided(desk, "A-1") == 1
    assert crm_record(desk, "A-1")["refund"] == "150.00"
    told = bus.hear(lambda e: e["detail-type"] == "Approval Decided")["detail"]
    assert (told["verdict"], told["by"]) == ("approved", "ana")


def test_a_refund_under_the_limit_goes_by_nobody(desk):
    """A hundred dollars are not over a hundred."""
    desk.open("A-2", sample="refund_ticket", refund="100.00")

    assert decided(desk, "A-2") == 1
    assert item_of(desk, "A-2") is None
    assert desk.outcomes(desk.run_name("A-2"))["AskPerson"] == ("SUCCEEDED", "NOT_NEEDED")


def test_a_rejected_one_is_never_written(desk, lead):
    """The run says why it ended."""
    status, _ = lead("ana").says(parked(desk, "A-3"), "reject", why="no")

    assert status == 200
    assert decided(desk, "A-3", "FAILED") == 0
    assert desk.run_of("A-3")["reason"] == "REJECTED"


def test_a_second_decision_is_refused_with_the_facts_of_the_first(desk, lead):
    """Even the opposite one, even by the same person."""
    item = parked(desk, "A-4")
    lead("ana").says(item)

    for name in ("ana", "ben"):
        status, answer = lead(name).says(item, "reject")
        assert (status, answer["title"]) == (409, "DECIDED")
        assert (answer["facts"]["by"], answer["facts"]["verdict"]) == ("ana", "approved")
    assert decided(desk, "A-4") == 1


def test_the_requester_and_a_stranger_are_refused(desk, lead):
    """And the stranger is not shown anything either."""
    item = parked(desk, "A-5", opened_by="ana")
    mallory = Person(desk, "mallory", "interns")

    assert lead("ana").says(item)[1]["title"] == "REQUESTER"
    assert mallory.says(item)[1]["title"] == "NOT_AN_APPROVER"
    assert mallory.sees(item)[0] == 403
    assert lead("ben").says(item)[0] == 200
    assert decided(desk, "A-5") == 1


def test_other_content_than_was_shown_is_refused(desk, lead):
    """A decision names the hash of what was seen."""
    item = parked(desk, "A-6")

    status, answer = lead("ana").says(item, shown="0" * 64)

    assert (status, answer["title"], answer["facts"]["content"]) == (409, "CHANGED", item["hash"])
    assert lead("ana").says(item)[0] == 200
    assert decided(desk, "A-6") == 1


def test_an_approver_changes_what_is_written(desk, lead):
    """The CRM gets the new content; the evidence has both hashes, and that ana says she is ana."""
    item = parked(desk, "A-7")
    _, shown = lead("ana").sees(item)
    assert shown["fields"]["refund"] == "150.00"
    assert "Kim" not in json.dumps(item, default=str)  # the reply is a reference in the table

    assert lead("ana").says(item, fields={"refund": "a lot"})[0] == 422
    assert lead("ana").says(item, fields={"ticket_id": "T-1"})[0] == 422
    new = {"refund": "80.00", "reply": "We send you half of it."}
    assert lead("ana").says(item, fields=new, why="half")[0] == 200

    assert decided(desk, "A-7") == 1
    record = crm_record(desk, "A-7")
    assert (record["refund"], record["reply"]) == ("80.00", new["reply"])
    chain = [
        json.loads(i["body"])
        for i in desk.items("EvidenceTable")
        if i["pk"] == f"{item['run']}#{item['step']}" and i["kind"] == "voted"
    ]
    assert [(c["edited_from"], c["by"], c["self_declared"]) for c in chain] == [
        (item["hash"], "ana", True)
    ]
    assert chain[0]["hash"] != item["hash"]
    assert new["reply"] not in json.dumps(desk.items("ParkedTable"), default=str)


@contextmanager
def declared(desk, **changed):
    """Let runs that are received meanwhile find the approval declared otherwise."""

    def change(document):
        document["approvals"]["write_ticket"] |= changed

    before = live(desk, "triage_ticket", "workflow")
    other = publish_other(desk, "triage_ticket", kind="workflow", change=change)
    point(desk, other)
    try:
        yield
    finally:
        point(desk, before)


def point(desk, version):
    """Let the workflow's label name *version*: it moves with deployments only."""
    desk.dynamodb.update_item(
        TableName=desk.names["CatalogTable"],
        Key={"pk": {"S": "workflow#triage_ticket"}, "sk": {"S": "label#live"}},
        UpdateExpression="SET version = :v",
        ExpressionAttributeValues={":v": {"S": version}},
    )


def test_two_people_are_two_people(desk, lead):
    """Where two are declared, one person is not both of them."""
    with declared(desk, quorum=2):
        item = parked(desk, "A-8")

    status, answer = lead("ana").says(item)
    assert (status, answer["approved_by"], "decision" in answer) == (200, ["ana"], False)
    assert lead("ANA").says(item)[1]["title"] == "ALREADY_VOTED"
    assert lead("ben").says(item)[1]["decision"]["by"] == "ana and ben"
    assert decided(desk, "A-8") == 1


def test_twenty_decide_at_once(desk, lead):
    """One is first; all others learn who."""
    item = parked(desk, "A-9")
    people = [lead(f"person{n}") for n in range(20)]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda one: one.says(item), people))

    statuses = sorted(status for status, _ in answers)
    assert statuses == [200] + 19 * [409]
    assert len({answer["facts"]["by"] for status, answer in answers if status == 409}) == 1
    assert decided(desk, "A-9") == 1


def test_a_decision_while_the_token_is_replaced_reaches_the_run(desk, lead):
    """The function that parked died after its write: another one parks under a newer token."""
    kill(desk, "park", "dynamodb.PutItem#1", "after")
    desk.open("A-10", sample="refund_ticket")
    item = wait_for(lambda: item_of(desk, "A-10"), "the first token")
    assert lead("ana").says(item)[0] == 200
    wait_for(lambda: desk.cloud.get("kills")["left"] == 0 or None, "the kill")

    desk.hurry(lambda: desk.run_of("A-10").get("sealed"), "the run")

    assert decided(desk, "A-10") == 1


def test_what_a_dead_deliverer_left_is_delivered_by_the_sweep(desk, lead):
    """The decision counts from its write on; whoever asks again learns that."""
    item = parked(desk, "A-11")
    kill(desk, "decide", "stepfunctions.SendTaskSuccess#1", "before")
    assert lead("ana").says(item)[0] == 502
    assert lead("ana").says(item, "reject")[1]["facts"]["verdict"] == "approved"

    desk.hurry(lambda: desk.run_of("A-11").get("sealed"), "the sweep")

    assert decided(desk, "A-11") == 1


def test_a_cancelled_run_waits_for_nobody(desk, lead):
    """It is withdrawn, and nothing is written."""
    item = parked(desk, "A-12")

    cancel(desk, item["run"])

    assert decided(desk, "A-12", "CANCELLED") == 0
    status, answer = lead("ana").says(item)
    assert (status, answer["facts"]["verdict"]) == (409, "withdrawn")


def test_only_a_genuine_signature_counts(desk, lead):
    """Not none, not one of another body, not one of another URL's owner."""
    item = parked(desk, "A-13")
    url, headers, content = lead("ana").signed(
        "POST",
        {"queue": item["pk"], "order": item["sk"], "verdict": "approve", "shown": item["hash"]},
    )
    unsigned = {k: v for k, v in headers.items() if k != "Authorization"}

    for sent in (
        httpx.post(url, headers=unsigned, content=content),
        httpx.post(url, headers=headers, content=content.replace(b"approve", b"reject_")),
        httpx.get(url, headers=headers),
    ):
        assert sent.status_code == 403
    assert "decision" not in item_of(desk, "A-13")
    assert httpx.put(*_put(lead("ana"))).status_code == 403
    cancel(desk, item["run"])


def _put(person):
    url, _, _ = person.signed("PUT", {})
    return (url,)


def test_the_ready_made_role_may_use_the_url_and_nothing_else(desk):
    """As a role it is no lead; and a direct invocation, which could lie, is denied."""
    item = parked(desk, "A-14")

    status, answer = InRole(desk, "approver").says(item)
    assert (status, answer["title"]) == (403, "NOT_AN_APPROVER")
    status, answer = InRole(desk, "auditor").says(item)
    assert (status, "not authorized" in answer["Message"]) == (403, True)
    role = f"arn:aws:iam::123456789012:role/{PREFIX}approver"
    with pytest.raises(ClientError, match="AccessDenied"):
        desk.cloud.client_as(role, "lambda").invoke(
            FunctionName=f"{PREFIX}decide", Qualifier="live", Payload="{}"
        )
    cancel(desk, item["run"])


def test_what_nobody_decides_goes_to_others_and_then_ends_as_declared(desk, bus, lead):
    """Who is late learns it; the managers' time passes too, and nothing is written."""
    managers = {"groups": ["support-managers"], "approvers": [], "on_expiry": "reject"}
    short = {"expires_after_hours": 1, "remind_after_hours": None}
    with declared(desk, **short, escalation={**managers, "expires_after_hours": 1}):
        item = parked(desk, "A-15")
    desk.cloud.tick(HOUR)
    desk.hurry(lambda: item_of(desk, "A-15")["groups"] == ["support-managers"], "the escalation")

    assert lead("ana").says(item)[1]["title"] == "NOT_AN_APPROVER"
    desk.cloud.tick(HOUR)
    desk.hurry(lambda: desk.run_of("A-15").get("sealed"), "the expiry")

    assert decided(desk, "A-15", "FAILED") == 0
    assert desk.run_of("A-15")["reason"] == "EXPIRED"
    status, answer = Person(desk, "meg", "support-managers").says(item)
    assert (status, answer["facts"]["by"]) == (409, "expiry")
