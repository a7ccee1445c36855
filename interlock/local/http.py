"""A small HTTP/1.1 server for one WSGI application: connections stay open, a thread each.

werkzeug's own closes each connection after its answer and reads headers with the e-mail parser;
a run of one ticket makes some seventy requests, and that was a sixth of what they cost.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, environ_key_for_header

LOG = logging.getLogger(__name__)
_LINE_BYTES = 65_536
_HEADERS = 200
_PRESERVED = "x-amz-meta-"
"""Only names of S3's own metadata may hold an underscore; see `moto.core.request`."""

WsgiApp = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]


class NotHttp(Exception):
    """What came is no request that can be answered; the connection ends."""


class Server:
    """Serves *app* on the loopback interface; port 0 takes a free one.

    Attributes
    ----------
    server_port
        Where it listens.
    """

    def __init__(self, app: WsgiApp, port: int = 0) -> None:
        self._app = app
        self._listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.server_port: int = self._listener.getsockname()[1]

    def serve_forever(self) -> None:
        """Take connections until the server is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(
                target=self._serve, args=(connection,), name="http connection", daemon=True
            ).start()

    def server_close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):  # an accept that waits does not notice a bare close
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            try:
                while self._exchange(connection, stream):
                    pass
            except (NotHttp, OSError):  # whoever asked is gone, or never spoke HTTP
                return
            except Exception:
                LOG.exception("a request that nothing could answer")
                with contextlib.suppress(OSError):
                    connection.sendall(_FAILED)

    def _exchange(self, connection: socket.socket, stream: IO[bytes]) -> bool:
        """Answer one request; say whether another may follow."""
        environ = _read_head(stream)
        if environ is None:
            return False
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _read_body(stream, environ)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["SERVER_PORT"] = str(self.server_port)
        told: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _info: object = None
        ) -> None:
            told[:] = [status, headers]

        content = b"".join(self._app(environ, start_response))
        asked_to_end = environ.get("HTTP_CONNECTION", "").lower() == "close"
        stays = environ["SERVER_PROTOCOL"] == "HTTP/1.1" and not asked_to_end
        has_body = environ["REQUEST_METHOD"] != "HEAD"
        head = _head(told[0], told[1], len(content), stays=stays, has_body=has_body)
        connection.sendall(head + content if has_body else head)
        return stays


_FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _read_line(stream: IO[bytes]) -> bytes:
    line = stream.readline(_LINE_BYTES)
    if line and not line.endswith(b"\n"):
        raise NotHttp("a line too long, or cut off")
    return line.rstrip(b"\r\n")


def _read_head(stream: IO[bytes]) -> dict[str, Any] | None:
    """Return the request's environ without its body; None at the end of the connection."""
    words = _read_line(stream).decode("latin-1").split(" ")
    if words == [""]:
        return None
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise NotHttp("no request line")
    method, target, protocol = words
    path, _, query = target.partition("?")
    if "://" in path:  # a proxy's form
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PROTOCOL": protocol,
        "SERVER_SOFTWARE": "interlock",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    preserved: dict[str, str] = {}
    for name, value in _headers(stream):
        key = environ_key_for_header(name)
        if "_" in name:
            if not name.lower().startswith(_PRESERVED) or (key in environ and key not in preserved):
                continue  # never lets an underscore stand in for a dash
            preserved.setdefault(key, name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
    return environ


def _headers(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    for _ in range(_HEADERS):
        line = _read_line(stream)
        if not line:
            return
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise NotHttp("no header")
        yield name, sys.intern(value.strip())  # objects of buckets keep some
    raise NotHttp("too many headers")


def _read_body(stream: IO[bytes], environ: dict[str, Any]) -> bytes:
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        body = b"".join(_chunks(stream))
        environ["CONTENT_LENGTH"] = str(len(body))
        return body
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = stream.read(length) if length else b""
    if len(body) < length:
        raise NotHttp("a body cut off")
    return body


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while size := int(_read_line(stream).partition(b";")[0], 16):
        yield stream.read(size)
        _read_line(stream)
    while _read_line(stream):  # trailers
        pass


@functools.lru_cache(2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _head(
    status: str, headers: list[tuple[str, str]], length: int, *, stays: bool, has_body: bool
) -> bytes:
    lines = [f"HTTP/1.1 {status}"]
    names = set()
    for name, value in headers:
        names.add(name.lower())
        lines.append(f"{name}: {value}")
    if "content-length" not in names and (has_body or length):
        lines.append(f"Content-Length: {length}")
    if "date" not in names:
        lines.append(f"Date: {_date(int(time.time()))}")
    if not stays:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
