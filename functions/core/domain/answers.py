"""From a model's text to one JSON value, or to the name of what is wrong with it.

A value is read or refused, never repaired: a cut answer that was completed would be an
invention. Text around one fenced block is tolerated, since it takes nothing from the value.
"""

import re
from enum import StrEnum
from typing import Any, Final

from functions.core.domain.canonical import parse_strict
from functions.core.domain.errors import InvalidJson, PermanentError
from functions.core.domain.schemas import Violation, validator

MAX_ANSWER_BYTES: Final = 262_144

REPAIR_SENTENCE: Final = "Your last answer can't be used:"
"""How a message begins that shows a model what was wrong with its answer."""

_FENCED: Final = re.compile(
    r"^[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<tag>[A-Za-z0-9_+-]*)[ \t]*\r?\n"
    r"(?P<body>.*?)^[ \t]*(?P=mark)[ \t]*\r?$",
    re.DOTALL | re.MULTILINE,
)
_OPENING: Final = re.compile(r"^[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)
_MARKUP: Final = re.compile(r"\s*<(?:!doctype|html|\?xml|head|body)\b", re.IGNORECASE)
_JSON_TAGS: Final = frozenset({"", "json", "json5", "jsonc"})
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SHOWN_VIOLATIONS: Final = 5


class AnswerFault(StrEnum):
    """What can be wrong with an answer."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    MARKUP = "MARKUP"
    """An HTML or XML page, as a proxy sends."""
    NO_JSON = "NO_JSON"
    """Prose without a value."""
    TRUNCATED = "TRUNCATED"
    """It ends inside a value or a fence."""
    TWO_VALUES = "TWO_VALUES"
    """More than one value, and nothing says which is meant."""
    NOT_STRICT = "NOT_STRICT"
    """Looks like JSON and is none: comments, duplicate keys, NaN, too deep."""
    SCHEMA = "SCHEMA"
    """A value that misses the schema."""


_TOLD: Final = {
    AnswerFault.EMPTY: "it was empty",
    AnswerFault.TOO_LARGE: "it was too long",
    AnswerFault.MARKUP: "it was mark-up, not JSON",
    AnswerFault.NO_JSON: "it held no JSON object",
    AnswerFault.TRUNCATED: "it ended in the middle of a value",
    AnswerFault.TWO_VALUES: "it held more than one JSON value",
    AnswerFault.NOT_STRICT: "it was not strict JSON",
    AnswerFault.SCHEMA: "it did not fit the schema",
}


class AnswerProblem(PermanentError):
    """An answer that can't be accepted; its text says kind and place, never a value."""

    def __init__(
        self, fault: AnswerFault, detail: str = "", violations: tuple[Violation, ...] = ()
    ) -> None:
        self.fault = fault
        self.violations = violations
        shown = "; ".join(map(str, violations[:_SHOWN_VIOLATIONS])) or detail
        super().__init__(f"{fault}: {shown}" if shown else str(fault))

    @property
    def complaints(self) -> tuple[str, ...]:
        """What its author may be told: place, keyword and limit of each fault, or its kind."""
        told = tuple(map(str, self.violations[:_SHOWN_VIOLATIONS]))
        return told or (_TOLD[self.fault],)


def read_answer(text: str, schema: dict[str, Any], *, max_bytes: int = MAX_ANSWER_BYTES) -> Any:
    """Return the one value in *text*, checked against the whole *schema*.

    Raises
    ------
    AnswerProblem
        With its fault; for `SCHEMA` with every violation.
    """
    value = parse_answer(text, max_bytes=max_bytes)
    if violations := validator(schema).errors(value):
        raise AnswerProblem(AnswerFault.SCHEMA, violations=tuple(violations))
    return value


def parse_answer(text: str, *, max_bytes: int = MAX_ANSWER_BYTES) -> Any:
    """Return the one JSON value in *text*: plain, or in one fenced block.

    Raises
    ------
    AnswerProblem
        If there is none, more than one, or one that is cut or not strict.
    """
    if len(text) > max_bytes or len(text.encode(errors="replace")) > max_bytes:
        raise AnswerProblem(AnswerFault.TOO_LARGE)
    stripped = text.strip().removeprefix("\ufeff").strip()
    if not stripped:
        raise AnswerProblem(AnswerFault.EMPTY)
    if _MARKUP.match(stripped):
        raise AnswerProblem(AnswerFault.MARKUP)
    if stripped[0] in '[{"' or _scalar(stripped):
        return _parse(stripped)
    return _parse(_fenced(stripped))


def _scalar(text: str) -> bool:
    return (
        text in {"true", "false", "null"} or re.fullmatch(r"-?[0-9][0-9.eE+-]*", text) is not None
    )


def _fenced(text: str) -> str:
    blocks = list(_FENCED.finditer(text))
    if not blocks:
        fault = AnswerFault.TRUNCATED if _OPENING.search(text) else AnswerFault.NO_JSON
        raise AnswerProblem(fault)
    rest = text[blocks[-1].end() :]
    if _OPENING.search(rest):
        raise AnswerProblem(AnswerFault.TRUNCATED)
    candidates = [block for block in blocks if block["tag"].lower() in _JSON_TAGS]
    if len(candidates) > 1:
        raise AnswerProblem(AnswerFault.TWO_VALUES)
    if not candidates:
        raise AnswerProblem(AnswerFault.NO_JSON)
    outside = _FENCED.sub("", text)
    if re.search(r"^\s*[\[{]", outside, re.MULTILINE):
        raise AnswerProblem(AnswerFault.TWO_VALUES)
    body = candidates[0]["body"].strip()
    if not body:
        raise AnswerProblem(AnswerFault.EMPTY)
    if body[0] not in '[{"' and not _scalar(body):
        raise AnswerProblem(AnswerFault.NO_JSON)
    return body


def _parse(text: str) -> Any:
    try:
        return parse_strict(text, max_bytes=MAX_ANSWER_BYTES * 4)
    except InvalidJson as problem:
        raise AnswerProblem(_fault(text, problem.reason), problem.reason) from None


def _fault(text: str, reason: str) -> AnswerFault:
    if reason == "trailing data":
        return _after_the_value(text)
    return (
        AnswerFault.TRUNCATED if reason == "not JSON" and _is_open(text) else AnswerFault.NOT_STRICT
    )


def _after_the_value(text: str) -> AnswerFault:
    """Say whether a second value or only prose follows; neither is dropped silently."""
    depth = 0
    for match in _QUOTED.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            rest = text[match.end() :].lstrip(" \t\r\n,")
            return AnswerFault.TWO_VALUES if rest[:1] in ("[", "{", '"') else AnswerFault.NOT_STRICT
    return AnswerFault.NOT_STRICT


def _is_open(text: str) -> bool:
    """Say whether *text* ends inside a string, a list or an object."""
    depth = 0
    for match in _QUOTED.finditer(text):
        mark = match.group()
        if mark.startswith('"'):
            if len(mark) < 2 or not mark.endswith('"'):  # noqa: PLR2004 - an opening quote alone
                return True
        else:
            depth += 1 if mark in "[{" else -1
    return depth > 0
