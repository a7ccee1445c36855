"""IAM roles and policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.problems import UnknownProperty
from interlock.local.deploy.resources.kind import Kind, Made, Put, Request, changed, fitting, text

_AWS_POLICY = "arn:aws:iam::aws:policy/"


class Role(Kind):
    """``AWS::IAM::Role`` with its inline and attached policies and its boundary."""

    type = "AWS::IAM::Role"
    properties = (
        "RoleName",
        "Path",
        "Description",
        "AssumeRolePolicyDocument",
        "Policies",
        "ManagedPolicyArns",
        "PermissionsBoundary",
        "MaxSessionDuration",
    )

    def create(self, request: Request) -> Made:
        """Make the role."""
        client = request.site.client("iam")
        name = request.properties.get("RoleName") or fitting(request.name, 64)
        role = client.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=text(request.properties["AssumeRolePolicyDocument"]),
            **request.get("Path", "Description", "PermissionsBoundary", "MaxSessionDuration"),
        )["Role"]
        _give(request, name)
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change what it may do and who may take it."""
        if changed(old, request.properties) & {"RoleName", "Path"}:
            return None
        client = request.site.client("iam")
        client.update_assume_role_policy(
            RoleName=made.ref,
            PolicyDocument=text(request.properties["AssumeRolePolicyDocument"]),
        )
        for policy in old.get("Policies", []):
            client.delete_role_policy(RoleName=made.ref, PolicyName=policy["PolicyName"])
        for arn in old.get("ManagedPolicyArns", []):
            client.detach_role_policy(RoleName=made.ref, PolicyArn=arn)
        if boundary := request.properties.get("PermissionsBoundary"):
            client.put_role_permissions_boundary(RoleName=made.ref, PermissionsBoundary=boundary)
        elif "PermissionsBoundary" in old:
            client.delete_role_permissions_boundary(RoleName=made.ref)
        _give(request, made.ref)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Take everything from the role and remove it."""
        client = request.site.client("iam")
        for name in client.list_role_policies(RoleName=made.ref)["PolicyNames"]:
            client.delete_role_policy(RoleName=made.ref, PolicyName=name)
        for policy in client.list_attached_role_policies(RoleName=made.ref)["AttachedPolicies"]:
            client.detach_role_policy(RoleName=made.ref, PolicyArn=policy["PolicyArn"])
        client.delete_role(RoleName=made.ref)


class InlinePolicy(Put):
    """``AWS::IAM::Policy``: one document, inline in each of its roles."""

    type = "AWS::IAM::Policy"
    properties = ("PolicyName", "PolicyDocument", "Roles")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Put the document into each role."""
        for role in request.properties.get("Roles", []):
            request.site.client("iam").put_role_policy(
                RoleName=role,
                PolicyName=request.properties["PolicyName"],
                PolicyDocument=text(request.properties["PolicyDocument"]),
            )
        return Made(request.name)

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Put it again, and take it from roles that no longer have it."""
        for role in set(old.get("Roles", [])) - set(request.properties.get("Roles", [])):
            request.site.client("iam").delete_role_policy(
                RoleName=role, PolicyName=old["PolicyName"]
            )
        return super().update(request, made, old)

    def delete(self, request: Request, made: Made) -> None:  # noqa: ARG002
        """Take the document from each role that is still there."""
        client = request.site.client("iam")
        for role in request.properties.get("Roles", []):
            try:
                client.delete_role_policy(
                    RoleName=role, PolicyName=request.properties["PolicyName"]
                )
            except client.exceptions.NoSuchEntityException:
                continue


class ManagedPolicy(Kind):
    """``AWS::IAM::ManagedPolicy``."""

    type = "AWS::IAM::ManagedPolicy"
    properties = ("ManagedPolicyName", "Path", "Description", "PolicyDocument", "Roles")

    def create(self, request: Request) -> Made:
        """Make the policy and attach it."""
        client = request.site.client("iam")
        arn = client.create_policy(
            PolicyName=request.properties.get("ManagedPolicyName") or fitting(request.name, 128),
            PolicyDocument=text(request.properties["PolicyDocument"]),
            **request.get("Path", "Description"),
        )["Policy"]["Arn"]
        for role in request.properties.get("Roles", []):
            client.attach_role_policy(RoleName=role, PolicyArn=arn)
        return Made(arn, {"PolicyArn": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Make the new document the default version."""
        if changed(old, request.properties) - {"PolicyDocument"}:
            return None
        client = request.site.client("iam")
        for version in client.list_policy_versions(PolicyArn=made.ref)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=made.ref, VersionId=version["VersionId"])
        client.create_policy_version(
            PolicyArn=made.ref,
            PolicyDocument=text(request.properties["PolicyDocument"]),
            SetAsDefault=True,
        )
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Detach and remove it."""
        client = request.site.client("iam")
        for role in client.list_entities_for_policy(PolicyArn=made.ref)["PolicyRoles"]:
            client.detach_role_policy(RoleName=role["RoleName"], PolicyArn=made.ref)
        client.delete_policy(PolicyArn=made.ref)


def _give(request: Request, role: str) -> None:
    client = request.site.client("iam")
    for policy in request.properties.get("Policies", []):
        client.put_role_policy(
            RoleName=role,
            PolicyName=policy["PolicyName"],
            PolicyDocument=text(policy["PolicyDocument"]),
        )
    for arn in request.properties.get("ManagedPolicyArns", []):
        if arn.startswith(_AWS_POLICY):
            _load(request, arn)
        client.attach_role_policy(RoleName=role, PolicyArn=arn)


def _load(request: Request, arn: str) -> None:
    """Make one of AWS's own policies known: moto loads all of them (slowly) or none."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy, iam_backends

    known = iam_backends[request.site.account]["aws"].managed_policies
    if arn in known:
        return
    name = arn.rpartition("/")[2]
    data = json.loads(aws_managed_policies_data).get(name)
    if data is None:
        raise UnknownProperty(f"ManagedPolicyArns: {arn} is not known here")
    known[arn] = AWSManagedPolicy.from_data(name, request.site.account, request.site.region, data)
