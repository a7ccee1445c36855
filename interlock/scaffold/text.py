"""How declarations are written: TOML strings and JSON files."""

import json
from typing import Any


def quoted(text: str) -> str:
    """Return *text* as a basic string of TOML, which escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def as_json(value: Any) -> str:
    """Return *value* as a file of its own."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
