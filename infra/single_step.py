"""The machine of an external workflow: the shipped `single_step`, filled in for its one step."""

import json
from pathlib import Path
from typing import Any, Final

from infra import asl, platform_wiring
from infra.asl import Definition
from interlock.definitions.external import SingleStep

TEMPLATE: Final = platform_wiring.MACHINES / "external" / "single_step.asl.json"
_OF_KIND: Final = {"task": ("run_ai_task", "variables"), "operation": ("call_system", "fields")}


def load(root: Path, step: SingleStep) -> Definition:
    """Return the machine that does *step*; *root* is where the platform's sources lie."""
    machine, given = _OF_KIND[step.kind]
    words = {
        "<machine>": machine,
        "<kind>": step.kind,
        "<name>": step.name,
        "<given>": given,
        "['<fields>']": json.dumps(step.fields),
    }
    template = json.loads((root / TEMPLATE).read_text(encoding="utf-8"))
    filled = {**_filled(template, words), "Comment": f"One governed step: {step.name}."}
    return asl.parse(json.dumps(filled, indent=2), str(TEMPLATE))


def _filled(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_filled(key, words): _filled(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, words) for item in value]
    if isinstance(value, str):
        for word, said in words.items():
            value = value.replace(word, said)
    return value
