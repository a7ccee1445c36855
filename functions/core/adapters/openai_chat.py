"""Any endpoint that speaks OpenAI's chat completions, behind the port `ModelClient`.

Shapes: https://platform.openai.com/docs/api-reference/chat; what other providers add or leave
out is tolerated. Nothing of a provider's message is repeated, since it may quote the prompt.
"""

import hashlib
import json
import re
from typing import Any, Final

from functions.core.adapters.http_exchange import Reply
from functions.core.adapters.model_exchange import CODE, ModelExchange, is_count, joined, word
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.schemas import public_schema

_OK: Final = 200
_STATUSES: Final = {
    408: AnswerStatus.UNKNOWN,
    409: AnswerStatus.UNAVAILABLE,
    413: AnswerStatus.TOO_LARGE,
    429: AnswerStatus.THROTTLED,
    503: AnswerStatus.UNAVAILABLE,
    529: AnswerStatus.THROTTLED,
}
_CODES: Final = {
    "content_filter": AnswerStatus.REFUSED,
    "content_policy_violation": AnswerStatus.REFUSED,
    "context_length_exceeded": AnswerStatus.TOO_LARGE,
    "insufficient_quota": AnswerStatus.REJECTED,
    "string_above_max_length": AnswerStatus.TOO_LARGE,
}
_TOO_LARGE: Final = re.compile(
    r"request too large|maximum context length|context window|prompt is too long"
    r"|too many tokens|input is too long|reduce the length",
    re.IGNORECASE,
)
_FILTERED: Final = re.compile(r"content management policy|content filter", re.IGNORECASE)


class OpenAiChat:
    """The dialect `openai_chat`."""

    def __init__(self, exchange: ModelExchange) -> None:
        self._exchange = exchange

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Send *request* once and read the answer; foreign errors become statuses."""
        # The provider learns an id that tells a repeat, and nothing about runs.
        once = hashlib.sha256(request.attempt.encode()).hexdigest()
        headers = {"Idempotency-Key": once}
        reply = self._exchange.post(request, "/chat/completions", _body(request), headers=headers)
        return reply if isinstance(reply, ModelAnswer) else read_reply(reply)


def _body(request: ModelRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.target.model,
        "messages": list(request.messages),
        "max_tokens": request.max_output_tokens,
        "temperature": 0,
    }
    if "json_schema" in request.target.capabilities:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                "name": request.schema_name,
                "schema": public_schema(request.schema),
                # Strict mode takes a subset of JSON Schema only; the whole is checked here.
                "strict": False,
            },
        }
    elif "json_object" in request.target.capabilities:
        body["response_format"] = {"type": "json_object"}
    return body


def read_reply(reply: Reply) -> ModelAnswer:
    """Read one answer of a provider, whatever it is."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    fields = body if isinstance(body, dict) else {}
    error = fields.get("error")
    if reply.status == _OK and not error:
        return _completion(reply, fields)
    return _failure(reply, error if isinstance(error, dict) else {})


def _failure(reply: Reply, error: dict[str, Any]) -> ModelAnswer:
    code = next((c for c in (error.get("code"), error.get("type")) if isinstance(c, str)), "")
    status = _status_of_failure(reply, error, code)
    return ModelAnswer(
        status,
        provider_request_id=word(reply.headers.get("x-request-id")),
        wait_seconds=reply.wait_seconds,
        http_status=reply.status,
        why=f"{reply.status} {word(code, CODE)}".strip(),
    )


def _status_of_failure(reply: Reply, error: dict[str, Any], code: str) -> AnswerStatus:
    message = str(error.get("message", ""))
    if code in _CODES:
        return _CODES[code]
    if _TOO_LARGE.search(message):
        return AnswerStatus.TOO_LARGE
    if _FILTERED.search(message):
        return AnswerStatus.REFUSED
    status = reply.status
    if status == _OK:  # some gateways answer 200 and put the true status into the error
        told = error.get("code")
        status = told if isinstance(told, int) else 500
    if status == 503 and reply.wait_seconds is not None:  # noqa: PLR2004
        return AnswerStatus.THROTTLED
    if status in _STATUSES:
        return _STATUSES[status]
    return AnswerStatus.UNKNOWN if status >= 500 else AnswerStatus.REJECTED  # noqa: PLR2004


def _completion(reply: Reply, body: dict[str, Any]) -> ModelAnswer:
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return ModelAnswer(AnswerStatus.UNKNOWN, http_status=reply.status, why="not a completion")
    text = joined(message.get("content"))
    finish = choice.get("finish_reason")
    finish = finish if isinstance(finish, str) else ""
    return ModelAnswer(
        _status_of_completion(message, text, finish),
        text=text or "",
        finish_reason=word(finish),
        usage=_usage(body.get("usage")),
        model=word(body.get("model")),
        provider_request_id=word(reply.headers.get("x-request-id") or body.get("id")),
        http_status=reply.status,
    )


def _status_of_completion(message: dict[str, Any], text: str | None, finish: str) -> AnswerStatus:
    if message.get("refusal") or finish == "content_filter":
        return AnswerStatus.REFUSED
    if finish == "length":
        return AnswerStatus.CUT
    if message.get("tool_calls") or message.get("function_call"):
        return AnswerStatus.TOOL_USE
    return AnswerStatus.ANSWERED if text and text.strip() else AnswerStatus.EMPTY


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    asked, answered = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not is_count(asked) or not is_count(answered):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return Usage(asked, answered, cached if is_count(cached) else None)
