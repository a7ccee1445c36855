"""Lets CloudFormation's API answer for stacks that were deployed here, not by moto."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.models import cloudformation_backends

from interlock.local.deploy.stack import Stack


class _Resource:
    """One resource, in the words that moto's answers use."""

    def __init__(self, logical_id: str, physical_id: str, kind: str) -> None:
        self.logical_resource_id = logical_id
        self.physical_resource_id = physical_id
        self.cf_resource_type = kind


class _Export:
    def __init__(self, stack_id: str, name: str, value: str) -> None:
        self.exporting_stack_id = stack_id
        self.name = name
        self.value = value


class Registered:
    """A stack as moto's CloudFormation answers read it; it has no behaviour of moto's."""

    class Meta:
        """How moto's serializer finds what it does not call by its name."""

        serialization_aliases = {"Parameters": "parameter_list"}  # noqa: RUF012 - moto reads it

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.stack_id = stack.id
        self.name = self.stack_name = stack.name
        self.description = stack.description
        self.template = stack.text
        self.creation_time = stack.created_at.replace(tzinfo=None)
        self.status = self.stack_status = "CREATE_COMPLETE"
        if stack.updated_at > stack.created_at and stack.outputs is not None:
            self.last_updated_time = stack.updated_at.replace(tzinfo=None)
        self.tags: dict[str, str] = {}
        self.events: list[Any] = []
        self.notification_arns: list[str] = []
        self.disable_rollback = True
        self.enable_termination_protection = False

    @property
    def outputs(self) -> list[dict[str, str]]:
        """The stack's outputs."""
        return self._stack.outputs

    @property
    def parameter_list(self) -> list[dict[str, str]]:
        """The values of its parameters."""
        return [
            {"ParameterKey": key, "ParameterValue": str(value)}
            for key, value in self._stack.parameters.items()
        ]

    @property
    def stack_resources(self) -> list[_Resource]:
        """What it consists of."""
        return [
            _Resource(logical, found.made.ref, found.request.type)
            for logical, found in self._stack.resources.items()
        ]


def register(stack: Stack) -> None:
    """Make a stack known to ``DescribeStacks`` and its like, or known as it is now."""
    backend = _backend(stack)
    backend.stacks[stack.id] = Registered(stack)
    for output in stack.outputs:
        if name := output.get("ExportName"):
            backend.exports[name] = _Export(stack.id, name, output["OutputValue"])


def unregister(stack: Stack) -> None:
    """Make a stack unknown."""
    backend = _backend(stack)
    backend.stacks.pop(stack.id, None)
    for name in [n for n, e in backend.exports.items() if e.exporting_stack_id == stack.id]:
        del backend.exports[name]


def _backend(stack: Stack) -> Any:
    return cloudformation_backends[stack.site.account][stack.site.region]
