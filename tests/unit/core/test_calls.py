"""What a direct start is told: to start its run, to ask again, or how the run ended."""

from typing import Any

import pytest

from functions.core.domain.errors import RunNotOpen
from functions.core.domain.expressions import Set, Table
from functions.core.domain.references import Reference
from functions.core.domain.run import Status, run_ref
from functions.core.services.runs import Ended
from tests.stage import EXTERNAL, KEYS, Stage, envelope, published_external, run_of

BEGAN_MS = 1_795_334_400_000
RUN = run_of("a", "judge_note")


@pytest.fixture
def stage() -> Stage:
    return Stage(store=published_external())


def asked(workflow: Any = "judge_note", **given: Any) -> dict[str, Any]:
    return {"workflow": workflow, "input": {"id": "a", **given}}


def ask(stage: Stage, given: Any = None) -> Any:
    return stage.calls.ask(asked() if given is None else given, BEGAN_MS)


def item(stage: Stage) -> dict[str, Any]:
    return stage.store.get(run_ref(RUN))


def ended(stage: Stage, output: dict[str, Any] | None) -> None:
    """Admit the run and end it."""
    ask(stage)
    stage.runs.admit(RUN, f"execution:{RUN}")
    status = Status.SUCCEEDED if output else Status.FAILED
    stage.runs.finish(RUN, Ended(status, "" if output else "States.Timeout", output))


def test_a_call_that_was_let_in_is_followed_by_its_runs_name(stage: Stage) -> None:
    """Whatever is deployed while it waits; the door is not asked again."""
    ended(stage, {"outcome": "SUCCEEDED", "reason": "", "step": "s", "answer": 1})
    stage.blobs.kept.clear()

    assert stage.calls.follow(RUN) == ask(stage)
    with pytest.raises(RunNotOpen):
        stage.calls.follow(run_of("never", "judge_note"))


def test_a_new_call_starts_its_run_under_the_runs_name(stage: Stage) -> None:
    """The door puts the run; the machine starts it, so the function needs no such grant."""
    said = ask(stage)

    assert (said.next, said.run, said.workflow) == ("start", RUN, "judge_note")
    assert (item(stage)["status"], item(stage)["source"]) == (Status.RECEIVED, "call")
    assert stage.orchestrator.started == {}


def test_who_is_not_first_follows_ever_more_seldom(stage: Stage) -> None:
    """After a quarter of the run's age: 2 seconds at least, 15 minutes at most."""
    ask(stage)
    stage.runs.admit(RUN, f"execution:{RUN}")
    waits = []
    for passed in (0, 40, 3600, 86_400):
        stage.clock.forward(seconds=passed)
        said = ask(stage)
        waits.append((said.next, said.seconds))

    assert waits == [("follow", 2), ("follow", 10), ("follow", 900), ("follow", 900)]


def test_a_run_that_is_over_tells_what_its_step_put_out(stage: Stage) -> None:
    """Whoever asks, and however often."""
    step = {"outcome": "REPAIRED", "reason": "", "step": "RunStep.1", "answer": {"label": "good"}}
    ended(stage, step)

    told = [ask(stage).told for _ in range(2)]

    assert told == [{"run": RUN, "status": "SUCCEEDED", "detail": "", **step}] * 2


def test_a_run_that_put_out_nothing_tells_why(stage: Stage) -> None:
    """It was cancelled, timed out, or its machine was stopped."""
    ended(stage, None)

    told = ask(stage).told

    assert (told["status"], told["outcome"], told["reason"], told["answer"]) == (
        *("FAILED", "FAILED", "States.Timeout"),
        None,
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (asked("no_such"), "NO_SUCH_WORKFLOW"),
        (asked("sort_notes"), "NOT_EXTERNAL"),
        (asked("Not A Name"), "ENVELOPE"),
        (asked(None), "ENVELOPE"),
        ({"workflow": "judge_note"}, "SCHEMA"),
        (asked(order="one"), "SCHEMA"),
        (asked(note="in clear"), "PERSONAL_VALUE"),
        ("not an object", "ENVELOPE"),
        (None, "ENVELOPE"),
    ],
)
def test_what_does_not_fit_is_told_kept_and_announced(
    stage: Stage, given: Any, reason: str
) -> None:
    """Once, however often the same execution asks."""
    told = [stage.calls.ask(given, BEGAN_MS).told for _ in range(2)]

    [kept] = stage.store.items(Table.REFUSED)
    assert [one["reason"] for one in told] == [reason, reason]
    assert (told[0]["outcome"], told[0]["status"], told[0]["run"]) == ("FAILED", "REJECTED", "")
    assert kept["reason"] == reason
    assert {e.detail_type for e in stage.bus.taken} == {"Run Rejected"}
    assert "in clear" not in str((told, kept))


def test_a_personal_value_comes_in_by_reference(stage: Stage) -> None:
    """What another run of the team was given; it is minted anew for this one."""
    earlier = Reference.name(
        KEYS, team=EXTERNAL["team"], run=run_of("b"), content=b"words", media_type="text/plain"
    )
    stage.blobs.put(earlier.object_key, b"words", "text/plain")

    said = ask(stage, asked(note=earlier.mint(KEYS)))

    assert said.next == "start"
    assert RUN in item(stage)["input"]
    assert "words" not in item(stage)["input"]


def test_a_call_of_other_content_is_refused(stage: Stage) -> None:
    """The first one's answer is no answer to it."""
    ask(stage)

    told = ask(stage, asked(order=2)).told

    assert (told["status"], told["reason"]) == ("REJECTED", "OTHER_CONTENT")


def test_a_replayed_event_and_a_call_are_one_run(stage: Stage) -> None:
    """A refused call that is corrected and replayed answers the corrected call."""
    body = envelope({"id": "a"}, workflow="judge_note", source="replay")
    received = stage.door.receive(body, "2026-11-22T08:00:00.000Z")

    assert (received.run, ask(stage).run) == (RUN, RUN)


def test_the_wait_is_of_the_run_and_not_of_the_call(stage: Stage) -> None:
    """A quarter of two minutes, for a call that was made this moment."""
    ask(stage)
    stage.store.update(run_ref(RUN), [Set("status", Status.HELD)])
    stage.clock.forward(minutes=2)

    assert ask(stage).seconds == 30
