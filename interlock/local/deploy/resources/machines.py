"""Step Functions state machines, their versions and aliases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.problems import UnknownProperty
from interlock.local.deploy.resources.kind import Kind, Made, Request, changed, fitting


class StateMachine(Kind):
    """``AWS::StepFunctions::StateMachine``."""

    type = "AWS::StepFunctions::StateMachine"
    properties = (
        "StateMachineName",
        "StateMachineType",
        "RoleArn",
        "DefinitionString",
        "DefinitionSubstitutions",
        "DefinitionS3Location",
        "Definition",
    )
    without_effect = (
        "Tags",
        "LoggingConfiguration",
        "TracingConfiguration",
        "EncryptionConfiguration",
    )

    def create(self, request: Request) -> Made:
        """Make the machine."""
        name = request.properties.get("StateMachineName") or fitting(request.name, 80)
        definition = _definition(request)
        arn = request.site.client("stepfunctions").create_state_machine(
            name=name,
            definition=definition,
            roleArn=request.properties["RoleArn"],
            type=request.properties.get("StateMachineType", "STANDARD"),
        )["stateMachineArn"]
        return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change definition and role; open executions keep what they started with."""
        differ = changed(old, request.properties)
        if differ & {"StateMachineName", "StateMachineType"}:
            return None
        definition = _definition(request)
        request.site.client("stepfunctions").update_state_machine(
            stateMachineArn=made.ref,
            definition=definition,
            roleArn=request.properties["RoleArn"],
        )
        revision = made.attributes["StateMachineRevisionId"]
        following = 1 if revision == "INITIAL" else int(revision) + 1
        return Made(made.ref, {**made.attributes, "StateMachineRevisionId": str(following)})

    def delete(self, request: Request, made: Made) -> None:
        """Remove the machine."""
        request.site.client("stepfunctions").delete_state_machine(stateMachineArn=made.ref)


class StateMachineVersion(Kind):
    """``AWS::StepFunctions::StateMachineVersion``: an immutable copy of the definition."""

    type = "AWS::StepFunctions::StateMachineVersion"
    properties = ("StateMachineArn", "StateMachineRevisionId", "Description")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Publish what the machine is now (moto's API has no such call)."""
        machine = _machine(request, request.properties["StateMachineArn"])
        machine.publish(request.properties.get("Description"))
        arn = str(machine.latest_version.arn)
        return Made(arn, {"Arn": arn})

    def delete(self, request: Request, made: Made) -> None:
        """Remove the version."""
        machine = _machine(request, request.properties["StateMachineArn"])
        machine.versions.pop(int(made.ref.rpartition(":")[2]), None)


class StateMachineAlias(Kind):
    """``AWS::StepFunctions::StateMachineAlias``; a deployment preference moves all at once."""

    type = "AWS::StepFunctions::StateMachineAlias"
    properties = ("Name", "Description", "RoutingConfiguration", "DeploymentPreference")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Make the alias."""
        arn = request.site.client("stepfunctions").create_state_machine_alias(
            name=request.properties["Name"], routingConfiguration=_routes(request)
        )["stateMachineAliasArn"]
        return Made(arn, {"Arn": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Move the alias to the new version."""
        if "Name" in changed(old, request.properties):
            return None
        request.site.client("stepfunctions").update_state_machine_alias(
            stateMachineAliasArn=made.ref, routingConfiguration=_routes(request)
        )
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove the alias."""
        request.site.client("stepfunctions").delete_state_machine_alias(
            stateMachineAliasArn=made.ref
        )


def _definition(request: Request) -> str:
    given = request.properties
    if "DefinitionString" in given:
        definition = str(given["DefinitionString"])
    elif "Definition" in given:
        definition = json.dumps(given["Definition"])
    else:
        key = given["DefinitionS3Location"]["Key"]
        definition = request.site.assets[key].path.read_text()
    for name, value in (given.get("DefinitionSubstitutions") or {}).items():
        definition = definition.replace(f"${{{name}}}", str(value))
    return definition


def _routes(request: Request) -> list[dict[str, Any]]:
    if preference := request.properties.get("DeploymentPreference"):
        arn = preference["StateMachineVersionArn"]
        return [{"stateMachineVersionArn": arn, "weight": 100}]
    return [
        {"stateMachineVersionArn": r["StateMachineVersionArn"], "weight": int(r["Weight"])}
        for r in request.properties["RoutingConfiguration"]
    ]


def _machine(request: Request, arn: str) -> Any:
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    backend = stepfunctions_parser_backends[request.site.account][request.site.region]
    for machine in backend.state_machines:
        if machine.arn == arn:
            return machine
    raise UnknownProperty(f"StateMachineArn: {arn} is no machine of this cloud")
