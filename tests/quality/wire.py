"""Reads recorded answers of model providers with the deployed adapters, and compares.

A recording is a file of `wire/responses`: `dialect`, `response` (status, headers, body or
body_text) and `expect`. Each answer is read as the answer to a request that sent no form, so a
tool call is a tool call.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from functions.core.adapters import (
    anthropic_messages,
    bedrock_converse,
    gemini_generate,
    openai_chat,
    openai_responses,
)
from functions.core.adapters.http_exchange import Reply
from functions.core.adapters.waits import span
from functions.core.domain.models import AnswerStatus, ModelAnswer, Usage
from tests.quality.agreement import Agreement

RESPONSES: Final = Path("wire/responses")
S = AnswerStatus

READERS: Final[Mapping[str, Callable[[Reply], ModelAnswer]]] = {
    "anthropic_messages": anthropic_messages.read_reply,
    "bedrock_converse": bedrock_converse.read_reply,
    "gemini_generate": gemini_generate.read_reply,
    "openai_chat": openai_chat.read_reply,
    "openai_responses": openai_responses.read_reply,
}

CLASSES: Final[Mapping[str, tuple[AnswerStatus, ...]]] = {
    "ok": (S.ANSWERED,),
    "ok_fenced": (S.ANSWERED,),
    "ok_json": (S.ANSWERED,),
    "empty": (S.EMPTY,),
    "tool_use": (S.TOOL_USE,),
    "max_tokens": (S.CUT,),
    "refusal": (S.REFUSED,),
    "content_filtered": (S.REFUSED,),
    "rate_limited": (S.THROTTLED,),
    "overloaded": (S.THROTTLED, S.UNAVAILABLE),
    "unavailable": (S.THROTTLED, S.UNAVAILABLE),
    "service_unavailable": (S.THROTTLED, S.UNAVAILABLE),
    "api_error": (S.UNKNOWN, S.UNAVAILABLE),
    "server_error": (S.UNKNOWN, S.UNAVAILABLE),
    "timeout": (S.UNKNOWN,),
    "context_length_exceeded": (S.TOO_LARGE,),
    "request_too_large": (S.TOO_LARGE,),
    "auth": (S.REJECTED,),
    "auth_error": (S.REJECTED,),
    "authentication": (S.REJECTED,),
    "authentication_error": (S.REJECTED,),
    "billing": (S.REJECTED,),
    "billing_error": (S.REJECTED,),
    "insufficient_quota": (S.REJECTED,),
    "invalid_request": (S.REJECTED,),
    "model_not_found": (S.REJECTED,),
    "not_found": (S.REJECTED,),
    "payment_required": (S.REJECTED,),
    "permission_denied": (S.REJECTED,),
    "permission_error": (S.REJECTED,),
    "quota_exceeded": (S.REJECTED,),
    "quota_exhausted": (S.REJECTED,),
}
"""What a recording calls an outcome -> the statuses that say the same."""

_COUNTS: Final[Mapping[str, Callable[[Usage], int | None]]] = {
    "input_tokens": lambda usage: usage.input_tokens,
    "output_tokens": lambda usage: usage.output_tokens,
    "cached_input_tokens": lambda usage: usage.cached_tokens,
    "cache_write_input_tokens": lambda usage: usage.written_tokens,
    "reasoning_tokens": lambda usage: usage.reasoning_tokens,
}
_TOTALS: Final = ("input_tokens", "output_tokens")
"""Counts that are 0 here where a provider left them out."""


def recordings(data: Path) -> Agreement:
    """Read every recording below *data*; a row is wrong if anything of it is read otherwise."""
    found = Agreement()
    for file in sorted((data / RESPONSES).glob("*.json")):
        found.rows += 1
        recorded = json.loads(file.read_text(encoding="utf-8"))
        problems = list(_problems(recorded))
        if problems:
            found.wrong.append(f"{recorded.get('id', file.stem)}: {'; '.join(problems)}")
    return found


def _problems(recorded: Mapping[str, Any]) -> Iterator[str]:
    reader = READERS.get(recorded["dialect"])
    if reader is None:
        yield f"no dialect {recorded['dialect']}"
        return
    answer, expected = reader(reply_of(recorded["response"])), recorded["expect"]
    if answer.status not in CLASSES.get(expected["class"], ()):
        yield f"class {answer.status} for {expected['class']}"
    for name, seen in _read(answer).items():
        due = _comparable(name, expected.get(name))
        if name in expected and seen != due:
            yield f"{name} {seen!r} for {due!r}"
    for name, due in (expected.get("usage") or {}).items():
        if name not in _COUNTS:
            yield f"{name} is not counted"
            continue
        counted = _COUNTS[name](answer.usage) if answer.usage else None
        left_out = due is None and name in _TOTALS and not counted
        if counted != due and not left_out:
            yield f"{name} {counted} for {due}"


def _read(answer: ModelAnswer) -> dict[str, Any]:
    calls = [(call.id, call.name, call.arguments) for call in answer.tool_calls]
    return {
        "retryable": answer.status.retryable,
        "text": answer.text,
        "tool_calls": calls,
        "stop_reason_raw": answer.finish_reason,
        "model": answer.model,
        "retry_after_s": answer.wait_seconds,
    }


def _comparable(name: str, due: Any) -> Any:
    if name == "tool_calls":
        calls = due or []
        return [(call.get("id") or "", call.get("name"), call.get("arguments")) for call in calls]
    if name == "retry_after_s":
        return _seconds(due)
    return due if isinstance(due, bool) else due or ""


def _seconds(due: Any) -> Any:
    """Return a wait as a number; one that is neither number nor span stays as it is written."""
    try:
        return None if due is None else float(due)
    except ValueError:
        return span(due) or due


def reply_of(response: Mapping[str, Any]) -> Reply:
    """Return a recorded response as the transport would hand it over."""
    headers = [
        (name, value)
        for name, values in (response.get("headers") or {}).items()
        for value in (values if isinstance(values, list) else [values])
    ]
    body, text = response.get("body"), response.get("body_text")
    if not isinstance(text, str):
        text = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
    return Reply(response["status"], httpx.Headers(headers, encoding="utf-8"), text.encode())
