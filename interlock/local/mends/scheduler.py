"""EventBridge Scheduler's schedules, fired by the laptop cloud's clock.

moto 5.2.5 keeps schedules and never fires them.
"""

from __future__ import annotations

import datetime
import functools
import re
import uuid
import zoneinfo
from typing import Any

from moto.scheduler.models import EventBridgeSchedulerBackend

from interlock.local.clock import current
from interlock.local.mends import iam
from interlock.local.mends.events import delivery
from interlock.local.mends.refusal import NotPlayedHere

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FURTHEST = 366 * 5  # days that a cron expression is searched ahead

_ARMED: dict[str, Any] = {}  # schedule ARN -> its next call


class UnknownExpression(NotPlayedHere):
    """A schedule expression that is not played here."""


def _number(text: str, names: list[str], first: int) -> int:
    return names.index(text.upper()) + first if text.upper() in names else int(text)


def _values(field: str, low: int, high: int, names: list[str] | None = None) -> set[int]:
    """Expand one field of a cron expression: lists, ranges and steps."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        begin, dash, end = span.partition("-")
        if span in {"*", "?"}:
            first, last = low, high
        else:
            first = _number(begin, names or [], low)
            last = _number(end, names or [], low) if dash else (high if step else first)
        found.update(range(first, last + 1, int(step or 1)))
    return found


class Cron:
    """EventBridge's cron expression: minutes hours day-of-month month day-of-week year.

    Raises
    ------
    UnknownExpression
        A field uses L, W or #, or is not a number.
    """

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.days_field, self.weekdays_field = fields[2], fields[4]
        if re.search(r"[LW#]", f"{fields[2]} {re.sub('WED', '', fields[4].upper())}"):
            raise UnknownExpression(f"cron({' '.join(fields)}): L, W and # are not played here")
        try:
            self.minutes = sorted(_values(fields[0], 0, 59))
            self.hours = sorted(_values(fields[1], 0, 23))
            self.days = _values(fields[2], 1, 31)
            self.months = _values(fields[3], 1, 12, _MONTHS)
            self.weekdays = _values(fields[4], 1, 7, _DAYS)
            self.years = _values(fields[5], 1970, 2199)
        except ValueError as error:
            raise UnknownExpression(f"cron({' '.join(fields)}) is not played here") from error

    def _on(self, day: datetime.date) -> bool:
        if day.year not in self.years or day.month not in self.months:
            return False
        weekday = day.isoweekday() % 7 + 1  # 1 is Sunday
        return day.day in self.days and weekday in self.weekdays

    def after(self, moment: datetime.datetime) -> datetime.datetime | None:
        """Return the first time after `moment`, in the zone of `moment`.

        A local time that a change to summer time skips does not occur; one that occurs twice
        counts once.
        """
        for offset in range(_FURTHEST):
            day = moment.date() + datetime.timedelta(days=offset)
            if not self._on(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    found = datetime.datetime.combine(
                        day, datetime.time(hour, minute), moment.tzinfo
                    )
                    there_and_back = found.astimezone(datetime.UTC).astimezone(moment.tzinfo)
                    exists = there_and_back.replace(tzinfo=None) == found.replace(tzinfo=None)
                    if exists and found.timestamp() > moment.timestamp():
                        return found
        return None


def next_time(expression: str, zone: str, after: float, anchor: float) -> float | None:
    """Return when a schedule is due next, in epoch seconds; None for never.

    Parameters
    ----------
    expression
        ``rate(...)``, ``at(...)`` or ``cron(...)``.
    zone
        IANA name of the time zone, for `at` and `cron`.
    after
        Epoch seconds; the result is later.
    anchor
        When the schedule was made: a rate counts from there.

    Raises
    ------
    UnknownExpression
        Naming the expression.
    """
    if rate := _RATE.fullmatch(expression):
        period = int(rate[1]) * _SECONDS[rate[2]]
        return anchor + ((after - anchor) // period + 1) * period
    local = zoneinfo.ZoneInfo(zone)
    if at := _AT.fullmatch(expression):
        due = datetime.datetime.fromisoformat(at[1]).replace(tzinfo=local).timestamp()
        return due if due > after else None
    if cron := _CRON.fullmatch(expression):
        found = Cron(cron.groups()).after(datetime.datetime.fromtimestamp(after, local))
        return found.timestamp() if found else None
    raise UnknownExpression(f"the schedule expression {expression} is not played here")


def _due(schedule: Any, after: float) -> float | None:
    return next_time(
        schedule.schedule_expression,
        schedule.schedule_expression_timezone,
        after,
        float(int(schedule.creation_date)),
    )


def _check(schedule: Any) -> None:
    """Refuse by name what would never fire here, and a role that Scheduler can't assume."""
    for field in ("start_date", "end_date"):
        if getattr(schedule, field):
            raise NotPlayedHere(f"schedule {schedule.name}: {field} is not played here")
    if schedule.flexible_time_window.get("Mode") != "OFF":
        raise NotPlayedHere(f"schedule {schedule.name}: a FlexibleTimeWindow is not played here")
    delivery.kind_of(schedule.target["Arn"])
    iam.check_trust(schedule.target["RoleArn"], "scheduler.amazonaws.com")
    _due(schedule, current().now())


def _fill(text: str, schedule: Any, at: float) -> str:
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {
        "schedule-arn": schedule.arn,
        "scheduled-time": moment,
        "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    return re.sub(
        r"<aws\.scheduler\.([a-z-]+)>", lambda found: values.get(found[1], found[0]), text
    )


def _fire(schedule: Any, at: float) -> None:
    _arm(schedule, at)  # first: whatever the delivery does, the next one comes
    payload = _fill(schedule.target.get("Input") or "{}", schedule, at)
    delivery.deliver(
        delivery.Delivery(schedule.target, payload, schedule.arn, "scheduler.amazonaws.com")
    )


def _arm(schedule: Any, after: float) -> None:
    disarm(schedule.arn)
    if schedule.state == "DISABLED":
        return
    due = _due(schedule, after)
    if due is not None:
        _ARMED[schedule.arn] = current().call_at(due, lambda: _fire(schedule, due))


def disarm(arn: str) -> None:
    """Cancel a schedule's next call."""
    handle = _ARMED.pop(arn, None)
    if handle is not None:
        handle.cancel()


def mend_schedules() -> None:
    """Fire schedules when they are due (see the module's docstring)."""
    create = EventBridgeSchedulerBackend.create_schedule
    update = EventBridgeSchedulerBackend.update_schedule
    delete = EventBridgeSchedulerBackend.delete_schedule

    def created(self: Any, *args: Any, **kwargs: Any) -> Any:
        schedule = create(self, *args, **kwargs)
        schedule.creation_date = current().now()
        try:
            _check(schedule)
        except (NotPlayedHere, iam.Denied):
            delete(self, schedule.group_name, schedule.name)
            raise
        _arm(schedule, current().now())
        return schedule

    def updated(self: Any, *args: Any, **kwargs: Any) -> Any:
        schedule = update(self, *args, **kwargs)
        disarm(schedule.arn)
        _check(schedule)
        _arm(schedule, current().now())
        return schedule

    def deleted(self: Any, group_name: str | None, name: str) -> None:
        disarm(self.get_schedule(group_name, name).arn)
        delete(self, group_name, name)

    EventBridgeSchedulerBackend.create_schedule = created
    EventBridgeSchedulerBackend.update_schedule = updated
    EventBridgeSchedulerBackend.delete_schedule = deleted


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_schedules()
