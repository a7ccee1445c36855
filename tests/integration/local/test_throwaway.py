"""What a throw-away stage leaves is removed, and nothing of any other stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from interlock.cli.stage import Stage, connect
from interlock.local.cloud import Cloud
from interlock.throwaway import (
    TAG,
    Kept,
    NotOfThisStage,
    StageStands,
    kept_by,
    remove,
    require_absent,
)
from tests.integration.local.assemblies import write_assembly

pytestmark = pytest.mark.cloud
OWN, OTHER = "verify", "dev"


def data_stack(stage: str) -> dict[str, Any]:
    """Return a bucket that refuses deletions and a protected table, both of *stage*."""
    tags = [{"Key": TAG, "Value": stage}]
    refuse = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
        "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
    }
    key = {"AttributeName": "pk", "AttributeType": "S"}
    return {
        "Resources": {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": tags},
            },
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "Bucket"},
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [refuse]},
                },
            },
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "AttributeDefinitions": [key],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                    "BillingMode": "PAY_PER_REQUEST",
                    "DeletionProtectionEnabled": True,
                    "Tags": tags,
                },
            },
        }
    }


@pytest.fixture(scope="module")
def cloud(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    stacks = {f"interlock-{stage}-data": data_stack(stage) for stage in (OWN, OTHER)}
    return start(write_assembly(tmp_path_factory.mktemp("throwaway"), stacks, {}))


@pytest.fixture(scope="module")
def stage(cloud: Cloud) -> Stage:
    return connect(OWN, endpoint=cloud.endpoint)


@pytest.fixture(scope="module")
def other(cloud: Cloud) -> Kept:
    return kept_by(connect(OTHER, endpoint=cloud.endpoint))


def test_a_stage_that_stands_is_not_ours(stage: Stage) -> None:
    """Whoever deployed it wants to keep it; only what was made afterwards is removed."""
    with pytest.raises(StageStands, match=OWN):
        require_absent(stage)

    assert require_absent(replace(stage, name="nobody")) is None


def test_what_belongs_to_another_stage_stops_it(stage: Stage, other: Kept) -> None:
    """One foreign name among its own, bucket or table, and nothing at all is touched."""
    own = kept_by(stage)
    assert len(own.buckets) == len(own.tables) == 1

    for wrong in (
        Kept(OWN, (*own.buckets, *other.buckets), own.tables),
        Kept(OWN, own.buckets, (*own.tables, *other.tables)),
    ):
        with pytest.raises(NotOfThisStage):
            remove(stage, wrong)

    assert there(stage) == ({*own.buckets, *other.buckets}, {*own.tables, *other.tables})


def test_its_own_goes_with_every_version(cloud: Cloud, stage: Stage, other: Kept) -> None:
    """Though the bucket's policy refuses deletions and the table is protected against them."""
    own, s3 = kept_by(stage), cloud.client("s3")
    for bucket in (*own.buckets, *other.buckets):
        for content in (b"first", b"second"):
            s3.put_object(Bucket=bucket, Key="evidence/1.json", Body=content)
    s3.delete_bucket_policy(Bucket=own.buckets[0])
    s3.delete_object(Bucket=own.buckets[0], Key="evidence/1.json")  # leaves a marker
    policy = s3.get_bucket_policy(Bucket=other.buckets[0])["Policy"]
    s3.put_bucket_policy(
        Bucket=own.buckets[0], Policy=policy.replace(other.buckets[0], own.buckets[0])
    )

    remove(stage, own)
    remove(stage, own)  # what is gone already is no mistake

    assert there(stage) == (set(other.buckets), set(other.tables))
    versions = s3.list_object_versions(Bucket=other.buckets[0])["Versions"]
    assert len(versions) == 2


def there(stage: Stage) -> tuple[set[str], set[str]]:
    """Return the names of the stages' buckets and tables."""
    found = stage.client("s3").list_buckets()["Buckets"]
    buckets = {one["Name"] for one in found if one["Name"].startswith("interlock-")}
    return buckets, set(stage.client("dynamodb").list_tables()["TableNames"])
