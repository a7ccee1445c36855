"""A real TCP server whose every byte a test decides: what no HTTP library would send."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Script = Callable[[socket.socket], None]


@dataclass
class Scripted:
    """The server's address and what it was sent."""

    url: str
    requests: list[bytes] = field(default_factory=list)


def answers(status: str, body: bytes = b"{}", **headers: str) -> Script:
    """Answer with a well-formed response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return sends("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def sends(*parts: bytes) -> Script:
    """Send *parts* as they are, then close."""

    def script(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return script


def closes(_: socket.socket) -> None:
    """Close without a word."""


def resets(connection: socket.socket) -> None:
    """Close with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()


def hangs(ended: threading.Event) -> Script:
    """Say nothing until the test ends."""
    return lambda _: (ended.wait(20), None)[1]


def drips(ended: threading.Event) -> Script:
    """Send a byte now and then, each in time, for ever."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not ended.wait(0.1):
            connection.sendall(b" ")

    return script


def floods(connection: socket.socket) -> None:
    """Send 50 MB."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
    for _ in range(500):
        connection.sendall(b"x" * 100_000)


@contextmanager
def scripted(script: Script, certificate: Path | None = None) -> Iterator[Scripted]:
    """Serve *script* to every connection, on a free port; over TLS with a *certificate*."""
    told, secured = Scripted(""), None
    if certificate is not None:
        secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secured.load_cert_chain(certificate)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection: Any = self.request
            connection.settimeout(5)
            try:
                if secured is not None:
                    connection = secured.wrap_socket(connection, server_side=True)
                told.requests.append(_read_request(connection))
                script(connection)
            except OSError:
                return
            finally:
                connection.close()

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.002,), daemon=True)
    thread.start()
    scheme = "http" if secured is None else "https"
    told.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            return received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
