"""Secrets, and parameters of Systems Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Put, Request, changed


class Secret(Kind):
    """``AWS::SecretsManager::Secret``; a generated string is generated once."""

    type = "AWS::SecretsManager::Secret"
    properties = ("Name", "Description", "SecretString", "GenerateSecretString", "KmsKeyId")
    without_effect = ("Tags", "ReplicaRegions")

    def create(self, request: Request) -> Made:
        """Make the secret."""
        client = request.site.client("secretsmanager")
        arn = client.create_secret(
            Name=request.properties.get("Name", request.name),
            SecretString=_value(request),
            **request.get("Description", "KmsKeyId"),
        )["ARN"]
        return Made(arn, {"Id": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Describe it anew; a changed recipe makes a new value, as on AWS."""
        differ = changed(old, request.properties)
        if "Name" in differ:
            return None
        client = request.site.client("secretsmanager")
        if differ & {"SecretString", "GenerateSecretString"}:
            client.put_secret_value(SecretId=made.ref, SecretString=_value(request))
        if described := request.get("Description", "KmsKeyId"):
            client.update_secret(SecretId=made.ref, **described)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove it at once."""
        request.site.client("secretsmanager").delete_secret(
            SecretId=made.ref, ForceDeleteWithoutRecovery=True
        )


class Parameter(Put):
    """``AWS::SSM::Parameter``."""

    type = "AWS::SSM::Parameter"
    properties = ("Name", "Type", "Value", "Description", "AllowedPattern", "Tier", "DataType")

    def create(self, request: Request) -> Made:
        """Put the parameter."""
        name = request.properties.get("Name", request.name)
        request.site.client("ssm").put_parameter(
            Name=name,
            Overwrite=True,
            **request.get("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType"),
        )
        return Made(name, request.get("Type", "Value"))

    def delete(self, request: Request, made: Made) -> None:
        """Remove the parameter."""
        request.site.client("ssm").delete_parameter(Name=made.ref)


def _value(request: Request) -> str:
    if "SecretString" in request.properties:
        given: str = request.properties["SecretString"]
        return given
    recipe = dict(request.properties.get("GenerateSecretString") or {})
    template, key = recipe.pop("SecretStringTemplate", None), recipe.pop("GenerateStringKey", None)
    made: str = request.site.client("secretsmanager").get_random_password(**recipe)[
        "RandomPassword"
    ]
    return made if template is None else json.dumps({**json.loads(template), key: made})
