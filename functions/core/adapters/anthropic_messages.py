"""Anthropic's Messages, behind the port `ModelClient`; gateways that speak it too.

Shapes: https://docs.claude.com/en/api/messages and /en/api/errors, version 2023-06-01. Nothing
of a provider's message is repeated, since it may quote the prompt.
"""

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

ENDPOINT: Final = "https://api.anthropic.com"
VERSION: Final = "2023-06-01"
_STOPS: Final = {
    "refusal": AnswerStatus.REFUSED,
    "max_tokens": AnswerStatus.CUT,
    "model_context_window_exceeded": AnswerStatus.CUT,
    # a tool of the vendor's own is not done; none was asked for
    "pause_turn": AnswerStatus.TOOL_USE,
}


class AnthropicMessages:
    """The dialect `anthropic_messages`."""

    def __init__(self, exchange: ModelExchange) -> None:
        self._exchange = exchange

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Send *request* once and read the answer; foreign errors become statuses."""
        reply = self._exchange.post(
            request,
            "/v1/messages",
            _body(request),
            headers={"anthropic-version": VERSION},
            otherwise=ENDPOINT,
            key_header="x-api-key",
        )
        return reply if isinstance(reply, ModelAnswer) else read_reply(reply, request.schema_name)


def _body(request: ModelRequest) -> dict[str, Any]:
    system = [m["content"] for m in request.messages if m["role"] == "system"]
    body: dict[str, Any] = {
        "model": request.target.model,
        "max_tokens": request.max_output_tokens,
        "messages": [dict(m) for m in request.messages if m["role"] != "system"],
    }
    if system:
        body["system"] = "\n\n".join(system)
    if request.asked.temperature is not None:
        body["temperature"] = request.asked.temperature
    schema = request.schema
    if request.form is Form.JSON_SCHEMA:
        body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    elif request.form is Form.TOOL:
        body["tools"] = [{"name": request.schema_name, "input_schema": schema}]
        body["tool_choice"] = {
            "type": "tool",
            "name": request.schema_name,
            "disable_parallel_tool_use": True,
        }
    return body


def read_reply(reply: Reply, form: str = "") -> ModelAnswer:
    """Read one answer, whatever it is; a call of *form* is the answer itself."""
    body = fields_of(reply)
    if reply.status != OK or body.get("error"):
        return failed(reply, body)
    content = body.get("content")
    if not isinstance(content, list):
        return unreadable(reply)
    uses = [part for part in objects(content) if part.get("type") == "tool_use"]
    calls = tuple(tool_call(u.get("id"), u.get("name"), u.get("input")) for u in uses)
    text, stop = joined(content), word(body.get("stop_reason"))
    return ModelAnswer(
        _STOPS.get(stop) or status_of_content(text, calls, form),
        text=filled_form(calls, form) or text,
        tool_calls=calls,
        finish_reason=stop,
        usage=_usage(body.get("usage")),
        model=word(body.get("model")),
        provider_request_id=request_id(reply, body.get("id")),
        http_status=reply.status,
    )


def _usage(usage: Any) -> Usage | None:
    told = fields(usage)
    asked, answered = count(told.get("input_tokens")), count(told.get("output_tokens"))
    if asked is None or answered is None:
        return None
    return Usage(
        asked,
        answered,
        cached_tokens=count(told.get("cache_read_input_tokens")),
        written_tokens=count(told.get("cache_creation_input_tokens")),
        cached_apart=True,
    )
