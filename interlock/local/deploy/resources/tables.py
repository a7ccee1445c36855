"""DynamoDB tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Request, changed

_IN_PLACE = {
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "AttributeDefinitions",
    "PointInTimeRecoverySpecification",
    "SSESpecification",
    "Tags",
    "TimeToLiveSpecification",
}


class Table(Kind):
    """``AWS::DynamoDB::Table``: keys, indexes, stream, time to live, recovery, tags."""

    type = "AWS::DynamoDB::Table"
    properties = (
        "TableName",
        "KeySchema",
        "AttributeDefinitions",
        "BillingMode",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "StreamSpecification",
        "SSESpecification",
        "TimeToLiveSpecification",
        "PointInTimeRecoverySpecification",
        "DeletionProtectionEnabled",
        "Tags",
    )
    without_effect = (
        "TableClass",
        "ContributorInsightsSpecification",
        "OnDemandThroughput",
    )

    def create(self, request: Request) -> Made:
        """Make the table and switch on what belongs to it."""
        client = request.site.client("dynamodb")
        name = request.properties.get("TableName", request.name)
        parameters = request.get(
            "KeySchema",
            "AttributeDefinitions",
            "BillingMode",
            "GlobalSecondaryIndexes",
            "LocalSecondaryIndexes",
        )
        if stream := request.properties.get("StreamSpecification"):
            parameters["StreamSpecification"] = {"StreamEnabled": True, **stream}
        if encryption := request.properties.get("SSESpecification"):
            parameters["SSESpecification"] = _encryption(encryption)
        client.create_table(TableName=name, **parameters)
        _switch(request, name, {})
        return _made(request, name)

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change indexes and switches; another key needs another table."""
        if changed(old, request.properties) - _IN_PLACE:
            return None
        client = request.site.client("dynamodb")
        before = {i["IndexName"]: i for i in old.get("GlobalSecondaryIndexes", [])}
        after = {i["IndexName"]: i for i in request.properties.get("GlobalSecondaryIndexes", [])}
        updates: list[dict[str, Any]] = [
            {"Delete": {"IndexName": name}} for name in before if before[name] != after.get(name)
        ]
        updates += [{"Create": after[name]} for name in after if after[name] != before.get(name)]
        for one in updates:  # AWS takes one index an update
            client.update_table(
                TableName=made.ref,
                AttributeDefinitions=request.properties["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[one],
            )
        _switch(request, made.ref, old)
        return _made(request, made.ref)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the table, protected or not: the template decides, by its deletion policy."""
        client = request.site.client("dynamodb")
        client.update_table(TableName=made.ref, DeletionProtectionEnabled=False)
        client.delete_table(TableName=made.ref)


def _encryption(specification: Mapping[str, Any]) -> dict[str, Any]:
    return {("Enabled" if k == "SSEEnabled" else k): v for k, v in specification.items()}


def _switch(request: Request, name: str, old: Mapping[str, Any]) -> None:
    client, wanted = request.site.client("dynamodb"), request.properties
    differ = changed(old, wanted)
    if "TimeToLiveSpecification" in differ and (ttl := wanted.get("TimeToLiveSpecification")):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    if "PointInTimeRecoverySpecification" in differ and (
        recovery := wanted.get("PointInTimeRecoverySpecification")
    ):
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    if "DeletionProtectionEnabled" in differ:
        client.update_table(
            TableName=name,
            DeletionProtectionEnabled=bool(wanted.get("DeletionProtectionEnabled", False)),
        )
    if "Tags" in differ:
        arn = client.describe_table(TableName=name)["Table"]["TableArn"]
        if gone := {t["Key"] for t in old.get("Tags", ())} - {t["Key"] for t in wanted["Tags"]}:
            client.untag_resource(ResourceArn=arn, TagKeys=sorted(gone))
        client.tag_resource(ResourceArn=arn, Tags=wanted["Tags"])


def _made(request: Request, name: str) -> Made:
    described = request.site.client("dynamodb").describe_table(TableName=name)["Table"]
    attributes = {"Arn": described["TableArn"]}
    if "LatestStreamArn" in described:
        attributes["StreamArn"] = described["LatestStreamArn"]
    return Made(name, attributes)
