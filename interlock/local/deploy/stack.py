"""One stack: its template evaluated in dependency order, and what was made of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from interlock.local.clock import current
from interlock.local.deploy.intrinsics import Resolver, references
from interlock.local.deploy.problems import (
    DeployFailed,
    ResourceFailed,
    UnknownIntrinsic,
    UnknownProperty,
    UnknownType,
)
from interlock.local.deploy.resources import KINDS, Kind, Made, Request, Site

_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
}
_RESOURCE_KEYS = {
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
}
_CUSTOM = "AWS::CloudFormation::CustomResource"


@dataclass(frozen=True)
class Deployed:
    """A resource of a stack as it stands."""

    request: Request
    made: Made
    generation: int
    retained: bool


@dataclass
class Across:
    """What stacks share: exports, and each other's outputs."""

    exports: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)


class Stack:
    """A stack of the laptop cloud; also what its template's expressions are evaluated against.

    Parameters
    ----------
    name
        The stack's name.
    site
        Where its resources go.
    across
        What it shares with other stacks.
    """

    def __init__(self, name: str, site: Site, across: Across) -> None:
        self.name = name
        self.site = site
        self.text = ""
        self.description = ""
        self.deployments = 0
        self.across = across
        self.created_at = self.updated_at = current().utcnow()
        identity = hashlib.sha256(name.encode()).hexdigest()
        tail = "-".join((identity[:8], identity[8:12], identity[12:16], identity[16:20]))
        self.id = site.arn("cloudformation", f"stack/{name}/{tail}-{identity[20:32]}")
        self.pseudo: Mapping[str, str] = {
            "AWS::AccountId": site.account,
            "AWS::Partition": "aws",
            "AWS::Region": site.region,
            "AWS::StackId": self.id,
            "AWS::StackName": name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.parameters: Mapping[str, Any] = {}
        self.conditions: Mapping[str, Any] = {}
        self.mappings: Mapping[str, Any] = {}
        self.resources: dict[str, Deployed] = {}
        self.outputs: list[dict[str, str]] = []
        self._own_exports: set[str] = set()
        self._standing: tuple[str, Mapping[str, Any], Mapping[str, str]] | None = None

    def ref(self, logical_id: str) -> str:
        """Return the physical id of a resource."""
        return self._resource(logical_id).made.ref

    def attribute(self, logical_id: str, name: str) -> Any:
        """Return an attribute of a resource."""
        found = self._resource(logical_id)
        try:
            return found.made.attributes[name]
        except KeyError:
            raise UnknownIntrinsic(
                f"Fn::GetAtt {logical_id}.{name}: {found.request.type} has no such attribute here"
            ) from None

    def exported(self, name: str) -> str:
        """Return the value that another stack exports."""
        try:
            return self.across.exports[name]
        except KeyError:
            raise UnknownIntrinsic(f"Fn::ImportValue: no stack exports {name}") from None

    def output_of(self, stack: str, name: str) -> str:
        """Return an output of another stack."""
        try:
            return self.across.outputs[stack][name]
        except KeyError:
            raise UnknownIntrinsic(f"Fn::GetStackOutput: no output {stack}.{name}") from None

    def deploy(self, text: str, body: Mapping[str, Any], overrides: Mapping[str, str]) -> None:
        """Make of the stack what the template says: create, update, replace, delete.

        What fails before the new whole stands puts the stack back as it was, by its last
        template; one that is new is removed. Replaced resources are deleted only after that.

        Raises
        ------
        DeployFailed
            With stack, logical id and type of what stopped it.
        """
        before = dict(self.resources)
        try:
            left_over = self._bring_all(text, body, overrides)
        except DeployFailed as error:
            self._go_back(before, error)
            raise
        self._standing = (text, body, overrides)
        self.deployments += 1
        self._delete_all(left_over)

    def _bring_all(
        self, text: str, body: Mapping[str, Any], overrides: Mapping[str, str]
    ) -> list[Deployed]:
        """Bring every resource up to date; return what the stack has no use for any more."""
        if unknown := set(body) - _SECTIONS:
            raise DeployFailed(
                f"{self.name}: unknown template section {', '.join(sorted(unknown))}"
            )
        self.text, self.description = text, str(body.get("Description", ""))
        self.updated_at = current().utcnow()
        self.conditions, self.mappings = body.get("Conditions", {}), body.get("Mappings", {})
        self.parameters = self._parameters(body.get("Parameters", {}), overrides)
        resolver = Resolver(self)
        wanted = {
            logical: resource
            for logical, resource in body["Resources"].items()
            if "Condition" not in resource or resolver.condition(resource["Condition"])
        }
        replaced: list[Deployed] = []
        for logical in in_order(self.name, wanted):
            replaced += self._one(resolver, logical, wanted[logical])
        self._publish(resolver, body.get("Outputs", {}))
        gone = [self.resources.pop(name) for name in list(self.resources) if name not in wanted]
        return [*replaced, *gone]

    def _go_back(self, before: Mapping[str, Deployed], error: DeployFailed) -> None:
        """Undo what was done of a deployment that failed with *error*."""
        try:
            if self._standing is None:
                self.delete()
                return
            for logical, resource in list(self.resources.items()):
                old = before.get(logical)
                if old is not None and old.generation != resource.generation:
                    self._delete(resource)
                    self.resources[logical] = old
            self._delete_all(self._bring_all(*self._standing))
        except DeployFailed as again:
            raise type(error)(f"{error}; going back failed too: {again}") from error

    def delete(self) -> None:
        """Remove what the template does not retain."""
        self._delete_all(list(self.resources.values()))
        self.resources.clear()
        for name in self._own_exports:
            self.across.exports.pop(name, None)
        self.across.outputs.pop(self.name, None)

    def _resource(self, logical_id: str) -> Deployed:
        try:
            return self.resources[logical_id]
        except KeyError:
            raise UnknownIntrinsic(f"nothing here is called {logical_id}") from None

    def _parameters(
        self, declared: Mapping[str, Any], overrides: Mapping[str, str]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, parameter in declared.items():
            value = overrides.get(name, parameter.get("Default"))
            if value is None:
                raise DeployFailed(f"{self.name}: parameter {name} has no value and no default")
            values[name] = self._parameter(name, parameter, str(value))
        return values

    def _parameter(self, name: str, parameter: Mapping[str, Any], value: str) -> Any:
        kind = parameter["Type"]
        if "AllowedValues" in parameter and value not in parameter["AllowedValues"]:
            raise DeployFailed(f"{self.name}: parameter {name} may not be {value}")
        if not re.fullmatch(parameter.get("AllowedPattern", "(?s).*"), value):
            raise DeployFailed(f"{self.name}: parameter {name} does not fit its AllowedPattern")
        if kind == "AWS::SSM::Parameter::Value<String>":
            return self.site.client("ssm").get_parameter(Name=value)["Parameter"]["Value"]
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [part.strip() for part in value.split(",")]
        if kind in ("String", "Number"):
            return value
        raise DeployFailed(f"{self.name}: parameter {name}: type {kind} is not known here")

    def _one(self, resolver: Resolver, logical: str, resource: Mapping[str, Any]) -> list[Deployed]:
        """Bring one resource up to date; return what it replaces, which is deleted at the end."""
        where = f"{self.name}/{logical} ({resource['Type']})"
        try:
            kind = kind_of(resource["Type"])
            properties = resolver.value(resource.get("Properties", {}))
            _check(kind, resource, properties)
            return self._bring(kind, logical, resource, properties)
        except DeployFailed as error:
            raise type(error)(f"{where}: {error}") from error
        except Exception as error:
            raise ResourceFailed(f"{where}: {type(error).__name__}: {error}") from error

    def _bring(
        self, kind: Kind, logical: str, resource: Mapping[str, Any], properties: Mapping[str, Any]
    ) -> list[Deployed]:
        standing = self.resources.get(logical)
        if standing is not None and standing.request.type != resource["Type"]:
            raise ResourceFailed("a logical id can't take another type")
        generation = standing.generation if standing else 0
        request = self._request(logical, resource["Type"], properties, generation)
        retained = resource.get("DeletionPolicy", "Delete") != "Delete"
        if standing is not None:
            if standing.request.properties == properties:
                self.resources[logical] = Deployed(request, standing.made, generation, retained)
                return []
            # said at once: an update that fails halfway has to be undone too
            self.resources[logical] = Deployed(request, standing.made, generation, retained)
            made = kind.update(request, standing.made, standing.request.properties)
            if made is not None:
                self.resources[logical] = Deployed(request, made, generation, retained)
                return []
            self.resources[logical] = standing
            generation += 1
            request = self._request(logical, resource["Type"], properties, generation)
        self.resources[logical] = Deployed(request, kind.create(request), generation, retained)
        if standing is None or resource.get("UpdateReplacePolicy", "Delete") != "Delete":
            return []
        return [Deployed(standing.request, standing.made, standing.generation, retained=False)]

    def _request(
        self, logical: str, kind: str, properties: Mapping[str, Any], generation: int
    ) -> Request:
        # stable over restarts, so that a name learnt yesterday still finds its table
        seed = f"{self.name}/{logical}" + (f"/{generation}" if generation else "")
        tail = hashlib.sha256(seed.encode()).hexdigest()[:12].upper()
        name = f"{self.name}-{logical}-{tail}"
        return Request(self.site, self.id, logical, kind, name, properties)

    def _delete_all(self, resources: list[Deployed]) -> None:
        for resource in reversed(resources):
            self._delete(resource)

    def _delete(self, resource: Deployed) -> None:
        if resource.retained:
            return
        request = resource.request
        try:
            kind_of(request.type).delete(request, resource.made)
        except Exception as error:
            where = f"{self.name}/{request.logical_id} ({request.type})"
            raise ResourceFailed(f"{where}: delete: {type(error).__name__}: {error}") from error

    def _publish(self, resolver: Resolver, outputs: Mapping[str, Any]) -> None:
        for name in self._own_exports:
            self.across.exports.pop(name, None)
        self._own_exports.clear()
        self.outputs = []
        for key, output in outputs.items():
            if "Condition" in output and not resolver.condition(output["Condition"]):
                continue
            try:
                one = {"OutputKey": key, "OutputValue": str(resolver.value(output["Value"]))}
                if "Export" in output:
                    one["ExportName"] = str(resolver.value(output["Export"]["Name"]))
                    self.across.exports[one["ExportName"]] = one["OutputValue"]
                    self._own_exports.add(one["ExportName"])
            except DeployFailed as error:
                raise type(error)(f"{self.name}: output {key}: {error}") from error
            if "Description" in output:
                one["Description"] = output["Description"]
            self.outputs.append(one)
        self.across.outputs[self.name] = {o["OutputKey"]: o["OutputValue"] for o in self.outputs}


def kind_of(name: str) -> Kind:
    """Return the kind of a resource type.

    Raises
    ------
    UnknownType
        The laptop cloud does not know it.
    """
    kind = KINDS.get(_CUSTOM if name.startswith("Custom::") else name)
    if kind is None:
        raise UnknownType("the laptop cloud does not know this resource type")
    return kind


def unknown_types(stack: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield every resource of a template whose type is not known."""
    for logical, resource in body["Resources"].items():
        try:
            kind_of(resource["Type"])
        except UnknownType:
            yield f"{stack}/{logical} ({resource['Type']})"


def in_order(stack: str, resources: Mapping[str, Any]) -> list[str]:
    """Return logical ids so that each comes after what it refers to.

    Raises
    ------
    DeployFailed
        Resources refer to each other in a circle.
    """
    order: list[str] = []
    done: set[str] = set()

    def visit(logical: str, above: tuple[str, ...]) -> None:
        if logical in above:
            circle = " -> ".join((*above[above.index(logical) :], logical))
            raise DeployFailed(f"{stack}: resources depend on each other: {circle}")
        if logical in done:
            return
        resource = resources[logical]
        explicit = resource.get("DependsOn", [])
        before = [explicit] if isinstance(explicit, str) else list(explicit)
        for name in sorted({*before, *references(resource.get("Properties", {}))}):
            if name in resources:
                visit(name, (*above, logical))
        done.add(logical)
        order.append(logical)

    for logical in resources:
        visit(logical, ())
    return order


def _check(kind: Kind, resource: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    if unknown := set(resource) - _RESOURCE_KEYS:
        raise UnknownProperty(f"unknown resource attribute {', '.join(sorted(unknown))}")
    if kind.type == _CUSTOM:  # its properties are its function's business
        return
    if unknown := set(properties) - {*kind.properties, *kind.without_effect}:
        raise UnknownProperty(f"unknown property {', '.join(sorted(unknown))}")
