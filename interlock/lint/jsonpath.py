"""JSONPath: paths, reference paths, and what a path begins with.

Source: Amazon States Language, "Paths" and "Reference Paths"; Step Functions evaluates paths as
Jayway's JsonPath does, whose grammar this follows.
"""

import re
from typing import Final

_START: Final = re.compile(r"\$\$|\$(?:[^\W\d]\w*)?")
_NAME: Final = r"(?:[^\s.\[\]()*?,:'\"@$\\]|\\.)(?:[^\s.\[\]()*?,'\"\\]|\\.)*"
_QUOTED: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_REFERENCE_STEP: Final = re.compile(rf"\.(?:{_NAME})|\.?\[\s*(?:{_QUOTED}|-?\d+)\s*\]")
_STEP: Final = re.compile(
    rf"\.\.?(?:{_NAME})(?:\(\))?"  # .name, ..name, and functions such as .length()
    r"|\.\.?\*"
    rf"|\.{{0,2}}\[\s*(?:{_QUOTED})(?:\s*,\s*(?:{_QUOTED}))*\s*\]"
    r"|\.{0,2}\[\s*-?\d+(?:\s*,\s*-?\d+)*\s*\]"
    r"|\.{0,2}\[\s*(?:-?\d+)?\s*:\s*(?:-?\d+)?(?:\s*:\s*(?:-?\d+)?)?\s*\]"
    r"|\.{0,2}\[\s*\*\s*\]"
)
_FILTER: Final = re.compile(r"\.{0,2}\[\s*\??\s*\(")


def path_problem(text: object, *, reference: bool = False, outside: bool = True) -> str:
    """Return what keeps *text* from being a path; nothing where it is one.

    Parameters
    ----------
    reference
        A reference path names one node: no wildcards, slices, lists, filters or descent.
    outside
        Whether it may begin in the context object (`$$`) or in a variable (`$name`).
    """
    if not isinstance(text, str):
        return "a path is a string"
    start = _START.match(text)
    if start is None:
        return f"{text!r} does not begin with $"
    if start[0] != "$" and not outside:
        return f"{text!r} does not begin at the state's own data"
    position = start.end()
    while position < len(text):
        found = _REFERENCE_STEP.match(text, position) if reference else _step(text, position)
        if found is None:
            kind = "reference path" if reference else "path"
            return f"{text!r} is no {kind} from {text[position:]!r} on"
        position = found if isinstance(found, int) else found.end()
    return ""


def _step(text: str, position: int) -> int | None:
    found = _STEP.match(text, position)
    if found:
        return found.end()
    opening = _FILTER.match(text, position)
    return _filter_end(text, opening.end()) if opening else None


def _filter_end(text: str, position: int) -> int | None:
    """Return where the filter whose parenthesis is open ends, quotes and brackets respected."""
    closes, quote = [")"], ""
    while position < len(text) and closes:
        character = text[position]
        if quote:
            position += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            closes.append(")" if character == "(" else "]")
        elif character in ")]" and closes.pop() != character:
            return None
        position += 1
    end = re.compile(r"\s*\]").match(text, position)
    return end.end() if end and not closes else None
