"""KMS keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Request, changed, text


class Key(Kind):
    """``AWS::KMS::Key``."""

    type = "AWS::KMS::Key"
    properties = ("KeyPolicy", "Description", "KeySpec", "KeyUsage", "EnableKeyRotation", "Enabled")
    without_effect = ("Tags", "PendingWindowInDays", "RotationPeriodInDays", "MultiRegion")

    def create(self, request: Request) -> Made:
        """Make the key."""
        client = request.site.client("kms")
        key = client.create_key(
            Policy=text(request.properties["KeyPolicy"]),
            **request.get("Description", "KeySpec", "KeyUsage"),
        )["KeyMetadata"]
        if request.properties.get("EnableKeyRotation"):
            client.enable_key_rotation(KeyId=key["KeyId"])
        return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change the policy."""
        if changed(old, request.properties) & {"KeySpec", "KeyUsage"}:
            return None
        request.site.client("kms").put_key_policy(
            KeyId=made.ref, PolicyName="default", Policy=text(request.properties["KeyPolicy"])
        )
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Schedule the deletion: a key is never removed at once."""
        request.site.client("kms").schedule_key_deletion(KeyId=made.ref)


class KeyAlias(Kind):
    """``AWS::KMS::Alias``."""

    type = "AWS::KMS::Alias"
    properties = ("AliasName", "TargetKeyId")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Make the alias."""
        request.site.client("kms").create_alias(**request.get("AliasName", "TargetKeyId"))
        return Made(request.properties["AliasName"])

    def delete(self, request: Request, made: Made) -> None:
        """Remove the alias."""
        request.site.client("kms").delete_alias(AliasName=made.ref)
