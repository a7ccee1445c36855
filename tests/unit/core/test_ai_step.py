"""An AI step: what is prepared, who may send, what is accepted, and what is booked."""

import json

import pytest

from functions.core.domain.errors import (
    ArtifactRefused,
    BudgetBusy,
    BudgetExceeded,
    MoneyInFlight,
    PromptTooLarge,
    RunNotOpen,
    StepRefused,
    StoreContention,
    TicketRefused,
    UseNotDeclared,
    VariablesRejected,
)
from functions.core.domain.evidence import Kind, Tail
from functions.core.domain.expressions import Set, Table
from functions.core.domain.models import AnswerStatus, Form, ModelAnswer, Usage
from functions.core.domain.names import AttemptName, nested_name
from functions.core.domain.references import is_reference
from functions.core.domain.run import Outcome, run_ref
from functions.core.domain.step import Invocation, Mark
from functions.core.services.evidence import from_item
from functions.core.services.prepare_call import BUDGET_WAITS
from functions.core.services.stops import set_stop
from tests.fakes import answered
from tests.stage import MODELS, POLICY, TASK, WORKFLOW
from tests.unit.core.desk import GOOD, ME, RUN, Desk

OTHER = Invocation("other", "2026-11-22T08:02:00.000Z")


@pytest.fixture
def desk() -> Desk:
    return Desk()


# what is prepared


def test_a_prepared_call_holds_its_worst_case(desk) -> None:
    """The prompt lies in the bucket; what travels is its reference."""
    call = desk.prepare()

    assert (call.worst_usd, call.max_output_tokens, desk.money()) == ("4", 4, (0, 0, 1))
    assert is_reference(call.prompt)
    assert "hello" not in call.model_dump_json()


def test_a_free_target_reserves_nothing() -> None:
    """It is never blocked by a budget."""
    desk = Desk(ai_task=TASK | {"route": "gratis"})
    call = desk.prepare()

    assert (call.worst_usd, call.shards, desk.money()) == ("0", 0, (0, 0, 0))
    assert desk.check(call, desk.call(call)).next == "accepted"


def test_two_preparations_are_two_attempts(desk) -> None:
    """A retried PrepareCall says another name."""
    assert desk.prepare().attempt != desk.prepare().attempt


def test_the_next_attempt_goes_to_the_next_target() -> None:
    """And around again."""
    desk = Desk(ai_task=TASK | {"route": "both"})

    assert [desk.prepare(target=n).target for n in range(3)] == ["paid", "free", "paid"]


def forged(desk: Desk, **changed):
    return desk.step.model_copy(update=changed)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"ticket": "1|forged"}, TicketRefused),
        ({"execution": "other"}, StepRefused),
        ({"step": "Sort"}, StepRefused),
        ({"step": "Sort.2"}, StepRefused),
        ({"run": "sort_notes-" + "a" * 26}, TicketRefused),
    ],
    ids=str,
)
def test_a_step_that_is_not_what_it_says_is_refused_without_a_trace(desk, changed, error) -> None:
    """Neither a step's item nor evidence nor money."""
    with pytest.raises(error):
        desk.stage.prepare_call.prepare(forged(desk, **changed), {"note": "a"}, 1, 0)
    assert (desk.item, desk.kinds(), desk.money()) == ({}, [], (0, 0, 0))


@pytest.mark.parametrize("method", ["call", "check", "close"])
def test_every_function_verifies_the_ticket(desk, method) -> None:
    """Believing a run's name would let one run send for another."""
    call = desk.prepare()
    answer = desk.call(call)
    ask = {
        "call": lambda step: desk.stage.call_model.call(step, call, ME, {}),
        "check": lambda step: desk.stage.check_answer.check(step, call, answer),
        "close": lambda step: desk.stage.close_attempt.close(step, call, "x"),
    }

    with pytest.raises(TicketRefused):
        ask[method](forged(desk, ticket=desk.ticket[:-1] + "g"))


def test_an_undeclared_task_is_refused(desk) -> None:
    """Though it is published."""
    step = forged(desk, task="other", execution=nested_name(RUN, "Sort.1"))

    with pytest.raises(UseNotDeclared):
        desk.stage.prepare_call.prepare(step, {"note": "a"}, 1, 0)


@pytest.mark.parametrize(
    ("variables", "error"),
    [({"other": 1}, VariablesRejected), ({"note": "x" * 3000}, PromptTooLarge)],
    ids=["schema", "size"],
)
def test_variables_that_do_not_fit_end_the_step_unsent(desk, variables, error) -> None:
    """On record, by the error's name alone."""
    with pytest.raises(error):
        desk.prepare(**variables)
    assert (desk.item["outcome"], desk.item["reason"]) == (Outcome.FAILED, error.__name__)
    assert (desk.kinds(), desk.money()) == (["closed"], (0, 0, 0))


def test_money_in_flight_is_waited_for_and_not_for_ever(desk) -> None:
    """While there is waiting left the step goes on; then it ends as what it is."""
    calls = [desk.prepare(), desk.prepare()]
    for waits in range(BUDGET_WAITS):
        with pytest.raises(MoneyInFlight):
            desk.stage.prepare_call.prepare(desk.step, {"note": "a"}, 1, 0, budget_waits=waits)
    assert "outcome" not in desk.item
    with pytest.raises(BudgetBusy):
        desk.stage.prepare_call.prepare(desk.step, {"note": "a"}, 1, 0, budget_waits=BUDGET_WAITS)
    assert desk.item["outcome"] == "BUDGET_BUSY"

    desk.call(calls[0], answered('{"label":"good"}', Usage(1, 1)))

    assert desk.stage.prepare_call.prepare(desk.step, {"note": "a"}, 1, 0, budget_waits=1)


def test_a_run_spends_no_more_than_its_workflow_lets_it() -> None:
    """Its own limit counts beside every budget, and what comes back counts for it again."""
    desk = Desk(workflow={**WORKFLOW, "limits": {"run_usd": "6"}})
    call = desk.prepare()
    with pytest.raises(BudgetBusy, match="run"):
        desk.prepare()
    desk.call(call, answered('{"label":"good"}', Usage(1, 1)))
    run = desk.stage.store.get(run_ref(RUN))

    assert (run["usd_left"], run["usd_open"]) == (5, {})
    desk.call(desk.prepare(), answered('{"label":"good"}', Usage(1, 3)))
    with pytest.raises(BudgetExceeded, match="run"):
        desk.prepare()


def test_a_run_that_is_over_prepares_nothing(desk) -> None:
    """Its state is read, not believed."""
    desk.stage.runs.cancel(RUN, "jo", "-")

    with pytest.raises(RunNotOpen):
        desk.prepare()


def test_money_in_flight_is_busy_and_spent_money_is_exceeded(desk) -> None:
    """Nine dollars hold two worst cases of four."""
    calls = [desk.prepare(), desk.prepare()]
    with pytest.raises(BudgetBusy):
        desk.prepare()
    busy = desk.item["outcome"]
    for call in calls:
        desk.call(call, answered('{"label":"good"}', Usage(1, 4)))
    with pytest.raises(BudgetExceeded):
        desk.prepare()

    assert [busy, desk.item["outcome"]] == ["BUDGET_BUSY", "BUDGET_EXCEEDED"]


def test_a_lost_race_is_no_outcome(desk, monkeypatch) -> None:
    """The machine tries again; the step did not fail."""

    def contended(*_):
        raise StoreContention("again")

    monkeypatch.setattr(desk.stage.blobs, "put", contended)

    with pytest.raises(StoreContention):
        desk.prepare()
    assert (desk.item, desk.kinds()) == ({}, [])


# who may send


def test_what_is_prepared_goes_on_record_with_its_mark(desk) -> None:
    """Nothing is said of a call before, and nothing is marked without."""
    call = desk.prepare()
    before = (desk.item, desk.kinds())
    attempt = AttemptName.parse(call.attempt)
    told = {"kind": "ai_task", "facts": {}, "prepared": call.prepared}
    desk.stage.tools.mark(attempt, ME, **told)

    assert (before, desk.mark(call), desk.kinds()) == (({}, []), Mark.MARKED, ["prepared"])


def test_a_further_attempt_goes_on_record_behind_what_is_there(desk) -> None:
    """Its number is taken, so it reads on; the chain stays one."""
    desk.once(answered("It is good."))
    desk.once(GOOD, number=2)

    assert desk.kinds() == ["prepared", "answered", "checked"] * 2


def test_an_attempt_is_sent_once(desk) -> None:
    """A second invocation finds the mark and goes away."""
    call = desk.prepare()
    desk.call(call)
    again = desk.call(call, me=OTHER)

    assert (again.status, desk.model.asked) == ("not_mine", [])
    assert desk.check(call, again).next == "lost"


def test_the_sdk_s_repeat_of_a_mark_is_success(desk) -> None:
    """The condition failed on its own nonce."""
    attempt = AttemptName.parse(desk.prepare().attempt)
    marked = [
        desk.stage.sending.mark(attempt, who, kind="ai_task", facts={}) for who in (ME, ME, OTHER)
    ]

    assert marked == [True, True, False]


def _cancelling(desk: Desk) -> None:
    desk.stage.store.update(run_ref(RUN), [Set("status", "CANCELLING")])


def _unpinned(desk: Desk) -> None:
    desk.stage.store.update(run_ref(RUN), [Set(("pins", "ai_task#sort"), "0" * 64)])


def _stopped(scope: str):
    def stop(desk: Desk) -> None:
        stage = desk.stage
        set_stop(stage.store, stage.bus, stage.clock, scope=scope, stopped=True, by="jo", why="-")

    return stop


@pytest.mark.parametrize(
    ("closes", "reason"),
    [
        (_cancelling, "RUN_NOT_OPEN"),
        (_unpinned, "USE_NOT_PINNED"),
        (_stopped("everything"), "STOPPED_EVERYTHING"),
        (_stopped("workflow:sort_notes"), "STOPPED_WORKFLOW:SORT_NOTES"),
        (_stopped("target:paid"), "STOPPED_TARGET:PAID"),
    ],
    ids=["cancelling", "pin", "everything", "workflow", "target"],
)
def test_the_gate_refuses_after_the_mark(desk, closes, reason) -> None:
    """Nothing is sent, the mark is closed as unsent, the money is free again."""
    call = desk.prepare()
    closes(desk)
    told = desk.call(call)
    checked = desk.check(call, told)

    assert (told.status, desk.model.asked) == (reason, [])
    assert (desk.mark(call), desk.money()) == (Mark.UNSENT, (0, 0, 0))
    assert (checked.next, checked.outcome, checked.reason) == ("failed", Outcome.FAILED, reason)


def test_another_target_s_stop_stops_nothing(desk) -> None:
    """It is named in the switch."""
    _stopped("target:free")(desk)

    assert desk.once(GOOD).next == "accepted"


# what is accepted, and what is booked


def test_a_good_answer_ends_the_step(desk) -> None:
    """Prepared, answered, checked; settled at what it cost."""
    call = desk.prepare()
    checked = desk.check(call, desk.call(call, answered('{"label":"good"}', Usage(10, 3))))

    assert (checked.next, checked.outcome, checked.answer) == (
        "accepted", Outcome.SUCCEEDED, {"label": "good"},
    )  # fmt: skip
    assert desk.kinds() == ["prepared", "answered", "checked"]
    assert (desk.mark(call), desk.money()) == (Mark.ANSWERED, (3, 0, 0))


def test_a_personal_part_of_an_answer_does_not_travel(desk) -> None:
    """A reference does."""
    checked = desk.once(answered('{"label":"good","quote":"call Jo"}'))

    assert is_reference(checked.answer["quote"])
    assert "call Jo" not in json.dumps(desk.item, default=str)


UNKNOWN = ModelAnswer(AnswerStatus.UNKNOWN, why="ReadTimeout")
THROTTLED = ModelAnswer(AnswerStatus.THROTTLED, wait_seconds=7)


def after(desk: Desk, answer: ModelAnswer, *, target: int = 0, repairs: int = 0, number: int = 1):
    """Return what follows *answer* at one target of the task's route."""
    call = desk.prepare(number, target).model_copy(update={"repairs": repairs})
    return desk.check(call, desk.call(call, answer))


def on_both() -> Desk:
    """Return a desk whose route has two targets: paid, then free."""
    return Desk(ai_task=TASK | {"route": "both", "limits": TASK["limits"] | {"attempts": 5}})


CUT = ModelAnswer(AnswerStatus.CUT, "{", usage=Usage(1, 4))
REFUSED = ModelAnswer(AnswerStatus.REFUSED, usage=Usage(1, 1))
EMPTY = ModelAnswer(AnswerStatus.EMPTY)
REJECTED = ModelAnswer(AnswerStatus.REJECTED)
UNAVAILABLE = ModelAnswer(AnswerStatus.UNAVAILABLE)


@pytest.mark.parametrize(
    ("answer", "reason", "target", "repairs", "money"),
    [
        (answered('{"label":"odd"}'), "SCHEMA: /label: enum", 0, 1, (1, 0, 0)),
        (answered("no json"), "NO_JSON", 0, 1, (1, 0, 0)),
        (CUT, "CUT", 1, 0, (4, 0, 0)),
        (REFUSED, "REFUSED", 1, 0, (1, 0, 0)),
        (EMPTY, "EMPTY", 1, 0, (4, 0, 0)),
        (REJECTED, "REJECTED", 1, 0, (0, 0, 0)),
        (UNAVAILABLE, "UNAVAILABLE", 1, 0, (0, 0, 0)),
        (UNKNOWN, "UNKNOWN", 1, 0, (0, 4, 0)),
    ],
    ids=["schema", "text", "cut", "refused", "empty", "rejected", "unavailable", "unknown"],
)
def test_what_is_not_accepted_is_tried_otherwise(answer, reason, target, repairs, money) -> None:
    """Booked by what is known of it; shown its error once, else the next target."""
    desk = on_both()

    checked = after(desk, answer)

    assert (checked.next, checked.number, checked.target_index) == ("again", 2, target)
    assert (checked.repairs, is_reference(checked.repair)) == (repairs, repairs == 1)
    assert checked.reason.startswith(reason)
    assert desk.money() == money


def test_a_throttle_waits_for_the_same_target() -> None:
    """As long as it said."""
    checked = after(on_both(), THROTTLED)

    assert (checked.next, checked.target_index, checked.seconds) == ("wait", 0, 7)


@pytest.mark.parametrize(("target", "next_"), [(0, "again"), (1, "wait")])
def test_who_wants_to_be_waited_for_long_is_passed_over(target: int, next_: str) -> None:
    """For the route's next target, if there is one."""
    patient = ModelAnswer(AnswerStatus.THROTTLED, wait_seconds=30.5)

    assert after(on_both(), patient, target=target).next == next_


def test_part_of_a_second_is_waited_for(desk) -> None:
    """Too early is a second throttle."""
    call = desk.prepare()
    told = desk.call(call, ModelAnswer(AnswerStatus.THROTTLED, wait_seconds=7.2))

    assert told.wait_seconds == 8


def test_after_the_repair_round_comes_the_next_target() -> None:
    """One round a step, wherever it was used up."""
    checked = after(on_both(), answered('{"label":"odd"}'), repairs=1)

    assert (checked.next, checked.target_index, checked.repair, checked.repairs) == (
        "again", 1, None, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "next_"),
    [(CUT, "failed"), (REFUSED, "failed"), (REJECTED, "failed"), (UNKNOWN, "again")],
    ids=["cut", "refused", "rejected", "unknown"],
)
def test_the_last_target_is_asked_again_only_where_that_may_help(answer, next_) -> None:
    """The same request fails again, or costs again, unless the exchange was what failed."""
    assert after(on_both(), answer, target=1).next == next_


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (answered('{"label":"odd"}'), "REJECTED_OUTPUT"),
        (CUT, "REJECTED_OUTPUT"),
        (REFUSED, "REJECTED_OUTPUT"),
        (EMPTY, "REJECTED_OUTPUT"),
        (UNKNOWN, "FAILED"),
        (THROTTLED, "FAILED"),
        (REJECTED, "FAILED"),
    ],
    ids=["schema", "cut", "refused", "empty", "unknown", "throttled", "rejected"],
)
def test_the_last_attempt_ends_the_step(desk, answer, outcome) -> None:
    """A violation is a failed step, never a success with a flag."""
    checked = desk.once(answer, number=2)

    assert (checked.next, checked.outcome, desk.item["outcome"]) == ("failed", outcome, outcome)


def test_a_repair_shows_the_model_its_answer_and_place_keyword_and_limit(desk) -> None:
    """And no more; what it then says is accepted as repaired, never as plain success."""
    first = desk.prepare()
    checked = desk.check(first, desk.call(first, answered('{"label":"odd","more":1}')))
    call = desk.stage.prepare_call.prepare(
        desk.step, {"note": "hello"}, 2, 0, checked.repair, checked.repairs
    )
    repaired = desk.check(call, desk.call(call))

    *_, own, complaint = desk.model.asked[0].messages
    assert own == {"role": "assistant", "content": '{"label":"odd","more":1}'}
    assert complaint["role"] == "user"
    assert set(complaint["content"].splitlines()[1:-1]) == {
        "- /label: enum",
        "- (root): additionalProperties",
    }
    assert (repaired.next, repaired.outcome) == ("accepted", Outcome.REPAIRED)
    assert desk.item["outcome"] == Outcome.REPAIRED
    assert desk.close(call) == repaired


def test_a_recovered_answer_is_repaired_and_says_how(desk) -> None:
    """It was not what was asked for, so it is no plain success; the record holds no value."""
    checked = desk.once(answered("Sure:\n```json\n{'label': 'good',}\n```"))

    assert (checked.next, checked.outcome) == ("accepted", Outcome.REPAIRED)
    assert (checked.answer, desk.item["outcome"]) == ({"label": "good"}, Outcome.REPAIRED)
    records = map(from_item, desk.stage.store.query(Table.EVIDENCE, f"{RUN}#Sort.1"))
    said = next(record.body for record in records if record.kind == "checked")
    assert said["recovered"] == ["prose", "fence", "single_quotes", "trailing_comma"]


def test_a_null_that_says_absent_is_no_repair(desk) -> None:
    """Strict mode makes the model name each property: that is not its fault."""
    checked = desk.once(answered('{"label":"good","quote":null}'))

    assert (checked.outcome, checked.answer) == (Outcome.SUCCEEDED, {"label": "good"})
    [asked] = desk.model.asked
    assert (asked.form, asked.schema["required"]) == (Form.JSON_SCHEMA, ["label", "quote"])


def test_a_target_that_does_not_keep_a_form_is_asked_one_rung_down(desk) -> None:
    """It promised JSON and wrote prose: now the prompt itself holds the schema."""
    first = desk.prepare()
    checked = desk.check(first, desk.call(first, answered("It is good.")))
    again = desk.stage.prepare_call.prepare(
        desk.step, {"note": "hello"}, 2, 0, checked.repair, checked.repairs
    )
    desk.call(again)

    [asked] = desk.model.asked
    assert (first.form, asked.form) == (Form.JSON_SCHEMA, Form.PROMPT)
    assert "JSON Schema:" in asked.messages[0]["content"]
    assert (again.absent_as_null, "null" in json.dumps(asked.schema)) == (False, False)


def _prepared_by_an_older_release(desk: Desk):
    """Return a call whose preparation was put on record at once."""
    call = desk.prepare()
    chain, id_ = f"{RUN}#Sort.1", f"{call.attempt}:prepared"
    tail = desk.stage.evidence.append(chain, Kind.PREPARED, id_, call.prepared)
    return call.model_copy(
        update={"prepared": None, "evidence_n": tail.n, "evidence_hash": tail.hash}
    )


def test_a_call_that_was_put_on_record_when_it_was_prepared_goes_on(desk) -> None:
    """As an older release did: its chain has no record twice."""
    call = _prepared_by_an_older_release(desk)
    checked = desk.check(call, desk.call(call))

    assert (checked.next, desk.kinds()) == ("accepted", ["prepared", "answered", "checked"])


def test_a_check_that_an_older_release_did_not_finish_is_finished(desk) -> None:
    """It was on record, and its function died before the step's end was written."""
    call = desk.prepare()
    told = desk.call(call)
    behind = Tail(told.evidence_n, told.evidence_hash)
    body = {"attempt": call.attempt, "outcome": "SUCCEEDED", "reason": ""}
    id_ = f"{call.attempt}:checked"
    desk.stage.evidence.append(f"{RUN}#Sort.1", Kind.CHECKED, id_, body, behind)
    desk.check(call, told)

    assert (desk.item["outcome"], desk.kinds()) == (
        "SUCCEEDED", ["prepared", "answered", "checked"],
    )  # fmt: skip


def test_a_call_that_an_older_release_prepared_goes_on(desk) -> None:
    """It names no form, so it is asked in the strongest."""
    call = desk.prepare().model_copy(update={"form": ""})
    checked = desk.check(call, desk.call(call))

    assert (checked.outcome, desk.model.asked[0].form) == (Outcome.SUCCEEDED, Form.JSON_SCHEMA)


def test_an_answer_longer_than_the_policy_lets_it_be_is_refused() -> None:
    """Before it is parsed."""
    desk = Desk(policy=POLICY | {"max_answer_bytes": 256})
    checked = desk.once(answered('{"label":"good","quote":"' + " " * 256 + '"}'))

    assert (checked.next, checked.reason) == ("again", "TOO_LARGE")


def test_another_run_s_answer_is_not_shown(desk) -> None:
    """A reference is bound to its run, in a repair too."""
    other, _ = desk.stage.admitted("b")
    theirs = desk.stage.artifacts.keep(b"{}", "text/plain", team="desk", run=other)

    with pytest.raises(ArtifactRefused):
        desk.stage.prepare_call.prepare(
            desk.step, {"note": "hello"}, 2, 0, theirs.mint(desk.stage.tools.keys), 1
        )


def test_an_answer_without_fault_is_not_repaired(desk) -> None:
    """Nothing was wrong with it, so nobody may ask for another."""
    call = desk.prepare()
    told = desk.call(call)

    with pytest.raises(ArtifactRefused):
        desk.stage.prepare_call.prepare(desk.step, {"note": "hello"}, 2, 0, told.answer, 1)


# what did not come back


def test_nothing_is_said_of_a_call_whose_sender_may_live(desk) -> None:
    """The machine waits."""
    call = desk.prepare()
    desk.stage.sending.mark(AttemptName.parse(call.attempt), ME, kind="ai_task", facts={})
    desk.stage.clock.forward(seconds=60)

    assert desk.close(call).next == "wait"
    assert (desk.mark(call), desk.money()) == (Mark.MARKED, (0, 0, 1))


def test_a_dead_sender_s_call_is_unconfirmed_and_tried_again(desk) -> None:
    """Booked at worst case: whether it sent can't be told."""
    call = desk.prepare()
    desk.stage.sending.mark(AttemptName.parse(call.attempt), ME, kind="ai_task", facts={})
    desk.stage.clock.forward(seconds=61)
    closed = desk.close(call)

    assert (closed.next, closed.number, desk.mark(call)) == ("again", 2, Mark.UNCONFIRMED)
    assert desk.money() == (0, 4, 0)


def test_a_call_that_nobody_marked_is_closed_as_unsent(desk) -> None:
    """No mark can follow, and its money is free."""
    call = desk.prepare()
    closed = desk.close(call)
    late = desk.call(call)

    assert (closed.next, desk.mark(call), desk.money()) == ("again", Mark.UNSENT, (0, 0, 0))
    assert (late.status, desk.model.asked) == ("not_mine", [])


def test_the_last_lost_call_ends_the_step(desk) -> None:
    """With the error that the machine saw."""
    closed = desk.close(desk.prepare(number=2), "Sandbox.Timedout")

    assert (closed.next, closed.outcome, closed.reason) == ("failed", "FAILED", "Sandbox.Timedout")
    assert desk.item["outcome"] == "FAILED"


def test_a_step_that_ended_unheard_says_its_end_again(desk) -> None:
    """CheckAnswer wrote it and died before it answered."""
    call = desk.prepare()
    checked = desk.check(call, desk.call(call))

    assert desk.close(call) == checked
    assert desk.item["outcome"] == "SUCCEEDED"


def test_a_preparation_that_never_came_back_ends_the_step(desk) -> None:
    """Nothing was sent."""
    closed = desk.close(None, "States.Timeout")

    assert (closed.next, closed.outcome, desk.item["reason"]) == (
        "failed", "FAILED", "States.Timeout",
    )  # fmt: skip


def test_sweep_books_what_no_machine_closed(desk) -> None:
    """An unmarked reservation is released, a marked one is booked at worst case."""
    marked, unmarked = desk.prepare(), desk.prepare()
    desk.stage.sending.mark(AttemptName.parse(marked.attempt), ME, kind="ai_task", facts={})
    desk.stage.clock.forward(minutes=16)
    desk.stage.sweep.run(lambda: 60.0)

    assert (desk.mark(marked), desk.mark(unmarked)) == (Mark.UNCONFIRMED, Mark.UNSENT)
    assert desk.money() == (0, 4, 0)


def test_sweep_leaves_a_reservation_whose_sender_may_live(desk) -> None:
    """However old the reservation is."""
    call = desk.prepare()
    late = Invocation("me", "2026-11-22T09:00:00.000Z")
    desk.stage.sending.mark(AttemptName.parse(call.attempt), late, kind="ai_task", facts={})
    desk.stage.clock.forward(minutes=16)
    desk.stage.sweep.run(lambda: 60.0)

    assert (desk.mark(call), desk.money()) == (Mark.MARKED, (0, 0, 1))


def test_a_changed_price_list_does_not_touch_a_run_under_way(desk) -> None:
    """Its models are pinned."""
    dear = json.loads(json.dumps(MODELS))
    dear["targets"]["paid"]["prices"]["output_usd_per_million"] = "9000000"
    desk.stage.catalog.publish("models", "models", dear, by="test")

    assert desk.prepare().worst_usd == "4"
