"""How declarations are written: TOML strings and JSON files."""

import json
import re
from typing import Any


def quoted(text: str) -> str:
    """Return *text* as a basic string of TOML, which escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(value: Any) -> str:
    """Return *value* as TOML on one line.

    Raises
    ------
    ValueError
        It holds null, which TOML does not know.
    """
    if value is None:
        raise ValueError("TOML has no null")
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        pairs = (f"{_key(name)} = {inline(inner)}" for name, inner in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    return json.dumps(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def as_json(value: Any) -> str:
    """Return *value* as a file of its own."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
