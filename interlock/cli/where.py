"""Finding runs by what came in: by a value of their input, such as a ticket's number."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from functions.core.domain.references import is_reference, lookup
from functions.core.domain.run import run_ref
from interlock.cli.exits import UsageProblem
from interlock.cli.listing import Listed
from interlock.cli.stage import Stage

AT_ONCE = 8
"""Items that are read side by side."""


def conditions(said: Iterable[str]) -> dict[str, str]:
    """Return {JSON pointer: value} of `field=value` texts; a name stands for a field of the root.

    Raises
    ------
    UsageProblem
        A text holds no `=`.
    """
    told: dict[str, str] = {}
    for text in said:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageProblem(f"--where {text}: say FIELD=VALUE, such as ticket_id=T-1001")
        told[name if name.startswith("/") else f"/{name}"] = value
    return told


def those_with(
    stage: Stage, runs: Iterable[Listed], wanted: Mapping[str, str], limit: int
) -> list[Listed]:
    """Return the first *limit* of *runs* whose input holds all the *wanted* values.

    Raises
    ------
    UsageProblem
        A value that is looked for is personal, or large: runs hold its reference.
    """
    found: list[Listed] = []
    for run, told in _inputs(stage, runs):
        if all(_says(told, pointer, value) for pointer, value in wanted.items()):
            found.append(run)
        if len(found) == limit:
            break
    return found


def _inputs(stage: Stage, runs: Iterable[Listed]) -> Iterator[tuple[Listed, Any]]:
    waiting = list(runs)
    with ThreadPoolExecutor(AT_ONCE) as readers:
        while waiting:
            batch, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            items = readers.map(lambda run: stage.store.get(run_ref(run.run)), batch)
            for run, item in zip(batch, items, strict=True):
                yield run, json.loads((item or {}).get("input") or "{}")


def _says(told: Any, pointer: str, value: str) -> bool:
    try:
        found = lookup(told, pointer)
    except KeyError:
        return False
    if is_reference(found):
        raise UsageProblem(
            f"--where {pointer.lstrip('/')}: runs hold a reference in place of this value, "
            "since it is personal or large; look for another field, such as the business key"
        )
    if isinstance(found, dict | list):
        return False
    return value == (found if isinstance(found, str) else json.dumps(found))
