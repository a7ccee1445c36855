"""What can stop a deployment; each says where in which stack."""

from __future__ import annotations


class DeployFailed(Exception):
    """A deployment stopped; the sentence names stack, logical id and type."""


class UnknownType(DeployFailed):
    """A resource type that the laptop cloud does not know."""


class UnknownIntrinsic(DeployFailed):
    """A template function that the laptop cloud does not know, or that is used wrongly."""


class UnknownProperty(DeployFailed):
    """A property that the laptop cloud would have to drop."""


class ResourceFailed(DeployFailed):
    """A resource could not be made, changed or removed."""
