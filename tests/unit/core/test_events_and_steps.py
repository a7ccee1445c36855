"""Our own events, the outbox that keeps them, a step's marks, and where a run lies."""

import pytest
from pydantic import ValidationError

from functions.core.domain.envelope import Envelope
from functions.core.domain.events import SIGNATURE, make, unsigned
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.run import (
    CANCELLABLE,
    DUE_BUCKETS,
    OPEN,
    Status,
    day_bucket,
    due_bucket,
)
from functions.core.domain.step import Mark, attempts, may_still_send
from functions.core.services import outbox
from functions.core.services.stops import set_stop
from functions.core.services.sweep import HEARTBEAT
from tests.stage import KEYS

REF = Ref(Table.RUNS, "run", "run")


def test_an_event_s_id_is_a_function_of_its_cause() -> None:
    """Delivered twice, it can be recognised."""
    one, again, other = (make("Run Started", {}, cause=c) for c in ("a", "a", "b"))

    assert one == again
    assert one.event_id != other.event_id


def test_an_event_says_its_version_and_hops() -> None:
    """Whoever reads it later knows how."""
    said = make("Run Started", {"run": "r"}, cause="a", hops=3).detail

    assert (said["schema_version"], said["hops"], said["run"]) == (1, 3, "r")
    assert SIGNATURE not in said


def test_a_signed_event_is_recognised_and_a_changed_one_is_not() -> None:
    """Nobody else can claim our source."""
    detail = make("Note Sorted", {"id": "a"}, cause="c", hops=2, keys=KEYS).detail

    assert unsigned(KEYS, detail) == {"id": "a", "hops": 2}
    assert unsigned(KEYS, detail | {"id": "b"}) is None
    assert unsigned(KEYS, detail | {"hops": 0}) is None
    assert unsigned(KEYS, {"id": "a"}) is None


@pytest.mark.parametrize("change", [{"v": 2}, {"source": "me"}, {"workflow": "A"}, {"more": 1}])
def test_an_envelope_is_closed(change) -> None:
    """What it does not know it does not take, and its error repeats no value."""
    with pytest.raises(ValidationError) as caught:
        Envelope.model_validate(
            {"v": 1, "workflow": "a", "source": "api", "event": {"secret": "Jo"}} | change
        )
    assert "Jo" not in str(caught.value)


def test_events_leave_with_the_write_that_caused_them(stage) -> None:
    """And are gone from the item once the bus took them."""
    event = make("Run Started", {}, cause="a")
    stage.store.update(REF, outbox.entries([event]))
    delivered = outbox.deliver(stage.store, stage.bus, REF, outbox.pending(stage.store.get(REF)))

    assert (delivered, stage.bus.taken) == (1, [event])
    assert outbox.pending(stage.store.get(REF)) == []


def test_what_the_bus_did_not_take_stays(stage) -> None:
    """Sweep comes for it."""
    event = make("Run Started", {}, cause="a")
    stage.store.update(REF, outbox.entries([event]))
    stage.bus.down = True

    assert outbox.deliver(stage.store, stage.bus, REF, [event]) == 0
    assert outbox.pending(stage.store.get(REF)) == [event]


def entry(mark: Mark, until: str = "5", **used) -> dict:
    return {"mark": mark, "nonce": "n", "until": until, "facts": {"target": "t"}, **used}


def test_a_step_shows_every_attempt(stage) -> None:
    """What each was for, and what it used."""
    item = {
        "outcome": "SUCCEEDED",
        "attempt#1/a": entry(Mark.UNCONFIRMED),
        "attempt#2/b": entry(Mark.ANSWERED, usd="1"),
    }

    told = [(a.key, a.mark, dict(a.facts)) for a in attempts(item)]

    assert told == [
        ("attempt#1/a", Mark.UNCONFIRMED, {"target": "t"}),
        ("attempt#2/b", Mark.ANSWERED, {"target": "t", "usd": "1"}),
    ]
    assert list(attempts(None)) == []


def test_only_an_open_mark_may_still_send() -> None:
    """Until the end of its sender's life, inclusive; the latest counts."""
    item = {
        "attempt#1/a": entry(Mark.MARKED, "5"),
        "attempt#2/b": entry(Mark.MARKED, "7"),
        "attempt#3/c": entry(Mark.ANSWERED, "9"),
    }

    assert [may_still_send(item, now) for now in ("4", "7", "8")] == ["7", "7", None]


def test_a_run_lies_in_one_bucket_for_ever() -> None:
    """Spread over all of them."""
    buckets = {due_bucket(f"run-{n}") for n in range(200)}

    assert buckets == {f"due#{n}" for n in range(DUE_BUCKETS)}
    assert day_bucket("run-1", "2026-11-22T08:00:00.000Z").startswith("2026-11-22#")


def test_every_open_run_can_be_cancelled_once() -> None:
    """And no closed one."""
    assert {*CANCELLABLE, Status.CANCELLING} == set(OPEN)


def stop(stage, *, stopped: bool) -> bool:
    return set_stop(
        stage.store, stage.bus, stage.clock, scope="everything", stopped=stopped, by="jo", why="-"
    )


def test_a_stop_is_set_and_cleared_once(stage) -> None:
    """Each is announced; saying it again changes nothing."""
    told = []
    for stopped in (True, True, False, False):
        told.append(stop(stage, stopped=stopped))
        stage.clock.forward(seconds=1)

    assert told == [True, False, True, False]
    assert stage.bus.types == ["Emergency Stop Set", "Emergency Stop Cleared"]


def test_a_stop_that_was_not_announced_is_announced_by_sweep(stage) -> None:
    """The bus was down when it was set."""
    stage.bus.down = True
    stop(stage, stopped=True)
    stage.bus.down = False
    stage.clock.forward(seconds=1)
    stage.sweep.run(lambda: 60.0)

    assert stage.bus.types == ["Emergency Stop Set"]


def test_sweep_leaves_its_heartbeat(stage) -> None:
    """An alarm watches it."""
    stage.sweep.run(lambda: 60.0)

    assert stage.store.get(HEARTBEAT)["at"] == "2026-11-22T08:00:00.000Z"


def test_one_item_that_fails_does_not_stop_the_sweep(stage) -> None:
    """The others are due, whatever is wrong with it."""
    due = {"due_at": "2026-11-22T07:00:00.000Z", "due_bucket": "due#0"}
    stage.store.put(Ref(Table.RUNS, "broken", "run"), {"status": "NONSENSE", **due})
    run, _ = stage.admitted("a")
    stage.clock.forward(hours=1)
    stage.orchestrator.states[run] = stage.orchestrator.look("nobody")

    done = stage.sweep.run(lambda: 60.0)

    assert (done["runs"], done["failed"]) == (2, 1)


def test_a_sweep_without_time_left_ends_in_good_order(stage) -> None:
    """What is left is due again next minute."""
    stage.admitted("a")
    stage.clock.forward(hours=1)

    assert stage.sweep.run(lambda: 5.0)["runs"] == 0
    assert stage.store.get(HEARTBEAT) is not None
