"""Chat completions over a real connection: every wrong answer has its status."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.adapters.http_exchange import Reply
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.adapters.openai_chat import OpenAiChat, read_reply
from functions.core.domain.definitions import Target
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from tests.integration.adapters.scripted_server import (
    Script,
    answers,
    closes,
    floods,
    hangs,
    scripted,
)

S = AnswerStatus


def a_request(patience: float = 20, **target: Any) -> ModelRequest:
    """Return a small request."""
    given = {
        "dialect": "openai_chat",
        "model": "small-1",
        "prices": {
            "input_usd_per_million": "1",
            "output_usd_per_million": "2",
            "as_of": "2026-11-22",
            "source": "test",
        },
        "limits": {"context_tokens": 1000, "output_tokens": 100},
    }
    return ModelRequest(
        target_name="small",
        target=Target.model_validate(given | target),
        messages=[{"role": "user", "content": "planted question"}],
        schema={"type": "object", "x-drafts": {}},
        schema_name="answer",
        max_output_tokens=50,
        timeout_seconds=patience,
        attempt="run/Step.1/1/nonce",
    )


ADDRESSES: dict[str, str] = {}
exchange = ModelExchange(ADDRESSES, lambda secret: f"key of {secret}")
client = OpenAiChat(exchange)


@pytest.fixture(scope="module", autouse=True)
def _client() -> Iterator[None]:
    yield
    exchange.close()


def ask(url: str, patience: float = 20, **target: Any) -> ModelAnswer:
    """Send the request to *url*."""
    ADDRESSES["small"] = url
    return client.complete(a_request(patience, **target))


def completion(
    content: Any = "planted answer", finish: str = "stop", usage: Any = ..., **message: Any
) -> bytes:
    """Return a completion's body."""
    body = {
        "id": "cmpl-1",
        "model": "small-1-2026",
        "choices": [{"finish_reason": finish, "message": {"content": content, **message}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3} if usage is ... else usage,
    }
    return json.dumps(body).encode()


def error(message: str = "planted", **more: Any) -> bytes:
    """Return an error's body."""
    return json.dumps({"error": {"message": message, **more}}).encode()


def test_a_request_says_what_is_asked_and_nothing_of_the_run() -> None:
    """Bearer key, bound on output, the schema without our keywords; names of runs stay home."""
    with scripted(answers("200 OK", completion())) as server:
        ask(f"{server.url}/v1/", secret="small_key", capabilities=["json_schema"])

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    sent = json.loads(body)
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1")
    assert b"authorization: bearer key of small_key" in head.lower()
    assert (sent["model"], sent["max_tokens"]) == ("small-1", 50)
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert b"Step.1" not in server.requests[0]


def test_the_same_attempt_has_the_same_idempotency_key() -> None:
    """A provider that knows the header sees a repeat as one."""
    with scripted(answers("200 OK", completion())) as server:
        ask(server.url)
        ask(server.url)

    keys = [r.lower().split(b"idempotency-key: ")[1].split(b"\r\n")[0] for r in server.requests]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 64


def test_a_stage_s_address_wins_over_the_catalog_s() -> None:
    """And without either, nothing is sent."""
    with scripted(answers("200 OK", completion())) as server:
        answer = ask(server.url, base_url="http://127.0.0.1:1")

    ADDRESSES.clear()
    nowhere = client.complete(a_request())
    assert answer.status is S.ANSWERED
    assert (nowhere.status, nowhere.why) == (S.REJECTED, "no base_url")


def test_an_answer_has_text_usage_model_and_id() -> None:
    """All of it read from where the dialect puts it."""
    with scripted(answers("200 OK", completion(), x_request_id="req-1")) as server:
        answer = ask(server.url)

    assert answer == ModelAnswer(
        S.ANSWERED,
        text="planted answer",
        finish_reason="stop",
        usage=Usage(7, 3),
        model="small-1-2026",
        provider_request_id="req-1",
        http_status=200,
    )
    assert "planted" not in repr(answer)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (answers("200 OK", completion(finish="length")), S.CUT),
        (answers("200 OK", completion(finish="content_filter")), S.REFUSED),
        (answers("200 OK", completion(None, refusal="no")), S.REFUSED),
        (answers("200 OK", completion(None, "tool_calls", tool_calls=[{"id": 1}])), S.TOOL_USE),
        (answers("200 OK", completion("")), S.EMPTY),
        (answers("200 OK", completion(" \n")), S.EMPTY),
        (answers("200 OK", completion(None)), S.EMPTY),
        (answers("200 OK", completion({"a": 1})), S.EMPTY),
        (answers("200 OK", completion("\ud800")), S.EMPTY),
        (answers("200 OK", completion([{"type": "text", "text": "x"}])), S.ANSWERED),
        (answers("200 OK", completion(usage=None)), S.ANSWERED),
        (answers("200 OK", b"{}"), S.UNKNOWN),
        (answers("200 OK", b'{"choices": []}'), S.UNKNOWN),
        (answers("200 OK", b'{"choices": [{"message": "x"}]}'), S.UNKNOWN),
        (answers("200 OK", b"<html>planted</html>"), S.UNKNOWN),
        (answers("200 OK", b"[" * 100_000), S.UNKNOWN),
        (answers("200 OK", error(code="content_filter")), S.REFUSED),
        (answers("200 OK", error(code=429)), S.THROTTLED),
        (answers("302 Found", b"", Location="/x"), S.REJECTED),
        (answers("400 Bad", error(code="context_length_exceeded")), S.TOO_LARGE),
        (answers("400 Bad", error("This model's maximum context length is 9 tokens")), S.TOO_LARGE),
        (answers("400 Bad", error(code="unsupported_parameter")), S.REJECTED),
        (answers("400 Bad", b"not json"), S.REJECTED),
        (answers("401 No", error(code="invalid_api_key")), S.REJECTED),
        (answers("404 No", error(code="model_not_found")), S.REJECTED),
        (answers("408 Late", error()), S.UNKNOWN),
        (answers("413 Large", error()), S.TOO_LARGE),
        (answers("429 Slow", error(type="tokens")), S.THROTTLED),
        (answers("429 Slow", error("Request too large for small-1", type="tokens")), S.TOO_LARGE),
        (answers("429 Slow", error(code="insufficient_quota")), S.REJECTED),
        (answers("429 Slow", b""), S.THROTTLED),
        (answers("500 Oops", error()), S.UNKNOWN),
        (answers("502 Oops", b"<html>"), S.UNKNOWN),
        (answers("503 Busy", error()), S.UNAVAILABLE),
        (answers("503 Busy", error(), Retry_After="2"), S.THROTTLED),
        (answers("529 Busy", error()), S.THROTTLED),
        (closes, S.UNKNOWN),
        (floods, S.UNKNOWN),
    ],
)
def test_each_wrong_answer_has_its_status(script: Script, status: AnswerStatus) -> None:
    """Nothing a provider sends raises, is taken for an answer, or is quoted."""
    with scripted(script) as server:
        answer = ask(server.url)

    assert answer.status is status
    assert len(server.requests) == 1
    assert "planted" not in repr(answer)


def test_a_throttle_says_how_long_to_wait() -> None:
    """Its seconds are part of the answer."""
    with scripted(answers("429 Slow", error(), Retry_After="11")) as server:
        answer = ask(server.url)

    assert (answer.wait_seconds, answer.http_status, answer.why) == (11.0, 429, "429")


def test_words_of_a_provider_are_kept_only_if_they_are_words() -> None:
    """A code that is a sentence, or a model that is data, is dropped."""
    body = json.loads(completion())
    body["model"] = "planted mark, jane"
    with scripted(answers("200 OK", json.dumps(body).encode())) as server:
        assert ask(server.url).model == ""
    with scripted(answers("400 Bad", error(code="planted jane@example.com"))) as server:
        assert ask(server.url).why == "400"


def test_silence_is_unknown_and_nobody_there_is_not() -> None:
    """Only a connection that was never made is surely free of charge."""
    ended = threading.Event()
    with scripted(hangs(ended)) as server:
        silent = ask(server.url, patience=0.5)
        ended.set()
    absent = ask("http://127.0.0.1:1")

    assert (silent.status, silent.why) == (S.UNKNOWN, "ReadTimeout")
    assert (absent.status, absent.why) == (S.UNAVAILABLE, "ConnectError")


CLASSES = {
    "content_filtered": S.REFUSED,
    "empty": S.EMPTY,
    "invalid_request": S.REJECTED,
    "max_tokens": S.CUT,
    "ok": S.ANSWERED,
    "ok_fenced": S.ANSWERED,
    "ok_json": S.ANSWERED,
    "rate_limited": S.THROTTLED,
    "refusal": S.REFUSED,
    "request_too_large": S.TOO_LARGE,
    "tool_use": S.TOOL_USE,
}


def _recorded() -> Iterator[dict[str, Any]]:
    for file in sorted((Path(os.environ["DATA"]) / "wire" / "responses").glob("*.json")):
        recorded = json.loads(file.read_text())
        if recorded["dialect"] == "openai_chat":
            yield recorded


def _read(recorded: dict[str, Any]) -> ModelAnswer:
    response = recorded["response"]
    headers = [
        (name, value)
        for name, values in response["headers"].items()
        for value in (values if isinstance(values, list) else [values])
    ]
    body = response["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return read_reply(Reply(response["status"], httpx.Headers(headers), text.encode()))


def _seen(answer: ModelAnswer, expected: dict[str, Any]) -> dict[str, Any]:
    usage = answer.usage
    seen: dict[str, Any] = {"class": answer.status}
    if "text" in expected:
        seen["text"] = answer.text
    if "model" in expected:
        seen["model"] = answer.model
    if "usage" in expected and usage is not None:
        seen["usage"] = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_input_tokens": usage.cached_tokens,
        }
    if "retry_after_s" in expected:
        seen["retry_after_s"] = answer.wait_seconds
    return seen


@pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with wire/responses")
def test_it_reads_recorded_answers_of_many_providers() -> None:
    """Class, text, usage, model and wait of every recording, as expected."""
    wrong = []
    for recorded in _recorded():
        expected = dict(recorded["expect"])
        expected["class"] = CLASSES[expected["class"]]
        if "retry_after_s" in expected:
            expected["retry_after_s"] = float(expected["retry_after_s"])
        seen = _seen(_read(recorded), expected)
        if seen != {name: expected[name] for name in seen}:
            wrong.append(recorded["id"])

    assert wrong == []
