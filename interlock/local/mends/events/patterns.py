"""EventBridge's event patterns, matched as AWS matches them; unknown operators are refused by name.

Source: "Comparison operators for use in event patterns", EventBridge user guide, and the rules of
aws/event-ruler. Patterns look at leaves only; an array matches if one of its elements does, and
keys that lie under one array must match in the same element.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

from interlock.local.mends.refusal import NotPlayedHere

Leaf = str | int | float | bool | None
Test = Callable[[Leaf], bool]

_LARGEST_NUMBER = 5_000_000_000
_ONE, _RANGE = 2, 4  # elements of a numeric condition with one bound, with two


class InvalidPattern(ValueError):
    """EventBridge refuses this pattern; the message says why."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(have: Leaf, wanted: Leaf) -> bool:
    if isinstance(have, bool) or isinstance(wanted, bool):
        return have is wanted
    if _is_number(have) or _is_number(wanted):
        return _is_number(have) and _is_number(wanted) and have == wanted
    return have == wanted


def _text(operator: str, value: object, *, empty: bool = True) -> str:
    if not isinstance(value, str):
        raise InvalidPattern(f"{operator} match pattern must be a string")
    if not value and not empty:
        raise InvalidPattern("Null prefix/suffix not allowed")
    return value


def _affix(operator: str, value: object, *, negated: bool = False) -> Test:
    starts = operator == "prefix"
    if isinstance(value, dict) and not negated:
        if set(value) != {"equals-ignore-case"}:
            raise InvalidPattern(f"Unsupported anything in {operator}: {', '.join(value)}")
        folded = _text("equals-ignore-case", value["equals-ignore-case"]).lower()
        return lambda v: (
            isinstance(v, str)
            and (v.lower().startswith(folded) if starts else v.lower().endswith(folded))
        )
    text = _text(operator, value, empty=not negated)
    return lambda v: isinstance(v, str) and (v.startswith(text) if starts else v.endswith(text))


def _ignore_case(value: object) -> Test:
    wanted = _text("equals-ignore-case", value).lower()
    return lambda v: isinstance(v, str) and v.lower() == wanted


def _wildcard(value: object) -> Test:
    text = _text("wildcard", value)
    parts, position = [], 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
            if text[position : position + 1] not in {"*", "\\"}:
                raise InvalidPattern(f"Invalid escape character at pos {position - 1}")
            parts.append(re.escape(text[position]))
        elif character == "*":
            if text[position + 1 : position + 2] == "*":
                raise InvalidPattern(f"Consecutive wildcard characters at pos {position}")
            parts.append(".*")
        else:
            parts.append(re.escape(character))
        position += 1
    pattern = re.compile("".join(parts), re.DOTALL)
    return lambda v: isinstance(v, str) and pattern.fullmatch(v) is not None


def _cidr(value: object) -> Test:
    text = _text("cidr", value)
    address, slash, bits = text.partition("/")
    if not slash:
        raise InvalidPattern("Malformed CIDR, one '/' required")
    if not bits.isdecimal():
        raise InvalidPattern("Malformed CIDR, mask bits must be an integer")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidPattern(f"Nonstandard IP address: {address}") from error
    if network.prefixlen == network.max_prefixlen:
        raise InvalidPattern(f"Mask bits must be < {network.max_prefixlen}")

    def inside(v: Leaf) -> bool:
        try:
            return isinstance(v, str) and ipaddress.ip_address(v) in network
        except ValueError:
            return False

    return inside


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _bound(operator: object, number: object) -> tuple[str, float]:
    if not isinstance(operator, str) or operator not in _COMPARE:
        raise InvalidPattern(f"Unrecognized numeric range operator: {operator}")
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise InvalidPattern("Value of numeric range must be a number")
    if abs(number) > _LARGEST_NUMBER:
        raise InvalidPattern(f"Value must be between -{_LARGEST_NUMBER} and {_LARGEST_NUMBER}")
    return operator, float(number)


def _check_range(lower: tuple[str, float], upper: tuple[str, float]) -> None:
    (low, bottom), (high, top) = lower, upper
    if low not in {">", ">="}:
        raise InvalidPattern("Too many elements in numeric expression")
    if high not in {"<", "<="}:
        raise InvalidPattern(f"Bad numeric range operator: {high}")
    if bottom >= top:
        raise InvalidPattern("Bottom must be less than top")


def _numeric(value: object) -> Test:
    if not isinstance(value, list):
        raise InvalidPattern("Value of numeric must be an array.")
    if len(value) not in {_ONE, _RANGE}:
        raise InvalidPattern("Too many or too few elements in numeric expression")
    bounds = [_bound(value[i], value[i + 1]) for i in range(0, len(value), 2)]
    if len(bounds) > 1:
        _check_range(*bounds)

    def within(v: Leaf) -> bool:
        if not isinstance(v, int | float) or isinstance(v, bool):
            return False
        return all(_COMPARE[operator](v, number) for operator, number in bounds)

    return within


def _each(value: object, make: Callable[[object], Test]) -> list[Test]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise InvalidPattern("Inside anything but list, empty arrays are not allowed")
    return [make(v) for v in values]


def _plain_anything_but(value: object) -> Test:
    plain: list[Any] = value if isinstance(value, list) else [value]
    if not plain:
        raise InvalidPattern("Inside anything but list, empty arrays are not allowed")
    if not all(isinstance(v, str) or _is_number(v) for v in plain):
        raise InvalidPattern("Inside anything but list, start|null|boolean is not supported.")
    if len({isinstance(v, str) for v in plain}) > 1:
        raise InvalidPattern(
            "Inside anything but list, either all values are number or string, mixed type is not "
            "supported"
        )
    return lambda v: not any(_same(v, wanted) for wanted in plain)


def _anything_but(value: object) -> Test:
    if not isinstance(value, dict):
        return _plain_anything_but(value)
    if len(value) != 1:
        raise InvalidPattern("Only one key allowed in anything-but")
    (operator, inner), *_ = value.items()
    makers: dict[str, Callable[[object], Test]] = {
        "prefix": lambda v: _affix("prefix", v, negated=True),
        "suffix": lambda v: _affix("suffix", v, negated=True),
        "equals-ignore-case": _ignore_case,
        "wildcard": _wildcard,
    }
    if operator in _RESERVED - set(makers):
        raise InvalidPattern(f"Unsupported anything-but pattern: {operator}")
    if operator not in makers:
        raise NotPlayedHere(f"event pattern operator anything-but {operator} is not played here")
    tests = _each(inner, makers[operator])
    return lambda v: not any(test(v) for test in tests)


_MAKERS: dict[str, Callable[[object], Test]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _ignore_case,
    "numeric": _numeric,
    "prefix": lambda v: _affix("prefix", v),
    "suffix": lambda v: _affix("suffix", v),
    "wildcard": _wildcard,
}
_RESERVED = {*_MAKERS, "exactly", "exists"}


class Field:
    """The alternatives that a pattern lists for one field."""

    def __init__(self, alternatives: list[Any]) -> None:
        if not alternatives:
            raise InvalidPattern("Empty arrays are not allowed")
        self.tests: list[Test] = []
        self.exists: set[bool] = set()
        for alternative in alternatives:
            self._add(alternative)

    def _add(self, alternative: Any) -> None:
        if isinstance(alternative, dict):
            self._add_operator(alternative)
        elif isinstance(alternative, list):
            raise InvalidPattern("Match value must be String, number, true, false, or null")
        else:
            self.tests.append(lambda v: _same(v, alternative))

    def _add_operator(self, alternative: dict[str, Any]) -> None:
        if len(alternative) != 1:
            raise InvalidPattern("Only one key allowed in match expression")
        (operator, value), *_ = alternative.items()
        if operator == "exists":
            if not isinstance(value, bool):
                raise InvalidPattern("exists match pattern must be either true or false.")
            self.exists.add(value)
        elif operator in _MAKERS:
            self.tests.append(_MAKERS[operator](value))
        else:
            raise NotPlayedHere(f"event pattern operator {operator} is not played here")

    def matches(self, values: list[Leaf], *, absent: bool) -> bool:
        """Match the leaves that lie at the field; `absent` where no sibling has any either."""
        if values and True in self.exists:
            return True
        if absent and False in self.exists:
            return True
        return any(test(value) for value in values for test in self.tests)


def _leaves(value: Any) -> list[Leaf]:
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [] if isinstance(value, dict) else [value]


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for item in value for found in _objects(item)]
    return [value] if isinstance(value, dict) else []


def _undotted(value: Any) -> Any:
    """Return *value* with each key `a.b` as `b` below `a`: EventBridge doesn't tell them apart."""
    if isinstance(value, list):
        return [_undotted(item) for item in value]
    if not isinstance(value, dict):
        return value
    parted: dict[str, Any] = {}
    for key, inner in value.items():
        outer, dot, rest = key.partition(".")
        below = _undotted({rest: inner} if dot else inner)
        parted[outer] = _merged(parted.get(outer), below)
    return parted


def _merged(beside: Any, below: Any) -> Any:
    if not isinstance(beside, dict) or not isinstance(below, dict):
        return below
    return beside | {key: _merged(beside.get(key), inner) for key, inner in below.items()}


class Pattern:
    """One level of a pattern, compiled; *in_or* where it lies below `$or`."""

    def __init__(self, raw: Any, *, in_or: bool = False) -> None:
        if not isinstance(raw, dict):
            raise InvalidPattern("Filter is not an object")
        if not raw:
            raise InvalidPattern("Empty objects are not allowed")
        self.fields: dict[str, Field] = {}
        self.nested: dict[str, Pattern] = {}
        self.either: list[Pattern] = []
        for key, value in raw.items():
            if in_or and key in _RESERVED:
                raise InvalidPattern(f"{key} is a reserved name which cannot be used inside $or")
            self._add(key, value, in_or=in_or)

    def _add(self, key: str, value: Any, *, in_or: bool) -> None:
        if key == "$or":
            if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004 - one is no choice
                raise InvalidPattern("$or must be an array of at least two objects")
            self.either = [Pattern(item, in_or=True) for item in value]
        elif isinstance(value, list):
            self.fields[key] = Field(value)
        elif isinstance(value, dict):
            self.nested[key] = Pattern(value, in_or=in_or)
        else:
            raise InvalidPattern(f'"{key}" must be an object or an array')

    def matches(self, event: dict[str, Any], siblings: list[dict[str, Any]] | None = None) -> bool:
        """Say whether an object of an event matches.

        Parameters
        ----------
        event
            The object.
        siblings
            All objects of the array it lies in: a field is absent where none of them has it.
        """
        if siblings is None:
            event = _undotted(event)
        around = siblings or [event]
        for key, field in self.fields.items():
            absent = not any(_leaves(s.get(key, [])) for s in around)
            if not field.matches(_leaves(event.get(key, [])), absent=absent):
                return False
        for key, inner in self.nested.items():
            found = _objects(event.get(key)) or [{}]
            if not any(inner.matches(item, found) for item in found):
                return False
        return not self.either or any(p.matches(event, siblings) for p in self.either)


@functools.lru_cache(1024)
def compiled(text: str) -> Pattern:
    """Compile a pattern's JSON text.

    Raises
    ------
    InvalidPattern
        EventBridge refuses it too.
    NotPlayedHere
        It uses an operator that is not played here; the message names it.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise InvalidPattern("Event pattern is not valid JSON") from error
    return Pattern(_undotted(raw))
