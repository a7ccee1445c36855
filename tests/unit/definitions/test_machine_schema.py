# ruff: noqa: E501 - a table reads best with a case a line
"""What a machine is given: the input schema with references for personal values."""

from typing import Any

import pytest

from functions.core.domain.schemas import personal_pointers, validator
from interlock.definitions.machine_schema import REFERENCE_SCHEMA, machine_schema

P: dict[str, Any] = {"type": "string", "x-data-class": "personal"}
REFERENCE = {
    "interlock:artifact": "team/run/hash",
    "media_type": "text/plain",
    "bytes": 3,
    "mac": "m",
}


@pytest.mark.parametrize(
    ("schema", "value", "derived"),
    [
        ({"properties": {"a": P, "b": {"type": "string"}}}, {"a": "x", "b": "y"}, {"a": REFERENCE, "b": "y"}),
        ({"items": P}, ["x"], [REFERENCE]),
        ({"properties": {"a": {"$ref": "#/$defs/p"}}, "$defs": {"p": P}}, {"a": "x"}, {"a": REFERENCE}),
        ({"properties": {"a": {"allOf": [{"type": "string"}, P]}}}, {"a": "x"}, {"a": REFERENCE}),
        ({"properties": {"a": {"anyOf": [{"type": "null"}, P]}}}, {"a": "x"}, {"a": REFERENCE}),
        ({"additionalProperties": P}, {"z": "x"}, {"z": REFERENCE}),
        ({"properties": {"a": {"properties": {"b": P}, "required": ["b"]}}}, {"a": {"b": "x"}}, {"a": {"b": REFERENCE}}),
    ],
)  # fmt: skip
def test_a_replaced_value_fits_the_derived_schema(schema: Any, value: Any, derived: Any) -> None:
    """What the door makes of an input fits what the machine is promised, and raw text does not."""
    promised = validator(machine_schema(schema))

    assert personal_pointers(schema, value) != []
    assert promised.errors(derived) == []
    assert promised.errors(value) != []


def test_what_is_not_personal_stays_as_it_was() -> None:
    """Limits and order of everything else are kept."""
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}}

    assert machine_schema(schema) == schema


def test_a_schema_that_contains_itself_ends() -> None:
    """Recursion is followed once."""
    schema = {"properties": {"child": {"$ref": "#"}, "name": P}}

    assert machine_schema(schema)["properties"] == {
        "child": {"$ref": "#"},
        "name": REFERENCE_SCHEMA,
    }
