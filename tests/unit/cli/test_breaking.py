"""Which differences between two versions of a task can break a workflow."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from interlock.cli.breaking import breaks

SCHEMA = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["bill", "other"]},
        "note": {"type": "string", "maxLength": 90},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {
        "line": {
            "type": "object",
            "properties": {"amount": {"type": "integer"}, "more": {"$ref": "#/$defs/line"}},
        }
    },
}
Change = Callable[[dict[str, Any]], object]


def found(part: str, change: Change) -> list[tuple[str, str]]:
    """Return what can break once *change* is made to the schema of *part*."""
    old = {"variables_schema": SCHEMA, "output_schema": SCHEMA}
    new = json.loads(json.dumps(old))
    change(new[part])
    told = breaks(old, new)
    assert {one.part for one in told} <= {part}
    return [(one.pointer, one.what) for one in told]


def _lines(schema: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"]["line"]["properties"]


OUTPUTS: list[tuple[Change, str, str]] = [
    (lambda s: s["properties"].pop("note"), "/note", "is gone"),
    (lambda s: s.update(required=[]), "/kind", "no longer required"),
    (lambda s: s.update(required=["kind", "note"]), "/note", "is required"),
    (lambda s: s["properties"]["kind"]["enum"].append("odd"), "/kind", '"odd" may come'),
    (lambda s: s["properties"]["kind"]["enum"].pop(), "/kind", '"other" comes no more'),
    (lambda s: s["properties"]["kind"].pop("enum"), "/kind", "any value"),
    (lambda s: s["properties"]["note"].update(maxLength=900), "/note", "maxLength: 90 -> 900"),
    (lambda s: s["properties"]["note"].pop("maxLength"), "/note", "maxLength: 90 -> none"),
    (lambda s: s["properties"]["note"].update(type="integer"), "/note", 'type: "string" -> '),
    (
        lambda s: s["properties"]["note"].update({"x-data-class": "personal"}),
        "/note",
        "a reference in place",
    ),
    (lambda s: s["properties"]["note"].update(pattern="^a"), "/note", "pattern differs"),
    (lambda s: _lines(s)["amount"].update(type="string"), "/lines/*/amount", "type"),
]
VARIABLES: list[tuple[Change, str, str]] = [
    (lambda s: s["properties"].pop("note"), "/note", "is gone"),
    (lambda s: s.update(required=["kind", "note"]), "/note", "is required"),
    (lambda s: s["properties"]["kind"]["enum"].pop(), "/kind", '"other" is refused'),
    (lambda s: s["properties"]["note"].update(enum=["a"]), "/note", 'only "a" is taken'),
    (lambda s: s["properties"]["note"].update(maxLength=9), "/note", "maxLength: 90 -> 9"),
    (lambda s: s["properties"]["note"].update(minLength=9), "/note", "minLength: none -> 9"),
    (lambda s: s.update(additionalProperties=False), "", "closed"),
]


@pytest.mark.parametrize(("change", "pointer", "what"), OUTPUTS)
def test_an_answer_that_says_other_things_can_break_its_readers(change, pointer, what):
    """A field that is gone, may be missing, or may say what nothing is prepared for."""
    [(where, told)] = found("output_schema", change)

    assert where == pointer
    assert what in told


@pytest.mark.parametrize(("change", "pointer", "what"), VARIABLES)
def test_variables_that_are_no_longer_taken_can_break_their_callers(change, pointer, what):
    """Each place and why."""
    [(where, told)] = found("variables_schema", change)

    assert where == pointer
    assert what in told


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("output_schema", lambda s: s["properties"].update(extra={"type": "string"})),
        ("output_schema", lambda s: s["properties"]["note"].update(maxLength=9)),
        ("output_schema", lambda s: s["properties"]["note"].update(description="a note")),
        ("variables_schema", lambda s: s["properties"].update(extra={"type": "string"})),
        ("variables_schema", lambda s: s["properties"]["kind"]["enum"].append("odd")),
        ("variables_schema", lambda s: s["properties"]["kind"].pop("enum")),
        ("variables_schema", lambda s: s["properties"]["note"].update(maxLength=900)),
        ("variables_schema", lambda s: s.update(required=[])),
    ],
)
def test_what_breaks_nobody_is_not_named(part, change):
    """More is taken than before, or less can be said than before."""
    assert found(part, change) == []


def test_documents_without_schemas_break_nobody():
    """A policy has none."""
    assert breaks({"name": "a"}, {"name": "b"}) == []
