"""moto's own readings of the time, put on the laptop cloud's clock."""

from __future__ import annotations

import datetime
import functools

from moto.core import utils

from interlock.local.clock import current
from interlock.local.mends.patching import everywhere


def mend_time() -> None:
    """Read SQS visibility, delays, expiry and creation dates from the clock.

    moto 5.2.5 reads the machine's time in `moto.core.utils`.
    """
    epoch = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - moto's moments are naive UTC

    def utcnow() -> datetime.datetime:
        return current().utcnow().replace(tzinfo=None)

    def unix_time(dt: datetime.datetime | None = None) -> float:
        return current().now() if dt is None else (dt - epoch).total_seconds()

    def unix_time_millis(dt: datetime.datetime | None = None) -> float:
        return unix_time(dt) * 1000.0

    for mended in (utcnow, unix_time, unix_time_millis):
        everywhere(mended.__name__, getattr(utils, mended.__name__), mended)


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_time()
