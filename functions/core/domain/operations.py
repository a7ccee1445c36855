"""Systems as teams declare them: a CRM, ERP or API, and what may be asked of it."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from functions.core.domain.connections import DIRECT, Connection
from functions.core.domain.documents import (
    Document,
    Name,
    Pointer,
    Schema,
    Text,
    require_object_schema,
)

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class SystemAuth(Document):
    """How a system knows us; a bearer token lies in Secrets Manager under the system's name."""

    kind: Literal["none", "bearer"]


class SystemLimits(Document):
    """Bounds of one request to a system."""

    connect_seconds: Annotated[float, Field(gt=0, le=10)] = 2
    read_seconds: Annotated[float, Field(gt=0, le=45)] = 10
    response_bytes: Annotated[int, Field(ge=256, le=5_000_000)] = 262_144


class Operation(Document):
    """One declared request to a system.

    Every field of the request either may come from a model (`from_model`) or is taken by the
    function itself from the admitted input (`take`); there is no third way in.
    """

    purpose: Text
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_.~/{}-]*$", max_length=512)]
    effect: Literal["read", "idempotent", "keyed", "verify", "once"]
    request_schema: Schema
    response_schema: Schema
    from_model: tuple[str, ...] = ()
    take: dict[str, Pointer] = Field(default_factory=dict)
    verify: Name | None = None

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The request fields that stand in the path, in order."""
        return tuple(_PLACEHOLDER.findall(self.path))

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        require_object_schema(self.request_schema, "request_schema")
        self._check_partition()
        self._check_path()
        if (self.effect == "verify") != (self.verify is not None):
            raise ValueError("verify: names a read operation where effect is verify, only there")
        if self.method == "GET" and self.effect != "read":
            raise ValueError("effect: a GET only reads")
        if self.method == "GET" and set(self._fields) - set(self.path_fields):
            raise ValueError("path: a GET has no body, so each request field stands in the path")
        return self

    @property
    def _fields(self) -> dict[str, Any]:
        return dict(self.request_schema.get("properties", {}))

    def _check_partition(self) -> None:
        declared, given, taken = set(self._fields), set(self.from_model), set(self.take)
        if self.request_schema.get("additionalProperties") is not False:
            raise ValueError("request_schema: additionalProperties must be false")
        if len(given) != len(self.from_model):
            raise ValueError("from_model: names a field twice")
        for field in sorted((given | taken) - declared):
            raise ValueError(f"{'take' if field in taken else 'from_model'}: no field {field!r}")
        for field in sorted(given & taken):
            raise ValueError(f"take: field {field!r} is in from_model too")
        for field in sorted(declared - given - taken):
            raise ValueError(f"request_schema: field {field!r} is neither in from_model nor taken")

    def _check_path(self) -> None:
        if re.search(r"[{}]", _PLACEHOLDER.sub("", self.path)):
            raise ValueError("path: braces don't match")
        required = self.request_schema.get("required", [])
        for field in self.path_fields:
            if field not in self._fields:
                raise ValueError(f"path: no request field {field!r}")
            if field not in required:
                raise ValueError(f"path: request field {field!r} is not required")
            if field not in self.take:
                raise ValueError(f"path: field {field!r} chooses the object, so it is taken")
            if self._fields[field].get("type") not in ("string", "integer"):
                raise ValueError(f"path: field {field!r} is neither string nor integer")


class System(Document):
    """A CRM, ERP or API with its declared operations; where it lives is a stage's setting."""

    name: Name
    owner: Text
    purpose: Text
    auth: SystemAuth
    limits: SystemLimits = SystemLimits()
    connection: Connection = DIRECT
    operations: Annotated[dict[Name, Operation], Field(min_length=1)]

    @model_validator(mode="after")
    def _verifies_by_reading(self) -> Self:
        for name, operation in self.operations.items():
            if operation.verify is None:
                continue
            reader = self.operations.get(operation.verify)
            if reader is None or reader.effect != "read":
                raise ValueError(f"operations.{name}.verify: names no operation that reads")
        return self
