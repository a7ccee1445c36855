"""The run-time validator: it agrees with the reference, and tells nothing about the value."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from functions.core.domain.schemas import Validator, Violation, validator
from tests.quality.json_schemas import suite

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
        "mail": {"type": "string", "format": "email"},
        "kind": {"enum": ["a", "b"]},
        "fixed": {"const": 2},
        "count": {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 2},
        "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
        "when": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "id": {"type": "string", "format": "uuid"},
        "more": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/more"}]},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"more": {"type": "object", "required": ["x"], "minProperties": 2}},
}

CASES: list[tuple[dict[str, Any] | bool, Any]] = [
    *(
        (SCHEMA, value)
        for value in (
            {"name": "jane"},
            {},
            [],
            None,
            {"name": "J"},
            {"name": "janeway"},
            {"name": 3},
            {"name": "jane", "extra": 1},
            {"name": "jane", "mail": "jane@example.com"},
            {"name": "jane", "mail": "nobody"},
            {"name": "jane", "kind": "c"},
            {"name": "jane", "fixed": 2.0},
            {"name": "jane", "fixed": "2"},
            {"name": "jane", "count": 4.0},
            {"name": "jane", "count": 5},
            {"name": "jane", "count": 12345678901234567890123},
            {"name": "jane", "count": True},
            {"name": "jane", "share": 0},
            {"name": "jane", "share": 0.5},
            {"name": "jane", "tags": ["a", "a"]},
            {"name": "jane", "tags": ["a", "b", "c"]},
            {"name": "jane", "tags": ["a", 1]},
            {"name": "jane", "when": "2026-11-22T20:49:28Z"},
            {"name": "jane", "when": "2026-11-22 20:49:28"},
            {"name": "jane", "day": "2026-02-30"},
            {"name": "jane", "id": "123e4567-e89b-12d3-a456-426614174000"},
            {"name": "jane", "id": "123e4567"},
            {"name": "jane", "more": None},
            {"name": "jane", "more": {"x": 1, "y": 2}},
            {"name": "jane", "more": {"x": 1}},
        )
    ),
    ({"prefixItems": [{"type": "integer"}], "items": False}, [1]),
    ({"prefixItems": [{"type": "integer"}], "items": False}, [1, 2]),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"c": 1}),
    ({"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}]}, {"a": 1}),
    ({"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}]}, {"b": 1}),
    ({"not": {"type": "string"}}, "x"),
    ({"oneOf": [{"minimum": 1}, {"maximum": 5}]}, 3),
    ({"contains": {"const": 1}, "maxContains": 1}, [1, 1]),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
    ({"propertyNames": {"maxLength": 2}}, {"abc": 1}),
    ({"pattern": "^\\p{L}+$"}, "é"),
    (True, 1),
    (False, 1),
]


def _reference(schema: Any, value: Any) -> bool:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value)


@pytest.mark.parametrize(("schema", "value"), [c for c in CASES if "\\p" not in json.dumps(c[0])])
def test_it_agrees_with_the_reference(schema: Any, value: Any) -> None:
    """Both validators take and refuse the same."""
    assert Validator(schema).accepts(value) == _reference(schema, value)
    assert (Validator(schema).errors(value) == []) == _reference(schema, value)


@pytest.mark.parametrize(
    ("value", "violation"),
    [
        ({}, Violation("", "required", "name")),
        ({"name": "janeway"}, Violation("/name", "maxLength", "5")),
        ({"name": "J1"}, Violation("/name", "pattern", "^[a-z]+$")),
        ({"name": 3}, Violation("/name", "type", "string")),
        ({"name": "jane", "mail": "nobody"}, Violation("/mail", "format", "email")),
        ({"name": "jane", "kind": "c"}, Violation("/kind", "enum")),
        ({"name": "jane", "count": 12}, Violation("/count", "maximum", "10")),
        ({"name": "jane", "secret": 1}, Violation("", "additionalProperties")),
        ({"name": "jane", "tags": ["a", 1]}, Violation("/tags/1", "type", "string")),
        ({"name": "jane", "more": 1}, Violation("/more", "anyOf")),
    ],
)
def test_a_violation_names_place_keyword_and_limit(value: Any, violation: Violation) -> None:
    """All three come from the schema or the shape, never from the value."""
    assert Validator(SCHEMA).errors(value) == [violation]


def test_no_violation_repeats_a_value() -> None:
    """A planted mark in every place of the value shows in none of the violations."""
    mark = "planted@example.com"
    value = dict.fromkeys(SCHEMA["properties"], mark) | {mark: mark, "tags": [mark, mark]}

    said = repr(Validator(SCHEMA).errors(value))

    assert "planted" not in said
    assert "additionalProperties" in said


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"pattern": "("},
        {"$ref": "#/$defs/absent"},
        {"$ref": "https://example.com/other.json"},
        {"$ref": "file:///etc/passwd"},
    ],
)
def test_it_refuses_what_is_no_schema_of_its_own(schema: dict[str, Any]) -> None:
    """Nothing is fetched from anywhere to complete a schema."""
    with pytest.raises(ValueError, match="no valid JSON Schema"):
        Validator(schema)


def test_a_schema_on_disk_is_not_fetched(tmp_path: Path) -> None:
    """Even where the other schema exists, a schema stands for itself."""
    (tmp_path / "other.json").write_text('{"type": "string"}')

    with pytest.raises(ValueError, match="no valid JSON Schema"):
        Validator({"$ref": f"file://{tmp_path}/other.json"})


def test_a_pattern_can_not_hold_a_worker() -> None:
    """A catastrophic pattern ends as a violation within its limit."""
    schema = {"type": "string", "pattern": "^(a|a?)+(?=b)$"}

    assert Validator(schema).errors("a" * 40) != []


def test_a_schema_is_compiled_once() -> None:
    """Equal content is one compiled validator."""
    assert validator({"type": "string", "minLength": 1}) is validator(
        {"minLength": 1, "type": "string"}
    )


@pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with structured/jsts_*")
def test_it_agrees_with_the_suite() -> None:
    """The JSON-Schema-Test-Suite, its optional cases too, comes out as expected."""
    found = suite(Path(os.environ["DATA"]))

    assert (found.rows > 0, found.wrong) == (True, [])
