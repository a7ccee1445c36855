"""Retry and Catch: error names, where States.ALL stands, waits between tries."""

import re
from collections.abc import Iterator
from typing import Any, Final

from interlock.lint.findings import Finding, error, warning
from interlock.lint.machine import Machine, State
from interlock.lint.values import (
    LONGEST_SECONDS,
    Kind,
    assigned,
    filled,
    number,
    one_of,
    result_path,
    text,
    values,
)

ALL: Final = "States.ALL"
MAX_DELAY: Final = 31_622_400
"""Step Functions' largest MaxDelaySeconds: 366 days (developer guide, "Error handling")."""

ENTRY = error(
    "ASL601",
    "A retrier and a catcher name errors under ErrorEquals, and a catcher a Next.",
    "Write an object with a list of error names; in Catch, with Next.",
)
ENTRY_FIELDS = error(
    "ASL602",
    "Retriers and catchers have only their fields, those of their query language.",
    "Remove the field or correct its name.",
)
ALL_ALONE = error(
    "ASL603",
    f"{ALL} stands alone in its list, and in the last retrier or catcher.",
    f"Move {ALL} into an entry of its own, at the end.",
)
UNKNOWN_ERROR = error(
    "ASL604",
    "An error that begins with States. is one of the language's own.",
    "Correct the name; your own errors begin otherwise.",
)
DELAY = warning(
    "ASL605",
    "MaxDelaySeconds is more than IntervalSeconds.",
    "Raise MaxDelaySeconds, or leave it out.",
)
SHADOWED = warning(
    "ASL606",
    "An error is named once in a Retry and once in a Catch: the first that names it decides.",
    "Remove the later one.",
)
RULES: Final = (ENTRY, ENTRY_FIELDS, ALL_ALONE, UNKNOWN_ERROR, DELAY, SHADOWED)

ERRORS: Final = frozenset(
    f"States.{name}"
    for name in (
        "ALL",
        "BranchFailed",
        "DataLimitExceeded",
        "ExceedToleratedFailureThreshold",
        "HeartbeatTimeout",
        "Http.Socket",
        "IntrinsicFailure",
        "ItemReaderFailed",
        "NoChoiceMatched",
        "ParameterPathFailure",
        "Permissions",
        "QueryEvaluationError",
        "ResultPathMatchFailure",
        "ResultWriterFailed",
        "Runtime",
        "TaskFailed",
        "Timeout",
    )
)
_HTTP: Final = re.compile(r"States\.Http\.StatusCode\.\d{3}")

RETRY: Final[dict[str, Kind]] = {
    "IntervalSeconds": number(1, LONGEST_SECONDS),
    "MaxAttempts": number(0, LONGEST_SECONDS),
    "BackoffRate": number(1, 1e18, whole=False),
    "MaxDelaySeconds": number(1, MAX_DELAY),
    "JitterStrategy": one_of("FULL", "NONE"),
    "Comment": text,
}
_CATCH: Final = frozenset({"ErrorEquals", "Next", "Assign", "Comment"})


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with retriers and catchers."""
    for state in machine.states:
        for key in ("Retry", "Catch"):
            entries = state.body.get(key)
            if isinstance(entries, list):
                yield from _entries(state, key, entries)


def _entries(state: State, key: str, entries: list[Any]) -> Iterator[Finding]:
    named: set[str] = set()
    for index, entry in enumerate(entries):
        place = f"{state.pointer}/{key}/{index}"
        if not isinstance(entry, dict):
            yield Finding(ENTRY, place, "it is no object")
            continue
        yield from _retrier(place, entry) if key == "Retry" else _catcher(state, place, entry)
        errors = entry.get("ErrorEquals")
        if (
            not isinstance(errors, list)
            or not errors
            or not all(isinstance(e, str) for e in errors)
        ):
            yield Finding(ENTRY, f"{place}/ErrorEquals", "no list of error names")
            continue
        yield from _errors(f"{place}/ErrorEquals", errors, last=index == len(entries) - 1)
        for name in sorted(named & set(errors)):
            yield Finding(SHADOWED, f"{place}/ErrorEquals", f"{name} is named before")
        named |= set(errors)


def _errors(place: str, errors: list[str], *, last: bool) -> Iterator[Finding]:
    if ALL in errors and len(errors) > 1:
        yield Finding(ALL_ALONE, place, f"{ALL} stands beside other errors")
    if ALL in errors and not last:
        yield Finding(ALL_ALONE, place, f"{ALL} comes before others")
    for index, name in enumerate(errors):
        if name.startswith("States.") and name not in ERRORS and not _HTTP.fullmatch(name):
            yield Finding(UNKNOWN_ERROR, f"{place}/{index}", f"there is no error {name}")


def _retrier(place: str, entry: dict[str, Any]) -> Iterator[Finding]:
    for key in sorted(set(entry) - set(RETRY) - {"ErrorEquals"}):
        yield Finding(ENTRY_FIELDS, f"{place}/{key}", f"a retrier has no field {key}")
    yield from values(place, entry, RETRY)
    interval: Any = entry.get("IntervalSeconds", 1)
    most: Any = entry.get("MaxDelaySeconds")
    known = not RETRY["MaxDelaySeconds"](most) and not RETRY["IntervalSeconds"](interval)
    if known and most <= interval:
        said = f"at most {most} s, from the start {interval} s"
        yield Finding(DELAY, f"{place}/MaxDelaySeconds", said)


def _catcher(state: State, place: str, entry: dict[str, Any]) -> Iterator[Finding]:
    own = {"Output"} if state.jsonata else {"ResultPath"}
    for key in sorted(set(entry) - _CATCH - own):
        yield Finding(ENTRY_FIELDS, f"{place}/{key}", f"a catcher has no field {key} here")
    if "Next" not in entry or filled(entry["Next"]):
        yield Finding(ENTRY, place, "a catcher says where it leads: Next")
    yield from values(place, entry, {"Comment": text})
    yield from assigned(place, entry)
    if not state.jsonata:
        yield from result_path(place, entry)
