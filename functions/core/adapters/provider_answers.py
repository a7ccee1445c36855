"""Reading what a provider sent: words fit for records, counts, texts, tool calls, forms.

Whatever stands in a body may be of any type; nothing here raises over it, and nothing of a
provider's prose is let out other than as the answer's own text.
"""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from functions.core.adapters.http_exchange import Reply
from functions.core.domain.canonical import NotCanonical, canonical, parse_strict
from functions.core.domain.errors import InvalidJson
from functions.core.domain.models import AnswerStatus, ToolCall

NAME: Final = re.compile(r"[A-Za-z0-9_.:/@-]{1,128}")
CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_REQUEST_IDS: Final = (
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "mistral-correlation-id",
)
_MOST_COUNTED: Final = 1_000_000_000_000
_TEXTS: Final = ("text", "output_text")


def fields_of(reply: Reply) -> dict[str, Any]:
    """Return the fields of the body; none where it is no JSON object.

    A list of one object counts as that object: Google's gateways wrap their errors so.
    """
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    return body if isinstance(body, dict) else {}


def fields(value: Any) -> dict[str, Any]:
    """Return *value* if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; none where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def word(value: Any, form: re.Pattern[str] = NAME) -> str:
    """Return *value* if it is a plain word, fit for logs and evidence; else nothing."""
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def count(value: Any) -> int | None:
    """Return *value* if it counts something that there can be; else None."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= _MOST_COUNTED else None


def first_word(candidates: Iterable[Any]) -> str:
    """Return the first of *candidates* that is a plain word."""
    return next(filter(None, map(word, candidates)), "")


def request_id(reply: Reply, *others: Any) -> str:
    """Return the id under which the provider knows the request: from a header, else *others*."""
    return first_word([*(reply.headers.get(name) for name in _REQUEST_IDS), *others])


def joined(parts: Any) -> str:
    """Return the text of a message, also where it comes in parts; nothing if it is no text.

    Reasoning, citations and refusals are parts of other types, and no text of the answer.
    """
    if isinstance(parts, list):
        texts = [part.get("text") for part in objects(parts) if part.get("type", "text") in _TEXTS]
        parts = "".join(text for text in texts if isinstance(text, str))
    if not isinstance(parts, str):
        return ""
    try:
        parts.encode()
    except UnicodeEncodeError:
        return ""  # lone surrogates: nothing that could be kept or hashed
    return parts


def tool_call(call_id: Any, name: Any, arguments: Any) -> ToolCall:
    """Return a call as data; arguments that came as JSON text are read, others stay as sent."""
    if isinstance(arguments, str):
        with suppress(InvalidJson):  # no JSON, or doubtful: kept as the text that it is
            arguments = parse_strict(arguments)
    return ToolCall(
        call_id if isinstance(call_id, str) else "",
        name if isinstance(name, str) else "",
        arguments,
    )


def filled_form(calls: Sequence[ToolCall], form: str) -> str:
    """Return the answer where the schema was sent as a tool: its input, as JSON text.

    Nothing where the model called another tool, or more than one. An input that is no JSON is
    left as it is, since what is wrong with an answer is said in one place.
    """
    if not form or len(calls) != 1 or calls[0].name != form:
        return ""
    filled = calls[0].arguments
    if isinstance(filled, str):
        return joined(filled)
    try:
        return canonical(filled).decode() if isinstance(filled, dict) else ""
    except (NotCanonical, RecursionError):
        return ""


def status_of_content(text: str, calls: Sequence[ToolCall], form: str) -> AnswerStatus:
    """Say what an answer came to that nothing stopped: by what it holds."""
    if calls:
        return AnswerStatus.ANSWERED if filled_form(calls, form) else AnswerStatus.TOOL_USE
    return AnswerStatus.ANSWERED if text.strip() else AnswerStatus.EMPTY
