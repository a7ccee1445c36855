"""Amazon Bedrock's Converse, behind the port `ModelClient`: the function's own role, no key.

Shapes: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. The
request goes through the same exchange as every other dialect's, signed, since an SDK client
neither bounds an answer's size nor takes a deadline for each call. Nothing of a provider's
message is repeated, since it may quote the prompt.
"""

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
from functions.core.domain.canonical import canonical
from functions.core.domain.models import AnswerStatus, Form, ModelAnswer, ModelRequest, Usage

ENDPOINT: Final = "https://bedrock-runtime.{region}.amazonaws.com"
_STOPS: Final = {
    "content_filtered": AnswerStatus.REFUSED,
    "guardrail_intervened": AnswerStatus.REFUSED,
    "refusal": AnswerStatus.REFUSED,
    "max_tokens": AnswerStatus.CUT,
    "model_context_window_exceeded": AnswerStatus.CUT,
    "malformed_model_output": AnswerStatus.CUT,
    "malformed_tool_use": AnswerStatus.TOOL_USE,
}
_ERRORS: Final = {
    "ThrottlingException": AnswerStatus.THROTTLED,
    "ModelNotReadyException": AnswerStatus.THROTTLED,
    "ServiceUnavailableException": AnswerStatus.UNAVAILABLE,
}


class BedrockConverse:
    """The dialect `bedrock_converse`.

    Parameters
    ----------
    exchange
        Sends the requests, signed.
    region
        Where a target is called that names no region.
    """

    def __init__(self, exchange: ModelExchange, region: str) -> None:
        self._exchange = exchange
        self._region = region

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Send *request* once and read the answer; foreign errors become statuses."""
        path = f"/model/{quote(request.target.model, safe='')}/converse"
        region = request.target.region or self._region
        reply = self._exchange.post(
            request, path, _body(request), otherwise=ENDPOINT.format(region=region)
        )
        return reply if isinstance(reply, ModelAnswer) else read_reply(reply, request.schema_name)


def _body(request: ModelRequest) -> dict[str, Any]:
    system = [{"text": m["content"]} for m in request.messages if m["role"] == "system"]
    bounds: dict[str, Any] = {"maxTokens": request.max_output_tokens}
    if request.asked.temperature is not None:
        bounds["temperature"] = request.asked.temperature
    body: dict[str, Any] = {
        "messages": [
            {"role": m["role"], "content": [{"text": m["content"]}]}
            for m in request.messages
            if m["role"] != "system"
        ],
        "inferenceConfig": bounds,
    }
    if system:
        body["system"] = system
    schema = request.schema
    if request.form is Form.JSON_SCHEMA:
        described = {"name": request.schema_name, "schema": canonical(schema).decode()}
        body["outputConfig"] = {
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": described}}
        }
    elif request.form is Form.TOOL:
        tool = {"name": request.schema_name, "inputSchema": {"json": schema}}
        body["toolConfig"] = {
            "tools": [{"toolSpec": tool}],
            "toolChoice": {"tool": {"name": request.schema_name}},
        }
    return body


def read_reply(reply: Reply, form: str = "") -> ModelAnswer:
    """Read one answer of Bedrock; a call of *form* is the answer itself."""
    body = fields_of(reply)
    if reply.status != OK:
        return failed(reply, body, known=_ERRORS)
    content = fields(fields(body.get("output")).get("message")).get("content")
    if not isinstance(content, list):
        return unreadable(reply)
    uses = [fields(part["toolUse"]) for part in objects(content) if "toolUse" in part]
    calls = tuple(tool_call(u.get("toolUseId"), u.get("name"), u.get("input")) for u in uses)
    text, stop = joined(content), word(body.get("stopReason"))
    return ModelAnswer(
        _STOPS.get(stop) or status_of_content(text, calls, form),
        text=filled_form(calls, form) or text,
        tool_calls=calls,
        finish_reason=stop,
        usage=_usage(body.get("usage")),
        provider_request_id=request_id(reply),
        http_status=reply.status,
    )


def _usage(usage: Any) -> Usage | None:
    told = fields(usage)
    asked, answered = count(told.get("inputTokens")), count(told.get("outputTokens"))
    if asked is None or answered is None:
        return None
    return Usage(
        asked,
        answered,
        cached_tokens=count(told.get("cacheReadInputTokens")),
        written_tokens=count(told.get("cacheWriteInputTokens")),
        cached_apart=True,
    )
