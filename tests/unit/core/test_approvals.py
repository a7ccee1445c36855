"""Parking and deciding: each way to decide ends as named, and what is done is what was shown."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.core.domain.errors import DecisionRefused, TicketRefused
from functions.core.domain.evidence import Kind, chain_of, unapproved
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.names import nested_name
from functions.core.domain.parked import Content, Decision, Reason, Verdict, parked_ref, short_id
from functions.core.domain.people import Person
from functions.core.domain.run import Status, run_ref, step_ref
from functions.core.domain.step import Invocation
from functions.core.domain.workflows import Workflow
from functions.core.services.evidence import from_item
from functions.core.services.publishing import publish
from tests.fakes import FakeSystem, FakeTasks
from tests.stage import (
    ENDPOINTS,
    TEAM,
    WORKFLOW,
    Stage,
    asked_for,
    call_of,
    compiled,
    published,
)

ANA, BEN, ZOE = (Person(f"user:{name}", name) for name in ("ana", "ben", "zoe"))
LEAD = Person("user:lea", "lea", ("leads",))
MALLORY = Person("user:mallory", "mallory", ("interns",))
HOUR = 3600


class Desk(Stage):
    """A stage with one parked step of one run."""

    def __post_init__(self) -> None:
        self.tasks = FakeTasks("token-1", "token-2")
        super().__post_init__()
        self.invocations = 0

    def parked(self, approval: str = "keyed", **event: Any) -> Ref:
        """Admit a run and park its step."""
        self.run, self.ticket = self.admitted("a", note="a note", **event)
        self.ask(approval)
        return self.ref

    def ask(self, approval: str = "keyed", **changed: Any) -> str:
        return self.parking.park(asked_for(self.run, self.ticket, approval=approval, **changed))

    @property
    def ref(self) -> Ref:
        return parked_ref(TEAM, self.run, "Ask.1")

    @property
    def item(self) -> dict[str, Any]:
        return self.store.get(self.ref)

    def says(self, person: Person, verdict: Verdict = Verdict.APPROVED, **how: Any) -> Any:
        """Let somebody decide; return the item, or why it does not count."""
        self.invocations += 1
        decision = Decision(verdict, how.pop("shown", self.item["hash"]), **how)
        me = Invocation(f"decide-{self.invocations}", "")
        try:
            return self.deciding.decide(self.ref, decision, person, me)
        except DecisionRefused as refused:
            return refused

    def records(self, step: str = "Ask.1") -> list[Any]:
        chain = self.store.query(Table.EVIDENCE, chain_of(self.run, step))
        return [from_item(item) for item in chain]


def desk_with(**approval: Any) -> Desk:
    """Return a stage whose approval `keyed` is declared otherwise."""
    store, changed = published(), {**WORKFLOW["approvals"]["keyed"], **approval}
    desk = Desk(store=store)
    document = {**WORKFLOW, "approvals": {"keyed": changed}}
    told = compiled(workflow=document)
    publish(desk.catalog, desk.ledger, desk.clock, told, by="deployment")
    return desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_parked_step_says_what_who_why_and_until_when(desk: Desk):
    """The item holds the content, its hash, who may decide; the run waits."""
    desk.parked()

    item = desk.item
    content = Content.read(item["content"])
    assert (content.operation, content.target, content.fields) == (
        "crm.keyed",
        {"id": "a"},
        {"label": "good"},
    )
    assert (item["approvers"], item["groups"], item["why"]) == (
        ["ana", "ben"],
        ["leads"],
        ["LOW_CONFIDENCE"],
    )
    assert item["expires_at"] == "2026-11-22T10:00:00.000Z"
    assert item["due_at"] == item["remind_at"] == "2026-11-22T09:00:00.000Z"
    assert desk.store.get(run_ref(desk.run))["status"] == Status.WAITING
    assert len(short_id(desk.ref)) == 8


def test_the_event_leaves_with_the_parking(desk: Desk):
    """Nobody waits for the next sweep; and where the bus is down, sweep brings it."""
    desk.bus.down = True
    desk.parked()
    assert "Approval Requested" not in desk.bus.types

    desk.bus.down = False
    desk.clock.forward(minutes=2)
    desk.sweep.run(lambda: 50.0)

    assert desk.bus.types.count("Approval Requested") == 1
    assert not any(name.startswith("event#") for name in desk.item)


def test_an_approval_lets_the_step_go_on_with_what_was_shown(desk: Desk):
    """The machine gets the request, the step its outcome, the bus the event."""
    desk.parked()

    item = desk.says(ANA, why="fine")

    told = json.loads(desk.tasks.answers["token-1"])
    assert told == {
        "outcome": "SUCCEEDED",
        "reason": "APPROVED",
        "answer": {"id": "a", "label": "good"},
    }
    assert item["decision"]["by"] == "ana"
    assert desk.store.get(step_ref(desk.run, "Ask.1"))["outcome"] == "SUCCEEDED"
    assert desk.store.get(run_ref(desk.run))["status"] == Status.RUNNING
    assert desk.bus.types[-1] == "Approval Decided"
    assert not {"undelivered", "due_at", "due_bucket"} & desk.item.keys()
    assert [record.kind for record in desk.records()] == ["requested", "voted", "decided"]


def test_a_rejection_ends_the_step(desk: Desk):
    """As data: FAILED, with the reason."""
    desk.parked()

    desk.says(LEAD, Verdict.REJECTED, why="no")

    told = json.loads(desk.tasks.answers["token-1"])
    assert told == {"outcome": "FAILED", "reason": "REJECTED", "answer": None}


def test_a_second_decision_is_refused_with_the_facts_of_the_first(desk: Desk):
    """Whoever comes second learns who was first, and that nothing changed."""
    desk.parked()
    desk.says(ANA)

    refused = desk.says(BEN, Verdict.REJECTED)

    assert refused.reason == "DECIDED"
    assert refused.facts["by"] == "ana"
    assert refused.facts["verdict"] == Verdict.APPROVED
    assert len(desk.tasks.answers) == 1
    assert desk.item["decision"]["verdict"] == Verdict.APPROVED


def test_a_stranger_is_refused(desk: Desk):
    """And does not see the content either."""
    desk.parked()

    assert desk.says(MALLORY).reason == "NOT_AN_APPROVER"
    with pytest.raises(DecisionRefused, match="for ana, ben, leads to decide"):
        desk.deciding.show(desk.ref, MALLORY)


def test_the_requester_is_refused(desk: Desk):
    """However the name is written; somebody else may."""
    desk.parked(asked_by="ANA")

    assert desk.says(ANA).reason == "REQUESTER"
    assert desk.says(BEN)["decision"]["by"] == "ben"


def test_other_content_than_was_shown_is_refused(desk: Desk):
    """With the hash of what there is now."""
    desk.parked()

    refused = desk.says(ANA, shown="0" * 64)

    assert (refused.reason, refused.facts) == ("CHANGED", {"content": desk.item["hash"]})
    assert "decision" not in desk.item


def test_two_people_are_needed_where_two_are_declared():
    """One person twice is one; the second person decides, and both are on record."""
    desk = desk_with(quorum=2)
    desk.parked()

    first = desk.says(ANA)
    again = desk.says(ANA)
    last = desk.says(LEAD)

    assert "decision" not in first
    assert again.reason == "ALREADY_VOTED"
    assert last["decision"]["by"] == "ana and lea"
    kinds = [record.kind for record in desk.records()]
    assert kinds == ["requested", "voted", "voted", "decided"]
    assert [v["by"] for v in desk.records()[-1].body["votes"]] == ["ana", "lea"]


def test_one_no_is_enough_of_two():
    """The two-person rule is about a yes."""
    desk = desk_with(quorum=2)
    desk.parked()
    desk.says(ANA)

    assert desk.says(BEN, Verdict.REJECTED)["decision"]["reason"] == Reason.REJECTED


def test_an_edit_makes_new_content_with_a_new_hash(desk: Desk):
    """The machine gets the new content; the evidence names both hashes."""
    desk.parked()
    before = desk.item["hash"]

    desk.says(ANA, fields={"label": "bad"})

    told = json.loads(desk.tasks.answers["token-1"])
    assert told["answer"] == {"id": "a", "label": "bad"}
    assert told["reason"] == "APPROVED_WITH_EDIT"
    voted, decided = desk.records()[1:]
    assert voted.body["edited_from"] == before != voted.body["hash"]
    assert (decided.body["content_at_first"], decided.body["content"]) == (
        before,
        voted.body["hash"],
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"label": "odd"}, "CONTENT_REJECTED"), ({"id": "b"}, "NOT_EDITABLE")],
)
def test_an_edit_stays_within_schema_and_declaration(desk: Desk, fields, reason):
    """What the system would not take, or nobody may change, is refused; nothing is decided."""
    desk.parked()

    assert desk.says(ANA, fields=fields).reason == reason
    assert "decision" not in desk.item


def test_an_edit_takes_back_what_was_said_of_the_old_content():
    """Of two, the first has to look again at what the second changed."""
    desk = desk_with(quorum=2)
    desk.parked()
    desk.says(ANA)

    edited = desk.says(BEN, fields={"label": "bad"})
    assert "decision" not in edited

    assert desk.says(ANA)["decision"]["by"] == "ben and ana"


def test_what_nobody_decides_is_escalated_and_then_ends_as_declared(desk: Desk):
    """A reminder, others who are asked, and a no; each with its event, each once."""
    desk.parked()
    for _ in range(5):
        desk.clock.forward(seconds=HOUR + 1)
        desk.sweep.run(lambda: 50.0)

    told = json.loads(desk.tasks.answers["token-1"])
    assert (told["outcome"], told["reason"]) == ("FAILED", "EXPIRED")
    occasions = [e.detail.get("occasion") for e in desk.bus.taken if "Requested" in e.detail_type]
    assert occasions == ["parked", "reminder", "escalated"]
    assert desk.item["decision"]["by"] == "expiry"


def test_after_the_escalation_others_decide(desk: Desk):
    """Whoever had the first turn has it no more, even before sweep came."""
    desk.parked()
    desk.clock.forward(seconds=2 * HOUR + 1)

    assert desk.says(ANA).reason == "NOT_AN_APPROVER"
    assert desk.says(ZOE)["decision"]["by"] == "zoe"


def test_who_is_late_learns_what_time_decided():
    """A decision after the expiry does not count, though sweep has not been there."""
    desk = desk_with(on_expiry="approve", escalation=None)
    desk.parked()
    desk.clock.forward(seconds=2 * HOUR + 1)

    refused = desk.says(ANA, Verdict.REJECTED)

    assert refused.reason == "DECIDED"
    assert refused.facts["by"] == "expiry"
    assert json.loads(desk.tasks.answers["token-1"])["reason"] == "APPROVED_ON_EXPIRY"


def test_a_newer_token_replaces_an_older_one_and_never_the_other_way(desk: Desk):
    """The parked id stays; the decision goes to whoever waits now."""
    desk.parked()
    desk.ask(number=2)
    desk.ask(number=1)
    assert desk.item["token"] == "token-2"

    desk.says(ANA)

    assert list(desk.tasks.answers) == ["token-2"]


def test_parking_again_with_a_decision_there_delivers_it(desk: Desk):
    """A decision that met a token nobody waited by any more goes to the next one."""
    desk.parked()
    desk.tasks.waiting.remove("token-1")
    desk.says(ANA)
    assert desk.item["undelivered"] is True

    desk.ask(number=2)

    assert list(desk.tasks.answers) == ["token-2"]
    assert "undelivered" not in desk.item


def test_sweep_delivers_what_is_left(desk: Desk):
    """The deliverer died after the decision's write."""
    desk.parked()
    answer, desk.tasks.answer = desk.tasks.answer, lambda token, output: 1 / 0
    with pytest.raises(ZeroDivisionError):
        desk.says(ANA)
    desk.tasks.answer = answer

    desk.clock.forward(minutes=2)
    done = desk.sweep.run(lambda: 50.0)

    assert (done["parked"], done["failed"]) == (1, 0)
    assert list(desk.tasks.answers) == ["token-1"]
    assert desk.bus.types.count("Approval Decided") == 1


def test_what_is_over_is_kept_for_the_stages_days_and_then_goes(desk: Desk):
    """Counted from the delivery; what still waits, or is not delivered, is never removed."""
    desk.bus.down = True
    desk.parked()
    desk.says(ANA)
    assert "remove_at" not in desk.item

    desk.bus.down = False
    desk.clock.forward(hours=1)
    desk.sweep.run(lambda: 50.0)

    kept = desk.item["remove_at"] - desk.clock.now().timestamp()
    assert desk.item["keep_days"] * 24 * HOUR == round(kept) == 400 * 24 * HOUR


def test_a_request_under_the_limit_needs_nobody():
    """Amounts are compared here, as decimals; `9.50` is less than `10.00`."""
    desk = desk_with(above="10.00", amount="label", below_confidence=None)

    approval = desk.catalog.live("workflow", "sort_notes", Workflow)[1].approvals["keyed"]
    assert approval.reasons({"label": "9.50"}, None) == []
    assert approval.reasons({"label": "10.01"}, None) == ["AMOUNT_OVER_LIMIT"]
    assert approval.reasons({"label": "a lot"}, None) == ["AMOUNT_OVER_LIMIT"]


def test_a_step_that_needs_nobody_is_answered_at_once():
    """With the request as approved, and nothing in the inbox."""
    desk = desk_with(below_confidence="0.5")
    desk.run, desk.ticket = desk.admitted("a", note="a note")

    assert desk.ask(confidence=0.9) == Reason.NOT_NEEDED

    told = json.loads(desk.tasks.answers["token-1"])
    assert (told["outcome"], told["answer"]) == ("SUCCEEDED", {"id": "a", "label": "good"})
    assert desk.item is None


def test_low_confidence_needs_somebody():
    """So does one that nobody stated."""
    desk = desk_with(below_confidence="0.5")
    desk.run, desk.ticket = desk.admitted("a", note="a note")

    desk.ask(confidence=0.4)

    assert desk.item["why"] == ["LOW_CONFIDENCE"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"fields": {"label": "odd"}}, "FieldsRejected"),
        ({"approval": "none"}, "UseNotDeclared"),
    ],
)
def test_what_can_not_be_asked_for_ends_as_failed(desk: Desk, changed, reason):
    """Named by the error, in the step and to the machine."""
    desk.run, desk.ticket = desk.admitted("a", note="a note")

    desk.ask(**changed)

    told = json.loads(desk.tasks.answers["token-1"])
    assert (told["outcome"], told["reason"]) == ("FAILED", reason)
    assert desk.item is None


def test_a_forged_ticket_parks_nothing(desk: Desk):
    """It is believed no more than elsewhere."""
    desk.run, desk.ticket = desk.admitted("a", note="a note")

    with pytest.raises(TicketRefused):
        desk.ask(ticket=desk.ticket[:-1] + "0")
    assert desk.item is None


def test_a_cancelled_runs_item_is_withdrawn(desk: Desk):
    """It is due for nobody, and who decides then learns why."""
    desk.parked()

    item = desk.runs.cancel(desk.run, "op", "wrong customer")

    assert item["status"] == Status.CANCELLED
    refused = desk.says(ANA)
    assert (refused.reason, refused.facts["verdict"]) == ("DECIDED", Verdict.WITHDRAWN)
    desk.sweep.run(lambda: 50.0)
    assert "due_at" not in desk.item
    assert desk.tasks.answers == {}


def test_a_parking_that_comes_after_the_end_parks_nothing(desk: Desk):
    """Its function was slow: the run ended between its mark and its write."""
    desk.run, desk.ticket = desk.admitted("a", note="a note")
    put = desk.store.put

    def slow(ref: Ref, item: Any, when: Any = ()) -> Any:
        if ref.table is Table.PARKED and "hash" in item:
            desk.store.put = put
            desk.runs.cancel(desk.run, "op", "why")
        return put(ref, item, when)

    desk.store.put = slow
    desk.ask()

    assert desk.item["decision"]["verdict"] == Verdict.WITHDRAWN
    assert "hash" not in desk.item


def _called(desk: Desk, crm: FakeSystem, **how: Any) -> Any:
    call = call_of(desk.run, desk.ticket, **how)
    return desk.system_step.call(call, Invocation("call", "9"), crm, ENDPOINTS)


def test_a_call_that_needs_a_person_is_refused_without_one():
    """Whatever way the machine took: nothing is sent."""
    desk, crm = desk_with(above="1.00", amount="label", below_confidence=None), FakeSystem()
    desk.run, desk.ticket = desk.admitted("a", note="a note")

    checked = _called(desk, crm)

    assert (checked.outcome, checked.reason, crm.asked) == ("FAILED", "ApprovalMissing", [])


def test_the_evidence_ties_a_call_to_what_was_approved(desk: Desk):
    """The hash of what is sent is that of the decision, edit and all; anything else is found."""
    desk.parked()
    desk.says(ANA, fields={"label": "bad"})
    _called(desk, FakeSystem(), approval="Ask.1")
    chains = {chain: desk.records(chain) for chain in ("Ask.1", "Write.1")}
    chains = {chain_of(desk.run, step): records for step, records in chains.items()}
    asked, wrote = chains.values()

    assert list(unapproved(desk.run, chains)) == []
    [prepared] = (n for n, record in enumerate(wrote) if record.kind == Kind.PREPARED)
    [decided] = (n for n, record in enumerate(asked) if record.kind == Kind.DECIDED)
    for place, at, forged in (
        (asked, decided, {"body": {**asked[decided].body, "content": "0" * 64}}),
        (asked, decided, {"body": {**asked[decided].body, "verdict": "rejected"}}),
        (asked, decided, {"kind": "voted"}),
        (asked, decided, {"at": "2099-01-01T00:00:00.000Z"}),
        (asked, decided, {"at": "then"}),
        (wrote, prepared, {"body": {**wrote[prepared].body, "approved_content": "0" * 64}}),
        (wrote, prepared, {"body": {**wrote[prepared].body, "approved_in": "Other.1"}}),
    ):
        true = place[at]
        place[at] = replace(true, **forged)
        found = [finding.what for finding in unapproved(desk.run, chains)]
        place[at] = true

        assert [what[:30] for what in found] == ["was sent without the approval "], forged


def test_a_call_after_an_approval_that_nobody_was_needed_for_is_honest():
    """Its step's chain says so, in place of a decision."""
    desk = desk_with(below_confidence="0.5")
    desk.run, desk.ticket = desk.admitted("a", note="a note")
    desk.ask(confidence=0.9)
    _called(desk, FakeSystem(), approval="Ask.1")
    chains = {chain_of(desk.run, step): desk.records(step) for step in ("Ask.1", "Write.1")}

    assert desk.store.get(step_ref(desk.run, "Write.1"))["outcome"] == "SUCCEEDED"
    assert list(unapproved(desk.run, chains)) == []


def test_a_call_does_what_was_approved_and_an_approval_serves_one_step(desk: Desk):
    """What the machine passes beside it is ignored; a second step gets nothing."""
    crm = FakeSystem()
    desk.parked()
    assert _called(desk, crm, approval="Ask.1").reason == "ApprovalMissing"
    desk.says(ANA, fields={"label": "bad"})

    first, second = (
        _called(desk, crm, approval="Ask.1", step=step, execution=nested_name(desk.run, step))
        for step in ("Do.1", "Again.1")
    )

    assert (first.outcome, [request.body for request in crm.asked]) == (
        "SUCCEEDED",
        [{"label": "bad"}],
    )
    assert second.reason == "ApprovalMissing"
