"""From a model's text to one JSON value, or to the name of what is wrong with it.

A strict answer is read as it is; of others the value is recovered where it is plain, and the
names of what was mended come with it. A cut answer that was completed would be an invention.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from functions.core.domain.absent_nulls import without_absent_nulls
from functions.core.domain.answer_faults import MAX_ANSWER_BYTES, AnswerFault, AnswerProblem
from functions.core.domain.canonical import parse_strict
from functions.core.domain.errors import InvalidJson
from functions.core.domain.recovery import Recovered, recover
from functions.core.domain.schemas import validator

__all__ = [
    "MAX_ANSWER_BYTES",
    "REPAIR_SENTENCE",
    "AnswerFault",
    "AnswerProblem",
    "Recovered",
    "parse_answer",
    "read_answer",
]

REPAIR_SENTENCE: Final = "Your last answer can't be used:"
"""How a message begins that shows a model what was wrong with its answer."""

_MARKUP: Final = re.compile(r"\s*<(?:!doctype|html|\?xml|head|body)\b", re.IGNORECASE)
_BYTES_A_CHARACTER: Final = 4
_MENDABLE: Final = frozenset({"not JSON", "trailing data", "nested too deeply"})
"""What the strict parser refuses in a text whose value may still be plain."""


def read_answer(
    text: str,
    schema: dict[str, Any],
    *,
    max_bytes: int = MAX_ANSWER_BYTES,
    absent_as_null: bool = False,
    reveal: Callable[[Any], Any] | None = None,
) -> Recovered:
    """Return the one value in *text*, checked against the whole *schema*, and what was mended.

    What was redacted comes back by *reveal*, before the check: a schema speaks of values.
    With *absent_as_null* the model was made to name every property, and an absent one is null.

    Raises
    ------
    AnswerProblem
        With its fault; for `SCHEMA` with every violation.
    """
    found = parse_answer(text, max_bytes=max_bytes)
    if absent_as_null:
        found = replace(found, value=without_absent_nulls(schema, found.value))
    if reveal is not None:
        found = replace(found, value=reveal(found.value))
    if violations := validator(schema).errors(found.value):
        raise AnswerProblem(AnswerFault.SCHEMA, violations=tuple(violations))
    return found


def parse_answer(text: str, *, max_bytes: int = MAX_ANSWER_BYTES) -> Recovered:
    """Return the one JSON value in *text*; an object or list also where it has to be recovered.

    Raises
    ------
    AnswerProblem
        If there is none, more than one, or one that is cut or can be read in two ways.
    """
    if len(text) > max_bytes or len(text.encode(errors="replace")) > max_bytes:
        raise AnswerProblem(AnswerFault.TOO_LARGE)
    stripped = text.strip().removeprefix("\ufeff").strip()
    if not stripped:
        raise AnswerProblem(AnswerFault.EMPTY)
    if _MARKUP.match(stripped):
        raise AnswerProblem(AnswerFault.MARKUP)
    try:
        return Recovered(parse_strict(stripped, max_bytes=MAX_ANSWER_BYTES * _BYTES_A_CHARACTER))
    except InvalidJson as problem:
        if problem.reason not in _MENDABLE:
            raise AnswerProblem(AnswerFault.NOT_STRICT, problem.reason) from None
        if stripped.startswith('"') and stripped.count('"') == 1:
            raise AnswerProblem(AnswerFault.TRUNCATED) from None
    return recover(stripped)
