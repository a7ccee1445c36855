"""A task may move between dialects without another outcome."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args

import httpx
import pytest

from functions.core.adapters import (
    anthropic_messages,
    bedrock_converse,
    gemini_generate,
    openai_chat,
    openai_responses,
)
from functions.core.adapters.dialects import client_of
from functions.core.adapters.http_exchange import Reply
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.domain.models import AnswerStatus, ModelAnswer
from functions.core.domain.targets import Dialect
from tests.integration.adapters.asking import NAME, a_request
from tests.integration.adapters.scripted_server import (
    Script,
    answers,
    closes,
    floods,
    hangs,
    scripted,
)

S = AnswerStatus
REMOTE = tuple(name for name in get_args(Dialect) if name != "embedded")
ADDRESSES: dict[str, str] = {}
exchange = ModelExchange(ADDRESSES, str)


@pytest.fixture(scope="module", autouse=True)
def _exchange() -> Iterator[None]:
    yield
    exchange.close()


def ask(dialect: str, url: str, patience: float = 20) -> ModelAnswer:
    """Send a small request to *url*."""
    ADDRESSES[NAME] = url
    client = client_of(dialect, lambda: exchange, lambda: "eu-central-1")
    return client.complete(a_request(dialect, patience))


class Vendor(NamedTuple):
    """How one vendor says what all of them can say."""

    read: Callable[[Reply], ModelAnswer]
    says: Callable[[str], Any]
    """Text -> the body of a whole answer."""
    stop: tuple[str | int, ...]
    """Where in the body it says why it stopped."""
    cut: str
    refused: str
    throttles: dict[str, Any]
    """The body of an error about too many requests."""
    too_long: dict[str, Any]


VENDORS = {
    "openai_chat": Vendor(
        openai_chat.read_reply,
        lambda said: {
            "id": "id-1",
            "model": "small-1",
            "choices": [
                {
                    "finish_reason": "stop",
                    "content_filter_results": {"hate": {"filtered": False}},
                    "message": {"content": said, "refusal": None, "tool_calls": None},
                }
            ],
            "usage": {
                "prompt_tokens": 7,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 1},
            },
        },
        ("choices", 0, "finish_reason"),
        "length",
        "content_filter",
        {"error": {"message": "planted", "type": "tokens", "code": "rate_limit_exceeded"}},
        {"error": {"message": "planted", "code": "context_length_exceeded"}},
    ),
    "openai_responses": Vendor(
        openai_responses.read_reply,
        lambda said: {
            "id": "id-1",
            "model": "small-1",
            "status": "completed",
            "incomplete_details": {"reason": None},
            "output": [{"type": "message", "content": [{"type": "output_text", "text": said}]}],
            "usage": {"input_tokens": 7, "output_tokens": 3},
        },
        ("incomplete_details", "reason"),
        "max_output_tokens",
        "content_filter",
        {"error": {"message": "planted", "code": "rate_limit_exceeded"}},
        {"error": {"message": "planted", "code": "context_length_exceeded"}},
    ),
    "anthropic_messages": Vendor(
        anthropic_messages.read_reply,
        lambda said: {
            "id": "id-1",
            "model": "small-1",
            "content": [{"type": "text", "text": said}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 7, "output_tokens": 3},
        },
        ("stop_reason",),
        "max_tokens",
        "refusal",
        {"type": "error", "error": {"type": "rate_limit_error", "message": "planted"}},
        {"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens"}},
    ),
    "bedrock_converse": Vendor(
        bedrock_converse.read_reply,
        lambda said: {
            "output": {"message": {"content": [{"text": said}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 7, "outputTokens": 3},
        },
        ("stopReason",),
        "max_tokens",
        "content_filtered",
        {"message": "Too many tokens, please wait before trying again."},
        {"message": "Input is too long for requested model."},
    ),
    "gemini_generate": Vendor(
        gemini_generate.read_reply,
        lambda said: {
            "candidates": [{"content": {"parts": [{"text": said}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3},
            "modelVersion": "small-1",
            "responseId": "id-1",
        },
        ("candidates", 0, "finishReason"),
        "MAX_TOKENS",
        "SAFETY",
        {"error": {"code": 429, "message": "planted", "status": "RESOURCE_EXHAUSTED"}},
        {"error": {"code": 400, "message": "The input token count (9) exceeds the maximum"}},
    ),
}


def put(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """Return *body* with *value* at *place*."""
    if not place:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[place[0]] = put(copy[place[0]], place[1:], value)
    return copy


def well(body: Any) -> Script:
    """Answer with 200 and *body*."""
    return answers("200 OK", json.dumps(body).encode())


def ill(status: str, body: Any, **headers: str) -> Script:
    """Answer with an error."""
    return answers(status, json.dumps(body).encode(), **headers)


def _stopped(vendor: Vendor, why: str) -> Any:
    body = put(vendor.says("planted {"), vendor.stop, why)
    return body | ({"status": "incomplete"} if "status" in body else {})


WAYS: dict[str, tuple[Callable[[Vendor], Script], S, float | None]] = {
    "JSON": (lambda v: well(v.says('{"label":"a"}')), S.ANSWERED, None),
    # the schema's check says what is wrong with these
    "prose": (lambda v: well(v.says("planted prose")), S.ANSWERED, None),
    "a wrong enum": (lambda v: well(v.says('{"label":"planted"}')), S.ANSWERED, None),
    "two JSON values": (lambda v: well(v.says("{} {}")), S.ANSWERED, None),
    "cut": (lambda v: well(_stopped(v, v.cut)), S.CUT, None),
    "a refusal": (lambda v: well(_stopped(v, v.refused)), S.REFUSED, None),
    "empty": (lambda v: well(v.says(" \n")), S.EMPTY, None),
    "another vendor's answer": (lambda _: well({"reply": "planted"}), S.UNKNOWN, None),
    "HTML with 200": (lambda _: answers("200 OK", b"<html>planted</html>"), S.UNKNOWN, None),
    "50 MB": (lambda _: floods, S.UNKNOWN, None),
    "a connection cut": (lambda _: closes, S.UNKNOWN, None),
    "a redirect": (lambda _: answers("302 Found", b"", Location="/x"), S.REJECTED, None),
    "a wrong key": (lambda _: ill("401 No", {"message": "planted"}), S.REJECTED, None),
    "a prompt too long": (lambda v: ill("400 Bad", v.too_long), S.TOO_LARGE, None),
    "429 without a wait": (lambda v: ill("429 Slow", v.throttles), S.THROTTLED, None),
    "429 with a wait": (
        lambda v: ill("429 Slow", v.throttles, Retry_After="11"),
        S.THROTTLED,
        11.0,
    ),
    "500": (lambda _: ill("500 Oops", {}), S.UNKNOWN, None),
    "503": (lambda _: ill("503 Busy", {}), S.UNAVAILABLE, None),
    "529": (lambda _: ill("529 Busy", {}), S.THROTTLED, None),
}


def test_every_dialect_is_compared() -> None:
    """A new one has to say here how it can be wrong."""
    assert set(VENDORS) == set(REMOTE)


@pytest.mark.parametrize("dialect", REMOTE)
@pytest.mark.parametrize("way", WAYS)
def test_every_dialect_ends_the_same_when_it_is_wrong(way: str, dialect: str) -> None:
    """In the same status, after the same wait, and with nothing quoted."""
    script, status, seconds = WAYS[way]
    with scripted(script(VENDORS[dialect])) as server:
        answer = ask(dialect, server.url)

    assert (answer.status, answer.wait_seconds) == (status, seconds)
    assert len(server.requests) == 1
    assert "planted" not in repr(answer)


@pytest.mark.parametrize("dialect", REMOTE)
def test_every_dialect_tells_silence_from_nobody_there(dialect: str) -> None:
    """Only a connection that was never made is surely free of charge."""
    ended = threading.Event()
    with scripted(hangs(ended)) as server:
        silent = ask(dialect, server.url, patience=0.3)
        ended.set()
    absent = ask(dialect, "http://127.0.0.1:1")

    assert (silent.status, silent.why) == (S.UNKNOWN, "ReadTimeout")
    assert (absent.status, absent.why) == (S.UNAVAILABLE, "ConnectError")


HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    10**400,
    1e308,
    "planted jane",
    "\ud800",
    [],
    {},
    [[]],
    ["planted jane"],
    {"planted jane": "planted jane"},
    [{"type": ["planted jane"], "text": {"planted jane": 1}}],
)


def places(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield every place in *value*, the root first."""
    yield ()
    inside = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else inside:
        for place in places(each):
            yield (key, *place)


@pytest.mark.parametrize("dialect", REMOTE)
def test_nothing_in_a_body_raises_or_is_quoted(dialect: str) -> None:
    """Any value at any place of an answer or an error, with any status."""
    vendor = VENDORS[dialect]
    read = 0
    for body in (vendor.says("well"), vendor.throttles, vendor.too_long):
        for place in places(body):
            for value in HOSTILE:
                content = json.dumps(put(body, place, value)).encode()
                for status in (200, 400, 429, 503):
                    answer = vendor.read(Reply(status, httpx.Headers(), content))
                    read += 1
                    assert "planted" not in repr(answer), (place, value)

    assert read > 500
