"""OpenAI's Responses, behind the port `ModelClient`; gateways that speak it too.

Shapes: https://platform.openai.com/docs/api-reference/responses. Nothing is stored at the
vendor's, and nothing of a provider's message is repeated, since it may quote the prompt.
"""

import hashlib
from typing import Any, Final

from functions.core.adapters.http_exchange import Reply
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.adapters.provider_answers import (
    count,
    fields,
    fields_of,
    filled_form,
    joined,
    objects,
    request_id,
    status_of_content,
    tool_call,
    word,
)
from functions.core.adapters.provider_errors import OK, failed, unreadable
from functions.core.domain.models import AnswerStatus, Form, ModelAnswer, ModelRequest, Usage

ENDPOINT: Final = "https://api.openai.com/v1"
_UNFINISHED: Final = ("cancelled", "in_progress", "queued")
_ERRORS: Final = {
    "image_content_policy_violation": AnswerStatus.REFUSED,
    "invalid_prompt": AnswerStatus.REFUSED,
}
"""Errors of an answer that is `failed`; a prompt is invalid where it breaks the vendor's policy."""


class OpenAiResponses:
    """The dialect `openai_responses`."""

    def __init__(self, exchange: ModelExchange) -> None:
        self._exchange = exchange

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Send *request* once and read the answer; foreign errors become statuses."""
        # The provider learns an id that tells a repeat, and nothing about runs.
        once = hashlib.sha256(request.attempt.encode()).hexdigest()
        reply = self._exchange.post(
            request,
            "/responses",
            _body(request),
            headers={"Idempotency-Key": once},
            otherwise=ENDPOINT,
        )
        return reply if isinstance(reply, ModelAnswer) else read_reply(reply, request.schema_name)


def _body(request: ModelRequest) -> dict[str, Any]:
    system = [m["content"] for m in request.messages if m["role"] == "system"]
    body: dict[str, Any] = {
        "model": request.target.model,
        "input": [dict(m) for m in request.messages if m["role"] != "system"],
        "max_output_tokens": request.max_output_tokens,
        "store": False,
    }
    if system:
        body["instructions"] = "\n\n".join(system)
    if request.asked.temperature is not None:
        body["temperature"] = request.asked.temperature
    schema = request.schema
    # The schema's form for strict mode is made for it; a tool's is JSON Schema as it is.
    strict = request.form is Form.JSON_SCHEMA
    described = {"name": request.schema_name, "strict": strict}
    if request.form is Form.JSON_SCHEMA:
        body["text"] = {"format": {"type": "json_schema", **described, "schema": schema}}
    elif request.form is Form.TOOL:
        body["tools"] = [{"type": "function", **described, "parameters": schema}]
        body["tool_choice"] = {"type": "function", "name": request.schema_name}
    elif request.form is Form.JSON_OBJECT:
        body["text"] = {"format": {"type": "json_object"}}
    return body


def read_reply(reply: Reply, form: str = "") -> ModelAnswer:
    """Read one answer, whatever it is; a call of *form* is the answer itself."""
    body = fields_of(reply)
    status, usage = word(body.get("status")), _usage(body.get("usage"))
    if reply.status != OK or body.get("error") or status == "failed":
        return failed(reply, body, known=_ERRORS if reply.status == OK else None, usage=usage)
    output = body.get("output")
    if not isinstance(output, list) or status in _UNFINISHED:
        return unreadable(reply)
    items = objects(output)
    parts = [
        part
        for item in items
        if item.get("type") == "message"
        for part in objects(item.get("content"))
    ]
    calls = tuple(
        tool_call(item.get("call_id") or item.get("id"), item.get("name"), item.get("arguments"))
        for item in items
        if item.get("type") == "function_call"
    )
    text = joined(parts)
    return ModelAnswer(
        _stopped(body, status, parts) or status_of_content(text, calls, form),
        text=filled_form(calls, form) or text,
        tool_calls=calls,
        finish_reason=_reason(body) or status,
        usage=usage,
        model=word(body.get("model")),
        provider_request_id=request_id(reply, body.get("id")),
        http_status=reply.status,
    )


def _reason(body: dict[str, Any]) -> str:
    return word(fields(body.get("incomplete_details")).get("reason"))


def _stopped(body: dict[str, Any], status: str, parts: list[dict[str, Any]]) -> AnswerStatus | None:
    """Return what the answer came to if it was stopped; None if it ended by itself."""
    blocked = any(each.get("blocked") is True for each in objects(body.get("content_filters")))
    declined = any(part.get("type") == "refusal" for part in parts)
    if blocked or declined or _reason(body) == "content_filter":
        return AnswerStatus.REFUSED
    return AnswerStatus.CUT if status == "incomplete" else None


def _usage(usage: Any) -> Usage | None:
    told = fields(usage)
    asked, answered = count(told.get("input_tokens")), count(told.get("output_tokens"))
    if asked is None or answered is None:
        return None
    prompt, answer = fields(told.get("input_tokens_details")), told.get("output_tokens_details")
    return Usage(
        asked,
        answered,
        cached_tokens=count(prompt.get("cached_tokens")),
        written_tokens=count(prompt.get("cache_write_tokens")),
        reasoning_tokens=count(fields(answer).get("reasoning_tokens")),
    )
