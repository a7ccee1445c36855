"""Which values count as personal: every branch that may apply is believed."""

from typing import Any

import pytest

from functions.core.domain.schemas import has_personal, personal_pointers

P: dict[str, Any] = {"type": "string", "x-data-class": "personal"}


@pytest.mark.parametrize(
    ("schema", "value", "pointers"),
    [
        ({"properties": {"a": P, "b": {}}}, {"a": "x", "b": "y"}, ["/a"]),
        ({"properties": {"a": P}}, {"b": "y"}, []),
        ({"properties": {"a": {"properties": {"b": P}}}}, {"a": {"b": "x"}}, ["/a/b"]),
        ({"properties": {"a": {**P, "properties": {"b": P}}}}, {"a": {"b": "x"}}, ["/a"]),
        ({"items": P}, ["x", "y"], ["/0", "/1"]),
        ({"prefixItems": [{}, P], "items": {}}, ["x", "y", "z"], ["/1"]),
        ({"prefixItems": [{}], "items": P}, ["x", "y", "z"], ["/1", "/2"]),
        ({"additionalProperties": P, "properties": {"a": {}}}, {"a": 1, "b": 2}, ["/b"]),
        ({"patternProperties": {"^x": P}}, {"xa": 1}, ["/xa"]),
        ({"$ref": "#/$defs/p", "$defs": {"p": {"properties": {"a": P}}}}, {"a": 1}, ["/a"]),
        ({"properties": {"a": {"$ref": "#/$defs/p"}}, "$defs": {"p": P}}, {"a": 1}, ["/a"]),
        (
            {"properties": {"a": {"$ref": "#p"}}, "$defs": {"q": {**P, "$anchor": "p"}}},
            {"a": 1},
            ["/a"],
        ),
        ({"allOf": [{"properties": {"a": P}}]}, {"a": 1}, ["/a"]),
        ({"anyOf": [{"properties": {"a": {}}}, {"properties": {"a": P}}]}, {"a": 1}, ["/a"]),
        ({"oneOf": [{"properties": {"a": P}}, {"type": "null"}]}, {"a": 1}, ["/a"]),
        ({"if": {}, "then": {"properties": {"a": P}}}, {"a": 1}, ["/a"]),
        ({"if": {}, "else": {"properties": {"a": P}}}, {"a": 1}, ["/a"]),
        ({"dependentSchemas": {"a": {"properties": {"b": P}}}}, {"a": 1, "b": 2}, ["/b"]),
        ({"unevaluatedProperties": P}, {"a": 1}, ["/a"]),
        ({"contains": P}, ["x"], ["/0"]),
        ({"properties": {"a/b": P, "c~d": P}}, {"a/b": 1, "c~d": 2}, ["/a~1b", "/c~0d"]),
        (P, "x", [""]),
    ],
)
def test_it_follows_the_schema(schema: Any, value: Any, pointers: list[str]) -> None:
    """Wherever the mark stands, the value is found; inside a found value nothing is listed."""
    assert sorted(personal_pointers(schema, value)) == pointers


def test_a_schema_that_contains_itself_ends() -> None:
    """Recursion in the schema ends with the value."""
    schema: dict[str, Any] = {
        "properties": {"child": {"$ref": "#"}, "name": P},
        "allOf": [{"$ref": "#"}],
    }
    value = {"name": "a", "child": {"name": "b", "child": {"name": "c"}}}

    found = personal_pointers(schema, value)

    assert sorted(found) == ["/child/child/name", "/child/name", "/name"]


def test_it_says_whether_a_schema_marks_anything() -> None:
    """The question that decides whether the artifacts bucket is needed at all."""
    assert has_personal({"properties": {"a": {"items": [P]}}})
    assert not has_personal({"properties": {"a": {"type": "string"}}})
