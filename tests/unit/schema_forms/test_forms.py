"""Each provider is given a schema that it accepts and that says the same, or none at all."""

from typing import Any

import pytest

from functions.core.domain import schema_subsets as subsets
from functions.core.domain.absent_nulls import without_absent_nulls
from functions.core.domain.schema_forms import SchemaNotExpressible, express
from functions.core.domain.schema_subsets import Subset

TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "under": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["name"],
}


def holding(inner: Any, *, required: bool = True) -> dict[str, Any]:
    """Return the schema of an object with the one property `p`."""
    names = ["p"] if required else []
    shape = {"type": "object", "properties": {"p": inner}, "required": names}
    return {**shape, "additionalProperties": False}


def held(schema: dict[str, Any], subset: Subset) -> Any:
    """Return what becomes of the property `p`."""
    return express(schema, subset)["properties"]["p"]


def test_in_strict_mode_what_may_be_absent_is_required_and_may_be_null() -> None:
    """Whatever its type; and no object takes names that it does not declare."""
    inner = {
        "text": {"type": "string"},
        "word": {"enum": ["a", "b"]},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "named": {"$ref": "#/$defs/n"},
        "null": {"type": ["string", "null"]},
    }
    schema = {"type": "object", "properties": inner, "$defs": {"n": {"type": "integer"}}}

    assert express(schema, subsets.OPENAI_STRICT) == {
        "type": "object",
        "properties": {
            "text": {"type": ["string", "null"]},
            "word": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
            "either": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            "named": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]},
            "null": {"type": ["string", "null"]},
        },
        "required": ["text", "word", "either", "named", "null"],
        "additionalProperties": False,
        "$defs": {"n": {"type": "integer"}},
    }


def test_bounds_that_are_not_accepted_are_said() -> None:
    """In the description, after what its author says."""
    inner = {"type": "string", "minLength": 2, "pattern": "^a", "description": "A word."}

    assert held(holding(inner), subsets.OPENAI_STRICT) == {
        "type": "string",
        "description": "A word. Bounds: at least 2 characters; matching the regular expression ^a.",
    }


@pytest.mark.parametrize(
    ("subset", "kept"),
    [
        (subsets.OPENAI_STRICT, set()),
        (subsets.ANTHROPIC, {"format"}),
        (subsets.BEDROCK, {"format"}),
        (subsets.GEMINI, set()),
        (subsets.TOOL, {"format", "maxLength"}),
        (subsets.BEDROCK_TOOL, {"format", "maxLength"}),
    ],
)
def test_bounds_that_are_accepted_stay(subset: Subset, kept: set[str]) -> None:
    """Each subset keeps its own; none is lost: it stays or is said."""
    found = held(holding({"type": "string", "format": "date", "maxLength": 10}), subset)

    assert {"format", "maxLength"} & set(found) == kept
    if "format" not in kept:
        assert "in the format date" in found["description"]
    if "maxLength" not in kept:
        assert "at most 10 characters" in found["description"]


def test_gemini_keeps_open_objects_and_is_told_what_it_can_t_enumerate() -> None:
    """It takes enums of texts and numbers, no constants, and bounds of numbers and lists."""
    schema = {
        "type": "object",
        "properties": {
            "word": {"enum": ["a", None]},
            "fixed": {"const": "x"},
            "yes": {"const": True},
            "share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
            "many": {"type": ["string", "integer"]},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["word"],
    }

    assert express(schema, subsets.GEMINI) == {
        "type": "object",
        "properties": {
            "word": {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
            "fixed": {"type": "string", "enum": ["x"]},
            "yes": {"type": "boolean", "description": "Bounds: one of [true]."},
            "share": {"type": "number", "minimum": 0, "description": "Bounds: less than 1."},
            "many": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "map": {
                "type": "object",
                "properties": {},
                "required": [],
                "additionalProperties": {"type": "string"},
            },
        },
        "required": ["word"],
    }


def test_a_definition_that_leads_to_itself_stays_where_that_is_accepted() -> None:
    """In OpenAI's strict mode; the others refuse it, and so do we."""
    found = express(TREE, subsets.OPENAI_STRICT)

    assert found["properties"]["under"] == {"type": ["array", "null"], "items": {"$ref": "#"}}
    for subset in (subsets.ANTHROPIC, subsets.BEDROCK, subsets.GEMINI, subsets.BEDROCK_TOOL):
        with pytest.raises(SchemaNotExpressible, match=r"/properties/under/items: \$ref"):
            express(TREE, subset)


def test_what_stands_beside_a_reference_is_put_together_with_it() -> None:
    """Providers take nothing beside a reference, so it is put in place."""
    definitions = {"n": {"type": "integer", "description": "Any."}}
    schema = {**holding({"$ref": "#/$defs/n", "description": "Mine."}), "$defs": definitions}

    assert held(schema, subsets.OPENAI_STRICT) == {"type": "integer", "description": "Mine."}


def test_all_of_becomes_one_where_one_says_the_same() -> None:
    """Keywords that differ can't be put together."""
    inner = {"allOf": [{"type": "string"}, {"minLength": 1}], "description": "D."}

    assert held(holding(inner), subsets.ANTHROPIC)["type"] == "string"
    with pytest.raises(SchemaNotExpressible, match=r"/properties/p: allOf .*type stands twice"):
        held(holding({"allOf": [{"type": "string"}, {"type": "integer"}]}), subsets.ANTHROPIC)


@pytest.mark.parametrize(
    ("inner", "keyword"),
    [
        ({"not": {"type": "null"}, "type": "string"}, "not"),
        ({"type": "object", "patternProperties": {"^a": {}}}, "patternProperties"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "additionalProperties"),
        (
            {"type": "object", "properties": {}, "additionalProperties": True},
            "additionalProperties",
        ),
        ({"type": "object"}, "properties"),
        ({"type": "object", "properties": {}, "required": ["x"]}, "required"),
        ({"type": "array"}, "items"),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "prefixItems"),
        ({}, "type"),
        (True, "type"),
        ({"minLength": 1}, "type"),
        ({"enum": [{"a": 1}]}, "enum"),
        ({"type": "string", "if": {"minLength": 1}, "then": {"maxLength": 2}}, "if"),
    ],
)
@pytest.mark.parametrize("subset", [subsets.OPENAI_STRICT, subsets.ANTHROPIC, subsets.BEDROCK])
def test_what_can_t_be_said_is_refused(inner: Any, keyword: str, subset: Subset) -> None:
    """The error names whose rules, the keyword and where it stands."""
    with pytest.raises(SchemaNotExpressible) as caught:
        express(holding(inner), subset)

    problem = caught.value
    assert (problem.subset, problem.keyword) == (subset.name, keyword)
    assert problem.pointer.startswith("/properties/p")


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
@pytest.mark.parametrize(
    "subset", [subsets.OPENAI_STRICT, subsets.GEMINI, subsets.TOOL, subsets.BEDROCK_TOOL]
)
def test_a_root_has_no_alternatives(keyword: str, subset: Subset) -> None:
    """Every provider's root is one object."""
    with pytest.raises(SchemaNotExpressible, match=rf"\(root\): {keyword}"):
        express({"type": "object", keyword: [{"required": ["a"]}]}, subset)


def test_a_root_is_an_object() -> None:
    """Strict modes take nothing else; Nova's tools take no names there that are not declared."""
    with pytest.raises(SchemaNotExpressible, match=r"\(root\): type"):
        express({**holding({"type": "string"}), "type": ["object", "null"]}, subsets.OPENAI_STRICT)
    for more in ({"additionalProperties": {"type": "string"}}, {"patternProperties": {"a": {}}}):
        express({"type": "object", **more}, subsets.TOOL)
        with pytest.raises(SchemaNotExpressible, match=rf"\(root\): {next(iter(more))}"):
            express({"type": "object", **more}, subsets.BEDROCK_TOOL)


def test_a_schema_beyond_a_provider_s_limits_is_refused() -> None:
    """Levels, properties, values of enums, properties that may be absent."""
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(10):
        deep = holding(deep)
    wide = {f"p{n}": {"type": "string"} for n in range(25)}

    express(deep, subsets.OPENAI_STRICT)
    with pytest.raises(SchemaNotExpressible, match="11 levels, and 10 are accepted"):
        express(holding(deep), subsets.OPENAI_STRICT)
    with pytest.raises(SchemaNotExpressible, match="1001 values"):
        express(holding({"enum": [f"{n}" for n in range(1001)]}), subsets.OPENAI_STRICT)
    with pytest.raises(SchemaNotExpressible, match="25 properties that may be absent"):
        express({"type": "object", "properties": wide}, subsets.ANTHROPIC)


def test_a_tool_is_given_the_schema_itself() -> None:
    """Without our own keywords; Nova takes three keywords at the root, and no references."""
    more: dict[str, Any] = {
        "description": "D",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
    }
    inner = {"$ref": "#/$defs/n", "x-data-class": "personal"}
    schema = {**holding(inner), **more, "$defs": {"n": {"not": {"type": "null"}}}}

    assert set(express(schema, subsets.TOOL)) == {*schema} - {"$schema"}
    assert express(schema, subsets.BEDROCK_TOOL) == {
        "type": "object",
        "properties": {"p": {"not": {"type": "null"}}},
        "required": ["p"],
    }


NOTE = {"type": "object", "properties": {"t": {"type": "string"}}}


@pytest.mark.parametrize(
    ("inner", "sent", "value"),
    [
        ({"type": "string"}, {"p": None}, {}),
        ({"type": ["string", "null"]}, {"p": None}, {"p": None}),
        ({"enum": ["a", None]}, {"p": None}, {"p": None}),
        ({}, {"p": None}, {"p": None}),
        ({"$ref": "#/$defs/note"}, {"p": {"t": None}}, {"p": {}}),
        ({"$ref": "#/$defs/maybe"}, {"p": None}, {"p": None}),
        ({"type": "array", "items": {"$ref": "#/$defs/note"}}, {"p": [{"t": None}]}, {"p": [{}]}),
        ({"anyOf": [{"type": "string"}, NOTE]}, {"p": {"t": None}}, {"p": {}}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"p": None}, {"p": None}),
        ({"allOf": [NOTE, {"minProperties": 0}]}, {"p": {"t": None}}, {"p": {}}),
        ({"type": "string"}, {"p": 1, "q": None}, {"p": 1, "q": None}),
        ({"type": "string"}, [None], [None]),
    ],
)
def test_nulls_that_say_absent_are_taken_out(inner: Any, sent: Any, value: Any) -> None:
    """Only where the full schema lets the property be absent and takes no null there."""
    definitions = {"note": NOTE, "maybe": {"type": ["string", "null"]}}
    schema = {**holding(inner, required=False), "$defs": definitions}

    assert without_absent_nulls(schema, sent) == value


def test_a_required_property_keeps_its_null() -> None:
    """That the answer misses the schema must show."""
    assert without_absent_nulls(holding({"type": "string"}), {"p": None}) == {"p": None}
