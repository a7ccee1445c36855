"""Google's generateContent over a real connection: every wrong answer has its status."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.core.adapters.gemini_generate import GeminiGenerate
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.domain.models import AnswerStatus, ModelAnswer, ToolCall, Usage
from tests.integration.adapters.asking import NAME, PUBLIC, a_request
from tests.integration.adapters.scripted_server import Script, answers, closes, floods, scripted

S = AnswerStatus
ADDRESSES: dict[str, str] = {}
exchange = ModelExchange(ADDRESSES, lambda secret: f"key of {secret}")
client = GeminiGenerate(exchange)


@pytest.fixture(scope="module", autouse=True)
def _client() -> Iterator[None]:
    yield
    exchange.close()


def ask(url: str, **target: Any) -> ModelAnswer:
    """Send the request to *url*."""
    ADDRESSES[NAME] = url
    return client.complete(a_request("gemini_generate", **target))


def generated(*parts: Any, finish: Any = "STOP", **more: Any) -> bytes:
    """Return the body of an answer."""
    body = {
        "candidates": [
            {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}
        ],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3},
        "modelVersion": "small-1-001",
        "responseId": "resp-1",
    }
    return json.dumps(body | more).encode()


def text(said: Any = "planted answer", **more: Any) -> dict[str, Any]:
    """Return a part of text."""
    return {"text": said, **more}


def call(name: Any = "answer", **args: Any) -> dict[str, Any]:
    """Return a call of a function."""
    return {"functionCall": {"name": name, "args": args}}


def refusal(status: str, code: Any, said: Any = "planted", *details: Any, **headers: str) -> Script:
    """Return an error as the vendor sends it."""
    error = {
        "code": int(status[:3]),
        "message": said,
        "status": code,
        "details": list(details),
    }
    return answers(status, json.dumps({"error": error}).encode(), **headers)


def retry_info(delay: Any) -> dict[str, Any]:
    """Return the detail that says how long to wait."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def quota(limit: int) -> str:
    """Return what the vendor says of a limit that is used up."""
    return (
        "You exceeded your current quota, please check your plan and billing details.\n"
        f"* Quota exceeded for metric: requests, limit: {limit}, model: small-1\n"
        "Please retry in 55.5s."
    )


@pytest.mark.parametrize(
    ("target", "config", "sent"),
    [
        ({}, {"temperature": 0}, {}),
        ({"takes_temperature": False}, {}, {}),
        (
            {"capabilities": ["json_schema"]},
            {
                "temperature": 0,
                "responseMimeType": "application/json",
                "responseJsonSchema": PUBLIC,
            },
            {},
        ),
        (
            {"capabilities": ["tool"]},
            {"temperature": 0},
            {
                "tools": [
                    {"functionDeclarations": [{"name": "answer", "parametersJsonSchema": PUBLIC}]}
                ],
                "toolConfig": {
                    "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["answer"]}
                },
            },
        ),
        (
            {"capabilities": ["json_object"]},
            {"temperature": 0, "responseMimeType": "application/json"},
            {},
        ),
    ],
    ids=["prompt", "no temperature", "json_schema", "tool", "json_object"],
)
def test_a_request_is_what_the_vendor_publishes(target: Any, config: Any, sent: Any) -> None:
    """Its own key header, the model in the path, its roles, the bound, and the strongest form."""
    with scripted(answers("200 OK", generated(text()))) as server:
        ask(f"{server.url}/v1beta/", secret="small_key", **target)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1beta/models/small-1:generateContent HTTP/1.1")
    assert b"x-goog-api-key: key of small_key" in head.lower()
    assert b"authorization" not in head.lower()
    assert b"Step.1" not in server.requests[0]
    assert json.loads(body) == {
        "systemInstruction": {"parts": [{"text": "Say a or b."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "first"}]},
            {"role": "model", "parts": [{"text": '{"label":"a"}'}]},
            {"role": "user", "parts": [{"text": "planted question"}]},
        ],
        "generationConfig": {"maxOutputTokens": 50, **config},
        **sent,
    }


def test_a_model_is_part_of_the_path_and_no_more() -> None:
    """Whatever stands in its name; the vendor's own prefix is taken as such."""
    with scripted(answers("200 OK", generated(text()))) as server:
        ask(server.url, model="models/small-1")
        ask(server.url, model="../x?key=1")

    paths = [request.split()[1] for request in server.requests]
    assert paths == [
        b"/models/small-1:generateContent",
        b"/models/..%2Fx%3Fkey%3D1:generateContent",
    ]


def test_an_answer_has_text_usage_model_and_id() -> None:
    """Thoughts are no text, and come on top of what was written."""
    usage = {
        "promptTokenCount": 7,
        "candidatesTokenCount": 3,
        "cachedContentTokenCount": 2,
        "thoughtsTokenCount": 5,
    }
    parts = (text("planted thought", thought=True), text("planted "), text("answer"))
    with scripted(answers("200 OK", generated(*parts, usageMetadata=usage))) as server:
        answer = ask(server.url)

    assert answer == ModelAnswer(
        S.ANSWERED,
        text="planted answer",
        finish_reason="STOP",
        usage=Usage(7, 3, cached_tokens=2, reasoning_tokens=5, reasoning_apart=True),
        model="small-1-001",
        provider_request_id="resp-1",
        http_status=200,
    )
    assert answer.usage is not None
    assert (answer.usage.all_input_tokens, answer.usage.all_output_tokens) == (7, 8)
    assert "planted" not in repr(answer)


def test_a_blocked_prompt_says_why() -> None:
    """It has no candidate that could end for a reason."""
    body = generated(candidates=[], promptFeedback={"blockReason": "PROHIBITED_CONTENT"})
    with scripted(answers("200 OK", body)) as server:
        answer = ask(server.url)

    said = (answer.status, answer.finish_reason, answer.why)
    assert said == (S.REFUSED, "", "PROHIBITED_CONTENT")


def test_a_count_that_is_left_out_is_none() -> None:
    """The vendor leaves out those that are 0; without a prompt nothing was counted."""
    usage = {"promptTokenCount": 7, "thoughtsTokenCount": 50}
    cut = generated(finish="MAX_TOKENS", usageMetadata=usage)
    with scripted(answers("200 OK", cut)) as server:
        thought_only = ask(server.url)
    with scripted(answers("200 OK", generated(text(), usageMetadata={}))) as server:
        uncounted = ask(server.url)

    assert thought_only.usage == Usage(7, 0, reasoning_tokens=50, reasoning_apart=True)
    assert uncounted.usage is None


def test_a_forced_function_s_arguments_are_the_answer() -> None:
    """As the JSON text that the other forms would have given."""
    with scripted(answers("200 OK", generated(call(label="a")))) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert (answer.status, answer.text) == (S.ANSWERED, '{"label":"a"}')


def test_another_function_s_call_is_data() -> None:
    """It ends with STOP as an answer does."""
    with scripted(answers("200 OK", generated(text("planted"), call("other", city="x")))) as server:
        answer = ask(server.url)

    assert (answer.status, answer.text) == (S.TOOL_USE, "planted")
    assert answer.tool_calls == (ToolCall("", "other", {"city": "x"}),)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (answers("200 OK", generated(text(), finish=None)), S.ANSWERED),
        (answers("200 OK", generated(text(), finish="MAX_TOKENS")), S.CUT),
        (answers("200 OK", generated(text(), finish="MALFORMED_RESPONSE")), S.CUT),
        (answers("200 OK", generated(text(), finish="SAFETY")), S.REFUSED),
        (answers("200 OK", generated(finish="RECITATION")), S.REFUSED),
        (answers("200 OK", generated(finish="PROHIBITED_CONTENT")), S.REFUSED),
        (answers("200 OK", generated(finish="MALFORMED_FUNCTION_CALL")), S.TOOL_USE),
        (answers("200 OK", generated(call(), call())), S.TOOL_USE),
        (answers("200 OK", generated(call(["planted"]))), S.TOOL_USE),
        (answers("200 OK", generated(finish="OTHER")), S.EMPTY),
        (answers("200 OK", generated(text(" "))), S.EMPTY),
        (answers("200 OK", generated(text("planted", thought=True))), S.EMPTY),
        (answers("200 OK", generated(text("\ud800"), text(7), "planted")), S.EMPTY),
        (answers("200 OK", generated(candidates=[])), S.EMPTY),
        (answers("200 OK", generated(candidates="planted")), S.EMPTY),
        (answers("200 OK", generated(candidates=[{"content": "planted"}])), S.EMPTY),
        (
            answers("200 OK", b'{"promptFeedback": {"blockReason": "SAFETY"}}'),
            S.REFUSED,
        ),
        (
            answers("200 OK", generated(candidates=[], promptFeedback={"blockReason": "OTHER"})),
            S.REFUSED,
        ),
        (answers("200 OK", b"{}"), S.UNKNOWN),
        (answers("200 OK", b"<html>planted</html>"), S.UNKNOWN),
        (answers("200 OK", b"[" * 100_000), S.UNKNOWN),
        (refusal("400 Bad", "INVALID_ARGUMENT"), S.REJECTED),
        (refusal("400 Bad", ["planted"], ["planted"], "planted"), S.REJECTED),
        (
            refusal(
                "400 Bad",
                "INVALID_ARGUMENT",
                "The input token count (9) exceeds the maximum number of tokens allowed (8).",
            ),
            S.TOO_LARGE,
        ),
        (
            refusal(
                "400 Bad", "INVALID_ARGUMENT", "Request payload size exceeds the limit: 9 bytes."
            ),
            S.TOO_LARGE,
        ),
        (refusal("400 Bad", "FAILED_PRECONDITION"), S.REJECTED),
        (refusal("403 No", "PERMISSION_DENIED"), S.REJECTED),
        (refusal("404 No", "NOT_FOUND"), S.REJECTED),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED"), S.THROTTLED),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", quota(10)), S.THROTTLED),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", quota(0)), S.REJECTED),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", quota(0), retry_info("55s")), S.REJECTED),
        (refusal("499 Gone", "CANCELLED"), S.UNKNOWN),
        (refusal("500 Oops", "INTERNAL"), S.UNKNOWN),
        (refusal("503 Busy", "UNAVAILABLE", "The model is overloaded."), S.UNAVAILABLE),
        (refusal("504 Late", "DEADLINE_EXCEEDED"), S.UNKNOWN),
        (closes, S.UNKNOWN),
        (floods, S.UNKNOWN),
    ],
)
def test_each_wrong_answer_has_its_status(script: Script, status: AnswerStatus) -> None:
    """By finish and block reason, and by error; nothing raises, nothing is quoted."""
    with scripted(script) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert answer.status is status
    assert len(server.requests) == 1
    assert "planted" not in repr(answer)


@pytest.mark.parametrize(
    ("script", "seconds"),
    [
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", "x", retry_info("41s")), 41.0),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", "x", retry_info("41.25s")), 41.25),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", quota(5)), 55.5),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", "x", retry_info("planted"), "y"), None),
        (refusal("429 Slow", "RESOURCE_EXHAUSTED", "x", retry_info("9s"), Retry_After="7"), 7.0),
    ],
)
def test_a_throttle_says_how_long_to_wait(script: Script, seconds: float | None) -> None:
    """In a detail of the error, if no header says so; else in its prose."""
    with scripted(script) as server:
        answer = ask(server.url)

    assert answer == ModelAnswer(
        S.THROTTLED,
        wait_seconds=seconds,
        http_status=429,
        why="429 RESOURCE_EXHAUSTED",
    )
