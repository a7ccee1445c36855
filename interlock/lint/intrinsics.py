"""Intrinsic functions of JSONPath states: `States.Format('Hello {}', $.name)`.

Source: Amazon States Language, "Intrinsic Functions", and the developer guide's list of them.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from interlock.lint.findings import error
from interlock.lint.jsonpath import path_problem

MAX_DEPTH: Final = 10
UNBOUNDED: Final = 1_000

INTRINSIC = error(
    "ASL501",
    "An intrinsic function is well formed: known name, the arguments it takes, strings in "
    f"single quotes, nested at most {MAX_DEPTH} deep.",
    "Write it as the language's list of intrinsic functions has it.",
)
RULES: Final = (INTRINSIC,)

ARGUMENTS: Final[dict[str, tuple[int, int]]] = {
    "States.Array": (0, UNBOUNDED),
    "States.ArrayContains": (2, 2),
    "States.ArrayGetItem": (2, 2),
    "States.ArrayLength": (1, 1),
    "States.ArrayPartition": (2, 2),
    "States.ArrayRange": (3, 3),
    "States.ArrayUnique": (1, 1),
    "States.Base64Decode": (1, 1),
    "States.Base64Encode": (1, 1),
    "States.Format": (1, UNBOUNDED),
    "States.Hash": (2, 2),
    "States.JsonMerge": (3, 3),
    "States.JsonToString": (1, 1),
    "States.MathAdd": (2, 2),
    "States.MathRandom": (2, 3),
    "States.StringSplit": (2, 2),
    "States.StringToJson": (1, 1),
    "States.UUID": (0, 0),
}
"""Name -> fewest and most arguments."""

GIVING_TEXT: Final = frozenset(
    {
        "States.ArrayGetItem",
        "States.Base64Decode",
        "States.Base64Encode",
        "States.Format",
        "States.Hash",
        "States.JsonToString",
        "States.UUID",
    }
)
"""Those whose result may be text: a Fail's ErrorPath and CausePath take these alone."""
_NUMERIC: Final = frozenset({"States.MathAdd", "States.MathRandom", "States.ArrayRange"})
_OF_A_PATH: Final = frozenset({"States.JsonToString"})
_NAME: Final = re.compile(r"\s*([A-Za-z][\w.]*)\s*\(")
_STRING: Final = re.compile(r"\s*'((?:[^'\\]|\\.)*)'")
_LITERAL: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=\s*[,)])")
_PATH: Final = re.compile(r"\s*(\$(?:\[(?:'(?:[^'\\]|\\.)*'|[^\]])*\]|\\.|[^,)\s\[])*)")
_HOLE: Final = re.compile(r"(?<!\\)\{\}")


@dataclass
class _Call:
    name: str
    arguments: list[tuple[str, Any]]
    end: int


class _Malformed(Exception):
    pass


def is_intrinsic(text: str) -> bool:
    """Whether *text* means to call a function rather than to name a path."""
    return not text.startswith("$")


def intrinsic_problem(text: str, *, as_text: bool = False) -> str:
    """Return what is wrong with the call *text*; nothing where it is well formed.

    Parameters
    ----------
    as_text
        Whether its result has to be text.
    """
    try:
        call = _call(text, 0, 1)
    except _Malformed as problem:
        return str(problem)
    if as_text and call.name not in GIVING_TEXT:
        return f"{call.name} gives no text"
    return "" if not text[call.end :].strip() else f"text after the call: {text[call.end :]!r}"


def _call(text: str, position: int, depth: int) -> _Call:
    if depth > MAX_DEPTH:
        raise _Malformed(f"nested more than {MAX_DEPTH} deep")
    name = _NAME.match(text, position)
    if name is None:
        raise _Malformed(f"{text[position:]!r} is neither a path nor a function call")
    if name[1] not in ARGUMENTS:
        raise _Malformed(f"there is no intrinsic function {name[1]}")
    call = _Call(name[1], [], name.end())
    if text[call.end :].lstrip().startswith(")"):
        call.end = text.index(")", call.end) + 1
    else:
        _arguments(text, call, depth)
    _require_arguments(call)
    return call


def _arguments(text: str, call: _Call, depth: int) -> None:
    while True:
        kind, value, position = _argument(text, call.end, depth)
        call.arguments.append((kind, value))
        rest = text[position:].lstrip()
        call.end = len(text) - len(rest) + 1
        if rest.startswith(")"):
            return
        if not rest.startswith(","):
            raise _Malformed(f"{call.name}: neither comma nor parenthesis before {rest!r}")


def _argument(text: str, position: int, depth: int) -> tuple[str, Any, int]:
    if found := _STRING.match(text, position):
        return "string", found[1], found.end()
    if found := _LITERAL.match(text, position):
        kind = "number" if found[1] not in ("true", "false", "null") else "literal"
        return kind, found[1], found.end()
    if found := _PATH.match(text, position):
        if problem := path_problem(found[1]):
            raise _Malformed(problem)
        return "path", found[1], found.end()
    inner = _call(text, position, depth + 1)
    return "call", inner.name, inner.end


def _require_arguments(call: _Call) -> None:
    fewest, most = ARGUMENTS[call.name]
    given = len(call.arguments)
    if not fewest <= given <= most:
        takes = str(fewest) if fewest == most else f"{fewest} or more"
        raise _Malformed(f"{call.name} takes {takes} arguments and is given {given}")
    if call.name in _NUMERIC:
        for kind, value in call.arguments:
            if kind in ("string", "literal"):
                raise _Malformed(f"{call.name} takes numbers, and {value!r} is none")
    if call.name in _OF_A_PATH and call.arguments[0][0] not in ("path", "call"):
        raise _Malformed(f"{call.name} takes a path")
    if call.name == "States.Format":
        kind, template = call.arguments[0]
        if kind == "string" and len(_HOLE.findall(template)) != given - 1:
            raise _Malformed("States.Format takes one argument for each {}")
