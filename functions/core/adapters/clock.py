"""The clock port: system time, or the laptop cloud's virtual time."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime


class SystemClock:
    """Tells the time; where the laptop cloud scales it, the scaled time.

    Parameters
    ----------
    scale
        Returns `{"real": s, "virtual": s, "scale": x}` as JSON, or nothing: epoch seconds
        of one instant on both clocks, and how fast the virtual one runs. Read at each call,
        because a ticking clock moves between invocations.
    """

    def __init__(self, scale: Callable[[], str] = lambda: "") -> None:
        self._scale = scale

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        real = time.time()  # noqa: TID251  (this is the one reader)
        text = self._scale()
        if text:
            told = json.loads(text)
            real = told["virtual"] + (real - told["real"]) * told["scale"]
        return datetime.fromtimestamp(real, UTC)

    def ticks(self) -> int:
        """Return microseconds since an instant of its own; what work costs is not scaled."""
        return time.perf_counter_ns() // 1000
