"""The places of a schema: all of them, where references lead, and several as one."""

from collections.abc import Iterator
from typing import Any, Final

from functions.core.domain.schemas import Schema, resolve

Path = tuple[str | int, ...]

_OF_ONE: Final = (
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_OF_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_OF_MAPS: Final = ("$defs", "dependentSchemas", "patternProperties", "properties")
_NAMES: Final = frozenset({"additionalProperties", "patternProperties", "properties"})
_NEARER: Final = frozenset({"$comment", "$schema", "default", "description", "examples", "title"})
"""Annotations: of two, the nearer one counts."""


class Unmergeable(Exception):
    """Schemas for the same value that no single one can stand for: keyword, and why."""

    def __init__(self, keyword: str, why: str) -> None:
        self.keyword = keyword
        self.why = why
        super().__init__(f"{keyword}: {why}")


def places(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Schema]]:
    """Yield every schema inside *schema* with its path, itself first."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key in _OF_ONE:
        yield from places(schema.get(key), (*path, key))
    for key in _OF_LISTS:
        for index, part in enumerate(schema.get(key, ())):
            yield from places(part, (*path, key, index))
    for key in _OF_MAPS:
        for name, part in schema.get(key, {}).items():
            yield from places(part, (*path, key, name))


def leads_to_itself(root: Schema, reference: str) -> bool:
    """Say whether what *reference* names holds, anywhere below, a reference to itself."""
    target = resolve(root, reference)
    seen: set[int] = set()
    pending = list(_references(target))
    while pending:
        found = resolve(root, pending.pop())
        if found is target:
            return True
        if id(found) not in seen:
            seen.add(id(found))
            pending.extend(_references(found))
    return False


def _references(schema: Any) -> Iterator[str]:
    # Definitions are reached by reference only.
    bare = {key: part for key, part in schema.items() if key != "$defs"} if schema else schema
    return (part["$ref"] for _, part in places(bare) if "$ref" in part)


def without_references(root: Schema) -> Schema:
    """Return *root* with what its references name put in their place.

    No reference may lead to itself.
    """
    return {key: part for key, part in _inlined(root, root).items() if key != "$defs"}


def _inlined(root: Schema, part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    shown: Schema = {}
    for key, value in part.items():
        if key in _OF_MAPS:
            shown[key] = {name: _inlined(root, each) for name, each in value.items()}
        elif key in _OF_LISTS:
            shown[key] = [_inlined(root, each) for each in value]
        elif key in _OF_ONE:
            shown[key] = _inlined(root, value)
        elif key != "$ref":
            shown[key] = value
    if "$ref" not in part:
        return shown
    target = _inlined(root, resolve(root, part["$ref"]))
    return {**shown, "allOf": [*shown.get("allOf", ()), target]} if shown else target


def merged(root: Schema, part: Schema) -> Schema:
    """Return *part* as one schema: with its own reference and its `allOf` put in place.

    Raises
    ------
    Unmergeable
        Where the parts contradict each other in a keyword, or each name properties.
    """
    return _merged(root, part, frozenset())


def _merged(root: Schema, part: Any, inside: frozenset[int]) -> Schema:
    if not isinstance(part, dict):
        raise Unmergeable("allOf", "a place for any value or none")
    whole = {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
    others = [("allOf", other) for other in part.get("allOf", ())]
    if "$ref" in part:
        others.append(("$ref", resolve(root, part["$ref"])))
    for keyword, other in others:
        if id(other) in inside or other is part:
            raise Unmergeable(keyword, "a definition that leads to itself")
        whole = _both(_merged(root, other, inside | {id(part)}), whole, keyword)
    return whole


def _both(base: Schema, near: Schema, keyword: str) -> Schema:
    """Return one schema for a value that must fit both."""
    if _NAMES & set(base) and _NAMES & set(near):
        raise Unmergeable(keyword, "an object's properties stand in two places")
    both = {key: part for key, part in base.items() if key != "$defs"}
    for key, value in near.items():
        if key not in both or key in _NEARER or both[key] == value:
            both[key] = value
        elif key == "required":
            both[key] = list(dict.fromkeys([*both[key], *value]))
        else:
            raise Unmergeable(keyword, f"{key} stands twice, and differs")
    return both
