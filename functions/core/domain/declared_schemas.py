"""Whether a declared JSON Schema is one, and one that every part of the service understands.

Asked before something is published, of files and of documents alike; at run time serves
:mod:`functions.core.domain.schemas` alone.
"""

from collections.abc import Iterator
from typing import Any, Final

from jsonschema import Draft202012Validator

from functions.core.domain.canonical import safe_pointer
from functions.core.domain.prompts import UNTRUSTED
from functions.core.domain.schema_places import places
from functions.core.domain.schemas import DATA_CLASS, PERSONAL, Validator, Violation, resolve

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FORMATS: Final = frozenset({"date", "date-time", "email", "ipv4", "ipv6", "uuid"})
"""Those that both validators check; a format that only reads like a check is refused."""

_OWN: Final = frozenset({DATA_CLASS, UNTRUSTED, "x-enum-descriptions", "x-drafts"})
_REFUSED: Final = frozenset({"$dynamicRef", "$dynamicAnchor", "$id", "$vocabulary"})


def schema_problems(schema: Any) -> list[tuple[str, str]]:
    """Return (JSON pointer, reason) for everything that is wrong with *schema*."""
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    found = [
        (
            safe_pointer(tuple(error.absolute_path)),
            f"no valid JSON Schema 2020-12: {error.validator}",
        )
        for error in meta.iter_errors(schema)
    ]
    if not found:
        for path, part in places(schema):
            found.extend((safe_pointer(path), reason) for reason in _part_problems(schema, part))
    if not found:
        try:
            Validator(schema)
        except ValueError as problem:
            found.append(("", str(problem)))
    return found


def instance_problems(schema: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    """Return (JSON pointer, reason) where *value* misses *schema*, by both validators."""
    found = {(violation.pointer, _said(violation)) for violation in Validator(schema).errors(value)}
    reference = Draft202012Validator(
        schema, format_checker=Draft202012Validator.FORMAT_CHECKER
    ).iter_errors(value)
    places = {pointer for pointer, _ in found}
    for error in reference:
        pointer = safe_pointer(tuple(error.absolute_path))
        if pointer not in places:
            found.add((pointer, f"does not fit: {error.validator}"))
    return sorted(found)


def _said(violation: Violation) -> str:
    return f"does not fit: {violation.keyword}" + (f" {violation.limit}" if violation.limit else "")


def _part_problems(root: Any, part: dict[str, Any]) -> Iterator[str]:
    if part.get("$schema", DIALECT) != DIALECT:
        yield "$schema is another dialect than 2020-12"
    for key in sorted(_REFUSED & set(part)):
        yield f"{key} is not supported"
    if "$ref" in part and resolve(root, part["$ref"]) is None:
        yield "$ref leads nowhere inside this schema"
    if "format" in part and part["format"] not in FORMATS:
        yield f"format {part['format']!r} is not checked; known are {', '.join(sorted(FORMATS))}"
    yield from _own_problems(part)


def _own_problems(part: dict[str, Any]) -> Iterator[str]:
    for key in sorted(set(part) - _OWN):
        if key.startswith("x-"):
            yield f"unknown keyword {key!r}"
    if part.get(DATA_CLASS, PERSONAL) != PERSONAL:
        yield f"{DATA_CLASS} is {PERSONAL!r} or absent"
    if not isinstance(part.get(UNTRUSTED, True), bool):
        yield f"{UNTRUSTED} is true or false"
    described = part.get("x-enum-descriptions", {})
    if not isinstance(described, dict) or set(described) - set(map(str, part.get("enum", ()))):
        yield "x-enum-descriptions describes values of enum, and no other"
