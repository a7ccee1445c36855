"""What a target receives: the event, a part of it, a constant, or a template filled from it.

Source: "Amazon EventBridge input transformation", EventBridge user guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from interlock.local.mends.refusal import NotPlayedHere

_STEP = re.compile(r"\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\['([^']+)'\]")
_TOKEN = re.compile(r'\\.|"|<[A-Za-z0-9_.\-]+>')
_MISSING = object()


def at_path(path: str, event: Any) -> Any:
    """Read a JSON path of EventBridge's kind (names and indexes); `_MISSING` where nothing is.

    Raises
    ------
    NotPlayedHere
        The path uses more of JSONPath than names and indexes.
    """
    if not path.startswith("$"):
        raise NotPlayedHere(f"the JSON path {path} does not begin with $")
    position, found = 1, event
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise NotPlayedHere(f"the JSON path {path} is not played here from {path[position:]!r}")
        name, index, quoted = step.groups()
        found = _step(found, name or quoted, index)
        position = step.end()
    return found


def _step(value: Any, name: str | None, index: str | None) -> Any:
    if index is not None:
        inside = isinstance(value, list) and int(index) < len(value)
        return value[int(index)] if inside else _MISSING
    return value.get(name, _MISSING) if isinstance(value, dict) else _MISSING


def _in_quotes(name: str, value: Any) -> str:
    if value is _MISSING:
        return ""
    if isinstance(value, dict | list):
        raise NotPlayedHere(
            f"InputTemplate: <{name}> is an object or an array inside a quoted string"
        )
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text, ensure_ascii=False)[1:-1]


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Fill an InputTemplate: a bare placeholder becomes JSON, one inside quotes becomes text."""
    parts, position, quoted = [], 0, False
    for token in _TOKEN.finditer(template):
        parts.append(template[position : token.start()])
        position, text = token.end(), token[0]
        if text == '"':
            quoted = not quoted
        elif text.startswith("<") and text[1:-1] in values:
            value = values[text[1:-1]]
            if quoted:
                text = _in_quotes(text[1:-1], value)
            else:
                text = '""' if value is _MISSING else json.dumps(value, ensure_ascii=False)
        parts.append(text)
    return "".join([*parts, template[position:]])


def render(target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, str]) -> str:
    """Return the text that a target receives for an event.

    Parameters
    ----------
    target
        The rule's target, as PutTargets has it.
    event
        The event as EventBridge sends it on (`time` is text).
    rule
        `arn`, `name` and `ingestion-time` for the predefined variables.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        found = at_path(target["InputPath"], event)
        if found is _MISSING:
            raise NotPlayedHere(f"InputPath {target['InputPath']} finds nothing in the event")
        return json.dumps(found)
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    values = {
        "aws.events.rule-arn": rule["arn"],
        "aws.events.rule-name": rule["name"],
        "aws.events.event.ingestion-time": rule["ingestion-time"],
        "aws.events.event": {k: v for k, v in event.items() if k != "detail"},
        "aws.events.event.json": event,
    }
    paths = transformer.get("InputPathsMap") or {}
    values |= {name: at_path(path, event) for name, path in paths.items()}
    return fill(transformer["InputTemplate"], values)
