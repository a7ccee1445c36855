"""Builders of small state machines, to be right or to be broken in one place."""

import json
from typing import Any

from interlock.lint.findings import Check, Finding
from interlock.lint.spec import check_text

LAMBDA = "arn:aws:states:::lambda:invoke"


def machine(states: dict[str, Any], start: str = "", **top: Any) -> dict[str, Any]:
    """Return a machine that begins with its first state."""
    return {**top, "StartAt": start or next(iter(states), "None"), "States": states}


def jsonata(states: dict[str, Any], **top: Any) -> dict[str, Any]:
    """Return a machine in JSONata."""
    return machine(states, QueryLanguage="JSONata", **top)


def one(type_: str = "Pass", **fields: Any) -> dict[str, Any]:
    """Return a JSONPath machine of one state that ends."""
    ends = {} if type_ in ("Succeed", "Fail") else {"End": True}
    return machine({"Only": _without({"Type": type_, **ends, **fields})})


def one_jsonata(type_: str = "Pass", **fields: Any) -> dict[str, Any]:
    """Return a JSONata machine of one state that ends."""
    return {**one(type_, **fields), "QueryLanguage": "JSONata"}


def task(**fields: Any) -> dict[str, Any]:
    """Return a JSONPath machine of one Task; a field that is ... is left out."""
    given = {"Resource": LAMBDA, "Parameters": {"FunctionName": "${notify_arn}"}}
    return one("Task", **{**given, **fields})


def caught(**fields: Any) -> dict[str, Any]:
    """Return a Task with one catcher."""
    whole = task(Catch=[_without({"ErrorEquals": ["Busy"], "Next": "Sorry", **fields})])
    whole["States"]["Sorry"] = {"Type": "Fail"}
    return whole


def choice(*rules: dict[str, Any], language: str = "JSONPath") -> dict[str, Any]:
    """Return a Choice with *rules*, each leading to Done unless it says otherwise."""
    choices = [_without({"Next": "Done", **rule}) for rule in rules]
    states = {"Route": {"Type": "Choice", "Choices": choices}, "Done": {"Type": "Succeed"}}
    return machine(states, QueryLanguage=language)


def map_(mode: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a Map over its input, with *mode* as its ProcessorConfig."""
    processor = machine({"Item": {"Type": "Pass", "End": True}})
    if mode is not None:
        processor["ProcessorConfig"] = mode
    return one("Map", **{"ItemProcessor": processor, **fields})


def judged(definition: Any, *more: Check) -> list[Finding]:
    """Return what the linter finds in *definition*."""
    return check_text(json.dumps(definition), "machine.asl.json", more)


def _without(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not ...}
