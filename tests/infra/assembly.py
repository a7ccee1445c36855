"""Reads a synthesized assembly: resources by type, and values with their references spelled out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SPELLED: dict[str, Callable[[Any], str]] = {
    "Ref": lambda operand: f"<{operand}>",
    "Fn::GetAtt": lambda operand: f"<{'.'.join(operand)}>",
    "Fn::ImportValue": lambda operand: f"<import {operand}>",
    "Fn::Join": lambda operand: operand[0].join(str(spell(part)) for part in operand[1]),
}


def spell(value: Any) -> Any:
    """Return *value* with intrinsics as readable text, `<Ref>`, `<Id.Attribute>`, `<import …>`."""
    if isinstance(value, list):
        return [spell(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, operand)] = value.items()
        if key in _SPELLED:
            return _SPELLED[key](operand)
    return {key: spell(each) for key, each in value.items()}


@dataclass(frozen=True)
class Stack:
    """One template."""

    template: dict[str, Any]

    def of(self, type_: str) -> dict[str, dict[str, Any]]:
        """Return the resources of *type_* by logical id, whole."""
        return {
            id_: resource
            for id_, resource in self.template["Resources"].items()
            if resource["Type"] == type_
        }

    def properties(self, type_: str) -> list[dict[str, Any]]:
        """Return the properties of the resources of *type_*, spelled out."""
        return [spell(resource.get("Properties", {})) for resource in self.of(type_).values()]

    def one(self, type_: str, id_prefix: str) -> dict[str, Any]:
        """Return the spelled-out properties of the one resource whose logical id starts so."""
        [found] = [r for id_, r in self.of(type_).items() if id_.startswith(id_prefix)]
        return spell(found.get("Properties", {}))

    def policies(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (logical id of the role or managed policy, statement), spelled out."""
        for resource in self.of("AWS::IAM::Policy").values():
            properties = spell(resource["Properties"])
            for statement in properties["PolicyDocument"]["Statement"]:
                yield properties["Roles"][0].strip("<>"), listed(statement)
        for id_, resource in self.of("AWS::IAM::ManagedPolicy").items():
            for statement in spell(resource["Properties"])["PolicyDocument"]["Statement"]:
                yield id_, listed(statement)

    def statements(self, owner_prefix: str) -> list[dict[str, Any]]:
        """Return the statements of the roles whose logical id starts so."""
        return [s for owner, s in self.policies() if owner.startswith(owner_prefix)]


def listed(statement: dict[str, Any]) -> dict[str, Any]:
    """Return *statement* with Action and Resource as lists, whatever they were."""
    return {
        **statement,
        **{
            key: [statement[key]] if isinstance(statement[key], str) else statement[key]
            for key in ("Action", "Resource")
            if key in statement
        },
    }


@dataclass(frozen=True)
class Assembly:
    """What one synthesis wrote."""

    folder: Path

    def stack(self, name: str) -> Stack:
        """Return the stack whose name ends with *name*."""
        [path] = self.folder.glob(f"*-{name}.template.json")
        return Stack(json.loads(path.read_text()))

    def texts(self) -> dict[str, str]:
        """Return every template's bytes as text, by file name."""
        return {path.name: path.read_text() for path in self.folder.glob("*.template.json")}
