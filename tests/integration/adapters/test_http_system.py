# ruff: noqa: E501 - a table reads best with a case a line
"""Outside systems: each wrong answer has its kind, and none of it is quoted."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from functions.core.adapters.http_system import HttpSystem
from functions.core.domain.systems import AnswerKind, SystemAnswer, SystemRequest
from tests.integration.adapters.scripted_server import (
    Script,
    answers,
    closes,
    floods,
    hangs,
    scripted,
)

PLANTED = b'{"text": "planted mark"}'


@pytest.fixture(scope="module", autouse=True)
def _client() -> Iterator[None]:
    yield
    client.close()


client = HttpSystem()


def ask(url: str, patience: float = 20) -> SystemAnswer:
    """Send one small request."""
    return client.send(
        SystemRequest(
            method="PATCH",
            url=f"{url}/tickets/T-1",
            headers={"Authorization": "Bearer planted"},
            body={"text": "planted"},
            connect_seconds=1,
            read_seconds=patience,
            response_bytes=1000,
        )
    )


@pytest.mark.parametrize(
    ("script", "kind", "status", "body"),
    [
        (answers("200 OK", b'{"id": 12345678901234567}'), AnswerKind.ANSWERED, 200, {"id": 12345678901234567}),
        (answers("201 Created", b"[]"), AnswerKind.ANSWERED, 201, []),
        (answers("204 No Content", b""), AnswerKind.ANSWERED, 204, None),
        (answers("200 OK", b"<html>"), AnswerKind.UNKNOWN, 200, None),
        (answers("200 OK", b'{"a": 1, "a": 2}'), AnswerKind.UNKNOWN, 200, None),
        (answers("200 OK", b"\xff"), AnswerKind.UNKNOWN, 200, None),
        (answers("307 Moved", b"", Location="http://127.0.0.1:1/"), AnswerKind.REJECTED, 307, None),
        (answers("400 Bad", PLANTED), AnswerKind.REJECTED, 400, None),
        (answers("401 No", PLANTED), AnswerKind.REJECTED, 401, None),
        (answers("404 No", PLANTED), AnswerKind.REJECTED, 404, None),
        (answers("408 Late", PLANTED), AnswerKind.UNKNOWN, 408, None),
        (answers("409 Conflict", PLANTED), AnswerKind.CONFLICT, 409, None),
        (answers("425 Early", PLANTED), AnswerKind.THROTTLED, 425, None),
        (answers("500 Oops", PLANTED), AnswerKind.UNKNOWN, 500, None),
        (answers("502 Oops", PLANTED), AnswerKind.UNKNOWN, 502, None),
        (answers("503 Busy", PLANTED), AnswerKind.UNKNOWN, 503, None),
        (closes, AnswerKind.UNKNOWN, None, None),
        (floods, AnswerKind.UNKNOWN, None, None),
    ],
)  # fmt: skip
def test_each_answer_has_its_kind(
    script: Script, kind: AnswerKind, status: int | None, body: Any
) -> None:
    """What may have been done is unknown, what was refused is rejected; one request was sent."""
    with scripted(script) as server:
        answer = ask(server.url)

    assert (answer.kind, answer.status, answer.body) == (kind, status, body)
    assert len(server.requests) == 1
    assert "planted" not in repr(answer)


@pytest.mark.parametrize("status", ["429 Slow", "503 Busy"])
def test_a_throttle_says_how_long_to_wait(status: str) -> None:
    """It is an answer with seconds, not an error."""
    with scripted(answers(status, b"", Retry_After="3")) as server:
        answer = ask(server.url)

    assert (answer.kind, answer.wait_seconds) == (AnswerKind.THROTTLED, 3.0)


def test_silence_is_unknown() -> None:
    """A system that hangs may have done its work."""
    ended = threading.Event()
    with scripted(hangs(ended)) as server:
        answer = ask(server.url, patience=0.5)
        ended.set()

    assert (answer.kind, answer.why) == (AnswerKind.UNKNOWN, "ReadTimeout")


def test_nobody_there_is_not_sent() -> None:
    """A refused connection is the one case in which nothing was sent for sure."""
    answer = ask("http://127.0.0.1:1")

    assert (answer.kind, answer.why) == (AnswerKind.UNAVAILABLE, "ConnectError")
