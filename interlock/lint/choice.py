"""Choice rules, in both query languages."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from interlock.lint.findings import Finding, error
from interlock.lint.jsonata import is_expression
from interlock.lint.jsonpath import path_problem
from interlock.lint.machine import Machine, State
from interlock.lint.values import BAD_PATH, assigned, timestamp

RULE_FORM = error(
    "ASL401",
    "A choice rule is an object with Next and one test; a rule inside And, Or or Not has no Next.",
    "Give the rule a Next at its top, and none inside.",
)
RULE_FIELDS = error(
    "ASL402", "A choice rule has no other fields.", "Remove the field or correct its name."
)
OPERATOR = error(
    "ASL403",
    "A JSONPath rule has Variable with one comparison, or one of And, Or and Not.",
    "Keep one test; combine several with And.",
)
OPERAND = error(
    "ASL404",
    "What a comparison compares with is of its type; a …Path comparison takes a path.",
    "Write a value of the comparison's type.",
)
CONDITION = error(
    "ASL405",
    "A JSONata rule has a Condition: true, false or an expression within {% %}.",
    "Write a Condition.",
)
RULES: Final = (RULE_FORM, RULE_FIELDS, OPERATOR, OPERAND, CONDITION)

_SIGNS: Final = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_SOME: Final = ("And", "Or")
_META: Final = frozenset({"Next", "Comment", "Assign"})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_path(value: Any) -> bool:
    return not path_problem(value)


_TYPES: Final[dict[str, tuple[tuple[str, ...], Callable[[Any], bool]]]] = {
    "String": (_SIGNS, _is_text),
    "Numeric": (_SIGNS, _is_number),
    "Boolean": (("Equals",), _is_flag),
    "Timestamp": (_SIGNS, lambda value: not timestamp(value)),
}
OPERATORS: Final[dict[str, Callable[[Any], bool]]] = {
    **{f"{type_}{sign}": right for type_, (signs, right) in _TYPES.items() for sign in signs},
    **{f"{type_}{sign}Path": _is_path for type_, (signs, _) in _TYPES.items() for sign in signs},
    "StringMatches": _is_text,
    **{f"Is{what}": _is_flag for what in ("Null", "Present", "Numeric", "String", "Boolean")},
    "IsTimestamp": _is_flag,
}
"""Comparison -> whether a value is one that it can compare with."""

_GLOB: Final = re.compile(r"(?:[^\\]|\\[*\\])*", re.DOTALL)


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with the rules of Choice states."""
    for state in machine.states:
        choices = state.body.get("Choices")
        if state.type != "Choice" or not isinstance(choices, list):
            continue
        for index, rule in enumerate(choices):
            yield from _rule(state, f"{state.pointer}/Choices/{index}", rule)


def _rule(state: State, place: str, rule: Any) -> Iterator[Finding]:
    if not isinstance(rule, dict):
        yield Finding(RULE_FORM, place, "it is no object")
        return
    if not isinstance(rule.get("Next"), str):
        yield Finding(RULE_FORM, place, "it says no Next")
    yield from assigned(place, rule)
    if state.jsonata:
        yield from _condition(place, rule)
    else:
        yield from _test(place, {k: v for k, v in rule.items() if k not in _META})


def _condition(place: str, rule: Mapping[str, Any]) -> Iterator[Finding]:
    for key in sorted(set(rule) - _META - {"Condition", "Output"}):
        yield Finding(RULE_FIELDS, f"{place}/{key}", f"a JSONata rule has no field {key}")
    condition = rule.get("Condition")
    if not isinstance(condition, bool) and not is_expression(condition):
        at = f"{place}/Condition" if "Condition" in rule else place
        yield Finding(CONDITION, at, "no condition that can be true or false")


def _test(place: str, test: Mapping[str, Any]) -> Iterator[Finding]:
    combined = [key for key in (*_SOME, "Not") if key in test]
    compared = [key for key in test if key in OPERATORS]
    for key in sorted(set(test) - {*_SOME, "Not", "Variable", *OPERATORS}):
        yield Finding(RULE_FIELDS, f"{place}/{key}", f"a rule has no field {key}")
    if len(combined) + len(compared) != 1:
        said = ", ".join((*combined, *compared)) or "none"
        yield Finding(OPERATOR, place, f"one test is needed, there is {said}")
    elif combined:
        if "Variable" in test:
            yield Finding(OPERATOR, f"{place}/Variable", f"{combined[0]} takes no Variable")
        yield from _combined(place, combined[0], test[combined[0]])
    else:
        yield from _compared(place, compared[0], test)


def _combined(place: str, operator: str, value: Any) -> Iterator[Finding]:
    inner = [(f"{place}/{operator}", value)]
    if operator in _SOME:
        if not isinstance(value, list) or not value:
            yield Finding(OPERATOR, f"{place}/{operator}", f"{operator} takes a list of rules")
            return
        inner = [(f"{place}/{operator}/{index}", rule) for index, rule in enumerate(value)]
    for at, rule in inner:
        if not isinstance(rule, dict):
            yield Finding(RULE_FORM, at, "it is no object")
            continue
        for key in sorted(set(rule) & {"Next", "Assign"}):
            yield Finding(RULE_FORM, f"{at}/{key}", f"a rule inside {operator} has no {key}")
        yield from _test(at, {k: v for k, v in rule.items() if k not in _META})


def _compared(place: str, operator: str, test: Mapping[str, Any]) -> Iterator[Finding]:
    if "Variable" not in test:
        yield Finding(OPERATOR, place, f"{operator} needs a Variable")
    elif problem := path_problem(test["Variable"]):
        yield Finding(BAD_PATH, f"{place}/Variable", problem)
    value = test[operator]
    if not OPERATORS[operator](value):
        yield Finding(OPERAND, f"{place}/{operator}", f"{operator} can't compare with this")
    elif operator == "StringMatches" and not _GLOB.fullmatch(value):
        yield Finding(OPERAND, f"{place}/{operator}", "a backslash escapes * and itself, only")
