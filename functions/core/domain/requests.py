"""A system call's request, put together from what each of its fields is declared to come from."""

from collections.abc import Mapping
from typing import Any

from functions.core.domain.errors import FieldsRejected
from functions.core.domain.operations import Operation
from functions.core.domain.references import lookup
from functions.core.domain.schemas import validator


def assembled(
    operation: Operation, given: Mapping[str, Any], admitted: Mapping[str, Any]
) -> dict[str, Any]:
    """Put a request together: declared fields from a model, all others from the input."""
    fields = {name: given[name] for name in operation.from_model if name in given}
    for name, pointer in operation.take.items():
        try:
            fields[name] = lookup(admitted, pointer)
        except KeyError:
            continue
    return fields


def require_fit(operation: Operation, fields: Mapping[str, Any]) -> None:
    """Refuse a request that the operation's schema does not take.

    Raises
    ------
    FieldsRejected
        With pointer and keyword, never a value.
    """
    violations = validator(operation.request_schema).errors(dict(fields))
    if violations:
        first = violations[0]
        raise FieldsRejected(f"{first.pointer or '(root)'} {first.keyword}")
