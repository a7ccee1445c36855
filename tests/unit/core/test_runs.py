"""A run after the door: admission, its end, cancelling, and what mends it."""

import json

import pytest

from functions.core.domain.canonical import digest
from functions.core.domain.errors import RunNotOpen, TicketRefused
from functions.core.domain.evidence import Kind
from functions.core.domain.expressions import Set, Table
from functions.core.domain.run import Status, run_ref, step_ref
from functions.core.domain.step import Mark
from functions.core.domain.ticket import Ticket
from functions.core.ports import Execution
from functions.core.services.evidence import from_item
from functions.core.services.runs import Ended, result_of
from functions.core.services.stops import set_stop
from tests.fakes import FakeModel, answered
from tests.stage import KEYS, TASK, Stage, envelope, run_of, step_of

SENT = "2026-11-22T08:00:00.000Z"
GOOD = result_of({"outcome": "SUCCEEDED", "label": "good"}, "")
RUN = run_of("a")


def item(stage: Stage) -> dict:
    return stage.store.get(run_ref(RUN))


def kinds(stage: Stage, chain: str = "run") -> list[str]:
    records = stage.store.query(Table.EVIDENCE, f"{RUN}#{chain}")
    return [from_item(record).kind for record in records]


def mark(stage: Stage, kind: Mark = Mark.MARKED, until: str = "2026-11-22T08:01:00.000Z") -> None:
    entry = {"mark": kind, "nonce": "n", "until": until, "facts": {}}
    stage.store.update(step_ref(RUN, "Sort.1"), [Set("attempt#1/x", entry)])


def stop(stage: Stage, *, stopped: bool = True, scope: str = "everything") -> None:
    set_stop(stage.store, stage.bus, stage.clock, scope=scope, stopped=stopped, by="jo", why="-")


def test_admission_pins_every_declared_use(stage) -> None:
    """What is promoted later does not touch this run."""
    stage.admitted()
    pins = item(stage)["pins"]

    assert pins["ai_task#sort"] == digest(TASK)
    assert set(pins) == {
        "ai_task#sort", "budgets#budgets", "models#models", "policy#plain", "system#crm",
    }  # fmt: skip


def test_admission_mints_the_run_s_ticket(stage) -> None:
    """For this run, its workflow and its team."""
    run, ticket = stage.admitted()
    told = Ticket.verify(KEYS.ticket, ticket, run=run, now=stage.clock.now())

    assert (told.run, told.workflow, told.team) == (RUN, "sort_notes", "desk")


def test_admission_repeated_by_its_execution_says_the_same(stage) -> None:
    """A function that died after its write is no second admission."""
    stage.admitted()
    again = stage.runs.admit(RUN, f"execution:{RUN}")

    assert again.status is Status.RUNNING
    assert (kinds(stage), stage.bus.types) == ([Kind.ADMITTED], ["Run Started"])


def test_another_execution_is_not_admitted(stage) -> None:
    """It gets no ticket."""
    stage.admitted()

    assert stage.runs.admit(RUN, "execution:other").ticket == ""


def test_an_emergency_stop_holds_a_run_until_it_is_cleared(stage) -> None:
    """Nothing is lost meanwhile."""
    stage.door.receive(envelope({"id": "a"}), SENT)
    stop(stage, scope="workflow:sort_notes")
    held = stage.runs.admit(RUN, "x")
    stage.clock.forward(minutes=1)
    stop(stage, stopped=False, scope="workflow:sort_notes")

    assert (held.status, held.ticket) == (Status.HELD, "")
    assert stage.runs.admit(RUN, "x").status is Status.RUNNING


def test_what_was_never_received_is_not_admitted(stage) -> None:
    """A run's name alone opens nothing."""
    with pytest.raises(RunNotOpen):
        stage.runs.admit("sort_notes-" + "a" * 26, "x")


def test_a_run_that_succeeds_is_announced_sealed_and_due_no_more(stage) -> None:
    """And what its workflow emits goes out, signed, one hop on."""
    stage.admitted()
    stage.runs.finish(RUN, GOOD)
    emitted = stage.bus.taken[-1].detail

    assert item(stage)["status"] == Status.SUCCEEDED
    assert stage.bus.types == ["Run Started", "Run Succeeded", "Note Sorted"]
    assert (emitted["label"], emitted["hops"], "interlock_mac" in emitted) == ("good", 1, True)
    assert kinds(stage) == [Kind.ADMITTED, Kind.COMPLETED, Kind.SEAL]
    assert (item(stage)["sealed"], item(stage).get("due_at")) == (True, None)


def test_a_run_ends_once(stage) -> None:
    """Whoever comes later changes nothing."""
    stage.admitted()
    stage.runs.finish(RUN, GOOD)
    stage.runs.finish(RUN, Ended(Status.FAILED, "late"))

    assert item(stage)["status"] == Status.SUCCEEDED
    assert stage.bus.types.count("Run Failed") == 0


@pytest.mark.parametrize(
    ("output", "error", "status", "reason"),
    [
        ({"outcome": "REPAIRED"}, "", Status.SUCCEEDED, ""),
        ({"label": "x"}, "", Status.SUCCEEDED, ""),
        ({"outcome": "BUDGET_BUSY"}, "", Status.FAILED, "BUDGET_BUSY"),
        ({"outcome": "FAILED", "reason": "THROTTLED"}, "", Status.FAILED, "THROTTLED"),
        ({"outcome": "SKIPPED"}, "", Status.FAILED, "SKIPPED"),
        (None, "States.Timeout", Status.TIMED_OUT, "States.Timeout"),
        (None, "States.TaskFailed", Status.FAILED, "States.TaskFailed"),
        (None, "", Status.FAILED, "FAILED"),
    ],
)
def test_how_a_workflow_ended_is_read_from_its_output(output, error, status, reason) -> None:
    """Outcomes are data; only a missing output is an error."""
    ended = result_of(output, error)

    assert (ended.status, ended.reason) == (status, reason)


def test_totals_count_every_attempt(stage) -> None:
    """Also the one whose answer was not good enough."""
    run, ticket = stage.admitted()
    model = FakeModel(answered('{"label":"odd"}'), answered('{"label":"good"}'))
    for number in (1, 2):
        call = stage.prepare_call.prepare(step_of(run, ticket), {"note": "a"}, number, 0)
        told = stage.call_model.call(
            step_of(run, ticket), call, _me(number), {"openai_chat": model}
        )
        stage.check_answer.check(step_of(run, ticket), call, told)
    stage.runs.finish(RUN, GOOD)

    assert item(stage)["totals"] == {
        "steps": 1, "attempts": 2, "input_tokens": 20, "output_tokens": 2, "usd": "2",
    }  # fmt: skip


def _me(number: int):
    from functions.core.domain.step import Invocation

    return Invocation(f"n{number}", "2026-11-22T08:01:00.000Z")


def test_a_cancelled_run_waits_for_whoever_may_still_send(stage) -> None:
    """CANCELLING until the mark's sender is dead, then CANCELLED."""
    stage.admitted()
    mark(stage)
    stage.runs.cancel(RUN, "jo", "wrong")
    waiting = item(stage)
    stage.clock.forward(seconds=61)
    stage.sweep.run(lambda: 60.0)

    assert (waiting["status"], waiting["due_at"]) == ("CANCELLING", "2026-11-22T08:01:01.000Z")
    assert item(stage)["status"] == Status.CANCELLED
    assert stage.bus.types == ["Run Started", "Run Cancelled"]


def test_a_cancelled_run_without_marks_ends_at_once(stage) -> None:
    """Its execution is stopped, its evidence says by whom."""
    stage.admitted()
    mark(stage, Mark.ANSWERED)
    ended = stage.runs.cancel(RUN, "jo", "wrong")

    assert (ended["status"], stage.orchestrator.stopped) == (Status.CANCELLED, [RUN])
    assert kinds(stage) == [Kind.ADMITTED, Kind.CANCELLED, Kind.COMPLETED, Kind.SEAL]


def test_a_run_is_cancelled_before_it_is_admitted(stage) -> None:
    """And is not admitted any more."""
    stage.door.receive(envelope({"id": "a"}), SENT)
    stage.runs.cancel(RUN, "jo", "wrong")

    assert stage.runs.admit(RUN, "x").status is Status.CANCELLED


def test_a_closed_run_can_not_be_cancelled(stage) -> None:
    """It says what the run is."""
    stage.admitted()
    stage.runs.finish(RUN, GOOD)

    with pytest.raises(RunNotOpen, match="the run is SUCCEEDED"):
        stage.runs.cancel(RUN, "jo", "late")
    with pytest.raises(RunNotOpen, match="no such run"):
        stage.runs.cancel("sort_notes-" + "b" * 26, "jo", "-")


def test_success_that_comes_during_cancelling_is_cancelled(stage) -> None:
    """CANCELLING is not undone by a late CompleteRun."""
    stage.admitted()
    mark(stage)
    stage.runs.cancel(RUN, "jo", "wrong")
    stage.runs.finish(RUN, GOOD)

    assert item(stage)["status"] == Status.CANCELLING


def later(stage: Stage, **by: float) -> str:
    stage.clock.forward(**by)
    return stage.runs.mend(RUN)


def test_sweep_starts_what_was_received_and_never_started(stage) -> None:
    """When the queue's deliveries are spent, nobody else would."""
    stage.door.receive(envelope({"id": "a"}), SENT)
    stage.orchestrator.started.clear()
    stage.orchestrator.states.clear()

    assert later(stage, minutes=3) == "started"
    assert list(stage.orchestrator.started) == [RUN]


@pytest.mark.parametrize("seen", [Execution.CLOSED, Execution.SUCCEEDED])
def test_sweep_closes_a_run_whose_execution_is_over(stage, seen) -> None:
    """Nobody reported its end."""
    stage.admitted()
    stage.orchestrator.states[RUN] = seen

    assert later(stage, minutes=16) == "closed"
    assert (item(stage)["status"], item(stage)["reason"]) == (Status.FAILED, "EXECUTION_ENDED")


def test_sweep_leaves_a_run_that_is_alive(stage) -> None:
    """It looks again later."""
    stage.admitted()

    assert later(stage, minutes=16) == "alive"
    assert item(stage)["due_at"] == "2026-11-22T08:31:00.000Z"


def test_sweep_delivers_what_the_bus_did_not_take(stage) -> None:
    """The run ended while the bus was down."""
    stage.admitted()
    stage.bus.down = True
    stage.runs.finish(RUN, GOOD)
    unsealed = item(stage).get("sealed")
    stage.bus.down = False

    assert (unsealed, later(stage, minutes=2)) == (None, "delivered")
    assert stage.bus.types[-2:] == ["Run Succeeded", "Note Sorted"]
    assert item(stage)["sealed"] is True


def test_a_run_that_is_gone_is_left_alone(stage) -> None:
    """The index may still list it."""
    assert stage.runs.mend("sort_notes-" + "c" * 26) == "gone"


def test_a_ticket_of_a_second_run_opens_nothing_of_the_first(stage) -> None:
    """Every platform function verifies whose it is."""
    run, _ = stage.admitted("a")
    _, other = stage.admitted("b")

    with pytest.raises(TicketRefused):
        stage.prepare_call.prepare(step_of(run, other), {"note": "a"}, 1, 0)
    assert json.loads(item(stage)["input"]) == {"id": "a"}
