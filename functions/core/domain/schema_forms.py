"""An output schema as a provider accepts it, saying the same.

What a subset lacks and a sentence can say moves into descriptions; what no sentence can stand for
makes the schema not expressible there, which is said when the task is published. An answer is
never judged by what comes out here: the full schema judges it.
"""

import json
from typing import Any, Final, NoReturn

from functions.core.domain.canonical import safe_pointer
from functions.core.domain.errors import PermanentError
from functions.core.domain.schema_places import (
    Path,
    Unmergeable,
    leads_to_itself,
    merged,
    places,
    without_references,
)
from functions.core.domain.schema_size import too_large
from functions.core.domain.schema_subsets import COMPOSED, LIMITS, Subset
from functions.core.domain.schemas import Schema, public_schema

_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
_SAYING: Final = {
    "dependentRequired": "some properties need others: {}",
    "exclusiveMaximum": "less than {}",
    "exclusiveMinimum": "more than {}",
    "format": "in the format {}",
    "maxItems": "at most {} items",
    "maxLength": "at most {} characters",
    "maxProperties": "at most {} properties",
    "maximum": "at most {}",
    "minItems": "at least {} items",
    "minLength": "at least {} characters",
    "minProperties": "at least {} properties",
    "minimum": "at least {}",
    "multipleOf": "a multiple of {}",
    "pattern": "matching the regular expression {}",
    "uniqueItems": "no item twice",
}
_ANNOTATIONS: Final = frozenset({"$comment", "$defs", "$schema", "default", "description", "title"})
_OBJECT: Final = frozenset({"additionalProperties", "properties"})
_ANYTHING: Final = "a place for any value can't be sent"
_DECLARED: Final = "names must be declared"
_NOT_AT_ROOT: Final = frozenset({"$ref", "allOf", "anyOf", "const", "enum", "not", "oneOf"})


class SchemaNotExpressible(PermanentError):
    """A schema that a target can't be given without changing what it means.

    Attributes
    ----------
    subset, keyword, pointer, why
        Whose rules, what breaks them, where in the schema, and how.
    """

    def __init__(self, subset: str, keyword: str, pointer: str, why: str) -> None:
        self.subset = subset
        self.keyword = keyword
        self.pointer = pointer
        self.why = why
        super().__init__(f"{pointer or '(root)'}: {keyword} can't be given to {subset}: {why}")


def express(schema: Schema, subset: Subset) -> Schema:
    """Return *schema* in the part of JSON Schema that *subset* accepts.

    Raises
    ------
    SchemaNotExpressible
        Where that would change its meaning, or where it is too large.
    """
    shown = public_schema(schema)
    return _whole(shown, subset) if subset.whole else _Expression(shown, subset).result


def _whole(root: Schema, subset: Subset) -> Schema:
    """Return *root* as it is, but for what may not stand at a root and for references."""
    few = subset.root_keywords is not None
    for keyword in sorted(_NOT_AT_ROOT | (COMPOSED if few else frozenset())):
        if keyword in root:
            raise SchemaNotExpressible(subset.name, keyword, "", "may not stand at the root")
    if few and root.get("additionalProperties", False) is not False:
        raise SchemaNotExpressible(subset.name, "additionalProperties", "", _DECLARED)
    if not subset.references:
        _refuse_recursion(root, subset)
        root = without_references(root)
    allowed = subset.root_keywords
    return {
        key: part
        for key, part in root.items()
        if key != "$schema" and (allowed is None or key in allowed)
    }


def _refuse_recursion(root: Schema, subset: Subset) -> None:
    for path, part in places(root):
        if "$ref" in part and leads_to_itself(root, part["$ref"]):
            why = "a definition that leads to itself is not accepted"
            raise SchemaNotExpressible(subset.name, "$ref", safe_pointer(path), why)


class _Expression:
    """One schema on its way into a subset."""

    def __init__(self, root: Schema, subset: Subset) -> None:
        self._root = root
        self._subset = subset
        if not subset.recursion:
            _refuse_recursion(root, subset)
        definitions: dict[str, Schema] = {}
        self._pending: list[str] = []
        result = self._root_schema()
        while self._pending:
            name = self._pending.pop()
            if name not in definitions:
                definitions[name] = self._schema(root["$defs"][name], ("$defs", name))
        if definitions:
            result["$defs"] = {name: definitions[name] for name in sorted(definitions)}
        self.result = result
        if (found := too_large(result, subset.size)) is not None:
            self._refuse(found[0], (), found[1])

    def _refuse(self, keyword: str, path: Path, why: str) -> NoReturn:
        raise SchemaNotExpressible(self._subset.name, keyword, safe_pointer(path), why)

    def _root_schema(self) -> Schema:
        whole = self._in_place(self._root, ())
        for keyword in ("anyOf", "oneOf"):
            if keyword in whole:
                self._refuse(keyword, (), "may not stand at the root")
        found = self._of_types(whole, ())
        if found.get("type") != "object":
            self._refuse("type", (), "the root is an object")
        return self._described(whole, found)

    def _in_place(self, part: Schema, path: Path) -> Schema:
        """Return *part* with its own reference and its `allOf` put in place."""
        try:
            return merged(self._root, part)
        except Unmergeable as problem:
            self._refuse(problem.keyword, path, problem.why)

    def _schema(self, part: Any, path: Path) -> Schema:
        """Return *part*, which stands at *path*, in the subset."""
        if not isinstance(part, dict):
            self._refuse("type", path, _ANYTHING)
        if (kept := self._kept_reference(part)) is not None:
            return {"$ref": kept}
        if "$ref" in part and leads_to_itself(self._root, part["$ref"]):
            self._refuse("$ref", path, "keywords beside a definition that leads to itself")
        whole = self._in_place(part, path)
        return self._described(whole, self._of_types(whole, path))

    def _kept_reference(self, part: Schema) -> str | None:
        """Return the reference that *part* is and may stay, and see to its definition."""
        reference = part.get("$ref")
        if reference is None:
            return None
        silent = set(part) <= {"$ref", *_ANNOTATIONS}
        alone = set(part) <= {"$ref", "$comment"}
        if not (alone or (silent and leads_to_itself(self._root, reference))):
            return None
        if reference == "#":
            return "#"
        name = reference.removeprefix("#/$defs/")
        if name == reference or name not in self._root.get("$defs", {}):
            return None
        self._pending.append(name)
        return str(reference)

    def _of_types(self, part: Schema, path: Path) -> Schema:
        for keyword in sorted(COMPOSED & set(part)):
            if not (keyword == "unevaluatedProperties" and part[keyword] is False):
                self._refuse(keyword, path, "no sentence can stand for it")
        for keyword in ("anyOf", "oneOf"):
            if keyword in part:
                return self._of_alternatives(part, keyword, path)
        types = self._types(part, path)
        named = [each for each in types if each != "null"] or types
        options = [self._of_type(each, part, path) for each in named]
        return self._any_of(options, nullable=len(named) < len(types))

    def _of_alternatives(self, part: Schema, keyword: str, path: Path) -> Schema:
        """Return the alternatives of *part*, each with what stands beside them."""
        beside = {
            key: value for key, value in part.items() if key != keyword and key not in _ANNOTATIONS
        }
        options = []
        for index, option in enumerate(part[keyword]):
            whole = {**beside, "allOf": [option]} if beside else option
            options.append(self._schema(whole, (*path, keyword, index)))
        return self._any_of(options, nullable=False)

    def _any_of(self, options: list[Schema], *, nullable: bool) -> Schema:
        found = options[0] if len(options) == 1 else {"anyOf": options}
        return self._nullable(found) if nullable else found

    def _nullable(self, found: Schema) -> Schema:
        """Return what accepts null too."""
        told = found.get("type")
        if isinstance(told, list) or told == "null":
            return found
        if told is not None and "enum" not in found:
            return {**found, "type": [told, "null"]}
        options = found.get("anyOf", [found])
        if {"type": "null"} in options:
            return found
        return {**(found if "anyOf" in found else {}), "anyOf": [*options, {"type": "null"}]}

    def _types(self, part: Schema, path: Path) -> list[str]:
        """Return the types that a value may have, also where they follow from other keywords."""
        values = _values(part)
        told = part.get("type")
        if told is not None:
            types = [told] if isinstance(told, str) else list(told)
            if values is not None:
                types = [each for each in types if any(_is_of(value, each) for value in values)]
        elif values is not None:
            types = list(dict.fromkeys(map(_type_of, values)))
        elif _OBJECT & set(part):
            types = ["object"]
        else:
            types = ["array"] if "items" in part else []
        if not types:
            self._refuse("type", path, _ANYTHING)
        return types

    def _of_type(self, name: str, part: Schema, path: Path) -> Schema:
        found: Schema = {"type": name}
        values = _values(part)
        if values is not None:
            found |= self._enum(name, values, path)
        elif name == "object":
            found |= self._object(part, path)
        elif name == "array":
            if "items" not in part:
                self._refuse("items", path, _ANYTHING)
            found["items"] = self._schema(part["items"], (*path, "items"))
        kept = self._subset.limits & set(part)
        return found | {key: part[key] for key in sorted(kept) if self._keeps(key, part)}

    def _keeps(self, keyword: str, part: Schema) -> bool:
        """Say whether the subset accepts this bound as it is."""
        fits = keyword != "format" or part[keyword] in self._subset.formats
        return fits and keyword in self._subset.limits

    def _enum(self, name: str, values: list[Any], path: Path) -> Schema:
        if name in ("object", "array"):
            self._refuse("enum", path, "values that are objects or lists are not accepted")
        if name not in self._subset.enums:
            return {}
        return {"enum": [value for value in values if _is_of(value, name)]}

    def _object(self, part: Schema, path: Path) -> Schema:
        subset, declared = self._subset, part.get("properties", {})
        required = list(part.get("required", ()))
        self._check_names(part, path)
        properties = {}
        for name, inner in declared.items():
            found = self._schema(inner, (*path, "properties", name))
            absent = subset.all_required and name not in required
            properties[name] = self._nullable(found) if absent else found
        needed = list(declared) if subset.all_required else required
        result: Schema = {"properties": properties, "required": needed}
        if subset.closed:
            result["additionalProperties"] = False
        else:
            more = part.get("additionalProperties")
            if isinstance(more, dict):
                more = self._schema(more, (*path, "additionalProperties"))
            result |= {} if more is None else {"additionalProperties": more}
        return result

    def _check_names(self, part: Schema, path: Path) -> None:
        """Refuse an object that needs names which it does not declare."""
        declared, more = part.get("properties", {}), part.get("additionalProperties")
        for name in part.get("required", ()):
            if name not in declared:
                self._refuse("required", path, f"{name!r} is not among the properties")
        if self._subset.closed:
            if more is True or isinstance(more, dict):
                self._refuse("additionalProperties", path, _DECLARED)
            if not declared and more is None:
                self._refuse("properties", path, "an object of any names can't be sent")

    def _described(self, part: Schema, found: Schema) -> Schema:
        """Return *found* with what *part* says of itself, and what *found* can't say."""
        if "$ref" in found:
            return found
        values = _values(part)
        unsaid = [key for key in sorted(LIMITS & set(part)) if not self._keeps(key, part)]
        said = [_SAYING[key].format(_text(part[key])) for key in unsaid]
        if values and not {_type_of(value) for value in values} <= {*self._subset.enums, "null"}:
            said.append(f"one of {_text(values)}")
        told = part.get("description", part.get("title", ""))
        sentences = [told] if told else []
        if said:
            sentences.append(f"Bounds: {'; '.join(said)}.")
        return {**found, "description": " ".join(sentences)} if sentences else found


def _values(part: Schema) -> list[Any] | None:
    """Return the only values that *part* allows; None where it names none."""
    if "const" in part:
        return [part["const"]]
    values = part.get("enum")
    return None if values is None else list(values)


def _type_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    kinds = {str: "string", int: "integer", float: "number", list: "array"}
    return kinds.get(type(value), "object")


def _is_of(value: Any, name: str) -> bool:
    """Say whether *value* is of the type *name*; 1.0 is an integer, as JSON Schema counts."""
    own = _type_of(value)
    if name == "number":
        return own in ("integer", "number")
    return own == name or (name == "integer" and own == "number" and float(value).is_integer())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
