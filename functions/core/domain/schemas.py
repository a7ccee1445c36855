"""JSON Schema 2020-12 at run time: validation, personal data, and how long an answer can get.

`jsonschema` is the reference, at publish and in tests; here serves the much faster
`jsonschema-rs`, which agrees with it on the suite (tests/unit/schemas).
Nothing here ever repeats an instance's value: a place, a keyword and the schema's own limit.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

from functions.core.domain.canonical import canonical, escape_token, safe_pointer

PERSONAL: Final = "personal"
DATA_CLASS: Final = "x-data-class"

_BACKTRACK_LIMIT: Final = 100_000
"""A pattern from a schema must not hold a worker; the limit counts as not matching."""

_LIMITS: Final = {
    "format": "format",
    "maxItems": "limit",
    "maxLength": "limit",
    "maxProperties": "limit",
    "maximum": "limit",
    "exclusiveMaximum": "limit",
    "minItems": "limit",
    "minLength": "limit",
    "minProperties": "limit",
    "minimum": "limit",
    "exclusiveMinimum": "limit",
    "multipleOf": "multiple_of",
    "pattern": "pattern",
    "required": "property",
    "type": "types",
}
"""Keyword -> the detail of its error that is the schema's own text, never the instance's."""

_NAMES_INSIDE: Final = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
_VALUES_INSIDE: Final = frozenset({"const", "default", "enum", "examples"})

Schema = dict[str, Any]


@dataclass(frozen=True)
class Violation:
    """One way in which a value misses its schema."""

    pointer: str
    keyword: str
    limit: str | None = None

    def __str__(self) -> str:
        said = f"{self.pointer or '(root)'}: {self.keyword}"
        return said if self.limit is None else f"{said} {self.limit}"


class Validator:
    """A schema, compiled once, with format checks and without any network.

    Raises
    ------
    ValueError
        When the schema is none, or refers to something outside itself.
    """

    def __init__(self, schema: Schema) -> None:
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(
                schema,
                validate_formats=True,
                offline=True,
                pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK_LIMIT),
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            raise ValueError("no valid JSON Schema 2020-12") from None

    def accepts(self, value: Any) -> bool:
        """Say whether *value* fits."""
        return self._compiled.is_valid(value)

    def errors(self, value: Any) -> list[Violation]:
        """Return every violation, sorted by place; empty if *value* fits."""
        found = {_violation(error) for error in self._compiled.iter_errors(value)}
        return sorted(found, key=lambda v: (v.pointer, v.keyword, v.limit or ""))


def validator(schema: Schema) -> Validator:
    """Return the compiled form of *schema*, compiled once a worker for each content."""
    return _compiled(canonical(schema))


@lru_cache(maxsize=256)
def _compiled(text: bytes) -> Validator:
    return Validator(json.loads(text))


def _violation(error: jsonschema_rs.ValidationError) -> Violation:
    keyword = error.kind.name
    detail = error.kind.as_dict().get(_LIMITS.get(keyword, ""))
    if isinstance(detail, list):
        detail = ", ".join(map(str, detail))
    return Violation(
        safe_pointer(tuple(error.instance_path)), keyword, None if detail is None else str(detail)
    )


def resolve(root: Schema, reference: str) -> Any:
    """Return what the local *reference* (`#`, `#/...`, `#anchor`) names in *root*, else None."""
    if not reference.startswith("#"):
        return None
    if reference[1:2] not in ("", "/"):
        return _anchored(root, reference[1:])
    found: Any = root
    for token in reference.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            return None
    return found


def _anchored(part: Any, anchor: str) -> Any:
    if isinstance(part, dict):
        if part.get("$anchor") == anchor:
            return part
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            if (found := _anchored(item, anchor)) is not None:
                return found
    return None


def public_schema(schema: Any) -> Any:
    """Return *schema* without our own `x-` keywords, as a provider is shown it."""
    if isinstance(schema, list):
        return [public_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shown = {}
    for key, part in schema.items():
        if key in _NAMES_INSIDE and isinstance(part, dict):
            shown[key] = {name: public_schema(inner) for name, inner in part.items()}
        elif key in _VALUES_INSIDE:
            shown[key] = part
        elif not key.startswith("x-"):
            shown[key] = public_schema(part)
    return shown


_ALTERNATIVES: Final = ("allOf", "anyOf", "oneOf")
_CONDITIONALS: Final = ("if", "then", "else", "$ref")


def subschemas(root: Schema, schema: Schema) -> Iterator[Any]:
    """Yield the schemas that *schema* also applies to the same value, references resolved."""
    for key in _ALTERNATIVES:
        yield from schema.get(key, ())
    yield from schema.get("dependentSchemas", {}).values()
    for key in _CONDITIONALS:
        if key in schema:
            yield resolve(root, schema[key]) if key == "$ref" else schema[key]


def personal_pointers(schema: Schema, value: Any) -> list[str]:
    """Return the JSON pointers of everything in *value* that *schema* marks as personal.

    A value counts as personal where any branch that could apply marks it: which alternative
    was meant is never guessed in favour of showing more. Inside a marked value nothing is listed.
    """
    found: dict[str, None] = {}
    seen: set[tuple[int, str]] = set()
    pending: list[tuple[Any, Any, str]] = [(schema, value, "")]
    while pending:
        part, item, pointer = pending.pop(0)
        if not isinstance(part, dict) or (id(part), pointer) in seen:
            continue
        seen.add((id(part), pointer))
        if part.get(DATA_CLASS) == PERSONAL:
            found[pointer] = None
            continue
        pending.extend((other, item, pointer) for other in subschemas(schema, part))
        pending.extend(_children(part, item, pointer))
    return [pointer for pointer in found if not _inside_another(pointer, found)]


def _inside_another(pointer: str, found: dict[str, None]) -> bool:
    return any(pointer.startswith(f"{outer}/") for outer in found if outer != pointer)


def _children(schema: Schema, value: Any, pointer: str) -> Iterator[tuple[Any, Any, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            for part in _member_schemas(schema, name):
                yield part, item, f"{pointer}/{escape_token(name)}"
    elif isinstance(value, list):
        first = schema.get("prefixItems", ())
        for index, item in enumerate(value):
            part = first[index] if index < len(first) else schema.get("items")
            yield part, item, f"{pointer}/{index}"
            yield schema.get("contains"), item, f"{pointer}/{index}"
            yield schema.get("unevaluatedItems"), item, f"{pointer}/{index}"


def _member_schemas(schema: Schema, name: str) -> Iterator[Any]:
    declared = schema.get("properties", {})
    if name in declared:
        yield declared[name]
        return
    # Whether a pattern matches is left open: over-marking hides too much, never too little.
    yield from schema.get("patternProperties", {}).values()
    yield schema.get("additionalProperties")
    yield schema.get("unevaluatedProperties")


def has_personal(schema: Any) -> bool:
    """Say whether *schema* marks anything as personal, wherever it stands."""
    if isinstance(schema, dict):
        if schema.get(DATA_CLASS) == PERSONAL:
            return True
        return any(has_personal(part) for part in schema.values())
    return isinstance(schema, list) and any(has_personal(part) for part in schema)


_FORMAT_LENGTHS: Final = {
    "date": 10,
    "date-time": 35,
    "email": 254,
    "ipv4": 15,
    "ipv6": 45,
    "time": 21,
    "uuid": 36,
}
_NUMBER_LENGTH: Final = 24
"""The longest text of a double; integers without bounds are held to the same."""
_MEMBER_OVERHEAD: Final = 8
"""Quotes, colon, comma, a line break and its indentation, when a model prints prettily."""
_ANSWER_OVERHEAD: Final = 16
"""A fence around the answer and its end."""


def max_output_tokens_bound(schema: Schema) -> int | None:
    """Return how many tokens an answer that fits *schema* needs at most; None if unbounded.

    Counts a token for each character of the longest fitting JSON text: no tokenizer in use needs
    more for the texts of the languages at hand, and most need a quarter.
    """
    length = _longest(schema, schema, frozenset())
    return None if length is None else length + _ANSWER_OVERHEAD


def _longest(root: Schema, schema: Any, inside: frozenset[int]) -> int | None:
    if not isinstance(schema, dict) or id(schema) in inside:
        return None
    inside |= {id(schema)}
    if "const" in schema or "enum" in schema:
        options = [schema["const"]] if "const" in schema else schema["enum"]
        return max((len(json.dumps(o, ensure_ascii=False)) for o in options), default=0)
    bounds = [_longest_by_type(root, schema, inside)]
    bounds += [_longest(root, part, inside) for part in schema.get("allOf", ())]
    if "$ref" in schema:
        bounds.append(_longest(root, resolve(root, schema["$ref"]), inside))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            bounds.append(_largest(_longest(root, part, inside) for part in schema[key]))
    return min((bound for bound in bounds if bound is not None), default=None)


def _largest(lengths: Iterator[int | None]) -> int | None:
    known = list(lengths)
    return None if None in known else max((n for n in known if n is not None), default=0)


def _longest_by_type(root: Schema, schema: Schema, inside: frozenset[int]) -> int | None:
    types = schema.get("type")
    if types is None:
        return None
    names = [types] if isinstance(types, str) else types
    return _largest(_longest_of(name, root, schema, inside) for name in names)


def _longest_of(name: str, root: Schema, schema: Schema, inside: frozenset[int]) -> int | None:
    if name == "string":
        length = schema.get("maxLength", _FORMAT_LENGTHS.get(schema.get("format", "")))
        return None if length is None else int(length) + 2
    if name == "array":
        return _longest_array(root, schema, inside)
    if name == "object":
        return _longest_object(root, schema, inside)
    return {"boolean": 5, "null": 4}.get(name, _NUMBER_LENGTH)


def _longest_array(root: Schema, schema: Schema, inside: frozenset[int]) -> int | None:
    first = schema.get("prefixItems", [])
    lengths = [_longest(root, part, inside) for part in first]
    rest = 0 if schema.get("items") is False else schema.get("maxItems", -1) - len(first)
    if rest < 0 and "maxItems" not in schema:
        return None
    if rest > 0:
        each = _longest(root, schema.get("items"), inside)
        lengths += [None] if each is None else [each + _MEMBER_OVERHEAD] * rest
    if None in lengths:
        return None
    return sum(n for n in lengths if n is not None) + _MEMBER_OVERHEAD * (len(first) + 1)


def _longest_object(root: Schema, schema: Schema, inside: frozenset[int]) -> int | None:
    if schema.get("additionalProperties") is not False or schema.get("patternProperties"):
        return None
    total = _MEMBER_OVERHEAD
    for name, part in schema.get("properties", {}).items():
        length = _longest(root, part, inside)
        if length is None:
            return None
        total += len(name) + length + _MEMBER_OVERHEAD
    return total
