"""Leaps: a clock that runs as fast as the machine's while something works, and skips idle time.

A scaled clock makes time-outs short too, and a loaded machine then misses them. Here a
function's minute stays a minute; only waiting costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from interlock.local.clock import Clock

LOOK_SECONDS = 0.05
IDLE_SECONDS = 0.25
"""How long nothing may have worked before time leaps: state machines think between two calls."""
LEAP_SECONDS = 5.0


class Leaps:
    """Moves *clock* on while nobody is *busy*.

    Parameters
    ----------
    clock
        Must not be the machine's own time.
    busy
        Whether a function runs now.
    """

    def __init__(self, clock: Clock, busy: Callable[[], bool]) -> None:
        self._clock = clock
        self._busy = busy
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leaps", daemon=True)

    def begin(self) -> None:
        """Leap from now on."""
        self._thread.start()

    def end(self) -> None:
        """Leap no more."""
        self._ended.set()

    def _run(self) -> None:
        idle = 0.0
        while not self._ended.wait(LOOK_SECONDS):
            idle = 0.0 if self._busy() else idle + LOOK_SECONDS
            if idle >= IDLE_SECONDS:
                self._clock.tick(LEAP_SECONDS)
                idle = 0.0
