"""Structure: fields, types, names, transitions, ends, reachability."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from interlock.lint.fields import (
    BRANCH,
    EXCLUSIVE,
    MACHINE,
    PROCESSOR,
    REQUIRED,
    TYPES,
    fields,
    other_language,
)
from interlock.lint.findings import Finding, error, warning
from interlock.lint.machine import JSONATA, JSONPATH, LANGUAGES, Machine, Scope, State

NAME_LIMIT: Final = 80
VERSION: Final = "1.0"

NO_STATES = error(
    "ASL101",
    "A machine, a branch and an item processor have StartAt and at least one state under States.",
    "Add what is missing.",
)
UNKNOWN_TARGET = error(
    "ASL102",
    "StartAt, Next and Default name a state beside them, in the same machine or branch.",
    "Name a state of the same scope.",
)
UNREACHABLE = error(
    "ASL103", "Each state can be reached from StartAt.", "Lead to the state, or remove it."
)
NO_END = error(
    "ASL104",
    "Each scope has a state that ends it: Succeed, Fail or one with End.",
    'Add "End": true where it should end.',
)
NEVER_ENDS = warning(
    "ASL105",
    "From each state an end can be reached.",
    "Give the loop a way out.",
)
UNKNOWN_TYPE = error(
    "ASL106",
    "A state is an object whose Type is one of the eight of the language.",
    f"Say one of {', '.join(TYPES)}.",
)
UNKNOWN_FIELD = error(
    "ASL107",
    "A state has only the fields of its type.",
    "Remove the field or correct its name.",
)
OTHER_LANGUAGE = error(
    "ASL108",
    "A state has only the fields of its query language.",
    "Use Arguments and Output in JSONata; InputPath, Parameters, ResultPath … in JSONPath.",
)
MISSING_FIELD = error("ASL109", "A state has the fields that its type needs.", "Add the field.")
EXCLUSIVE_FIELDS = error(
    "ASL110", "Of fields that say the same thing a state has one.", "Keep one of them."
)
NEXT_OR_END = error(
    "ASL111",
    "A Task, Parallel, Map, Pass or Wait has either Next or End.",
    'Keep one: "Next" with a state, or "End": true.',
)
STATE_NAME = error(
    "ASL112",
    f"A state's name has 1 to {NAME_LIMIT} characters and stands once in the whole machine.",
    "Rename the state.",
)
LANGUAGE = error(
    "ASL113",
    "QueryLanguage is JSONPath or JSONata; in a JSONata machine no state goes back to JSONPath.",
    "Say JSONata, or leave it out.",
)
VERSION_RULE = error("ASL114", f"Version is {VERSION}.", "Leave it out.")

RULES: Final = (
    NO_STATES,
    UNKNOWN_TARGET,
    UNREACHABLE,
    NO_END,
    NEVER_ENDS,
    UNKNOWN_TYPE,
    UNKNOWN_FIELD,
    OTHER_LANGUAGE,
    MISSING_FIELD,
    EXCLUSIVE_FIELDS,
    NEXT_OR_END,
    STATE_NAME,
    LANGUAGE,
    VERSION_RULE,
)

_SCOPE_FIELDS: Final = {
    "": MACHINE,
    "Branches": BRANCH,
    "ItemProcessor": PROCESSOR,
    "Iterator": PROCESSOR,
}
_MOVING: Final = frozenset({"Task", "Parallel", "Map", "Pass", "Wait"})


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with the structure of *machine*."""
    if machine.body.get("Version", VERSION) != VERSION:
        yield Finding(VERSION_RULE, "/Version", "the only version is 1.0")
    seen: set[str] = set()
    for scope in machine.scopes:
        yield from _scope(scope)
        for state in scope.states:
            yield from _name(state, seen)
            yield from _language(state.pointer, state.body, scope.language)
            yield from _state(state)


def _scope(scope: Scope) -> Iterator[Finding]:
    for key in sorted(set(scope.body) - _SCOPE_FIELDS[scope.field]):
        yield Finding(UNKNOWN_FIELD, f"{scope.pointer}/{key}", f"there is no field {key} here")
    yield from _language(scope.pointer, scope.body, scope.language if scope.owner else JSONPATH)
    states, start = scope.body.get("States"), scope.body.get("StartAt")
    if not isinstance(states, dict) or not states:
        yield Finding(NO_STATES, f"{scope.pointer}/States", "no states")
        return
    if not isinstance(start, str):
        yield Finding(NO_STATES, f"{scope.pointer}/StartAt", "no StartAt")
        return
    for name, body in states.items():
        if not isinstance(body, dict):
            pointer = f"{scope.pointer}/States/{escape_token(name)}"
            yield Finding(UNKNOWN_TYPE, pointer, "a state is an object")
    yield from _transitions(scope, start)


def _transitions(scope: Scope, start: str) -> Iterator[Finding]:
    named = [(f"{scope.pointer}/StartAt", start)]
    named += [target for state in scope.states for target in state.targets()]
    lost = False
    for pointer, target in named:
        if scope.named(target) is None:
            lost = True
            yield Finding(UNKNOWN_TARGET, pointer, f"there is no state {target!r} beside it")
    if not any(state.ends for state in scope.states):
        yield Finding(NO_END, f"{scope.pointer}/States", "none of these states ends")
        return
    if lost:  # what can be reached isn't known until each name is right
        return
    after = {state.name: {str(name) for _, name in state.targets()} for state in scope.states}
    reached = _closure({start}, after)
    before = {name: {other for other in after if name in after[other]} for name in after}
    ending = _closure({state.name for state in scope.states if state.ends}, before)
    for state in scope.states:
        if state.name not in reached:
            yield Finding(UNREACHABLE, state.pointer, f"nothing leads to {state.name!r}")
        elif state.name not in ending:
            yield Finding(
                NEVER_ENDS, state.pointer, f"from {state.name!r} there is no way to an end"
            )


def _closure(start: set[str], edges: Mapping[str, set[str]]) -> set[str]:
    found, fresh = set(start), list(start)
    while fresh:
        for name in edges.get(fresh.pop(), set()) - found:
            found.add(name)
            fresh.append(name)
    return found


def _name(state: State, seen: set[str]) -> Iterator[Finding]:
    if not 1 <= len(state.name) <= NAME_LIMIT:
        yield Finding(STATE_NAME, state.pointer, f"the name has {len(state.name)} characters")
    if state.name in seen:
        yield Finding(STATE_NAME, state.pointer, f"there is another state {state.name!r}")
    seen.add(state.name)


def _language(pointer: str, body: Mapping[str, Any], outer: str) -> Iterator[Finding]:
    if "QueryLanguage" not in body:
        return
    said, place = body["QueryLanguage"], f"{pointer}/QueryLanguage"
    if said not in LANGUAGES:
        yield Finding(LANGUAGE, place, "there is no such query language")
    elif outer == JSONATA and said == JSONPATH:
        yield Finding(LANGUAGE, place, "the machine is JSONata")


def _state(state: State) -> Iterator[Finding]:
    if state.type not in TYPES:
        yield Finding(UNKNOWN_TYPE, f"{state.pointer}/Type", "no type of state")
        return
    yield from _fields(state)
    for group in REQUIRED.get(state.type, ()):
        if not set(group) & set(state.body):
            yield Finding(MISSING_FIELD, state.pointer, f"{state.type} without {_either(group)}")
    for group in EXCLUSIVE.get(state.type, ()):
        present = [key for key in group if key in state.body]
        if len(present) > 1:
            place = f"{state.pointer}/{present[1]}"
            yield Finding(EXCLUSIVE_FIELDS, place, f"{' and '.join(present)} exclude each other")
    if state.type in _MOVING:
        yield from _next_or_end(state)


def _fields(state: State) -> Iterator[Finding]:
    other = other_language(state.type, state.language)
    for key in sorted(set(state.body) - fields(state.type, state.language)):
        place = f"{state.pointer}/{key}"
        if key in other:
            yield Finding(OTHER_LANGUAGE, place, f"{key} is no field of {state.language}")
        else:
            yield Finding(UNKNOWN_FIELD, place, f"{state.type} has no field {key}")


def _next_or_end(state: State) -> Iterator[Finding]:
    end = state.body.get("End", False)
    if not isinstance(end, bool):
        yield Finding(NEXT_OR_END, f"{state.pointer}/End", "End is true or false")
    elif end and "Next" in state.body:
        yield Finding(NEXT_OR_END, f"{state.pointer}/Next", "it has Next and End")
    elif not end and "Next" not in state.body:
        yield Finding(NEXT_OR_END, state.pointer, "it has neither Next nor End")


def _either(group: tuple[str, ...]) -> str:
    return " or ".join(group)
