"""Values of fields: types, ranges, paths, timestamps.

A field that JSONata may compute is not judged where it is an expression; the expression is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rfc3339_validator import validate_rfc3339

from interlock.lint.findings import Finding, error, warning
from interlock.lint.intrinsics import INTRINSIC, intrinsic_problem
from interlock.lint.jsonata import is_expression
from interlock.lint.jsonpath import path_problem
from interlock.lint.machine import Machine, State

LONGEST_SECONDS: Final = 99_999_999
"""Step Functions' largest TimeoutSeconds and Seconds (developer guide, "Task state")."""

WRONG_VALUE = error(
    "ASL201", "A field holds what the language says it holds.", "Write a value of that form."
)
HEARTBEAT = error(
    "ASL202",
    "A heartbeat comes more often than the time-out.",
    "Make HeartbeatSeconds smaller than TimeoutSeconds.",
)
BAD_PATH = error(
    "ASL203",
    "A path is JSONPath; where one node is meant, a reference path.",
    "Write it as $.name, $.list[0], $$.context or $variable.",
)
OWN_RESULT_PATH = error(
    "ASL204",
    "ResultPath says where in the state's own data the result lies.",
    "Begin it with $.; assign variables with Assign.",
)
VARIABLE_NAME = error(
    "ASL205",
    "Assign is an object of variables: a letter first, then letters, digits and underscores, at "
    "most 80 characters; not states.",
    "Rename the variable.",
)
CREDENTIALS = warning(
    "ASL206",
    "Credentials say the role under which a task acts, as RoleArn.",
    "Name RoleArn.",
)
RULES: Final = (WRONG_VALUE, HEARTBEAT, BAD_PATH, OWN_RESULT_PATH, VARIABLE_NAME, CREDENTIALS)

_VARIABLE: Final = re.compile(r"[^\W\d]\w{0,79}")
_TIMESTAMP: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+|\S*\$\{[^}]+\}\S*")

Kind = Callable[[Any], str]
"""Returns what is wrong with a value; nothing where it has the form."""


def number(low: float, high: float, *, whole: bool = True) -> Kind:
    """Return the kind of numbers from *low* to *high*."""
    said = "a whole number" if whole else "a number"

    def judge(value: Any) -> str:
        right = isinstance(value, int) or (not whole and isinstance(value, float))
        if isinstance(value, float) and whole and value.is_integer():
            right = True  # 20.0 is the whole number 20 in JSON
        if not right or isinstance(value, bool) or not low <= value <= high:
            end = f" to {high:.12g}" if high < _ENDLESS else " on"
            return f"takes {said} from {low:g}{end}"
        return ""

    return judge


def text(value: Any) -> str:
    """Judge a value that is text."""
    return "" if isinstance(value, str) else "takes text"


def filled(value: Any) -> str:
    """Judge a value that is text and not empty."""
    return "" if isinstance(value, str) and value else "takes text that is not empty"


def object_(value: Any) -> str:
    """Judge a value that is an object."""
    return "" if isinstance(value, dict) else "takes an object"


def list_(value: Any) -> str:
    """Judge a value that is a list and not empty."""
    return "" if isinstance(value, list) and value else "takes a list that is not empty"


def timestamp(value: Any) -> str:
    """Judge a timestamp: RFC 3339 with capital T and Z."""
    right = isinstance(value, str) and _TIMESTAMP.fullmatch(value) and validate_rfc3339(value)
    return "" if right else "takes a timestamp such as 2030-01-31T08:00:00Z"


def one_of(*choices: str) -> Kind:
    """Return the kind of one of *choices*."""
    return lambda value: "" if value in choices else f"is one of {', '.join(choices)}"


def _label(value: Any) -> str:
    right = isinstance(value, str) and re.fullmatch(
        r"[^\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f]{1,40}", value
    )
    return "" if right else "takes 1 to 40 characters without spaces, brackets and wildcards"


def _list(value: Any) -> str:
    return "" if isinstance(value, list) else "takes a list"


def _resource(value: Any) -> str:
    return "" if isinstance(value, str) and _URI.fullmatch(value) else "takes a URI, such as an ARN"


_ENDLESS: Final = 1e18
SECONDS: Final = number(1, LONGEST_SECONDS)
COUNT: Final = number(0, _ENDLESS)

ALWAYS: Final[dict[str, Kind]] = {
    "Comment": text,
    "Next": filled,
    "Default": filled,
    "Resource": _resource,
    "Branches": list_,
    "Choices": list_,
    "Retry": _list,
    "Catch": _list,
    "ItemProcessor": object_,
    "Iterator": object_,
    "ItemReader": object_,
    "ItemBatcher": object_,
    "ResultWriter": object_,
    "Label": _label,
}
"""Fields whose form no expression can take the place of."""

COMPUTED: Final[dict[str, Kind]] = {
    "TimeoutSeconds": SECONDS,
    "HeartbeatSeconds": SECONDS,
    "Seconds": number(0, LONGEST_SECONDS),
    "Timestamp": timestamp,
    "MaxConcurrency": COUNT,
    "ToleratedFailureCount": COUNT,
    "ToleratedFailurePercentage": number(0, 100, whole=False),
    "Error": text,
    "Cause": text,
    "Credentials": object_,
}
"""Fields that are an expression, too, where the state is JSONata."""

READS: Final = ("InputPath", "OutputPath")
REFERENCES: Final = (
    "ItemsPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
)
REFERENCES_OR_CALLS: Final = ("ErrorPath", "CausePath")


def check(machine: Machine) -> Iterator[Finding]:
    """Yield each field whose value is not what the language says."""
    yield from values("", machine.body, {"Comment": text, "TimeoutSeconds": SECONDS})
    for state in machine.states:
        yield from _state(state)
        yield from _paths(state)
        yield from assigned(state.pointer, state.body)


def values(
    place: str, body: Mapping[str, Any], kinds: Mapping[str, Kind], *, jsonata: bool = False
) -> Iterator[Finding]:
    """Yield each field of *body*, at *place*, that is not of its kind.

    Parameters
    ----------
    jsonata
        Whether an expression may stand for the value.
    """
    for key, kind in kinds.items():
        if key not in body or (jsonata and is_expression(body[key])):
            continue
        if problem := kind(body[key]):
            yield Finding(WRONG_VALUE, f"{place}/{key}", f"{key} {problem}")


def _state(state: State) -> Iterator[Finding]:
    yield from values(state.pointer, state.body, ALWAYS)
    yield from values(state.pointer, state.body, COMPUTED, jsonata=state.jsonata)
    if state.jsonata:
        yield from values(state.pointer, state.body, {"Items": _items}, jsonata=True)
    timeout: Any = state.body.get("TimeoutSeconds")
    heartbeat: Any = state.body.get("HeartbeatSeconds")
    if not SECONDS(timeout) and not SECONDS(heartbeat) and heartbeat >= timeout:
        place = f"{state.pointer}/HeartbeatSeconds"
        yield Finding(HEARTBEAT, place, f"a heartbeat of {heartbeat} s, a time-out of {timeout} s")
    credentials = state.body.get("Credentials")
    if isinstance(credentials, dict) and not {"RoleArn", "RoleArn.$"} & set(credentials):
        yield Finding(CREDENTIALS, f"{state.pointer}/Credentials", "no RoleArn")


def _items(value: Any) -> str:
    return "" if isinstance(value, list | dict) else "takes a list or an object"


def _paths(state: State) -> Iterator[Finding]:
    if state.jsonata:
        return
    body = state.body
    for key in (*READS, *REFERENCES, *REFERENCES_OR_CALLS):
        if key not in body or (key in READS and body[key] is None):
            continue
        yield from path(
            f"{state.pointer}/{key}",
            body[key],
            reference=key not in READS,
            as_text=key in REFERENCES_OR_CALLS,
        )
    yield from result_path(state.pointer, body)


def path(place: str, value: Any, *, reference: bool, as_text: bool = False) -> Iterator[Finding]:
    """Judge a path, or the intrinsic function that stands in its place."""
    if isinstance(value, str) and value.startswith("States."):
        if problem := intrinsic_problem(value, as_text=as_text):
            yield Finding(INTRINSIC, place, problem)
    elif problem := path_problem(value, reference=reference):
        yield Finding(BAD_PATH, place, problem)


def result_path(place: str, body: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge the ResultPath of a state or a catcher at *place*."""
    value = body.get("ResultPath")
    if value is None:
        return
    if problem := path_problem(value, reference=True):
        yield Finding(BAD_PATH, f"{place}/ResultPath", problem)
    elif path_problem(value, reference=True, outside=False):
        yield Finding(OWN_RESULT_PATH, f"{place}/ResultPath", f"{value!r} lies elsewhere")


def assigned(place: str, body: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge the variables of an Assign in *body*."""
    if "Assign" not in body:
        return
    variables = body["Assign"]
    if not isinstance(variables, dict):
        yield Finding(VARIABLE_NAME, f"{place}/Assign", "Assign takes an object")
        return
    for name in variables:
        bare = name.removesuffix(".$")
        if not _VARIABLE.fullmatch(bare) or bare == "states":
            yield Finding(VARIABLE_NAME, f"{place}/Assign/{name}", f"{bare!r} names no variable")
