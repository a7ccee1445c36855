"""How long an answer can get: tight where the schema bounds it, unknown where it does not."""

import json
from typing import Any

import pytest

from functions.core.domain.schemas import max_output_tokens_bound

TEXT = {"type": "string", "maxLength": 100}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "array", "items": TEXT},
        {"type": "array", "maxItems": 3},
        {"type": "object", "properties": {"a": TEXT}},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        {"anyOf": [TEXT, {"type": "string"}]},
        {"type": ["string", "null"]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}},
        {},
    ],
)
def test_what_is_not_bounded_has_no_bound(schema: dict[str, Any]) -> None:
    """An unbounded part makes the whole unbounded."""
    assert max_output_tokens_bound(schema) is None


@pytest.mark.parametrize(
    ("schema", "longest"),
    [
        (TEXT, "x" * 100),
        ({"type": "string", "format": "date"}, "2026-11-22"),
        ({"enum": ["a", "bcd"]}, "bcd"),
        ({"const": {"a": [1, 2]}}, {"a": [1, 2]}),
        ({"type": "boolean"}, False),
        ({"type": ["integer", "null"]}, -123456789012345678),
        ({"type": "array", "items": TEXT, "maxItems": 3}, ["x" * 100] * 3),
        (
            {"type": "array", "prefixItems": [TEXT, {"type": "null"}], "items": False},
            ["x" * 100, None],
        ),
        (
            {
                "type": "object",
                "properties": {"a": TEXT, "b": {"$ref": "#/$defs/b"}},
                "additionalProperties": False,
                "$defs": {"b": {"enum": [True]}},
            },
            {"a": "x" * 100, "b": True},
        ),
        ({"anyOf": [TEXT, {"type": "null"}]}, "x" * 100),
        ({"allOf": [{"type": "string"}, {"maxLength": 10, "type": "string"}]}, "x" * 10),
    ],
)
def test_the_bound_holds_the_longest_answer(schema: dict[str, Any], longest: Any) -> None:
    """Even printed over several lines it fits, a token for each character."""
    bound = max_output_tokens_bound(schema)

    assert bound is not None
    assert len(json.dumps(longest, indent=2)) <= bound <= len(json.dumps(longest)) * 2 + 60
