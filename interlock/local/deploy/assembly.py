"""A cloud assembly on disk: its stacks in dependency order, its assets by object key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from interlock.local.deploy.problems import DeployFailed


@dataclass(frozen=True)
class StackTemplate:
    """One synthesized stack: its name and the exact text of its template."""

    name: str
    text: str

    @cached_property
    def body(self) -> dict[str, Any]:
        """The parsed template."""
        body: dict[str, Any] = json.loads(self.text)
        return body


@dataclass(frozen=True)
class Asset:
    """A file or folder that a template names by bucket and key."""

    key: str
    path: Path
    packaging: str


@dataclass(frozen=True)
class Assembly:
    """What ``cdk synth`` wrote."""

    stacks: tuple[StackTemplate, ...]
    assets: Mapping[str, Asset]

    @property
    def layers(self) -> list[Asset]:
        """The assets that layers are made of."""
        keys = {
            resource["Properties"]["Content"]["S3Key"]
            for stack in self.stacks
            for resource in stack.body["Resources"].values()
            if resource["Type"] == "AWS::Lambda::LayerVersion"
        }
        return [self.assets[key] for key in sorted(keys) if key in self.assets]

    def layers_of(self, function: Mapping[str, Any]) -> list[Asset]:
        """Return the layers of a function, a resource of one of the templates, in its order."""
        made = {
            name: resource["Properties"]["Content"]["S3Key"]
            for stack in self.stacks
            for name, resource in stack.body["Resources"].items()
            if resource["Type"] == "AWS::Lambda::LayerVersion"
        }
        named = (layer["Ref"] for layer in function["Properties"].get("Layers", ()))
        return [self.assets[made[name]] for name in named]

    @property
    def common_layers(self) -> list[Asset]:
        """The layers of every function that has any: what is worth importing for all."""
        functions = [
            self.layers_of(resource)
            for stack in self.stacks
            for resource in stack.body["Resources"].values()
            if resource["Type"] == "AWS::Lambda::Function"
        ]
        sets = [layers for layers in functions if layers]
        return [one for one in sets[0] if all(one in layers for layers in sets)] if sets else []


def read_assembly(folder: Path) -> Assembly:
    """Read a cloud assembly.

    Raises
    ------
    DeployFailed
        There is no ``manifest.json``, or an asset is missing.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise DeployFailed(f"{folder} is no cloud assembly: it has no manifest.json")
    artifacts = json.loads(manifest.read_text())["artifacts"]
    stacks = tuple(
        StackTemplate(
            artifacts[name]["properties"].get("stackName", name),
            (folder / artifacts[name]["properties"]["templateFile"]).read_text(),
        )
        for name in _in_order(artifacts)
    )
    return Assembly(stacks, _assets(folder))


def _in_order(artifacts: Mapping[str, Any]) -> list[str]:
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise DeployFailed(f"stacks depend on each other: {' -> '.join((*above, name))}")
        for before in artifacts[name].get("dependencies", []):
            visit(before, (*above, name))
        if name not in order and artifacts[name]["type"] == "aws:cloudformation:stack":
            order.append(name)

    for name in artifacts:
        visit(name, ())
    return order


def _assets(folder: Path) -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for manifest in sorted(folder.glob("*.assets.json")):
        for file in json.loads(manifest.read_text()).get("files", {}).values():
            source = file["source"]
            path = (folder / source["path"]).resolve()
            if not path.exists():
                raise DeployFailed(f"{manifest.name}: the asset {source['path']} is missing")
            for destination in file["destinations"].values():
                key = destination["objectKey"]
                found[key] = Asset(key, path, source.get("packaging", "file"))
    return found
