"""The one clock of the laptop cloud: everything that waits, waits on it.

Virtual time is a straight line through an origin: ``virtual + (time.time() - real) * scale``.
Scale 1 is the machine's own time, scale 20 runs twenty times as fast, and scale 0 stands still
until somebody ticks it. Workers are told the line through ``INTERLOCK_CLOCK``.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LOG = logging.getLogger(__name__)
_TIDY_FROM = 256
_LONGEST_WAIT = 86_400.0  # a Condition refuses timeouts beyond threading.TIMEOUT_MAX


class RealTimeCannotTick(Exception):
    """Somebody asked to move the machine's own time."""


@dataclass(order=True)
class Handle:
    """A callback that is due at ``when``; ``cancel`` keeps it from being called."""

    when: float
    order: int
    fn: Callable[[], object] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Do not call it any more; a callback that already runs is not stopped."""
        self.cancelled = True
        self.fn = _nothing  # a time-out of ten days would keep its execution for as long


def _nothing() -> None:
    pass


class Clock:
    """A line of virtual time with sleepers and due callbacks on it.

    Build one with :meth:`real`, :meth:`scaled`, :meth:`leaping` or :meth:`ticking`.

    Parameters
    ----------
    scale
        Virtual seconds that pass in a real second; 0 stands still until :meth:`tick`.
    real
        The machine's own time, which workers read without being told.
    leaps
        Idle time is skipped, by whoever knows what idle is (`interlock.local.leaps`).
    """

    def __init__(self, scale: float, *, real: bool = False, leaps: bool = False) -> None:
        self.scale = scale
        self.is_real = real
        self.leaps = leaps
        self._real = self._virtual = time.time()
        self._changed = threading.Condition(threading.RLock())
        self._due: list[Handle] = []
        self._tidy_at = _TIDY_FROM
        self._order = itertools.count()
        self._waiting: dict[int, threading.Event] = {}
        self._thread: threading.Thread | None = None

    @classmethod
    def real(cls) -> Clock:
        """Return the machine's own time."""
        return cls(1.0, real=True)

    @classmethod
    def scaled(cls, n: float) -> Clock:
        """Return a clock on which `n` seconds pass in a second, from now on."""
        if n <= 0:
            raise ValueError(
                f"a scaled clock needs a scale above 0, not {n}; ticking() stands still"
            )
        return cls(float(n))

    @classmethod
    def leaping(cls) -> Clock:
        """Return a clock that runs as the machine's does, but for idle time, which it skips."""
        return cls(1.0, leaps=True)

    @classmethod
    def ticking(cls) -> Clock:
        """Return a clock that stands at now until it is ticked."""
        return cls(0.0)

    def now(self) -> float:
        """Return virtual epoch seconds."""
        with self._changed:
            return self._virtual + (time.time() - self._real) * self.scale

    def utcnow(self) -> datetime:
        """Return the virtual moment as an aware datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    def environment(self) -> str:
        """Return the value of ``INTERLOCK_CLOCK``; empty for the machine's own time."""
        if self.is_real:
            return ""
        with self._changed:
            return json.dumps({"real": self._real, "virtual": self._virtual, "scale": self.scale})

    def real_seconds(self, seconds: float) -> float | None:
        """Return how long `seconds` of virtual time last in real seconds; None: until ticked."""
        return min(seconds / self.scale, _LONGEST_WAIT) if self.scale else None

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` of virtual time have passed."""
        self.wait(threading.Event(), seconds)

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait until `event` is set or `seconds` of virtual time have passed.

        Returns
        -------
        bool
            Whether the event is set.
        """
        if seconds is None:
            return event.wait()
        deadline = self.now() + seconds
        # A tick must wake this wait as well as a set() does, and without polling: both notify the
        # event's own condition. Holding it while the time is read leaves no gap between the two.
        condition: threading.Condition = event.__dict__["_cond"]
        key = next(self._order)
        with self._changed:
            self._waiting[key] = event
        try:
            with condition:
                while not event.is_set() and (left := deadline - self.now()) > 0:
                    condition.wait(self.real_seconds(left))
                return event.is_set()
        finally:
            with self._changed:
                del self._waiting[key]

    def call_at(self, when: float, fn: Callable[[], object]) -> Handle:
        """Call `fn` once virtual time reaches `when`.

        Callbacks run one after another, in the order of their times, on the clock's thread, or
        within :meth:`tick`: one that takes long belongs on a thread of its own.
        """
        handle = Handle(when, next(self._order), fn)
        with self._changed:
            if len(self._due) >= self._tidy_at:
                self._due = [known for known in self._due if not known.cancelled]
                heapq.heapify(self._due)
                self._tidy_at = 2 * len(self._due) + _TIDY_FROM
            heapq.heappush(self._due, handle)
            if self.scale and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
                self._thread.start()
            if self._due[0] is handle:  # nobody has to wake for what comes later
                self._changed.notify_all()
        return handle

    def tick(self, seconds: float) -> float:
        """Move virtual time on by `seconds` and return the new time.

        Callbacks that fall due on the way are called in order, each at its own moment; waits end
        at the latest when the new time is reached.

        Raises
        ------
        RealTimeCannotTick
            This is the machine's own time.
        """
        if self.is_real:
            raise RealTimeCannotTick(
                "the cloud runs on real time; start it with a scaled or ticking clock"
            )
        end = self.now() + seconds
        while (handle := self._pop_due(end)) is not None:
            self._move_to(handle.when)
            _call(handle)
        self._move_to(end)
        return self.now()

    def _move_to(self, moment: float) -> None:
        with self._changed:
            self._virtual = max(moment, self.now())
            self._real = time.time()
            self._changed.notify_all()
            waiting = list(self._waiting.values())
        for event in waiting:
            condition: threading.Condition = event.__dict__["_cond"]
            with condition:
                condition.notify_all()

    def _pop_due(self, until: float) -> Handle | None:
        with self._changed:
            while self._due and (self._due[0].cancelled or self._due[0].when <= until):
                handle = heapq.heappop(self._due)
                if not handle.cancelled:
                    return handle
            return None

    def _run(self) -> None:
        while True:
            with self._changed:
                while (handle := self._pop_due(self.now())) is None:
                    left = self._due[0].when - self.now() if self._due else _LONGEST_WAIT
                    self._changed.wait(self.real_seconds(max(left, 0)))
            _call(handle)


def _call(handle: Handle) -> None:
    try:
        handle.fn()
    except Exception:  # the clock outlives whatever it calls
        LOG.exception("a due callback failed")


class _Installed:
    clock: Any = None


def install(clock: Clock) -> Clock:
    """Make `clock` the one that :func:`current` returns in this process."""
    _Installed.clock = clock
    return clock


def current() -> Clock:
    """Return the installed clock, or the machine's own time where none was installed."""
    if _Installed.clock is None:
        _Installed.clock = Clock.real()
    clock: Clock = _Installed.clock
    return clock
