# ruff: noqa: E501 - a table reads best with a case a line
"""The transport: every foreign error says whether the request may have been seen."""

import inspect
import socket
import threading
from contextlib import closing

import httpx
import pytest

from functions.core.adapters.http_exchange import (
    ABSTRACT,
    MAYBE_SENT,
    NOT_SENT,
    ExchangeFailed,
    HttpExchange,
    Reply,
)
from tests.integration.adapters.scripted_server import (
    answers,
    closes,
    drips,
    floods,
    hangs,
    resets,
    scripted,
    sends,
)


def send(url: str, **more: object) -> Reply:
    """Send a small request to *url*."""
    given = {"connect_seconds": 1.0, "read_seconds": 0.5, "most_bytes": 1000, "headers": {}}
    with closing(HttpExchange()) as exchange:
        return exchange.send("POST", url, body={"a": 1}, **(given | more))  # type: ignore[arg-type]


def test_every_error_of_httpx_is_mapped_once() -> None:
    """A new httpx with a new error breaks this test, not a run."""
    known = {
        error
        for _, error in inspect.getmembers(httpx, inspect.isclass)
        if issubclass(error, Exception)
    }
    streams = {error for error in known if issubclass(error, httpx.StreamError)}
    listed = [*NOT_SENT, *MAYBE_SENT, *ABSTRACT]

    assert set(listed) | streams == known
    assert len(listed) == len(set(listed))
    assert not [
        (sure, unsure) for sure in NOT_SENT for unsure in MAYBE_SENT if issubclass(unsure, sure)
    ]


def test_it_reads_a_whole_answer() -> None:
    """Status, headers and body come back; the request is canonical JSON, asked for plainly."""
    with scripted(answers("201 Created", b'{"ok": true}', X_Id="7")) as server:
        reply = send(server.url, headers={"X-Test": "1"})

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert (reply.status, reply.body, reply.headers["x-id"]) == (201, b'{"ok": true}', "7")
    assert body == b'{"a":1}'
    assert b"accept-encoding: identity" in head.lower()
    assert b"x-test: 1" in head.lower()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (closes, "RemoteProtocolError ReadError"),
        (resets, "ReadError"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), "RemoteProtocolError"),
        (sends(b"nonsense\r\n\r\n"), "RemoteProtocolError"),
        (floods, "TooLarge"),
        (answers("200 OK", b"x" * 1001), "TooLarge"),
        (answers("200 OK", b"\x1f\x8b", Content_Encoding="gzip"), "ContentEncoding"),
    ],
)
def test_an_answer_that_can_not_be_read_may_have_been_work(script: object, why: str) -> None:
    """The request was seen, so what became of it is unknown."""
    with scripted(script) as server, pytest.raises(ExchangeFailed) as caught:  # type: ignore[arg-type]
        send(server.url)

    assert caught.value.why in why.split()
    assert caught.value.sent is True
    assert len(server.requests) == 1


@pytest.mark.parametrize("script", [hangs, drips])
def test_it_waits_only_so_long(script: object) -> None:
    """Neither silence nor a drip of bytes holds a worker beyond its time."""
    ended = threading.Event()
    with scripted(script(ended)) as server:  # type: ignore[operator]
        with pytest.raises(ExchangeFailed) as caught:
            send(server.url)
        ended.set()

    assert (caught.value.why, caught.value.sent) == ("ReadTimeout", True)


@pytest.mark.parametrize(
    ("url", "more", "why"),
    [
        ("ftp://127.0.0.1/", {}, "UnsupportedProtocol"),
        ("http://[::1/", {}, "InvalidURL"),
        ("http://name.invalid/", {}, "ConnectError"),
        ("http://127.0.0.1:1/", {"headers": {"X-Token": "planté"}}, "UnicodeEncodeError"),
        ("http://127.0.0.1:1/", {}, "ConnectError"),
    ],
)
def test_what_was_not_sent_is_known(url: str, more: dict[str, object], why: str) -> None:
    """Nobody has seen the request, so it may be sent again; and no secret is quoted."""
    with pytest.raises(ExchangeFailed) as caught:
        send(url, **more)

    assert (caught.value.why, caught.value.sent) == (why, False)
    assert "plant" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_full_backlog_is_a_connection_that_was_not_made() -> None:
    """Nobody accepts: the connection times out before anything is sent."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with pytest.raises(ExchangeFailed) as caught:
            send(f"http://127.0.0.1:{port}/", connect_seconds=0.3)
        for filler in fillers:
            filler.close()

    assert (caught.value.why, caught.value.sent) == ("ConnectTimeout", False)


def test_a_header_that_breaks_its_line_is_not_sent() -> None:
    """A token with a line break can't smuggle a second header."""
    with scripted(answers("200 OK")) as server, pytest.raises(ExchangeFailed) as caught:
        send(server.url, headers={"X-Token": "a\r\nX-Other: b"})

    assert caught.value.sent is False
    assert b"X-Other" not in b"".join(server.requests)


def test_no_cookie_is_kept_and_no_redirect_followed() -> None:
    """One caller's session never becomes another's, and nobody else chooses the address."""
    redirect = answers("302 Found", Location="/x", Set_Cookie="id=7")
    with scripted(redirect) as server, closing(HttpExchange()) as exchange:
        for _ in range(2):
            reply = exchange.send(
                "POST", server.url, headers={}, body=None, connect_seconds=1, read_seconds=1,
                most_bytes=100,
            )  # fmt: skip

    assert reply.status == 302
    assert len(server.requests) == 2
    assert b"cookie" not in b"".join(server.requests).lower()


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy variable does not redirect model or system calls."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with scripted(answers("200 OK")) as server:
        assert send(server.url).status == 200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "99999999"}, 86_400.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 20:50:30 GMT", "Date": "Sun, 22 Nov 2026 20:50:00 GMT"}, 30.0),
        ({"Retry-After": "Sun, 22 Nov 2026 20:49:30 GMT", "Date": "Sun, 22 Nov 2026 20:50:00 GMT"}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2026 20:50:30 GMT"}, None),
    ],
)  # fmt: skip
def test_it_reads_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds or a date, within a day; anything else is no answer to the question."""
    assert Reply(429, httpx.Headers(headers), b"").wait_seconds == seconds
