"""JSONata in states: whether it parses, and what it may look at where it stands.

Source: Step Functions developer guide, "Transforming data with JSONata" and "Passing data between
states with variables".
"""

from collections.abc import Iterator
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from interlock.lint.findings import Finding, error, warning
from interlock.lint.jsonata import FUNCTIONS, BadExpression, facts, is_expression, is_torn, texts
from interlock.lint.machine import Machine, Scope, State, objects

TORN = error(
    "ASL901",
    "An expression fills its text from {% to %}.",
    "Begin with {% and end with %}, without spaces outside.",
)
UNPARSED = error("ASL902", "An expression is JSONata.", "Correct its syntax.")
EVAL = error("ASL903", "Step Functions has no $eval.", "Read JSON with $parse; write the rest out.")
STATES_FIELD = error(
    "ASL904",
    "$states has input, context, result (in Assign and Output of Task, Parallel and Map) and "
    "errorOutput (in Assign and Output of a catcher).",
    "Name a field that exists where the expression stands.",
)
LOOSE = error(
    "ASL905",
    "At its top an expression reads $states and variables; $, $$ and bare names have no data.",
    "Write $states.input.name.",
)
UNKNOWN_VARIABLE = warning(
    "ASL906",
    "A variable that is read is assigned somewhere outside or in the same scope, and a function "
    "that is called exists.",
    "Assign it in an earlier state, or correct its name.",
)
SHADOWING = error(
    "ASL907",
    "A state inside a Map or Parallel assigns no variable of a scope around it.",
    "Name the inner variable differently.",
)
RULES: Final = (TORN, UNPARSED, EVAL, STATES_FIELD, LOOSE, UNKNOWN_VARIABLE, SHADOWING)

_LITERAL: Final = frozenset({"Type", "Comment", "QueryLanguage", "Next", "Default", "Resource"})
_WITH_RESULT: Final = ("Task", "Parallel", "Map")
_AFTER: Final = ("Assign", "Output")


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with the JSONata of JSONata states."""
    for scope in machine.scopes:
        yield from _shadowing(scope)
    for state in machine.states:
        if state.jsonata:
            known = visible(state.scope)
            for place, text, fields in queries(state):
                yield from _query(place, text, fields, known)


def queries(state: State) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield (pointer, text, the words that `$states` has there) of each text that may be one."""
    plain = frozenset({"input", "context"})
    result = plain | {"result"} if state.type in _WITH_RESULT else plain
    for key, value in state.own.items():
        if key in _LITERAL:
            continue
        place = f"{state.pointer}/{key}"
        if key == "Catch":
            for index, entry in enumerate(objects(value)):
                yield from _entry(f"{place}/{index}", entry, plain | {"errorOutput"})
        elif key == "Choices":
            for index, entry in enumerate(objects(value)):
                yield from _entry(f"{place}/{index}", entry, plain)
        elif key != "Retry":
            fields = result if key in _AFTER else plain
            yield from ((f"{place}{below}", text, fields) for below, text in texts(value))


def _entry(
    place: str, entry: dict[str, Any] | None, fields: frozenset[str]
) -> Iterator[tuple[str, str, frozenset[str]]]:
    for key in ("Condition", *_AFTER):
        for below, text in texts((entry or {}).get(key)):
            yield f"{place}/{key}{below}", text, fields


def _shadowing(scope: Scope) -> Iterator[Finding]:
    if scope.owner is None:
        return
    twice = assigned_names(scope) & visible(scope.owner.scope)
    for state in scope.states:
        for place, name in _assignments(state):
            if name in twice:
                yield Finding(SHADOWING, place, f"${name} is assigned outside, too")


def assigned_names(scope: Scope) -> set[str]:
    """Return the variables that the states of *scope* itself assign."""
    return {name for state in scope.states for _, name in _assignments(state)}


def _assignments(state: State) -> Iterator[tuple[str, str]]:
    """Yield (pointer, name) of each variable that *state* assigns."""
    holders: list[tuple[str, Any]] = [(state.pointer, state.body)]
    for key in ("Choices", "Catch"):
        entries = enumerate(objects(state.body.get(key)))
        holders += [(f"{state.pointer}/{key}/{index}", entry) for index, entry in entries]
    for place, holder in holders:
        variables = (holder or {}).get("Assign")
        for name in variables if isinstance(variables, dict) else ():
            yield f"{place}/Assign/{escape_token(name)}", name.removesuffix(".$")


def visible(scope: Scope) -> frozenset[str]:
    """Return the variables that states of *scope* can see: its own and those outside it."""
    names = assigned_names(scope)
    while scope.owner is not None:
        scope = scope.owner.scope
        names |= assigned_names(scope)
    return frozenset(names)


def _query(
    place: str, text: str, fields: frozenset[str], known: frozenset[str]
) -> Iterator[Finding]:
    if is_torn(text):
        yield Finding(TORN, place, "it opens or closes an expression, and does not do both")
    if not is_expression(text):
        return
    try:
        said = facts(text)
    except BadExpression as problem:
        yield Finding(UNPARSED, place, f"no JSONata: {problem}")
        return
    if "eval" in said.variables:
        yield Finding(EVAL, place, "it calls $eval")
    for word in sorted(said.states - fields - {""}):
        yield Finding(STATES_FIELD, place, f"there is no $states.{word} here")
    loose = sorted(said.loose | ({"$$"} if said.root else set()))
    if loose:
        yield Finding(LOOSE, place, f"{', '.join(loose)} stands at the top")
    for name in sorted(said.variables - known - FUNCTIONS - {"states"}):
        yield Finding(UNKNOWN_VARIABLE, place, f"nothing assigns ${name}")
