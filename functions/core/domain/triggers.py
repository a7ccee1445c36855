"""What may start a workflow: EventBridge rules and schedules, as `workflow.toml` declares them."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

PATTERN_OPERATORS: Final = frozenset(
    {
        "anything-but",
        "cidr",
        "equals-ignore-case",
        "exists",
        "numeric",
        "prefix",
        "suffix",
        "wildcard",
    }
)
"""The content filters a rule may use; the laptop cloud matches exactly these (and `$or`)."""

_MAX_PATTERN_DEPTH: Final = 16
_LARGEST_NUMBER: Final = 5_000_000_000
"""The largest number that EventBridge compares, either side of 0."""
_WILDCARD: Final = re.compile(r"(?:[^*\\]|\\[*\\]|\*(?!\*))*", re.DOTALL)
"""A backslash escapes `*` and itself, and no two wildcards follow each other."""
_RATE: Final = re.compile(r"rate\(([1-9][0-9]{0,4}) (minute|hour|day)(s?)\)")
_AT: Final = re.compile(
    r"at\([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}\)"
)
_CRON: Final = re.compile(r"cron\(([^()]+)\)")
_CRON_FIELDS: Final = (
    ("minutes", re.compile(r"[0-9*,/-]+")),
    ("hours", re.compile(r"[0-9*,/-]+")),
    ("day of month", re.compile(r"[0-9*,/?LW-]+")),
    ("month", re.compile(r"[0-9A-Z*,/-]+")),
    ("day of week", re.compile(r"[0-9A-Z*,/?#-]+")),
    ("year", re.compile(r"[0-9*,/-]+")),
)


def check_schedule_expression(expression: str) -> str:
    """Return *expression* if EventBridge Scheduler takes it, else say what is wrong with it.

    Raises
    ------
    ValueError
        In pydantic's way; the grammar is the one of the Scheduler user guide ("Schedule types").
    """
    if rate := _RATE.fullmatch(expression):
        if (rate[1] == "1") == bool(rate[3]):
            raise ValueError(f"say rate({rate[1]} {rate[2]}{'' if rate[1] == '1' else 's'})")
        return expression
    if _AT.fullmatch(expression):
        return expression
    if cron := _CRON.fullmatch(expression):
        _check_cron(cron[1].split(" "))
        return expression
    raise ValueError("a schedule expression is rate(...), cron(...) or at(...)")


def _check_cron(fields: list[str]) -> None:
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError(f"cron(...) has {len(_CRON_FIELDS)} fields")
    for field, (name, form) in zip(fields, _CRON_FIELDS, strict=True):
        if not form.fullmatch(field):
            raise ValueError(f"cron(...): the field for {name} is malformed")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError("cron(...): exactly one of day of month and day of week is ?")


def check_pattern(pattern: dict[str, Any]) -> dict[str, Any]:
    """Return *pattern* if each part of it is something that a rule of ours may ask.

    Raises
    ------
    ValueError
        Naming the place and the operator, so that nothing is silently never matched.
    """
    _check_object(pattern, "", 0)
    return pattern


def _check_object(pattern: Any, place: str, depth: int, *, in_or: bool = False) -> None:
    if depth > _MAX_PATTERN_DEPTH:
        raise ValueError(f"{place}: nested too deeply")
    if not isinstance(pattern, dict) or not pattern:
        raise ValueError(f"{place or 'the pattern'}: takes fields with their values")
    for key, value in pattern.items():
        here = f"{place}/{key}"
        if key == "$or":
            _check_alternatives(value, here, depth + 1)
        elif in_or and key in PATTERN_OPERATORS:
            raise ValueError(f"{here}: an operator's name is no field inside $or")
        elif isinstance(value, dict):
            _check_object(value, here, depth + 1, in_or=in_or)
        else:
            _check_values(value, here)


def _check_alternatives(patterns: Any, place: str, depth: int) -> None:
    if not isinstance(patterns, list) or len(patterns) < 2:  # noqa: PLR2004 - of two at least
        raise ValueError(f"{place}: takes a list of at least two patterns")
    for pattern in patterns:
        _check_object(pattern, place, depth, in_or=True)


def _check_values(values: Any, place: str) -> None:
    if not isinstance(values, list) or not values:
        raise ValueError(f"{place}: takes a list of values or an object")
    if any(isinstance(value, list) for value in values):
        raise ValueError(f"{place}: a list inside a list")
    for value in values:
        if isinstance(value, dict):
            _check_operator(value, place)


def _check_operator(filter_: dict[str, Any], place: str) -> None:
    if len(filter_) != 1:
        raise ValueError(f"{place}: one operator in an object")
    [(operator, operand)] = filter_.items()
    if operator not in PATTERN_OPERATORS:
        raise ValueError(f"{place}: operator {operator!r} is not supported")
    if not _OPERANDS[operator](operand):
        raise ValueError(f"{place}: {operator} does not take this operand")


def _text(operand: Any) -> bool:
    return isinstance(operand, str)


def _wildcard(operand: Any) -> bool:
    return isinstance(operand, str) and _WILDCARD.fullmatch(operand) is not None


def _cidr(operand: Any) -> bool:
    """Judge a network; EventBridge takes no single address as one."""
    try:
        network = ip_network(operand, strict=False)
    except (TypeError, ValueError):
        return False
    bits = str(operand).partition("/")[2]
    return bits.isdecimal() and network.prefixlen < network.max_prefixlen


def _number(operand: Any) -> bool:
    return isinstance(operand, int | float) and not isinstance(operand, bool)


def _text_or_caseless(operand: Any) -> bool:
    if isinstance(operand, dict):
        return list(operand) == ["equals-ignore-case"] and _text(operand["equals-ignore-case"])
    return _text(operand)


def _one_or_many(operand: Any, accepts: Callable[[Any], bool]) -> bool:
    return (
        (bool(operand) and all(map(accepts, operand)))
        if isinstance(operand, list)
        else accepts(operand)
    )


def _nonempty(operand: Any) -> bool:
    return isinstance(operand, str) and operand != ""


def _anything_but(operand: Any) -> bool:
    if isinstance(operand, dict):
        [operator, *more] = operand or [""]
        accepts = _ANYTHING_BUT.get(operator)
        return not more and accepts is not None and _one_or_many(operand[operator], accepts)
    return _one_or_many(operand, _text) or _one_or_many(operand, _number)


def _numeric(operand: Any) -> bool:
    if (
        not isinstance(operand, list)
        or len(operand) not in (2, 4)
        or not all(_number(bound) and abs(bound) <= _LARGEST_NUMBER for bound in operand[1::2])
    ):
        return False
    signs = operand[::2]
    if len(signs) == 1:
        return signs[0] in ("<", "<=", "=", ">", ">=")
    return signs[0] in (">", ">=") and signs[1] in ("<", "<=") and operand[1] < operand[3]


_ANYTHING_BUT: Final[dict[str, Callable[[Any], bool]]] = {
    "equals-ignore-case": _text,
    "prefix": _nonempty,
    "suffix": _nonempty,
    "wildcard": _wildcard,
}
_OPERANDS: Final[dict[str, Callable[[Any], bool]]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _text,
    "exists": lambda operand: isinstance(operand, bool),
    "numeric": _numeric,
    "prefix": _text_or_caseless,
    "suffix": _text_or_caseless,
    "wildcard": _wildcard,
}


class _Trigger(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RuleTrigger(_Trigger):
    """An EventBridge rule on the stage's bus; at least the source of an event is named."""

    kind: Literal["rule"]
    source: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1)], ...], Field(min_length=1)
    ]
    detail_type: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = ()
    detail: Annotated[dict[str, Any], AfterValidator(check_pattern)] | None = None


class ScheduleTrigger(_Trigger):
    """An EventBridge Scheduler schedule; `input` is the event that the workflow is given."""

    kind: Literal["schedule"]
    expression: Annotated[str, AfterValidator(check_schedule_expression)]
    timezone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$")] = "UTC"
    input: dict[str, Any] = Field(default_factory=dict)


Trigger = Annotated[RuleTrigger | ScheduleTrigger, Field(discriminator="kind")]
