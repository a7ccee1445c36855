"""What every declared document is made of: its base, its names and texts, rules on its schemas."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
WorkflowName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
OperationName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=129)
]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/([^~/]|~[01])*)+$", max_length=256)]
Money = Annotated[
    str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?$", max_length=22)
]
"""Dollars as a decimal string: money is no float at any border."""
Schema = dict[str, Any]
UNSAID: Final = Field(exclude_if=lambda told: told is None)
"""A key that is no part of a stored document where it is None: one that says nothing new keeps its
hash when a release brings the key."""
UNSET: Final = Field(exclude_if=lambda told: told == type(told)())
"""The same for a table of settings, which says nothing where each has its default."""


def require_object_schema(schema: Schema, key: str) -> None:
    """Refuse a schema whose root is not of type object."""
    if schema.get("type") != "object" or not isinstance(schema.get("properties", {}), dict):
        raise ValueError(f"{key}: the root must be of type object")


def field_at(schema: Schema, pointer: str) -> tuple[Schema | None, bool]:
    """Return the schema of the property *pointer* names, and whether it is always there.

    Follows `properties` only: what a reference or an alternative may bring is not sure.
    """
    always = True
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        always = always and name in schema.get("required", ())
        found = schema.get("properties", {}).get(name)
        if not isinstance(found, dict):
            return None, False
        schema = found
    return schema, always


def require_unique(values: Iterable[str], key: str) -> None:
    """Refuse a value that stands twice."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{key}: {value!r} stands twice")
        seen.add(value)


class Document(BaseModel):
    """Base of everything declared: immutable, closed, and silent about its content."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        defer_build=True,  # a function reads two or three kinds: only their validators are built
    )
