"""S3 buckets and their policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from interlock.local.deploy.problems import UnknownProperty
from interlock.local.deploy.resources.kind import (
    Kind,
    Made,
    Put,
    Request,
    changed,
    lower_name,
    text,
)


class Bucket(Kind):
    """``AWS::S3::Bucket``: encryption, public access, lifecycle, versions, ownership, tags."""

    type = "AWS::S3::Bucket"
    properties = (
        "BucketName",
        "BucketEncryption",
        "PublicAccessBlockConfiguration",
        "LifecycleConfiguration",
        "VersioningConfiguration",
        "OwnershipControls",
        "ObjectLockEnabled",
        "ObjectLockConfiguration",
        "Tags",
    )
    without_effect = ("LoggingConfiguration", "MetricsConfigurations")

    def create(self, request: Request) -> Made:
        """Make the bucket and configure it."""
        name = request.properties.get("BucketName") or lower_name(request.name, 63)
        request.site.client("s3").create_bucket(
            Bucket=name,
            ObjectLockEnabledForBucket=bool(request.properties.get("ObjectLockEnabled", False)),
        )
        _configure(request, name)
        domain = f"{name}.s3.{request.site.region}.amazonaws.com"
        return Made(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.amazonaws.com",
                "RegionalDomainName": domain,
            },
        )

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Configure it again; a name or a lock can't be changed."""
        if changed(old, request.properties) & {"BucketName", "ObjectLockEnabled"}:
            return None
        _configure(request, made.ref)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Empty and remove the bucket."""
        client = request.site.client("s3")
        for page in client.get_paginator("list_object_versions").paginate(Bucket=made.ref):
            for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                client.delete_object(Bucket=made.ref, Key=item["Key"], VersionId=item["VersionId"])
        client.delete_bucket(Bucket=made.ref)


class BucketPolicy(Put):
    """``AWS::S3::BucketPolicy``."""

    type = "AWS::S3::BucketPolicy"
    properties = ("Bucket", "PolicyDocument")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Put the policy."""
        bucket = request.properties["Bucket"]
        request.site.client("s3").put_bucket_policy(
            Bucket=bucket, Policy=text(request.properties["PolicyDocument"])
        )
        return Made(bucket)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the policy."""
        request.site.client("s3").delete_bucket_policy(Bucket=made.ref)


def _configure(request: Request, name: str) -> None:
    client = request.site.client("s3")
    steps: dict[str, Callable[[Any], object]] = {
        "VersioningConfiguration": lambda value: client.put_bucket_versioning(
            Bucket=name, VersioningConfiguration=value
        ),
        "BucketEncryption": lambda value: client.put_bucket_encryption(
            Bucket=name, ServerSideEncryptionConfiguration=_encryption(value)
        ),
        "PublicAccessBlockConfiguration": lambda value: client.put_public_access_block(
            Bucket=name, PublicAccessBlockConfiguration=value
        ),
        "OwnershipControls": lambda value: client.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls=value
        ),
        "LifecycleConfiguration": lambda value: client.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [_rule(r) for r in value["Rules"]]}
        ),
        "ObjectLockConfiguration": lambda value: client.put_object_lock_configuration(
            Bucket=name, ObjectLockConfiguration=value
        ),
        "Tags": lambda value: client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": value}),
    }
    for property_name, step in steps.items():
        if property_name in request.properties:
            step(request.properties[property_name])


def _encryption(value: Mapping[str, Any]) -> dict[str, Any]:
    rules = []
    for given in value["ServerSideEncryptionConfiguration"]:
        rule = dict(given)
        rule["ApplyServerSideEncryptionByDefault"] = rule.pop("ServerSideEncryptionByDefault")
        rules.append(rule)
    return {"Rules": rules}


def _rule(given: Mapping[str, Any]) -> dict[str, Any]:
    """Translate a lifecycle rule: CloudFormation's words for it are not the API's."""
    rest = dict(given)
    rule: dict[str, Any] = {
        "Status": rest.pop("Status"),
        "Filter": {"Prefix": rest.pop("Prefix", "")},
    }
    if "Id" in rest:
        rule["ID"] = rest.pop("Id")
    if "ExpirationInDays" in rest:
        rule["Expiration"] = {"Days": int(rest.pop("ExpirationInDays"))}
    for same in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if same in rest:
            rule[same] = rest.pop(same)
    if "Transitions" in rest:
        rule["Transitions"] = [
            {"Days": int(t["TransitionInDays"]), "StorageClass": t["StorageClass"]}
            for t in rest.pop("Transitions")
        ]
    if rest:
        raise UnknownProperty(f"lifecycle rule: {', '.join(sorted(rest))}")
    return rule
