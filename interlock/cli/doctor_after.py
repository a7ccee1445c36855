"""What has to hold of a stage that is deployed: tables, alarms, schedules, the sweep, queues."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from interlock.cli.doctor_findings import Check, Finding, fail, ok, skip, warn
from interlock.cli.show import count

if TYPE_CHECKING:
    from interlock.cli.stage import Stage

SILENT = timedelta(minutes=5)
"""As long as the alarm waits (infra/wiring.py, HEARTBEAT_MINUTES)."""
QUEUES = {"IntakeDlqUrl": "intake dead letters", "UndeliveredQueueUrl": "undelivered work"}
WITHOUT_ALARMS = "kept by a laptop cloud, which never raises them"


def checks(stage: "Stage") -> dict[str, Check]:
    """Return the checks, by what they are about."""
    return {
        "tables": lambda: _tables(stage),
        "alarms": lambda: _alarms(stage),
        "schedules": lambda: _schedules(stage),
        "heartbeat": lambda: _heartbeat(stage),
        "undelivered": lambda: _undelivered(stage),
    }


def _tables(stage: "Stage") -> Iterable[Finding]:
    from functions.core.domain.expressions import Table

    states = {}
    for table in Table:
        told = stage.client("dynamodb").describe_table(TableName=stage.table(table.value))
        states[table.value] = str(told["Table"]["TableStatus"])
    wrong = {name: state for name, state in states.items() if state not in ("ACTIVE", "UPDATING")}
    if wrong:
        said = ", ".join(f"{name} {state}" for name, state in wrong.items())
        then = f"look at the stack interlock-{stage.name}-data in CloudFormation"
        yield fail("tables", said, then)
    else:
        yield ok("tables", f"all {len(states)} are active")


def _alarms(stage: "Stage") -> Iterable[Finding]:
    start = f"interlock-{stage.name}-platform-"
    pages = stage.client("cloudwatch").get_paginator("describe_alarms")
    found: list[dict[str, Any]] = [
        alarm for page in pages.paginate(AlarmNamePrefix=start) for alarm in page["MetricAlarms"]
    ]
    if stage.cloud is not None:
        yield skip("alarms", WITHOUT_ALARMS)
        return
    if not found:
        yield fail("alarms", "the stage has none", f"deploy it again: {stage.deploy}")
        return
    raised = [alarm for alarm in found if alarm["StateValue"] == "ALARM"]
    for alarm in raised:
        yield fail(
            "alarms",
            f"{alarm['AlarmName']}: {alarm.get('AlarmDescription', '')}",
            "mend its cause; see the README, Inspect",
        )
    if not raised:
        yield ok("alarms", f"none of {len(found)} is raised")
    yield from _heard(stage, found)


def _heard(stage: "Stage", alarms: list[dict[str, Any]]) -> Iterable[Finding]:
    topics = {topic for alarm in alarms for topic in alarm["AlarmActions"]}
    confirmed = 0
    for topic in topics:
        pages = stage.client("sns").get_paginator("list_subscriptions_by_topic")
        confirmed += sum(
            one["SubscriptionArn"].startswith("arn:")
            for page in pages.paginate(TopicArn=topic)
            for one in page["Subscriptions"]
        )
    if confirmed:
        yield ok("alarms", f"go to {count(confirmed, 'confirmed subscription')}")
    else:
        then = f"{stage.deploy} -c alarm_address=…, and confirm the mail"
        yield warn("alarms", "nobody is told: the topic has no confirmed subscription", then)


def _schedules(stage: "Stage") -> Iterable[Finding]:
    start = f"interlock-{stage.name}-"
    scheduler = stage.client("scheduler").get_paginator("list_schedules").paginate()
    schedules = [one for page in scheduler for one in page["Schedules"] if _targets(one, start)]
    bus = stage.output("EventBusName")
    rules = stage.client("events").list_rules(EventBusName=bus)["Rules"]
    off = [one["Name"] for one in (*schedules, *rules) if one["State"] == "DISABLED"]
    if not schedules:
        yield fail("schedules", "the sweep has none", f"deploy it again: {stage.deploy}")
    elif off:
        yield warn("schedules", f"switched off: {', '.join(off)}", "switch them on, or say why")
    else:
        said = f"{count(len(schedules), 'schedule')} and {count(len(rules), 'rule')}, switched on"
        yield ok("schedules", said)


def _targets(schedule: dict[str, Any], start: str) -> bool:
    return f":{start}" in str(schedule.get("Target", {}).get("Arn", ""))


def _heartbeat(stage: "Stage") -> Iterable[Finding]:
    from functions.core.domain.timestamps import parse
    from functions.core.services.sweep import HEARTBEAT

    item = stage.store.get(HEARTBEAT)
    if item is None:
        yield warn("heartbeat", "the sweep has not run yet", "wait a minute, then look again")
        return
    ago = stage.now() - parse(str(item["at"]))
    if ago > SILENT:
        said = f"the sweep last ran {count(round(ago.total_seconds() / 60), 'minute')} ago"
        yield fail("heartbeat", said, "nothing that is due happens: look at the function sweep")
    else:
        yield ok("heartbeat", f"the sweep ran {round(ago.total_seconds())} s ago")


def _undelivered(stage: "Stage") -> Iterable[Finding]:
    for key, title in QUEUES.items():
        told = stage.client("sqs").get_queue_attributes(
            QueueUrl=stage.output(key), AttributeNames=["ApproximateNumberOfMessages"]
        )
        waits = int(told["Attributes"]["ApproximateNumberOfMessages"])
        if waits:
            yield warn(title, f"{count(waits, 'message')} in it", "interlock dlq list")
        else:
            yield ok(title, "empty")
