"""Schedules fire on the clock, under their role."""

from __future__ import annotations

import datetime
import json

import pytest

from interlock.local.clock import Clock, install
from interlock.local.mends import scheduler
from interlock.local.mends.events import delivery
from interlock.local.mends.scheduler import next_time


def moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def shown(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def fired(cloud):
    """Make a schedule; then tick and read what it sent."""
    made = []

    def make(expression: str, zone: str = "UTC", role: str | None = None, **target: object):
        url, arn = cloud.queue()
        may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
        own = role or cloud.role(may, service="scheduler.amazonaws.com")
        name = cloud.name("schedule")
        cloud.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression=expression,
            ScheduleExpressionTimezone=zone,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": arn,
                "RoleArn": own,
                "Input": '{"at": "<aws.scheduler.scheduled-time>"}',
                **target,
            },
        )
        made.append(name)
        return url

    yield make
    for name in made:
        cloud.client("scheduler").delete_schedule(Name=name)


def test_a_rate_fires_each_minute_with_its_time(cloud, fired):
    clock = install(Clock.ticking())
    began = int(clock.now())
    url = fired("rate(1 minute)")
    clock.tick(59)
    assert cloud.messages(url) == []

    clock.tick(121)

    times = sorted(json.loads(text)["at"] for text in cloud.messages(url))
    expected = [
        datetime.datetime.fromtimestamp(began + 60 * n, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for n in (1, 2, 3)
    ]
    assert expected[:2] == times[:2]


def test_a_deleted_schedule_fires_no_more(cloud):
    clock = install(Clock.ticking())
    url, arn = cloud.queue()
    role = cloud.role(service="scheduler.amazonaws.com")
    cloud.client("scheduler").create_schedule(
        Name="gone",
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role},
    )
    cloud.client("scheduler").delete_schedule(Name="gone")

    clock.tick(300)

    assert cloud.messages(url) == []


def test_a_schedule_acts_as_its_role(cloud, fired):
    clock = install(Clock.ticking())
    role = cloud.role(
        {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"},
        service="scheduler.amazonaws.com",
    )
    url = fired("rate(1 minute)", role=role)

    clock.tick(61)

    assert cloud.messages(url) == []
    assert "is not authorized to perform: sqs:SendMessage" in delivery.failures()[-1]["error"]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("cron(0 8 ? * MON-FRI *)", "UTC", "2026-11-20T08:00+00:00", "2026-11-23T08:00"),
        ("cron(0/15 9-10 * * ? *)", "UTC", "2026-11-22T09:15+00:00", "2026-11-22T09:30"),
        ("cron(0 9 1 JAN,JUL ? *)", "UTC", "2026-11-22T00:00+00:00", "2027-01-01T09:00"),
        ("cron(30 2 * * ? 2026)", "UTC", "2026-12-31T02:30+00:00", None),
        ("cron(0 8 * * ? *)", "Europe/Vienna", "2026-07-01T12:00+00:00", "2026-07-02T06:00"),
        ("cron(0 8 * * ? *)", "Europe/Vienna", "2026-12-01T12:00+00:00", "2026-12-02T07:00"),
        ("cron(30 2 * * ? *)", "Europe/Vienna", "2026-03-29T00:00+00:00", "2026-03-30T00:30"),
        ("at(2026-11-22T21:00:00)", "Europe/Vienna", "2026-11-22T00:00+00:00", "2026-11-22T20:00"),
        ("at(2026-11-22T21:00:00)", "UTC", "2026-11-23T00:00+00:00", None),
        ("rate(2 hours)", "UTC", "2026-11-22T03:30+00:00", "2026-11-22T05:00"),
    ],
)
def test_the_next_time_of_an_expression(expression, zone, after, expected):
    anchor = moment("2026-11-22T01:00+00:00") if expression.startswith("rate") else 0.0

    assert expected == shown(next_time(expression, zone, moment(after), anchor))


@pytest.mark.parametrize(
    "expression", ["cron(0 0 L * ? *)", "cron(0 0 ? * 2#1 *)", "rate(1 week)", "x"]
)
def test_an_unknown_expression_is_refused_by_name(expression):
    with pytest.raises(scheduler.UnknownExpression, match="not played here"):
        next_time(expression, "UTC", 0.0, 0.0)
