"""A system call: what is taken from where, what is sent how often, and what nobody knows."""

import pytest

from functions.core.domain.errors import StepRefused, TicketRefused
from functions.core.domain.expressions import Set, Table
from functions.core.domain.references import is_reference
from functions.core.domain.run import run_ref, step_ref
from functions.core.domain.step import Invocation, Mark
from functions.core.domain.systems import AnswerKind, SystemAnswer
from functions.core.services.evidence import from_item
from functions.core.services.system_step import ATTEMPTS
from tests.fakes import FakeSystem
from tests.stage import ENDPOINTS, WORKFLOW, Stage, call_of, run_of

RUN = run_of("a")
ME = Invocation("me", "2026-11-22T08:01:00.000Z")
OK = SystemAnswer(AnswerKind.ANSWERED, 200, {"ok": True})
UNKNOWN = SystemAnswer(AnswerKind.UNKNOWN, why="ReadTimeout")
THROTTLED = SystemAnswer(AnswerKind.THROTTLED, 429, wait_seconds=9)
UNAVAILABLE = SystemAnswer(AnswerKind.UNAVAILABLE, why="ConnectError")
REJECTED = SystemAnswer(AnswerKind.REJECTED, 422)
CONFLICT = SystemAnswer(AnswerKind.CONFLICT, 409)


class Desk:
    """One admitted run at its system call."""

    def __init__(self, workflow: dict = WORKFLOW) -> None:
        self.stage = Stage()
        self.stage.clock.forward(seconds=1)
        self.stage.catalog.publish("workflow", "sort_notes", workflow, by="test")
        self.stage.clock.forward(seconds=-1)
        self.ticket = self.stage.admitted("a")[1]
        self.crm = FakeSystem()

    def request(self, operation: str = "crm.keyed"):
        """Return what the machine passes."""
        return call_of(RUN, self.ticket, operation)

    def call(self, *answers: SystemAnswer, operation: str = "crm.keyed", me=ME, **changed):
        """Do one attempt."""
        self.crm = FakeSystem(*answers)
        request = self.request(operation).model_copy(update=changed)
        return self.stage.system_step.call(request, me, self.crm, ENDPOINTS)

    def close(self, operation: str = "crm.keyed", **changed):
        """Close what did not come back."""
        request = self.request(operation).model_copy(update=changed)
        return self.stage.system_step.close(request, "Lambda.Unknown")

    def die_marked(self, operation: str = "crm.keyed") -> None:
        """Let an invocation mark the call and die."""
        attempt = self.request(operation).attempt
        self.stage.sending.mark(attempt, ME, kind="system_call", facts={})
        self.stage.clock.forward(seconds=61)

    @property
    def item(self) -> dict:
        """The step's item."""
        return self.stage.store.get(step_ref(RUN, "Write.1")) or {}

    def mark(self) -> str:
        """Return the mark of the first attempt."""
        return self.item[self.request().attempt.key]["mark"]

    def kinds(self) -> list[str]:
        """Return what the step's chain attests."""
        return [from_item(i).kind for i in self.stage.store.query(Table.EVIDENCE, f"{RUN}#Write.1")]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_call_carries_declared_fields_token_and_key(desk) -> None:
    """The id is taken from the admitted input, the label may come from a model."""
    checked = desk.call(OK)
    (sent,) = desk.crm.asked

    assert (sent.method, sent.url, sent.body) == (
        "PUT", "https://crm.test/notes/a/keyed", {"label": "good"},
    )  # fmt: skip
    assert sent.headers["Authorization"] == "Bearer token"
    assert sent.headers["Idempotency-Key"] == f"{RUN}/Write.1"
    assert (checked.next, checked.answer, desk.mark()) == ("accepted", {"ok": True}, Mark.ANSWERED)


def test_a_field_that_is_taken_can_not_be_passed(desk) -> None:
    """What the machine says for it is ignored."""
    desk.call(OK, fields={"label": "good", "id": "somebody-else"})

    assert desk.crm.asked[0].url == "https://crm.test/notes/a/keyed"


@pytest.mark.parametrize("fields", [{"label": "odd"}, {}], ids=["value", "missing"])
def test_fields_that_do_not_fit_are_never_sent(desk, fields) -> None:
    """The step fails unsent."""
    checked = desk.call(OK, fields=fields)

    assert (checked.next, checked.reason, desk.crm.asked) == ("failed", "FieldsRejected", [])


@pytest.mark.parametrize("operation", ["crm.unknown", "erp.keyed", "keyed"])
def test_an_undeclared_operation_is_never_sent(desk, operation) -> None:
    """The workflow's `uses` names each door."""
    checked = desk.call(OK, operation=operation)

    assert (checked.outcome, checked.reason) == ("FAILED", "UseNotDeclared")
    assert desk.crm.asked == []


def test_an_operation_that_the_workflow_does_not_name_is_never_sent() -> None:
    """Though its system is pinned for another one."""
    desk = Desk(workflow=WORKFLOW | {"uses": {"operations": ["crm.look"]}, "approvals": {}})

    assert (desk.call(OK).reason, desk.crm.asked) == ("UseNotDeclared", [])


def test_a_forged_ticket_or_step_is_refused(desk) -> None:
    """By calls and by closings."""
    for ask in (desk.call, desk.close):
        with pytest.raises(TicketRefused):
            ask(ticket="1|forged")
        with pytest.raises(StepRefused):
            ask(execution="other")
    assert (desk.item, desk.kinds()) == ({}, [])


def test_a_cancelled_run_sends_nothing(desk) -> None:
    """Its state is read right before the send."""
    desk.stage.store.update(run_ref(RUN), [Set("status", "CANCELLING")])

    assert (desk.call(OK).reason, desk.crm.asked) == ("RunNotOpen", [])


def test_the_gate_closes_the_mark_as_unsent(desk, monkeypatch) -> None:
    """The run was cancelled between the first look and the gate."""
    evidence = desk.stage.tools.evidence
    marking = evidence.attest_with

    def cancelled_meanwhile(*args, **how):
        marked = marking(*args, **how)
        desk.stage.store.update(run_ref(RUN), [Set("status", "CANCELLING")])
        return marked

    monkeypatch.setattr(evidence, "attest_with", cancelled_meanwhile)

    assert (desk.call(OK).reason, desk.crm.asked, desk.mark()) == (
        "RUN_NOT_OPEN", [], Mark.UNSENT,
    )  # fmt: skip


def test_a_system_without_a_place_at_this_stage_fails_unsent(desk) -> None:
    """Its base_url is a setting."""
    checked = desk.stage.system_step.call(desk.request(), ME, desk.crm, {})

    assert (checked.reason, desk.mark()) == ("NO_BASE_URL", Mark.UNSENT)


def test_an_attempt_is_sent_once(desk) -> None:
    """A retry of the function finds the mark of another invocation."""
    desk.call(OK)
    again = desk.call(OK, me=Invocation("other", ME.until))

    assert (again.next, again.reason, desk.crm.asked) == ("lost", "not_mine", [])


@pytest.mark.parametrize("effect", ["read", "idempotent", "keyed", "once", "verify"])
@pytest.mark.parametrize("answer", [THROTTLED, UNAVAILABLE], ids=["throttled", "unavailable"])
def test_what_was_surely_not_done_is_tried_again(desk, effect, answer) -> None:
    """Whatever its effect; after as long as the system said."""
    operation = "crm.look" if effect == "read" else f"crm.{effect}"
    checked = desk.call(answer, operation=operation)

    assert (checked.next, checked.number) == ("wait", 2)
    assert checked.seconds == (9 if answer is THROTTLED else 1)


@pytest.mark.parametrize(
    ("effect", "next_", "outcome"),
    [
        ("look", "wait", ""),
        ("idempotent", "wait", ""),
        ("keyed", "wait", ""),
        ("once", "failed", "OUTCOME_UNKNOWN"),
        ("verify", "failed", "OUTCOME_UNKNOWN"),
    ],
)
def test_an_unknown_outcome_is_repeated_only_where_that_does_no_harm(
    desk, effect, next_, outcome
) -> None:
    """A second send of the others could double what they do."""
    checked = desk.call(UNKNOWN, operation=f"crm.{effect}")

    assert (checked.next, checked.outcome) == (next_, outcome)


@pytest.mark.parametrize("answer", [REJECTED, CONFLICT], ids=["rejected", "conflict"])
def test_a_refusal_by_the_system_ends_the_step(desk, answer) -> None:
    """The same request would fail again."""
    checked = desk.call(answer)

    assert (checked.next, checked.outcome) == ("failed", "FAILED")
    assert checked.reason == f"{answer.kind.upper()} {answer.status}"


def test_the_last_attempt_ends_the_step(desk) -> None:
    """Unknown stays unknown, and a throttle fails."""
    ends = [
        desk.call(a, number=ATTEMPTS, entered_ms=n).outcome
        for n, a in enumerate((UNKNOWN, THROTTLED))
    ]

    assert ends == ["OUTCOME_UNKNOWN", "FAILED"]


def test_waits_double_and_are_bounded(desk) -> None:
    """One second, two, four; a system may say more, up to a minute."""
    waits = [desk.call(UNAVAILABLE, number=n, entered_ms=n).seconds for n in (1, 2, 3, 4)]
    long = desk.call(SystemAnswer(AnswerKind.THROTTLED, 429, wait_seconds=900), entered_ms=9)

    assert (waits, long.seconds) == ([1, 2, 4, 8], 60)


def test_an_answer_that_misses_its_schema_fails(desk) -> None:
    """With a place and a keyword, no value."""
    checked = desk.call(SystemAnswer(AnswerKind.ANSWERED, 200, {"ok": "Jo"}))

    assert (checked.outcome, checked.reason) == ("FAILED", "RESPONSE_SCHEMA /ok type")


def test_a_personal_part_of_an_answer_does_not_travel(desk) -> None:
    """A reference does, and evidence holds a keyed hash only."""
    checked = desk.call(SystemAnswer(AnswerKind.ANSWERED, 200, {"ok": True, "echo": "call Jo"}))
    everything = [*desk.stage.store.items(Table.EVIDENCE), *desk.stage.store.items(Table.RUNS)]

    assert is_reference(checked.answer["echo"])
    assert "call Jo" not in str(everything)


# what did not come back


def test_nothing_is_said_while_the_sender_may_live(desk) -> None:
    """The machine waits."""
    desk.die_marked()
    desk.stage.clock.forward(seconds=-1)

    assert desk.close().next == "wait"


def test_a_call_that_nobody_marked_is_tried_again(desk) -> None:
    """Also a once-call: it was surely not sent, and can't be any more."""
    closed = desk.close("crm.once")
    late = desk.call(OK, operation="crm.once")

    assert (closed.next, closed.number) == ("again", 2)
    assert (late.next, desk.crm.asked, desk.mark()) == ("lost", [], Mark.UNSENT)


@pytest.mark.parametrize(
    ("effect", "next_", "outcome"),
    [
        ("look", "again", ""),
        ("idempotent", "again", ""),
        ("keyed", "again", ""),
        ("once", "failed", "OUTCOME_UNKNOWN"),
        ("verify", "failed", "OUTCOME_UNKNOWN"),
    ],
)
def test_a_dead_sender_s_call_is_repeated_only_where_that_does_no_harm(
    desk, effect, next_, outcome
) -> None:
    """Under the same idempotency key."""
    desk.die_marked(f"crm.{effect}")
    closed = desk.close(f"crm.{effect}")

    assert (closed.next, closed.outcome, desk.mark()) == (next_, outcome, Mark.UNCONFIRMED)


def test_a_once_call_that_ended_unheard_says_its_end_again(desk) -> None:
    """The function wrote the outcome and died before it answered: it is known."""
    said = desk.call(OK, operation="crm.once")

    assert desk.close("crm.once") == said
    assert desk.item["outcome"] == "SUCCEEDED"


def test_a_throttled_once_call_that_ended_unheard_is_tried_again(desk) -> None:
    """Nothing was done, and that is written."""
    desk.call(THROTTLED, operation="crm.once")

    assert (desk.close("crm.once").next, desk.mark()) == ("again", Mark.ANSWERED)


def test_a_lost_call_of_a_run_that_is_over_ends_as_unknown(desk) -> None:
    """Nothing is sent again for it."""
    desk.die_marked()
    desk.stage.store.update(run_ref(RUN), [Set("status", "CANCELLING")])

    assert desk.close().outcome == "OUTCOME_UNKNOWN"
