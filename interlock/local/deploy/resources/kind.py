"""What a resource type is here: how it is made, changed and removed through the cloud's own API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from interlock.local.deploy.assembly import Asset


class Mappings(Protocol):
    """Runs event source mappings."""

    def start(self, mapping_id: str, properties: Mapping[str, Any]) -> None:
        """Begin to poll, or go on with other properties."""

    def stop(self, mapping_id: str) -> None:
        """Poll no more."""


@dataclass
class Site:
    """The cloud that resources are put into."""

    account: str
    region: str
    endpoint: str
    client: Callable[[str], Any]
    invoke: Callable[[str, bytes], tuple[bool, bytes]]
    twin: Callable[[Path], Path]
    mappings: Mappings
    assets: dict[str, Asset] = field(default_factory=dict)
    #: layer version ARN -> folder on the path of workers
    layers: dict[str, str] = field(default_factory=dict)
    #: CodeSha256 -> folder with the function's code
    code: dict[str, str] = field(default_factory=dict)
    #: id of a function URL -> ARN of its function
    urls: dict[str, str] = field(default_factory=dict)
    #: what custom resources answered, by token
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Made:
    """A resource that exists: what ``Ref`` and ``Fn::GetAtt`` answer for it."""

    ref: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One resource of a template, with its expressions evaluated.

    Attributes
    ----------
    name
        The physical name to take where the template gives none.
    """

    site: Site
    stack_id: str
    logical_id: str
    type: str
    name: str
    properties: Mapping[str, Any]

    def get(self, *names: str) -> dict[str, Any]:
        """Return those of the named properties that the template sets."""
        return {name: self.properties[name] for name in names if name in self.properties}


class Kind:
    """A resource type; subclasses register themselves under `type`.

    Attributes
    ----------
    type
        CloudFormation's name.
    properties
        The properties that have an effect here.
    without_effect
        Properties that are accepted, and mean nothing on a laptop.
    """

    type: ClassVar[str]
    properties: ClassVar[tuple[str, ...]] = ()
    without_effect: ClassVar[tuple[str, ...]] = ("Tags",)

    def __init_subclass__(cls) -> None:
        if "type" in cls.__dict__:
            KINDS[cls.type] = cls()

    def create(self, request: Request) -> Made:
        """Make the resource."""
        raise NotImplementedError

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:  # noqa: ARG002
        """Change the resource in place; None: it can only be replaced."""
        return None

    def delete(self, request: Request, made: Made) -> None:
        """Remove the resource."""


class Put(Kind):
    """A type whose creation is a put: an update is the same call again."""

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:  # noqa: ARG002
        """Put it again."""
        return self.create(request)


#: Every type that is known, by CloudFormation's name.
KINDS: dict[str, Kind] = {}


def text(document: Any) -> str:
    """Return a policy or another document as the API wants it."""
    return document if isinstance(document, str) else json.dumps(document)


def number(value: Any) -> int:
    """Return a number that a template may have written as text."""
    return int(value)


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Return the names of the properties that differ."""
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def lower_name(name: str, most: int) -> str:
    """Return a generated name in lower case that fits in `most` characters and keeps its hash."""
    lowered = name.lower()
    return lowered if len(lowered) <= most else f"{lowered[: most - 13]}{lowered[-13:]}"


def fitting(name: str, most: int) -> str:
    """Return a generated name that fits in `most` characters and keeps its hash."""
    return name if len(name) <= most else f"{name[: most - 13]}{name[-13:]}"
