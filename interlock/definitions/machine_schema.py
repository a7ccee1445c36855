"""The input schema as a machine sees it: references where personal values were."""

from typing import Any, Final

from functions.core.domain.references import FIELD
from functions.core.domain.schemas import DATA_CLASS, PERSONAL, subschemas

REFERENCE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An artifact reference, minted at the door in place of a personal value.",
    "properties": {
        FIELD: {"type": "string"},
        "media_type": {"type": "string"},
        "bytes": {"type": "integer"},
        "mac": {"type": "string"},
    },
    "required": [FIELD, "media_type", "bytes", "mac"],
    "additionalProperties": False,
}

_OF_ONE: Final = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_OF_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_OF_MAPS: Final = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})


def machine_schema(input_schema: dict[str, Any]) -> dict[str, Any]:
    """Return *input_schema* with each personal value as an artifact reference.

    A value is personal where any schema that applies to it says so, as the door sees it
    (`functions.core.domain.schemas.personal_pointers`).
    """
    derived: dict[str, Any] = _derive(input_schema, input_schema)
    return derived


def _derive(root: dict[str, Any], schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    if _is_personal(root, schema, frozenset()):
        return dict(REFERENCE_SCHEMA)
    derived = {}
    for key, part in schema.items():
        if key in _OF_ONE:
            derived[key] = _derive(root, part)
        elif key in _OF_LISTS:
            derived[key] = [_derive(root, item) for item in part]
        elif key in _OF_MAPS:
            derived[key] = {name: _derive(root, item) for name, item in part.items()}
        else:
            derived[key] = part
    return derived


def _is_personal(root: dict[str, Any], schema: Any, inside: frozenset[int]) -> bool:
    if not isinstance(schema, dict) or id(schema) in inside:
        return False
    if schema.get(DATA_CLASS) == PERSONAL:
        return True
    return any(_is_personal(root, part, inside | {id(schema)}) for part in subschemas(root, schema))
