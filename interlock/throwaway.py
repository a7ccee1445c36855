"""Removes what destroying a throw-away stage leaves: its buckets, and tables that were protected.

It takes names from the stage's own data stack only, refuses a stage that stood there before, and
asks each bucket and table by its tag `interlock:stage` whose it is before it touches it: a wrong
name, or one that meanwhile means something else, stops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from interlock.cli.stage import Stage

TAG: Final = "interlock:stage"
_BUCKET: Final = "AWS::S3::Bucket"
_TABLE: Final = "AWS::DynamoDB::Table"
_DELETED_AT_ONCE: Final = 1000
"""Objects that one DeleteObjects takes."""
_GONE: Final = ("NoSuchBucket", "ResourceNotFoundException", "404")


class StageStands(Exception):
    """A stage of that name is deployed already, so it is not ours to remove."""


class NotOfThisStage(Exception):
    """A bucket or table that does not say by its tag that it belongs to the stage."""


class NotRemoved(Exception):
    """Something of the stage is still there."""


@dataclass(frozen=True)
class Kept:
    """What a stage keeps its data in, by the names that CloudFormation gave."""

    stage: str
    buckets: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


def require_absent(stage: Stage) -> None:
    """Refuse to go on if the stage stands; only what was made afterwards may be removed.

    Raises
    ------
    StageStands
        Its data stack is there.
    """
    if _resources(stage):
        raise StageStands(f"there is a stage {stage.name} already: remove it first (cdk destroy)")


def kept_by(stage: Stage) -> Kept:
    """Return what the stage's data stack names; nothing if there is no such stack."""
    found = list(_resources(stage))
    return Kept(
        stage.name,
        tuple(name for kind, name in found if kind == _BUCKET),
        tuple(name for kind, name in found if kind == _TABLE),
    )


def remove(stage: Stage, kept: Kept) -> None:
    """Empty and delete what is still there of *kept*.

    Every owner is asked before the first deletion.

    Raises
    ------
    NotOfThisStage
        One of them belongs to somebody else; nothing was touched.
    NotRemoved
        One is still there afterwards.
    """
    buckets = [name for name in kept.buckets if _owned(name, kept.stage, _bucket_tags(stage, name))]
    tables = [name for name in kept.tables if _owned(name, kept.stage, _table_tags(stage, name))]
    for name in tables:
        _remove_table(stage.client("dynamodb"), name)
    for name in buckets:
        _remove_bucket(stage.client("s3"), name)
    left = [name for name in buckets if _bucket_tags(stage, name) is not None]
    if left:
        raise NotRemoved(f"still there: {', '.join(left)}")


def _resources(stage: Stage) -> list[tuple[str, str]]:
    client = stage.client("cloudformation")
    pages = client.get_paginator("list_stack_resources").paginate(
        StackName=f"interlock-{stage.name}-data"
    )
    try:
        return [
            (one["ResourceType"], one["PhysicalResourceId"])
            for page in pages
            for one in page["StackResourceSummaries"]
            if one.get("PhysicalResourceId") and one["ResourceStatus"] != "DELETE_COMPLETE"
        ]
    except ClientError as error:
        if "does not exist" in str(error):
            return []
        raise


def _owned(name: str, stage: str, tags: dict[str, str] | None) -> bool:
    """Say whether *name* is there; raise if it is and its tag doesn't name the stage."""
    if tags is not None and tags.get(TAG) != stage:
        raise NotOfThisStage(f"{name}: its tag {TAG} is {tags.get(TAG)!r}, not {stage!r}")
    return tags is not None


def _bucket_tags(stage: Stage, name: str) -> dict[str, str] | None:
    """Return a bucket's tags; None if it is gone."""
    try:
        found = stage.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        _require_gone(error)
        return None
    return {tag["Key"]: tag["Value"] for tag in found}


def _table_tags(stage: Stage, name: str) -> dict[str, str] | None:
    """Return a table's tags; None if it is gone."""
    client = stage.client("dynamodb")
    try:
        arn = client.describe_table(TableName=name)["Table"]["TableArn"]
        pages = client.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    except ClientError as error:
        _require_gone(error)
        return None


def _require_gone(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in _GONE:
        raise error


def _remove_table(client: Any, name: str) -> None:
    if client.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
        client.update_table(TableName=name, DeletionProtectionEnabled=False)
        client.get_waiter("table_exists").wait(TableName=name)
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(TableName=name)


def _remove_bucket(client: Any, name: str) -> None:
    # The policy first: it refuses deletions to everybody, whoever asks.
    client.delete_bucket_policy(Bucket=name)
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        found = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        versions = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        for batch in _batches(versions):
            answer = client.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True})
            if answer.get("Errors"):
                raise NotRemoved(f"{name}: {answer['Errors'][0]['Code']}")
    client.delete_bucket(Bucket=name)


def _batches(versions: list[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    for first in range(0, len(versions), _DELETED_AT_ONCE):
        yield versions[first : first + _DELETED_AT_ONCE]
