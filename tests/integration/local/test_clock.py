"""One clock: scaled, ticked, waited on."""

from __future__ import annotations

import json
import threading
import time
import weakref

import pytest

from interlock.local.clock import Clock, RealTimeCannotTick


def test_a_scaled_clock_sleeps_a_fraction():
    """Ten virtual seconds pass in a tenth of a second on a clock a hundred times as fast."""
    clock = Clock.scaled(100)
    began = time.perf_counter()
    before = clock.now()
    clock.sleep(10)

    assert time.perf_counter() - began < 5
    assert clock.now() - before >= 10


def test_a_ticking_clock_stands_still_until_it_is_ticked():
    """Nothing that waits goes on before its moment was ticked to."""
    clock = Clock.ticking()
    woken = threading.Event()
    thread = threading.Thread(target=lambda: (clock.sleep(10), woken.set()))
    thread.start()
    clock.tick(9)

    assert not woken.wait(0.1)

    clock.tick(1)

    assert woken.wait(5)


def test_a_tick_calls_what_falls_due_in_order_and_at_its_moment():
    """Three callbacks put in any order see their own times."""
    clock = Clock.ticking()
    start, seen = clock.now(), []
    for after in (30, 10, 20):
        clock.call_at(start + after, lambda: seen.append(round(clock.now() - start)))
    cancelled = clock.call_at(start + 15, lambda: seen.append("cancelled"))
    cancelled.cancel()
    clock.tick(25)

    assert seen == [10, 20]


def test_a_callback_may_ask_for_the_next():
    """A schedule re-arms itself within one tick."""
    clock = Clock.ticking()
    start, fired = clock.now(), []

    def fire() -> None:
        fired.append(clock.now() - start)
        clock.call_at(clock.now() + 60, fire)

    clock.call_at(start + 60, fire)
    clock.tick(185)

    assert [round(at) for at in fired] == [60, 120, 180]


def test_an_event_ends_a_wait_before_its_time():
    """`wait` says whether the event came."""
    clock, event = Clock.ticking(), threading.Event()
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(clock.wait(event, 1000)))
    thread.start()
    event.set()
    thread.join(5)

    assert answers == [True]
    assert Clock.scaled(1000).wait(threading.Event(), 5) is False


def test_workers_can_follow_the_clock():
    """The line that workers are told gives the same time."""
    clock = Clock.scaled(50)
    line = json.loads(clock.environment())
    theirs = line["virtual"] + (time.time() - line["real"]) * line["scale"]

    assert abs(theirs - clock.now()) < 5
    assert Clock.real().environment() == ""


def test_the_machines_own_time_cannot_be_ticked():
    """Nobody moves real time by mistake."""
    with pytest.raises(RealTimeCannotTick):
        Clock.real().tick(1)


def test_a_cancelled_callback_keeps_nothing_alive():
    """Most time-outs are days away and cancelled within a second."""
    clock = Clock.ticking()

    class Held:
        def call(self) -> None:
            raise AssertionError("it was cancelled")

    held = Held()
    seen = weakref.ref(held)
    clock.call_at(clock.now() + 864_000, held.call).cancel()
    del held

    assert seen() is None
    for _ in range(1000):
        clock.call_at(clock.now() + 864_000, print).cancel()
    assert len(clock._due) < 600
    clock.tick(900_000)


def test_an_earlier_callback_is_not_kept_waiting_by_a_later_one():
    """Whoever waits for a later moment is woken for an earlier one."""
    clock, called = Clock.scaled(1), threading.Event()
    clock.call_at(clock.now() + 3600, print)
    clock.call_at(clock.now() + 0.01, called.set)

    assert called.wait(5)
