"""Google's generateContent, behind the port `ModelClient`.

Shapes: https://ai.google.dev/api/generate-content, and for errors
https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto. Nothing of
a provider's message is repeated, since it may quote the prompt.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

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

ENDPOINT: Final = "https://generativelanguage.googleapis.com/v1beta"
_ROLES: Final = {"assistant": "model"}
_FINISHES: Final = {
    "BLOCKLIST": AnswerStatus.REFUSED,
    "IMAGE_PROHIBITED_CONTENT": AnswerStatus.REFUSED,
    "IMAGE_RECITATION": AnswerStatus.REFUSED,
    "IMAGE_SAFETY": AnswerStatus.REFUSED,
    "LANGUAGE": AnswerStatus.REFUSED,
    "MODEL_ARMOR": AnswerStatus.REFUSED,
    "PROHIBITED_CONTENT": AnswerStatus.REFUSED,
    "RECITATION": AnswerStatus.REFUSED,
    "SAFETY": AnswerStatus.REFUSED,
    "SPII": AnswerStatus.REFUSED,
    "MALFORMED_RESPONSE": AnswerStatus.CUT,
    "MAX_TOKENS": AnswerStatus.CUT,
    "MALFORMED_FUNCTION_CALL": AnswerStatus.TOOL_USE,
    "TOO_MANY_TOOL_CALLS": AnswerStatus.TOOL_USE,
    "UNEXPECTED_TOOL_CALL": AnswerStatus.TOOL_USE,
}
_OURS: Final = ("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId")
_NONE_GRANTED: Final = re.compile(r"\blimit: 0\b")


class GeminiGenerate:
    """The dialect `gemini_generate`."""

    def __init__(self, exchange: ModelExchange) -> None:
        self._exchange = exchange

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Send *request* once and read the answer; foreign errors become statuses."""
        model = quote(request.target.model.removeprefix("models/"), safe="")
        reply = self._exchange.post(
            request,
            f"/models/{model}:generateContent",
            _body(request),
            otherwise=ENDPOINT,
            key_header="x-goog-api-key",
        )
        return reply if isinstance(reply, ModelAnswer) else read_reply(reply, request.schema_name)


def _body(request: ModelRequest) -> dict[str, Any]:
    system = [{"text": m["content"]} for m in request.messages if m["role"] == "system"]
    config: dict[str, Any] = {"maxOutputTokens": request.max_output_tokens}
    asked = request.asked
    if asked.temperature is not None:
        config["temperature"] = asked.temperature
    if asked.seed is not None:
        config["seed"] = asked.seed
    body: dict[str, Any] = {
        "contents": [
            {"role": _ROLES.get(m["role"], m["role"]), "parts": [{"text": m["content"]}]}
            for m in request.messages
            if m["role"] != "system"
        ],
        "generationConfig": config,
    }
    if system:
        body["systemInstruction"] = {"parts": system}
    schema = request.schema
    if request.form is Form.JSON_SCHEMA:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": schema}
    elif request.form is Form.TOOL:
        declared = {"name": request.schema_name, "parametersJsonSchema": schema}
        body["tools"] = [{"functionDeclarations": [declared]}]
        only = {"mode": "ANY", "allowedFunctionNames": [request.schema_name]}
        body["toolConfig"] = {"functionCallingConfig": only}
    elif request.form is Form.JSON_OBJECT:
        config["responseMimeType"] = "application/json"
    return body


def read_reply(reply: Reply, form: str = "") -> ModelAnswer:
    """Read one answer, whatever it is; a call of *form* is the answer itself."""
    body = fields_of(reply)
    if reply.status != OK or body.get("error"):
        return failed(reply, body, known=_known(body))
    if not any(name in body for name in _OURS):
        return unreadable(reply)
    candidate = next(iter(objects(body.get("candidates"))), {})
    parts = objects(fields(candidate.get("content")).get("parts"))
    called = [fields(part["functionCall"]) for part in parts if "functionCall" in part]
    calls = tuple(tool_call(c.get("id"), c.get("name"), c.get("args")) for c in called)
    text = joined([part for part in parts if not part.get("thought")])
    blocked = word(fields(body.get("promptFeedback")).get("blockReason"))
    finish = word(candidate.get("finishReason"))
    stopped = AnswerStatus.REFUSED if blocked else _FINISHES.get(finish)
    return ModelAnswer(
        stopped or status_of_content(text, calls, form),
        text=filled_form(calls, form) or text,
        tool_calls=calls,
        finish_reason=finish,
        usage=_usage(body.get("usageMetadata")),
        model=word(body.get("modelVersion")),
        provider_request_id=request_id(reply, body.get("responseId")),
        http_status=reply.status,
        why=blocked,
    )


def _known(body: Mapping[str, Any]) -> dict[str, AnswerStatus]:
    """Return what the error's code means where its prose decides.

    A quota of nothing is told as any other that is used up, with a wait that doesn't help.
    """
    message = fields(body.get("error")).get("message")
    if isinstance(message, str) and _NONE_GRANTED.search(message):
        return {"429": AnswerStatus.REJECTED, "RESOURCE_EXHAUSTED": AnswerStatus.REJECTED}
    return {}


def _usage(usage: Any) -> Usage | None:
    """Read the counts; the vendor leaves out those that are 0."""
    told = fields(usage)
    asked = count(told.get("promptTokenCount"))
    if asked is None:
        return None
    return Usage(
        asked,
        count(told.get("candidatesTokenCount")) or 0,
        cached_tokens=count(told.get("cachedContentTokenCount")),
        reasoning_tokens=count(told.get("thoughtsTokenCount")),
        reasoning_apart=True,
    )
