"""From a pydantic class to the output schema of an AI task, and to one value that fits it."""

import importlib
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from functions.core.domain.declared_schemas import (
    DIALECT,
    FORMATS,
    instance_problems,
    schema_problems,
)
from functions.core.domain.schemas import resolve

_SAMPLE_TEXT: Final = "An example text that stands for what a model would write here. "
_FORMATTED: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "jane.sample@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DROPPED: Final = ("title", "examples", "discriminator")
"""What pydantic says beside the schema itself; a model learns nothing by it."""
_NAMES_INSIDE: Final = frozenset({"properties", "$defs", "patternProperties", "dependentSchemas"})
_DEEPEST: Final = 12


class NoModel(Exception):
    """The named class can't be taken; the sentence says why and what would do."""


def load_model(named: str, folder: Path) -> type[BaseModel]:
    """Return the pydantic class `module:Class`, looked for in *folder* first.

    Raises
    ------
    NoModel
        There is no such module or class, its module failed, or it is no pydantic model.
    """
    module_name, colon, class_name = named.partition(":")
    if not (colon and module_name and class_name):
        raise NoModel(f"{named} is not module:Class, such as shop.models:Review")
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise NoModel(f"{module_name} can't be imported from {folder}: {error}") from None
    except Exception as error:
        raise NoModel(f"{module_name} failed: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(folder))
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise NoModel(f"{module_name} has no pydantic model called {class_name}")
    return found


def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return *model* as a schema that every part of the service understands.

    Objects are closed unless the class says otherwise; titles, and formats that nobody would
    check, are left out.

    Raises
    ------
    NoModel
        What remains is no schema that can be used.
    """
    try:
        schema = model.model_json_schema(mode="validation")
    except PydanticInvalidForJsonSchema as error:
        raise NoModel(f"{model.__name__} has no JSON Schema: {error.message}") from None
    cleaned = _cleaned(schema)
    if set(cleaned) >= {"$ref"}:  # a class that holds itself: pydantic only points at it
        cleaned = {**resolve(cleaned, cleaned["$ref"]), "$defs": cleaned["$defs"]}
    found = {"$schema": DIALECT, **cleaned}
    if problems := schema_problems(found):
        pointer, reason = problems[0]
        raise NoModel(f"the schema of {model.__name__} can't be used: {pointer or '/'} {reason}")
    return found


def _cleaned(part: Any, names: bool = False) -> Any:
    """Return *part* without what nobody reads; *names*: its keys are names, not keywords."""
    if isinstance(part, list):
        return [_cleaned(one) for one in part]
    if not isinstance(part, dict):
        return part
    if names:
        return {name: _cleaned(inner) for name, inner in part.items()}
    kept = {
        key: inner if key in ("const", "default", "enum") else _cleaned(inner, key in _NAMES_INSIDE)
        for key, inner in part.items()
        if key not in _DROPPED
        and not (key == "format" and inner not in FORMATS)
        and not (key == "additionalProperties" and inner is True)
    }
    if kept.get("type") == "object" and "properties" in kept:
        kept.setdefault("additionalProperties", part.get("additionalProperties", False))
    return kept


def sample(model: type[BaseModel], schema: dict[str, Any]) -> Any:
    """Return a value that fits *schema*: an example of the class, else one made up.

    Raises
    ------
    NoModel
        None could be made up; the sentence says how the class gives one.
    """
    extra = model.model_config.get("json_schema_extra")
    given = extra.get("examples") if isinstance(extra, dict) else None
    examples = given if isinstance(given, list) else []
    for value in (*examples, _made_up(schema, schema, 0)):
        if not instance_problems(schema, value):
            return value
    raise NoModel(
        f"no example of {model.__name__} could be made up: give one in the class, "
        'model_config = {"json_schema_extra": {"examples": [{…}]}}'
    )


def _made_up(root: dict[str, Any], part: Any, depth: int) -> Any:
    if not isinstance(part, dict) or depth > _DEEPEST:
        return None
    for key in ("const", "default"):
        if key in part:
            return part[key]
    if "enum" in part:
        return part["enum"][0]
    if "$ref" in part:
        return _made_up(root, resolve(root, part["$ref"]), depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in part:
            return _made_up(root, part[key][0], depth + 1)
    return _of_type(root, part, depth)


def _of_type(root: dict[str, Any], part: dict[str, Any], depth: int) -> Any:
    kind = part.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            required = part.get("required", [])
            inside = part.get("properties", {})
            return {name: _made_up(root, inside.get(name, {}), depth + 1) for name in required}
        case "array":
            item = _made_up(root, part.get("items", {}), depth + 1)
            return [item] * int(part.get("minItems", 1 if item is not None else 0))
        case "string":
            return _FORMATTED.get(str(part.get("format")), _text(part))
        case "integer" | "number":
            return _number(part)
        case "boolean":
            return False
    return None


def _text(part: dict[str, Any]) -> str:
    least, most = int(part.get("minLength", 0)), int(part.get("maxLength", 10_000))
    text = _SAMPLE_TEXT * (1 + least // len(_SAMPLE_TEXT))
    return text[: max(least, min(most, len(_SAMPLE_TEXT) - 1))].strip() or text[:most]


def _number(part: dict[str, Any]) -> int | float:
    least = part.get("minimum", part.get("exclusiveMinimum"))
    most = part.get("maximum", part.get("exclusiveMaximum"))
    if least is None:
        return most - 1 if most is not None else 1
    if "exclusiveMinimum" not in part:
        return least  # type: ignore[no-any-return]
    return least + 1 if most is None or least + 1 < most else (least + most) / 2  # type: ignore[no-any-return]
