"""Payload templates of JSONPath states: keys that end in `.$`.

Source: Amazon States Language, "Payload Template".
"""

from collections.abc import Iterator
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from interlock.lint.findings import Finding, error
from interlock.lint.intrinsics import INTRINSIC, intrinsic_problem, is_intrinsic
from interlock.lint.jsonpath import path_problem
from interlock.lint.machine import Machine, State, objects
from interlock.lint.values import BAD_PATH

TWICE = error(
    "ASL301",
    "A payload template says a field once: name or name.$.",
    "Remove one of the two.",
)
NO_QUERY = error(
    "ASL302",
    "In a payload template the value of a field name.$ is a path or an intrinsic function.",
    "Write a path as text, or leave the .$ out.",
)
RULES: Final = (TWICE, NO_QUERY)

_FIELDS: Final = (
    "Parameters",
    "ResultSelector",
    "ItemSelector",
    "Credentials",
    "Assign",
)
_NESTED: Final = {
    "ItemReader": "Parameters",
    "ResultWriter": "Parameters",
    "ItemBatcher": "BatchInput",
}


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with the payload templates of JSONPath states."""
    for state in machine.states:
        if not state.jsonata:
            for place, template in _templates(state):
                yield from _template(place, template)


def _templates(state: State) -> Iterator[tuple[str, Any]]:
    body, pointer = state.body, state.pointer
    for key in _FIELDS:
        if key in body:
            yield f"{pointer}/{key}", body[key]
    for key, inner in _NESTED.items():
        if isinstance(body.get(key), dict) and inner in body[key]:
            yield f"{pointer}/{key}/{inner}", body[key][inner]
    for key in ("Choices", "Catch"):
        for index, entry in enumerate(objects(body.get(key))):
            if entry is not None and "Assign" in entry:
                yield f"{pointer}/{key}/{index}/Assign", entry["Assign"]


def _template(place: str, value: Any) -> Iterator[Finding]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _template(f"{place}/{index}", item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        here = f"{place}/{escape_token(key)}"
        if not key.endswith(".$"):
            yield from _template(here, item)
            continue
        if key.removesuffix(".$") in value:
            yield Finding(TWICE, here, f"{key.removesuffix('.$')!r} stands beside {key!r}")
        yield from _query(here, item)


def _query(place: str, value: Any) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield Finding(NO_QUERY, place, "it is no text")
    elif is_intrinsic(value):
        if problem := intrinsic_problem(value):
            yield Finding(INTRINSIC if "States." in value else NO_QUERY, place, problem)
    elif problem := path_problem(value):
        yield Finding(BAD_PATH, place, problem)
