"""On which line of a JSON text the things stand that a pointer names."""

import json
import re
from typing import Final

from functions.core.domain.canonical import escape_token

_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:\n]|[^\s"\[\]{},:]+')


def lines(text: str) -> dict[str, int]:
    """Return JSON pointer -> line (from 1) of its key or element, for a text that is JSON."""
    found: dict[str, int] = {}
    holders: list[tuple[str, int | None]] = []  # pointer; index of the element, None in an object
    pointer, line, key_next = "", 1, False
    for part in _PART.findall(text):
        if part == "\n":
            line += 1
        elif part in ("{", "["):
            found.setdefault(pointer, line)
            holders.append((pointer, 0 if part == "[" else None))
            key_next = part == "{"
            pointer = pointer if key_next else f"{pointer}/0"
        elif part in ("}", "]"):
            pointer, _ = holders.pop()
        elif part == ",":
            pointer, index = holders.pop()
            holders.append((pointer, None if index is None else index + 1))
            key_next = index is None
            pointer = pointer if index is None else f"{pointer}/{index + 1}"
        elif key_next:
            pointer, key_next = f"{holders[-1][0]}/{escape_token(json.loads(part))}", False
            found.setdefault(pointer, line)
        elif part != ":":
            found.setdefault(pointer, line)
    return found


def line_of(found: dict[str, int], pointer: str) -> int:
    """Return the line of what *pointer* names, or of the nearest thing around it."""
    while pointer not in found and pointer:
        pointer = pointer.rpartition("/")[0]
    return found.get(pointer, 0)
