"""Amazon Bedrock's Converse, behind the port `ModelClient`: the function's own role, no key.

Shapes: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. The
request goes through the same exchange as every other dialect's, signed, since an SDK client
neither bounds an answer's size nor takes a deadline for each call. Nothing of a provider's
message is repeated, since it may quote the prompt.
"""

import json
import re
from typing import Any, Final
from urllib.parse import quote

from functions.core.adapters.http_exchange import Reply
from functions.core.adapters.model_exchange import CODE, ModelExchange, is_count, joined, word
from functions.core.domain.canonical import NotCanonical, canonical
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.schemas import public_schema

ENDPOINT: Final = "https://bedrock-runtime.{region}.amazonaws.com"
_OK: Final = 200
_STOPS: Final = {
    "content_filtered": AnswerStatus.REFUSED,
    "guardrail_intervened": AnswerStatus.REFUSED,
    "max_tokens": AnswerStatus.CUT,
    "model_context_window_exceeded": AnswerStatus.CUT,
}
_ERRORS: Final = {
    "ThrottlingException": AnswerStatus.THROTTLED,
    "ModelNotReadyException": AnswerStatus.THROTTLED,
    "ServiceUnavailableException": AnswerStatus.UNAVAILABLE,
}
_STATUSES: Final = {
    408: AnswerStatus.UNKNOWN,
    413: AnswerStatus.TOO_LARGE,
    424: AnswerStatus.UNKNOWN,
    429: AnswerStatus.THROTTLED,
    503: AnswerStatus.UNAVAILABLE,
}
_TOO_LARGE: Final = re.compile(
    r"input tokens exceed|input is too long|too many (?:input )?tokens|maximum context"
    r"|context (?:window|length)|prompt is too long|exceeds? the (?:maximum|limit).{0,40}token",
    re.IGNORECASE,
)


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
    body: dict[str, Any] = {
        "messages": [
            {"role": m["role"], "content": [{"text": m["content"]}]}
            for m in request.messages
            if m["role"] != "system"
        ],
        "inferenceConfig": {"maxTokens": request.max_output_tokens, "temperature": 0},
    }
    if system:
        body["system"] = system
    schema = public_schema(request.schema)
    if "json_schema" in request.target.capabilities:
        described = {"name": request.schema_name, "schema": canonical(schema).decode()}
        body["outputConfig"] = {
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": described}}
        }
    elif "tool" in request.target.capabilities:
        tool = {"name": request.schema_name, "inputSchema": {"json": schema}}
        body["toolConfig"] = {
            "tools": [{"toolSpec": tool}],
            "toolChoice": {"tool": {"name": request.schema_name}},
        }
    return body


def read_reply(reply: Reply, tool: str = "") -> ModelAnswer:
    """Read one answer of Bedrock; a call of *tool* is the answer's own form."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    fields = body if isinstance(body, dict) else {}
    if reply.status != _OK:
        return _failure(reply, fields)
    output = fields.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return ModelAnswer(AnswerStatus.UNKNOWN, http_status=reply.status, why="not a completion")
    stop = word(fields.get("stopReason"))
    called = [part["toolUse"] for part in content if isinstance(part, dict) and "toolUse" in part]
    text = _input_of(called, tool) or joined(content) or ""
    return ModelAnswer(
        _status(stop, text, called, tool),
        text=text,
        finish_reason=stop,
        usage=_usage(fields.get("usage")),
        provider_request_id=word(reply.headers.get("x-amzn-requestid")),
        http_status=reply.status,
    )


def _input_of(called: list[Any], tool: str) -> str:
    """Return what the declared tool was called with, as the JSON text it stands for."""
    mine = [use for use in called if isinstance(use, dict) and tool and use.get("name") == tool]
    if len(mine) != 1 or len(called) != 1:
        return ""
    try:
        return canonical(mine[0].get("input")).decode()
    except NotCanonical:
        return ""


def _status(stop: str, text: str, called: list[Any], tool: str) -> AnswerStatus:
    if stop in _STOPS:
        return _STOPS[stop]
    if called and not _input_of(called, tool):
        return AnswerStatus.TOOL_USE
    return AnswerStatus.ANSWERED if text.strip() else AnswerStatus.EMPTY


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    asked, answered = usage.get("inputTokens"), usage.get("outputTokens")
    if not is_count(asked) or not is_count(answered):
        return None
    cached = usage.get("cacheReadInputTokens")
    return Usage(asked, answered, cached if is_count(cached) else None)


def _failure(reply: Reply, fields: dict[str, Any]) -> ModelAnswer:
    kind = word(reply.headers.get("x-amzn-errortype", "").partition(":")[0], CODE)
    return ModelAnswer(
        _status_of_failure(reply, kind, str(fields.get("message", ""))),
        provider_request_id=word(reply.headers.get("x-amzn-requestid")),
        wait_seconds=reply.wait_seconds,
        http_status=reply.status,
        why=f"{reply.status} {kind}".strip(),
    )


def _status_of_failure(reply: Reply, kind: str, message: str) -> AnswerStatus:
    if kind in _ERRORS:
        return _ERRORS[kind]
    if _TOO_LARGE.search(message):
        return AnswerStatus.TOO_LARGE
    if reply.status in _STATUSES:
        return _STATUSES[reply.status]
    return AnswerStatus.UNKNOWN if reply.status >= 500 else AnswerStatus.REJECTED  # noqa: PLR2004
