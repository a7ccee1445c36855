"""Chat completions over a real connection: every wrong answer has its status."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from functions.core.adapters.model_exchange import ModelExchange
from functions.core.adapters.openai_chat import OpenAiChat
from functions.core.domain.ladder import forms_of
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, ToolCall, Usage
from functions.core.domain.targets import Target
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
    asked = Target.model_validate(given | target)
    return ModelRequest(
        target_name="small",
        target=asked,
        messages=[{"role": "user", "content": "planted question"}],
        schema={"type": "object"},
        schema_name="answer",
        max_output_tokens=50,
        timeout_seconds=patience,
        attempt="run/Step.1/1/nonce",
        form=forms_of(asked)[0],
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


def chosen(**choice: Any) -> bytes:
    """Return a completion's body with more in its choice."""
    body = json.loads(completion())
    body["choices"][0] |= choice
    return json.dumps(body).encode()


def error(message: str = "planted", **more: Any) -> bytes:
    """Return an error's body."""
    return json.dumps({"error": {"message": message, **more}}).encode()


def test_a_request_says_what_is_asked_and_nothing_of_the_run() -> None:
    """Bearer key, bound on output, the schema in strict mode; names of runs stay home."""
    with scripted(answers("200 OK", completion())) as server:
        ask(f"{server.url}/v1/", secret="small_key", capabilities=["json_schema"])

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    sent = json.loads(body)
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1")
    assert b"authorization: bearer key of small_key" in head.lower()
    assert (sent["model"], sent["max_tokens"]) == ("small-1", 50)
    assert sent["response_format"]["json_schema"] == {
        "name": "answer",
        "strict": True,
        "schema": {"type": "object"},
    }
    assert b"Step.1" not in server.requests[0]


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ({}, {"max_tokens": 50, "temperature": 0}),
        (
            {"output_limit": "max_completion_tokens"},
            {"max_completion_tokens": 50, "temperature": 0},
        ),
        ({"takes_temperature": False}, {"max_tokens": 50}),
        (
            {"capabilities": ["json_object"]},
            {"max_tokens": 50, "temperature": 0, "response_format": {"type": "json_object"}},
        ),
        (
            {"capabilities": ["tool"]},
            {
                "max_tokens": 50,
                "temperature": 0,
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "answer",
                            "strict": False,
                            "parameters": {"type": "object"},
                        },
                    }
                ],
                "tool_choice": {"type": "function", "function": {"name": "answer"}},
            },
        ),
    ],
    ids=["plain", "the bound's other name", "no temperature", "JSON mode", "a tool"],
)
def test_what_endpoints_differ_in_is_said_by_the_target(target, sent) -> None:
    """The name of the bound, whether a temperature is taken, and the form of the answer."""
    with scripted(answers("200 OK", completion())) as server:
        ask(server.url, **target)

    body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert body == {
        "model": "small-1",
        "messages": [{"role": "user", "content": "planted question"}],
        **sent,
    }


def test_a_gateway_may_look_for_the_key_elsewhere() -> None:
    """In a header of its own name, without a word before it."""
    with scripted(answers("200 OK", completion())) as server:
        ask(server.url, secret="small_key", key_header="api-key")

    head = server.requests[0].partition(b"\r\n\r\n")[0].lower()
    assert b"api-key: key of small_key" in head
    assert b"authorization" not in head


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
        (answers("200 OK", completion(finish="model_length")), S.CUT),
        (answers("200 OK", completion(finish="sensitive")), S.REFUSED),
        (answers("200 OK", completion(finish="insufficient_system_resource")), S.UNKNOWN),
        (answers("200 OK", completion(finish="error")), S.UNKNOWN),
        (answers("200 OK", completion(finish="abort")), S.UNKNOWN),
        (answers("200 OK", completion([{"type": "refusal", "refusal": "no"}])), S.REFUSED),
        (answers("200 OK", completion([{"type": "thinking", "text": "x"}])), S.EMPTY),
        (answers("200 OK", completion([{"type": []}, 7])), S.EMPTY),
        (answers("200 OK", completion(None, function_call={"name": "f"})), S.TOOL_USE),
        (answers("200 OK", completion(None, tool_calls="planted")), S.EMPTY),
        (answers("200 OK", chosen(content_filter_results={"hate": {"filtered": True}})), S.REFUSED),
        (answers("200 OK", chosen(content_filter_results={"hate": "planted"})), S.ANSWERED),
        (answers("200 OK", b'{"choices": [{"finish_reason": "content_filter"}]}'), S.REFUSED),
        (
            answers(
                "200 OK",
                b'{"choices": [], "prompt_filter_results":'
                b' [{"content_filter_results": {"hate": {"filtered": true}}}]}',
            ),
            S.REFUSED,
        ),
        (answers("200 OK", chosen(error={"code": 502, "message": "planted"})), S.UNKNOWN),
        (answers("200 OK", chosen(error={"code": 429, "message": "planted"})), S.THROTTLED),
        (answers("200 OK", b"{}"), S.UNKNOWN),
        (answers("200 OK", b'{"choices": []}'), S.UNKNOWN),
        (answers("200 OK", b'{"choices": ["planted"]}'), S.UNKNOWN),
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
        (answers("429 Slow", error("TPM: Limit 300, Requested 400. Try later.")), S.TOO_LARGE),
        (answers("429 Slow", error("TPM: Limit 300, Used 250, Requested 80.")), S.THROTTLED),
        (answers("429 Slow", error("Limit 7, Used 0, Requested ~12. Try in 50s.")), S.TOO_LARGE),
        (answers("429 Slow", error("Tokens per minute: too many tokens processed.")), S.THROTTLED),
        (answers("422 Bad", error("`inputs` must have less than 409 tokens.")), S.TOO_LARGE),
        (
            answers("400 Bad", error("The prompt is longer than the model length of 9.")),
            S.TOO_LARGE,
        ),
        (answers("400 Bad", error("Range of input length should be [1, 30720]")), S.TOO_LARGE),
        (answers("400 Bad", error("length must be less than max_seq_len (9)")), S.TOO_LARGE),
        (answers("400 Bad", error("Prompt exceeds max length")), S.TOO_LARGE),
        (answers("400 Bad", error("Prompt too long: 9 tokens")), S.TOO_LARGE),
        (answers("400 Bad", error("over the maximum allowed input length of 9")), S.TOO_LARGE),
        (answers("400 Bad", error(metadata={"error_type": "string_too_long"})), S.TOO_LARGE),
        (answers("403 No", error(metadata={"error_type": "refusal"})), S.REFUSED),
        (answers("200 OK", error(metadata={"error_type": "provider_overloaded"})), S.THROTTLED),
        (answers("402 Pay", error("Insufficient credits"), Retry_After="3"), S.THROTTLED),
        (answers("400 Bad", error("litellm.ContextWindowExceededError: planted")), S.TOO_LARGE),
        (answers("400 Bad", error("litellm.ContentPolicyViolationError: planted")), S.REFUSED),
        (answers("429 Slow", b'[{"error": {"code": 429, "message": "planted"}}]'), S.THROTTLED),
        (answers("400 Bad", b'{"message": "Prompt is too long: 9 tokens"}'), S.TOO_LARGE),
        (answers("400 Bad", b'{"error": "input length exceeds the context length"}'), S.TOO_LARGE),
        (
            answers("400 Bad", error(metadata={"raw": '{"message": "prompt is too long"}'})),
            S.TOO_LARGE,
        ),
        (answers("400 Bad", error(innererror={"code": "ResponsibleAIPolicyViolation"})), S.REFUSED),
        (answers("400 Bad", error("Your prompt was flagged")), S.REFUSED),
        (answers("403 No", error("Content violates usage guidelines.")), S.REFUSED),
        (answers("422 Bad", b'{"detail": [{"msg": "planted", "loc": ["model"]}]}'), S.REJECTED),
        (answers("498 Busy", error()), S.THROTTLED),
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


DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        (error(), {}, None),
        (error(), {"retry_after": "1", "retry_after_ms": "0"}, 1.0),
        (error(), {"retry_after_ms": "1500"}, 1.5),
        (error("Please try again in 6m0s. Visit us."), {}, 360.0),
        (error("Please try again in 20ms."), {}, 0.02),
        (error("Please try again in 7.66s."), {}, 7.66),
        (error("Please retry after 26 seconds."), {}, 26.0),
        (error("Please try again in 9h99z."), {}, None),
        (error(retry_after=4), {}, 4.0),
        (error(retry_after=True), {}, None),
        (error(retry_after=10**400), {}, 86_400.0),
        (error("Please wait 20 seconds."), {}, 20.0),
        (error("Please retry after 2 minutes."), {}, 120.0),
        (error("Please retry in 250 ms."), {}, 0.25),
        (error("Try again in 1 minute and 30 seconds."), {}, 90.0),
        (error("Try again in 1 hour, 2 min 3 sec."), {}, 3723.0),
        (error("Please try again in 1 day."), {}, 86_400.0),
        (error("Please try again in 0d2h."), {}, 7200.0),
        (
            error(),
            {
                "x_ratelimit_remaining_requests": "7",
                "x_ratelimit_reset_requests": "8m0s",
                "x_ratelimit_remaining_tokens": "0",
                "x_ratelimit_reset_tokens": "17.5s",
            },
            17.5,
        ),
        (error(), {"x_ratelimit_reset_requests": "8m0s"}, None),
        (
            error(
                metadata={
                    "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795341660000"}
                }
            ),
            {"date": DATE},
            60.0,
        ),
        (error(), {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1795341660"}, None),
        (error(), {"retry_after": "99999999"}, 86_400.0),
        (error("try again in 99h"), {}, 86_400.0),
    ],
)
def test_a_wait_is_read_wherever_it_stands(body: bytes, headers: Any, seconds: Any) -> None:
    """In headers of any vendor's name, in a field, in the prose; a limit only if it is used up."""
    with scripted(answers("429 Slow", body, **headers)) as server:
        answer = ask(server.url)

    assert (answer.status, answer.wait_seconds) == (S.THROTTLED, seconds)
    assert "planted" not in repr(answer)


def test_a_wait_beside_an_answer_is_none() -> None:
    """Some send Retry-After with everything."""
    with scripted(answers("200 OK", completion(), Retry_After="11")) as server:
        answer = ask(server.url)

    assert (answer.status, answer.wait_seconds) == (S.ANSWERED, None)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("429 Slow", error("You exceeded your current quota, check your plan and billing details")),
        ("429 Slow", error("planted", code="billing_hard_limit_reached")),
        ("429 Slow", error("Insufficient balance or no resource package. Please recharge.")),
        ("429 Slow", error("Your team has used all available credits or reached its limit")),
        ("429 Slow", error("Your prepayment credits are depleted.")),
        ("402 Pay", error("Insufficient Balance", type="unknown_error")),
        ("400 Bad", error("Your credit balance is too low to access the API")),
    ],
)
def test_what_only_money_cures_is_not_waited_for(status: str, body: bytes) -> None:
    """Whichever HTTP status it hides behind."""
    with scripted(answers(status, body)) as server:
        answer = ask(server.url)

    assert answer.status is S.REJECTED
    assert not answer.status.retryable


def test_a_tool_call_is_data() -> None:
    """Id, name and arguments, as sent; arguments that are no JSON are text."""
    asked = [
        {"id": "c1", "function": {"name": "roll", "arguments": '{"sides":6}'}},
        {"id": 7, "function": {"name": "roll", "arguments": '{"sides":6,"sides":8}'}},
        {"id": "c3", "function": "planted"},
        "planted",
    ]
    body = completion("planted words", "tool_calls", tool_calls=asked)
    with scripted(answers("200 OK", body)) as server:
        answer = ask(server.url)

    assert (answer.status, answer.text) == (S.TOOL_USE, "planted words")
    assert answer.tool_calls == (
        ToolCall("c1", "roll", {"sides": 6}),
        ToolCall("", "roll", '{"sides":6,"sides":8}'),
        ToolCall("c3", "", None),
    )
    assert "sides" not in repr(answer)


@pytest.mark.parametrize("filled", ['{"label":"a"}', '{"label":"a","label":"b"}', "{"])
def test_a_form_is_the_answer_as_it_was_filled(filled: str) -> None:
    """What is wrong with it, the schema's check says."""
    call = {"id": "c1", "function": {"name": "answer", "arguments": filled}}
    with scripted(answers("200 OK", completion(None, "tool_calls", tool_calls=[call]))) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert (answer.status, answer.text) == (S.ANSWERED, filled)


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "total_tokens": 14,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(9, 5, cached_tokens=4, written_tokens=2, reasoning_tokens=3),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 5, "prompt_cache_hit_tokens": 4},
            Usage(9, 5, cached_tokens=4),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "total_tokens": 17,
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(9, 5, reasoning_tokens=3, reasoning_apart=True),
        ),
        ({"prompt_tokens": 9, "total_tokens": 9}, Usage(9, 0)),
        ({"prompt_tokens": 9, "total_tokens": 8}, None),
        ({"prompt_tokens": 9, "completion_tokens": True}, None),
        ({"prompt_tokens": -1, "completion_tokens": 5}, None),
        ({"prompt_tokens": 10**400, "completion_tokens": 5}, None),
        ("planted", None),
    ],
    ids=[
        "OpenAI's",
        "DeepSeek's",
        "reasoning on top",
        "0 left out",
        "odd",
        "no count",
        "negative",
        "endless",
        "text",
    ],
)
def test_usage_is_what_the_provider_counted(usage: Any, read: Usage | None) -> None:
    """Cached, written and reasoning tokens, and what its totals hold; nothing is guessed."""
    with scripted(answers("200 OK", completion(usage=usage))) as server:
        answer = ask(server.url)

    assert answer.usage == read


def test_whole_counts_hold_everything() -> None:
    """Whatever a provider's totals leave out."""
    apart = Usage(9, 5, 4, 2, 3, cached_apart=True, reasoning_apart=True)
    inside = Usage(9, 5, 4, 2, 3)

    assert (apart.all_input_tokens, apart.all_output_tokens) == (15, 8)
    assert (inside.all_input_tokens, inside.all_output_tokens) == (9, 5)


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
