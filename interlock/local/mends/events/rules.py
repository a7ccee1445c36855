"""Rules: matched exactly, delivered with their inputs, fed with Step Functions' own events.

moto 5.2.5 knows no Lambda or Step Functions target, ignores Input and InputPath, delivers for
DISABLED rules, gets pattern operators wrong, and raises no service's events.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events import models
from moto.events.models import events_backends

from interlock.local.clock import current
from interlock.local.mends.events import delivery, inputs, patterns
from interlock.local.mends.place import ACCOUNT, REGION
from interlock.local.mends.refusal import NotPlayedHere
from interlock.local.mends.stepfunctions import executions

_ARCHIVE = "Events-Archive-"  # the prefix of the rules that moto makes for archives


def _second(moment: float | datetime.datetime | str | None) -> str:
    if isinstance(moment, str):
        return moment
    if isinstance(moment, datetime.datetime):
        found = moment
    else:
        found = datetime.datetime.fromtimestamp(moment or current().now(), datetime.UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")


def _sent(original: Mapping[str, Any]) -> dict[str, Any]:
    event = {k: v for k, v in original.items() if k != "ingestion-time"}
    return {**event, "time": _second(event.get("time"))}


def _dispatch(rule: Any, original: Mapping[str, Any]) -> None:
    """Match one event with one rule and deliver it to the rule's targets."""
    if rule.state == "DISABLED" or not rule.event_pattern.get_pattern():
        return
    event = _sent(original)
    if not patterns.compiled(rule.event_pattern.dump()).matches(event):
        return
    known = {"arn": rule.arn, "name": rule.name, "ingestion-time": event["time"]}
    for target in rule.targets:
        try:
            payload = inputs.render(target, event, known)
        except NotPlayedHere as unknown:
            delivery.record_unrendered(target, rule.arn, str(unknown))
            continue
        delivery.deliver(delivery.Delivery(target, payload, rule.arn))


def mend_dispatch() -> None:
    """Match and deliver as EventBridge does (see the module's docstring)."""
    archive = models.Rule.send_to_targets

    def send(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.name.startswith(_ARCHIVE):
            archive(self, original_event, transform_input)
        else:
            _dispatch(self, original_event)

    models.Rule.send_to_targets = send


def mend_put_rule() -> None:
    """Refuse a bad pattern, and a schedule on a rule, when the rule is put.

    moto 5.2.5 takes any JSON as a pattern, and its scheduled rules never fire.
    """
    original = models.EventsBackend.put_rule

    def put(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        names = (
            "description",
            "event_bus_arn",
            "event_pattern",
            "role_arn",
            "scheduled_expression",
        )
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        if given.get("scheduled_expression"):
            raise NotPlayedHere(f"rule {name}: ScheduleExpression; use EventBridge Scheduler")
        if given.get("event_pattern") and not name.startswith(_ARCHIVE):
            try:
                patterns.compiled(given["event_pattern"])
            except patterns.InvalidPattern as error:
                raise JsonRESTError(
                    "InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}"
                ) from error
        return original(self, name, *args, **kwargs)

    models.EventsBackend.put_rule = put


def mend_put_targets() -> None:
    """Refuse a target that is not played here when it is put; moto 5.2.5 fails at delivery."""
    original = models.EventsBackend.put_targets

    def put(self: Any, name: str, event_bus_arn: str | None, targets: list[Any]) -> Any:
        for target in targets:
            if not name.startswith(_ARCHIVE):
                delivery.kind_of(target["Arn"])
        return original(self, name, event_bus_arn, targets)

    models.EventsBackend.put_targets = put


def put(event: Mapping[str, Any], bus: str = "default") -> None:
    """Put a service's own event on a bus, past PutEvents and its permissions."""
    message = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "account": ACCOUNT,
        "region": REGION,
        "time": current().now(),
        **event,
    }
    found = events_backends[ACCOUNT][REGION].event_buses.get(bus)
    for rule in list(found.rules.values()) if found else []:
        rule.send_to_targets(message)


def _status_changed(detail: dict[str, Any]) -> None:
    put(
        {
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "resources": [detail["executionArn"]],
            "detail": detail,
        }
    )


def mend_status_events() -> None:
    """Put Step Functions' "Execution Status Change" on the default bus; moto 5.2.5 puts none."""
    executions.listen(_status_changed)


def apply() -> None:
    """Install this module's mends."""
    mend_dispatch()
    mend_put_rule()
    mend_put_targets()
    mend_status_events()
