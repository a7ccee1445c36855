"""How large a schema is, by the counts that providers limit."""

from typing import Any

from functions.core.domain.schema_places import places
from functions.core.domain.schema_subsets import Size
from functions.core.domain.schemas import Schema, resolve


def size_of(schema: Schema) -> Size:
    """Return what there is of each; the depth counts a recursive definition once."""
    properties = enum_values = characters = optional = unions = 0
    for _, part in places(schema):
        declared = part.get("properties", {})
        values = part.get("enum", ())
        properties += len(declared)
        enum_values += len(values)
        characters += sum(map(len, declared)) + sum(map(len, part.get("$defs", {})))
        characters += sum(len(value) for value in values if isinstance(value, str))
        optional += len(set(declared) - set(part.get("required", ())))
        unions += "anyOf" in part or isinstance(part.get("type"), list)
    return Size(
        depth=_depth(schema, schema, frozenset()),
        properties=properties,
        enum_values=enum_values,
        characters=characters,
        optional=optional,
        unions=unions,
    )


def too_large(schema: Schema, most: Size) -> tuple[str, str] | None:
    """Return the keyword and the reason by which *schema* exceeds *most*; None if it does not."""
    found = size_of(schema)
    counts = (
        ("properties", "levels", found.depth, most.depth),
        ("properties", "properties", found.properties, most.properties),
        ("enum", "values", found.enum_values, most.enum_values),
        ("enum", "characters in names and values", found.characters, most.characters),
        ("required", "properties that may be absent", found.optional, most.optional),
        ("anyOf", "places of several types", found.unions, most.unions),
    )
    for keyword, what, count, limit in counts:
        if limit is not None and count is not None and count > limit:
            return keyword, f"{count} {what}, and {limit} are accepted"
    return None


def _depth(root: Schema, part: Any, inside: frozenset[int]) -> int:
    if not isinstance(part, dict) or id(part) in inside:
        return 0
    inside |= {id(part)}
    deeper = [_depth(root, each, inside) for each in part.get("properties", {}).values()]
    deeper.append(_depth(root, part.get("items"), inside))
    beside = [_depth(root, each, inside) for each in part.get("anyOf", ())]
    if "$ref" in part:
        beside.append(_depth(root, resolve(root, part["$ref"]), inside))
    own = 1 if "properties" in part or "items" in part else 0
    return max(own + max(deeper), *beside, 0)
