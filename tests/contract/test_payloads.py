"""Handlers take what machines pass: today's machines, and those of executions under way."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from infra.asl import load, states
from tests.clouds import PROJECT

PAYLOADS = sorted((Path(__file__).parent / "payloads").glob("*.json"))
PLATFORM = sorted((PROJECT / "statemachines" / "platform").glob("*.asl.json"))


def passed() -> dict[str, tuple[str, set[str]]]:
    """Return `machine.state` -> function and the fields that the machine passes to it."""
    found = {}
    for path in PLATFORM:
        for name, state in states(load(path, PROJECT).body):
            arguments = state.get("Arguments", {})
            if "FunctionName" in arguments:
                function = arguments["FunctionName"].removeprefix("${").removesuffix("_arn}")
                key = f"{path.name.split('.')[0]}.{name}"
                found[key] = (function, set(arguments["Payload"]))
    return found


def request_of(function: str, state: str) -> type[BaseModel]:
    """Return the model that a function reads what *state* passes with."""
    module = importlib.import_module(f"functions.{function}.handler")
    if function == "close_attempt":
        machine = state.partition(".")[0]
        return module.SystemRequest if machine == "call_system" else module.ModelRequest
    return module.SystemCall if function == "call_system" else module.Request


def read(function: str, payload: dict[str, Any]) -> Any:
    """Read a payload as the handler does."""
    module = importlib.import_module(f"functions.{function}.handler")
    reader = getattr(module, "Request", None) or module.SystemCall
    if isinstance(reader, TypeAdapter):
        return reader.validate_python(payload)
    return reader.model_validate(payload)


@pytest.mark.parametrize("state", passed())
def test_a_handler_reads_what_its_machine_passes(state: str):
    """Every field that it needs is passed, and every field that is passed is read."""
    function, fields = passed()[state]
    model = request_of(function, state)
    needed = {name for name, field in model.model_fields.items() if field.is_required()}

    assert needed <= fields
    assert fields <= set(model.model_fields)


@pytest.mark.parametrize("state", passed())
def test_each_task_has_a_recorded_payload(state: str):
    """Of an execution that really ran: `python -m tests.contract.record` takes them anew."""
    assert f"{state}.json" in {path.name for path in PAYLOADS}


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_the_last_releases_payloads_parse(path: Path):
    """Executions stay under way for days: requests only grow, by fields with a default."""
    function, _ = passed()[path.stem]
    payload = json.loads(path.read_text(encoding="utf-8"))

    request = read(function, payload)

    assert isinstance(request, request_of(function, path.stem))
    for name, value in payload.items():
        told = getattr(request, name)
        said = told.model_dump(exclude_unset=True) if isinstance(told, BaseModel) else told
        assert said == value


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_handler_quotes_nothing_of_what_it_can_not_read(path: Path):
    """The message goes to the history: it names fields, never what they hold."""
    function, _ = passed()[path.stem]
    payload = {"run": {"planted": "a customer's words"}, "call": "a customer's words"}

    with pytest.raises(ValidationError) as refused:
        read(function, payload)

    assert "a customer's words" not in str(refused.value)
