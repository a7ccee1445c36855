"""How a mend reaches into moto: names rebound wherever they were imported, clocks put in place."""

from __future__ import annotations

import datetime
import sys
import types
from collections.abc import Callable
from typing import Any

from interlock.local.clock import current


class Wiring:
    """What the mends need from the rest of the laptop cloud; set by `apply`."""

    endpoint: str = ""
    invoke: Callable[..., tuple[bool, bytes]]


def everywhere(name: str, old: object, new: object) -> None:
    """Rebind `name` in every loaded module that imported `old` under it."""
    for module in list(sys.modules.values()):
        if getattr(module, name, None) is old:
            setattr(module, name, new)


class ClockedDatetime(datetime.datetime):
    """`datetime.datetime` whose `now` is the laptop cloud's clock."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> ClockedDatetime:  # noqa: D102
        found = current().utcnow()
        moment = found.astimezone(tz) if tz else found.replace(tzinfo=None)
        return cls.combine(moment.date(), moment.timetz())

    @classmethod
    def utcnow(cls) -> ClockedDatetime:  # noqa: D102
        return cls.now()


CLOCKED_DATETIME_MODULE = types.SimpleNamespace(
    **{
        **{name: getattr(datetime, name) for name in dir(datetime) if name[:1] != "_"},
        "datetime": ClockedDatetime,
    }
)


def on_the_clock(module: Any) -> None:
    """Let a moto module read the laptop cloud's clock instead of the machine's."""
    if module.datetime is datetime:
        module.datetime = CLOCKED_DATETIME_MODULE
    elif module.datetime is datetime.datetime:
        module.datetime = ClockedDatetime


def stamp(moment: datetime.datetime) -> str:
    """Write a moment as AWS does: UTC, milliseconds, ``Z``."""
    utc = moment.astimezone(datetime.UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"
