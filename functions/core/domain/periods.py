"""Periods of budgets: days and months of a time zone, or all time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "UTC"


class Period(StrEnum):
    """How long a budget's money lasts, shortest first."""

    DAY = "day"
    MONTH = "month"
    TOTAL = "total"

    @property
    def rank(self) -> int:
        """Where it stands among them, by length."""
        return list(Period).index(self)


@dataclass(frozen=True)
class Span:
    """One period: its name within its budget, and the instants at which it begins and is over."""

    name: str
    begins: datetime | None
    """None: before all time."""
    ends: datetime | None
    """The first instant that is not in it; None: never."""


def span(period: Period, zone: str, moment: datetime) -> Span:
    """Return the period that *moment* lies in: a day or month by the calendar of *zone*.

    A day on which clocks change has 23 or 25 hours; what follows it begins at its own midnight.
    """
    if period is Period.TOTAL:
        return Span(period.value, None, None)
    local = moment.astimezone(_zone(zone))
    first = datetime(local.year, local.month, local.day, tzinfo=local.tzinfo)
    if period is Period.DAY:
        date = (first.replace(tzinfo=None) + timedelta(days=1)).date()
        after = datetime(date.year, date.month, date.day, tzinfo=local.tzinfo)
        return Span(f"{local:%Y-%m-%d}", first.astimezone(UTC), after.astimezone(UTC))
    first = first.replace(day=1)
    year, month = first.year + first.month // 12, first.month % 12 + 1
    after = datetime(year, month, 1, tzinfo=local.tzinfo)
    return Span(f"{local:%Y-%m}", first.astimezone(UTC), after.astimezone(UTC))


def _zone(name: str) -> tzinfo:
    return UTC if name == DEFAULT_ZONE else ZoneInfo(name)
