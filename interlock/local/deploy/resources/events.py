"""EventBridge buses, rules and archives; Scheduler schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Put, Request, changed, fitting, text


class EventBus(Kind):
    """``AWS::Events::EventBus``."""

    type = "AWS::Events::EventBus"
    properties = ("Name", "Description", "Policy", "DeadLetterConfig")
    without_effect = ("Tags", "KmsKeyIdentifier", "LogConfig")

    def create(self, request: Request) -> Made:
        """Make the bus."""
        client, name = request.site.client("events"), request.properties["Name"]
        arn = client.create_event_bus(Name=name, **request.get("Description", "DeadLetterConfig"))[
            "EventBusArn"
        ]
        if policy := request.properties.get("Policy"):
            client.put_permission(EventBusName=name, Policy=text(policy))
        return Made(name, {"Arn": arn, "Name": name})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change the policy."""
        if changed(old, request.properties) - {"Policy", "Tags"}:
            return None
        if policy := request.properties.get("Policy"):
            request.site.client("events").put_permission(EventBusName=made.ref, Policy=text(policy))
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove the bus."""
        request.site.client("events").delete_event_bus(Name=made.ref)


class EventBusPolicy(Put):
    """``AWS::Events::EventBusPolicy``: one statement of a bus's policy."""

    type = "AWS::Events::EventBusPolicy"
    properties = ("EventBusName", "StatementId", "Statement", "Action", "Principal", "Condition")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Put the statement."""
        given = request.properties
        bus = given.get("EventBusName", "default")
        if "Statement" in given:
            statement = {"Sid": given["StatementId"], **given["Statement"]}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            request.site.client("events").put_permission(EventBusName=bus, Policy=text(document))
        else:
            request.site.client("events").put_permission(
                EventBusName=bus, **request.get("StatementId", "Action", "Principal", "Condition")
            )
        return Made(given["StatementId"])

    def delete(self, request: Request, made: Made) -> None:
        """Remove the statement."""
        request.site.client("events").remove_permission(
            EventBusName=request.properties.get("EventBusName", "default"), StatementId=made.ref
        )


class Rule(Put):
    """``AWS::Events::Rule`` with its targets."""

    type = "AWS::Events::Rule"
    properties = (
        "Name",
        "Description",
        "EventBusName",
        "EventPattern",
        "ScheduleExpression",
        "State",
        "RoleArn",
        "Targets",
    )

    def create(self, request: Request) -> Made:
        """Put the rule and its targets."""
        client = request.site.client("events")
        name = request.properties.get("Name") or fitting(request.name, 64)
        parameters = request.get("Description", "EventBusName", "ScheduleExpression", "State")
        if "EventPattern" in request.properties:
            parameters["EventPattern"] = text(request.properties["EventPattern"])
        arn = client.put_rule(Name=name, **parameters, **request.get("RoleArn"))["RuleArn"]
        bus = _bus(request)
        wanted = request.properties.get("Targets", [])
        gone = {t["Id"] for t in _targets(request, name)} - {t["Id"] for t in wanted}
        if gone:
            client.remove_targets(Rule=name, EventBusName=bus, Ids=sorted(gone))
        if wanted:
            client.put_targets(Rule=name, EventBusName=bus, Targets=wanted)
        return Made(name if bus == "default" else f"{bus}|{name}", {"Arn": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Put it again under its name."""
        if changed(old, request.properties) & {"Name", "EventBusName"}:
            return None
        return super().update(request, made, old)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the rule with its targets."""
        client, name, bus = request.site.client("events"), made.ref.split("|")[-1], _bus(request)
        if targets := [t["Id"] for t in _targets(request, name)]:
            client.remove_targets(Rule=name, EventBusName=bus, Ids=targets)
        client.delete_rule(Name=name, EventBusName=bus)


class Archive(Kind):
    """``AWS::Events::Archive``."""

    type = "AWS::Events::Archive"
    properties = ("ArchiveName", "SourceArn", "Description", "EventPattern", "RetentionDays")
    without_effect = ("KmsKeyIdentifier",)

    def create(self, request: Request) -> Made:
        """Make the archive."""
        name = request.properties.get("ArchiveName") or fitting(request.name, 48)
        parameters = request.get("Description")
        if "EventPattern" in request.properties:
            parameters["EventPattern"] = text(request.properties["EventPattern"])
        if "RetentionDays" in request.properties:
            parameters["RetentionDays"] = int(request.properties["RetentionDays"])
        arn = request.site.client("events").create_archive(
            ArchiveName=name, EventSourceArn=request.properties["SourceArn"], **parameters
        )["ArchiveArn"]
        return Made(name, {"Arn": arn, "ArchiveName": name})

    def delete(self, request: Request, made: Made) -> None:
        """Remove the archive with its events."""
        request.site.client("events").delete_archive(ArchiveName=made.ref)


class Schedule(Kind):
    """``AWS::Scheduler::Schedule``."""

    type = "AWS::Scheduler::Schedule"
    properties = (
        "Name",
        "GroupName",
        "Description",
        "ScheduleExpression",
        "ScheduleExpressionTimezone",
        "FlexibleTimeWindow",
        "Target",
        "State",
        "StartDate",
        "EndDate",
    )
    without_effect = ("KmsKeyArn",)

    def create(self, request: Request) -> Made:
        """Make the schedule."""
        name = request.properties.get("Name") or fitting(request.name, 64)
        arn = request.site.client("scheduler").create_schedule(Name=name, **_schedule(request))[
            "ScheduleArn"
        ]
        return Made(name, {"Arn": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change everything but name and group."""
        if changed(old, request.properties) & {"Name", "GroupName"}:
            return None
        request.site.client("scheduler").update_schedule(Name=made.ref, **_schedule(request))
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove the schedule."""
        request.site.client("scheduler").delete_schedule(Name=made.ref, **request.get("GroupName"))


class ScheduleGroup(Kind):
    """``AWS::Scheduler::ScheduleGroup``."""

    type = "AWS::Scheduler::ScheduleGroup"
    properties = ("Name",)

    def create(self, request: Request) -> Made:
        """Make the group."""
        name = request.properties.get("Name") or fitting(request.name, 64)
        arn = request.site.client("scheduler").create_schedule_group(Name=name)["ScheduleGroupArn"]
        return Made(name, {"Arn": arn})

    def delete(self, request: Request, made: Made) -> None:
        """Remove the group."""
        request.site.client("scheduler").delete_schedule_group(Name=made.ref)


def _bus(request: Request) -> str:
    return str(request.properties.get("EventBusName", "default")).rpartition("/")[2]


def _targets(request: Request, rule: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = request.site.client("events").list_targets_by_rule(
        Rule=rule, EventBusName=_bus(request)
    )["Targets"]
    return listed


def _schedule(request: Request) -> dict[str, Any]:
    return request.get(*(name for name in Schedule.properties if name != "Name"))
