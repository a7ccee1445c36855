"""Answers in JSON, written by their shapes.

moto 5.2.5 looks for each member of an answer under a dozen names (aliases, snake case), also where
the result is a plain dict in AWS's own words; that was a fifth of what the server does.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from typing import Any

from moto.core.serialize import JSONSerializer

Writer = Callable[[Any], Any]


class Unusual(Exception):
    """A value whose members have other names than AWS's, or no value: moto's own way is taken."""


def _text(value: Any) -> str:
    if type(value) is not str:  # enums and numbers have rules of their own
        raise Unusual
    return value


def _blob(value: Any) -> str:
    content = value.encode() if isinstance(value, str) else value
    return base64.b64encode(content).strip().decode()


def _kept(value: Any) -> Any:
    if value is None:
        raise Unusual
    return value


_PLAIN: dict[str, Writer] = {
    "string": _text,
    "character": _kept,
    "boolean": _kept,
    "blob": _blob,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
}


def _structure(shape: Any) -> Writer:
    if shape.is_document_type:
        return _kept
    members = {
        name: (member.serialization.get("name", name), member)
        for name, member in shape.members.items()
    }

    def write(value: Any) -> Any:
        if type(value) is not dict or not members.keys() >= value.keys():
            raise Unusual
        written = {}
        for name, content in value.items():
            if content is not None:
                told, member = members[name]
                written[told] = writer(member)(content)
        return written

    return write


def _mapping(shape: Any) -> Writer:
    def write(value: Any) -> Any:
        if type(value) is not dict:
            raise Unusual
        each = writer(shape.value)
        return {key: each(_kept(content)) for key, content in value.items()}

    return write


def _sequence(shape: Any) -> Writer:
    def write(value: Any) -> Any:
        if type(value) is not list:
            raise Unusual
        each = writer(shape.member)
        return [each(_kept(content)) for content in value]

    return write


_NESTED = {"structure": _structure, "map": _mapping, "list": _sequence}


def _unusual(_value: Any) -> Any:
    raise Unusual


def writer(shape: Any) -> Writer:
    """Return what writes values of *shape*; it raises `Unusual` where moto's way is needed."""
    found: Writer | None = getattr(shape, "_interlock_writer", None)
    if found is None:
        kind = shape.type_name
        found = _NESTED[kind](shape) if kind in _NESTED else _PLAIN.get(kind, _unusual)
        shape._interlock_writer = found  # shapes live as long as their service's model
    return found


def mend_json_results() -> None:
    """Write a plain dict in AWS's own words straight by its shape; the text is the same."""
    original = JSONSerializer._serialize_result

    def serialize(self: Any, response: Any, result: Any) -> Any:
        shape = self.operation_model.output_shape
        if shape is None or self._value_picker.response_transformers:
            return original(self, response, result)
        try:
            written = writer(shape)(result)
        except Unusual:
            return original(self, response, result)
        return self._serialized_result_to_response(response, result, shape, written)

    JSONSerializer._serialize_result = serialize


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_json_results()
