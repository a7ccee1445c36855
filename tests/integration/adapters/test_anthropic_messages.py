"""Anthropic's Messages over a real connection: every wrong answer has its status."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.core.adapters.anthropic_messages import AnthropicMessages
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.domain.models import AnswerStatus, ModelAnswer, ToolCall, Usage
from tests.integration.adapters.asking import NAME, PUBLIC, a_request
from tests.integration.adapters.scripted_server import Script, answers, closes, floods, scripted

S = AnswerStatus
ADDRESSES: dict[str, str] = {}
exchange = ModelExchange(ADDRESSES, lambda secret: f"key of {secret}")
client = AnthropicMessages(exchange)


@pytest.fixture(scope="module", autouse=True)
def _client() -> Iterator[None]:
    yield
    exchange.close()


def ask(url: str, **target: Any) -> ModelAnswer:
    """Send the request to *url*."""
    ADDRESSES[NAME] = url
    return client.complete(a_request("anthropic_messages", **target))


def message(*content: Any, stop: Any = "end_turn", usage: Any = ...) -> bytes:
    """Return the body of an answer."""
    counted = {"input_tokens": 7, "output_tokens": 3}
    return json.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "small-1-2026",
            "content": list(content),
            "stop_reason": stop,
            "usage": counted if usage is ... else usage,
        }
    ).encode()


def text(said: Any = "planted answer") -> dict[str, Any]:
    """Return a block of text."""
    return {"type": "text", "text": said}


def use(name: Any = "answer", **given: Any) -> dict[str, Any]:
    """Return a call of a tool."""
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": given}


def refusal(kind: str, status: str, said: Any = "planted", **headers: str) -> Script:
    """Return an error as the vendor sends it."""
    error = {"type": kind, "message": said}
    body = {"type": "error", "error": error, "request_id": "req_9"}
    return answers(status, json.dumps(body).encode(), **headers)


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ({}, {"temperature": 0}),
        ({"takes_temperature": False}, {}),
        (
            {"capabilities": ["json_schema"]},
            {
                "temperature": 0,
                "output_config": {"format": {"type": "json_schema", "schema": PUBLIC}},
            },
        ),
        (
            {"capabilities": ["tool"]},
            {
                "temperature": 0,
                "tools": [{"name": "answer", "input_schema": PUBLIC}],
                "tool_choice": {
                    "type": "tool",
                    "name": "answer",
                    "disable_parallel_tool_use": True,
                },
            },
        ),
    ],
    ids=["prompt", "no temperature", "json_schema", "tool"],
)
def test_a_request_is_what_the_vendor_publishes(target: Any, sent: Any) -> None:
    """Its own key header and version, system apart, the bound, and the strongest form."""
    with scripted(answers("200 OK", message(text()))) as server:
        ask(f"{server.url}/", secret="small_key", **target)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/messages HTTP/1.1")
    assert b"x-api-key: key of small_key" in head.lower()
    assert b"anthropic-version: 2023-06-01" in head.lower()
    assert b"authorization" not in head.lower()
    assert b"Step.1" not in server.requests[0]
    assert json.loads(body) == {
        "model": "small-1",
        "max_tokens": 50,
        "system": "Say a or b.",
        "messages": [
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": '{"label":"a"}'},
            {"role": "user", "content": "planted question"},
        ],
        **sent,
    }


def test_a_gateway_may_want_a_bearer_key() -> None:
    """The catalog says so, and the vendor's own header stays out."""
    with scripted(answers("200 OK", message(text()))) as server:
        ask(server.url, secret="small_key", key_header="Authorization")

    head = server.requests[0].partition(b"\r\n\r\n")[0].lower()
    assert b"authorization: bearer key of small_key" in head
    assert b"x-api-key" not in head


def test_an_answer_has_text_usage_model_and_id() -> None:
    """Cached tokens come on top of the input; thinking is no text of the answer."""
    thinking = {"type": "thinking", "thinking": "planted", "text": "planted"}
    usage = {
        "input_tokens": 7,
        "output_tokens": 3,
        "cache_read_input_tokens": 11,
        "cache_creation_input_tokens": 13,
    }
    body = message(thinking, text("planted "), text("answer"), usage=usage)
    with scripted(answers("200 OK", body, request_id="req_1", retry_after="5")) as server:
        answer = ask(server.url)

    assert answer == ModelAnswer(
        S.ANSWERED,
        text="planted answer",
        finish_reason="end_turn",
        usage=Usage(7, 3, cached_tokens=11, written_tokens=13, cached_apart=True),
        model="small-1-2026",
        provider_request_id="req_1",
        http_status=200,
    )
    assert answer.usage is not None
    assert answer.usage.all_input_tokens == 31
    assert "planted" not in repr(answer)


def test_a_forced_tool_s_input_is_the_answer() -> None:
    """As the JSON text that the other forms would have given."""
    with scripted(answers("200 OK", message(use(label="a"), stop="tool_use"))) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert (answer.status, answer.text) == (S.ANSWERED, '{"label":"a"}')


def test_another_tool_s_call_is_data() -> None:
    """With the words beside it; the vendor's own tools are not calls of ours."""
    served = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    body = message(text("planted"), served, use("other", city="x"), stop="tool_use")
    with scripted(answers("200 OK", body)) as server:
        answer = ask(server.url)

    assert (answer.status, answer.text) == (S.TOOL_USE, "planted")
    assert answer.tool_calls == (ToolCall("toolu_1", "other", {"city": "x"}),)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (answers("200 OK", message(text(), stop="stop_sequence")), S.ANSWERED),
        (answers("200 OK", message(text(), stop=None)), S.ANSWERED),
        (answers("200 OK", message(text(), usage="planted")), S.ANSWERED),
        (answers("200 OK", message(text(), stop="max_tokens")), S.CUT),
        (answers("200 OK", message(use(label="a"), stop="max_tokens")), S.CUT),
        (answers("200 OK", message(text(), stop="model_context_window_exceeded")), S.CUT),
        (answers("200 OK", message(text(), stop="refusal")), S.REFUSED),
        (answers("200 OK", message(stop="refusal")), S.REFUSED),
        (answers("200 OK", message(text(), stop="pause_turn")), S.TOOL_USE),
        (answers("200 OK", message(use(), use(), stop="tool_use")), S.TOOL_USE),
        (answers("200 OK", message(use(["planted"]), stop="tool_use")), S.TOOL_USE),
        (answers("200 OK", message()), S.EMPTY),
        (answers("200 OK", message(text(" \n"))), S.EMPTY),
        (answers("200 OK", message(text("\ud800"))), S.EMPTY),
        (answers("200 OK", message(text(7), "planted", {"type": "text"}, None)), S.EMPTY),
        (answers("200 OK", b'{"content": "planted"}'), S.UNKNOWN),
        (answers("200 OK", b"<html>planted</html>"), S.UNKNOWN),
        (answers("200 OK", b"[" * 100_000), S.UNKNOWN),
        (refusal("overloaded_error", "200 OK"), S.THROTTLED),
        (refusal("api_error", "200 OK"), S.UNKNOWN),
        (refusal("invalid_request_error", "400 Bad"), S.REJECTED),
        (refusal("invalid_request_error", "400 Bad", ["planted"]), S.REJECTED),
        (
            refusal("invalid_request_error", "400 Bad", "prompt is too long: 9 tokens > 8 maximum"),
            S.TOO_LARGE,
        ),
        (
            refusal(
                "invalid_request_error",
                "400 Bad",
                "input length and `max_tokens` exceed context limit: 9 + 8 > 16",
            ),
            S.TOO_LARGE,
        ),
        (
            refusal("invalid_request_error", "400 Bad", "Your credit balance is too low to access"),
            S.REJECTED,
        ),
        (
            refusal(
                "invalid_request_error", "400 Bad", "Output blocked by content filtering policy"
            ),
            S.REFUSED,
        ),
        (refusal("authentication_error", "401 No"), S.REJECTED),
        (refusal("billing_error", "402 Pay"), S.REJECTED),
        (refusal("permission_error", "403 No"), S.REJECTED),
        (refusal("not_found_error", "404 No"), S.REJECTED),
        (refusal("request_too_large", "413 Large"), S.TOO_LARGE),
        (refusal("rate_limit_error", "429 Slow"), S.THROTTLED),
        (
            refusal(
                "rate_limit_error",
                "429 Slow",
                "Extra usage is required for long context requests.",
            ),
            S.REJECTED,
        ),
        (
            refusal(
                "rate_limit_error",
                "429 Slow",
                "Usage credits are required for long context requests.",
            ),
            S.REJECTED,
        ),
        (
            refusal(
                "rate_limit_error",
                "429 Slow",
                "This request would exceed your organization's rate limit of 9 input tokens per"
                " minute. Please reduce the prompt length or the maximum tokens requested.",
            ),
            S.THROTTLED,
        ),
        (refusal("api_error", "500 Oops"), S.UNKNOWN),
        (refusal("timeout_error", "504 Late"), S.UNKNOWN),
        (refusal("overloaded_error", "529 Busy"), S.THROTTLED),
        (answers("502 Oops", b"<html>planted</html>"), S.UNKNOWN),
        (closes, S.UNKNOWN),
        (floods, S.UNKNOWN),
    ],
)
def test_each_wrong_answer_has_its_status(script: Script, status: AnswerStatus) -> None:
    """By stop reason, by error type, by what the prose can only mean; nothing is quoted."""
    with scripted(script) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert answer.status is status
    assert len(server.requests) == 1
    assert "planted" not in repr(answer)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "12"}, 12.0),
        (
            {
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
                "anthropic_ratelimit_requests_remaining": "3",
                "anthropic_ratelimit_requests_reset": "2026-11-22T10:30:00Z",
                "anthropic_ratelimit_input_tokens_remaining": "0",
                "anthropic_ratelimit_input_tokens_reset": "2026-11-22T10:00:41Z",
            },
            41.0,
        ),
        ({"anthropic_ratelimit_requests_remaining": "0"}, None),
    ],
    ids=["Retry-After", "the limit that is used up", "none"],
)
def test_a_throttle_says_how_long_to_wait(headers: Any, seconds: float | None) -> None:
    """And under which id the vendor knows the request, and which error it was."""
    with scripted(refusal("rate_limit_error", "429 Slow", **headers)) as server:
        answer = ask(server.url)

    assert answer == ModelAnswer(
        S.THROTTLED,
        provider_request_id="req_9",
        wait_seconds=seconds,
        http_status=429,
        why="429 rate_limit_error",
    )
