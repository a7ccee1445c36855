"""Which differences between two versions of an AI task can break a workflow that uses it.

A workflow passes variables and reads the answer. So it can break where fewer variables are taken
than before, and where the answer says other things than before. What is named here is to be
looked at, not forbidden: a label moves only when somebody moves it.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from functions.core.domain.schemas import DATA_CLASS, resolve

VARIABLES: Final = "variables_schema"
OUTPUT: Final = "output_schema"
_UPPER: Final = ("maxLength", "maxItems", "maximum", "exclusiveMaximum", "maxProperties")
_LOWER: Final = ("minLength", "minItems", "minimum", "exclusiveMinimum", "minProperties")
_LOOK: Final = (
    "allOf",
    "anyOf",
    "const",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "format",
    "if",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "then",
    "uniqueItems",
)
"""Keywords of which only is said that they differ."""
_MAX_REFERENCES: Final = 20
"""A reference to a reference is followed so far."""

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Break:
    """One difference that can break a workflow: in which schema, where, and what it does."""

    part: str
    pointer: str
    what: str

    def as_json(self) -> dict[str, str]:
        """Return its JSON."""
        return dict(vars(self))


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Break]:
    """Return what can break workflows between two versions of an AI task.

    Of a document without schemas, such as a policy, nothing.
    """
    return [
        Break(part, pointer, what)
        for part, compare in ((VARIABLES, _Variables), (OUTPUT, _Output))
        if part in old and part in new
        for pointer, what in compare(old[part], new[part]).found()
    ]


class _Comparison(ABC):
    """Two schemas for the same values, walked side by side."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[int, int]] = set()

    def found(self) -> Iterator[tuple[str, str]]:
        """Yield (JSON pointer, what)."""
        yield from self._at("", self._old, self._new)

    def _at(self, pointer: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
        old, new = _followed(self._old, old), _followed(self._new, new)
        if (id(old), id(new)) in self._seen:  # it leads to itself
            return
        self._seen.add((id(old), id(new)))
        for what in (*self._types(old, new), *self._bounds(old, new), *_to_look_at(old, new)):
            yield pointer, what
        yield from self._fields(pointer, old, new)
        for name in sorted(_names(old, "properties") & _names(new, "properties")):
            inside = f"{pointer}/{escape_token(name)}"
            both = (schema["properties"][name] for schema in (old, new))
            yield from self._at(inside, *both)
        if "items" in old and "items" in new:
            yield from self._at(f"{pointer}/*", old["items"], new["items"])

    def _types(self, old: Schema, new: Schema) -> Iterator[str]:
        if old.get("type") != new.get("type"):
            yield f"type: {_said(old.get('type'))} -> {_said(new.get('type'))}"
        if "enum" in old or "enum" in new:
            yield from self._enum(old.get("enum"), new.get("enum"))

    def _bounds(self, old: Schema, new: Schema) -> Iterator[str]:
        for keyword in (*_UPPER, *_LOWER):
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            narrower = after is not None and (
                before is None or (after < before if keyword in _UPPER else after > before)
            )
            if narrower == self.narrower_breaks:
                yield f"{keyword}: {_said(before)} -> {_said(after)}, {self.beyond}"

    narrower_breaks: bool
    beyond: str

    @abstractmethod
    def _enum(self, old: list[Any] | None, new: list[Any] | None) -> Iterator[str]: ...

    @abstractmethod
    def _fields(self, pointer: str, old: Schema, new: Schema) -> Iterator[tuple[str, str]]: ...


class _Variables(_Comparison):
    """What a workflow passes: it breaks where less is taken."""

    narrower_breaks = True
    beyond = "what was taken may be refused"

    def _enum(self, old: list[Any] | None, new: list[Any] | None) -> Iterator[str]:
        if new is None:
            return
        refused = [value for value in old or [] if value not in new]
        if old is None:
            yield f"enum: only {_listed(new)} is taken"
        elif refused:
            yield f"enum: {_listed(refused)} is refused"

    def _fields(self, pointer: str, old: Schema, new: Schema) -> Iterator[tuple[str, str]]:
        for name in sorted(_names(old, "properties") - _names(new, "properties")):
            yield f"{pointer}/{escape_token(name)}", "is gone: who passes it is refused"
        for name in sorted(_required(new) - _required(old)):
            yield f"{pointer}/{escape_token(name)}", "is required: who does not pass it is refused"
        if new.get("additionalProperties") is False != old.get("additionalProperties"):
            yield pointer, "additionalProperties: closed, so what is not declared is refused"


class _Output(_Comparison):
    """What a workflow reads: it breaks where a field is gone, or may say other things."""

    narrower_breaks = False
    beyond = "what reads it may meet more than before"

    def _enum(self, old: list[Any] | None, new: list[Any] | None) -> Iterator[str]:
        if old is None or new is None:
            yield "enum: " + ("any value may come" if new is None else f"only {_listed(new)} comes")
            return
        more = [value for value in new if value not in old]
        fewer = [value for value in old if value not in new]
        if more:
            yield f"enum: {_listed(more)} may come, for which nothing may be prepared"
        if fewer:
            yield f"enum: {_listed(fewer)} comes no more"

    def _fields(self, pointer: str, old: Schema, new: Schema) -> Iterator[tuple[str, str]]:
        before, after = _names(old, "properties"), _names(new, "properties")
        for name in sorted(before - after):
            yield f"{pointer}/{escape_token(name)}", "is gone: what reads it finds nothing"
        for name in sorted((_required(old) - _required(new)) & after):
            yield f"{pointer}/{escape_token(name)}", "is no longer required: it may be missing"
        for name in sorted(_required(new) - _required(old)):
            yield f"{pointer}/{escape_token(name)}", "is required: an answer without it is refused"
        for name in sorted(before & after):
            yield from self._data_class(f"{pointer}/{escape_token(name)}", old, new, name)

    def _data_class(
        self, pointer: str, old: Schema, new: Schema, name: str
    ) -> Iterator[tuple[str, str]]:
        was, is_ = (
            _followed(root, schema["properties"][name]).get(DATA_CLASS)
            for root, schema in ((self._old, old), (self._new, new))
        )
        if was != is_:
            comes = "a reference in place of the value" if is_ else "the value itself, in state"
            yield pointer, f"{DATA_CLASS}: {_said(was)} -> {_said(is_)}, what comes is {comes}"


def _to_look_at(old: Schema, new: Schema) -> Iterator[str]:
    for keyword in _LOOK:
        if old.get(keyword) != new.get(keyword):
            yield f"{keyword} differs: see for yourself what that means"


def _followed(root: Schema, part: Any) -> Schema:
    """Return *part*, or what it refers to; of `true` and `false`, an empty schema."""
    for _ in range(_MAX_REFERENCES):
        if not isinstance(part, dict) or "$ref" not in part:
            break
        part = resolve(dict(root), part["$ref"])
    return part if isinstance(part, dict) else {}


def _names(schema: Schema, keyword: str) -> set[str]:
    return set(schema.get(keyword, {}))


def _required(schema: Schema) -> set[str]:
    return set(schema.get("required", ()))


def _listed(values: list[Any]) -> str:
    return ", ".join(_said(value) for value in values)


def _said(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
