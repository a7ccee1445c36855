"""Any endpoint that speaks OpenAI's chat completions, behind the port `ModelClient`.

Shapes: https://platform.openai.com/docs/api-reference/chat; what other providers add or leave
out is tolerated. Nothing of a provider's message is repeated, since it may quote the prompt.
"""

import hashlib
from collections.abc import Mapping
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
from functions.core.domain.models import (
    AnswerStatus,
    Form,
    ModelAnswer,
    ModelRequest,
    ToolCall,
    Usage,
)

_FINISHES: Final = {
    "content_filter": AnswerStatus.REFUSED,
    "refusal": AnswerStatus.REFUSED,
    "safety": AnswerStatus.REFUSED,
    "sensitive": AnswerStatus.REFUSED,
    "abort": AnswerStatus.UNKNOWN,
    "error": AnswerStatus.UNKNOWN,
    "insufficient_system_resource": AnswerStatus.UNKNOWN,
    "network_error": AnswerStatus.UNKNOWN,
    "length": AnswerStatus.CUT,
    "max_tokens": AnswerStatus.CUT,
    "model_context_window_exceeded": AnswerStatus.CUT,
    "model_length": AnswerStatus.CUT,
}
"""Ends that decide, OpenAI's and those that others add."""


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
        return reply if isinstance(reply, ModelAnswer) else read_reply(reply, request.schema_name)


def _body(request: ModelRequest) -> dict[str, Any]:
    target, asked = request.target, request.asked
    body: dict[str, Any] = {
        "model": target.model,
        "messages": list(request.messages),
        target.output_limit: request.max_output_tokens,
    }
    if asked.temperature is not None:
        body["temperature"] = asked.temperature
    if asked.seed is not None:
        body[target.seed_parameter] = asked.seed
    schema = request.schema
    # The schema's form for strict mode is made for it; a tool's is JSON Schema as it is.
    strict = request.form is Form.JSON_SCHEMA
    described = {"name": request.schema_name, "strict": strict}
    if request.form is Form.JSON_SCHEMA:
        form = {**described, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    elif request.form is Form.TOOL:
        body["tools"] = [{"type": "function", "function": {**described, "parameters": schema}}]
        body["tool_choice"] = {"type": "function", "function": {"name": request.schema_name}}
    elif request.form is Form.JSON_OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def read_reply(reply: Reply, form: str = "") -> ModelAnswer:
    """Read one answer of a provider, whatever it is; a call of *form* is the answer itself."""
    body = fields_of(reply)
    if reply.status != OK or body.get("error"):
        return failed(reply, body)
    choice = next(iter(objects(body.get("choices"))), {})
    if error := choice.get("error"):  # a gateway's upstream failed after the headers were sent
        return failed(reply, body, error=error, usage=_usage(body.get("usage")))
    message, finish = fields(choice.get("message")), word(choice.get("finish_reason"))
    stopped = _stopped(body, choice, finish)
    if stopped is None and not isinstance(choice.get("message"), dict):
        return unreadable(reply)
    text, calls = joined(message.get("content")), _calls(message)
    return ModelAnswer(
        stopped or status_of_content(text, calls, form),
        text=filled_form(calls, form) or text,
        tool_calls=calls,
        finish_reason=finish,
        usage=_usage(body.get("usage")),
        model=word(body.get("model")),
        provider_request_id=request_id(reply, body.get("id")),
        http_status=reply.status,
    )


def _stopped(body: Mapping[str, Any], choice: dict[str, Any], finish: str) -> AnswerStatus | None:
    """Return what the answer came to if it was stopped; None if it ended by itself."""
    message = fields(choice.get("message"))
    declined = message.get("refusal") or any(
        part.get("type") == "refusal" for part in objects(message.get("content"))
    )
    judged = [choice, *objects(body.get("prompt_filter_results"))]
    verdicts = [
        each for one in judged for each in fields(one.get("content_filter_results")).values()
    ]
    if declined or any(fields(verdict).get("filtered") is True for verdict in verdicts):
        return AnswerStatus.REFUSED
    return _FINISHES.get(finish.lower())


def _calls(message: dict[str, Any]) -> tuple[ToolCall, ...]:
    asked = objects(message.get("tool_calls"))
    calls = [(each.get("id"), fields(each.get("function"))) for each in asked]
    if isinstance(message.get("function_call"), dict):  # the form before tools
        calls.append((None, message["function_call"]))
    return tuple(tool_call(id_, made.get("name"), made.get("arguments")) for id_, made in calls)


def _usage(usage: Any) -> Usage | None:
    told = fields(usage)
    asked, answered = count(told.get("prompt_tokens")), count(told.get("completion_tokens"))
    total = count(told.get("total_tokens"))
    if asked is not None and answered is None and total is not None:
        answered = count(total - asked)  # some leave out what is 0
    if asked is None or answered is None:
        return None
    prompt = fields(told.get("prompt_tokens_details"))
    reasoning = count(fields(told.get("completion_tokens_details")).get("reasoning_tokens"))
    cached = (prompt.get("cached_tokens"), told.get("prompt_cache_hit_tokens"))
    return Usage(
        asked,
        answered,
        cached_tokens=next((n for each in cached if (n := count(each)) is not None), None),
        written_tokens=count(prompt.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
        # Some count reasoning on top; their own total tells.
        reasoning_apart=bool(reasoning) and total == asked + answered + (reasoning or 0),
    )
