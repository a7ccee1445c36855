"""The six files of a new AI task: valid at once, and meant to be edited."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from functions.core.adapters.embedded_model import fill
from functions.core.domain.declared_schemas import DIALECT, instance_problems
from functions.core.domain.schemas import max_output_tokens_bound, resolve
from interlock.scaffold.model_schema import output_schema, sample
from interlock.scaffold.text import as_json, inline, quoted

OUTPUT_TOKENS: Final = 1024
"""Where the schema itself sets no bound."""
_EXAMPLE: Final = "Great quality and quick delivery, I would buy it again."
_SOLVED: Final = "An example text; it stands for a true one."
MADE_UP: Final = "# Made up, and part of the prompt: put true cases in its place."
_VARIABLES: Final = {
    "$schema": DIALECT,
    "type": "object",
    "properties": {
        "text": {
            "description": "What the task works on.",
            "type": "string",
            "minLength": 1,
            "maxLength": 20000,
            "x-data-class": "personal",
            "x-untrusted": True,
        }
    },
    "required": ["text"],
    "additionalProperties": False,
}
_OUTPUT: Final = {
    "$schema": DIALECT,
    "type": "object",
    "properties": {
        "label": {
            "description": "What the text says, on the whole.",
            "enum": ["good", "bad", "mixed"],
            "x-enum-descriptions": {
                "good": "great, quality, love, excellent, recommend, works well, thank you",
                "bad": "broken, waste, terrible, refund, disappointed, never again",
                "mixed": "but, although, on the other hand, partly",
            },
        },
        "confidence": {
            "description": "How sure the label is.",
            "type": "number",
            "minimum": 0,
            "maximum": 1,
        },
    },
    "required": ["label", "confidence"],
    "additionalProperties": False,
}
_LABELLED: Final = {"label": "good", "confidence": 0.9}


@dataclass(frozen=True)
class Asked:
    """What whoever makes a task says of it."""

    name: str
    purpose: str
    owner: str
    team: str
    route: str
    policy: str


def files(asked: Asked, model: type[BaseModel] | None = None) -> dict[str, str]:
    """Return file name -> text of a new task, its answer in the form of *model*.

    Raises
    ------
    NoModel
        No schema or no example can be made of the class.
    """
    schema = dict(_OUTPUT) if model is None else output_schema(model)
    answer = _LABELLED if model is None else sample(model, schema)
    bound = max_output_tokens_bound(schema)
    tokens = min(bound, OUTPUT_TOKENS) if bound else OUTPUT_TOKENS
    purpose = asked.purpose or _purpose(model)
    return {
        "task.toml": _task(asked, purpose, tokens) + _example(schema, answer),
        "system.md": _system(purpose, schema),
        "user.md": "Text:\n{{ text }}\n",
        "variables.schema.json": as_json(_VARIABLES),
        "output.schema.json": as_json(schema),
        "golden.jsonl": json.dumps(
            {"variables": {"text": _EXAMPLE}, "output": answer}, ensure_ascii=False
        )
        + "\n",
    }


def _purpose(model: type[BaseModel] | None) -> str:
    if model is None:
        return "Say whether a text is good, bad or mixed."
    said = (model.__doc__ or "").strip().partition("\n\n")[0]
    said = " ".join(said.split()) if model.__doc__ != BaseModel.__doc__ else ""
    return said or f"Read a text and give a {model.__name__}."


def _task(asked: Asked, purpose: str, tokens: int) -> str:
    return "\n".join(
        (
            f"name = {quoted(asked.name)}",
            f"purpose = {quoted(purpose)}",
            f"owner = {quoted(asked.owner)}",
            f"team = {quoted(asked.team)}",
            f"route = {quoted(asked.route)}",
            f"policy = {quoted(asked.policy)}",
            "",
            "[limits]",
            "attempts = 3",
            f"max_output_tokens = {tokens}",
            "deadline_seconds = 40",
            "",
        )
    )


def _example(schema: dict[str, Any], answer: Any) -> str:
    """Return a solved case for the prompt, where the embedded model needs one to answer at all.

    It compares words: a required number, date or flag that no text names it takes from an
    example. A real model would take a made-up one for true, so there is none without need.
    """
    asked = [{"role": "user", "content": _EXAMPLE}]
    if not instance_problems(schema, fill(schema, asked)):
        return ""
    try:
        output = inline(answer)
    except ValueError:
        return ""
    return "\n".join(
        (
            "",
            MADE_UP,
            "[[examples]]",
            f"variables = {inline({'text': _SOLVED})}",
            f"output = {output}",
            "",
        )
    )


def _system(purpose: str, schema: dict[str, Any]) -> str:
    lines = [purpose, "", "Read the whole text, then give:", ""]
    return "\n".join((*lines, *_fields(schema), ""))


def _fields(schema: dict[str, Any]) -> Iterable[str]:
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        target = resolve(schema, part["$ref"]) if "$ref" in part else part
        said = part.get("description") or (target or {}).get("description") or ""
        words = [str(word) for word in (target or {}).get("enum", [])]
        choice = f" One of {', '.join(words)}." if words else ""
        left_out = "" if name in required else " Leave it out where the text does not say it."
        told = f"{' '.join(said.split())}{choice}{left_out}".strip()
        yield f"- `{name}`: {told}" if told else f"- `{name}`"
