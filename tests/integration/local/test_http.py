"""The cloud's HTTP server, spoken to byte by byte, and what it hands to moto."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from interlock.local.http import Server
from interlock.local.wsgi import Application


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer what was understood."""
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError("on purpose")
    told = {
        name: value
        for name, value in environ.items()
        if isinstance(value, str | dict) and name != "wsgi.url_scheme"
    }
    body = json.dumps({**told, "body": environ["wsgi.input"].read().decode()}).encode()
    start_response("200 -", [("Content-Type", "application/json")])
    return [body]


@pytest.fixture
def served():
    server = Server(echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.server_close()
    thread.join(5)
    assert not thread.is_alive()


class Line:
    """One connection."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.server_port), 5)
        self.stream = self.socket.makefile("rb")

    def say(self, *lines: str, body: bytes = b"") -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)

    def head(self) -> list[str]:
        lines = []
        while line := self.stream.readline().decode().strip():
            lines.append(line)
        return lines

    def answer(self) -> tuple[list[str], dict[str, Any]]:
        head = self.head()
        length = next(int(line.split(": ")[1]) for line in head if line.startswith("Content-Len"))
        return head, json.loads(self.stream.read(length) or b"{}")

    def ended(self) -> bool:
        return self.stream.read(1) == b""


@pytest.fixture
def line(served):
    found = Line(served)
    yield found
    found.stream.close()
    found.socket.close()


def test_a_connection_stays_open_for_the_next_request(line):
    for number in (1, 2):
        line.say("POST /a HTTP/1.1", "Host: h", "Content-Length: 3", body=b"ab%d" % number)
        head, told = line.answer()

        assert f"ab{number}" == told["body"]
        assert "Connection: close" not in head


@pytest.mark.parametrize(
    "first", [("GET / HTTP/1.1", "Connection: close"), ("GET / HTTP/1.0",)], ids=["asked", "old"]
)
def test_a_connection_ends_where_it_should(line, first):
    line.say(*first)
    head, _ = line.answer()

    assert "Connection: close" in head
    assert line.ended()


def test_paths_keep_their_own_spelling_beside_the_plain_one(line):
    line.say("GET /b%C3%BCcket/a%2Fb?x=1&y=%20 HTTP/1.1", "Host: h")
    _, told = line.answer()

    assert told["PATH_INFO"].encode("latin-1").decode() == "/b\u00fccket/a/b"
    assert told["RAW_URI"] == "/b%C3%BCcket/a%2Fb?x=1&y=%20"
    assert told["QUERY_STRING"] == "x=1&y=%20"


def test_an_underscore_never_stands_in_for_a_dash(line):
    line.say(
        "GET / HTTP/1.1",
        "X_Interlock: forged",
        "x-amz-meta-my_key: kept",
        "X-Twice: 1",
        "X-Twice: 2",
    )
    _, told = line.answer()

    assert "HTTP_X_INTERLOCK" not in told
    assert told["HTTP_X_AMZ_META_MY_KEY"] == "kept"
    assert told["moto.preserved_header_names"] == {"HTTP_X_AMZ_META_MY_KEY": "x-amz-meta-my_key"}
    assert told["HTTP_X_TWICE"] == "1,2"


def test_a_body_is_asked_for_where_the_client_waits(line):
    line.say("PUT /k HTTP/1.1", "Content-Length: 4", "Expect: 100-continue")

    assert line.head() == ["HTTP/1.1 100 Continue"]
    line.socket.sendall(b"body")
    assert line.answer()[1]["body"] == "body"


def test_a_body_may_come_in_chunks(line):
    chunks = b"4;x=y\r\nbody\r\n3\r\n-in\r\n0\r\nx-trailer: t\r\n\r\n"
    line.say("PUT /k HTTP/1.1", "Transfer-Encoding: chunked", body=chunks)
    _, told = line.answer()

    assert (told["body"], told["CONTENT_LENGTH"]) == ("body-in", "7")


def test_a_head_has_no_body(line):
    line.say("HEAD / HTTP/1.1", "Host: h")
    head = line.head()
    line.say("GET / HTTP/1.1", "Host: h")

    assert head[0] == "HTTP/1.1 200 -"
    assert line.answer()[1]["REQUEST_METHOD"] == "GET"


@pytest.mark.parametrize(
    "said",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HT", b"\x16\x03\x01\n"],
)
def test_what_is_no_request_ends_the_connection_and_nothing_else(served, line, said):
    line.socket.sendall(said)
    line.socket.shutdown(socket.SHUT_WR)

    assert line.ended()
    other = Line(served)
    other.say("GET / HTTP/1.1", "Host: h")
    assert other.answer()[1]["PATH_INFO"] == "/"
    other.stream.close()
    other.socket.close()


def test_an_application_that_fails_is_an_answer_too(line):
    line.say("GET /broken HTTP/1.1", "Host: h")

    assert line.head()[0] == "HTTP/1.1 500 Internal Server Error"


def asked(target: str, body: dict[str, Any], **more: str) -> tuple[str, dict[str, str], Any]:
    """Send a request into the application; with an Origin it takes moto's own way."""
    content = json.dumps(body).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_X_AMZ_TARGET": target,
        "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=developer/20261122/us-east-1/"
        "dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        **more,
    }
    told: list[Any] = []
    answer = b"".join(
        Application()(environ, lambda status, headers: told.extend((status, headers)))
    )
    headers = {name.lower(): value for name, value in told[1]}
    return told[0].split()[0], headers, json.loads(answer)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("DynamoDB_20120810.ListTables", {}),
        ("DynamoDB_20120810.DescribeTable", {"TableName": "there-is-none"}),
        ("DynamoDBStreams_20120810.ListStreams", {}),
    ],
)
def test_the_short_way_answers_what_the_long_way_answers(target, body):
    status, headers, answer = asked(target, body)
    long_status, long_headers, long_answer = asked(target, body, HTTP_ORIGIN="http://x")

    assert (long_status, long_answer) == (status, answer)
    for name in ("content-type", "x-amz-crc32", "x-amzn-errortype"):
        assert long_headers.get(name) == headers.get(name)
