"""Seeded schemas and values: what fits the full schema fits each form, and comes back the same."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from functions.core.domain import schema_subsets as subsets
from functions.core.domain.absent_nulls import without_absent_nulls
from functions.core.domain.schema_forms import express
from functions.core.domain.schema_places import places
from functions.core.domain.schema_subsets import Subset
from functions.core.domain.schemas import Validator

Make = Callable[[], tuple[Any, Any]]
"""Makes a value, and the same value as strict mode sends it."""
SUBSETS = [
    subsets.OPENAI_STRICT,
    subsets.ANTHROPIC,
    subsets.BEDROCK,
    subsets.GEMINI,
    subsets.TOOL,
    subsets.BEDROCK_TOOL,
]
STRICT_KEYWORDS = {
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "description",
    "enum",
    "items",
    "properties",
    "required",
    "type",
}


class Writer:
    """Writes a schema, and with it what makes its values."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.definitions: dict[str, Any] = {}

    def root(self) -> tuple[dict[str, Any], Make]:
        schema, make = self.object(2)
        if self.definitions:
            schema["$defs"] = self.definitions
        return schema, make

    def any(self, depth: int) -> tuple[dict[str, Any], Make]:
        simple = [self.text, self.number, self.word, self.flag, self.maybe]
        deep = [self.object, self.list, self.either, self.named, self.both]
        kind = self.rng.choice(simple + (deep if depth else []))
        return kind(depth - 1)

    def text(self, _: int) -> tuple[dict[str, Any], Make]:
        bounds = {"minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$", "title": "T"}
        kept = {key: bounds[key] for key in bounds if self.rng.random() < 0.4}
        return {"type": "string", **kept}, lambda: self.same(self.rng.choice(["a", "bc", "xyz"]))

    def number(self, _: int) -> tuple[dict[str, Any], Make]:
        bounds = {"minimum": -5, "exclusiveMaximum": 100, "description": "N."}
        kept = {key: bounds[key] for key in bounds if self.rng.random() < 0.4}
        name = self.rng.choice(["integer", "number"])
        return {"type": name, **kept}, lambda: self.same(self.rng.randrange(-5, 100))

    def word(self, _: int) -> tuple[dict[str, Any], Make]:
        values: list[Any] = self.rng.choice([["a", "b"], ["x"], [1, 2], ["a", 1], [True]])
        schema = {"const": values[0]} if len(values) == 1 else {"enum": values}
        return schema, lambda: self.same(self.rng.choice(values))

    def flag(self, _: int) -> tuple[dict[str, Any], Make]:
        return {"type": "boolean"}, lambda: self.same(self.rng.random() < 0.5)

    def maybe(self, _: int) -> tuple[dict[str, Any], Make]:
        return {"type": ["integer", "null"]}, lambda: self.same(self.rng.choice([None, 3]))

    def list(self, depth: int) -> tuple[dict[str, Any], Make]:
        inner, make = self.any(depth)

        def made() -> tuple[Any, Any]:
            pairs = [make() for _ in range(self.rng.randrange(3))]
            return [value for value, _ in pairs], [sent for _, sent in pairs]

        return {"type": "array", "items": inner, "maxItems": 3}, made

    def object(self, depth: int, tag: str = "") -> tuple[dict[str, Any], Make]:
        names = [f"p{n}" for n in range(self.rng.randrange(1, 4))]
        parts = {name: self.any(depth) for name in names}
        schemas = {name: schema for name, (schema, _) in parts.items()}
        required = [name for name in names if self.rng.random() < 0.5]
        fixed = {"kind": tag} if tag else {}
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {key: {"const": tag} for key in fixed} | schemas,
            "required": [*fixed, *required],
        }
        if self.rng.random() < 0.7:
            schema["additionalProperties"] = False
        takes_null = {
            name
            for name in names
            if self.accepts_null({**schemas[name], "$defs": self.definitions})
        }

        def made() -> tuple[Any, Any]:
            value: dict[str, Any] = dict(fixed)
            sent: dict[str, Any] = dict(fixed)
            for name in names:
                if name in required or name in takes_null or self.rng.random() < 0.5:
                    value[name], sent[name] = parts[name][1]()
                else:
                    sent[name] = None
            return value, sent

        return schema, made

    def either(self, depth: int) -> tuple[dict[str, Any], Make]:
        options = [self.object(depth, "a"), self.object(depth, "b"), self.text(0)]
        keyword = self.rng.choice(["anyOf", "oneOf"])
        schemas = [schema for schema, _ in options]
        makes = [make for _, make in options]

        def made() -> tuple[Any, Any]:
            return self.rng.choice(makes)()

        return {keyword: schemas}, made

    def named(self, depth: int) -> tuple[dict[str, Any], Make]:
        schema, make = self.any(depth)
        name = f"d{len(self.definitions)}"
        self.definitions[name] = schema
        beside = {"description": "Beside."} if self.rng.random() < 0.5 else {}
        return {"$ref": f"#/$defs/{name}", **beside}, make

    def both(self, _: int) -> tuple[dict[str, Any], Make]:
        schema, make = self.text(0)
        return {"allOf": [schema], "description": "Both."}, make

    @staticmethod
    def same(value: Any) -> tuple[Any, Any]:
        return value, value

    @staticmethod
    def accepts_null(schema: dict[str, Any]) -> bool:
        return Validator(schema).accepts(None)


@pytest.mark.parametrize("subset", SUBSETS, ids=lambda subset: subset.name)
def test_what_fits_the_schema_fits_its_form_and_comes_back(subset: Subset) -> None:
    """For each seed; a form never shuts out what the full schema lets in."""
    for seed in range(150):
        schema, make = Writer(seed).root()
        form = express(schema, subset)
        judge, full = Validator(form), Validator(schema)
        for _ in range(4):
            value, sent = make()
            given = sent if subset.all_required else value

            assert full.accepts(value), (seed, value)
            assert judge.accepts(given), (seed, json.dumps(schema), given)
            assert without_absent_nulls(schema, given) == value, (seed, given)


def test_a_strict_form_keeps_to_its_keywords() -> None:
    """Every object is closed and needs all that it declares; nothing stands beside a reference."""
    for seed in range(150):
        for _, part in places(express(Writer(seed).root()[0], subsets.OPENAI_STRICT)):
            assert set(part) <= STRICT_KEYWORDS
            assert "$ref" not in part or set(part) == {"$ref"}
            if "properties" in part:
                assert part["additionalProperties"] is False
                assert part["required"] == list(part["properties"])
