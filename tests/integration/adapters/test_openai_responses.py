"""OpenAI's Responses over a real connection: every wrong answer has its status."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.core.adapters.model_exchange import ModelExchange
from functions.core.adapters.openai_responses import OpenAiResponses
from functions.core.domain.models import AnswerStatus, ModelAnswer, ToolCall, Usage
from tests.integration.adapters.asking import NAME, PUBLIC, a_request
from tests.integration.adapters.scripted_server import Script, answers, closes, floods, scripted

S = AnswerStatus
ADDRESSES: dict[str, str] = {}
exchange = ModelExchange(ADDRESSES, lambda secret: f"key of {secret}")
client = OpenAiResponses(exchange)


@pytest.fixture(scope="module", autouse=True)
def _client() -> Iterator[None]:
    yield
    exchange.close()


def ask(url: str, **target: Any) -> ModelAnswer:
    """Send the request to *url*."""
    ADDRESSES[NAME] = url
    return client.complete(a_request("openai_responses", **target))


def response(*output: Any, status: Any = "completed", **more: Any) -> bytes:
    """Return the body of a response."""
    body = {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": "small-1-2026",
        "output": list(output),
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }
    return json.dumps(body | more).encode()


def said(*parts: Any) -> dict[str, Any]:
    """Return a message of *parts*; text where they are strings."""
    told = [{"type": "output_text", "text": p} if isinstance(p, str) else p for p in parts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": told}


def call(name: str = "answer", arguments: Any = '{"label":"a"}') -> dict[str, Any]:
    """Return a call of a function."""
    return {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": name,
        "arguments": arguments,
    }


def cut(reason: Any, *output: Any) -> bytes:
    """Return the body of an answer that was not finished."""
    return response(*output, status="incomplete", incomplete_details={"reason": reason})


def failure(code: Any, message: Any = "planted", **more: Any) -> bytes:
    """Return the body of a response that failed, with HTTP 200."""
    return response(status="failed", error={"code": code, "message": message}, **more)


def error(message: str = "planted", **more: Any) -> bytes:
    """Return the body of a request that was refused."""
    return json.dumps({"error": {"message": message, **more}}).encode()


REASONING = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "planted"}]}
NO = {"type": "refusal", "refusal": "planted"}


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ({}, {"temperature": 0}),
        ({"takes_temperature": False}, {}),
        (
            {"capabilities": ["json_schema"]},
            {
                "temperature": 0,
                "text": {
                    "format": {
                        "type": "json_schema",
                        "name": "answer",
                        "strict": True,
                        "schema": PUBLIC,
                    }
                },
            },
        ),
        (
            {"capabilities": ["tool"]},
            {
                "temperature": 0,
                "tools": [
                    {"type": "function", "name": "answer", "strict": False, "parameters": PUBLIC}
                ],
                "tool_choice": {"type": "function", "name": "answer"},
            },
        ),
        (
            {"capabilities": ["json_object"]},
            {"temperature": 0, "text": {"format": {"type": "json_object"}}},
        ),
    ],
    ids=["prompt", "no temperature", "json_schema", "tool", "json_object"],
)
def test_a_request_is_what_the_vendor_publishes(target: Any, sent: Any) -> None:
    """Bearer key, instructions apart, nothing stored, the bound, and the strongest form."""
    with scripted(answers("200 OK", response(said("{}")))) as server:
        ask(f"{server.url}/v1/", secret="small_key", **target)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/responses HTTP/1.1")
    assert b"authorization: bearer key of small_key" in head.lower()
    assert b"Step.1" not in server.requests[0]
    assert json.loads(body) == {
        "model": "small-1",
        "instructions": "Say a or b.",
        "input": [
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": '{"label":"a"}'},
            {"role": "user", "content": "planted question"},
        ],
        "max_output_tokens": 50,
        "store": False,
        **sent,
    }


def test_an_answer_has_text_usage_model_and_id() -> None:
    """Of all messages; reasoning is no text, and part of what was written."""
    usage = {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 1},
    }
    body = response(REASONING, said("planted "), said("answer"), usage=usage)
    with scripted(answers("200 OK", body, x_request_id="req_1", retry_after="5")) as server:
        answer = ask(server.url)

    assert answer == ModelAnswer(
        S.ANSWERED,
        text="planted answer",
        finish_reason="completed",
        usage=Usage(7, 3, cached_tokens=2, reasoning_tokens=1),
        model="small-1-2026",
        provider_request_id="req_1",
        http_status=200,
    )
    assert "planted" not in repr(answer)


def test_a_forced_function_s_arguments_are_the_answer() -> None:
    """As the JSON text that the other forms would have given."""
    with scripted(answers("200 OK", response(REASONING, call()))) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert (answer.status, answer.text) == (S.ANSWERED, '{"label":"a"}')


def test_another_function_s_call_is_data() -> None:
    """Known by the id under which its result would be handed in."""
    with scripted(answers("200 OK", response(said("planted"), call("other")))) as server:
        answer = ask(server.url)

    assert (answer.status, answer.text) == (S.TOOL_USE, "planted")
    assert answer.tool_calls == (ToolCall("call_1", "other", {"label": "a"}),)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (answers("200 OK", response(said("x"), usage=None)), S.ANSWERED),
        (answers("200 OK", response(said("x"), status=None)), S.ANSWERED),
        (answers("200 OK", cut("max_output_tokens", said("{"))), S.CUT),
        (answers("200 OK", cut("max_output_tokens", REASONING)), S.CUT),
        (answers("200 OK", cut("planted jane", said("{"))), S.CUT),
        (answers("200 OK", cut("content_filter", said("{"))), S.REFUSED),
        (answers("200 OK", response(said(NO))), S.REFUSED),
        (answers("200 OK", response(said("Well,", NO))), S.REFUSED),
        (
            answers("200 OK", response(said("x"), content_filters=[{"blocked": True}])),
            S.REFUSED,
        ),
        (
            answers("200 OK", response(said("x"), content_filters=[{"blocked": False}, 7])),
            S.ANSWERED,
        ),
        (answers("200 OK", response(call(), call())), S.TOOL_USE),
        (answers("200 OK", response(REASONING)), S.EMPTY),
        (answers("200 OK", response()), S.EMPTY),
        (answers("200 OK", response(said(" "))), S.EMPTY),
        (answers("200 OK", response(said("\ud800"))), S.EMPTY),
        (answers("200 OK", response({"type": "custom_tool_call", "input": "planted"})), S.EMPTY),
        (answers("200 OK", response({"type": "message", "content": 7}, "planted")), S.EMPTY),
        (answers("200 OK", response(said("x"), status="in_progress")), S.UNKNOWN),
        (answers("200 OK", response(said("x"), status="cancelled")), S.UNKNOWN),
        (answers("200 OK", b'{"output": "planted"}'), S.UNKNOWN),
        (answers("200 OK", b"<html>planted</html>"), S.UNKNOWN),
        (answers("200 OK", b"[" * 100_000), S.UNKNOWN),
        (answers("200 OK", failure("server_error")), S.UNKNOWN),
        (answers("200 OK", failure("rate_limit_exceeded")), S.THROTTLED),
        (answers("200 OK", failure("insufficient_quota")), S.REJECTED),
        (answers("200 OK", failure("invalid_prompt")), S.REFUSED),
        (answers("200 OK", failure("context_length_exceeded")), S.TOO_LARGE),
        (answers("200 OK", failure("planted jane", ["planted"])), S.UNKNOWN),
        (answers("200 OK", response(status="failed")), S.UNKNOWN),
        (answers("400 Bad", error(code="invalid_prompt")), S.REJECTED),
        (answers("400 Bad", error("Invalid prompt: your prompt was flagged")), S.REFUSED),
        (answers("400 Bad", error(code="context_length_exceeded")), S.TOO_LARGE),
        (answers("400 Bad", error(code="unsupported_parameter")), S.REJECTED),
        (answers("401 No", error(code="invalid_api_key")), S.REJECTED),
        (answers("429 Slow", error(code="rate_limit_exceeded")), S.THROTTLED),
        (answers("429 Slow", error(type="insufficient_quota")), S.REJECTED),
        (answers("500 Oops", error(type="server_error")), S.UNKNOWN),
        (answers("503 Busy", error()), S.UNAVAILABLE),
        (closes, S.UNKNOWN),
        (floods, S.UNKNOWN),
    ],
)
def test_each_wrong_answer_has_its_status(script: Script, status: AnswerStatus) -> None:
    """Wherever a response says that it went wrong; nothing raises, nothing is quoted."""
    with scripted(script) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert answer.status is status
    assert len(server.requests) == 1
    assert "planted" not in repr(answer)


def test_a_failure_keeps_what_was_counted_and_how_long_to_wait() -> None:
    """The money is spent, whatever became of the answer."""
    body = failure(
        "rate_limit_exceeded",
        "Please try again in 1m30s.",
        usage={"input_tokens": 7, "output_tokens": 0},
    )
    with scripted(answers("200 OK", body)) as server:
        answer = ask(server.url)

    assert answer == ModelAnswer(
        S.THROTTLED,
        usage=Usage(7, 0),
        provider_request_id="resp_1",
        wait_seconds=90.0,
        http_status=200,
        why="200 rate_limit_exceeded",
    )
