"""Takes out the nulls that stand for absent properties where no property may be absent.

Strict modes need every property, so one that the full schema lets be absent is sent as null
(functions/core/domain/schema_forms). A null that the full schema accepts is a value and stays.
"""

from functools import lru_cache
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from functions.core.domain.schema_places import Path, places
from functions.core.domain.schemas import Schema, Validator, resolve, validator

_ROOT: Final = "urn:interlock:schema"


def without_absent_nulls(schema: Schema, value: Any) -> Any:
    """Return *value* without the nulls that only say that an optional property is absent.

    Where *schema* has alternatives, those count that accept the value; a value that fits none
    of them is returned as it is, for the full schema to judge.
    """
    return _Cleaning(schema).clean((), schema, value)


class _Cleaning:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._judges = lru_cache(maxsize=None)(self._judge)

    def clean(self, path: Path, part: Any, value: Any) -> Any:
        """Return *value*, which the schema *part* at *path* is for, cleaned."""
        if not isinstance(part, dict) or not isinstance(value, dict | list):
            return value
        value = self._children(path, part, value)
        if "$ref" in part:
            target = resolve(self._root, part["$ref"])
            there = next(at for at, found in places(self._root) if found is target)
            value = self.clean(there, target, value)
        for index, other in enumerate(part.get("allOf", ())):
            value = self.clean((*path, "allOf", index), other, value)
        for keyword in ("anyOf", "oneOf"):
            if keyword in part:
                value = self._alternative((*path, keyword), part[keyword], value)
        return value

    def _alternative(self, path: Path, options: list[Any], value: Any) -> Any:
        judges = [self._judges((*path, index)) for index in range(len(options))]
        if any(judge.accepts(value) for judge in judges):
            return value
        for index, judge in enumerate(judges):
            cleaned = self.clean((*path, index), options[index], value)
            if judge.accepts(cleaned):
                return cleaned
        return value

    def _children(self, path: Path, part: Schema, value: Any) -> Any:
        if isinstance(value, list):
            items = part.get("items")
            return [self.clean((*path, "items"), items, each) for each in value]
        declared = part.get("properties", {})
        required = part.get("required", ())
        return {
            name: self.clean((*path, "properties", name), declared.get(name), item)
            for name, item in value.items()
            if not (
                item is None
                and name in declared
                and name not in required
                and not self._judges((*path, "properties", name)).accepts(None)
            )
        }

    def _judge(self, path: Path) -> Validator:
        """Return the validator of the schema at *path*, in which references still lead."""
        place = "".join(f"/{escape_token(token)}" for token in path)
        whole = {**self._root, "$id": _ROOT}
        return validator({"$ref": f"{_ROOT}#{place}", "$defs": {"root": whole}})
